"""The picture of indicators.liquidity: the last two years of depth, of the score, and of what VIX does not explain."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from assets.indicators.axes import date_concisely


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Depth and score of the last 504 sessions with their 80 % bands, and the residual; None without depth."""
    history = query(
        """
        select
            session, top_of_book_usd_mn, top_of_book_lo_usd_mn, top_of_book_hi_usd_mn,
            liq_stress, liq_stress_lo, liq_stress_hi, amihud_residual_z
        from indicators.liquidity
        where top_of_book_usd_mn is not null
        order by session desc
        limit 504
        """
    ).sort_values("session")
    if history.empty:
        return None
    figure = Figure(figsize=(9, 7), layout="constrained")
    depth, score, residual = figure.subplots(3, 1, sharex=True)
    days = history["session"]
    depth.fill_between(
        days, history["top_of_book_lo_usd_mn"], history["top_of_book_hi_usd_mn"], alpha=0.2, label="80 % band"
    )
    depth.plot(days, history["top_of_book_usd_mn"], label="estimate")
    depth.set(title="Depth at the best price of the E-mini S&P 500, as VIX implies it (grade B)", ylabel="USD mn")
    depth.set_yscale("log")
    depth.legend(frameon=False, ncols=2)
    score.fill_between(days, history["liq_stress_lo"], history["liq_stress_hi"], alpha=0.2)
    score.plot(days, history["liq_stress"])
    score.set(title="Liquidity stress (grade C)", ylabel="0 to 10", ylim=(0, 10.2))
    residual.axhline(0, linewidth=0.8, color="black")
    residual.plot(days, history["amihud_residual_z"], linewidth=1)
    residual.set(title="Price impact that VIX does not explain (grade C)", ylabel="standard deviations")
    date_concisely(residual)
    return figure
