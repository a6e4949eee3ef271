"""The command line: `undertow run`, `note`, `tables`, `calibrate`, `doctor`."""

import atexit
import gc
import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestration.errors import WarehouseError
from orchestration.settings import ROOT, SettingsError, load_settings
from orchestration.tables import TableError

# Imports of the commands stay inside them: Dagster alone takes seconds, and a note needs none of it.
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What moves under the US equity tape, estimated every trading day from public data.",
)

Profile = Annotated[str | None, typer.Option(help="demo, files or live; by default UNDERTOW_PROFILE or demo.")]
AsOf = Annotated[
    datetime | None, typer.Option(help="Rebuild what could be known then (New York time).", show_default=False)
]


@app.command()
def run(
    profile: Profile = None,
    as_of: AsOf = None,
    select: Annotated[str | None, typer.Option(help="Dagster asset selection; everything by default.")] = None,
    note: Annotated[bool, typer.Option("--note", help="Print the newest desk note in the end.")] = False,
) -> None:
    """Land the newest data, rebuild every table, check it and publish."""
    from orchestration.note import print_note  # noqa: PLC0415
    from orchestration.runs import refresh  # noqa: PLC0415

    settings = load_settings(profile=profile, as_of=as_of)
    # What the libraries keep is searched for cycles each time: seconds of a run at the usual thresholds.
    gc.set_threshold(50_000, 20, 20)
    # dagster.yaml names its folders relative to itself.
    os.environ.setdefault("DAGSTER_HOME", str(ROOT))
    os.chdir(os.environ["DAGSTER_HOME"])
    succeeded = refresh(settings, select, Console())
    if succeeded and note:
        print_note(settings, None, Console())
    raise typer.Exit(0 if succeeded else 1)


@app.command("note")
def show_note(
    profile: Profile = None,
    as_of: AsOf = None,
    on: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Session; the newest by default.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write it as a page with charts instead of printing it.", show_default=False)
    ] = None,
) -> None:
    """Print the desk note of one session from the published file, or write its page."""
    day: date | None = on.date() if on else None
    settings = load_settings(profile=profile, as_of=as_of)
    if html is None:
        from orchestration.note import print_note  # noqa: PLC0415

        print_note(settings, day, Console())
    else:
        from orchestration.report import write_page  # noqa: PLC0415

        write_page(settings, day, html)
        Console().print(f"Written: {html}", soft_wrap=True, highlight=False)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="schema.table")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The whole data dictionary as Markdown.")] = False,
) -> None:
    """List the tables, or describe the columns of one."""
    from orchestration.dictionary import as_markdown, print_table, print_tables  # noqa: PLC0415
    from orchestration.tables import Catalogue  # noqa: PLC0415

    catalogue = Catalogue(ROOT / "sql")
    if markdown:
        typer.echo(as_markdown(catalogue), nl=False)
    elif name is None:
        print_tables(catalogue, Console())
    elif name in catalogue:
        print_table(catalogue[name], Console())
    else:
        raise SettingsError(f"{name}: no such table; there are {', '.join(sorted(catalogue))}")


@app.command()
def calibrate(
    version: Annotated[
        str, typer.Argument(help="Name of the new version, such as 2027-01; the last in order is used.")
    ],
    profile: Profile = None,
    write: Annotated[bool, typer.Option("--write", help="Add the rows to the CSV files of sql/reference.")] = False,
) -> None:
    """Refit pivots and flows to the published figures, and print how far they are off."""
    from orchestration.calibration import calibrate as refit  # noqa: PLC0415

    refit(load_settings(profile=profile), version, Console(), write=write)


@app.command()
def doctor(profile: Profile = None) -> None:
    """Check that a run can succeed here, and say what stands in its way."""
    from orchestration.doctor import examine  # noqa: PLC0415

    raise typer.Exit(0 if examine(load_settings(profile=profile), Console()) else 1)


def main(*arguments: Any) -> None:  # noqa: ANN401 - what typer passes on
    """Run a command: a known error is one line on standard error, not a traceback."""
    try:
        app(*arguments)
    except (SettingsError, TableError, WarehouseError) as error:
        Console(stderr=True).print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None


def script() -> None:
    """Entry point: runs a command and ends without taking apart what was imported, which takes a second."""
    try:
        main()
    except SystemExit as ended:
        atexit._run_exitfuncs()  # noqa: SLF001 - what asked to be called at the end is called
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


if __name__ == "__main__":
    script()
