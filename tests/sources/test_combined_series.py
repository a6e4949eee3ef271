"""Several sources of series as one: rows and failures of each, whatever becomes of the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from assets.sources.combined_series import CombinedSeries
from assets.sources.errors import Failure
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries, NoSeries, gathered

KNOWN = pd.DataFrame({"series_id": ["NFCI"], "date": pd.to_datetime(["2025-11-14"]), "value": [-0.5]})
LISTED = [ListedSeries("NFCI", "NFCI"), ListedSeries("OFR_FSI")]


@dataclass
class Given:
    """A source that has one series, or fails to deliver it, and remembers what it was asked."""

    series_id: str
    fails: bool = False
    asked: list[object] = field(default_factory=list)

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:
        """As the port says."""
        self.asked += [listed, known]
        if self.fails:
            return gathered([], [Failure(self.series_id, "lost")])
        row = (self.series_id, pd.Timestamp("2025-11-21"), 1.0, "given")
        return gathered([pd.DataFrame([row], columns=list(COLUMNS))], [])


def test_each_is_asked_for_everything_and_delivers_its_own() -> None:
    one, other = Given("NFCI"), Given("OFR_FSI")
    delivery = CombinedSeries((one, NoSeries(), other)).series(LISTED, KNOWN)
    assert delivery.rows["series_id"].tolist() == ["NFCI", "OFR_FSI"]
    assert pd.api.types.is_datetime64_any_dtype(delivery.rows["date"])
    assert delivery.failures == ()
    assert one.asked == other.asked == [LISTED, KNOWN]


def test_the_failure_of_one_leaves_the_other_alone() -> None:
    delivery = CombinedSeries((Given("NFCI", fails=True), Given("OFR_FSI"))).series(LISTED, KNOWN)
    assert delivery.rows["series_id"].tolist() == ["OFR_FSI"]
    assert delivery.failures == (Failure("NFCI", "lost"),)


def test_nothing_from_all_is_nothing() -> None:
    delivery = CombinedSeries((NoSeries(), NoSeries())).series(LISTED, KNOWN)
    assert (tuple(delivery.rows.columns), len(delivery.rows), delivery.failures) == (COLUMNS, 0, ())
