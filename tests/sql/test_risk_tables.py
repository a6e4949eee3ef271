"""indicators.daily_risk_control and indicators.risk_parity: their rows, holes, stand-ins, no look-ahead."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.indicators import daily_risk_control, risk_parity
from assets.inputs import Filled, Inputs
from tests.sql.given import Bar, bars, build, frame_of, inputs, sessions, tables

FILLS: Mapping[str, Callable[[Inputs], Filled]] = {
    "indicators.daily_risk_control": daily_risk_control.fill,
    "indicators.risk_parity": risk_parity.fill,
}
# SOFR begins within them.
COUNT = 220
DAYS = sessions("2018-01-02", COUNT)
FIRST_SOFR = 62
SPREAD = {"SPXTR": 0.01, "SPY": 0.011, "IEF": 0.004, "TLT": 0.009, "DBC": 0.008, "GLD": 0.01, "TIP": 0.003}


def prices(seed: int = 1, count: int = COUNT) -> dict[str, pd.Series]:
    """Closes by symbol, of random walks with a common part; and the bill's rate."""
    random = np.random.default_rng(seed)
    common = random.standard_t(5, count)
    closes = {
        symbol: pd.Series(100 * np.exp(np.cumsum(spread * (0.5 * common + random.standard_t(5, count)))), DAYS[:count])
        for symbol, spread in SPREAD.items()
    }
    return closes | {"IRX": pd.Series(1.5 + np.arange(count) / 1000, DAYS[:count])}


def sofr(first: int = FIRST_SOFR, count: int = COUNT) -> pd.DataFrame:
    """Rows of staging.series: the rate of a session, known on the next at 8:00 New York."""
    return pd.DataFrame(
        {
            "series_id": "SOFR",
            "series_date": DAYS[first : count - 1],
            "series_value": 2 + np.arange(first, count - 1) / 1000,
            "available_at": [
                day.tz_localize("America/New_York") + pd.Timedelta(hours=8) for day in DAYS[first + 1 : count]
            ],
        }
    )


def filled(table: str, closes: Mapping[str, pd.Series], series: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table's rows, which are as its header says."""
    rows: list[Bar] = []
    for symbol, of in closes.items():
        there = of.dropna()
        rows += bars(symbol, there.index, there.to_list())
    given = {"staging.series": sofr() if series is None else series}
    header = tables()[table].header
    connection = build(rows, header.reads or (), given=given)
    found = FILLS[table](inputs(partial(frame_of, connection))).rows
    if found.empty:
        return found
    assert set(found.columns) == set(header.columns)
    assert not found.duplicated(header.grain).any()
    for name, said in header.columns.items():
        known = found[name].dropna()
        assert said.nullable or len(known) == len(found), name
        assert known.isin(said.allowed or known).all(), name
        if tables()[table].types[name] == "DOUBLE":
            least, most = (
                end if end is not None else fallback for end, fallback in ((said.min, -1e9), (said.max, 1e9))
            )
            assert known.between(least, most).all(), name
    return found.sort_values(header.grain, ignore_index=True)


def controlled(closes: Mapping[str, pd.Series], target: float = 10, series: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rows of one target by session."""
    found = filled("indicators.daily_risk_control", closes, series)
    return found[found["target_vol_pct"] == target].set_index("session")


def without(closes: Mapping[str, pd.Series], holes: Mapping[str, Sequence[int]]) -> dict[str, pd.Series]:
    """The closes but for some sessions of some symbols."""
    return {symbol: of.drop([DAYS[n] for n in holes.get(symbol, ())]) for symbol, of in closes.items()}


def test_the_level_follows_from_the_rows() -> None:
    closes = prices()
    found = controlled(closes)
    assert found.index.to_list() == DAYS
    level, exposure = found["risk_control_level"], found["leverage"]
    assert level.first_valid_index() == DAYS[65]
    assert level.iloc[65] == 100
    growth = closes["SPXTR"] / closes["SPXTR"].shift()
    cost = found["overnight_rate_pct"].shift() / 100 * pd.Series(DAYS, DAYS).diff().dt.days / 360
    step = level.shift() * (1 + exposure.shift() * (growth - 1 - cost))
    np.testing.assert_allclose(level.iloc[66:], step.iloc[66:], rtol=1e-12)
    wanted = (10 / found["realised_vol_pct"].shift(2)).clip(upper=1.5)
    np.testing.assert_allclose(exposure.iloc[65:], wanted.iloc[65:], rtol=1e-12)
    assert set(found["total_return_source"].dropna()) == {"SPXTR"}
    assert found["inputs_missing"].iloc[64:66].to_list() == ["total returns of 65 sessions", None]
    assert found["inputs_missing"].iloc[65:].isna().all()


def test_every_target_has_its_leverage() -> None:
    found = filled("indicators.daily_risk_control", prices())
    of = {target: rows["leverage"].to_numpy() for target, rows in found.groupby("target_vol_pct")}
    assert list(of) == [5, 10, 12, 15]
    np.testing.assert_allclose(of[10], np.minimum(2 * of[5], 1.5), rtol=1e-12)


def test_the_rate_is_sofr_once_it_is_known_and_else_the_bill() -> None:
    found = controlled(prices())
    # The rate of a session is known on the next.
    first = FIRST_SOFR + 1
    assert found["rate_source"].to_list() == ["IRX"] * first + ["SOFR"] * (COUNT - first)
    assert found["overnight_rate_pct"].iloc[first] == 2 + FIRST_SOFR / 1000
    assert found["overnight_rate_pct"].iloc[first - 1] == 1.5 + (first - 1) / 1000


def test_a_rate_counts_for_10_days() -> None:
    closes, rates = prices(), sofr()
    # Both end on a Monday, so that the 11th day is a session.
    ended = rates[rates["series_date"] <= "2018-06-04"]
    found = controlled(closes | {"IRX": closes["IRX"][:"2018-07-09"]}, series=ended)
    source = found["rate_source"].fillna("none")
    days = ["2018-06-14", "2018-06-15", "2018-07-19", "2018-07-20"]
    assert [source[day] for day in days] == ["SOFR", "IRX", "IRX", "none"]
    # The level needs the rate of the session before, the leverage needs none.
    ends = DAYS.index(pd.Timestamp("2018-07-20"))
    assert found["risk_control_level"].isna().to_numpy().nonzero()[0].tolist() == [*range(65), *range(ends + 1, COUNT)]
    assert found["leverage"].iloc[65:].notna().all()
    assert found["inputs_missing"].iloc[[ends - 1, ends, ends + 1]].to_list() == [
        None,
        "SOFR and IRX",
        "return or rate of an earlier session, SOFR and IRX",
    ]


def test_the_fund_stands_in_for_the_index_and_a_hole_is_bridged() -> None:
    closes = prices()
    found = controlled(without(closes, {"SPXTR": [90, 120], "SPY": [120]}))
    assert found["total_return_source"].iloc[89:93].to_list() == ["SPXTR", "SPY", "SPY", "SPXTR"]
    level, exposure, rate = (found[name] for name in ("risk_control_level", "leverage", "overnight_rate_pct"))
    fund = closes["SPY"].iloc[90] / closes["SPY"].iloc[89]
    expected = level.iloc[89] * (
        1 + exposure.iloc[89] * (fund - 1 - rate.iloc[89] / 100 * (DAYS[90] - DAYS[89]).days / 360)
    )
    assert level.iloc[90] == pytest.approx(expected, rel=1e-12)
    # Nothing on session 120; the next takes the index's growth since 119 and the days between.
    hole = found.iloc[120]
    assert hole[["realised_vol_pct", "leverage", "risk_control_level", "total_return_source"]].isna().all()
    assert hole["inputs_missing"] == "total return of SPXTR or SPY"
    bridged = closes["SPXTR"].iloc[121] / closes["SPXTR"].iloc[119]
    cost = rate.iloc[119] / 100 * (DAYS[121] - DAYS[119]).days / 360
    assert level.iloc[121] == pytest.approx(
        level.iloc[119] * (1 + exposure.iloc[119] * (bridged - 1 - cost)), rel=1e-12
    )
    assert pd.isna(found["inputs_missing"].iloc[121])


def test_a_return_that_cannot_be_had_ends_the_level() -> None:
    closes = prices()
    # The fund takes over on the session after the index's last, so that neither spans the step.
    found = controlled({"SPXTR": closes["SPXTR"].iloc[:120], "SPY": closes["SPY"].iloc[120:], "IRX": closes["IRX"]})
    assert found["risk_control_level"].iloc[119:].notna().tolist() == [True] + [False] * 100
    assert found["leverage"].iloc[65:].notna().all()
    assert found["inputs_missing"].iloc[120:122].to_list() == [
        "total return of SPXTR or SPY, return or rate of an earlier session",
        "return or rate of an earlier session",
    ]


def test_weights_equalise_risk_and_size_the_exposure() -> None:
    found = filled("indicators.risk_parity", prices()).set_index("session")
    assert found.index.to_list() == DAYS
    weights = found[risk_parity.WEIGHTS]
    # The first session has no return.
    assert weights.isna().all(axis=1).to_numpy().nonzero()[0].tolist() == list(range(120))
    known = found.iloc[120:]
    np.testing.assert_allclose(known["leverage"], weights.iloc[120:].sum(axis=1), rtol=1e-12)
    wanted = np.minimum(2, 10 / known["unlevered_vol_pct"])
    np.testing.assert_allclose(known["leverage"], wanted, rtol=1e-9)
    np.testing.assert_allclose(known["equity_notional_bn"], 350 * known["weight_equity"], rtol=1e-12)
    np.testing.assert_allclose(known["equity_notional_lo_bn"] * 4, known["equity_notional_hi_bn"], rtol=1e-12)
    for count in (5, 21):
        flow = found["equity_notional_bn"].diff(count)
        name = f"flow_{count}d_realised"
        np.testing.assert_allclose(found[f"{name}_bn"], flow, rtol=1e-12)
        np.testing.assert_allclose(found[f"{name}_lo_bn"], np.minimum(flow / 2, flow * 2), rtol=1e-12)
        np.testing.assert_allclose(found[f"{name}_hi_bn"], np.maximum(flow / 2, flow * 2), rtol=1e-12)
    assert (known["flow_corr_shock_bn"] < 0).all()
    assert known["inputs_missing"].iloc[21:].isna().all()
    symbols = found[risk_parity.SYMBOLS].iloc[-1].to_list()
    assert symbols == ["SPY", "IEF", "DBC", "TIP"]


def test_the_covariance_is_that_of_the_returns() -> None:
    closes = prices()
    last = filled("indicators.risk_parity", closes).iloc[-1]
    returns = pd.DataFrame({symbol: closes[symbol].pct_change() for symbol in ("SPY", "IEF", "DBC", "TIP")})[1:]
    covariance = np.zeros((4, 4))
    for half_life in (60, 120):
        weights = 0.5 ** (np.arange(len(returns) - 1, -1, -1) / half_life)
        covariance += (returns.T.to_numpy() * weights) @ returns.to_numpy() / weights.sum() / 2
    held = last[risk_parity.WEIGHTS].to_numpy(float)
    contributions = held * (covariance @ held)
    np.testing.assert_allclose(contributions / contributions.sum(), 0.25, rtol=1e-9)
    # Of 10 % a year, or less where the cap binds.
    volatility = np.sqrt(252 * contributions.sum())
    assert volatility == pytest.approx(last["leverage"] * last["unlevered_vol_pct"] / 100)
    between = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert last["stock_bond_corr"] == pytest.approx(between, rel=1e-9)


def test_sleeves_that_do_not_exist_are_left_out_and_named() -> None:
    closes = prices()
    two = filled("indicators.risk_parity", {symbol: closes[symbol] for symbol in ("SPY", "TLT")}).iloc[-1]
    assert two["inputs_missing"] == "commodities, inflation"
    assert (two["bonds_symbol"], two["leverage"]) == ("TLT", pytest.approx(two["weight_equity"] + two["weight_bonds"]))
    three = filled("indicators.risk_parity", {symbol: closes[symbol] for symbol in ("SPY", "IEF", "GLD")}).iloc[-1]
    assert (three["commodities_symbol"], three["inputs_missing"]) == ("GLD", "inflation")
    one = filled("indicators.risk_parity", {"SPY": closes["SPY"]})
    assert one["equity_notional_bn"].isna().all()
    assert set(one["inputs_missing"]) == {"120 returns of equity and bonds, commodities, inflation"}
    assert filled("indicators.risk_parity", {"IRX": closes["IRX"]}).empty
    assert filled("indicators.daily_risk_control", {"IRX": closes["IRX"]}).empty


def test_a_sleeve_takes_part_once_it_has_its_returns_and_then_there_is_no_flow() -> None:
    closes = prices()
    late = {symbol: closes[symbol] for symbol in ("SPY", "IEF", "DBC")} | {"TIP": closes["TIP"].iloc[60:]}
    found = filled("indicators.risk_parity", late)
    assert found["weight_inflation"].first_valid_index() == 60 + 120
    assert found["inputs_missing"].iloc[[179, 180, 185, 201]].to_list() == [
        "inflation",
        "the same sleeves 5 sessions before, the same sleeves 21 sessions before",
        "the same sleeves 21 sessions before",
        None,
    ]
    assert found["flow_5d_realised_bn"].iloc[175:190].isna().to_numpy().nonzero()[0].tolist() == [5, 6, 7, 8, 9]


def test_a_session_without_a_return_leaves_the_weights_and_five_end_the_sleeve() -> None:
    closes = prices()
    whole = filled("indicators.risk_parity", closes)
    found = filled("indicators.risk_parity", without(closes, {"TIP": [180]}))
    # The session after the hole has no return either.
    weights = found[risk_parity.WEIGHTS]
    pd.testing.assert_frame_equal(weights.iloc[:180], whole[risk_parity.WEIGHTS].iloc[:180], check_exact=True)
    for n in (180, 181):
        assert weights.iloc[n].to_list() == weights.iloc[179].to_list()
        assert found["inputs_missing"].iloc[n] == "a return of the session"
    assert weights.iloc[182].to_list() != weights.iloc[179].to_list()
    gone = filled("indicators.risk_parity", without(closes, {"TIP": range(180, COUNT)}))
    assert gone["weight_inflation"].last_valid_index() == gone["inflation_symbol"].last_valid_index() == 183
    assert gone["weight_equity"].iloc[184:].notna().all()


def test_another_candidate_stands_in_after_five_sessions() -> None:
    closes = prices()
    found = filled("indicators.risk_parity", without(closes, {"IEF": range(180, 200), "DBC": range(20)}))
    symbols = found["bonds_symbol"]
    assert [symbols.iloc[n] for n in (183, 184, 200, 201)] == ["IEF", "TLT", "TLT", "IEF"]
    # A sleeve whose candidate changes is still the same sleeve.
    assert found["weight_bonds"].iloc[120:].notna().all()
    assert found["flow_21d_realised_bn"].iloc[141:].notna().all()
    assert found["commodities_symbol"].iloc[[1, 20, 21]].to_list() == ["GLD", "GLD", "DBC"]


def test_prices_that_do_not_move_have_no_weights_and_say_so() -> None:
    found = filled("indicators.risk_parity", {symbol: prices()[symbol] * 0 + 100 for symbol in ("SPY", "IEF")}).iloc[-1]
    assert pd.isna(found["equity_notional_bn"])
    assert found["inputs_missing"] == "weights that equalise risk, commodities, inflation"


@pytest.mark.parametrize("table", FILLS)
def test_the_future_never_changes_a_past_row(table: str) -> None:
    holes = {"SPXTR": [90], "SPY": [90, 150], "TIP": range(185, 195), "IEF": [170], "IRX": [70]}
    whole, last = without(prices(), holes), 199
    random = np.random.default_rng(8)
    other = {
        symbol: of.where(of.index <= DAYS[last], of * random.uniform(0.5, 2, len(of))) for symbol, of in whole.items()
    }
    cut_off = {symbol: of[of.index <= DAYS[last]] for symbol, of in whole.items()}
    rates = sofr()
    known = rates[rates["available_at"] <= DAYS[last].tz_localize("America/New_York") + pd.Timedelta(hours=18)]
    now = filled(table, whole, rates)
    now = now[now["session"] <= DAYS[last]].reset_index(drop=True)
    assert len(now)
    for closes in (other, cut_off):
        then = filled(table, closes, known)
        then = then[then["session"] <= DAYS[last]].reset_index(drop=True)
        pd.testing.assert_frame_equal(then, now, check_exact=True)
