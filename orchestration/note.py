"""Prints the desk note from the published file."""

from collections.abc import Hashable, Mapping
from datetime import date
from textwrap import fill, wrap
from typing import Any

import duckdb
import pandas as pd
from rich.console import Console

from orchestration.errors import WarehouseError
from orchestration.published_file import published_file
from orchestration.settings import Settings

WIDTH = 80
REGIME_CLAIM = 28
# Rounded as in the sentences: half away from zero, and nothing has no sign.
NOTE = """
    select
        n.* exclude (claim_verdict),
        coalesce(n.claim_verdict, '') as verdict,
        coalesce(c.measure_title, '') as measure_title,
        '{:.' || c.decimals || 'f}' as shown,
        format(shown, round(n.value, c.decimals) + 0) as value_shown,
        case
            when n.value_lo < n.value_hi
                then ' (' || format(shown, round(n.value_lo, c.decimals) + 0) || ' to '
                    || format(shown, round(n.value_hi, c.decimals) + 0) || ')'
            else ''
        end as band_shown
    from marts.desk_note as n
    inner join reference.claims as c on n.claim_no = c.claim_no and n.measure = c.measure
    where n.session = ?
    order by n.claim_no, n.measure_no
"""
VERDICTS = ("reproduced", "sign only", "not reproduced", "not measurable yet")
UNITS = {
    "%": " %",
    "log %": " %",
    "% points": " points",
    "0 to 10": " of 10",
    "USD bn": " billion",
    "USD trn": " trillion",
    "standard deviations": " deviations",
}
LEGEND = "(80 % band); grade A (reproduces) to D (not identifiable)"


def print_note(settings: Settings, day: date | None, console: Console) -> None:
    """Print the note of one session, by section.

    Args:
        settings: Says which published file.
        day: The session; None for the newest.
        console: Where to print; 80 columns are enough.

    Raises:
        WarehouseError: If nothing is published or the session is not in it.
    """
    path = published_file(settings)
    with duckdb.connect(str(path), read_only=True) as connection:
        [(first, last)] = connection.sql("select min(session), max(session) from marts.desk_note").fetchall()
        day = day or last
        note = connection.execute(NOTE, (day,)).df()
        regime = connection.execute("from regime.daily where session = ?", (day,)).df()
        titles = dict(connection.sql("select sub_score, score_title from reference.sub_scores").fetchall())
        assumed = connection.execute(
            "select distinct sign_convention from indicators.dealer_gamma where session = ?", (day,)
        ).fetchall()
    if note.empty:
        raise WarehouseError(f"{path}: no note for {day}; sessions run from {first} to {last}")
    _print(note, regime.iloc[0], titles, console)
    for (convention,) in assumed:
        _write_wrapped(console, f"Dealers are assumed to hold: {convention}.")


def _print(note: pd.DataFrame, regime: pd.Series, titles: dict[str, str], console: Console) -> None:
    console.width = min(console.width, WIDTH)
    console.print(f"[bold]Undertow desk note, {regime['session']:%d %B %Y}[/]", highlight=False)
    if regime["simulated"]:
        console.print("[bold yellow]Simulated market: these numbers are not real data.[/]", highlight=False)
    _write_wrapped(console, _regime(regime, titles))
    known = note[note["value"].notna()]
    _write_claims(console, known[known["claim_no"] == REGIME_CLAIM])
    for section, claims in known[known["claim_no"] != REGIME_CLAIM].groupby("section", sort=False):
        console.rule(f"[bold]{section}[/]", align="left", characters="-")
        _write_claims(console, claims)
    console.rule(characters="-")
    if len(known) < len(note):
        _write_wrapped(console, _missing(note[note["value"].isna()]))
    if note["verdict"].any():
        counts = ", ".join(f"{(note['verdict'] == verdict).sum()} {verdict}" for verdict in VERDICTS)
        _write_wrapped(console, f"Measures: {counts}.")
    _write_wrapped(console, LEGEND + ("; verdict on the note." if note["verdict"].any() else "."))


def _write(console: Console, lines: str) -> None:
    console.print(lines, highlight=False, markup=False)


def _write_wrapped(console: Console, text: str, indent: str = "") -> None:
    _write(console, fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False))


def _regime(regime: pd.Series, titles: dict[str, str]) -> str:
    if pd.isna(regime["danger"]):
        return f"Regime: not available, missing {regime['inputs_missing']}."
    moves = {name: regime[f"{name}_move"] for name in ("driver_1", "driver_2", "driver_3") if pd.notna(regime[name])}
    drivers = ", ".join(f"{titles[regime[name]].lower()} {move:+.2f}" for name, move in moves.items())
    change = "" if pd.isna(regime["danger_change"]) else f" Danger moved by {regime['danger_change']:+.2f}"
    days = regime["days_in_regime"]
    said = f"Regime: {regime['label']} for {days} session{'' if days == 1 else 's'}.{change}"
    return said + (f", most by {drivers}." if drivers else "." if change else "")


def _write_claims(console: Console, claims: pd.DataFrame) -> None:
    for number, measures in claims.groupby("claim_no", sort=False):
        first, *others = measures.to_dict("records")
        tag = f"{first['grade']} {first['verdict']}".rstrip()
        beside = WIDTH - 5 - (len("C not reproduced") if first["verdict"] else 1)
        head, *rest = wrap(first["sentence"] + _published(first), beside, break_on_hyphens=False)
        _write(console, "\n".join([f"{number:>3} {head:<{beside}} {tag}", *(f"    {line}" for line in rest)]))
        if others:
            said = "; ".join(_short(measure, first["verdict"]) for measure in others)
            _write_wrapped(console, f"{said}.", indent="    ")


def _published(measure: Mapping[Hashable, Any]) -> str:
    if pd.notna(measure["published_value"]):
        return f" Published: {measure['published_value']:g}."
    return f" Verdict of {measure['verdict_session']:%d %B}." if _is_of_another_session(measure) else ""


def _short(measure: Mapping[Hashable, Any], verdict: str) -> str:
    """What a further measure says in a list, with its verdict where it is not that of the first."""
    if measure["measure_title"]:
        unit = UNITS.get(measure["unit"], "")
        said = f"{measure['measure_title']} {measure['value_shown']}{unit}{measure['band_shown']}"
    else:
        said = measure["sentence"][0].lower() + measure["sentence"].rstrip(".")[1:]
    if pd.notna(measure["published_value"]):
        said += f", published {measure['published_value']:g}"
    if _is_of_another_session(measure):
        return f"{said} ({measure['verdict']} on {measure['verdict_session']:%d %B})"
    return said if measure["verdict"] == verdict else f"{said} ({measure['verdict'] or 'no verdict'})"


def _is_of_another_session(measure: Mapping[Hashable, Any]) -> bool:
    return bool(measure["verdict"]) and measure["verdict_session"] != measure["session"]


def _missing(measures: pd.DataFrame) -> str:
    title = "Not measurable yet" if measures["verdict"].any() else "Not available"
    claims = measures.groupby("inputs_missing", sort=False)["claim_no"].unique()
    reasons = "; ".join(f"{reason} ({', '.join(map(str, numbers))})" for reason, numbers in claims.to_dict().items())
    return f"{title}: {reasons}."
