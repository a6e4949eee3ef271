"""staging.index_members and staging.member_prices: who belonged to the index when, and what their bars are worth."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
import pytest

from assets.raw.index_members import fill
from assets.sources.members import COLUMNS
from assets.sources.prices import Delivery
from tests.sql.given import Bar, Prices, bar, bars, build, inputs, rows_of, sessions, tables

WEEK = sessions("2025-11-17", 5)
MON, TUE, WED, THU, FRI = WEEK
# Three lists; the first one's date is a Sunday.
FIRST, SECOND, THIRD = "2025-06-01", "2025-08-01", "2025-10-01"
Member = tuple[str, str | None]
REPEATED = (10.0, 12.0, 8.0, 11.0)


@dataclasses.dataclass(frozen=True)
class Given:
    """A source of these lists."""

    delivery: Delivery

    def members(self, index_symbol: str) -> Delivery:  # noqa: ARG002 - see the port
        """As the port says."""
        return self.delivery


def listed(lists: Mapping[str, Sequence[Member]], **more: str | pd.Timestamp) -> pd.DataFrame:
    """Rows of raw.index_members: by list date, each member and the date on which it was added, known by the rules."""
    rows = pd.DataFrame(
        [
            {"list_date": pd.Timestamp(day), "symbol": symbol, "added_date": pd.Timestamp(added) if added else pd.NaT}
            for day, members in lists.items()
            for symbol, added in members
        ]
    )
    rows = rows.assign(index_symbol="SPX", company="Company", sector="Energy", sub_industry=None, source="vendor")
    usual = inputs(lambda _: rows.head(0))
    sources = dataclasses.replace(usual.sources, members=Given(Delivery(rows[list(COLUMNS)])))
    landed = fill(dataclasses.replace(usual, sources=sources)).rows
    return landed.assign(observed_at=landed["available_at"]).assign(**more)


def spells(members: pd.DataFrame, as_of: str | None = None) -> list[tuple[object, ...]]:
    """Symbol, first and last day and day on which each spell was known, in New York."""
    connection = build(until="staging.index_members", given={"raw.index_members": members}, as_of=as_of)
    return rows_of(
        connection,
        """
        select symbol, added_date::varchar, removed_date::varchar,
            timezone('America/New_York', available_at)::date::varchar
        from staging.index_members order by symbol, available_at
        """,
    )


def test_a_list_tells_who_belongs_since_when() -> None:
    members = listed({FIRST: [("AAA", "1957-03-04"), ("BBB", None)]})
    assert spells(members) == [("AAA", "1957-03-04", None, "1957-03-04"), ("BBB", None, None, FIRST)]


def test_who_is_on_no_later_list_has_left_and_who_is_new_was_added() -> None:
    members = listed(
        {
            FIRST: [("AAA", None), ("BBB", "2020-01-02"), ("CCC", None)],
            SECOND: [("AAA", None), ("CCC", None), ("DDD", "2025-07-21"), ("EEE", None)],
            THIRD: [("AAA", None), ("DDD", "2025-07-21"), ("EEE", None)],
        }
    )
    assert spells(members) == [
        ("AAA", None, None, FIRST),
        ("BBB", "2020-01-02", SECOND, "2020-01-02"),
        ("CCC", None, THIRD, FIRST),
        ("DDD", "2025-07-21", None, "2025-07-21"),
        # No list tells when: it was on the second and not on the first.
        ("EEE", SECOND, None, SECOND),
    ]


def test_who_comes_back_has_two_spells_that_do_not_overlap() -> None:
    members = listed(
        {
            FIRST: [("AAA", "1957-03-04"), ("BBB", "1957-03-04"), ("CCC", None)],
            SECOND: [("CCC", None)],
            THIRD: [("AAA", "2025-09-22"), ("BBB", "1957-03-04"), ("CCC", None)],
        }
    )
    assert spells(members) == [
        ("AAA", "1957-03-04", SECOND, "1957-03-04"),
        ("AAA", "2025-09-22", None, "2025-09-22"),
        ("BBB", "1957-03-04", SECOND, "1957-03-04"),
        # A date of addition that an earlier list contradicts does not count.
        ("BBB", THIRD, None, THIRD),
        ("CCC", None, None, FIRST),
    ]


def test_who_is_to_be_added_is_known_from_the_list() -> None:
    assert spells(listed({FIRST: [("AAA", "2025-06-23")]})) == [("AAA", "2025-06-23", None, FIRST)]


def test_a_list_of_a_sunday_is_out_on_monday_evening() -> None:
    members = listed({"2025-05-01": [("AAA", None)], FIRST: [("BBB", None)]})
    before = [("AAA", None, None, "2025-05-01")]
    assert spells(members, "2025-06-02T21:59:59Z") == before
    assert spells(members, "2025-06-02T22:00Z") == [
        ("AAA", None, FIRST, "2025-05-01"),
        ("BBB", FIRST, None, "2025-06-02"),
    ]


def test_a_later_list_counts_only_once_it_is_out_and_an_addition_once_it_was_public() -> None:
    members = listed(
        {
            FIRST: [("AAA", None), ("DDD", "2020-01-02")],
            SECOND: [("BBB", "2025-07-21"), ("CCC", "2020-01-02"), ("DDD", "2020-01-02")],
        }
    )
    stays = ("DDD", "2020-01-02", None, "2020-01-02")
    added = ("BBB", "2025-07-21", None, "2025-07-21")
    assert spells(members, "2025-05-30T22:00Z") == [stays]
    assert spells(members, "2025-07-21T21:59Z") == [("AAA", None, None, FIRST), stays]
    assert spells(members, "2025-07-21T22:00Z") == [("AAA", None, None, FIRST), added, stays]
    assert spells(members, "2025-08-01T22:00Z") == [
        ("AAA", None, SECOND, FIRST),
        added,
        ("CCC", SECOND, None, SECOND),
        stays,
    ]


def in_sectors(*lists: tuple[str, str], added: str | None = "2020-01-02") -> pd.DataFrame:
    """Rows of raw.index_members: lists of one member, each with its date and the member's sector."""
    rows = listed({day: [("AAA", added)] for day, _ in lists})
    return rows.assign(sector=[sector for _, sector in lists])


def sectors(members: pd.DataFrame, as_of: str | None = None) -> list[tuple[object, ...]]:
    """Sector, first and last day and day on which each spell was known, in New York."""
    connection = build(until="staging.index_members", given={"raw.index_members": members}, as_of=as_of)
    return rows_of(
        connection,
        """
        select sector, added_date::varchar, removed_date::varchar,
            timezone('America/New_York', available_at)::date::varchar
        from staging.index_members order by available_at
        """,
    )


def test_who_is_put_into_another_sector_has_a_spell_in_each() -> None:
    members = in_sectors((FIRST, "Technology"), (SECOND, "Financials"), (THIRD, "Technology"))
    first = ("Technology", "2020-01-02", None, "2020-01-02")
    assert sectors(members, "2025-08-01T21:59Z") == [first]
    assert sectors(members) == [
        ("Technology", "2020-01-02", SECOND, "2020-01-02"),
        ("Financials", SECOND, THIRD, SECOND),
        ("Technology", THIRD, None, THIRD),
    ]
    # So has who is put into another sub-industry.
    drilled = in_sectors((FIRST, "Energy"), (SECOND, "Energy")).assign(sub_industry=["Drilling", "Services"])
    assert len(sectors(drilled)) == 2


def test_a_list_that_says_the_same_again_changes_nothing() -> None:
    lists = (FIRST, "Technology"), (SECOND, "Financials")
    again = in_sectors(*lists, (THIRD, "Financials"))
    assert sectors(again) == sectors(in_sectors(*lists))
    landed_twice = pd.concat([again, again.assign(observed_at=pd.Timestamp("2025-11-25T14:30Z"))])
    assert sectors(landed_twice) == sectors(again)


def test_of_two_lists_that_are_out_at_once_the_later_one_tells_the_sector() -> None:
    without = listed({"2025-05-01": [("BBB", None)]})
    members = in_sectors(("2025-05-31", "Technology"), (FIRST, "Financials"), added=None)
    assert sectors(pd.concat([without, members]))[1:] == [("Financials", FIRST, None, "2025-06-02")]


def test_a_member_still_to_be_added_is_none_before_in_whatever_sector() -> None:
    members = in_sectors((FIRST, "Technology"), ("2025-06-10", "Financials"), added="2025-06-23")
    assert sectors(members)[1] == ("Financials", "2025-06-23", None, "2025-06-10")


def test_a_corrected_list_shows_from_the_moment_it_was_known() -> None:
    first = listed({FIRST: [("AAA", "2020-01-02")]})
    seen = pd.Timestamp("2025-11-25T14:30Z")
    corrected = listed({FIRST: [("AAA", "2019-06-03")]}, available_at=seen, observed_at=seen)
    both = pd.concat([first, corrected])
    assert spells(both, "2025-11-25T14:29Z") == [("AAA", "2020-01-02", None, "2020-01-02")]
    assert spells(both) == [("AAA", "2019-06-03", None, "2020-01-02")]


ON_SESSION = """
    select s.session::varchar, m.symbol, m.sector
    from reference.sessions as s
    inner join staging.index_members as m
        on coalesce(m.added_date, date '1900-01-01') <= s.session
        and (m.removed_date is null or m.removed_date > s.session)
        and m.available_at <= s.decision_at
    where s.session between '2025-05-15' and '2025-11-05' and s.decision_at <= coalesce(getvariable('as_of'), now())
    order by all
"""
STATED = (None, "1957-03-04", "2025-05-01", FIRST, "2025-07-21", SECOND, "2025-09-22", THIRD, "2025-10-15")
# Sectors on three lists.
PUT = ("AAA", "ABB", "AAB", "ABA")


def test_no_later_list_changes_who_belonged_on_a_past_session() -> None:
    # Every way to be on some of three lists, with every pair of stated dates that can change from one to the next, and
    # every change of sector.
    members: dict[str, list[Member]] = {FIRST: [], SECOND: [], THIRD: []}
    for on, first, later, put in product(product((True, False), repeat=3), STATED, STATED, PUT):
        symbol = "".join("NY"[is_on] for is_on in on) + f"{STATED.index(first)}{STATED.index(later)}{put}"
        for day, is_on in zip(members, on, strict=True):
            if is_on:
                members[day].append((symbol, first if day == FIRST else later))
    rows = listed(members)
    places = rows["list_date"].dt.strftime("%Y-%m-%d").map({day: -3 + n for n, day in enumerate(members)})
    rows["sector"] = [symbol[place] for symbol, place in zip(rows["symbol"], places, strict=True)]
    connection = build(until="staging.index_members", given={"raw.index_members": rows})
    whole = rows_of(connection, ON_SESSION)
    assert len(whole) == len({row[:2] for row in whole})
    for as_of in ("2025-05-30", "2025-06-02", "2025-07-22", "2025-08-01", "2025-09-30", "2025-10-01", "2025-10-20"):
        connection.execute(f"set variable as_of = timestamptz '{as_of} 22:30:00+00'")
        then = rows_of(connection, ON_SESSION)
        # A date that a later list states anew is a correction, and those rows may change.
        steady = [row for row in whole if row[0] <= as_of and same_dates(row[1])]
        assert [row for row in then if same_dates(row[1])] == steady, as_of


def same_dates(symbol: str) -> bool:
    """Whether the lists that have the symbol agree on when it was added."""
    return "Y" not in symbol[1:3] or symbol[0] == "N" or symbol[3] == symbol[4]


# Their bars


def staged(
    rows: Sequence[Bar], columns: str = "session::varchar, close", as_of: str | None = None, symbol: str = "AAA"
) -> list[object]:
    """Columns of staging.member_prices by session, single ones without their tuples."""
    members = {"raw.index_members": listed({FIRST: [(symbol, "2020-01-02")]})}
    connection = build(rows, "staging.member_prices", given=members, as_of=as_of)
    found = rows_of(connection, f"select {columns} from staging.member_prices order by session")
    return [row[0] if len(row) == 1 else row for row in found]


def on(*prices: Prices, **more: object) -> list[Bar]:
    """Bars of the member from the Monday on, one per session."""
    return bars("AAA", WEEK[: len(prices)], prices, **more)


def test_a_members_bar_is_delivered_and_nobody_elses() -> None:
    given = [bar("AAA", FRI, REPEATED, volume=0.0), bar("ZZZ", FRI, 1.0), bar("SPX", FRI, 1.0)]
    columns = "session::varchar, symbol, open, high, low, close, volume, total_return, segment, quality_flag, source"
    assert staged(given, columns) == [
        ("2025-11-21", "AAA", *REPEATED, 0.0, None, 0, None, "vendor"),
    ]


def test_who_has_left_keeps_its_bars() -> None:
    members = {"raw.index_members": listed({FIRST: [("AAA", None)], SECOND: [("BBB", None)]})}
    connection = build(on(1.0), "staging.member_prices", given=members)
    assert rows_of(connection, "select symbol from staging.member_prices") == [("AAA",)]


def test_a_member_under_an_instruments_symbol_has_no_bars() -> None:
    assert staged([bar("SPY", FRI, 1.0)], symbol="SPY") == []


@pytest.mark.parametrize("day", ["2025-11-27", "2025-11-22", "2026-01-02"], ids=["holiday", "weekend", "to come"])
def test_bars_stand_on_sessions_alone(day: str) -> None:
    assert staged([*on(1.0), bar("AAA", day, 2.0)]) == [("2025-11-17", 1.0)]


# The last has a slipped decimal.
@pytest.mark.parametrize("prices", [(10.0, 10.5, 9.0, 11.0), (9.0, 12.0, 9.5, 10.0), (39.0, 40.0, 10.0, 39.5)])
def test_of_a_disordered_bar_the_close_counts(prices: Prices) -> None:
    assert staged(on(prices), "open, high, low, close, quality_flag") == [
        (None, None, None, prices[3] if isinstance(prices, tuple) else None, "disordered"),
    ]


@pytest.mark.parametrize("prices", [1.0, (97.0, 97.0, 38.9, 48.0)], ids=["a close alone", "a wide day"])
def test_what_is_not_disordered(prices: Prices) -> None:
    assert staged(on(prices), "quality_flag") == [None]


@pytest.mark.parametrize(
    ("closes", "segments"),
    [
        ((10.0, 20.0, 20.0), [0, 0, 0]),
        ((10.0, 20.1, 20.0), [0, 1, 1]),
        ((30.0, 10.0, 10.0), [0, 0, 0]),
        ((30.0, 9.9, 30.0), [0, 1, 2]),
        ((8.75, 44.1, 44.0), [0, 1, 1]),
    ],
    ids=["double", "more than double", "a third", "less than a third and back", "reverse split"],
)
def test_a_segment_begins_at_a_jump(closes: tuple[float, ...], segments: list[int]) -> None:
    rows = [row for row in staged(on(*closes), "segment, quality_flag, total_return") if isinstance(row, tuple)]
    assert [segment for segment, _, _ in rows] == segments
    begins = [now > before for before, now in zip([0, *segments], segments, strict=False)]
    assert [flag == "jump" for _, flag, _ in rows] == begins
    assert [move is None for _, _, move in rows] == [True, *begins[1:]]


def test_a_jump_over_missing_sessions_begins_a_segment() -> None:
    assert staged(bars("AAA", [MON, FRI], [10.0, 50.0]), "segment, quality_flag") == [(0, None), (1, "jump")]


def test_returns_come_from_dividends_or_else_the_adjusted_close_and_not_over_a_gap() -> None:
    reported = on(100.0, 99.0, dividend=2.0)
    assert staged(reported, "total_return") == [None, pytest.approx(0.01)]
    adjusted = [bar("AAA", MON, 100.0, adj_close=98.0), bar("AAA", TUE, 99.0, adj_close=99.0)]
    assert staged(adjusted, "total_return") == [None, pytest.approx(99 / 98 - 1)]
    assert staged(bars("AAA", [MON, TUE, THU], [10.0, 11.0, 12.0]), "total_return") == [
        None,
        pytest.approx(0.1),
        None,
    ]


def test_a_restated_bar_shows_from_the_moment_it_was_known() -> None:
    seen = "2025-11-25T14:30Z"
    given = [*on(1.0), *on(2.0, available_at=seen, observed_at=seen)]
    assert staged(given, as_of="2025-11-17T22:59Z") == []
    assert staged(given, as_of="2025-11-25T14:29Z") == [("2025-11-17", 1.0)]
    assert staged(given) == [("2025-11-17", 2.0)]


def test_of_several_vendors_the_same_one_wins_whatever_was_restated() -> None:
    given = on(1.0, 2.0, source="b", observed_at="2025-12-01") + on(3.0, 4.0, source="a")
    assert staged(given) == staged(given[::-1]) == [("2025-11-17", 3.0), ("2025-11-18", 4.0)]


def test_cutting_off_the_future_changes_no_past_bar() -> None:
    given = on(10.0, 11.0, 30.0, 31.0, 5.0)
    columns = "session, close, total_return, segment, quality_flag"
    whole = staged(given, columns)
    for count in (2, 3, 4):
        assert staged(given[:count], columns) == whole[:count]


# What the audits of raw.prices make of them


AUDITED = {
    "close of zero": ("impossible_price", on(1.0, 0.0), ["2025-11-18"]),
    "infinite volume": ("impossible_price", on(1.0, volume=float("inf")), ["2025-11-17"]),
    "nothing traded": ("impossible_price", on(1.0, volume=0.0), []),
    "twice": ("duplicate_bar", on(1.0) * 2, ["2025-11-17"]),
    "slipped low": ("implausible_range", on((39.0, 40.0, 10.0, 39.5)), []),
    "jump of 400 %": ("unconfirmed_jump", on(8.75, 44.1), []),
    "holiday": ("holiday_bar", [bar("AAA", "2025-11-27", 1.0)], ["2025-11-27"]),
    "session": ("holiday_bar", on(1.0), []),
    "halt": ("stale_bar", on(*[REPEATED] * 4), []),
    "disordered": ("disordered_bar", on((10.0, 10.5, 9.0, 11.0)), ["2025-11-17"]),
}


@pytest.mark.parametrize(("audit", "given", "reported"), AUDITED.values(), ids=AUDITED)
def test_audits_know_stocks(audit: str, given: list[Bar], reported: list[str]) -> None:
    connection = build(given, "staging.prices")
    query = tables()["raw.prices"].audits[audit]
    assert [str(row[1]) for row in rows_of(connection, query)] == reported


def test_no_member_has_to_be_there() -> None:
    last = [bar(symbol, "2025-12-31", 1.0) for symbol in ("SPX", "VIX")]
    connection = build([*bars("AAA", [MON, THU], [1.0, 1.0]), *last], "staging.prices")
    for audit in ("missing_bar", "vanished_symbol", "required_instrument_missing", "behind_the_clock"):
        assert rows_of(connection, tables()["staging.prices"].audits[audit]) == [], audit
