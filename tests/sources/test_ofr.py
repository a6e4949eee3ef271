"""The OFR's stress index, asked for on a local server. All numbers are made up."""

import time
from collections.abc import Iterator

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from assets.sources.download import Limits
from assets.sources.ofr import OfrSeries
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries
from tests.sources.local_server import Answer, LocalServer, cut, cut_chunks, dropped, serving, silence, status, whole

FSI, NFCI = ListedSeries("OFR_FSI"), ListedSeries("NFCI", "NFCI")
PATH = "/data/fsi.csv"
QUICK = Limits(connect_seconds=1, silent_seconds=0.15, total_seconds=0.5, attempts=2, max_wait=0.01)
GOOD = b"Date,OFR FSI,Credit,Equity valuation\n2025-11-19,-1.5,0.1,-0.2\n2025-11-20,,,\n2025-11-21,2.25,0.3,0.4\n"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as server:
        yield server


def deliver(server: LocalServer, *answers: Answer, listed: tuple[ListedSeries, ...] = (NFCI, FSI)) -> Delivery:
    server.answers[PATH] = list(answers)
    known = pd.DataFrame({"series_id": ["OFR_FSI"], "date": pd.to_datetime(["2025-11-19"]), "value": [-1.4]})
    return OfrSeries(f"{server.url}{PATH}", QUICK).series(listed, known)


def test_the_index_is_delivered_whole_as_the_port_says(server: LocalServer) -> None:
    delivery = deliver(server, whole(GOOD))
    days = pd.to_datetime(["2025-11-19", "2025-11-21"]).as_unit("us")
    expected = pd.DataFrame({"series_id": "OFR_FSI", "date": days, "value": [-1.5, 2.25], "source": "ofr"})
    assert_frame_equal(delivery.rows, expected[list(COLUMNS)])
    assert delivery.failures == ()
    assert [path for path, _ in server.asked] == [PATH]


def test_nothing_is_asked_where_the_index_is_not_listed(server: LocalServer) -> None:
    delivery = deliver(server, whole(GOOD), listed=(NFCI,))
    assert (tuple(delivery.rows.columns), len(delivery.rows), delivery.failures) == (COLUMNS, 0, ())
    assert server.asked == []


@pytest.mark.parametrize(
    "fault", [status(429), status(500), silence, dropped, cut(GOOD), cut_chunks(GOOD)], ids=range(6)
)
def test_a_passing_fault_is_asked_again(server: LocalServer, fault: Answer) -> None:
    assert deliver(server, fault, whole(GOOD)).rows["value"].tolist() == [-1.5, 2.25]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(503), "out of reach, asked 2 times: HTTP 503"),
        (silence, "out of reach, asked 2 times"),
        (cut(GOOD), "out of reach, asked 2 times: ProtocolError"),
        (status(404), "HTTP 404"),
        (status(301, Location="/other"), "redirects are not followed"),
        (whole(b"<!DOCTYPE html>\n"), "is a web page, not CSV"),
        (whole(b""), "column missing: date or observation_date; found: "),
        (whole(GOOD.replace(b"OFR FSI", b"FSI")), "column missing: OFR FSI; found: Date, FSI, Credit"),
        (whole(GOOD + b"2025-11-24,1\n"), "row 4 below the header: 2 fields, the header has 4"),
        (whole(GOOD + b"11/24/2025,1,0,0\n"), "row 4 below the header: date is '11/24/2025', not a date YYYY-MM-DD"),
        (whole(GOOD + b"2025-11-24,inf,0,0\n"), "value of 2025-11-24 is 'inf', not a number"),
    ],
    ids=range(11),
)
def test_a_lasting_fault_is_a_failure_that_says_what_is_wrong(server: LocalServer, answer: Answer, said: str) -> None:
    started = time.monotonic()
    delivery = deliver(server, answer)
    assert delivery.rows.empty
    [failure] = delivery.failures
    assert failure.symbol == "OFR_FSI"
    assert failure.reason.startswith("ofr OFR_FSI")
    assert said in failure.reason
    assert time.monotonic() - started < 2
