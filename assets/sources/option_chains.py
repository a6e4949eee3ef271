"""The option-chain port: what every source of option chains takes and gives."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

import pandas as pd

from assets.sources.availability import chain_closed_at, chain_settled_at
from assets.sources.errors import Failure
from assets.sources.sessions import NEW_YORK, session_on_or_before, xnys

# One row per contract. Numbers are float64 and missing (NaN) where the source does not report them.
CONTRACT_COLUMNS = (
    "root",
    "expiry",
    "put_call",
    "strike",
    "bid",
    "ask",
    "last",
    "iv",
    "delta",
    "gamma",
    "open_interest",
    "volume",
)
# The largest real chain has 31,000 contracts; more than this is no chain.
MOST_CONTRACTS = 250_000

Reading = Literal["close", "settled", "intraday"]


@dataclass(frozen=True)
class Underlying:
    """An underlying whose options are followed.

    Attributes:
        symbol: The project's symbol, for example SPX.
        roots: Option roots that belong to it, for example SPX and SPXW.
        is_index: Whether it is an index rather than a fund.
        yahoo_symbol: Its symbol at Yahoo.
    """

    symbol: str
    roots: tuple[str, ...]
    is_index: bool
    yahoo_symbol: str


@dataclass(frozen=True)
class Snapshot:
    """One chain of one underlying, as a source showed it at one moment.

    Attributes:
        underlying: The project's symbol.
        source: Where it came from: simulated, cboe, yahoo, or files/ and the layout's name.
        quote_date: New York date of the quotes.
        quote_at: Time of the quotes, timezone-aware; None where the source gives the date alone.
        spot: Price of the underlying that the source states beside the quotes; None where it states none.
        content_hash: Hexadecimal digest of the content, the same for the same content.
        contracts: One row per contract, columns `CONTRACT_COLUMNS`: `expiry` is a naive midnight (datetime64),
            `put_call` is C or P, `iv` a fraction per year (0 where the source has none), greeks per unit of the
            underlying, `open_interest` and `volume` in contracts. Values are as delivered.
    """

    underlying: str
    source: str
    quote_date: date
    quote_at: datetime | None
    spot: float | None
    content_hash: str
    contracts: pd.DataFrame

    @property
    def snapshot_id(self) -> str:
        """Underlying, time, source and content: the same for the same content, so that it is stored once."""
        when = self.quote_at.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M:%S") if self.quote_at else self.quote_date
        return f"{self.underlying} {when} {self.source} {self.content_hash[:12]}"

    @property
    def session(self) -> date:
        """The session that the quotes belong to: the last one that had opened by then."""
        if self.quote_at is None:
            return session_on_or_before(self.quote_date)
        return session_on_or_before(self.quote_date, opened_by=self.quote_at)

    @property
    def reading(self) -> Reading:
        """Whether the open interest is that of the session before, or the session's own, settled overnight.

        - `intraday`: quoted while the session was going on.
        - `close`: quoted after the close, before open interest settled; it is that of the session before.
        - `settled`: quoted from the next weekday's morning on, before the next session opened; open interest is
          the session's own.
        """
        session = self.session
        if self.quote_at is None:
            return "close" if self.quote_date == session else "settled"
        if self.quote_at < xnys().session_close(pd.Timestamp(session)):
            return "intraday"
        return "close" if self.quote_at < chain_settled_at(session) else "settled"

    @property
    def available_at(self) -> datetime:
        """When anyone could first have known the reading; an intraday snapshot is known when it is quoted."""
        if self.reading == "intraday" and self.quote_at:
            return self.quote_at
        return chain_settled_at(self.session) if self.reading == "settled" else chain_closed_at(self.session)


class ChainSource(Protocol):
    """A place option chains come from."""

    def snapshots(
        self,
        underlyings: Sequence[Underlying],
        known: Collection[str],
        sessions: Collection[date] | None,
    ) -> Iterator[Snapshot | Failure]:
        """Deliver snapshots one after the other, so that only one need be held in memory.

        Args:
            underlyings: What to deliver.
            known: `snapshot_id` of what is stored already, which need not be delivered again.
            sessions: Deliver these sessions only; None for whatever there is.

        Yields:
            A snapshot, or a `Failure` for one that could not be read: its `symbol` is the underlying where it is
            known and else `*`, and its reason names source, file or address, and date.
        """
        ...
