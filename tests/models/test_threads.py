"""That fits run in one thread, whichever library's."""

import sklearn.linear_model
import sklearn.mixture  # noqa: F401 - load what fits run in
from threadpoolctl import threadpool_info

from assets.models.threads import one_thread


def test_every_library_of_a_fit_has_one_thread() -> None:
    with one_thread():
        found = [
            of for of in threadpool_info() if any(name in of["filepath"] for name in ("numpy", "scipy", "scikit_learn"))
        ]
    assert {of["user_api"] for of in found} == {"blas", "openmp"}
    assert {of["num_threads"] for of in found} == {1}
