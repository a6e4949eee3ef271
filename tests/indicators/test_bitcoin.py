"""indicators.bitcoin and indicators.bitcoin_returns: which bar stands on which session, and what each reading says."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.indicators import bitcoin
from tests.sql.given import Bar, bar, bars, build, frame_of, inputs, rows_of, sessions

COUNT = 300
DAYS = sessions("2024-06-03", COUNT)
RANDOM = np.random.default_rng(1)
MOVES = 0.03 * RANDOM.standard_normal(COUNT)
STOCKS = 0.2 * MOVES + 0.008 * RANDOM.standard_normal(COUNT)


def levels(moves: np.ndarray, start: float = 100) -> list[float]:
    return [float(level) for level in start * np.exp(moves.cumsum())]


def utc_days(first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    return pd.date_range(first, last)


def market() -> list[Bar]:
    """Bitcoin's bar of every day, a fund of it, and stocks that move with it."""
    days = utc_days(DAYS[0], DAYS[-1])
    moves = pd.Series(MOVES, index=pd.DatetimeIndex(DAYS)).reindex(days, fill_value=0.001)
    return [
        *bars("BTC-USD", days, levels(moves.to_numpy(), 60_000)),
        *bars("IBIT", DAYS, levels(MOVES)),
        *bars("QQQ", DAYS, levels(STOCKS)),
        *bars("SPX", DAYS, levels(STOCKS, 5_000)),
        *bars("SPHB", DAYS, levels(2 * STOCKS)),
    ]


def filled(rows: list[Bar], as_of: str | None = None) -> dict[str, pd.DataFrame]:
    """Each reading's rows, by session."""
    needed = ("reference.sessions", "staging.prices", "staging.crypto_prices", "indicators.bitcoin_returns")
    now = pd.Timestamp(as_of or "2025-12-31T23:00Z").to_pydatetime()
    connection = build(rows, needed, as_of=as_of, now=now)
    found = bitcoin.fill(inputs(partial(frame_of, connection), now)).rows
    return {str(reading): of.set_index("session") for reading, of in found.groupby("bitcoin_reading")}


@pytest.fixture(scope="module")
def whole() -> dict[str, pd.DataFrame]:
    """The table of the whole market."""
    return filled(market())


def test_the_fund_stands_for_bitcoin_and_the_older_one_before_it() -> None:
    rows = bars("BITO", DAYS[:6], [20, 21, 22, 23, 24, 25]) + bars("IBIT", DAYS[3:6], [50, 51, 52])
    connection = build(rows, "indicators.bitcoin_returns")
    query = "select bitcoin_vehicle, round(bitcoin_return, 6) from indicators.bitcoin_returns order by session"
    expected = [("BITO", 21 / 20), ("BITO", 22 / 21), ("BITO", 23 / 22), ("IBIT", 51 / 50), ("IBIT", 52 / 51)]
    assert rows_of(connection, query) == [(name, round(growth - 1, 6)) for name, growth in expected]


def test_a_bar_that_the_fund_lacks_is_missing_and_not_taken_from_the_other() -> None:
    prices = {"BITO": range(20, 29), "IBIT": range(50, 59), "SPX": range(5000, 5009)}
    began = {"BITO": 0, "IBIT": 3, "SPX": 0}
    gone = {("BITO", DAYS[1]), ("IBIT", DAYS[5]), ("IBIT", DAYS[8])}
    rows = [
        one
        for symbol, of in prices.items()
        for one in bars(symbol, DAYS[began[symbol] : 9], [float(price) for price in of][began[symbol] :])
        if (symbol, one["date"]) not in gone
    ]
    query = """
        select bitcoin_vehicle, bitcoin_return is not null, inputs_missing
        from indicators.bitcoin_returns order by session
    """
    # The first row is of the first return; a hole takes the return after it too; the index has the last session.
    assert rows_of(build(rows, "indicators.bitcoin_returns"), query) == [
        ("BITO", True, None),
        ("IBIT", True, None),
        *[("IBIT", False, "return of IBIT")] * 2,
        ("IBIT", True, None),
        ("IBIT", False, "return of IBIT"),
    ]


def test_a_bar_of_bitcoin_belongs_to_its_own_day_and_is_known_at_midnight(whole: dict[str, pd.DataFrame]) -> None:
    friday = next(day for day in DAYS[100:] if day.day_name() == "Friday")
    row = whole["utc_midnight"].loc[friday]
    [(close,)] = [(one["close"],) for one in market() if (one["symbol"], one["date"]) == ("BTC-USD", friday)]
    assert row["bitcoin_close"] == close
    assert row["available_at"] == friday.tz_localize("UTC") + pd.Timedelta(days=1)
    # At the decision time of the Friday, 18:00 New York, that bar has not ended.
    then = filled(market(), as_of=f"{friday.date()}T22:00Z")
    assert then["utc_midnight"].index.max() == DAYS[DAYS.index(friday) - 1]
    assert then["new_york_close"].index.max() == friday


@pytest.mark.parametrize("holes", [set(), {("IBIT", 0), ("BTC-USD", -1), ("QQQ", 0)}, {("IBIT", -3), ("BTC-USD", 0)}])
@pytest.mark.parametrize("cut", [200, 290])
def test_what_was_known_on_a_session_stays(cut: int, holes: set[tuple[str, int]]) -> None:
    gone = {(symbol, DAYS[cut + n]) for symbol, n in holes}
    rows = [one for one in market() if (one["symbol"], one["date"]) not in gone]
    moment = pd.Timestamp(f"{DAYS[cut].date()}T22:00Z")
    then, later = filled(rows, as_of=str(moment)), filled(rows)
    for reading in ("new_york_close", "utc_midnight"):
        expected = later[reading][later[reading]["available_at"] <= moment]
        # From the second session to the cut, or from the first to the one before the cut.
        assert len(expected) == cut
        pd.testing.assert_frame_equal(then[reading], expected, check_exact=True)


def test_statistics_are_those_of_the_returns(whole: dict[str, pd.DataFrame]) -> None:
    row = whole["new_york_close"].loc[DAYS[-1]]
    own, stocks = pd.Series(MOVES[-63:]), pd.Series(STOCKS[-63:])
    assert row["corr_63d_qqq"] == pytest.approx(own.corr(stocks))
    assert row["corr_63d_spx"] == pytest.approx(own.corr(stocks))
    assert row["corr_63d_high_beta"] == pytest.approx(own.corr(stocks))
    assert row["beta_63d_qqq"] == pytest.approx(own.cov(stocks) / stocks.var())
    assert row["bitcoin_return_5d_pct"] == pytest.approx(100 * np.expm1(MOVES[-5:].sum()))
    level = MOVES[1:].cumsum()
    assert row["bitcoin_drawdown_pct"] == pytest.approx(100 * np.expm1(level[-1] - level[-252:].max()))


def test_the_high_of_the_press_is_of_every_day_of_a_year(whole: dict[str, pd.DataFrame]) -> None:
    saturday = next(day for day in utc_days(DAYS[250], DAYS[-1]) if day.day_name() == "Saturday")
    peak = [bar("BTC-USD", saturday, 10_000_000.0)]
    rows = [one for one in market() if (one["symbol"], one["date"]) != ("BTC-USD", saturday)] + peak
    monday = DAYS[next(n for n, day in enumerate(DAYS) if day > saturday)]
    close = whole["utc_midnight"]["bitcoin_close"][monday]
    found = filled(rows)["utc_midnight"]["bitcoin_drawdown_pct"][monday]
    assert found == pytest.approx(100 * (close / 10_000_000 - 1))


def test_the_lows_of_a_weekend_count_at_midnight(whole: dict[str, pd.DataFrame]) -> None:
    by_bar = whole["utc_midnight"]
    held = by_bar.index[by_bar["bitcoin_stabilised"].fillna(value=False).astype(bool)]
    monday = next(day for day in held if day.day_name() == "Monday" and day > DAYS[100])
    sunday = monday - pd.Timedelta(days=1)
    without = [one for one in market() if (one["symbol"], one["date"]) != ("BTC-USD", sunday)]
    low = filled([*without, bar("BTC-USD", sunday, 1.0)])["utc_midnight"]["bitcoin_stabilised"]
    assert (by_bar["bitcoin_stabilised"][monday], low[monday]) == (True, False)
    # A day that is missing may have been the lowest.
    assert pd.isna(filled(without)["utc_midnight"]["bitcoin_stabilised"][monday])


def test_a_session_without_bitcoins_bar_has_a_row_that_says_so(whole: dict[str, pd.DataFrame]) -> None:
    gap = DAYS[280]
    rows = [one for one in market() if (one["symbol"], one["date"]) != ("BTC-USD", gap)]
    found = filled(rows)["utc_midnight"]
    assert found.index.tolist() == whole["utc_midnight"].index.tolist()
    row = found.loc[gap]
    assert np.isnan(row["bitcoin_close"])
    assert row["inputs_missing"].startswith("bitcoin's bar of the day, bitcoin's returns of 5 sessions")
    assert row["available_at"] == gap.tz_localize("UTC") + pd.Timedelta(days=1)


def test_every_correlation_has_its_band(whole: dict[str, pd.DataFrame]) -> None:
    for of in whole.values():
        names = [
            name
            for name in map(str, of)
            if name.startswith("corr_") and not name.endswith(("_lo", "_hi", "_rank_756d"))
        ]
        assert len(names) == 6
        for name in names:
            known = of[[f"{name}_lo", name, f"{name}_hi"]].dropna(how="all")
            assert len(known) > 200
            assert (known.diff(axis=1).iloc[:, 1:] > 0).all(axis=None), name


def test_it_has_stabilised_once_the_low_holds_and_the_week_is_not_a_loss() -> None:
    closes = [100.0] * 10 + [90, 80, 70, 60, 50, 51, 52, 53, 54, 55.0]
    found = filled(bars("IBIT", DAYS[:20], closes))["new_york_close"]["bitcoin_stabilised"]
    # A week of gains above the low of 50 ends with the last close.
    assert found.iloc[-6:].tolist() == [False] * 5 + [True]


def test_a_missing_return_is_not_filled() -> None:
    rows = [one for one in market() if (one["symbol"], one["date"]) != ("IBIT", DAYS[280])]
    found = filled(rows)["new_york_close"]
    assert found.loc[DAYS[281] : DAYS[285], "bitcoin_return_5d_pct"].isna().all()
    assert found.loc[DAYS[-1], "inputs_missing"] is not None
    assert found["bitcoin_drawdown_pct"].isna().iloc[-1]
