"""What tests of runs share."""

from collections.abc import Iterator

import pytest

from tests.orchestration.launcher import Launcher


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Starts runs in processes of their own."""
    made = Launcher(tmp_path_factory.mktemp("logs"))
    yield made
    made.close()
