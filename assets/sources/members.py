"""The members port: what every source of an index's membership lists takes and gives."""

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from assets.sources.errors import Failure
from assets.sources.prices import Delivery, gather

COLUMNS = ("index_symbol", "list_date", "symbol", "company", "sector", "sub_industry", "added_date", "source")


class MemberSource(Protocol):
    """A place lists of an index's members come from."""

    def members(self, index_symbol: str) -> Delivery:
        """Deliver the lists there are of an index: one row per list and member, columns `COLUMNS`.

        `list_date` is the list's own date (datetime64): it names every member of that day, so that a symbol that a
        later list lacks has left. `symbol` is the ticker, a class of shares behind a dot (BRK.B). `sub_industry` and
        `added_date` (datetime64, the first day of membership) are missing where the list does not tell.

        Args:
            index_symbol: The index, by its symbol in this project.

        A list that cannot be delivered whole is a failure and not in the rows, named by its index. None stops a run,
        not even if all fail: what needs the members says so.
        """
        ...


class NoMembers:
    """A profile without lists of members."""

    def members(self, index_symbol: str) -> Delivery:  # noqa: ARG002 - see the port
        """Nothing."""
        return gathered([], [])


def gathered(frames: Sequence[pd.DataFrame], failures: Sequence[Failure]) -> Delivery:
    """One delivery of many lists.

    Args:
        frames: The lists that came through, columns `COLUMNS`.
        failures: Those that did not.
    """
    return gather(COLUMNS, frames, failures)
