"""Yahoo's option chains from a local server that speaks Yahoo's option protocol, and Yahoo as Cboe's understudy.

All quotes are made up.
"""

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from curl_cffi import requests
from pandas.testing import assert_frame_equal

from assets.sources.cboe import CboeChains
from assets.sources.download import Limits
from assets.sources.errors import Failure
from assets.sources.fallback_chains import FallbackChains
from assets.sources.option_chains import CONTRACT_COLUMNS, Snapshot, Underlying
from assets.sources.yahoo_chains import YahooChains
from tests.sources.local_server import Answer, LocalServer, cut, dropped, serving, silence, status, whole
from tests.sources.test_yahoo import LocalSession, _forget

# yfinance 1.7 calls what pandas 3.1 deprecates; our own warnings stay errors.
pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:yfinance\..*")

SPX = Underlying("SPX", ("SPX", "SPXW"), is_index=True, yahoo_symbol="^SPX")
SPY = Underlying("SPY", ("SPY",), is_index=False, yahoo_symbol="SPY")
QQQ = Underlying("QQQ", ("QQQ",), is_index=False, yahoo_symbol="QQQ")
THURSDAY = date(2026, 8, 13)
FRIDAY = date(2026, 8, 14)
# 16:00:01 and 18:30 in New York.
CLOSE = datetime(2026, 8, 13, 20, 0, 1, tzinfo=UTC)
EVENING = datetime(2026, 8, 13, 22, 30, tzinfo=UTC)
NEAR, FAR = "2026-08-14", "2026-08-21"
PATH = "/v7/finance/options/"
TIMEOUT = 0.3
ATTEMPTS = 2


def contract(symbol: str, **changed: object) -> dict[str, Any]:
    """One contract as Yahoo sends it; it leaves out what it has no value for."""
    sent: dict[str, Any] = {
        "contractSymbol": symbol,
        "strike": int(symbol[-8:]) / 1000,
        "currency": "USD",
        "lastPrice": 10.25,
        "bid": 10.5,
        "ask": 11,
        "volume": 7,
        "openInterest": 120,
        "impliedVolatility": 0.1875,
        "lastTradeDate": 1786651200,
        "inTheMoney": True,
    }
    return {key: value for key, value in (sent | changed).items() if value is not None}


def chain(expiry: str, calls: list[dict[str, Any]], puts: list[dict[str, Any]], **quote: object) -> dict[str, Any]:
    """Yahoo's answer for one expiry, of a fund with two."""
    stamps = [int(pd.Timestamp(day).timestamp()) for day in (NEAR, FAR)]
    of_expiry = {"expirationDate": int(pd.Timestamp(expiry).timestamp()), "calls": calls, "puts": puts}
    quoted = {"symbol": "SPY", "regularMarketPrice": 498.5, "regularMarketTime": int(CLOSE.timestamp())} | quote
    result = {"underlyingSymbol": "SPY", "expirationDates": stamps, "quote": quoted, "options": [of_expiry]}
    return {"optionChain": {"result": [result], "error": None}}


def near(**changed: object) -> dict[str, Any]:
    return chain(NEAR, [contract("SPY260814C00497500", **changed)], [])


def far(**quote: object) -> dict[str, Any]:
    calls = [contract("SPY260821C00500000", openInterest=None, bid=0)]
    return chain(FAR, calls, [contract("SPY260821P00500000", volume=None)], **quote)


def answer(read: object) -> Answer:
    return whole(json.dumps(read).encode())


def path(expiry: str) -> str:
    return f"{PATH}SPY?date={int(pd.Timestamp(expiry).timestamp())}"


class ImpatientSession(LocalSession):
    """A local session that waits less than the 30 s of yfinance, and asks for a path without a crumb."""

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        """Send it to 127.0.0.1."""
        (kwargs.get("params") or {}).pop("crumb", None)
        return super().request(method, url, *args, **kwargs | {"timeout": TIMEOUT})


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """Yahoo with two expiries of SPY."""
    with serving() as server:
        for crumb in ("/v1/test/getcrumb", "/"):
            server.answers[crumb] = [whole(b"crumb")]
        server.answers |= {f"{PATH}SPY": [answer(near())], path(NEAR): [answer(near())], path(FAR): [answer(far())]}
        yield server


@pytest.fixture
def yahoo(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[YahooChains]:
    """The adapter, wired to the local server, in the evening of the quotes."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    _forget()
    with ImpatientSession(server.server_port) as session:
        yield YahooChains(tmp_path / "cache", EVENING, attempts=ATTEMPTS, max_wait=0.01, session=session)
    _forget()


def delivered(
    chains: YahooChains | FallbackChains,
    *underlyings: Underlying,
    known: Collection[str] = (),
    sessions: Collection[date] | None = None,
) -> list[Snapshot | Failure]:
    return list(chains.snapshots(underlyings, known, sessions))


def snapshot(chains: YahooChains | FallbackChains, *underlyings: Underlying) -> Snapshot:
    (found,) = delivered(chains, *underlyings or [SPY])
    assert isinstance(found, Snapshot), found
    return found


def reason(yahoo: YahooChains) -> str:
    (found,) = delivered(yahoo, SPY)
    assert isinstance(found, Failure)
    assert found.symbol == "SPY"
    assert found.reason.startswith("yahoo SPY options")
    return found.reason


def test_all_expiries_of_a_fund_are_one_snapshot_as_the_port_says(yahoo: YahooChains) -> None:
    found = snapshot(yahoo)
    assert (found.underlying, found.source, found.quote_date) == ("SPY", "yahoo", THURSDAY)
    assert (found.quote_at, found.spot, found.session, found.reading) == (CLOSE, 498.5, THURSDAY, "close")
    expected = pd.DataFrame(
        {
            "root": "SPY",
            "expiry": pd.to_datetime([NEAR, FAR, FAR]).as_unit("us"),
            "put_call": ["C", "C", "P"],
            "strike": [497.5, 500.0, 500.0],
            "bid": [10.5, 0.0, 10.5],
            "ask": 11.0,
            "last": 10.25,
            "iv": 0.1875,
            "delta": [np.nan] * 3,
            "gamma": [np.nan] * 3,
            "open_interest": [120.0, np.nan, 120.0],
            "volume": [7.0, 7.0, np.nan],
        },
        columns=list(CONTRACT_COLUMNS),
    )
    assert_frame_equal(found.contracts, expected)
    assert delivered(yahoo, SPY, known={found.snapshot_id}) == []
    assert delivered(yahoo, SPY, sessions=[FRIDAY]) == [
        Failure("SPY", "yahoo SPY: publishes no history, now has the session 2026-08-13")
    ]


def test_expiries_can_be_limited_to_the_nearest(yahoo: YahooChains, server: LocalServer) -> None:
    assert list(snapshot(replace(yahoo, most_expiries=1)).contracts["strike"]) == [497.5]
    assert path(FAR) not in [asked for asked, _ in server.asked]
    with pytest.raises(ValueError, match="most_expiries must be at least 1"):
        replace(yahoo, most_expiries=0)
    with pytest.raises(ValueError, match="timezone-aware"):
        replace(yahoo, now=datetime(2026, 8, 13))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("now", "reading"),
    [
        pytest.param("2026-08-14 07:29", "close", id="open interest not yet settled"),
        pytest.param("2026-08-14 07:30", "settled", id="settled"),
        pytest.param("2026-08-14 09:31", "close", id="the next session has opened"),
    ],
)
def test_open_interest_that_settled_overnight_is_not_taken_for_that_of_the_evening(
    yahoo: YahooChains, now: str, reading: str
) -> None:
    morning = pd.Timestamp(now, tz="America/New_York").to_pydatetime()
    found = snapshot(replace(yahoo, now=morning))
    assert (found.session, found.reading) == (THURSDAY, reading)
    assert found.quote_at == (morning if reading == "settled" else CLOSE)


def test_the_hash_is_that_of_the_content(yahoo: YahooChains, server: LocalServer) -> None:
    first = snapshot(yahoo)
    assert snapshot(yahoo).snapshot_id == first.snapshot_id
    server.answers[path(NEAR)] = [answer(near(openInterest=121))]
    assert snapshot(yahoo).content_hash != first.content_hash


@pytest.mark.parametrize(
    "faults",
    [
        # yfinance itself asks a second time after a refusal, so two refusals are one failed attempt.
        pytest.param([status(429), status(429)], id="429"),
        pytest.param([silence], id="slow"),
        pytest.param([dropped], id="hung up"),
        pytest.param([cut(json.dumps(far()).encode())], id="cut"),
    ],
)
def test_a_passing_fault_is_asked_again_and_a_lasting_one_a_failure(
    yahoo: YahooChains, server: LocalServer, faults: list[Answer]
) -> None:
    server.answers[path(FAR)] = [*faults, answer(far())]
    assert len(snapshot(yahoo).contracts) == 3
    server.answers[path(FAR)] = faults[:1]
    assert f"yahoo SPY options {FAR}: out of reach, asked {ATTEMPTS} times: " in reason(yahoo)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        pytest.param(status(500), "unreadable answer: JSONDecodeError", id="500"),
        pytest.param(whole(b"<html>Sign in</html>"), "unreadable answer: JSONDecodeError", id="a page"),
        pytest.param(whole(json.dumps(far()).encode()[:-30]), "unreadable answer: JSONDecodeError", id="half-written"),
        pytest.param(answer({"optionChain": {"result": None}}), "unreadable answer: TypeError", id="null"),
        pytest.param(answer({"finance": {}}), f"{FAR}: no contracts in the answer", id="another service"),
        pytest.param(answer(chain(FAR, [], [])), f"{FAR}: no contracts in the answer", id="empty"),
        pytest.param(answer(chain(FAR, [{}], [])), f"{FAR}: contract 1: nan is no OCC symbol", id="no symbol"),
        pytest.param(answer(near()), f"{FAR}: the answer is of expiry {NEAR}", id="another expiry"),
        pytest.param(
            answer(chain(FAR, [contract("SPY260821C00500000", bid="10.5")], [])),
            f"{FAR}: contract 1 (SPY260821C00500000): bid is '10.5', not a number",
            id="words",
        ),
        pytest.param(
            answer(chain(FAR, [contract("QQQ260821C00500000")], [])),
            "'QQQ260821C00500000' is no option of SPY (SPY)",
            id="another fund's contracts",
        ),
        pytest.param(answer(far(symbol="QQQ")), "the answer is of 'QQQ'", id="another fund's quote"),
        pytest.param(answer(far(regularMarketPrice=None)), "no regularMarketPrice beside the options", id="no price"),
        pytest.param(answer(far(regularMarketTime="noon")), "regularMarketTime is 'noon', not seconds", id="no time"),
        pytest.param(answer(far(regularMarketTime=1e18)), "regularMarketTime is 1e+18, not seconds", id="far future"),
    ],
)
def test_a_wrong_answer_is_a_failure_at_once(
    yahoo: YahooChains, server: LocalServer, wrong: Answer, expected: str
) -> None:
    server.answers[path(FAR)] = [wrong]
    assert expected in reason(yahoo)
    assert len([asked for asked, _ in server.asked if asked == path(FAR)]) <= 2


def test_a_renamed_field_is_a_failure(yahoo: YahooChains, server: LocalServer) -> None:
    for expiry, call in ((NEAR, "SPY260814C00497500"), (FAR, "SPY260821C00500000")):
        renamed = contract(call, openInterest=None, impliedVolatility=None, open_interest=120, iv=0.2)
        server.answers[path(expiry)] = [answer(chain(expiry, [renamed], []))]
    assert reason(yahoo) == "yahoo SPY options: none of 2 contracts has impliedVolatility, openInterest"


def test_a_fund_without_options_and_one_yahoo_does_not_know_are_failures(
    yahoo: YahooChains, server: LocalServer
) -> None:
    server.answers[f"{PATH}SPY"] = [answer({"optionChain": {"result": [], "error": None}})]
    assert reason(yahoo) == "yahoo SPY options: the answer lists no expiries"
    (unknown,) = delivered(yahoo, QQQ)
    assert isinstance(unknown, Failure)
    assert unknown.reason.startswith("yahoo QQQ options: unreadable answer: JSONDecodeError")


def test_an_index_is_not_asked_for(yahoo: YahooChains, server: LocalServer) -> None:
    assert delivered(yahoo, SPX) == [
        Failure("SPX", "yahoo ^SPX options: not asked for, only the chains of funds are taken from Yahoo")
    ]
    assert server.asked == []


def test_yahoo_delivers_what_cboe_could_not(yahoo: YahooChains, server: LocalServer) -> None:
    cboe = CboeChains(server.url, Limits(attempts=1))
    server.answers["/QQQ.json"] = [status(503)]
    server.answers[f"{PATH}QQQ"] = [status(429)]
    spy, *failures = delivered(FallbackChains(cboe, yahoo), QQQ, SPX, SPY)[::-1]
    assert isinstance(spy, Snapshot)
    assert (spy.underlying, spy.source) == ("SPY", "yahoo")
    assert {failure.symbol for failure in failures if isinstance(failure, Failure)} == {"QQQ", "SPX"}
    spx, qqq = failures
    assert isinstance(spx, Failure)
    assert spx.reason.startswith(f"cboe {server.url}/_SPX.json: HTTP 404 Not Found; yahoo ^SPX options: not asked for")
    assert isinstance(qqq, Failure)
    assert "QQQ.json: out of reach, asked 1 times: HTTP 503" in qqq.reason
    assert "; yahoo QQQ options: out of reach, asked 2 times: YFRateLimitError" in qqq.reason


def test_yahoo_is_not_asked_for_what_cboe_delivers(yahoo: YahooChains, server: LocalServer) -> None:
    keys = ("bid", "ask", "last_trade_price", "iv", "delta", "gamma", "open_interest", "volume")
    options = [{"option": "SPY260821C00500000"} | dict.fromkeys(keys, 1.0)]
    data = {"current_price": 498.5, "options": options}
    sent = {"timestamp": "2026-08-13 22:23:24", "symbol": "SPY", "data": data}
    server.answers["/SPY.json"] = [answer(sent)]
    both = FallbackChains(CboeChains(server.url), yahoo)
    assert snapshot(both).source == "cboe"
    assert [asked for asked, _ in server.asked] == ["/SPY.json"]


def test_importing_the_adapter_does_not_import_yfinance() -> None:
    code = "import sys, assets.sources.yahoo_chains; sys.exit('yfinance' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own interpreter
