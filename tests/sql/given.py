"""Given rows: the tables of sql/ built in a plain in-memory DuckDB, without checks, files or Dagster."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import duckdb
import pandas as pd

from assets.indicators import (
    baskets,
    bitcoin,
    cta_flows_left_out,
    daily_risk_control,
    head_shoulders,
    price_trends,
    risk_parity,
    sector_positioning,
    spread_panel,
    spreads,
    systemic,
    trend_averages,
    trend_flows,
    trend_models,
)
from assets.inputs import Filled, Inputs, Sources
from assets.reference import sessions as reference_sessions
from assets.regime import labels, model_states, validation
from assets.sources.availability import price_bars
from assets.sources.chain_files import FileChains
from assets.sources.files import FilePrices
from assets.sources.holdings import NoHoldings
from assets.sources.members import NoMembers
from assets.sources.option_chains import ChainSource
from assets.sources.prices import Instrument
from assets.sources.series import NoSeries
from assets.staging import option_chains as staging_option_chains
from orchestration.settings import ROOT
from orchestration.tables import SCHEMAS, Catalogue, Table

NOW = datetime(2025, 12, 31, 23, tzinfo=UTC)
# Between them they are made from every table that SQL computes.
EVERY_TABLE = (
    "marts.desk_note",
    "marts.scoreboard_summary",
    "indicators.daily_risk_control",
    "regime.outcomes_by_label",
    "regime.transitions",
    "regime.validation",
)
CONVENTION = "calls_long_puts_short"
# What Python computes from other tables; the other tables that Python fills are given or empty.
FILLS: Mapping[str, Callable[[Inputs], Filled | Iterator[Filled]]] = {
    "staging.option_chains": staging_option_chains.fill,
    "indicators.baskets": baskets.fill,
    "indicators.bitcoin": bitcoin.fill,
    "indicators.cta_flows_left_out": cta_flows_left_out.fill,
    "indicators.daily_risk_control": daily_risk_control.fill,
    "indicators.head_shoulders": head_shoulders.fill,
    "indicators.price_trends": price_trends.fill,
    "indicators.risk_parity": risk_parity.fill,
    "indicators.sector_positioning": sector_positioning.fill,
    "indicators.spread_panel": spread_panel.fill,
    "indicators.spreads": spreads.fill,
    "indicators.systemic": systemic.fill,
    "indicators.trend_averages": trend_averages.fill,
    "indicators.trend_flows": trend_flows.fill,
    "indicators.trend_models": trend_models.fill,
    "regime.labels": labels.fill,
    "regime.model_states": model_states.fill,
    "regime.validation": validation.fill,
}
Bar = Mapping[str, object]
Prices = float | tuple[float | None, float | None, float | None, float]


@cache
def tables() -> Catalogue:
    """Every table of sql/."""
    return Catalogue(ROOT / "sql")


@cache
def classes() -> Mapping[str, str]:
    """The class of each instrument, by symbol."""
    listed = with_a_fund()
    return dict(zip(listed["symbol"], listed["class"], strict=True))


@cache
def instruments() -> pd.DataFrame:
    """The rows of reference.instruments."""
    return pd.read_csv(tables()["reference.instruments"].csv, keep_default_na=False)


@cache
def with_a_fund() -> pd.DataFrame:
    """The rows of reference.instruments with FCNTX, which is quoted by its net asset value, whether followed or not."""
    listed = instruments()
    fund = listed[listed["symbol"] == "SPY"].assign(symbol="FCNTX", yahoo_symbol="FCNTX", **{"class": "fund"})
    return pd.concat([listed[listed["symbol"] != "FCNTX"], fund], ignore_index=True)


def listed(symbols: Iterable[str]) -> list[Instrument]:
    """Instruments as a price source is asked for them."""
    rows = instruments().rename(columns={"class": "asset_class"}).set_index("symbol")
    fields = ["asset_class", "role", "sector", "calendar", "yahoo_symbol"]
    return [Instrument(symbol, *rows.loc[symbol, fields]) for symbol in symbols]


@cache
def calendar(now: datetime = NOW) -> pd.DataFrame:
    """The rows of reference.sessions."""
    return reference_sessions.fill(inputs(lambda _: pd.DataFrame(), now)).rows


def inputs(query: Callable[[str], pd.DataFrame], now: datetime = NOW, chains: ChainSource | None = None) -> Inputs:
    """What a table's `fill` is given; without chains its sources have nothing."""
    nothing = ROOT / "sql"
    sources = Sources(
        prices=FilePrices(nothing),
        chains=chains or FileChains(nothing),
        series=NoSeries(),
        members=NoMembers(),
        holdings=NoHoldings(),
    )
    return Inputs(query, sources, now, simulated=False)


def sessions(first: str, count: int) -> list[pd.Timestamp]:
    """Consecutive sessions from the first one on or after a day."""
    days = calendar()["session"]
    return days[days >= first].head(count).tolist()


def bar(symbol: str, day: str | pd.Timestamp, prices: Prices, **more: object) -> Bar:
    """One row for raw.prices.

    Args:
        symbol: The project's symbol.
        day: The bar's own date.
        prices: The close, or open, high, low and close.
        more: Other columns of raw.prices; available_at follows the publication rules unless given.
    """
    ohlc = prices if isinstance(prices, tuple) else (None, None, None, prices)
    named = dict(zip(("open", "high", "low", "close"), ohlc, strict=True))
    return {"symbol": symbol, "date": pd.Timestamp(day), "source": "vendor", **named, **more}


def bars(symbol: str, days: Iterable[str | pd.Timestamp], prices: Sequence[Prices], **more: object) -> list[Bar]:
    """One row for raw.prices per day."""
    return [bar(symbol, day, of_day, **more) for day, of_day in zip(days, prices, strict=True)]


def build(
    rows: Iterable[Bar] | pd.DataFrame = (),
    until: str | Sequence[str] = EVERY_TABLE,
    *,
    as_of: str | None = None,
    now: datetime = NOW,
    given: Mapping[str, pd.DataFrame] | None = None,
    convention: str = CONVENTION,
) -> duckdb.DuckDBPyConnection:
    """Build tables of sql/ and all that they need.

    Args:
        rows: Rows of raw.prices.
        until: The table, or several.
        as_of: As-of time of the build.
        now: reference.sessions ends here.
        given: Rows for tables that are then not computed; columns left out are NULL.
        convention: What dealers are assumed to hold, of reference.dealer_conventions.
    """
    given = {"reference.sessions": calendar(now), "raw.prices": _raw(rows), **(given or {})}
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone = 'UTC'")
    if as_of:
        connection.execute("set variable as_of = ?::timestamptz", (pd.Timestamp(as_of).isoformat(),))
    connection.execute("set variable dealer_convention = ?", (convention,))
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    ends = (until,) if isinstance(until, str) else until
    needed = {name for end in ends for name in _needed(end, given)}
    for name, table in tables().items():
        if name in needed:
            _create(connection, table, given.get(name))
    return connection


def _needed(name: str, given: Mapping[str, pd.DataFrame]) -> set[str]:
    # Audits of raw and reference tables compare with others, whoever gave the rows.
    upstream = () if name in given and tables()[name].schema not in {"raw", "reference"} else tables()[name].upstream
    return {name}.union(*(_needed(other, given) for other in upstream))


def _raw(rows: Iterable[Bar] | pd.DataFrame) -> pd.DataFrame:
    frame = rows.copy() if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    if frame.empty:
        return frame
    by_the_rules = price_bars(frame["date"], frame["symbol"].map(classes()))
    for column, default in (("available_at", by_the_rules), ("observed_at", None)):
        stated = frame[column] if column in frame else pd.Series(pd.NaT, index=frame.index)
        frame[column] = pd.to_datetime(stated, utc=True).fillna(frame["available_at"] if default is None else default)
    return frame


def _create(connection: duckdb.DuckDBPyConnection, table: Table, rows: pd.DataFrame | None) -> None:
    columns = ", ".join(
        f'"{name}" {kind}{" not null" if rows is None and not table.header.columns[name].nullable else ""}'
        for name, kind in table.types.items()
    )
    connection.execute(f"create table {table.qualified} ({columns})")
    if rows is not None:
        _insert(connection, table, rows)
    else:
        _fill(connection, table)


def refill(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Compute tables anew from what their upstream tables hold now, in the order given."""
    for name in names:
        connection.execute(f"delete from {name}")
        _fill(connection, tables()[name])


def _fill(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    if table.filled_by == "csv":
        connection.execute(f"insert into {table.qualified} from read_csv('{table.csv}', header = true, quote = '\"')")
    elif table.filled_by == "sql":
        connection.execute(f"insert into {table.qualified} by name {table.sql}")
    elif table.qualified in FILLS:
        filled = FILLS[table.qualified](inputs(partial(frame_of, connection)))
        for batch in [filled] if isinstance(filled, Filled) else filled:
            _insert(connection, table, batch.rows)


def _insert(connection: duckdb.DuckDBPyConnection, table: Table, rows: pd.DataFrame) -> None:
    if len(rows):
        connection.register("given_rows", rows)
        connection.execute(f"insert into {table.qualified} by name from given_rows")
        connection.unregister("given_rows")


def frame_of(connection: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """The rows of a query as a frame."""
    frame: pd.DataFrame = connection.sql(sql).df()
    return frame


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.sql(sql).fetchall()
