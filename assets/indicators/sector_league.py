"""The picture of indicators.sector_league: a heat map of returns by fund and horizon."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

HORIZONS = ("1d", "5d", "15d", "21d", "63d", "252d")


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Returns of the newest session's sector and industry funds, best of three weeks first; None without any."""
    columns = ", ".join(f"total_return_{horizon}_pct" for horizon in HORIZONS)
    newest = query(
        f"""
        select session, symbol, {columns} from indicators.sector_league
        where role in ('sector', 'industry') and total_return_15d_pct is not null
        qualify session = max(session) over ()
        order by total_return_15d_pct desc
        """
    )
    if newest.empty:
        return None
    returns = newest[[f"total_return_{horizon}_pct" for horizon in HORIZONS]].to_numpy(dtype=float)
    # Each horizon has a scale of its own, or the longest would hide the others.
    shades = returns / np.nanmax(np.abs(returns), axis=0)
    figure = Figure(figsize=(7, 0.32 * len(newest) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shades, cmap="RdYlGn", vmin=-1, vmax=1, aspect="auto")
    axes.set_xticks(range(len(HORIZONS)), [f"{horizon.removesuffix('d')} sessions" for horizon in HORIZONS])
    axes.set_yticks(range(len(newest)), newest["symbol"])
    for (row, column), value in np.ndenumerate(returns):
        if np.isfinite(value):
            axes.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=8)
    axes.set_title(f"Total return in percent, {newest['session'].iloc[0]:%d %B %Y}")
    return figure
