"""Fills raw.index_members from the profile's source of membership lists."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.members import COLUMNS
from assets.sources.sessions import DECISION_TIME, at_new_york

INDEX = "SPX"


def fill(inputs: Inputs) -> Filled:
    """The source's lists with the time each membership became known, columns as in sql/raw/index_members.sql.

    Additions are announced before they take effect: a member is known as such from the decision time of the day on
    which it was added. It is from that of the list's date where the list does not tell that day, where the day is not
    before it, and where an earlier list without the symbol contradicts: symbols that took the place of another one
    bear the other's date.
    """
    delivery = inputs.sources.members.members(INDEX)
    stored = inputs.query(
        f"""
        select {", ".join(COLUMNS)} from raw.index_members
        where index_symbol = '{INDEX}'
        qualify row_number() over (partition by list_date, symbol, source order by observed_at desc) = 1
        """
    )
    lists = _that_say_something_new(delivery.rows, stored)
    if not lists:
        return Filled(pd.DataFrame(), delivery.failures)
    rows = pd.concat(lists, ignore_index=True)
    lacked_on = _lacked_on(rows, pd.concat([*([stored] if len(stored) else []), rows]))
    is_believed = (rows["added_date"] < rows["list_date"]) & ~(rows["added_date"] < lacked_on)
    known_on = rows["added_date"].where(is_believed, rows["list_date"])
    available_at = at_new_york(pd.DatetimeIndex(known_on), DECISION_TIME)
    return Filled(rows.assign(available_at=available_at), delivery.failures)


def _that_say_something_new(delivered: pd.DataFrame, stored: pd.DataFrame) -> list[pd.DataFrame]:
    """The lists without those that follow, after the newest stored one, on a list that says the same."""
    last = stored[stored["list_date"] == stored["list_date"].max()]
    kept = []
    for list_date, rows in delivered.groupby("list_date"):
        follows = last.empty or list_date > last["list_date"].max()
        if not (follows and _content(rows) == _content(last)):
            kept.append(rows)
        if follows:
            last = rows
    return kept


def _content(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return sorted(rows.drop(columns="list_date").astype("string").fillna("").itertuples(index=False, name=None))


def _lacked_on(rows: pd.DataFrame, lists: pd.DataFrame) -> pd.Series:
    """For each row the date of the newest earlier list that lacks its symbol; missing where none does."""
    has = pd.crosstab(lists["list_date"], lists["symbol"]).astype(bool)
    dates = has.index.to_series()
    lacked = has.apply(dates.mask).ffill().shift()
    by_list_and_symbol = lacked.melt(ignore_index=False).set_index("symbol", append=True)["value"]
    return by_list_and_symbol.reindex(pd.MultiIndex.from_frame(rows[["list_date", "symbol"]])).set_axis(rows.index)
