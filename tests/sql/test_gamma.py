"""indicators.gamma_*: dollar gamma by strike, expiry and spot against the textbook formulas on the same small chain."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from assets.sources.option_chains import Snapshot
from tests.sql.chains import Array, Made, bill, rows, skewed, snapshot, years
from tests.sql.given import CONVENTION, build, frame_of, rows_of, sessions

SESSION = sessions("2025-11-21", 1)[0]
SPOT, RATE, DIVIDENDS = 6500.0, 0.04, 0.013
STRIKES = (SPOT * np.array([0.85, 0.9, 0.94, 0.97, 0.99, 1.0, 1.01, 1.03, 1.06, 1.1])).round(2).tolist()
EXPIRIES = {"SPXW": ["2025-11-24", "2025-11-26", "2026-05-29"], "SPX": ["2025-12-19"]}
SIGNS = {CONVENTION: {"C": 1, "P": -1}, "all_short": {"C": -1, "P": -1}}
GRID = np.arange(90, 110.1, 0.25)
SPX_TABLES = ("indicators.gamma_by_strike", "indicators.dealer_gamma")
GammaOf = Callable[[float], float]


def drawn(table: pd.DataFrame) -> NDArray[np.int64]:
    """Open interest: some of it none."""
    random = np.random.default_rng(5)
    return random.integers(0, 20_000, len(table)) * (random.random(len(table)) > 0.1)


def readings(*snapshots: Snapshot) -> pd.DataFrame:
    """The rows of staging.option_readings, for chains too small to pass for whole."""
    names = ("session", "underlying", "reading", "snapshot_id", "source", "spot", "available_at")
    return pd.DataFrame([{name: getattr(of, name) for name in names} for of in snapshots])


def built(*snapshots: Snapshot, convention: str = CONVENTION) -> duckdb.DuckDBPyConnection:
    """The tables of dealer gamma."""
    given = {"raw.option_chains": rows(*snapshots), "staging.option_readings": readings(*snapshots)}
    return build([bill(SESSION, RATE)], SPX_TABLES, given=given, convention=convention)


def small(**more: Any) -> Snapshot:  # noqa: ANN401 - arguments of `snapshot`
    """A chain of ten strikes and four expiries of the S&P 500."""
    of = {"session": SESSION, "strikes": STRIKES, "expiries": EXPIRIES, "underlying": "SPX", "spot": SPOT}
    return snapshot(**(of | {"rate": RATE, "dividend_yield": DIVIDENDS} | more))


@cache
def chain() -> Snapshot:
    """The one with a skewed smile and random open interest."""
    return small(iv=skewed, open_interest=drawn)


@cache
def tables(convention: str = CONVENTION) -> duckdb.DuckDBPyConnection:
    """The tables made from it."""
    return built(chain(), convention=convention)


def d1(spot: float, strike: Array, time: Array, iv: Array) -> Array:
    """Of Black, Scholes and Merton."""
    of: Array = (np.log(spot / strike) + (RATE - DIVIDENDS + iv**2 / 2) * time) / (iv * np.sqrt(time))
    return of


def gamma(spot: float, strike: Array, time: Array, iv: Array) -> Array:
    """Change of delta per unit of spot."""
    of: Array = np.exp(-DIVIDENDS * time) * norm.pdf(d1(spot, strike, time, iv)) / (spot * iv * np.sqrt(time))
    return of


def expected(of: Snapshot, convention: str = CONVENTION) -> pd.DataFrame:
    """The chain's contracts with what they contribute; vanna and charm as differences of delta."""
    contracts = of.contracts.assign(years=lambda c: years(SESSION, c), held=lambda c: c["open_interest"] * 100)
    is_put = (contracts["put_call"] == "P").to_numpy()
    strike, time, iv = (contracts[name].to_numpy() for name in ("strike", "years", "iv"))
    spot, step = priced_at(of), 1e-4

    def delta(more_time: float = 0.0, more_iv: float = 0.0) -> Array:
        at = time + more_time, iv + more_iv
        found: Array = np.exp(-DIVIDENDS * at[0]) * (norm.cdf(d1(spot, strike, *at)) - is_put)
        return found

    vanna = (delta(more_iv=step) - delta(more_iv=-step)) / (2 * step)
    charm = (delta(more_time=-step) - delta(more_time=step)) / (2 * step)
    return contracts.assign(
        sign=contracts["put_call"].map(SIGNS[convention]),
        # Dollars of index that change hands per 1 % of spot, per volatility point and per calendar day.
        gamma_bn=contracts["held"] * gamma(spot, strike, time, iv) * spot * spot * 0.01 / 1e9,
        vanna_bn=contracts["held"] * vanna * spot * 0.01 / 1e9,
        charm_bn=contracts["held"] * charm * spot / 365 / 1e9,
    )


def priced_at(of: Snapshot) -> float:
    """The chain's spot."""
    assert of.spot is not None
    return of.spot


def summed(contracts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Sums by kind and net, by the keys."""
    kinds = {kind: contracts["put_call"] == kind for kind in "CP"}
    of_kind = {
        f"{name}_{kind}": contracts[name].where(there, 0.0)
        for name in ("open_interest", "gamma_bn")
        for kind, there in kinds.items()
    }
    net = {f"net_{name}": contracts["sign"] * contracts[name] for name in ("gamma_bn", "vanna_bn", "charm_bn")}
    added = of_kind | net
    return contracts.assign(**added).groupby(keys)[list(added)].sum()


SUMS = {
    "call_open_interest": "open_interest_C",
    "put_open_interest": "open_interest_P",
    "call_gamma_bn": "gamma_bn_C",
    "put_gamma_bn": "gamma_bn_P",
    "net_gamma_bn": "net_gamma_bn",
}
MORE_SUMS = {"net_vanna_bn": "net_vanna_bn", "net_charm_bn": "net_charm_bn"}


def assert_sums(found: pd.DataFrame, sums: pd.DataFrame, names: dict[str, str]) -> None:
    """Sums to the rounding of the table, which is to the nearest 1000 dollars."""
    for column, of in names.items():
        tolerance = 5e-5 if column == "net_charm_bn" else 6e-7
        np.testing.assert_allclose(found[column], sums[of], rtol=1e-6, atol=tolerance, err_msg=column)


@pytest.mark.parametrize("convention", SIGNS)
def test_gamma_by_strike(convention: str) -> None:
    found = frame_of(tables(convention), "from indicators.gamma_by_strike order by strike")
    sums = summed(expected(chain(), convention).query("open_interest > 0"), ["strike"])
    assert found["strike"].to_list() == sums.index.to_list() == STRIKES
    assert_sums(found, sums, SUMS)
    assert set(found["sign_convention"]) == {convention}


def test_a_strike_at_which_nothing_is_open_has_no_row() -> None:
    connection = built(small(open_interest=at_strikes(c100=10, p97=20)))
    query = """
        select strike, call_open_interest, put_open_interest, put_gamma_bn = 0
        from indicators.gamma_by_strike order by strike
    """
    assert rows_of(connection, query) == [(0.97 * SPOT, 0, 80, False), (SPOT, 40, 0, True)]


@pytest.mark.parametrize("convention", SIGNS)
def test_gamma_by_expiry(convention: str) -> None:
    found = frame_of(tables(convention), "from indicators.gamma_by_expiry order by root, expiry")
    contracts = expected(chain(), convention)
    sums = summed(contracts, ["root", "expiry"])
    assert list(zip(found["root"], found["expiry"], strict=True)) == sums.index.to_list()
    assert_sums(found, sums, SUMS | MORE_SUMS)
    open_contracts = contracts[contracts["open_interest"] > 0].groupby(["root", "expiry"]).size()
    assert found["contracts_open"].to_list() == open_contracts.to_list()
    assert found[["days_to_expiry", "expiry_bucket"]].to_numpy().tolist() == [
        [28, "month"],
        [3, "0DTE"],
        [5, "week"],
        [189, "later"],
    ]


def test_sums_are_rounded_to_1000_dollars_and_nothing_has_no_sign() -> None:
    even = small(iv=0.2, open_interest=777.0)
    connection = built(even)
    net = frame_of(connection, "select net_gamma_bn from indicators.gamma_by_strike")["net_gamma_bn"]
    assert [str(value) for value in net] == ["0.0"] * len(STRIKES)
    of_calls = frame_of(connection, "select call_gamma_bn from indicators.gamma_by_strike")["call_gamma_bn"]
    assert (of_calls == of_calls.round(6)).all()


@pytest.mark.parametrize(
    ("session", "first", "expiry_bucket"),
    [
        ("2025-11-20", "2025-11-21", "0DTE"),
        ("2025-11-21", "2025-11-24", "0DTE"),
        ("2025-11-26", "2025-11-28", "0DTE"),
        ("2025-08-29", "2025-09-02", "0DTE"),
        ("2019-05-13", "2019-05-15", "week"),
        ("2019-05-15", "2019-05-17", "week"),
    ],
    ids=["next day", "over the weekend", "over Thanksgiving", "over Labor Day", "Monday to Wednesday", "to Friday"],
)
def test_only_the_next_sessions_expiry_is_0dte(session: str, first: str, expiry_bucket: str) -> None:
    of = small(session=session, strikes=[6500.0], expiries={"SPXW": [first, "2025-12-30"]})
    query = "select expiry_bucket from indicators.gamma_by_expiry order by expiry limit 1"
    assert rows_of(built(of), query) == [(expiry_bucket,)]


# The profile


def profile_of(of: Snapshot, convention: str = CONVENTION) -> GammaOf:
    """Dealers' dollar gamma as a function of spot, volatility fixed by strike."""
    contracts = expected(of, convention)
    strike, time, iv = (contracts[name].to_numpy() for name in ("strike", "years", "iv"))
    held = (contracts["sign"] * contracts["held"]).to_numpy()
    return lambda spot: float(held @ gamma(spot, strike, time, iv)) * spot * spot * 0.01 / 1e9


def profile_by_moneyness(of: Snapshot, spot: float) -> float:
    """The same with each expiry's smile, straight between strikes and flat beyond them, moving with spot."""
    total = 0.0
    for _, contracts in expected(of).groupby(["root", "expiry"]):
        strike, time = (contracts[name].to_numpy() for name in ("strike", "years"))
        smile = contracts.drop_duplicates("strike").sort_values("strike")
        iv = np.interp(np.log(strike / spot), np.log(smile["strike"] / SPOT), smile["iv"])
        held = (contracts["sign"] * contracts["held"]).to_numpy()
        total += float(held @ gamma(spot, strike, time, iv)) * spot * spot * 0.01 / 1e9
    return total


@pytest.mark.parametrize("convention", SIGNS)
def test_the_profile_is_that_of_the_formula(convention: str) -> None:
    found = frame_of(tables(convention), "from indicators.gamma_profile order by spot_pct")
    assert found["spot_pct"].to_list() == GRID.tolist()
    assert found["spot_level"].to_numpy() == pytest.approx(SPOT * GRID / 100, abs=1e-5)
    at = profile_of(chain(), convention)
    formula = [at(spot) for spot in SPOT * GRID / 100]
    np.testing.assert_allclose(found["gamma_sticky_strike_bn"], formula, rtol=1e-9, atol=6e-7)


def test_the_profile_at_fixed_moneyness_moves_the_smile_with_spot() -> None:
    found = frame_of(tables(), "from indicators.gamma_profile order by spot_pct")["gamma_sticky_moneyness_bn"]
    formula = [profile_by_moneyness(chain(), spot) for spot in SPOT * GRID / 100]
    gross = expected(chain())["gamma_bn"].sum()
    np.testing.assert_allclose(found, formula, rtol=0, atol=1e-3 * gross)


def test_the_profile_at_spot_is_the_sum_of_the_expiries() -> None:
    [(by_strike, by_moneyness, total)] = rows_of(
        tables(),
        """
        select gamma_sticky_strike_bn, gamma_sticky_moneyness_bn,
            (select sum(net_gamma_bn) from indicators.gamma_by_expiry)
        from indicators.gamma_profile where spot_pct = 100
        """,
    )
    assert by_strike == pytest.approx(total, abs=5e-6)
    assert by_moneyness == pytest.approx(total, rel=2e-3)


def test_the_flip_is_the_zero_of_the_profile() -> None:
    [(flip, distance)] = rows_of(tables(), "select flip_level, dist_to_flip_pct from indicators.dealer_gamma")
    at = profile_of(chain())
    zeros = roots(at)
    nearest = min(zeros, key=lambda level: abs(level - SPOT))
    # A chord of the grid is straight where the profile bends.
    assert flip == pytest.approx(nearest, abs=SPOT * 0.0025 / 20)
    assert distance == pytest.approx(100 * (SPOT / flip - 1))


def roots(at: GammaOf) -> list[float]:
    """Zeros of a profile from 10 % below to 10 % above spot."""
    levels = SPOT * np.linspace(0.9, 1.1, 2001)
    values = np.array([at(level) for level in levels])
    crossings = np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
    return [float(brentq(at, levels[n], levels[n + 1])) for n in crossings]


def at_strikes(**held: float) -> Made:
    """Open interest of calls (c) and puts (p) by the strike in percent of spot, as in c97=100."""

    def made(table: pd.DataFrame) -> pd.Series:
        of = table["put_call"].str.lower() + (100 * table["strike"] / SPOT).round().astype(int).astype(str)
        return of.map(held).fillna(0.0)

    return made


def test_of_several_zeros_the_nearest_is_the_flip() -> None:
    held = at_strikes(c94=40_000, p97=30_000, c103=30_000, p106=40_000)
    of = small(expiries={"SPXW": ["2025-12-05"]}, iv=0.12, open_interest=held)
    zeros = roots(profile_of(of))
    assert len(zeros) >= 3
    [(flip,)] = rows_of(built(of), "select flip_level from indicators.dealer_gamma")
    assert flip == pytest.approx(min(zeros, key=lambda level: abs(level - SPOT)), abs=SPOT * 0.0025 / 20)


SHORT = {"c": at_strikes(c100=10_000), "p": at_strikes(p100=10_000)}
LONG = {"c": at_strikes(c90=9000, c100=9000, c110=9000), "p": at_strikes(p90=9000, p100=9000, p110=9000)}


def test_a_chain_without_open_contracts_has_neither_flip_nor_side() -> None:
    [row] = frame_of(built(small(open_interest=0.0)), "from indicators.dealer_gamma").to_dict("records")
    assert np.isnan([row["flip_level"], row["gex_ratio"], row["call_wall"], row["iv_fill_share"]]).all()
    assert row["flip_reason"] == "no open contracts"
    assert (row["gex_naive_bn"], row["contracts_open"]) == (0, 0)


@pytest.mark.parametrize(("kind", "sign"), [("c", "positive"), ("p", "negative")], ids=["calls", "puts"])
@pytest.mark.parametrize(
    ("expiry", "iv", "held"),
    [("2026-05-29", 0.2, LONG), ("2025-11-24", 0.1, SHORT)],
    ids=["half a year", "faded out 10 % away"],
)
def test_without_a_zero_there_is_no_flip_and_a_reason(
    expiry: str, iv: float, held: dict[str, Made], kind: str, sign: str
) -> None:
    of = small(expiries={"SPXW": [expiry]}, iv=iv, open_interest=held[kind])
    query = "select flip_level, flip_level_moneyness, flip_reason, dist_to_flip_pct from indicators.dealer_gamma"
    assert rows_of(built(of), query) == [(None, None, f"{sign} from 10 % below to 10 % above spot", None)]


# Dealer gamma from them


@pytest.mark.parametrize("convention", SIGNS)
def test_dealer_gamma_sums_the_contracts(convention: str) -> None:
    [row] = frame_of(tables(convention), "from indicators.dealer_gamma").to_dict("records")
    contracts = expected(chain(), convention)
    net = contracts["sign"] * contracts["gamma_bn"]
    days = (contracts["expiry"] - SESSION).dt.days
    calls = contracts.loc[contracts["put_call"] == "C", "gamma_bn"].sum()
    gross = contracts["gamma_bn"].sum()
    for name, value in {
        "gex_naive_bn": net.sum(),
        "gex_ge5_bn": net[days >= 5].sum(),
        "gex_0dte_bn": net[days == 3].sum(),
        "gex_gross_bn": gross,
        "call_gamma_bn": calls,
        "put_gamma_bn": gross - calls,
        "gex_ratio": net.sum() / gross,
        "net_vanna_bn": (contracts["sign"] * contracts["vanna_bn"]).sum(),
    }.items():
        assert row[name] == pytest.approx(value, rel=1e-6, abs=3e-6), name
    assert row["net_charm_bn"] == pytest.approx((contracts["sign"] * contracts["charm_bn"]).sum(), abs=1e-4)
    assert row["sign_convention"] == convention
    assert row["contracts_open"] == (contracts["open_interest"] > 0).sum()
    assert (row["contracts_dropped"], row["iv_fill_share"], row["inputs_missing"]) == (0, 0, None)


def test_walls_are_the_strikes_with_the_most_gamma() -> None:
    [(call_wall, put_wall)] = rows_of(tables(), "select call_wall, put_wall from indicators.dealer_gamma")
    by_strike = summed(expected(chain()), ["strike"])
    assert call_wall == by_strike["gamma_bn_C"].idxmax()
    assert put_wall == by_strike["gamma_bn_P"].idxmax()


def test_spx_and_spy_add_up_on_the_scale_of_the_index() -> None:
    fund = small(
        strikes=[strike / 10 for strike in STRIKES],
        expiries={"SPY": ["2025-11-24", "2025-12-19"]},
        underlying="SPY",
        spot=650.0,
        iv=skewed,
        open_interest=5000.0,
    )
    connection = built(chain(), fund)
    found = frame_of(connection, "from indicators.dealer_gamma").set_index("underlying")
    both, index, spy = (found.loc[name] for name in ("SPX+SPY", "SPX", "SPY"))
    names = ["gex_naive_bn", "gex_ge5_bn", "gex_gross_bn", "gex_0dte_bn", "net_vanna_bn", "contracts_open"]
    assert both[names].to_numpy(float) == pytest.approx((index[names] + spy[names]).to_numpy(float), rel=1e-12)
    assert both["spot"] == SPOT
    assert both[["call_wall", "put_wall", "gex_sm_equiv_bn", "p_negative"]].isna().all()
    at = profile_of(chain())
    of_fund = profile_of(fund)
    # The functions take the level of the index and of the fund.
    zeros = roots(lambda level: at(level) + of_fund(level / 10))
    assert both["flip_level"] == pytest.approx(min(zeros, key=lambda z: abs(z - SPOT)), abs=SPOT * 0.0025 / 20)
    assert rows_of(built(fund), "select underlying from indicators.dealer_gamma") == [("SPY",)]


def test_contracts_without_volatility_are_dropped_and_counted() -> None:
    def change(contracts: pd.DataFrame) -> pd.DataFrame:
        lost = contracts["strike"] == STRIKES[0]
        filled = contracts["strike"] == STRIKES[3]
        quotes = {name: contracts[name].where(~lost & ~filled) for name in ("bid", "ask")}
        return contracts.assign(iv=contracts["iv"].where(~lost & ~filled, 0.0), **quotes)

    # Of what is filled only the calls are open.
    of = small(change=change, open_interest=lambda c: (c["strike"] != STRIKES[3]) | (c["put_call"] == "C"))
    query = "select contracts_open, contracts_dropped, iv_fill_share from indicators.dealer_gamma"
    assert rows_of(built(of), query) == [(76, 8, pytest.approx(4 / 68))]


def test_contracts_that_have_expired_are_not_dropped_ones() -> None:
    of = small(expiries={"SPXW": ["2025-11-21", "2025-12-19"]})
    query = "select contracts_open, contracts_dropped from indicators.dealer_gamma"
    assert rows_of(built(of), query) == [(20, 0)]


def test_what_is_missing_is_named() -> None:
    def one_sided(contracts: pd.DataFrame) -> pd.DataFrame:
        return contracts.assign(bid=contracts["bid"].where(contracts["root"] != "SPX"))

    of = small(change=one_sided)
    given = {"raw.option_chains": rows(of), "staging.option_readings": readings(of)}
    connection = build(until=SPX_TABLES, given=given)
    assert rows_of(connection, "select inputs_missing from indicators.dealer_gamma") == [
        ("IRX, forward of 1 expiries",)
    ]


def test_readings_and_sessions_stand_apart() -> None:
    settled = small(reading="settled", iv=skewed, open_interest=123.0)
    both = frame_of(built(chain(), settled), "from indicators.dealer_gamma where reading = 'close'")
    alone = frame_of(tables(), "from indicators.dealer_gamma")
    pd.testing.assert_frame_equal(both, alone)
    assert alone["session"].dt.date.to_list() == [date(2025, 11, 21)]
