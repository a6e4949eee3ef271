"""From the text of a vendor's table to numbers, dates, times and contracts; what does not convert is refused by row."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dateparser
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from assets.sources.errors import SourceError
from assets.sources.occ import NUMBERS
from assets.sources.option_chains import CONTRACT_COLUMNS
from assets.sources.sessions import NEW_YORK

KEYS = tuple(name for name in CONTRACT_COLUMNS if name not in NUMBERS)

# The Options Clearing Corporation's symbol: root, YYMMDD, C or P, strike in thousandths.
_OCC = r"^(?P<root>[A-Z0-9.]{1,6})(?P<expiry>\d{6})(?P<put_call>[CP])(?P<strike>\d{8})$"
# What Cboe wrote before: root, YY, DD, A to L for calls and M to X for puts of January to December, strike, exchange.
# Older still, the month and the strike stand in front, and the code in brackets.
_LEGACY = re.compile(
    r"(?:\d\d[A-Za-z]{3}[\d.]+\()?(?P<root>[A-Z]+)(?P<year>\d\d)(?P<day>\d\d)(?P<month>[A-X])"
    r"(?P<strike>\d+(?:\.\d+)?)(?:-[A-Z0-9])?\)?"
)
_MONTHS = 12
_SMALLEST_STRIKE_STEP = 0.001
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%a %b %d %Y")
_SIDES = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
_LANGUAGES = ["en", "es", "pt", "ru"]


@dataclass(frozen=True)
class Table:
    """The columns of a file that matter, as text.

    Attributes:
        label: The file, for messages.
        columns: Text of each column (pyarrow string arrays of one length, blanks around a value removed), by the
            port's name for it.
        titles: The file's own name of each column, for messages.
        rows: Number below the header of the line that each row comes from.
    """

    label: str
    columns: Mapping[str, pa.Array]
    titles: Mapping[str, str]
    rows: NDArray[np.int64]

    def refusal(self, position: int, reason: str) -> SourceError:
        """The error that refuses the file because of one row."""
        return SourceError(self.label, f"row {self.rows[position]} below the header: {reason}")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as float64: NaN where the text is empty or the layout has no such column.

        Raises:
            SourceError: If some text is no number.
        """
        if name not in self.columns:
            return np.full(len(self.rows), np.nan)
        text = self.columns[name]
        try:
            values = pc.cast(pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), pa.float64())
        except pa.ArrowInvalid as error:
            raise self._no_number(name) from error
        numbers: NDArray[np.float64] = values.to_numpy(zero_copy_only=False)
        return numbers

    def _no_number(self, name: str) -> SourceError:
        for position, text in enumerate(self.columns[name].to_pylist()):
            try:
                pc.cast(pa.scalar(text or "nan"), pa.float64())
            except pa.ArrowInvalid:
                return self.refusal(position, f"{self.titles[name]} is {text!r}, not a number")
        raise AssertionError(name)

    def values(self, name: str, read: Callable[[str], object]) -> NDArray[Any]:
        """A column of few distinct texts, each read once.

        Args:
            name: The column.
            read: Reads a text; raises ValueError, saying what it is not.

        Raises:
            SourceError: If a text cannot be read.
        """
        encoded = self.columns[name].dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        found = []
        for index, text in enumerate(encoded.dictionary.to_pylist()):
            try:
                found.append(read(text))
            except ValueError as error:
                position = int(np.argmax(indices == index))
                raise self.refusal(position, f"{self.titles[name]} is {text!r}, {error}") from error
        values: NDArray[Any] = np.array(found)[indices]
        return values

    def only(self, name: str) -> str:
        """The one text that a column holds.

        Raises:
            SourceError: If it holds several.
        """
        found: list[str] = pc.unique(self.columns[name]).to_pylist()
        if len(found) > 1:
            raise SourceError(self.label, f"{self.titles[name]} is {found[0]!r} and {found[1]!r}; expected one chain")
        return found[0]

    def newest(self, name: str, zone: ZoneInfo) -> datetime | None:
        """The newest time in a column, New York time; None if it holds none.

        Args:
            name: The column, ISO 8601 or empty.
            zone: Zone of a time that names none.

        Raises:
            SourceError: If a text is no time.
        """
        text = self.columns[name].to_pandas()
        stated = text[text != ""]
        try:
            times = pd.to_datetime(stated, format="ISO8601", errors="coerce")
        except ValueError as error:
            raise SourceError(self.label, f"{self.titles[name]} has times with and without a zone") from error
        if times.isna().any():
            position = int(times.index[times.isna()][0])
            raise self.refusal(position, f"{self.titles[name]} is {text[position]!r}, not a time")
        if stated.empty:
            return None
        last: datetime = times.max().to_pydatetime()
        return (last if last.tzinfo else last.replace(tzinfo=zone)).astimezone(NEW_YORK)


def read_rows(
    label: str, body: bytes, delimiter: str, width: int, positions: Sequence[int]
) -> tuple[dict[int, pa.Array], int]:
    """Read the lines below a header.

    Args:
        label: The file, for messages.
        body: The lines, UTF-8.
        delimiter: What separates the cells.
        width: Number of cells in each line.
        positions: The cells to return.

    Returns:
        Text of each of these cells (pyarrow string arrays), and the number of lines.

    Raises:
        SourceError: If there is no line, or one has another number of cells or an open quotation mark.
    """
    if not body.strip():
        raise SourceError(label, "holds no rows")
    names = [f"c{position}" for position in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            # With threads, a message would not say which row is wrong.
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=[f"c{p}" for p in positions]
            ),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(label, f"cannot be read below the header: {error}") from error
    # A quotation mark that is never closed takes in the lines that follow it.
    if b'"' in body and table.num_rows != sum(1 for line in body.splitlines() if line.strip()):
        raise SourceError(label, "cannot be read below the header: a quotation mark is not closed")
    trimmed = {p: pc.utf8_trim_whitespace(table[f"c{p}"].combine_chunks()) for p in positions}
    return trimmed, table.num_rows


def occ_keys(table: Table) -> pd.DataFrame:
    """The contracts' keys from their symbols, compared with what the rows say beside them.

    Args:
        table: Has the column `option`: OCC symbols, or the codes that Cboe used before; perhaps also `expiry`,
            `put_call` and `strike`.

    Returns:
        Columns `KEYS`, aligned with the rows.

    Raises:
        SourceError: If a symbol cannot be read, or says something else than its row.
    """
    symbols = pc.replace_substring_regex(table.columns["option"], r"\s+", "")
    parts = pc.extract_regex(symbols, _OCC)
    if parts.null_count:
        symbols = pa.array([_from_legacy(symbol) for symbol in symbols.to_pylist()])
        parts = pc.extract_regex(symbols, _OCC)
    if parts.null_count:
        position = int(np.argmax(parts.is_null().to_numpy(zero_copy_only=False)))
        raise table.refusal(position, f"{table.titles['option']} is {_shown(table, position)}, not an option's symbol")
    coded = dict(zip(KEYS, parts.flatten(), strict=True))
    stated = Table(table.label, coded, dict.fromkeys(KEYS, table.titles["option"]), table.rows)
    expiry = stated.values("expiry", lambda text: _day(f"20{text}", "%Y%m%d"))
    strike = stated.numbers("strike") / 1000
    if "expiry" in table.columns:
        _compare(table, "expiry", expiry, table.values("expiry", midnight))
    if "put_call" in table.columns:
        _compare(table, "put_call", stated.values("put_call", str), table.values("put_call", side))
    if "strike" in table.columns:
        same = np.abs(table.numbers("strike") - strike) < _SMALLEST_STRIKE_STEP / 2
        _compare(table, "strike", np.ones_like(same), same)
    return keys(stated.values("root", str), expiry, stated.values("put_call", str), strike)


def keys(root: NDArray[Any], expiry: NDArray[Any], put_call: NDArray[Any], strike: NDArray[np.float64]) -> pd.DataFrame:
    """Columns `KEYS` in the port's types."""
    return pd.DataFrame(
        {
            "root": pd.Series(root, dtype="str"),
            "expiry": expiry.astype("datetime64[us]"),
            "put_call": pd.Series(put_call, dtype="str"),
            "strike": strike,
        }
    )


def contracts(table: Table, found: pd.DataFrame) -> pd.DataFrame:
    """The contracts as the port gives them, columns `CONTRACT_COLUMNS`.

    Raises:
        SourceError: If a cell of a column of numbers holds none.
    """
    return found.assign(**{name: table.numbers(name) for name in NUMBERS})[list(CONTRACT_COLUMNS)]


def price(label: str, text: str) -> float | None:
    """A price of the underlying; None for an empty text.

    Raises:
        SourceError: If it is no positive number, or has separators that could mean a thousand or a fraction.
    """
    if text in {"", "nan"}:
        return None
    if not re.fullmatch(r"\d+(?:\.\d*)?", text) or float(text) <= 0:
        raise SourceError(label, f"the underlying's price is {text!r}, not a plain positive number")
    return float(text)


def midnight(text: str) -> np.datetime64:
    """A date as YYYY-MM-DD, MM/DD/YYYY or Tue Aug 19 2025.

    Raises:
        ValueError: If it is none.
    """
    for form in _DATES:
        try:
            return _day(text, form)
        except ValueError:
            continue
    raise ValueError("not a date")


def side(text: str) -> str:
    """C or P, from that or from call and put.

    Raises:
        ValueError: If it is neither.
    """
    if text.upper() not in _SIDES:
        raise ValueError("neither call nor put")
    return _SIDES[text.upper()]


def time_in_words(text: str) -> datetime:
    """A quote's time as a browser or Cboe writes it, for example `August 19, 2025 at 8:43 PM EDT`.

    English, Spanish, Portuguese and Russian are understood. ET, and no zone at all, is New York time.

    Returns:
        New York time.

    Raises:
        ValueError: If date, time of day or zone cannot be read without doubt.
    """
    # dateparser takes ET for EST all year, and knows neither the @ nor the space in "p. m.".
    plain = re.sub(r"\bET$", "", text.strip()).replace("@", " ")
    plain = re.sub(r"\b([ap])\.\s*m\.?(?!\w)", r"\1m", plain, flags=re.IGNORECASE)
    read = None
    # A month in figures could be the day, and without a time of day midnight would be made up.
    if re.search(r"[^\W\d_]{3}", plain) and re.search(r"\d:\d\d", plain):
        settings = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"]}
        read = dateparser.parse(plain, languages=_LANGUAGES, settings=settings)
    if read is None:
        raise ValueError(f"the time {text!r} cannot be read")
    return read.replace(tzinfo=NEW_YORK) if read.tzinfo is None else read.astimezone(NEW_YORK)


def _day(text: str, form: str) -> np.datetime64:
    read = pd.to_datetime(text, format=form, errors="coerce")
    if not isinstance(read, pd.Timestamp):
        raise ValueError("not a date")  # noqa: TRY004 - it is the text that is wrong
    return np.datetime64(read.to_pydatetime(), "us")


def _from_legacy(symbol: str) -> str:
    code = _LEGACY.fullmatch(symbol)
    if code is None:
        return symbol
    letter = ord(code["month"]) - ord("A")
    put_call = "CP"[letter // _MONTHS]
    thousandths = round(float(code["strike"]) * 1000)
    return f"{code['root']}{code['year']}{letter % _MONTHS + 1:02d}{code['day']}{put_call}{thousandths:08d}"


def _compare(table: Table, name: str, coded: NDArray[Any], stated: NDArray[Any]) -> None:
    if (coded == stated).all():
        return
    position = int(np.argmax(coded != stated))
    said = table.columns[name][position].as_py()
    reason = f"{table.titles['option']} is {_shown(table, position)} but {table.titles[name]} is {said!r}"
    raise table.refusal(position, reason)


def _shown(table: Table, position: int) -> str:
    return repr(table.columns["option"][position].as_py())
