"""FRED's graph service, asked for on a local server. All numbers are made up."""

import time
from collections.abc import Iterator, Sequence

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from assets.sources.download import Limits
from assets.sources.errors import Failure
from assets.sources.fred import FredSeries
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries
from tests.sources.local_server import Answer, LocalServer, cut, cut_chunks, dropped, serving, silence, status, whole

SOFR, DFF, ECB, SONIA = (ListedSeries(name, name) for name in ("SOFR", "DFF", "ECBDFR", "IUDSOIA"))
GEX = ListedSeries("SQUEEZEMETRICS_GEX")
NOTHING = pd.DataFrame({"series_id": [], "date": pd.to_datetime([]), "value": []})
QUICK = Limits(connect_seconds=1, silent_seconds=0.15, total_seconds=0.5, attempts=2, max_wait=0.01)

HEADER = b"observation_date,SOFR\n"
ROWS = b"2025-11-10,4.01\n2025-11-11,\n2025-11-12,3.98\n2025-11-13,4\n"
GOOD = HEADER + ROWS
PAGE = b"<!DOCTYPE html>\n<html><title>Error - St. Louis Fed</title></html>\n"


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with serving() as server:
        server.answers = {path("DFF"): [whole(GOOD.replace(b"SOFR", b"DFF"))]}
        yield server


def path(fred_id: str, since: str = "1990-01-01") -> str:
    return f"/graph?id={fred_id}&cosd={since}"


def deliver(server: LocalServer, listed: Sequence[ListedSeries], known: pd.DataFrame = NOTHING) -> Delivery:
    return FredSeries(f"{server.url}/graph", QUICK).series(listed, known)


def asked(server: LocalServer) -> list[str]:
    return [path for path, _ in server.asked]


def known(values: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"series_id": "SOFR", "date": pd.to_datetime(list(values)), "value": list(values.values())})


def failure_of_sofr(server: LocalServer, *answers: Answer) -> Failure:
    """The failure of SOFR, with DFF beside it coming through."""
    server.answers[path("SOFR")] = list(answers)
    delivery = deliver(server, [SOFR, DFF])
    assert delivery.rows["series_id"].unique().tolist() == ["DFF"]
    (failure,) = delivery.failures
    assert failure.symbol == "SOFR"
    assert failure.reason.startswith("fred SOFR")
    return failure


@pytest.mark.parametrize("content", [GOOD, b"DATE,SOFR\r\n" + ROWS.replace(b"11,\n", b"11,.\r\n")], ids=["now", "old"])
def test_a_new_series_is_delivered_whole_as_the_port_says(server: LocalServer, content: bytes) -> None:
    server.answers[path("SOFR")] = [whole(content)]
    delivery = deliver(server, [GEX, SOFR])
    days = pd.to_datetime(["2025-11-10", "2025-11-12", "2025-11-13"]).as_unit("us")
    expected = pd.DataFrame({"series_id": "SOFR", "date": days, "value": [4.01, 3.98, 4.0], "source": "fred"})
    assert_frame_equal(delivery.rows, expected[list(COLUMNS)])
    assert delivery.failures == ()
    assert asked(server) == [path("SOFR")]


def test_nothing_is_asked_of_fred_that_it_does_not_have(server: LocalServer) -> None:
    delivery = deliver(server, [GEX])
    assert (tuple(delivery.rows.columns), len(delivery.rows), delivery.failures) == (COLUMNS, 0, ())
    assert asked(server) == []


def test_a_known_series_is_asked_for_since_its_first_known_number(server: LocalServer) -> None:
    server.answers[path("SOFR", "2025-11-10")] = [whole(GOOD)]
    delivery = deliver(server, [SOFR], known({"2025-11-10": 4.01, "2025-11-12": 3.98}))
    assert len(delivery.rows) == 3
    assert asked(server) == [path("SOFR", "2025-11-10")]


@pytest.mark.parametrize("stored", [{"2025-11-10": 4.01, "2025-11-12": 3.99}, {"2025-11-07": 4.01}])
def test_a_restated_history_is_asked_for_whole(server: LocalServer, stored: dict[str, float]) -> None:
    first = min(stored)
    server.answers = {path("SOFR", first): [whole(GOOD)], path("SOFR"): [whole(GOOD + b"2025-11-14,4.1\n")]}
    assert len(deliver(server, [SOFR], known(stored)).rows) == 4
    assert asked(server) == [path("SOFR", first), path("SOFR")]


@pytest.mark.parametrize(
    "fault", [status(429), status(500), silence, dropped, cut(GOOD), cut_chunks(GOOD)], ids=range(6)
)
def test_a_passing_fault_is_asked_again(server: LocalServer, fault: Answer) -> None:
    server.answers[path("SOFR")] = [fault, whole(GOOD)]
    assert deliver(server, [SOFR]).rows["value"].tolist() == [4.01, 3.98, 4.0]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(429), "out of reach, asked 2 times: HTTP 429"),
        (status(500), "out of reach, asked 2 times: HTTP 500"),
        (silence, "out of reach, asked 2 times"),
        (cut(GOOD), "out of reach, asked 2 times: ProtocolError"),
        (status(404), "HTTP 404"),
        (whole(PAGE), "is a web page, not CSV; so FRED answers where it has no such series"),
        (whole(b""), "column missing: date or observation_date; found: "),
        (
            whole(GOOD.replace(b"observation_date", b"period")),
            "column missing: date or observation_date; found: period",
        ),
        (
            whole(GOOD.replace(b"SOFR", b"SOFR_20251113")),
            "column missing: SOFR; found: observation_date, SOFR_20251113",
        ),
        (whole(GOOD + b"2025-11-12,3.98\n"), "row 5 below the header: date 2025-11-12 stands there twice"),
        (whole(GOOD + b"2025-11-14,n/a\n"), "row 5 below the header: value of 2025-11-14 is 'n/a', not a number"),
        (whole(HEADER), "holds no number"),
    ],
    ids=range(12),
)
def test_a_lasting_fault_is_a_failure_of_that_series_alone(server: LocalServer, answer: Answer, said: str) -> None:
    started = time.monotonic()
    assert said in failure_of_sofr(server, answer).reason
    assert time.monotonic() - started < 2


def test_no_series_at_all_is_a_failure_of_each(server: LocalServer) -> None:
    delivery = deliver(server, [SOFR, ECB])
    assert delivery.rows.empty
    assert [failure.symbol for failure in delivery.failures] == ["SOFR", "ECBDFR"]
    assert all("404" in failure.reason for failure in delivery.failures)


def test_three_in_a_row_out_of_reach_end_the_asking(server: LocalServer) -> None:
    server.answers |= {path(one.fred_id): [status(503)] for one in (SOFR, ECB, SONIA)}
    delivery = deliver(server, [DFF, SOFR, ECB, SONIA, DFF])
    assert [failure.symbol for failure in delivery.failures] == ["SOFR", "ECBDFR", "IUDSOIA", "DFF"]
    assert delivery.failures[-1].reason == "fred DFF: not asked for, the 3 before it were out of reach"
    assert asked(server)[-1] == path("IUDSOIA")
