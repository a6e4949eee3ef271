"""indicators.option_smile: smiles known at 30 days, what quotes leave open, and real chains by another route."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtri

from assets.models.options import Contracts, implied_volatility, price, sensitivities
from assets.sources.chain_files import FileChains
from tests.sql.chains import delivered
from tests.sql.given import build, frame_of

Array = NDArray[np.float64]
SESSION = pd.Timestamp("2025-11-21")
KNOWN = pd.Timestamp("2025-11-21 23:00", tz="UTC")
SPOT = 100.0
# Call deltas of the strikes of an expiry; those that are asked for lie between two of them.
DELTAS = np.linspace(0.02, 0.98, 49) + 0.003
VALUES = ["atm_iv_30d", "put_25d_iv_30d", "call_25d_iv_30d", "skew_30d", "half_spread_30d_pct"]
BANDS = {name: (f"{name}_lo", f"{name}_hi") for name in ("atm_iv_30d", "skew_30d")} | {
    "half_spread_30d_pct": ("half_spread_30d_lo_pct", "half_spread_30d_hi_pct")
}


def expiry(
    days: float,
    level: float = 0.2,
    slope: float = 0.1,
    *,
    deltas: Array = DELTAS,
    cost: float = 0.01,
    spot: float = SPOT,
    **more: object,
) -> pd.DataFrame:
    """Calls and puts of one expiry, volatility linear in the delta of the call: level at 0.5, rising by slope.

    Args:
        days: Calendar days to settlement.
        level: Volatility where the call's delta is 0.5.
        slope: Its rise per unit of delta.
        deltas: Call deltas of the strikes.
        cost: Half-spread of the quotes, as a share of mid.
        spot: Price of the underlying and its forward.
        more: Other columns of staging.option_chains.
    """
    years = days / 365
    iv = level + slope * (deltas - 0.5)
    deviation = iv * np.sqrt(years)
    strikes = spot * np.exp(deviation**2 / 2 - ndtri(deltas) * deviation)
    table = pd.concat([pd.DataFrame({"strike": strikes, "iv": iv, "put_call": kind}) for kind in "CP"])
    table = table.assign(spot=spot, forward=spot, years=years, discount=1.0)
    options = options_of(table)
    greeks, mid = sensitivities(options, table["iv"].to_numpy()), price(options, table["iv"].to_numpy())
    expires = SESSION + pd.Timedelta(days=int(days))
    made: dict[str, Any] = {"root": "SPXW", "forward_source": "parity", "iv_source": "vendor", **more}
    return table.assign(
        **made, expiry=expires, bid=mid * (1 - cost), ask=mid * (1 + cost), delta=greeks.delta, vanna=greeks.vanna,
        gamma=greeks.gamma, vega=spot**2 * table["iv"] * years * greeks.gamma,
    )  # fmt: skip


def options_of(table: pd.DataFrame) -> Contracts:
    """What the model is given."""
    numbers = {name: table[name].to_numpy(float) for name in ("spot", "forward", "strike", "years", "discount")}
    return Contracts((table["put_call"] == "C").to_numpy(), **numbers)


def computed(*expiries: pd.DataFrame, underlying: str = "SPX", reading: str = "close") -> Mapping[str, Any]:
    """The row that a chain of these expiries makes."""
    key: dict[str, Any] = {"session": SESSION, "underlying": underlying, "reading": reading, "snapshot_id": "one"}
    chain = pd.concat(expiries).drop(columns="vega").assign(**key)
    tables = {
        "staging.option_readings": pd.DataFrame([{**key, "available_at": KNOWN}]),
        "staging.option_chains": chain,
    }
    connection = build(until="indicators.option_smile", given=tables)
    [row] = frame_of(connection, "from indicators.option_smile").to_dict("records")
    return {str(name): of for name, of in row.items()}


# The smile at 30 days


def test_a_smile_that_all_expiries_share_is_found_exactly() -> None:
    row = computed(expiry(8), expiry(23), expiry(37), expiry(65))
    assert [row[name] for name in VALUES[:4]] == pytest.approx([0.2, 0.225, 0.175, 0.05 / 0.2], abs=1e-12)
    assert row["half_spread_30d_pct"] == pytest.approx(1, abs=1e-12)
    assert (row["near_expiry"], row["next_expiry"]) == (pd.Timestamp("2025-12-14"), pd.Timestamp("2025-12-28"))
    assert (row["grade"], row["inputs_missing"], row["available_at"]) == ("B", None, KNOWN)


def test_total_variance_is_linear_in_time() -> None:
    row = computed(expiry(20, 0.2, 0), expiry(40, 0.3, 0))
    by_hand = np.sqrt((0.04 * 20 + 0.09 * 40) / 2 / 30)
    assert row["atm_iv_30d"] == pytest.approx(by_hand, abs=1e-12)
    assert row["skew_30d"] == pytest.approx(0, abs=1e-12)


def test_an_expiry_in_30_days_stands_alone() -> None:
    assert computed(expiry(30, 0.2), expiry(31, 0.9))["atm_iv_30d"] == pytest.approx(0.2, abs=1e-12)


def test_morning_and_evening_settlement_of_a_day_are_two_expiries() -> None:
    row = computed(expiry(29.73, 0.2, root="SPX"), expiry(30, 0.21), expiry(31, 0.3))
    assert row["atm_iv_30d"] == pytest.approx(0.21, abs=1e-12)


@pytest.mark.parametrize("error", [-0.002, 0.002])
def test_the_forward_that_a_source_uses_does_not_tilt_the_smile(error: float) -> None:
    chain = [expiry(23), expiry(37)]
    stated = []
    for of in chain:
        iv = implied_volatility(options_of(of.assign(forward=of["forward"] * (1 + error))), of["bid"].to_numpy() / 0.99)
        greeks = sensitivities(options_of(of), np.nan_to_num(iv, nan=0.2))
        stated.append(of.assign(iv=iv, delta=greeks.delta, vanna=greeks.vanna, gamma=greeks.gamma).dropna())
    tilted = [
        float(np.interp(0.25, side["delta"].abs().iloc[::step], side["iv"].iloc[::step]))
        for kind, step in (("P", -1), ("C", 1))
        for side in [stated[0][stated[0]["put_call"] == kind]]
    ]
    assert abs(tilted[0] - tilted[1] - 0.05) > 0.01
    row = computed(*stated)
    assert [row[name] for name in VALUES[:3]] == pytest.approx([0.2, 0.225, 0.175], abs=3e-4)


def test_each_underlying_and_reading_has_its_own_row() -> None:
    row = computed(expiry(23, root="SPY"), expiry(37, root="SPY"), underlying="SPY", reading="settled")
    assert (row["underlying"], row["reading"]) == ("SPY", "settled")
    assert row["skew_30d"] == pytest.approx(0.25, abs=1e-12)


# Quotes and bands


def test_the_band_is_what_the_quotes_leave_open() -> None:
    near, far = expiry(23), expiry(37)
    row = computed(near, far)
    widths = {}
    for name, kind, delta in (("put", "P", 0.75), ("atm", "C", 0.5), ("call", "C", 0.25)):
        by_time = []
        for of in (near, far):
            side = of[of["put_call"] == kind]
            width = (side["ask"] - side["bid"]) / 2 / side["vega"]
            by_time.append(float(np.interp(delta, DELTAS, width)))
        widths[name] = by_time

    def at_30_days(level: float, sign: int, name: str) -> float:
        total = [(level + sign * width) ** 2 * days for width, days in zip(widths[name], (23, 37), strict=True)]
        return float(np.sqrt(sum(total) / 2 / 30))

    assert row["atm_iv_30d_lo"] == pytest.approx(at_30_days(0.2, -1, "atm"), abs=1e-12)
    assert row["atm_iv_30d_hi"] == pytest.approx(at_30_days(0.2, 1, "atm"), abs=1e-12)
    lowest = (at_30_days(0.225, -1, "put") - at_30_days(0.175, 1, "call")) / 0.2
    highest = (at_30_days(0.225, 1, "put") - at_30_days(0.175, -1, "call")) / 0.2
    assert (row["skew_30d_lo"], row["skew_30d_hi"]) == pytest.approx((lowest, highest), abs=1e-12)


def test_half_spreads_are_those_of_quoted_contracts_near_the_forward_in_both_expiries() -> None:
    near, far, other = (expiry(days, cost=cost) for days, cost in ((23, 0.01), (37, 0.03), (60, 0.5)))
    for of in (near, far):
        of.loc[(of["strike"] / SPOT - 1).abs() > 0.02, "ask"] *= 1.5
    at_the_forward = [(of["strike"] / SPOT - 1).abs() <= 0.02 for of in (near, far)]
    spreads = np.repeat([1.0, 3.0], [of.sum() for of in at_the_forward])
    row = computed(near, far, other)
    assert row["half_spread_30d_pct"] == pytest.approx(np.median(spreads), abs=1e-12)
    assert (row["half_spread_30d_lo_pct"], row["half_spread_30d_hi_pct"]) == pytest.approx((1, 3), abs=1e-12)


def without(of: pd.DataFrame, what: str) -> pd.DataFrame:
    """An expiry that cannot be used."""
    if what == "its calls of a quarter":
        return of[~((of["put_call"] == "C") & of["delta"].between(0.15, 0.35))]
    changes: dict[str, dict[str, object]] = {
        "bids": {"bid": 0.0},
        "quotes": {"bid": np.nan, "ask": np.nan},
        "quotes in order": {"bid": of["ask"] * 1.01},
        "a volatility of its own": {"iv_source": "interpolated"},
        "a forward from parity": {"forward_source": "carry"},
    }
    return of.assign(**changes[what])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "what",
    ["bids", "quotes", "quotes in order", "a volatility of its own", "a forward from parity", "its calls of a quarter"],
)
def test_an_expiry_that_cannot_be_used_is_passed_over_for_the_next(what: str) -> None:
    row = computed(expiry(23, 0.2), without(expiry(28, 0.5), what), expiry(37, 0.2))
    assert row["atm_iv_30d"] == pytest.approx(0.2, abs=1e-12)
    assert row["near_expiry"] == pd.Timestamp("2025-12-14")


NEAR, FAR = "quoted smile 7 to 30 days away", "quoted smile 30 to 70 days away"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((37, 60), NEAR),
        ((6.9, 37), NEAR),
        ((8, 23), FAR),
        ((23, 71), FAR),
        ((1, 90), f"{NEAR}, {FAR}"),
    ],
)
def test_nothing_is_extrapolated(days: Sequence[float], said: str) -> None:
    row = computed(*(expiry(n) for n in days))
    assert pd.isna([row[name] for name in [*VALUES, *(end for ends in BANDS.values() for end in ends)]]).all()
    assert row["inputs_missing"] == said


def test_a_chain_without_quotes_says_so() -> None:
    row = computed(*(without(expiry(days), "quotes") for days in (23, 37)))
    assert pd.isna([row[name] for name in VALUES]).all()
    assert row["inputs_missing"] == f"{NEAR}, {FAR}"


def test_strikes_that_lie_too_far_apart_say_nothing_of_what_is_between() -> None:
    sparse = np.array([0.05, 0.19, 0.31, 0.45, 0.55, 0.7, 0.8, 0.95])
    row = computed(expiry(23), expiry(37, deltas=sparse))
    assert (row["inputs_missing"], pd.isna(row["skew_30d"])) == (FAR, True)


def test_volatility_so_high_that_no_strike_is_within_2_percent_leaves_the_half_spread_alone_null() -> None:
    wide = np.array([0.2, 0.29, 0.36, 0.45, 0.535, 0.63, 0.71, 0.8])
    row = computed(*(expiry(days, 1.5, deltas=wide) for days in (23, 37)))
    assert row["atm_iv_30d"] == pytest.approx(1.5, abs=1e-12)
    assert pd.isna(row["half_spread_30d_pct"])
    assert row["inputs_missing"] == "quotes within 2 % of the forward"


@settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
@given(
    scale=st.sampled_from([1e-2, 70.0]),
    levels=st.tuples(st.floats(0.08, 0.9), st.floats(0.08, 0.9)),
    slope=st.floats(-0.1, 0.1),
    cost=st.floats(0, 0.2),
)
def test_bands_hold_their_value_whatever_the_unit_of_price(
    scale: float, levels: tuple[float, float], slope: float, cost: float
) -> None:
    one, other = (
        computed(
            *(expiry(days, of, slope, cost=cost, spot=SPOT * by) for days, of in zip((20, 40), levels, strict=True))
        )
        for by in (1, scale)
    )
    for name in VALUES:
        assert one[name] == pytest.approx(other[name], rel=1e-9, abs=1e-9)
    for name, (low, high) in BANDS.items():
        assert one[low] - 1e-12 <= one[name] <= one[high] + 1e-12
    # A put with a call's delta and the other way round: volatilities between those of the two expiries.
    shift = 0.25 * abs(slope)
    assert min(levels) - shift - 1e-9 <= one["put_25d_iv_30d"] <= max(levels) + shift + 1e-9


# Real chains


REAL = (
    "cboe_quotedata/spx_quotedata_2025-08-20.csv.gz",
    "cboe_quotedata/spy_quotedata_2025-08-20.csv.gz",
    "yfinance/SPX_2026-01-30.csv.gz",
)


@cache
def of_record(folder: Path) -> list[tuple[Mapping[str, Any], pd.DataFrame]]:
    """Of three real chains, S&P 500 and SPY of one session and S&P 500 of another: its row and its contracts."""
    with TemporaryDirectory() as few:
        for name in REAL:
            link = Path(few, "option_chains", name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder / "option_chains" / name)
        chains = delivered(FileChains(Path(few)))
    # What expires later does not matter here.
    chains = chains[chains["expiry"] - chains["session"] < pd.Timedelta(days=75)]
    readings = chains.groupby(["session", "underlying", "reading", "snapshot_id"], as_index=False).agg(
        spot=("spot", "first"), available_at=("available_at", "max")
    )
    # A chain without a spot is valued at the close.
    readings["spot"] = readings["spot"].fillna(6939.03)
    bills = pd.DataFrame({"symbol": "IRX", "session": readings["session"].unique(), "close": [4.1, 3.6]})
    given = {"raw.option_chains": chains, "staging.option_readings": readings, "staging.prices": bills}
    connection = build(until="indicators.option_smile", now=datetime(2026, 2, 2, 23, tzinfo=UTC), given=given)
    found = frame_of(connection, "from indicators.option_smile order by session, underlying").to_dict("records")
    contracts = frame_of(connection, "from staging.option_chains where years between 7 / 365 and 70 / 365")
    by_chain = dict(list(contracts.groupby("snapshot_id")))
    return [({str(name): of for name, of in row.items()}, by_chain[row["snapshot_id"]]) for row in found]


def by_another_route(contracts: pd.DataFrame) -> Mapping[str, float]:
    """Volatilities at 30 days from mids alone: inverted on our forward, each expiry's smile a line between strikes."""
    quoted = contracts[(contracts["bid"] > 0) & (contracts["ask"] >= contracts["bid"])]
    is_call = quoted["put_call"] == "C"
    smile = quoted[np.where(is_call, quoted["strike"] >= quoted["forward"], quoted["strike"] < quoted["forward"])]
    options = options_of(smile)
    iv = implied_volatility(options, ((smile["bid"] + smile["ask"]) / 2).to_numpy())
    delta = sensitivities(options, iv).delta
    smile = smile.assign(mid_iv=iv, call_delta=np.where(options.is_call, delta, 1 + delta)).dropna(subset="mid_iv")
    by_expiry = {}
    for years, of in smile[smile["call_delta"].between(0.1, 0.9)].groupby("years"):
        ordered = of.sort_values("call_delta")
        if ordered["call_delta"].diff().max() < 0.1:
            by_expiry[years] = np.interp([0.75, 0.5, 0.25], ordered["call_delta"], ordered["mid_iv"])
    variance = pd.DataFrame(by_expiry).T.sort_index()
    variance = variance.pow(2).mul(variance.index.to_numpy(), axis=0)
    put, atm, call = (np.sqrt(np.interp(30 / 365, variance.index, variance[n]) / (30 / 365)) for n in range(3))
    return {"atm_iv_30d": atm, "put_25d_iv_30d": put, "call_25d_iv_30d": call, "skew_30d": (put - call) / atm}


def test_real_smiles_are_those_of_the_mids(market_data: Path) -> None:
    # Of the index alone: its options are European.
    index, _, later = of_record(market_data)
    for row, contracts in (index, later):
        for name, expected in by_another_route(contracts).items():
            assert row[name] == pytest.approx(expected, abs=0.004 if name == "skew_30d" else 0.001), name


def test_real_smiles_of_record(market_data: Path) -> None:
    rows = [row for row, _ in of_record(market_data)]
    assert [[round(row[name], 3) for name in ("atm_iv_30d", "skew_30d", "half_spread_30d_pct")] for row in rows] == [
        [0.125, 0.401, 0.433],
        [0.124, 0.402, 0.231],
        [0.138, 0.43, 0.735],
    ]
    assert [row["inputs_missing"] for row in rows] == [None] * 3
    # Two chains on one index, one of European and one of American options, agree within the band.
    index, fund, _ = rows
    assert index["skew_30d_lo"] <= fund["skew_30d"] <= index["skew_30d_hi"]


def test_the_forward_of_a_real_source_is_taken_out(market_data: Path) -> None:
    # As this one states the volatilities, those at a quarter's delta give a skew of 0.37.
    row, contracts = of_record(market_data)[-1]
    near = contracts[contracts["expiry"] == row["near_expiry"]]
    put, call = (float(near["iv"].iloc[int((near["delta"] - delta).abs().argmin())]) for delta in (-0.25, 0.25))
    assert (put - call) / row["atm_iv_30d"] < row["skew_30d_lo"] - 0.03
