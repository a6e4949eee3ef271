"""Series from a folder of vendor files.

Layouts:
- `series/<FRED id>.csv` holds one series of FRED, as FRED or others write it: date, DATE or observation_date
  (YYYY-MM-DD), and value or the id; a missing number is an empty field or a dot.
- `series/ofr_fsi.csv` holds the OFR's Financial Stress Index as the OFR publishes it: Date, OFR FSI, and its parts. The
  index is the series OFR_FSI.
- `gex/*.csv` holds SqueezeMetrics' daily figures as it publishes them: date, price, dix, gex. Each of dix and gex is a
  series, SQUEEZEMETRICS_DIX (a ratio) and SQUEEZEMETRICS_GEX (dollars per 1 %).

Files of series that are not asked for are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assets.sources.errors import Failure, SourceError
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries, gathered
from assets.sources.series_csv import read_series

# The files and the column of each series that stands in a table of its publisher's.
_TABLES = {
    "SQUEEZEMETRICS_DIX": ("gex/*.csv", "dix"),
    "SQUEEZEMETRICS_GEX": ("gex/*.csv", "gex"),
    "OFR_FSI": ("series/ofr_fsi.csv", "OFR FSI"),
}


@dataclass(frozen=True)
class FileSeries:
    """A series source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds series/ and gex/.
    """

    folder: Path

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - read whole
        """Deliver the series that there are files of, as the port `SeriesSource` says."""
        delivered: list[pd.DataFrame] = []
        failures: list[Failure] = []
        for one in listed:
            try:
                delivered += self._deliver(one)
            except SourceError as error:
                failures.append(Failure(one.series_id, str(error)))
        return gathered(delivered, failures)

    def _deliver(self, one: ListedSeries) -> list[pd.DataFrame]:
        """The series' rows, in no frame where it has no file."""
        if one.series_id in _TABLES:
            files, column = _TABLES[one.series_id]
            paths = sorted(path for path in self.folder.glob(files) if not path.name.startswith("."))
            names = [column]
        else:
            path = self.folder / "series" / f"{one.fred_id}.csv"
            paths, names = [path] if one.fred_id and path.exists() else [], ["value", one.fred_id]
        if not paths:
            return []
        source = f"files/{paths[0].parent.name}"
        read = [read_series(path, f"{source}/{path.name}", names).assign(file=path.name) for path in paths]
        rows = pd.concat(read, ignore_index=True).drop_duplicates(["date", "value"])
        twice = rows.duplicated("date", keep=False)
        if twice.any():
            files = ", ".join(rows.loc[twice, "file"].unique())
            day = rows.loc[twice, "date"].min().date()
            raise SourceError(source, f"{files} give it different numbers", one.series_id, day)
        return [rows.assign(series_id=one.series_id, source=source)[list(COLUMNS)]]
