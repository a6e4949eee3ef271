"""regime.daily: sub-scores, danger and label by hand, and what a missing input does to them."""

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, frame_of, sessions

COUNT = 504
DAYS = sessions("2023-06-01", COUNT + 10)
MIDDLE = 252


def panic(values: dict[pd.Timestamp, tuple[float, float, float]]) -> pd.DataFrame:
    """Rows of indicators.vol_panic: the index and its band."""
    names = ["vol_panic", "vol_panic_lo", "vol_panic_hi"]
    return pd.DataFrame.from_dict(values, orient="index", columns=names).rename_axis("session").reset_index()


def ranges(count: int = COUNT, rank: int = MIDDLE, half: float = 0.0) -> pd.DataFrame:
    """Rows of indicators.trading_range: 1, 2, 3 ... in some order, so that the last has the rank."""
    values = [float(value) for value in range(1, count + 1) if value != rank] + [float(rank)]
    centre = pd.Series(values[:count])
    of = {"range_5d_pct": centre, "range_5d_lo_pct": centre - half, "range_5d_hi_pct": centre + half}
    return pd.DataFrame({"session": DAYS[:count], "symbol": "SPX", **of})


def closes(values: dict[pd.Timestamp, float], source: str = "vendor") -> pd.DataFrame:
    """Rows of staging.prices for the S&P 500."""
    return pd.DataFrame({"session": list(values), "symbol": "SPX", "close": list(values.values()), "source": source})


def computed(panics: pd.DataFrame, of_ranges: pd.DataFrame, spx: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table's rows by session."""
    given = {
        "staging.prices": closes(dict.fromkeys(DAYS[:COUNT], 100.0)) if spx is None else spx,
        "indicators.vol_panic": panics,
        "indicators.trading_range": of_ranges,
    }
    connection = build(until="regime.daily", given=given)
    return frame_of(connection, "from regime.daily order by session").set_index("session")


LAST = DAYS[COUNT - 1]
NO_RANGES = ranges(0)


def test_danger_is_the_mean_by_grade() -> None:
    last = computed(panic({LAST: (8.0, 7.0, 9.0)}), ranges(half=50.5)).iloc[-1]
    # Volatility panic is graded B and counts 0.75, the range A and counts 1.
    assert (last["s_panic"], last["s_range"]) == pytest.approx((0.8, 252 / 504))
    assert last["danger"] == pytest.approx((0.75 * 0.8 + 0.5) / 1.75)
    # 252 - 50.5 stands above 201 of the 504 ranges, 252 + 50.5 above 302.
    assert last["danger_lo"] == pytest.approx((0.75 * 0.7 + 201 / 504) / 1.75)
    assert last["danger_hi"] == pytest.approx((0.75 * 0.9 + 302 / 504) / 1.75)
    assert (last["weight_share"], last["label"], last["grade"], bool(last["simulated"])) == (1, "fragile", "B", False)
    assert pd.isna(last["inputs_missing"])


@pytest.mark.parametrize(
    ("vol_panic", "label"),
    [
        (0.0, "calm"),
        (1.49, "calm"),
        (1.51, "normal"),
        (4.99, "normal"),
        (5.0, "fragile"),
        (8.49, "fragile"),
        (8.51, "dangerous"),
        (10.0, "dangerous"),
    ],
)
def test_labels_change_at_their_thresholds(vol_panic: float, label: str) -> None:
    # Beside a range in the middle, 1.5, 5 and 8.5 make a danger of 0.35, 0.5 and 0.65.
    assert computed(panic({LAST: (vol_panic, 0, 10)}), ranges())["label"].iloc[-1] == label


@pytest.mark.parametrize(("count", "there"), [(478, False), (479, True)])
def test_the_range_is_ranked_once_95_percent_of_the_window_is_there(count: int, there: bool) -> None:
    days = closes(dict.fromkeys(DAYS[:count], 100.0))
    last = computed(panic({DAYS[count - 1]: (5.0, 4.0, 6.0)}), ranges(count, 100), days).iloc[-1]
    assert pd.notna(last["s_range"]) == there
    assert not there or last["s_range"] == pytest.approx(100 / count)


def test_the_range_is_ranked_within_504_sessions_and_not_rows() -> None:
    more = ranges(COUNT + 10, 200)
    spx = closes(dict.fromkeys(DAYS[: COUNT + 10], 100.0))
    last = computed(panic({}), more, spx).iloc[-1]
    assert last["s_range"] == pytest.approx((200 - 10) / 504)
    # Without 20 of the ranges the window still begins where it did.
    more.loc[100:119, "range_5d_pct"] = np.nan
    lost = 200 - 10 - 20
    assert computed(panic({}), more, spx).iloc[-1]["s_range"] == pytest.approx(lost / (504 - 20))


@pytest.mark.parametrize(
    ("has_panic", "has_range", "share", "missing"),
    [
        (True, False, 0.75 / 1.75, "trading_range of SPX"),
        (False, True, 1 / 1.75, "vol_panic"),
        (False, False, 0, "vol_panic, trading_range of SPX"),
    ],
)
def test_danger_needs_60_percent_of_the_weight(has_panic: bool, has_range: bool, share: float, missing: str) -> None:
    of_ranges = ranges()
    panics = panic({DAYS[COUNT - 2]: (5.0, 4.0, 6.0)} | ({LAST: (5.0, 4.0, 6.0)} if has_panic else {}))
    if not has_range:
        of_ranges.loc[COUNT - 1, "range_5d_pct"] = np.nan
    last = computed(panics, of_ranges).loc[LAST]
    assert last[["danger", "danger_lo", "danger_hi", "label"]].isna().all()
    assert last["weight_share"] == pytest.approx(share)
    assert last["inputs_missing"] == missing


def test_only_the_range_of_the_index_counts() -> None:
    of_ranges = pd.concat([ranges(), ranges(rank=1).assign(symbol="NDX")])
    assert computed(panic({}), of_ranges)["s_range"].iloc[-1] == pytest.approx(0.5)


def test_every_session_from_the_first_sub_score_has_its_row() -> None:
    first, lost, last = DAYS[3], DAYS[5], DAYS[7]
    scores = dict.fromkeys((first, DAYS[4], DAYS[6], last), (5.0, 4.0, 6.0))
    spx = closes({day: 100.0 for day in DAYS[:8] if day != lost})
    found = computed(panic(scores), NO_RANGES, spx)
    assert found.index.to_list() == DAYS[3:8]
    assert found.loc[lost, ["spx_close", "spx_drawdown_pct", "s_panic", "s_range", "danger"]].isna().all()
    assert found.loc[lost, "weight_share"] == 0
    assert found.loc[lost, "inputs_missing"] == "SPX, vol_panic, trading_range of SPX"


def test_a_session_without_the_index_has_its_danger_still() -> None:
    spx = closes(dict.fromkeys(DAYS[: COUNT + 1], 100.0)).drop(index=COUNT - 1)
    row = computed(panic({LAST: (5.0, 4.0, 6.0)}), ranges(), spx).loc[LAST]
    assert row["danger"] == pytest.approx(0.5)
    assert row["inputs_missing"] == "SPX"


def test_the_drawdown_is_that_from_the_highest_close_so_far() -> None:
    spx = dict(zip(DAYS[:7], [100.0, 120.0, 90.0, 96.0, 120.0, 150.0, 135.0], strict=True))
    found = computed(panic(dict.fromkeys(DAYS[2:7], (5.0, 4.0, 6.0))), NO_RANGES, closes(spx))
    # The high of 120 stands before the first row of the table.
    assert found["spx_drawdown_pct"].to_list() == pytest.approx([-25, -20, 0, 0, -10])
    assert found["spx_close"].to_list() == [90, 96, 120, 150, 135]


def test_a_simulated_market_is_called_simulated() -> None:
    spx = closes({DAYS[0]: 100.0}, source="simulated")
    found = computed(panic({DAYS[0]: (5.0, 4.0, 6.0)}), NO_RANGES, spx)
    assert found["simulated"].to_list() == [True]
