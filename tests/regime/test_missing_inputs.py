"""Without any one input, from the raw end on, the regime's row is poorer and says so, and is otherwise the same."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pandas as pd
import pytest

from assets.models.regime_labels import LABELS, label
from assets.models.simulated_market import simulate
from assets.sources.sessions import DECISION_TIME, at_new_york
from tests.sql.chains import rows as chain_rows
from tests.sql.chains import whole as whole_chain
from tests.sql.given import build, frame_of, instruments, refill, rows_of, sessions, tables
from tests.sql.markets import AVERAGES, series

# Long enough for the rank of turbulence, which looks back twice over three years.
DAYS = sessions("2020-01-02", 1470)
LAST = DAYS[-1]
SECTORS = ("XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY")
BONDS_AND_GOLD = ("TLT", "HYG", "GLD", "UUP")
SYMBOLS = ("SPX", "NDX", "SPY", "VIX", "VVIX", "VIX3M", "SKEW", "IRX", *SECTORS, *BONDS_AND_GOLD, "BTC-USD")
MEMBERS = tuple(f"SIM{n:02}" for n in range(1, 10))
STOCKS = ("SIM11", "SIM12", "SIM13", "SIM14")
BASKETS = {
    "cyclicals": ("XLY", "XLI", "XLF", "XLB"),
    "defensives": ("XLV", "XLP", "XLU"),
    "unprofitable_tech": STOCKS[:1],
    "quantum": STOCKS[1:2],
    "bitcoin_sensitive": STOCKS[2:],
}
ROUNDING = 1e-12
TITLES = pd.read_csv(tables()["reference.sub_scores"].csv).set_index("sub_score")["score_title"]


@dataclass(frozen=True)
class Gone:
    """What is not there, and what that means.

    Attributes:
        where: The raw rows that it is.
        lost: Sub-scores that need it.
        weaker: Sub-scores that go on with the rest of their parts, and what the row and their own table then name.
        table: The raw table.
    """

    where: str
    lost: Collection[str] = ()
    weaker: Mapping[str, str] = field(default_factory=dict)
    table: str = "raw.prices"


INPUTS = {
    "VIX": Gone("symbol = 'VIX'", ["panic", "liquidity"], {"rebound": "rank of vix_change"}),
    "VVIX, VIX3M and SKEW": Gone("symbol in ('VVIX', 'VIX3M', 'SKEW')", ["panic"]),
    "SPY": Gone("symbol = 'SPY'", ["rotation", "liquidity", "rebound"]),
    "Treasury bills": Gone("symbol = 'IRX'", ["trend", "trend_flow"], {"gamma": "IRX"}),
    "sector funds": Gone(
        f"symbol in {SECTORS}", ["rotation", "turbulence", "head_shoulders"], {"rebound": "rank of leadership"}
    ),
    "bonds, gold and the dollar": Gone(f"symbol in {BONDS_AND_GOLD}", weaker={"turbulence": "TLT, HYG, GLD, UUP"}),
    "bitcoin": Gone("symbol = 'BTC-USD'", weaker={"turbulence": "BTC-USD"}),
    "stocks of baskets": Gone(f"symbol in {STOCKS}", ["speculation"]),
    "prices of members": Gone(f"symbol in {MEMBERS}", ["breadth"], {"rebound": "rank of advance_share"}),
    "lists of members": Gone("true", ["breadth"], {"rebound": "rank of advance_share"}, "raw.index_members"),
    "option chains": Gone("true", ["gamma"], table="raw.option_chains"),
    "series": Gone("true", table="raw.series"),
}
MADE_IN = {
    "rebound": "from indicators.rebound",
    "gamma": "from indicators.dealer_gamma where underlying = 'SPX' and reading = 'close'",
    "turbulence": "from indicators.systemic",
}


@pytest.fixture(scope="module")
def world() -> duckdb.DuckDBPyConnection:
    """All tables on the way to regime.daily, with nothing missing on the last session."""
    listed = instruments()
    others = pd.DataFrame({"symbol": MEMBERS + STOCKS, "class": "stock", "role": "member", "sector": "Energy"})
    listed = pd.concat([listed[listed["symbol"].isin(SYMBOLS)], others], ignore_index=True)
    bars = simulate(pd.DatetimeIndex(DAYS), listed, seed=7).bars.assign(source="simulated")
    spot = float(bars.loc[(bars["symbol"] == "SPX") & (bars["date"] == LAST), "close"].iloc[0])
    [added] = at_new_york(pd.DatetimeIndex([DAYS[0]]), DECISION_TIME)
    members = pd.DataFrame({"symbol": MEMBERS, "list_date": DAYS[0], "added_date": DAYS[0], "sector": "Energy"})
    members = members.assign(index_symbol="SPX", company="any", source="any", available_at=added, observed_at=added)
    of_baskets = [(basket, symbol) for basket, symbols in BASKETS.items() for symbol in symbols]
    baskets = pd.DataFrame(of_baskets, columns=["basket", "symbol"]).assign(
        side="long", weight_rule="equal_daily", valid_from=DAYS[0], why="any"
    )
    given = {
        "raw.option_chains": chain_rows(whole_chain("SPX", LAST, spot=spot)),
        "raw.index_members": members,
        "raw.series": series(DAYS[-30:]),
        "reference.basket_members": baskets,
        "reference.pivot_calibration": AVERAGES,
    }
    return build(bars, "regime.daily", given=given)


@dataclass(frozen=True)
class Regime:
    """What the regime's tables hold.

    Attributes:
        rows: regime.daily by session.
        scores: Its sub-scores, by session and name.
        widths: The widths of their bands likewise.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame
    widths: pd.DataFrame


def regime(connection: duckdb.DuckDBPyConnection) -> Regime:
    """What they hold now."""
    rows = frame_of(connection, "from regime.daily order by session").set_index("session")
    scores = rows[[f"s_{name}" for name in TITLES.index]].set_axis(TITLES.index, axis=1)
    of_bands = frame_of(connection, "select session, sub_score, score_hi - score_lo as width from regime.sub_scores")
    return Regime(rows, scores, of_bands.pivot_table(index="session", columns="sub_score", values="width"))


@pytest.fixture(scope="module")
def whole(world: duckdb.DuckDBPyConnection) -> Regime:
    """With everything there."""
    return regime(world)


def held(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[int, int]]:
    """A table's number of rows and their checksum."""
    return rows_of(connection, f"select count(*), bit_xor(hash(held)) from {name} as held")


@contextmanager
def without(connection: duckdb.DuckDBPyConnection, gone: Gone) -> Iterator[None]:
    """Meanwhile rows are gone, and what is made of a table that is not as it was is made anew."""
    connection.begin()
    connection.execute(f"delete from {gone.table} where {gone.where}")
    changed = {gone.table}
    for name in on_the_way(connection):
        if tables()[name].upstream & changed:
            before = held(connection, name)
            refill(connection, name)
            if held(connection, name) != before:
                changed.add(name)
    yield
    connection.rollback()


def on_the_way(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables that are neither raw nor reference, in order."""
    there = {name for (name,) in rows_of(connection, "select schema_name || '.' || table_name from duckdb_tables()")}
    return [name for name, of in tables().items() if name in there and of.schema not in {"raw", "reference"}]


def test_nothing_is_missing_to_begin_with_and_filings_are_not_asked_for(
    world: duckdb.DuckDBPyConnection, whole: Regime
) -> None:
    last = whole.rows.loc[LAST]
    assert (last["weight_share"], last["inputs_missing"] is None or pd.isna(last["inputs_missing"])) == (1, True)
    assert whole.scores.loc[LAST].notna().all()
    assert all("raw.holdings" not in tables()[name].upstream for name in on_the_way(world))


@pytest.mark.parametrize("gone", INPUTS.values(), ids=INPUTS)
def test_without_an_input_the_row_is_poorer_says_so_and_is_otherwise_the_same(
    world: duckdb.DuckDBPyConnection, whole: Regime, gone: Gone
) -> None:
    with without(world, gone):
        found = regime(world)
        named = {
            name: frame_of(world, f"select session, inputs_missing {MADE_IN[name]}").set_index("session")
            for name in gone.weaker
        }
    lost, weaker = list(gone.lost), list(gone.weaker)
    days = found.rows.index
    before = whole.rows.loc[days]
    # A session without any sub-score has no row.
    assert whole.scores.drop(days).drop(columns=lost).isna().all(axis=None)

    assert found.scores[lost].isna().all(axis=None)
    same = TITLES.index.difference([*lost, *weaker])
    pd.testing.assert_frame_equal(found.scores[same], whole.scores.loc[days, same], check_exact=True)
    for name in weaker:
        assert found.scores[name].notna().equals(whole.scores.loc[days, name].notna())
        other = days[(found.scores[name] != whole.scores.loc[days, name]) & found.scores[name].notna()]
        assert len(other)
        assert named[name].loc[other, "inputs_missing"].str.contains(gone.weaker[name]).all()
        in_part = rf"{TITLES[name]} \([^)]*{gone.weaker[name]}"
        assert found.rows.loc[other, "scores_in_part"].str.contains(in_part).all()
    for said, there in zip(found.rows["inputs_missing"].fillna(""), found.scores.notna().to_numpy(), strict=True):
        assert set(filter(None, said.split(", "))) == set(TITLES[~there])

    is_poorer = whole.scores.loc[days, lost].notna().any(axis=1)
    assert is_poorer[LAST] == bool(lost)
    assert (found.rows["weight_share"] < before["weight_share"]).equals(is_poorer)
    untouched = ~is_poorer
    for now, then in ((found.scores, whole.scores), (found.widths, whole.widths)):
        now_of, then_of = (of.reindex(index=days, columns=weaker) for of in (now, then))
        untouched &= ((now_of == then_of) | (now_of.isna() & then_of.isna())).all(axis=1)
    columns = ["danger", "danger_lo", "danger_hi", "weight_share", "inputs_missing"]
    pd.testing.assert_frame_equal(found.rows.loc[untouched, columns], before.loc[untouched, columns], check_exact=True)
    wider = (found.rows["danger_hi"] - found.rows["danger_lo"]) - (before["danger_hi"] - before["danger_lo"])
    # What a sub-score of fewer parts says of its own band is its own matter.
    is_as_wide = ~(found.widths[weaker].loc[days] < whole.widths.loc[days, weaker]).any(axis=1)
    assert wider[is_as_wide].min() > -ROUNDING
    assert not (is_poorer & is_as_wide & (wider <= 0)).any()

    labels = label([None if pd.isna(danger) else danger for danger in found.rows["danger"]])
    expected = [LABELS[of.place] if of else None for of in labels]
    assert found.rows["label"].astype(object).where(found.rows["label"].notna(), None).to_list() == expected
