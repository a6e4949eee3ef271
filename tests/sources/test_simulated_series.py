"""The simulated market's short rates: the port's shape, close to the bill yield, and the same whatever comes later."""

from datetime import date

import numpy as np
import pandas as pd

from assets.models.simulated_rates import DAILY_ABROAD, MONTHLY_ABROAD, dollar_rates
from assets.sources.prices import Delivery
from assets.sources.series import COLUMNS, ListedSeries
from assets.sources.sessions import sessions
from assets.sources.simulated import FIRST_SESSION, LAST_SESSION, truth
from assets.sources.simulated_series import SimulatedSeries

NAMES = ["SOFR", "DFF", *DAILY_ABROAD, *MONTHLY_ABROAD]
DAYS = sessions(FIRST_SESSION, LAST_SESSION)


def deliver(last_session: date = LAST_SESSION, names: list[str] = NAMES) -> Delivery:
    return SimulatedSeries(last_session).series([ListedSeries(name, name) for name in names], pd.DataFrame())


def test_delivers_the_listed_rates_in_the_ports_columns() -> None:
    delivery = deliver()
    rows = delivery.rows
    assert tuple(rows.columns) == COLUMNS
    assert delivery.failures == ()
    assert (rows["source"] == "simulated").all()
    assert rows["series_id"].unique().tolist() == NAMES
    assert pd.api.types.is_datetime64_any_dtype(rows["date"])
    assert not rows.duplicated(["series_id", "date"]).any()
    assert rows["value"].between(0.01, 10).all()
    months = pd.date_range("2018-01-01", "2025-12-01", freq="MS")
    for name, dates in rows.groupby("series_id")["date"]:
        assert dates.tolist() == (months if name in MONTHLY_ABROAD else DAYS).tolist()
    assert deliver(names=["DFF", "WALCL"]).rows["series_id"].unique().tolist() == ["DFF"]
    assert len(deliver(names=["SQUEEZEMETRICS_GEX"]).rows) == 0


def test_a_later_session_changes_nothing_before() -> None:
    whole, cut = deliver().rows, deliver(date(2024, 3, 27)).rows
    daily = ~whole["series_id"].isin(MONTHLY_ABROAD)
    # March's mean is not known before its last weekday.
    known = whole[whole["date"].lt(np.where(daily, "2024-03-28", "2024-03-01").astype("datetime64[us]"))]
    pd.testing.assert_frame_equal(cut, known.reset_index(drop=True), check_exact=True)


def test_dollar_rates_follow_the_bill_yield_and_the_secured_one_jumps_at_month_ends() -> None:
    rates = deliver().rows.pivot_table(index="date", columns="series_id", values="value").loc[DAYS]
    state = truth()
    bill = state[state["variable"] == "bill_yield"].set_index("session")["truth"]
    assert (rates["DFF"] - bill).abs().max() < 0.1
    spread = rates["SOFR"] - rates["DFF"]
    last_of_month = (DAYS + pd.offsets.BMonthEnd(0)) == DAYS
    assert spread[~last_of_month].abs().max() < 0.2
    assert spread[last_of_month].mean() - spread[~last_of_month].mean() > 0.08


def test_rates_stay_above_zero() -> None:
    assert dollar_rates(DAYS, np.zeros(len(DAYS)), seed=1).min().ge(0.01).all()
