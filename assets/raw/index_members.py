"""Fills raw.index_members from the profile's source of membership lists."""

from datetime import datetime

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.datahub import SOURCE as DATAHUB
from assets.sources.errors import Failure
from assets.sources.members import COLUMNS
from assets.sources.prices import Delivery
from assets.sources.sessions import DECISION_TIME, NEW_YORK, at_new_york

INDEX = "SPX"


def fill(inputs: Inputs) -> Filled:
    """The source's lists with the time each membership became known, columns as in sql/raw/index_members.sql.

    Additions are announced before they take effect: a member is known as such from the decision time of the day on
    which it was added. It is from that of the list's date where the list does not tell that day, where the day is not
    before it, and where an earlier list without the symbol contradicts: symbols that took the place of another one
    bear the other's date. A list of a day to come is a failure.
    """
    rows, failures = _without_those_to_come(inputs.sources.members.members(INDEX), inputs.now)
    stored = inputs.query(
        f"""
        select {", ".join(COLUMNS)} from raw.index_members
        where index_symbol = '{INDEX}'
        qualify row_number() over (partition by list_date, symbol, source order by observed_at desc) = 1
        """
    )
    if rows.empty or (rows["source"].eq(DATAHUB).all() and _says_the_same(rows, stored)):
        return Filled(pd.DataFrame(), failures)
    lacked_on = _lacked_on(rows, pd.concat([*([stored] if len(stored) else []), rows]))
    is_believed = (rows["added_date"] < rows["list_date"]) & ~(rows["added_date"] < lacked_on)
    known_on = rows["added_date"].where(is_believed, rows["list_date"])
    available_at = at_new_york(pd.DatetimeIndex(known_on), DECISION_TIME)
    return Filled(rows.assign(available_at=available_at), failures)


def _without_those_to_come(delivery: Delivery, now: datetime) -> tuple[pd.DataFrame, tuple[Failure, ...]]:
    rows, failures = delivery.rows, list(delivery.failures)
    if rows.empty:
        return rows, tuple(failures)
    to_come = rows["list_date"] > pd.Timestamp(now.astimezone(NEW_YORK).date())
    for list_date, source in rows.loc[to_come, ["list_date", "source"]].drop_duplicates().itertuples(index=False):
        failures.append(Failure(INDEX, f"{source}: the list of {list_date.date()} is dated after the run"))
    return rows[~to_come].reset_index(drop=True), tuple(failures)


def _says_the_same(rows: pd.DataFrame, stored: pd.DataFrame) -> bool:
    """Whether a list without a date of its own, and so of the day, says what the newest stored one before it says."""
    before = stored[stored["list_date"] < rows["list_date"].min()]
    return _content(rows) == _content(before[before["list_date"] == before["list_date"].max()])


def _content(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return sorted(rows.drop(columns="list_date").astype("string").fillna("").itertuples(index=False, name=None))


def _lacked_on(rows: pd.DataFrame, lists: pd.DataFrame) -> pd.Series:
    """For each row the date of the newest earlier list that lacks its symbol; missing where none does."""
    has = pd.crosstab(lists["list_date"], lists["symbol"]).astype(bool)
    dates = has.index.to_series()
    lacked = has.apply(dates.mask).ffill().shift()
    by_list_and_symbol = lacked.melt(ignore_index=False).set_index("symbol", append=True)["value"]
    return by_list_and_symbol.reindex(pd.MultiIndex.from_frame(rows[["list_date", "symbol"]])).set_axis(rows.index)
