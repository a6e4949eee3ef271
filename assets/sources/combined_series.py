"""Several sources of series as one, each asked for the series that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assets.sources.prices import Delivery
from assets.sources.series import ListedSeries, SeriesSource, gathered


@dataclass(frozen=True)
class CombinedSeries:
    """A series source that asks others, none of which has a series of another.

    Attributes:
        sources: Asked one after the other.
    """

    sources: tuple[SeriesSource, ...]

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:
        """Deliver what each of them does, as the port `SeriesSource` says."""
        deliveries = [source.series(listed, known) for source in self.sources]
        rows = [delivery.rows for delivery in deliveries if len(delivery.rows)]
        return gathered(rows, [failure for delivery in deliveries for failure in delivery.failures])
