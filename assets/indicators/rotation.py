"""The picture of indicators.rotation: defensives against cyclicals, with and without their beta, and breadth."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from assets.indicators.axes import date_concisely


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """The last 252 sessions of the rotation over a month and of the gap in breadth; None without a rotation."""
    history = query(
        """
        select session, rotation_21d_pct, neutral_21d_pct, neutral_21d_lo_pct, neutral_21d_hi_pct, breadth_gap_pp
        from indicators.rotation
        where variant = 'sector_funds'
        order by session desc
        limit 252
        """
    ).sort_values("session")
    if history["rotation_21d_pct"].isna().all():
        return None
    figure = Figure(figsize=(9, 6), layout="constrained")
    rotation, breadth = figure.subplots(2, 1, sharex=True)
    days = history["session"]
    rotation.plot(days, history["rotation_21d_pct"], label="21 sessions")
    rotation.plot(days, history["neutral_21d_pct"], label="without beta")
    rotation.fill_between(days, history["neutral_21d_lo_pct"], history["neutral_21d_hi_pct"], alpha=0.2)
    rotation.set(title="Defensive less cyclical sectors", ylabel="log %")
    rotation.legend(frameon=False)
    breadth.plot(days, history["breadth_gap_pp"])
    breadth.set(title="Members above their 20-session average, defensive less cyclical", ylabel="% points")
    for axes in (rotation, breadth):
        axes.axhline(0, color="grey", linewidth=0.8)
    date_concisely(breadth)
    figure.suptitle("Rotation (grade A)")
    return figure
