"""Holders' positions: from EDGAR's filings, from files, simulated, and as they land. Filers are made up."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, strategies

from assets.inputs import Filled
from assets.models.simulated_market import index_mix
from assets.models.simulated_positioning import TILTS
from assets.raw import holdings as raw_holdings
from assets.sources.download import Limits
from assets.sources.edgar_holdings import EdgarHoldings
from assets.sources.errors import Failure
from assets.sources.file_holdings import FileHoldings
from assets.sources.holdings import Filing, Holder, is_cusip
from assets.sources.sessions import NEW_YORK
from assets.sources.simulated_holdings import SimulatedHoldings
from assets.sources.simulated_members import SimulatedMembers
from tests.sources.edgar_filings import (
    APPLE,
    BERKSHIRE,
    FUND,
    LILLY,
    MANAGER,
    MICROSOFT,
    SPY,
    TRUST,
    Holding,
    Row,
    Stamp,
    feed,
    nport,
    thirteen_f,
)
from tests.sources.local_server import Answer, LocalServer, cut, dropped, serving, silence, status, whole, zipped
from tests.sql.given import NOW, inputs

QUICK = Limits(connect_seconds=1, silent_seconds=0.15, total_seconds=0.5, attempts=2, max_wait=0.01)
LISTS = "/cgi-bin/browse-edgar?action=getcompany&CIK={}&type={}&dateb=&owner=include&count=40&output=atom"
OF_MANAGER, OF_FUND = LISTS.format(MANAGER, "13F-HR"), LISTS.format(FUND, "NPORT-P")
PAGE = b"<!DOCTYPE html>\n<html><body><p>No matching CIK<br></body></html>"
MANAGES, MUTUAL = Holder("manager", "13F-HR", MANAGER), Holder("fund", "NPORT-P", TRUST, FUND)

FIRST = Stamp()
AMENDED = Stamp(f"{MANAGER}-25-000005", "20251120101010", "20251120", form="13F-HR/A")
OF_TRUST = Stamp(f"{TRUST}-25-000009", "20251126120000", "20251126", form="NPORT-P", cik=TRUST)
ROWS = [
    Row("APPLE INC", APPLE, 100_000, 1000),
    Row("BERKSHIRE HATHAWAY INC DEL", BERKSHIRE, 40_000, 80),
    # Another account's.
    Row("APPLE INC", APPLE, 50_000, 500),
    Row("APPLE INC", APPLE, 7_000, 70, option="Put"),
    Row("MICROSOFT CORP", MICROSOFT, 9_000, 9_000, kind="PRN"),
    Row("SPDR S&amp;P 500 ETF TR", SPY, 60_000, 100),
]
GOOD = thirteen_f(ROWS, FIRST)
EXPECTED = [
    (APPLE, "AAPL", "APPLE INC", 150_000.0, 1500.0),
    (BERKSHIRE, "BRKB", "BERKSHIRE HATHAWAY INC DEL", 40_000.0, 80.0),
    (SPY, "SPY", "SPDR S&P 500 ETF TR", 60_000.0, 100.0),
]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as server:
        yield server


def ask(
    server: LocalServer,
    *holders: Holder,
    known: Sequence[str] = (),
    now: datetime = datetime(2025, 12, 31, 12, tzinfo=UTC),
) -> list[Filing | Failure]:
    """What EDGAR delivers."""
    edgar = EdgarHoldings(now, "Made-up Reader reader@example.com", server.url, QUICK, pause_seconds=0)
    return list(edgar.filings(holders or [MANAGES], known))


def served(server: LocalServer, *filings: tuple[Stamp, bytes]) -> list[Filing | Failure]:
    """What EDGAR delivers of these filings of a manager."""
    server.answers = {OF_MANAGER: [whole(feed(*(stamp for stamp, _ in filings)))]}
    server.answers |= {stamp.path: [whole(text)] for stamp, text in filings}
    return ask(server)


def rows_of(filing: Filing | Failure) -> list[tuple[object, ...]]:
    assert isinstance(filing, Filing), filing
    rows = filing.positions.astype("object")
    return list(rows.where(rows.notna(), None).itertuples(index=False, name=None))


def reason(failure: Filing | Failure) -> str:
    assert isinstance(failure, Failure), failure
    return failure.reason


# EDGAR


def test_a_managers_long_shares_are_delivered_and_the_rest_is_counted(server: LocalServer) -> None:
    [filing] = served(server, (FIRST, GOOD))
    assert isinstance(filing, Filing)
    assert rows_of(filing) == EXPECTED
    accepted = datetime(2025, 11, 14, 16, 5, 32, tzinfo=NEW_YORK)
    assert filing == Filing(
        "manager", date(2025, 9, 30), FIRST.accession, False, accepted, "edgar", 2, filing.positions
    )


def test_the_sec_is_told_who_asks(server: LocalServer) -> None:
    served(server, (FIRST, GOOD))
    assert [path for path, _ in server.asked] == [OF_MANAGER, FIRST.path]
    assert all(headers["User-Agent"].startswith("Made-up Reader reader@example.com ") for _, headers in server.asked)


def test_without_an_identity_nothing_is_asked(server: LocalServer) -> None:
    [failure] = EdgarHoldings(NOW, "", server.url, QUICK).filings([MANAGES], set())
    assert (failure.symbol if isinstance(failure, Failure) else None, server.asked) == ("*", [])
    assert "UNDERTOW_SEC_IDENTITY is not set" in reason(failure)


@pytest.mark.parametrize(
    ("accepted", "filed", "known"),
    [
        ("20251114173000", "20251114", datetime(2025, 11, 14, 17, 30, tzinfo=NEW_YORK)),
        ("20251114203000", "20251117", datetime(2025, 11, 17, 6, tzinfo=NEW_YORK)),
        ("20250814160000", "20250814", datetime(2025, 8, 14, 20, tzinfo=UTC)),
    ],
    ids=["the same day", "after 17:30", "in summer"],
)
def test_a_filing_is_known_when_edgar_gives_it_out(
    server: LocalServer, accepted: str, filed: str, known: datetime
) -> None:
    stamp = dataclasses.replace(FIRST, accepted=accepted, filed=filed, period="20250630")
    [filing] = served(server, (stamp, thirteen_f(ROWS, stamp)))
    assert isinstance(filing, Filing)
    assert filing.available_at == known


def test_values_were_thousands_before_2023_and_are_where_a_filer_went_on(server: LocalServer) -> None:
    before = Stamp(f"{MANAGER}-22-000001", "20221114120000", "20221114", "20220930")
    after = Stamp(f"{MANAGER}-23-000001", "20230214120000", "20230214", "20221231")
    cents = [Row(f"COMPANY {n}", cusip(n), 150, 1000) for n in range(12)]
    server.answers = {OF_MANAGER: [whole(feed(before, after, dataclasses.replace(after, accession="1-23-2")))]}
    server.answers |= {before.path: [whole(thirteen_f(ROWS, before))], after.path: [whole(thirteen_f(ROWS, after))]}
    other = dataclasses.replace(after, accession="1-23-2")
    server.answers[other.path] = [whole(thirteen_f(cents, other))]
    found = ask(server, now=datetime(2023, 6, 30, tzinfo=UTC))
    values = {one.filing_id: one.positions["value_usd"].iloc[0] for one in found if isinstance(one, Filing)}
    assert values == {before.accession: 150_000_000.0, after.accession: 150_000.0, "1-23-2": 150_000.0}


def cusip(number: int) -> str:
    """A CUSIP with the right check digit."""
    return next(f"{number:08}{digit}" for digit in range(10) if is_cusip(f"{number:08}{digit}"))


def test_an_amendment_takes_the_place_of_what_was_filed_or_adds_to_it(server: LocalServer) -> None:
    more = dataclasses.replace(AMENDED, accession=f"{MANAGER}-25-000006", accepted="20251121101010", filed="20251121")
    found = served(
        server,
        (more, thirteen_f(ROWS[:1], more, "NEW HOLDINGS")),
        (FIRST, GOOD),
        (AMENDED, thirteen_f(ROWS[:2], AMENDED, "RESTATEMENT")),
    )
    told = [(one.filing_id, one.adds, len(one.positions)) for one in found if isinstance(one, Filing)]
    assert told == [(FIRST.accession, False, 3), (AMENDED.accession, False, 2), (more.accession, True, 1)]


def test_what_is_stored_old_or_of_another_form_is_not_asked_for(server: LocalServer) -> None:
    notice = dataclasses.replace(FIRST, accession="1-25-7", form="13F-NT")
    old = dataclasses.replace(FIRST, accession="1-23-7", filed="20231114")
    server.answers = {OF_MANAGER: [whole(feed(FIRST, notice, old))]}
    assert ask(server, known=[FIRST.accession]) == []
    assert [path for path, _ in server.asked] == [OF_MANAGER]


def test_a_funds_equities_are_delivered_and_the_rest_is_counted(server: LocalServer) -> None:
    apple = Holding("Apple Inc", APPLE, "1000.50", isin="US0378331005")
    holdings = [
        apple,
        # A fund of several managers lists the whole position for each.
        apple,
        Holding("ASML Holding NV", "N/A", "77", isin="NL0010273215", ticker="ASML", country="NL"),
        Holding("New Listing Inc", "000000000", "3", ticker="NEWL"),
        Holding("Private Holdings", "N/A", "5", category="EP"),
        Holding("Some Bond", "912810TK6", "6", category="DBT", units="PA"),
        Holding("Short Inc", LILLY, "-7", profile="Short"),
    ]
    server.answers = {OF_FUND: [whole(feed(OF_TRUST))], OF_TRUST.path: [zipped(nport(holdings, OF_TRUST))]}
    [filing] = ask(server, MUTUAL)
    assert rows_of(filing) == [
        (APPLE, "AAPL", "Apple Inc", 1000.5, 100.0),
        ("NL0010273215", None, "ASML Holding NV", 77.0, 100.0),
        ("New Listing Inc", "NEWL", "New Listing Inc", 3.0, 100.0),
        ("Private Holdings", None, "Private Holdings", 5.0, 100.0),
    ]
    assert isinstance(filing, Filing)
    assert (filing.report_date, filing.left_out, filing.adds) == (date(2025, 9, 30), 2, False)


def test_a_wrong_cusip_is_told_and_its_position_stands_in_no_sector(server: LocalServer) -> None:
    wrong = APPLE[:-1] + "1"
    filing, failure = served(server, (FIRST, thirteen_f([*ROWS[:2], Row("APPLE INC", wrong, 5, 5)], FIRST)))
    assert rows_of(filing)[-1] == (wrong, None, "APPLE INC", 5.0, 5.0)
    assert reason(failure) == (
        f"edgar {server.url}{FIRST.path}, positions of 2025-09-30: "
        f"1 CUSIPs with a wrong check digit, in no sector: {wrong}"
    )


@pytest.mark.parametrize("fault", [status(429), status(503), silence, dropped, cut(GOOD)], ids=range(5))
def test_a_passing_fault_is_asked_again(server: LocalServer, fault: Answer) -> None:
    server.answers = {OF_MANAGER: [fault, whole(feed(FIRST))], FIRST.path: [fault, whole(GOOD)]}
    [filing] = ask(server)
    assert rows_of(filing) == EXPECTED
    assert len(server.asked) == 4


CUT = GOOD.index(b"<cusip>084670702")
BROKEN = {
    "gone": (status(404), "HTTP 404"),
    "too many requests": (status(429), "out of reach, asked 2 times: HTTP 429"),
    "a page": (whole(PAGE), "ends without </SEC-DOCUMENT>"),
    "ends early": (whole(GOOD[:CUT]), "ends without </SEC-DOCUMENT>"),
    "a table that ends early": (
        whole(GOOD[:CUT] + b"\n</XML>\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n"),
        "is not well-formed: ",
    ),
    "fewer rows than counted": (
        whole(thirteen_f(ROWS, FIRST, counted=7)),
        "its table has 6 rows, its summary counts 7",
    ),
    "an empty table": (whole(thirteen_f([], FIRST)), "its table has no rows"),
    "no table": (whole(GOOD.replace(b"INFORMATION TABLE", b"COVER")), "has 0 documents of type INFORMATION TABLE"),
    "no time": (whole(GOOD.replace(b"<ACCEPTANCE-DATETIME>20251114160532\n", b"")), "has no time of acceptance"),
    "no date": (whole(GOOD.replace(b"REPORT:\t20250930", b"REPORT:\t2025")), "cannot be read: ValueError"),
    "another filer": (whole(thirteen_f(ROWS, dataclasses.replace(FIRST, cik=TRUST))), "is of the filer 9999902, not"),
}


@pytest.mark.parametrize(("answer", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_filing_is_a_failure_alone_and_is_named(server: LocalServer, answer: Answer, said: str) -> None:
    server.answers = {OF_MANAGER: [whole(feed(FIRST, AMENDED))], FIRST.path: [answer]}
    server.answers[AMENDED.path] = [whole(thirteen_f(ROWS, AMENDED, "RESTATEMENT"))]
    failure, filing = ask(server)
    assert isinstance(failure, Failure)
    assert failure.symbol == "manager"
    assert failure.reason.startswith(f"edgar {server.url}{FIRST.path}")
    assert said in failure.reason
    assert rows_of(filing) == EXPECTED


def test_a_fund_of_the_same_trust_is_not_taken_for_another(server: LocalServer) -> None:
    text = nport([Holding("Apple Inc", APPLE, "1")], OF_TRUST, series="S000999999")
    server.answers = {OF_FUND: [whole(feed(OF_TRUST))], OF_TRUST.path: [whole(text)]}
    [failure] = ask(server, MUTUAL)
    assert "is of the fund S000999999, not S000999902" in reason(failure)


@pytest.mark.parametrize("answer", [status(403), whole(PAGE), whole(b"<rss/>")], ids=["refused", "a page", "no feed"])
def test_after_three_in_a_row_the_others_are_not_asked(server: LocalServer, answer: Answer) -> None:
    server.answers = {OF_MANAGER: [answer]}
    failures = ask(server, *[MANAGES] * 5)
    assert len(server.asked) == 3
    assert [reason(one) for one in failures[3:]] == ["edgar: not asked, as 3 in a row could not be had"] * 2


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        EdgarHoldings(datetime(2025, 11, 21), "any")  # noqa: DTZ001 - the point


@given(strategies.sampled_from([APPLE, MICROSOFT, BERKSHIRE, LILLY, SPY]), strategies.integers(0, 8), strategies.data())
def test_the_check_digit_of_a_cusip_finds_every_single_wrong_digit(
    right: str, place: int, data: strategies.DataObject
) -> None:
    assert is_cusip(right)
    if right[place].isdigit():
        other = data.draw(strategies.sampled_from([digit for digit in "0123456789" if digit != right[place]]))
        assert not is_cusip(right[:place] + other + right[place + 1 :])


@pytest.mark.parametrize("text", ["", "N/A", "000000000X", "03783310", "037833 00", "037833100\n"])
def test_what_is_no_cusip(text: str) -> None:
    assert not is_cusip(text)


# The folder of vendor files


HEADER = "holder,report_date,filed,cusip,symbol,issuer,value_usd,shares,cohort"
LINES = [
    "viking,2025-09-30,2025-11-14,037833100,AAPL,Apple Inc,150000,1500,",
    "viking,2025-09-30,2025-11-14,,BRK.B,Berkshire,40000,,",
    "mine,2025-09-30,2025-10-02T09:30-04:00,,LLY,Lilly,1e3,1,mutual_funds",
]
VIKING = Holder("viking", "13F-HR", "0001103804")


def read(folder: Path, *lines: str, name: str = "holdings.csv", known: Sequence[str] = ()) -> list[Filing | Failure]:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join([HEADER, *lines, ""]))
    return list(FileHoldings(folder).filings([VIKING], known))


@pytest.mark.parametrize("name", ["holdings.csv", "holdings/2025.csv"])
def test_a_file_holds_any_number_of_reports(tmp_path: Path, name: str) -> None:
    first, second = read(tmp_path, *LINES, name=name)
    assert rows_of(first) == [
        (APPLE, "AAPL", "Apple Inc", 150_000.0, 1500.0),
        ("BRK.B", "BRK.B", "Berkshire", 40_000.0, None),
    ]
    assert isinstance(first, Filing)
    assert isinstance(second, Filing)
    assert first.available_at == datetime(2025, 11, 14, 22, tzinfo=NEW_YORK)
    assert second.available_at == datetime(2025, 10, 2, 13, 30, tzinfo=UTC)
    assert [(one.holder, one.cohort, one.source) for one in (first, second)] == [
        ("viking", None, "files/holdings"),
        ("mine", "mutual_funds", "files/holdings"),
    ]
    assert read(tmp_path, *LINES, name=name, known=[first.filing_id, second.filing_id]) == []


def test_a_symbol_that_is_left_out_comes_from_the_cusip(tmp_path: Path) -> None:
    [filing] = read(tmp_path, LINES[0].replace("AAPL", ""), LINES[1])
    assert [row[1] for row in rows_of(filing)] == ["AAPL", "BRK.B"]


def test_a_report_in_two_files_is_a_failure(tmp_path: Path) -> None:
    read(tmp_path, LINES[0], name="holdings/a.csv")
    first, failure = read(tmp_path, LINES[1], LINES[1], name="holdings/b.csv")
    assert isinstance(first, Filing)
    assert (
        reason(failure)
        == "files/holdings/b.csv viking: positions of 2025-09-30, filed 2025-11-14, are in files/holdings/a.csv too"
    )


def test_no_file_is_no_failure(tmp_path: Path) -> None:
    assert list(FileHoldings(tmp_path).filings([VIKING], [])) == []


WRONG = {
    "another holder": ("viking", "unheard", "holdings.csv line 2 unheard 2025-09-30: cohort is ''"),
    "no such cohort": ("AAPL,Apple Inc,150000,1500,", "AAPL,Apple Inc,1,1,pensions", "cohort is 'pensions'"),
    "American date": ("2025-09-30", "9/30/2025", "line 2 viking: report_date is '9/30/2025', not a date YYYY-MM-DD"),
    "no time zone": ("2025-11-14", "2025-11-14T12:00", "viking 2025-09-30: filed is '2025-11-14T12:00', neither"),
    "wrong check digit": ("037833100", "037833101", "line 2 viking 2025-09-30: cusip is '037833101'"),
    "no security": ("037833100,AAPL", ",", "cusip and symbol are missing"),
    "no number": ("150000", "many", "value_usd and shares are {'value_usd': 'many', 'shares': '1500'}, not numbers"),
    "no value": ("150000", "", "value_usd is missing"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_row_fails_its_report_alone(tmp_path: Path, old: str, new: str, said: str) -> None:
    failure, filing = read(tmp_path, LINES[0].replace(old, new), LINES[2])
    assert reason(failure).startswith("files/holdings.csv line 2 ")
    assert said in reason(failure)
    assert isinstance(filing, Filing)
    assert filing.holder == "mine"


UNREADABLE = {
    "short row": ([LINES[0][:-1]], "line 2: another number of fields than the header has"),
    "long row": ([f"{LINES[0]},"], "line 2: another number of fields than the header has"),
    "no holder": ([LINES[0].replace("viking", "")], "line 2: holder is missing"),
    "open quote": ([LINES[0].replace("Apple", '"Apple')], "cannot be read: "),
}


@pytest.mark.parametrize(("lines", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_a_failure(tmp_path: Path, lines: list[str], said: str) -> None:
    [failure] = read(tmp_path, *lines)
    assert reason(failure).startswith(f"files/holdings.csv: {said}")


def test_missing_columns_are_named(tmp_path: Path) -> None:
    (tmp_path / "holdings.csv").write_text("holder,report_date,filed,cusip\n")
    [failure] = FileHoldings(tmp_path).filings([], [])
    said = "columns missing: symbol, issuer, value_usd, shares; found: holder, report_date, filed, cusip"
    assert reason(failure) == f"files/holdings.csv: {said}"


# The simulated market


def test_simulated_holders_report_each_quarter_by_the_rules_of_their_forms() -> None:
    found = [one for one in SimulatedHoldings().filings([], []) if isinstance(one, Filing)]
    assert len(found) == 22
    lags = {(one.cohort, (one.available_at.date() - one.report_date).days) for one in found}
    assert {cohort for cohort, _ in lags} == set(TILTS)
    # With the weekends, and because 22:00 in New York is the next day in UTC.
    assert all(45 <= lag <= 48 if cohort == "hedge_funds" else 60 <= lag <= 63 for cohort, lag in lags)
    assert list(SimulatedHoldings().filings([], [one.filing_id for one in found])) == []
    assert len(list(SimulatedHoldings(date(2025, 11, 28)).filings([], []))) == 21


def test_simulated_holders_depart_from_the_index_by_their_cohorts_tilts() -> None:
    sectors = SimulatedMembers().members("SPX").rows.drop_duplicates("symbol").set_index("symbol")["sector"]
    for filing in SimulatedHoldings().filings([], []):
        assert isinstance(filing, Filing)
        held = filing.positions.groupby(filing.positions["ticker"].map(sectors))["value_usd"].sum()
        active = 100 * held / held.sum() - 100 * pd.Series(index_mix())
        assert filing.cohort is not None
        assert active[active.abs() > 1e-6].to_dict() == pytest.approx(TILTS[filing.cohort])


# As they land


@dataclasses.dataclass(frozen=True)
class Given:
    """A source of these filings."""

    found: Sequence[Filing | Failure]

    def filings(self, holders: Sequence[Holder], known: Collection[str]) -> Iterator[Filing | Failure]:
        """As the port says."""
        assert VIKING in holders
        yield from (one for one in self.found if isinstance(one, Failure) or one.filing_id not in known)


def filing(filing_id: str, known: str = "2025-11-14 22:00", *, adds: bool = False, count: int = 1) -> Filing:
    """A filing of Viking's."""
    securities = [f"S{n}" for n in range(count)]
    positions = pd.DataFrame({"security": securities, "ticker": None, "issuer": "any", "value_usd": 1.0, "shares": 1.0})
    at = pd.Timestamp(known, tz=NEW_YORK).to_pydatetime()
    return Filing("viking", date(2025, 9, 30), filing_id, adds, at, "given", 0, positions)


def land(*found: Filing | Failure, stored: Sequence[Filing] = ()) -> list[Filled]:
    """What lands of them."""
    before = pd.DataFrame(
        [(one.filing_id, one.holder, pd.Timestamp(one.report_date), one.available_at) for one in stored],
        columns=["filing_id", "holder", "report_date", "available_at"],
    )
    listed = pd.DataFrame([vars(VIKING)])[["holder", "form", "cik", "fund_series"]]
    query: Callable[[str], pd.DataFrame] = lambda sql: listed if "reference.holders" in sql else before  # noqa: E731
    usual = inputs(query)
    return list(
        raw_holdings.fill(dataclasses.replace(usual, sources=dataclasses.replace(usual.sources, holdings=Given(found))))
    )


def test_what_is_new_lands_with_the_time_of_its_publication() -> None:
    [filled] = land(filing("a"), filing("b", "2025-11-20 10:00"), stored=[filing("a")])
    assert filled.rows[["filing_id", "available_at"]].to_numpy().tolist() == [
        ["b", pd.Timestamp("2025-11-20 10:00", tz=NEW_YORK)]
    ]
    assert filled.failures == ()


def test_a_correction_under_the_same_date_was_not_known_before_now() -> None:
    earlier = filing("c", "2025-11-13 22:00")
    [filled] = land(filing("b"), earlier, stored=[filing("a")])
    # One that was out of reach before takes the place of nothing that came after it.
    assert filled.rows["available_at"].tolist() == [pd.Timestamp(NOW), pd.Timestamp(earlier.available_at)]


def test_what_is_empty_or_of_a_day_to_come_is_a_failure() -> None:
    lost = Failure("*", "lost")
    [filled] = land(lost, filing("a", count=0), filing("b", "2026-02-03 12:00"))
    assert filled.rows.empty
    assert filled.failures == (
        lost,
        Failure("viking", "given: a, positions of 2025-09-30: no long shares among 0 rows"),
        Failure("viking", "given: b, positions of 2025-09-30: published on 2026-02-03, after the run"),
    )


def test_many_positions_land_in_batches() -> None:
    batches = land(filing("a", count=raw_holdings.BATCH_POSITIONS), filing("b"))
    assert [len(batch.rows) for batch in batches] == [raw_holdings.BATCH_POSITIONS, 1]
