"""The picture of indicators.vol_control: what the funds held over the last year."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Exposure of the last 252 sessions with its 80 % band; None without one."""
    history = query(
        """
        select session, notional_bn, notional_lo_bn, notional_hi_bn
        from indicators.vol_control
        where notional_bn is not null
        order by session desc
        limit 252
        """
    ).sort_values("session")
    if history.empty:
        return None
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    days = history["session"]
    axes.fill_between(days, history["notional_lo_bn"], history["notional_hi_bn"], alpha=0.2, label="80 % band")
    axes.plot(days, history["notional_bn"], label="estimate")
    axes.set_ylim(bottom=0)
    axes.set(title="S&P 500 exposure of US volatility-control funds (grade B)", ylabel="USD bn")
    axes.legend(frameon=False)
    return figure
