"""Markets to build every table from: what is in them, by session, and what else has landed."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from assets.models.simulated_market import simulate
from assets.sources.availability import RELEASES, squeezemetrics
from assets.sources.sessions import DECISION_TIME, at_new_york
from tests.sql.given import FILLS, build, calendar, instruments, sessions, tables

COUNT = 620
DAYS = sessions("2023-07-12", COUNT)
SYMBOLS = (
    *("SPX", "NDX", "VIX", "VVIX", "VIX3M", "SKEW", "BTC-USD", "RUT", "IRX", "IWM"),
    *("SPXTR", "SPY", "IEF", "DBC", "XLP", "XLY", "ES=F", "QQQ", "IBIT"),
    # The sectors, and funds of both cohorts.
    *("XLB", "XLE", "XLF", "XLI", "XLK", "XLU", "XLV", "GVIP", "AGTHX", "FCNTX", "AIVSX", "DODGX"),
)
MEMBERS = tuple(f"SIM{n:02}" for n in range(1, 10))
COMPUTED = [name for name, table in tables().items() if table.filled_by == "sql" or name in FILLS]
OHLC = ["open", "high", "low", "close"]
# Shorter averages than those in use burn in within the sessions there are.
AVERAGES = pd.DataFrame(
    {
        "method_version": "test",
        "horizon": ["st", "mt", "lt"],
        "centre_of_mass": [5.0, 20.0, 60.0],
        "pivot_error_pct": 0.1,
        "fitted_on": "nothing",
    }
)
# Readings of chains around a session, by its number: the fund's for a median, the index's for what is made of it.
AROUND = {
    ("IWM", "close"): range(-6, 3),
    ("IWM", "settled"): range(-1, 3),
    ("SPX", "close"): range(-1, 2),
    ("SPX", "settled"): range(1),
}


@cache
def market() -> pd.DataFrame:
    """Rows of raw.prices from the simulated market."""
    listed = instruments()
    stocks = pd.DataFrame({"symbol": MEMBERS, "class": "stock", "role": "member", "sector": "Energy"})
    listed = pd.concat([listed[listed["symbol"].isin(SYMBOLS)], stocks], ignore_index=True)
    market = simulate(pd.DatetimeIndex(DAYS), listed, seed=7)
    return market.bars.assign(source="simulated")


def decided(day: date) -> pd.Timestamp:
    """The decision time of a session."""
    days = calendar()
    return pd.Timestamp(days.loc[days["session"] == pd.Timestamp(day), "decision_at"].iloc[0])


def series(days: Iterable[pd.Timestamp], seed: int = 3) -> pd.DataFrame:
    """Rows of raw.series: SqueezeMetrics' figures, and an overnight rate."""
    index = pd.DatetimeIndex(list(days))
    random = np.random.default_rng(seed)
    values = {
        "SQUEEZEMETRICS_GEX": (random.normal(2e9, 3e9, len(index)), squeezemetrics(index)),
        "SOFR": (random.uniform(3, 5, len(index)), RELEASES["sofr"](index)),
    }
    frames = [
        pd.DataFrame(
            {
                "series_id": name,
                "series_date": index,
                "series_value": numbers,
                "source": "vendor",
                "available_at": known,
                "observed_at": known,
            }
        )
        for name, (numbers, known) in values.items()
    ]
    return pd.concat(frames, ignore_index=True)


@cache
def lists(cut: int) -> pd.DataFrame:
    """Rows of raw.index_members: a list before a session and one after it.

    On the later one a member has left, another is in another sector, one was added before the session, one after it.
    """
    added = dict(zip(MEMBERS, (DAYS[0], DAYS[300], DAYS[0], DAYS[cut - 3], DAYS[cut + 1]), strict=False))
    first = {"SIM01": "Health Care", "SIM02": "Financials", "SIM03": "Utilities"}
    later = {"SIM01": "Financials", "SIM02": "Financials", "SIM04": "Utilities", "SIM05": "Energy"}
    rows = pd.DataFrame(
        [
            (list_date, symbol, sector, added[symbol])
            for list_date, sectors in {DAYS[400]: first, DAYS[cut + 2]: later}.items()
            for symbol, sector in sectors.items()
        ],
        columns=["list_date", "symbol", "sector", "added_date"],
    )
    known = at_new_york(pd.DatetimeIndex(rows["added_date"]), DECISION_TIME)
    return rows.assign(index_symbol="SPX", company="any", source="vendor", available_at=known, observed_at=known)


@cache
def baskets(cut: int) -> pd.DataFrame:
    """Rows of reference.basket_members: funds on both sides of the cycle, shorts, stocks by the month.

    Some are added or removed long before a session, some right after it.
    """
    first, after, last = DAYS[0], DAYS[cut + 1], DAYS[cut + 2]
    return pd.DataFrame(
        [
            ("cyclicals", "XLY", "long", "equal_daily", first, None),
            ("cyclicals", "IWM", "long", "equal_daily", DAYS[300], last),
            ("defensives", "XLP", "long", "equal_daily", first, None),
            ("defensives", "IEF", "long", "equal_daily", after, None),
            ("high_beta", "IWM", "long", "equal_daily", first, None),
            ("high_beta", "XLP", "short", "equal_daily", first, None),
            *(("unprofitable_tech", name, "long", "equal_monthly_20mn", first, None) for name in MEMBERS[1:3]),
            ("unprofitable_tech", "SIM01", "long", "equal_monthly_20mn", first, DAYS[400]),
            # Enough stocks for the bands of drawn members.
            *(("ai", name, "long", "equal_monthly", first, None) for name in MEMBERS[:6]),
            ("ai", "SIM07", "long", "equal_monthly", DAYS[200], None),
            ("ai", "SIM08", "long", "equal_monthly", first, last),
            ("ai", "SIM09", "long", "equal_monthly", after, None),
        ],
        columns=["basket", "symbol", "side", "weight_rule", "valid_from", "valid_to"],
    ).assign(why="any", valid_to=lambda rows: pd.to_datetime(rows["valid_to"]))


@cache
def filings(cut: int) -> pd.DataFrame:
    """Rows of raw.holdings: a filing before a session; one in its place, one that adds and the next after it."""
    frames = []
    for filing_id, day, adds, symbols in (
        ("first", cut - 5, False, MEMBERS[:3]),
        ("amended", cut + 1, False, MEMBERS[1:3]),
        ("added", cut + 2, True, MEMBERS[:1]),
    ):
        known = decided(DAYS[day].date())
        of = pd.DataFrame({"filing_id": filing_id, "security": symbols, "ticker": symbols})
        of = of.assign(value_usd=[1e9 / (n + 3) for n in range(len(of))], adds=adds, holder="viking", left_out=0)
        frames.append(of.assign(report_date=DAYS[cut - 50], source="edgar", available_at=known, observed_at=known))
    return pd.concat(frames, ignore_index=True)


def build_all(rows: pd.DataFrame, given: Mapping[str, pd.DataFrame], **more: Any) -> duckdb.DuckDBPyConnection:  # noqa: ANN401 - what build takes
    """Every table, with averages that burn in soon."""
    usual = {
        "reference.pivot_calibration": AVERAGES,
        "reference.basket_members": baskets(COUNT - 3),
        "raw.index_members": lists(COUNT - 3),
        "raw.holdings": filings(COUNT - 3),
    }
    return build(rows, given={**usual, **given}, **more)
