"""The simulated market: reproducible, ordered bars, and the stylised facts of the real one."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from assets.models.simulated_market import BAR_COLUMNS, SELL_OFF, STATE_UNITS, SimulatedMarket, simulate
from assets.sources.sessions import sessions

SEED = 2721
INSTRUMENTS = pd.read_csv("sql/reference/instruments.csv")
SESSIONS = sessions(date(2018, 1, 2), date(2025, 12, 31))
FEW = INSTRUMENTS[INSTRUMENTS["symbol"].isin(["SPX", "QQQ", "XLE", "VIX3M", "TYX", "USDJPY=X", "BTC-USD", "IBIT"])]


def closes(bars: pd.DataFrame) -> pd.DataFrame:
    return bars.pivot_table(index="date", columns="symbol", values="close").loc[SESSIONS]


def log_returns(prices: pd.DataFrame) -> pd.DataFrame:
    return prices.apply(np.log).diff().iloc[1:]


@pytest.fixture(scope="module")
def market() -> SimulatedMarket:
    return simulate(SESSIONS, INSTRUMENTS, SEED)


@pytest.fixture(scope="module")
def close(market: SimulatedMarket) -> pd.DataFrame:
    return closes(market.bars)


@pytest.fixture(scope="module")
def returns(close: pd.DataFrame) -> pd.DataFrame:
    return log_returns(close)


def test_every_instrument_has_a_bar_on_every_day_of_its_calendar(market: SimulatedMarket) -> None:
    bars = market.bars.merge(INSTRUMENTS[["symbol", "calendar"]], on="symbol")
    days = bars.groupby("symbol")["date"].nunique()
    round_the_clock = bars[bars["calendar"] == "24/7"]["symbol"].unique()
    assert tuple(market.bars.columns) == BAR_COLUMNS
    assert set(days.index) == set(INSTRUMENTS["symbol"])
    assert not bars.duplicated(["symbol", "date"]).any()
    assert (days.drop(round_the_clock) == len(SESSIONS)).all()
    assert (days[round_the_clock] == len(pd.date_range(SESSIONS[0], SESSIONS[-1]))).all()
    assert bars[bars["calendar"] != "24/7"]["date"].isin(SESSIONS).all()


def test_prices_are_positive_finite_and_ordered(market: SimulatedMarket) -> None:
    bars = market.bars
    prices = bars[["open", "high", "low", "close"]]
    assert np.isfinite(prices.to_numpy()).all()
    assert (prices > 0).all(axis=None)
    assert (bars["low"] <= prices.min(axis=1)).all()
    assert (bars["high"] >= prices.max(axis=1)).all()


def test_volume_is_missing_only_where_the_market_publishes_none(market: SimulatedMarket) -> None:
    kinds = market.bars["symbol"].map(INSTRUMENTS.set_index("symbol")["class"])
    without = kinds.isin(["rate", "fx", "volatility", "fund"])
    assert market.bars.loc[without, "volume"].isna().all()
    assert (market.bars.loc[~without, "volume"] > 0).all()
    assert market.bars["adj_close"].isna().all()
    assert market.bars.drop(columns=["symbol", "date"]).dtypes.map(pd.api.types.is_float_dtype).all()


def test_same_seed_same_market_and_another_seed_another() -> None:
    first, again, other = (simulate(SESSIONS[:60], FEW, seed).bars for seed in (SEED, SEED, SEED + 1))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first["close"].equals(other["close"])


# The last cut falls inside the sell-off, whose dates are fixed and not counted from the end.
@pytest.mark.parametrize("count", [1, 251, 1500, 2005])
def test_cutting_off_the_future_changes_no_past_row(market: SimulatedMarket, count: int) -> None:
    short = simulate(SESSIONS[:count], FEW, SEED)
    whole = market.bars[market.bars["symbol"].isin(FEW["symbol"]) & (market.bars["date"] <= SESSIONS[count - 1])]
    pd.testing.assert_frame_equal(short.bars, whole.reset_index(drop=True), check_exact=True)
    pd.testing.assert_frame_equal(short.latent.state, market.latent.state.iloc[:count], check_freq=False)


def test_an_added_instrument_changes_no_other_and_follows_its_class(market: SimulatedMarket) -> None:
    new = pd.DataFrame(
        {
            "symbol": ["NEWTECH", "NEWVOL", "NEWBOND", "NEWCOIN", "NEWFUND"],
            "class": ["etf", "volatility", "etf", "crypto", "fund"],
            "role": ["industry", "implied_vol", "bond", "crypto", "fund"],
            "sector": ["Information Technology", None, None, None, None],
            "calendar": ["XNYS", "XNYS", "XNYS", "24/7", "XNYS"],
        }
    )
    bars = simulate(SESSIONS, pd.concat([FEW, new]), SEED).bars
    old = bars[bars["symbol"].isin(FEW["symbol"])].reset_index(drop=True)
    expected = market.bars[market.bars["symbol"].isin(FEW["symbol"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, expected, check_exact=True)
    change = log_returns(closes(bars)).corr().to_dict()
    assert change["NEWTECH"]["QQQ"] > 0.6
    assert change["NEWVOL"]["SPX"] < -0.5
    assert abs(change["NEWBOND"]["SPX"]) < 0.4
    assert change["NEWCOIN"]["BTC-USD"] > 0.5
    assert change["NEWFUND"]["SPX"] > 0.9
    values = bars[bars["symbol"] == "NEWFUND"]
    assert all(values[name].equals(values["close"]) for name in ("open", "high", "low"))
    assert values["volume"].isna().all()


def test_an_unknown_class_is_an_error() -> None:
    odd = FEW.assign(**{"class": "swap"})
    with pytest.raises(ValueError, match="unknown class 'swap'"):
        simulate(SESSIONS[:5], odd, SEED)


def test_market_returns_have_heavy_tails_clustering_and_leverage(returns: pd.DataFrame) -> None:
    spx = returns["SPX"]
    deviation = spx - spx.mean()
    assert 4 < (deviation**4).mean() / (deviation**2).mean() ** 2 - 3 < 30
    assert min(spx.abs().autocorr(lag) for lag in range(1, 6)) > 0.05
    assert max(spx.corr(spx.abs().shift(-lag)) for lag in (1, 2, 5)) < -0.03
    assert abs(spx.autocorr(1)) < 0.08
    assert 0.13 < spx.std() * np.sqrt(252) < 0.23


def test_realised_volatility_agrees_with_the_true_one(market: SimulatedMarket) -> None:
    state = market.latent.state.iloc[: -len(SELL_OFF)]
    standardised = state["market_return"] / (state["volatility"] / np.sqrt(252))
    assert standardised.std() == pytest.approx(1, abs=0.06)
    # Expected variance of the next month is unbiased for what then comes, on average over the years.
    ahead = state["market_return"].pow(2).rolling(21).sum().shift(-21) * 252 / 21
    assert (ahead.mean() / state["expected_volatility_1m"].pow(2).mean()) == pytest.approx(1, abs=0.25)


def test_ranges_are_those_of_a_diffusion_with_gaps(market: SimulatedMarket, returns: pd.DataFrame) -> None:
    # E[range] = sqrt(8 / pi) sigma in continuous time; quarter hours, gaps and tails take a third off: SPY 1.00.
    for symbol in ("SPX", "SPY", "XLK", "TLT", "CL=F"):
        bars = market.bars[market.bars["symbol"] == symbol]
        ratio = np.log(bars["high"] / bars["low"]).mean() / returns[symbol].std()
        assert 0.9 < ratio < 1.3, symbol


def test_correlations_follow_the_factors(returns: pd.DataFrame) -> None:
    correlation = returns.corr().to_dict()
    assert correlation["SPX"]["SPY"] > 0.99
    assert correlation["NDX"]["QQQ"] > 0.99
    assert 0.8 < correlation["SPX"]["NDX"] < 0.99
    assert 0.7 < correlation["SPX"]["RUT"] < 0.95
    assert correlation["XLV"]["RSPH"] > 0.8
    assert correlation["TNX"]["TLT"] < -0.9
    assert abs(correlation["SPX"]["TLT"]) < 0.4
    assert 0.2 < correlation["SPX"]["IBIT"] < 0.6
    assert correlation["DX-Y.NYB"]["EURUSD=X"] < -0.8


def test_implied_volatility_behaves(close: pd.DataFrame, returns: pd.DataFrame) -> None:
    vix, slope = close["VIX"], close["VIX"] / close["VIX3M"]
    realised = 100 * returns["SPX"].rolling(21).std().shift(-21) * np.sqrt(252)
    assert returns["VIX"].corr(returns["SPX"]) < -0.5
    assert 12 < vix.mean() < 25
    assert 40 < vix.max() < 90
    assert vix.min() > 8
    assert vix.mean() > realised.mean() + 1
    assert slope[vix < 15].mean() < 0.9
    assert slope[vix > 30].mean() > 1
    assert returns["VVIX"].corr(returns["VIX"]) > 0.5
    assert returns["SKEW"].corr(returns["VIX"]) < 0
    assert 125 < close["SKEW"].mean() < 150
    # Correlation ties the index's volatility to its members'.
    pd.testing.assert_series_equal(close["VIXEQ"] * np.sqrt(close["COR1M"] / 100), vix, check_names=False, rtol=2e-3)


def test_prices_fall_by_the_dividend_on_the_ex_date(market: SimulatedMarket) -> None:
    bars = market.bars.merge(INSTRUMENTS[["symbol", "class"]], on="symbol")
    paid = bars[bars["dividend"] > 0]
    assert paid["class"].isin(["etf", "fund"]).all()
    assert (paid[paid["symbol"] == "SPY"].groupby(paid["date"].dt.year).size() == 4).all()

    spy = bars[bars["symbol"] == "SPY"].set_index("date")
    spx = bars[bars["symbol"] == "SPX"].set_index("date")
    ex = spy["dividend"] > 0
    shortfall = (spx["close"].pct_change() - spy["close"].pct_change())[ex]
    expected = (spy["dividend"] / spy["close"].shift())[ex]
    assert expected.between(0.003, 0.0035).all()
    assert shortfall.mean() == pytest.approx(expected.mean(), rel=0.1)


def test_the_split_is_marked_and_leaves_no_jump(market: SimulatedMarket) -> None:
    split = market.bars[market.bars["split"] != 1]
    assert split[["symbol", "split"]].to_numpy().tolist() == [["SMH", 2.0]]
    smh = market.bars[market.bars["symbol"] == "SMH"].set_index("date")["close"].pct_change()
    assert abs(smh[split["date"].item()]) < 0.1


def test_it_ends_in_a_sell_off(market: SimulatedMarket, close: pd.DataFrame) -> None:
    spx = market.bars[market.bars["symbol"] == "SPX"].set_index("date")
    month = close.iloc[-1] / close.loc["2025-11-28"] - 1
    ten_days = close.iloc[-1] / close.iloc[-11] - 1
    assert -0.07 < spx["close"].iloc[-1] / spx["close"].max() - 1 < -0.05
    assert 25 < close["VIX"].iloc[-1] < 32
    assert close["VIX"].iloc[-1] / close["VIX3M"].iloc[-1] > 1
    up, change = spx["high"] / spx["close"].shift() - 1, spx["close"].pct_change()
    assert ((up > 0.015) & (change < -0.01)).tail(10).sum() == 1
    assert -0.35 < month["BTC-USD"] < -0.2
    assert -0.35 < month["ARKK"] < -0.2
    assert ten_days["XLV"] - ten_days["XLK"] > 0.04


def test_the_latent_state_is_complete_and_has_units(market: SimulatedMarket) -> None:
    latent = market.latent
    assert list(latent.state.columns) == list(STATE_UNITS)
    assert latent.state.notna().all(axis=None)
    assert set(latent.state["stressed"]) == {0.0, 1.0}
    spx = np.log(market.bars.loc[market.bars["symbol"] == "SPX", "close"]).diff().to_numpy()
    np.testing.assert_allclose(spx[1:], latent.state["market_return"].to_numpy()[1:], atol=1e-5)
    bitcoin = np.log(market.bars.loc[market.bars["symbol"] == "IBIT", "close"]).diff().to_numpy()
    assert np.corrcoef(bitcoin[1:], latent.state["bitcoin_return"].to_numpy()[1:])[0, 1] > 0.99


def test_yields_stay_positive_for_any_seed() -> None:
    rates = INSTRUMENTS[INSTRUMENTS["class"] == "rate"]
    for seed in range(5):
        bars = simulate(SESSIONS, rates, seed).bars
        assert bars["low"].min() > 0
        assert bars["high"].max() < 12
