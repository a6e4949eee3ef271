"""Lists of an index's members: from files, from a web server, simulated, and as they land. Companies are made up."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from assets.inputs import Filled, Inputs
from assets.raw import index_members as raw_index_members
from assets.raw import prices as raw_prices
from assets.sources.datahub import DatahubMembers
from assets.sources.download import Limits
from assets.sources.errors import Failure
from assets.sources.file_members import FileMembers
from assets.sources.files import FilePrices
from assets.sources.members import COLUMNS, MemberSource, gathered
from assets.sources.prices import COLUMNS as PRICE_COLUMNS
from assets.sources.prices import Delivery, Instrument, PriceSource
from assets.sources.simulated import FIRST_OF_STOCKS, SimulatedPrices
from assets.sources.simulated_members import SimulatedMembers
from tests.sources.local_server import Answer, LocalServer, cut, dropped, serving, silence, status, whole
from tests.sql.given import inputs

COUNT = 402
HEADER = "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded"
FIRST = 'AAA,"Aardvark, Inc.",Energy,Oil & Gas Drilling,"Nowhere, Ohio",1957-03-04,0000000001,1902 (1888)'
SECOND = "BRK.B,Made-up Holdings,Financials,,Nowhere,,2,1999"
OTHERS = [f"X{n},Company {n},Industrials,Machinery,Nowhere,2001-02-03,{n},1999" for n in range(COUNT - 2)]
GOOD = "\n".join([HEADER, FIRST, SECOND, *OTHERS, ""]).encode()
NAME = "sp500_members_2025-11-16.csv"
LABEL = f"files/reference/{NAME}"
PAGE = b"<!DOCTYPE html>\n<html><title>404</title></html>\n"

# As seen from New York it is still the 20th.
NOW = datetime(2025, 11, 21, 3, tzinfo=UTC)
QUICK = Limits(connect_seconds=1, silent_seconds=0.15, total_seconds=0.5, attempts=2, max_wait=0.01)
PATH = "/data/constituents.csv"


def put(folder: Path, content: bytes, name: str = NAME) -> None:
    """Write one list of a folder of vendor files."""
    (folder / "reference").mkdir(exist_ok=True)
    (folder / "reference" / name).write_bytes(content)


def days(*texts: str | None) -> pd.DatetimeIndex:
    """Dates as adapters deliver them."""
    return pd.to_datetime(pd.Series(texts, dtype="str")).pipe(pd.DatetimeIndex).as_unit("us")


EXPECTED = pd.DataFrame(
    {
        "index_symbol": "SPX",
        "list_date": days("2025-11-16", "2025-11-16", "2025-11-16"),
        "symbol": ["AAA", "BRK.B", "X0"],
        "company": ["Aardvark, Inc.", "Made-up Holdings", "Company 0"],
        "sector": ["Energy", "Financials", "Industrials"],
        "sub_industry": ["Oil & Gas Drilling", None, "Machinery"],
        "added_date": days("1957-03-04", None, "2001-02-03"),
        "source": "files/reference",
    }
)


# The folder of vendor files


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(HEADER.encode(), HEADER.upper().replace(",", " , ").encode()),
        GOOD.replace(b"BRK.B", b" BRK-B "),
        GOOD.replace(b"\nX9,", b"\n\nX9,"),
    ],
    ids=["as published", "BOM and CRLF", "case and blanks of the header", "hyphen for a dot", "blank line"],
)
def test_a_list_is_delivered_as_the_port_says(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, content)
    delivery = FileMembers(tmp_path).members("SPX")
    assert delivery.failures == ()
    assert len(delivery.rows) == COUNT
    assert_frame_equal(delivery.rows.head(3), EXPECTED)


def test_every_dated_list_is_delivered_and_other_files_are_left_alone(tmp_path: Path) -> None:
    for name in (NAME, "sp500_members_2025-12-22.csv", "nasdaq100_members_2025-12-22.csv", "sp500_weights.csv"):
        put(tmp_path, GOOD, name)
    delivery = FileMembers(tmp_path).members("SPX")
    assert delivery.rows.groupby("list_date").size().to_dict() == dict.fromkeys(days("2025-11-16", "2025-12-22"), COUNT)
    assert delivery.failures == ()


def test_no_list_is_no_failure(tmp_path: Path) -> None:
    for delivery in (FileMembers(tmp_path).members("SPX"), FileMembers(tmp_path).members("NDX")):
        assert (tuple(delivery.rows), len(delivery.rows), delivery.failures) == (COLUMNS, 0, ())


def altered(row: str, old: str, new: str) -> bytes:
    """The good list with another row in one's place."""
    return GOOD.replace(row.encode(), row.replace(old, new).encode())


BROKEN = {
    "empty": (b"", "column missing: Symbol; found: "),
    "web page": (PAGE, "is a web page, not CSV"),
    "header alone": (HEADER.encode(), "lists 0 members, SPX has at least 400"),
    "too few": (b"\n".join(GOOD.split(b"\n")[:400]), "lists 399 members, SPX has at least 400"),
    "column renamed": (
        GOOD.replace(b"Date added", b"Date first added"),
        "column missing: Date added; found: Symbol, Sec",
    ),
    "column twice": (GOOD.replace(b"CIK", b"symbol"), "2 columns are called Symbol; found: "),
    "cut row": (GOOD[:-20], f"row {COUNT} below the header: 6 fields, the header has 8"),
    "open quote": (altered(FIRST, 'Inc."', "Inc."), "cannot be read: "),
    "not UTF-8": (GOOD.replace(b"Aardvark", b"\xff\xfe"), "cannot be read: 'utf-8' codec"),
    "no symbol": (altered(SECOND, "BRK.B", ""), "row 2 below the header: Symbol is missing"),
    "no ticker": (altered(SECOND, "BRK.B", "n/a"), "n/a: row 2 below the header: Symbol is 'n/a', not a ticker"),
    "symbol twice": (altered(SECOND, "BRK.B", "AAA"), "AAA: row 2 below the header: stands there twice"),
    "class of shares twice": (altered(OTHERS[0], "X0,", "BRK-B,"), "BRK.B: row 3 below the header: stands there twice"),
    "no company": (altered(SECOND, "Made-up Holdings", " "), "BRK.B: row 2 below the header: Security is missing"),
    "no sector": (altered(SECOND, "Financials", ""), "BRK.B: row 2 below the header: GICS Sector is missing"),
    "American date": (
        altered(FIRST, "1957-03-04", "3/4/1957"),
        "AAA: row 1 below the header: Date added is '3/4/1957', not",
    ),
    "two dates": (
        altered(FIRST, "1957-03-04", "1957-03-04 (1983)"),
        "Date added is '1957-03-04 (1983)', not a date YYYY",
    ),
    "no such date": (altered(FIRST, "1957-03-04", "1957-02-30"), "Date added is '1957-02-30', not a date YYYY-MM-DD"),
    "short date": (altered(FIRST, "1957-03-04", "19570304"), "Date added is '19570304', not a date YYYY-MM-DD"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_list_is_a_failure_alone_and_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    put(tmp_path, content)
    put(tmp_path, GOOD, "sp500_members_2025-10-01.csv")
    delivery = FileMembers(tmp_path).members("SPX")
    assert delivery.rows["list_date"].unique().tolist() == days("2025-10-01").tolist()
    (failure,) = delivery.failures
    assert failure.symbol == "SPX"
    assert failure.reason.startswith(LABEL)
    assert said in failure.reason


@pytest.mark.parametrize("text", ["2025-13-01", "20251116", "latest", ""])
def test_a_list_without_a_date_in_its_name_is_a_failure(tmp_path: Path, text: str) -> None:
    put(tmp_path, GOOD, f"sp500_members_{text}.csv")
    (failure,) = FileMembers(tmp_path).members("SPX").failures
    assert failure.reason.endswith(f"its name ends in {text!r}, not a date YYYY-MM-DD")


def test_the_real_list(market_data: Path) -> None:
    delivery = FileMembers(market_data).members("SPX")
    rows = delivery.rows.set_index("symbol")
    assert (len(rows), delivery.failures) == (503, ())
    assert rows["sector"].nunique() == 11
    assert {"BRK.B", "BF.B"} == {symbol for symbol in rows.index if not symbol.isalpha()}
    assert rows["added_date"].notna().all()
    assert (rows["added_date"] <= rows["list_date"]).all()


def test_of_a_members_bars_in_two_files_the_full_one_counts(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    header = "symbol,date,open,high,low,close\n"
    (tmp_path / "prices/closes.csv").write_text(
        header + "AAA,2025-11-20,,,,2\nAAA,2025-11-21,,,,3\nAAA,2025-11-21,,,,4\nBRK.B,2025-11-20,,,,5\n"
    )
    (tmp_path / "prices/full.csv").write_text(header + "AAA,2025-11-20,1,2,1,1\nBRK-B,2025-11-21,6,6,6,6\n")
    names = [Instrument(name, "stock", "member", "", "XNYS", name.replace(".", "-")) for name in ("AAA", "BRK.B")]
    rows = FilePrices(tmp_path).prices(names, pd.DataFrame()).rows
    assert rows[["symbol", "close"]].to_numpy().tolist() == [
        # What one file says twice is left for the audits.
        ["AAA", 3.0],
        ["AAA", 4.0],
        ["BRK.B", 5.0],
        ["AAA", 1.0],
        ["BRK.B", 6.0],
    ]


# The public list


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as server:
        yield server


def ask(server: LocalServer, *answers: Answer) -> Delivery:
    server.answers = {PATH: list(answers)}
    return DatahubMembers(NOW, server.url, QUICK).members("SPX")


def test_todays_list_bears_new_yorks_date(server: LocalServer) -> None:
    delivery = ask(server, whole(GOOD))
    assert delivery.failures == ()
    assert_frame_equal(delivery.rows.head(3), EXPECTED.assign(list_date=days(*["2025-11-20"] * 3), source="datahub"))
    assert len(delivery.rows) == COUNT


@pytest.mark.parametrize("fault", [status(429), status(503), silence, dropped, cut(GOOD)], ids=range(5))
def test_a_passing_fault_is_asked_again(server: LocalServer, fault: Answer) -> None:
    assert len(ask(server, fault, whole(GOOD)).rows) == COUNT
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(404), "HTTP 404"),
        (status(503), "out of reach, asked 2 times: HTTP 503"),
        (silence, "out of reach, asked 2 times"),
        (cut(GOOD), "out of reach, asked 2 times: ProtocolError"),
        (whole(PAGE), "is a web page, not CSV"),
        (whole(b""), "column missing: Symbol"),
        (whole(GOOD[: len(GOOD) // 2]), "below the header: "),
        (whole(b"\n".join(GOOD.split(b"\n")[:300])), "lists 299 members, SPX has at least 400"),
    ],
    ids=range(8),
)
def test_a_lasting_fault_is_a_failure_and_no_list(server: LocalServer, answer: Answer, said: str) -> None:
    started = time.monotonic()
    delivery = ask(server, answer)
    assert time.monotonic() - started < 2
    assert (tuple(delivery.rows), len(delivery.rows)) == (COLUMNS, 0)
    (failure,) = delivery.failures
    assert failure.symbol == "SPX"
    assert failure.reason.startswith(f"datahub {server.url}{PATH}")
    assert said in failure.reason


def test_nothing_is_asked_for_of_other_indices(server: LocalServer) -> None:
    delivery = DatahubMembers(NOW, server.url, QUICK).members("NDX")
    assert (len(delivery.rows), delivery.failures, server.asked) == (0, (), [])


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        DatahubMembers(datetime(2025, 11, 21))  # noqa: DTZ001 - the point


# The simulated index


def test_the_simulated_index_changes_one_member_between_its_lists() -> None:
    delivery = SimulatedMembers().members("SPX")
    rows = delivery.rows
    assert tuple(rows) == COLUMNS
    before, after = (set(of_list["symbol"]) for _, of_list in rows.groupby("list_date"))
    assert (before - after, after - before) == ({"SIM51"}, {"SIM55"})
    assert len(before | after) == 55
    assert rows.drop_duplicates("symbol").groupby("sector").size().eq(5).all()
    assert (rows["added_date"].isna() | (rows["added_date"] <= rows["list_date"])).all()
    assert len(SimulatedMembers(date(2025, 6, 30)).members("SPX").rows) == 54
    assert SimulatedMembers().members("NDX").rows.empty


def test_simulated_members_trade_apart_and_change_no_instrument() -> None:
    spx = Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC")
    names = [Instrument(name, "stock", "member", "Energy", "XNYS", name) for name in ("SIM16", "SIM17")]
    nothing = pd.DataFrame()
    alone, together = (SimulatedPrices().prices([spx, *more], nothing).rows for more in ([], names))
    assert_frame_equal(together[together["symbol"] == "SPX"].reset_index(drop=True), alone, check_exact=True)
    stocks = together[together["symbol"] != "SPX"]
    assert stocks["date"].min() == pd.Timestamp(FIRST_OF_STOCKS)
    assert (stocks["volume"] > 0).all()
    close = together.pivot_table(index="date", columns="symbol", values="close").dropna()
    changes = close.pct_change().dropna()
    first, second, market = (changes[name] for name in ("SIM16", "SIM17", "SPX"))
    assert changes[["SIM16", "SIM17"]].std().between(0.008, 0.035).all()
    assert 0.1 < first.corr(market) < 0.95
    assert 0.1 < first.corr(second) < 0.95
    assert first.std() != pytest.approx(second.std(), rel=0.01)


# As they land


def members_on(list_date: str, *symbols: str, added: str | None = None, sector: str = "Energy") -> pd.DataFrame:
    """A list of a made-up index."""
    rows = pd.DataFrame({"symbol": symbols, "company": "Company", "sector": sector, "sub_industry": None})
    rows = rows.assign(index_symbol="SPX", list_date=days(list_date)[0], added_date=days(added)[0], source="given")
    return rows.astype({"list_date": "datetime64[us]", "added_date": "datetime64[us]"})[list(COLUMNS)]


@dataclasses.dataclass(frozen=True)
class GivenMembers:
    """A source of these lists."""

    lists: Sequence[pd.DataFrame]
    failures: tuple[Failure, ...] = ()

    def members(self, index_symbol: str) -> Delivery:
        """As the port says."""
        assert index_symbol == "SPX"
        return gathered(self.lists, self.failures)


@dataclasses.dataclass(frozen=True)
class GivenPrices:
    """A source that has one bar of every instrument, save some."""

    absent: Sequence[str] = ()

    def prices(self, instruments: Sequence[Instrument], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - see the port
        """As the port says; the roles and Yahoo's symbols stand in for numbers."""
        has = [one for one in instruments if one.symbol not in self.absent]
        rows = pd.DataFrame({"symbol": [one.symbol for one in has], "date": days("2025-11-20")[0]})
        rows = rows.reindex(columns=PRICE_COLUMNS).assign(source=[f"{one.role} {one.yahoo_symbol}" for one in has])
        return Delivery(rows, tuple(Failure(symbol, f"no {symbol}") for symbol in self.absent))


def given(query: Callable[[str], pd.DataFrame], members: MemberSource, prices: PriceSource) -> Inputs:
    """What `fill` is given, with these sources."""
    usual = inputs(query)
    return dataclasses.replace(usual, sources=dataclasses.replace(usual.sources, members=members, prices=prices))


def land(stored: pd.DataFrame, *lists: pd.DataFrame, failures: tuple[Failure, ...] = ()) -> Filled:
    return raw_index_members.fill(given(lambda _: stored, GivenMembers(lists, failures), GivenPrices()))


NONE_STORED = members_on("2025-01-02")


@pytest.mark.parametrize(
    ("added", "known_on"),
    [
        ("2025-03-24", "2025-03-24T18:00-04:00"),
        (None, "2025-11-16T18:00-05:00"),
        ("2025-11-16", "2025-11-16T18:00-05:00"),
        ("2025-12-22", "2025-11-16T18:00-05:00"),
    ],
    ids=["added before", "not told", "added that day", "to be added"],
)
def test_a_member_is_known_from_its_addition_or_from_its_list(added: str | None, known_on: str) -> None:
    rows = land(NONE_STORED, members_on("2025-11-16", "AAA", added=added)).rows
    assert rows["available_at"].tolist() == [pd.Timestamp(known_on)]
    assert list(rows) == [*COLUMNS, "available_at"]


def test_a_date_of_addition_that_an_earlier_list_contradicts_is_not_believed() -> None:
    stored = members_on("2025-01-02", "AAA", added="2001-04-02")
    rows = land(stored, members_on("2025-11-16", "AAA", "BBB", added="2001-04-02")).rows
    known = [pd.Timestamp("2001-04-02T18:00-04:00"), pd.Timestamp("2025-11-16T18:00-05:00")]
    assert rows["available_at"].tolist() == known


def test_a_list_of_today_that_says_what_the_newest_stored_one_says_is_not_stored_again() -> None:
    stored = members_on("2025-11-17", "AAA", "BBB", added="2025-01-02").assign(source="datahub")
    today = partial(members_on, "2025-11-18", added="2025-01-02")
    for same, count in ((today("BBB", "AAA"), 0), (today("AAA"), 1), (today("AAA", "BBB", sector="Materials"), 2)):
        assert len(land(stored, same.assign(source="datahub")).rows) == count
    # On the same day it may correct what was stored.
    assert len(land(stored, members_on("2025-11-17", "AAA", "BBB").assign(source="datahub")).rows) == 2


def test_lists_with_dates_of_their_own_are_stored_however_often_they_land() -> None:
    stored = members_on("2025-11-17", "AAA", "BBB")
    lists = (stored, members_on("2025-11-18", "AAA", "BBB"), members_on("2025-11-19", "AAA"))
    for landed in (land(NONE_STORED, *lists), land(stored, *lists), land(lists[-1], *lists)):
        assert landed.rows["list_date"].value_counts().to_dict() == dict(
            zip(days("2025-11-17", "2025-11-18", "2025-11-19"), (2, 2, 1), strict=True)
        )


def test_a_list_of_a_day_to_come_is_a_failure() -> None:
    filled = land(NONE_STORED, members_on("2025-11-17", "AAA"), members_on("2099-01-01", "AAA", "BBB"))
    assert filled.rows["list_date"].unique().tolist() == days("2025-11-17").tolist()
    [failure] = filled.failures
    assert "the list of 2099-01-01 is dated after the run" in failure.reason


def test_without_a_list_nothing_is_stored_and_the_failure_is_told() -> None:
    lost = Failure("SPX", "lost")
    filled = land(NONE_STORED, failures=(lost,))
    assert (len(filled.rows), filled.failures) == (0, (lost,))


def prices_of(
    symbols: Sequence[str],
    absent: Sequence[str] = (),
    left: Sequence[str] = (),
    in_baskets: Mapping[str, bool] | None = None,
) -> Filled:
    """The prices that land with these members beside two instruments, and those of baskets that still belong or not."""

    def query(sql: str) -> pd.DataFrame:
        if "reference.instruments" in sql:
            names = ["symbol", "class", "role", "sector", "calendar", "yahoo_symbol"]
            listed = [
                ("SPX", "index", "benchmark", None, "XNYS", "^GSPC"),
                ("BTC", "crypto", "x", None, "24/7", "BTC-USD"),
            ]
            return pd.DataFrame(listed, columns=names)
        if "raw.index_members" in sql:
            is_current = [symbol not in left for symbol in symbols]
            return pd.DataFrame({"symbol": symbols, "role": "member", "sector": "Energy", "is_current": is_current})
        if "reference.basket_members" in sql:
            of = in_baskets or {}
            is_current = list(of.values())
            return pd.DataFrame({"symbol": list(of), "role": "quantum", "sector": "", "is_current": is_current})
        return pd.DataFrame(columns=["symbol", "date", "close"])

    return raw_prices.fill(given(query, GivenMembers([]), GivenPrices(absent)))


def test_bars_are_asked_for_of_members_behind_the_instruments_and_known_the_same_evening() -> None:
    filled = prices_of(["AAA", "BRK.B", "BTC"])
    assert filled.rows["source"].tolist() == ["benchmark ^GSPC", "x BTC-USD", "member AAA", "member BRK-B"]
    evening, midnight = pd.Timestamp("2025-11-20T18:00-05:00"), pd.Timestamp("2025-11-21T00:00Z")
    assert filled.rows["available_at"].tolist() == [evening, midnight, evening, evening]


def test_members_of_baskets_come_last_and_once() -> None:
    filled = prices_of(["AAA"], in_baskets={"AAA": True, "QQ": True, "SPX": True})
    assert filled.rows["source"].tolist() == ["benchmark ^GSPC", "x BTC-USD", "member AAA", "quantum QQ"]
    still = prices_of([], ["QQ", "ZZ", "SPX"], in_baskets={"QQ": True, "ZZ": False}).failures
    assert still == (Failure("*", "1 members of baskets not delivered: QQ; QQ: no QQ"), Failure("SPX", "no SPX"))


def test_what_is_missing_of_the_members_is_one_failure() -> None:
    absent = [f"X{n}" for n in range(9)]
    assert prices_of(["AAA", *absent], ["SPX", *absent]).failures == (
        Failure("*", "9 index members not delivered: X0, X1, X2, X3, X4, ...; X0: no X0"),
        Failure("SPX", "no SPX"),
    )
    # Who has left may be gone from the source as well.
    assert prices_of(["AAA", "X0"], ["AAA", "X0"], left=["X0"]).failures == (
        Failure("*", "1 index members not delivered: AAA; AAA: no AAA"),
    )
    assert prices_of(["X0"], ["X0"], left=["X0"]).failures == ()
