"""Head and shoulders: drawn ones are found, lines have none, and nothing is reported before it is to be seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.nonparametric.kernel_regression import KernelReg  # type: ignore[import-untyped]  # no types

from assets.models.head_shoulders import find, neckline, share_of_random_paths, smooth

STEPS = 126
CORNERS = {0: 0.0, 30: 0.08, 45: 0.05, 65: 0.12, 85: 0.05, 100: 0.08, 125: 0.0}
FEW = settings(max_examples=15, deadline=None, derandomize=True, database=None)


def drawn(corners: dict[int, float] = CORNERS, noise: float = 0.002, seed: int = 1, steps: int = STEPS) -> np.ndarray:
    line = np.interp(np.arange(steps), list(corners), list(corners.values()))
    return np.asarray(line + noise * np.random.default_rng(seed).standard_normal(steps))


def test_a_drawn_pattern_is_found_at_its_corners() -> None:
    paths = drawn()[None]
    [points] = find(paths).points
    assert np.abs(points - [30, 45, 65, 85, 100]).max() <= 2
    low, other = points[1], points[3]
    slope = (paths[0, other] - paths[0, low]) / (other - low)
    assert neckline(paths, points[None], STEPS - 1)[0] == pytest.approx(paths[0, low] + slope * (125 - low))


@pytest.mark.parametrize(
    "corners",
    {
        "a line": {0: 0.0, 125: 0.1},
        "no head": {**CORNERS, 65: 0.08},
        "shoulders apart": {**CORNERS, 30: 0.02, 45: 0.0, 0: -0.05},
        "lopsided": {0: 0.0, 30: 0.08, 34: 0.05, 40: 0.12, 70: 0.05, 105: 0.08, 125: 0.0},
        "falling into it": {**CORNERS, 0: 0.5},
    }.values(),
    ids=["a line", "no head", "shoulders apart", "lopsided", "falling into it"],
)
def test_what_is_none_is_none(corners: dict[int, float]) -> None:
    patterns = find(drawn(corners)[None])
    assert patterns.points.tolist() == [[-1] * 5]
    assert np.isnan(neckline(drawn(corners)[None], patterns.points, STEPS - 1)).all()


@FEW
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([0.01, 3.0, 100.0]), shift=st.sampled_from([-1.0, 5.0]))
def test_the_unit_and_the_base_do_not_matter(seed: int, scale: float, shift: float) -> None:
    paths = np.random.default_rng(seed).standard_normal((20, STEPS)).cumsum(axis=1)
    np.testing.assert_array_equal(find(scale * paths + shift).points, find(paths).points)


def test_no_pattern_is_reported_before_its_right_shoulder_is_a_bandwidth_old() -> None:
    path = drawn(steps=STEPS + 20)
    reported = []
    for end in range(STEPS - 30, len(path) + 1):
        found = find(path[None, end - 90 : end])
        if found.points[0, 0] >= 0:
            shoulder = end - 90 + found.points[0, 4]
            assert end - 1 - shoulder >= found.bandwidth[0]
            reported.append(end)
    assert reported
    # The right shoulder stands at 100.
    assert 100 < min(reported) - 1 <= 112


def test_a_path_is_judged_alone() -> None:
    """Whatever stands after it in the batch, or in another one."""
    random = np.random.default_rng(1)
    paths = random.standard_normal((300, 63)).cumsum(axis=1)
    other = paths.copy()
    other[200:] = random.standard_normal((100, 63))
    for cut in (find(paths[:200]), find(other)):
        for whole, part in zip(find(paths), cut, strict=True):
            np.testing.assert_array_equal(whole[:200], part[:200])


def test_smoothing_is_the_kernel_regression_of_another_library() -> None:
    path = drawn()
    [smoothed], [bandwidth] = smooth(path[None])
    regression = KernelReg(path, np.arange(STEPS), var_type="c", reg_type="lc", bw=[bandwidth], rng=1)
    np.testing.assert_allclose(smoothed, regression.fit()[0], atol=1e-12)


def test_random_paths_show_some_and_always_the_same() -> None:
    changes = 0.006 * np.random.default_rng(1).standard_normal(1_000)
    share = share_of_random_paths(changes, STEPS, 500, 10, seed=1)
    assert 0.01 < share < 0.2
    assert share == share_of_random_paths(changes + 0.01, STEPS, 500, 10, seed=1)
    assert share != share_of_random_paths(changes, STEPS, 500, 10, seed=2)
