"""When the series' numbers become known, by rule, and what raw.series makes of it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from assets.inputs import Filled, Inputs, Sources
from assets.raw import series as raw_series
from assets.sources.availability import RELEASES
from assets.sources.chain_files import FileChains
from assets.sources.errors import Failure, SourceError
from assets.sources.file_series import FileSeries
from assets.sources.files import FilePrices
from assets.sources.holdings import NoHoldings
from assets.sources.members import NoMembers
from assets.sources.prices import Delivery
from assets.sources.series import ListedSeries
from assets.sources.sessions import decision_times, sessions
from orchestration.settings import ROOT
from tests.sql.given import NOW

CATALOGUE = ROOT / "sql" / "reference" / "series_catalog.csv"


@pytest.mark.parametrize(
    ("release", "day", "known"),
    [
        ("sofr", "2025-11-20", "2025-11-21 08:00 America/New_York"),
        ("sofr", "2025-11-21", "2025-11-24 08:00 America/New_York"),
        # Over Thanksgiving, and over Columbus Day, when the exchange is open.
        ("sofr", "2025-11-26", "2025-11-28 08:00 America/New_York"),
        ("sofr", "2025-10-10", "2025-10-14 08:00 America/New_York"),
        # Over Good Friday, when the exchange is closed.
        ("sofr", "2025-04-17", "2025-04-21 08:00 America/New_York"),
        # Federal funds have a number on every day of the week.
        ("effr", "2025-10-12", "2025-10-14 09:00 America/New_York"),
        ("effr", "2025-11-20", "2025-11-21 09:00 America/New_York"),
        ("ecb_key_rates", "2025-11-22", "2025-11-22 18:00 America/New_York"),
        ("squeezemetrics", "2025-11-21", "2025-11-21 18:00 America/New_York"),
        # London's bank holiday on 25 August, and its winter and summer time.
        ("sonia", "2025-08-22", "2025-08-26 09:00 Europe/London"),
        ("sonia", "2025-11-20", "2025-11-21 09:00 Europe/London"),
        ("oecd_monthly", "2025-10-01", "2025-12-15 18:00 America/New_York"),
        ("oecd_monthly", "2024-02-01", "2024-04-14 18:00 America/New_York"),
        # Seen on the second business day between 10:00 and 11:00, the second over a weekend; and over Good Friday.
        ("ofr_fsi", "2026-05-13", "2026-05-15 18:00 America/New_York"),
        ("ofr_fsi", "2026-06-04", "2026-06-08 18:00 America/New_York"),
        ("ofr_fsi", "2026-04-02", "2026-04-07 18:00 America/New_York"),
        # Seen on Wednesday and, after Memorial Day, on Thursday.
        ("nfci", "2026-08-14", "2026-08-19 08:30 America/New_York"),
        ("nfci", "2026-05-22", "2026-05-28 08:30 America/New_York"),
        # A Friday that is a holiday.
        ("nfci", "2026-06-19", "2026-06-24 08:30 America/New_York"),
        # Seen on Thursday between 09:00 and 10:00.
        ("stlfsi", "2024-10-18", "2024-10-24 18:00 America/New_York"),
        ("stlfsi", "2022-10-28", "2022-11-03 18:00 America/New_York"),
    ],
)
def test_a_number_is_known_when_its_publisher_says(release: str, day: str, known: str) -> None:
    clock, zone = known.rsplit(" ", 1)
    assert RELEASES[release](pd.DatetimeIndex([day])).tolist() == [pd.Timestamp(clock, tz=zone)]


def test_every_listed_series_has_a_rule() -> None:
    listed = pd.read_csv(CATALOGUE)
    assert set(listed["release"]) == set(RELEASES)


def test_no_sofr_is_taken_as_known_before_its_publication(market_data: Path) -> None:
    """A SOFR is published on the next date that has one: no session decided before that may see it."""
    rows = FileSeries(market_data).series([ListedSeries("SOFR", "SOFR")], pd.DataFrame()).rows
    days = pd.DatetimeIndex(rows["date"])
    decided = decision_times(sessions(days[0].date(), days[-1].date()))
    assumed = decided.searchsorted(RELEASES["sofr"](days[:-1]))
    true = decided.searchsorted(decision_times(days[1:]))
    assert (assumed >= true).all()
    # Late by one: holidays on a Saturday, which the Reserve Banks do not move to Friday.
    late = days[1:][assumed > true]
    assert late.strftime("%Y-%m-%d").tolist() == ["2021-06-18", "2021-12-31", "2023-11-10"]


class Given:
    """A source that has these rows, and remembers what it was asked."""

    def __init__(self, *rows: tuple[str, str, float], failures: tuple[Failure, ...] = ()) -> None:
        """Deliver these."""
        frame = pd.DataFrame(rows, columns=["series_id", "date", "value"]).assign(source="fred")
        self.delivery = Delivery(frame.astype({"date": "datetime64[us]"}), failures)

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:
        """As the port says."""
        self.listed, self.known = listed, known
        return self.delivery


def fill(source: Given, release: str = "sofr") -> Filled:
    """What raw.series holds of a source; SOFR comes by this release."""

    def query(sql: str) -> pd.DataFrame:
        if "series_catalog" in sql:
            rows = [
                ("SOFR", "SOFR", release),
                ("IUDSOIA", "IUDSOIA", "sonia"),
                ("SQUEEZEMETRICS_GEX", "", "squeezemetrics"),
            ]
            return pd.DataFrame(rows, columns=["series_id", "fred_id", "release"])
        return pd.DataFrame(columns=["series_id", "date", "value"])

    nothing = ROOT / "sql"
    sources = Sources(FilePrices(nothing), FileChains(nothing), source, NoMembers(), NoHoldings())
    return raw_series.fill(Inputs(query, sources, NOW, simulated=False))


def test_each_series_becomes_known_by_its_own_rule() -> None:
    source = Given(("SQUEEZEMETRICS_GEX", "2025-11-21", 1e9), ("SOFR", "2025-11-20", 3.91))
    filled = fill(source)
    assert filled.failures == ()
    assert filled.rows["available_at"].tolist() == [
        pd.Timestamp("2025-11-21 18:00", tz="America/New_York"),
        pd.Timestamp("2025-11-21 08:00", tz="America/New_York"),
    ]
    assert list(filled.rows) == ["series_id", "series_date", "series_value", "source", "available_at"]
    assert source.listed == [
        ListedSeries("SOFR", "SOFR"),
        ListedSeries("IUDSOIA", "IUDSOIA"),
        ListedSeries("SQUEEZEMETRICS_GEX"),
    ]


def test_a_date_that_no_calendar_reaches_is_a_failure_of_its_series_alone() -> None:
    lost = Failure("DFF", "lost")
    filled = fill(Given(("IUDSOIA", "2099-01-02", 4.0), ("SOFR", "2025-11-20", 3.91), failures=(lost,)))
    assert filled.rows["series_id"].tolist() == ["SOFR"]
    assert filled.failures[0] == lost
    assert filled.failures[1].symbol == "IUDSOIA"
    assert filled.failures[1].reason.startswith("XLON calendar 2099-01-02: known from 1990-01-02 to ")


def test_a_source_without_series_fills_nothing() -> None:
    assert len(fill(Given()).rows) == 0


def test_a_release_without_a_rule_is_an_error_that_names_the_series() -> None:
    said = r"^reference.series_catalog SOFR: release 'h41' has no publication rule; there are squeezemetrics, sofr, "
    with pytest.raises(SourceError, match=said):
        fill(Given(), release="h41")
