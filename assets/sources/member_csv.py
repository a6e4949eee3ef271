"""One list of an index's members in a CSV file, as Wikipedia's tables are passed on: a member per row, a header."""

import csv
import textwrap
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from assets.sources.errors import SourceError
from assets.sources.members import COLUMNS

# The file's name of each of the port's columns; a row may leave out the last two.
NAMES = {
    "symbol": "Symbol",
    "company": "Security",
    "sector": "GICS Sector",
    "sub_industry": "GICS Sub-Industry",
    "added_date": "Date added",
}
# A list that ends early would have every symbol below its end leave the index.
FEWEST_MEMBERS = {"SPX": 400}
HEADER_SHOWN = 200  # characters


def read_members(path: Path, label: str, index_symbol: str, list_date: date, source: str) -> pd.DataFrame:
    """Read a list of members; other columns than those of `NAMES` are ignored.

    Args:
        path: The file, in UTF-8.
        label: What to call it in messages.
        index_symbol: The index whose members it lists.
        list_date: The date of the list.
        source: Where it came from.

    Returns:
        The columns of the port, one row per member in the file's order.

    Raises:
        SourceError: If the file cannot be read or is a web page, a column is missing or there twice, a row has other
            fields than the header, a symbol is no ticker or stands there twice, a company or a sector is missing, a
            date is not YYYY-MM-DD, or there are fewer members than the index can have.
    """
    rows: dict[str, dict[str, str]] = {}
    for number, row in _rows(path, label):
        symbol = row["symbol"].replace("-", ".")
        problem = next((said for said, wrong in FAULTS.items() if wrong(row)), None)
        if problem is None and symbol in rows:
            problem = "stands there twice"
        if problem:
            raise SourceError(label, f"row {number} below the header: {problem.format(**row)}", symbol or None)
        rows[symbol] = row | {"symbol": symbol}
    fewest = FEWEST_MEMBERS.get(index_symbol, 1)
    if len(rows) < fewest:
        raise SourceError(label, f"lists {len(rows)} members, {index_symbol} has at least {fewest}")
    members = pd.DataFrame(rows.values()).replace("", None)
    members = members.assign(index_symbol=index_symbol, list_date=pd.Timestamp(list_date), source=source)
    return members.astype(dict.fromkeys(("list_date", "added_date"), "datetime64[us]"))[list(COLUMNS)]


def _is_no_ticker(row: Mapping[str, str]) -> bool:
    return not row["symbol"].replace(".", "").replace("-", "").isalnum() or row["symbol"] != row["symbol"].upper()


def _is_no_date(row: Mapping[str, str]) -> bool:
    text = row["added_date"]
    try:
        return bool(text) and date.fromisoformat(text).isoformat() != text
    except ValueError:
        return True


# What to say of a row, and when.
FAULTS: Mapping[str, Callable[[Mapping[str, str]], bool]] = {
    "Symbol is missing": lambda row: not row["symbol"],
    "Symbol is {symbol!r:.60}, not a ticker": _is_no_ticker,
    "Security is missing": lambda row: not row["company"],
    "GICS Sector is missing": lambda row: not row["sector"],
    "Date added is {added_date!r:.60}, not a date YYYY-MM-DD": _is_no_date,
}


def _rows(path: Path, label: str) -> list[tuple[int, dict[str, str]]]:
    """Number and fields, by the port's columns, of each row below the header that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            below = [row for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    if header and header[0].startswith("<"):
        raise SourceError(label, "is a web page, not CSV")
    at = {name: _position(header, there, label) for name, there in NAMES.items()}
    for number, row in enumerate(below, 1):
        if len(row) != len(header):
            raise SourceError(label, f"row {number} below the header: {len(row)} fields, the header has {len(header)}")
    return [(n, {name: row[where].strip() for name, where in at.items()}) for n, row in enumerate(below, 1)]


def _position(header: list[str], name: str, label: str) -> int:
    hits = [position for position, there in enumerate(header) if there.lower() == name.lower()]
    if len(hits) != 1:
        fault = f"{len(hits)} columns are called {name}" if hits else f"column missing: {name}"
        found = textwrap.shorten(", ".join(header), HEADER_SHOWN, placeholder=" ...")
        raise SourceError(label, f"{fault}; found: {found}")
    return hits[0]
