"""Holders' positions from a folder of vendor files.

Layout: `holdings.csv`, or any number of `holdings/*.csv`, one position per row, in these columns in any order:
- `holder`: whose position it is; as in reference.holders, or any other name with a `cohort`.
- `report_date`: the date of the positions, YYYY-MM-DD.
- `filed`: when the report became public: YYYY-MM-DD (known at the end of that day's EDGAR hours, 22:00 New York), or a
  time with its zone. Rows of one holder and date that were filed at another time are another report, which takes the
  earlier one's place.
- `cusip`, `symbol`, `issuer`: at least one of the first two. The symbol finds the sector; one that is left out comes
  from edgartools' list of CUSIPs.
- `value_usd`: the value of the position in dollars.
- `shares`: the number of shares, or empty.
- `cohort`: hedge_funds or mutual_funds; may be left out for those in reference.holders.
"""

import csv
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from assets.sources.cusips import tickers_of
from assets.sources.errors import Failure, SourceError
from assets.sources.holdings import POSITION_COLUMNS, Filing, Holder, by_security, is_cusip, known_by_the_end_of

COLUMNS = ("holder", "report_date", "filed", "cusip", "symbol", "issuer", "value_usd", "shares")
COHORTS = ("hedge_funds", "mutual_funds")

Row = Mapping[str, str]
# Holder, date of the positions and time of publication, as the file has them.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class FileHoldings:
    """A holdings source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds holdings.csv or holdings/.
    """

    folder: Path

    def filings(self, holders: Sequence[Holder], known: Collection[str]) -> Iterator[Filing | Failure]:
        """Deliver the reports that there are files of, as the port `HoldingSource` says.

        A row that cannot be read fails its report whole, and one that names no report its file.
        """
        listed = {holder.holder for holder in holders}
        found_in: dict[Key, str] = {}
        for path in sorted((*self.folder.glob("holdings.csv"), *self.folder.glob("holdings/*.csv"))):
            source = "files/holdings"
            label = f"files/{path.relative_to(self.folder).as_posix()}"
            try:
                reports = _reports(path, label)
            except SourceError as error:
                yield Failure("*", str(error))
                continue
            for key, rows in reports.items():
                holder, day, filed = key
                if key in found_in:
                    where = f"positions of {day}, filed {filed}, are in {found_in[key]} too"
                    yield Failure(holder, f"{label} {holder}: {where}")
                    continue
                found_in[key] = label
                try:
                    filing = _filing(key, rows, label, source, listed)
                except SourceError as error:
                    yield Failure(holder, str(error))
                    continue
                if filing.filing_id not in known:
                    yield filing


def _reports(path: Path, label: str) -> dict[Key, list[tuple[int, Row]]]:
    """The rows of each report with their line numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey="", restval=None)
            rows = [(reader.line_num, row) for row in reader]
            header = [name.strip() for name in reader.fieldnames or []]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise SourceError(label, f"columns missing: {', '.join(missing)}; found: {', '.join(header)[:200]}")
    reports: dict[Key, list[tuple[int, Row]]] = {}
    for line, row in rows:
        if None in row.values() or "" in row:
            raise SourceError(label, f"line {line}: another number of fields than the header has")
        fields = {name.strip(): str(value).strip() for name, value in row.items()}
        if not fields["holder"]:
            raise SourceError(label, f"line {line}: holder is missing")
        key = (fields["holder"], fields["report_date"], fields["filed"])
        reports.setdefault(key, []).append((line, fields))
    return reports


def _filing(key: Key, rows: Sequence[tuple[int, Row]], label: str, source: str, listed: Collection[str]) -> Filing:
    holder, report_date, filed = key
    first = rows[0][0]
    where = f"{label} line {first}"
    day = _day(report_date)
    if day is None:
        raise SourceError(where, f"report_date is {report_date!r:.60}, not a date YYYY-MM-DD", holder)
    known = _known(filed)
    if known is None:
        raise SourceError(where, f"filed is {filed!r:.60}, neither a date nor a time with its zone", holder, day)
    cohorts = {row.get("cohort", "") for _, row in rows}
    cohort = cohorts.pop() if len(cohorts) == 1 else "several"
    if not (cohort in COHORTS or (cohort == "" and holder in listed)):
        reason = (
            f"cohort is {cohort!r:.60}; there are {', '.join(COHORTS)}, needed if reference.holders has not the holder"
        )
        raise SourceError(where, reason, holder, day)
    positions = pd.DataFrame([_position(row, f"{label} line {line}", holder, day) for line, row in rows])
    lacking = positions["ticker"].isna()
    if lacking.any():
        positions.loc[lacking, "ticker"] = tickers_of(positions.loc[lacking, "security"])
    content = hashlib.sha256(repr([sorted(row.items()) for _, row in rows]).encode()).hexdigest()
    filing_id = f"{holder} {day} {label} {content[:12]}"
    return Filing(
        holder=holder,
        report_date=day,
        filing_id=filing_id,
        adds=False,
        available_at=known,
        source=source,
        left_out=0,
        positions=by_security(positions),
        cohort=cohort or None,
    )


def _position(row: Row, where: str, holder: str, day: date) -> dict[str, object]:
    cusip, symbol = row["cusip"], row["symbol"]
    if not (cusip or symbol):
        raise SourceError(where, "cusip and symbol are missing", holder, day)
    if cusip and not is_cusip(cusip):
        raise SourceError(
            where, f"cusip is {cusip!r:.60}: nine letters and digits, or the check digit is wrong", holder, day
        )
    numbers = {name: row[name] or None for name in ("value_usd", "shares")}
    try:
        value, shares = (None if text is None else float(text) for text in numbers.values())
    except ValueError as error:
        raise SourceError(where, f"value_usd and shares are {numbers}, not numbers", holder, day) from error
    if value is None:
        raise SourceError(where, "value_usd is missing", holder, day)
    values = (cusip or symbol, symbol or None, row["issuer"] or None, value, shares)
    return dict(zip(POSITION_COLUMNS, values, strict=True))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _known(text: str) -> datetime | None:
    day = _day(text)
    if day is not None:
        return known_by_the_end_of(day)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
