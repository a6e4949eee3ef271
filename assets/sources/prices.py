"""The price port: what every source of daily bars takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assets.sources.errors import Failure

COLUMNS = (
    "symbol",
    "date",
    "open",
    "high",
    "low",
    "close",
    "adj_close",
    "volume",
    "dividend",
    "split",
    "source",
)
# Classes without a quantity traded, for which vendors write a volume of 0.
NO_VOLUME = ("index", "volatility", "rate", "fund", "fx")


@dataclass(frozen=True)
class Instrument:
    """One row of `reference.instruments`, or one member of an index, as far as a source needs it.

    Attributes:
        symbol: The project's own symbol.
        asset_class: index, volatility, rate, etf, fund, future, fx or crypto; stock for a member of an index.
        role: What the pipeline uses the instrument for.
        sector: GICS sector where the instrument stands for one, else empty.
        calendar: XNYS, 24/7, or OTHER for markets with holidays of their own.
        yahoo_symbol: The symbol Yahoo and most vendor files use.
    """

    symbol: str
    asset_class: str
    role: str
    sector: str
    calendar: str
    yahoo_symbol: str


@dataclass(frozen=True)
class Delivery:
    """What a source delivered.

    Attributes:
        rows: One row per symbol, date and source, columns `COLUMNS`: `date` is the bar's own date
            (datetime64), prices are in the instrument's currency and never adjusted for dividends,
            `adj_close` is the vendor's back-adjusted close where the vendor gives one, `dividend` is
            the cash amount going ex on that date, `split` the ratio of new to old shares (1 = none).
            What a vendor does not report is missing, never filled.
        failures: Instruments that could not be delivered, with the reason.
    """

    rows: pd.DataFrame
    failures: tuple[Failure, ...] = ()


def gather(columns: Sequence[str], frames: Sequence[pd.DataFrame], failures: Sequence[Failure]) -> Delivery:
    """One delivery of many parts.

    Args:
        columns: The port's columns, for a delivery without rows.
        frames: The parts that came through, with these columns.
        failures: Those that did not.
    """
    nothing = pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    return Delivery(pd.concat(frames, ignore_index=True) if frames else nothing, tuple(failures))


class PriceSource(Protocol):
    """A place daily bars come from."""

    def prices(self, instruments: Sequence[Instrument], known: pd.DataFrame) -> Delivery:
        """Deliver daily bars.

        Args:
            instruments: What to deliver.
            known: The newest bars already stored (`symbol`, `date`, `close`), a few sessions per
                symbol: a source that can fetch from a date starts there, and fetches everything
                again for a symbol whose stored closes no longer match.

        Raises:
            SourceError: If nothing at all could be delivered.
        """
        ...
