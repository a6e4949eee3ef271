"""indicators.vol_control and its flows: against pandas and rolling forward, gaps, drop-offs, published figures."""

from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assets.indicators import vol_control, vol_control_flows
from tests.sql.given import bars, build, frame_of, rows_of, sessions

Array = NDArray[np.float64]

COUNT = 130
DAYS = sessions("2024-03-01", COUNT)
EXPOSURES = "indicators.vol_control"
FLOWS = "indicators.vol_control_flows"
# Of the calibration.
TARGET, CAP, BUDGET, LOW, HIGH = 12.0, 1.5, 24.8, 0.4, 1.3


def walk(seed: int, swing: float = 0.008) -> Array:
    """Closes of a random walk whose volatility changes by the month."""
    random = np.random.default_rng(seed)
    volatility = np.repeat(swing * np.exp(random.normal(0, 0.5, COUNT // 20 + 1)), 20)[:COUNT]
    closes: Array = 100 * np.exp(np.cumsum(random.standard_t(4, COUNT) * volatility))
    return closes


def built(closes: Array, holes: tuple[int, ...] = (), until: str = FLOWS) -> duckdb.DuckDBPyConnection:
    """The tables on closes of the S&P 500, some sessions missing."""
    kept = [n for n in range(len(closes)) if n not in holes]
    return build(bars("SPX", [DAYS[n] for n in kept], closes[kept].tolist()), until)


def exposures(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rows of indicators.vol_control by session."""
    return frame_of(connection, f"from {EXPOSURES} order by session").set_index("session")


def flows(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rows of indicators.vol_control_flows, in order."""
    return frame_of(connection, f"from {FLOWS} order by session, flow_sessions, daily_move_pct")


def log_returns(closes: Array) -> pd.Series:
    """Log returns in percent by session."""
    logarithms = np.log(closes)
    return pd.Series(100 * np.diff(logarithms, prepend=np.nan), index=DAYS[: len(closes)])


def notional(returns: pd.Series) -> pd.Series:
    """Exposure from returns in percent, by the definition."""
    squared = returns**2
    larger = pd.concat([squared.rolling(days).mean() for days in (21, 63)], axis=1).max(axis=1, skipna=False)
    return BUDGET / (TARGET / 100) * (TARGET / (252 * larger) ** 0.5).clip(upper=CAP)


@pytest.mark.parametrize("holes", [(), (70,)], ids=["complete", "with a missing session"])
def test_exposure_is_that_of_pandas(holes: tuple[int, ...]) -> None:
    closes = walk(1)
    found = exposures(built(closes, holes, EXPOSURES))
    closes[list(holes)] = np.nan
    returns = log_returns(closes)
    for days in (21, 63):
        volatility = np.sqrt(252 * (returns**2).rolling(days).mean())
        np.testing.assert_allclose(found[f"rv{days}_pct"], volatility, rtol=1e-12)
    expected = notional(returns)
    np.testing.assert_allclose(found["notional_bn"], expected, rtol=1e-12)
    np.testing.assert_allclose(found["leverage"], expected * TARGET / 100 / BUDGET, rtol=1e-12)
    np.testing.assert_allclose(found["notional_lo_bn"], LOW * expected, rtol=1e-12)
    np.testing.assert_allclose(found["notional_hi_bn"], HIGH * expected, rtol=1e-12)
    for count in (1, 5, 15):
        flow = expected.diff(count)
        name = f"flow_{count}d_realised"
        np.testing.assert_allclose(found[f"{name}_bn"], flow, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found[f"{name}_lo_bn"], np.minimum(LOW * flow, HIGH * flow), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found[f"{name}_hi_bn"], np.maximum(LOW * flow, HIGH * flow), rtol=1e-9, atol=1e-9)


def test_a_missing_session_costs_its_windows_and_says_so() -> None:
    found = exposures(built(walk(2), (40,), EXPOSURES))
    assert len(found) == COUNT
    # The session after has no close before it either.
    assert found["rv21_pct"].isna().to_numpy().nonzero()[0].tolist() == [*range(21), *range(40, 62)]
    assert found["notional_bn"].isna().to_numpy().nonzero()[0].tolist() == list(range(104))
    reasons = found["inputs_missing"]
    before = ", ".join(f"exposure {count} before" for count in ("1 session", "5 sessions", "15 sessions"))
    of_the_session = "S&P 500 of the session or the one before"
    assert reasons.iloc[41] == f"{of_the_session}, 21 returns of the S&P 500, 63 returns of the S&P 500, {before}"
    assert reasons.iloc[103] == f"63 returns of the S&P 500, {before}"
    assert reasons.iloc[104] == before
    assert reasons.iloc[109] == "exposure 15 sessions before"
    assert reasons.iloc[119:].isna().all()
    estimates = found.drop(columns=["grade", "method_version", "inputs_missing"])
    assert estimates.isna().any(axis=1).equals(reasons.notna())


def test_the_largest_return_about_to_leave() -> None:
    # Returns of 1 % up and down, but for a fall of 5 % on one session and twice 3 % on others.
    moves = np.where(np.arange(COUNT) % 2, 0.01, -0.01)
    moves[[50, 60, 62]] = -0.05, 0.03, -0.03
    found = exposures(built(100 * np.exp(np.cumsum(moves)), until=EXPOSURES))
    leaving = found[["dropoff_21d_pct", "dropoff_21d_session"]]
    # The window of session n holds the returns of n - 20 to n; those of n - 20 to n - 16 leave over the next five.
    assert leaving.iloc[65, 0] == pytest.approx(1)
    for n in range(66, 71):
        assert leaving.iloc[n, 0] == pytest.approx(-5)
        assert leaving.iloc[n, 1] == DAYS[50]
    assert [leaving.iloc[n, 1] for n in (76, 80, 81, 82)] == [DAYS[60], DAYS[60], DAYS[62], DAYS[62]]
    assert leaving.iloc[76, 0] == pytest.approx(3)
    assert leaving.iloc[82, 0] == pytest.approx(-3)
    assert [found["dropoff_63d_session"].iloc[n] == DAYS[50] for n in (107, 108, 112, 113)] == [
        False,
        True,
        True,
        False,
    ]
    assert leaving.iloc[:21].isna().all(axis=None)


def test_of_equal_returns_the_earliest_is_named() -> None:
    closes = np.full(COUNT, 100.0)
    closes[[50, 52]] = 200
    found = exposures(built(closes, until=EXPOSURES))["dropoff_21d_session"]
    assert [found.iloc[n] for n in (69, 70, 71, 72, 73)] == [DAYS[50], DAYS[50], DAYS[51], DAYS[52], DAYS[53]]


def rolled_forward(returns: pd.Series, count: int, move: float) -> float:
    """The flow of a scenario, one day after the other."""
    path = returns.tolist()
    before = notional(pd.Series(path)).iloc[-1]
    for n in range(count):
        path.append(move * (-1) ** n)
    return float(notional(pd.Series(path)).iloc[-1] - before)


@pytest.mark.parametrize("swing", [0.002, 0.008], ids=["calm", "normal"])
def test_flows_are_those_of_rolling_forward_day_by_day(swing: float) -> None:
    closes = walk(3, swing)
    found = flows(built(closes)).set_index("session")
    returns = log_returns(closes)
    for n in (63, 90, COUNT - 1):
        scenarios = found.loc[DAYS[n]]
        assert len(scenarios) == 16
        lengths_and_moves = zip(scenarios["flow_sessions"], scenarios["daily_move_pct"], strict=True)
        expected = np.array([rolled_forward(returns.iloc[: n + 1], *scenario) for scenario in lengths_and_moves])
        np.testing.assert_allclose(scenarios["flow_bn"], expected, rtol=0, atol=1e-9)
        ends = np.sort([LOW * expected, HIGH * expected], axis=0)
        np.testing.assert_allclose(scenarios[["flow_lo_bn", "flow_hi_bn"]].T, ends, rtol=0, atol=1e-9)


def test_flows_need_full_windows_and_say_so() -> None:
    found = flows(built(walk(4)))
    is_short = found["session"] < DAYS[63]
    assert found["flow_bn"].isna().equals(is_short)
    assert (found["inputs_missing"] == "63 returns of the S&P 500").equals(is_short)
    assert found["inputs_missing"].isna().equals(~is_short)


def test_a_market_that_stands_still_is_held_at_the_cap() -> None:
    connection = built(np.full(COUNT, 100.0))
    assert exposures(connection)["leverage"].dropna().unique().tolist() == [CAP]
    # A month of 1 % days is 15.9 % a year.
    [(flow,)] = rows_of(
        connection,
        f"select distinct round(flow_bn, 9) from {FLOWS} where flow_sessions = 21 and daily_move_pct = 1 "
        "and flow_bn is not null",
    )
    assert flow == pytest.approx(BUDGET / 0.12 * (TARGET / np.sqrt(252) - CAP))


def test_the_newest_calibration_is_used_and_named() -> None:
    versions = pd.DataFrame(
        {
            "method_version": ["2020-01", "2020-02"],
            "target_vol_pct": [99.0, 10.0],
            "max_leverage": [9.0, 2.0],
            "risk_budget_bn": [999.0, 30.0],
            "band_lo_factor": [0.0, 0.5],
            "band_hi_factor": [9.0, 2.0],
        }
    )
    rows = bars("SPX", DAYS, np.full(COUNT, 100.0).tolist())
    connection = build(rows, FLOWS, given={"reference.vol_control_calibration": versions})
    last = exposures(connection).iloc[-1]
    assert last[["method_version", "leverage", "notional_bn", "notional_lo_bn", "notional_hi_bn"]].to_list() == [
        "2020-02",
        2.0,
        600.0,
        300.0,
        1200.0,
    ]
    newest = flows(connection).iloc[-1]
    # 21 days of 2 %: 31.7 % a year.
    assert newest["flow_bn"] == pytest.approx(300 * 10 / (2 * np.sqrt(252)) - 600)
    assert newest["method_version"] == "2020-02"


def test_cutting_off_the_future_changes_nothing() -> None:
    closes = walk(5)
    whole, cut_off = built(closes, (30,)), built(closes[:110], (30,))
    for of in (exposures, flows):
        then, now = of(cut_off).reset_index(), of(whole).reset_index()
        pd.testing.assert_frame_equal(then, now[now["session"] <= DAYS[109]], check_exact=True)


@pytest.mark.parametrize("picture", [vol_control.picture, vol_control_flows.picture])
def test_a_picture_where_there_is_something_to_draw(
    picture: Callable[[Callable[[str], pd.DataFrame]], Figure | None],
) -> None:
    closes = walk(6)
    short, whole = built(closes[:50]), built(closes)
    assert picture(lambda sql: frame_of(short, sql)) is None
    figure = picture(lambda sql: frame_of(whole, sql))
    assert figure is not None
    assert figure.axes[0].lines


@pytest.mark.parametrize(
    ("session", "leverage", "notional_bn"),
    [("2025-11-14", 0.951, 197), ("2025-11-21", 0.857, 177), ("2025-11-24", 0.815, 169)],
)
def test_exposure_of_november_2025(
    real: duckdb.DuckDBPyConnection, session: str, leverage: float, notional_bn: float
) -> None:
    found = exposures(real).loc[session]
    assert round(found["leverage"], 3) == leverage
    assert found["notional_bn"] == pytest.approx(notional_bn, abs=1)


@pytest.mark.parametrize(
    ("session", "count", "published", "ours"),
    [("2025-06-24", 21, 114.2, 111.3), ("2021-01-19", 21, 96, 91.4), ("2021-01-19", 10, 40, 35.1)],
)
def test_published_flows_lie_in_the_band(
    real: duckdb.DuckDBPyConnection, session: str, count: int, published: float, ours: float
) -> None:
    query = f"from {FLOWS} where session = '{session}' and flow_sessions = {count} and daily_move_pct = 0.5"
    scenario = frame_of(real, query).iloc[0]
    assert round(scenario["flow_bn"], 1) == ours
    assert scenario["flow_lo_bn"] <= published <= scenario["flow_hi_bn"]


def test_the_published_sale_of_august_2024_lies_in_the_band(real: duckdb.DuckDBPyConnection) -> None:
    found = exposures(real).loc["2024-08-05"]
    assert round(found["flow_15d_realised_bn"], 1) == -126.6
    assert found["flow_15d_realised_lo_bn"] <= -103 <= found["flow_15d_realised_hi_bn"]
