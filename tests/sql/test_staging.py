"""staging.prices: which bar stands on which session, in which vintage, and what is withheld."""

from collections.abc import Iterable

import pandas as pd
import pytest

from tests.sql.given import Bar, Prices, bar, bars, build, rows_of, sessions, tables, with_a_fund

WEEK = sessions("2025-11-17", 5)
MON, TUE, WED, THU, FRI = WEEK
EIGHT_OF_11 = (10.0, 12.0, 8.0, 11.0)


def staged(rows: Iterable[Bar], columns: str = "session::varchar, close", as_of: str | None = None) -> list[object]:
    """Columns of staging.prices by symbol and session, single ones without their tuples."""
    built = build(rows, "staging.prices", as_of=as_of, given={"reference.instruments": with_a_fund()})
    found = rows_of(built, f"select {columns} from staging.prices order by symbol, session")
    return [row[0] if len(row) == 1 else row for row in found]


def test_a_bar_stands_on_its_own_session_as_delivered() -> None:
    given = [bar("SPX", THU, EIGHT_OF_11, volume=7.0), bar("SPX", FRI, 12.0)]
    assert staged(given, "session::varchar, date::varchar, open, high, low, close, volume, quality_flag, source") == [
        ("2025-11-20", "2025-11-20", 10.0, 12.0, 8.0, 11.0, 7.0, None, "vendor"),
        ("2025-11-21", "2025-11-21", None, None, None, 12.0, None, None, "vendor"),
    ]


def test_a_symbol_that_is_no_instrument_is_left_out() -> None:
    now = "2025-11-21T23:00Z"
    assert staged([bar("NOBODY", FRI, 1.0, available_at=now), bar("SPX", FRI, 2.0)]) == [("2025-11-21", 2.0)]


def test_a_missing_session_stays_missing() -> None:
    assert staged(bars("SPX", [MON, WED], [1.0, 2.0])) == [("2025-11-17", 1.0), ("2025-11-19", 2.0)]


@pytest.mark.parametrize("symbol", ["SPX", "VIX", "SPY"])
@pytest.mark.parametrize("day", ["2025-11-27", "2025-11-22", "2025-11-23"], ids=["Thanksgiving", "Saturday", "Sunday"])
def test_a_bar_on_a_closed_day_is_left_out(symbol: str, day: str) -> None:
    assert staged([bar(symbol, "2025-11-21", 1.0), bar(symbol, day, 2.0)]) == [("2025-11-21", 1.0)]


def test_a_market_with_holidays_of_its_own_keeps_its_bar_for_the_next_session() -> None:
    thanksgiving, friday = bar("TNX", "2025-11-27", 4.0), bar("TNX", "2025-11-28", 4.1)
    assert staged([thanksgiving], "session::varchar, date::varchar, close") == [("2025-11-28", "2025-11-27", 4.0)]
    assert staged([thanksgiving, friday]) == [("2025-11-28", 4.1)]


def test_bitcoins_bar_stands_on_the_next_session() -> None:
    assert staged(bars("BTC-USD", [WED, THU], [91.0, 87.0]), "session::varchar, date::varchar, close") == [
        ("2025-11-20", "2025-11-19", 91.0),
        ("2025-11-21", "2025-11-20", 87.0),
    ]


def test_a_funds_value_stands_on_the_next_session() -> None:
    thanksgiving = bars("FCNTX", ["2025-11-26", "2025-11-27", "2025-11-28", "2025-11-29"], [19.0, 19.0, 19.2, 19.2])
    assert staged(thanksgiving, "session::varchar, date::varchar, close, total_return") == [
        ("2025-11-28", "2025-11-26", 19.0, None),
        ("2025-12-01", "2025-11-28", 19.2, pytest.approx(19.2 / 19 - 1)),
    ]


@pytest.mark.parametrize(("clock", "known"), [("20:59", ["2025-11-20"]), ("21:00", ["2025-11-20", "2025-11-21"])])
def test_a_funds_value_is_known_at_nine_in_the_evening(clock: str, known: list[str]) -> None:
    as_of = pd.Timestamp(f"2025-11-21 {clock}", tz="America/New_York").isoformat()
    assert staged(bars("FCNTX", [THU, FRI], [19.0, 19.2]), "date::varchar", as_of=as_of) == known


def test_a_fund_loses_the_sixth_equal_value_and_the_following() -> None:
    given = bars("FCNTX", sessions("2025-11-17", 8), [9.0] * 7 + [9.1], dividend=0.0)
    assert staged(given, "date::varchar, total_return")[4:] == [("2025-11-21", 0.0), ("2025-11-26", None)]


def test_bitcoins_weekend_ends_up_on_monday_with_its_last_bar() -> None:
    friday_to_monday = bars("BTC-USD", ["2025-11-21", "2025-11-22", "2025-11-23", "2025-11-24"], [1.0, 2.0, 3.0, 4.0])
    assert staged(friday_to_monday, "session::varchar, date::varchar, close") == [
        ("2025-11-24", "2025-11-23", 3.0),
        ("2025-11-25", "2025-11-24", 4.0),
    ]


@pytest.mark.parametrize("day", ["2025-07-09", "2025-03-12", "2025-10-29", "2025-11-19"])
def test_a_currencys_bar_stands_on_the_next_session_all_year(day: str) -> None:
    # London and New York change their clocks on different days.
    [(session, date)] = rows_of(
        build([bar("EURUSD=X", day, 1.1)], "staging.prices"), "select session, date from staging.prices"
    )
    assert session == sessions(day, 2)[1].date()
    assert str(date) == day


def test_a_bar_past_the_last_session_has_no_place_yet() -> None:
    assert staged(
        [bar("SPX", "2025-12-31", 1.0), bar("SPX", "2026-01-02", 2.0), bar("BTC-USD", "2025-12-31", 3.0)]
    ) == [("2025-12-31", 1.0)]


SEEN, CORRECTED = "2025-11-21T23:00Z", "2025-11-25T14:30Z"
RESTATED = [
    bar("SPX", FRI, 100.0),
    bar("SPX", FRI, 101.0, available_at=CORRECTED, observed_at=CORRECTED),
]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2025-11-21T22:59:59Z", []),
        ("2025-11-21T18:00:00-05:00", [("2025-11-21", 100.0)]),
        ("2025-11-25T14:29:59Z", [("2025-11-21", 100.0)]),
        (CORRECTED, [("2025-11-21", 101.0)]),
        (None, [("2025-11-21", 101.0)]),
    ],
)
def test_a_correction_shows_from_the_moment_it_was_known(as_of: str | None, expected: list[object]) -> None:
    assert staged(RESTATED, as_of=as_of) == expected


def test_a_bar_fetched_years_later_shows_from_when_anyone_could_have_known_it() -> None:
    late = bar("SPX", FRI, 100.0, observed_at="2026-05-01T12:00Z")
    assert staged([late], as_of="2025-11-21T22:59Z") == []
    assert staged([late], as_of=SEEN) == [("2025-11-21", 100.0)]


def test_the_as_of_time_of_the_connection_decides_not_that_of_the_build() -> None:
    connection = build(RESTATED, "staging.prices")
    # As it is published.
    connection.execute(f"create view published as {tables()['staging.prices'].sql}")
    connection.execute("set variable as_of = '2025-11-22'::timestamptz")
    assert rows_of(connection, "select close from published") == [(100.0,)]


def test_a_corrected_weekend_bar_moves_to_no_other_session() -> None:
    friday = bar("BTC-USD", FRI, 85.0)
    corrected = bar("BTC-USD", FRI, 86.0, available_at="2025-11-26T15:00Z", observed_at="2025-11-26T15:00Z")
    assert staged([friday, corrected]) == [("2025-11-24", 86.0)]


def test_cboes_own_file_comes_before_a_vendors_copy() -> None:
    vendor = bars("VIX", [WED, THU, FRI], [1.0, 2.0, 3.0], source="files/prices")
    cboe = bars("VIX", [WED, FRI], [1.5, 3.5], source="files/vol_indices")
    assert staged([*vendor, *cboe]) == [("2025-11-19", 1.5), ("2025-11-20", 2.0), ("2025-11-21", 3.5)]


def test_of_several_vendors_the_same_one_wins_every_time() -> None:
    given = bars("SPX", [THU, FRI], [1.0, 2.0], source="b") + bars("SPX", [THU, FRI], [3.0, 4.0], source="a")
    assert staged(given) == staged(given[::-1]) == [("2025-11-20", 3.0), ("2025-11-21", 4.0)]


def test_dividends_enter_the_total_return_on_their_ex_date() -> None:
    given = [
        bar("SPY", WED, 100.0, dividend=0.0, split=1.0),
        bar("SPY", THU, 99.0, dividend=2.0, split=1.0),
        bar("SPY", FRI, 49.5, dividend=0.0, split=1.0),
    ]
    assert staged(given, "total_return, total_return_index") == [
        (None, 100.0),
        (pytest.approx(101 / 100 - 1, abs=1e-15), pytest.approx(101)),
        (-0.5, pytest.approx(50.5)),
    ]


def test_a_split_is_in_the_close_already() -> None:
    given = [bar("SPY", THU, 50.0, dividend=0.0, split=1.0), bar("SPY", FRI, 51.0, dividend=0.0, split=2.0)]
    assert staged(given, "total_return") == [None, pytest.approx(0.02)]


def test_without_reported_dividends_the_vendors_adjusted_close_gives_the_return() -> None:
    given = [bar("SPY", THU, 100.0, adj_close=98.0), bar("SPY", FRI, 99.0, adj_close=99.0)]
    assert staged(given, "total_return") == [None, pytest.approx(99 / 98 - 1)]


def test_without_either_the_close_gives_the_return() -> None:
    given = [bar("SPX", WED, 100.0, adj_close=98.0), *bars("SPX", [THU, FRI], [99.0, 100.0])]
    assert staged(given, "total_return") == [None, pytest.approx(-0.01), pytest.approx(100 / 99 - 1)]


@pytest.mark.parametrize("symbol", ["VIX", "TNX", "ES=F"])
def test_what_nobody_can_hold_has_no_total_return(symbol: str) -> None:
    given = bars(symbol, [THU, FRI], [20.0, 22.0], dividend=0.0)
    assert staged(given, "total_return, total_return_index") == [(None, None), (None, None)]


def test_the_total_return_of_one_session_never_spans_two() -> None:
    returns = staged(bars("SPY", [MON, TUE, THU, FRI], [100.0, 101.0, 103.0, 104.0]), "total_return")
    assert returns == [None, pytest.approx(0.01), None, pytest.approx(104 / 103 - 1)]


def test_the_total_return_index_loses_nothing_over_a_missing_session() -> None:
    given = bars("SPY", [MON, TUE, THU, FRI], [100.0, 101.0, 103.0, 104.0], dividend=0.0)
    assert staged(given, "total_return_index") == [100.0, *map(pytest.approx, (101, 103, 104))]


def test_bitcoins_return_over_the_weekend_is_that_of_the_session() -> None:
    given = bars("BTC-USD", ["2025-11-20", "2025-11-21", "2025-11-22", "2025-11-23"], [100.0, 90.0, 80.0, 110.0])
    assert staged(given, "session::varchar, total_return") == [
        ("2025-11-21", None),
        ("2025-11-24", pytest.approx(0.1)),
    ]


DISORDERED: dict[str, Prices] = {
    "high below the close": (10.0, 10.5, 9.0, 11.0),
    "high below the open": (11.0, 10.5, 9.0, 10.0),
    "low above the close": (10.0, 12.0, 9.5, 9.0),
    "low above the open": (9.0, 12.0, 9.5, 10.0),
    "low above the high": (None, 9.0, 10.0, 9.5),
}
ORDERED: dict[str, Prices] = {
    "one price all day": (10.0, 10.0, 10.0, 10.0),
    "rounding of a high": (10.0, 10.0, 9.0, 10.000009),
    "rounding of a low": (10.0, 11.0, 10.0, 9.999991),
    "no open": (None, 11.0, 9.0, 10.0),
}
BELOW_ZERO: dict[str, Prices] = {
    "in order": (17.0, 17.5, -40.0, -37.5),
    "at its low": (17.0, 17.5, -37.5, -37.5),
    "at its high": (-40.0, -37.5, -40.0, -37.5),
    "one price all day": (-0.1, -0.1, -0.1, -0.1),
}


@pytest.mark.parametrize("prices", DISORDERED.values(), ids=DISORDERED)
def test_a_disordered_bar_keeps_its_close_alone(prices: tuple[float, ...]) -> None:
    found = staged([bar("SPY", FRI, prices)], "open, high, low, close, quality_flag")  # type: ignore[arg-type]
    assert found == [(None, None, None, prices[-1], "disordered")]


@pytest.mark.parametrize("prices", ORDERED.values(), ids=ORDERED)
def test_an_ordered_bar_is_kept_whole(prices: tuple[float, ...]) -> None:
    found = staged([bar("SPY", FRI, prices)], "open, high, low, close, quality_flag")  # type: ignore[arg-type]
    assert found == [(*prices, None)]


@pytest.mark.parametrize("prices", BELOW_ZERO.values(), ids=BELOW_ZERO)
def test_prices_below_zero_are_ordered_like_others(prices: tuple[float, ...]) -> None:
    found = staged([bar("CL=F", FRI, prices)], "open, high, low, close, quality_flag")  # type: ignore[arg-type]
    assert found == [(*prices, None)]


def test_a_stale_source_loses_the_third_repeat_and_the_following() -> None:
    given = bars("SPX", WEEK, [EIGHT_OF_11] * 4 + [(11.0, 13.0, 9.0, 12.0)])
    assert staged(given) == [("2025-11-17", 11.0), ("2025-11-18", 11.0), ("2025-11-21", 12.0)]


@pytest.mark.parametrize(
    ("symbol", "prices"),
    [("SPX", (10.0, 10.0, 10.0, 10.0)), ("SPX", 10.0), ("VIX", EIGHT_OF_11)],
    ids=["one price all day", "close only", "volatility index"],
)
def test_what_may_well_repeat_is_not_stale(symbol: str, prices: Prices) -> None:
    assert len(staged(bars(symbol, WEEK, [prices] * 5))) == 5


def test_a_repeated_close_alone_is_not_stale() -> None:
    assert len(staged(bars("SPX", WEEK, [(10.0, 12.0 + day, 8.0, 11.0) for day in range(5)]))) == 5


def test_a_value_is_missing_and_not_zero_where_nothing_was_delivered() -> None:
    [found] = staged([bar("SPX", FRI, 11.0)], "open, high, low, volume, total_return, quality_flag")
    assert found == (None,) * 6


def test_the_time_shown_is_that_of_the_vintage_shown() -> None:
    [found] = staged(RESTATED, "available_at")
    assert found == pd.Timestamp(CORRECTED)
    [found] = staged(RESTATED, "available_at", as_of=SEEN)
    assert found == pd.Timestamp(SEEN)
