"""Series from a folder of vendor files.

Layout: `gex/*.csv` holds SqueezeMetrics' daily figures as it publishes them: date (YYYY-MM-DD), price, dix, gex.
Each of dix and gex becomes a series, SQUEEZEMETRICS_DIX (a ratio) and SQUEEZEMETRICS_GEX (dollars per 1 %).
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.sources.errors import SourceError
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, NoSeries

_FIGURES = ("dix", "gex")


@dataclass(frozen=True)
class FileSeries:
    """A series source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds gex/.
    """

    folder: Path

    def series(self) -> Delivery:
        """Deliver every figure of the files; none where there is no such file.

        Raises:
            SourceError: If a file lacks a column or holds something that is no date or number.
        """
        paths = sorted(path for path in self.folder.glob("gex/*.csv") if not path.name.startswith("."))
        if not paths:
            return NoSeries().series()
        rows = pd.concat([_read(path) for path in paths], ignore_index=True)
        return Delivery(rows.drop_duplicates(["series_id", "date", "value"], ignore_index=True))


def _read(path: Path) -> pd.DataFrame:
    label = f"files/{path.parent.name}/{path.name}"
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    table.columns = table.columns.str.strip().str.lower()
    missing = [name for name in ("date", *_FIGURES) if name not in table]
    if missing:
        raise SourceError(label, f"column missing: {', '.join(missing)}; found: {', '.join(table.columns)}")
    days = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        row = int(days.isna().to_numpy().argmax())
        raise SourceError(label, f"row {row + 1} below the header: date is {table['date'][row]!r}")
    frames = [_figure(table[name], days, name, label) for name in _FIGURES]
    return pd.concat(frames, ignore_index=True)[list(COLUMNS)]


def _figure(text: pd.Series, days: pd.Series, name: str, label: str) -> pd.DataFrame:
    numbers = pd.to_numeric(text, errors="coerce")
    wrong = numbers.isna() & text.notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise SourceError(label, f"{name} is {text[row]!r}, not a number", day=days[row].date())
    rows = pd.DataFrame({"series_id": f"SQUEEZEMETRICS_{name.upper()}", "date": days, "value": numbers})
    return rows.dropna(subset="value").assign(source="files/gex")
