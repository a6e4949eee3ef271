"""Option chains from files: every layout and form gives the same chain, and what cannot be trusted is refused."""

import csv
import gzip
import itertools
import json
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from assets.sources import chain_files
from assets.sources.chain_files import FileChains
from assets.sources.chain_tables import time_in_words
from assets.sources.errors import Failure
from assets.sources.option_chains import CONTRACT_COLUMNS, MOST_CONTRACTS, Snapshot, Underlying
from assets.sources.sessions import NEW_YORK
from tests.sql.given import frame_of, rows_of

SPX = Underlying("SPX", ("SPX", "SPXW"), is_index=True, yahoo_symbol="^GSPC")
SPY = Underlying("SPY", ("SPY",), is_index=False, yahoo_symbol="SPY")
KEYS = ["root", "expiry", "put_call", "strike"]
QUOTED_AT = datetime(2025, 8, 19, 20, 43, tzinfo=NEW_YORK)
SPOT = 6411.25
DAY = QUOTED_AT.date()


def made_up_chain() -> pd.DataFrame:
    """Four strikes of two roots, each number another one."""
    draw = random.Random(1)  # noqa: S311 - made-up numbers
    rows = []
    for root, expiry in (("SPX", "2025-09-19"), ("SPXW", "2025-08-29")):
        for strike, put_call in itertools.product((6000.0, 6402.5, 6800.0), "CP"):
            delta = draw.uniform(0.1, 0.9) * (1 if put_call == "C" else -1)
            numbers = [round(draw.uniform(1, 90), 2) for _ in range(3)]
            gamma, counts = round(draw.uniform(0, 0.01), 4), (draw.randrange(9000), draw.randrange(900))
            rows.append([root, pd.Timestamp(expiry), put_call, strike, *numbers, 0.15, round(delta, 4), gamma, *counts])
    return pd.DataFrame(rows, columns=list(CONTRACT_COLUMNS))


CHAIN = made_up_chain()
SYMBOLS = [
    f"{root}{expiry:%y%m%d}{put_call}{round(strike * 1000):08d}"
    for root, expiry, put_call, strike in zip(*(CHAIN[name] for name in KEYS), strict=True)
]


def as_csv(table: dict[str, object]) -> str:
    """Write columns as CSV."""
    return pd.DataFrame(table).to_csv(index=False, lineterminator="\n")


def flat() -> str:
    """Cboe's delayed quotes as a table."""
    named = {"put_call": "right", "last": "last_trade_price"}
    columns: dict[str, object] = {named.get(name, name): CHAIN[name] for name in CONTRACT_COLUMNS[1:]}
    trades = ["2025-08-18T09:30:02", "", "2025-08-19T16:14:59"] * 4
    return as_csv(
        {"session_date": DAY, "ticker": "_SPX", **columns, "option": SYMBOLS, "theo": 1.0, "last_trade_time": trades}
    )


def eod() -> str:
    """One date, no time."""
    named = {"open_interest": "openinterest", "iv": "impliedvol"}
    columns: dict[str, object] = {named.get(name, name): CHAIN[name] for name in CONTRACT_COLUMNS[3:]}
    dates = {"expiration": CHAIN["expiry"].dt.strftime("%m/%d/%Y"), "quotedate": f"{DAY:%m/%d/%Y}"}
    types = CHAIN["put_call"].map({"C": "call", "P": "put"})
    return as_csv(
        {"underlying": "SPX", "underlying_last": SPOT, "optionroot": SYMBOLS, "type": types} | dates | columns
    )


def yfinance(names: tuple[str, str] = ("expiry", "type"), sides: str = "CP") -> str:
    """A dump of option_chain, in either dialect."""
    named = {"last": "lastPrice", "open_interest": "openInterest", "iv": "impliedVolatility"}
    numbers = [name for name in CONTRACT_COLUMNS[3:] if name not in {"delta", "gamma"}]
    columns: dict[str, object] = {named.get(name, name): CHAIN[name] for name in numbers}
    types = CHAIN["put_call"].map(dict(zip("CP", sides.split("/") if "/" in sides else sides, strict=True)))
    trades = ["2025-08-20 00:43:00+00:00", "2025-08-19 13:31:02+00:00", ""] * 4
    spot = {"spot": SPOT, "session": "2025-08-18"} if names[0] == "expiry" else {}
    return as_csv(
        {"contractSymbol": SYMBOLS, names[0]: CHAIN["expiry"].dt.date, names[1]: types}
        | columns
        | {"lastTradeDate": trades, **spot}
    )


def oi_only(at: str = "2025-08-20 00:43:00", base: str = "2025-08-19", spot: str = str(SPOT)) -> str:
    """No root, no expiry."""
    dte = (CHAIN["expiry"] - pd.Timestamp(base)).dt.days
    numbers = {name: CHAIN[name] for name in ("gamma", "delta", "iv", "bid", "ask")}
    table: dict[str, object] = {"strike": CHAIN["strike"], "dte": dte, "cp": CHAIN["put_call"]}
    return f"# spot,{spot},ts,{at}\n" + as_csv(table | {"oi": CHAIN["open_interest"]} | numbers)


PREAMBLE = (
    f"\nS&P 500 INDEX,Last: {SPOT},Change:  -37.7\nDate: 19 de agosto de 2025 às 20:43 GMT-4,Bid: 6362.7,Size: 1*1"
)
HALF = {
    "Last Sale": "last",
    "Net": None,
    "Bid": "bid",
    "Ask": "ask",
    "Volume": "volume",
    "IV": "iv",
    "Delta": "delta",
    "Gamma": "gamma",
    "Open Interest": "open_interest",
}
HEADER = ["Expiration Date", "Calls", *HALF, "Strike", "Puts", *HALF]


def quoted_rows() -> list[list[str]]:
    """Calls and puts side by side, cells as HEADER says."""
    rows = []
    for call in range(0, len(CHAIN), 2):
        halves = [
            [SYMBOLS[n], *("0.5" if name is None else str(CHAIN[name][n]) for name in HALF.values())]
            for n in (call, call + 1)
        ]
        expiry, strike = CHAIN["expiry"][call], CHAIN["strike"][call]
        rows.append([f"{expiry:%a %b %d %Y}", *halves[0], f"{strike:.2f}", *halves[1]])
    return rows


def quotedata(order: Collection[int] = range(len(HEADER)), preamble: str = PREAMBLE) -> str:
    """Cboe's download, columns in the given order."""
    lines = [",".join(row[n] for n in order) for row in [HEADER, *quoted_rows()]]
    return "\n".join([preamble, *lines, ""])


def payload() -> str:
    """Cboe's delayed quotes in JSON."""
    numbers = CHAIN[list(CONTRACT_COLUMNS[4:])].astype(float).rename(columns={"last": "last_trade_price"})
    options = [{"option": symbol, **row} for symbol, row in zip(SYMBOLS, numbers.to_dict("records"), strict=True)]
    data = {"symbol": "^SPX", "current_price": SPOT, "options": options}
    return json.dumps({"timestamp": "2025-08-20 00:43:00", "data": data, "symbol": "_SPX"})


COMPANION = (
    "session_date,ticker,fetched_at_utc,payload_timestamp,current_price\n"
    "2025-08-19,_SPX,x,2025-08-19 18:00:00,1\n"
    "2025-08-19,SPY,x,2025-08-19 18:00:00,2\n"
    f"2025-08-19,_SPX,x,2025-08-20 00:43:00,{SPOT}\n"
    "2025-08-20,_SPX,x,2025-08-20 18:00:00,3\n"
)

LAYOUTS: dict[str, tuple[Callable[[], str], int, set[str]]] = {
    # What writes it, the header's line, and which columns it lacks.
    "cboe_json_flat": (flat, 0, set()),
    "eod": (eod, 0, set()),
    "yfinance": (yfinance, 0, {"delta", "gamma"}),
    "oi_only": (oi_only, 1, {"last", "volume"}),
    "cboe_quotedata": (quotedata, 3, set()),
    "cboe_json": (payload, -1, set()),
}


def turned(text: str, line: int) -> str:
    """The same table with the columns in reverse order and their names in capitals."""
    above, table = text.split("\n")[:line], text.split("\n")[line:]
    rows = [row[::-1] for row in csv.reader(table) if row]
    return "\n".join([*above, ",".join(rows[0]).upper(), *map(",".join, rows[1:]), ""])


FORMS: dict[str, Callable[[str, int], bytes]] = {
    "plain": lambda text, _: text.encode(),
    "gzip": lambda text, _: gzip.compress(text.encode()),
    "BOM and CRLF": lambda text, _: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    "UTF-16 as Excel writes it": lambda text, _: text.replace(",", "\t").encode("utf-16"),
    "Latin-1, without the last line's end": lambda text, _: text.rstrip("\n").encode("latin-1"),
    "columns turned round": lambda text, line: turned(text, line).encode(),
}


def put(folder: Path, name: str, content: bytes | str) -> Path:
    """Write one file below option_chains/."""
    path = folder / "option_chains" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, known: Collection[str] = (), sessions: Collection[date] | None = None) -> list[Snapshot]:
    """The folder's snapshots, where nothing fails."""
    found = list(FileChains(folder).snapshots([SPX, SPY], known, sessions))
    assert [failure for failure in found if isinstance(failure, Failure)] == []
    return [snapshot for snapshot in found if isinstance(snapshot, Snapshot)]


def refused(folder: Path, content: bytes | str, name: str = "a.csv") -> str:
    """Why a file is refused, after another one has been delivered all the same."""
    put(folder, name, content)
    put(folder, "z.csv", eod())
    failure, snapshot = FileChains(folder).snapshots([SPX, SPY], (), None)
    assert isinstance(failure, Failure)
    assert isinstance(snapshot, Snapshot)
    assert failure.reason.startswith(f"files/option_chains/{name}")
    assert "\n" not in failure.reason
    return f"{failure.symbol}|{failure.reason.removeprefix(f'files/option_chains/{name}')}"


# Reversed, the halves of quotedata cannot be told apart; JSON has no columns, and is UTF-8.
KINDS = [
    (layout, form)
    for layout, form in itertools.product(LAYOUTS, FORMS)
    if (layout, form) != ("cboe_quotedata", "columns turned round")
    and (layout != "cboe_json" or not form.startswith(("columns", "UTF-16")))
]


@pytest.mark.parametrize(("layout", "form"), KINDS)
def test_every_layout_in_every_form_gives_the_same_chain(tmp_path: Path, layout: str, form: str) -> None:
    write, line, lacks = LAYOUTS[layout]
    put(tmp_path, "it's [1]/deep/down/a.JSON.gz", FORMS[form](write(), line))
    put(tmp_path, "it's [1]/deep/underlying.csv", COMPANION)
    (snapshot,) = read(tmp_path)
    assert (snapshot.underlying, snapshot.source) == ("SPX", f"files/{layout}")
    assert (snapshot.quote_date, snapshot.spot) == (DAY, SPOT)
    assert snapshot.quote_at == (None if layout == "eod" else QUOTED_AT)
    assert (snapshot.session, snapshot.reading) == (DAY, "close")
    assert tuple(snapshot.contracts.columns) == CONTRACT_COLUMNS
    expected = CHAIN.astype(dict.fromkeys(CONTRACT_COLUMNS[3:], "float64")).assign(**dict.fromkeys(lacks, np.nan))
    pd.testing.assert_frame_equal(
        snapshot.contracts.sort_values(KEYS, ignore_index=True), expected.sort_values(KEYS, ignore_index=True)
    )


WORDS = {
    "August 19, 2025 at 8:43 PM EDT": "2025-08-20 00:43",
    "August 19, 2025 at 8:43\u202fPM EDT": "2025-08-20 00:43",
    "January 5, 2026 at 8:43 PM EST": "2026-01-06 01:43",
    "19 de agosto de 2025, 20:43 GMT-4": "2025-08-20 00:43",
    "19 de agosto de 2025 a las 8:43 p. m. GMT-4": "2025-08-20 00:43",
    "2 de setembro de 2025 às 19:37 GMT-4": "2025-09-02 23:37",
    "19 августа 2025 г. в 20:43 GMT-4": "2025-08-20 00:43",  # noqa: RUF001 - Russian
    "20 августа 2025 г., 03:43 GMT+3": "2025-08-20 00:43",  # noqa: RUF001 - Russian
    "1 de fevereiro de 2025 às 20:43 GMT-3": "2025-02-01 23:43",
    "Jun 10 2019 @ 16:45 ET": "2019-06-10 20:45",
    "Dec 28 2017 @ 11:12 ET": "2017-12-28 16:12",
    "19 de março de 2025 às 20:43": "2025-03-20 00:43",
}


@pytest.mark.parametrize(("words", "expected"), WORDS.items())
def test_a_time_in_words(words: str, expected: str) -> None:
    assert time_in_words(words) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    ["", "August 2025 at 8:43 PM", "August 19, 2025", "03/04/2025 16:30", "8:43 PM", "2025年8月19日 20:43", "x"],
)
def test_a_time_that_leaves_a_doubt_is_none(words: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        time_in_words(words)


PREAMBLES = {
    "commas in the date": f'\nS&P,Last: {SPOT},Change: 1\n"Date: August 19, 2025 at 8:43 PM EDT",Bid: 1,Ask: 2',
    "not quoted": f"\nS&P 500 INDEX,Last: {SPOT},Change: 1\nDate: 19 de agosto de 2025, 20:43 GMT-4,Bid: 1,Ask: 2",
    "a comma in the name": f"Some, Inc,Last: {SPOT},Change: 1\nDate: 19 agosto de 2025, 20:43 GMT-4,Bid: 1",
    "filled up by Excel": f"S&P,Last: {SPOT},Change: 1,,,,\nDate: 19 de agosto de 2025 às 20:43 GMT-4,Bid: 1,,\n,,,",
    "older": f"SPX (S&P 500 INDEX),{SPOT},-1.20\nAug 19 2025 @ 20:43 ET,Bid,1,Ask,2,Size,1x2,Vol,0,",
    "older, quoted": f'SPX (S&P 500 INDEX),{SPOT},+1.20,\n"Aug 19 2025 @ 20:43 ET,Last: 1,Change: +1.10"',
}


@pytest.mark.parametrize("preamble", PREAMBLES.values(), ids=PREAMBLES)
def test_preambles_of_quotedata(tmp_path: Path, preamble: str) -> None:
    put(tmp_path, "a.csv", quotedata(preamble=preamble))
    (snapshot,) = read(tmp_path)
    assert (snapshot.quote_at, snapshot.spot) == (QUOTED_AT, SPOT)


@pytest.mark.parametrize(
    ("spot", "time", "said"),
    [
        ("S&P,Last: 6.411,Change: 1", "Date: 19 de agosto de 2025 às 20:43", "spot 6.411 is outside the strikes"),
        ("S&P,Last: 6411,25,Change: 1", "Date: 19 de agosto de 2025 às 20:43", "spot cannot be read from 'S&P,Last: 6"),
        ('S&P,"Last: 6,411.25",Change: 1', "Date: 19 de agosto de 2025 às 20:43", "spot cannot be read"),
        ("S&P,Last: 6.411.25,Change: 1", "Date: 19 de agosto de 2025 às 20:43", "'6.411.25', not a plain positive"),
        ("SPX (S&P),6,411.25,-1.20", "Aug 19 2025 @ 20:43 ET", "spot cannot be read"),
        ("SPX (S&P),0.0,-1.20", "Aug 19 2025 @ 20:43 ET", "'0.0', not a plain positive number"),
        ("SPX (S&P),6411.25,-1.20", "08/09/2025 20:43 ET", "the time '08/09/2025 20:43 ET' cannot be read"),
        ("", "Aug 19 2025 @ 20:43 ET", "expected two lines above the header"),
    ],
)
def test_a_preamble_that_leaves_a_doubt_is_refused(tmp_path: Path, spot: str, time: str, said: str) -> None:
    assert said in refused(tmp_path, quotedata(preamble=f"{spot}\n{time}"))


def test_the_older_forms_of_quotedata(tmp_path: Path) -> None:
    short = "Last Sale,Net,Bid,Ask,Vol,IV,Delta,Gamma,Open Int"
    oldest = "Last Sale,Net,Bid,Ask,Vol,Open Int"
    older = f"Expiration Date,Calls,{short},Strike,Puts,{short}"
    first = "SPX (S&P 500 INDEX),2891.70,-1.20"
    put(
        tmp_path,
        "2018.csv",
        f"{first},\nDec 28 2017 @ 11:12 ET,\nCalls,{oldest},Puts,{oldest},\n"
        "18 Dec 100.00 (SPX1821L100),5,0.0,4,6,7,9,18 Dec 3100.00 (SPX1821X100),5,0.0,4,6,7,8,\n"
        "18 Jan 2602.50 (SPXW1805A2602.5-E),5,0.0,4,6,7,9,18 Jan 2602.50 (SPXW1805M2602.5-E),5,0.0,4,6,7,8,\n"
        "18 Dec 3100.00 (SPX1821L3100),5,0.0,4,6,7,9,18 Dec 3100.00 (SPX1821X3100),5,0.0,4,6,7,8,\n",
    )
    put(
        tmp_path,
        "2019.csv",
        f"{first}\nJun 10 2019 @ 16:45 ET,Bid,1\n{older}\n"
        "06/10/2019,SPXW 190610C02600000,5,0,4,6,7,0.2,0.9,0.001,9,2600.000,SPXW 190610P02600000,5,0,4,6,7,0,-0.1,0,8\n"
        "06/21/2019,SPX1921F2900-E,5,0,4,6,7,0.2,0.4,0.001,9,2900.000,SPX1921R2900-E,5,0,4,6,7,0,-0.6,0,8\n",
    )
    oldest_chain, older_chain = read(tmp_path)
    assert oldest_chain.contracts[KEYS].astype({"expiry": "str"}).to_numpy().tolist() == [
        ["SPX", "2018-12-21", "C", 100.0],
        ["SPXW", "2018-01-05", "C", 2602.5],
        ["SPX", "2018-12-21", "C", 3100.0],
        ["SPX", "2018-12-21", "P", 100.0],
        ["SPXW", "2018-01-05", "P", 2602.5],
        ["SPX", "2018-12-21", "P", 3100.0],
    ]
    assert oldest_chain.contracts[["iv", "delta", "gamma"]].isna().all(axis=None)
    assert oldest_chain.contracts["open_interest"].tolist() == [9, 9, 9, 8, 8, 8]
    assert (oldest_chain.session, oldest_chain.reading) == (date(2017, 12, 28), "intraday")
    assert older_chain.contracts[KEYS].astype({"expiry": "str"}).to_numpy().tolist() == [
        ["SPXW", "2019-06-10", "C", 2600.0],
        ["SPX", "2019-06-21", "C", 2900.0],
        ["SPXW", "2019-06-10", "P", 2600.0],
        ["SPX", "2019-06-21", "P", 2900.0],
    ]
    assert (older_chain.session, older_chain.reading) == (date(2019, 6, 10), "close")


def test_the_halves_of_quotedata_may_be_reordered_but_not_mixed(tmp_path: Path) -> None:
    expiry, strike, calls, puts = 0, 11, range(1, 11), range(12, 22)
    inside = [strike, calls[0], *calls[:0:-1], puts[0], *puts[:0:-1], expiry]
    put(tmp_path / "inside", "a.csv", quotedata(inside))
    put(tmp_path / "inside", "b.csv", quotedata())
    one, other = read(tmp_path / "inside")
    pd.testing.assert_frame_equal(one.contracts, other.contracts)
    draw = random.Random(2)  # noqa: S311 - an order
    mixed = {
        "puts first": [expiry, *puts, strike, *calls],
        "one across": [expiry, *calls[:-1], strike, *puts, calls[-1]],
        "one lost": [n for n in range(22) if n != puts[3]],
        "all": draw.sample(range(22), 22),
    }
    for name, order in mixed.items():
        assert "told apart" in refused(tmp_path / name, quotedata(order)), name
    exchanged = [expiry, calls[0], *puts[1:], strike, puts[0], *calls[1:]]
    assert "are exchanged: see the sign of Delta" in refused(tmp_path / "exchanged", quotedata(exchanged))


def test_a_flattened_chain_without_companion_is_as_old_as_its_newest_trade(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", flat())
    put(tmp_path, "other/underlying.csv", COMPANION)
    put(tmp_path, "sub/underlying.csv", COMPANION.replace("2025-08-19,_SPX", "2025-08-18,_SPX"))
    (snapshot,) = read(tmp_path)
    assert snapshot.quote_at == datetime(2025, 8, 19, 16, 14, 59, tzinfo=NEW_YORK)
    assert (snapshot.spot, snapshot.reading) == (None, "close")
    old = flat().replace("2025-08-19T16", "2025-08-18T16")
    assert "newest trade is of 2025-08-18 16:14:59" in refused(tmp_path / "old", old)


def test_a_broken_companion_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "underlying.csv", COMPANION.replace("2025-08-20 00:43:00", "soon"))
    said = refused(tmp_path, flat())
    assert "files/option_chains/underlying.csv: row 3 below the header: payload_timestamp is 'soon', not a time" in said


@pytest.mark.parametrize(
    ("at", "base", "session", "reading"),
    [
        ("2025-08-19 22:30:00", "2025-08-19", "2025-08-19", "close"),
        ("2025-08-20 03:30:00", "2025-08-19", "2025-08-19", "close"),  # still the 19th in New York
        ("2025-08-20 11:00:00", "2025-08-19", "2025-08-19", "close"),
        ("2025-08-20 12:50:00", "2025-08-20", "2025-08-19", "settled"),
        ("2025-08-23 15:30:00", "2025-08-22", "2025-08-22", "close"),  # a Saturday
        ("2025-09-01 21:00:00", "2025-08-29", "2025-08-29", "settled"),  # Labor Day
        ("2025-09-01 21:00:00", "2025-09-01", "2025-08-29", "settled"),
    ],
)
def test_days_to_expiry_count_from_the_day_that_makes_every_expiry_a_session(
    tmp_path: Path, at: str, base: str, session: str, reading: str
) -> None:
    text = oi_only(at, base)
    if base > "2025-08-29":
        text = text.replace(",-3,", ",4,")  # the week's options have expired
    put(tmp_path, "a.csv", text)
    (snapshot,) = read(tmp_path)
    assert (str(snapshot.session), snapshot.reading) == (session, reading)
    assert snapshot.contracts.groupby("root")["expiry"].unique().map(lambda days: str(days[0].date())).to_dict() == {
        "SPX": "2025-09-19",
        "SPXW": "2025-08-29" if base <= "2025-08-29" else "2025-09-05",
    }


def test_root_and_expiry_are_refused_where_they_cannot_be_told(tmp_path: Path) -> None:
    header, *rows = oi_only().split("\n")[1:-1]
    top = f"# spot,{SPOT},ts,2025-08-20 00:43:00"
    far = (date(2035, 6, 15) - DAY).days
    cases = {
        "rows rise in dte 3 times": [*rows, rows[0], rows[-1]],
        "rows rise in dte 1 times": rows[:4],
        "neither gives sessions": [row.replace(",10,", ",12,") for row in rows],
        "third Fridays for the first block": [*(row.replace(",10,", ",14,") for row in rows[6:]), *rows[6:]],
        "dte is not a whole number": [*rows, rows[0].replace(",31,", ",0.5,")],
        "both fit": [row.replace(",31,", f",{far},").replace(",10,", f",{far - 3},") for row in rows],
    }
    for number, (said, lines) in enumerate(cases.items()):
        assert said in refused(tmp_path / str(number), "\n".join([top, header, *lines, ""])), said
    for spot, said in (("641.1", "no level of the S&P 500"), ("6.411.25", "not a plain"), ("6,411", "cannot be read")):
        assert said in refused(tmp_path / spot, oi_only(spot=spot))


def test_either_dialect_of_yfinance(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", yfinance())
    put(tmp_path, "b.csv", yfinance(("expiration", "option_type"), "call/put"))
    one, other = read(tmp_path)
    assert (one.spot, other.spot) == (SPOT, None)
    assert one.quote_at == other.quote_at == QUOTED_AT
    pd.testing.assert_frame_equal(one.contracts, other.contracts)


GOOD = eod()
FIRST = GOOD.split("\n")[1]
BROKEN: dict[str, tuple[bytes | str, str]] = {
    "empty": (b"", "*|: is empty"),
    "empty gzip": (gzip.compress(b""), "*|: is empty"),
    "blank": (b"\n\n", "not the layout of any chain that is known; it begins ''"),
    "header only": (GOOD.split("\n")[0], "*|: holds no rows"),
    "another table": ("DATE,OPEN,CLOSE\n1,2,3\n", "it begins 'DATE,OPEN,CLOSE'"),
    "binary": (bytes(range(256)) * 99, "it begins '\\x00"),
    "gzip of binary": (gzip.compress(bytes(range(256)) * 99), "it begins '\\x00"),
    "cut gzip": (gzip.compress(flat().encode())[:-20], "cannot be read: Compressed file ended"),
    "gzip with another checksum": (
        gzip.compress(GOOD.encode())[:-8] + bytes(4) + gzip.compress(GOOD.encode())[-4:],
        "cannot be read: CRC check failed",
    ),
    "cut line": (GOOD[:-70], "cannot be read below the header: CSV parse error: Row #12: Expected"),
    "one cell more": (GOOD + FIRST + ",1\n", "Row #13: Expected 15 columns, got 16"),
    "open quotation mark": (GOOD + '"' + FIRST + "\n" + FIRST + "\n", "below the header"),
    "half-written JSON": (payload()[:-9], "SPX|"),
    "JSON cut before the options": ('{"timestamp": "2025-', "cannot be read: Unterminated string"),
    "JSON of something else": ('{"error": "no such symbol"}', "JSON without options; it holds error"),
    "JSON list": ("[1, 2]", "JSON without options; no object"),
    "JSON of two underlyings": (payload().replace("SPX250919C06", "SPY250919C06"), "roots SPX, SPXW, SPY do not all"),
    "column missing": (
        GOOD.replace("impliedvol", "vol"),
        "*|: looks like files/eod, column missing: impliedvol; found: underlying, underlying_last,",
    ),
    "column twice": (GOOD.replace("underlying,", "Strike,", 1), "columns Strike, strike cannot be told apart"),
    "text for a number": (
        GOOD + FIRST.rsplit(",", 1)[0] + ",n/a\n",
        "SPX| SPX 2025-08-19: row 13 below the header: volume is 'n/a', not a number",
    ),
    "a separator of thousands": (GOOD + FIRST.rsplit(",", 1)[0] + ',"1,000"\n', "volume is '1,000', not a number"),
    "another expiry": (
        GOOD.replace("09/19/2025", "09/18/2025", 1),
        "*| 2025-08-19: row 1 below the header: optionroot is 'SPX250919C06000000' but expiration is '09/18/2025'",
    ),
    "another strike": (GOOD.replace(",6402.5,", ",6400,", 1), "row 3 below the header: optionroot is"),
    "no strike": (GOOD.replace(",6402.5,", ",nan,", 1), "but strike is 'nan'"),
    "another side": (GOOD.replace(",call,", ",put,", 1), "but type is 'put'"),
    "no side": (GOOD.replace(",call,", ",cal,", 1), "type is 'cal', neither call nor put"),
    "no such date": (GOOD.replace("09/19/2025", "09/31/2025", 1), "expiration is '09/31/2025', not a date"),
    "no symbol": (GOOD.replace("SPX250919C06000000", "SPX", 1), "optionroot is 'SPX', not an option's symbol"),
    "no such day in a symbol": (GOOD.replace("SPX250919C06", "SPX250931C06", 1), "row 1 below the header"),
    "two dates": (GOOD.replace("08/19/2025", "08/20/2025", 1), "quotedate is '08/20/2025' and '08/19/2025'"),
    "two prices": (GOOD.replace("6411.25", "6411.5", 1), "underlying_last is '6411.5' and '6411.25'"),
    "no price": (GOOD.replace("6411.25", "inf"), "the underlying's price is 'inf', not a plain positive number"),
    "a day before the calendar": (GOOD.replace("08/19/2025", "08/19/1985"), "1985-08-19: XNYS calendar: known from"),
    "another underlying": (GOOD.replace("SPXW", "XSP").replace("SPX", "XSP"), "unknown underlying: option roots XSP"),
    "two underlyings": (GOOD.replace("SPXW", "SPY"), "roots SPX, SPY do not all belong to one underlying"),
    "no trades to date a dump": (
        yfinance().replace("2025-08-20 00:43:00+00:00", "").replace("2025-08-19 13:31:02+00:00", ""),
        "no lastTradeDate dates the quotes",
    ),
    "a trade at no time": (yfinance().replace("13:31:02+00:00", "noon"), "lastTradeDate is '2025-08-19 noon', not a"),
    "some times without a zone": (yfinance().replace("13:31:02+00:00", "13:31:02", 1), "with and without a zone"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_failure(tmp_path: Path, content: bytes | str, said: str) -> None:
    assert said in refused(tmp_path, content)


def test_what_audits_judge_is_delivered_as_it_is(tmp_path: Path) -> None:
    start = FIRST.rsplit(",", 3)[0]
    put(tmp_path, "a.csv", GOOD + f"{start},inf,,NaN\n{start}, -3 ,1e3,-inf\n")
    (snapshot,) = read(tmp_path)
    odd = snapshot.contracts.iloc[[-2, -1]]
    assert odd["gamma"].tolist() == [np.inf, -3]
    assert odd["open_interest"].tolist() == pytest.approx([np.nan, 1000], nan_ok=True)
    assert odd["volume"].tolist() == pytest.approx([np.nan, -np.inf], nan_ok=True)
    assert snapshot.contracts.duplicated(KEYS).sum() == 2


def test_the_adjusted_contracts_of_a_fund_are_left_out(tmp_path: Path) -> None:
    fund = GOOD.replace("SPXW", "SPY").replace("SPX", "SPY")
    put(tmp_path, "a.csv", fund + FIRST.replace("SPX2", "SPY12") + "\n" + FIRST.replace("SPX2", "2SPY2") + "\n")
    (snapshot,) = read(tmp_path)
    assert (snapshot.underlying, len(snapshot.contracts)) == ("SPY", len(CHAIN))


def zipped_rows(path: Path, header: str, rows: int) -> None:
    """A gzip file of a header and of rows of garbage, written piece by piece."""
    piece = b"one,two,three,four\n" * 100_000
    packer = zlib.compressobj(level=1, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(header.encode()))
        for _ in range(rows // 100_000):
            file.write(packer.compress(piece))
        file.write(packer.flush())


@pytest.mark.parametrize(
    ("header", "said"),
    [("a,b,c,d\n", "it begins 'a,b,c,d'"), (GOOD.split("\n")[0] + "\n", f"more than {MOST_CONTRACTS:,} rows")],
)
def test_ten_million_rows_of_garbage_are_left_alone(tmp_path: Path, header: str, said: str) -> None:
    zipped_rows(put(tmp_path, "a.csv.gz", b""), header, 10_000_000)
    started = time.monotonic()
    tracemalloc.start()
    (failure,) = FileChains(tmp_path).snapshots([SPX], (), None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(failure, Failure)
    assert said in failure.reason
    assert time.monotonic() - started < 3
    assert peak < 32 << 20


def test_a_file_of_endless_lines_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_files, "MOST_BYTES", 3 << 20)
    assert "more than 3 MB decompressed" in refused(tmp_path, gzip.compress(b"[" * (4 << 20)), "a.json.gz")


def test_what_is_known_or_not_asked_for_is_not_delivered(tmp_path: Path) -> None:
    for name, (write, _, _) in LAYOUTS.items():
        put(tmp_path, f"{name}.csv", write())
    put(tmp_path, "underlying.csv", COMPANION)
    found = read(tmp_path)
    ids = [snapshot.snapshot_id for snapshot in found]
    assert len(set(ids)) == len(LAYOUTS)
    assert read(tmp_path, ids) == []
    assert [snapshot.snapshot_id for snapshot in read(tmp_path, ids[1:])] == ids[:1]
    assert read(tmp_path, sessions=[date(2025, 8, 20)]) == []
    assert len(read(tmp_path, sessions=[DAY])) == len(LAYOUTS)
    # The companion is corrected: the chain's time is another one.
    put(tmp_path, "underlying.csv", COMPANION.replace("00:43:00", "00:44:00"))
    (again,) = read(tmp_path, ids)
    assert (again.source, again.content_hash) == ("files/cboe_json_flat", found[1].content_hash)


def test_the_same_content_is_delivered_once_and_companions_are_no_chains(tmp_path: Path) -> None:
    put(tmp_path, "b/chain.csv", GOOD)
    put(tmp_path, "a/other.csv.gz", gzip.compress(GOOD.encode()))
    put(tmp_path, "c/meta.json", '{"utc": "2025-08-19T20:00:00Z", "tickers": {"SPY": {"spot": 1}}}')
    put(tmp_path, "c/prices.csv", COMPANION)
    put(tmp_path, ".hidden.csv", b"\x00")
    put(tmp_path, ".trash/chain.csv", b"\x00")
    put(tmp_path, "readme.txt", b"\x00")
    assert len(read(tmp_path)) == 1


def test_a_folder_without_chains_yields_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    assert read(tmp_path / "nowhere") == []


ELSEWHERE = {
    # Quoted on a holiday, at a weekend or before the opening.
    ("files/eod", "2019-05-27"): ("2019-05-24", "settled"),
    ("files/eod", "2019-07-04"): ("2019-07-03", "settled"),
    ("files/oi_only", "2026-06-13"): ("2026-06-12", "close"),
    ("files/oi_only", "2026-06-19"): ("2026-06-18", "settled"),
    ("files/oi_only", "2026-06-23"): ("2026-06-22", "settled"),
    ("files/oi_only", "2026-07-03"): ("2026-07-02", "settled"),
    # Called chains of 2026-08-12 by who saved them.
    ("files/yfinance", "2026-08-13"): ("2026-08-13", "intraday"),
}


def test_the_real_folder(real: duckdb.DuckDBPyConnection) -> None:
    """What a run read of it."""
    source = "select passed from marts.data_health where table_name = 'raw.option_chains' and check_name = 'source'"
    assert rows_of(real, source) == [(True,)]
    snapshots = frame_of(
        real,
        """
        select
            any_value(underlying) as underlying, any_value(source) as source, any_value(spot) as spot,
            any_value(quote_date)::varchar as quoted, any_value(session)::varchar as session,
            any_value(reading) as reading, list(distinct root) as roots, count(*) as contracts,
            count(*) = count(distinct (root, expiry, put_call, strike)) as is_unique,
            count(*) = count(strike + bid + ask + vendor_iv) as is_priced,
            min(expiry) >= any_value(session) as is_alive
        from raw.option_chains group by snapshot_id
        """,
    )
    assert snapshots[["is_unique", "is_priced", "is_alive"]].all(axis=None)
    for row in snapshots.to_dict("records"):
        assert (row["session"], row["reading"]) == ELSEWHERE.get(
            (row["source"], row["quoted"]), (row["quoted"], "close")
        )
        assert set(row["roots"]) <= {*SPX.roots, row["underlying"]}
    # At the money a call and a put of one expiry and strike cost about the same.
    errors = """
        with nearest as (
            select snapshot_id, spot, strike, put_call, (bid + ask) / 2 as mid
            from raw.option_chains
            qualify expiry = min(expiry) over (partition by snapshot_id)
        ),

        pairs as (
            select
                snapshot_id, spot,
                strike + avg(mid) filter (put_call = 'C') - avg(mid) filter (put_call = 'P') as parity
            from nearest
            group by snapshot_id, spot, strike
            having parity is not null and strike between 0.97 * spot and 1.03 * spot
        )

        select max(error), count(*) from (
            select abs(median(parity) / spot - 1) as error from pairs group by snapshot_id, spot
        )
    """
    [(error, compared)] = rows_of(real, errors)
    assert error < 0.02
    assert compared == snapshots["spot"].notna().sum()
    per_source = "select underlying, source, count(distinct snapshot_id) from raw.option_chains group by all"
    counts = {(symbol, source): count for symbol, source, count in rows_of(real, per_source)}
    assert counts["SPX", "files/eod"] == 58
    assert counts["SPX", "files/oi_only"] == 25
    assert (counts["SPX", "files/cboe_json_flat"], counts["SPY", "files/cboe_json_flat"]) == (5, 2)
    assert (counts["SPX", "files/cboe_quotedata"], counts["SPY", "files/cboe_quotedata"]) == (6, 2)
    assert {symbol for symbol, source in counts if source == "files/yfinance"} == {"SPX", "SPY", "QQQ", "IWM"}
    assert snapshots["contracts"].sum() > 1_700_000
