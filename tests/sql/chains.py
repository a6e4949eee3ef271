"""Made-up option chains: snapshots priced by the project's own model, and their rows for raw.option_chains."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from hashlib import sha256
from typing import Literal

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from assets.models.options import Contracts, price, sensitivities
from assets.raw import option_chains as raw_option_chains
from assets.sources.availability import chain_settled_at
from assets.sources.errors import Failure
from assets.sources.option_chains import CONTRACT_COLUMNS, ChainSource, Reading, Snapshot, Underlying
from assets.sources.sessions import NEW_YORK, at_new_york, xnys
from tests.sql.given import bar, build, frame_of, inputs

Array = NDArray[np.float64]
Day = str | pd.Timestamp
# Some column of the contracts from all of them.
Made = float | Callable[[pd.DataFrame], ArrayLike]

AM_SETTLED = ("SPX", "NDX", "RUT")
# Days to expiry of a chain that the warehouse takes for a whole one, and its number of strikes.
WHOLE = {"IWM": ((1, 8, 29, 64, 190), 51), "SPY": ((1, 8, 29, 64, 190), 101), "SPX": ((1, 8, 29, 64, 190), 501)}
WHOLE_ROOTS = {"SPX": "SPXW"}
BEFORE_THE_CLOSE, AFTER_THE_CLOSE = timedelta(hours=-1), timedelta(minutes=45)
IN_THE_MORNING = timedelta(minutes=30)


@dataclass(frozen=True)
class Listed:
    """A chain source that delivers the snapshots it is given."""

    listed: Sequence[Snapshot]

    def snapshots(
        self,
        underlyings: Sequence[Underlying],  # noqa: ARG002 - it has what it was given
        known: Collection[str],
        sessions: Collection[date] | None,  # noqa: ARG002 - the same
    ) -> Iterator[Snapshot | Failure]:
        """As the port `ChainSource` says."""
        yield from (snapshot for snapshot in self.listed if snapshot.snapshot_id not in known)


def delivered(source: ChainSource) -> pd.DataFrame:
    """What raw.option_chains holds once a source has delivered, whatever its audits would withhold."""
    batches = list(raw_option_chains.fill(inputs(partial(frame_of, _reference()), chains=source)))
    assert [failure for batch in batches for failure in batch.failures] == []
    rows = pd.concat([batch.rows for batch in batches if len(batch.rows)], ignore_index=True)
    return rows.assign(observed_at=rows["available_at"])


def rows(*snapshots: Snapshot) -> pd.DataFrame:
    """Rows of raw.option_chains."""
    return delivered(Listed(snapshots))


def snapshot(
    session: Day,
    strikes: Sequence[float],
    expiries: Mapping[str, Sequence[Day]],
    *,
    underlying: str = "IWM",
    reading: Reading = "close",
    spot: float = 100.0,
    iv: Made = 0.2,
    open_interest: Made = 10.0,
    volume: Made = 5.0,
    rate: float = 0.0,
    dividend_yield: float = 0.0,
    spread: float = 0.0,
    source: str = "cboe",
    quote_at: datetime | None = None,
    stated_spot: float | Literal["spot"] | None = "spot",
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda contracts: contracts,
) -> Snapshot:
    """A chain with a call and a put at each strike of each expiry, quoted at its model price.

    Args:
        session: The session that it is quoted in, or after.
        strikes: Strikes of every expiry.
        expiries: Expiries by option root.
        underlying: The underlying.
        reading: Decides the time of the quotes.
        spot: Price of the underlying that the options are priced with.
        iv: Implied volatility, or what makes it from the contracts (root, expiry, put_call, strike, years,
            moneyness as ln(strike / forward)).
        open_interest: Open interest, made likewise.
        volume: Volume, made likewise.
        rate: Continuously compounded.
        dividend_yield: The same.
        spread: Ask less bid.
        source: Name of the source.
        quote_at: Time of the quotes, if not by the reading.
        stated_spot: What the source states as spot, if not spot.
        change: Makes other contracts of the finished ones.
    """
    session = pd.Timestamp(session)
    keys = [(root, expiry) for root, days in expiries.items() for expiry in days]
    table = pd.DataFrame(
        [(root, pd.Timestamp(expiry), kind, k) for root, expiry in keys for kind in "CP" for k in strikes],
        columns=["root", "expiry", "put_call", "strike"],
    )
    table["years"] = years(session, table)
    forward = spot * np.exp((rate - dividend_yield) * table["years"])
    table["moneyness"] = np.log(table["strike"] / forward)
    numbers = {"spot": np.full(len(table), spot), "forward": forward, "discount": np.exp(-rate * table["years"])}
    numbers |= {name: table[name] for name in ("strike", "years")}
    options = Contracts((table["put_call"] == "C").to_numpy(), **{k: np.asarray(v) for k, v in numbers.items()})
    volatility = _made(iv, table)
    greeks, mid = sensitivities(options, volatility), price(options, volatility)
    contracts = table.assign(
        bid=np.maximum(mid - spread / 2, 0),
        ask=mid + spread / 2,
        last=mid,
        iv=volatility,
        delta=greeks.delta,
        gamma=greeks.gamma,
        open_interest=_made(open_interest, table),
        volume=_made(volume, table),
    )
    contracts = change(contracts)[list(CONTRACT_COLUMNS)]
    at = quoted(session, reading) if quote_at is None else quote_at
    stated = spot if stated_spot == "spot" else stated_spot
    content = sha256(f"{session} {reading} {stated}".encode() + _bytes(contracts)).hexdigest()
    return Snapshot(underlying, source, at.astimezone(NEW_YORK).date(), at, stated, content, contracts)


def whole(underlying: str, session: Day, *, seed: int | None = None, **more: object) -> Snapshot:
    """A chain with enough contracts to count as whole, with a skewed smile and random open interest and volume.

    Args:
        underlying: IWM, SPY or SPX.
        session: The session.
        seed: Of open interest and volume; by default the session's and the reading's own.
        more: Arguments of `snapshot`.
    """
    days, count = WHOLE[underlying]
    session = pd.Timestamp(session)
    spot = more.get("spot", 100.0)
    assert isinstance(spot, float)
    own = session.toordinal() * 2 + (more.get("reading") == "settled")
    random = np.random.default_rng(own if seed is None else seed)
    made = {
        "iv": skewed,
        "open_interest": lambda table: random.integers(0, 2000, len(table)),
        "volume": lambda table: random.integers(0, 200, len(table)),
    }
    root = WHOLE_ROOTS.get(underlying, underlying)
    expiries = {root: [session + pd.Timedelta(days=ahead) for ahead in days]}
    strikes = (spot * np.linspace(0.8, 1.2, count)).round(4).tolist()
    return snapshot(session, strikes, expiries, underlying=underlying, **(made | more))  # type: ignore[arg-type]


def skewed(table: pd.DataFrame) -> Array:
    """A smile that falls in strike, and flattens with time to expiry."""
    slope = 0.3 / (1 + 4 * table["years"].to_numpy())
    volatility: Array = np.clip(0.2 - slope * table["moneyness"].to_numpy(), 0.08, 0.6)
    return volatility


def moved(contracts: pd.DataFrame, put_call: str, by: Mapping[float, float]) -> pd.DataFrame:
    """The contracts with the quotes of one kind moved, by strike."""
    add = contracts["strike"].map(by).fillna(0).where(contracts["put_call"] == put_call, 0)
    return contracts.assign(bid=contracts["bid"] + add, ask=contracts["ask"] + add)


def bill(day: Day, rate: float) -> Mapping[str, object]:
    """The bar of the 13-week Treasury bill that states a continuously compounded rate."""
    return bar("IRX", day, float(100 * np.expm1(rate)))


def quoted(session: pd.Timestamp, reading: Reading) -> datetime:
    """A time at which quotes belong to this reading of a session."""
    if reading == "settled":
        return chain_settled_at(session.date()) + IN_THE_MORNING
    close: pd.Timestamp = xnys().session_close(session)
    return close.to_pydatetime() + (AFTER_THE_CLOSE if reading == "close" else BEFORE_THE_CLOSE)


def years(session: pd.Timestamp, table: pd.DataFrame) -> Array:
    """Years of 365 days from a session's close to the settlement of each contract, at least one day."""
    close, keys = xnys().session_close(session), list(zip(table["root"], table["expiry"], strict=True))
    at = {}
    for root, expiry in set(keys):
        [settles] = at_new_york(pd.DatetimeIndex([expiry]), time(9, 30) if root in AM_SETTLED else time(16))
        at[root, expiry] = max((settles - close) / pd.Timedelta(days=365), 1 / 365)
    return np.array([at[key] for key in keys])


def _bytes(contracts: pd.DataFrame) -> bytes:
    return bytes(pd.util.hash_pandas_object(contracts, index=False).to_numpy().tobytes())


def _made(how: Made, table: pd.DataFrame) -> Array:
    return np.broadcast_to(np.asarray(how(table) if callable(how) else how, float), len(table))


@cache
def _reference() -> duckdb.DuckDBPyConnection:
    """Everything that raw.option_chains is filled with, and nothing stored yet."""
    return build(until=("raw.option_chains",), given={"raw.option_chains": pd.DataFrame()})
