"""The picture of indicators.cta_pivots: the S&P 500 against the levels at which trend followers turn."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

NAMES = {"st": "short term", "mt": "medium term", "lt": "long term"}


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """A year of closes and pivots, with the sessions below the short-term one marked; None before there is a pivot."""
    rows = query(
        """
        select session, horizon, close, pivot_level, pivot_lo, pivot_hi, is_below
        from indicators.cta_pivots
        where symbol = 'SPX' and pivot_level is not null
        qualify dense_rank() over (order by session desc) <= 252
        order by session
        """
    )
    if rows.empty:
        return None
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    closes = rows.drop_duplicates("session").set_index("session")["close"]
    axes.plot(closes.index, closes, color="black", linewidth=1.2, label="close")
    for horizon, name in NAMES.items():
        levels = rows[rows["horizon"] == horizon].set_index("session")
        if len(levels):
            [line] = axes.plot(
                levels.index, levels["pivot_level"], label=f"{name} {levels['pivot_level'].iloc[-1]:,.0f}"
            )
            axes.fill_between(levels.index, levels["pivot_lo"], levels["pivot_hi"], color=line.get_color(), alpha=0.2)
    below = rows[(rows["horizon"] == "st") & rows["is_below"].astype(bool)]
    axes.plot(below["session"], below["close"], "v", color="tab:red", markersize=4, label="below the short-term pivot")
    axes.set(title="S&P 500 and the pivots of trend followers, 80 % bands", ylabel="index points")
    axes.legend(frameon=False, ncols=2)
    return figure
