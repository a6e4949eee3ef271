"""indicators.rotation and indicators.sector_league from given bars."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import Bar, bars, build, frame_of, sessions

CYCLICAL, DEFENSIVE = ("XLY", "XLI", "XLF", "XLB"), ("XLV", "XLP", "XLU")
COUNT = 330
DAYS = sessions("2024-06-03", COUNT)


def prices(log_returns: Mapping[str, np.ndarray]) -> list[Bar]:
    """Bars that begin at 100 on the first session and move by these log returns."""
    return [
        bar
        for symbol, moves in log_returns.items()
        for bar in bars(symbol, DAYS[: len(moves) + 1], (100 * np.exp(np.insert(moves, 0, 0.0).cumsum())).tolist())
    ]


def random_market() -> dict[str, np.ndarray]:
    """Log returns: cyclicals with a beta of 1.2, defensives of 0.6 and a drift of their own."""
    random = np.random.default_rng(1)
    spy = 0.01 * random.standard_normal(COUNT - 1)
    own = {name: 0.003 * random.standard_normal(COUNT - 1) for name in (*CYCLICAL, *DEFENSIVE)}
    betas = dict.fromkeys(CYCLICAL, 1.2) | dict.fromkeys(DEFENSIVE, 0.6)
    return {"SPY": spy} | {name: betas[name] * spy + own[name] for name in own}


def rotation(rows: list[Bar]) -> pd.DataFrame:
    """The table, by session."""
    return frame_of(build(rows, "indicators.rotation"), "from indicators.rotation order by session").set_index(
        "session"
    )


def test_a_side_is_the_mean_of_its_funds_and_horizons_cumulate() -> None:
    market = random_market()
    found = rotation(prices(market))
    assert found["variant"].unique().tolist() == ["sector_funds"]
    difference = np.mean([market[name] for name in DEFENSIVE], axis=0) - np.mean(
        [market[name] for name in CYCLICAL], axis=0
    )
    for sessions_back in (1, 5, 21, 63):
        expected = 100 * pd.Series(difference).rolling(sessions_back).sum()
        np.testing.assert_allclose(found[f"rotation_{sessions_back}d_pct"], expected, atol=1e-9)


def test_the_neutral_rotation_takes_out_the_beta_of_the_sessions_before() -> None:
    market = random_market()
    found = rotation(prices(market)).iloc[-1]
    difference = np.mean([market[name] for name in DEFENSIVE], axis=0) - np.mean(
        [market[name] for name in CYCLICAL], axis=0
    )
    y, x = difference[-253:-1], market["SPY"][-253:-1]
    [slope, constant], [[variance, _], _] = np.polyfit(x, y, 1, cov=True)
    moved = market["SPY"][-21:].sum()
    assert found["rotation_beta"] == pytest.approx(slope)
    assert found["neutral_21d_pct"] == pytest.approx(100 * (difference[-21:].sum() - slope * moved))
    half = found["neutral_21d_hi_pct"] - found["neutral_21d_pct"]
    # The error of the fit, and that beta moves.
    assert half == pytest.approx(1.2816 * 100 * np.hypot(np.sqrt(variance), 0.16) * abs(moved))
    assert found["neutral_21d_pct"] - found["neutral_21d_lo_pct"] == pytest.approx(half)
    assert slope == pytest.approx(-0.6, abs=0.1)
    assert constant == pytest.approx(0, abs=1e-3)


def test_a_score_compares_with_504_sessions() -> None:
    # 95 % of them are not there yet.
    assert rotation(prices(random_market()))["rotation_5d_z"].isna().all()


def test_a_missing_fund_is_a_gap_and_not_a_smaller_side() -> None:
    rows = [bar for bar in prices(random_market()) if (bar["symbol"], bar["date"]) != ("XLU", DAYS[100])]
    found = rotation(rows)
    # Its return is missing on the session and on the one after.
    assert found["rotation_1d_pct"].isna().to_numpy().nonzero()[0].tolist() == [99, 100]
    assert found["rotation_5d_pct"].iloc[99:105].isna().all()
    assert found["inputs_missing"].iloc[99].startswith("returns of all funds")


NAMES = [f"D{n}" for n in range(5)] + [f"C{n}" for n in range(5)]
BREADTH = ["defensive_breadth_pct", "cyclical_breadth_pct", "breadth_gap_pp"]


def listed(day: pd.Timestamp, sectors: list[str]) -> pd.DataFrame:
    """Rows of raw.index_members: a list of ten members in these sectors, of whom no list tells when they were added."""
    known = (day + pd.Timedelta(hours=18)).tz_localize("America/New_York")
    rows = pd.DataFrame({"symbol": NAMES, "index_symbol": "SPX", "list_date": day, "sector": sectors})
    return rows.assign(company="any", source="vendor", available_at=known, observed_at=known)


def with_members(*lists: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rotation and the breadth of the index by session, with four members that rise and six that fall."""
    rising = dict.fromkeys(NAMES[:4], 0.001) | dict.fromkeys(NAMES[4:], -0.001)
    rows = prices(random_market()) + prices({name: np.full(60, rate) for name, rate in rising.items()})
    tables = ("indicators.rotation", "indicators.breadth")
    connection = build(rows, tables, given={"raw.index_members": pd.concat(lists)})
    return {name: frame_of(connection, f"from {name} order by session").set_index("session") for name in tables}


def test_breadth_is_of_the_members_known_on_the_session() -> None:
    found = with_members(listed(DAYS[0], ["Utilities"] * 5 + ["Financials"] * 5))["indicators.rotation"]
    assert tuple(found.loc[DAYS[30], BREADTH]) == (80, 0, 80)


def test_breadth_is_by_the_sectors_known_on_the_session() -> None:
    at_first = listed(DAYS[0], ["Utilities"] * 5 + ["Financials"] * 5)
    # One of the four that rise becomes a cyclical, and one that falls neither.
    later = listed(DAYS[40], ["Financials"] + ["Utilities"] * 4 + ["Financials"] * 4 + ["Energy"])
    before, after = with_members(at_first), with_members(at_first, later)
    rotation = after["indicators.rotation"]
    assert tuple(rotation.loc[DAYS[39], BREADTH]) == (80, 0, 80)
    assert tuple(rotation.loc[DAYS[40], BREADTH]) == (75, 20, 55)
    pd.testing.assert_frame_equal(rotation[: DAYS[39]], before["indicators.rotation"][: DAYS[39]], check_exact=True)
    # Each counts once, in whatever sector.
    pd.testing.assert_frame_equal(after["indicators.breadth"], before["indicators.breadth"], check_exact=True)
    # A list that says the same again changes nothing.
    again = with_members(at_first, later, listed(DAYS[50], later["sector"].tolist()))
    for name, expected in after.items():
        pd.testing.assert_frame_equal(again[name], expected, check_exact=True)


def league(rows: list[Bar]) -> pd.DataFrame:
    """The league table, by symbol and session."""
    connection = build(rows, "indicators.sector_league")
    return frame_of(connection, "from indicators.sector_league order by symbol, session").set_index(
        ["symbol", "session"]
    )


def test_returns_over_horizons_and_ranks_of_sectors() -> None:
    rates = {"SPY": 0.001, "XLV": 0.003, "XLK": 0.001, "XLE": -0.002, "KRE": 0.01}
    found = league(prices({name: np.full(260, rate) for name, rate in rates.items()})).xs(DAYS[260], level="session")
    assert sorted(found.index) == ["KRE", "XLE", "XLK", "XLV"]
    for sessions_back in (5, 15, 21, 63, 252):
        grown = {name: 100 * np.expm1(rate * sessions_back) for name, rate in rates.items()}
        for name in found.index:
            row = found.loc[name]
            assert row[f"total_return_{sessions_back}d_pct"] == pytest.approx(grown[name])
            assert row[f"relative_{sessions_back}d_pp"] == pytest.approx(grown[name] - grown["SPY"])
    assert found["sector_rank_21d"].dropna().to_dict() == {"XLE": 3, "XLK": 2, "XLV": 1}
    assert found.loc["XLE", "fund_drawdown_pct"] == pytest.approx(100 * np.expm1(-0.002 * 251))
    assert found["inputs_missing"].isna().all()


def test_a_session_without_a_bar_matters_at_the_ends_of_a_horizon_alone() -> None:
    rows = prices({"SPY": np.full(40, 0.001), "XLV": np.full(40, 0.002)})
    found = league([bar for bar in rows if (bar["symbol"], bar["date"]) != ("XLV", DAYS[30])]).loc["XLV"]
    missing = found["total_return_5d_pct"].isna()
    assert [DAYS.index(day) for day in found.index[missing]] == [0, 1, 2, 3, 4, 30, 35]
    assert found.loc[DAYS[33], "total_return_5d_pct"] == pytest.approx(100 * np.expm1(0.01))


def test_a_fund_that_stops_has_rows_without_returns_to_the_newest_session_of_the_sp_500() -> None:
    rows = [*prices({"SPY": np.full(300, 0.001), "XLV": np.full(290, 0.002)}), *bars("SPX", DAYS[:303], [100.0] * 303)]
    found = league(rows).loc["XLV"]
    assert found.index.tolist() == DAYS[:303]
    stopped = found.loc[DAYS[291] :]
    assert set(stopped["inputs_missing"].iloc[:10]) == {"bar of the session"}
    assert set(stopped["inputs_missing"].iloc[10:]) == {"bar of the session, returns of SPY"}
    of_the_bar = ["total_return_1d_pct", "total_return_252d_pct", "sector_rank_5d", "fund_drawdown_pct"]
    assert stopped[of_the_bar].isna().to_numpy().all()
