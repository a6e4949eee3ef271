"""Publication rules: when anyone could first have known a value.

The times are those of the publishers' own schedules (exchange and index-provider notices). A rule is
about the first publication; what is corrected later becomes available when the correction is observed.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import cache

import numpy as np
import pandas as pd
from pandas.tseries.holiday import GoodFriday, USFederalHolidayCalendar

from assets.sources.errors import SourceError
from assets.sources.sessions import DECISION_TIME, FIRST_DAY, at_new_york, xnys

_UTC_DAY_END = pd.Timedelta(days=1)
# Quotes of index options end 15 minutes after the close and are shown 15 minutes late.
_CHAIN_AFTER_CLOSE = pd.Timedelta(hours=1)
_OPEN_INTEREST_SETTLED = time(7, 30)
_NAV_PUBLISHED = time(21)
_SOFR_PUBLISHED, _EFFR_PUBLISHED, _NFCI_PUBLISHED = time(8), time(9), time(8, 30)
_SONIA_PUBLISHED = pd.Timedelta(hours=9)
_OECD_LAG = pd.Timedelta(days=45)


def price_bars(days: pd.Series, asset_class: pd.Series) -> pd.Series:
    """When a daily bar is complete and public.

    Exchange-traded prices, index levels and yields are final by 18:00 New York on their own date (closing
    auction 16:00, VIX 16:15, futures settlements 17:00). Index levels such as VVIX and SKEW count from
    then too: they are disseminated live, although Cboe's history file carries them the next morning.
    A fund's net asset value is struck at the close and published in the evening, by 21:00 New York. A
    cryptocurrency's bar ends at midnight UTC and a currency's at midnight London. All three are after the New
    York decision time and belong to the next session.

    Args:
        days: The bars' own dates, naive midnights.
        asset_class: `class` of reference.instruments, aligned with `days`.

    Returns:
        Times in UTC, aligned with `days`.
    """
    dates = pd.DatetimeIndex(days)
    known = pd.Series(at_new_york(dates, DECISION_TIME), index=days.index)
    fund = (asset_class == "fund").to_numpy()
    known[fund] = at_new_york(dates[fund], _NAV_PUBLISHED)
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


def sofr(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the SOFR of these dates is published: at 08:00 New York on the next business day."""
    return at_new_york(_us_business_days_after(days, 1), _SOFR_PUBLISHED)


def effr(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the effective federal funds rate of these dates is published: at 09:00 New York on the next business day."""
    return at_new_york(_us_business_days_after(days, 1), _EFFR_PUBLISHED)


def ecb_key_rates(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the ECB's rates of these dates are known: on the date, as they are announced days before they apply."""
    return at_new_york(days, DECISION_TIME)


def sonia(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the SONIA of these dates is published: at 09:00 London on the next business day there.

    Raises:
        SourceError: If a date lies outside the calendar.
    """
    business_days = _london_business_days()
    next_one = business_days.searchsorted(days, side="right")
    outside = (next_one == 0) | (next_one == len(business_days))
    if outside.any():
        known = f"known from {business_days[0].date()} to {business_days[-1].date()} only"
        raise SourceError("XLON calendar", known, day=days[int(outside.argmax())].date())
    return (business_days[next_one] + _SONIA_PUBLISHED).tz_localize("Europe/London").tz_convert("UTC")


def oecd_monthly(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the OECD's averages of the months that begin on these dates are taken as known: 45 days after their end."""
    return at_new_york(days + pd.offsets.MonthEnd(0) + _OECD_LAG, DECISION_TIME)


def ofr_fsi(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the OFR's stress index of these dates is taken as known: at 18:00 New York two business days later.

    The OFR says no time. A vendor's page had taken over the numbers of three dates of 2026 between 10:00 and 11:00 on
    that day.
    """
    return at_new_york(_us_business_days_after(days, 2), DECISION_TIME)


def nfci(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the Chicago Fed's indices of the weeks that end on these dates are published: on Wednesday, 08:30 New York.

    With a federal holiday on that Wednesday or earlier in its week, on Thursday: three business days after the Friday.
    """
    return at_new_york(_us_business_days_after(days, 3), _NFCI_PUBLISHED)


def stlfsi(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When the St. Louis Fed's index of the weeks that end on these dates is taken as known: the Thursday after.

    FRED had it on Thursdays between 08:00 and 10:00 New York in 2022 and 2024, and may have had it a day earlier in
    2026; 18:00 on the fourth business day is late enough for all of them.
    """
    return at_new_york(_us_business_days_after(days, 4), DECISION_TIME)


# By `release` of reference.series_catalog. Each rule takes the numbers' own dates, naive midnights, and gives the times
# of their publication in UTC.
RELEASES: Mapping[str, Callable[[pd.DatetimeIndex], pd.DatetimeIndex]] = {
    rule.__name__: rule
    for rule in (squeezemetrics, sofr, effr, ecb_key_rates, sonia, oecd_monthly, ofr_fsi, nfci, stlfsi)
}


def _us_business_days_after(days: pd.DatetimeIndex, count: int) -> pd.DatetimeIndex:
    """The business day so many after each date: a weekday that is neither a federal holiday nor Good Friday.

    A holiday on a Saturday counts on the Friday before, when the Reserve Banks publish all the same, which makes a
    number known a session late. Good Friday counts as a holiday, although some publish on it: what comes out on the
    next business day is then known by the same session, as the exchange is closed.
    """
    dates = days.to_numpy().astype("datetime64[D]")
    after = np.busday_offset(dates, count, roll="backward", busdaycal=_us_business_days())
    return pd.DatetimeIndex(after).as_unit("us")


@cache
def _us_business_days() -> np.busdaycalendar:
    holidays = USFederalHolidayCalendar(rules=[*USFederalHolidayCalendar.rules, GoodFriday]).holidays()
    return np.busdaycalendar(holidays=holidays.to_numpy().astype("datetime64[D]"))


@cache
def _london_business_days() -> pd.DatetimeIndex:
    """The London Stock Exchange's trading days, which are the business days of the Bank of England."""
    import exchange_calendars  # noqa: PLC0415 - see sessions.xnys

    return pd.DatetimeIndex(exchange_calendars.get_calendar("XLON", start=pd.Timestamp(FIRST_DAY)).sessions)
