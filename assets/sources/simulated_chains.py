"""Option chains of the simulated market, and the dealers' positions behind them; every snapshot says `simulated`.

SPX and SPY have chains in the simulated market's last 64 sessions. The trading that made their open interest begins
two years earlier, when the longest of their contracts were listed.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from assets.models.simulated_dealers import book, dealer_gamma, gamma_flip
from assets.models.simulated_listings import LONGEST_AHEAD, PRODUCTS, listings
from assets.models.simulated_options import conditions, last_price, quote, theory
from assets.models.simulated_order_flow import OptionMarket, Session, flow, trade
from assets.sources.errors import Failure
from assets.sources.option_chains import CONTRACT_COLUMNS, Snapshot, Underlying
from assets.sources.prices import Instrument
from assets.sources.sessions import NEW_YORK, sessions
from assets.sources.simulated import FIRST_SESSION, LAST_SESSION, SEED, SOURCE, market

FIRST_CHAIN_SESSION = date(2025, 10, 1)
# Sessions before the last one that have a second reading, with their own open interest.
SETTLED_SESSIONS = 5
AFTER_CLOSE, SETTLED_AT = timedelta(minutes=20), time(8)
# The underlyings as in reference.instruments: the same traits make the same closes.
INSTRUMENTS = (
    Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC"),
    Instrument("SPY", "etf", "broad_market", "", "XNYS", "SPY"),
)
# Expiries are on the exchange's calendar until the last contract is gone, whatever the day of the run.
CALENDAR_END = LAST_SESSION + timedelta(days=2 * 365 + 60)

TRUTH_UNITS = {
    "dealer_gamma": "USD bn per 1 % move of the S&P 500, net position of dealers",
    "dealer_gamma_flip": "index points, S&P 500 at which dealer_gamma changes sign, volatility fixed by strike",
}


@dataclass(frozen=True)
class SimulatedChains:
    """Option chains of the simulated market.

    Attributes:
        last_session: The newest date of quotes to deliver.
    """

    last_session: date = LAST_SESSION

    def snapshots(
        self,
        underlyings: Sequence[Underlying],
        known: Collection[str],
        sessions: Collection[date] | None,
    ) -> Iterator[Snapshot | Failure]:
        """Deliver the snapshots as the port `ChainSource` says, by underlying and time.

        Each session has a reading after its close; the five before the market's last session have another, of the
        next morning. Underlyings other than SPX and SPY have no chain here. Nothing fails.
        """
        # Content follows from underlying and time, so that these tell what is known.
        stored = {_label(snapshot_id) for snapshot_id in known}
        for symbol in (each.symbol for each in underlyings if each.symbol in PRODUCTS):
            for reading in _readings():
                late = reading.quote_at.date() > self.last_session
                if late or (sessions is not None and reading.session not in sessions):
                    continue
                empty = _snapshot(symbol, reading, None, "", pd.DataFrame())
                if _label(empty.snapshot_id) not in stored:
                    chain = _chain(symbol)
                    contracts = _contracts(chain, reading)
                    digest = hashlib.sha256(pd.util.hash_pandas_object(contracts).to_numpy().tobytes()).hexdigest()
                    spot = float(chain.market.given.spot[chain.traded[reading.number].position])
                    yield _snapshot(symbol, reading, spot, digest, contracts)


@cache
def chain_truth() -> pd.DataFrame:
    """What dealers' positions in SPX and SPY options come to, in the sessions that have chains.

    Returns:
        The columns of `assets.sources.simulated.truth`: session (datetime64), variable, truth, truth_unit; variables
        are the keys of `TRUTH_UNITS`. A session whose gamma does not change sign within 10 % has no flip.
    """
    chains = [_chain(symbol) for symbol in ("SPX", "SPY")]
    spot = chains[0].market.given.spot
    rows = []
    for number, session in enumerate(sessions(FIRST_CHAIN_SESSION, LAST_SESSION)):
        books = [book(chain.market.given, chain.market.listed, chain.traded[number]) for chain in chains]
        rows.append((session, "dealer_gamma", dealer_gamma(books)))
        move = gamma_flip(books)
        if move is not None:
            rows.append((session, "dealer_gamma_flip", (1 + move) * spot[chains[0].traded[number].position]))
    truth = pd.DataFrame(rows, columns=["session", "variable", "truth"])
    return truth.assign(truth_unit=truth["variable"].map(TRUTH_UNITS))


class _Reading(NamedTuple):
    """When a chain is shown.

    Attributes:
        number: Which of the sessions with chains it belongs to.
        session: That session.
        settled: Whether open interest is the session's own.
        quote_at: When, New York time.
    """

    number: int
    session: date
    settled: bool
    quote_at: datetime


class _Chain(NamedTuple):
    """An underlying's options, and their trading in the sessions that have chains."""

    market: OptionMarket
    traded: tuple[Session, ...]


@cache
def _hours() -> pd.DataFrame:
    """Times open and close of sessions (index, naive midnights), from two years before the first chain on."""
    import exchange_calendars  # noqa: PLC0415 - costs a second that printing a note need not wait for

    calendar = exchange_calendars.get_calendar(
        "XNYS", start=pd.Timestamp(FIRST_SESSION), end=pd.Timestamp(CALENDAR_END)
    )
    hours: pd.DataFrame = calendar.schedule[["open", "close"]]
    return hours.iloc[hours.index.searchsorted(pd.Timestamp(FIRST_CHAIN_SESSION)) - LONGEST_AHEAD :]


@cache
def _readings() -> tuple[_Reading, ...]:
    """All readings, in order of time."""
    closes = _hours()["close"].dt.tz_convert(NEW_YORK)
    days = sessions(FIRST_CHAIN_SESSION, LAST_SESSION)
    readings = []
    for number, day in enumerate(days):
        quote_at = (closes[day] + AFTER_CLOSE).to_pydatetime()
        readings.append(_Reading(number, day.date(), False, quote_at))
        if len(days) - SETTLED_SESSIONS <= number + 1 < len(days):
            morning = datetime.combine(days[number + 1], SETTLED_AT, NEW_YORK)
            readings.append(_Reading(number, day.date(), True, morning))
    return tuple(readings)


@cache
def _chain(symbol: str) -> _Chain:
    """Trade an underlying's options from two years before the first chain on."""
    hours, simulated, product = _hours(), market(INSTRUMENTS), PRODUCTS[symbol]
    days, latent = pd.DatetimeIndex(hours.index), simulated.latent
    first = int(latent.sessions.searchsorted(days[0]))
    bars = simulated.bars
    spot = bars.loc[bars["symbol"] == symbol, "close"].to_numpy()[first:]
    options = OptionMarket(
        product=product,
        days=days,
        given=conditions(latent, hours, spot, SEED),
        listed=listings(product, days, spot),
        driven=flow(latent, first, symbol, SEED),
        seed=SEED,
    )
    return _Chain(options, tuple(each for each in trade(options) if each.position >= LONGEST_AHEAD))


def _contracts(chain: _Chain, reading: _Reading) -> pd.DataFrame:
    """Contracts of a reading, columns `CONTRACT_COLUMNS`, in order of expiry, root, strike and kind."""
    product, given, listed = chain.market.product, chain.market.given, chain.market.listed
    traded = chain.traded[reading.number]
    # What expired with the session is gone the next morning.
    shown = listed.expires[traded.strikes] > traded.position if reading.settled else slice(None)
    strikes = traded.strikes[shown]
    strike, line = listed.strike[strikes], listed.expiry[strikes]
    values = theory(given, listed, strikes, traded.position)
    columns = quote(values, strike, float(given.spot[traded.position]), product.symbol)
    columns["last"] = last_price(given, listed, strikes, traded.last_traded[:, shown], product.symbol)
    columns["open_interest"] = (traded.open_after if reading.settled else traded.open_before)[:, shown]
    columns["volume"] = traded.volume[:, shown]
    # Calls and puts of a strike are neighbours.
    frame = pd.DataFrame({name: column.T.ravel() for name, column in columns.items()})
    roots = np.where(listed.expiries.monthly[line], product.monthly_root, product.other_root)
    frame["root"] = pd.array(np.repeat(roots, 2), dtype="str")
    frame["expiry"] = chain.market.days[np.repeat(listed.expires[strikes], 2)]
    frame["put_call"] = pd.array(np.tile(["C", "P"], len(strikes)), dtype="str")
    frame["strike"] = np.repeat(strike, 2)
    return frame[list(CONTRACT_COLUMNS)]


def _snapshot(symbol: str, reading: _Reading, spot: float | None, digest: str, contracts: pd.DataFrame) -> Snapshot:
    return Snapshot(symbol, SOURCE, reading.quote_at.date(), reading.quote_at, spot, digest, contracts)


def _label(snapshot_id: str) -> str:
    """A snapshot's id without its content."""
    return snapshot_id.rpartition(" ")[0]
