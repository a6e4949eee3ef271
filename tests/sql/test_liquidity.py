"""indicators.liquidity: given prices, spreads and quotes and the expected measures."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress
from scipy.stats import t as student

from tests.sql.given import build, frame_of, rows_of, sessions

COUNT = 1100
DAYS = sessions("2021-06-01", COUNT)
LAST = DAYS[-1]
FULL = pd.DataFrame({"session": DAYS})


@cache
def bars() -> pd.DataFrame:
    """Random bars of SPY and ES=F, and VIX; rows of staging.prices."""
    random = np.random.default_rng(5)
    returns = random.normal(0, 0.01, COUNT)
    close = 400 * np.exp(np.cumsum(returns))
    frame = FULL.assign(
        symbol="SPY",
        open=close * np.exp(random.normal(0, 0.004, COUNT)),
        close=close,
        volume=np.exp(random.normal(18, 0.3, COUNT)),
        total_return=np.append(np.nan, np.expm1(returns[1:])),
    )
    frame["high"] = frame[["open", "close"]].max(axis=1) * 1.004
    frame["low"] = frame[["open", "close"]].min(axis=1) * 0.996
    index = frame.assign(symbol="SPX", close=10 * close)
    future = index.assign(symbol="ES=F", volume=np.exp(random.normal(14, 0.2, COUNT)))
    vix = FULL.assign(symbol="VIX", close=np.exp(random.normal(3, 0.25, COUNT)))
    return pd.concat([frame, index, future, vix], ignore_index=True)


def liquidity(prices: pd.DataFrame | None = None, /, **given: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """The table from prices and from rows of the indicators it reads, none unless given."""
    nothing = {f"indicators.{name}": pd.DataFrame() for name in ("spreads", "spread_panel", "option_smile")}
    rows = nothing | {f"indicators.{name}": of for name, of in given.items()}
    return build(until="indicators.liquidity", given={"staging.prices": bars() if prices is None else prices, **rows})


@cache
def unconditional() -> pd.DataFrame:
    """The whole table from the random bars."""
    return frame_of(liquidity(), "from indicators.liquidity order by session").set_index("session")


def last(connection: duckdb.DuckDBPyConnection, columns: str) -> tuple[Any, ...]:
    """Columns of the last session's row."""
    [row] = rows_of(connection, f"select {columns} from indicators.liquidity where session = '{LAST.date()}'")
    return row


def of(symbol: str) -> pd.DataFrame:
    """The bars of a symbol by session."""
    frame = bars()
    return frame[frame["symbol"] == symbol].set_index("session")


def changed(symbol: str, number: int, **columns: float) -> pd.DataFrame:
    """The bars, some values of one of them others; session by number, negative from the end."""
    frame = bars().copy()
    at = (frame["symbol"] == symbol) & (frame["session"] == DAYS[number])
    frame.loc[at, list(columns)] = list(columns.values())
    return frame


@pytest.mark.parametrize(("vix", "rounded", "factor"), [(23.43, 6.6, 1.77), (12, 20.5, 1.95), (75.47, 0.9, 2.03)])
def test_depth_is_a_transform_of_vix_with_the_band_of_a_prediction(vix: float, rounded: float, factor: float) -> None:
    columns = "top_of_book_usd_mn, top_of_book_lo_usd_mn, top_of_book_hi_usd_mn, method_version"
    depth, low, high, version = last(liquidity(changed("VIX", -1, close=vix)), columns)
    assert depth == pytest.approx(math.exp(7.22 - 1.69 * math.log(vix)), rel=1e-12)
    assert round(depth, 1) == rounded
    error = student.ppf(0.9, 4) * 0.344 * math.sqrt(1 + 1 / 6 + (math.log(vix) - 3.319) ** 2 / 1.585)
    assert (low, high) == pytest.approx((depth / math.exp(error), depth * math.exp(error)), rel=1e-3)
    assert round(high / depth, 2) == factor
    assert version == "2026-11"


def test_the_line_of_depth_goes_through_the_figures_that_it_names() -> None:
    # Of each figure the VIX of its time: medians of 2019 and of a week, closes, and the geometric mean of 2026 so far.
    known = np.log([14.865, 54.46, 52.33, 21.77, 16.407, 29.49])
    published = np.log([18, 1.5, 2, 4.1, 13.7, 5])
    [found] = frame_of(build(until="reference.depth_calibration"), "from reference.depth_calibration").to_dict(
        "records"
    )
    fit = linregress(known, published)
    assert (found["depth_intercept"], found["vix_elasticity"]) == pytest.approx((fit.intercept, fit.slope), abs=0.03)
    residuals = published - found["depth_intercept"] - found["vix_elasticity"] * known
    squares = ((known - known.mean()) ** 2).sum()
    expected = (math.sqrt((residuals**2).sum() / 4), 6, known.mean(), squares, student.ppf(0.9, 4))
    names = ("depth_log_sd", "depth_figures", "mean_log_vix", "log_vix_squares", "band_deviations")
    assert tuple(found[name] for name in names) == pytest.approx(expected, abs=1e-3)


def test_depth_is_set_beside_its_own_past() -> None:
    depth = np.exp(7.22 - 1.69 * np.log(of("VIX")["close"]))
    found = unconditional()
    expected = 100 * (depth / depth.rolling(10).mean() - 1)
    np.testing.assert_allclose(found["top_of_book_to_10d_pct"], expected, rtol=0, atol=1e-9)
    year = depth.groupby(depth.index.year).expanding().mean().droplevel(0)
    np.testing.assert_allclose(found["top_of_book_ytd_usd_mn"], year, rtol=1e-12)
    rank = depth.rolling(252).rank(method="max") / 252
    np.testing.assert_allclose(found["top_of_book_rank_252d"].iloc[251:], rank.iloc[251:], rtol=1e-12)
    # The window is full with 95 % of a year.
    assert found["top_of_book_rank_252d"].first_valid_index() == DAYS[239]


def test_price_impact_per_dollar() -> None:
    spy, future, spx = of("SPY"), of("ES=F"), of("SPX")
    traded = spy["close"] * spy["volume"] / 1e9
    found = unconditional()
    amihud = (1e4 * spy["total_return"].abs() / traded).rolling(21).mean()
    np.testing.assert_allclose(found["amihud_21d_bp_per_bn"], amihud, rtol=1e-9)
    contracts = 50 * future["close"] * future["volume"] / 1e9
    es = (1e4 * spx["close"].pct_change().abs() / contracts).rolling(21).mean()
    np.testing.assert_allclose(found["es_amihud_21d_bp_per_bn"], es, rtol=1e-9)
    travelled = (1e4 * (spy["high"] - spy["low"]) / spy["close"].shift() / traded).rolling(21).mean()
    np.testing.assert_allclose(found["range_21d_bp_per_bn"], travelled, rtol=1e-9)
    ratio = amihud / amihud.rolling(252, min_periods=240).median()
    np.testing.assert_allclose(found["amihud_to_median"], ratio, rtol=1e-9)


def test_kyles_lambda_is_the_slope_of_least_squares_with_its_band() -> None:
    spy = of("SPY").iloc[-63:]
    signed = np.sign(spy["close"] - spy["open"]) * spy["close"] * spy["volume"] / 1e9
    fit = linregress(signed, 1e4 * spy["total_return"])
    columns = "kyle_lambda_bp_per_bn, kyle_lambda_lo_bp_per_bn, kyle_lambda_hi_bp_per_bn"
    slope, low, high = last(liquidity(), columns)
    assert slope == pytest.approx(fit.slope, rel=1e-9)
    assert high - slope == pytest.approx(slope - low, rel=1e-9)
    assert high - slope == pytest.approx(student.ppf(0.9, 61) * fit.stderr, rel=1e-3)


def test_what_vix_does_not_explain_is_the_residual_of_least_squares() -> None:
    found = unconditional()
    window = found.iloc[-756:]
    explained = np.log(window["amihud_to_median"])
    known = np.log(found["vix"]).rolling(21).mean().iloc[-756:]
    fit = linregress(known, explained)
    residuals = explained - fit.intercept - fit.slope * known
    deviation = np.sqrt((residuals**2).sum() / (len(window) - 2))
    assert found["amihud_residual_z"].iloc[-1] == pytest.approx(residuals.iloc[-1] / deviation, rel=1e-9)


RANKS = ("depth_rank_756d", "amihud_rank_756d", "edge_rank_756d", "half_spread_rank_756d")


def spreads(rank: float) -> pd.DataFrame:
    """Rows of indicators.spreads of SPY, and of another fund that is not read."""
    own = FULL.assign(symbol="SPY", edge_rank_756d=rank)
    return pd.concat([own, own.assign(symbol="QQQ", edge_rank_756d=1.0)])


def smile(count: int) -> pd.DataFrame:
    """Rows of indicators.option_smile: spreads that rise on the newest sessions, and others that are not read."""
    own = pd.DataFrame({"session": DAYS[-count:], "underlying": "SPX", "reading": "close"})
    own["half_spread_30d_pct"] = np.arange(1, count + 1) / count
    others = [own.assign(half_spread_30d_pct=9.0, **other) for other in ({"underlying": "SPY"}, {"reading": "settled"})]
    return pd.concat([own, *others])


def test_stress_is_the_mean_of_four_ranks_and_its_band_leaves_one_out() -> None:
    connection = liquidity(spreads=spreads(0.25), option_smile=smile(756))
    *ranks, stress, low, high = last(connection, ", ".join((*RANKS, "liq_stress", "liq_stress_lo", "liq_stress_hi")))
    assert ranks[2:] == [0.25, 1.0]
    assert stress == pytest.approx(10 * np.mean(ranks))
    without = [10 * np.mean([*ranks[:n], *ranks[n + 1 :]]) for n in range(4)]
    assert (low, high) == pytest.approx((min(without), max(without)))


def test_ranks_are_those_of_three_years() -> None:
    found = unconditional()
    depth = (1 / found["top_of_book_usd_mn"]).rolling(756).rank(method="max") / 756
    np.testing.assert_allclose(found["depth_rank_756d"].iloc[755:], depth.iloc[755:], rtol=1e-12)
    amihud = found["amihud_to_median"].rolling(756).rank(method="max") / 756
    assert found["amihud_rank_756d"].iloc[-1] == pytest.approx(amihud.iloc[-1])


def test_three_ranks_are_enough_and_two_are_not() -> None:
    score = "liq_stress, half_spread_rank_756d"
    three, few_quotes = last(liquidity(spreads=spreads(0.25), option_smile=smile(700)), score)
    assert three is not None
    assert few_quotes is None
    connection = liquidity()
    assert last(connection, "liq_stress, liq_stress_lo, liq_stress_hi") == (None, None, None)
    missing = [
        "three years of the spread of SPY",
        "spread of the members of the S&P 500",
        "option quotes of the session",
        "three years of option quotes",
    ]
    assert last(connection, "inputs_missing") == (", ".join(missing),)


@pytest.mark.parametrize(
    ("symbol", "gone", "lost", "reason"),
    [
        ("SPY", {"volume": 0.0}, "amihud_21d_bp_per_bn", "21 sessions of SPY with volume"),
        ("SPY", {"high": np.nan}, "range_21d_bp_per_bn", "21 sessions of SPY with high and low"),
        ("ES=F", {"volume": np.nan}, "es_amihud_21d_bp_per_bn", "21 sessions of ES=F with volume and of SPX"),
    ],
)
def test_a_session_without_its_input_is_missed_for_as_long_as_it_is_in_the_window(
    symbol: str, gone: Mapping[str, float], lost: str, reason: str
) -> None:
    connection = liquidity(changed(symbol, -22, **gone))
    query = f"select {lost}, inputs_missing from indicators.liquidity order by session desc limit 22"
    newest, *rest = rows_of(connection, query)
    assert newest[0] is not None
    assert reason not in newest[1]
    assert [value for value, _ in rest] == [None] * 21
    assert all(reason in missing for _, missing in rest)
    # Longer windows do not need it.
    assert last(connection, "kyle_lambda_bp_per_bn")[0] is not None


def test_without_vix_there_is_no_depth() -> None:
    frame = bars()
    connection = liquidity(frame[~((frame["symbol"] == "VIX") & (frame["session"] == LAST))])
    depth, to_10d, year, missing = last(
        connection, "top_of_book_usd_mn, top_of_book_to_10d_pct, top_of_book_ytd_usd_mn, inputs_missing"
    )
    assert (depth, to_10d) == (None, None)
    assert year > 0
    assert missing.startswith("VIX, 10 sessions of VIX, three years of SPY with volume and of VIX")


def test_a_year_that_was_not_seen_to_begin_has_no_mean() -> None:
    frame = bars()
    connection = liquidity(frame[(frame["symbol"] != "VIX") | (frame["session"] >= DAYS[-30])])
    year, missing = last(connection, "top_of_book_ytd_usd_mn, inputs_missing")
    assert year is None
    assert "95 % of the year of VIX" in missing.split(", ")


@pytest.mark.parametrize("cut", [780, 1000])
def test_the_future_never_changes_a_past_row(cut: int) -> None:
    day = DAYS[cut]
    random = np.random.default_rng(cut)
    frame = bars().sample(frac=1, random_state=cut)
    later = (frame["session"] > day).to_numpy()
    other = frame.copy()
    numbers = ["open", "high", "low", "close", "volume"]
    other.loc[later, numbers] *= random.uniform(0.5, 2, (later.sum(), 1))
    query = f"from indicators.liquidity where session <= '{day.date()}' order by session"
    given = {"spreads": spreads(0.25), "option_smile": smile(COUNT - 10)}
    known = frame_of(liquidity(**given), query)
    assert known["liq_stress"].iloc[-1] > 0
    for prices in (frame[~later], other):
        pd.testing.assert_frame_equal(frame_of(liquidity(prices, **given), query), known, check_exact=True)
