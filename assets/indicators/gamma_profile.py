"""The picture of indicators.gamma_profile: the newest S&P 500 profile under both rules for implied volatility."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[np.float64]
RULES = {"gamma_sticky_strike_bn": "volatility fixed by strike", "gamma_sticky_moneyness_bn": "fixed by strike / spot"}


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Dealers' gamma against spot, with spot and the zeros of the profile marked; None without an S&P 500 chain."""
    profile = query(
        """
        from indicators.gamma_profile where underlying = 'SPX'
        qualify dense_rank() over (order by session desc, reading = 'close') = 1
        order by spot_pct
        """
    )
    if profile.empty:
        return None
    newest = profile.iloc[0]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for column, rule in RULES.items():
        zeros = _zeros(profile["spot_level"].to_numpy(), profile[column].to_numpy())
        where = "zero at " + ", ".join(f"{level:,.0f}" for level in zeros) if len(zeros) else "no zero"
        [line] = axes.plot(profile["spot_level"], profile[column], label=f"{rule}: {where}")
        axes.plot(zeros, np.zeros_like(zeros), "o", color=line.get_color())
    spot = profile.loc[profile["spot_pct"] == 100, "spot_level"].item()  # noqa: PLR2004 - today's spot
    axes.axvline(spot, color="grey", linestyle=":", label=f"spot {spot:,.2f}")
    axes.axhline(0, color="grey", linewidth=0.8)
    title = f"S&P 500, {newest['session']:%d %B %Y}, {newest['reading']} reading"
    axes.set(
        title=f"{title}; assumed: {newest['sign_convention']}",
        xlabel="S&P 500",
        ylabel="dealers' net gamma, USD bn per 1 %",
    )
    axes.legend(frameon=False)
    return figure


def _zeros(levels: Array, gamma: Array) -> Array:
    """Where the sign changes, as in indicators.dealer_gamma: not where the profile has faded out."""
    levels, gamma = levels[gamma != 0], gamma[gamma != 0]
    crossings = np.flatnonzero(np.sign(gamma[1:]) != np.sign(gamma[:-1]))
    steps = gamma[crossings + 1] - gamma[crossings]
    zeros: Array = levels[crossings] - gamma[crossings] * (levels[crossings + 1] - levels[crossings]) / steps
    return zeros
