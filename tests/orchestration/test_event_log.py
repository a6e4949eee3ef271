"""Dagster's event log is written without waiting for the disk each time, and only while a run asks for it."""

from pathlib import Path

from dagster import DagsterInstance
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from orchestration.event_log import quick_event_log


def test_the_write_ahead_log_stays_between_writes_and_is_settled_at_the_end(tmp_path: Path) -> None:
    log, ahead = tmp_path / "log.db", tmp_path / "log.db-wal"
    engine = create_engine(f"sqlite:///{log}", poolclass=NullPool)

    def synchronous(connection: Connection) -> int:
        return int(connection.execute(text("pragma synchronous")).scalar_one())

    with quick_event_log():
        with engine.begin() as connection:
            connection.execute(text("pragma journal_mode = wal"))
            connection.execute(text("create table event (body text)"))
        with engine.begin() as connection:
            connection.execute(text("insert into event values ('begun')"))
            assert synchronous(connection) == 1
        assert ahead.stat().st_size > 0
    assert not ahead.exists()
    with engine.begin() as connection:
        assert synchronous(connection) == 2
        assert connection.execute(text("select body from event")).scalars().all() == ["begun"]


def test_a_run_makes_one_engine_for_each_file(tmp_path: Path) -> None:
    with quick_event_log(), DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        with storage.index_connection() as first:
            pass
        with storage.index_connection() as second:
            assert second.engine is first.engine
        with storage.run_connection("a-run") as other:
            assert other.engine is not first.engine
    with storage.index_connection() as later:
        assert later.engine is not first.engine
