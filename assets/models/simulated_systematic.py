"""What systematic investors hold in the simulated market, and what they would trade: true positions and true flows.

Three populations see the closes of the simulated S&P 500 (and of three other funds): trend followers, funds that
control volatility, and risk parity. Each goes by rules of its own, none of which is the estimate's. Their positions
move no price. A value follows from closes up to its session only, so that cutting the future off changes none.
"""

from collections.abc import Iterable
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models import simulated_risk_parity as risk_parity
from assets.models import simulated_trend_followers as trend_followers
from assets.models import simulated_volatility_control as volatility_control
from assets.models.simulated_market import SESSIONS_PER_YEAR
from assets.models.simulated_realised import Measure, volatility

Array = NDArray[np.float64]

UNIT = "USD bn"
# The scenarios of trend followers: sessions, and the move over them in standard deviations of the last 60 sessions.
SCENARIO_SESSIONS, SCENARIO_MOVES = {"1w": 5, "1m": 21}, {"1w": 2.0, "1m": 3.0}
DIRECTIONS = {"flat": 0, "up": 1, "down": -1}
SCENARIO_MEASURE = Measure(windows=(60,))
# Those of volatility control: sessions, and the move of each, up and down in turn, in basis points.
CONTROL_SESSIONS, CONTROL_MOVES = (1, 5, 10, 21), (25, 50, 100, 200)

VARIABLES = (
    "cta_position_us",
    *(f"cta_flow_{span}_{direction}_us" for span in SCENARIO_SESSIONS for direction in DIRECTIONS),
    "vol_control_notional",
    *(f"vol_control_flow_{sessions}d_{move}bp" for sessions in CONTROL_SESSIONS for move in CONTROL_MOVES),
    "risk_parity_notional",
    "risk_parity_equity_notional",
)


def positions_and_flows(closes: pd.Series, total_returns: pd.DataFrame, seed: int) -> pd.DataFrame:
    """True positions and flows of all systematic investors.

    Args:
        closes: Closes of the S&P 500 by session, none missing.
        total_returns: Returns with dividends of `simulated_risk_parity.ASSET_CLASSES` in the same sessions, a
            fraction; the first is not used.
        seed: Same seed, same investors.

    Returns:
        One row per session from the first one on for which every fund has its history, columns `VARIABLES`, in
        USD bn: positions of the close, and flows after it, positive for purchases. `cta_` are trend followers in
        the S&P 500, `risk_parity_notional` is in all four assets, the equity notional in SPY.
    """
    close = closes.to_numpy(dtype=float)
    values = {
        **_trend_following(close, seed),
        **_volatility_control(close, seed),
        **_risk_parity(total_returns, seed),
    }
    frame = pd.DataFrame(values, index=closes.index, columns=list(VARIABLES))
    return frame.iloc[history(seed) :]


def history(seed: int) -> int:
    """How many sessions pass before every fund has its history."""
    return max(
        *(trend_followers.history_of(fund) for fund in trend_followers.population(seed)),
        *(volatility_control.history_of(fund) for fund in volatility_control.population(seed)),
        *(risk_parity.history_of(fund) for fund in risk_parity.population(seed)),
    )


def _trend_following(close: Array, seed: int) -> dict[str, Array]:
    seen = trend_followers.tape(close)
    daily = volatility(seen.squares, SCENARIO_MEASURE) / np.sqrt(SESSIONS_PER_YEAR)
    holdings = [(fund, trend_followers.holding(fund, seen)) for fund in trend_followers.population(seed)]
    values = {"cta_position_us": _sum(now.held for _, now in holdings)}
    for span, sessions in SCENARIO_SESSIONS.items():
        for direction, sign in DIRECTIONS.items():
            step = sign * SCENARIO_MOVES[span] * daily * np.sqrt(sessions) / sessions
            values[f"cta_flow_{span}_{direction}_us"] = _sum(
                trend_followers.flow(fund, seen, now, step, sessions) for fund, now in holdings
            )
    return values


def _volatility_control(close: Array, seed: int) -> dict[str, Array]:
    squares = np.diff(np.log(close), prepend=np.nan) ** 2
    funds = volatility_control.population(seed)
    now = _sum(volatility_control.notional(fund, squares) for fund in funds)
    values = {"vol_control_notional": now}
    for sessions in CONTROL_SESSIONS:
        for move in CONTROL_MOVES:
            then = _sum(volatility_control.notional(fund, squares, sessions, move / 10_000) for fund in funds)
            values[f"vol_control_flow_{sessions}d_{move}bp"] = then - now
    return values


def _risk_parity(total_returns: pd.DataFrame, seed: int) -> dict[str, Array]:
    returns = total_returns[list(risk_parity.ASSET_CLASSES)].to_numpy(dtype=float)
    held = _sum(risk_parity.notional(fund, returns) for fund in risk_parity.population(seed))
    equity = held[:, risk_parity.ASSET_CLASSES.index("SPY")]
    return {"risk_parity_notional": held.sum(axis=1), "risk_parity_equity_notional": equity}


def _sum(parts: Iterable[Array]) -> Array:
    """The sum of arrays of one shape, one after the other: no digit depends on how many sessions there are."""
    return reduce(np.add, parts)
