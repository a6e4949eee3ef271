"""Fills indicators.trend_averages: the recursion behind the pivot levels."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models.systematic_trend import average

COLUMNS = ["session", "symbol", "horizon", "spell_sessions", "average_price", "centre_of_mass", "method_version"]


def fill(inputs: Inputs) -> Filled:
    """Averages of every market and horizon, columns as in sql/indicators/trend_averages.sql."""
    prices = inputs.query(
        """
        select session, symbol, spell, excess_price
        from indicators.excess_prices
        where excess_price is not null
        order by symbol, spell, session
        """
    )
    calibration = inputs.query(
        """
        from reference.pivot_calibration
        where method_version = (select max(method_version) from reference.pivot_calibration)
        order by centre_of_mass
        """
    )
    spells = prices.groupby(["symbol", "spell"])["excess_price"]
    prices["spell_sessions"] = spells.cumcount() + 1
    frames = [
        prices.assign(
            horizon=str(row["horizon"]),
            average_price=spells.transform(average, float(row["centre_of_mass"])),
            centre_of_mass=float(row["centre_of_mass"]),
            method_version=str(row["method_version"]),
        )
        for _, row in calibration.iterrows()
    ]
    return Filled(pd.concat(frames, ignore_index=True)[COLUMNS])
