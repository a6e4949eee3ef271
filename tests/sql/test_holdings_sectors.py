"""staging.holdings_sectors: how a holder's long shares divide among sectors, as known at a time."""

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings, strategies

from tests.sql.given import build, rows_of

HELD = pd.Timestamp("2025-09-30")
FILED, AMENDED, ADDED = "2025-11-14 16:05", "2025-11-20 10:10", "2025-11-21 10:10"
Position = tuple[str | None, float]

# Symbol, sector and the day on which the membership became known.
MEMBERS = [
    ("AAA", "Energy", "2020-01-02"),
    ("BRK.B", "Financials", "2020-01-02"),
    ("CCC", "Energy", "2020-01-02"),
    ("LATE", "Utilities", "2025-11-17"),
    # Came back in another sector.
    ("CCC", "Materials", "2025-11-18"),
]


def time(text: str) -> pd.Timestamp:
    """A New York time."""
    return pd.Timestamp(text, tz="America/New_York")


def filed(
    filing_id: str,
    known: str,
    *positions: Position,
    adds: bool = False,
    holder: str = "viking",
    cohort: str | None = None,
) -> pd.DataFrame:
    """Rows of raw.holdings: a filing with the ticker and value of each position."""
    rows = pd.DataFrame(positions, columns=["ticker", "value_usd"])
    return rows.assign(
        security=[f"S{n}" for n in range(len(rows))],
        holder=holder,
        cohort=cohort,
        report_date=HELD,
        filing_id=filing_id,
        adds=adds,
        left_out=0,
        source="edgar",
        available_at=time(known),
        observed_at=time("2025-12-01 12:00"),
    )


def sectors(*filings: pd.DataFrame, as_of: str | None = None, columns: str = "") -> list[tuple[object, ...]]:
    """Time at which it was known, sector, weight and share placed, or other columns."""
    members = pd.DataFrame(MEMBERS, columns=["symbol", "sector", "day"])
    members = members.assign(
        index_symbol="SPX", available_at=[time(f"{day} 18:00") for day in members["day"]], company="any"
    ).drop(columns="day")
    tables = {"raw.holdings": pd.concat(filings), "staging.index_members": members}
    connection = build(until="staging.holdings_sectors", given=tables, as_of=as_of)
    shown = columns or (
        "strftime(timezone('America/New_York', available_at), '%Y-%m-%d %H:%M'), sector, round(weight, 12), placed"
    )
    return rows_of(connection, f"select {shown} from staging.holdings_sectors order by holder, available_at, sector")


def test_positions_are_summed_by_sector_and_what_has_none_is_not_filled_in() -> None:
    given_rows = filed("a", FILED, ("AAA", 30.0), ("CCC", 10.0), ("BRKB", 60.0), ("SPY", 75.0), (None, 25.0))
    assert sectors(given_rows) == [(FILED, "Energy", 0.4, 0.5), (FILED, "Financials", 0.6, 0.5)]


@pytest.mark.parametrize("ticker", ["BRK.B", "BRK-B", "BRKB", "BRK/B"])
def test_a_class_of_shares_is_found_however_it_is_written(ticker: str) -> None:
    assert sectors(filed("a", FILED, (ticker, 1.0))) == [(FILED, "Financials", 1.0, 1.0)]


def test_a_holder_that_is_listed_no_more_has_no_rows() -> None:
    assert sectors(filed("a", FILED, ("AAA", 1.0), holder="struck_off")) == []
    assert len(sectors(filed("a", FILED, ("AAA", 1.0), holder="struck_off", cohort="hedge_funds"))) == 1


def test_a_sector_is_the_one_known_when_the_filing_came_out() -> None:
    positions: Sequence[Position] = [("LATE", 50.0), ("CCC", 50.0)]
    assert sectors(filed("a", FILED, *positions)) == [(FILED, "Energy", 1.0, 0.5)]
    assert sectors(filed("a", AMENDED, *positions)) == [
        (AMENDED, "Materials", 0.5, 1.0),
        (AMENDED, "Utilities", 0.5, 1.0),
    ]


def test_an_amendment_takes_the_place_of_a_filing_and_an_addition_joins_it() -> None:
    filings = [
        filed("a", FILED, ("AAA", 1.0), ("BRK.B", 1.0)),
        filed("b", AMENDED, ("BRK.B", 3.0)),
        filed("c", ADDED, ("AAA", 1.0), adds=True),
    ]
    known = [
        (FILED, "Energy", 0.5, 1.0),
        (FILED, "Financials", 0.5, 1.0),
        (AMENDED, "Financials", 1.0, 1.0),
        (ADDED, "Energy", 0.25, 1.0),
        (ADDED, "Financials", 0.75, 1.0),
    ]
    assert sectors(*filings) == sectors(*filings[::-1]) == known
    assert sectors(*filings, as_of="2025-11-20T15:09Z") == known[:2]
    assert sectors(*filings, as_of="2025-11-20T15:10Z") == known[:3]


def test_an_amendment_after_an_addition_takes_the_place_of_both() -> None:
    filings = [
        filed("a", FILED, ("AAA", 1.0)),
        filed("c", AMENDED, ("BRK.B", 1.0), adds=True),
        filed("b", ADDED, ("AAA", 5.0)),
    ]
    assert sectors(*filings)[-1] == (ADDED, "Energy", 1.0, 1.0)
    assert len(sectors(*filings)) == 4


def test_an_addition_to_what_is_not_there_and_a_filing_without_a_place_have_no_rows() -> None:
    assert sectors(filed("c", FILED, ("AAA", 1.0), adds=True)) == []
    assert sectors(filed("a", FILED, ("SPY", 1.0))) == []
    assert sectors(filed("a", FILED, ("AAA", 0.0))) == []


def test_the_cohort_is_that_of_the_list_or_of_the_source() -> None:
    own = filed("a", FILED, ("AAA", 1.0), cohort="hedge_funds", holder="agthx")
    other = filed("b", FILED, ("AAA", 1.0), cohort="hedge_funds", holder="mine")
    assert sectors(own, other, columns="holder, cohort") == [("agthx", "mutual_funds"), ("mine", "hedge_funds")]


POSITIONS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["AAA", "BRK.B", "CCC", "LATE", "SPY", None]),
        strategies.integers(1, 10**15).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None)
@given(strategies.lists(strategies.tuples(POSITIONS, strategies.booleans()), min_size=1, max_size=4))
def test_weights_sum_to_one_and_the_future_changes_nothing(filings: list[tuple[list[Position], bool]]) -> None:
    frames = [
        filed(str(n), f"2025-11-{14 + n} 16:00", *positions, adds=adds) for n, (positions, adds) in enumerate(filings)
    ]
    columns = "available_at, sector, weight, placed"
    whole = sectors(*frames, columns=columns)
    totals = pd.DataFrame(whole, columns=columns.split(", ")).groupby("available_at")
    assert all(total == pytest.approx(1) for total in totals["weight"].sum())
    assert all(0 < share <= 1 for share in totals["placed"].first())
    for count in range(1, len(frames)):
        last = frames[count - 1]["available_at"].max()
        before = [row for row in whole if pd.Timestamp(str(row[0])) <= last]
        assert sectors(*frames[:count], columns=columns) == before
        assert sectors(*frames, columns=columns, as_of=last.isoformat()) == before
