"""Cboe's delayed quotes, read from files and asked for on a local server. All quotes are made up."""

import gzip
import hashlib
import json
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from assets.sources.cboe import CboeChains, read_payload
from assets.sources.download import Limits
from assets.sources.errors import Failure, SourceError
from assets.sources.option_chains import CONTRACT_COLUMNS, MOST_CONTRACTS, Snapshot, Underlying
from tests.sources.local_server import (
    Answer,
    LocalServer,
    cut,
    cut_chunks,
    dripping,
    endless,
    serving,
    silence,
    status,
    whole,
    zipped,
)

SPX = Underlying("SPX", ("SPX", "SPXW"), is_index=True, yahoo_symbol="^GSPC")
NDX = Underlying("NDX", ("NDX", "NDXP"), is_index=True, yahoo_symbol="^NDX")
SPY = Underlying("SPY", ("SPY",), is_index=False, yahoo_symbol="SPY")
QQQ = Underlying("QQQ", ("QQQ",), is_index=False, yahoo_symbol="QQQ")
IWM = Underlying("IWM", ("IWM",), is_index=False, yahoo_symbol="IWM")
# A Thursday, 18:23 in New York.
TIMESTAMP = "2026-08-13 22:23:24"
THURSDAY = date(2026, 8, 13)
QUICK = Limits(
    connect_seconds=1, silent_seconds=0.25, total_seconds=0.5, attempts=2, max_wait=0.01, most_bytes=5_000_000
)


# Every key that Cboe sends of a contract.
SENT: dict[str, Any] = json.loads("""{
    "bid": 10.5, "bid_size": 3.0, "ask": 11.0, "ask_size": 4.0, "iv": 0.1875, "open_interest": 120.0, "volume": 7,
    "delta": 0.5, "gamma": 0.0021, "theta": -1.5, "rho": 0.2, "vega": 3.1, "theo": 10.7, "change": 0.0, "open": 9.0,
    "high": 12.0, "low": 8.5, "tick": "down", "last_trade_price": 10.25, "last_trade_time": "2026-08-13T15:12:01",
    "percent_change": 0.0, "prev_day_close": 10.0
}""")

READ = ("bid", "ask", "last_trade_price", "iv", "delta", "gamma", "open_interest", "volume")


def option(symbol: str, **changed: object) -> dict[str, Any]:
    return {"option": symbol} | SENT | changed


def payload(symbol: str = "_SPX", *options: dict[str, Any], **data: object) -> dict[str, Any]:
    root = symbol.strip("_")
    given = list(options) or [option(f"{root}260821C05000000"), option(f"{root}260918P04987500", delta=-0.5)]
    quoted = {"symbol": f"^{root}", "current_price": 4990.25, "close": 4990.25, "options": given}
    return {"timestamp": TIMESTAMP, "symbol": symbol, "data": quoted | data}


def text(read: object) -> bytes:
    return json.dumps(read).encode()


def read(content: bytes, folder: Path, underlying: Underlying = SPX) -> Snapshot:
    path = folder / "payload.json"
    path.write_bytes(content)
    return read_payload(path, underlying, "files/cboe_json")


def reason(content: bytes, folder: Path, underlying: Underlying = SPX) -> str:
    with pytest.raises(SourceError) as caught:
        read(content, folder, underlying)
    assert str(caught.value).startswith("files/cboe_json payload.json: ")
    return caught.value.reason


def test_a_payload_is_read_as_the_port_says(tmp_path: Path) -> None:
    content = text(payload("_SPX", option("SPX260821C00200000"), option("SPXW260814P04987500", iv=0, delta=-0.25)))
    snapshot = read(content, tmp_path)
    assert vars(snapshot) | {"contracts": None} == {
        "underlying": "SPX",
        "source": "files/cboe_json",
        "quote_date": THURSDAY,
        "quote_at": datetime(2026, 8, 13, 22, 23, 24, tzinfo=UTC),
        "spot": 4990.25,
        "content_hash": hashlib.sha256(content).hexdigest(),
        "contracts": None,
    }
    assert (snapshot.session, snapshot.reading) == (THURSDAY, "close")
    expected = pd.DataFrame(
        {
            "root": ["SPX", "SPXW"],
            "expiry": pd.to_datetime(["2026-08-21", "2026-08-14"]).as_unit("us"),
            "put_call": ["C", "P"],
            "strike": [200.0, 4987.5],
            "bid": 10.5,
            "ask": 11.0,
            "last": 10.25,
            "iv": [0.1875, 0.0],
            "delta": [0.5, -0.25],
            "gamma": 0.0021,
            "open_interest": 120.0,
            "volume": 7.0,
        },
        columns=list(CONTRACT_COLUMNS),
    )
    assert_frame_equal(snapshot.contracts, expected)


def test_compressed_or_not_it_is_the_same_snapshot(tmp_path: Path) -> None:
    content = text(payload())
    packed = tmp_path / "payload.json.gz"
    packed.write_bytes(gzip.compress(content))
    snapshot = read_payload(packed, SPX, "files/cboe_json")
    assert snapshot.snapshot_id == read(content, tmp_path).snapshot_id
    packed.write_bytes(packed.read_bytes()[:-10])
    with pytest.raises(SourceError, match=r"^files/cboe_json payload\.json\.gz: cannot be read: Compressed file ended"):
        read_payload(packed, SPX, "files/cboe_json")
    with pytest.raises(SourceError, match=r"none\.json: cannot be read: .*No such file"):
        read_payload(tmp_path / "none.json", SPX, "cboe")


def test_a_quote_after_midnight_in_london_is_dated_in_new_york(tmp_path: Path) -> None:
    snapshot = read(text(payload() | {"timestamp": "2026-08-14 03:30:00"}), tmp_path)
    assert snapshot.quote_date == THURSDAY


@pytest.mark.parametrize(
    ("timestamp", "reading"),
    [("2026-08-13 20:14:59", "intraday"), ("2026-08-13 20:15:00", "close"), ("2026-08-14 12:00:00", "settled")],
    ids=["quoted before the close, shown after it", "quoted at the close", "next morning"],
)
def test_quotes_are_as_old_as_the_delay_says(tmp_path: Path, timestamp: str, reading: str) -> None:
    assert read(text(payload() | {"timestamp": timestamp}), tmp_path).reading == reading


def test_a_number_that_is_null_is_missing_and_an_impossible_one_as_sent(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("bid", "ask", "iv", "open_interest"))
    given = [option("SPX260821C00200000", **nothing), option("SPX260821P00200000", iv=None, bid=-1, ask=1e400)]
    snapshot = read(text(payload("_SPX", *given, current_price=None)).replace(b"Infinity", b"1e400"), tmp_path)
    assert snapshot.spot is None
    assert snapshot.contracts["iv"].isna().all()
    assert list(snapshot.contracts["bid"].isna()) == [True, False]
    assert list(snapshot.contracts.loc[1, ["bid", "ask"]]) == [-1.0, float("inf")]
    assert (snapshot.contracts.dtypes.drop(["root", "expiry", "put_call"]) == "float64").all()


@pytest.mark.parametrize("adjusted", ["SPY1260821C00500000", "2SPY260821C00500000"])
def test_adjusted_and_flex_contracts_of_a_fund_are_left_out_and_those_of_an_index_refused(
    tmp_path: Path, adjusted: str
) -> None:
    given = [option(adjusted), option("SPY260821C00500000", bid=1.5)]
    snapshot = read(text(payload("SPY", *given)), tmp_path, SPY)
    assert list(snapshot.contracts["root"]) == ["SPY"]
    assert list(snapshot.contracts.index) == [0]
    assert reason(text(payload("SPY", given[0])), tmp_path, SPY) == "no contracts"
    index = replace(SPY, is_index=True)
    assert reason(text(payload("_SPY", *given)), tmp_path, index) == f"{adjusted!r} is no option of SPY (SPY)"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"timestamp": None}, "timestamp is None, not YYYY-MM-DD HH:MM:SS"),
        ({"timestamp": "13.08.2026 22:23"}, "timestamp is '13.08.2026 22:23', not"),
        ({"timestamp": "0001-01-01 00:00:00"}, "timestamp is '0001-01-01 00:00:00', not"),
        ({"symbol": "_NDX"}, "is of '_NDX', not of _SPX"),
        ({"symbol": None}, "is of None, not of _SPX"),
        ({"data": None}, "current_price should stand in an object, found None"),
        ({"data": {"price": 1.0}}, "key missing: current_price; found price"),
        (payload(current_price="4990"), "the underlying's price is '4990', not a number"),
        (payload(current_price=True), "the underlying's price is True, not a number"),
        (payload(options={"SPX260821C00200000": {"bid": 1.0}}), "options should be a list, found {"),
        (payload(options=[]), "no contracts"),
        (payload(options=[1.5]), "contract 1 should be an object, found 1.5"),
        (payload("_SPX", option("SPX260821C00200000", bid="10.5")), "(SPX260821C00200000): bid is '10.5', not a num"),
        (payload("_SPX", option("SPX260821C00200000", iv=True)), "contract 1 (SPX260821C00200000): iv is True, not"),
        (payload("_SPX", option("SPX260821C00200000", iv=[0.2])), "contract 1 (SPX260821C00200000): iv is [0.2], not"),
        (payload("_SPX", option("SPX Aug 21 C200")), "contract 1: 'SPX Aug 21 C200' is no OCC symbol"),
        (payload("_SPX", option("SPX261399C00200000")), "contract 1: 'SPX261399C00200000' is no OCC symbol"),
        (payload("_SPX", option("SPX260821C00200000"), option("")), "contract 2: '' is no OCC symbol"),
        (payload("_SPX", option("SPX260821C00200000", option=5)), "contract 1: 5.0 is no OCC symbol"),
        (payload("_SPX", option("XSP260821C00200000")), "'XSP260821C00200000' is no option of SPX (SPX, SPXW)"),
    ],
)
def test_another_shape_is_refused_with_what_was_found(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    assert expected in reason(text(payload() | changed), tmp_path)


@pytest.mark.parametrize("key", ["timestamp", "symbol", "data"])
def test_a_missing_key_is_named_with_those_found(tmp_path: Path, key: str) -> None:
    sent = payload()
    del sent[key]
    assert reason(text(sent), tmp_path) == f"key missing: {key}; found {', '.join(sorted(sent))}"


def test_a_renamed_field_of_one_contract_is_named_with_those_found(tmp_path: Path) -> None:
    renamed = option("SPX260821P00200000")
    renamed["impliedVolatility"] = renamed.pop("iv")
    said = reason(text(payload("_SPX", option("SPX260821C00200000"), renamed)), tmp_path)
    assert said.startswith("contract 2: key missing: iv; found ask, ask_size, bid,")
    assert "impliedVolatility" in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html><body>Sign in</body></html>", "is no JSON: Expecting value: line 1 column 1 (char 0); begins with"),
        (b"", "is no JSON"),
        (text(payload())[:-300], "is no JSON"),
        (text(payload(current_price=float("nan"))), "is no JSON: NaN is no number"),
        (b"[" * 100_000, "is no JSON: maximum recursion depth"),
        (b"\xff\xfe{}", "cannot be read: 'utf-8' codec"),
        (b"[1]", "timestamp should stand in an object, found [1.0]"),
        (b'{"a": ' + b"9" * 5000 + b"}", "key missing: timestamp; found a"),
    ],
)
def test_what_is_no_payload_at_all_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    assert expected in reason(content, tmp_path)


def test_more_contracts_than_any_chain_has_are_refused(tmp_path: Path) -> None:
    one = text(dict.fromkeys(READ, 1) | {"option": "SPX260821C00200000"})
    many = text(payload(options="*")).replace(b'"*"', b"[" + one + b"," + b",".join([one] * MOST_CONTRACTS) + b"]")
    assert "250,001 contracts" in reason(many, tmp_path)


# --- asked for ---


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalServer]:
    """The local server; every temporary file is gone when the test is over."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with serving() as server:
        yield server
    assert list(tmp_path.iterdir()) == []


def delivered(
    server: LocalServer, *underlyings: Underlying, known: Collection[str] = (), sessions: Collection[date] | None = None
) -> list[Snapshot | Failure]:
    return list(CboeChains(server.url, QUICK).snapshots(underlyings, known, sessions))


def test_every_underlying_is_asked_for_under_cboes_name(server: LocalServer) -> None:
    content = text(payload())
    server.answers = {"/_SPX.json": [zipped(content)], "/SPY.json": [whole(text(payload("SPY")))]}
    spx, spy = delivered(server, SPX, SPY, sessions=[THURSDAY])
    assert isinstance(spx, Snapshot)
    assert isinstance(spy, Snapshot)
    assert (spx.underlying, spx.source, spy.underlying) == ("SPX", "cboe", "SPY")
    assert spx.content_hash == hashlib.sha256(content).hexdigest()
    assert delivered(server, SPX, SPY, known={spx.snapshot_id, spy.snapshot_id}) == []
    (failure,) = delivered(server, SPX, sessions=[date(2026, 8, 12)])
    assert failure == Failure("SPX", "cboe SPX: publishes no history, now has the session 2026-08-13")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(silence, id="slow answer"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), id="one byte at a time"),
        pytest.param(status(429), id="429"),
        pytest.param(status(429, Retry_After="0"), id="429 with Retry-After"),
        pytest.param(status(500), id="500"),
        pytest.param(cut(text(payload())), id="cut"),
        pytest.param(zipped(text(payload()), left_out=10), id="truncated gzip"),
        pytest.param(cut_chunks(text(payload())), id="truncated chunks"),
    ],
)
def test_a_passing_fault_is_asked_again_and_a_lasting_one_a_failure(server: LocalServer, fault: Answer) -> None:
    server.answers = {"/_SPX.json": [fault, whole(text(payload()))], "/SPY.json": [fault]}
    spx, spy = delivered(server, SPX, SPY)
    assert isinstance(spx, Snapshot)
    assert len(spx.contracts) == 2
    assert isinstance(spy, Failure)
    assert spy.reason.startswith(f"cboe {server.url}/SPY.json: out of reach, asked 2 times: ")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(status(404), "SPY.json: HTTP 404 Not Found", id="404"),
        pytest.param(whole(b"<html>Sign in</html>"), "cboe SPY.json: is no JSON", id="a page"),
        pytest.param(whole(text(payload("SPY"))[:-50]), "cboe SPY.json: is no JSON", id="half-written"),
        pytest.param(whole(text(payload("QQQ"))), "cboe SPY.json: is of 'QQQ', not of SPY", id="another's"),
        pytest.param(whole(text(payload("SPY", options={}))), "options should be a list", id="another shape"),
        pytest.param(whole(text(payload("SPY") | {"timestamp": "2199-01-04 22:00:00"})), "XNYS calendar", id="future"),
        pytest.param(endless(), "SPY.json: the body is larger than 5,000,000 bytes", id="endless"),
    ],
)
def test_a_wrong_answer_is_a_failure_at_once_and_the_others_come_through(
    server: LocalServer, answer: Answer, expected: str
) -> None:
    server.answers = {"/SPY.json": [answer], "/_SPX.json": [whole(text(payload()))]}
    started = time.monotonic()
    spy, spx = delivered(server, SPY, SPX)
    assert time.monotonic() - started < 3
    assert isinstance(spy, Failure)
    assert spy.symbol == "SPY"
    assert expected in spy.reason
    assert isinstance(spx, Snapshot)
    assert [path for path, _ in server.asked] == ["/SPY.json", "/_SPX.json"]
    assert server.sent < 25_000_000


def test_three_in_a_row_out_of_reach_end_the_asking(server: LocalServer) -> None:
    server.answers = {path: [status(503)] for path in ("/_NDX.json", "/SPY.json", "/QQQ.json", "/IWM.json")}
    server.answers["/_SPX.json"] = [whole(text(payload()))]
    # A final refusal in between is an answer.
    server.answers["/_RUT.json"] = [status(404)]
    rut = replace(NDX, symbol="RUT")
    found = delivered(server, SPX, NDX, rut, SPY, QQQ, NDX, IWM, SPX)
    assert isinstance(found[0], Snapshot)
    failures = [failure for failure in found if isinstance(failure, Failure)]
    assert [failure.symbol for failure in failures] == ["NDX", "RUT", "SPY", "QQQ", "NDX", "IWM", "SPX"]
    assert failures[-1].reason == "cboe SPX: not asked for, the 3 before it were out of reach"
    assert "/IWM.json" not in [path for path, _ in server.asked]
