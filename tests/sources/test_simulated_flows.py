"""The truth about systematic flows in the simulated market: its shape, its sessions, what the warehouse gets of it."""

from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from assets.models.simulated_systematic import VARIABLES
from assets.reference.simulated_truth import COLUMNS, fill
from assets.sources.prices import Instrument
from assets.sources.sessions import sessions
from assets.sources.simulated import FIRST_SESSION, LAST_SESSION
from assets.sources.simulated_flows import INSTRUMENTS, flow_truth
from tests.sql.given import inputs


def test_the_truth_is_of_every_session_after_the_funds_history() -> None:
    truth = flow_truth()
    days = sessions(FIRST_SESSION, LAST_SESSION)
    assert tuple(truth.columns) == COLUMNS
    assert not truth.duplicated(["session", "variable"]).any()
    assert truth.notna().all(axis=None)
    assert set(truth["truth_unit"]) == {"USD bn"}
    wide = truth.pivot_table(index="session", columns="variable", values="truth")
    assert set(wide.columns) == set(VARIABLES)
    assert list(wide.index) == list(days[len(days) - len(wide) :])
    assert len(wide) > 1500


def test_the_final_sell_off_is_sold() -> None:
    wide = flow_truth().pivot_table(index="session", columns="variable", values="truth")
    before, last = wide.loc["2025-12-16"], wide.iloc[-1]
    assert last["cta_position_us"] < before["cta_position_us"] - 10
    assert last["vol_control_notional"] < before["vol_control_notional"] - 20
    assert last["cta_flow_1w_flat_us"] < min(-5, before["cta_flow_1w_flat_us"])
    assert last["cta_flow_1m_flat_us"] < min(-5, before["cta_flow_1m_flat_us"])


def test_the_instruments_are_those_of_the_reference() -> None:
    listed = pd.read_csv("sql/reference/instruments.csv", keep_default_na=False).rename(
        columns={"class": "asset_class"}
    )
    fields = [field.name for field in fields_of(Instrument)]
    rows = listed.set_index("symbol", drop=False).loc[[each.symbol for each in INSTRUMENTS], fields]
    assert tuple(Instrument(*row) for row in rows.itertuples(index=False)) == INSTRUMENTS


def test_the_warehouse_gets_what_is_known_by_its_clock_and_nothing_of_a_real_market() -> None:
    real = inputs(lambda _: pd.DataFrame(), datetime(2024, 3, 28, 23, tzinfo=UTC))
    rows = fill(replace(real, simulated=True)).rows
    assert rows["session"].max() == pd.Timestamp("2024-03-28")
    assert set(VARIABLES) < set(rows["variable"])
    assert not rows.duplicated(["session", "variable"]).any()
    assert fill(real).rows.empty
