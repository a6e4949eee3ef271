"""What bad vendor files do: a clear error or a flagged row, and nothing that was stored is lost."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from assets.sources.errors import SourceError
from assets.sources.prices import COLUMNS, Instrument
from assets.sources.simulated import SimulatedPrices
from orchestration.errors import RefusedError, WarehouseError
from orchestration.quality import Result
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.table_assets import write_table
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse, open_warehouse
from tests.orchestration.few_tables import behind, copy_few

DAY = pd.Timestamp("2025-12-10")
HOLIDAY = pd.Timestamp("2025-12-25")
BARS = Path("prices/bars.csv")
MARKET = [
    Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC"),
    Instrument("NDX", "index", "benchmark", "", "XNYS", "^NDX"),
    Instrument("SPY", "etf", "broad_market", "", "XNYS", "SPY"),
    Instrument("VIX", "volatility", "implied_vol", "", "XNYS", "^VIX"),
    Instrument("VIX3M", "volatility", "implied_vol", "", "XNYS", "^VIX3M"),
    Instrument("VVIX", "volatility", "implied_vol", "", "XNYS", "^VVIX"),
]

Poison = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """The healthy file: three years of six symbols."""
    rows = SimulatedPrices().prices(MARKET, pd.DataFrame(columns=["symbol", "date", "close"])).rows
    kept = [name for name in COLUMNS if name not in {"adj_close", "dividend", "split", "source"}]
    return rows.loc[rows["date"] >= "2023-06-01", kept].reset_index(drop=True)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory, bars: pd.DataFrame, catalogue: Catalogue) -> Path:
    """A folder with the healthy file, what is behind staged prices built from it, and the published copy."""
    folder = tmp_path_factory.mktemp("healthy")
    (folder / "vendor" / "prices").mkdir(parents=True)
    bars.to_csv(folder / "vendor" / BARS, index=False)
    copy_few(catalogue, ["staging.prices"], folder / "sql")
    few = Catalogue(folder / "sql")
    run(settings_for(folder), few, list(few), publish=True)
    return folder


@pytest.fixture
def folder(healthy: Path, tmp_path: Path) -> Path:
    """A copy of the healthy folder to poison."""
    return Path(shutil.copytree(healthy, tmp_path / "copy"))


def settings_for(folder: Path) -> Settings:
    return Settings(profile="files", files=folder / "vendor", data=folder / "data", wait_seconds=1)


def run(settings: Settings, catalogue: Catalogue, tables: list[str], *, publish: bool = False) -> list[Result]:
    results: list[Result] = []
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        for name in tables:
            results.extend(write_table(warehouse, catalogue[name], settings).results)
        if publish:
            warehouse.publish()
    return results


def land(folder: Path, catalogue: Catalogue) -> dict[str, Result]:
    """Land and stage what is in the folder now; results by check."""
    results = run(settings_for(folder), catalogue, ["raw.prices", "staging.prices"])
    return {result.check: result for result in results if result.check != "contract"}


def query(folder: Path, catalogue: Catalogue, sql: str) -> pd.DataFrame:
    settings = settings_for(folder)
    with open_warehouse(settings, catalogue, clock(settings)) as warehouse:
        return warehouse.query(sql)


def stored(folder: Path, catalogue: Catalogue) -> pd.DataFrame:
    return query(folder, catalogue, "from raw.prices order by all")


def published_hash(folder: Path) -> str:
    path = folder / "data/files/published/undertow.duckdb"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def at(rows: pd.DataFrame, symbol: str, day: pd.Timestamp = DAY) -> pd.Series:
    return (rows["symbol"] == symbol) & (rows["date"] == day)


def changed(symbol: str, column: str, value: float) -> Poison:
    return lambda rows: rows.assign(**{column: rows[column].mask(at(rows, symbol), value)})


def false_split(rows: pd.DataFrame) -> pd.DataFrame:
    later = (rows["symbol"] == "SPY") & (rows["date"] >= DAY)
    prices = ["open", "high", "low", "close"]
    return pd.concat([rows[~later], rows[later].assign(**{name: rows.loc[later, name] * 5.03 for name in prices})])


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows[at(rows, "SPY")].assign(close=1.0)])


@pytest.mark.parametrize(
    ("poison", "check", "symbol"),
    [
        (changed("SPY", "close", -5.0), "impossible_price", "SPY"),
        (changed("NDX", "low", 0.0), "impossible_price", "NDX"),
        (changed("SPY", "high", float("inf")), "impossible_price", "SPY"),
        (changed("SPY", "close", float("nan")), "impossible_price", "SPY"),
        (twice, "duplicate_bar", "SPY"),
        (false_split, "unconfirmed_jump", "SPY"),
    ],
    ids=["negative", "zero", "infinite", "no close", "duplicate", "false split of +403 %"],
)
def test_a_symbol_with_impossible_bars_is_refused_whole_and_its_stored_bars_stand(
    folder: Path, bars: pd.DataFrame, catalogue: Catalogue, poison: Poison, check: str, symbol: str
) -> None:
    before, published = stored(folder, catalogue), published_hash(folder)
    poison(bars).to_csv(folder / "vendor" / BARS, index=False)
    result = land(folder, catalogue)[check]
    assert (result.passed, result.severity) == (False, "warn")
    assert f"symbol={symbol}, date={DAY.date()}, source=files/prices" in result.detail
    assert set(result.offending["symbol"]) == {symbol}
    pd.testing.assert_frame_equal(stored(folder, catalogue), before)
    assert published_hash(folder) == published
    health = query(folder, catalogue, f"from marts.data_health where check_name = '{check}' and not passed")
    assert health["detail"].tolist() == [result.detail]


def test_a_refused_symbol_without_which_nothing_can_be_said_blocks_the_run(
    tmp_path: Path, bars: pd.DataFrame, catalogue: Catalogue
) -> None:
    (tmp_path / "vendor/prices").mkdir(parents=True)
    changed("SPX", "close", -1.0)(bars).to_csv(tmp_path / "vendor" / BARS, index=False)
    with pytest.raises(RefusedError, match="required_instrument_missing: symbol=SPX, session=2025-12-31"):
        run(settings_for(tmp_path), catalogue, behind(catalogue, ["staging.prices"]))
    with pytest.raises(WarehouseError, match=r"not published: .*required_instrument_missing"):
        run(settings_for(tmp_path), catalogue, [], publish=True)


def test_a_disordered_bar_is_flagged_and_only_its_close_is_used(
    folder: Path, bars: pd.DataFrame, catalogue: Catalogue
) -> None:
    changed("SPY", "high", 1.0)(bars).to_csv(folder / "vendor" / BARS, index=False)
    result = land(folder, catalogue)["disordered_bar"]
    assert f"symbol=SPY, date={DAY.date()}" in result.detail
    row = query(folder, catalogue, f"from staging.prices where symbol = 'SPY' and session = '{DAY.date()}'").iloc[0]
    assert row["quality_flag"] == "disordered"
    assert row[["open", "high", "low"]].isna().all()
    assert row["close"] == pytest.approx(bars.loc[at(bars, "SPY"), "close"].item())


def test_a_bar_on_a_holiday_is_kept_flagged_and_left_out(
    folder: Path, bars: pd.DataFrame, catalogue: Catalogue
) -> None:
    pd.concat([bars, bars[at(bars, "SPX")].assign(date=HOLIDAY)]).to_csv(folder / "vendor" / BARS, index=False)
    assert land(folder, catalogue)["holiday_bar"].detail.startswith(f"symbol=SPX, date={HOLIDAY.date()}")
    found = query(folder, catalogue, "select symbol from staging.prices where date = '2025-12-25'")
    assert found.empty


def test_a_stale_repeat_is_flagged_and_left_out(folder: Path, bars: pd.DataFrame, catalogue: Catalogue) -> None:
    last = bars[bars["symbol"] == "SPY"].tail(3).index
    stale = bars.copy()
    stale.loc[last, ["open", "high", "low", "close"]] = stale.loc[last[0], ["open", "high", "low", "close"]].to_numpy()
    stale.to_csv(folder / "vendor" / BARS, index=False)
    assert "symbol=SPY, date=2025-12-31" in land(folder, catalogue)["stale_bar"].detail
    newest = query(folder, catalogue, "select max(session) as s from staging.prices where symbol = 'SPY'")
    assert newest["s"].item() == pd.Timestamp("2025-12-30")


def test_a_missing_session_is_named_and_leaves_null(tmp_path: Path, bars: pd.DataFrame, catalogue: Catalogue) -> None:
    (tmp_path / "vendor/prices").mkdir(parents=True)
    bars[~at(bars, "SPX")].to_csv(tmp_path / "vendor" / BARS, index=False)
    results = run(settings_for(tmp_path), catalogue, behind(catalogue, ["indicators.trading_range", "regime.daily"]))
    [missing] = [result for result in results if result.check == "missing_bar"]
    assert missing.detail == f"symbol=SPX, session={DAY.date()}"
    of_index = "select session, range_pct from indicators.trading_range where symbol = 'SPX' order by session"
    ranges = query(tmp_path, catalogue, of_index).set_index("session")["range_pct"]
    assert ranges[DAY : DAY + pd.Timedelta(days=1)].isna().tolist() == [True, True]
    row = query(tmp_path, catalogue, f"from regime.daily where session = '{DAY.date()}'").iloc[0]
    assert "SPX" in row["inputs_missing"]
    assert pd.isna(row["danger"])


def test_a_symbol_that_vanished_is_reported_and_its_stored_bars_stand(
    folder: Path, bars: pd.DataFrame, catalogue: Catalogue
) -> None:
    before = stored(folder, catalogue)
    bars[bars["symbol"] != "NDX"].to_csv(folder / "vendor" / BARS, index=False)
    assert "symbol=NDX, reason=in no file, as ^NDX or NDX" in land(folder, catalogue)["source"].detail
    pd.testing.assert_frame_equal(stored(folder, catalogue), before)


def test_a_symbol_that_stopped_is_reported(tmp_path: Path, bars: pd.DataFrame, catalogue: Catalogue) -> None:
    (tmp_path / "vendor/prices").mkdir(parents=True)
    stopped = (bars["symbol"] == "NDX") & (bars["date"] > DAY)
    bars[~stopped].to_csv(tmp_path / "vendor" / BARS, index=False)
    results = run(settings_for(tmp_path), catalogue, behind(catalogue, ["staging.prices"]))
    [vanished] = [result for result in results if result.check == "vanished_symbol"]
    assert f"symbol=NDX, last_session={DAY.date()}" in vanished.detail


def test_reordered_and_extra_columns_change_nothing(folder: Path, bars: pd.DataFrame, catalogue: Catalogue) -> None:
    before = stored(folder, catalogue)
    bars[["volume", "low", "close", "symbol", "open", "high", "date"]].assign(note="x").to_csv(
        folder / "vendor" / BARS, index=False
    )
    assert land(folder, catalogue)["unconfirmed_jump"].passed
    pd.testing.assert_frame_equal(stored(folder, catalogue), before)


def cut_parquet(path: Path, bars: pd.DataFrame) -> Path:
    whole = path.with_suffix(".parquet")
    bars.to_parquet(whole)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return whole


def renamed(path: Path, bars: pd.DataFrame) -> Path:
    bars.rename(columns={"close": "last"}).to_csv(path, index=False)
    return path


def emptied(path: Path, _: pd.DataFrame) -> Path:
    path.write_text("")
    return path


@pytest.mark.parametrize(
    ("poison", "reason"),
    [(renamed, "close"), (emptied, "empty"), (cut_parquet, "cannot be read")],
    ids=["renamed column", "empty file", "truncated Parquet"],
)
def test_a_broken_file_is_named_and_nothing_changes(
    folder: Path,
    bars: pd.DataFrame,
    catalogue: Catalogue,
    poison: Callable[[Path, pd.DataFrame], Path],
    reason: str,
) -> None:
    before, published = stored(folder, catalogue), published_hash(folder)
    broken = poison(folder / "vendor" / BARS, bars)
    with pytest.raises(SourceError, match=reason) as caught:
        land(folder, catalogue)
    assert broken.name in str(caught.value)
    pd.testing.assert_frame_equal(stored(folder, catalogue), before)
    assert published_hash(folder) == published
    health = query(folder, catalogue, "from marts.data_health where check_name = 'source' and not passed")
    assert health["detail"].tolist() == [str(caught.value)]


def test_a_frame_with_other_columns_or_values_is_refused_by_the_door(
    warehouse: Warehouse, catalogue: Catalogue
) -> None:
    table = catalogue["reference.simulated_truth"]
    good = pd.DataFrame({"session": [DAY], "variable": ["x"], "truth": [1.0], "truth_unit": ["ratio"]})
    warehouse.write(table, good)
    with pytest.raises(WarehouseError, match=r"not in its file: \['value'\]; missing: \['truth'\]"):
        warehouse.write(table, good.rename(columns={"truth": "value"}))
    with pytest.raises(WarehouseError, match=r"reference\.simulated_truth: .*not a number"):
        warehouse.write(table, good.assign(truth="not a number"))
    with pytest.raises(RefusedError, match=r"expect_column_values_to_be_between truth: session=2025-12-10"):
        warehouse.write(table, good.assign(truth=float("inf")))
    assert warehouse.query("select truth from reference.simulated_truth")["truth"].tolist() == [1.0]
