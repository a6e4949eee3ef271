"""What runs by itself: the daily refresh, its schedule, and the alert when a run fails."""

from typing import Any

import dagster as dg

from assets.sources.sessions import NEW_YORK, is_session
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse

# Which profile a run from the command line used; runs from the UI use that of the UI.
PROFILE_TAG = "undertow/profile"

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Lands the newest data, rebuilds every table and publishes.",
)


def _on_sessions(name: str, cron: str, description: str) -> dg.ScheduleDefinition:
    """A schedule of the refresh on days on which the exchange trades, none on its holidays."""

    @dg.schedule(
        name=name,
        job=refresh_job,
        cron_schedule=cron,
        execution_timezone=str(NEW_YORK),
        description=description,
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.astimezone(NEW_YORK).date()
        if not is_session(day):
            return dg.SkipReason(f"{day} is not an XNYS session")
        return dg.RunRequest(run_key=day.isoformat(), tags={"undertow/session": day.isoformat()})

    return schedule


refresh_after_close = _on_sessions(
    "refresh_after_close", "30 18 * * 1-5", "Half an hour after the decision time, on XNYS sessions."
)
# Its option chains are a second reading of the session before, and so a vintage of their own.
refresh_before_open = _on_sessions(
    "refresh_before_open",
    "0 8 * * 1-5",
    "Before XNYS sessions open, when option chains show the settled open interest of the session before.",
)


def failure_reason(event: dg.DagsterEvent) -> str:
    """What a failed step says about itself, without the layers around it."""
    failure: Any = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error and error.cause:
        error = error.cause
    return str(error.message).strip() if error else "no message"


def failed_run_alert(settings: Settings, catalogue: Catalogue) -> dg.SensorDefinition:
    """A sensor that logs each failed run and records it in marts.data_health."""

    @dg.run_failure_sensor(
        name="failed_run_alert",
        description="Logs a failed run and records it in marts.data_health.",
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=True,
    )
    def alert(context: dg.RunFailureSensorContext) -> None:
        steps = [f"{event.step_key}: {failure_reason(event)}" for event in context.get_step_failure_events()]
        detail = (
            f"run {context.dagster_run.run_id}: {'; '.join(steps) or context.failure_event.message or 'no message'}"
        )
        context.log.error(detail)
        # The command line records its own failures, in the profile that it ran.
        if PROFILE_TAG not in context.dagster_run.tags:
            record_failed_run(settings, catalogue, detail)

    return alert


def record_failed_run(settings: Settings, catalogue: Catalogue, detail: str) -> None:
    """Put a failed run in marts.data_health; the next publication clears it.

    Raises:
        WarehouseError: If another run keeps the warehouse longer than a sensor's tick can wait.
    """
    patience = settings.model_copy(update={"wait_seconds": min(settings.wait_seconds, 30)})
    with open_warehouse(patience, catalogue, clock(settings)) as warehouse:
        warehouse.record_alert(detail)
