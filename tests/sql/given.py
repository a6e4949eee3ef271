"""Given rows: the tables of sql/ built in a plain in-memory DuckDB, without checks, files or Dagster."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import duckdb
import pandas as pd

from assets.inputs import Inputs, Sources
from assets.reference import sessions as reference_sessions
from assets.sources.availability import price_bars
from assets.sources.files import FilePrices
from orchestration.settings import ROOT
from orchestration.tables import SCHEMAS, Catalogue, Table

NOW = datetime(2025, 12, 31, 23, tzinfo=UTC)
EVERY_TABLE = "marts.desk_note"
Bar = Mapping[str, object]
Prices = float | tuple[float | None, float | None, float | None, float]


@cache
def tables() -> Catalogue:
    """Every table of sql/."""
    return Catalogue(ROOT / "sql")


@cache
def classes() -> Mapping[str, str]:
    """The class of each instrument, by symbol."""
    listed = instruments()
    return dict(zip(listed["symbol"], listed["class"], strict=True))


@cache
def instruments() -> pd.DataFrame:
    """The rows of reference.instruments."""
    return pd.read_csv(tables()["reference.instruments"].csv, keep_default_na=False)


@cache
def calendar(now: datetime = NOW) -> pd.DataFrame:
    """The rows of reference.sessions."""
    nothing = Inputs(lambda _: pd.DataFrame(), Sources(FilePrices(ROOT)), now, simulated=False)
    return reference_sessions.fill(nothing).rows


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
    until: str = EVERY_TABLE,
    *,
    as_of: str | None = None,
    now: datetime = NOW,
    given: Mapping[str, pd.DataFrame] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Build a table of sql/ and all that it needs.

    Args:
        rows: Rows of raw.prices.
        until: The table.
        as_of: As-of time of the build.
        now: reference.sessions ends here.
        given: Rows for tables that are then not computed; columns left out are NULL.
    """
    given = {"reference.sessions": calendar(now), "raw.prices": _raw(rows), **(given or {})}
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone = 'UTC'")
    if as_of:
        connection.execute("set variable as_of = ?::timestamptz", (pd.Timestamp(as_of).isoformat(),))
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    needed = _needed(until, given)
    for name, table in tables().items():
        if name in needed:
            _create(connection, table, given.get(name))
    return connection


def _needed(name: str, given: Mapping[str, pd.DataFrame]) -> set[str]:
    upstream = () if name in given and name != "raw.prices" else tables()[name].upstream
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
    if rows is None and table.header.view:
        connection.execute(f"create view {table.qualified} as {table.sql}")
        return
    columns = ", ".join(
        f'"{name}" {kind}{" not null" if rows is None and not table.header.columns[name].nullable else ""}'
        for name, kind in table.types.items()
    )
    connection.execute(f"create table {table.qualified} ({columns})")
    if rows is not None and len(rows):
        connection.register("given_rows", rows)
        connection.execute(f"insert into {table.qualified} by name from given_rows")
        connection.unregister("given_rows")
    elif rows is None and table.filled_by == "csv":
        connection.execute(f"insert into {table.qualified} from read_csv('{table.csv}', header = true, quote = '\"')")
    elif rows is None and table.filled_by == "sql":
        connection.execute(f"insert into {table.qualified} by name {table.sql}")


def frame_of(connection: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """The rows of a query as a frame."""
    frame: pd.DataFrame = connection.sql(sql).df()
    return frame


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.sql(sql).fetchall()
