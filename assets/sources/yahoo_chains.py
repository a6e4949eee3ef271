"""Option chains of funds from Yahoo Finance, through yfinance. Needs no key.

Yahoo reports no greeks, and gives no chain at once: every expiry is a request of its own.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from assets.sources.availability import chain_settled_at
from assets.sources.errors import Failure, SourceError
from assets.sources.live_chains import present_snapshots
from assets.sources.occ import SYMBOL, read_contracts, read_spot
from assets.sources.option_chains import Snapshot, Underlying
from assets.sources.sessions import NEW_YORK, session_on_or_before
from assets.sources.yahoo import ask_yahoo, prepare_yfinance

if TYPE_CHECKING:
    from curl_cffi.requests import Session

PORT_NAMES = {
    "contractSymbol": SYMBOL,
    "bid": "bid",
    "ask": "ask",
    "lastPrice": "last",
    "impliedVolatility": "iv",
    "openInterest": "open_interest",
    "volume": "volume",
}
NO_GREEKS = {"delta": np.nan, "gamma": np.nan}


@dataclass(frozen=True)
class YahooChains:
    """An option-chain source that asks Yahoo, one fund and one expiry after the other.

    yfinance waits 30 s for an answer.

    Attributes:
        cache: Folder for yfinance's own caches; made when absent.
        now: The time of the run, timezone-aware.
        attempts: How often an expiry is asked for when Yahoo limits the rate or the connection fails.
        max_wait: The longest wait between two attempts, in seconds. Waits start at 1 s and double.
        most_expiries: Take this many expiries, the nearest ones; None for all that are listed.
        session: The HTTP session to use; by default yfinance makes one that looks like a browser.

    Raises:
        ValueError: If `now` has no time zone, or `most_expiries` is less than one.
    """

    cache: Path
    now: datetime
    attempts: int = 5
    max_wait: float = 30.0
    most_expiries: int | None = None
    session: "Session[Any] | None" = None

    def __post_init__(self) -> None:
        """Refuse a clock whose time zone would have to be guessed, and a chain without expiries."""
        if self.now.tzinfo is None:
            raise ValueError(f"now must be timezone-aware, got {self.now}")
        if self.most_expiries is not None and self.most_expiries < 1:
            raise ValueError(f"most_expiries must be at least 1, got {self.most_expiries}")

    def snapshots(
        self, underlyings: Sequence[Underlying], known: Collection[str], sessions: Collection[date] | None
    ) -> Iterator[Snapshot | Failure]:
        """Deliver the present snapshots, as the port `ChainSource` and `present_snapshots` say.

        `iv` is as Yahoo gives it, `delta` and `gamma` are missing. An index is a failure without being asked for.
        """
        prepare_yfinance(self.cache)
        return present_snapshots("yahoo", self._present, underlyings, known, sessions)

    def _present(self, underlying: Underlying) -> Snapshot:
        import yfinance  # noqa: PLC0415 - see prepare_yfinance

        asked = f"yahoo {underlying.yahoo_symbol} options"
        if underlying.is_index:
            raise SourceError(asked, "not asked for, only the chains of funds are taken from Yahoo")
        ticker = yfinance.Ticker(underlying.yahoo_symbol, session=self.session)
        listed = ask_yahoo(lambda: ticker.options, asked, self.attempts, self.max_wait)
        if not listed:
            raise SourceError(asked, "the answer lists no expiries")
        chains: list[pd.DataFrame] = []
        for expiry in sorted(listed)[: self.most_expiries]:
            label = f"{asked} {expiry}"
            answer = ask_yahoo(partial(ticker.option_chain, expiry), label, self.attempts, self.max_wait)
            chains.append(_expiry_of(answer, underlying, expiry, label))
        contracts = pd.concat(chains, ignore_index=True)
        _check_complete(contracts, asked)
        # Every answer carries a quote; that of the last is later than no contract of the others.
        spot, quote_at = _quote(answer.underlying, underlying, asked)
        quote_at = self._settled(quote_at)
        return Snapshot(
            underlying=underlying.symbol,
            source="yahoo",
            quote_date=quote_at.astimezone(NEW_YORK).date(),
            quote_at=quote_at,
            spot=spot,
            content_hash=hashlib.sha256(f"{spot}\n{contracts.to_csv(index=False)}".encode()).hexdigest(),
            contracts=contracts,
        )

    def _settled(self, quote_at: datetime) -> datetime:
        """The time of asking in place of the fund's last trade, once the open interest is newer than that trade.

        Yahoo's time stands still from the close until the next open, while open interest settles overnight: told by
        the last trade, the reading would seem to have been known the evening before.
        """
        session = session_on_or_before(quote_at.astimezone(NEW_YORK).date(), opened_by=quote_at)
        present = session_on_or_before(self.now.astimezone(NEW_YORK).date(), opened_by=self.now)
        return self.now if session == present and self.now >= chain_settled_at(session) else quote_at


def _expiry_of(answer: Any, underlying: Underlying, expiry: str, label: str) -> pd.DataFrame:  # noqa: ANN401 - yfinance has no types
    if answer.calls is None or answer.puts is None:
        raise SourceError(label, "no contracts in the answer")
    sides = [side for side in (answer.calls, answer.puts) if len(side)]
    if not sides:
        raise SourceError(label, "no contracts in the answer")
    listed = pd.concat([side[list(PORT_NAMES)] for side in sides], ignore_index=True)
    contracts = read_contracts(listed.rename(columns=PORT_NAMES).assign(**NO_GREEKS), underlying, label)
    strangers = contracts[contracts["expiry"].ne(pd.Timestamp(expiry))]
    if len(strangers):
        raise SourceError(label, f"the answer is of expiry {strangers['expiry'].iloc[0].date()}")
    return contracts


def _check_complete(contracts: pd.DataFrame, asked: str) -> None:
    """Refuse a chain in which no contract has what Yahoo reports: yfinance leaves a renamed field empty."""
    empty = [yahoo for yahoo, name in PORT_NAMES.items() if name != SYMBOL and contracts[name].isna().all()]
    if empty:
        raise SourceError(asked, f"none of {len(contracts)} contracts has {', '.join(empty)}")


def _quote(quote: Any, underlying: Underlying, asked: str) -> tuple[float, datetime]:  # noqa: ANN401 - yfinance has no types
    if not isinstance(quote, dict):
        raise SourceError(asked, "no quote of the fund beside its options")
    if quote.get("symbol") != underlying.yahoo_symbol:
        raise SourceError(asked, f"the answer is of {quote.get('symbol')!r}")
    spot = read_spot(quote.get("regularMarketPrice"), asked)
    if spot is None:
        raise SourceError(asked, "no regularMarketPrice beside the options")
    seconds = quote.get("regularMarketTime")
    try:
        return spot, datetime.fromtimestamp(seconds, UTC)  # type: ignore[arg-type]  # what it cannot take is caught
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise SourceError(asked, f"regularMarketTime is {seconds!r}, not seconds since 1970") from error
