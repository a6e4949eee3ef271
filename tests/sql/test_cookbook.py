"""The cookbook: each query runs on the published demo and on real data, and its answer adds up."""

from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest

from orchestration.settings import ROOT
from orchestration.tables import Catalogue, parse, tables_in
from tests.sql.given import frame_of, rows_of

pytestmark = pytest.mark.timeout(480)  # the first test waits for the demo or the run on the real data

COOKBOOK = ROOT / "sql/cookbook"
QUERIES = sorted(path.stem for path in COOKBOOK.glob("*.sql"))


@pytest.fixture(params=["demo", "real"])
def published(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published demo, or what a run on the real data published."""
    if request.param == "real":
        yield request.getfixturevalue("real")
    else:
        file = request.getfixturevalue("demo_home") / "data/demo/published/undertow.duckdb"
        with duckdb.connect(str(file), read_only=True) as opened:
            yield opened


def answer(published: duckdb.DuckDBPyConnection, number: int) -> pd.DataFrame:
    """The answer of the query with that number."""
    return frame_of(published, (COOKBOOK / f"{QUERIES[number - 1]}.sql").read_text())


def figure(published: duckdb.DuckDBPyConnection, sql: str) -> int:
    """One whole number."""
    [(found,)] = rows_of(published, sql)
    return int(found)


def test_there_are_ten_queries_and_the_page_shows_each() -> None:
    assert [name[:2] for name in QUERIES] == [f"{number:02}" for number in range(1, 11)]
    page = (ROOT / "docs/cookbook.md").read_text()
    for name in QUERIES:
        question = (COOKBOOK / f"{name}.sql").read_text().splitlines()[0].removeprefix("-- ")
        assert f"## [{question}](../sql/cookbook/{name}.sql)" in page


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_a_question_and_plain_sql_on_published_tables(name: str, catalogue: Catalogue) -> None:
    path = COOKBOOK / f"{name}.sql"
    text = path.read_text()
    question, blank, first, *_ = text.splitlines()
    assert question.startswith("-- ")
    assert question.endswith("?")
    assert blank == "--"
    assert first.startswith("-- One row per ")
    assert "variable" not in text
    assert max(map(len, text.splitlines())) <= 120
    named = tables_in(path, parse(path, text))
    assert named
    assert named <= set(catalogue)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_answers(published: duckdb.DuckDBPyConnection, name: str, request: pytest.FixtureRequest) -> None:
    found = frame_of(published, (COOKBOOK / f"{name}.sql").read_text())
    assert found.columns.is_unique
    assert all(column.isidentifier() and column.islower() for column in found.columns)
    # The demo's history is too short to judge forecasts.
    too_short = name.startswith("06") and "demo" in request.node.callspec.id
    assert found.empty == too_short


def test_the_labels_of_a_month_add_up_to_its_sessions(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 1)
    labels = found[["calm", "normal", "fragile", "dangerous", "without_label"]]
    assert (labels.sum(axis=1) == found["sessions"]).all()
    assert found["sessions"].sum() == figure(published, "select count(*) from regime.daily")


def test_what_came_after_a_label_is_what_the_regime_schema_says(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 2).set_index("label")
    stored = frame_of(published, "from regime.outcomes_by_label").set_index("label").loc[found.index]
    assert (found["outcomes"] == stored["sessions"]).all()
    for ours, theirs, digits in (
        ("vol_ahead_mean_pct", "vol_ahead_mean_pct", 1),
        ("return_ahead_mean_pct", "return_ahead_mean_pct", 1),
        ("drawdown_share", "drawdown_share", 2),
    ):
        assert found[ours].to_list() == pytest.approx(stored[theirs].to_list(), abs=0.51 * 10**-digits)
    assert (found["vol_ahead_q10_pct"] <= found["vol_ahead_q90_pct"]).all()


def test_thirds_of_gamma_are_thirds_in_order(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 3)
    assert found["gamma_third"].to_list() == [1, 2, 3]
    assert found["sessions"].max() - found["sessions"].min() <= 1
    assert (found["gamma_max_bn"] >= found["gamma_min_bn"]).all()
    assert (found["gamma_min_bn"].iloc[1:].array >= found["gamma_max_bn"].iloc[:-1].array).all()


def test_figures_are_held_or_missed_on_a_side(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 4)
    assert (found[["held", "missed_below", "missed_above"]].sum(axis=1) == found["figures"]).all()
    stored = frame_of(published, "select indicator, publisher, band_coverage from marts.scoreboard_summary")
    both = found.merge(stored, on=["indicator", "publisher"])
    assert len(both) == len(found)
    assert both["held_share"].to_list() == pytest.approx(both["band_coverage"].to_list(), abs=0.0051)


def test_the_moves_of_all_sub_scores_add_up(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 5)
    moves = found[["driver_1_move", "driver_2_move", "driver_3_move", "others_move"]].fillna(0).sum(axis=1)
    assert moves.to_list() == pytest.approx(found["danger_change"].to_list(), abs=0.003)
    assert found["danger_change"].is_monotonic_decreasing


def test_every_predictor_is_judged_beside_vix(real: duckdb.DuckDBPyConnection) -> None:
    found = answer(real, 6)
    assert set(found["against_vix"]) <= {"is_vix", "better", "worse", "no_difference"}
    assert found.groupby("outcome")["predictor"].nunique().to_dict() == {"drawdown": 7, "high_vol": 7}
    assert set(found.loc[found["against_vix"] == "is_vix", "predictor"]) == {"vix"}


def test_every_ended_spell_is_followed_by_one(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 7)
    assert (found["label"] != found["next_label"]).all()
    assert found.groupby("label")["share"].sum().to_list() == pytest.approx([1] * found["label"].nunique(), abs=0.002)
    followers = figure(published, "select count(from_label) from regime.transitions")
    assert found["spells"].sum() == followers


def test_every_session_with_a_flow_stands_somewhere_against_the_pivot(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 8)
    assert ((found["flow_lo_bn"] <= found["flow_mean_bn"]) & (found["flow_mean_bn"] <= found["flow_hi_bn"])).all()
    flows = "select count(flow_global_bn) from indicators.cta_flows where scenario = 'flat' and flow_sessions = 5"
    assert found["sessions"].sum() == figure(published, flows)


def test_a_number_of_the_note_is_there_or_missing_for_a_reason(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 9)
    assert (found["answered"] + found["missing"] == found["sessions"]).all()
    assert found["sessions"].sum() == figure(published, "select count(*) from marts.desk_note")
    assert (found["usual_reason"].isna() == (found["missing"] == 0)).all()


def test_the_sessions_most_like_today_are_past_ones_in_order(published: duckdb.DuckDBPyConnection) -> None:
    found = answer(published, 10)
    assert len(found) == 10
    assert found["distance"].is_monotonic_increasing
    assert (found["session"] < found["like_session"]).all()
    assert not pd.DatetimeIndex(found["session"]).to_period("M").has_duplicates
