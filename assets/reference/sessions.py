"""Fills reference.sessions: the calendar up to the run's clock."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.sessions import decision_times, sessions_decided_by, xnys


def fill(inputs: Inputs) -> Filled:
    """One row per XNYS session whose decision time has come, columns as in sql/reference/sessions.sql."""
    days = sessions_decided_by(inputs.now)
    calendar = xnys()
    return Filled(
        pd.DataFrame(
            {
                "session": days,
                "session_no": range(1, len(days) + 1),
                "next_session": calendar.sessions[1 : len(days) + 1].array,
                "open_at": calendar.opens[days].array,
                "close_at": calendar.closes[days].array,
                "decision_at": decision_times(days),
            }
        )
    )
