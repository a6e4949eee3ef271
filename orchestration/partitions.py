"""The one partitions definition: a partition is an XNYS session. For tables whose source comes by session."""

from datetime import date
from functools import cache

import dagster as dg
import pandas as pd

from assets.sources.sessions import FIRST_DAY, NEW_YORK, xnys


@cache
def session_partitions(first_day: date = FIRST_DAY, last_day: date | None = None) -> dg.DailyPartitionsDefinition:
    """Sessions that have ended, by date: weekends and exchange holidays are left out.

    Offsets between partitions count sessions; a cron schedule of weekdays would let Friday end on Monday.

    Args:
        first_day: The first partition.
        last_day: The last partition where the market's own clock stands still; by default the calendar's end.
    """
    last = pd.Timestamp(last_day) if last_day else xnys().last_session
    holidays = pd.bdate_range(first_day, last).difference(xnys().sessions)
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(),
        end_date=(last + pd.Timedelta(days=1)).date().isoformat(),
        timezone=str(NEW_YORK),
        exclusions=["0 0 * * 6,0", *(day.to_pydatetime() for day in holidays)],
    )
