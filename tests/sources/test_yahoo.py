"""The Yahoo adapter against a local server that speaks Yahoo's chart protocol. All prices are made up."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
import pytest
import yfinance
from curl_cffi import requests
from pandas.testing import assert_frame_equal

from assets.sources.errors import Failure, SourceError
from assets.sources.prices import COLUMNS, Instrument
from assets.sources.sessions import FIRST_DAY
from assets.sources.yahoo import YahooPrices

# yfinance 1.7 calls what pandas 3.1 deprecates; our own warnings stay errors.
pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:yfinance\..*")

SPY = Instrument("SPY", "etf", role="", sector="", calendar="XNYS", yahoo_symbol="SPY")
SPX = Instrument("SPX", "index", role="", sector="", calendar="XNYS", yahoo_symbol="^GSPC")
EUR = Instrument("EURUSD=X", "fx", role="", sector="", calendar="OTHER", yahoo_symbol="EURUSD=X")
FUND = Instrument("FCNTX", "fund", role="", sector="", calendar="XNYS", yahoo_symbol="FCNTX")
BTC = Instrument("BTC-USD", "crypto", role="", sector="", calendar="24/7", yahoo_symbol="BTC-USD")
NOTHING = pd.DataFrame({"symbol": [], "date": pd.to_datetime([]), "close": []})
# A Friday, 18:30 in New York.
EVENING = datetime(2025, 11, 21, 23, 30, tzinfo=UTC)
DAYS = ["2025-11-17", "2025-11-18", "2025-11-19", "2025-11-20", "2025-11-21"]
CLOSES = [100.0, 101.5, 99.25, 98.0, 102.0]
TIMEOUT = 0.3
NO_SHARES = {"volume": [0] * 5}


@dataclass
class Listing:
    """What the server holds of one symbol, in the terms of Yahoo's answer."""

    kind: str = "ETF"
    zone: str = "America/New_York"
    opens_at: str = "09:30"
    days: list[str] = field(default_factory=lambda: list(DAYS))
    quote: dict[str, list[Any]] = field(
        default_factory=lambda: {
            "open": [close - 0.5 for close in CLOSES],
            "high": [close + 1.0 for close in CLOSES],
            "low": [close - 1.0 for close in CLOSES],
            "close": list(CLOSES),
            "volume": [1000, 1100, 1200, 1300, 1400],
        }
    )
    dividends: dict[str, Any] = field(default_factory=dict)
    gains: dict[str, Any] = field(default_factory=dict)
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)

    def stamp(self, day: str) -> int:
        """A bar's time as Yahoo writes it: the session's start, in seconds since 1970."""
        return int(pd.Timestamp(f"{day} {self.opens_at}", tz=self.zone).timestamp())

    def chart(self, first: int, last: int) -> dict[str, Any]:
        """Yahoo's answer for bars from `first` to `last`, in seconds since 1970."""
        stamps = [self.stamp(day) for day in self.days]
        chosen = [n for n, stamp in enumerate(stamps) if first <= stamp < last]
        quote = {name: [values[n] for n in chosen] for name, values in self.quote.items()}
        adjusted = [None if close is None else close * 0.99 for close in quote.get("close", [])]
        paid = {self.stamp(day): amount for day, amount in self.dividends.items()}
        gained = {self.stamp(day): amount for day, amount in self.gains.items()}
        split = {self.stamp(day): ratio for day, ratio in self.splits.items()}
        events = {
            "dividends": {s: {"date": s, "amount": a} for s, a in paid.items() if first <= s < last},
            "capitalGains": {s: {"date": s, "amount": a} for s, a in gained.items() if first <= s < last},
            "splits": {
                s: {"date": s, "numerator": new, "denominator": old}
                for s, (new, old) in split.items()
                if first <= s < last
            },
        }
        meta = {"exchangeTimezoneName": self.zone, "instrumentType": self.kind, "currency": "USD"}
        result = {
            "meta": meta | {"validRanges": ["1d", "max"]},
            "timestamp": [stamps[n] for n in chosen],
            "indicators": {"quote": [quote], "adjclose": [{"adjclose": adjusted}]},
            "events": events,
        }
        return {"chart": {"result": [result], "error": None}}


class YahooServer(ThreadingHTTPServer):
    """Yahoo's chart service on 127.0.0.1.

    Attributes:
        listings: What it holds, by Yahoo symbol.
        faults: Per Yahoo symbol, what goes wrong with the next requests for bars, in order.
        asked: Symbol and first date, None for all, of every request for bars.
    """

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.listings: dict[str, Listing] = {}
        self.faults: dict[str, list[str]] = {}
        self.asked: list[tuple[str, date | None]] = []
        self.closing = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: YahooServer

    def do_GET(self) -> None:
        """Route by path; the query tells the time-zone look-up from a request for bars."""
        url = urlsplit(self.path)
        symbol = unquote(url.path.rpartition("/")[2])
        query = parse_qs(url.query)
        if not url.path.startswith("/v8/finance/chart/"):
            found = "getcrumb" in url.path or "quoteSummary" not in url.path
            self.reply(200 if found else 404, b"crumb" if found else b"{}")
        elif "period1" not in query:
            self.bars(symbol, 0, 2**40, "")
        else:
            first = int(query["period1"][0])
            day = pd.Timestamp(first, unit="s").date()
            self.server.asked.append((symbol, None if day == FIRST_DAY else day))
            faults = self.server.faults.get(symbol)
            self.bars(symbol, first, int(query["period2"][0]), faults.pop(0) if faults else "")

    def bars(self, symbol: str, first: int, last: int, fault: str) -> None:
        """Send the bars, or what the fault makes of them."""
        if symbol not in self.server.listings or fault == "delisted":
            reason = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            self.reply(404, json.dumps({"chart": {"result": None, "error": reason}}).encode())
            return
        body = json.dumps(self.server.listings[symbol].chart(first, last)).encode()
        half = body[: len(body) // 2]
        if fault == "slow" and self.server.closing.wait(3):
            return
        answers = {
            "429": (429, b"Too Many Requests"),
            "500": (500, b"Internal Server Error"),
            "html": (200, b"<html><body>Sign in</body></html>"),
            "empty": (200, b'{"chart": {"result": [], "error": null}}'),
            "truncated": (200, half),
            "cut": (200, half),
        }
        self.reply(*answers.get(fault, (200, body)), promised=len(body) if fault == "cut" else None)

    def reply(self, status: int, body: bytes, promised: int | None = None) -> None:
        """Send a whole answer; `promised` is the length announced when it is not the body's."""
        self.send_response(status)
        self.send_header("Content-Length", str(promised or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


class LocalSession(requests.Session[requests.Response]):
    """A session that sends what is meant for Yahoo to the local server, and refuses all else."""

    def __init__(self, port: int) -> None:
        """Send to this port."""
        super().__init__()
        self.port = port

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        """Send to 127.0.0.1 whatever the host."""
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith("yahoo.com"):
            raise AssertionError(url)
        local = parts._replace(scheme="http", netloc=f"127.0.0.1:{self.port}")
        return super().request(method, local.geturl(), *args, **kwargs)


@pytest.fixture
def server() -> Iterator[YahooServer]:
    with YahooServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def yahoo(server: YahooServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[YahooPrices]:
    """The adapter, wired to the local server, on an evening when the last session is final."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    _forget()
    with LocalSession(server.server_port) as session:
        yield YahooPrices(tmp_path / "cache", EVENING, attempts=3, max_wait=0.01, timeout=TIMEOUT, session=session)
    _forget()


def _forget() -> None:
    """Empty what yfinance keeps per process (session, crumb, answers, databases); it has no public way to."""
    yfinance.data.YfData._instances.clear()
    yfinance.data.YfData.cache_get.cache_clear()
    for database in (yfinance.cache._TzDBManager, yfinance.cache._CookieDBManager):
        database.close_db()
    yfinance.cache._TzCacheManager._tz_cache = None
    yfinance.cache._CookieCacheManager._Cookie_cache = None
    yfinance.base._tz_info_fetch_ctr = 0
    yfinance.config.debug.hide_exceptions = True


def known(instrument: Instrument, days: list[str], closes: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"symbol": instrument.symbol, "date": pd.to_datetime(days), "close": closes})


def only_failure(yahoo: YahooPrices, server: YahooServer) -> Failure:
    """The failure of SPY, with the index beside it coming through."""
    server.listings["^GSPC"] = Listing()
    delivery = yahoo.prices([SPY, SPX], NOTHING)
    assert set(delivery.rows["symbol"]) == {"SPX"}
    (failure,) = delivery.failures
    assert failure.symbol == "SPY"
    assert failure.reason.startswith("yahoo SPY (first bar to 2025-11-21): ")
    return failure


def test_a_new_symbol_is_delivered_whole_as_the_port_says(yahoo: YahooPrices, server: YahooServer) -> None:
    server.listings["SPY"] = Listing(dividends={"2025-11-19": 0.75}, splits={"2025-11-20": (3, 2)})
    expected = pd.DataFrame(
        {
            "symbol": "SPY",
            "date": pd.to_datetime(DAYS).as_unit("us"),
            "open": [99.5, 101.0, 98.75, 97.5, 101.5],
            "high": [101.0, 102.5, 100.25, 99.0, 103.0],
            "low": [99.0, 100.5, 98.25, 97.0, 101.0],
            "close": CLOSES,
            "adj_close": [close * 0.99 for close in CLOSES],
            "volume": [1000.0, 1100.0, 1200.0, 1300.0, 1400.0],
            "dividend": [0.0, 0.0, 0.75, 0.0, 0.0],
            "split": [1.0, 1.0, 1.0, 1.5, 1.0],
            "source": "yahoo",
        },
        columns=list(COLUMNS),
    )
    for _ in ("first", "with yfinance's caches filled"):
        delivery = yahoo.prices([SPY], NOTHING)
        assert_frame_equal(delivery.rows, expected)
        assert delivery.failures == ()
    assert server.asked == [("SPY", None), ("SPY", None)]
    assert (yahoo.cache / "tkr-tz.db").exists()


def test_a_known_symbol_is_asked_for_since_its_first_known_bar(yahoo: YahooPrices, server: YahooServer) -> None:
    server.listings["SPY"] = Listing(dividends={"2025-11-21": 0.75})
    # Half the tolerance off: the same close.
    rows = yahoo.prices([SPY], known(SPY, DAYS[2:4], [99.25, 98.00005])).rows
    assert list(rows["date"]) == list(pd.to_datetime(DAYS[2:]))
    assert list(rows["dividend"]) == [0.0, 0.0, 0.75]
    assert server.asked == [("SPY", date(2025, 11, 19))]


@pytest.mark.parametrize(
    ("dividend", "gains", "paid"),
    [
        pytest.param(0.25, 3.0, 3.25, id="gains beside the dividend"),
        pytest.param(0.0, 3.25, 3.25, id="gains alone"),
        pytest.param(3.25, 3.0, 3.25, id="gains in the dividend"),
        pytest.param(2.0, 1.25, 3.25, id="a dividend larger than the gains beside it"),
        pytest.param(3.25, 0.0, 3.25, id="dividend alone"),
    ],
)
def test_what_a_fund_pays_out_holds_its_gains_once(
    yahoo: YahooPrices, server: YahooServer, dividend: float, gains: float, paid: float
) -> None:
    # The price falls by 3.50 on the date.
    closes = [100.0, 101.5, 98.0, 98.25, 102.0]
    listing = Listing(kind="MUTUALFUND", dividends={"2025-11-19": dividend}, gains={"2025-11-19": gains})
    server.listings["FCNTX"] = replace(
        listing, quote=dict.fromkeys(("open", "high", "low", "close"), closes) | NO_SHARES
    )
    rows = yahoo.prices([FUND], NOTHING).rows
    # Friday's value is known at 21:00, and this is 18:30.
    assert list(rows["date"]) == list(pd.to_datetime(DAYS[:4]))
    assert list(rows["dividend"]) == [0.0, 0.0, paid, 0.0]
    assert rows["volume"].isna().all()


def test_a_payment_that_the_fetched_bars_cannot_tell_is_left_as_it_is_known(
    yahoo: YahooPrices, server: YahooServer
) -> None:
    server.listings["SPY"] = Listing(dividends={"2025-11-19": 3.0}, gains={"2025-11-19": 2.0})
    rows = yahoo.prices([SPY], known(SPY, DAYS[2:4], CLOSES[2:4])).rows
    assert list(rows["date"]) == list(pd.to_datetime(DAYS[3:]))
    assert list(yahoo.prices([SPY], NOTHING).rows["dividend"]) == [0.0, 0.0, 3.0, 0.0, 0.0]


def test_a_member_of_an_index_has_a_shorter_history(yahoo: YahooPrices, server: YahooServer) -> None:
    server.listings["BRK-B"] = Listing()
    stock = Instrument("BRK.B", "stock", role="member", sector="Financials", calendar="XNYS", yahoo_symbol="BRK-B")
    rows = yahoo.prices([stock], NOTHING).rows
    assert set(rows["symbol"]) == {"BRK.B"}
    assert server.asked == [("BRK-B", date(2019, 1, 2))]


@pytest.mark.parametrize(
    ("days", "closes"),
    [
        pytest.param(["2025-11-19", "2025-11-20"], [99.25, 98.0002], id="a close changed"),
        pytest.param(["2025-11-21"], [98.5], id="no known date came back"),
    ],
)
def test_a_restated_history_is_fetched_whole(
    yahoo: YahooPrices, server: YahooServer, days: list[str], closes: list[float]
) -> None:
    server.listings["SPY"] = Listing(days=[*DAYS[:4], "2025-11-24"])
    monday_evening = replace(yahoo, now=EVENING + timedelta(days=3))
    assert len(monday_evening.prices([SPY], known(SPY, days, closes)).rows) == len(DAYS)
    assert server.asked == [("SPY", date.fromisoformat(days[0])), ("SPY", None)]


def test_a_split_fetches_the_whole_history(yahoo: YahooPrices, server: YahooServer) -> None:
    server.listings["SPY"] = Listing(splits={"2025-11-21": (2, 1)})
    rows = yahoo.prices([SPY], known(SPY, DAYS[2:4], CLOSES[2:4])).rows
    assert list(rows["split"]) == [1.0, 1.0, 1.0, 1.0, 2.0]
    assert server.asked == [("SPY", date(2025, 11, 19)), ("SPY", None)]


# yfinance itself asks a second time after a refusal, so two refusals are one failed attempt.
@pytest.mark.parametrize("faults", [["429", "429"], ["slow"], ["cut"]], ids=lambda faults: faults[0])
def test_a_passing_fault_is_retried(yahoo: YahooPrices, server: YahooServer, faults: list[str]) -> None:
    server.listings["SPY"] = Listing()
    server.faults["SPY"] = list(faults)
    assert list(yahoo.prices([SPY], NOTHING).rows["close"]) == CLOSES
    assert len(server.asked) == len(faults) + 1


@pytest.mark.parametrize(("fault", "error"), [("429", "YFRateLimitError"), ("cut", "IncompleteRead")])
def test_a_lasting_refusal_is_given_up(yahoo: YahooPrices, server: YahooServer, fault: str, error: str) -> None:
    server.listings["SPY"] = Listing()
    server.faults["SPY"] = [fault] * 100
    assert f"out of reach, asked 3 times: {error}" in only_failure(yahoo, server).reason


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (["500", "500"], "JSONDecodeError"),
        (["html"], "JSONDecodeError"),
        (["truncated"], "JSONDecodeError"),
        (["empty"], "no price data found"),
        (["delisted", "delisted"], "No data found, symbol may be delisted"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_an_answer_without_bars_is_a_failure_at_once(
    yahoo: YahooPrices, server: YahooServer, faults: list[str], reason: str
) -> None:
    server.listings["SPY"] = Listing()
    server.faults["SPY"] = list(faults)
    assert reason in only_failure(yahoo, server).reason
    assert [symbol for symbol, _ in server.asked] == ["SPY"] * len(faults) + ["^GSPC"]


def test_a_symbol_yahoo_never_heard_of_is_a_failure(yahoo: YahooPrices, server: YahooServer) -> None:
    assert "404" in only_failure(yahoo, server).reason


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        pytest.param(Listing(quote={"close": list(CLOSES)}), "KeyError: 'volume'", id="columns missing"),
        pytest.param(Listing(quote=Listing().quote | {"low": ["n/a"] * 5}), "'n/a'", id="words"),
        pytest.param(Listing(dividends={DAYS[2]: "some"}), "TypeError", id="words as dividend"),
        pytest.param(Listing(dividends={DAYS[2]: {"raw": 0.7}}), "Dividends (object)", id="another type"),
        pytest.param(Listing(days=[]), "no bars", id="no bars"),
    ],
)
def test_a_misshapen_answer_is_a_failure_that_says_what_was_found(
    yahoo: YahooPrices, server: YahooServer, wrong: Listing, reason: str
) -> None:
    server.listings["SPY"] = wrong
    assert reason in only_failure(yahoo, server).reason


def test_one_failing_symbol_leaves_the_others(yahoo: YahooPrices, server: YahooServer) -> None:
    server.listings |= {"SPY": Listing(), "^GSPC": Listing(), "BTC-USD": Listing(zone="UTC")}
    server.faults["^GSPC"] = ["429"] * 100
    delivery = yahoo.prices([SPY, SPX, BTC], NOTHING)
    assert list(delivery.rows["symbol"].unique()) == ["SPY", "BTC-USD"]
    assert [failure.symbol for failure in delivery.failures] == ["SPX"]


def test_nothing_delivered_is_an_error(yahoo: YahooPrices) -> None:
    with pytest.raises(SourceError, match=r"^yahoo: delivered none of 2 .*yahoo SPY .*yahoo \^GSPC"):
        yahoo.prices([SPY, SPX], NOTHING)


def test_three_symbols_in_a_row_out_of_reach_end_the_asking(yahoo: YahooPrices, server: YahooServer) -> None:
    names = ["A", "B", "C", "D", "E"]
    server.listings |= {name: Listing() for name in names}
    server.faults |= {name: ["429"] * 100 for name in ["B", "C", "D"]}
    instruments = [replace(SPY, symbol=name, yahoo_symbol=name) for name in names]
    delivery = yahoo.prices(instruments, NOTHING)
    assert [failure.symbol for failure in delivery.failures] == ["B", "C", "D", "E"]
    assert "not asked for" in delivery.failures[-1].reason
    assert "E" not in [symbol for symbol, _ in server.asked]


@pytest.mark.parametrize(
    ("instrument", "zone", "now", "last"),
    [
        (SPY, "America/New_York", "2025-11-21 17:59", "2025-11-20"),
        (SPY, "America/New_York", "2025-11-21 18:00", "2025-11-21"),
        # An evening session is dated the next day.
        (SPY, "America/New_York", "2025-11-20 19:00", "2025-11-20"),
        (BTC, "UTC", "2025-11-21 18:59", "2025-11-20"),
        (BTC, "UTC", "2025-11-21 19:00", "2025-11-21"),
        (FUND, "America/New_York", "2025-11-21 20:59", "2025-11-20"),
        (FUND, "America/New_York", "2025-11-21 21:00", "2025-11-21"),
        (EUR, "Europe/London", "2025-11-21 18:59", "2025-11-20"),
        (EUR, "Europe/London", "2025-11-21 19:00", "2025-11-21"),
    ],
)
def test_a_session_in_progress_is_not_delivered(
    yahoo: YahooPrices, server: YahooServer, instrument: Instrument, zone: str, now: str, last: str
) -> None:
    server.listings[instrument.yahoo_symbol] = Listing(zone=zone, opens_at="00:00")
    at_that_time = replace(yahoo, now=pd.Timestamp(now, tz="America/New_York").to_pydatetime())
    assert at_that_time.prices([instrument], NOTHING).rows["date"].max() == pd.Timestamp(last)


def test_what_yahoo_does_not_report_stays_missing(yahoo: YahooPrices, server: YahooServer) -> None:
    listing = Listing()
    # A holiday, a bar without open and volume, and one that did not trade.
    for column in listing.quote:
        listing.quote[column][1] = None
        listing.quote[column][3] = 98.0
    listing.quote["open"][2] = listing.quote["volume"][2] = None
    listing.quote["volume"][3] = 0
    server.listings |= {"SPY": listing, "^GSPC": listing}
    etf, index = (bars for _, bars in yahoo.prices([SPY, SPX], NOTHING).rows.groupby("symbol", sort=False))
    for bars in (etf, index):
        assert list(bars["close"]) == [100.0, 99.25, 98.0, 102.0]
        assert list(bars["open"].isna()) == [False, True, False, False]
    assert list(etf["volume"].isna()) == [False, True, False, False]
    assert list(index["volume"].isna()) == [False, True, True, False]


def test_an_impossible_price_is_delivered_for_the_audits_to_judge(yahoo: YahooPrices, server: YahooServer) -> None:
    listing = Listing()
    for column in listing.quote:
        listing.quote[column][1] = 0
    server.listings["SPY"] = listing
    assert list(yahoo.prices([SPY], NOTHING).rows["close"]) == [100.0, 0.0, 99.25, 98.0, 102.0]


def test_a_clock_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        YahooPrices(tmp_path, datetime(2025, 11, 21, 18))  # noqa: DTZ001 - the point of the test


def test_importing_the_adapter_does_not_import_yfinance() -> None:
    code = "import sys, assets.sources.yahoo; sys.exit('yfinance' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter
