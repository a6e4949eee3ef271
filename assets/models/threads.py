"""One thread for fits on small samples."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it linear algebra and scikit-learn run in one thread.

    On samples of a few thousand sessions threads only wait for each other, and their sums depend on their number.
    """
    with _controller().limit(limits=1):
        yield


@cache
def _controller() -> "ThreadpoolController":
    """The threads of all libraries, found once: the search takes as long as a fit."""
    import sklearn.utils.parallel  # noqa: F401, PLC0415 - costs seconds; only what is loaded is found
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - as above

    return ThreadpoolController()
