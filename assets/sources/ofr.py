"""The Financial Stress Index of the US Treasury's Office of Financial Research, as its page offers it. Needs no key.

    GET https://www.financialresearch.gov/financial-stress-index/data/fsi.csv

    Date,OFR FSI,Credit,Equity valuation,Safe assets,Funding,Volatility,United States,Other advanced economies,...
    2000-01-03,2.14,0.54,-0.051,0.67,0.472,0.509,1.769,0.521,-0.15

One file holds every day since 2000 and is always fetched whole: a release can revise the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assets.sources.download import DEFAULT_LIMITS, Limits, downloaded
from assets.sources.errors import Failure, SourceError
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries, gathered
from assets.sources.series_csv import read_series

SOURCE = "ofr"
SERIES_ID = "OFR_FSI"
URL = "https://www.financialresearch.gov/financial-stress-index/data/fsi.csv"


@dataclass(frozen=True)
class OfrSeries:
    """A series source that asks the OFR for its stress index, and has no other series.

    Attributes:
        url: The address of the file.
        limits: What the download may take.
    """

    url: str = URL
    limits: Limits = DEFAULT_LIMITS

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - fetched whole
        """Deliver the index if it is listed, as the port `SeriesSource` says."""
        if SERIES_ID not in {one.series_id for one in listed}:
            return gathered([], [])
        label = f"{SOURCE} {SERIES_ID}"
        try:
            with downloaded(self.url, "fsi.csv", label, self.limits) as path:
                rows = read_series(path, label, ["OFR FSI"])
        except SourceError as error:
            return gathered([], [Failure(SERIES_ID, str(error))])
        return gathered([rows.assign(series_id=SERIES_ID, source=SOURCE)[list(COLUMNS)]], [])
