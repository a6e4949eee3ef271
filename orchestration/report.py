"""Writes the desk note's page of any session from the published file."""

from datetime import date
from pathlib import Path

import duckdb

from assets.frames import frame_of
from assets.published import desk_note
from orchestration.errors import WarehouseError
from orchestration.published_file import published_file
from orchestration.settings import Settings


def write_page(settings: Settings, day: date | None, file: Path) -> None:
    """Write the page of one session.

    Args:
        settings: Says which published file.
        day: The session; None for the newest.
        file: Where to write.

    Raises:
        WarehouseError: If nothing is published, the session is not in it, or the file cannot be written.
    """
    path = published_file(settings)
    with duckdb.connect(str(path), read_only=True) as connection:
        try:
            page = desk_note.page(lambda sql: frame_of(connection.sql(sql)), day, keep_in=settings.home)
        except desk_note.NoNoteError as error:
            raise WarehouseError(f"{path}: {error}") from error
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WarehouseError(f"{file}: {error.strerror}") from error
