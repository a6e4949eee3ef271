"""Daily bars from Yahoo Finance's chart service, through yfinance. Needs no key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from assets.sources.availability import price_bars
from assets.sources.errors import Failure, SourceError
from assets.sources.prices import COLUMNS, NO_VOLUME, Delivery, Instrument
from assets.sources.reach import GIVE_UP_AFTER, OutOfReachError
from assets.sources.sessions import FIRST_DAY

if TYPE_CHECKING:
    from curl_cffi.requests import Session

PORT_NAMES = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
    "Dividends": "dividend",
    "Stock Splits": "split",
    "Capital Gains": "gains",
}
PRICES = ["open", "high", "low", "close", "adj_close"]
EVENTS = ["volume", "dividend", "split", "gains"]
# Relative. Yahoo sends the same 32-bit float every time, so anything larger is a restatement.
CLOSE_TOLERANCE = 1e-6
REASONS_SHOWN = 3
# Members of an index are many, and what is made of them looks back a year.
STOCKS_FROM = date(2019, 1, 2)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class YahooPrices:
    """A price source that asks Yahoo, one symbol after the other.

    yfinance keeps its session, cookies and caches per process, so all adapters of a process share them.

    Attributes:
        cache: Folder for yfinance's own caches (time zones, cookies); made when absent.
        now: The time of the run, timezone-aware. Bars that were not final by then are not delivered.
        attempts: How often a symbol is asked for when Yahoo limits the rate or the connection fails.
        max_wait: The longest wait between two attempts, in seconds. Waits start at 1 s and double.
        timeout: Seconds until a request for bars counts as failed.
        session: The HTTP session to use; by default yfinance makes one that looks like a browser.

    Raises:
        ValueError: If `now` has no time zone.
    """

    cache: Path
    now: datetime
    attempts: int = 5
    max_wait: float = 30.0
    timeout: float = 10.0
    session: "Session[Any] | None" = None

    def __post_init__(self) -> None:
        """Refuse a clock whose time zone would have to be guessed."""
        if self.now.tzinfo is None:
            raise ValueError(f"now must be timezone-aware, got {self.now}")

    def prices(self, instruments: Sequence[Instrument], known: pd.DataFrame) -> Delivery:
        """Deliver the bars since the first known one, or all of them where they no longer match.

        All bars of a symbol are delivered when nothing is known of it, when none of its known dates comes
        back, when a known close has changed, or when the fetched bars contain a split. A bar is final when
        `availability.price_bars` says so.

        `open` to `close` are adjusted for splits only; `adj_close` is Yahoo's, which every dividend
        restates back to the first bar. yfinance writes an unreported volume as 0: that is made missing for
        classes that have none, and for a bar whose price moved, which cannot have gone without a trade.
        `dividend` is all that a fund pays out on the date, distributed capital gains included.

        Raises:
            SourceError: If no instrument could be delivered.
        """
        prepare_yfinance(self.cache)
        delivered: list[pd.DataFrame] = []
        failures: list[Failure] = []
        unreached = 0
        for instrument in instruments:
            if unreached == GIVE_UP_AFTER:
                reason = f"{self._asked(instrument, None)}: not asked for, the {unreached} before it failed"
                failures.append(Failure(instrument.symbol, reason))
                continue
            try:
                delivered.append(self._deliver(instrument, known[known["symbol"] == instrument.symbol]))
                unreached = 0
            except SourceError as error:
                unreached = unreached + 1 if isinstance(error, OutOfReachError) else 0
                failures.append(Failure(instrument.symbol, str(error)))
        if not delivered:
            reasons = "; ".join(failure.reason for failure in failures[:REASONS_SHOWN])
            raise SourceError("yahoo", f"delivered none of {len(instruments)} instruments: {reasons}")
        return Delivery(pd.concat(delivered, ignore_index=True), tuple(failures))

    def _deliver(self, instrument: Instrument, known: pd.DataFrame) -> pd.DataFrame:
        if known.empty:
            return self._bars(instrument, None)
        bars = self._bars(instrument, known["date"].min().date())
        return self._bars(instrument, None) if _restated(bars, known) else bars

    def _bars(self, instrument: Instrument, first: date | None) -> pd.DataFrame:
        asked = self._asked(instrument, first)
        start = first or (STOCKS_FROM if instrument.asset_class == "stock" else FIRST_DAY)
        history = self._history(instrument.yahoo_symbol, start, asked)
        if history.empty:
            raise SourceError(asked, "no bars")
        if "Capital Gains" not in history:
            # Only funds have the column.
            history["Capital Gains"] = 0.0
        wrong = [c for c in PORT_NAMES if c not in history or not pd.api.types.is_numeric_dtype(history[c])]
        if wrong:
            found = ", ".join(f"{name} ({dtype})" for name, dtype in history.dtypes.items())
            raise SourceError(asked, f"expected numbers in {', '.join(wrong)}; found {found}")
        bars = history.rename(columns=PORT_NAMES).reset_index(drop=True).astype(dict.fromkeys(EVENTS, float))
        # Yahoo's days are midnights of the exchange's time zone.
        bars["date"] = pd.DatetimeIndex(history.index).tz_localize(None).as_unit("us")
        # Yahoo's rows for holidays and halts hold nothing at all.
        bars = bars[bars[PRICES].notna().any(axis=1) | bars[EVENTS].ne(0).any(axis=1)]
        classes = pd.Series(instrument.asset_class, index=bars.index)
        bars = bars[price_bars(bars["date"], classes) <= self.now]
        if bars.empty:
            raise SourceError(asked, "no bar that is final")
        paid = _paid(bars)
        # Whether gains stand in the dividend shows in the close before, which the first of the known bars lacks.
        bars = bars[paid.notna()] if first else bars
        unreported = bars["high"].ne(bars["low"]) | (instrument.asset_class in NO_VOLUME)
        return bars.assign(
            symbol=instrument.symbol,
            dividend=paid.fillna(bars["dividend"] + bars["gains"]),
            volume=bars["volume"].mask(bars["volume"].eq(0) & unreported),
            split=bars["split"].replace(0.0, 1.0),
            source="yahoo",
        )[list(COLUMNS)]

    def _history(self, yahoo_symbol: str, start: date, asked: str) -> pd.DataFrame:
        import yfinance  # noqa: PLC0415 - see prepare_yfinance

        ticker = yfinance.Ticker(yahoo_symbol, session=self.session)
        bars = partial(ticker.history, start=start, auto_adjust=False, actions=True, keepna=True, timeout=self.timeout)
        history: pd.DataFrame = ask_yahoo(bars, asked, self.attempts, self.max_wait)
        return history

    def _asked(self, instrument: Instrument, first: date | None) -> str:
        return f"yahoo {instrument.yahoo_symbol} ({first or 'first bar'} to {self.now.date()})"


def prepare_yfinance(cache: Path) -> None:
    """Tell yfinance, for the whole process, where to keep its caches and to raise what goes wrong."""
    import yfinance  # noqa: PLC0415 - takes seconds, and only the live profile needs it

    yfinance.set_tz_cache_location(str(cache))
    # Otherwise a failure is a log line and an empty frame.
    yfinance.config.debug.hide_exceptions = False


def ask_yahoo(question: Callable[[], Answer], asked: str, attempts: int, max_wait: float) -> Answer:
    """Call yfinance, and again where Yahoo limits the rate or the connection fails.

    Args:
        question: A call of yfinance that takes nothing more.
        asked: What is asked for, for messages.
        attempts: How often to ask in all.
        max_wait: The longest wait between two attempts, in seconds. Waits start at 1 s and double.

    Raises:
        OutOfReachError: If every attempt failed in a way that may pass.
        SourceError: If Yahoo answers with an error, or with what yfinance cannot read.
    """
    from curl_cffi.requests import exceptions as http  # noqa: PLC0415 - comes with yfinance
    from yfinance.exceptions import YFException, YFRateLimitError  # noqa: PLC0415

    passing = (YFRateLimitError, http.Timeout, http.ConnectionError, http.IncompleteRead)
    # What yfinance lets through when an answer is not of the shape it expects.
    misshapen = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
    retrying = Retrying(
        stop=stop_after_attempt(attempts),
        wait=wait_exponential_jitter(max=max_wait),
        retry=retry_if_exception_type(passing),
        reraise=True,
    )
    try:
        return retrying(question)
    except passing as error:
        reason = f"out of reach, asked {attempts} times: {type(error).__name__}: {error}"
        raise OutOfReachError(asked, reason) from error
    except (YFException, http.RequestException) as error:
        raise SourceError(asked, f"{type(error).__name__}: {error}") from error
    except misshapen as error:
        raise SourceError(asked, f"unreadable answer: {type(error).__name__}: {error}") from error


def _paid(bars: pd.DataFrame) -> pd.Series:
    """What each share received, of dividends and of distributed capital gains; missing where that cannot be told.

    Since the turn to 2026 Yahoo's dividend of a fund mostly holds the gains already, which yfinance only undoes in its
    repairs (ranaroussi/yfinance#2666). As there, a dividend smaller than the gains cannot hold them, and else whichever
    of the two sums is nearer to the fall of the price is right. Where the fall is too small to tell, so is the mistake.
    """
    dividend, gains = bars["dividend"], bars["gains"]
    fall = bars["close"].shift() - bars["close"]
    is_inside = (dividend >= gains) & ((fall - dividend).abs() < (fall - dividend - gains).abs())
    paid = dividend + gains.mask(is_inside, 0.0)
    return paid.mask(gains.gt(0) & dividend.ge(gains) & fall.isna())


def _restated(bars: pd.DataFrame, known: pd.DataFrame) -> bool:
    both = bars.merge(known[["date", "close"]], on="date", suffixes=("", "_known"))
    moved = (both["close"] - both["close_known"]).abs() > CLOSE_TOLERANCE * both["close_known"].abs()
    return both.empty or bool(moved.any()) or bool(bars["split"].ne(1.0).any())
