"""Option chains from Cboe's delayed quotes, 15 minutes late. Needs no key.

Cboe documents neither the address nor the payload, of which this is what is read:

    {"timestamp": "2026-08-13 22:23:24", "symbol": "_SPX", "data": {"current_price": 7798.99, "options": [
        {"option": "SPX260821C00200000", "bid": 7586.5, "ask": 7604.8, "last_trade_price": 7553.37, "iv": 0.0,
         "delta": 0.9999, "gamma": 0.0, "open_interest": 2960.0, "volume": 0.0}]}}

`timestamp` is in UTC and is when the payload was made: it goes on through nights and holidays.
"""

import gzip
import hashlib
import json
import reprlib
import textwrap
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import pandas as pd

from assets.sources.download import CHUNK_BYTES, DEFAULT_LIMITS, MOST_BYTES, Limits, downloaded
from assets.sources.errors import Failure, SourceError
from assets.sources.live_chains import present_snapshots
from assets.sources.occ import NUMBERS, SYMBOL, read_contracts, read_spot
from assets.sources.option_chains import Snapshot, Underlying
from assets.sources.sessions import NEW_YORK, session_on_or_before, xnys

BASE_URL = "https://cdn.cboe.com/api/global/delayed_quotes/options"
CBOE_NAMES = {"last": "last_trade_price"}
TIMESTAMP = "%Y-%m-%d %H:%M:%S"
KEYS_SHOWN = 400  # characters
DELAY = timedelta(minutes=15)

_COLUMNS = (SYMBOL, *NUMBERS)
_KEYS = tuple(CBOE_NAMES.get(name, name) for name in _COLUMNS)
_values = itemgetter(*_KEYS)


@dataclass(frozen=True)
class CboeChains:
    """An option-chain source that asks Cboe, one underlying after the other.

    Attributes:
        base_url: The address that the payloads stand under.
        limits: What each download may take.
    """

    base_url: str = BASE_URL
    limits: Limits = DEFAULT_LIMITS

    def snapshots(
        self, underlyings: Sequence[Underlying], known: Collection[str], sessions: Collection[date] | None
    ) -> Iterator[Snapshot | Failure]:
        """Deliver the present snapshots, as the port `ChainSource` and `present_snapshots` say."""
        return present_snapshots("cboe", self._present, underlyings, known, sessions)

    def _present(self, underlying: Underlying) -> Snapshot:
        name = f"{_cboe_symbol(underlying)}.json"
        with downloaded(f"{self.base_url}/{name}", name, "cboe", self.limits) as path:
            return read_payload(path, underlying, "cboe")


def read_payload(path: Path, underlying: Underlying, source: str) -> Snapshot:
    """Read one payload of Cboe's delayed quotes.

    A number that is null is missing (NaN). Keys other than those above are ignored; about adjusted contracts see
    `occ.read_contracts`.

    Args:
        path: A .json or .json.gz file.
        underlying: Whose payload it must be.
        source: `Snapshot.source`.

    Returns:
        The snapshot; its `content_hash` is the SHA-256 of the payload, decompressed.

    Raises:
        SourceError: If the file cannot be read, is larger than `MOST_BYTES` decompressed, is not of the shape above,
            or is of another underlying. It says what was found.
    """
    label = f"{source} {path.name}"
    payload, content_hash = _payload(path, label)
    quoted = _quoted_at(_new_york(_member(payload, "timestamp", label), label))
    symbol, expected = _member(payload, "symbol", label), _cboe_symbol(underlying)
    if symbol != expected:
        raise SourceError(label, f"is of {reprlib.repr(symbol)}, not of {expected}")
    data = _member(payload, "data", label)
    return Snapshot(
        underlying=underlying.symbol,
        source=source,
        quote_date=quoted.date(),
        quote_at=quoted.astimezone(UTC),
        spot=read_spot(_member(data, "current_price", label), label),
        content_hash=content_hash,
        contracts=read_contracts(_listed(_member(data, "options", label), label), underlying, label),
    )


def _cboe_symbol(underlying: Underlying) -> str:
    return f"_{underlying.symbol}" if underlying.is_index else underlying.symbol


def _payload(path: Path, label: str) -> tuple[object, str]:
    """The payload, each of its contracts as a tuple of `_KEYS`, and the digest of its text."""
    text, digest = _text(path, label)
    try:
        # A contract becomes a tuple as soon as it is read: dictionaries would take half as much memory again.
        return json.loads(text, object_hook=_contract, parse_int=float, parse_constant=_no_number), digest
    except (ValueError, RecursionError) as error:
        raise SourceError(label, f"is no JSON: {error}; begins with {text[:40]!r}") from error


def _text(path: Path, label: str) -> tuple[str, str]:
    content = bytearray()
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise SourceError(label, f"larger than {MOST_BYTES:,} bytes")
        return content.decode("utf-8-sig"), hashlib.sha256(content).hexdigest()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(label, f"cannot be read: {error}") from error


def _contract(read: dict[str, object]) -> object:
    try:
        return _values(read)
    except KeyError:
        return read


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no number")


def _member(read: object, key: str, label: str) -> object:
    if not isinstance(read, dict):
        raise SourceError(label, f"{key} should stand in an object, found {reprlib.repr(read)}")
    if key not in read:
        raise SourceError(label, f"key missing: {key}; found {_keys(read)}")
    return read[key]


def _keys(read: dict[str, object]) -> str:
    return textwrap.shorten(", ".join(sorted(read)), KEYS_SHOWN, placeholder=" ...")


def _new_york(timestamp: object, label: str) -> datetime:
    try:
        return datetime.strptime(str(timestamp), TIMESTAMP).replace(tzinfo=UTC).astimezone(NEW_YORK)
    except (ValueError, OverflowError) as error:
        raise SourceError(label, f"timestamp is {reprlib.repr(timestamp)}, not YYYY-MM-DD HH:MM:SS") from error


def _quoted_at(stamped: datetime) -> datetime:
    """The time of the quotes: what is stamped within the delay after a close was quoted before it."""
    session = pd.Timestamp(session_on_or_before(stamped.date(), opened_by=stamped))
    return stamped - DELAY if stamped - DELAY < xnys().session_close(session) <= stamped else stamped


def _listed(options: object, label: str) -> pd.DataFrame:
    if not isinstance(options, list):
        raise SourceError(label, f"options should be a list, found {reprlib.repr(options)}")
    for number, option in enumerate(options, start=1):
        if isinstance(option, dict):
            missing = ", ".join(key for key in _KEYS if key not in option)
            raise SourceError(label, f"contract {number}: key missing: {missing}; found {_keys(option)}")
        if not isinstance(option, tuple):
            raise SourceError(label, f"contract {number} should be an object, found {reprlib.repr(option)}")
    return pd.DataFrame(options, columns=list(_COLUMNS))
