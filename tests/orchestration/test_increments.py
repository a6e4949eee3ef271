"""Tables that are brought up to date: step by step they are what they would be at once, and nothing stale stays."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from assets.raw import option_chains as raw_option_chains
from assets.sources.availability import price_bars
from assets.sources.option_chains import Snapshot
from orchestration.errors import RefusedError
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.table_assets import write_table
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse, Written, open_warehouse
from tests.orchestration.few_tables import behind
from tests.sql.chains import Listed, whole
from tests.sql.given import bars, classes, inputs

MONDAY, TUESDAY = "2025-11-17", "2025-11-18"
RAW = "raw.option_chains"
FOLLOWING = [
    "staging.option_expiries",
    "staging.option_snapshots",
    "staging.option_readings",
    "staging.option_chains",
    "indicators.gamma_by_expiry",
    "indicators.gamma_by_strike",
    "indicators.gamma_profile",
    "indicators.dealer_gamma",
]
LEVELS = {"IWM": 100.0, "IRX": 4.0, "SPX": 6700.0, "VIX": 20.0}
CLOSES = [bar for symbol, level in LEVELS.items() for bar in bars(symbol, [MONDAY, TUESDAY], [level] * 2)]


@contextmanager
def opened(folder: Path, catalogue: Catalogue, convention: str = "calls_long_puts_short") -> Iterator[Warehouse]:
    """A warehouse with reference tables and closes in it."""
    settings = Settings(data=folder, dealer_convention=convention)  # type: ignore[arg-type]
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        yield warehouse


def prepare(warehouse: Warehouse, catalogue: Catalogue) -> None:
    """Fill what chains are read with."""
    for name in behind(catalogue, FOLLOWING):
        if catalogue[name].schema == "reference":
            write_table(warehouse, catalogue[name], Settings())
    closes = pd.DataFrame(CLOSES)
    closes["available_at"] = price_bars(closes["date"], closes["symbol"].map(classes()))
    missing = {name: None for name in catalogue["raw.prices"].types if name not in {*closes, "observed_at"}}
    warehouse.write(catalogue["raw.prices"], closes.assign(**missing))
    for name in ("staging.prices", "staging.series"):
        warehouse.write(catalogue[name])


def land(warehouse: Warehouse, catalogue: Catalogue, *snapshots: Snapshot) -> Written:
    """Land snapshots as a run does."""
    batches = raw_option_chains.fill(inputs(warehouse.reader(catalogue[RAW]), chains=Listed(snapshots)))
    return warehouse.write_batches(
        catalogue[RAW], [(filled.rows, []) for filled in batches if len(filled.rows.columns)]
    )


def follow(warehouse: Warehouse, catalogue: Catalogue) -> dict[str, int]:
    """Bring the chain tables up to date; rows stored in each."""
    return {name: write_table(warehouse, catalogue[name], Settings()).added for name in FOLLOWING}


def everything(
    warehouse: Warehouse, catalogue: Catalogue, tables: Sequence[str] = FOLLOWING
) -> dict[str, pd.DataFrame]:
    """The rows of the chain tables in the order of their keys."""
    return {name: warehouse.query(f"from {name} order by {', '.join(catalogue[name].header.grain)}") for name in tables}


STEPS = [
    [whole("IWM", MONDAY, seed=1)],
    [whole("IWM", TUESDAY, seed=2), whole("IWM", MONDAY, reading="settled", seed=3)],
    # Supersedes Tuesday's chain: quoted later.
    [whole("IWM", TUESDAY, seed=4, quote_at=pd.Timestamp("2025-11-18 18:00", tz="America/New_York"))],
    [],
]


@pytest.fixture(scope="module")
def stepped(
    tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue
) -> Iterator[tuple[Warehouse, list[dict[str, int]]]]:
    """A warehouse in which the snapshots arrived one after the other, and the rows each step stored."""
    with opened(tmp_path_factory.mktemp("stepped"), catalogue) as warehouse:
        prepare(warehouse, catalogue)
        stored = []
        for arrived in STEPS:
            if arrived:
                land(warehouse, catalogue, *arrived)
            stored.append(follow(warehouse, catalogue))
        yield warehouse, stored


def test_built_in_steps_they_equal_those_built_at_once(
    stepped: tuple[Warehouse, list[dict[str, int]]], tmp_path: Path, catalogue: Catalogue
) -> None:
    with opened(tmp_path, catalogue) as warehouse:
        prepare(warehouse, catalogue)
        land(warehouse, catalogue, *[snapshot for arrived in STEPS for snapshot in arrived])
        follow(warehouse, catalogue)
        at_once = everything(warehouse, catalogue)
    in_steps = everything(stepped[0], catalogue)
    for name, rows in at_once.items():
        # The superseding snapshot arrived later, so it was known later.
        columns = [column for column in rows if column != "available_at"]
        pd.testing.assert_frame_equal(in_steps[name][columns], rows[columns], check_exact=True, obj=name)


def test_a_step_computes_what_arrived_and_nothing_else(stepped: tuple[Warehouse, list[dict[str, int]]]) -> None:
    _, (first, second, third, nothing) = stepped
    increments = [name for name in FOLLOWING if name.startswith("indicators.gamma") or name.endswith("option_chains")]
    for name in increments:
        # The first step begins the table anew, which counts as a row of change.
        assert second[name] == pytest.approx(2 * (first[name] - 1), rel=0.02), name
        # A superseded reading goes and the newer one comes.
        assert third[name] == pytest.approx(2 * (first[name] - 1), rel=0.02), name
        assert nothing[name] == 0, name


def test_of_a_superseded_snapshot_nothing_stays(stepped: tuple[Warehouse, list[dict[str, int]]]) -> None:
    warehouse, _ = stepped
    verdicts = warehouse.query(
        "select session, reading, verdict from staging.option_snapshots order by session, quote_at"
    )
    assert verdicts["verdict"].tolist() == ["used", "used", "superseded", "used"]
    stale = "snapshot_id not in (select snapshot_id from staging.option_readings)"
    for name in ("staging.option_chains", "indicators.gamma_profile", "indicators.gamma_by_strike"):
        assert warehouse.query(f"from {name} where {stale}").empty


def test_another_sign_convention_begins_them_anew(tmp_path: Path, catalogue: Catalogue) -> None:
    with opened(tmp_path, catalogue) as warehouse:
        prepare(warehouse, catalogue)
        land(warehouse, catalogue, *STEPS[0])
        follow(warehouse, catalogue)
    with opened(tmp_path, catalogue, "all_short") as warehouse:
        follow(warehouse, catalogue)
        [row] = warehouse.query("from indicators.dealer_gamma").to_dict("records")
    assert row["sign_convention"] == "all_short"
    assert row["gex_naive_bn"] == pytest.approx(-row["gex_gross_bn"], abs=1e-4)


def test_a_refused_batch_stores_nothing_of_any_batch(tmp_path: Path, catalogue: Catalogue) -> None:
    with opened(tmp_path, catalogue) as warehouse:
        prepare(warehouse, catalogue)
        land(warehouse, catalogue, *STEPS[0])
        before = warehouse.query(f"from {RAW} order by all")
        fill = raw_option_chains.fill(inputs(warehouse.reader(catalogue[RAW]), chains=Listed(STEPS[1])))
        good = next(fill).rows
        bad = good.assign(snapshot_id="another", reading="lunchtime")
        with pytest.raises(RefusedError, match="expect_column_values_to_be_in_set reading"):
            warehouse.write_batches(catalogue[RAW], [(good, []), (bad, [])])
        pd.testing.assert_frame_equal(warehouse.query(f"from {RAW} order by all"), before)


def test_a_snapshot_is_stored_once_and_names_the_sessions_it_filled(tmp_path: Path, catalogue: Catalogue) -> None:
    with opened(tmp_path, catalogue) as warehouse:
        prepare(warehouse, catalogue)
        assert land(warehouse, catalogue, *STEPS[1]).partitions == (MONDAY, TUESDAY)
        again = warehouse.query(f"select * exclude (observed_at) from {RAW}")
        written = warehouse.write(catalogue[RAW], again)
        assert (written.added, written.partitions) == (0, ())
