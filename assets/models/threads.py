"""One thread for fits on small samples."""

from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Within it linear algebra and scikit-learn run in one thread.

    On samples of a few thousand sessions threads only wait for each other, and their sums depend on their number.
    """
    return _controller().limit(limits=1)


@cache
def _controller() -> "ThreadpoolController":
    """The threads of all libraries, found once: the search takes as long as a fit."""
    import sklearn.utils.parallel  # noqa: F401, PLC0415 - costs seconds; only what is loaded is found
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - as above

    return ThreadpoolController()
