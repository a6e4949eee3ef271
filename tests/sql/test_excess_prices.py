"""indicators.excess_prices: carry against a hand-made sum and pandas, holes and spells, and which rate was known."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest

from assets.sources.availability import price_bars
from tests.sql.given import Bar, bars, build, frame_of, sessions

TABLE = "indicators.excess_prices"
COUNT = 60
DAYS = sessions("2025-08-01", COUNT)
FLAT = {"SPX": pd.Series(100.0, DAYS), "IRX": pd.Series(4.0, DAYS)}


def computed(
    closes: Mapping[str, pd.Series],
    series: Iterable[Bar] = (),
    more: Iterable[Bar] = (),
    as_of: str | None = None,
) -> dict[str, pd.DataFrame]:
    """The table's rows of each market by session.

    Args:
        closes: Closes by date, by symbol; those of IRX are the dollar's cash rate.
        series: Rows of raw.series.
        more: Other rows of raw.prices.
        as_of: As-of time of the build.
    """
    rows = [row for symbol, of in closes.items() for row in bars(symbol, of.index, of.to_list())] + list(more)
    connection = build(rows, TABLE, as_of=as_of, given={"raw.series": pd.DataFrame(list(series))})
    found = frame_of(connection, f"from {TABLE} order by session")
    return {str(symbol): of.set_index("session") for symbol, of in found.groupby("symbol")}


def rate(series_id: str, day: str | pd.Timestamp, value: float, known: str | pd.Timestamp) -> Bar:
    """A row for raw.series that is known from a New York time on."""
    known_at = pd.Timestamp(known).tz_localize("America/New_York")
    dated = {"series_id": series_id, "series_date": pd.Timestamp(day), "series_value": value}
    return {**dated, "source": "fred", "available_at": known_at, "observed_at": known_at}


def corrected(symbol: str, day: pd.Timestamp, close: float, observed: pd.Timestamp) -> Bar:
    """A second vintage for raw.prices."""
    [row] = bars(symbol, [day], [close], available_at=observed, observed_at=observed)
    return row


def numbers(where: pd.Series) -> list[int]:
    """The numbers of the sessions on which something holds."""
    return [DAYS.index(day) for day in where.index[where]]


def test_carry_is_by_calendar_days_over_a_holiday_and_a_weekend() -> None:
    # Thanksgiving lies between the first two, a weekend between the last two.
    days = sessions("2025-11-26", 3)
    assert [day.day for day in days] == [26, 28, 1]
    found = computed({"SPX": pd.Series([100.0, 100.0, 101.0], days), "IRX": pd.Series([4.0, 5.0, 3.0], days)})["SPX"]
    # The S&P 500 costs its rate and 0.5 % and pays 1.3 % a year: 4.2 % over 2 days, then 2.2 % over 3.
    assert found["excess_price"].to_list() == pytest.approx([100, 99.976988949318, 100.958501678321], rel=1e-11)
    assert found["cash_rate_pct"].to_list() == [4, 5, 3]


def test_excess_prices_are_those_of_the_reference_code() -> None:
    count = 500
    days = sessions("2023-06-01", count)
    random = np.random.default_rng(1)
    walk = {
        symbol: pd.Series(100 * np.exp(np.cumsum(random.normal(0, 0.01, count))), days)
        for symbol in ("SPX", "NDX", "SPY")
    }
    irx = pd.Series(random.uniform(0, 6, count), days)
    dividend = pd.Series(0.0, days).mask(np.arange(count) % 63 == 40, 1.5)
    fund = bars("SPY", days, walk["SPY"].to_list())
    paid = [{**row, "dividend": of} for row, of in zip(fund, dividend, strict=True)]
    found = computed({"SPX": walk["SPX"], "NDX": walk["NDX"], "IRX": irx}, more=paid)
    growth = ((walk["SPY"] + dividend) / walk["SPY"].shift()).fillna(walk["SPY"].iloc[0])
    gaps = pd.Series(days, days).diff().dt.days.fillna(0)
    for symbol, price, dividend_yield in (
        ("SPX", walk["SPX"], 0.013),
        ("NDX", walk["NDX"], 0.007),
        # The fund is followed with its dividends, which its carry therefore leaves out.
        ("SPY", growth.cumprod(), 0),
    ):
        carry = np.exp(((irx / 100 + 0.005 - dividend_yield) * gaps / 365).cumsum())
        np.testing.assert_allclose(found[symbol]["excess_price"], price / carry, rtol=1e-12, err_msg=symbol)
        assert found[symbol]["close"].to_list() == walk[symbol].to_list()
        assert found[symbol]["spell"].eq(1).all()
        assert found[symbol]["inputs_missing"].isna().all()


# Session 4 is a Thursday: 10 days later is the Sunday before session 11.
@pytest.mark.parametrize(
    ("first_rate_after", "without", "spells"),
    [
        pytest.param(11, [], 1, id="no older than 10 days"),
        pytest.param(13, [11, 12], 1, id="older for two sessions"),
        pytest.param(25, list(range(11, 25)), 2, id="older for three weeks"),
    ],
)
def test_a_rate_that_is_too_old_leaves_null_and_after_a_while_ends_the_spell(
    first_rate_after: int, without: Sequence[int], spells: int
) -> None:
    assert (DAYS[10] - DAYS[4]).days <= 10 < (DAYS[11] - DAYS[4]).days
    known = pd.Series(4.0, [*DAYS[:5], *DAYS[first_rate_after:]])
    found = computed({"SPX": FLAT["SPX"], "IRX": known})["SPX"]
    assert found.index.to_list() == DAYS
    for name in ("cash_rate_pct", "spell", "excess_price"):
        assert numbers(found[name].isna()) == without, name
    assert found["inputs_missing"].dropna().to_list() == ["IRX"] * len(without)
    assert found["spell"].iloc[-1] == spells
    # A new spell begins at the price.
    assert (found["excess_price"].iloc[first_rate_after] == 100) == (spells == 2)


@pytest.mark.parametrize(
    ("missing", "spells"),
    [
        (9, 1),
        (10, 1),
        (11, 2),
    ],
)
def test_a_hole_of_more_than_10_sessions_begins_a_new_spell(missing: int, spells: int) -> None:
    last, back = 5, 6 + missing
    found = computed({"SPX": FLAT["SPX"].drop(DAYS[last + 1 : back]), "IRX": FLAT["IRX"]})["SPX"]
    assert found.index.to_list() == DAYS[: last + 1] + DAYS[back:]
    assert found["spell"].iloc[-1] == spells
    # Within a spell what it cost to hold goes on over the hole.
    passed = (DAYS[back] - DAYS[0 if spells == 1 else back]).days
    assert found.loc[DAYS[back], "excess_price"] == pytest.approx(100 / np.exp(0.032 * passed / 365), rel=1e-12)
    assert found["inputs_missing"].isna().all()


def test_a_market_that_starts_late_and_one_that_stopped() -> None:
    alone = computed(FLAT)["SPX"]
    late, stopped = pd.Series(50.0, DAYS[20:]), pd.Series(70.0, DAYS[:20])
    found = computed({**FLAT, "NDX": late, "RUT": stopped})
    assert found["NDX"].index.to_list() == DAYS[20:]
    assert found["NDX"][["spell", "excess_price"]].iloc[0].to_list() == [1, 50]
    assert found["RUT"].index.to_list() == DAYS[:20]
    pd.testing.assert_frame_equal(found["SPX"], alone, check_exact=True)


def test_of_rates_that_become_known_at_one_time_the_newest_counts() -> None:
    monday, tuesday = sessions("2025-08-04", 2)
    dated = {"2025-08-01": 3.0, "2025-08-03": 5.0, "2025-08-02": 4.0}
    known = [rate("IUDSOIA", day, value, monday + pd.Timedelta(hours=4)) for day, value in dated.items()]
    found = computed({"UKX": pd.Series(9000.0, [monday, tuesday])}, known)["UKX"]
    assert found["cash_rate_pct"].to_list() == [5, 5]


def test_a_monthly_rate_counts_for_120_days_from_its_date() -> None:
    days = sessions("2025-05-01", 120)
    known = [
        rate("IRSTCI01JPM156N", "2025-03-01", 0.5, "2025-05-15 18:00"),
        rate("IRSTCI01JPM156N", "2025-04-01", 0.7, "2025-06-14 18:00"),
    ]
    found = computed({"NKY": pd.Series(40000.0, days)}, known)["NKY"]
    rates = found["cash_rate_pct"]
    # What is known on a Saturday counts from Monday on, and 120 days after the first of April is 30 July.
    assert rates[:"2025-05-14"].isna().all()
    assert set(rates["2025-05-15":"2025-06-13"]) == {0.5}
    assert set(rates["2025-06-16":"2025-07-30"]) == {0.7}
    assert rates["2025-07-31":].isna().all()
    assert set(found["inputs_missing"][rates.isna()]) == {"IRSTCI01JPM156N"}
    passed = (pd.Timestamp("2025-07-30") - pd.Timestamp("2025-06-16")).days
    excess = found["excess_price"]["2025-06-16":"2025-07-30"]
    assert excess.iloc[-1] / excess.iloc[0] == pytest.approx(np.exp(-(0.7 + 0.3 - 1.9) / 100 * passed / 365), rel=1e-12)


def test_only_a_rate_that_is_known_by_the_decision_time_counts() -> None:
    monday, tuesday, wednesday = sessions("2025-08-04", 3)
    at, after = pd.Timedelta(hours=18), pd.Timedelta(hours=18, seconds=1)
    known = [rate("ECBDFR", "2025-08-01", 2.0, monday + at), rate("ECBDFR", monday, 3.0, tuesday + after)]
    closes = {"DAX": pd.Series(24000.0, [monday, tuesday, wednesday])}
    assert computed(closes, known)["DAX"]["cash_rate_pct"].to_list() == [2, 2, 3]


def test_as_of_a_session_the_rows_are_those_that_could_be_known_then() -> None:
    cut = DAYS[30]
    moment = price_bars(pd.Series([cut]), pd.Series(["rate"])).iloc[0]
    later = [corrected("IRX", day, 9.0, moment + pd.Timedelta(hours=1)) for day in DAYS[20:30]]
    then = computed(FLAT, more=later, as_of=str(moment))["SPX"]
    pd.testing.assert_frame_equal(then, computed(FLAT)["SPX"][:cut], check_exact=True)


def test_the_newest_known_rate_is_the_one_with_the_newest_date() -> None:
    noon = DAYS[20].tz_localize("America/New_York") + pd.Timedelta(hours=12)
    closes = {"SPX": FLAT["SPX"], "IRX": pd.Series(4.0, DAYS[:20])}
    found = computed(closes, more=[corrected("IRX", DAYS[2], 9.0, noon)])["SPX"]
    assert found.loc[DAYS[20], "cash_rate_pct"] == 4


def test_a_correction_does_not_take_a_rate_from_the_sessions_that_knew_it() -> None:
    first = rate("IRSTCI01JPM156N", "2025-07-01", 0.5, "2025-07-31 18:00")
    restated = rate("IRSTCI01JPM156N", "2025-07-01", 0.6, DAYS[40] + pd.Timedelta(hours=12))
    found = computed({"NKY": pd.Series(40000.0, DAYS)}, [first, restated])["NKY"]
    assert found["excess_price"].notna().all()
    assert found["spell"].eq(1).all()
