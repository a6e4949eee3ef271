"""The real market data as a warehouse without a run: what several benchmarks start from."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from assets.inputs import Filled, Inputs, Sources
from assets.raw import index_members, prices, series
from assets.sources.chain_files import FileChains
from assets.sources.file_members import FileMembers
from assets.sources.file_series import FileSeries
from assets.sources.files import FilePrices
from assets.sources.holdings import NoHoldings
from orchestration.settings import ROOT
from tests.sql.given import build, frame_of

NOW = pd.Timestamp("2026-07-22 22:00", tz="UTC").to_pydatetime()


def warehouse(folder: Path, tables: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """The tables and all that they need, from the folder's prices, members and series, without option chains."""
    chains = FileChains(ROOT / "sql")
    sources = Sources(FilePrices(folder), chains, FileSeries(folder), FileMembers(folder), NoHoldings())
    empty = build(until=("raw.index_members", "raw.series", "raw.prices", "reference.series_catalog"), now=NOW)

    def landed(fill: object, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        filled: Filled = fill(Inputs(partial(frame_of, connection), sources, NOW, simulated=False))  # type: ignore[operator]
        return filled.rows.assign(observed_at=filled.rows["available_at"])

    given = {"raw.index_members": landed(index_members.fill, empty), "raw.series": landed(series.fill, empty)}
    listed = build(
        until=("raw.index_members", "raw.prices", "reference.instruments", "reference.basket_members"),
        now=NOW,
        given=given,
    )
    return build(landed(prices.fill, listed), tables, now=NOW, given=given)
