"""The picture of indicators.dealer_gamma: its history on a desk's scale."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Desk-scale gamma of the S&P 500 with its 80 % band, and the comparator where it is; None without a chain."""
    history = query(
        """
        select session, gex_sm_equiv_bn, gex_desk_lo_bn, gex_desk_hi_bn, sm_gex_bn
        from indicators.dealer_gamma
        where underlying = 'SPX' and reading = 'close' and gex_sm_equiv_bn is not null
        order by session desc
        limit 252
        """
    ).sort_values("session")
    if history.empty:
        return None
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    sessions = range(len(history))
    axes.fill_between(sessions, history["gex_desk_lo_bn"], history["gex_desk_hi_bn"], alpha=0.2, label="80 % band")
    axes.plot(sessions, history["gex_sm_equiv_bn"], marker=".", label="estimate")
    if history["sm_gex_bn"].notna().any():
        axes.plot(sessions, history["sm_gex_bn"], ".", label="SqueezeMetrics")
    axes.axhline(0, color="grey", linewidth=0.8)
    shown = list(range(0, len(history), max(1, len(history) // 8)))
    axes.set_xticks(shown, [f"{day:%Y-%m-%d}" for day in history["session"].iloc[shown]], rotation=30)
    axes.set(title="S&P 500 dealer gamma on a desk's scale (grade D)", ylabel="USD bn per 1 %")
    axes.legend(frameon=False)
    return figure
