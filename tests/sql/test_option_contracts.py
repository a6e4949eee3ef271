"""staging.option_chains: the contracts of the chains that are used, each with a volatility and sensitivities."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.models.options import Contracts, price, sensitivities
from assets.sources.option_chains import Snapshot
from tests.sql.chains import bill, quoted, rows, skewed, whole
from tests.sql.given import Bar, bars, build, frame_of, rows_of, sessions

BEFORE, FRIDAY = sessions("2025-11-20", 2)
SPOT_OF_100 = bars("IWM", [BEFORE, FRIDAY], [99.0, 100.0])
RATE, DIVIDENDS = 0.04, 0.013
chain = partial(whole, "IWM", FRIDAY)


def valued(of: Snapshot, prices: Iterable[Bar] = ()) -> pd.DataFrame:
    """The rows of staging.option_chains by contract."""
    connection = build(prices, "staging.option_chains", given={"raw.option_chains": rows(of)})
    return frame_of(connection, "from staging.option_chains order by root, expiry, put_call, strike")


def test_a_contract_is_valued_with_the_volatility_that_its_source_states() -> None:
    of = chain(rate=RATE, dividend_yield=DIVIDENDS, iv=skewed, spread=0.02)
    found = valued(of, [*SPOT_OF_100, bill(FRIDAY, RATE)])
    assert len(found) == len(of.contracts)
    assert set(found["iv_source"]) == {"vendor"}
    assert set(found["forward_source"]) == {"parity"}
    assert found["forward"].to_numpy() == pytest.approx(100 * np.exp((RATE - DIVIDENDS) * found["years"]), rel=1e-9)
    assert found["discount"].to_numpy() == pytest.approx(np.exp(-RATE * found["years"]), rel=1e-12)
    contracts = Contracts(
        (found["put_call"] == "C").to_numpy(),
        *(found[name].to_numpy() for name in ("spot", "forward", "strike", "years", "discount")),
    )
    greeks = sensitivities(contracts, found["iv"].to_numpy())
    for name in ("delta", "gamma", "vanna", "charm"):
        np.testing.assert_allclose(found[name], getattr(greeks, name), rtol=1e-12, atol=1e-14, err_msg=name)
    quotes = (found["bid"] + found["ask"]).to_numpy() / 2
    alive = quotes > 0.02
    np.testing.assert_allclose(price(contracts, found["iv"].to_numpy())[alive], quotes[alive], atol=1e-9)


def test_what_has_expired_by_the_close_is_not_valued() -> None:
    found = valued(chain(change=lambda rows: pd.concat([rows, rows.head(99).assign(expiry=FRIDAY)])), SPOT_OF_100)
    assert len(found) == 510
    assert (found["expiry"] > FRIDAY).all()


def without_iv(*strikes: float, quoted: bool = True) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What takes the volatility from the contracts at these strikes, and the quotes too."""

    def change(contracts: pd.DataFrame) -> pd.DataFrame:
        gone = contracts["strike"].isin(strikes)
        quotes = {name: contracts[name].where(~gone | quoted) for name in ("bid", "ask")}
        return contracts.assign(iv=contracts["iv"].where(~gone, 0.0), **quotes)

    return change


def test_without_a_stated_volatility_the_mid_gives_it() -> None:
    of = chain(rate=RATE, iv=skewed, change=without_iv(96.0, 104.0))
    found = valued(of, [*SPOT_OF_100, bill(FRIDAY, RATE)])
    mid = found[found["strike"].isin([96.0, 104.0])]
    assert set(mid["iv_source"]) == {"mid"}
    assert len(mid) == 20
    truth = skewed(mid.assign(moneyness=np.log(mid["strike"] / mid["forward"])))
    np.testing.assert_allclose(mid["iv"], truth, rtol=1e-6)


def test_without_quotes_the_neighbours_give_the_volatility() -> None:
    found = valued(chain(iv=skewed, change=without_iv(96.0, 104.0, quoted=False)), SPOT_OF_100)
    filled = found[found["strike"].isin([96.0, 104.0])]
    assert set(filled["iv_source"]) == {"interpolated"}
    # The smile is straight in log-moneyness but for its ends, and forward is spot.
    truth = skewed(filled.assign(moneyness=np.log(filled["strike"] / 100)))
    np.testing.assert_allclose(filled["iv"], truth, rtol=1e-9)


def test_the_smile_between_strikes_is_that_of_the_contracts_out_of_the_money() -> None:
    def change(contracts: pd.DataFrame) -> pd.DataFrame:
        in_the_money = (contracts["put_call"] == "C") == (contracts["strike"] < 100)
        return without_iv(96.0, quoted=False)(contracts).assign(
            iv=lambda c: c["iv"].where(~in_the_money | (c["iv"] == 0), 3.0)
        )

    found = valued(chain(iv=0.2, change=change), SPOT_OF_100)
    assert found.loc[found["strike"] == 96.0, "iv"].to_numpy() == pytest.approx([0.2] * 10)


def test_a_contract_beyond_all_volatilities_is_left_out() -> None:
    found = valued(chain(change=without_iv(80.0, 120.0, quoted=False)), SPOT_OF_100)
    assert len(found) == 490
    assert not found["strike"].isin([80.0, 120.0]).any()


def test_without_quoted_pairs_the_forward_is_carried() -> None:
    def one_sided(contracts: pd.DataFrame) -> pd.DataFrame:
        return contracts.assign(ask=contracts["ask"].where(contracts["expiry"] != contracts["expiry"].max()))

    found = valued(chain(rate=RATE, change=one_sided), [*SPOT_OF_100, bill(FRIDAY, RATE)])
    carried = found[found["forward_source"] == "carry"]
    assert set(carried["expiry"]) == {found["expiry"].max()}
    assert carried["forward"].to_numpy() == pytest.approx(100 * np.exp((RATE - 0.013) * carried["years"]), rel=1e-12)


def test_open_interest_that_is_not_stated_counts_as_none() -> None:
    def unstated(contracts: pd.DataFrame) -> pd.DataFrame:
        return contracts.assign(open_interest=contracts["open_interest"].where(contracts["strike"] != 100.0))

    found = valued(chain(change=unstated), SPOT_OF_100)
    assert (found.loc[found["strike"] == 100.0, "open_interest"] == 0).all()
    assert len(found) == 510


def test_only_what_is_used_is_valued() -> None:
    later = quoted(FRIDAY, "close") + pd.Timedelta(hours=2)
    given = [chain(seed=1), chain(seed=2, quote_at=later), chain(reading="intraday"), whole("IWM", BEFORE, spot=150.0)]
    connection = build(SPOT_OF_100, "staging.option_chains", given={"raw.option_chains": rows(*given)})
    assert rows_of(connection, "select distinct snapshot_id from staging.option_chains") == [(given[1].snapshot_id,)]
