"""What runs by itself: the schedules follow the exchange's calendar, and a failed run leaves a trace."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import dagster as dg
import pandas as pd
import pytest

from assets.sources.availability import chain_settled_at
from assets.sources.sessions import sessions_decided_by, xnys
from orchestration.automation import failed_run_alert, refresh_after_close, refresh_before_open
from orchestration.definitions import build_defs
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse

# In the week of Thanksgiving, and the week after the clocks went forward.
WEEKDAYS = [*pd.bdate_range("2025-11-24", "2025-11-28"), *pd.bdate_range("2025-03-10", "2025-03-14")]
THANKSGIVING = date(2025, 11, 27)


def tick_on(schedule: dg.ScheduleDefinition, day: date) -> tuple[datetime, list[str | None], str | None]:
    """What a schedule does at its own hour: the time, the run keys it asks for, why it skips."""
    minute, hour, *_ = str(schedule.cron_schedule).split()
    zone = ZoneInfo(str(schedule.execution_timezone))
    at = datetime.combine(day, time(int(hour), int(minute)), tzinfo=zone)
    context = dg.build_schedule_context(scheduled_execution_time=at.astimezone(UTC))
    tick = schedule.evaluate_tick(context)
    return at, [request.run_key for request in tick.run_requests or []], tick.skip_message


def test_one_run_is_asked_for_on_each_session_after_its_decision_time() -> None:
    for weekday in WEEKDAYS:
        at, run_keys, _ = tick_on(refresh_after_close, weekday.date())
        if weekday.date() != THANKSGIVING:
            assert run_keys == [weekday.date().isoformat()]
            assert sessions_decided_by(at)[-1] == weekday


def test_another_is_asked_for_before_each_session_when_open_interest_has_settled() -> None:
    for weekday in WEEKDAYS:
        at, run_keys, _ = tick_on(refresh_before_open, weekday.date())
        if weekday.date() != THANKSGIVING:
            assert run_keys == [weekday.date().isoformat()]
            before = sessions_decided_by(at)[-1].date()
            assert chain_settled_at(before) <= at < xnys().session_open(weekday)


@pytest.mark.parametrize("schedule", [refresh_after_close, refresh_before_open], ids=lambda schedule: schedule.name)
def test_a_holiday_is_skipped_and_said_so(schedule: dg.ScheduleDefinition) -> None:
    _, run_keys, reason = tick_on(schedule, THANKSGIVING)
    assert (run_keys, reason) == ([], f"{THANKSGIVING} is not an XNYS session")


def test_a_failed_run_is_recorded_in_data_health(settings: Settings, catalogue: Catalogue) -> None:
    refresh = build_defs(settings).resolve_job_def("refresh")
    with dg.instance_for_test() as instance:
        # Nothing it reads has been stored yet.
        failed = refresh.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(["staging", "prices"])], raise_on_error=False
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run_alert",
            dagster_instance=instance,
            dagster_run=failed.dagster_run,
            dagster_event=failed.get_run_failure_event(),
        )
        failed_run_alert(settings, catalogue)(context.for_run_failure())
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        [alert] = warehouse.query("from marts.data_health where table_name = 'run'").to_dict("records")
    assert not failed.success
    assert (alert["check_name"], alert["severity"], alert["passed"]) == ("publication", "error", False)
    assert "staging__prices" in alert["detail"]
