"""Prices, sensitivities and implied volatilities against QuantLib, vollib and finite differences."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql  # type: ignore[import-untyped]  # noqa: N813 - as its own documents call it
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vollib.black.implied_volatility import implied_volatility as vollib_iv  # type: ignore[import-untyped]
from vollib.black_scholes_merton.greeks.analytical import delta as vollib_delta  # type: ignore[import-untyped]
from vollib.black_scholes_merton.greeks.analytical import gamma as vollib_gamma

from assets.models.options import Contracts, implied_volatility, price, sensitivities
from assets.sources.chain_files import FileChains
from assets.sources.option_chains import Snapshot, Underlying
from assets.staging.option_chains import valued

Array = NDArray[np.float64]
SPOT = 6600.0
FEW = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def listed(rate: float = 0.04, dividend_yield: float = 0.013) -> tuple[Contracts, Array]:
    """Contracts over moneyness, maturity and volatility, and their volatilities."""
    axes = np.meshgrid([0.7, 0.9, 0.97, 1.0, 1.03, 1.1, 1.3], [1 / 365, 0.05, 0.5, 3.0], [0.08, 0.2, 0.9], [1.0, 0.0])
    moneyness, years, iv, kind = (axis.ravel() for axis in axes)
    forward = SPOT * np.exp((rate - dividend_yield) * years)
    discount = np.exp(-rate * years)
    return Contracts(kind == 1, np.full(len(years), SPOT), forward, SPOT * moneyness, years, discount), iv


def of_quantlib(options: Contracts, iv: Array) -> pd.DataFrame:
    """Price, delta and gamma by QuantLib's Black calculator."""
    rows = []
    for n, v in enumerate(iv * np.sqrt(options.years)):
        kind = ql.Option.Call if options.is_call[n] else ql.Option.Put
        payoff = ql.PlainVanillaPayoff(kind, float(options.strike[n]))
        of = ql.BlackCalculator(payoff, float(options.forward[n]), float(v), float(options.discount[n]))
        spot = float(options.spot[n])
        rows.append((of.value(), of.delta(spot), of.gamma(spot)))
    return pd.DataFrame(rows, columns=["price", "delta", "gamma"])


def of_vollib(options: Contracts, iv: Array) -> pd.DataFrame:
    """Delta and gamma by vollib, which takes rates rather than forwards."""
    rates = -np.log(options.discount) / options.years
    yields = rates - np.log(options.forward / options.spot) / options.years
    numbers = np.column_stack([options.spot, options.strike, options.years, rates, iv, yields]).tolist()
    kinds = np.where(options.is_call, "c", "p").tolist()
    rows = [(vollib_delta(k, *n), vollib_gamma(k, *n)) for k, n in zip(kinds, numbers, strict=True)]
    return pd.DataFrame(rows, columns=["delta", "gamma"])


def assert_close(found: Array, expected: pd.Series) -> None:
    """Equal to 1e-8 of the value; below 1e-12 rounding is all there is."""
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("rate", "dividend_yield"), [(0.04, 0.013), (0.0, 0.0), (0.001, 0.03)])
def test_prices_and_sensitivities_equal_quantlibs_and_vollibs(rate: float, dividend_yield: float) -> None:
    options, iv = listed(rate, dividend_yield)
    greeks, theirs, others = sensitivities(options, iv), of_quantlib(options, iv), of_vollib(options, iv)
    np.testing.assert_allclose(price(options, iv), theirs["price"], rtol=1e-9, atol=1e-9)
    for name in ("delta", "gamma"):
        assert_close(getattr(greeks, name), theirs[name])
        assert_close(getattr(greeks, name), others[name])


def test_our_gamma_of_real_contracts_equals_quantlibs_and_vollibs(market_data: Path) -> None:
    spx = Underlying("SPX", ("SPX", "SPXW"), is_index=True, yahoo_symbol="^GSPC")
    found = FileChains(market_data).snapshots([spx], (), {pd.Timestamp("2025-08-28").date()})
    [chain] = [snapshot for snapshot in found if isinstance(snapshot, Snapshot)]
    alive = chain.contracts[chain.contracts["expiry"] > "2025-08-28"]
    years = (alive["expiry"] - pd.Timestamp("2025-08-28")).dt.days / 365
    rows = alive.rename(columns={"iv": "vendor_iv"}).assign(
        snapshot_id=chain.snapshot_id,
        spot=chain.spot,
        years=years,
        forward=np.float64(chain.spot) * np.exp(0.028 * years),
        discount=np.exp(-0.041 * years),
    )
    sample = valued(rows.reset_index(drop=True)).query("0.6 * spot < strike < 1.4 * spot").sample(400, random_state=1)
    numbers = {name: sample[name].to_numpy(float) for name in ("spot", "forward", "strike", "years", "discount")}
    options, iv = Contracts((sample["put_call"] == "C").to_numpy(), **numbers), sample["iv"].to_numpy()
    for theirs in (of_quantlib(options, iv), of_vollib(options, iv)):
        meaningful = theirs["gamma"].to_numpy() > 1e-12
        relative = np.abs(sample["gamma"].to_numpy() / theirs["gamma"].to_numpy() - 1)
        assert relative[meaningful].max() < 1e-8
        assert meaningful.sum() > 300


def test_implied_volatility_is_the_one_that_made_the_price() -> None:
    options, iv = listed()
    prices = price(options, iv)
    out = np.where(options.is_call, options.strike - options.forward, options.forward - options.strike) >= 0
    meaningful = out & (prices > 1e-4)
    found = implied_volatility(options, prices)
    np.testing.assert_allclose(found[meaningful], iv[meaningful], rtol=1e-7)
    for n in np.flatnonzero(meaningful):
        kind = "c" if options.is_call[n] else "p"
        theirs = vollib_iv(
            float(prices[n]),
            float(options.forward[n]),
            float(options.strike[n]),
            float(-np.log(options.discount[n]) / options.years[n]),
            float(options.years[n]),
            kind,
        )
        assert found[n] == pytest.approx(theirs, rel=1e-6)


def test_vanna_and_charm_are_the_derivatives_of_delta() -> None:
    options, iv = listed()
    far = options.years > 0.01
    options = Contracts(**{name: value[far] for name, value in vars(options).items()})
    iv, small = iv[far], 1e-5
    greeks = sensitivities(options, iv)
    by_iv = (sensitivities(options, iv + small).delta - sensitivities(options, iv - small).delta) / (2 * small)
    np.testing.assert_allclose(greeks.vanna, by_iv, rtol=1e-5, atol=1e-7)

    def later(step: float) -> Array:
        years = options.years - step
        forward = options.spot * (options.forward / options.spot) ** (years / options.years)
        discount = options.discount ** (years / options.years)
        return sensitivities(replace(options, years=years, forward=forward, discount=discount), iv).delta

    np.testing.assert_allclose(greeks.charm, (later(small) - later(-small)) / (2 * small), rtol=1e-5, atol=1e-5)


@FEW
@given(
    moneyness=st.floats(0.5, 2),
    years=st.floats(1 / 365, 5),
    iv=st.floats(0.02, 2),
    rate=st.floats(-0.01, 0.1),
    carry=st.floats(-0.05, 0.1),
)
def test_call_and_put_keep_parity(moneyness: float, years: float, iv: float, rate: float, carry: float) -> None:
    numbers = (SPOT, SPOT * np.exp(carry * years), SPOT * moneyness, years, np.exp(-rate * years))
    call, put = (Contracts(np.array([is_call]), *(np.array([n]) for n in numbers)) for is_call in (True, False))
    at = np.array([iv])
    parity = call.discount * (call.forward - call.strike)
    np.testing.assert_allclose(price(call, at) - price(put, at), parity, atol=1e-8)
    of_call, of_put = sensitivities(call, at), sensitivities(put, at)
    assert of_call.gamma[0] == of_put.gamma[0] >= 0
    assert of_call.vanna[0] == of_put.vanna[0]
    np.testing.assert_allclose(of_call.delta - of_put.delta, call.discount * call.forward / call.spot, rtol=1e-12)


@pytest.mark.parametrize("above", [-1.0, 0.0, 1e9], ids=["below intrinsic", "at intrinsic", "beyond any volatility"])
def test_a_price_at_or_beyond_its_bounds_has_no_volatility(above: float) -> None:
    options, _ = listed()
    intrinsic = np.where(options.is_call, options.forward - options.strike, options.strike - options.forward)
    prices = options.discount * np.maximum(intrinsic, 0) + above
    found = implied_volatility(options, prices)
    assert found.shape == prices.shape
    assert np.isnan(found).all()
