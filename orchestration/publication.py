"""The asset that publishes: the last step of a run, reached only when every table before it is stored."""

import logging
import time
from collections.abc import Callable
from functools import partial

import dagster as dg
import pandas as pd

from orchestration.errors import WarehouseError
from orchestration.settings import Settings, notice
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse

PAGE = "desk_note.html"
PUBLISHED = dg.AssetKey(["published", "undertow"])


def published_asset(catalogue: Catalogue, settings: Settings) -> dg.AssetsDefinition:
    """The published DuckDB file, the newest session's page and the Parquet files."""
    # Smaller catalogues, such as those of tests, have no note.
    pages = {PAGE: partial(_page, settings)} if "marts.desk_note" in catalogue else {}

    @dg.asset(
        key=PUBLISHED,
        deps=[dg.AssetKey([table.schema, table.name]) for table in catalogue.values()],
        group_name="published",
        description=notice(settings)
        + "The warehouse as readers see it: a DuckDB file, the note's page and Parquet, each replaced in one step.",
        tags={"profile": settings.profile},
        owners=["team:data"],
        kinds={"duckdb", "html", "parquet"},
        required_resource_keys={"warehouse"},
    )
    def undertow(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        started = time.perf_counter()
        warehouse: Warehouse = context.resources.warehouse
        try:
            database, *others = warehouse.publish(pages)
        except WarehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        seconds = time.perf_counter() - started
        logging.getLogger("undertow").info("published", extra={"written": database})
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(database),
                "megabytes": dg.MetadataValue.float(round(database.stat().st_size / 1e6, 2)),
                "seconds": dg.MetadataValue.float(round(seconds, 3)),
                **{name: dg.MetadataValue.path(settings.published / name) for name in pages},
                "parquet files": dg.MetadataValue.int(len(others) - len(pages)),
                "profile": settings.profile,
            }
        )

    return undertow


def _page(settings: Settings, query: Callable[[str], pd.DataFrame]) -> str:
    from assets.published import desk_note  # noqa: PLC0415 - the charts' library costs every process a quarter second

    return desk_note.page(query, keep_in=settings.home)
