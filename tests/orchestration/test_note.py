"""The printed desk note, from a published file with given rows."""

import io
import re
from pathlib import Path

import pandas as pd
from rich.console import Console

from orchestration.note import print_note
from orchestration.settings import Settings
from tests.sql.test_desk_note import FRIDAY, noted, regime

DRIVERS = {"driver_1": "turbulence", "driver_1_move": 0.023, "driver_2": "trend_flow", "driver_2_move": -0.007}
SUB_SCORES = pd.DataFrame(
    {"sub_score": ["turbulence", "trend_flow"], "score_title": ["Turbulence", "Trend followers' flow"]}
)


def printed(folder: Path, width: int = 80, **columns: object) -> str:
    """The note of the Friday as it is printed, with other values of regime.daily."""
    of = {"days_in_regime": 1, "danger_change": 0.005, **DRIVERS} | columns
    settings = Settings(data=folder)
    settings.published.mkdir(parents=True, exist_ok=True)
    daily = regime({FRIDAY: -4.18}).drop(columns=list(of), errors="ignore").join(pd.DataFrame([of]))
    with noted(regime__daily=daily) as connection:
        connection.execute(f"attach '{settings.published / 'undertow.duckdb'}' as published")
        connection.register("titles", SUB_SCORES)
        connection.execute(
            "create schema published.reference; create table published.reference.sub_scores as from titles"
        )
        for name in ("marts.desk_note", "reference.claims", "regime.daily", "indicators.dealer_gamma"):
            connection.execute(f"create schema if not exists published.{name.split('.')[0]}")
            connection.execute(f"create table published.{name} as from {name}")
    out = io.StringIO()
    print_note(settings, None, Console(file=out, width=width))
    return out.getvalue()


def test_the_note_of_the_reference_session_is_short_and_has_every_claim(tmp_path: Path) -> None:
    lines = printed(tmp_path, width=120).splitlines()
    assert lines[:3] == [
        "Undertow desk note, 21 November 2025",
        "Regime: dangerous for 1 session. Danger moved by +0.01, most by turbulence",
        "+0.02, trend followers' flow -0.01.",
    ]
    assert max(map(len, lines)) <= 80
    assert len(lines) < 75
    claims = {int(number) for line in lines for number in re.findall(r"^ {1,2}(\d+) ", line)}
    missing = " ".join(lines).partition("Not measurable yet: ")[2].partition(".")[0]
    assert claims | {int(number) for number in re.findall(r"\d+", missing)} >= set(range(1, 29)), (claims, missing)


def test_the_first_measure_of_a_claim_has_the_verdict_and_the_others_where_theirs_differs(tmp_path: Path) -> None:
    note = printed(tmp_path)
    assert " 10 Volatility panic is 9.1 of 10 (7.9 to 9.6). Published: 9.5. B reproduced\n" in note
    assert " 18 The momentum decile returned -1.0 % in three weeks.         B reproduced\n" in note
    assert "    AI basket -2.0 % (sign only).\n" in note
    assert "    Nasdaq 100 2.7 % (1.9 to 3.6), published 3.\n" in note
    assert "    VIX 23.4 (no verdict).\n" in note
    assert "    the jump model says bull (not reproduced); the hidden Markov model puts\n" in note
    assert re.search(
        r"^Measures: \d+ reproduced, \d+ sign only, \d+ not reproduced, \d+ not measurable yet\.$", note, re.MULTILINE
    )


def test_a_simulated_note_says_so_and_has_no_verdict(tmp_path: Path) -> None:
    note = printed(tmp_path, simulated=True)
    assert "Simulated market: these numbers are not real data." in note
    assert not re.search("reproduced|sign only|Published|not measurable", note.partition("(80 % band)")[0])
    assert re.search(r"^ 10 Volatility panic is 9.1 of 10 \(7.9 to 9.6\). +B$", note, re.MULTILINE)
    assert re.search(r"^Not available: prime brokers' books \(17\)", note, re.MULTILINE)


def test_without_danger_the_note_says_what_is_missing(tmp_path: Path) -> None:
    note = printed(tmp_path, danger=float("nan"), inputs_missing="Volatility panic, Trend")
    assert "\nRegime: not available, missing Volatility panic, Trend.\n" in note
    assert re.search(r"^ 28 The jump model says bull\.", note, re.MULTILINE)
