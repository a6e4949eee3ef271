"""Option chains from a folder of vendor files: `option_chains/**` with `.csv`, `.csv.gz`, `.json` and `.json.gz`.

Names of files and folders mean nothing; the content says which layout it is (chain_layouts.py, chain_quotedata.py,
and Cboe's delayed quotes in JSON). What begins with a dot is ignored, files and folders alike.

Two kinds of companions are no chains. A table with the columns session_date, ticker, payload_timestamp and
current_price, and no option, gives a flattened chain its spot and time if it is called `underlying.csv` and stands
beside the chain or one folder up. A JSON object with `tickers` and neither `data` nor `options` is a collector's
note; nothing is read from it.
"""

import dataclasses
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import BytesIO
from pathlib import Path
from string import digits
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assets.sources.chain_layouts import (
    UTC,
    Columns,
    Companion,
    Document,
    EndOfDay,
    Header,
    JsonFlat,
    Layout,
    OpenInterestOnly,
    Quoted,
    Underlyings,
    YFinance,
)
from assets.sources.chain_quotedata import Quotedata
from assets.sources.chain_tables import Table, contracts, price
from assets.sources.errors import Failure, SourceError
from assets.sources.option_chains import CONTRACT_COLUMNS, MOST_CONTRACTS, Snapshot, Underlying

SUBFOLDER = "option_chains"
SUFFIXES = (".csv", ".csv.gz", ".json", ".json.gz")
LAYOUTS: tuple[Columns, ...] = (
    Quotedata(),
    JsonFlat(),
    EndOfDay(),
    OpenInterestOnly(),
    YFinance(),
    Underlyings(),
)
# Cboe's delayed quotes as downloaded.
CBOE_JSON = "files/cboe_json"
# Of the columns it needs, a layout is recognised by this part; what is then missing can be named.
ENOUGH = 0.7
MOST_BYTES = 512 << 20
_CHUNK = 1 << 20
_HEAD_BYTES = 1 << 16
# A header stands within the first lines of a file.
_HEAD_LINES = 8
_SHOWN = 160
_MOST_REASON = 600
_MOST_NOTE_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8 = b"\xef\xbb\xbf"
_JSON_OPTION = re.compile(rb'"option"\s*:\s*"([A-Z0-9.]{1,6})\s*\d{6}[CP]\d{8}"')
_NOTHING = pd.DataFrame(columns=list(CONTRACT_COLUMNS))


@dataclass(frozen=True)
class _Wanted:
    underlyings: tuple[Underlying, ...]
    known: frozenset[str]
    sessions: frozenset[date] | None

    @cached_property
    def known_content(self) -> frozenset[str]:
        """Source and content of what is known of these underlyings."""
        symbols = {underlying.symbol for underlying in self.underlyings}
        parts = [snapshot_id.split(" ") for snapshot_id in self.known]
        return frozenset(" ".join(part[-2:]) for part in parts if part[0] in symbols)

    def of(self, roots: Collection[str]) -> Underlying:
        """The underlying that these option roots belong to, with a fund's adjusted and FLEX ones (SPY1, 2SPY)."""
        owners = {root: underlying for underlying in self.underlyings for root in underlying.roots}
        funds = {root: underlying for root, underlying in owners.items() if not underlying.is_index}
        found = {owners.get(root) or funds.get(root.strip(digits)) for root in roots}
        shown = ", ".join(sorted(roots))
        if len(found) > 1:
            raise SourceError("", f"roots {shown} do not all belong to one underlying that is followed")
        (underlying,) = found
        if underlying is None:
            raise SourceError("", f"unknown underlying: option roots {shown}")
        return underlying

    def wants(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot's session is asked for; fails if the calendar does not reach it."""
        session = snapshot.session
        return self.sessions is None or session in self.sessions


@dataclass(frozen=True)
class FileChains:
    """A chain source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds option_chains/; without that there is nothing to deliver.
    """

    folder: Path

    def snapshots(
        self,
        underlyings: Sequence[Underlying],
        known: Collection[str],
        sessions: Collection[date] | None,
    ) -> Iterator[Snapshot | Failure]:
        """Deliver one snapshot per file, in the order of the files' names; see `ChainSource`.

        A snapshot's `content_hash` is the SHA-256 of the file's bytes, decompressed: the same chain under another
        name, or compressed, is delivered once. Values are as stored, repeated contracts and impossible quotes
        included: the warehouse's audits judge those. A fund's adjusted and FLEX contracts are left out, as they are
        by the other sources.

        Yields:
            A snapshot per file, or a `Failure` naming the file, below `folder`, and what is wrong with it.
        """
        wanted = _Wanted(tuple(underlyings), frozenset(known), None if sessions is None else frozenset(sessions))
        delivered: set[str] = set()
        for path in self._files():
            try:
                snapshot = self._snapshot(path, wanted)
            except SourceError as error:
                yield Failure(error.symbol or "*", str(error))
                continue
            if snapshot is not None and snapshot.snapshot_id not in delivered | wanted.known:
                delivered.add(snapshot.snapshot_id)
                yield snapshot

    def _files(self) -> list[Path]:
        root = self.folder / SUBFOLDER
        found = [path for path in root.rglob("*") if path.name.lower().endswith(SUFFIXES) and path.is_file()]
        return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))

    def _label(self, path: Path) -> str:
        return "files/" + path.relative_to(self.folder).as_posix()

    def _snapshot(self, path: Path, wanted: _Wanted) -> Snapshot | None:
        """The file's snapshot; None for a companion, for what is known and for sessions not asked for."""
        label = self._label(path)
        with _concerning(label):
            content, content_hash = _read(label, path)
            document = _document(label, content)
            if document is None:
                return _from_json(label, content, content_hash, wanted)
            layout = document.layout
            if not isinstance(layout, Layout):
                return None
            if layout.dates_itself and f"{layout.name} {content_hash[:12]}" in wanted.known_content:
                return None
            quoted = layout.quoted(document, self._companion(path))
        with _concerning(label, day=quoted.quote_date):
            bare = Snapshot("", layout.name, quoted.quote_date, quoted.quote_at, quoted.spot, content_hash, _NOTHING)
            ids = {dataclasses.replace(bare, underlying=u.symbol).snapshot_id for u in wanted.underlyings}
            if ids & wanted.known or not wanted.wants(bare):
                return None
            keys = layout.keys(document, quoted)
            underlying = wanted.of(set(keys["root"].unique()))
        with _concerning(label, underlying.symbol, quoted.quote_date):
            if len(keys) > MOST_CONTRACTS:
                raise SourceError(label, f"more than {MOST_CONTRACTS:,} contracts: no chain")
            rows = contracts(document.table, keys)
            rows = rows[rows["root"].isin(underlying.roots)].reset_index(drop=True)
            if rows.empty:
                raise SourceError(label, "adjusted contracts only")
        return dataclasses.replace(bare, underlying=underlying.symbol, contracts=rows)

    def _companion(self, path: Path) -> Companion:
        """What `underlying.csv` says, of the folder of a chain or of the one above."""
        root = self.folder / SUBFOLDER
        folders = [path.parent] if path.parent == root else [path.parent, path.parent.parent]

        def stated(session: str, ticker: str) -> Quoted | None:
            files = [folder / Underlyings.name for folder in folders]
            found = (_stated(self._label(file), file, session, ticker) for file in files if file.is_file())
            return next((quoted for quoted in found if quoted is not None), None)

        return stated


@contextmanager
def _concerning(label: str, symbol: str | None = None, day: date | None = None) -> Iterator[None]:
    """Errors raised inside name the file, and the underlying and the date once they are known."""
    try:
        yield
    except SourceError as error:
        reason = error.reason if error.source in {label, ""} else f"{error.source}: {error.reason}"
        # What a broken file holds, and messages quote, has no limit.
        reason = reason if len(reason) <= _MOST_REASON else f"{reason[:_MOST_REASON]} ..."
        raise SourceError(label, " ".join(reason.split()), symbol or error.symbol, day or error.day) from error


def _read(label: str, path: Path) -> tuple[bytes, str]:
    """A file's content, decompressed, and its hash; a file that is no chain is left as soon as that is seen."""
    digest, held, lines, tabular = hashlib.sha256(), BytesIO(), 0, True
    try:
        with path.open("rb") as stored, _decompressed(stored) as stream:
            while chunk := stream.read(_CHUNK):
                if not held.tell():
                    tabular = _document(label, chunk, whole=False) is not None
                held.write(chunk)
                digest.update(chunk)
                lines += chunk.count(b"\n")
                if tabular and lines > MOST_CONTRACTS + _HEAD_LINES:
                    raise SourceError(label, f"more than {MOST_CONTRACTS:,} rows: no chain")
                if held.tell() > MOST_BYTES:
                    raise SourceError(label, f"more than {MOST_BYTES >> 20} MB decompressed: no chain")
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    if not held.tell():
        raise SourceError(label, "is empty")
    return held.getvalue(), digest.hexdigest()


def _decompressed(stored: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    packed = stored.read(len(_GZIP)) == _GZIP
    stored.seek(0)
    return gzip.open(stored) if packed else stored


def _document(label: str, content: bytes, *, whole: bool = True) -> Document | None:
    """Recognise a table by its header; None for JSON.

    Raises:
        SourceError: If it is neither.
    """
    text = _utf8(content if whole else content[:_HEAD_BYTES])
    head = tuple(text[:_HEAD_BYTES].decode("utf-8", errors="replace").split("\n")[:_HEAD_LINES])
    first = next((line.strip() for line in head if line.strip()), "")
    if first.startswith(("{", "[")):
        return None
    best, layout, header = 0.0, LAYOUTS[0], None
    for number, line in enumerate(head):
        if best == 1:
            break
        delimiter = "\t" if "\t" in line and "," not in line else ","
        names = tuple(cell.strip().strip('"').strip() for cell in line.split(delimiter))
        here = Header(number, delimiter, names)
        for candidate in LAYOUTS:
            share = candidate.share(here)
            if share > best:
                best, layout, header = share, candidate, here
    if header is None or best < ENOUGH:
        raise SourceError(label, f"not the layout of any chain that is known; it begins {first[:_SHOWN]!r}")
    return Document(label, text, head, layout, header)


def _utf8(content: bytes) -> bytes:
    if content.startswith(_UTF_16):
        return content.decode("utf-16", errors="replace").encode()
    plain = content.removeprefix(_UTF_8)
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1").encode()
    return plain


def _stated(label: str, path: Path, session: str, ticker: str) -> Quoted | None:
    """What a companion's last row for this session and ticker says."""
    document = _document(label, _read(label, path)[0])
    if document is None or not isinstance(document.layout, Underlyings):
        raise SourceError(label, f"needs the columns {', '.join(Underlyings.columns)}")
    table = document.table
    of = pc.and_(pc.equal(table.columns["session_date"], session), pc.equal(table.columns["ticker"], ticker))
    hits = np.flatnonzero(of.to_numpy(zero_copy_only=False))
    if not len(hits):
        return None
    columns = {name: column.take(pa.array(hits[-1:])) for name, column in table.columns.items()}
    row = Table(label, columns, table.titles, table.rows[hits[-1:]])
    quote_at = row.newest("quoted_at", UTC)
    if quote_at is None:
        raise row.refusal(0, f"{row.titles['quoted_at']} is empty")
    return Quoted(quote_at.date(), quote_at, price(label, row.only("spot")))


def _from_json(label: str, content: bytes, content_hash: str, wanted: _Wanted) -> Snapshot | None:
    if f"{CBOE_JSON} {content_hash[:12]}" in wanted.known_content:
        return None
    roots = _JSON_OPTION.findall(content)
    if len(roots) > MOST_CONTRACTS:
        raise SourceError(label, f"more than {MOST_CONTRACTS:,} contracts: no chain")
    if not roots:
        _check_note(label, content)
        return None
    underlying = wanted.of({root.decode() for root in roots})
    from assets.sources.cboe import read_payload  # noqa: PLC0415 - tables need nothing of it

    # What was hashed is what is read, however the file is called and compressed.
    with TemporaryDirectory(prefix="undertow-") as folder:
        path = Path(folder) / "payload.json"
        path.write_bytes(content)
        try:
            snapshot = read_payload(path, underlying, CBOE_JSON)
        except SourceError as error:
            raise SourceError(label, error.reason, underlying.symbol, error.day) from error
    with _concerning(label, underlying.symbol, snapshot.quote_date):
        return dataclasses.replace(snapshot, content_hash=content_hash) if wanted.wants(snapshot) else None


def _check_note(label: str, content: bytes) -> None:
    """Refuse JSON without options that is no collector's note either."""
    try:
        read = json.loads(content) if len(content) < _MOST_NOTE_BYTES else None
    except (ValueError, RecursionError) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    found = list(read) if isinstance(read, dict) else []
    if "tickers" not in found or {"data", "options"} & set(found):
        shown = ", ".join(map(str, found))
        raise SourceError(label, f"JSON without options; {f'it holds {shown}' if shown else 'no object'}")
