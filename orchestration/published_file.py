"""The published file, as a command reads it."""

from pathlib import Path

from orchestration.errors import WarehouseError
from orchestration.settings import Settings


def published_file(settings: Settings) -> Path:
    """The published DuckDB file.

    Raises:
        WarehouseError: If nothing is published.
    """
    if not settings.published_file.exists():
        raise WarehouseError(f"{settings.published_file}: nothing is published yet; `undertow run` does it")
    return settings.published_file
