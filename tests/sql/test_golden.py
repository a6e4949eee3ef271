"""Golden values on real market data: what the notes and the exchanges published, and our own numbers of record."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from assets.sources.files import FilePrices
from assets.sources.prices import Instrument
from tests.sql.given import build, frame_of, instruments, rows_of

# The data's newest session is over.
NEWEST = datetime(2026, 7, 22, 22, tzinfo=UTC)
SYMBOLS = ("SPX", "NDX", "RUT", "SPY", "QQQ", "VIX", "VIX3M", "VVIX", "SKEW", "IRX", "IEF", "GLD")


@cache
def built(folder: Path) -> duckdb.DuckDBPyConnection:
    """Every table on the real bars of a few instruments."""
    listed = instruments().rename(columns={"class": "asset_class"}).set_index("symbol")
    fields = ["asset_class", "role", "sector", "calendar", "yahoo_symbol"]
    wanted = [Instrument(symbol, *listed.loc[symbol, fields]) for symbol in SYMBOLS]
    delivery = FilePrices(folder).prices(wanted, pd.DataFrame())
    return build(delivery.rows, now=NEWEST)


@pytest.fixture
def warehouse_of_record(market_data: Path) -> duckdb.DuckDBPyConnection:
    """Every table on the real bars of a few instruments."""
    return built(market_data)


def value(connection: duckdb.DuckDBPyConnection, column: str, table: str, session: str, symbol: str = "") -> float:
    """One value of a table."""
    which = f"session = '{session}'" + (f" and symbol = '{symbol}'" if symbol else "")
    [(found,)] = rows_of(connection, f"select {column} from {table} where {which}")
    return float(found)


@pytest.mark.parametrize(
    ("session", "panic_3", "panic_4"),
    [("2025-11-20", 9.61, 8.32), ("2025-11-21", 9.10, 8.24), ("2026-03-06", 9.78, 9.06)],
)
def test_vol_panic(
    warehouse_of_record: duckdb.DuckDBPyConnection, session: str, panic_3: float, panic_4: float
) -> None:
    assert round(value(warehouse_of_record, "vol_panic", "indicators.vol_panic", session), 2) == panic_3
    assert round(value(warehouse_of_record, "panic_3", "indicators.vol_panic", session), 2) == panic_3
    assert round(value(warehouse_of_record, "panic_4", "indicators.vol_panic", session), 2) == panic_4


@pytest.mark.parametrize("session", ["2018-02-05", "2020-03-16", "2024-08-05", "2025-04-08"])
def test_vol_panic_knows_the_great_sell_offs(warehouse_of_record: duckdb.DuckDBPyConnection, session: str) -> None:
    assert value(warehouse_of_record, "vol_panic", "indicators.vol_panic", session) >= 9.5


@pytest.mark.parametrize(("session", "published"), [("2025-11-21", 9.5), ("2026-03-06", 9.72)])
def test_the_published_panic_lies_in_our_band(
    warehouse_of_record: duckdb.DuckDBPyConnection, session: str, published: float
) -> None:
    low = value(warehouse_of_record, "vol_panic_lo", "indicators.vol_panic", session)
    assert low <= published <= value(warehouse_of_record, "vol_panic_hi", "indicators.vol_panic", session)


@pytest.mark.parametrize(
    ("column", "spy", "qqq"),
    [
        ("range_5d_pct", 2.02, 2.70),
        ("true_range_5d_pct", 2.03, 2.74),
        ("range_10d_pct", 1.58, 2.13),
        ("range_20d_pct", 1.25, 1.69),
    ],
)
def test_trading_range(warehouse_of_record: duckdb.DuckDBPyConnection, column: str, spy: float, qqq: float) -> None:
    for symbol, expected in (("SPY", spy), ("QQQ", qqq)):
        found = value(warehouse_of_record, column, "indicators.trading_range", "2025-11-21", symbol)
        assert round(found, 2) == expected


def test_the_index_travels_as_far_as_its_fund(warehouse_of_record: duckdb.DuckDBPyConnection) -> None:
    for index, fund in (("SPX", "SPY"), ("NDX", "QQQ")):
        of_index, of_fund = (
            value(warehouse_of_record, "range_5d_pct", "indicators.trading_range", "2025-11-21", symbol)
            for symbol in (index, fund)
        )
        assert abs(of_index - of_fund) < 0.1


@pytest.mark.parametrize(("session", "spx", "vix"), [("2025-11-20", 6538.76, 26.42), ("2025-11-21", 6602.99, 23.43)])
def test_closes(warehouse_of_record: duckdb.DuckDBPyConnection, session: str, spx: float, vix: float) -> None:
    assert round(value(warehouse_of_record, "spx_close", "regime.daily", session), 2) == spx
    assert value(warehouse_of_record, "vix", "indicators.vol_panic", session) == vix


def test_the_index_stands_below_its_high(warehouse_of_record: duckdb.DuckDBPyConnection) -> None:
    assert round(value(warehouse_of_record, "spx_drawdown_pct", "regime.daily", "2025-11-21"), 1) == -4.2


def test_the_regime_has_every_session(warehouse_of_record: duckdb.DuckDBPyConnection) -> None:
    gaps = """
        from reference.sessions
        where session between (select min(session) from regime.daily) and (select max(session) from regime.daily)
            and session not in (select session from regime.daily)
    """
    assert rows_of(warehouse_of_record, gaps) == []


def test_danger_is_there_ever_since_its_inputs_are(warehouse_of_record: duckdb.DuckDBPyConnection) -> None:
    ranked = "select min(session) from indicators.vol_panic where vix_term_rank is not null"
    without = rows_of(
        warehouse_of_record,
        f"select session, inputs_missing from regime.daily where danger is null and session >= ({ranked})",
    )
    assert without == []
    [(first,)] = rows_of(warehouse_of_record, ranked)
    assert first == date(2011, 8, 11)


def test_the_desk_note_answers_every_claim(warehouse_of_record: duckdb.DuckDBPyConnection) -> None:
    query = """
        select measure, round(value, 2), published_value
        from marts.desk_note where session = '2025-11-21' order by measure
    """
    # There is no option chain of that session.
    assert rows_of(warehouse_of_record, query) == [
        ("cta_days_since_break", 4, 4),
        ("cta_flow_1m_flat_global", -32.46, -62),
        ("cta_flow_1w_flat_global", -13.16, -50),
        ("cta_front_loaded", 0.41, 0.81),
        ("cta_pivot_st", 6705.91, None),
        ("cta_pivot_st_tests", 2, 2),
        ("dealer_gamma", None, -2),
        ("gamma_flip_distance", None, None),
        ("indices_below_pivot_st", 3, None),
        ("ndx_range_5d_pct", 2.68, 3),
        ("option_notional", None, 3.5),
        ("option_notional_to_r2k", None, None),
        ("option_volume_to_record", None, None),
        ("spx_drawdown_pct", -4.18, None),
        ("spx_range_5d_pct", 2.01, 2),
        ("spx_relative_to_pivot_st", 1.24, None),
        ("spx_to_pivot_st", -1.53, None),
        ("vix", 23.43, None),
        ("vix_change_5d", 3.6, None),
        ("vol_panic", 9.1, 9.5),
    ]


def test_an_as_of_build_of_the_note_is_the_one_of_the_full_history(
    warehouse_of_record: duckdb.DuckDBPyConnection,
) -> None:
    as_of = "2025-11-21 23:00:00+00"
    rows = frame_of(warehouse_of_record, "from raw.prices")
    then = build(rows, "marts.desk_note", as_of=as_of, now=pd.Timestamp(as_of).to_pydatetime())
    query = "from marts.desk_note where session <= '2025-11-21' order by session, claim_no, measure"
    pd.testing.assert_frame_equal(frame_of(then, query), frame_of(warehouse_of_record, query), check_exact=True)
