"""Head and shoulders: drawn ones are found, lines have none, and nothing is reported before it can be seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.nonparametric.kernel_regression import KernelReg

from assets.models.head_shoulders import (
    BELOW,
    LEAST_BANDWIDTH,
    MULTIPLES,
    Patterns,
    find,
    first_reported,
    neckline,
    share_of_random_paths,
    smooth,
)

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


def walked(seed: int, window: int) -> tuple[np.ndarray, Patterns, np.ndarray, np.ndarray]:
    """Every window of a random walk, what is found in it, where in the walk, and the row that reported it first."""
    walk = np.random.default_rng(seed).standard_normal(4 * window).cumsum()
    paths = np.lib.stride_tricks.sliding_window_view(walk, window)
    found = find(paths)
    places = np.where(found.points >= 0, found.points + np.arange(len(paths))[:, None], -1)
    return paths, found, places, first_reported(places, window * LEAST_BANDWIDTH)


@FEW
@given(seed=st.integers(0, 2**16), window=st.sampled_from([63, 126]))
def test_a_pattern_is_dated_to_the_first_row_that_shows_it_and_its_right_shoulder_is_old_by_then(
    seed: int, window: int
) -> None:
    paths, found, places, first = walked(seed, window)
    least = window * LEAST_BANDWIDTH

    def shown_at(row: int, of: np.ndarray) -> bool:
        """Whether a history that ends with this row shows the pattern."""
        points = find(paths[: row + 1]).points[row] + row
        return bool(points[0] >= row and (np.abs(points - of) <= least).all() and points[4] >= of[4])

    assert ((first >= 0) == (found.points[:, 0] >= 0)).all()
    for row in np.flatnonzero(first >= 0):
        end = first[row] + window - 1
        assert first[row] <= row
        assert end - places[row, 4] >= least
        assert shown_at(first[row], places[row])
        assert first[row] == 0 or not shown_at(first[row] - 1, places[row])


def test_a_date_survives_a_gap_and_another_pattern_and_a_later_shoulder_starts_anew() -> None:
    none, one, other = [-1] * 5, [30, 45, 65, 85, 100], [60, 65, 70, 85, 100]
    nearer, back, on = [32, 45, 65, 83, 100], [30, 45, 65, 85, 98], [30, 45, 65, 85, 101]
    rows = np.array([none, one, none, other, nearer, back, on, one, [33, *one[1:]], other])
    assert first_reported(rows, 2.1).tolist() == [-1, 1, -1, 3, 1, 1, 6, 1, 4, 3]
    assert first_reported(rows[:1], 2.1).tolist() == [-1]


def test_lows_lie_below_the_highs_beside_them() -> None:
    # Snapping puts a left low above its shoulder in path 2,912 and a right one in path 2,716.
    paths = np.random.default_rng(1).standard_normal((5_000, STEPS)).cumsum(axis=1)
    found = find(paths)
    for points in (found.points, found.forming):
        has = points[:, 0] >= 0
        assert has.any()
        moves = np.diff(np.take_along_axis(paths, points, axis=1)[has], axis=1)
        assert (moves * [-1, 1, -1, 1][: moves.shape[1]] > 0).all()


def forming_until(path: np.ndarray) -> list[int]:
    """The ends of the cut-off paths that show one forming."""
    return [end for end in range(90, len(path) + 1) if find(path[None, :end]).forming[0, 0] >= 0]


def test_a_pattern_forms_from_its_right_low_on_until_its_right_shoulder_is_old() -> None:
    path = drawn()
    ends = forming_until(path)
    first = next(end for end in range(90, STEPS) if find(path[None, :end]).points[0, 0] >= 0)
    # The right low stands at 85, the right shoulder at 100.
    assert 86 < min(ends) - 1 <= 92
    assert max(ends) == first - 1
    assert ends == list(range(min(ends), first))
    [seen] = find(path[None, : min(ends)]).forming
    assert np.abs(seen - [30, 45, 65, 85]).max() <= 2
    assert min(ends) - 1 - seen[3] >= min(ends) * LEAST_BANDWIDTH


@pytest.mark.parametrize("level", [0.035, 0.119], ids=["below the right low", "above any shoulder that would do"])
def test_nothing_forms_once_the_path_has_left_no_room_for_a_shoulder(level: float) -> None:
    path = drawn()[:96]
    assert find(path[None]).forming[0, 0] >= 0
    path[-1] = level
    assert find(path[None]).forming[0, 0] == -1


def test_nothing_forms_once_a_right_shoulder_would_be_too_late() -> None:
    # The left half takes 35 steps: 87.5 after the head at 65 it is too late, a bandwidth later that is known.
    slow = drawn({at: level for at, level in CORNERS.items() if at <= 85} | {200: 0.07}, 0.0005, steps=200)
    ends = forming_until(slow)
    assert 152 + 5 <= max(ends) - 1 <= 152 + 7
    assert find(slow[None]).points[0, 0] == -1


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


def test_the_bandwidth_is_that_of_cross_validation_or_the_least() -> None:
    random = np.random.default_rng(1)
    noise = np.exp(random.uniform(-4, 2, 100))[:, None] * random.standard_normal((100, STEPS))
    paths = random.standard_normal((100, STEPS)).cumsum(axis=1) + noise
    away = np.subtract.outer(np.arange(STEPS), np.arange(STEPS))
    multiples = np.array(sorted(MULTIPLES + BELOW))
    scores = []
    for multiple in multiples:
        weights = np.exp(-0.5 * (away / (multiple * STEPS * LEAST_BANDWIDTH)) ** 2) - np.eye(STEPS)
        scores.append(((paths - paths @ (weights / weights.sum(axis=1, keepdims=True)).T) ** 2).sum(axis=1))
    best = multiples[np.argmin(scores, axis=0)]
    assert best.min() < 1 < best.max()
    np.testing.assert_allclose(smooth(paths)[1], np.maximum(best, 1) * STEPS * LEAST_BANDWIDTH)


def test_random_paths_show_some_and_always_the_same() -> None:
    changes = 0.006 * np.random.default_rng(1).standard_normal(1_000)
    share = share_of_random_paths(changes, STEPS, 500, 10, seed=1)
    assert 0.01 < share < 0.2
    assert share == share_of_random_paths(changes + 0.01, STEPS, 500, 10, seed=1)
    assert share != share_of_random_paths(changes, STEPS, 500, 10, seed=2)
