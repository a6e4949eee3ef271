"""The simulated source: the price port's shape, the same rows in every process, and the truth behind them."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pandas as pd
import pytest

from assets.models.simulated_market import STATE_UNITS
from assets.sources.errors import SourceError
from assets.sources.prices import COLUMNS, Instrument
from assets.sources.sessions import sessions, sessions_decided_by
from assets.sources.simulated import CLOCK, FIRST_SESSION, LAST_SESSION, SimulatedPrices, truth

INSTRUMENTS = (
    Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC"),
    Instrument("XLE", "etf", "sector", "Energy", "XNYS", "XLE"),
    Instrument("BTC-USD", "crypto", "crypto", "", "24/7", "BTC-USD"),
)
NOTHING_KNOWN = pd.DataFrame(columns=["symbol", "date", "close"])


def test_delivers_every_session_in_the_ports_columns() -> None:
    delivery = SimulatedPrices().prices(INSTRUMENTS, NOTHING_KNOWN)
    rows = delivery.rows
    assert tuple(rows.columns) == COLUMNS
    assert delivery.failures == ()
    assert (rows["source"] == "simulated").all()
    assert pd.api.types.is_datetime64_any_dtype(rows["date"])
    assert rows.loc[rows["symbol"] == "SPX", "date"].tolist() == sessions(FIRST_SESSION, LAST_SESSION).tolist()


def test_delivers_nothing_past_the_last_session_and_the_same_before() -> None:
    whole = SimulatedPrices().prices(INSTRUMENTS, NOTHING_KNOWN).rows
    cut = SimulatedPrices(date(2024, 3, 28)).prices(INSTRUMENTS, NOTHING_KNOWN).rows
    pd.testing.assert_frame_equal(cut, whole[whole["date"] <= "2024-03-28"].reset_index(drop=True))
    assert cut["date"].max() == pd.Timestamp("2024-03-28")


def test_another_process_delivers_the_same_rows() -> None:
    code = (
        "import pandas as pd; from assets.sources.simulated import *; from assets.sources.prices import Instrument;"
        f"print(pd.util.hash_pandas_object(SimulatedPrices().prices({INSTRUMENTS!r}, None).rows).sum())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    here = pd.util.hash_pandas_object(SimulatedPrices().prices(INSTRUMENTS, NOTHING_KNOWN).rows).sum()
    assert int(there.stdout) == here


def test_asking_for_nothing_is_an_error() -> None:
    with pytest.raises(SourceError, match="no instruments"):
        SimulatedPrices().prices((), NOTHING_KNOWN)


def test_the_clock_is_the_last_sessions_decision_time() -> None:
    assert datetime(2025, 12, 31, 23, tzinfo=UTC) == CLOCK
    assert sessions_decided_by(CLOCK)[-1] == pd.Timestamp(LAST_SESSION)


def test_truth_has_one_row_per_session_and_variable() -> None:
    rows = truth()
    assert list(rows.columns) == ["session", "variable", "truth", "truth_unit"]
    assert not rows.duplicated(["session", "variable"]).any()
    assert len(rows) == len(sessions(FIRST_SESSION, LAST_SESSION)) * len(STATE_UNITS)
    assert rows.notna().all(axis=None)
    assert rows.set_index("variable")["truth_unit"].to_dict() == STATE_UNITS
