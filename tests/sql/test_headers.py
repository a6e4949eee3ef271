"""The warehouse's files: one vocabulary, every audit in use, wrong files refused, sources read from the SQL."""

import csv
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest
from sqlglot import exp

from orchestration.lineage import column_lineage
from orchestration.settings import ROOT
from orchestration.tables import SCHEMAS, Catalogue, TableError

PRICES = """\
/*
description: One row per day.
grain: [day]
owner: team:data
columns:
  day: {unit: date, meaning: The day}
  price: {unit: price, meaning: The price, nullable: true}
rows: {min: 1}
*/
create table raw.prices (day date, price double)
"""
LEVELS = """\
/*
description: One row per day.
grain: [day]
owner: team:data
columns:
  day: {type: DATE, unit: date, meaning: The day}
  level: {type: DOUBLE, unit: price, meaning: The price}
rows: {min: 1}
audits:
  - {name: negative_level}
*/
select day, price as level from raw.prices
"""
TREE = {
    "raw/prices.sql": PRICES,
    "staging/levels.sql": LEVELS,
    "audits/negative_level.sql": "select day from staging.levels where level < 0",
}


def read(folder: Path, files: dict[str, str]) -> Catalogue:
    """Write a sql/ folder and read it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Catalogue(folder)


def test_every_file_is_read(catalogue: Catalogue) -> None:
    files = [path for path in (ROOT / "sql").rglob("*.sql") if path.parent.name not in ("audits", "cookbook")]
    assert sorted(table.path for table in catalogue.values()) == sorted(files)
    assert {path.parent.name for path in files} <= set(SCHEMAS)


def test_a_column_name_means_the_same_in_every_table(catalogue: Catalogue) -> None:
    said = defaultdict(set)
    for table in catalogue.values():
        for column, header in table.header.columns.items():
            said[column].add((str(duckdb.sqltype(table.types[column])), header.unit, header.meaning))
    assert {column: ways for column, ways in said.items() if len(ways) > 1} == {}


def test_what_other_tools_build_upon_stays(catalogue: Catalogue) -> None:
    # docs/bi.md promises it of regime and marts; columns may be added.
    with (ROOT / "tests/sql/stable_columns.csv").open() as file:
        promised = [tuple(row.values()) for row in csv.DictReader(file)]
    there = {
        (name, column, table.types[column], header.unit)
        for name, table in catalogue.items()
        for column, header in table.header.columns.items()
    }
    assert {row[0].split(".")[0] for row in promised} == {"regime", "marts"}
    assert [row for row in promised if row not in there] == []


def test_every_audit_is_used_and_explains_itself(catalogue: Catalogue) -> None:
    used = {name for table in catalogue.values() for name in table.audits}
    assert used == {path.stem for path in (ROOT / "sql" / "audits").glob("*.sql")}
    assert all(text.startswith("-- ") for table in catalogue.values() for text in table.audits.values())


def test_views_are_stored_so_that_older_readers_open_them(catalogue: Catalogue) -> None:
    offsets = {
        name
        for name, table in catalogue.items()
        if table.header.view
        for call in table.statement.find_all(exp.Lag, exp.Lead)
        if call.args.get("offset")
    }
    assert offsets == set()


def test_each_table_follows_those_it_needs(catalogue: Catalogue) -> None:
    order = list(catalogue)
    assert all(order.index(other) < order.index(name) for name, table in catalogue.items() for other in table.upstream)


def test_arrows_run_from_raw_to_marts(catalogue: Catalogue) -> None:
    backwards = {
        (name, other)
        for name, table in catalogue.items()
        for other in table.reads
        if SCHEMAS.index(catalogue[other].schema) > SCHEMAS.index(table.schema)
    }
    assert backwards == set()


def test_a_sound_folder_is_read(tmp_path: Path) -> None:
    catalogue = read(tmp_path, TREE)
    assert list(catalogue) == ["raw.prices", "staging.levels"]
    levels = catalogue["staging.levels"]
    assert levels.reads == {"raw.prices"}
    assert (levels.filled_by, dict(levels.types)) == ("sql", {"day": "DATE", "level": "DOUBLE"})


WRONG = {
    "no header": ("staging/levels.sql", LEVELS[LEVELS.index("select") :], "header"),
    "text before the header": ("staging/levels.sql", "select 1;\n" + LEVELS, "header"),
    "not YAML": ("staging/levels.sql", LEVELS.replace("[day]", "[day"), "not YAML"),
    "unknown key": ("staging/levels.sql", LEVELS.replace("rows:", "note: hello\nrows:"), "note: Extra inputs"),
    "unknown key of a column": (
        "staging/levels.sql",
        LEVELS.replace("type: DATE,", "type: DATE, nulable: true,"),
        "columns.day.nulable: Extra inputs",
    ),
    "missing key": ("staging/levels.sql", LEVELS.replace("owner: team:data\n", ""), "owner: Field required"),
    "column without a unit": (
        "raw/prices.sql",
        PRICES.replace("unit: price, ", ""),
        "columns.price.unit: Field required",
    ),
    "rows without a minimum": ("raw/prices.sql", PRICES.replace("{min: 1}", "{}"), "rows.min: Field required"),
    "column of the header alone": ("staging/levels.sql", LEVELS.replace(", price as level", ""), "columns: .*level"),
    "column of the SQL alone": (
        "staging/levels.sql",
        LEVELS.replace("as level", "as level, 1 as n"),
        r"columns: .*\bn\b",
    ),
    "columns in another order": (
        "staging/levels.sql",
        LEVELS.replace("day, price as level", "price as level, day"),
        "columns: .*order",
    ),
    "column of the CREATE TABLE alone": ("raw/prices.sql", PRICES.replace("(day", "(n int, day"), r"columns: .*\bn\b"),
    "type declared twice": (
        "raw/prices.sql",
        PRICES.replace("{unit: price", "{type: DOUBLE, unit: price"),
        "columns.price.type: the CREATE TABLE declares it already",
    ),
    "type declared nowhere": (
        "staging/levels.sql",
        LEVELS.replace("type: DOUBLE, ", ""),
        "columns.level.type: missing",
    ),
    "grain that is no column": ("staging/levels.sql", LEVELS.replace("[day]", "[date]"), "grain: date is not a column"),
    "vintages of no column": (
        "raw/prices.sql",
        PRICES.replace("rows:", "vintages: [symbol]\nrows:"),
        "vintages: symbol is not a column",
    ),
    "unknown table": ("staging/levels.sql", LEVELS.replace("raw.prices", "raw.price"), "raw.price is not a table"),
    "unknown table under reads": (
        "raw/prices.sql",
        PRICES.replace("rows:", "reads: [raw.price]\nrows:"),
        "raw.price is not a table",
    ),
    "table without its schema": (
        "staging/levels.sql",
        LEVELS.replace("raw.prices", "prices"),
        "prices needs its schema",
    ),
    "table that reads itself": (
        "staging/levels.sql",
        LEVELS + "union all select day, level from staging.levels",
        "staging.levels",
    ),
    "unknown audit": ("staging/levels.sql", LEVELS.replace("negative_level", "negative"), "audits: .*negative.sql"),
    "not SQL": ("staging/levels.sql", LEVELS + " from from", "levels.sql"),
    "two statements": ("staging/levels.sql", LEVELS + "; select 1 as day", "levels.sql"),
    "another table created": ("raw/prices.sql", PRICES.replace("raw.prices", "raw.price"), "another table"),
}


@pytest.mark.parametrize(("name", "text", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_by_name_and_key(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said) as refused:
        read(tmp_path, TREE | {name: text})
    assert str(tmp_path / name) in str(refused.value)


def test_tables_that_need_each_other_are_refused(tmp_path: Path) -> None:
    there = LEVELS.replace("raw.prices", "indicators.levels").replace("price as", "level as")
    back = there.replace("indicators.levels", "staging.levels")
    with pytest.raises(TableError, match=r"circle.*indicators\.levels.*staging\.levels|circle.*staging\.levels"):
        read(tmp_path, TREE | {"staging/levels.sql": there, "indicators/levels.sql": back})


LINEAGE = {
    ("indicators.vol_panic", "vix_term_ratio"): {"staging.prices.close", "staging.prices.symbol"},
    ("indicators.vol_panic", "vol_panic_hi"): {
        "indicators.option_smile.skew_30d",
        "staging.prices.close",
        "staging.prices.symbol",
    },
    ("regime.daily", "spx_drawdown_pct"): {"staging.prices.close", "staging.prices.session"},
    ("regime.daily", "s_panic"): {"regime.sub_scores.score", "regime.sub_scores.sub_score"},
    ("regime.sub_scores", "score_weight"): {"reference.sub_scores.grade"},
    ("regime.danger", "danger"): {
        "regime.sub_scores.score",
        "regime.sub_scores.score_weight",
        "regime.sub_scores.session",
    },
    ("regime.daily", "simulated"): {"staging.prices.source"},
    ("indicators.gamma_by_strike", "call_gamma_bn"): {
        "reference.option_roots.multiplier",
        "staging.option_chains.gamma",
        "staging.option_chains.open_interest",
        "staging.option_chains.put_call",
        "staging.option_chains.spot",
    },
    ("indicators.dealer_gamma", "call_wall"): {
        "indicators.gamma_by_strike.call_gamma_bn",
        "indicators.gamma_by_strike.strike",
    },
    ("marts.desk_note", "claim"): {"reference.claims.claim"},
    ("indicators.cta_pivots", "pivot_level"): {
        "indicators.excess_prices.close",
        "indicators.excess_prices.excess_price",
        "indicators.trend_averages.average_price",
        "indicators.trend_averages.spell_sessions",
        "reference.pivot_calibration.centre_of_mass",
    },
    ("marts.desk_note", "value_lo"): {
        "indicators.cta_flows.flow_global_lo_bn",
        "indicators.cta_flows.front_loaded",
        "indicators.cta_pivots.close",
        "indicators.cta_pivots.days_since_break",
        "indicators.cta_pivots.pivot_hi",
        "indicators.cta_pivots.pivot_lo",
        "indicators.cta_pivots.tests_before_break",
        "indicators.dealer_gamma.dist_to_flip_pct",
        "indicators.dealer_gamma.gex_desk_lo_bn",
        "indicators.index_momentum.dist_st_pct",
        "indicators.index_momentum_pairs.relative_st_lo_pct",
        "indicators.liquidity.amihud_residual_z",
        "indicators.liquidity.liq_stress_lo",
        "indicators.liquidity.top_of_book_lo_usd_mn",
        "indicators.liquidity.top_of_book_rank_252d",
        "indicators.baskets.basket_return_15d_pct",
        "indicators.baskets.basket_return_63d_pct",
        "indicators.baskets.fall_63d_lo_pct",
        "indicators.baskets.rise_63d_lo_pct",
        "indicators.bitcoin.bitcoin_drawdown_pct",
        "indicators.bitcoin.corr_63d_qqq_lo",
        "indicators.head_shoulders.is_pattern",
        "indicators.head_shoulders.neckline_distance_pct",
        "indicators.head_shoulders.pattern_share_random",
        "indicators.head_shoulders.pattern_share_variants",
        "indicators.rotation.neutral_21d_lo_pct",
        "indicators.rotation.rotation_21d_pct",
        "indicators.sector_positioning.active_wt_lo_pp",
        "indicators.sector_league.relative_63d_pp",
        "indicators.sector_league.symbol",
        "indicators.sector_league.total_return_15d_pct",
        "indicators.sector_league.total_return_63d_pct",
        "indicators.option_notional.notional_to_r2k_lo",
        "indicators.option_notional.notional_usd_trn",
        "indicators.option_notional.volume_to_record",
        "indicators.rebound.close_location",
        "indicators.rebound.rebound_quality_lo",
        "indicators.rebound.retrace_ratio",
        "indicators.rebound.return_pct",
        "indicators.rebound.reversal_days_5d",
        "indicators.trading_range.range_5d_lo_pct",
        "indicators.vol_panic.vix",
        "indicators.vol_panic.vol_panic_lo",
        "reference.sessions.session",
        "regime.daily.danger_lo",
        "regime.daily.hidden_markov_stress",
        "regime.daily.jump_state",
        "regime.daily.spx_drawdown_pct",
    },
}


@pytest.fixture(scope="module")
def lineage(catalogue: Catalogue) -> dict[tuple[str, str], set[str]]:
    """The upstream columns of each column that SQL computes, by table and column."""
    return {
        (name, column): {".".join([*one.asset_key.path, one.column_name]) for one in deps}
        for name in catalogue
        if (found := column_lineage(catalogue, name)) is not None
        for column, deps in found.deps_by_column.items()
    }


def test_lineage_covers_every_column_that_sql_computes(
    catalogue: Catalogue, lineage: dict[tuple[str, str], set[str]]
) -> None:
    computed = [table for table in catalogue.values() if table.filled_by == "sql"]
    assert list(lineage) == [(table.qualified, column) for table in computed for column in table.types]


def test_columns_name_the_columns_that_they_come_from(lineage: dict[tuple[str, str], set[str]]) -> None:
    assert {key: lineage[key] for key in LINEAGE} == LINEAGE


def test_only_constants_come_from_no_column(lineage: dict[tuple[str, str], set[str]]) -> None:
    assert {key for key, of in lineage.items() if not of} == {
        # The setting alone, the grid, and counts of rows.
        ("indicators.gamma_profile", "sign_convention"),
        ("indicators.gamma_profile", "spot_pct"),
        ("indicators.vol_control_flows", "flow_sessions"),
        ("indicators.vol_control_flows", "daily_move_pct"),
        ("indicators.cta_flows", "grade"),
        ("indicators.cta_positions", "grade"),
        ("indicators.systematic_total", "grade"),
        ("indicators.vol_control", "grade"),
        ("indicators.vol_control_flows", "grade"),
        ("indicators.option_notional", "grade"),
        ("indicators.option_smile", "grade"),
        ("indicators.liquidity", "grade"),
        ("indicators.rebound", "grade"),
        ("indicators.rotation", "grade"),
        ("indicators.sector_league", "grade"),
        ("indicators.basket_returns", "basket_members"),
        ("marts.scoreboard_summary", "compared"),
        ("marts.scoreboard_summary", "figures"),
        ("staging.option_expiries", "contracts"),
        ("staging.option_expiries", "pairs"),
        ("indicators.trading_range", "grade"),
        ("indicators.vol_panic", "grade"),
        ("regime.daily", "grade"),
        ("regime.outcomes_by_label", "sessions"),
        ("regime.transitions", "spell_sessions"),
    }


def test_lineage_names_only_columns_that_exist(catalogue: Catalogue, lineage: dict[tuple[str, str], set[str]]) -> None:
    known = {f"{name}.{column}" for name, table in catalogue.items() for column in table.types}
    assert set().union(*lineage.values()) <= known


def test_upstream_tables_are_those_that_the_sql_names(catalogue: Catalogue) -> None:
    assert catalogue["indicators.trading_range"].upstream == {
        "reference.instruments",
        "reference.sessions",
        "staging.prices",
    }
    assert catalogue["regime.danger"].upstream == {"regime.sub_scores"}
    assert catalogue["marts.desk_note"].upstream == {
        "indicators.baskets",
        "indicators.bitcoin",
        "indicators.head_shoulders",
        "indicators.rotation",
        "indicators.sector_league",
        "indicators.sector_positioning",
        "indicators.cta_flows",
        "indicators.cta_pivots",
        "indicators.dealer_gamma",
        "indicators.index_momentum",
        "indicators.index_momentum_pairs",
        "indicators.liquidity",
        "indicators.option_notional",
        "indicators.rebound",
        "indicators.trading_range",
        "indicators.vol_panic",
        "reference.claims",
        "reference.sessions",
        "regime.daily",
    }
    assert catalogue["raw.prices"].upstream == {
        "raw.index_members",
        "reference.basket_members",
        "reference.confirmed_moves",
        "reference.instruments",
        "reference.sessions",
    }
    assert catalogue["staging.option_chains"].upstream == {
        "raw.option_chains",
        "staging.option_expiries",
        "staging.option_readings",
    }
    # The audit of chains that are behind compares with the calendar.
    assert catalogue["staging.option_snapshots"].upstream == {
        "raw.option_chains",
        "reference.option_roots",
        "reference.sessions",
        "staging.option_expiries",
        "staging.prices",
    }
