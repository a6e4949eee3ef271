"""Sessions and publication rules."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from assets.sources.availability import price_bars
from assets.sources.errors import SourceError
from assets.sources.sessions import is_session, sessions, sessions_decided_by
from orchestration.partitions import session_partitions


def test_partitions_are_exactly_the_sessions() -> None:
    keys = session_partitions().get_partition_keys(current_time=datetime(2026, 1, 5, tzinfo=UTC))
    assert keys == [str(day.date()) for day in sessions(date(1990, 1, 2), date(2026, 1, 2))]
    # The day after Thanksgiving is a half day, a session all the same; Good Friday is none.
    assert session_partitions().has_partition_key("2025-11-28")
    assert not session_partitions().has_partition_key("2025-04-18")


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2200, 1, 2)])
def test_a_day_past_the_calendar_is_an_error_and_not_a_guess(day: date) -> None:
    with pytest.raises(SourceError, match=rf"XNYS calendar {day}: known from 1990-01-02 to"):
        is_session(day)


def test_a_session_counts_from_18_00_new_york() -> None:
    before, at = datetime(2025, 11, 21, 22, 59, tzinfo=UTC), datetime(2025, 11, 21, 23, 0, tzinfo=UTC)
    assert sessions_decided_by(before)[-1] == pd.Timestamp("2025-11-20")
    assert sessions_decided_by(at)[-1] == pd.Timestamp("2025-11-21")


@pytest.mark.parametrize(
    ("asset_class", "day", "known"),
    [
        ("index", "2025-11-21", "2025-11-21 23:00"),
        ("etf", "2025-07-03", "2025-07-03 22:00"),  # summer time, and a half day
        ("volatility", "2025-11-21", "2025-11-21 23:00"),
        ("crypto", "2025-11-21", "2025-11-22 00:00"),
        ("fx", "2025-07-03", "2025-07-03 23:00"),
        ("fx", "2025-11-21", "2025-11-22 00:00"),
    ],
)
def test_when_a_bar_is_known(asset_class: str, day: str, known: str) -> None:
    times = price_bars(pd.Series(pd.DatetimeIndex([day])), pd.Series([asset_class]))
    assert times.tolist() == [pd.Timestamp(known, tz="UTC")]
