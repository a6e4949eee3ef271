"""Today's members of the S&P 500 from DataHub's public list, which follows Wikipedia's. Needs no key.

    GET https://raw.githubusercontent.com/datasets/s-and-p-500-companies/main/data/constituents.csv

    Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded

The list has no date of its own: it counts as that of the day on which it was fetched.
"""

from dataclasses import dataclass
from datetime import datetime

from assets.sources.download import DEFAULT_LIMITS, Limits, downloaded
from assets.sources.errors import Failure, SourceError
from assets.sources.member_csv import read_members
from assets.sources.members import gathered
from assets.sources.prices import Delivery
from assets.sources.sessions import NEW_YORK

SOURCE = "datahub"
BASE_URL = "https://raw.githubusercontent.com/datasets/s-and-p-500-companies/main"
_LISTS = {"SPX": "data/constituents.csv"}


@dataclass(frozen=True)
class DatahubMembers:
    """A member source that asks DataHub.

    Attributes:
        now: The time of the run, timezone-aware.
        base_url: The address of the data set.
        limits: What the download may take.

    Raises:
        ValueError: If `now` has no time zone.
    """

    now: datetime
    base_url: str = BASE_URL
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        """Refuse a clock whose time zone would have to be guessed."""
        if self.now.tzinfo is None:
            raise ValueError(f"now must be timezone-aware, got {self.now}")

    def members(self, index_symbol: str) -> Delivery:
        """Deliver today's list, by New York's date, as the port `MemberSource` says."""
        if index_symbol not in _LISTS:
            return gathered([], [])
        url = f"{self.base_url}/{_LISTS[index_symbol]}"
        today = self.now.astimezone(NEW_YORK).date()
        try:
            with downloaded(url, "members.csv", SOURCE, self.limits) as path:
                return gathered([read_members(path, f"{SOURCE} {url}", index_symbol, today, SOURCE)], [])
        except SourceError as error:
            return gathered([], [Failure(index_symbol, str(error))])
