"""One run at a time: the lock on a home, which the system frees when its process ends, however it ends."""

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.errors import WarehouseError
from orchestration.settings import Settings

log = logging.getLogger("undertow")


@contextlib.contextmanager
def hold(settings: Settings, home: Path) -> Iterator[None]:
    """Keep a home to oneself, waiting for a run that has it.

    Raises:
        WarehouseError: If another process keeps it longer than the settings allow; the message names it.
    """
    holder = home / "warehouse.holder"
    lock = FileLock(home / "warehouse.lock")
    try:
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
        if not lock.is_locked:
            log.warning("waiting up to %g s for %s, which has %s", settings.wait_seconds, _who(holder), home)
            lock.acquire(timeout=settings.wait_seconds)
    except Timeout as error:
        raise WarehouseError(
            f"{home}: {_who(holder)} still has it after {settings.wait_seconds:g} s; try again later"
        ) from error
    try:
        holder.write_text(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        yield
    finally:
        lock.release()


def _who(holder: Path) -> str:
    return holder.read_text() if holder.exists() else "another process"
