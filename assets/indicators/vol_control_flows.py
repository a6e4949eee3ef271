"""The picture of indicators.vol_control_flows: what the funds trade from the newest session on, by daily move."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """The flows of every scenario of the newest session, with their 80 % bands; None without one."""
    flows = query(
        """
        from indicators.vol_control_flows where flow_bn is not null
        qualify dense_rank() over (order by session desc) = 1
        order by daily_move_pct, flow_sessions
        """
    )
    if flows.empty:
        return None
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for move, scenario in flows.groupby("daily_move_pct"):
        ahead, flow, low, high = (
            np.append(0, scenario[name]) for name in ("flow_sessions", "flow_bn", "flow_lo_bn", "flow_hi_bn")
        )
        [line] = axes.plot(ahead, flow, marker=".", label=f"{move:g} % a day")
        axes.fill_between(ahead, low, high, alpha=0.12, color=line.get_color())
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set(
        title=f"Volatility-control flow from {flows['session'].iloc[0]:%d %B %Y} on (grade B)",
        xlabel="sessions ahead",
        ylabel="USD bn, positive buys",
    )
    axes.legend(title="S&P 500 moves by", frameon=False)
    return figure
