"""The regime's tables by hand: sub-scores, danger with its band and drivers, outcomes, spells, and a missing input."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, frame_of, refill, rows_of, sessions, tables

COUNT = 504
DAYS = sessions("2023-06-01", COUNT + 10)
LAST = DAYS[COUNT - 1]
MIDDLE = 252
ALL = pd.read_csv(tables()["reference.sub_scores"].csv).set_index("sub_score")
WEIGHTS = ALL["grade"].map({"A": 1.0, "B": 0.75, "C": 0.5, "D": 0.25})
TOTAL = WEIGHTS.sum()


def ranked(rank: int, half: float = 0.0, count: int = COUNT) -> pd.DataFrame:
    """Levels 1, 2, 3 ... in some order, so that the last has the rank, with a band."""
    values = [float(value) for value in range(1, count + 1) if value != rank] + [float(rank)]
    level = pd.Series(values)
    return pd.DataFrame({"session": DAYS[:count], "level": level, "lo": level - half, "hi": level + half})


def ranges(rank: int, half: float = 0.0, count: int = COUNT) -> pd.DataFrame:
    """Rows of indicators.trading_range."""
    names = {"level": "range_5d_pct", "lo": "range_5d_lo_pct", "hi": "range_5d_hi_pct"}
    return ranked(rank, half, count).rename(columns=names).assign(symbol="SPX")


def closes(values: Mapping[pd.Timestamp, float], source: str = "vendor") -> pd.DataFrame:
    """Rows of staging.prices for the S&P 500."""
    return pd.DataFrame({"session": list(values), "symbol": "SPX", "close": list(values.values()), "source": source})


# An estimate of the last session for each sub-score: the table's rows, and the score, its lower and its upper end.
ESTIMATES: Mapping[str, tuple[str, pd.DataFrame, tuple[float, float, float]]] = {
    "trend": (
        "indicators.cta_pivots",
        pd.DataFrame(
            {
                "horizon": ["st", "mt"],
                "symbol": "SPX",
                "close": [100.0, 100.0],
                "is_below": [True, False],
                # Below the short-term pivot, but not below the lower end of its band; below the upper end of the other.
                "pivot_lo": [99.0, 98.0],
                "pivot_hi": [102.0, 101.0],
            }
        ),
        (0.5, 0.0, 1.0),
    ),
    "range": ("indicators.trading_range", ranges(MIDDLE, 50.5), (252 / 504, 201 / 504, 302 / 504)),
    "panic": (
        "indicators.vol_panic",
        pd.DataFrame({"panic_3": [8.0], "vol_panic_lo": [7.0], "vol_panic_hi": [9.0]}),
        (0.8, 0.7, 0.9),
    ),
    "rotation": (
        "indicators.rotation",
        ranked(400, 20.5)
        .rename(columns={"level": "neutral_21d_pct", "lo": "neutral_21d_lo_pct", "hi": "neutral_21d_hi_pct"})
        .assign(variant="sector_funds"),
        (400 / 504, 379 / 504, 420 / 504),
    ),
    "vol_control": (
        "indicators.vol_control_flows",
        pd.DataFrame(
            {"flow_sessions": 5, "daily_move_pct": 1.0, "flow_bn": [-12.0], "flow_lo_bn": -15.0, "flow_hi_bn": -6.0}
        ),
        (0.4, 0.2, 0.5),
    ),
    "turbulence": ("indicators.systemic", pd.DataFrame({"turbulence_rank_756d": [0.6]}), (0.6, 0.6, 0.6)),
    "trend_flow": (
        "indicators.cta_flows",
        pd.DataFrame(
            {
                "flow_sessions": 5,
                "scenario": "flat",
                "flow_global_bn": [-10.0],
                "flow_global_lo_bn": -60.0,
                "flow_global_hi_bn": 5.0,
            }
        ),
        (0.2, 0.0, 1.0),
    ),
    "liquidity": (
        "indicators.liquidity",
        pd.DataFrame({"liq_stress": [6.0], "liq_stress_lo": 5.0, "liq_stress_hi": 7.5}),
        (0.6, 0.5, 0.75),
    ),
    "breadth": (
        "indicators.breadth",
        pd.DataFrame({"above_50d_pct": [40.0], "above_50d_lo_pct": 39.0, "above_50d_hi_pct": 42.0}),
        (0.6, 0.58, 0.61),
    ),
    "speculation": (
        "indicators.baskets",
        pd.concat(
            ranked(rank).rename(columns={"level": "loss"}).assign(basket=basket)
            for basket, rank in (("quantum", 404), ("bitcoin_sensitive", 304), ("ai", 1))
        ).assign(basket_return_21d_pct=lambda of: -of["loss"]),
        (354 / 504, 304 / 504, 404 / 504),
    ),
    "rebound": (
        "indicators.rebound",
        pd.DataFrame(
            {"reversal_days_5d": [0], "rebound_quality": 0.22, "rebound_quality_lo": 0.1, "rebound_quality_hi": 0.4}
        ),
        (0.0, 0.0, 1.0),
    ),
    "gamma": (
        "indicators.dealer_gamma",
        pd.DataFrame({"underlying": ["SPX"], "reading": "close", "p_negative": 0.3}),
        (0.3, 0.3, 0.3),
    ),
    "head_shoulders": (
        "indicators.head_shoulders",
        pd.DataFrame(
            {
                "window_sessions": [63, 126, 189],
                "is_pattern": [False, True, True],
                "pattern_status": [None, "broken", "complete"],
                "pattern_share_random": [0.03, 0.06, 0.05],
            }
        ),
        (0.94, 0.0, 0.94),
    ),
}
# What the tables on the way to regime.daily are made from, and nothing that computes it.
BESIDE = ("indicators.systematic_total", "indicators.excess_prices")


def world(*missing: str) -> dict[str, pd.DataFrame]:
    """The estimates of all sub-scores but some, as the rows of their tables."""
    given = {name: pd.DataFrame() for name in BESIDE}
    for sub_score, (table, rows, _) in ESTIMATES.items():
        of_last = rows if "session" in rows else rows.assign(session=LAST)
        if sub_score in missing:
            of_last = of_last.iloc[:0]
        given[table] = of_last[[name for name in of_last if name in tables()[table].types]]
    given["staging.prices"] = closes(dict.fromkeys(DAYS[:COUNT], 100.0))
    return given


def last_row(table: str, given: Mapping[str, pd.DataFrame]) -> pd.Series:
    return frame_of(build(until=table, given=given), f"from {table} where session = '{LAST}'").iloc[0]


def test_every_sub_score_is_tested_here() -> None:
    assert set(ESTIMATES) == set(ALL.index)


@pytest.mark.parametrize("sub_score", ESTIMATES)
def test_a_sub_score_is_what_its_rule_says(sub_score: str) -> None:
    others = set(ESTIMATES) - {sub_score}
    connection = build(until="regime.sub_scores", given=world(*others))
    query = f"""
        select score, score_lo, score_hi, score_weight from regime.sub_scores
        where session = '{LAST}' and sub_score = '{sub_score}'
    """
    assert rows_of(connection, query) == [pytest.approx((*ESTIMATES[sub_score][2], WEIGHTS[sub_score]))]
    assert rows_of(connection, f"select count(score) from regime.sub_scores where sub_score != '{sub_score}'") == [(0,)]


@pytest.mark.parametrize(
    ("reversals", "quality", "score"), [(1, None, 1.0), (0, None, 0.0), (0, 0.19, 1.0), (None, 0.19, 1.0)]
)
def test_a_failed_rebound_is_a_reversal_or_a_bad_quality(
    reversals: int | None, quality: float | None, score: float
) -> None:
    given = world()
    given["indicators.rebound"] = given["indicators.rebound"].assign(
        reversal_days_5d=reversals, rebound_quality=quality, rebound_quality_lo=quality, rebound_quality_hi=quality
    )
    connection = build(until="regime.sub_scores", given=given)
    query = f"select score from regime.sub_scores where session = '{LAST}' and sub_score = 'rebound'"
    assert rows_of(connection, query) == [(score,)]


@pytest.mark.parametrize(("count", "there"), [(478, False), (479, True)])
def test_a_rank_needs_95_percent_of_its_window(count: int, there: bool) -> None:
    given = world(*(set(ESTIMATES) - {"range", "panic"}))
    given["indicators.trading_range"] = ranges(100, count=count)
    given["indicators.vol_panic"] = given["indicators.vol_panic"].assign(session=DAYS[count - 1])
    connection = build(until="regime.sub_scores", given=given)
    query = f"select score from regime.sub_scores where session = '{DAYS[count - 1]}' and sub_score = 'range'"
    assert rows_of(connection, query) == [(pytest.approx(100 / count) if there else None,)]


def test_danger_is_the_mean_by_grade_and_its_band_adds_groups_by_squares() -> None:
    last = last_row("regime.danger", world())
    scores = pd.DataFrame({name: of[2] for name, of in ESTIMATES.items()}, index=["score", "lo", "hi"]).T
    share = WEIGHTS / TOTAL
    danger = (share * scores["score"]).sum()
    groups = ALL["error_group"]
    below = np.sqrt(((share * (scores["score"] - scores["lo"])).groupby(groups).sum() ** 2).sum())
    above = np.sqrt(((share * (scores["hi"] - scores["score"])).groupby(groups).sum() ** 2).sum())
    assert last["danger"] == pytest.approx(danger)
    assert (last["danger_lo"], last["danger_hi"]) == pytest.approx((danger - below, danger + above))
    assert last["weight_share"] == 1
    assert pd.isna(last["inputs_missing"])


@pytest.fixture(scope="module")
def whole() -> duckdb.DuckDBPyConnection:
    """All on the way to regime.daily, from the estimates of all sub-scores."""
    return build(until="regime.daily", given=world())


@pytest.mark.parametrize("sub_score", ESTIMATES)
def test_a_missing_input_takes_its_weight_and_widens_the_band(whole: duckdb.DuckDBPyConnection, sub_score: str) -> None:
    query = f"from regime.daily where session = '{LAST}'"
    before = frame_of(whole, query).iloc[0]
    whole.begin()
    whole.execute(f"delete from {ESTIMATES[sub_score][0]}")
    refill(whole, "regime.sub_scores", "regime.danger", "regime.labels", "regime.daily")
    without = frame_of(whole, query).iloc[0]
    whole.rollback()
    assert without["weight_share"] == pytest.approx(1 - WEIGHTS[sub_score] / TOTAL)
    assert without["inputs_missing"] == ALL.loc[sub_score, "score_title"]
    assert pd.isna(without[f"s_{sub_score}"])
    others = [f"s_{name}" for name in ESTIMATES if name != sub_score]
    assert without[others].tolist() == before[others].tolist()
    assert without["danger_hi"] - without["danger_lo"] > before["danger_hi"] - before["danger_lo"]
    rest = pd.Series({name: of[2][0] for name, of in ESTIMATES.items() if name != sub_score})
    assert without["danger"] == pytest.approx((rest * WEIGHTS[rest.index]).sum() / WEIGHTS[rest.index].sum())


def test_danger_needs_60_percent_of_the_weight() -> None:
    heavy = ["trend", "range", "panic", "rotation"]
    assert WEIGHTS[heavy].sum() > 0.4 * TOTAL
    last = last_row("regime.daily", world(*heavy))
    lost = ["danger", "danger_lo", "danger_hi", "danger_change", "label", "days_in_regime", "driver_1"]
    assert last[lost].isna().all()
    assert last["weight_share"] == pytest.approx(1 - WEIGHTS[heavy].sum() / TOTAL)
    assert last["inputs_missing"] == ", ".join(ALL.loc[["range", "trend", "panic", "rotation"], "score_title"])


def test_a_sub_score_that_is_added_counts_without_a_change_of_code() -> None:
    scores = pd.DataFrame(
        {
            "session": LAST,
            "sub_score": ["trend", "funding"],
            "score_title": ["Trend", "Funding stress"],
            "score": [0.2, 0.8],
            "score_lo": [0.2, 0.7],
            "score_hi": [0.2, 0.9],
            "grade": ["A", "A"],
            "score_weight": [1.0, 1.0],
            "error_group": ["systematic", "funding"],
        }
    )
    last = last_row("regime.danger", {"regime.sub_scores": scores})
    assert (last["danger"], last["danger_lo"], last["danger_hi"]) == pytest.approx((0.5, 0.45, 0.55))


def scored(*sessions_of: Mapping[str, float | None]) -> pd.DataFrame:
    """Rows of regime.sub_scores, one mapping of scores a session; all weights are 1."""
    rows = [
        {"session": day, "sub_score": name, "score_title": name, "score": score, "score_lo": score, "score_hi": score}
        for day, of in zip(DAYS, sessions_of, strict=False)
        for name, score in of.items()
    ]
    return pd.DataFrame(rows).assign(grade="A", score_weight=1.0, error_group="one")


def test_moves_are_measured_from_the_danger_before_and_add_up() -> None:
    before, now = {"a": 0.4, "b": 0.4, "c": 0.4, "d": 0.8}, {"a": 0.6, "b": 0.4, "c": 0.1, "d": None}
    connection = build(until="regime.danger", given={"regime.sub_scores": scored(before, now)})
    last = frame_of(connection, "from regime.danger order by session").iloc[-1]
    # From 0.5: a and c move by what they are now less what they were, each in its own mean; d takes its 0.3 / 4 away.
    moves = {"c": -0.4 / 3 + 0.1 / 4, "a": 0.1 / 3 + 0.1 / 4, "d": -0.3 / 4, "b": -0.1 / 3 + 0.1 / 4}
    assert last["danger_change"] == pytest.approx(1.1 / 3 - 0.5)
    assert sum(moves.values()) == pytest.approx(last["danger_change"])
    found = {last[f"driver_{n}"]: last[f"driver_{n}_move"] for n in (1, 2, 3)}
    assert list(found) == ["c", "d", "a"]
    assert found == pytest.approx({name: moves[name] for name in found})


def test_what_does_not_move_is_no_driver() -> None:
    connection = build(
        until="regime.danger", given={"regime.sub_scores": scored({"a": 0.5, "b": 0.2}, {"a": 0.5, "b": 0.2})}
    )
    last = frame_of(connection, "from regime.danger order by session").iloc[-1]
    assert last[["driver_1", "driver_1_move", "driver_2", "driver_3"]].isna().all()
    assert last["danger_change"] == 0


def test_the_first_session_has_no_change() -> None:
    connection = build(until="regime.danger", given={"regime.sub_scores": scored({"a": 0.5})})
    first = frame_of(connection, "from regime.danger").iloc[0]
    assert first[["danger_change", "driver_1"]].isna().all()
    assert first["danger"] == 0.5


def test_every_session_from_the_first_sub_score_has_its_row() -> None:
    given = world(*(set(ESTIMATES) - {"panic"}))
    first, lost, last = DAYS[3], DAYS[5], DAYS[7]
    panic = given["indicators.vol_panic"]
    given["indicators.vol_panic"] = pd.concat([panic.assign(session=day) for day in (first, DAYS[4], DAYS[6], last)])
    given["staging.prices"] = closes({day: 100.0 for day in DAYS[:8] if day != lost})
    found = frame_of(build(until="regime.daily", given=given), "from regime.daily order by session").set_index(
        "session"
    )
    assert found.index.to_list() == DAYS[3:8]
    assert found.loc[lost, ["spx_close", "spx_drawdown_pct", "s_panic", "danger"]].isna().all()
    assert found.loc[lost, "weight_share"] == 0
    assert found["inputs_missing"][lost].startswith("SPX, Trading range, ")


def test_the_drawdown_is_that_from_the_highest_close_so_far() -> None:
    given = world(*(set(ESTIMATES) - {"panic"}))
    panic = given["indicators.vol_panic"]
    given["indicators.vol_panic"] = pd.concat([panic.assign(session=day) for day in DAYS[2:7]])
    given["staging.prices"] = closes(dict(zip(DAYS[:7], [100.0, 120.0, 90.0, 96.0, 120.0, 150.0, 135.0], strict=True)))
    found = frame_of(build(until="regime.daily", given=given), "from regime.daily order by session")
    # The high of 120 stands before the first row of the table.
    assert found["spx_drawdown_pct"].to_list() == pytest.approx([-25, -20, 0, 0, -10])
    assert found["spx_close"].to_list() == [90, 96, 120, 150, 135]


def test_a_simulated_market_is_called_simulated() -> None:
    given = world() | {"staging.prices": closes(dict.fromkeys(DAYS[:COUNT], 100.0), source="simulated")}
    assert bool(last_row("regime.daily", given)["simulated"])


def outcomes(levels: list[float]) -> pd.DataFrame:
    days = sessions("2022-01-03", len(levels))
    given = {"staging.prices": closes(dict(zip(days, levels, strict=True)))}
    return frame_of(build(until="regime.outcomes", given=given), "from regime.outcomes order by session")


def test_an_outcome_stands_on_the_session_that_completes_it() -> None:
    found = outcomes([100.0] * 5 + [110.0, 99.0] + [100.0] * 20)
    assert found["scored_session"].to_list() == sessions("2022-01-03", 6)
    assert found["session"].to_list() == sessions("2022-01-03", 27)[21:]
    # From the high of the window, which a window that begins on it still holds.
    assert found["drawdown_ahead_pct"].to_list() == pytest.approx([-10] * 6)
    assert found["return_ahead_pct"].to_list() == pytest.approx([0, 0, 0, 0, 0, 100 * (100 / 110 - 1)])
    assert found["is_drawdown_ahead"].all()
    returns = np.log([110 / 100, 99 / 110, 100 / 99])
    assert found["vol_ahead_pct"].iloc[0] == pytest.approx(100 * np.sqrt(252 / 21 * (returns**2).sum()))


def test_a_window_that_begins_after_the_high_does_not_know_it() -> None:
    found = outcomes([110.0] + [100.0] * 10 + [96.0] * 12)
    assert found["drawdown_ahead_pct"].to_list() == pytest.approx([100 * (96 / 110 - 1), -4])
    assert found["is_drawdown_ahead"].to_list() == [True, False]


def test_high_volatility_is_judged_by_what_was_known() -> None:
    random = np.random.default_rng(1)
    levels = 100 * np.exp(0.01 * random.standard_normal(700).cumsum())
    found = outcomes(levels.tolist()).set_index("scored_session")
    squares = pd.Series(np.log(levels), sessions("2022-01-03", 700)).diff() ** 2
    volatility = 100 * np.sqrt(252 * squares.rolling(21).mean())
    day = found.index[600]
    assert found.loc[day, "vol_threshold_pct"] == pytest.approx(volatility[:day].quantile(0.8))
    assert found["vol_threshold_pct"].isna().sum() == 504 + 20
    judged = found.dropna(subset="vol_threshold_pct")
    assert (judged["is_high_vol_ahead"] == (judged["vol_ahead_pct"] > judged["vol_threshold_pct"])).all()


def labelled(labels: Sequence[str | None]) -> dict[str, pd.DataFrame]:
    """Rows of regime.labels and regime.danger, and closes that rise by 1 % a session, from one session earlier on."""
    days = DAYS[1 : len(labels) + 1]
    ages, age = [], 0
    for before, now in zip((None, *labels), labels, strict=False):
        age = age + 1 if before == now else 1
        ages.append(age)
    rows = pd.DataFrame({"session": days, "label": labels, "days_in_regime": ages})
    danger = pd.DataFrame({"session": days, "danger": np.linspace(0.1, 0.6, len(days)), "weight_share": 1.0})
    levels = {day: 100 * 1.01**n for n, day in enumerate(DAYS[: len(labels) + 1])}
    return {
        "regime.labels": rows.dropna(),
        "regime.danger": danger.assign(danger=danger["danger"].where(rows["label"].notna())),
        "staging.prices": closes(levels),
    }


def test_a_spell_runs_from_the_close_before_it() -> None:
    connection = build(until="regime.transitions", given=labelled(["calm"] * 6 + ["normal"] * 2))
    first, second = frame_of(connection, "from regime.transitions order by first_session").to_dict("records")
    assert (first["label"], first["spell_sessions"], first["last_session"]) == ("calm", 6, DAYS[6])
    assert (first["is_open"], second["is_open"]) == (False, True)
    assert pd.isna(first["from_label"])
    assert second["from_label"] == "calm"
    assert first["spell_return_pct"] == pytest.approx(100 * (1.01**6 - 1))
    assert second["spell_return_pct"] == pytest.approx(100 * (1.01**2 - 1))
    assert first["spell_vol_pct"] == pytest.approx(100 * np.sqrt(252) * np.log(1.01))
    assert pd.isna(second["spell_vol_pct"])
    assert (first["spell_drawdown_pct"], second["spell_danger_max"]) == pytest.approx((0, 0.6))


def test_a_session_without_a_label_ends_a_spell() -> None:
    connection = build(until="regime.transitions", given=labelled(["calm"] * 2 + [None] + ["calm"] * 2))
    spells = frame_of(connection, "from regime.transitions order by first_session")
    assert spells["spell_sessions"].to_list() == [2, 2]
    assert spells["from_label"].isna().all()
