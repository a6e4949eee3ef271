"""indicators.trading_range: ranges worked out by hand, volatilities against closed forms in numpy."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import QuantLib as ql  # type: ignore[import-untyped]  # noqa: N813 - as its own documents call it

from tests.sql.given import Bar, Prices, bar, bars, build, frame_of, rows_of, sessions

Array = npt.NDArray[np.float64]
COUNT = 60
DAYS = sessions("2025-08-01", COUNT)
VOLATILITIES = ("parkinson_vol", "garman_klass_vol", "rogers_satchell_vol", "yang_zhang_vol")


def computed(rows: Iterable[Bar], symbol: str = "SPX") -> pd.DataFrame:
    """The table's rows of one symbol, by session."""
    connection = build(rows, "indicators.trading_range")
    query = f"from indicators.trading_range where symbol = '{symbol}' order by session"
    return frame_of(connection, query).set_index("session")


def walk(seed: int, count: int = COUNT) -> Array:
    """Open, high, low and close of a random walk with gaps overnight."""
    random = np.random.default_rng(seed)
    steps = random.standard_t(4, (count, 4)) * 0.006
    closes = 100 * np.exp(np.cumsum(steps[:, :2].sum(axis=1)))
    opens = np.append(100, closes[:-1]) * np.exp(steps[:, 0])
    highs = np.maximum(opens, closes) * np.exp(np.abs(steps[:, 2]))
    lows = np.minimum(opens, closes) * np.exp(-np.abs(steps[:, 3]))
    return np.column_stack([opens, highs, lows, closes])


def as_prices(ohlc: Array) -> list[Prices]:
    """Rows as `bars` takes them."""
    return [(row[0], row[1], row[2], row[3]) for row in ohlc.tolist()]


def test_ranges_by_hand() -> None:
    given: Sequence[Prices] = [
        (100, 101, 99, 100),
        (100, 102, 98, 100),  # 4 of 100
        (103, 106, 103, 104),  # 3 of 100; from the close before, 6
        (100, 102, 98.8, 102),  # 3.2 of 104; from the close before, 5.2
    ]
    found = computed(bars("SPX", DAYS[:4], given))
    assert found["range_pct"].to_list() == pytest.approx([np.nan, 4, 3, 100 * 3.2 / 104], nan_ok=True)
    assert found["true_range_pct"].to_list() == pytest.approx([np.nan, 4, 6, 100 * 5.2 / 104], nan_ok=True)


def test_five_sessions_and_their_band_by_hand() -> None:
    # After the first bar, ranges of 1 to 5 % around an unchanged close: mean 3, standard deviation sqrt(2.5).
    spans: Sequence[Prices] = [(100, 100 + width / 2, 100 - width / 2, 100) for width in (9, 1, 2, 3, 4, 5)]
    found = computed(bars("SPX", DAYS[:6], spans))
    assert found["range_5d_pct"].isna().to_list() == [True] * 5 + [False]
    last = found.iloc[-1]
    half = 1.533 * math.sqrt(2.5) / math.sqrt(5)
    assert (last["range_5d_pct"], last["true_range_5d_pct"]) == pytest.approx((3, 3))
    assert last[["range_10d_pct", "true_range_10d_pct", "range_20d_pct", "true_range_20d_pct"]].isna().all()
    assert (last["range_5d_lo_pct"], last["range_5d_hi_pct"]) == pytest.approx((3 - half, 3 + half))


def test_the_band_never_falls_below_zero() -> None:
    spans: Sequence[Prices] = [(100, 100 + width, 100, 100) for width in (0, 0, 0, 0, 0, 9)]
    assert computed(bars("SPX", DAYS[:6], spans))["range_5d_lo_pct"].iloc[-1] == 0


def rolled(values: Array, count: int, function: str = "mean") -> Array:
    """A rolling statistic that needs its whole window."""
    windows = pd.Series(values).rolling(count)
    found: Array = (windows.mean() if function == "mean" else windows.var(ddof=1)).to_numpy()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_every_estimate_agrees_with_its_closed_form(seed: int) -> None:
    ohlc = walk(seed)
    opened, high, low, close = ohlc.T
    before = np.append(np.nan, close[:-1])
    ranges = 100 * (high - low) / before
    true_ranges = 100 * np.max([high - low, np.abs(high - before), np.abs(low - before)], axis=0) / before
    u, d, c, o = np.log(high / opened), np.log(low / opened), np.log(close / opened), np.log(opened / before)
    satchell = u * (u - c) + d * (d - c)
    k = 0.34 / (1.34 + 21 / 19)
    # Variances of a day, from the papers; the first day has no close before it.
    variances = {
        "parkinson_vol": rolled((u - d) ** 2 / (4 * np.log(2)), 20),
        "garman_klass_vol": rolled(0.5 * (u - d) ** 2 - (2 * np.log(2) - 1) * c**2, 20),
        "rogers_satchell_vol": rolled(satchell, 20),
        "yang_zhang_vol": rolled(o, 20, "var") + k * rolled(c, 20, "var") + (1 - k) * rolled(satchell, 20),
    }
    first = np.isnan(rolled(ranges, 20))
    expected = {
        "range_pct": ranges,
        "true_range_pct": true_ranges,
        "range_5d_pct": rolled(ranges, 5),
        "range_10d_pct": rolled(ranges, 10),
        "range_20d_pct": rolled(ranges, 20),
        "true_range_5d_pct": rolled(true_ranges, 5),
        "true_range_10d_pct": rolled(true_ranges, 10),
        "true_range_20d_pct": rolled(true_ranges, 20),
        **{name: 100 * np.sqrt(252 * np.where(first, np.nan, of)) for name, of in variances.items()},
    }
    found = computed(bars("SPX", DAYS, as_prices(ohlc)))
    assert len(found) == COUNT
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-10, err_msg=name)


def test_volatilities_are_those_of_quantlib() -> None:
    # It has these two; the first day has no close before it here.
    ohlc = walk(4)
    found = computed(bars("SPX", DAYS, as_prices(ohlc)))
    opened, high, low, close = ohlc.T
    prices = ql.IntervalPriceVector([ql.IntervalPrice(*row) for row in zip(opened, close, high, low, strict=True)])
    days = ql.DateVector([ql.Date(day.day, day.month, day.year) for day in DAYS])
    series = ql.IntervalPriceTimeSeries(days, prices)
    for name, estimator in (("parkinson_vol", ql.ParkinsonSigma), ("garman_klass_vol", ql.GarmanKlassSigma5)):
        daily = np.array(estimator(1 / 252).calculate(series).values())
        expected = 100 * np.sqrt(rolled(np.append(np.nan, daily[1:] ** 2), 20))
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-10, err_msg=name)


def test_true_ranges_are_those_of_ta_lib() -> None:
    talib: Any = pytest.importorskip("talib", reason="TA-Lib is not installed")
    ohlc = walk(4)
    found = computed(bars("SPX", DAYS, as_prices(ohlc)))
    _, high, low, close = ohlc.T
    expected = 100 * talib.TRANGE(high, low, close) / np.append(np.nan, close[:-1])
    for name, count in (("true_range_pct", 1), ("true_range_5d_pct", 5), ("true_range_20d_pct", 20)):
        np.testing.assert_allclose(found[name], rolled(expected, count), rtol=0, atol=1e-10, err_msg=name)


def test_a_steady_walk_has_the_volatility_it_was_drawn_with() -> None:
    # 20 % a year, 400 steps a day: the range estimators know it to a few percent from 20 days.
    steps = np.random.default_rng(5).normal(0, 0.2 / math.sqrt(252 * 400), (COUNT, 400))
    paths = 100 * np.exp(np.cumsum(steps.ravel())).reshape(COUNT, 400)
    ohlc = np.column_stack([paths[:, 0], paths.max(axis=1), paths.min(axis=1), paths[:, -1]])
    means = computed(bars("SPX", DAYS, as_prices(ohlc)))[list(VOLATILITIES)].mean()
    assert means.between(17, 22).all(), means


def test_range_to_implied_is_one_where_vix_foresaw_the_range() -> None:
    spans: Sequence[Prices] = [(100, 100 + up, 98 + up, 100) for up in (1.0, 0.5, 0.6, 0.7, 0.8, 0.9)]
    vix = 2 * math.sqrt(252) / math.sqrt(8 / math.pi)
    given = [row for symbol in ("SPX", "SPY", "NDX") for row in bars(symbol, DAYS[:6], spans)]
    given += [bar("VIX", DAYS[5], vix)]
    assert computed(given, "SPX")["range_to_implied"].iloc[-1] == pytest.approx(1)
    assert computed(given, "SPY")["range_to_implied"].iloc[-1] == pytest.approx(1)
    assert computed(given, "NDX")["range_to_implied"].isna().all()


def test_a_missing_session_leaves_null_and_never_a_longer_step() -> None:
    ohlc = as_prices(walk(11))
    gap = 30
    given = [row for n, row in enumerate(bars("SPX", DAYS, ohlc)) if n != gap]
    found, whole = computed(given), computed(bars("SPX", DAYS, ohlc))
    assert len(found) == COUNT
    # The session after the gap has no close before it either.
    missing = {
        "range_pct": 2,
        "true_range_pct": 2,
        "range_5d_pct": 6,
        "range_5d_lo_pct": 6,
        "range_5d_hi_pct": 6,
        "range_10d_pct": 11,
        "range_20d_pct": 21,
        "true_range_5d_pct": 6,
        "true_range_10d_pct": 11,
        "true_range_20d_pct": 21,
        **dict.fromkeys(VOLATILITIES, 21),
    }
    for name, sessions_lost in missing.items():
        lost = list(range(gap, gap + sessions_lost))
        assert found[name].iloc[lost].isna().all(), name
        kept = [n for n in range(COUNT) if n not in lost]
        pd.testing.assert_series_equal(found[name].iloc[kept], whole[name].iloc[kept])


def test_a_half_day_is_a_session_like_any_other() -> None:
    # The day after Thanksgiving ends at 13:00; the Thursday itself is no session and no gap.
    days = sessions("2025-11-19", 9)
    assert pd.Timestamp("2025-11-28") in days
    assert pd.Timestamp("2025-11-27") not in days
    spans: Sequence[Prices] = [(100, 100 + width / 2, 100 - width / 2, 100) for width in range(1, 10)]
    found = computed(bars("SPX", days, spans))
    assert found.index.to_list() == days
    assert found.loc["2025-11-28", "range_pct"] == pytest.approx(7)
    assert found["range_5d_pct"].iloc[5:].to_list() == pytest.approx([4, 5, 6, 7])


def test_a_symbol_that_is_late_has_its_row_and_says_so() -> None:
    ohlc = as_prices(walk(17, 30))
    found = computed(bars("SPX", DAYS[:30], ohlc) + bars("NDX", DAYS[:28], ohlc[:28]), "NDX")
    assert found.index.to_list() == DAYS[:30]
    assert found["range_pct"].iloc[-2:].isna().all()
    assert found["inputs_missing"].iloc[-1].startswith("bar of the session")


def test_a_disordered_bar_counts_as_a_missing_one_but_for_its_close() -> None:
    ohlc = as_prices(walk(12, 30))
    given = bars("SPX", DAYS[:30], [*ohlc[:20], (1.0, 0.5, 0.4, ohlc[20][3]), *ohlc[21:]])  # type: ignore[index]
    found = computed(given)
    assert found["range_pct"].isna().to_numpy().nonzero()[0].tolist() == [0, 20]
    assert found["range_5d_pct"].isna().to_numpy().nonzero()[0].tolist() == [0, 1, 2, 3, 4, 20, 21, 22, 23, 24]


def test_inputs_missing_says_what_is_missing() -> None:
    ohlc = as_prices(walk(13, 25))
    given = bars("SPX", DAYS[:25], ohlc) + bars("VIX", DAYS[:24], [20.0] * 24) + bars("NDX", DAYS[:25], ohlc)
    spx, ndx = computed(given)["inputs_missing"].to_list(), computed(given, "NDX")["inputs_missing"].to_list()
    first = "bar of the session or the one before, 5 sessions of bars, 20 sessions of bars"
    assert (spx[0], spx[1], spx[5]) == (first, "5 sessions of bars, 20 sessions of bars", "20 sessions of bars")
    assert spx[24] == "VIX"
    assert pd.isna([spx[20], ndx[24]]).all()


def test_only_what_trades_between_a_high_and_a_low_has_a_range() -> None:
    ohlc = as_prices(walk(14, 10))
    given = [row for symbol in ("SPX", "SPY", "VIX", "ES=F", "BTC-USD") for row in bars(symbol, DAYS[:10], ohlc)]
    given += bars("IYT", DAYS[:10], [10.0] * 10)
    query = "select distinct symbol from indicators.trading_range order by all"
    assert rows_of(build(given, "indicators.trading_range"), query) == [("SPX",), ("SPY",)]


def test_symbols_do_not_mix() -> None:
    one, other = as_prices(walk(15)), as_prices(walk(16))
    both = bars("SPX", DAYS, one) + bars("SPY", DAYS, other)
    pd.testing.assert_frame_equal(computed(both), computed(bars("SPX", DAYS, one)))
