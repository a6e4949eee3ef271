"""Quicker writes to Dagster's event log, which takes thousands of small ones per run."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any
from unittest import mock

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine


@contextlib.contextmanager
def quick_event_log() -> Iterator[None]:
    """Within it, writes to SQLite do not wait for the disk each time.

    Dagster opens the file anew for each write, and when the last connection is closed SQLite brings its write-ahead log
    into the file and waits for the disk twice; so one connection is kept open. `synchronous = normal` leaves out the
    wait after each commit: if the machine loses power the newest events may be lost, but the file stays whole
    (https://www.sqlite.org/pragma.html#pragma_synchronous). It also makes an SQLAlchemy engine anew, which then asks
    for the dialect and compiles the statement anew; here one engine serves a file.
    """
    engines: dict[str, Engine] = {}

    def reused(url: str, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's
        if url not in engines:
            engines[url] = create_engine(url, **options)
        return engines[url]

    kept: dict[str, sqlite3.Connection] = {}

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("pragma synchronous = normal")
        for _number, _name, path in connection.execute("pragma database_list").fetchall():
            if path:
                if path not in kept:
                    kept[path] = sqlite3.connect(path, check_same_thread=False)
                # It takes part in the write-ahead log once it has read after that was begun.
                kept[path].execute("pragma schema_version").fetchall()

    event.listen(Engine, "connect", connected)
    try:
        with mock.patch.object(sqlite_event_log, "create_engine", reused):
            yield
    finally:
        event.remove(Engine, "connect", connected)
        for connection in kept.values():
            connection.close()
