"""Who belongs to a basket on which session."""

import pandas as pd


def belonging(sessions: pd.Index, spells: pd.DataFrame) -> pd.DataFrame:
    """Whether each symbol belongs on each session, (sessions, symbols).

    Args:
        sessions: The sessions.
        spells: Rows of reference.basket_members of one basket: symbol, valid_from, valid_to.
    """
    belongs = {
        symbol: sum(
            (sessions >= first) & ((sessions < end) | pd.isna(end))
            for first, end in of[["valid_from", "valid_to"]].itertuples(index=False)
        ).astype(bool)
        for symbol, of in spells.groupby("symbol")
    }
    return pd.DataFrame(belongs, index=sessions, dtype=bool)
