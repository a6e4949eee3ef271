"""Head and shoulders in smoothed paths: three highs, the middle one the highest, and two lows between them.

Lo, Mamaysky and Wang 2000 (doi 10.1111/0022-1082.00265) smooth a window with a Gaussian kernel regression and look at
five extrema in a row. Here the bandwidth is that of leave-one-out cross-validation, a thirtieth of the window at least
(theirs, 0.3 of the former, finds patterns of days), the shoulders and the lows may differ by what the path moves in ten
steps, and the head must stand out by as much.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assets.models.bootstrap import drawn

Array = NDArray[np.float64]
Places = NDArray[np.int64]

# Bandwidths that cross-validation chooses from, as multiples of the least one, which stands in for those below it.
MULTIPLES = (1.0, 1.4, 2.0, 2.8, 4.0)
BELOW = (0.25, 0.35, 0.5, 0.7)
LEAST_BANDWIDTH = 1 / 30
TOLERANCE_STEPS = 10
TREND_STEPS = 21
# Left half of the pattern to its right half, in time.
SYMMETRY = (0.4, 2.5)
# Products of blocks so small stay in one thread: of larger ones OpenBLAS makes threads that wait for each other.
BLOCK = 4
BATCH = 64


class Patterns(NamedTuple):
    """The newest pattern of each path, and what may become one; rows without hold -1.

    Attributes:
        points: Positions of left shoulder, low, head, low and right shoulder, shape (paths, 5).
        forming: Positions of left shoulder, low, head and low where a right shoulder may still follow, (paths, 4).
        tolerance: What the path moves in ten steps, shape (paths,).
        bandwidth: Of the smoothing, in steps, shape (paths,).
        smooth: The smoothed paths, shape (paths, steps).
    """

    points: Places
    forming: Places
    tolerance: Array
    bandwidth: Array
    smooth: Array


@cache
def _smoothers(steps: int, multiples: tuple[float, ...]) -> tuple[Array, Array]:
    """Residuals of the kernel regression of Nadaraya and Watson on equally spaced steps, by bandwidth.

    Returns:
        Weights of the residuals without the point itself, by point, shape (multiples, steps, steps); and the share of
        each that a point is left with by the regression itself, (multiples, steps).
    """
    bandwidths = steps * LEAST_BANDWIDTH * np.array(multiples)
    distance = np.subtract.outer(np.arange(steps), np.arange(steps)) / bandwidths[:, None, None]
    weights = np.exp(-0.5 * distance**2)
    weights /= weights.sum(axis=2, keepdims=True)
    left = 1 - np.diagonal(weights, axis1=1, axis2=2)
    return (np.eye(steps) - weights) / left[:, :, None], left


def _left_out(paths: Array, multiples: tuple[float, ...]) -> tuple[Array, Array]:
    """Each path's residuals without the point itself, (multiples, paths, steps), and their squares' sums.

    Paths go through in blocks of one shape, as the last digits of a matrix product depend on it.
    """
    count, steps = paths.shape
    blocks = np.zeros((-(-count // BLOCK), BLOCK, steps))
    blocks.reshape(-1, steps)[:count] = paths
    weights, _ = _smoothers(steps, multiples)
    residuals = (blocks @ weights.transpose(0, 2, 1)[:, None]).reshape(len(multiples), -1, steps)[:, :count]
    return residuals, np.vecdot(residuals, residuals)


def smooth(paths: Array) -> tuple[Array, Array]:
    """Kernel regression of each path, (paths, steps), and the bandwidth of each in steps, (paths,).

    The same path at the same place, counted from the first, always comes out the same.
    """
    count, steps = paths.shape
    _, left = _smoothers(steps, MULTIPLES)
    smoothed, bandwidths = np.empty_like(paths), np.empty(count)
    for first in range(0, count, BATCH):
        batch = paths[first : first + BATCH]
        residuals, scores = _left_out(batch, MULTIPLES)
        chosen = np.argmin(scores, axis=0)
        # Most paths, like random ones, have the least bandwidth already.
        [wider] = np.nonzero(chosen)
        is_below = _left_out(batch[wider], BELOW)[1].min(axis=0) <= scores[chosen[wider], wider]
        chosen[wider[is_below]] = 0
        smoothed[first : first + BATCH] = batch - left[chosen] * residuals[chosen, np.arange(len(batch))]
        bandwidths[first : first + BATCH] = np.array(MULTIPLES)[chosen] * (steps * LEAST_BANDWIDTH)
    return smoothed, bandwidths


def find(paths: Array) -> Patterns:
    """The newest head and shoulders of each path, and whether one is forming at its end.

    Args:
        paths: Levels without gaps, shape (paths, steps).

    The smoother looks to both sides, so that what is newer than a bandwidth may still change. A pattern's right
    shoulder is at least that old; of a forming one the right low is, and the path has since left room for a shoulder.
    """
    count, steps = paths.shape
    smoothed, bandwidth = smooth(paths)
    tolerance = np.diff(paths, axis=1).std(axis=1, ddof=1) * np.sqrt(TOLERANCE_STEPS)
    slope = np.sign(np.diff(smoothed, axis=1))
    row, place = np.nonzero(slope[:, :-1] * slope[:, 1:] < 0)
    place = place + 1
    is_high = slope[row, place - 1] > 0
    place = _snapped(paths, row, place, is_high)
    is_old = steps - 1 - place >= bandwidth[row]
    row, place, is_high = row[is_old], place[is_old], is_high[is_old]

    points = np.full((count, 5), -1)
    last, five = _in_a_row(row, place, is_high, 5)
    of = row[last]
    good = _begins(paths, of, five[:, :4], tolerance[of]) & _ends(paths, of, five, tolerance[of])
    # Later ones overwrite earlier ones of the same path.
    points[of[good]] = five[good]

    forming = np.full((count, 4), -1)
    last, four = _in_a_row(row, place, is_high, 4)
    is_newest = np.searchsorted(row, row[last], side="right") == last + 1
    of, four = row[last[is_newest]], four[is_newest]
    good = _begins(paths, of, four, tolerance[of]) & _may_end(paths, of, four, tolerance[of], bandwidth[of])
    forming[of[good]] = four[good]
    return Patterns(points, forming, tolerance, bandwidth, smoothed)


def _in_a_row(row: Places, place: Places, is_high: NDArray[np.bool_], length: int) -> tuple[Places, Places]:
    """Runs of one path's extrema from a high on: the last of each, (runs,), and their places, (runs, length)."""
    first = np.arange(len(row) - length + 1)
    last = first + length - 1
    # Snapping can put two in the wrong order, of which only one is old enough.
    kept = (row[first] == row[last]) & is_high[first] & (is_high[last] == length % 2)
    return last[kept], place[first[kept, None] + np.arange(length)]


def _snapped(paths: Array, row: Places, place: Places, is_high: NDArray[np.bool_]) -> Places:
    """Each extremum of the smoothed path moved to the path's own within one step."""
    around = place[:, None] + np.array([-1, 0, 1])
    levels = paths[row[:, None], around]
    best = np.where(is_high, levels.argmax(axis=1), levels.argmin(axis=1))
    return np.asarray(around[np.arange(len(place)), best])


def _begins(paths: Array, row: Places, four: Places, tolerance: Array) -> NDArray[np.bool_]:
    """Whether left shoulder, low, head and low are those of a pattern."""
    left, first_low, head, second_low = paths[row[:, None], four].T
    before = paths[row, np.maximum(four[:, 0] - TREND_STEPS, 0)]
    return np.asarray(
        (head > left)
        & (left > first_low)
        & (head > second_low)
        & (np.abs(first_low - second_low) / 2 <= tolerance)
        & (left > before)
        & (np.diff(four, axis=1) > 0).all(axis=1)
    )


def _ends(paths: Array, row: Places, five: Places, tolerance: Array) -> NDArray[np.bool_]:
    """Whether the right shoulder is that of the pattern that the other four begin."""
    left, _, head, second_low, right = paths[row[:, None], five].T
    shoulders = (left + right) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        symmetry = (five[:, 2] - five[:, 0]) / (five[:, 4] - five[:, 2])
    return np.asarray(
        (head > right)
        & (right > second_low)
        & (five[:, 4] > five[:, 3])
        & (np.abs(left - shoulders) <= tolerance)
        & (head - shoulders >= tolerance)
        & (symmetry >= SYMMETRY[0])
        & (symmetry <= SYMMETRY[1])
    )


def _may_end(paths: Array, row: Places, four: Places, tolerance: Array, bandwidth: Array) -> NDArray[np.bool_]:
    """Whether a right shoulder can follow: the path since the right low is above it, not too high, nor too late."""
    steps = paths.shape[1]
    left, _, head, second_low = paths[row[:, None], four].T
    since = np.where(np.arange(steps) > four[:, 3:], paths[row], np.nan)
    highest_shoulder = np.minimum(left + 2 * tolerance, 2 * (head - tolerance) - left)
    latest_shoulder = four[:, 2] + (four[:, 2] - four[:, 0]) / SYMMETRY[0]
    return np.asarray(
        (np.nanmin(since, axis=1) > second_low)
        & (np.nanmax(since, axis=1) <= np.minimum(highest_shoulder, head))
        & (latest_shoulder > steps - 1 - bandwidth)
    )


def first_reported(points: Places, within: float) -> Places:
    """The row in which each row's pattern was first reported, (rows,); -1 without a pattern.

    Args:
        points: The five points of the pattern reported in each row, counted from one origin, or -1, shape (rows, 5).
        within: Steps by which the same pattern's points may differ.

    Only earlier rows count, however many without this pattern lie between. A right shoulder may since have moved back,
    but not on: it is a later one then, which had to be waited for.
    """
    first = np.full(len(points), -1)
    reported = np.flatnonzero(points[:, 0] >= 0)
    known = points[reported]
    for number, row in enumerate(reported):
        ahead = known[: number + 1] - points[row]
        is_same = (np.abs(ahead) <= within).all(axis=1) & (ahead[:, 4] >= 0)
        first[row] = reported[is_same.argmax()]
    return first


def neckline(paths: Array, points: Places, at: Places | int) -> Array:
    """Level at one step of each path of the line through its two lows, (paths,); nan without a pattern."""
    rows = np.arange(len(paths))
    first, second = points[:, 1], points[:, 3]
    low, other = paths[rows, first], paths[rows, second]
    with np.errstate(divide="ignore", invalid="ignore"):
        line = low + (other - low) / (second - first) * (at - first)
    return np.where(first >= 0, line, np.nan)


def share_of_random_paths(changes: Array, steps: int, paths: int, block: float, seed: int) -> float:
    """Share of random paths that show a pattern.

    Args:
        changes: Changes that paths are made of, their mean taken out, shape (changes,).
        steps: Levels of a path.
        paths: How many.
        block: Mean length of a block of the stationary bootstrap.
        seed: Of the random numbers.
    """
    random = np.random.default_rng(seed)
    places = drawn(random, len(changes), (paths, steps - 1), block)
    moved = (changes - changes.mean())[places]
    levels = np.concatenate([np.zeros((paths, 1)), moved.cumsum(axis=1)], axis=1)
    return float((find(levels).points[:, 0] >= 0).mean())
