"""indicators.systematic_total: the sum of its parts and their bands, and what is missing."""

from collections.abc import Collection

import pandas as pd
import pytest

from tests.sql.given import build, rows_of, sessions

[DAY] = sessions("2025-11-21", 1)
TABLE = "indicators.systematic_total"
# Errors below are 30 and 40 and 120, above 20 and 60 and 90: their squares add up to those of 130 and 110.
PARTS = {
    "cta_positions": {"position_global_bn": -50.0, "position_global_lo_bn": -80.0, "position_global_hi_bn": -30.0},
    "vol_control": {"notional_bn": 200.0, "notional_lo_bn": 200 - 40 / 1.35, "notional_hi_bn": 200 + 60 / 1.35},
    "risk_parity": {"equity_notional_bn": 150.0, "equity_notional_lo_bn": 30.0, "equity_notional_hi_bn": 240.0},
}
COLUMNS = """
    position_global_bn, vol_control_global_bn, equity_notional_bn,
    systematic_total_bn, systematic_total_lo_bn, systematic_total_hi_bn, grade, inputs_missing
"""


def computed(parts: Collection[str], *, empty: Collection[str] = ()) -> list[tuple[object, ...]]:
    """The table's rows from some of the parts, of which some have a row without values."""
    given = {
        f"indicators.{name}": pd.DataFrame([{"session": DAY, **({} if name in empty else values)}])
        if name in parts
        else pd.DataFrame()
        for name, values in PARTS.items()
    }
    return rows_of(build(until=TABLE, given=given), f"select {COLUMNS} from {TABLE}")


def test_the_total_is_the_sum_of_its_parts_and_its_band_that_of_independent_errors() -> None:
    near = pytest.approx
    assert computed(PARTS) == [(-50, near(270), 150, near(370), near(240), near(480), "C", None)]


@pytest.mark.parametrize("as_a_row", [True, False])
@pytest.mark.parametrize("missing", PARTS)
def test_without_a_part_there_is_no_total(missing: str, *, as_a_row: bool) -> None:
    there = {name for name in PARTS if name != missing}
    values = {"cta_positions": -50, "vol_control": pytest.approx(270), "risk_parity": 150}
    [row] = computed(PARTS if as_a_row else there, empty=[missing])
    assert row == (*({**values, missing: None}[name] for name in PARTS), None, None, None, "C", missing)


def test_a_session_with_one_part_names_the_others_and_one_with_none_has_no_row() -> None:
    [row] = computed(["risk_parity"])
    assert row == (None, None, 150, None, None, None, "C", "cta_positions, vol_control")
    assert computed(PARTS, empty=PARTS) == []
