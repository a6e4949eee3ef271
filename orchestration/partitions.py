"""The one partitions definition: a partition is an XNYS session. For tables whose source comes by session."""

from functools import cache

import dagster as dg
import pandas as pd

from assets.sources.sessions import FIRST_DAY, NEW_YORK, xnys


@cache
def session_partitions() -> dg.DailyPartitionsDefinition:
    """Sessions since 1990 that have ended, by date: weekends and exchange holidays are left out.

    Offsets between partitions count sessions; a cron schedule of weekdays would let Friday end on Monday.
    """
    last = xnys().last_session
    holidays = pd.bdate_range(FIRST_DAY, last).difference(xnys().sessions)
    return dg.DailyPartitionsDefinition(
        start_date=FIRST_DAY.isoformat(),
        end_date=(last + pd.Timedelta(days=1)).date().isoformat(),
        timezone=str(NEW_YORK),
        exclusions=["0 0 * * 6,0", *(day.to_pydatetime() for day in holidays)],
    )
