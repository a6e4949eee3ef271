"""A table's picture for its asset's page, where `assets.<schema>.<table>` draws one."""

import base64
import importlib
import io

import dagster as dg

from orchestration.settings import Settings
from orchestration.tables import Table, has_module
from orchestration.warehouse import Warehouse

_DOTS_PER_INCH = 110


def picture(warehouse: Warehouse, table: Table, settings: Settings) -> dg.MetadataValue | None:
    """What the module's `picture(query)` draws, as an image inside Markdown; None where there is nothing to draw."""
    draw = getattr(importlib.import_module(table.module), "picture", None) if has_module(table) else None
    figure = draw(warehouse.reader(table)) if draw else None
    if figure is None:
        return None
    if settings.simulated:
        figure.text(0.99, 0.01, "simulated market", ha="right", va="bottom", color="grey")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=_DOTS_PER_INCH, pil_kwargs={"compress_level": 1})
    encoded = base64.b64encode(image.getvalue()).decode()
    return dg.MetadataValue.md(f"![{table.qualified}](data:image/png;base64,{encoded})")
