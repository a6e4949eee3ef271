"""Refitting: the stored rows are what the command makes of the real data, and new rows are added as a new version."""

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from assets.models.flow_fit import fit
from orchestration import calibration
from orchestration.errors import WarehouseError
from orchestration.settings import ROOT, Settings

TABLES = ("pivot_calibration", "flow_calibration", "flow_bands", "position_bands")


def publish(settings: Settings, real_home: Path, figures: str = "true") -> None:
    """Publish what a calibration reads of the run on the real data, with some of the published figures."""
    settings.published.mkdir(parents=True)
    with duckdb.connect(str(settings.published_file)) as made:
        made.execute(f"attach '{real_home / 'data/files/published/undertow.duckdb'}' as real (read_only)")
        for name, where in (("indicators.excess_prices", "true"), ("reference.published_estimates", figures)):
            made.execute(f"create schema {name.split('.')[0]}")
            made.execute(f"create table {name} as from real.{name} where {where}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The files profile in a home of its own."""
    return Settings(profile="files", files=tmp_path, data=tmp_path / "data")


def stored(name: str, folder: Path = ROOT / "sql/reference") -> pd.DataFrame:
    """The newest version in a calibration's CSV file."""
    rows: pd.DataFrame = pd.read_csv(folder / f"{name}.csv")
    newest: pd.DataFrame = rows[rows["method_version"] == rows["method_version"].max()].reset_index(drop=True)
    return newest


def test_the_stored_rows_are_those_of_the_published_figures(settings: Settings, real_home: Path) -> None:
    publish(settings, real_home)
    market = calibration.read_market(settings)
    pivots = calibration.pivot_rows(market)
    pd.testing.assert_frame_equal(pivots, stored("pivot_calibration").drop(columns="method_version"))
    centres = pivots["centre_of_mass"].to_numpy()
    known = calibration.figures(market, centres)
    assert [f"{session}" for session in known.us.sessions] == stored("flow_calibration")["fold"].tolist()[1:]
    assert np.isfinite(known.us.flows).sum() == stored("flow_bands")["figures_us"].sum()
    fitted = fit(known.state, centres, known.us)
    row = stored("flow_calibration").iloc[0]
    # Solvers differ between machines in the last digits shown.
    assert fitted.scale_bn == pytest.approx(row["scale_bn"], rel=0.01)
    assert fitted.trading.speed == pytest.approx(row["speed"], rel=0.01)
    widths = row[["width_st", "width_mt", "width_lt"]].tolist()
    assert fitted.trading.widths.tolist() == pytest.approx(widths, rel=0.02)


def test_new_rows_are_a_new_version(
    settings: Settings, real_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, real_home, "published_session between '2024-12-13' and '2025-09-30'")
    for name in TABLES:
        shutil.copy(ROOT / f"sql/reference/{name}.csv", tmp_path)
    monkeypatch.setattr(calibration, "REFERENCE", tmp_path)
    with (tmp_path / "shown.txt").open("w") as shown:
        calibration.calibrate(settings, "2999-01", Console(file=shown), write=True)
        with pytest.raises(WarehouseError, match=r"pivot_calibration\.csv: version 2999-01 is there already"):
            calibration.calibrate(settings, "2999-01", Console(file=shown), write=True)
    assert "flow_bands" in (tmp_path / "shown.txt").read_text()
    for name in TABLES:
        old, new = (pd.read_csv(folder / f"{name}.csv") for folder in (ROOT / "sql/reference", tmp_path))
        pd.testing.assert_frame_equal(new.head(len(old)), old)
        assert stored(name, tmp_path)["method_version"].eq("2999-01").all()
    folds = stored("flow_calibration", tmp_path)["fold"].tolist()
    assert folds[0] == "all"
    assert [folds[1], folds[-1]] == ["2024-12-13", "2025-09-26"]


def test_too_few_figures_are_refused(settings: Settings, real_home: Path) -> None:
    publish(settings, real_home, "published_session between '2025-06-20' and '2025-09-30'")
    with pytest.raises(WarehouseError, match=r"a fit needs 6 figures of each; cta_flow_1w_flat_us 4, "):
        calibration.figures(calibration.read_market(settings), np.array([21.0, 72, 224]))


def test_a_simulated_market_and_an_empty_home_are_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="nothing is published yet"):
        calibration.read_market(settings)
    demo = Settings(data=tmp_path / "demo")
    demo.published.mkdir(parents=True)
    (demo.published / "undertow.duckdb").touch()
    with pytest.raises(WarehouseError, match="the market is simulated"):
        calibration.read_market(demo)
