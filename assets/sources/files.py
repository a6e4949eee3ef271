"""Daily bars from a folder of vendor files, read with DuckDB.

Layout: `prices/*.parquet`, `prices/*.csv` and `prices/*.csv.gz` hold one row per symbol and date;
`vol_indices/<NAME>_History.csv` holds one index, as Cboe publishes it.

Files in prices/ need the columns symbol, date (YYYY-MM-DD) and close; open, high and low come together or not
at all; adj_close, volume, dividend(s) and split(s) are taken where present and every other column is ignored.
Cboe's files are `DATE,OPEN,HIGH,LOW,CLOSE` or `DATE,<NAME>`, dates MM/DD/YYYY. The case and the order of
columns do not matter.
"""

# A table function takes no column list as a parameter: what comes from file names and headers enters the SQL quoted.

import csv
import glob
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from assets.frames import frame_of
from assets.sources.errors import Failure, SourceError, some
from assets.sources.prices import COLUMNS, NO_VOLUME, Delivery, Instrument

LAYOUT = "prices/*.parquet, prices/*.csv, prices/*.csv.gz or vol_indices/<NAME>_History.csv"
CBOE_SUFFIX = "_History.csv"
OPEN_HIGH_LOW = ("open", "high", "low")
NUMBERS = (*OPEN_HIGH_LOW, "close", "adj_close", "volume", "dividend", "split")
ALIASES = {"dividend": ("dividend", "dividends"), "split": ("split", "splits")}

TEXT = "VARCHAR"
DATE_TYPES = {TEXT, "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
NUMBER_TYPES = {
    *(TEXT, "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    '"NULL"',  # DuckDB's name for a Parquet column in which nothing was ever set
}


# Bars that are a close alone in one file and stand in full in another of the same folder.
_REPLACED = """
    delete from bars as bar
    using (
        select symbol, date, source, path from bars
        where
            coalesce(open, high, low) is not null
            -- A few bars are a close alone; a million need not be compared with them one by one.
            and (symbol, date) in (select (symbol, date) from bars where coalesce(open, high, low) is null)
    ) as full_bar
    where
        coalesce(bar.open, bar.high, bar.low) is null
        and bar.symbol = full_bar.symbol
        and bar.date = full_bar.date
        and bar.source = full_bar.source
        and bar.path <> full_bar.path
"""


@dataclass(frozen=True)
class _DateText:
    """How a file writes dates: strptime formats, and a LIKE pattern as strptime reads 25 as the year 25."""

    name: str
    pattern: str
    formats: str


ISO = _DateText("YYYY-MM-DD", "____-__-__%", "['%Y-%m-%d', '%Y-%m-%d %H:%M:%S']")
CBOE = _DateText("MM/DD/YYYY", "__/__/____", "['%m/%d/%Y']")


@dataclass(frozen=True)
class _Column:
    """A column of a file: its name and DuckDB type there, and the SQL expression that reads it."""

    name: str
    kind: str
    stored: str


@dataclass(frozen=True)
class _Table:
    """A vendor file as SQL.

    Attributes:
        scan: The table function that reads it, under the alias `file`.
        columns: The file's column for each port column it has.
        typed: Expression of each port column in the port's type, NULL where a value does not convert.
        wrong: Expression of the first port column in which a row is wrong, NULL for a sound row.
        date_text: How the file writes dates, where it writes them as text.
    """

    scan: str
    columns: dict[str, _Column]
    typed: dict[str, str]
    wrong: str
    date_text: _DateText


@dataclass(frozen=True)
class FilePrices:
    """A price source that reads a folder of vendor files.

    Attributes:
        folder: The folder that holds prices/ and vol_indices/, or one of the two.
    """

    folder: Path

    def prices(
        self,
        instruments: Sequence[Instrument],
        known: pd.DataFrame,  # noqa: ARG002 - files are always read whole
    ) -> Delivery:
        """Deliver every bar that the files hold for these instruments, under either of their symbols.

        A row's `source` is `files/` and its subfolder, so that renaming or splitting a file makes no second
        copy of its bars. Where two files of a subfolder hold the same bar, the one in full counts before the one that
        is a close alone. Otherwise values are as stored, repeated bars and impossible prices included: the warehouse's
        audits judge those. The one exception is a volume of 0 for a class without volume (`prices.NO_VOLUME`), which
        is delivered as missing.

        Returns:
            The bars, file by file; a failure for each instrument in no file, and one for
            `*` that counts the symbols in the files that are no instruments.

        Raises:
            SourceError: If the folder is not laid out as expected, if any file in it is broken, or if none
                of the instruments is in it.
        """
        files = self._files()
        named = {i.symbol: i for i in instruments} | {i.yahoo_symbol: i for i in instruments}
        held: set[str] = set()
        with duckdb.connect() as reader:
            reader.execute(
                "create table names as select unnest(?) as name, unnest(?) as symbol, unnest(?) as has_volume",
                [
                    list(named),
                    [i.symbol for i in named.values()],
                    [i.asset_class not in NO_VOLUME for i in named.values()],
                ],
            )
            numbers = ", ".join(f"{column} double" for column in NUMBERS)
            reader.execute(f"create table bars (symbol varchar, date date, {numbers}, source varchar, path varchar)")
            for path in files:
                held |= _load(reader, path, "files/" + path.relative_to(self.folder).as_posix())
            reader.execute(_REPLACED)
            rows = frame_of(reader.sql(f"select {', '.join(COLUMNS)} from bars"))
        if rows.empty:
            raise SourceError(str(self.folder), f"no file holds any of the {len(instruments)} instruments")
        absent = [
            Failure(i.symbol, "in no file, as " + " or ".join(dict.fromkeys((i.yahoo_symbol, i.symbol))))
            for i in instruments
            if not {i.symbol, i.yahoo_symbol} & held
        ]
        return Delivery(rows, (*absent, *_strangers(held - set(named))))

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            raise SourceError(str(self.folder), f"no such folder; expected one with {LAYOUT}")
        patterns = ("prices/*.parquet", "prices/*.csv", "prices/*.csv.gz", f"vol_indices/*{CBOE_SUFFIX}")
        found = (path for pattern in patterns for path in self.folder.glob(pattern))
        # A leading dot marks what file managers and unfinished copies leave behind.
        files = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
        if not files:
            raise SourceError(str(self.folder), f"holds no price file; expected {LAYOUT}")
        return files


def _strangers(names: set[str]) -> list[Failure]:
    if not names:
        return []
    reason = f"{len(names)} symbols in the files are no instruments and were not loaded: {some(sorted(names))}"
    return [Failure("*", reason)]


def _load(reader: duckdb.DuckDBPyConnection, path: Path, label: str) -> set[str]:
    """Check every row of a file, add those of the instruments to `bars` and return the symbols it holds."""
    try:
        table = _table(reader, path, label)
        symbol, volume = table.typed["symbol"], table.typed["volume"]
        found = reader.execute(
            # Of a Cboe file without rows, whose symbol is a constant, the count alone would be a row.
            f"select {symbol}, count({table.wrong}) from {table.scan} group by all having count(*) > 0"
        ).fetchall()
        if not found:
            raise SourceError(label, "holds no rows")
        if any(wrong for _, wrong in found):
            raise _first_wrong(reader, table, label)
        values = table.typed | {
            "symbol": "names.symbol",
            "volume": f"if(names.has_volume, {volume}, nullif({volume}, 0))",
            "source": _literal(f"files/{path.parent.name}"),
            "path": _literal(path.name),
        }
        reader.execute(
            f"insert into bars by name select {', '.join(f'{values[c]} as {c}' for c in (*COLUMNS, 'path'))} "
            f"from {table.scan} join names on names.name = {symbol}"
        )
    except duckdb.Error as error:
        raise SourceError(label, f"cannot be read: {_summary(error, path)}") from error
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise SourceError(label, f"cannot be read: {error}") from error
    return {name for name, _ in found}


def _table(reader: duckdb.DuckDBPyConnection, path: Path, label: str) -> _Table:
    scan, found = _parquet(reader, path) if path.suffix == ".parquet" else _csv(path)
    if not found:
        raise SourceError(label, "is empty or begins with an empty line")
    if path.parent.name == "vol_indices":
        index, date_text = path.name.removesuffix(CBOE_SUFFIX), CBOE
        columns = _matched(found, label, ("date",), {"close": ("close", index.lower())})
        symbol = _literal(index)
    else:
        date_text = ISO
        columns = _matched(found, label, ("symbol", "date"), ALIASES)
        symbol = columns["symbol"].stored
    allowed = {"symbol": {TEXT}, "date": DATE_TYPES} | dict.fromkeys(NUMBERS, NUMBER_TYPES)
    for name, column in columns.items():
        if column.kind not in allowed[name]:
            raise SourceError(label, f"column {column.name} is of type {column.kind}, which is no {name}")
    typed = {"symbol": symbol, "date": _day(columns["date"], date_text)} | {
        name: f"try_cast({columns[name].stored} as double)" if name in columns else "null::double" for name in NUMBERS
    }
    unset = [f"when {typed[key]} is null then '{key}'" for key in ("symbol", "date")]
    no_number = [
        f"when {column.stored} is not null and {typed[name]} is null then '{name}'"
        for name, column in columns.items()
        if name in NUMBERS and column.kind == TEXT
    ]
    return _Table(scan, columns, typed, f"case {' '.join(unset + no_number)} end", date_text)


def _parquet(reader: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, list[_Column]]:
    location = _literal(glob.escape(str(path)))
    scan = f"read_parquet({location}, hive_partitioning = false) as file"
    columns = [
        _Column(name, kind.split("(")[0], 'file."' + name.replace('"', '""') + '"')
        for name, kind, *_ in reader.execute(f"describe select * from {scan}").fetchall()
    ]
    # A column that differs from another only in case keeps its name in the schema alone.
    schema = reader.execute(f"select name from parquet_schema({location})").fetchall()[1:]
    described = {column.name for column in columns}
    return scan, columns + [_Column(name, "", "") for (name,) in schema if name not in described]


def _csv(path: Path) -> tuple[str, list[_Column]]:
    packed = path.suffix == ".gz"
    with gzip.open(path) if packed else path.open("rb") as content:
        first = content.readline().decode("utf-8-sig")
        # DuckDB takes no notice of a gzip file's checksum and, before 2.0, of its missing end.
        while packed and content.read(1 << 20):
            pass
    header = next(csv.reader([first]), [])
    columns = [_Column(name.strip(), TEXT, f"file.c{n}") for n, name in enumerate(header)]
    # Nothing is left to detection, which skips lines and guesses types without a word.
    types = ", ".join(f"c{n}: '{TEXT}'" for n in range(len(header)))
    scan = (
        f"read_csv({_literal(glob.escape(str(path)))}, columns = {{{types}}}, auto_detect = false, "
        "header = true, hive_partitioning = false, delim = ',', quote = '\"', escape = '\"', "
        f"compression = '{'gzip' if packed else 'none'}') as file"
    )
    return scan, columns


def _matched(
    found: list[_Column], label: str, keys: tuple[str, ...], aliases: Mapping[str, tuple[str, ...]]
) -> dict[str, _Column]:
    """Find the file's column for each port column it has."""
    columns = {}
    for name in (*keys, *NUMBERS):
        hits = [column for column in found if column.name.lower() in aliases.get(name, (name,))]
        if len(hits) > 1:
            raise SourceError(label, f"columns {', '.join(c.name for c in hits)} all stand for {name}")
        if hits:
            columns[name] = hits[0]
    bar = OPEN_HIGH_LOW if any(name in columns for name in OPEN_HIGH_LOW) else ()
    missing = [name for name in (*keys, *bar, "close") if name not in columns]
    if missing:
        names = ", ".join(c.name if c.name.isprintable() else repr(c.name) for c in found)
        raise SourceError(label, f"column missing: {', '.join(missing)}; found: {names}")
    return columns


def _day(column: _Column, text: _DateText) -> str:
    if column.kind != TEXT:
        return f"{column.stored}::date"
    parsed = f"try_strptime({column.stored}, {text.formats})::date"
    return f"case when {column.stored} like '{text.pattern}' then {parsed} end"


def _first_wrong(reader: duckdb.DuckDBPyConnection, table: _Table, label: str) -> SourceError:
    stored = " ".join(f"when '{name}' then {c.stored}::varchar" for name, c in table.columns.items())
    row, symbol, day, name, value = reader.execute(
        f"select * from (select row_number() over () as row, {table.typed['symbol']}, {table.typed['date']}, "
        f"{table.wrong} as wrong, case {table.wrong} {stored} end from {table.scan}) "
        "where wrong is not null order by row limit 1"
    ).fetchall()[0]
    is_not = f"not a date {table.date_text.name}" if name == "date" else "not a number"
    reason = f"row {row} below the header: {name} is " + ("missing" if value is None else f"{value!r}, {is_not}")
    return SourceError(label, reason, symbol, day)


def _summary(error: duckdb.Error, path: Path) -> str:
    """DuckDB's message in one line, without its advice on reader options."""
    said = re.split(r"\n+ *(?:Possible |LINE \d|file = )", str(error))[0]
    return " ".join(said.replace(str(path), path.name).split())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
