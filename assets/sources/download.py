"""One HTTP answer, streamed to a file: bounded in time and size, asked for again where a fault may pass."""

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from urllib3 import Retry
from urllib3.exceptions import HTTPError, InvalidHeader

from assets.sources.errors import SourceError
from assets.sources.reach import OutOfReachError

USER_AGENT = f"undertow (estimates from public market data) {requests.utils.default_user_agent()}"
MOST_BYTES = 256_000_000
CHUNK_BYTES = 1 << 16
CUT_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class Limits:
    """What a download may take.

    Attributes:
        connect_seconds: Until the connection stands.
        silent_seconds: The longest time without a byte.
        total_seconds: For one attempt, from the first byte sent to the last received.
        attempts: How often to ask in all.
        max_wait: The longest wait between two attempts, in seconds. Waits start at 1 s and double.
        max_retry_after: The longest wait that a Retry-After header brings about, in seconds.
        most_bytes: The largest body, decompressed.
    """

    connect_seconds: float = 10.0
    silent_seconds: float = 30.0
    total_seconds: float = 180.0
    attempts: int = 4
    max_wait: float = 30.0
    max_retry_after: float = 120.0
    most_bytes: int = MOST_BYTES


DEFAULT_LIMITS = Limits()


class _PassingError(SourceError):
    """A fault that may be gone at the next attempt."""

    def __init__(self, source: str, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(source, reason)
        self.retry_after = retry_after


@contextmanager
def downloaded(
    url: str, name: str, source: str, limits: Limits = DEFAULT_LIMITS, user_agent: str = USER_AGENT
) -> Iterator[Path]:
    """The body of one GET in a file of this name, which is gone afterwards.

    Raises:
        SourceError: As `download` says.
    """
    with TemporaryDirectory(prefix="undertow-") as folder:
        path = Path(folder) / name
        download(url, path, source, limits, user_agent)
        yield path


def download(
    url: str, target: Path, source: str, limits: Limits = DEFAULT_LIMITS, user_agent: str = USER_AGENT
) -> None:
    """Store the body of one GET, decompressed; nothing is left of it after a failure.

    Asked for again: HTTP 429 and 5xx, timeouts, lost connections, and bodies that end early or do not decompress.
    Redirects are not followed. A body that ends early without having announced its length, neither by
    Content-Length nor by chunks nor inside gzip, cannot be told from a whole one.

    Args:
        url: What to ask for.
        target: The file to write; one that is there already is replaced, and is lost on failure.
        source: The source's name, for messages.
        limits: What it may take.
        user_agent: How to introduce oneself.

    Raises:
        OutOfReachError: If every attempt failed in a way that may pass.
        SourceError: If the answer is final and no body, if the body is too large, or if it cannot be stored.
    """
    label = f"{source} {url}"
    retrying = Retrying(
        stop=stop_after_attempt(limits.attempts),
        wait=_Wait(limits),
        retry=retry_if_exception_type(_PassingError),
        reraise=True,
    )
    try:
        retrying(_attempt, url, target, label, limits, user_agent)
    except _PassingError as error:
        _remove(target)
        raise OutOfReachError(label, f"out of reach, asked {limits.attempts} times: {error.reason}") from error
    except BaseException:
        _remove(target)
        raise


@dataclass(frozen=True)
class _Wait:
    """Seconds until the next attempt: ever longer, and not sooner than the server asks for."""

    limits: Limits

    def __call__(self, state: RetryCallState) -> float:
        backoff = wait_exponential_jitter(max=self.limits.max_wait)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _PassingError) else 0.0
        return max(backoff, min(asked, self.limits.max_retry_after))


def _attempt(url: str, target: Path, label: str, limits: Limits, user_agent: str) -> None:
    adapter = _CuttableAdapter()
    with _deadline(limits.total_seconds, adapter) as over:
        try:
            _fetch(adapter, url, target, label, limits, user_agent=user_agent)
        except (requests.ConnectionError, requests.Timeout, HTTPError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            reason = f"{type(error).__name__}: {error}"
            raise _PassingError(label, _too_slow(limits) if over.is_set() else reason) from error
        except requests.RequestException as error:
            raise SourceError(label, f"{type(error).__name__}: {error}") from error
        except OSError as error:
            raise SourceError(label, f"cannot be stored: {error}") from error
        # A body of unannounced length ends without an error when its connection is cut.
        if over.is_set():
            raise _PassingError(label, _too_slow(limits))


def _too_slow(limits: Limits) -> str:
    return f"no whole answer within {limits.total_seconds:g} s"


def _fetch(adapter: HTTPAdapter, url: str, target: Path, label: str, limits: Limits, *, user_agent: str) -> None:
    with _Session() as session:
        session.mount(url, adapter)
        answer = session.get(
            url,
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            timeout=(limits.connect_seconds, limits.silent_seconds),
            stream=True,
        )
        with answer:
            _check_status(answer, label)
            _store(answer, target, label, limits.most_bytes)


def _check_status(answer: requests.Response, label: str) -> None:
    status = answer.status_code
    reason = f"HTTP {status} {answer.reason}"
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        raise _PassingError(label, reason, _retry_after(answer.headers.get("Retry-After")))
    if answer.is_redirect:
        raise SourceError(label, f"{reason}, to {answer.headers['Location']}; redirects are not followed")
    if status != requests.codes.ok:
        raise SourceError(label, reason)


def _retry_after(header: str | None) -> float:
    if header is None:
        return 0.0
    try:
        return Retry().parse_retry_after(header)
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0


def _store(answer: requests.Response, target: Path, label: str, most_bytes: int) -> None:
    encoding = answer.headers.get("Content-Encoding", "identity").lower()
    if encoding not in {"identity", "gzip"}:
        raise SourceError(label, f"the body is encoded as {encoding!r}, asked was gzip or nothing")
    # urllib3's own decoder takes a gzip stream that ends early for a whole one.
    body = gzip.GzipFile(fileobj=answer.raw) if encoding == "gzip" else answer.raw
    size = 0
    with target.open("wb") as file:
        while chunk := body.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise SourceError(label, f"the body is larger than {most_bytes:,} bytes")
            file.write(chunk)


def _remove(target: Path) -> None:
    with suppress(OSError):
        target.unlink()


class _Session(requests.Session):
    """Follows no redirects: to do so, requests would first read the body, whatever its size, into memory."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _CuttableAdapter(HTTPAdapter):
    """Remembers the sockets that it opens, so that another thread can cut them."""

    def __init__(self) -> None:
        super().__init__()
        self._pools: list[Any] = []
        self._sockets: list[socket.socket] = []

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on as they are
        """Requests' hook for subclasses: the pool from which a request takes its connection."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        sockets = self._sockets

        class Remembering(pool.ConnectionCls):  # type: ignore[misc]  # plain or TLS, as the pool has it
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Remembering
        self._pools.append(pool)
        return pool

    def cut(self) -> None:
        """End whatever waits for these sockets."""
        for opened in self._sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connections now, not when Python comes to collect them."""
        super().close()
        for pool in self._pools:
            pool.close()


@contextmanager
def _deadline(seconds: float, adapter: _CuttableAdapter) -> Iterator[threading.Event]:
    """Cut the adapter's connections when the time is up, which the event tells.

    A socket's timeout begins anew with every byte: a server that drips them would hold on to its client for ever,
    in the headers as well as in the body.
    """
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        over.set()
        adapter.cut()
        # A connection may come to stand only after this.
        while not done.wait(CUT_AGAIN_SECONDS):
            adapter.cut()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield over
    finally:
        done.set()
        watcher.join()
