"""Why values are missing, in words."""

from collections.abc import Mapping

import pandas as pd


def reasons(lacking: Mapping[str, pd.Series]) -> pd.Series:
    """Each row's reasons, separated by commas; None where there is none.

    Args:
        lacking: By reason, the rows that it holds for, boolean Series of one index.
    """
    given = pd.DataFrame(lacking)
    # Rows have few different sets of reasons.
    words = {
        flags: ", ".join(given.columns[list(flags)]) or None for flags in set(given.itertuples(index=False, name=None))
    }
    return pd.Series([words[flags] for flags in given.itertuples(index=False, name=None)], given.index, dtype=object)
