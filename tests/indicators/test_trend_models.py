"""What fills indicators.trend_models and indicators.price_trends: holes, late starts, missing bars, no look-ahead."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.indicators import price_trends, trend_models
from assets.models import trend_followers as followers
from tests.sql.given import build, frame_of, inputs, sessions, tables

COUNT = 620
DAYS = sessions("2022-06-01", COUNT)
FILLS = {"indicators.trend_models": trend_models.fill, "indicators.price_trends": price_trends.fill}
OHLC = ["open", "high", "low", "close"]


def market(symbol: str, seed: int, count: int = COUNT) -> pd.DataFrame:
    """Bars and excess prices of a market in one spell, columns of both tables."""
    random = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(random.standard_t(4, count) * 0.008))
    opens = np.append(100, closes[:-1]) * np.exp(random.normal(0, 0.004, count))
    return pd.DataFrame(
        {
            "session": DAYS[-count:],
            "symbol": symbol,
            "open": opens,
            "high": np.maximum(opens, closes) * 1.003,
            "low": np.minimum(opens, closes) * 0.998,
            "close": closes,
            "excess_price": closes * np.exp(-0.0001 * np.arange(count)),
            "spell": 1,
        }
    )


def filled(name: str, *markets: pd.DataFrame) -> pd.DataFrame:
    """The rows that are computed from markets."""
    rows = pd.concat(markets, ignore_index=True)
    upstream = ("staging.prices", "indicators.excess_prices")
    given = {of: rows[[column for column in rows if column in tables()[of].types]] for of in upstream}
    connection = build(until=upstream, given=given)
    found = FILLS[name](inputs(partial(frame_of, connection))).rows
    assert set(found) == set(tables()[name].types)
    return found.sort_values(tables()[name].header.grain, ignore_index=True)


def model(rows: pd.DataFrame, name: str, symbol: str = "SPX") -> pd.DataFrame:
    """One rule's rows of a symbol, by session."""
    return rows[(rows["model"] == name) & (rows["symbol"] == symbol)].set_index("session")


def test_every_rule_holds_what_its_model_says() -> None:
    spx = market("SPX", 1)
    rows = filled("indicators.trend_models", spx)
    prices = spx["excess_price"].to_numpy()
    returns = np.append(np.nan, np.diff(np.log(prices)))
    expected = {
        "ewmac": (followers.ewmac_signal(prices), followers.price_volatility(prices) / prices * np.sqrt(252), 256),
        "tsmom": (followers.momentum_signal(prices), followers.momentum_volatility(prices), 253),
        "trend": (followers.trend_signal(returns), None, 253),
    }
    assert set(rows["model"]) == set(expected)
    for name, (signal, volatility, first) in expected.items():
        found = model(rows, name)
        assert found.index.to_list() == DAYS
        np.testing.assert_allclose(found["signal"].iloc[first - 1 :], signal[first - 1 :], rtol=1e-9)
        assert found["signal"].iloc[: first - 1].isna().all()
        assert set(found["inputs_missing"].iloc[: first - 1]) == {f"{first} bars"}
        assert found["inputs_missing"].iloc[first - 1 :].isna().all()
        if volatility is not None:
            np.testing.assert_allclose(found["annual_vol_pct"].iloc[first - 1 :], 100 * volatility[first - 1 :])
        leverage = np.minimum(2.5, 15 / found["annual_vol_pct"])
        np.testing.assert_allclose(found["exposure"], found["signal"] * leverage)


def test_the_trend_rule_scales_by_yang_and_zhang_where_it_can() -> None:
    spx = market("SPX", 2)
    spx.loc[400, "high"] = None
    found = model(filled("indicators.trend_models", spx), "trend")
    is_without_bars = (found["vol_estimator"] == "closes").to_numpy()
    # The first close has none before it.
    assert np.flatnonzero(is_without_bars).tolist() == [*range(21), *range(400, 421)]
    log = {column: pd.Series(np.log(spx[column].to_numpy(float))) for column in (*OHLC, "excess_price")}
    overnight, intraday = log["open"] - log["close"].shift(), log["close"] - log["open"]
    up, down = log["high"] - log["open"], log["low"] - log["open"]
    satchell = up * (up - intraday) + down * (down - intraday)
    k = 0.34 / (1.34 + 22 / 20)
    variance = overnight.rolling(21).var() + k * intraday.rolling(21).var() + (1 - k) * satchell.rolling(21).mean()
    by_bars = pd.Series(100 * np.sqrt(252 * variance.to_numpy()))
    by_closes = 100 * np.sqrt(252) * log["excess_price"].diff().rolling(21).std()
    expected = by_closes.where(is_without_bars, by_bars)
    np.testing.assert_allclose(found["annual_vol_pct"].iloc[252:], expected[252:], rtol=1e-9)


def test_price_trends_by_hand() -> None:
    spx = market("SPX", 3)
    found = filled("indicators.price_trends", spx).set_index("session")
    prices = spx["excess_price"]
    volatility = 100 * np.sqrt(252 * prices.pct_change().ewm(com=60).var())
    np.testing.assert_allclose(found["momentum_vol_pct"].iloc[63:], volatility[63:])
    for window in (21, 63, 252):
        expected = 100 * prices.pct_change(window) / volatility
        first = max(window, 63)
        assert found[f"momentum_{window}d"].first_valid_index() == DAYS[first]
        np.testing.assert_allclose(found[f"momentum_{window}d"].iloc[first:], expected[first:])
    t_stat = followers.trend_t_stat(np.log(prices.to_numpy()), 63)
    np.testing.assert_allclose(found["trend_t_stat"], t_stat, rtol=1e-9)
    assert found["inputs_missing"].fillna("").to_list() == ["64 bars"] * 63 + ["253 bars"] * 189 + [""] * (COUNT - 252)


@pytest.mark.parametrize("name", FILLS)
def test_a_new_spell_starts_anew_and_a_missing_rate_has_its_row(name: str) -> None:
    spx = market("SPX", 4)
    spx.loc[300:309, ["excess_price", "spell"]] = None
    spx.loc[310:, "spell"] = 2
    rows = filled(name, spx)
    value = "signal" if "signal" in rows else "momentum_252d"
    known = rows[value].notna().groupby(rows["session"]).agg(["all", "any"])
    # The rules need 253 or 256 bars.
    first = 255 if value == "signal" else 252
    assert known.index.to_list() == DAYS
    assert np.flatnonzero(known["all"]).tolist() == [*range(first, 300), *range(310 + first, COUNT)]
    assert np.flatnonzero(known["any"]).tolist() == [*range(252, 300), *range(562, COUNT)]
    assert set(rows.loc[rows["session"].between(DAYS[300], DAYS[309]), "inputs_missing"]) == {"excess price"}
    # The second spell knows nothing of the first.
    alone = filled(name, spx[310:].assign(spell=1))
    columns = [column for column in rows if column not in ("annual_vol_pct", "exposure", "vol_estimator")]
    later = rows[rows["session"] >= DAYS[310]].reset_index(drop=True)
    pd.testing.assert_frame_equal(later[columns], alone[columns], check_exact=True)


@pytest.mark.parametrize("name", FILLS)
def test_within_a_spell_a_bar_without_a_price_counts_as_no_bar(name: str) -> None:
    spx = market("SPX", 9)
    gap = spx.copy()
    gap.loc[500, ["excess_price", "spell"]] = None
    value = "signal" if "signal" in tables()[name].types else "trend_t_stat"
    found, expected = (filled(name, rows) for rows in (gap, spx.drop(500)))
    others = found[found["session"] != DAYS[500]].reset_index(drop=True)
    pd.testing.assert_series_equal(others[value], expected[value], rtol=1e-9)


@pytest.mark.parametrize("name", FILLS)
def test_late_and_stopped_markets_have_their_own_sessions(name: str) -> None:
    late, stopped = market("SX5E", 5, 100), market("NKY", 6).head(300)
    rows = filled(name, market("SPX", 7), late, stopped)
    own = {symbol: of_symbol["session"].unique().tolist() for symbol, of_symbol in rows.groupby("symbol")}
    assert own == {"SPX": DAYS, "SX5E": DAYS[-100:], "NKY": DAYS[:300]}
    value = "signal" if "signal" in rows else "momentum_252d"
    assert rows.loc[rows["symbol"] == "SX5E", value].isna().all()
    # A market's rows are its own, whatever others there are.
    alone = filled(name, stopped)
    together = rows[rows["symbol"] == "NKY"].reset_index(drop=True)
    pd.testing.assert_frame_equal(together, alone, check_exact=True)


def test_a_price_that_does_not_move_says_so() -> None:
    still = market("SPX", 8).assign(open=100.0, high=100.0, low=100.0, close=100.0, excess_price=100.0)
    rows = filled("indicators.trend_models", still)
    assert model(rows, "trend")["inputs_missing"].iloc[-1] == "a price that moves"
    tsmom = model(rows, "tsmom").iloc[-1]
    assert (tsmom["signal"], tsmom["annual_vol_pct"], tsmom["exposure"]) == (0, 0, 0)
    assert model(rows, "ewmac")["exposure"].iloc[-1] == pytest.approx(0, abs=1e-3)
    trends = filled("indicators.price_trends", still).iloc[-1]
    assert trends["inputs_missing"] == "a price that moves"
    assert trends[["trend_t_stat", "momentum_21d", "momentum_252d"]].isna().all()


@pytest.mark.parametrize("name", FILLS)
def test_nothing_to_compute_is_no_rows(name: str) -> None:
    connection = build(until=("staging.prices", "indicators.excess_prices"))
    assert FILLS[name](inputs(partial(frame_of, connection))).rows.empty


@pytest.mark.parametrize("name", FILLS)
@settings(max_examples=4, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(257, COUNT - 1), hole=st.integers(0, COUNT - 20))
def test_the_future_never_changes_a_past_row(name: str, seed: int, cut: int, hole: int) -> None:
    """Bit for bit, whether the future is cut off or another one."""
    spx = market("SPX", seed).drop(range(hole, hole + 3), errors="ignore")
    spx.loc[spx.index > hole + 200, "spell"] = 2
    other = market("NDX", seed + 1)
    day = DAYS[cut]
    whole = filled(name, spx, other)
    known = [rows[rows["session"] <= day] for rows in (spx, other)]
    made_up = [rows.copy() for rows in (spx, other)]
    for rows in made_up:
        rows.loc[rows["session"] > day, [*OHLC, "excess_price"]] *= 1.37
    for future in (known, made_up):
        then = filled(name, *future)
        pd.testing.assert_frame_equal(
            then[then["session"] <= day].reset_index(drop=True),
            whole[whole["session"] <= day].reset_index(drop=True),
            check_exact=True,
        )
