"""Who belongs to a basket on which session."""

import pandas as pd


def belonging(sessions: pd.Index, spells: pd.DataFrame) -> pd.DataFrame:
    """Whether each symbol belongs on each session, (sessions, symbols).

    Args:
        sessions: The sessions.
        spells: Rows of reference.basket_members of one basket: symbol, valid_from, valid_to.
    """
    day, first, end = (of.to_numpy()[:, None] for of in (sessions, spells["valid_from"], spells["valid_to"]))
    in_spell = pd.DataFrame((first <= day.T) & ((end > day.T) | pd.isna(end)), spells["symbol"], sessions)
    return in_spell.groupby("symbol").any().T
