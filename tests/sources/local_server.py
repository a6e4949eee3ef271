"""A web server on 127.0.0.1 that answers as a test tells it to, faults included."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# More than any client here waits, and what a handler waits at most.
LONGEST_SECONDS = 5.0
DRIP_SECONDS = 0.02


class LocalServer(ThreadingHTTPServer):
    """Answers every path with the answers given for it, in order, and with the last one for ever.

    Closing it waits for the handlers of all connections.

    Attributes:
        answers: By path; a path without any is HTTP 404.
        asked: Path and headers of every request.
        sent: Bytes that endless bodies have sent.
        closing: Set when the handlers have to end.
    """

    daemon_threads = False

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection, and closes it where a fault says so."""

    server: LocalServer
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_SECONDS
    # Head and body are two small writes, between which it would wait 40 ms.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Take the next answer of the path."""
        self.server.asked.append((self.path, dict(self.headers.items())))
        answers = self.server.answers.get(self.path, [status(404)])
        # The client may be gone by now, which is what some tests are about.
        with suppress(ConnectionError):
            (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def head(self, code: int, headers: dict[str, str]) -> None:
        """Send the head of an answer."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""


Answer = Callable[[_Handler], None]


@contextmanager
def serving() -> Iterator[LocalServer]:
    """A server that is closed at the end, with every connection."""
    with LocalServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class whole:  # noqa: N801 - reads as what it does
    """A whole body with its length; `promised` announces another length, and the connection ends after the body."""

    body: bytes
    code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None

    def __call__(self, handler: _Handler) -> None:
        """Send it."""
        handler.head(self.code, {"Content-Length": str(self.promised or len(self.body))} | self.headers)
        handler.wfile.write(self.body)
        handler.close_connection = self.promised is not None


def status(code: int, **headers: str) -> Answer:
    """An answer without a body of interest; an underscore in a header's name stands for a hyphen."""
    return whole(b"no", code, {name.replace("_", "-"): value for name, value in headers.items()})


def zipped(body: bytes, left_out: int = 0) -> Answer:
    """The body compressed, without its last bytes, under its right length."""
    packed = gzip.compress(body)
    return whole(packed[: len(packed) - left_out], headers={"Content-Encoding": "gzip"})


def cut(body: bytes) -> Answer:
    """Half of the body under the length of the whole."""
    return whole(body[: len(body) // 2], promised=len(body))


def cut_chunks(body: bytes) -> Answer:
    """Half of the body in chunks, without the chunk that ends it."""

    def answer(handler: _Handler) -> None:
        handler.head(200, {"Transfer-Encoding": "chunked"})
        half = body[: len(body) // 2]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(half), half))
        handler.close_connection = True

    return answer


def chunks(body: bytes) -> Answer:
    """The whole body in two chunks."""

    def answer(handler: _Handler) -> None:
        handler.head(200, {"Transfer-Encoding": "chunked"})
        for part in (body[:10], body[10:], b""):
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    return answer


def silence(handler: _Handler) -> None:
    """Say nothing, until the server closes."""
    handler.server.closing.wait(LONGEST_SECONDS)
    handler.close_connection = True


def dropped(handler: _Handler) -> None:
    """Hang up without a word."""
    handler.close_connection = True


def dripping(before: bytes) -> Answer:
    """Send this and then one byte after the other, until the client goes or the server closes."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(before)
        for _ in range(int(LONGEST_SECONDS / DRIP_SECONDS)):
            if handler.server.closing.wait(DRIP_SECONDS):
                break
            handler.wfile.write(b"1")
        handler.close_connection = True

    return answer


@dataclass(frozen=True)
class endless:  # noqa: N801 - reads as what it does
    """A body without end, until the client goes."""

    code: int = 200

    def __call__(self, handler: _Handler) -> None:
        """Send it."""
        handler.head(self.code, {"Connection": "close", "Location": "/other"})
        block = bytes(1 << 16)
        while not handler.server.closing.is_set():
            handler.wfile.write(block)
            handler.server.sent += len(block)


def endless_zip(handler: _Handler) -> None:
    """Send 4 GB that compress to 5 MB, until the client goes."""
    member = gzip.compress(bytes(1 << 20))
    handler.head(200, {"Connection": "close", "Content-Encoding": "gzip"})
    for _ in range(1 << 12):
        handler.wfile.write(member)
        handler.server.sent += len(member)
    handler.close_connection = True
