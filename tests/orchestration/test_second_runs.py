"""A second run on the same data changes nothing."""

from pathlib import Path

import pandas as pd

from orchestration.tables import Catalogue
from tests.orchestration.few_tables import copy_few
from tests.orchestration.launcher import Launcher, bars, run_twice, settings_in

# Something of every kind that the small market fills: vintages, what Python computes and the regime.
EVERY_KIND = (
    "indicators.trend_models",
    "indicators.risk_parity",
    "indicators.vol_control_flows",
    "indicators.rebound",
    "regime.daily",
)


def test_a_second_run_adds_no_vintages_and_publishes_the_same(
    tmp_path: Path, launcher: Launcher, catalogue: Catalogue
) -> None:
    settings = settings_in(tmp_path)
    copy_few(catalogue, EVERY_KIND, settings.data / "sql")
    undisturbed = run_twice(settings, launcher)
    assert len(undisturbed.first["raw.prices"]) == len(bars())
    for name, rows in undisturbed.second.items():
        pd.testing.assert_frame_equal(rows, undisturbed.first[name], check_exact=True, obj=name)
