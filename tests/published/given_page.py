"""Rows of every table that the desk note's page reads, made up, and the page of them."""

from collections.abc import Callable, Sequence
from functools import partial

import duckdb
import numpy as np
import pandas as pd

from orchestration.tables import Table
from tests.sql.given import build, frame_of, sessions, tables

READS = (
    "indicators.baskets",
    "indicators.breadth",
    "indicators.cta_flows",
    "indicators.cta_pivots",
    "indicators.dealer_gamma",
    "indicators.gamma_profile",
    "indicators.liquidity",
    "indicators.rotation",
    "indicators.sector_league",
    "indicators.vol_panic",
    "marts.desk_note",
    "marts.scoreboard",
    "marts.scoreboard_summary",
    "reference.baskets",
    "reference.claims",
    "reference.sub_scores",
    "regime.daily",
    "regime.sub_scores",
    "regime.transitions",
    "regime.validation",
)
# The page shows these whole, whatever its session.
SCORES = ("marts.scoreboard", "marts.scoreboard_summary")
DAYS = sessions("2025-10-01", 40)
# Columns that are not numbers, in the combinations of a session.
NAMES: dict[str, dict[str, Sequence[object]]] = {
    "indicators.baskets": {"basket": ["ai", "quantum"]},
    "indicators.cta_flows": {"flow_sessions": [5, 21], "scenario": ["up", "flat", "down"]},
    "indicators.cta_pivots": {"symbol": ["SPX"], "horizon": ["st", "mt", "lt"]},
    "indicators.dealer_gamma": {
        "underlying": ["SPX"],
        "reading": ["close"],
        "sign_convention": ["calls_long_puts_short"],
    },
    "indicators.gamma_profile": {"underlying": ["SPX"], "reading": ["close"], "spot_pct": [90.0, 100.0, 110.0]},
    "indicators.rotation": {"variant": ["sector_funds"]},
    "indicators.sector_league": {"symbol": ["XLK", "XLV"], "role": ["sector"], "sector": [None]},
    "marts.desk_note": {
        "section": ["Volatility", "Dealers"],
        "measure": ["vol_panic"],
        "sentence": ["<b>1 & 2</script>"],
        "verdict_session": [DAYS[0]],
    },
    "marts.scoreboard": {"indicator": ["vol_panic"], "publisher": ["A & B"], "is_in_band": [True, False]},
    # The longest names that there are.
    "marts.scoreboard_summary": {
        "indicator": ["hedge_funds_technology_weight", "vol_control_flow_realised_15d"],
        "publisher": ["Stock Market Media"],
    },
    "regime.validation": {"outcome": ["drawdown"], "predictor": ["danger", "vix"]},
    "regime.sub_scores": {"sub_score": ["trend", "panic"], "score_title": ["Trend", "Panic"]},
}


def made_up(table: Table) -> pd.DataFrame:
    """Rows of each session of DAYS; numbers from 0 to 1, simulated where the table says so."""
    names = NAMES.get(table.qualified, {})
    combinations = pd.MultiIndex.from_product([DAYS, *names.values()], names=["session", *names]).to_frame(index=False)
    draw = np.random.default_rng(len(table.qualified))
    for name, kind in table.types.items():
        allowed = table.header.columns[name].allowed
        if name in combinations:
            continue
        if kind == "DOUBLE":
            combinations[name] = draw.random(len(combinations))
        elif kind in {"BIGINT", "INTEGER"}:
            combinations[name] = draw.integers(1, 9, len(combinations))
        elif kind == "BOOLEAN":
            combinations[name] = True
        elif allowed:
            combinations[name] = draw.choice(allowed, len(combinations))
    return combinations[[name for name in table.types if name in combinations]]


def spells() -> pd.DataFrame:
    """Two spells of regime.transitions, the second from the 11th session on."""
    ends = {"first_session": [DAYS[0], DAYS[10]], "last_session": [DAYS[9], DAYS[-1]]}
    return pd.DataFrame({**ends, "from_label": [None, "calm"], "label": ["calm", "fragile"]})


def page_tables(rows: dict[str, pd.DataFrame]) -> Callable[[str], pd.DataFrame]:
    """A query function on these rows; tables that are not named are empty, those of people's files are as they are."""
    given = {name: rows.get(name, pd.DataFrame()) for name in READS if tables()[name].filled_by != "csv"}
    connection: duckdb.DuckDBPyConnection = build(until=READS, given=given)
    return partial(frame_of, connection)


def whole() -> dict[str, pd.DataFrame]:
    """Made-up rows of every table."""
    rows = {name: made_up(tables()[name]) for name in READS if tables()[name].filled_by != "csv"}
    return {**rows, "regime.transitions": spells()}
