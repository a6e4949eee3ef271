"""The picture of indicators.cta_flows: what each scenario brings from here, and the flat ones over a year."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from assets.indicators.axes import date_concisely

LENGTHS = {5: "1 week", 21: "1 month"}
SCENARIOS = ["flat", "up", "down"]


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Global flows of the newest session with their bands, and a year of flat weeks and months; None without any."""
    rows = query(
        """
        from indicators.cta_flows
        where flow_global_bn is not null
        qualify dense_rank() over (order by session desc) <= 252
        order by session
        """
    )
    if rows.empty:
        return None
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    now, year = figure.subplots(1, 2)
    newest = rows[rows["session"] == rows["session"].max()].set_index(["flow_sessions", "scenario"])
    for sessions, name in LENGTHS.items():
        scenarios = newest.loc[sessions].loc[SCENARIOS]
        flow = scenarios["flow_global_bn"]
        band = [flow - scenarios["flow_global_lo_bn"], scenarios["flow_global_hi_bn"] - flow]
        shift = -0.2 if sessions == min(LENGTHS) else 0.2
        now.bar([n + shift for n in range(len(flow))], flow, 0.38, yerr=band, capsize=3, label=name)
        flat = rows[(rows["flow_sessions"] == sessions) & (rows["scenario"] == "flat")]
        year.plot(flat["session"], flat["flow_global_bn"], label=f"flat {name}")
    now.set_xticks(range(len(SCENARIOS)), SCENARIOS)
    now.set(title=f"From {rows['session'].max():%Y-%m-%d} on, 80 % bands", ylabel="USD bn bought worldwide")
    year.set(title="Flat market, session by session")
    date_concisely(year)
    for axes in (now, year):
        axes.axhline(0, color="grey", linewidth=0.8)
        axes.legend(frameon=False)
    figure.suptitle("Flows of trend followers in equities (grade C)")
    return figure
