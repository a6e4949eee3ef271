"""Lists of the simulated S&P 500's members: made-up companies, two lists, one change between them."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from assets.models.simulated_market import SECTOR_TRAITS
from assets.sources.members import COLUMNS, gathered
from assets.sources.prices import Delivery
from assets.sources.simulated import LAST_SESSION, SOURCE

SECTORS = tuple(sorted(SECTOR_TRAITS))
PER_SECTOR = 5
COUNT = PER_SECTOR * len(SECTORS)
INDEX = "SPX"
ADDED = date(2017, 12, 18)
# The simulated index has changed on the days on which the real one is rebalanced.
ADDED_LATER = {
    8: date(2023, 6, 20),
    21: date(2023, 12, 18),
    34: date(2024, 6, 24),
    47: date(2024, 12, 23),
    55: date(2025, 12, 22),
}
# Those of whom no list tells when they were added.
UNDATED = (13, 40)
REMOVED = {51: date(2025, 12, 22)}
LISTS = (date(2024, 12, 31), date(2025, 12, 22))


@dataclass(frozen=True)
class SimulatedMembers:
    """The simulated index's lists of members.

    Attributes:
        last_session: The newest date of a list to deliver.
    """

    last_session: date = LAST_SESSION

    def members(self, index_symbol: str) -> Delivery:
        """Deliver the lists up to the last session, as the port `MemberSource` says."""
        dates = [list_date for list_date in LISTS if list_date <= self.last_session]
        return gathered([_list(list_date) for list_date in dates] if index_symbol == INDEX else [], [])


def _list(list_date: date) -> pd.DataFrame:
    belongs = [ADDED_LATER.get(n, ADDED) <= list_date < REMOVED.get(n, date.max) for n in range(1, COUNT + 1)]
    rows = [
        {
            "symbol": f"SIM{n:02}",
            "company": f"Simulated company {n:02}",
            "sector": SECTORS[(n - 1) // PER_SECTOR],
            "sub_industry": None,
            "added_date": None if n in UNDATED else pd.Timestamp(ADDED_LATER.get(n, ADDED)),
        }
        for n, is_member in enumerate(belongs, 1)
        if is_member
    ]
    members = pd.DataFrame(rows).assign(index_symbol=INDEX, list_date=pd.Timestamp(list_date), source=SOURCE)
    return members.astype(dict.fromkeys(("list_date", "added_date"), "datetime64[us]"))[list(COLUMNS)]
