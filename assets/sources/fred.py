"""Series from FRED's graph service, one CSV file per series. Needs no key.

    GET https://fred.stlouisfed.org/graph/fredgraph.csv?id=SOFR&cosd=2025-11-06

    observation_date,SOFR
    2025-11-06,4.00
    2025-11-11,

The first column was called DATE until 2025; a missing number is an empty field or a dot. An unknown id is answered with
a web page. Long histories of many series at once are said to time out, so each series is asked for alone, from a date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from assets.sources.download import DEFAULT_LIMITS, Limits, downloaded
from assets.sources.errors import Failure, SourceError
from assets.sources.prices import Delivery
from assets.sources.reach import GIVE_UP_AFTER, OutOfReachError
from assets.sources.series import COLUMNS, ListedSeries, gathered
from assets.sources.series_csv import read_series

SOURCE = "fred"
BASE_URL = "https://fred.stlouisfed.org/graph/fredgraph.csv"
# Monthly numbers bear the date of the month's first day.
FIRST_DAY = date(1990, 1, 1)


@dataclass(frozen=True)
class FredSeries:
    """A series source that asks FRED, one series after the other.

    Attributes:
        base_url: The address of the graph service.
        limits: What each download may take.
    """

    base_url: str = BASE_URL
    limits: Limits = DEFAULT_LIMITS

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:
        """Deliver the series that FRED has, as the port `SeriesSource` says.

        What is known of a series is asked for again, and all of it where a known number has changed or none of the
        known dates comes back: FRED revises whole histories, and has changed the unit of some. After `GIVE_UP_AFTER`
        series in a row out of reach, the rest are failures without being asked for.
        """
        delivered: list[pd.DataFrame] = []
        failures: list[Failure] = []
        unreached = 0
        for one in listed:
            if not one.fred_id:
                continue
            if unreached == GIVE_UP_AFTER:
                reason = f"{SOURCE} {one.fred_id}: not asked for, the {unreached} before it were out of reach"
                failures.append(Failure(one.series_id, reason))
                continue
            try:
                rows = self._deliver(one.fred_id, known[known["series_id"] == one.series_id])
                delivered.append(rows.assign(series_id=one.series_id, source=SOURCE)[list(COLUMNS)])
                unreached = 0
            except SourceError as error:
                unreached = unreached + 1 if isinstance(error, OutOfReachError) else 0
                failures.append(Failure(one.series_id, str(error)))
        return gathered(delivered, failures)

    def _deliver(self, fred_id: str, known: pd.DataFrame) -> pd.DataFrame:
        if known.empty:
            return self._since(FIRST_DAY, fred_id)
        rows = self._since(known["date"].min().date(), fred_id)
        both = rows.merge(known, on="date", suffixes=("", "_known"))
        restated = both.empty or bool(both["value"].ne(both["value_known"]).any())
        return self._since(FIRST_DAY, fred_id) if restated else rows

    def _since(self, first: date, fred_id: str) -> pd.DataFrame:
        url = f"{self.base_url}?id={fred_id}&cosd={first}"
        with downloaded(url, f"{fred_id}.csv", f"{SOURCE} {fred_id}", self.limits) as path:
            return read_series(path, f"{SOURCE} {fred_id} (since {first})", [fred_id])
