"""Fills staging.option_chains: every unexpired contract with a volatility and our own sensitivities."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models.options import Contracts, implied_volatility, sensitivities

# Contracts that are computed and checked together.
BATCH_CONTRACTS = 200_000
# What vendors write in place of a volatility that they could not find.
LEAST_IV = 0.01
# Of the S&P 500, where an expiry has no quoted pair to imply a forward.
DIVIDEND_YIELD = 0.013
# More than log-moneyness ever spans.
APART = 100.0
EXPIRY = ["snapshot_id", "root", "expiry"]


def fill(inputs: Inputs) -> Iterator[Filled]:
    """Contracts of the readings that are still to be computed, columns as in sql/staging/option_chains.sql.

    A contract without a volatility from its source has the one of its mid; without a usable mid, the one
    interpolated between its expiry's strikes; without that it is left out.
    """
    pending = inputs.query(
        """
        select s.snapshot_id, sum(e.contracts) as contracts
        from staging.option_readings as s
        inner join staging.option_expiries as e on s.snapshot_id = e.snapshot_id
        group by s.session, s.snapshot_id
        order by s.session, s.snapshot_id
        """
    )
    for _, batch in pending.groupby(pending["contracts"].cumsum() // BATCH_CONTRACTS):
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in batch["snapshot_id"])
        contracts = inputs.query(
            f"""
            select
                c.snapshot_id, c.session, c.underlying, c.reading, c.root, c.expiry, c.put_call, c.strike, c.bid, c.ask,
                c.vendor_iv, coalesce(c.open_interest, 0) as open_interest, c.volume, s.spot, e.years,
                coalesce(e.forward, s.spot * exp((coalesce(e.rate, 0) - {DIVIDEND_YIELD}) * e.years)) as forward,
                case when e.forward is null then 'carry' else 'parity' end as forward_source,
                exp(-coalesce(e.rate, 0) * e.years) as discount
            from staging.option_readings as s
            inner join staging.option_expiries as e on s.snapshot_id = e.snapshot_id
            inner join raw.option_chains as c
                on e.snapshot_id = c.snapshot_id and e.root = c.root and e.expiry = c.expiry
            where not e.is_expired and s.snapshot_id in ({listed})
            order by c.snapshot_id, c.root, c.expiry, c.put_call, c.strike
            """
        )
        # Each on its own and in order: the last digit of a vectorised exp depends on the place in the array.
        snapshots = [valued(of_snapshot) for _, of_snapshot in contracts.groupby("snapshot_id")]
        yield Filled(pd.concat(snapshots, ignore_index=True) if snapshots else valued(contracts))


def valued(contracts: pd.DataFrame) -> pd.DataFrame:
    """Contracts with `iv`, `iv_source` and sensitivities; those for which no volatility can be had are left out.

    Args:
        contracts: Columns snapshot_id, root, expiry, put_call, strike, bid, ask, vendor_iv, spot, years, forward,
            discount and any others.
    """
    iv = contracts["vendor_iv"].where(contracts["vendor_iv"] > LEAST_IV).astype(float)
    source = pd.Series("vendor", index=contracts.index)
    quoted = iv.isna() & (contracts["bid"] > 0) & (contracts["ask"] >= contracts["bid"])
    mids = (contracts["bid"] + contracts["ask"])[quoted].to_numpy() / 2
    iv[quoted] = implied_volatility(_options(contracts[quoted]), mids)
    source[quoted & iv.notna()] = "mid"
    gaps = iv.isna()
    iv[gaps] = _between_strikes(contracts, iv)[gaps]
    source[gaps] = "interpolated"
    known = iv.notna()
    rows = contracts[known].drop(columns=["vendor_iv"]).assign(iv=iv[known], iv_source=source[known])
    greeks = sensitivities(_options(rows), rows["iv"].to_numpy())
    return rows.assign(delta=greeks.delta, gamma=greeks.gamma, vanna=greeks.vanna, charm=greeks.charm)


def _options(rows: pd.DataFrame) -> Contracts:
    numbers = {name: rows[name].to_numpy(float) for name in ("spot", "forward", "strike", "years", "discount")}
    return Contracts(is_call=(rows["put_call"] == "C").to_numpy(), **numbers)


def _between_strikes(contracts: pd.DataFrame, iv: pd.Series) -> pd.Series:
    """Volatility at each contract's log-moneyness, between those of its expiry's contracts out of the money."""
    moneyness = np.log(contracts["strike"] / contracts["forward"])
    expiry = contracts.groupby(EXPIRY, sort=False).ngroup()
    # Expiries lie apart on one axis, so that all are interpolated together.
    place = expiry * APART + moneyness
    smile = iv.where((contracts["put_call"] == "C") == (moneyness >= 0)).dropna()
    if smile.empty:
        return smile.reindex(contracts.index)
    known = place[smile.index].sort_values()
    after = known.searchsorted(place.to_numpy()).clip(1, len(known) - 1)
    ends = expiry[known.index].to_numpy()
    within = (ends[after - 1] == expiry) & (ends[after] == expiry)
    between = np.interp(place, known, smile[known.index], left=np.nan, right=np.nan)
    return pd.Series(between, contracts.index).where(within | place.isin(known))
