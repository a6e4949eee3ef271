"""Positions of one made-up holder per cohort of the simulated market, reported each quarter."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from assets.models.simulated_market import index_mix
from assets.models.simulated_positioning import TILTS
from assets.sources.errors import Failure
from assets.sources.holdings import Filing, Holder, known_by_the_end_of
from assets.sources.simulated import FIRST_OF_STOCKS, LAST_SESSION, SOURCE
from assets.sources.simulated_members import INDEX, SimulatedMembers

# Days after the quarter's end on which the forms are due.
LAGS = {"hedge_funds": 45, "mutual_funds": 60}
EQUITIES_USD = 10e9
# Share of the equities in a company that is in no list of members.
OUTSIDE = 0.05
PRICE = 100.0


@dataclass(frozen=True)
class SimulatedHoldings:
    """The simulated holders' filings.

    What the index holds is `index_mix`, since its members have no weights; each holder departs from that by its
    cohort's tilts, always by the same.

    Attributes:
        last_session: The newest date on which a filing may have become public.
    """

    last_session: date = LAST_SESSION

    def filings(
        self,
        holders: Sequence[Holder],  # noqa: ARG002 - it has its own
        known: Collection[str],
    ) -> Iterator[Filing | Failure]:
        """Deliver the filings up to the last session, as the port `HoldingSource` says."""
        lists = SimulatedMembers().members(INDEX).rows
        first = lists[lists["list_date"] == lists["list_date"].min()]
        for cohort, tilts in TILTS.items():
            positions = _positions(first, tilts)
            for quarter in pd.date_range(FIRST_OF_STOCKS, self.last_session, freq="QE"):
                # A form that is due on a weekend is filed on the Monday.
                due = (quarter + pd.Timedelta(days=LAGS[cohort]) + pd.offsets.BDay(0)).date()
                filing_id = f"simulated {cohort} {quarter.date()}"
                if due < self.last_session and filing_id not in known:
                    yield Filing(
                        holder=f"simulated_{cohort}",
                        report_date=quarter.date(),
                        filing_id=filing_id,
                        adds=False,
                        available_at=known_by_the_end_of(due),
                        source=SOURCE,
                        left_out=0,
                        positions=positions,
                        cohort=cohort,
                    )


def _positions(members: pd.DataFrame, tilts: Mapping[str, float]) -> pd.DataFrame:
    """The index's weight of a sector and the tilt, in equal parts on its members, and one company outside the index."""
    sector_weight = members["sector"].map(
        {name: share + tilts.get(name, 0.0) / 100 for name, share in index_mix().items()}
    )
    weight = sector_weight / members.groupby("sector")["symbol"].transform("size")
    inside = pd.DataFrame(
        {
            "security": members["symbol"],
            "ticker": members["symbol"],
            "issuer": members["company"],
            "value_usd": EQUITIES_USD * (1 - OUTSIDE) * weight,
        }
    )
    outside = {
        "security": "SIMX",
        "ticker": None,
        "issuer": "Simulated company outside",
        "value_usd": EQUITIES_USD * OUTSIDE,
    }
    rows = pd.concat([inside, pd.DataFrame([outside])], ignore_index=True)
    return rows.assign(value_usd=rows["value_usd"].round(2), shares=(rows["value_usd"] / PRICE).round())
