"""Prints the desk note from the published file."""

from datetime import date

import duckdb
import pandas as pd
from rich.console import Console
from rich.padding import Padding

from orchestration.errors import WarehouseError
from orchestration.settings import Settings

WIDTH = 80


def print_note(settings: Settings, day: date | None, console: Console) -> None:
    """Print the note of one session, by section.

    Args:
        settings: Says which published file.
        day: The session; None for the newest.
        console: Where to print; 80 columns are enough.

    Raises:
        WarehouseError: If nothing is published or the session is not in it.
    """
    path = settings.published / "undertow.duckdb"
    if not path.exists():
        raise WarehouseError(f"{path}: nothing is published yet; `undertow run` does it")
    with duckdb.connect(str(path), read_only=True) as connection:
        [(first, last)] = connection.sql("select min(session), max(session) from marts.desk_note").fetchall()
        day = day or last
        note = connection.execute("from marts.desk_note where session = ? order by claim_no, measure desc", (day,)).df()
        regime = connection.execute("from regime.daily where session = ?", (day,)).df()
        assumed = connection.execute(
            "select distinct sign_convention from indicators.dealer_gamma where session = ?", (day,)
        ).fetchall()
    if note.empty:
        raise WarehouseError(f"{path}: no note for {day}; sessions run from {first} to {last}")
    _print(note, regime.iloc[0], day, console)
    for (convention,) in assumed:
        console.print(f"Dealers are assumed to hold: {convention}.", highlight=False)


def _print(note: pd.DataFrame, regime: pd.Series, day: date, console: Console) -> None:
    console.width = min(console.width, WIDTH)
    console.print(f"[bold]Undertow desk note, {day:%d %B %Y}[/]", highlight=False)
    if regime["simulated"]:
        console.print("[bold yellow]Simulated market: these numbers are not real data.[/]", highlight=False)
    if pd.isna(regime["danger"]):
        console.print(f"Regime: not available, missing {regime['inputs_missing']}.", highlight=False)
    else:
        band = f"{regime['danger_lo']:.2f} to {regime['danger_hi']:.2f}"
        console.print(f"Regime: {regime['label']}, danger {regime['danger']:.2f} of 1 ({band}).", highlight=False)
    for section, claims in note.groupby("section", sort=False):
        console.print(f"\n[bold]{section}[/]", highlight=False)
        for claim in claims.to_dict("records"):
            published = "" if pd.isna(claim["published_value"]) else f" Published: {claim['published_value']:g}."
            text = f"{claim['sentence']}{published} [{claim['grade']}, claim {claim['claim_no']}]"
            console.print(Padding(text, (0, 0, 0, 2), expand=False), highlight=False, markup=False)
    console.print("\nBrackets: 80 % band; grade A (reproduces) to D (not identifiable).", highlight=False)
