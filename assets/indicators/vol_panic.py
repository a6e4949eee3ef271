"""The picture of indicators.vol_panic: the last two years of the index and of the ranks that it is the mean of."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

_RANKS = {"vix_rank": "VIX", "vvix_rank": "VVIX", "vix_term_rank": "VIX / VIX3M", "chain_skew_rank": "chain's skew"}


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """The index of the last 504 sessions with its 80 % band, its components below; None without one."""
    history = query(
        f"""
        select session, vol_panic, vol_panic_lo, vol_panic_hi, panic_vix_only, {", ".join(_RANKS)}
        from indicators.vol_panic
        where vol_panic is not null
        order by session desc
        limit 504
        """
    ).sort_values("session")
    if history.empty:
        return None
    figure = Figure(figsize=(9, 6), layout="constrained")
    index, ranks = figure.subplots(2, 1, sharex=True)
    days = history["session"]
    index.fill_between(days, history["vol_panic_lo"], history["vol_panic_hi"], alpha=0.2, label="80 % band")
    index.plot(days, history["vol_panic"], label="vol_panic")
    index.plot(days, history["panic_vix_only"], linewidth=0.8, linestyle="dotted", color="black", label="VIX alone")
    index.set(title="Volatility panic (grade B)", ylabel="0 to 10", ylim=(0, 10.2))
    index.legend(frameon=False, ncols=3, loc="lower left")
    for column, label in _RANKS.items():
        if history[column].notna().any():
            ranks.plot(days, history[column], linewidth=1, label=label)
    ranks.set(title="Percentile ranks over 504 sessions", ylim=(0, 1.02))
    ranks.legend(frameon=False, ncols=4, loc="lower left")
    return figure
