"""The asset that publishes: the last step of a run, reached only when every table before it is stored."""

import logging
import time

import dagster as dg

from orchestration.errors import WarehouseError
from orchestration.settings import Settings, notice
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse

PUBLISHED = dg.AssetKey(["published", "undertow"])


def published_asset(catalogue: Catalogue, settings: Settings) -> dg.AssetsDefinition:
    """The published DuckDB file and its Parquet siblings."""

    @dg.asset(
        key=PUBLISHED,
        deps=[dg.AssetKey([table.schema, table.name]) for table in catalogue.values()],
        group_name="published",
        description=notice(settings)
        + "The warehouse as readers see it: a DuckDB file and Parquet, each replaced in one step.",
        tags={"profile": settings.profile},
        owners=["team:data"],
        kinds={"duckdb", "parquet"},
        required_resource_keys={"warehouse"},
    )
    def undertow(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        started = time.perf_counter()
        warehouse: Warehouse = context.resources.warehouse
        try:
            database, *parquet = warehouse.publish()
        except WarehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        seconds = time.perf_counter() - started
        logging.getLogger("undertow").info("published", extra={"written": database})
        return dg.MaterializeResult(
            metadata={
                "file": dg.MetadataValue.path(database),
                "megabytes": dg.MetadataValue.float(round(database.stat().st_size / 1e6, 2)),
                "seconds": dg.MetadataValue.float(round(seconds, 3)),
                "parquet files": dg.MetadataValue.int(len(parquet)),
                "profile": settings.profile,
            }
        )

    return undertow
