"""The holdings port: what every source of holders' reported positions takes and gives."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

import pandas as pd

from assets.sources.errors import Failure
from assets.sources.sessions import at_new_york

# One row per security. Numbers are float64; `ticker` is missing where nobody states one.
POSITION_COLUMNS = ("security", "ticker", "issuer", "value_usd", "shares")
# EDGAR takes filings until 22:00 New York: the latest that a filing can be known on its date.
_EDGAR_CLOSES = time(22)
_CUSIP = re.compile(r"[0-9A-Z*@#]{8}[0-9]")


@dataclass(frozen=True)
class Holder:
    """A holder whose filings are asked for, of reference.holders.

    Attributes:
        holder: The project's name for it.
        form: The form by which it reports: 13F-HR or NPORT-P.
        cik: The filer's number at EDGAR, ten digits.
        fund_series: The fund's number at EDGAR, S and nine digits; None for managers.
    """

    holder: str
    form: str
    cik: str
    fund_series: str | None = None


@dataclass(frozen=True)
class Filing:
    """What one filing says that a holder held on one date.

    Attributes:
        holder: Whose positions they are.
        report_date: The date of the positions.
        filing_id: What tells the filing from all others: the same for the same content.
        adds: Whether it adds positions to an earlier filing of the same date; else it takes that one's place.
        available_at: When it became public, timezone-aware.
        source: Where it came from: simulated, edgar, or files/ and the folder.
        left_out: Rows that are no long shares: options, bonds, short positions and others.
        positions: One row per security, columns `POSITION_COLUMNS`. `security` is the CUSIP, or else the ISIN, the
            ticker or the issuer; `value_usd` is in dollars.
        cohort: The holder's group; None where reference.holders has it.
    """

    holder: str
    report_date: date
    filing_id: str
    adds: bool
    available_at: datetime
    source: str
    left_out: int
    positions: pd.DataFrame
    cohort: str | None = None


class HoldingSource(Protocol):
    """A place holders' positions come from."""

    def filings(self, holders: Sequence[Holder], known: Collection[str]) -> Iterator[Filing | Failure]:
        """Deliver filings one after the other, so that only one need be held in memory.

        Args:
            holders: Whose filings to deliver. A source may have others of its own.
            known: `filing_id` of what is stored already, which need not be delivered again.

        Yields:
            A filing, or a `Failure` for what could not be read: its `symbol` is the holder, or `*` for all of them, and
            its reason names file or address, and date. None stops a run: what needs the positions says so.
        """
        ...


class NoHoldings:
    """A profile without positions."""

    def filings(
        self,
        holders: Sequence[Holder],  # noqa: ARG002 - see the port
        known: Collection[str],  # noqa: ARG002 - see the port
    ) -> Iterator[Filing | Failure]:
        """Nothing."""
        yield from ()


def known_by_the_end_of(day: date) -> datetime:
    """When a filing of which only the date is known was public at the latest: 22:00 New York, when EDGAR closes."""
    known: datetime = at_new_york(pd.DatetimeIndex([pd.Timestamp(day)]), _EDGAR_CLOSES)[0].to_pydatetime()
    return known


def is_cusip(text: str) -> bool:
    """Whether a text has the form of a CUSIP and its last digit is right.

    The sum over the digits of the first eight characters (letters count from A = 10, then * @ #), every second one
    doubled, and of the check digit is a multiple of ten (ANSI X9.6).
    """
    if not _CUSIP.fullmatch(text):
        return False
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#".index(letter) for letter in text]
    doubled = [value * (1 + place % 2) for place, value in enumerate(values[:8])]
    return (sum(value // 10 + value % 10 for value in doubled) + values[8]) % 10 == 0


def by_security(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per security, in the order of their first rows: a manager's table has one per account and discretion.

    Args:
        rows: Columns `POSITION_COLUMNS`, any number of rows per security.

    Returns:
        The same columns; value and shares added up, ticker and issuer those of the first row.
    """
    groups = rows.groupby("security", sort=False)
    # A sum of which a part is missing is missing.
    sums = groups[["value_usd", "shares"]].sum(skipna=False)
    return groups[["ticker", "issuer"]].first().join(sums).reset_index()[list(POSITION_COLUMNS)]
