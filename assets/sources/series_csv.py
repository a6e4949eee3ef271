"""One series in a CSV file, as FRED and others write it: a date and a number per row, in columns told by the header."""

import csv
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from assets.sources.errors import SourceError

DATES = ("date", "observation_date")
MISSING = ("", ".")
HEADER_SHOWN = 200  # characters

_Table = tuple[list[str], list[int], list[list[str]]]


def read_series(path: Path, label: str, values: Sequence[str]) -> pd.DataFrame:
    """Read one column of numbers; those missing, an empty field or a dot, are left out.

    Args:
        path: The file, in UTF-8.
        label: What to call it in messages.
        values: What the column of numbers may be called; case does not matter, nor in the date's name.

    Returns:
        Columns date (datetime64, in the file's order) and value (float); at least one row.

    Raises:
        SourceError: If the file cannot be read or is a web page, a column is missing or there twice, a row has other
            fields than the header, a date is not YYYY-MM-DD or stands there twice, a number is none or is infinite,
            or there is no number at all.
    """
    header, at, rows = _table(path, label)
    date_column, value_column = _column(header, DATES, label), _column(header, values, label)
    for number, row in zip(at, rows, strict=True):
        if len(row) != len(header):
            raise SourceError(label, f"row {number} below the header: {len(row)} fields, the header has {len(header)}")
    texts = pd.DataFrame(rows, columns=range(len(header)), dtype=str)[[date_column, value_column]]
    texts = texts.set_axis(["date", "value"], axis="columns").apply(lambda text: text.str.strip())
    iso = texts["date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}")
    days = pd.to_datetime(texts["date"].where(iso), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    missing = texts["value"].isin(MISSING)
    numbers = pd.to_numeric(texts["value"].mask(missing), errors="coerce").astype(float)
    faults = (
        (days.isna(), "date is {date!r:.60}, not a date YYYY-MM-DD"),
        (days.duplicated(), "date {date} stands there twice"),
        (~missing & ~np.isfinite(numbers), "value of {date} is {value!r:.60}, not a number"),
    )
    for wrong, said in faults:
        if wrong.any():
            first = int(wrong.to_numpy().argmax())
            raise SourceError(label, f"row {at[first]} below the header: {said.format(**texts.iloc[first])}")
    if missing.all():
        raise SourceError(label, "holds no number")
    series: pd.DataFrame = pd.DataFrame({"date": days, "value": numbers})[~missing].reset_index(drop=True)
    return series


def _table(path: Path, label: str) -> _Table:
    """The header, and below it the number and the fields of each row that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            below = [(reader.line_num - 1, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    if header and header[0].startswith("<"):
        raise SourceError(label, "is a web page, not CSV; so FRED answers where it has no such series")
    return header, [number for number, _ in below], [row for _, row in below]


def _column(header: list[str], names: Sequence[str], label: str) -> int:
    wanted = {name.lower() for name in names}
    hits = [position for position, name in enumerate(header) if name.lower() in wanted]
    if len(hits) != 1:
        fault = "columns " + ", ".join(header[hit] for hit in hits) + " all stand for" if hits else "column missing:"
        found = textwrap.shorten(", ".join(header), HEADER_SHOWN, placeholder=" ...")
        raise SourceError(label, f"{fault} {' or '.join(names)}; found: {found}")
    return hits[0]
