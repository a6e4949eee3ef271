"""The series port: what every source of dated numbers that are not prices takes and gives."""

from typing import Protocol

import pandas as pd

from assets.sources.prices import Delivery

# series_id names the publisher and the quantity; value is in the publisher's own unit.
COLUMNS = ("series_id", "date", "value", "source")


class SeriesSource(Protocol):
    """A place series come from."""

    def series(self) -> Delivery:
        """Deliver every series there is, one row per series and date, columns `COLUMNS`.

        Raises:
            SourceError: If something is there and cannot be read.
        """
        ...


class NoSeries:
    """A profile without series."""

    def series(self) -> Delivery:
        """Nothing."""
        return Delivery(pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS}))
