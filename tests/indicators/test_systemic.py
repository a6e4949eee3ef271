"""What fills indicators.systemic: windows and their holes, late assets, comparators as known then, no look-ahead."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.indicators import systemic
from assets.indicators.systemic import ASSETS, SECTORS
from assets.models.systemic import absorption_ratio, turbulence, weighted_covariance
from tests.sql.given import build, frame_of, inputs, sessions, tables

Array = NDArray[np.float64]

COUNT = 800
DAYS = sessions("2019-06-03", 1500)
# 95 % of 756 returns, of 500.
FULL, FULL_ABSORPTION = 719, 475
BANDS = [
    ("turbulence_lo", "turbulence", "turbulence_hi"),
    ("absorption_ratio_lo", "absorption_ratio", "absorption_ratio_hi"),
]
NOTHING = pd.DataFrame({"series_id": [], "series_date": [], "series_value": [], "available_at": []})


def market(seed: int = 1, count: int = COUNT) -> pd.DataFrame:
    """Returns by session and asset, of assets with a common part and scales of their own."""
    random = np.random.default_rng(seed)
    scale = np.geomspace(0.004, 0.04, len(ASSETS))
    returns = scale * (random.standard_t(5, (count, len(ASSETS))) + random.standard_t(5, (count, 1)))
    return pd.DataFrame(returns, index=pd.DatetimeIndex(DAYS[:count], name="session"), columns=list(ASSETS))


def filled(returns: pd.DataFrame, series: pd.DataFrame = NOTHING) -> pd.DataFrame:
    """The table's rows by session, which are as its header says; NaN in `returns` is a bar without a return."""
    prices = returns.melt(var_name="symbol", value_name="total_return", ignore_index=False).reset_index()
    header = tables()["indicators.systemic"].header
    given = {"staging.prices": prices, "staging.series": series}
    found = systemic.fill(inputs(partial(frame_of, build(until=header.reads or (), given=given)))).rows
    if found.empty:
        return found
    assert list(found) == list(header.columns)
    for name, said in header.columns.items():
        known = found[name].dropna()
        assert said.nullable or len(known) == len(found), name
        assert said.min is None or (known >= said.min).all(), name
        assert said.max is None or (known <= said.max).all(), name
    for low, value, high in BANDS:
        there = found[[low, value, high]].dropna()
        assert len(there) == found[value].notna().sum()
        assert (there[low].le(there[value]) & there[value].le(there[high])).all()
    return found.set_index("session")


def missing(found: pd.DataFrame, n: int) -> list[str]:
    """The reasons of a session, but for those of the comparators."""
    given = found["inputs_missing"].iloc[n]
    return [reason for reason in given.split(", ") if not reason.endswith(" days")]


def distance(returns: pd.DataFrame, n: int) -> float:
    """Turbulence of a session against the complete sessions of the window before it."""
    window = returns.iloc[max(n - 756, 0) : n].dropna()
    return turbulence(window.to_numpy(), returns.iloc[n].to_numpy())[0]


def ratio(returns: pd.DataFrame, n: int) -> float:
    """Absorption ratio of the complete sessions of the window that ends with one."""
    window = returns.to_numpy()[max(n - 499, 0) : n + 1]
    weights = 0.5 ** (np.arange(len(window))[::-1] / 250)
    whole = ~np.isnan(window).any(axis=1)
    return float(absorption_ratio(weighted_covariance(window[whole], weights[whole]), 2))


def test_both_measures_are_those_of_their_windows() -> None:
    returns = market()
    found = filled(returns)
    assert found.index.to_list() == DAYS[:COUNT]
    assert found["turbulence"].isna().to_list() == [True] * FULL + [False] * (COUNT - FULL)
    assert found["absorption_ratio"].isna().sum() == FULL_ABSORPTION - 1
    # 252 ratios, the first with 475 returns.
    assert found["absorption_shift"].isna().sum() == FULL_ABSORPTION - 1 + 251
    assert found["turbulence_rank_756d"].isna().all()
    assert found["is_turbulent"].isna().all()
    sectors = returns[list(SECTORS)]
    for n in (FULL, 770, COUNT - 1):
        assert found["turbulence"].iloc[n] == pytest.approx(distance(returns, n), rel=1e-12)
        assert found["absorption_ratio"].iloc[n] == pytest.approx(ratio(sectors, n), rel=1e-12)
    year = pd.Series([ratio(sectors, n) for n in range(COUNT - 252, COUNT)])
    shift = (year.tail(15).mean() - year.mean()) / year.std()
    assert found["absorption_shift"].iloc[-1] == pytest.approx(shift, rel=1e-9)
    last = found.iloc[-1]
    assert (last["assets_used"], last["sectors_used"], last["grade"]) == (16, 11, "C")
    assert missing(found, 0)[-4:] == [
        "756 returns of 8 assets",
        "turbulence of 756 sessions",
        "500 returns of 8 sectors",
        "752 returns of 8 sectors",
    ]
    assert missing(found, -1) == ["turbulence of 756 sessions"]


def test_the_band_is_the_middle_of_leaving_one_asset_out() -> None:
    returns = market(2)
    last = filled(returns).iloc[-1]
    window, today = returns.iloc[-757:-1].to_numpy(), returns.iloc[-1].to_numpy()
    low, high = np.quantile(turbulence(window, today)[1], [0.1, 0.9])
    assert last["turbulence_lo"] == pytest.approx(min(low, last["turbulence"]))
    assert last["turbulence_hi"] == pytest.approx(max(high, last["turbulence"]))
    sectors = returns[list(SECTORS)]
    low, high = np.quantile([ratio(sectors.drop(columns=one), COUNT - 1) for one in SECTORS], [0.1, 0.9])
    assert last["absorption_ratio_lo"] == pytest.approx(min(low, last["absorption_ratio"]))
    assert last["absorption_ratio_hi"] == pytest.approx(max(high, last["absorption_ratio"]))


def test_the_rank_counts_756_sessions_and_marks_the_top_twentieth() -> None:
    returns = market(3, 1490)
    returns.iloc[-1] *= 20
    found = filled(returns)
    value, rank = found["turbulence"], found["turbulence_rank_756d"]
    assert rank.isna().sum() == FULL + FULL - 1
    for n in (FULL + FULL - 1, 1480, 1489):
        window = value.iloc[max(n - 755, 0) : n + 1].dropna()
        assert rank.iloc[n] == pytest.approx((window <= value.iloc[n]).mean(), abs=1e-12)
    known = found[rank.notna()]
    assert known["is_turbulent"].to_list() == (known["turbulence_rank_756d"] >= 0.95).to_list()
    assert (rank.iloc[-1], found["is_turbulent"].iloc[-1]) == (1, True)


@pytest.mark.parametrize(("absent", "used"), [(("UUP", "BTC-USD"), 14), (ASSETS[8:], 8), (ASSETS[7:], 7)])
def test_absent_assets_are_named_and_eight_are_enough(absent: Sequence[str], used: int) -> None:
    returns = market(4).drop(columns=list(absent))
    found = filled(returns)
    assert found["assets_used"].iloc[-1] == used
    assert missing(found, -1)[: len(absent)] == list(absent)
    assert ("756 returns of 8 assets" in missing(found, -1)) == (used < 8)
    assert np.isnan(found["turbulence"].iloc[-1]) == (used < 8)
    if used >= 8:
        assert found["turbulence"].iloc[-1] == pytest.approx(distance(returns, COUNT - 1), rel=1e-12)


def test_a_hole_costs_its_sessions_and_a_day_without_a_return_the_asset() -> None:
    returns = market(5)
    # Too many for gold's window, just few enough for the dollar's.
    returns.loc[DAYS[100] : DAYS[137], "GLD"] = np.nan
    returns.loc[DAYS[101] : DAYS[137], "UUP"] = np.nan
    returns.loc[DAYS[COUNT - 2], "XLF"] = np.nan
    found = filled(returns)
    assert missing(found, -1) == ["GLD", "turbulence of 756 sessions"]
    assert missing(found, -2) == ["XLF", "GLD", "turbulence of 756 sessions"]
    assert found["assets_used"].iloc[[-2, -1]].to_list() == [14, 15]
    assert found["sectors_used"].iloc[[-2, -1]].to_list() == [10, 11]
    for n, without in ((COUNT - 2, ["GLD", "XLF"]), (COUNT - 1, ["GLD"])):
        expected = distance(returns.drop(columns=without), n)
        assert found["turbulence"].iloc[n] == pytest.approx(expected, rel=1e-12)
    assert found["absorption_ratio"].iloc[-1] == pytest.approx(ratio(returns[list(SECTORS)], COUNT - 1), rel=1e-12)
    assert found["absorption_shift"].iloc[-2:].notna().all()


def test_holes_on_different_days_may_leave_too_few_sessions_in_common() -> None:
    returns = market(6)
    for n, name in enumerate(returns):
        returns.loc[DAYS[100 + 36 * n] : DAYS[135 + 36 * n], name] = np.nan
    found = filled(returns)
    # 16 holes of 36 sessions leave 180 of 756.
    assert found["assets_used"].iloc[-1] == 16
    assert np.isnan(found["turbulence"].iloc[-1])
    assert "756 returns of 8 assets" in missing(found, -1)


def test_an_asset_that_does_not_move_is_left_out() -> None:
    returns = market(7)
    found = filled(returns.assign(TLT=0.0))
    assert missing(found, -1) == ["TLT", "turbulence of 756 sessions"]
    assert found["assets_used"].iloc[-1] == 15
    assert found["turbulence"].iloc[-1] == pytest.approx(distance(returns.drop(columns="TLT"), COUNT - 1), rel=1e-12)
    still = filled(returns * 0).iloc[-1]
    assert still[["turbulence", "absorption_ratio", "absorption_shift"]].isna().all()


def test_a_sector_that_joins_does_not_shift_the_absorption() -> None:
    # A sector of its own, which lowers the ratio at once.
    returns = market(8, 1100).assign(XLC=np.random.default_rng(8).normal(0, 0.05, 1100))
    late = returns.copy()
    late.loc[: DAYS[299], "XLC"] = np.nan
    found, without = filled(late), filled(late.drop(columns="XLC"))
    # With 475 returns it joins the ratio, with 251 more the shift.
    joined = 300 + FULL_ABSORPTION - 1
    assert found["sectors_used"].iloc[[joined - 1, joined]].to_list() == [10, 11]
    assert abs(found["absorption_ratio"].diff().iloc[joined]) > 10 * found["absorption_ratio"].diff().abs().median()
    before, after = slice(joined + 251), slice(joined + 251, None)
    pd.testing.assert_series_equal(
        found["absorption_shift"].iloc[before], without["absorption_shift"].iloc[before], check_exact=True
    )
    assert (found["absorption_shift"].iloc[after] != without["absorption_shift"].iloc[after]).all()
    year = pd.Series([ratio(late[list(SECTORS)], n) for n in range(1100 - 252, 1100)])
    expected = (year.tail(15).mean() - year.mean()) / year.std()
    assert found["absorption_shift"].iloc[-1] == pytest.approx(expected, rel=1e-9)


def published(rows: Sequence[tuple[str, str, float, str]]) -> pd.DataFrame:
    """Rows of staging.series: the series, its date, the number, and when it was known in New York."""
    frame = pd.DataFrame(rows, columns=["series_id", "series_date", "series_value", "available_at"])
    known = pd.to_datetime(frame["available_at"]).dt.tz_localize("America/New_York")
    return frame.assign(series_date=pd.to_datetime(frame["series_date"]), available_at=known)


def test_comparators_are_the_newest_that_was_known_and_not_too_old() -> None:
    found = filled(
        market(9, 60),
        published(
            [
                ("OFR_FSI", "2019-06-05", 1.0, "2019-06-07 18:00"),
                ("OFR_FSI", "2019-06-06", 2.0, "2019-06-10 18:01"),
                # An older date that comes late is no news.
                ("OFR_FSI", "2019-06-04", 3.0, "2019-06-13 18:00"),
                ("NFCI", "2019-06-07", -0.5, "2019-06-12 08:30"),
                ("STLFSI4", "2019-06-07", 0.0, "2019-06-13 18:00"),
                ("SOFR", "2019-06-07", 9.0, "2019-06-07 18:00"),
            ]
        ),
    )
    ofr = found["ofr_fsi"]
    assert ofr["2019-06-03":"2019-06-06"].isna().all()
    assert ofr["2019-06-07":"2019-06-10"].to_list() == [1, 1]
    assert ofr["2019-06-11":"2019-06-21"].to_list() == [2] * 9
    assert set(found.loc["2019-06-11":"2019-06-21", "ofr_fsi_date"]) == {pd.Timestamp("2019-06-06")}
    # 15 days after 6 June is a Friday, 30 days after 7 June a Sunday.
    assert ofr["2019-06-24":].isna().all()
    assert found.loc[found["nfci"].notna()].index[[0, -1]].to_list() == [
        pd.Timestamp(f"2019-{day}") for day in ("06-12", "07-05")
    ]
    assert found["stlfsi4"].first_valid_index() == pd.Timestamp("2019-06-13")
    assert (found["stlfsi4"].dropna() == 0).all()
    assert found["anfci"].isna().all()
    reasons = found["inputs_missing"].str.split(", ").map(lambda given: [one for one in given if one.endswith("days")])
    assert reasons["2019-06-21"] == ["ANFCI of the last 30 days"]
    assert reasons["2019-06-24"] == ["OFR_FSI of the last 15 days", "ANFCI of the last 30 days"]


def test_without_prices_there_are_no_rows() -> None:
    assert filled(market().iloc[:0], published([("NFCI", "2019-06-07", -0.5, "2019-06-12 08:30")])).empty


@settings(max_examples=3, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(725, 798), hole=st.integers(0, 795), late=st.integers(0, 260))
def test_the_future_never_changes_a_past_row(seed: int, cut: int, hole: int, late: int) -> None:
    """Bit for bit, whether the future is cut off or another one."""
    returns = market(seed)
    returns.iloc[hole : hole + 3, 4] = np.nan
    returns.iloc[:late, 1] = np.nan
    series = published(
        [("NFCI", "2022-04-08", 0.1, "2022-04-13 08:30"), ("NFCI", "2022-07-01", 9.9, "2022-07-06 08:30")]
    )
    is_known = series["available_at"] <= pd.Timestamp(DAYS[cut] + pd.Timedelta(hours=18)).tz_localize(
        "America/New_York"
    )
    restated = series.assign(series_value=series["series_value"].where(is_known, -1))
    whole = filled(returns, series).iloc[: cut + 1]
    made_up = returns.copy()
    made_up.iloc[cut + 1 :] *= -3
    for future, numbers in ((returns.iloc[: cut + 1], series[is_known]), (made_up, restated)):
        pd.testing.assert_frame_equal(filled(future, numbers).iloc[: cut + 1], whole, check_exact=True)


def test_the_picture_shows_two_years_and_marks_turbulent_sessions() -> None:
    days = pd.DatetimeIndex(DAYS[:3])
    rows = pd.DataFrame({"session": days, "turbulence_rank_756d": [0.2, 0.97, 0.5]})
    for low, value, high in BANDS:
        rows = rows.assign(**{low: 0.4, value: 0.5, high: 0.6})
    figure = systemic.picture(lambda _: rows)
    assert figure is not None
    distances, ranks, ratios = figure.axes
    assert np.asarray(ranks.lines[1].get_ydata()).tolist() == [0.97]
    assert [len(np.asarray(axes.lines[0].get_ydata())) for axes in (distances, ratios)] == [3, 3]
    assert systemic.picture(lambda _: rows.assign(turbulence=np.nan)) is None
    assert systemic.picture(lambda _: rows.head(0)) is None
