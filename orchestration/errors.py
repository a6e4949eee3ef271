"""The errors of the warehouse."""

from collections.abc import Sequence

from orchestration.quality import Result


class WarehouseError(Exception):
    """The warehouse cannot be used, or the rows for a table do not fit it."""


class RefusedError(Exception):
    """A check blocked a write; nothing was stored.

    Attributes:
        results: Every check that ran, the failed ones among them.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = tuple(results)
        super().__init__("\n".join(f"{r.table}: {r.check}: {r.detail}" for r in results if r.blocks))
