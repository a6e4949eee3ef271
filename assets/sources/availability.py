"""Publication rules: when anyone could first have known a value.

The times are those of the publishers' own schedules (exchange and index-provider notices). A rule is
about the first publication; what is corrected later becomes available when the correction is observed.
"""

from datetime import date, datetime, time

import pandas as pd

from assets.sources.sessions import DECISION_TIME, at_new_york, xnys

_UTC_DAY_END = pd.Timedelta(days=1)
# Quotes of index options end 15 minutes after the close and are shown 15 minutes late.
_CHAIN_AFTER_CLOSE = pd.Timedelta(hours=1)
_OPEN_INTEREST_SETTLED = time(7, 30)


def price_bars(days: pd.Series, asset_class: pd.Series) -> pd.Series:
    """When a daily bar is complete and public.

    Exchange-traded prices, index levels and yields are final by 18:00 New York on their own date (closing
    auction 16:00, VIX 16:15, futures settlements 17:00). Index levels such as VVIX and SKEW count from
    then too: they are disseminated live, although Cboe's history file carries them the next morning.
    A cryptocurrency's bar ends at midnight UTC and a currency's at midnight London, which is after the
    New York decision time: both belong to the next session.

    Args:
        days: The bars' own dates, naive midnights.
        asset_class: `class` of reference.instruments, aligned with `days`.

    Returns:
        Times in UTC, aligned with `days`.
    """
    dates = pd.DatetimeIndex(days)
    known = pd.Series(at_new_york(dates, DECISION_TIME), index=days.index)
    crypto = (asset_class == "crypto").to_numpy()
    known[crypto] = dates[crypto].tz_localize("UTC") + _UTC_DAY_END
    fx = (asset_class == "fx").to_numpy()
    known[fx] = (dates[fx] + _UTC_DAY_END).tz_localize("Europe/London").tz_convert("UTC")
    return known


def chain_closed_at(session: date) -> datetime:
    """When a session's closing quotes stand in the delayed chain, with the open interest of the session before."""
    known: datetime = (xnys().session_close(pd.Timestamp(session)) + _CHAIN_AFTER_CLOSE).to_pydatetime()
    return known


def chain_settled_at(session: date) -> datetime:
    """When the chain shows the session's own open interest: in the morning of the next weekday.

    Chains downloaded on Saturday 2026-06-13 still had Thursday's open interest, those of the holidays Friday
    2026-06-19 and 2026-07-03 the one that stood in the next session's chain.
    """
    next_weekday = pd.DatetimeIndex([pd.Timestamp(session) + pd.offsets.BDay(1)])
    known: datetime = at_new_york(next_weekday, _OPEN_INTEREST_SETTLED)[0].to_pydatetime()
    return known


def squeezemetrics(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When SqueezeMetrics' figures of these dates are published: by the decision time of their own session."""
    return at_new_york(days, DECISION_TIME)
