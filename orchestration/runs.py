"""A run from the command line: the same job as in the UI, in the same instance, with its progress shown."""

import contextlib
import logging
import re
from collections.abc import Iterator

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from orchestration.automation import PROFILE_TAG, failure_reason, record_failed_run, refresh_job
from orchestration.definitions import build_defs
from orchestration.errors import WarehouseError
from orchestration.event_log import quick_event_log
from orchestration.publication import PUBLISHED
from orchestration.settings import ROOT, Settings, SettingsError
from orchestration.sources import clock
from orchestration.tables import SCHEMAS, Catalogue

# Dagster's own console log repeats what the display shows.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def refresh(settings: Settings, select: str | None, console: Console) -> bool:
    """Run the refresh job, or the selected part of it; whether it succeeded.

    Raises:
        SettingsError: If the selection names nothing, or the as-of time lies ahead of the profile's clock.
    """
    clock(settings)
    definitions = build_defs(settings)
    job = definitions.resolve_job_def(refresh_job.name)
    keys = set(job.asset_layer.executable_asset_keys)
    if select is not None:
        keys = _selected(select, definitions)
    if settings.simulated:
        console.print("[bold yellow]SIMULATED MARKET[/]: the demo profile's numbers are not real data.")
    # The UI shows the newest state of each table; a build of the past is not that.
    instance_of = dg.DagsterInstance.ephemeral if settings.as_of else dg.DagsterInstance.get
    with quick_event_log(), instance_of() as instance, _progress(console, len(keys)):
        result = job.execute_in_process(
            instance=instance,
            asset_selection=list(keys),
            run_config=_QUIET,
            raise_on_error=False,
            tags={PROFILE_TAG: settings.profile},
        )
    _summarise(result, console)
    if result.get_step_failure_events():
        with contextlib.suppress(WarehouseError):
            record_failed_run(settings, Catalogue(ROOT / "sql"), "; ".join(_reasons(result)))
    elif result.success and any(event.asset_key == PUBLISHED for event in result.get_asset_materialization_events()):
        kind = "simulated market" if settings.simulated else "market data"
        console.print(f"Published ({kind}): {settings.published / 'undertow.duckdb'}", soft_wrap=True)
    return result.success


def _selected(select: str, definitions: dg.Definitions) -> set[dg.AssetKey]:
    """Assets of a Dagster selection, in which a table may also be called schema.table."""
    by_key = re.sub(rf"\b({'|'.join((*SCHEMAS, 'published'))})\.(\w+)", r'key:"\1/\2"', select)
    try:
        keys = set(dg.AssetSelection.from_string(by_key).resolve(definitions.resolve_asset_graph()))
    except dg.DagsterError as error:
        raise SettingsError(f"--select {select!r}: {error}") from error
    if not keys:
        raise SettingsError(f"--select {select!r}: names no asset")
    return keys


@contextlib.contextmanager
def _progress(console: Console, total: int) -> Iterator[None]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    logger = logging.getLogger("undertow")
    logger.setLevel(logging.INFO)
    with Progress(*columns, console=console, transient=True) as progress:
        display = _Display(progress, progress.add_task("starting", total=total))
        logger.addHandler(display)
        try:
            yield
        finally:
            logger.removeHandler(display)


class _Display(logging.Handler):
    """Moves the bar when a table is written; prints every other message of the project above it."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        super().__init__()
        self._progress, self._task = progress, task

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "written"):
            self._progress.update(self._task, advance=1, description=record.getMessage())
        else:
            self._progress.console.print(record.getMessage(), style="yellow", markup=False)


def _summarise(result: dg.ExecuteInProcessResult, console: Console) -> None:
    checks = result.get_asset_check_evaluations()
    grid = Grid("table", "rows", "stored", "seconds", "checks", title=f"run {result.run_id[:8]}")
    for event in result.get_asset_materialization_events():
        key, metadata = event.asset_key, event.materialization.metadata
        if key is None or "dagster/row_count" not in metadata:
            continue
        of_table = [check for check in checks if check.asset_key == key]
        failed = [check.check_name for check in of_table if not check.passed]
        grid.add_row(
            ".".join(key.path),
            f"{metadata['dagster/row_count'].value:,}",
            f"{metadata['rows stored'].value:,}",
            f"{metadata['seconds'].value:.2f}",
            f"{len(of_table) - len(failed)} passed" + (f"; see {', '.join(failed)}" if failed else ""),
        )
    console.print(grid)
    for check in checks:
        if not check.passed:
            style = "red" if check.severity == dg.AssetCheckSeverity.ERROR else "yellow"
            where = f"{'.'.join(check.asset_key.path)} {check.check_name}"
            failing = check.metadata["rows failing"].value
            text = f"{check.severity.value} {where} ({failing}): {_short(check.description)}"
            console.print(text, style=style, markup=False, highlight=False)
    for reason in _reasons(result):
        console.print(f"FAILED {reason}", style="bold red", markup=False)


def _reasons(result: dg.ExecuteInProcessResult) -> list[str]:
    """What went wrong, a line for each step; where the warehouse could not be opened no step has begun."""
    begun = result.filter_events(lambda event: event.event_type == dg.DagsterEventType.RESOURCE_INIT_FAILURE)
    reasons = []
    for event in begun:
        error = event.engine_event_data.error
        reasons.append(f"to begin: {error.message.partition(': ')[2].strip() if error else 'no message'}")
    return reasons + [f"{event.step_key}: {failure_reason(event)}" for event in result.get_step_failure_events()]


def _short(text: str | None, most: int = 240) -> str:
    text = text or ""
    return text if len(text) <= most else f"{text[:most]}..."
