"""As-of builds: what could have been known then, row for row, in a file of its own."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from rich.console import Console

from assets.inputs import Filled, Inputs, Sources
from assets.raw import holdings as raw_holdings
from assets.raw import index_members as raw_index_members
from assets.raw import option_chains as raw_option_chains
from assets.raw import prices as raw_prices
from assets.raw import series as raw_series
from assets.sources.errors import Failure
from assets.sources.option_chains import Snapshot, Underlying
from assets.sources.prices import Delivery, Instrument
from assets.sources.series import ListedSeries
from assets.sources.sessions import NEW_YORK
from assets.sources.simulated import SimulatedPrices
from assets.sources.simulated_chains import SimulatedChains
from assets.sources.simulated_holdings import SimulatedHoldings
from assets.sources.simulated_members import SimulatedMembers
from orchestration.errors import WarehouseError
from orchestration.runs import refresh
from orchestration.settings import ROOT, Settings, SettingsError
from orchestration.sources import clock
from orchestration.table_assets import write_table
from orchestration.tables import HEALTH, SCHEMAS, Catalogue, Table
from orchestration.warehouse import Warehouse, open_warehouse

AS_OF = datetime(2025, 11, 21, 18, tzinfo=NEW_YORK)
# Left out are marts.data_health, which describes runs, what sums up all sessions, as another build has others, and
# models that need more years than these (tests/regime/test_model_states.py).
LEFT_OUT = {
    HEALTH,
    "marts.scoreboard_summary",
    "regime.model_states",
    "regime.outcomes_by_label",
    "regime.transitions",
    "regime.validation",
}
TABLES = sorted(
    {f"{file.parent.name}.{file.stem}" for schema in SCHEMAS for file in (ROOT / "sql" / schema).glob("*.sql")}
    - LEFT_OUT
)
# Something of every class and calendar: bars that end after 18:00 New York belong to the next session.
SYMBOLS = {
    "SPX",
    "NDX",
    "SPY",
    "QQQ",
    "VIX",
    "VVIX",
    "VIX3M",
    "SKEW",
    "IRX",
    "TNX",
    "IEF",
    "ES=F",
    "BTC-USD",
    "EURUSD=X",
    # What rotation and bitcoin are made of.
    *("XLB", "XLF", "XLI", "XLP", "XLU", "XLV", "XLY", "IBIT"),
    # What positioning is made of: nine sectors, the benchmark, funds of two classes.
    *("XLK", "XLE", "GVIP", "AGTHX", "FCNTX", "AIVSX", "DODGX"),
    # Members of the index, one of which leaves after the as-of time.
    *("SIM01", "SIM13", "SIM47", "SIM51"),
}
# A build as of an earlier time has no bars of what is not known as a member yet.
ADDED_LATER = "SIM55"
# Early enough for the longest average of a trend to burn in.
FIRST = "2021-03-01"
CHAINS = (("SPY", "2025-11-17", "2025-12-03"), ("SPX", "2025-11-20", "2025-11-24"))
# The run takes both on starting from it.
LOCKS = {"warehouse.lock", "warehouse.holder"}

RESTATED = pd.Timestamp("2025-12-05")
LANDED, SEEN = datetime(2025, 12, 9, 12, tzinfo=NEW_YORK), datetime(2025, 12, 10, 12, tzinfo=NEW_YORK)
BEFORE, AFTER = datetime(2025, 12, 9, 18, tzinfo=NEW_YORK), datetime(2025, 12, 10, 18, tzinfo=NEW_YORK)

Contents = dict[str, pd.DataFrame]


class FewPrices:
    """The simulated market, of some instruments and years."""

    def prices(self, instruments: Sequence[Instrument], known: pd.DataFrame) -> Delivery:
        """Deliver them."""
        few = [instrument for instrument in instruments if instrument.symbol in SYMBOLS]
        rows = SimulatedPrices().prices(few, known).rows
        return Delivery(rows[rows["date"] >= FIRST])


class FewChains:
    """The simulated market's option chains, of some weeks, both readings among them."""

    def snapshots(
        self,
        underlyings: Sequence[Underlying],
        known: Collection[str],
        sessions: Collection[date] | None,  # noqa: ARG002 - it has its own
    ) -> Iterator[Snapshot | Failure]:
        """Deliver them."""
        for symbol, first, last in CHAINS:
            few = [underlying for underlying in underlyings if underlying.symbol == symbol]
            days = {day.date() for day in pd.date_range(first, last)}
            yield from SimulatedChains().snapshots(few, known, days)


class FewMembers:
    """The simulated index, of a few members."""

    def members(self, index_symbol: str) -> Delivery:
        """Deliver them."""
        lists = SimulatedMembers().members(index_symbol).rows
        return Delivery(lists[lists["symbol"].isin(SYMBOLS | {ADDED_LATER})])


class FewSeries:
    """A comparator's figures, made up."""

    def series(self, listed: Sequence[ListedSeries], known: pd.DataFrame) -> Delivery:  # noqa: ARG002 - it has its own
        """Deliver them."""
        days = pd.bdate_range("2025-11-03", "2025-12-31")
        rows = pd.DataFrame({"series_id": "SQUEEZEMETRICS_GEX", "date": days, "value": 3e9, "source": "files/gex"})
        return Delivery(rows)


def write(warehouse: Warehouse, table: Table, settings: Settings) -> None:
    """Write a table, prices and chains from the small market."""
    few: dict[str, Callable[[Inputs], Filled | Iterator[Filled]]] = {
        "raw.prices": raw_prices.fill,
        "raw.option_chains": raw_option_chains.fill,
        "raw.series": raw_series.fill,
        "raw.index_members": raw_index_members.fill,
        "raw.holdings": raw_holdings.fill,
    }
    if table.qualified not in few or settings.as_of:
        write_table(warehouse, table, settings)
        return
    sources = Sources(
        prices=FewPrices(),
        chains=FewChains(),
        series=FewSeries(),
        members=FewMembers(),
        holdings=SimulatedHoldings(),
    )
    filled = few[table.qualified](Inputs(warehouse.reader(table), sources, warehouse.now, simulated=True))
    batches = [filled] if isinstance(filled, Filled) else filled
    warehouse.write_batches(table, ((batch.rows, []) for batch in batches))


def contents(settings: Settings) -> Contents:
    """Every published table."""
    with duckdb.connect(str(settings.published / "undertow.duckdb"), read_only=True) as reader:
        return {name: reader.sql(f"from {name} order by all").df() for name in TABLES}


def known(rows: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    """The rows of a full build for the sessions decided and available by then."""
    if "session" in rows:
        decided = (rows["session"] + pd.Timedelta(hours=18)).dt.tz_localize(NEW_YORK) <= moment
        rows = rows[decided].reset_index(drop=True)
    if "available_at" in rows:
        rows = rows[rows["available_at"] <= moment].reset_index(drop=True)
    if "removed_date" in rows:
        # Who has left since was still a member.
        left = (rows["removed_date"] + pd.Timedelta(hours=18)).dt.tz_localize(NEW_YORK) <= moment
        rows = rows.assign(removed_date=rows["removed_date"].where(left))
    return rows


def same(found: pd.DataFrame, expected: pd.DataFrame, name: str) -> None:
    """Check that two tables hold exactly the same rows."""
    pd.testing.assert_frame_equal(found, expected, check_exact=True, obj=name)


def digests(home: Path) -> dict[Path, str]:
    """Every file of a warehouse, its as-of builds excepted."""
    files = (f for f in home.rglob("*") if f.is_file() and home / "as_of" not in f.parents and f.name not in LOCKS)
    return {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@dataclass(frozen=True)
class Main:
    """A profile's main warehouse, built and published.

    Attributes:
        home: The folder that holds everything.
        settings: Its settings.
        contents: What it published.
    """

    home: Path
    settings: Settings
    contents: Contents


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Main:
    """The demo profile, with fewer instruments."""
    home = tmp_path_factory.mktemp("main")
    shutil.copy(ROOT / "dagster.yaml", home)
    settings = Settings(data=home / "data", wait_seconds=5)
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        for table in catalogue.values():
            write(warehouse, table, settings)
        warehouse.publish()
    return Main(home, settings, contents(settings))


@pytest.fixture(scope="module")
def by_command_line(main: Main) -> Contents:
    """What `undertow run --as-of` publishes; the main warehouse and its published files stay as they are."""
    before = digests(main.settings.main_home)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run", "--as-of", "2025-11-21T18:00"],
        env={**os.environ, "UNDERTOW_DATA": str(main.settings.data), "DAGSTER_HOME": str(main.home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    past = main.settings.model_copy(update={"as_of": AS_OF})
    assert str(past.published / "undertow.duckdb") in done.stdout
    assert past.home != main.settings.home
    assert digests(main.settings.main_home) == before
    return contents(past)


@pytest.mark.parametrize("name", TABLES)
def test_an_as_of_build_has_the_rows_of_the_full_build_up_to_then(
    main: Main, by_command_line: Contents, name: str
) -> None:
    full = main.contents[name]
    expected = known(full, AS_OF)
    assert len(expected)
    assert (len(expected) < len(full)) == ("session" in full or "available_at" in full)
    same(by_command_line[name], expected, name)


def test_a_correction_is_in_the_builds_as_of_later_and_not_in_those_as_of_earlier(
    settings: Settings, catalogue: Catalogue
) -> None:
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        # Vintages are ordered by when the warehouse saw them.
        warehouse._observed_at = LANDED
        original = priced(warehouse, settings, catalogue)
        warehouse._observed_at = SEEN
        bar = original["raw.prices"].query("symbol == 'SPX' and date == @RESTATED")
        assert warehouse.write(catalogue["raw.prices"], bar.assign(close=bar["low"])).added == 1
        write(warehouse, catalogue["staging.prices"], settings)
        [close], [low] = bar["close"], bar["low"]
        corrected = {name: warehouse.query(f"from {name} order by all") for name in original}
    for moment, expected, full in [(BEFORE, close, original), (AFTER, low, corrected)]:
        past = settings.model_copy(update={"as_of": moment})
        with open_warehouse(past, catalogue, clock(past)) as warehouse:
            found = priced(warehouse, past, catalogue)
        shown = found["staging.prices"].query("symbol == 'SPX' and session == @RESTATED")["close"]
        assert shown.tolist() == [expected]
        for name, rows in found.items():
            same(rows, known(full[name], moment), name)


def priced(warehouse: Warehouse, settings: Settings, catalogue: Catalogue) -> Contents:
    """The tables that staged prices are made from, and those prices."""
    tables = (catalogue[name] for name in ("raw.prices", "reference.basket_members", "staging.prices"))
    names = {"staging.prices"}.union(*(table.upstream for table in tables))
    for name in sorted(names, key=list(catalogue).index):
        write(warehouse, catalogue[name], settings)
    return {name: warehouse.query(f"from {name} order by all") for name in names}


def test_an_as_of_build_without_a_main_warehouse_says_so_and_makes_nothing(
    settings: Settings, catalogue: Catalogue
) -> None:
    past = settings.model_copy(update={"as_of": AS_OF})
    with (
        pytest.raises(WarehouseError, match=r"demo/warehouse\.duckdb: .* run without --as-of first"),
        open_warehouse(past, catalogue, clock(past)),
    ):
        pass
    assert not settings.data.exists()


def test_a_main_warehouse_that_an_analyst_has_open_is_a_clear_error(settings: Settings, catalogue: Catalogue) -> None:
    with open_warehouse(settings, catalogue, clock(settings)):
        pass
    file = settings.home / "warehouse.duckdb"
    command = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    past = settings.model_copy(update={"as_of": AS_OF})
    with (
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", command, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as analyst,
        open_warehouse(past, catalogue, clock(past)) as warehouse,
    ):
        assert analyst.stdout is not None
        assert analyst.stdout.readline() == "open\n"
        with pytest.raises(WarehouseError, match=rf"{file}.*PID {analyst.pid}"):
            warehouse.write(catalogue["raw.prices"])


def test_the_command_line_says_that_the_future_is_not_known(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    future = settings.model_copy(update={"as_of": datetime(2026, 1, 2, 18, tzinfo=NEW_YORK)})
    with pytest.raises(SettingsError, match="UNDERTOW_AS_OF=2026-01-02T18:00:00-05:00: lies after 2025-12-31"):
        refresh(future, None, Console(file=io.StringIO()))
    assert not settings.data.exists()


def test_a_value_that_returns_is_a_vintage_and_one_that_stays_is_none(settings: Settings, catalogue: Catalogue) -> None:
    table = catalogue["raw.series"]
    row = {"series_id": "SOFR", "series_date": RESTATED, "source": "made up", "available_at": LANDED}
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        added = []
        for hour, value in enumerate([4.3, 4.3, 4.2, 4.3, 4.3]):
            warehouse._observed_at = LANDED + pd.Timedelta(hours=hour)
            added.append(warehouse.write(table, pd.DataFrame([{**row, "series_value": value}])).added)
        found = warehouse.query("select series_value, available_at from raw.series order by observed_at")
    assert added == [1, 0, 1, 1, 0]
    assert found["series_value"].tolist() == [4.3, 4.2, 4.3]
    assert [(known - pd.Timestamp(LANDED)).total_seconds() / 3600 for known in found["available_at"]] == [0, 2, 3]
