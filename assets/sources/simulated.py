"""The simulated market as a source: seeded, deterministic, without a network; every row says `simulated`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import pandas as pd

from assets.models.simulated_market import STATE_UNITS, SimulatedMarket, simulate, simulate_latent
from assets.models.simulated_positioning import TILTS, UNIT, variable
from assets.sources.errors import SourceError
from assets.sources.prices import COLUMNS, Delivery, Instrument
from assets.sources.sessions import DECISION_TIME, NEW_YORK, sessions

SOURCE = "simulated"
# Chosen among many for levels and a final sell-off near those of 2025.
SEED = 2721
FIRST_SESSION = date(2018, 1, 2)
LAST_SESSION = date(2025, 12, 31)
# Members of the index have a shorter history, as they are many.
FIRST_OF_STOCKS = date(2023, 1, 3)
# The simulated market's now: the decision time of its last session.
CLOCK = datetime.combine(LAST_SESSION, DECISION_TIME, NEW_YORK)


@dataclass(frozen=True)
class SimulatedPrices:
    """Daily bars of the simulated market.

    Attributes:
        last_session: The newest date to deliver.
    """

    last_session: date = LAST_SESSION

    def prices(self, instruments: Sequence[Instrument], known: pd.DataFrame) -> Delivery:  # noqa: ARG002
        """Deliver all bars up to the last session; what is already known never changes.

        Raises:
            SourceError: If no instrument was asked for.
        """
        if not instruments:
            raise SourceError(SOURCE, "no instruments to deliver")
        bars = market(tuple(instruments)).bars
        stocks = {one.symbol for one in instruments if one.asset_class == "stock"}
        delivered = (bars["date"] >= pd.Timestamp(FIRST_OF_STOCKS)) | ~bars["symbol"].isin(stocks)
        rows = bars[delivered & (bars["date"] <= pd.Timestamp(self.last_session))].assign(source=SOURCE)
        return Delivery(rows[list(COLUMNS)].reset_index(drop=True))


@cache
def truth() -> pd.DataFrame:
    """The latent state in long form: session (datetime64), variable, truth, truth_unit."""
    state = simulate_latent(sessions(FIRST_SESSION, LAST_SESSION), SEED).state
    rows = state.rename_axis("session").reset_index().melt("session", var_name="variable", value_name="truth")
    return rows.assign(truth_unit=rows["variable"].map(STATE_UNITS))


@cache
def positioning_truth() -> pd.DataFrame:
    """What the cohorts of funds truly hold against the index, columns as of `truth`; the same on every session."""
    tilts = pd.DataFrame(
        [(variable(cohort, sector), points) for cohort, of in TILTS.items() for sector, points in of.items()],
        columns=["variable", "truth"],
    )
    days = pd.DataFrame({"session": sessions(FIRST_SESSION, LAST_SESSION)})
    return days.merge(tilts, how="cross").assign(truth_unit=UNIT)


@cache
def market(instruments: tuple[Instrument, ...]) -> SimulatedMarket:
    """The simulated market of some instruments, up to its last session; held once worked out."""
    frame = pd.DataFrame(instruments).rename(columns={"asset_class": "class"})
    return simulate(sessions(FIRST_SESSION, LAST_SESSION), frame, SEED)
