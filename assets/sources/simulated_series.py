"""Short rates of the simulated market as a source: seeded, deterministic, without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import pandas as pd

from assets.models.simulated_rates import daily_rates_abroad, dollar_rates, monthly_rates_abroad
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries, gathered
from assets.sources.sessions import sessions
from assets.sources.simulated import FIRST_SESSION, LAST_SESSION, SEED, SOURCE, truth


@dataclass(frozen=True)
class SimulatedSeries:
    """The simulated market's short rates; it has no others of the listed series.

    Attributes:
        last_session: The newest session whose numbers to deliver.
    """

    last_session: date = LAST_SESSION

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - never changes
        """Deliver the listed rates up to the last session: dollar and European ones daily, the others monthly."""
        rows = _rows(self.last_session)
        wanted = rows[rows["series_id"].isin([one.series_id for one in listed])]
        return gathered([wanted] if len(wanted) else [], [])


@cache
def _rows(last_session: date) -> pd.DataFrame:
    """Every rate in the port's columns."""
    days = sessions(FIRST_SESSION, last_session)
    state = truth()
    bill_yield = state[state["variable"] == "bill_yield"].set_index("session")["truth"].loc[days].to_numpy()
    tables = (
        dollar_rates(days, bill_yield, SEED),
        daily_rates_abroad(days, SEED),
        monthly_rates_abroad(days, SEED),
    )
    long = [table.rename_axis("date").reset_index().melt("date", var_name="series_id") for table in tables]
    return pd.concat(long, ignore_index=True).assign(source=SOURCE)[list(COLUMNS)]
