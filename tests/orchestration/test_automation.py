"""What runs by itself: the schedule follows the exchange's calendar, and a failed run leaves a trace."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from assets.sources.sessions import NEW_YORK, sessions, sessions_decided_by
from orchestration.automation import failed_run_alert, refresh_after_close
from orchestration.definitions import build_defs
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse

THANKSGIVING = date(2025, 11, 27)


@pytest.mark.parametrize(
    ("monday", "friday"),
    [(date(2025, 11, 24), date(2025, 11, 28)), (date(2025, 3, 10), date(2025, 3, 14))],
    ids=["the week of Thanksgiving", "the week after the clocks change"],
)
def test_the_schedule_asks_for_one_run_per_session_once_it_can_be_decided(monday: date, friday: date) -> None:
    midnight = datetime(monday.year, monday.month, monday.day, tzinfo=NEW_YORK)
    ticks = refresh_after_close.execution_time_iterator(midnight.timestamp())
    requested = []
    while (tick := next(ticks)).date() <= friday:
        context = dg.build_schedule_context(scheduled_execution_time=tick.astimezone(UTC))
        requests = refresh_after_close.evaluate_tick(context).run_requests or []
        requested += [request.run_key for request in requests]
        assert not requests or sessions_decided_by(tick)[-1].date() == tick.date()
    assert requested == [day.date().isoformat() for day in sessions(monday, friday)]


def test_the_schedule_says_why_it_skips_a_holiday() -> None:
    evening = datetime(2025, 11, 27, 18, 30, tzinfo=NEW_YORK)
    tick = refresh_after_close.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=evening))
    assert not tick.run_requests
    assert tick.skip_message == f"{THANKSGIVING} is not an XNYS session"


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
    print(alert)
    assert not failed.success
