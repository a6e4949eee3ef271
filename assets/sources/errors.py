"""The errors a source raises, and the failures it reports without stopping."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

NAMES_SHOWN = 5


class SourceError(Exception):
    """A source could not deliver at all: unreadable, empty, of the wrong shape, or out of reach.

    Args:
        source: The source's name, with the file or address where there is one.
        reason: What is wrong, in words a user can act on.
        symbol: The instrument concerned, if it is one.
        day: The date concerned, if it is one.
    """

    def __init__(self, source: str, reason: str, symbol: str | None = None, day: date | None = None) -> None:
        self.source, self.reason, self.symbol, self.day = source, reason, symbol, day
        where = " ".join(part for part in (source, symbol, day.isoformat() if day else None) if part)
        super().__init__(f"{where}: {reason}")


@dataclass(frozen=True)
class Failure:
    """One instrument that a source could not deliver, while the others came through.

    Attributes:
        symbol: The instrument, in the project's own naming.
        reason: What went wrong, naming source and date.
    """

    symbol: str
    reason: str


def some(names: Sequence[str]) -> str:
    """The first few of many names, for a message."""
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")
