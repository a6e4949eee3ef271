"""indicators.head_shoulders: the pattern's sessions, when it was detected, other choices of funds, gaps."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.indicators import head_shoulders
from orchestration.quality import contract
from tests.sql.given import build, frame_of, inputs, sessions, tables

COUNT = 300
DAYS = pd.DatetimeIndex(sessions("2024-06-03", COUNT))
CYCLICAL, DEFENSIVE = ("XLY", "XLI", "XLF", "XLB"), ("XLV", "XLP", "XLU")
# A head-and-shoulders that ends below its neckline on the last session.
CORNERS = {0: 0.0, 204: 0.08, 219: 0.05, 239: 0.12, 259: 0.05, 274: 0.08, 299: 0.0}


def market() -> pd.DataFrame:
    """Log returns: every cyclical fund follows the path, XLY alone with some of its own, defensives stand still."""
    random = np.random.default_rng(1)
    path = np.interp(np.arange(COUNT), list(CORNERS), list(CORNERS.values())) + 0.002 * random.standard_normal(COUNT)
    moves = np.diff(path, prepend=path[0])
    columns = dict.fromkeys((*CYCLICAL, "KRE"), moves) | {name: np.zeros(COUNT) for name in DEFENSIVE}
    return pd.DataFrame(columns, index=DAYS).assign(KRE=0.01 * random.standard_normal(COUNT))


def rotation(log_returns: pd.DataFrame) -> pd.DataFrame:
    """Rows of indicators.rotation."""
    difference = log_returns[list(DEFENSIVE)].mean(axis=1) - log_returns[list(CYCLICAL)].mean(axis=1, skipna=False)
    rows = pd.DataFrame({"session": log_returns.index, "variant": "sector_funds"})
    return rows.assign(rotation_1d_pct=100 * difference.to_numpy())


def filled(log_returns: pd.DataFrame) -> pd.DataFrame:
    """The table from these returns, by window and session."""
    long = log_returns.map(np.expm1).rename_axis("session").reset_index()
    long = long.melt("session", var_name="symbol", value_name="total_return").dropna()
    needed = ("indicators.rotation", "reference.basket_members", "staging.prices")
    connection = build(until=needed, given={"indicators.rotation": rotation(log_returns), "staging.prices": long})
    rows = head_shoulders.fill(inputs(partial(frame_of, connection))).rows
    return rows.set_index(["window_sessions", "session"])


@pytest.fixture(scope="module")
def whole() -> pd.DataFrame:
    """The table of the whole market."""
    return filled(market())


def test_the_pattern_is_placed_on_its_sessions(whole: pd.DataFrame) -> None:
    row = whole.loc[126].iloc[-1]
    assert row["is_pattern"]
    found = [DAYS.get_loc(row[f"{name}_session"]) for name in head_shoulders.POINTS]
    assert np.abs(np.array(found) - [204, 219, 239, 259, 274]).max() <= 3
    assert row["pattern_status"] == "broken"
    assert row["neckline_distance_pct"] == pytest.approx(row["path_pct"] - row["neckline_pct"])
    assert row["neckline_pct"] == pytest.approx(row["left_low_pct"], abs=1)
    assert row["target_pct"] == pytest.approx(row["neckline_pct"] - (row["head_pct"] - row["neckline_pct"]), abs=1)
    assert row["path_pct"] - row["head_pct"] == pytest.approx(-12, abs=1.5)


def test_a_pattern_keeps_the_session_on_which_it_was_first_reported(whole: pd.DataFrame) -> None:
    reported = whole.loc[126].query("is_pattern == True")
    [first] = reported["detected_at"].unique()
    assert first == reported.index.min() > DAYS[274]
    assert (reported["right_shoulder_session"] < reported.index).all()


def test_a_pattern_forms_before_it_is_detected(whole: pd.DataFrame) -> None:
    table = whole.loc[126]
    forming = table.query("pattern_status == 'forming'")
    [detected] = table["detected_at"].dropna().unique()
    assert forming.index.max() == table.index[table.index < detected].max()
    assert DAYS[259] < forming.index.min() < DAYS[274]
    row = forming.iloc[-1]
    found = [DAYS.get_loc(row[f"{name}_session"]) for name in head_shoulders.POINTS[:4]]
    assert np.abs(np.array(found) - [204, 219, 239, 259]).max() <= 3
    assert row["neckline_distance_pct"] == pytest.approx(row["path_pct"] - row["left_low_pct"], abs=1)
    assert not forming["is_pattern"].any()
    unknown = ["right_shoulder_session", "right_shoulder_pct", "target_pct", "detected_at", "pattern_share_variants"]
    assert forming[unknown].isna().all(axis=None)


def test_a_shoulder_below_its_low_is_refused(whole: pd.DataFrame) -> None:
    table = tables()["indicators.head_shoulders"]
    rows = whole.reset_index()[list(table.header.columns)].tail(2).reset_index(drop=True)
    assert contract(table, rows)[0].passed
    for low, high in (("left_low", "left_shoulder"), ("right_low", "right_shoulder")):
        bad = rows.assign(**{f"{low}_pct": [rows[f"{high}_pct"][0] + 0.1, rows[f"{low}_pct"][1]]})
        result = contract(table, bad)[0]
        assert (result.blocks, result.rows_failing) == (True, 1)
        assert "a_to_be_greater_than_b: session=2025-08-12" in result.detail


def test_the_future_changes_nothing(whole: pd.DataFrame) -> None:
    for cut in (265, 276, 279, 290):
        then = filled(market().iloc[:cut])
        pd.testing.assert_frame_equal(then, whole.loc[then.index], check_exact=True)


def test_other_choices_of_funds_are_tried(whole: pd.DataFrame) -> None:
    row = whole.loc[126].iloc[-1]
    # Seven without one fund each, and KRE, which has a life of its own.
    assert row["variants_tested"] == 8
    assert row["pattern_share_variants"] >= 7 / 8


def test_a_session_without_a_fund_breaks_every_window_over_it() -> None:
    returns = market()
    returns.loc[DAYS[150], "XLY"] = np.nan
    found = filled(returns).loc[63]
    broken = found["is_pattern"].isna()
    assert [DAYS.get_loc(day) for day in found.index[broken]] == list(range(150, 150 + 62))
    assert found.loc[broken, "inputs_missing"].str.startswith("63 returns of all funds").all()
    assert found.loc[broken, "path_pct"].isna().all()


def test_chance_is_told_once_a_year_of_changes_is_known(whole: pd.DataFrame) -> None:
    # 147 changes are known before 2025.
    assert whole["pattern_share_random"].isna().all()
    assert whole["inputs_missing"].str.contains("252 returns before the year").all()


def test_without_a_rotation_there_is_nothing() -> None:
    connection = build(until=("indicators.rotation", "reference.basket_members", "staging.prices"))
    assert head_shoulders.fill(inputs(partial(frame_of, connection))).rows.empty


@pytest.mark.parametrize(
    ("seen", "title", "points"),
    [(299, "Head-and-shoulders, broken", 5), (269, "Head-and-shoulders, forming", 4), (230, "No head", 0)],
)
def test_the_picture_marks_the_points_that_are_there(whole: pd.DataFrame, seen: int, title: str, points: int) -> None:
    rows = whole.reset_index()
    given = {
        "indicators.head_shoulders": rows[rows["session"] <= DAYS[seen]],
        "indicators.rotation": rotation(market()),
    }
    connection = build(until=tuple(given), given=given)
    figure = head_shoulders.picture(partial(frame_of, connection))
    assert figure is not None
    [axes] = figure.axes
    assert axes.get_title().startswith(title)
    marked = [len(np.asarray(line.get_xdata())) for line in axes.lines if line.get_marker() == "o"]
    assert marked == ([points] if points else [])
