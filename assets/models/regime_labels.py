"""From a danger score to a label that does not flicker."""

from collections.abc import Sequence
from typing import NamedTuple

LABELS = ("calm", "normal", "fragile", "dangerous")
BOUNDARIES = (0.35, 0.5, 0.65)
HYSTERESIS = 0.03


class Labelled(NamedTuple):
    """A session's label: its place in `LABELS` and the sessions that it has lasted, this one included."""

    place: int
    age: int


def bare(danger: float) -> int:
    """The place in `LABELS` of a score by the boundaries alone."""
    return sum(danger >= boundary for boundary in BOUNDARIES)


def label(danger: Sequence[float | None]) -> list[Labelled | None]:
    """Label each session from its score and those before it.

    The label changes once the score has been past a boundary by `HYSTERESIS` for two sessions in a row, and then to the
    nearer of the two labels that they ask for. The first session, and the first after one without a score, has the
    label of the boundaries alone.

    Args:
        danger: The score by session, in order; None where there is none.

    Returns:
        A label for each score; None where there is none.
    """
    labels: list[Labelled | None] = []
    current: Labelled | None = None
    asked_before = 0
    for score in danger:
        if score is None:
            current = None
        elif current is None:
            current, asked_before = Labelled(bare(score), 1), bare(score)
        else:
            asked = _asked(score, current.place)
            place = _nearer(current.place, asked_before, asked)
            current = Labelled(place, current.age + 1 if place == current.place else 1)
            asked_before = asked
        labels.append(current)
    return labels


def _asked(score: float, place: int) -> int:
    """The label that a score asks for once it is past a boundary by the hysteresis."""
    up, down = bare(score - HYSTERESIS), bare(score + HYSTERESIS)
    return up if up > place else min(place, down)


def _nearer(place: int, before: int, now: int) -> int:
    if before > place and now > place:
        return min(before, now)
    if before < place and now < place:
        return max(before, now)
    return place
