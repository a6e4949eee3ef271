"""What bad option-chain files do: each is refused alone with the reason, and nothing that was stored is lost."""

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pandas as pd
import pytest

from assets.sources.option_chains import Snapshot
from orchestration.quality import Result
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.table_assets import write_table
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse
from tests.orchestration.few_tables import behind
from tests.sql.chains import whole

MONDAY, TUESDAY = "2025-11-17", "2025-11-18"
LEVELS = {"IWM": 100.0, "^IRX": 4.0, "^GSPC": 6700.0, "^VIX": 20.0}
CHAINS = Path("vendor/option_chains")
LANDED = ["raw.option_chains", "staging.option_expiries", "staging.option_snapshots", "staging.option_readings"]
KEYS = {"last": "last_trade_price"}

Payload = dict[str, object]
Poison = Callable[[Path, Snapshot], Path]


def payload(snapshot: Snapshot) -> Payload:
    """A snapshot as Cboe sends it."""
    assert snapshot.quote_at is not None
    numbers = ("bid", "ask", "last", "iv", "delta", "gamma", "open_interest", "volume")
    options = [
        {"option": f"{row['root']}{row['expiry']:%y%m%d}{row['put_call']}{round(row['strike'] * 1000):08d}"}
        | {KEYS.get(name, name): row[name] for name in numbers}
        for row in snapshot.contracts.to_dict("records")
    ]
    data = {"current_price": snapshot.spot, "options": options}
    return {"timestamp": f"{snapshot.quote_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", "symbol": "IWM", "data": data}


def run(folder: Path, catalogue: Catalogue, names: list[str]) -> list[Result]:
    """Write these tables from the folder's vendor files."""
    settings = Settings(profile="files", files=folder / "vendor", data=folder / "data", wait_seconds=5)
    results: list[Result] = []
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        for name in names:
            results += write_table(warehouse, catalogue[name], settings).results
    return results


def query(folder: Path, catalogue: Catalogue, sql: str) -> pd.DataFrame:
    """Rows of the folder's warehouse."""
    settings = Settings(profile="files", files=folder / "vendor", data=folder / "data", wait_seconds=5)
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        return warehouse.query(sql)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """A folder with two days of prices and Monday's chain, and the warehouse built from it."""
    folder = tmp_path_factory.mktemp("healthy")
    (folder / CHAINS).mkdir(parents=True)
    (folder / "vendor/prices").mkdir()
    rows = [(symbol, day, level) for symbol, level in LEVELS.items() for day in (MONDAY, TUESDAY)]
    pd.DataFrame(rows, columns=["symbol", "date", "close"]).to_csv(folder / "vendor/prices/bars.csv", index=False)
    (folder / CHAINS / "monday.json").write_text(json.dumps(payload(whole("IWM", MONDAY))))
    run(folder, catalogue, behind(catalogue, LANDED))
    return folder


@pytest.fixture
def folder(healthy: Path, tmp_path: Path) -> Path:
    """A copy of the healthy folder to poison."""
    return Path(shutil.copytree(healthy, tmp_path / "copy"))


def changed(column: str, value: object, every: int = 1) -> Poison:
    """A payload in which every so many contracts state something else."""

    def poison(folder: Path, snapshot: Snapshot) -> Path:
        sent = payload(snapshot)
        for option in sent["data"]["options"][::every]:  # type: ignore[index]
            option[column] = value
        path = folder / "tuesday.json"
        path.write_text(json.dumps(sent))
        return path

    return poison


def cut_gzip(folder: Path, snapshot: Snapshot) -> Path:
    path = folder / "tuesday.json.gz"
    packed = gzip.compress(json.dumps(payload(snapshot)).encode())
    path.write_bytes(packed[: len(packed) // 2])
    return path


def half_written(folder: Path, snapshot: Snapshot) -> Path:
    path = folder / "tuesday.json"
    text = json.dumps(payload(snapshot))
    path.write_text(text[: len(text) // 2])
    return path


def flat(folder: Path, snapshot: Snapshot, rename: dict[str, str]) -> Path:
    """The flattened layout with some of its columns under each other's names."""
    names = [
        "session_date",
        "ticker",
        "expiry",
        "right",
        "strike",
        "option",
        "bid",
        "ask",
        "last_trade_price",
        "volume",
    ]
    names += ["open_interest", "iv", "delta", "gamma", "last_trade_time"]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([rename.get(name, name) for name in names])
    for row, option in zip(
        snapshot.contracts.to_dict("records"),
        payload(snapshot)["data"]["options"],  # type: ignore[index]
        strict=True,
    ):
        contract = [TUESDAY, "IWM", f"{row['expiry']:%Y-%m-%d}", row["put_call"], row["strike"], option["option"]]
        quotes = [option[name] for name in names[6:14]]
        writer.writerow([*contract, *quotes, f"{TUESDAY}T16:15:00"])
    path = folder / "tuesday.csv"
    path.write_text(text.getvalue())
    return path


def garbage(folder: Path, _: Snapshot) -> Path:
    path = folder / "tuesday.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"strike,dte,cp,oi,gamma,delta,iv,bid,ask\n")
        for _block in range(100):
            file.write(b"5,5,C,1,1,1,1,1,1\n" * 100_000)
    return path


def bid_under_ask(folder: Path, snapshot: Snapshot) -> Path:
    wide = snapshot.contracts.assign(bid=snapshot.contracts["bid"] * 0.9)
    return flat(folder, Snapshot(**{**vars(snapshot), "contracts": wide}), {"bid": "ask", "ask": "bid"})


def strike_under_open_interest(folder: Path, snapshot: Snapshot) -> Path:
    return flat(folder, snapshot, {"strike": "open_interest", "open_interest": "strike"})


UNREADABLE = {
    "truncated gzip": (cut_gzip, "tuesday.json.gz"),
    "half-written JSON": (half_written, "tuesday.json"),
    "strike and open interest under each other's name": (strike_under_open_interest, "tuesday.csv"),
    "ten million rows of garbage": (garbage, "tuesday.csv.gz"),
    "text for a number": (changed("gamma", "high"), "tuesday.json"),
}
IMPOSSIBLE = {
    "gammas missing": (changed("gamma", None, every=3), "incomplete_greeks"),
    "no open interest at all": (changed("open_interest", 0), "no_open_interest"),
    "open interest not stated": (changed("open_interest", None), "no_open_interest"),
    "bid and ask under each other's name": (bid_under_ask, "crossed_quotes"),
    "a negative volatility": (changed("iv", -0.2, every=500), "impossible_quote"),
    "a delta beyond one": (changed("delta", 3.0, every=500), "impossible_quote"),
}


def stored(folder: Path, catalogue: Catalogue) -> dict[str, pd.DataFrame]:
    """What the chain tables hold."""
    return {name: query(folder, catalogue, f"from {name} order by all") for name in LANDED}


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name, rows in one.items():
        pd.testing.assert_frame_equal(rows, other[name], obj=name)


@pytest.mark.parametrize(("poison", "file"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_chain_that_cannot_be_read_is_named_and_nothing_changes(
    folder: Path, catalogue: Catalogue, poison: Poison, file: str
) -> None:
    before = stored(folder, catalogue)
    poison(folder / CHAINS, whole("IWM", TUESDAY))
    [source] = [result for result in run(folder, catalogue, LANDED) if result.check == "source"]
    assert (source.passed, source.severity) == (False, "warn")
    assert file in source.detail
    assert_same(stored(folder, catalogue), before)
    health = query(folder, catalogue, "from marts.data_health where table_name = 'raw.option_chains' and not passed")
    assert health["detail"].tolist() == [source.detail]


@pytest.mark.parametrize(("poison", "audit"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_chain_with_impossible_values_is_refused_whole(
    folder: Path, catalogue: Catalogue, poison: Poison, audit: str
) -> None:
    before = stored(folder, catalogue)
    poison(folder / CHAINS, whole("IWM", TUESDAY))
    failed = [result for result in run(folder, catalogue, LANDED) if not result.passed]
    refusing = {result.check: result for result in failed if result.table == "raw.option_chains"}
    assert audit in refusing
    assert "snapshot_id=IWM 2025-11-18" in refusing[audit].detail
    assert_same(stored(folder, catalogue), before)


def test_a_chain_whose_spot_is_off_is_kept_with_its_verdict_and_not_used(folder: Path, catalogue: Catalogue) -> None:
    readings = query(folder, catalogue, "from staging.option_readings")
    sent = payload(whole("IWM", TUESDAY, stated_spot=103.0))
    (folder / CHAINS / "tuesday.json").write_text(json.dumps(sent))
    [refused] = [result for result in run(folder, catalogue, LANDED) if result.check == "refused_chain"]
    assert "reason=spot 103.00 is 3.00 % from the close" in refused.detail
    pd.testing.assert_frame_equal(query(folder, catalogue, "from staging.option_readings"), readings)


def test_a_good_chain_is_used_beside_a_broken_one(folder: Path, catalogue: Catalogue) -> None:
    cut_gzip(folder / CHAINS, whole("IWM", TUESDAY))
    (folder / CHAINS / "good.json").write_text(json.dumps(payload(whole("IWM", TUESDAY, seed=7))))
    run(folder, catalogue, LANDED)
    days = query(folder, catalogue, "select session from staging.option_readings order by session")["session"]
    assert [str(day.date()) for day in days] == [MONDAY, TUESDAY]
