"""Fills regime.labels: the label of each session's danger, and how long it has stood."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models.regime_labels import LABELS, label


def fill(inputs: Inputs) -> Filled:
    """One row per session with a danger score, columns as in sql/regime/labels.sql."""
    scores = inputs.query("select session, danger from regime.danger order by session")
    labelled = label([None if pd.isna(score) else score for score in scores["danger"]])
    rows = [(session, LABELS[of.place], of.age) for session, of in zip(scores["session"], labelled, strict=True) if of]
    return Filled(pd.DataFrame(rows, columns=["session", "label", "days_in_regime"]) if rows else pd.DataFrame())
