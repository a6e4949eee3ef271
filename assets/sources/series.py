"""The series port: what every source of dated numbers that are not prices takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from assets.sources.errors import Failure
from assets.sources.prices import Delivery, gather

# series_id names the publisher and the quantity; value is in the publisher's own unit, percent for rates.
COLUMNS = ("series_id", "date", "value", "source")


@dataclass(frozen=True)
class ListedSeries:
    """One row of `reference.series_catalog`, as far as a source needs it.

    Attributes:
        series_id: The project's own name of the series.
        fred_id: FRED's name of it; empty where it does not come from FRED.
    """

    series_id: str
    fred_id: str = ""


class SeriesSource(Protocol):
    """A place series come from."""

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:
        """Deliver what there is of some series: one row per series and date, columns `COLUMNS`.

        `date` is the number's own date (datetime64). A date without a number has no row. A series that the source
        does not carry is left out; one that it carries and cannot deliver is a failure, named by its series_id.

        Args:
            listed: What to deliver, and nothing else.
            known: The newest numbers already stored (`series_id`, `date`, `value`), a few per series: a source that
                can fetch from a date starts there, and fetches everything again for a series whose stored numbers
                no longer match.

        None stops a run, not even if all fail: an estimate whose series is too old says so.
        """
        ...


class NoSeries:
    """A profile without series."""

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - see the port
        """Nothing."""
        return gathered([], [])


def gathered(frames: Sequence[pd.DataFrame], failures: Sequence[Failure]) -> Delivery:
    """One delivery of many series.

    Args:
        frames: The series that came through, columns `COLUMNS`.
        failures: Those that did not.
    """
    return gather(COLUMNS, frames, failures)
