"""Labels by hand, and that they neither flicker nor know the future."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.regime_labels import LABELS, bare, label

FEW = settings(max_examples=100, deadline=None, derandomize=True, database=None)
SCORES = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60)


def labels(*danger: float | None) -> list[str | None]:
    return [LABELS[of.place] if of else None for of in label(danger)]


@pytest.mark.parametrize(
    ("danger", "expected"),
    [
        # Past the boundary, but not by 0.03.
        ([0.3, 0.37, 0.37, 0.37], ["calm"] * 4),
        # By 0.03, on one session only, then on two.
        ([0.3, 0.38, 0.3, 0.38, 0.39], ["calm"] * 4 + ["normal"]),
        # Two sessions that ask for different labels: the nearer one, then the farther one.
        ([0.3, 0.4, 0.9, 0.9], ["calm", "calm", "normal", "dangerous"]),
        # Down again, which takes as long.
        ([0.7, 0.61, 0.61], ["dangerous", "dangerous", "fragile"]),
        ([0.7, 0.63, 0.63], ["dangerous"] * 3),
        # One asks for more and one for less: neither.
        ([0.42, 0.6, 0.2, 0.6], ["normal"] * 4),
        # A session without a score begins anew.
        ([0.3, 0.38, None, 0.38, 0.6], ["calm", "calm", None, "normal", "normal"]),
    ],
)
def test_labels_by_hand(danger: list[float | None], expected: list[str | None]) -> None:
    assert labels(*danger) == expected


def test_a_label_counts_its_sessions() -> None:
    assert [of.age for of in label([0.3, 0.3, 0.4, 0.4, 0.4]) if of] == [1, 2, 3, 1, 2]


@FEW
@given(danger=SCORES, cut=st.integers(0, 60))
def test_a_label_rests_on_the_scores_up_to_its_own(danger: list[float | None], cut: int) -> None:
    assert label(danger)[:cut] == label(danger[:cut])


@FEW
@given(danger=SCORES)
def test_a_label_is_never_farther_from_the_bare_one_than_the_rules_allow(danger: list[float | None]) -> None:
    found = label(danger)
    for before, now, score, score_before in zip([None, *found], found, danger, [None, *danger], strict=False):
        assert (now is None) == (score is None)
        if before and now and score is not None and score_before is not None and now.place != before.place:
            nearest = {bare(score - 0.03), bare(score + 0.03), bare(score_before - 0.03), bare(score_before + 0.03)}
            assert now.place in nearest
            assert now.age == 1
