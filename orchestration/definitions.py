"""Everything Dagster sees.

Belongs here: putting the parts together. Does not: the parts.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration.automation import failed_run_alert, refresh_after_close, refresh_before_open, refresh_job
from orchestration.publication import PUBLISHED, published_asset
from orchestration.settings import ROOT, Settings, load_settings
from orchestration.sources import clock
from orchestration.table_assets import table_asset
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse, open_warehouse


def build_defs(settings: Settings, catalogue: Catalogue | None = None) -> dg.Definitions:
    """The definitions for one profile.

    Args:
        settings: The profile's settings.
        catalogue: The tables; by default those of sql/.

    Raises:
        TableError: If a file of sql/ is wrong.
    """
    catalogue = catalogue or Catalogue(ROOT / "sql")

    @dg.resource(description="The open warehouse; one run has it at a time.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        with open_warehouse(settings, catalogue, clock(settings)) as opened:
            # Without a selection it is a run of everything.
            if context.run and (not context.run.asset_selection or PUBLISHED in context.run.asset_selection):
                opened.begin_copy()
            yield opened

    return dg.Definitions(
        assets=[
            *(table_asset(table, catalogue, settings) for table in catalogue.values()),
            published_asset(catalogue, settings),
        ],
        resources={"warehouse": warehouse},
        jobs=[refresh_job],
        schedules=[refresh_after_close, refresh_before_open],
        sensors=[failed_run_alert(settings, catalogue)],
        # One process holds the warehouse file, so steps run in it one after the other.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions for the environment's settings."""
    return build_defs(load_settings())
