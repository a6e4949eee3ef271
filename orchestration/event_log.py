"""Quicker writes to Dagster's event log, which takes thousands of small ones per run."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool


@contextlib.contextmanager
def quick_event_log() -> Iterator[None]:
    """Within it, writes to SQLite are quick.

    Dagster makes an SQLAlchemy engine and opens the file anew for each write. The engine asks for the dialect and
    compiles the statement each time, and when a file's last connection is closed SQLite brings its write-ahead log into
    the file and waits for the disk twice. Here one engine with one connection serves a file of the event log, and of
    every other file one connection stays open. `synchronous = normal` leaves out the wait after each commit: if the
    machine loses power the newest events may be lost, but the file stays whole
    (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """
    engines: dict[str, _LastingEngine] = {}

    def lasting(url: str, *, connect_args: Mapping[str, Any], **_: object) -> _LastingEngine:
        if url not in engines:
            # Dagster's storage lets one thread at a time in.
            anywhere = {**connect_args, "check_same_thread": False}
            engines[url] = _LastingEngine(create_engine(url, poolclass=StaticPool, connect_args=anywhere))
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
        with mock.patch.object(sqlite_event_log, "create_engine", lasting):
            yield
    finally:
        event.remove(Engine, "connect", connected)
        for engine in engines.values():
            engine.end()
        for connection in kept.values():
            connection.close()


class _LastingEngine(Engine):
    """An engine that keeps its connection when it is told to dispose of it."""

    def __init__(self, made: Engine) -> None:
        super().__init__(made.pool, made.dialect, made.url)

    def dispose(self, close: bool = True) -> None:
        """Nothing, until the end."""

    def end(self) -> None:
        """Close the connection."""
        super().dispose()
