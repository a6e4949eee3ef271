"""indicators.spreads and indicators.spread_panel: rows, ranks, members as known, holes, real bars, no look-ahead."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bidask import edge
from numpy.typing import NDArray

from assets.indicators import spread_panel, spreads
from assets.models.spreads import held_since
from tests.sql.given import build, frame_of, inputs, sessions, tables

Array = NDArray[np.float64]

COUNT = 800
# A window counts as full with 95 % of its 756 sessions.
ENOUGH = 719
DAYS = sessions("2022-06-01", COUNT)
OHLC = ["open", "high", "low", "close"]
ESTIMATES = ["edge_21d_bp", "corwin_schultz_21d_bp", "abdi_ranaldo_21d_bp"]
MEDIANS = [
    "edge_median_bp",
    "edge_median_lo_bp",
    "edge_median_hi_bp",
    "corwin_schultz_median_bp",
    "abdi_ranaldo_median_bp",
]
FILLS = {"indicators.spreads": spreads.fill, "indicators.spread_panel": spread_panel.fill}


def market(symbol: str, seed: int, count: int = COUNT, volume: float = 1e6) -> pd.DataFrame:
    """Bars of a random walk that pays nothing."""
    random = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(random.normal(0, 0.003, (count, 12)).ravel())).reshape(count, 12)
    path *= np.exp(random.choice([-0.0005, 0.0005], path.shape))
    closes = path[:, -1]
    return pd.DataFrame(
        {
            "session": DAYS[:count],
            "symbol": symbol,
            "open": path[:, 0],
            "high": path.max(axis=1),
            "low": path.min(axis=1),
            "close": closes,
            "volume": volume * random.uniform(0.5, 1.5, count),
            "total_return": np.append(np.nan, closes[1:] / closes[:-1] - 1),
            "segment": 0,
        }
    )


def listed(symbols: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    """Rows of staging.index_members: members of the S&P 500 all along, but for what is given of each."""
    usual = {"index_symbol": "SPX", "added_date": pd.NaT, "removed_date": pd.NaT, "available_at": DAYS[0]}
    rows = pd.DataFrame([{"symbol": symbol, **usual, **more} for symbol, more in symbols.items()])
    for name in ("added_date", "removed_date"):
        rows[name] = pd.to_datetime(rows[name])
    return rows.assign(available_at=pd.to_datetime(rows["available_at"], utc=True))


def filled(name: str, bars: pd.DataFrame, members: pd.DataFrame | None = None) -> pd.DataFrame:
    """The rows that are computed, which are as the header says."""
    source = "staging.prices" if name == "indicators.spreads" else "staging.member_prices"
    given = {source: bars[[column for column in bars if column in tables()[source].types]]}
    if members is not None:
        given["staging.index_members"] = members
    header = tables()[name].header
    found = FILLS[name](inputs(partial(frame_of, build(until=header.reads or (), given=given)))).rows
    if found.empty:
        return found
    assert list(found.columns) == list(header.columns)
    for column, said in header.columns.items():
        known = found[column].dropna()
        assert said.nullable or len(known) == len(found), column
        if tables()[name].types[column] == "DOUBLE":
            assert known.between(said.min or 0, np.inf if said.max is None else said.max).all(), column
    return found.sort_values(header.grain, ignore_index=True)


def by_package(bars: pd.DataFrame, last: int) -> float:
    """EDGE, in bp, of the 21 bars that end with one, by the reference package."""
    window = bars[OHLC].iloc[last - 20 : last + 1].to_numpy()
    return 1e4 * float(edge(*window.T))


def halted(bars: pd.DataFrame, since: int) -> pd.DataFrame:
    """The bars at the last close from a session on."""
    still = bars["close"].iloc[since - 1]
    return bars.assign(**{name: bars[name].where(bars.index < since, still) for name in OHLC})


def test_every_session_has_its_estimates_and_its_rank() -> None:
    spy, hyg = market("SPY", 1), market("HYG", 2, 60)
    found = filled("indicators.spreads", pd.concat([spy, hyg, market("XLF", 3, 60)]))
    assert found.groupby("symbol").size().to_dict() == {"HYG": COUNT, "SPY": COUNT}
    # A fund without a bar goes on without estimates.
    stopped = found[found["symbol"] == "HYG"].iloc[60:]
    assert stopped[ESTIMATES].isna().to_numpy().all()
    assert set(stopped["inputs_missing"]) == {"21 sessions with open, high, low and close"}
    of = found[found["symbol"] == "SPY"].reset_index(drop=True)
    assert of["session"].to_list() == DAYS
    for last in (20, 400, COUNT - 1):
        assert of["edge_21d_bp"].iloc[last] == pytest.approx(by_package(spy, last), abs=1e-8)
    assert of[ESTIMATES].isna().sum().to_list() == [20, 20, 20]
    first = 20 + ENOUGH - 1
    assert of["edge_rank_756d"].first_valid_index() == first
    assert set(of["inputs_missing"].iloc[:20]) == {"21 sessions with open, high, low and close"}
    assert set(of["inputs_missing"].iloc[20:first]) == {"three years of the spread"}
    assert of["inputs_missing"].iloc[first:].isna().all()
    for last in (first, 20 + 756, COUNT - 1):
        window = of["edge_21d_bp"].iloc[max(last - 755, 20) : last + 1]
        assert of["edge_rank_756d"].iloc[last] == pytest.approx((window <= window.iloc[-1]).mean(), abs=1e-12)


def test_missing_and_closing_bars_leave_gaps_and_the_first_whole_bar_begins() -> None:
    whole = market("SPY", 4, 90)
    bars = whole.copy()
    bars.loc[:4, ["open", "high", "low"]] = np.nan
    bars.loc[50, "open"] = np.nan
    found = filled("indicators.spreads", bars.drop(index=70))
    assert found["session"].to_list() == DAYS[5:90]
    gaps = found[ESTIMATES].isna().all(axis=1)
    assert gaps.equals(found[ESTIMATES].isna().any(axis=1))
    assert (gaps.to_numpy().nonzero()[0] + 5).tolist() == [*range(5, 25), *range(50, 90)]
    closes = whole.assign(open=np.nan, high=np.nan, low=np.nan)
    assert filled("indicators.spreads", closes).empty
    assert filled("indicators.spreads", whole.iloc[:0]).empty


def test_a_halt_has_no_spread_and_says_so() -> None:
    found = filled("indicators.spreads", halted(market("SPY", 5, 60), 30))
    assert found["edge_21d_bp"].iloc[45] > 0
    assert found[ESTIMATES].iloc[-1].isna().all()
    assert found["inputs_missing"].iloc[-1] == "prices that move"


def test_an_ex_date_is_no_spread() -> None:
    bars = market("SPY", 6, 60)
    paying = bars.copy()
    paying.loc[40:, OHLC] *= 0.98
    columns = [*ESTIMATES, "inputs_missing"]
    found, plain = (filled("indicators.spreads", of)[columns] for of in (paying, bars))
    pd.testing.assert_frame_equal(found, plain, rtol=1e-9)


def names(count: int, sessions_of: int = 70) -> dict[str, pd.DataFrame]:
    """Members by symbol, each traded more than the one before."""
    return {
        f"M{number:03}": market(f"M{number:03}", 100 + number, sessions_of, 1e6 * 1.1**number)
        for number in range(count)
    }


def panel(of: Mapping[str, pd.DataFrame], **changes: Mapping[str, object]) -> pd.DataFrame:
    """The panel's rows by session, of members that are such all along but for the changes."""
    members = listed({symbol: changes.get(symbol, {}) for symbol in of})
    return filled("indicators.spread_panel", pd.concat(of.values()), members).set_index("session")


def edges(of: Mapping[str, pd.DataFrame], last: int) -> Array:
    """EDGE of every symbol in bp, by the reference package, in order of size."""
    return np.sort([by_package(bars, last) for bars in of.values()])


def test_the_panel_are_the_hundred_most_traded() -> None:
    of = names(104)
    found = panel(of)
    assert found.index.to_list() == DAYS[:70]
    assert found["panel_members"].to_list() == [0] * 59 + [100] * 11
    assert found[MEDIANS].notna().all(axis=1).to_list() == [False] * 59 + [True] * 11
    assert set(found["inputs_missing"].iloc[:59]) == {"spreads of 30 members of the S&P 500"}
    assert found["inputs_missing"].iloc[59:].isna().all()
    expected = edges({symbol: of[symbol] for symbol in sorted(of)[4:]}, 69)
    low, median, high = found.iloc[-1][["edge_median_lo_bp", "edge_median_bp", "edge_median_hi_bp"]]
    assert [low, median, high] == pytest.approx([expected[43], np.median(expected), expected[56]], abs=1e-8)


def test_the_panel_is_of_members_as_they_were_known() -> None:
    of = names(36)
    on, after = DAYS[65], DAYS[66]
    found = panel(
        of,
        M001={"added_date": on},
        M002={"removed_date": on},
        M003={"available_at": after},
        M004={"index_symbol": "NDX"},
    )
    # Midnight UTC comes after the decision time of the session before.
    assert found["panel_members"].iloc[59:].to_list() == [33] * 6 + [33, 34, 34, 34, 34]
    without = {symbol: of[symbol] for symbol in of if symbol not in ("M002", "M003", "M004")}
    assert found.loc[on, "edge_median_bp"] == pytest.approx(np.median(edges(without, 65)), abs=1e-8)


def test_a_median_needs_thirty_names() -> None:
    found = panel(names(30), M000={"removed_date": DAYS[65]})
    assert found["panel_members"].iloc[59:].to_list() == [30] * 6 + [29] * 5
    assert found[MEDIANS].notna().any(axis=1).iloc[59:].to_list() == [True] * 6 + [False] * 5
    assert found["inputs_missing"].iloc[-1] == "spreads of 30 members of the S&P 500"


def test_missing_bars_halts_and_splits_leave_the_panel() -> None:
    of = names(40, 100)
    whole = panel(of)
    # One bar is missing, one has no open, one stock is halted, and one has its volumes at zero.
    of["M000"] = of["M000"].drop(index=95)
    of["M001"].loc[95, "open"] = np.nan
    of["M002"] = halted(of["M002"], 75)
    of["M003"].loc[:, "volume"] = 0
    of["M004"].loc[96:, OHLC] *= 5
    of["M004"].loc[96:, "segment"] = 1
    of["M004"].loc[96, "total_return"] = np.nan
    found = panel(of)
    # The halted stock keeps an estimate while two of its bars move.
    assert found["panel_members"].iloc[93:].to_list() == [40, 39, 37, 36, 36, 36, 36]
    pd.testing.assert_frame_equal(found.iloc[:75], whole.iloc[:75], check_exact=True)


def test_no_members_have_no_panel() -> None:
    of = names(2)
    assert filled("indicators.spread_panel", of["M000"].iloc[:0], listed({symbol: {} for symbol in of})).empty
    # Bars of what is in no list of the S&P 500.
    found = panel(of, M000={"index_symbol": "NDX"}, M001={"index_symbol": "NDX"})
    assert (len(found), found["panel_members"].sum()) == (70, 0)


@pytest.mark.parametrize("table", FILLS)
def test_the_future_never_changes_a_past_row(table: str) -> None:
    last = 84
    of = {"SPY": market("SPY", 7, 100), "HYG": market("HYG", 8, 100)} | names(34, 100)
    whole = pd.concat(of.values(), ignore_index=True)
    is_past = whole["session"] <= DAYS[last]
    other = whole.copy()
    random = np.random.default_rng(9)
    factors = random.uniform(0.2, 5, ((~is_past).sum(), 1))
    other.loc[~is_past, OHLC] = whole.loc[~is_past, OHLC].to_numpy() * factors
    other.loc[~is_past, "volume"] *= random.uniform(0, 9, (~is_past).sum())
    other.loc[~is_past, "segment"] = 1
    later = {"M005": {"removed_date": DAYS[90]}, "M006": {"available_at": DAYS[90]}}
    members = listed({symbol: later.get(symbol, {}) for symbol in of})
    known = listed({symbol: {} for symbol in of if symbol != "M006"})
    now = filled(table, whole, members)
    now = now[now["session"] <= DAYS[last]].reset_index(drop=True)
    assert now.notna().any().sum() >= len(now.columns) - 1
    for bars, lists in ((other, members), (whole[is_past], members), (whole[is_past], known)):
        then = filled(table, bars, lists)
        then = then[then["session"] <= DAYS[last]].reset_index(drop=True)
        pd.testing.assert_frame_equal(then, now, check_exact=True)


# Of the method, in bp.
GOLDEN = {"2019-07-01": 8.7, "2020-03-20": 387, "2024-08-07": 64, "2025-04-08": 96, "2025-11-21": 50}


def test_real_bars_against_the_reference_package(market_data: Path) -> None:
    symbols = ["SPY", "QQQ", "IWM", "HYG"]
    file = market_data / "prices" / "indices_etfs_futures.parquet"
    bars = pd.read_parquet(file, filters=[("symbol", "in", symbols)]).rename(columns={"date": "session"})
    bars["session"] = pd.to_datetime(bars["session"])
    bars = bars.sort_values(["symbol", "session"], ignore_index=True)
    bars["total_return"] = bars.groupby("symbol")["adj_close"].pct_change()
    found = filled("indicators.spreads", bars).set_index("session")
    spy = found.loc[found["symbol"] == "SPY", "edge_21d_bp"]
    for session, computed in GOLDEN.items():
        assert spy[pd.Timestamp(session)] == pytest.approx(computed, abs=0.6)
    compared = 0
    for symbol, of in bars.groupby("symbol"):
        shares = held_since(of[["close"]].to_numpy(), of[["total_return"]].to_numpy())
        as_held = of.assign(**{name: of[name] * shares[:, 0] for name in OHLC})
        ours = found.loc[found["symbol"] == symbol, "edge_21d_bp"].dropna().iloc[::43]
        theirs = [by_package(as_held, int(place)) for place in as_held["session"].searchsorted(ours.index)]
        np.testing.assert_allclose(ours / 1e4, np.array(theirs) / 1e4, rtol=0, atol=1e-12)
        compared += len(ours)
    assert compared > 450
