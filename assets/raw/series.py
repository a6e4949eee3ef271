"""Fills raw.series from the profile's series source."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.availability import squeezemetrics


def fill(inputs: Inputs) -> Filled:
    """The source's numbers with the time each became known, columns as in sql/raw/series.sql.

    Raises:
        SourceError: If something is there and cannot be read.
    """
    delivery = inputs.sources.series.series()
    rows = delivery.rows.rename(columns={"date": "series_date", "value": "series_value"})
    known = squeezemetrics(pd.DatetimeIndex(rows["series_date"]))
    return Filled(rows.assign(available_at=known), delivery.failures)
