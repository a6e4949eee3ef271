"""No row of any table that SQL computes knows what came later, and the order of delivery does not matter."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from assets.sources.availability import price_bars
from tests.sql.chains import rows as chain_rows
from tests.sql.chains import whole
from tests.sql.given import classes, frame_of, tables
from tests.sql.markets import AROUND, COMPUTED, DAYS, OHLC, baskets, build_all, decided, filings, lists, market, series

# Without these a run is refused.
REQUIRED = ("SPX", "VIX")
# They sum up all sessions, later ones too; what they are made from is compared by session.
OVER_ALL_SESSIONS = ("marts.scoreboard_summary", "regime.outcomes_by_label", "regime.transitions", "regime.validation")
# It begins after years of sessions, more than there are here (tests/regime/test_model_states.py).
LONG = "regime.model_states"
# What a chain's next quotes change.
QUOTED = ["bid", "ask", "vendor_iv", "open_interest", "volume", "spot"]
# A cut after which the windows of 504 sessions are full, and missing bars of a symbol, so many sessions after it.
CUT, GAPS = 600, frozenset({("NDX", 0), ("SKEW", 0), ("IBIT", 0), ("BTC-USD", -1), ("VIX3M", 1)})
# A session on which nothing but the index has a bar of the instruments that tables stand on by name.
BARE = frozenset({(symbol, 0) for symbol in ("SPY", "SPXTR", "QQQ", "IWM", "IBIT", "XLY")})
SECTORS = ("Health Care", "Utilities", "Financials", "Materials", "Energy")


def without(rows: pd.DataFrame, holes: set[tuple[str, int]]) -> pd.DataFrame:
    """The rows but for some symbols on some sessions."""
    gone = pd.MultiIndex.from_tuples([(symbol, DAYS[n]) for symbol, n in holes], names=["symbol", "date"])
    return rows[~pd.MultiIndex.from_frame(rows[["symbol", "date"]]).isin(gone)].reset_index(drop=True)


@cache
def chains(cut: int) -> pd.DataFrame:
    """Rows of raw.option_chains around a session."""
    bars = market().set_index(["symbol", "date"])["close"]
    return chain_rows(
        *(
            whole(symbol, DAYS[cut + n], reading=reading, spot=float(bars[symbol, DAYS[cut + n]]))
            for (symbol, reading), numbers in AROUND.items()
            for n in numbers
        )
    )


def known_at(rows: pd.DataFrame) -> pd.Series:
    """When each row was known first."""
    return price_bars(rows["date"], rows["symbol"].map(classes()))


def until(connection: duckdb.DuckDBPyConnection, name: str, day: date) -> pd.DataFrame:
    """The rows of a table up to a session that were known at its decision time, in order."""
    table, moment = tables()[name], f"timestamptz '{decided(day)}'"
    conditions = [f"session <= '{day}'"] if "session" in table.types else []
    if "available_at" in table.types:
        conditions.append(f"available_at <= {moment}")
    elif "snapshot_id" in table.types:
        known = f"select snapshot_id from raw.option_chains where available_at <= {moment}"
        conditions.append(f"snapshot_id in ({known})")
    if name == "staging.member_prices":
        # It has all bars of a symbol as soon as that is known to be a member.
        known = f"""
            select symbol from staging.index_members where available_at <= {moment}
            union all select symbol from reference.basket_members where valid_from <= '{day}'
        """
        conditions.append(f"symbol in ({known})")
    # The end of a membership is known once it has come.
    ended = f" replace (case when removed_date <= '{day}' then removed_date end as removed_date)"
    columns = "*" + (ended if "removed_date" in table.types else "")
    where = " and ".join(conditions)
    return frame_of(connection, f"select {columns} from {name} where {where} order by {', '.join(table.header.grain)}")


@dataclass(frozen=True)
class Landed:
    """What has landed around a cut, and which of it was known only later.

    Attributes:
        day: The session of the cut.
        rows: Rows of raw.prices.
        options: Rows of raw.option_chains.
        figures: Rows of raw.series.
        members: Rows of raw.index_members.
        of_baskets: Rows of reference.basket_members.
        holdings: Rows of raw.holdings.
    """

    day: date
    rows: pd.DataFrame
    options: pd.DataFrame
    figures: pd.DataFrame
    members: pd.DataFrame
    of_baskets: pd.DataFrame
    holdings: pd.DataFrame

    def given(self) -> dict[str, pd.DataFrame]:
        """The rows of all tables but prices."""
        return {
            "raw.option_chains": self.options,
            "raw.series": self.figures,
            "raw.index_members": self.members,
            "reference.basket_members": self.of_baskets,
            "raw.holdings": self.holdings,
        }

    def listed_later(self) -> NDArray[np.bool_]:
        """Mask of what lists tell of members only later: not an addition, which is announced."""
        later = self.members["list_date"] > pd.Timestamp(self.day)
        is_new = ~self.members["symbol"].isin(self.members.loc[~later, "symbol"])
        is_announced = is_new & (self.members["available_at"] <= decided(self.day))
        return (later & ~is_announced).to_numpy()

    def later(self) -> list[Any]:
        """Masks of the prices, contracts and numbers that were known only later."""
        known = (known_at(self.rows), self.options["available_at"], self.figures["available_at"])
        return [(of > decided(self.day)).to_numpy() for of in known]


@cache
def landed(cut: int, holes: frozenset[tuple[str, int]]) -> tuple[Landed, duckdb.DuckDBPyConnection]:
    """What has landed around a cut, with missing bars, and every table of it."""
    rows = without(market(), {(symbol, cut + n) for symbol, n in holes if symbol not in REQUIRED or n})
    figures = series(DAYS[cut - 9 : cut + 6])
    world = Landed(DAYS[cut].date(), rows, chains(cut), figures, lists(cut), baskets(cut), filings(cut))
    return world, build_all(rows, given=world.given())


def cut_off(landed: Landed) -> duckdb.DuckDBPyConnection:
    """Every table without what was known only later."""
    rows, options, figures = landed.later()
    day = pd.Timestamp(landed.day)
    belonging = landed.of_baskets[landed.of_baskets["valid_from"] <= day]
    given = {
        "raw.option_chains": landed.options[~options],
        "raw.series": landed.figures[~figures],
        "raw.index_members": landed.members[~landed.listed_later()],
        "reference.basket_members": belonging.assign(valid_to=lambda of: of["valid_to"].where(of["valid_to"] <= day)),
        "raw.holdings": landed.holdings[landed.holdings["available_at"] <= decided(landed.day)],
    }
    return build_all(landed.rows[~rows], given=given)


def made_up(landed: Landed, seed: int) -> duckdb.DuckDBPyConnection:
    """Every table with another future."""
    later, options_later, figures_later = landed.later()
    random = np.random.default_rng(seed)
    rows, quotes, figures = landed.rows.copy(), landed.options.copy(), landed.figures.copy()
    rows.loc[later, [*OHLC, "volume"]] *= random.uniform(0.5, 2, (later.sum(), 1))
    quotes.loc[options_later, QUOTED] *= random.uniform(0.5, 2, (options_later.sum(), len(QUOTED)))
    figures.loc[figures_later, "series_value"] *= -2
    listed_later = landed.listed_later()
    members = landed.members.copy()
    members.loc[listed_later, "sector"] = random.choice(SECTORS, listed_later.sum())
    # Some leave the index, and all the baskets.
    members = members[~listed_later | (random.random(len(members)) < 0.5)]
    day = pd.Timestamp(landed.day)
    gone = day + pd.Timedelta(days=7)
    holdings = landed.holdings.copy()
    holdings.loc[holdings["available_at"] > decided(landed.day), "value_usd"] *= random.uniform(0.5, 2)
    given = {
        "raw.option_chains": quotes,
        "raw.series": figures,
        "raw.index_members": members,
        "raw.holdings": holdings,
        "reference.basket_members": landed.of_baskets.assign(
            valid_to=lambda of: of["valid_to"].where(of["valid_to"] <= day, gone)
        ),
    }
    return build_all(rows, given=given)


def corrected(landed: Landed, seed: int) -> duckdb.DuckDBPyConnection:
    """Every table as of the cut, after which much of the past was corrected."""
    later, options_later, figures_later = landed.later()
    moment = decided(landed.day) + pd.Timedelta(seconds=1)
    known = {"available_at": moment, "observed_at": moment}
    rows = landed.rows[~later].sample(200, random_state=seed)
    rows = rows.assign(**{name: rows[name] * 1.1 for name in OHLC}, **known)
    options = landed.options[~options_later].assign(
        snapshot_id=lambda of: of["snapshot_id"] + " corrected",
        quote_at=lambda of: of["quote_at"] + pd.Timedelta(minutes=1),
        open_interest=lambda of: of["open_interest"] * 1.1,
        **known,
    )
    figures = landed.figures[~figures_later].assign(series_value=1e9, **known)
    members = landed.members[~landed.listed_later()].assign(sector="Materials", **known)
    given = {
        **landed.given(),
        "raw.index_members": pd.concat([landed.members, members], ignore_index=True),
        "raw.option_chains": pd.concat([landed.options, options], ignore_index=True),
        "raw.series": pd.concat([landed.figures, figures], ignore_index=True),
    }
    as_of = decided(landed.day)
    vintages = pd.concat([landed.rows, rows], ignore_index=True)
    return build_all(vintages, as_of=str(as_of), now=as_of.to_pydatetime(), given=given)


@pytest.mark.parametrize(
    ("gaps", "future"),
    [
        pytest.param(GAPS, cut_off, id="unknown"),
        pytest.param(GAPS, partial(made_up, seed=1), id="different"),
        pytest.param(GAPS, partial(corrected, seed=1), id="as of"),
        pytest.param(BARE, cut_off, id="unknown after a session without bars"),
    ],
)
def test_the_future_never_changes_a_past_row(
    gaps: frozenset[tuple[str, int]], future: Callable[[Landed], duckdb.DuckDBPyConnection]
) -> None:
    """The rows up to the cut are the same when what came later is cut off, made up, or corrects the past."""
    world, everything = landed(CUT, gaps)
    other = future(world)
    for name in COMPUTED:
        if name not in OVER_ALL_SESSIONS:
            found, expected = (until(connection, name, world.day) for connection in (other, everything))
            pd.testing.assert_frame_equal(found, expected, check_exact=True, obj=name)


def test_there_is_something_on_both_sides_of_the_cut() -> None:
    world, connection = landed(CUT, GAPS)
    for name in COMPUTED:
        if name not in (*OVER_ALL_SESSIONS, LONG):
            count = len(frame_of(connection, f"from {name}"))
            assert 0 < len(until(connection, name, world.day)) < count, name
    used = frame_of(connection, "select underlying, reading from staging.option_readings")
    assert used.value_counts().to_dict() == {key: len(numbers) for key, numbers in AROUND.items()}
    breadth = "select defensive_breadth_pct is null from indicators.rotation order by session desc limit 300"
    assert frame_of(connection, breadth).to_numpy().sum() == 0


def test_the_order_of_delivery_does_not_matter() -> None:
    world, delivered = landed(CUT, GAPS)
    other_way = {name: rows.sample(frac=1, random_state=1) for name, rows in world.given().items()}
    shuffled = build_all(world.rows.sample(frac=1, random_state=1), given=other_way)
    for name in COMPUTED:
        query = f"from {name} order by {', '.join(tables()[name].header.grain)}"
        one, other = (frame_of(connection, query) for connection in (shuffled, delivered))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)
