"""XNYS sessions, from exchange_calendars. A date past the calendar's bounds is an error, never a guess."""

from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pandas as pd

from assets.sources.errors import SourceError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(1990, 1, 2)
# Methods 0.1: an estimate for session t uses what was known at 18:00 New York on t.
DECISION_TIME = time(18)


@cache
def xnys() -> "ExchangeCalendar":
    """The New York Stock Exchange's calendar since 1990."""
    import exchange_calendars  # noqa: PLC0415 - costs a second that printing a note need not wait for

    return exchange_calendars.get_calendar("XNYS", start=pd.Timestamp(FIRST_DAY))


def sessions(first: date, last: date) -> pd.DatetimeIndex:
    """Sessions from `first` to `last`, both included, as naive midnights.

    Raises:
        SourceError: If the calendar does not reach that far.
    """
    calendar = xnys()
    low, high = FIRST_DAY, calendar.last_session.date()
    for day in (first, last):
        if not low <= day <= high:
            raise SourceError("XNYS calendar", f"known from {low} to {high} only", day=day)
    return pd.DatetimeIndex(calendar.sessions_in_range(pd.Timestamp(first), pd.Timestamp(last)))


def is_session(day: date) -> bool:
    """Whether the exchange trades on that day.

    Raises:
        SourceError: If the calendar does not reach that far.
    """
    return len(sessions(day, day)) == 1


def session_on_or_before(day: date, opened_by: datetime | None = None) -> date:
    """The last session on or before a day; with `opened_by`, the last that had opened by that time.

    Raises:
        SourceError: If the calendar does not reach that far.
    """
    days = sessions(FIRST_DAY, day)
    if opened_by is not None and xnys().session_open(days[-1]) > pd.Timestamp(opened_by):
        days = days[:-1]
    if days.empty:
        raise SourceError("XNYS calendar", f"known from {FIRST_DAY} only", day=day)
    last: date = days[-1].date()
    return last


def decision_times(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """18:00 New York on each day, in UTC."""
    return at_new_york(days, DECISION_TIME)


def at_new_york(days: pd.DatetimeIndex, clock: time) -> pd.DatetimeIndex:
    """A New York wall time on each day, in UTC."""
    offset = pd.Timedelta(hours=clock.hour, minutes=clock.minute)
    return (days + offset).tz_localize(NEW_YORK).tz_convert("UTC")


def sessions_decided_by(now: datetime) -> pd.DatetimeIndex:
    """Sessions since 1990 whose decision time has come.

    Args:
        now: A timezone-aware time.
    """
    days = sessions(FIRST_DAY, now.astimezone(NEW_YORK).date())
    return days[decision_times(days) <= pd.Timestamp(now)]
