"""Lists of an index's members from a folder of vendor files.

Layout: `reference/sp500_members_<YYYY-MM-DD>.csv` names the members of the S&P 500 on the date in its name, one per
row, in the columns Symbol, Security, GICS Sector, GICS Sub-Industry and Date added (YYYY-MM-DD or empty), in any order.
There may be any number of lists, or none.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from assets.sources.errors import Failure, SourceError
from assets.sources.member_csv import read_members
from assets.sources.members import gathered
from assets.sources.prices import Delivery

_PREFIXES = {"SPX": "sp500_members_"}


@dataclass(frozen=True)
class FileMembers:
    """A member source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds reference/.
    """

    folder: Path

    def members(self, index_symbol: str) -> Delivery:
        """Deliver the lists that there are files of, as the port `MemberSource` says."""
        prefix = _PREFIXES.get(index_symbol)
        delivered: list[pd.DataFrame] = []
        failures: list[Failure] = []
        for path in sorted(self.folder.glob(f"reference/{prefix}*.csv")) if prefix else []:
            source = f"files/{path.parent.name}"
            label = f"{source}/{path.name}"
            try:
                list_date = _date(path.stem.removeprefix(str(prefix)), label)
                delivered.append(read_members(path, label, index_symbol, list_date, source))
            except SourceError as error:
                failures.append(Failure(index_symbol, str(error)))
        return gathered(delivered, failures)


def _date(text: str, label: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise SourceError(label, f"its name ends in {text!r:.60}, not a date YYYY-MM-DD")
    return day
