"""One simulated market: a latent state, and the daily bars of every instrument that follows from it.

The market's variance has a slow and a fast component on a log scale, both raised by negative returns, around
a mean set by a two-state Markov regime: the two-factor log-linear stochastic volatility model (Chernov,
Gallant, Ghysels and Tauchen 2003, doi 10.1016/S0304-4076(03)00108-8). Shocks have Student t tails. Returns of
instruments are a factor model on top of it; implied volatilities are the expected variance of the state over
their horizon times a variance premium; option chains and flows can be laid over the same state.

Random numbers come from one stream per factor, sector and symbol, drawn session by session. So a shorter
simulation is the beginning of a longer one, and adding an instrument changes no other.

The last ten sessions of 2025 are engineered on fixed dates: a sell-off led by speculative themes and bitcoin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models.simulated_positioning import EXPOSURE, FUNDS, SECTOR_FUNDS, tilt_of

Array = NDArray[np.float64]
Traits = Mapping[str, float]

SESSIONS_PER_YEAR = 252
BAR_COLUMNS = ("symbol", "date", "open", "high", "low", "close", "adj_close", "volume", "dividend", "split")

# A session is one step overnight and 26 quarter hours from 9:30 to 16:00.
INTRADAY_STEPS = 26
STEPS = 1 + INTRADAY_STEPS
OVERNIGHT_VARIANCE_SHARE = 0.25
# 14:30 UTC, the New York opening in winter; summer time is ignored.
OPENING = 14.5 / 24
QUARTER_HOUR = 1 / 96

# Quotation: decimals of a price by class, 2 unless stated.
DECIMALS = {"rate": 3, "fx": 5}

TAIL_DEGREES_OF_FREEDOM = 6
LARGEST_SHOCK = 5.0

# The market's log volatility: mean level, persistence per session, size of shocks, correlation with returns.
MEDIAN_VOLATILITY = 0.145
TYPICAL_VOLATILITY = 0.174
SLOW_PERSISTENCE, SLOW_SHOCK = 0.975, 0.055
FAST_PERSISTENCE, FAST_SHOCK = 0.87, 0.125
LEVERAGE = -0.85
VOLATILITY_BOUNDS = (0.065, 0.90)
REGIME_ENTRY, REGIME_EXIT = 0.005, 0.025
REGIME_LOG_VOLATILITY = (-0.14, 0.68)
# A change of regime shows in prices only as the market infers it: weight of the newest session.
REGIME_LEARNING = 0.08
REGIME_DRIFT = (0.17, -0.16)
# Log ratio of implied to expected variance at 15 % volatility, and its elasticity to that volatility.
VARIANCE_PREMIUM, PREMIUM_ELASTICITY = 0.30, -0.22


class Factor(NamedTuple):
    """A factor besides the market.

    Attributes:
        volatility: Annualised volatility of its own shock.
        comovement: How strongly that volatility follows the market's (elasticity).
        drift: Log return per year.
        reversion: Share of the level that is lost per session.
        beta: Loading on the market.
    """

    volatility: float
    comovement: float = 0.6
    drift: float = 0.0
    reversion: float = 0.0
    beta: float = 0.0


FACTORS = {
    "growth": Factor(0.080, drift=0.030),
    "defensive": Factor(0.080, drift=-0.005),
    "small": Factor(0.090, drift=-0.030),
    "speculative": Factor(0.200, drift=-0.030, reversion=0.001),
    "credit": Factor(0.030, reversion=0.01),
    "oil": Factor(0.340, reversion=0.006, beta=0.4),
    "gold": Factor(0.145, comovement=0.3, drift=0.080),
    "dollar": Factor(0.065, comovement=0.2, reversion=0.004, beta=-0.08),
}
BITCOIN_VOLATILITY, BITCOIN_DRIFT, BITCOIN_REVERSION, BITCOIN_BETA = 0.54, 0.10, 0.002, 1.1
# What is an instrument's own fades, so that kindred instruments stay together over years.
IDIO_REVERSION = 0.01
# How strongly an instrument's own volatility follows the market's.
IDIO_COMOVEMENT = 0.6

# Yields are the squares of mean-reverting processes, which keeps them positive (the quadratic model of Ahn,
# Dittmar and Gallant 2002): start and mean in percent, mean reversion per session, shock of the root, and
# correlation of the shock with the market's.
YIELDS: dict[str, tuple[float, float, float, float, float]] = {
    "ten_year": (2.46, 3.2, 0.003, 0.016, 0.25),
    "bill": (1.40, 2.6, 0.0015, 0.009, 0.10),
}
LONG_BOND_SPREAD = 0.35
LOWEST_YIELD = 0.01
SECTOR_VOLATILITY = 0.065

# The engineered sell-off: overnight return, and cumulated return since the previous close at given quarter
# hours of the session (the last is the close).
SELL_OFF: dict[date, tuple[float, dict[int, float]]] = {
    date(2025, 12, 17): (-0.001, {26: -0.007}),
    date(2025, 12, 18): (0.002, {26: -0.010}),
    date(2025, 12, 19): (-0.002, {26: 0.004}),
    date(2025, 12, 22): (0.001, {26: -0.006}),
    date(2025, 12, 23): (-0.004, {26: -0.010}),
    date(2025, 12, 24): (0.001, {26: 0.004}),
    date(2025, 12, 26): (-0.003, {26: -0.011}),
    date(2025, 12, 29): (0.009, {5: 0.020, 26: -0.014}),
    date(2025, 12, 30): (-0.005, {26: -0.014}),
    date(2025, 12, 31): (0.004, {3: 0.013, 26: 0.005}),
}
SELL_OFF_VOLATILITY, SELL_OFF_PULL = 0.29, 0.20
# The quiet rise before it, so that the sell-off starts from a high whatever came earlier.
QUIET_FROM, QUIET_VOLATILITY, QUIET_PULL, QUIET_DRIFT = date(2025, 9, 2), 0.125, 0.06, 0.20
# Drift per session (per calendar day for bitcoin) of a factor in an engineered spell, first and last date.
SPELLS: tuple[tuple[str, date, date, float], ...] = (
    ("speculative", date(2025, 9, 2), date(2025, 11, 28), 0.0040),
    ("speculative", date(2025, 12, 1), date(2025, 12, 31), -0.0080),
    ("bitcoin", date(2025, 12, 1), date(2025, 12, 31), -0.0085),
    ("defensive", date(2025, 12, 10), date(2025, 12, 31), 0.0035),
    ("growth", date(2025, 12, 10), date(2025, 12, 31), -0.0030),
)
SPELL_OWN_SHOCK = 0.4

# One split, in the way vendors show it: the prices are adjusted throughout, the ratio stands on its date.
SPLITS: dict[str, tuple[date, float]] = {"SMH": (date(2023, 5, 5), 2.0)}

EX_DIVIDEND_DAY = 15

# What holds an index: its returns and an own small deviation.
TRACKS: dict[str, str] = {
    "SPXTR": "SPX",
    "SPY": "SPX",
    "ES=F": "SPX",
    "QQQ": "NDX",
    "NQ=F": "NDX",
    "IWM": "RUT",
    "RTY=F": "RUT",
    # Active funds, which tilt besides.
    **dict.fromkeys(FUNDS, "SPX"),
}

# What an instrument is made of: loadings on factors (per percentage point for yields), `sector` the loading
# on the sector's own shock, `idio` its own annualised volatility, `yield` the dividend yield per year that is paid
# out, `reinvested` the one that is not, `level` the price at the start of 2018, `volume` the quantity per session.
# Later tables override earlier ones.
CLASS_TRAITS: dict[str, Traits] = {
    "index": {"level": 1000, "market": 1, "idio": 0.03, "volume": 2e9},
    "etf": {"level": 60, "market": 1, "idio": 0.05, "yield": 0.014, "volume": 4e6},
    "fund": {"level": 60, "market": 1, "idio": 0.03, "yield": 0.05},
    "future": {"level": 1000, "market": 1, "idio": 0.004, "volume": 4e5},
    "fx": {"level": 1, "dollar": 1, "idio": 0.045},
    "crypto": {"level": 100, "bitcoin": 1.1, "idio": 0.40, "volume": 5e9},
    "rate": {"ten_year": 1, "idio": 0.02},
    "volatility": {},
    "stock": {"level": 90, "market": 1, "idio": 0.22, "yield": 0.014, "volume": 5e6},
}
# Standard deviations, on a log scale, by which a stock's traits differ from those of its class and sector.
STOCK_SPREAD: Traits = {"level": 0.6, "market": 0.2, "sector": 0.3, "idio": 0.25, "yield": 0.5, "volume": 0.7}
ROLE_TRAITS: dict[str, Traits] = {
    "sector": {"sector": 1, "idio": 0.02, "volume": 1.2e7},
    "sector_equal_weight": {"sector": 0.9, "small": 0.4, "idio": 0.03, "volume": 4e5},
    "industry": {"sector": 1.2, "small": 0.4, "idio": 0.11},
    "theme": {"market": 1.2, "speculative": 1, "growth": 0.4, "idio": 0.12, "yield": 0.004},
    # Members of baskets, by the basket that names them first.
    "ai": {"market": 1.3, "growth": 1.2, "idio": 0.3, "yield": 0.002},
    "bitcoin_sensitive": {"market": 0.8, "bitcoin": 0.9, "speculative": 1.2, "idio": 0.4, "yield": 0},
    "nuclear": {"market": 1.1, "speculative": 1.6, "idio": 0.45, "yield": 0},
    "quantum": {"market": 1.1, "speculative": 2.4, "growth": 0.5, "idio": 0.45, "yield": 0},
    "rare_earths": {"speculative": 1.3, "oil": 0.1, "idio": 0.45, "yield": 0},
    "strategic_investments": {"speculative": 0.8, "idio": 0.35, "yield": 0},
    "unprofitable_tech": {"market": 1.2, "speculative": 1.5, "growth": 0.6, "idio": 0.4, "yield": 0},
    "factor": {"idio": 0.035, "volume": 2e6},
    # In its own currency; that markets abroad close hours before New York is left out.
    "foreign_index": {"market": 0.6, "defensive": -0.2, "idio": 0.13},
    "bond": {"market": 0, "ten_year": -0.07, "idio": 0.012, "yield": 0.03, "volume": 1.5e7},
    "bond_future": {"market": 0, "ten_year": -0.06, "idio": 0.008},
    "commodity": {"market": 0, "oil": 0.4, "gold": 0.2, "idio": 0.05, "yield": 0},
    "commodity_future": {"market": 0, "oil": 0.4, "gold": 0.2, "idio": 0.05},
    "currency": {"market": 0, "dollar": 1, "yield": 0},
}
SECTOR_TRAITS: dict[str, Traits] = {
    "Materials": {"defensive": -0.5, "oil": 0.04, "yield": 0.019},
    "Communication Services": {"growth": 0.4, "yield": 0.009},
    "Energy": {"market": 0.9, "defensive": -0.4, "growth": -0.5, "oil": 0.4, "yield": 0.035},
    "Financials": {"defensive": -0.5, "growth": -0.4, "ten_year": 0.03, "yield": 0.017},
    "Industrials": {"defensive": -0.5, "yield": 0.015},
    "Information Technology": {"market": 1.15, "growth": 1.1, "yield": 0.008},
    "Consumer Staples": {"market": 0.55, "defensive": 0.8, "yield": 0.025},
    "Real Estate": {"market": 0.8, "defensive": 0.3, "ten_year": -0.05, "yield": 0.034},
    "Utilities": {"market": 0.55, "defensive": 0.9, "ten_year": -0.04, "yield": 0.03},
    "Health Care": {"market": 0.75, "defensive": 0.7, "yield": 0.015},
    "Consumer Discretionary": {"market": 1.1, "growth": 0.3, "defensive": -0.5, "yield": 0.009},
}
SYMBOL_TRAITS: dict[str, Traits] = {
    "SPX": {"level": 2695, "idio": 0, "volume": 4e9},
    "NDX": {"level": 6510, "market": 1.08, "growth": 1, "idio": 0.015, "volume": 4.5e9},
    "RUT": {"level": 1550, "market": 1.1, "small": 1.1, "idio": 0.03, "volume": 4.2e9},
    "SPXTR": {"level": 5255, "idio": 0, "reinvested": 0.013, "volume": 4e9},
    "SX5E": {"level": 3490, "market": 0.8},
    "DAX": {"level": 12870, "market": 0.8},
    "UKX": {"level": 7650, "oil": 0.05},
    "NKY": {"level": 22770, "dollar": 0.3, "idio": 0.16},
    "HSI": {"level": 29920, "defensive": 0, "dollar": -0.4, "idio": 0.19},
    "KOSPI": {"level": 2470, "dollar": -0.3, "idio": 0.15},
    "AS51": {"level": 6065, "oil": 0.03},
    "SPY": {"level": 268.8, "idio": 0.002, "yield": 0.013, "volume": 8e7},
    "QQQ": {"level": 158.5, "idio": 0.003, "yield": 0.006, "volume": 4.7e7},
    "IWM": {"level": 153.9, "idio": 0.004, "yield": 0.012, "volume": 2.9e7},
    "DIA": {"level": 248, "market": 0.92, "defensive": 0.1, "growth": -0.4, "idio": 0.02, "yield": 0.018},
    "RSP": {"level": 101.8, "small": 0.5, "growth": -0.3, "idio": 0.015, "yield": 0.016},
    "EEM": {"level": 47.8, "market": 0.85, "dollar": -0.9, "idio": 0.09, "yield": 0.022, "volume": 3e7},
    "XLB": {"level": 61},
    "XLC": {"level": 50},
    "XLE": {"level": 73},
    "XLF": {"level": 28, "volume": 5e7},
    "XLI": {"level": 76},
    "XLK": {"level": 65},
    "XLP": {"level": 56.5},
    "XLRE": {"level": 32.7},
    "XLU": {"level": 52},
    "XLV": {"level": 83.6},
    "XLY": {"level": 99},
    "SMH": {"level": 50, "market": 1.35, "growth": 1.8, "idio": 0.08, "volume": 9e6},
    "SOXX": {"level": 57, "market": 1.35, "growth": 1.85, "idio": 0.08},
    "IGV": {"level": 31, "market": 1.15, "growth": 1.4, "speculative": 0.25, "yield": 0},
    "KRE": {"level": 59, "small": 1.2, "yield": 0.026, "volume": 1.1e7},
    "XBI": {"level": 87, "market": 0.95, "small": 0.8, "defensive": 0, "speculative": 0.6, "idio": 0.17},
    "ARKK": {"level": 38.6, "market": 1.35, "growth": 0.9, "speculative": 1.1, "yield": 0, "volume": 1e7},
    "QTUM": {"level": 25, "speculative": 0.6, "growth": 0.9, "volume": 2e5},
    "REMX": {"level": 80, "growth": 0, "speculative": 0.7, "idio": 0.25, "volume": 2e5},
    "WGMI": {"level": 27, "bitcoin": 0.6, "speculative": 1.4, "idio": 0.3, "yield": 0},
    "BITO": {"level": 43, "market": 0, "growth": 0, "speculative": 0, "bitcoin": 1, "idio": 0.02, "yield": 0},
    "IBIT": {
        "level": 26.6,
        "market": 0,
        "growth": 0,
        "speculative": 0,
        "bitcoin": 1,
        "idio": 0.015,
        "yield": 0,
        "volume": 4.3e7,
    },
    "GVIP": {"level": 55, "idio": 0.03},
    "MTUM": {"level": 104, "growth": 0.6, "idio": 0.07},
    "QUAL": {"level": 83, "growth": 0.15, "idio": 0.015},
    "VLUE": {"level": 84.7, "growth": -0.7, "defensive": -0.3},
    "IJS": {"level": 76.5, "small": 1.3, "growth": -0.5},
    "USMV": {"level": 52.8, "market": 0.75, "defensive": 0.5},
    "SPLV": {"level": 47.7, "market": 0.7, "defensive": 0.8},
    "SPHB": {"level": 39, "market": 1.4, "speculative": 0.3, "defensive": -0.4},
    "TLT": {"level": 125.5, "ten_year": -0.16, "yield": 0.035, "volume": 2.2e7},
    "IEF": {"level": 105, "ten_year": -0.075},
    "TIP": {"level": 114, "ten_year": -0.06},
    "LQD": {"level": 121, "ten_year": -0.08, "credit": 0.7, "market": 0.08},
    "HYG": {"level": 87.3, "market": 0.33, "ten_year": -0.02, "credit": 1, "yield": 0.055, "volume": 3e7},
    "GLD": {"level": 125, "oil": 0, "gold": 1, "dollar": -0.5, "idio": 0.01},
    "DBC": {"level": 16.7},
    "USO": {"level": 96.6, "oil": 1, "gold": 0, "idio": 0.03},
    "UUP": {"level": 24, "idio": 0.005, "volume": 1.5e6},
    "ES=F": {"level": 2696, "volume": 1.5e6},
    "RTY=F": {"level": 1552},
    "NQ=F": {"level": 6515, "volume": 6e5},
    "ZT=F": {"level": 107, "ten_year": -0.008, "bill": -0.008, "idio": 0.002},
    "ZB=F": {"level": 152, "ten_year": -0.12},
    "ZF=F": {"level": 116, "ten_year": -0.042, "idio": 0.005},
    "CL=F": {"level": 60.4, "oil": 1, "gold": 0, "idio": 0.02},
    "GC=F": {"level": 1314, "oil": 0, "gold": 1, "dollar": -0.5},
    "SI=F": {"level": 17.1, "oil": 0.1, "gold": 1.5, "dollar": -0.7, "idio": 0.17},
    "DX-Y.NYB": {"level": 91.9, "idio": 0.003},
    "EURUSD=X": {"level": 1.2, "dollar": -1.1, "idio": 0.02},
    "GBPUSD=X": {"level": 1.36, "dollar": -1, "market": 0.06},
    "USDJPY=X": {"level": 112.3, "dollar": 0.8, "market": 0.05},
    "USDCHF=X": {"level": 0.97, "dollar": 0.9},
    "USDCNH=X": {"level": 6.5, "dollar": 0.5, "idio": 0.03},
    "USDMXN=X": {"level": 19.5, "dollar": 0.8, "market": -0.25, "idio": 0.09},
    "BTC-USD": {"level": 13650, "bitcoin": 1, "idio": 0, "volume": 3e10},
    "ETH-USD": {"level": 770, "volume": 1.5e10},
    "IRX": {"ten_year": 0, "bill": 1, "idio": 0},
    "FVX": {"ten_year": 0.6, "bill": 0.4, "idio": 0},
    "TNX": {"idio": 0},
    "TYX": {"spread": LONG_BOND_SPREAD, "idio": 0.01},
}

# Volatility indices of horizon-average variance: sessions ahead, ratio to the premium of one month, and
# deviation of the own disturbance. Calm markets slope upwards: longer variance carries the larger premium.
HORIZONS: dict[str, tuple[int, float, float]] = {
    "VIX1D": (1, 0.92, 0.10),
    "VIX9D": (6, 0.97, 0.03),
    "VIX": (21, 1.0, 0.0),
    "VIX3M": (63, 1.05, 0.012),
}
LONGEST_HORIZON = 63
VOLATILITY_INDEX_BETA = -5.0
# Implied volatility of other markets: level, elasticity to the market's volatility, stationary deviation.
OTHER_IMPLIED: dict[str, tuple[float, float, float]] = {
    "VVIX": (96, 0.30, 0.06),
    "MOVE": (78, 0.45, 0.20),
    "OVX": (37, 0.50, 0.18),
    "GVZ": (16, 0.40, 0.12),
}

SECTOR_INSTRUMENTS = {
    symbol: {"symbol": symbol, "class": "etf", "role": "sector", "sector": sector}
    for sector, symbol in SECTOR_FUNDS.items()
}

# What the latent state holds, with its unit.
STATE_UNITS: dict[str, str] = {
    "volatility": "fraction per year, of the session's market return, known at the previous close",
    "expected_volatility_1m": "fraction per year, root mean expected variance of the next 21 sessions",
    "log_volatility_slow": "log, slow component after the close",
    "log_volatility_fast": "log, fast component after the close",
    "stressed": "flag, 1 in the stressed regime",
    "variance_premium": "ratio of implied to expected variance",
    "top_of_book": "USD mn, depth at the best price of the front E-mini S&P 500 future",
    "market_return": "log return, S&P 500 without dividends",
    **{f"{name}_return": "log return of the factor, beyond the market" for name in FACTORS},
    "oil_return": "log return",
    "dollar_return": "log return",
    "bitcoin_return": "log return from New York close to New York close",
    "ten_year_yield": "percent per year",
    "bill_yield": "percent per year",
}


@dataclass(frozen=True)
class Latent:
    """The truth behind the simulated market.

    Attributes:
        state: One row per session, columns and units as in `STATE_UNITS`.
        sessions: The state's index.
        steps: For each factor the log returns (yields: changes in percentage points) of each session's steps,
            overnight first; arrays of shape (sessions, STEPS).
        expected_variance: Annualised variance expected at the close for each of the next sessions, shape
            (sessions, LONGEST_HORIZON).
        days: Every calendar day from the first session to the last.
        bitcoin_steps: Bitcoin's log returns by UTC day, in equal steps, shape (days, STEPS).
    """

    state: pd.DataFrame
    sessions: pd.DatetimeIndex
    steps: Mapping[str, Array]
    expected_variance: Array
    days: pd.DatetimeIndex
    bitcoin_steps: Array


@dataclass(frozen=True)
class SimulatedMarket:
    """A simulated market.

    Attributes:
        bars: One row per symbol and date, columns `BAR_COLUMNS`: prices adjusted for splits and not for
            dividends; `adj_close` is always missing, `volume` where the market publishes none.
        latent: The state that the bars came from.
    """

    bars: pd.DataFrame
    latent: Latent


def simulate(sessions: pd.DatetimeIndex, instruments: pd.DataFrame, seed: int) -> SimulatedMarket:
    """Simulate the market and the daily bars of instruments.

    Args:
        sessions: Trading days, ascending, as naive midnights.
        instruments: Columns symbol, class, role and sector (may be missing). Class crypto trades every
            calendar day (UTC), all others on the sessions.
        seed: Same seed, same market.

    Raises:
        ValueError: If an instrument's class is unknown.
    """
    latent = simulate_latent(sessions, seed)
    rows = instruments.fillna({"sector": ""}).astype(str).to_dict("records")
    frames = [_instrument_bars(latent, cast("dict[str, str]", row), seed) for row in rows]
    return SimulatedMarket(pd.concat(frames, ignore_index=True), latent)


def simulate_latent(sessions: pd.DatetimeIndex, seed: int) -> Latent:
    """Simulate the latent state alone, which no instrument changes.

    Args:
        sessions: Trading days, ascending, as naive midnights.
        seed: Same seed, same state.
    """
    state, market = _market(sessions, seed)
    relative = (state["volatility"] / TYPICAL_VOLATILITY).to_numpy()
    steps = {"market": market}
    for name in FACTORS:
        steps[name] = _factor(sessions, name, market, relative, seed)
        state[f"{name}_return"] = steps[name].sum(axis=1)
    for name in YIELDS:
        steps[name], state[f"{name}_yield"] = _yield(name, market, state["volatility"].to_numpy(), seed)
    days = pd.date_range(sessions[0], sessions[-1])
    bitcoin, steps["bitcoin"] = _bitcoin(sessions, days, market, relative, seed)
    state["bitcoin_return"] = steps["bitcoin"].sum(axis=1)

    expected = _expected_variance(state)
    one_month = np.sqrt(expected[:, :21].mean(axis=1))
    premium = VARIANCE_PREMIUM + PREMIUM_ELASTICITY * np.log(one_month / 0.15)
    premium = np.exp(premium + _disturbance(seed, "premium", len(sessions), 0.93, 0.12))
    state["expected_volatility_1m"] = one_month
    state["variance_premium"] = premium
    # Depth falls steeply with volatility; the disturbance is what volatility does not explain.
    depth = np.log(11) - 1.6 * np.log(one_month / 0.15) + _disturbance(seed, "depth", len(sessions), 0.9, 0.25)
    state["top_of_book"] = np.exp(depth)
    return Latent(state[list(STATE_UNITS)], sessions, steps, expected, days, bitcoin)


def _stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one purpose, independent of every other's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(name.encode()))))


def _shocks(seed: int, name: str, days: int, overnight: float = OVERNIGHT_VARIANCE_SHARE) -> Array:
    """Steps of days whose sums follow a Student t of unit variance, cut at LARGEST_SHOCK; (days, STEPS)."""
    normal = _stream(seed, f"{name}/steps").standard_normal((days, STEPS))
    mixing = _stream(seed, f"{name}/mixing").chisquare(TAIL_DEGREES_OF_FREEDOM, days)
    weights = np.full(STEPS, np.sqrt((1 - overnight) / INTRADAY_STEPS))
    weights[0] = np.sqrt(overnight)
    shocks = normal * weights * np.sqrt((TAIL_DEGREES_OF_FREEDOM - 2) / mixing)[:, None]
    largest = np.maximum(np.abs(shocks.sum(axis=1)), LARGEST_SHOCK)
    return np.asarray(shocks * (LARGEST_SHOCK / largest)[:, None])


def _autoregression(shocks: Array, persistence: float) -> Array:
    """x_t = persistence x_(t-1) + shock_t from x = 0, shape as given."""
    values, last = [], 0.0
    for shock in shocks.tolist():
        last = persistence * last + shock
        values.append(last)
    return np.array(values)


def _reverting(steps: Array, reversion: float) -> Array:
    """Steps drawn back by `reversion` of the level, at the first step of each day; shape as given."""
    level = _autoregression(steps.sum(axis=1), 1 - reversion)
    pulled = steps.copy()
    pulled[1:, 0] -= reversion * level[:-1]
    return pulled


def _disturbance(seed: int, name: str, sessions: int, persistence: float, deviation: float) -> Array:
    """A first-order autoregression of given stationary deviation, starting at zero; (sessions,)."""
    normal = _stream(seed, f"{name}/disturbance").standard_normal(sessions)
    return _autoregression(normal * deviation * np.sqrt(1 - persistence**2), persistence)


def _market(sessions: pd.DatetimeIndex, seed: int) -> tuple[pd.DataFrame, Array]:
    """Volatility, regime and the market's returns: the state's first columns, and steps (sessions, STEPS)."""
    steps = _shocks(seed, "market", len(sessions))
    shocks = steps.sum(axis=1).tolist()
    normals = _stream(seed, "volatility").standard_normal((len(sessions), 2)).tolist()
    switches = _stream(seed, "regime").random(len(sessions)).tolist()
    bounds = np.log(np.array(VOLATILITY_BOUNDS) / MEDIAN_VOLATILITY).tolist()
    residual = np.sqrt(1 - LEVERAGE**2)
    stressed, slow, fast = False, REGIME_LOG_VOLATILITY[0], 0.0
    rows = []
    for t, day in enumerate(sessions.date):
        script = SELL_OFF.get(day)
        quiet = day >= QUIET_FROM and day < min(SELL_OFF)
        stressed = switches[t] < (1 - REGIME_EXIT if stressed else REGIME_ENTRY)
        stressed = script is not None or (stressed and not quiet)
        volatility = MEDIAN_VOLATILITY * float(np.exp(min(max(slow + fast, bounds[0]), bounds[1])))
        daily = volatility / np.sqrt(SESSIONS_PER_YEAR)
        drift = QUIET_DRIFT if quiet else REGIME_DRIFT[stressed]
        steps[t] *= daily
        steps[t, 0] += drift / SESSIONS_PER_YEAR
        shock = shocks[t]
        if script:
            steps[t] = _scripted_steps(steps[t], *script)
            shock = min(max(steps[t].sum() / daily, -3), 3)

        mean = REGIME_LOG_VOLATILITY[stressed]
        slow = mean + SLOW_PERSISTENCE * (slow - mean)
        slow += SLOW_SHOCK * (LEVERAGE * shock + residual * normals[t][0])
        fast = FAST_PERSISTENCE * fast + FAST_SHOCK * (LEVERAGE * shock + residual * normals[t][1])
        if script:
            fast += SELL_OFF_PULL * (np.log(SELL_OFF_VOLATILITY / MEDIAN_VOLATILITY) - slow - fast)
        elif quiet:
            slow += QUIET_PULL * (np.log(QUIET_VOLATILITY / MEDIAN_VOLATILITY) - slow)
        rows.append((volatility, float(stressed), slow, fast))
    columns = ["volatility", "stressed", "log_volatility_slow", "log_volatility_fast"]
    state = pd.DataFrame(rows, columns=columns, index=sessions, dtype=float)
    state["market_return"] = steps.sum(axis=1)
    return state, steps


def _scripted_steps(drawn: Array, overnight: float, path: Mapping[int, float]) -> Array:
    """Steps through the scripted points of a session, with what was drawn as the noise between them."""
    levels = np.interp(np.arange(STEPS), [0, *path], [overnight, *path.values()])
    noise = drawn[1:] - drawn[1:].mean()
    # The noise of a scripted turn would blur its extreme, which the script states.
    return np.concatenate([[overnight], np.diff(levels) + noise * (len(path) == 1)])


def _spells(days: pd.DatetimeIndex, name: str) -> tuple[Array, Array]:
    """Drift that the engineered spells give a factor on each day, and the factor on its own shocks."""
    drift, own = np.zeros(len(days)), np.ones(len(days))
    for factor, first, last, per_day in SPELLS:
        inside = (days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last)) & (factor == name)
        drift[inside] = per_day
        own[inside] = SPELL_OWN_SHOCK
    return drift, own


def _factor(sessions: pd.DatetimeIndex, name: str, market: Array, relative: Array, seed: int) -> Array:
    """Steps of a factor, (sessions, STEPS)."""
    factor = FACTORS[name]
    spell, own = _spells(sessions, name)
    scale = factor.volatility / np.sqrt(SESSIONS_PER_YEAR) * relative**factor.comovement * own
    steps = _shocks(seed, name, len(sessions)) * scale[:, None] + factor.beta * market
    steps[:, 0] += factor.drift / SESSIONS_PER_YEAR + spell
    return _reverting(steps, factor.reversion)


def _yield(name: str, market: Array, volatility: Array, seed: int) -> tuple[Array, Array]:
    """Steps of a yield in percentage points, (sessions, STEPS), and its level in percent, (sessions,)."""
    start, mean, reversion, shock, correlation = YIELDS[name]
    common = market * (np.sqrt(SESSIONS_PER_YEAR) / volatility)[:, None]
    own = _shocks(seed, name, len(market))
    steps = shock * (correlation * np.clip(common, -1, 1) + np.sqrt(1 - correlation**2) * own)
    # The root starts away from its mean: a first shock that is not a move.
    initial = np.sqrt(start) - np.sqrt(mean)
    steps[0, 0] += initial
    steps = _reverting(steps, reversion)
    root = np.sqrt(mean) + steps.sum(axis=1).cumsum()
    steps[0, 0] -= initial
    before = np.concatenate([[np.sqrt(start)], root[:-1]])
    # The change of a square is the change of the root times the sum of its ends.
    return steps * (root + before)[:, None], root**2


def _bitcoin(
    sessions: pd.DatetimeIndex, days: pd.DatetimeIndex, market: Array, relative: Array, seed: int
) -> tuple[Array, Array]:
    """Bitcoin's steps by UTC day, (days, STEPS), and by New York session, (sessions, STEPS)."""
    start = (sessions - sessions[0]).days.to_numpy()
    # Three quarters of an hour before the opening the market still stands at its previous close.
    session_times = start[:, None] + OPENING + QUARTER_HOUR * np.arange(-1, STEPS)
    market_path = np.insert(market, 0, 0.0, axis=1).cumsum().reshape(session_times.shape)
    day_times = np.arange(len(days))[:, None] + np.arange(1, STEPS + 1) / STEPS
    market_by_day = np.diff(np.interp(day_times.ravel(), session_times.ravel(), market_path.ravel()), prepend=0.0)

    spell, own = _spells(days, "bitcoin")
    last_session = np.searchsorted(start, np.arange(len(days)), side="right") - 1
    scale = BITCOIN_VOLATILITY / np.sqrt(365) * np.sqrt(relative[last_session]) * own
    steps = _shocks(seed, "bitcoin", len(days), overnight=1 / STEPS) * scale[:, None]
    steps = _reverting(steps, BITCOIN_REVERSION) + ((BITCOIN_DRIFT / 365 + spell) / STEPS)[:, None]
    steps += BITCOIN_BETA * market_by_day.reshape(steps.shape)

    path = np.interp(session_times[:, 1:].ravel(), np.insert(day_times, 0, 0.0), np.insert(steps.cumsum(), 0, 0.0))
    return steps, np.diff(path, prepend=0.0).reshape(market.shape)


def _expected_variance(state: pd.DataFrame) -> Array:
    """Annualised variance expected at each close for the sessions ahead, (sessions, LONGEST_HORIZON).

    Regime probabilities as the market infers them, both components and the variance of what is still to be
    drawn are rolled forward; the spread of the regime's mean around its expectation is left out.
    """
    bounds = np.log(np.array(VOLATILITY_BOUNDS) / MEDIAN_VOLATILITY)
    slow, fast = state["log_volatility_slow"].to_numpy(), state["log_volatility_fast"].to_numpy()
    stressed = state["stressed"].ewm(alpha=REGIME_LEARNING, adjust=False).mean().to_numpy()
    calm_mean, stressed_mean = REGIME_LOG_VOLATILITY
    slow_variance = fast_variance = covariance = 0.0
    variances = []
    for _ in range(LONGEST_HORIZON):
        spread = slow_variance + fast_variance + 2 * covariance
        variances.append(MEDIAN_VOLATILITY**2 * np.exp(2 * np.clip(slow + fast, *bounds) + 2 * spread))
        mean = calm_mean + (stressed_mean - calm_mean) * stressed
        slow = mean + SLOW_PERSISTENCE * (slow - mean)
        fast = FAST_PERSISTENCE * fast
        stressed = stressed * (1 - REGIME_EXIT) + (1 - stressed) * REGIME_ENTRY
        slow_variance = SLOW_PERSISTENCE**2 * slow_variance + SLOW_SHOCK**2
        fast_variance = FAST_PERSISTENCE**2 * fast_variance + FAST_SHOCK**2
        covariance = SLOW_PERSISTENCE * FAST_PERSISTENCE * covariance + SLOW_SHOCK * FAST_SHOCK * LEVERAGE**2
    return np.array(variances).T


def _implied_level(latent: Latent, symbol: str, seed: int) -> Array:
    """Closing level of a volatility index, (sessions,); an index not known here follows the VIX."""
    sessions = len(latent.state)
    premium = latent.state["variance_premium"].to_numpy()
    vix = 100 * np.sqrt(premium) * latent.state["expected_volatility_1m"].to_numpy()
    relative = np.log(vix / 18)
    if symbol in HORIZONS:
        ahead, slope, deviation = HORIZONS[symbol]
        average = np.sqrt(premium * latent.expected_variance[:, :ahead].mean(axis=1))
        return np.asarray(100 * slope * average * np.exp(_disturbance(seed, symbol, sessions, 0.5, deviation)))
    if symbol in OTHER_IMPLIED:
        level, elasticity, deviation = OTHER_IMPLIED[symbol]
        fast = latent.state["log_volatility_fast"].to_numpy() * (symbol == "VVIX")
        own = _disturbance(seed, symbol, sessions, 0.97, deviation)
        return np.asarray(level * np.exp(elasticity * (relative + fast) + own))
    if symbol == "SKEW":
        # Dearer tails in calm markets: the index tends to fall in sell-offs.
        return np.asarray(136 - 14 * relative + _disturbance(seed, symbol, sessions, 0.95, 6.5))
    if symbol in {"COR1M", "VIXEQ", "DSPX"}:
        # An index's variance is the average correlation times its members' variance.
        odds = -1.15 + 1.3 * relative + _disturbance(seed, "COR1M", sessions, 0.95, 0.3)
        correlation = 1 / (1 + np.exp(-odds))
        members = vix / np.sqrt(correlation)
        dispersion = np.sqrt(members**2 - vix**2)
        return np.asarray({"COR1M": 100 * correlation, "VIXEQ": members, "DSPX": dispersion}[symbol])
    return np.asarray(vix * np.exp(_disturbance(seed, symbol, sessions, 0.97, 0.15)))


def _volatility_path(latent: Latent, symbol: str, seed: int) -> Array:
    """Prices of a volatility index at each step, mirroring the market's path to the day's close."""
    log_close = np.log(_implied_level(latent, symbol, seed))
    before = np.concatenate([log_close[:1], log_close[:-1]])
    steps = VOLATILITY_INDEX_BETA * latent.steps["market"] + 0.03 * _shocks(seed, symbol, len(log_close))
    missing = (log_close - before) - steps.sum(axis=1)
    steps[:, 1:] += (missing / INTRADAY_STEPS)[:, None]
    return np.asarray(np.exp(before[:, None] + steps.cumsum(axis=1)))


def _traits(instrument: Mapping[str, str], seed: int) -> Traits:
    """What an instrument is made of; the more specific table wins, and stocks differ at random from theirs."""
    if instrument["class"] not in CLASS_TRAITS:
        raise ValueError(f"{instrument['symbol']}: unknown class {instrument['class']!r}")
    traits = {
        **CLASS_TRAITS[instrument["class"]],
        **SECTOR_TRAITS.get(instrument["sector"], {}),
        **ROLE_TRAITS.get(instrument["role"], {}),
        **SYMBOL_TRAITS.get(instrument["symbol"], {}),
    }
    if instrument["class"] != "stock":
        return traits
    drawn = _stream(seed, f"{instrument['symbol']}/traits").standard_normal(len(STOCK_SPREAD)).tolist()
    spread = {name: float(np.exp(STOCK_SPREAD[name] * z)) for name, z in zip(STOCK_SPREAD, drawn, strict=True)}
    return traits | {name: traits.get(name, 1) * factor for name, factor in spread.items()}


def index_mix() -> dict[str, float]:
    """The share of each GICS sector in the mix of sector funds whose return differs least from the S&P 500's.

    The simulated index has loadings on factors and no members: this is what it is said to hold. Least is the variance
    at typical volatility, as in style analysis; shares are not negative and sum to one.
    """
    from assets.models.style import long_only  # noqa: PLC0415 - scipy.optimize costs every process a quarter second

    funds = {
        sector: _traits({"symbol": "", "class": "etf", "role": "sector", "sector": sector}, 0)
        for sector in sorted(SECTOR_TRAITS)
    }
    index = _traits({"symbol": "SPX", "class": "index", "role": "benchmark", "sector": ""}, 0)
    deviations = {"market": TYPICAL_VOLATILITY} | {name: factor.volatility for name, factor in FACTORS.items()}
    # Of a square of a process.
    deviations |= {
        name: 2 * np.sqrt(mean * SESSIONS_PER_YEAR) * shock for name, (_, mean, _, shock, _) in YIELDS.items()
    }
    common = [[traits.get(name, 0) * of for traits in funds.values()] for name, of in deviations.items()]
    own = np.diag([np.hypot(SECTOR_VOLATILITY * traits["sector"], traits["idio"]) for traits in funds.values()])
    aim = [index.get(name, 0) * of for name, of in deviations.items()]
    target = np.array([*aim, *[0.0] * len(funds)])
    [[mix]] = long_only(np.vstack([common, own])[None], target[None, :, None])
    return dict(zip(funds, mix.tolist(), strict=True))


def _returns(latent: Latent, instrument: Mapping[str, str], traits: Traits, seed: int) -> Array:
    """Steps of an instrument before dividends: log returns, or percentage points of a yield."""
    symbol, sector = instrument["symbol"], instrument["sector"]
    relative = (latent.state["volatility"] / TYPICAL_VOLATILITY).to_numpy()
    own_scale = relative[:, None] ** IDIO_COMOVEMENT / np.sqrt(SESSIONS_PER_YEAR)
    steps = _reverting(traits["idio"] * own_scale * _shocks(seed, symbol, len(relative)), IDIO_REVERSION)
    if symbol in TRACKS:
        index = {"symbol": TRACKS[symbol], "class": "index", "role": "benchmark", "sector": ""}
        held = _returns(latent, index, _traits(index, seed), seed)
        for sector, share in tilt_of(symbol).items():
            held += share * _returns(
                latent, SECTOR_INSTRUMENTS[sector], _traits(SECTOR_INSTRUMENTS[sector], seed), seed
            )
        return steps + EXPOSURE.get(symbol, 1.0) * held
    for name, factor in latent.steps.items():
        if traits.get(name):
            steps += traits[name] * factor
    if sector:
        volatility = SECTOR_VOLATILITY * traits.get("sector", 1)
        steps += volatility * own_scale * _shocks(seed, f"sector {sector}", len(relative))
    return steps


def _ex_dates(sessions: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """The first session on or after EX_DIVIDEND_DAY of each quarter's last month."""
    due = (sessions.month % 3 == 0) & (sessions.day >= EX_DIVIDEND_DAY)
    return np.asarray(due & ~np.concatenate([[True], due[:-1]]))


def _instrument_bars(latent: Latent, instrument: Mapping[str, str], seed: int) -> pd.DataFrame:
    """Daily bars of one instrument, columns `BAR_COLUMNS`."""
    kind, symbol = instrument["class"], instrument["symbol"]
    traits = _traits(instrument, seed)
    days = latent.sessions
    payout: Array = np.zeros(len(days))
    if kind == "volatility":
        path = _volatility_path(latent, symbol, seed)
    elif kind == "rate":
        start = sum(traits.get(name, 0) * YIELDS[name][0] for name in YIELDS) + traits.get("spread", 0)
        changes = _returns(latent, instrument, traits, seed)
        path = np.maximum(start + changes.cumsum().reshape(changes.shape), LOWEST_YIELD)
    elif kind == "crypto":
        days = latent.days
        payout = np.zeros(len(days))
        path = _round_the_clock_path(latent, symbol, traits, seed)
    else:
        payout = np.where(_ex_dates(days), traits.get("yield", 0) / 4, 0.0)
        returns = _returns(latent, instrument, traits, seed)
        # What a fund pays out it has earned over the quarter.
        earned = traits.get("yield", 0) + traits.get("reinvested", 0)
        returns[:, 0] += earned / SESSIONS_PER_YEAR + np.log1p(-payout)
        path = traits["level"] * np.exp(returns.cumsum()).reshape(returns.shape)

    if kind == "fund":
        # A net asset value is one price a day.
        path = path[:, -1:]
    path = path.round(DECIMALS.get(kind, 2))
    close = path[:, -1]
    split_date, ratio = SPLITS.get(symbol, (None, 1.0))
    bars = {
        "symbol": symbol,
        "date": days,
        "open": path[:, 0],
        "high": path.max(axis=1),
        "low": path.min(axis=1),
        "close": close,
        "adj_close": np.full(len(days), np.nan),
        "volume": _volume(latent, symbol, days, traits, seed),
        "dividend": (payout * np.concatenate([close[:1], close[:-1]])).round(4),
        "split": np.where(days.date == split_date, ratio, 1.0),
    }
    return pd.DataFrame(bars, columns=list(BAR_COLUMNS))


def _round_the_clock_path(latent: Latent, symbol: str, traits: Traits, seed: int) -> Array:
    """Prices of a cryptocurrency by UTC day, each beginning where the last ended; (days, 1 + STEPS)."""
    bitcoin = latent.bitcoin_steps
    own = traits["idio"] / np.sqrt(365) * _shocks(seed, symbol, len(bitcoin), overnight=1 / STEPS)
    own = _reverting(own, BITCOIN_REVERSION)
    path = (traits["bitcoin"] * bitcoin + own).cumsum().reshape(bitcoin.shape)
    before = np.concatenate([[0.0], path[:-1, -1]])
    return np.asarray(traits["level"] * np.exp(np.column_stack([before, path])))


def _volume(latent: Latent, symbol: str, days: pd.DatetimeIndex, traits: Traits, seed: int) -> Array:
    """Quantity traded: rises with volatility and the size of the market's move; missing where unknown."""
    if "volume" not in traits:
        return np.full(len(days), np.nan)
    daily = latent.state["volatility"] / np.sqrt(SESSIONS_PER_YEAR)
    surprise = (latent.state["market_return"] / daily).abs()
    activity = (daily / daily.iloc[0]) ** 0.6 * (0.8 + 0.25 * surprise)
    noise = np.exp(0.2 * _stream(seed, f"{symbol}/volume").standard_normal(len(days)))
    return np.asarray((traits["volume"] * activity.reindex(days, method="ffill") * noise).round())
