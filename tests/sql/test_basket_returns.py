"""indicators.basket_returns: weights, who takes part, and what a basket returns, from given members and bars."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import Bar, bars, build, frame_of, rows_of, sessions

# The last two sessions of October and those of November and December 2025.
DAYS = sessions("2025-10-30", 40)
NOVEMBER = DAYS[2]
Spell = tuple[str, str, str, str, str | None]


def members(*spells: Spell) -> pd.DataFrame:
    """Rows of reference.basket_members: symbol, side, weight rule, first day and first day after, of one basket."""
    names = ["symbol", "side", "weight_rule", "valid_from", "valid_to"]
    rows = pd.DataFrame(spells, columns=names).assign(basket="quantum", why="any")
    return rows.astype(dict.fromkeys(("valid_from", "valid_to"), "datetime64[us]"))


def growing(symbol: str, growth: float, first: int = 0, count: int = 40, **more: object) -> list[Bar]:
    """Bars of a stock that grows by the same share every session."""
    days = DAYS[first : first + count]
    return bars(symbol, days, [100 * (1 + growth) ** n for n in range(len(days))], **more)


def returns(rows: list[Bar], *spells: Spell, columns: str = "basket_return") -> list[Any]:
    """Columns of the table by session, single ones without their tuples."""
    given = {"reference.basket_members": members(*spells)}
    connection = build(rows, "indicators.basket_returns", given=given)
    found = rows_of(connection, f"select {columns} from indicators.basket_returns order by session")
    return [row if len(row) > 1 else row[0] for row in found]


def monthly(symbol: str, first: str = "2025-01-02", last: str | None = None, rule: str = "equal_monthly") -> Spell:
    """A member held long."""
    return symbol, "long", rule, first, last


def test_equal_weights_every_session() -> None:
    rows = growing("A", 0.01) + growing("B", 0.03)
    spells = [(name, "long", "equal_daily", "2025-01-02", None) for name in "AB"]
    found = returns(rows, *spells)
    assert len(found) == len(DAYS) - 1
    assert found == pytest.approx([0.02] * len(found))


def test_weights_set_before_the_month_drift_through_it() -> None:
    found = returns(
        growing("A", 0.01) + growing("B", 0.03), monthly("A"), monthly("B"), columns="session, basket_return"
    )
    [(session, first), (_, second)] = found[:2]
    assert session == NOVEMBER.date()
    assert first == pytest.approx(0.02)
    assert second == pytest.approx((1.01**2 + 1.03**2) / (1.01 + 1.03) - 1)
    december = dict(found)[pd.Timestamp("2025-12-01").date()]
    assert december == pytest.approx(0.02)


def test_what_is_short_is_held_against_what_is_long() -> None:
    spells = [("A", "long", "equal_daily", "2025-01-02", None), ("B", "short", "equal_daily", "2025-01-02", None)]
    assert returns(growing("A", 0.01) + growing("B", 0.03), *spells) == pytest.approx([-0.02] * 39)


def test_a_member_listed_late_waits_for_the_next_month() -> None:
    rows = [bar for name in "ABCD" for bar in growing(name, 0.01)] + growing("E", 0.06, first=9)
    found = returns(rows, *map(monthly, "ABCDE"), columns="basket_members, basket_members_priced, basket_return")
    assert found[0][:2] == (5, 4)
    assert found[15] == (5, 4, pytest.approx(0.01))
    assert found[-1][:2] == (5, 5)
    assert found[-1][2] > 0.01


def test_a_member_that_is_delisted_stays_in_cash_to_the_months_end() -> None:
    rows = [bar for name in "ABCD" for bar in growing(name, 0.0)] + growing("E", 0.10, count=6)
    found = returns(rows, *map(monthly, "ABCDE"), columns="basket_members_priced, basket_return, basket_index")
    # It drifts for four sessions and keeps what it has grown to.
    grown = (4 + 1.1**4) / 5
    assert [row[2] for row in found[3:6]] == pytest.approx([100 * grown] * 3)
    assert [row[0] for row in found[3:5]] == [5, 4]
    assert found[-1][1] == pytest.approx(0)


def test_a_renamed_member_is_two_rows() -> None:
    rows = growing("OLD", 0.01, count=22) + growing("NEW", 0.01, first=20) + growing("B", 0.01)
    spells = [monthly("OLD", last="2025-12-01"), monthly("NEW", "2025-12-01"), monthly("B")]
    found = returns(rows, *spells, columns="basket_members, basket_members_priced, basket_return")
    assert {row[:2] for row in found} == {(2, 2)}
    assert [row[2] for row in found] == pytest.approx([0.01] * len(found))


def test_with_less_than_four_fifths_priced_there_is_no_return_and_the_index_begins_again() -> None:
    held = growing("A", 0.01) + growing("B", 0.01)
    rows = held + growing("C", 0.01, count=5) + growing("C", 0.01, first=20, count=20)
    found = returns(rows, *map(monthly, "ABC"), columns="basket_return, basket_index, index_began, inputs_missing")
    assert found[2][1] == pytest.approx(100 * 1.01**3)
    assert found[3] == (None, None, None, "2 of 3 members with a return")
    december = found[-19]
    assert december[1] == pytest.approx(101)
    assert str(december[2]) == "2025-12-01"


def test_one_that_trades_too_little_is_left_out_and_one_without_volumes_stays() -> None:
    days = sessions("2025-08-01", 100)
    rows: list[Bar] = []
    for name, volume, growth in (("BIG", 1e6, 0.01), ("SMALL", 1e3, 0.05), ("UNKNOWN", None, 0.03)):
        closes = [100.0 * (1 + growth) ** n for n in range(100)]
        rows += bars(name, days, closes, volume=volume)
    rule = "equal_monthly_20mn"
    columns = "basket_members, basket_members_priced, members_too_small, members_unscreened, basket_return"
    found = returns(rows, *(monthly(name, rule=rule) for name in ("BIG", "SMALL", "UNKNOWN")), columns=columns)
    october = next(n for n, day in enumerate(days[21:]) if str(day.date()) == "2025-10-01")
    # Of the first month's 63 sessions a third has bars.
    assert found[0] == (3, 3, 0, 3, pytest.approx(0.03))
    assert found[october] == (3, 2, 1, 1, pytest.approx(0.02))


def test_turnover_is_that_of_63_sessions_and_unknown_without_half_of_their_volumes() -> None:
    # The month's weights are set at the last close of October, number 64; its 63 sessions begin with number 2.
    days = sessions("2025-08-01", 66)
    traded = {"ENOUGH": range(33, 65), "FEW": range(34, 65), "LONG AGO": range(33)}
    halted = {"LONG AGO": range(35, 61)}
    rows = [
        one
        for name, known in traded.items()
        for n, day in enumerate(days)
        if n not in halted.get(name, ())
        for one in bars(name, [day], [100.0], volume=1e3 if n in known else None)
    ]
    columns = "session::varchar, basket_members_priced, members_too_small, members_unscreened"
    spells = [monthly(name, "2025-11-01", rule="equal_monthly_20mn") for name in traded]
    assert returns(rows, *spells, columns=columns) == [("2025-11-03", 2, 1, 2)]


def test_an_unadjusted_split_is_no_return_unless_it_is_confirmed() -> None:
    closes = [100.0] * 5 + [300.0] * 35
    rows = bars("A", DAYS, closes) + [bar for name in "BCDE" for bar in growing(name, 0.0)]
    assert max(returns(rows, *map(monthly, "ABCDE"))) == 0
    confirmed = pd.DataFrame({"symbol": ["A"], "date": [DAYS[5]], "why": "any"})
    given = {
        "reference.basket_members": members(*map(monthly, "ABCDE")),
        "reference.confirmed_moves": confirmed,
    }
    connection = build(rows, "indicators.basket_returns", given=given)
    assert frame_of(connection, "from indicators.basket_returns")["basket_return"].max() == pytest.approx(0.4)


def test_the_strongest_tenth_is_held_against_the_weakest() -> None:
    days = sessions("2024-10-01", 300)
    names = [f"S{n:02}" for n in range(50)]
    # At the end nothing moves any more.
    rate = np.where(np.arange(300) < 290, 1.0, 0.0)
    rows = [
        bar
        for n, name in enumerate(names)
        for bar in bars(name, days, (100 * np.exp(np.cumsum(rate * 0.0001 * n))).tolist())
    ]
    known = pd.Timestamp("2024-09-30T18:00-04:00")
    listed = pd.DataFrame({"symbol": names, "index_symbol": "SPX", "list_date": pd.Timestamp("2024-09-30")})
    listed = listed.assign(company="any", sector="Energy", source="vendor", available_at=known, observed_at=known)
    connection = build(rows, "indicators.basket_returns", given={"raw.index_members": listed})
    found = frame_of(connection, "from indicators.basket_returns where basket = 'momentum_decile' order by session")
    assert found["basket_members"].unique().tolist() == [10]
    # A mean of 4.7 basis points less one of 0.2.
    first = float(np.expm1(0.0001 * np.arange(45, 50)).mean() - np.expm1(0.0001 * np.arange(5)).mean())
    assert found["basket_return"].iloc[0] == pytest.approx(first)
    assert found["basket_return"].iloc[-1] == 0
