"""The layouts of option-chain tables: how each is recognised, when it was quoted, and which contracts it holds.

A layout is recognised by the names of its columns; their order, their case and further columns do not matter.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.sources.chain_tables import Table, keys, midnight, occ_keys, price, read_rows, side
from assets.sources.errors import SourceError
from assets.sources.sessions import NEW_YORK, session_on_or_before, xnys

UTC = ZoneInfo("UTC")
_SHOWN = 160
_FRIDAY = 4
# Ten years; the longest SPX options have six.
_MOST_DAYS = 3_660
_INDEX_LEVELS = (1_000, 100_000)


@dataclass(frozen=True)
class Quoted:
    """When a chain was quoted, and what its file states of the underlying; attributes as in `Snapshot`."""

    quote_date: date
    quote_at: datetime | None
    spot: float | None


# What a companion file states for a session date and a ticker, if there is one that does.
Companion = Callable[[str, str], Quoted | None]


@dataclass(frozen=True)
class Header:
    """Where a file's header is and what it says.

    Attributes:
        line: Its number, from 0.
        delimiter: What separates the cells: a comma, or the tab of Excel's Unicode text.
        names: The cells, without blanks and quotation marks around them.
    """

    line: int
    delimiter: str
    names: tuple[str, ...]

    @cached_property
    def plain(self) -> tuple[str, ...]:
        """The names in lower case, without spaces and underscores."""
        return tuple(re.sub(r"[\s_]+", "", name).lower() for name in self.names)


@dataclass(frozen=True)
class Document:
    """One file: content as UTF-8 without a byte-order mark, its first lines, and its recognised header."""

    label: str
    content: bytes
    head: tuple[str, ...]
    layout: "Columns"
    header: Header

    @cached_property
    def table(self) -> Table:
        """The columns that the layout knows."""
        return self.layout.table(self)

    @property
    def body(self) -> bytes:
        """What follows the header."""
        start = 0
        for _ in range(self.header.line + 1):
            start = self.content.find(b"\n", start) + 1 or len(self.content)
        return self.content[start:]


class Columns:
    """The columns of a layout."""

    name: ClassVar[str]
    # The names a column may have, plain as in `Header`, by the port's name for it.
    columns: ClassVar[Mapping[str, tuple[str, ...]]]
    optional: ClassVar[frozenset[str]] = frozenset()

    def share(self, header: Header) -> float:
        """Which part of the columns it needs is in the header."""
        needed = [names for name, names in self.columns.items() if name not in self.optional]
        return sum(any(name in header.plain for name in names) for names in needed) / len(needed)

    def table(self, document: Document) -> Table:
        """Read the rows.

        Raises:
            SourceError: If a column is missing or stands twice, or the rows cannot be read.
        """
        header = document.header
        found = self.located(document, range(len(header.names)))
        missing = [names[0] for name, names in self.columns.items() if name not in self.optional and name not in found]
        if missing:
            shown = ", ".join(header.names)
            raise SourceError(
                document.label, f"looks like {self.name}, column missing: {', '.join(missing)}; found: {shown}"
            )
        cells, count = read_rows(
            document.label, document.body, header.delimiter, len(header.names), list(found.values())
        )
        titles = {name: header.names[position] for name, position in found.items()}
        columns = {name: cells[position] for name, position in found.items()}
        return Table(document.label, columns, titles, np.arange(1, count + 1))

    def located(self, document: Document, positions: Sequence[int]) -> dict[str, int]:
        """Find the columns among these cells of the header.

        Raises:
            SourceError: If several could be the same one.
        """
        found = {}
        for name, names in self.columns.items():
            hits = [position for position in positions if document.header.plain[position] in names]
            if len(hits) > 1:
                shown = ", ".join(document.header.names[hit] for hit in hits)
                raise SourceError(document.label, f"columns {shown} cannot be told apart")
            if hits:
                found[name] = hits[0]
        return found


class Underlyings(Columns):
    """A companion of flattened chains: spot and time (UTC) of many underlyings."""

    name = "underlying.csv"
    columns: ClassVar = {
        "session_date": ("sessiondate",),
        "ticker": ("ticker",),
        "quoted_at": ("payloadtimestamp",),
        "spot": ("currentprice",),
    }

    def share(self, header: Header) -> float:
        """All of its columns, and no option."""
        return float(super().share(header) == 1 and "option" not in header.plain)


class Layout(Columns, ABC):
    """A layout of option chains."""

    # Whether a file's own content says when it was quoted, so that the same content is the same snapshot.
    dates_itself: ClassVar[bool] = True

    @abstractmethod
    def quoted(self, document: Document, companion: Companion) -> Quoted:
        """When the chain was quoted, with as little reading as that takes.

        Raises:
            SourceError: If that cannot be told.
        """

    def keys(self, document: Document, quoted: Quoted) -> pd.DataFrame:  # noqa: ARG002 - other layouts need it
        """Keys of the contracts, aligned with the table's rows.

        Raises:
            SourceError: If a row does not name its contract.
        """
        return occ_keys(document.table)


class JsonFlat(Layout):
    """Cboe's delayed quotes as a table; spot and time stand in a companion file.

    Without the companion the newest trade dates the quotes, which it can only do if it is of the session date: an
    older one would be that of a chain saved before the session's first trade.
    """

    name = "files/cboe_json_flat"
    dates_itself = False
    columns: ClassVar = {
        "session_date": ("sessiondate",),
        "ticker": ("ticker",),
        "option": ("option",),
        "expiry": ("expiry",),
        "put_call": ("right",),
        "strike": ("strike",),
        "bid": ("bid",),
        "ask": ("ask",),
        "last": ("lasttradeprice",),
        "volume": ("volume",),
        "open_interest": ("openinterest",),
        "iv": ("iv",),
        "delta": ("delta",),
        "gamma": ("gamma",),
        "traded_at": ("lasttradetime",),
    }

    def quoted(self, document: Document, companion: Companion) -> Quoted:
        """From the companion, or else the newest trade."""
        table = document.table
        session, ticker = table.only("session_date"), table.only("ticker")
        stated = companion(session, ticker)
        if stated is not None:
            return stated
        newest = table.newest("traded_at", NEW_YORK)
        day = _first_date(table, "session_date")
        if newest is None or newest.date() != day:
            raise SourceError(
                document.label,
                f"the time of the quotes cannot be told: no underlying.csv states it for {ticker} on {session}, and "
                f"the newest trade is of {newest}",
                day=day,
            )
        return Quoted(day, newest, None)


class EndOfDay(Layout):
    """One date, no time of day; the underlying's last price in every row."""

    name = "files/eod"
    columns: ClassVar = {
        "option": ("optionroot",),
        "expiry": ("expiration",),
        "put_call": ("type",),
        "strike": ("strike",),
        "bid": ("bid",),
        "ask": ("ask",),
        "last": ("last",),
        "volume": ("volume",),
        "open_interest": ("openinterest",),
        "iv": ("impliedvol",),
        "delta": ("delta",),
        "gamma": ("gamma",),
        "quote_date": ("quotedate",),
        "spot": ("underlyinglast",),
    }

    def quoted(self, document: Document, companion: Companion) -> Quoted:  # noqa: ARG002 - it states everything itself
        """From the rows."""
        table = document.table
        table.only("quote_date")
        day = _first_date(table, "quote_date")
        return Quoted(day, None, price(document.label, table.only("spot")))


class YFinance(Layout):
    """A dump of yfinance's `option_chain`. No time of the quotes is stated: they are as old as the newest trade."""

    name = "files/yfinance"
    columns: ClassVar = {
        "option": ("contractsymbol",),
        "expiry": ("expiry", "expiration"),
        "put_call": ("type", "optiontype"),
        "strike": ("strike",),
        "bid": ("bid",),
        "ask": ("ask",),
        "last": ("lastprice",),
        "volume": ("volume",),
        "open_interest": ("openinterest",),
        "iv": ("impliedvolatility",),
        "traded_at": ("lasttradedate",),
        "spot": ("spot",),
    }
    optional = frozenset({"spot"})

    def quoted(self, document: Document, companion: Companion) -> Quoted:  # noqa: ARG002 - it states everything itself
        """From the newest trade."""
        table = document.table
        newest = table.newest("traded_at", UTC)
        if newest is None:
            raise SourceError(document.label, f"no {table.titles['traded_at']} dates the quotes")
        spot = price(document.label, table.only("spot")) if "spot" in table.columns else None
        return Quoted(newest.date(), newest, spot)


class OpenInterestOnly(Layout):
    """SPX contracts with open interest, without root and expiry, below a line with spot and time (UTC).

    The layout names no underlying; it is known for the S&P 500 alone, and a spot that is no level of that index is
    refused. Rows stand in two blocks that rise in days to expiry: root SPX first, which expires on third Fridays (or
    the Thursday before, if that is a holiday), then SPXW. Days count from the New York date of the stated time or
    from the session before it, whichever makes every expiry such a day and a session; past the calendar's end, a
    weekday.
    """

    name = "files/oi_only"
    columns: ClassVar = {
        "strike": ("strike",),
        "dte": ("dte",),
        "put_call": ("cp",),
        "open_interest": ("oi",),
        "gamma": ("gamma",),
        "delta": ("delta",),
        "iv": ("iv",),
        "bid": ("bid",),
        "ask": ("ask",),
    }

    def quoted(self, document: Document, companion: Companion) -> Quoted:  # noqa: ARG002 - it states everything itself
        """From the line above the header."""
        line = next(text for text in document.head if text.strip())
        stated = re.fullmatch(r"#\s*spot[,\t]\s*([\d.]+)[,\t]\s*ts[,\t]\s*([\d-]+[ T][\d:]+)[,\t]*", line.strip())
        at = pd.to_datetime(stated[2], format="ISO8601", errors="coerce") if stated else pd.NaT
        if stated is None or not isinstance(at, pd.Timestamp):
            raise SourceError(document.label, f"spot and time cannot be read from {line[:_SHOWN]!r}")
        spot = price(document.label, stated[1])
        low, high = _INDEX_LEVELS
        if spot is None or not low < spot < high:
            raise SourceError(document.label, f"spot {stated[1]} is no level of the S&P 500, which the layout is for")
        quote_at = at.to_pydatetime().replace(tzinfo=UTC).astimezone(NEW_YORK)
        return Quoted(quote_at.date(), quote_at, spot)

    def keys(self, document: Document, quoted: Quoted) -> pd.DataFrame:
        """From the days to expiry and the order of the rows."""
        table = document.table
        days = table.numbers("dte")
        if not ((days >= 0) & (days <= _MOST_DAYS) & (days == np.floor(days))).all():
            raise SourceError(document.label, "dte is not a whole number of days everywhere")
        falls = np.flatnonzero(np.diff(days) < 0)
        if len(falls) != 1:
            said = f"rows rise in dte {len(falls) + 1} times; expected twice, for SPX and for SPXW"
            raise SourceError(document.label, said)
        first = np.arange(len(days)) <= falls[0]
        expiry = self._expiry(document.label, days, first, quoted.quote_date)
        root = np.where(first, "SPX", "SPXW")
        return keys(root, expiry.to_numpy(), table.values("put_call", side), table.numbers("strike"))

    @staticmethod
    def _expiry(label: str, days: NDArray[np.float64], first: NDArray[np.bool_], today: date) -> pd.DatetimeIndex:
        before = session_on_or_before((pd.Timestamp(today) - pd.Timedelta(days=1)).date())
        ahead = pd.to_timedelta(days, unit="D")
        from_either = [pd.DatetimeIndex(pd.Timestamp(base) + ahead) for base in (today, before)]
        fitting = [expiry for expiry in from_either if _traded(expiry).all() and _monthly(expiry[first]).all()]
        if len(fitting) != 1:
            said = "both fit" if fitting else "neither gives sessions, and third Fridays for the first block"
            raise SourceError(label, f"dte counts from {today} or from {before}: {said}", day=today)
        return fitting[0]


def _traded(days: pd.DatetimeIndex) -> NDArray[np.bool_]:
    calendar = xnys()
    beyond = (days > calendar.last_session) & (days.day_of_week <= _FRIDAY)
    return np.asarray(days.isin(calendar.sessions) | beyond)


def _monthly(days: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Whether root SPX may expire: on a third Friday, on the Thursday before if that is, or may be, a holiday."""
    friday = days + pd.to_timedelta(_FRIDAY - days.day_of_week, unit="D")
    third = (friday.day - 1) // 7 == 2  # noqa: PLR2004 - the third
    instead = (days.day_of_week == _FRIDAY - 1) & ~friday.isin(xnys().sessions)
    return np.asarray(third & ((days == friday) | instead))


def _first_date(table: Table, name: str) -> date:
    first: np.datetime64 = table.values(name, midnight)[0]
    return pd.Timestamp(first).date()
