"""indicators.cta_flows and indicators.cta_positions: dollars and bands by hand, shares, ranks, holes, versions."""

from collections.abc import Iterable, Mapping
from itertools import product

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, frame_of, rows_of, sessions

FLOWS, POSITIONS = "indicators.cta_flows", "indicators.cta_positions"
DAYS = sessions("2022-06-01", 900)
SCENARIOS = list(product((5, 21), ("flat", "up", "down")))
SIGNALS = {f"weight_{horizon}": 1 / 3 for horizon in ("st", "mt", "lt")} | {
    f"width_{horizon}": 0.5 for horizon in ("st", "mt", "lt")
}
NEWEST = {
    "method_version": "2000-02",
    "fold": "all",
    "scale_bn": 20.0,
    **SIGNALS,
    "elasticity": 0.8,
    "speed": 0.1,
    "path_1w": 2.0,
    "path_1m": 4.0,
    "global_ratio": 3.5,
    "position_us_ratio": 2.0,
    "position_global_ratio": 5.0,
}
# Only the fold that saw every figure counts.
FOLD = {**NEWEST, "fold": str(DAYS[50].date()), "scale_bn": 25.0}
TABLES = {
    "reference.flow_calibration": pd.DataFrame([FOLD, NEWEST]),
    "reference.flow_bands": pd.DataFrame(SCENARIOS, columns=["flow_sessions", "scenario"]).assign(
        method_version="2000-02", sigma_us_bn=[1, 2, 3, 4, 5, 6], sigma_global_bn=[10, 20, 30, 40, 50, 60]
    ),
    "reference.position_bands": pd.DataFrame(
        {"method_version": "2000-02", "region": ["us", "global"], "sigma_bn": [10, 30]}
    ),
    "indicators.trend_models": pd.DataFrame(),
}


def trends(position: pd.Series, flow: Mapping[tuple[int, str], float] | None = None) -> pd.DataFrame:
    """Rows of indicators.trend_flows of the S&P 500: its position by session, and the same flows on each."""
    wanted = dict.fromkeys(SCENARIOS, 0.0) | dict(flow or {})
    return pd.concat(
        pd.DataFrame({"session": position.index, "trend_position": position.to_numpy()}).assign(
            symbol="SPX", flow_sessions=length, scenario=scenario, trend_flow=value, method_version="2000-02"
        )
        for (length, scenario), value in wanted.items()
    )


def built(
    trend_flows: pd.DataFrame, until: Iterable[str] = (FLOWS, POSITIONS), **given: pd.DataFrame
) -> duckdb.DuckDBPyConnection:
    """The tables from rows of indicators.trend_flows, with those of TABLES unless given."""
    named = {name.replace("__", "."): rows for name, rows in given.items()}
    prices = trend_flows.query("symbol == 'SPX'")[["session", "symbol"]].drop_duplicates()
    given = {**TABLES, "indicators.trend_flows": trend_flows, "indicators.excess_prices": prices}
    return build(until=tuple(until), given=given | named)


def test_flows_are_in_dollars_with_their_scenarios_band() -> None:
    signal = dict(zip(SCENARIOS, (-0.2, 0.1, -0.5, -0.4, 0.3, -1.0), strict=True))
    rows = trends(pd.Series(0.5, DAYS[:1]), signal)
    other = rows.assign(symbol="NDX", trend_flow=9.0)
    columns = "flow_sessions, scenario, flow_us_bn, flow_us_lo_bn, flow_us_hi_bn, flow_global_bn, flow_global_lo_bn"
    query = f"select {columns}, flow_global_hi_bn, method_version, grade, inputs_missing from {FLOWS} order by all"
    found = rows_of(built(pd.concat([rows, other])), query)
    near = pytest.approx
    expected = [
        (5, "flat", -4, -14, 1.28, 12.8),
        (5, "up", 2, 7, 2.56, 25.6),
        (5, "down", -10, -35, 3.84, 38.4),
        (21, "flat", -8, -28, 5.12, 51.2),
        (21, "up", 6, 21, 6.4, 64.0),
        (21, "down", -20, -70, 7.68, 76.8),
    ]
    assert found == [
        (
            *(length, scenario, near(us), near(us - of_us), near(us + of_us)),
            *(near(world), near(world - of_world), near(world + of_world), "2000-02", "C", None),
        )
        for length, scenario, us, world, of_us, of_world in sorted(expected)
    ]


# A flow of 1 is 70 USD bn worldwide.
@pytest.mark.parametrize(
    ("week_bn", "month_bn", "share"),
    [
        (-14, -28, 0.5),
        (35, 28, 1.25),
        (-14, 28, None),
        (14, -28, None),
        (3, 5.01, 3 / 5.01),
        (-3, -4.99, None),
    ],
)
def test_the_front_loaded_share_is_that_of_the_flat_week(week_bn: float, month_bn: float, share: float | None) -> None:
    flow = {(5, "flat"): week_bn / 70, (21, "flat"): month_bn / 70, (5, "up"): 9.0, (21, "down"): -9.0}
    found = rows_of(built(trends(pd.Series(0.5, DAYS[:1]), flow)), f"select front_loaded, inputs_missing from {FLOWS}")
    assert found == [(share if share is None else pytest.approx(share), None)] * len(SCENARIOS)


def test_positions_are_on_the_published_ones_level_with_their_band_and_the_rules_beside() -> None:
    position = pd.Series([0.5, 9.0, 9.0, 9.0, 9.0, 0.8], DAYS[:6])
    rules = pd.DataFrame({"session": DAYS[5], "symbol": "SPX", "exposure": [0.1, -0.4, 0.3]})
    other = rules.assign(symbol="NDX", exposure=2.0)
    found = frame_of(
        built(trends(position), indicators__trend_models=pd.concat([rules, other])),
        f"from {POSITIONS} order by session",
    )
    first, last = found.iloc[0], found.iloc[-1]
    us, world = ([f"position_{region}_{end}bn" for end in ("", "lo_", "hi_")] for region in ("us", "global"))
    assert first[us].to_list() == pytest.approx([20, 7.2, 32.8])
    assert first[world].to_list() == pytest.approx([50, 11.6, 88.4])
    assert first["inputs_missing"] == "position of 5 sessions before, three years of positions, trend_models"
    assert last["position_us_5d_change_bn"] == pytest.approx(12)
    assert last[["rules_lo_us_bn", "rules_median_us_bn", "rules_hi_us_bn"]].to_list() == pytest.approx([-16, 4, 12])
    assert (last["method_version"], last["grade"]) == ("2000-02", "C")
    assert last["inputs_missing"] == "three years of positions"


def test_without_one_of_the_rules_there_is_no_range_of_them() -> None:
    rules = pd.DataFrame({"session": DAYS[0], "symbol": "SPX", "exposure": [0.1, np.nan, 0.3]})
    found = built(trends(pd.Series(0.5, DAYS[:1])), indicators__trend_models=rules)
    [(low, middle, high, reason)] = rows_of(
        found, f"select rules_lo_us_bn, rules_median_us_bn, rules_hi_us_bn, inputs_missing from {POSITIONS}"
    )
    assert (low, middle, high) == (None, None, None)
    assert reason.endswith("trend_models")


@pytest.mark.parametrize("hole", [[], range(100, 130)], ids=["complete", "with a hole"])
def test_the_rank_is_over_756_sessions_and_needs_95_percent_of_them(hole: Iterable[int]) -> None:
    values = pd.Series(np.random.default_rng(1).normal(0, 1, len(DAYS)).round(1), DAYS)
    values.iloc[list(hole)] = np.nan
    found = frame_of(built(trends(values.dropna())), f"from {POSITIONS} order by session").set_index("session")
    expected = values.rolling(756, min_periods=719).rank(method="max", pct=True).where(values.notna())
    np.testing.assert_allclose(found["position_rank_3y"], expected, rtol=0, atol=1e-12)
    assert expected.notna().sum() > 100
    assert found["inputs_missing"].str.contains("three years").to_list() == expected.isna().to_list()


def test_a_session_without_a_position_says_so_then_and_five_sessions_later() -> None:
    position = pd.Series(np.arange(12) / 10, DAYS[:12]).drop(DAYS[4])
    found = built(trends(position))
    rows = frame_of(found, f"from {POSITIONS} order by session").set_index("session")
    assert rows.index.to_list() == DAYS[:12]
    change = rows["position_us_5d_change_bn"]
    assert change.index[change.isna()].to_list() == [*DAYS[:5], DAYS[9]]
    assert change.dropna().to_list() == pytest.approx([20] * 6)
    assert rows.filter(regex="^(position|rules)").loc[DAYS[4]].isna().all()
    reasons = rows["inputs_missing"]
    assert reasons.index[reasons.str.startswith("trend_flows of SPX")].to_list() == [DAYS[4]]
    assert reasons.index[reasons.str.startswith("position of 5 sessions before")].to_list() == [*DAYS[:4], DAYS[9]]
    query = f"select flow_us_bn, flow_global_lo_bn, front_loaded, inputs_missing from {FLOWS} where session = $day"
    lost = found.execute(query, {"day": DAYS[4].date()}).fetchall()
    assert lost == [(None, None, None, "trend_flows of SPX")] * len(SCENARIOS)


# From prices on


def market(count: int, unfinanced: int | None = None) -> dict[str, pd.DataFrame]:
    """Tables from which flows follow: averages that burn in soon, and a session whose cash rate is too old."""
    price = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.01, count)))
    prices = pd.DataFrame({"session": DAYS[:count], "symbol": "SPX", "close": price, "low": price})
    excess = prices["close"].mask(prices.index == unfinanced)
    horizons = pd.DataFrame({"horizon": ["st", "mt", "lt"], "centre_of_mass": [2.0, 4.0, 8.0], "pivot_error_pct": 0.1})
    return {
        **TABLES,
        "indicators.excess_prices": prices[["session", "symbol", "close"]].assign(excess_price=excess, spell=1),
        "staging.prices": prices,
        "reference.pivot_calibration": horizons.assign(method_version="2000-02"),
    }


@pytest.mark.parametrize("table", [FLOWS, POSITIONS])
def test_a_session_without_a_flow_does_not_wait_for_the_next_one(table: str) -> None:
    ends = {count: (DAYS[count - 1] + pd.Timedelta(days=1)).tz_localize("UTC") for count in (51, 60)}
    then, later = (build(until=table, given=market(count, unfinanced=50), now=end) for count, end in ends.items())
    query = f"from {table} where session <= '{DAYS[50].date()}' order by all"
    pd.testing.assert_frame_equal(frame_of(then, query), frame_of(later, query), check_exact=True)


def older(rows: pd.DataFrame) -> pd.DataFrame:
    """An earlier version of a calibration, all of whose numbers differ."""
    values = rows.select_dtypes("number").columns.difference(["flow_sessions"])
    return rows.assign(method_version="1999-12", **{str(name): rows[name] * 1.3 for name in values})


def test_the_newest_calibration_is_used_everywhere() -> None:
    rules = pd.DataFrame({"session": DAYS[:60], "symbol": "SPX", "exposure": 0.5})
    given = market(60) | {"indicators.trend_models": rules}
    versions = {
        name: pd.concat([rows, older(rows)], ignore_index=True)
        for name, rows in given.items()
        if "method_version" in rows
    }
    tables = (FLOWS, POSITIONS, "indicators.cta_pivots", "indicators.cta_flows_left_out")
    alone, beside = build(until=tables, given=given), build(until=tables, given=given | versions)
    for table in tables:
        query = f"from {table} order by all"
        found = frame_of(beside, query)
        assert set(found["method_version"]) == {"2000-02"}
        pd.testing.assert_frame_equal(found, frame_of(alone, query), check_exact=True)
