"""Downloads from a local server, with everything that can go wrong on the way."""

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assets.sources.download import Limits, download
from assets.sources.errors import SourceError
from assets.sources.reach import OutOfReachError
from tests.sources.local_server import (
    Answer,
    LocalServer,
    chunks,
    cut,
    cut_chunks,
    dripping,
    dropped,
    endless,
    endless_zip,
    serving,
    silence,
    status,
    whole,
    zipped,
)

BODY = b"strike,bid\n" + b"".join(b"%d,%d\n" % (n, n * 7) for n in range(20_000))
OK = whole(BODY)
QUICK = Limits(
    connect_seconds=1,
    silent_seconds=0.25,
    total_seconds=0.5,
    attempts=2,
    max_wait=0.01,
    max_retry_after=0.05,
    most_bytes=10_000_000,
)
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as server:
        yield server


def downloaded(server: LocalServer, folder: Path, *answers: Answer, limits: Limits = QUICK) -> bytes:
    server.answers["/file"] = list(answers)
    target = folder / "file"
    download(f"{server.url}/file", target, "cboe", limits)
    assert list(folder.iterdir()) == [target]
    return target.read_bytes()


def refused(server: LocalServer, folder: Path, *answers: Answer, limits: Limits = QUICK) -> SourceError:
    """The error, which names the address, comes soon and leaves nothing behind."""
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        downloaded(server, folder, *answers, limits=limits)
    assert time.monotonic() - started < 4
    assert str(caught.value).startswith(f"cboe {server.url}/file: ")
    assert list(folder.iterdir()) == []
    return caught.value


@pytest.mark.parametrize(
    "answer", [OK, zipped(BODY), chunks(BODY), whole(b"")], ids=["plain", "gzip", "chunks", "empty"]
)
def test_a_body_is_stored_as_it_was_before_it_was_sent(server: LocalServer, tmp_path: Path, answer: Answer) -> None:
    assert downloaded(server, tmp_path, answer) == (b"" if answer == whole(b"") else BODY)
    ((_, headers),) = server.asked
    assert headers["User-Agent"].startswith("undertow ")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(silence, "ReadTimeout", id="slow answer"),
        pytest.param(dripping(HEAD), "no whole answer within 0.5 s", id="one byte of the head at a time"),
        pytest.param(
            dripping(HEAD + b"Content-Length: 100000\r\n\r\n"), "no whole answer within", id="one byte at a time"
        ),
        pytest.param(dripping(HEAD + b"Connection: close\r\n\r\n"), "no whole answer within", id="the same, no length"),
        pytest.param(
            dripping(HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
            "no whole answer within",
            id="one digit of a chunk's length at a time",
        ),
        pytest.param(status(429), "HTTP 429 Too Many Requests", id="429"),
        pytest.param(status(429, Retry_After="86400"), "HTTP 429", id="429 for a day"),
        pytest.param(status(429, Retry_After="9" * 5000), "HTTP 429", id="429 with a nonsensical wait"),
        pytest.param(status(500), "HTTP 500 Internal Server Error", id="500"),
        pytest.param(dropped, "RemoteDisconnected", id="hung up"),
        pytest.param(cut(BODY), "IncompleteRead", id="cut in the body"),
        pytest.param(cut_chunks(BODY), "IncompleteRead", id="cut between chunks"),
        pytest.param(zipped(BODY, left_out=20), "Compressed file ended", id="truncated gzip"),
        pytest.param(whole(BODY, headers={"Content-Encoding": "gzip"}), "Not a gzipped file", id="no gzip"),
    ],
)
def test_a_passing_fault_is_asked_again_and_a_lasting_one_given_up(
    server: LocalServer, tmp_path: Path, fault: Answer, reason: str
) -> None:
    assert downloaded(server, tmp_path, fault, OK) == BODY
    assert len(server.asked) == 2
    (tmp_path / "file").unlink()
    error = refused(server, tmp_path, fault)
    assert isinstance(error, OutOfReachError)
    assert "out of reach, asked 2 times: " in str(error)
    assert reason in str(error)
    assert len(server.asked) == 4


def test_a_wait_that_the_server_asks_for_is_kept(server: LocalServer, tmp_path: Path) -> None:
    started = time.monotonic()
    patient = replace(QUICK, max_retry_after=10)
    assert downloaded(server, tmp_path, status(429, Retry_After="1"), OK, limits=patient) == BODY
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(status(403), "HTTP 403 Forbidden", id="403"),
        pytest.param(status(404), "HTTP 404 Not Found", id="404"),
        pytest.param(status(204), "HTTP 204 No Content", id="204"),
        pytest.param(status(302, Location="/other"), "HTTP 302 Found, to /other; redirects are not", id="redirect"),
        pytest.param(whole(b"?", headers={"Content-Encoding": "br"}), "encoded as 'br'", id="another encoding"),
        pytest.param(whole(bytes(10_000_001)), "larger than 10,000,000 bytes", id="a byte too many"),
    ],
)
def test_a_final_answer_is_refused_at_once(server: LocalServer, tmp_path: Path, answer: Answer, reason: str) -> None:
    error = refused(server, tmp_path, answer)
    assert reason in str(error)
    assert not isinstance(error, OutOfReachError)
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [endless(), endless_zip], ids=["plain", "compressed"])
def test_an_endless_body_is_refused_near_the_limit_and_never_in_memory(
    server: LocalServer, tmp_path: Path, answer: Answer
) -> None:
    tracemalloc.start()
    error = refused(server, tmp_path, answer, limits=replace(QUICK, total_seconds=10))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "the body is larger than 10,000,000 bytes" in str(error)
    assert len(server.asked) == 1
    # What lies between the two sockets counts as sent; the server's own megabyte counts as held.
    assert server.sent < 30_000_000
    assert most < 4_000_000


@pytest.mark.parametrize(("code", "asked"), [(302, 1), (404, 1), (500, 2)])
def test_the_body_of_a_refusal_is_not_read(server: LocalServer, tmp_path: Path, code: int, asked: int) -> None:
    assert f"HTTP {code}" in str(refused(server, tmp_path, endless(code)))
    assert len(server.asked) == asked
    assert server.sent < 20_000_000


def test_a_server_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with serving() as server:
        pass
    assert "out of reach, asked 2 times: ConnectionError" in str(refused(server, tmp_path))


def test_what_cannot_be_stored_is_refused_at_once(server: LocalServer, tmp_path: Path) -> None:
    server.answers["/file"] = [OK]
    with pytest.raises(SourceError, match=r"cannot be stored: .*No such file or directory"):
        download(f"{server.url}/file", tmp_path / "no folder" / "file", "cboe", QUICK)
    assert len(server.asked) == 1


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^cboe htp://nowhere: InvalidURL"):
        download("htp://nowhere", tmp_path / "file", "cboe", QUICK)
