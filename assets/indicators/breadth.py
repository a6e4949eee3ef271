"""The picture of indicators.breadth: two years of members above their averages and of the advance-decline line."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from assets.indicators.axes import date_concisely

_SESSIONS = {"above_50d": "50 sessions", "above_200d": "200 sessions"}


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Shares of the last 504 sessions with their bounds, and the line; None without a share."""
    columns = ", ".join(f"{name}_{end}" for name in _SESSIONS for end in ("pct", "lo_pct", "hi_pct"))
    history = query(
        f"""
        select session, advance_decline_line, {columns}
        from indicators.breadth
        where above_50d_pct is not null
        order by session desc
        limit 504
        """
    ).sort_values("session")
    if history.empty:
        return None
    figure = Figure(figsize=(9, 6), layout="constrained")
    shares, line = figure.subplots(2, 1, sharex=True)
    days = history["session"]
    for name, label in _SESSIONS.items():
        shares.fill_between(days, history[f"{name}_lo_pct"], history[f"{name}_hi_pct"], alpha=0.2)
        shares.plot(days, history[f"{name}_pct"], linewidth=1, label=label)
    shares.set(title="Members of the S&P 500 above their average of", ylabel="%", ylim=(0, 100))
    shares.legend(frameon=False, ncols=2)
    line.plot(days, history["advance_decline_line"], linewidth=1)
    line.set(title="Advance-decline line", ylabel="members")
    date_concisely(line)
    return figure
