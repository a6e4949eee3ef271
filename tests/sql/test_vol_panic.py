"""indicators.vol_panic: percentile ranks against pandas, the index and its band by hand, and what is missing."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import Bar, bars, build, frame_of, sessions

COUNT = 640
WINDOW = 504
# A window counts as full with 95 % of its sessions.
ENOUGH = 479
DAYS = sessions("2023-06-01", COUNT)
RANKS = ["vix_rank", "vvix_rank", "vix_term_rank", "skew_rank"]
INDICES = {"VIX": 20.0, "VIX3M": 22.0, "VVIX": 95.0, "SKEW": 140.0}


def computed(rows: Iterable[Bar]) -> pd.DataFrame:
    """The table's rows by session."""
    connection = build(rows, "indicators.vol_panic")
    return frame_of(connection, "from indicators.vol_panic order by session").set_index("session")


def closes(seed: int) -> pd.DataFrame:
    """Random closes of the four indices by session, rounded so that many tie."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: (level * np.exp(random.normal(0, 0.2, COUNT))).round(1) for name, level in INDICES.items()},
        index=pd.DatetimeIndex(DAYS),
    )


def delivered(of: pd.DataFrame) -> list[Bar]:
    """A bar for each close that is there."""
    return [row for name in of for row in bars(str(name), of[name].dropna().index, of[name].dropna().to_list())]


def levels(count: int, last: Mapping[str, float]) -> pd.DataFrame:
    """Closes that rise by one hundredth a session and end as given."""
    rising = {name: level + np.arange(count) / 100 for name, level in INDICES.items()}
    of = pd.DataFrame(rising, index=pd.DatetimeIndex(DAYS[:count]))
    # A constant VIX3M leaves the ratio to VIX.
    of["VIX3M"] = INDICES["VIX3M"]
    of.iloc[-1] = pd.Series(last)
    return of


def ranked(values: pd.Series) -> pd.Series:
    """What pandas makes of the same definition."""
    return values.rolling(WINDOW, min_periods=ENOUGH).rank(method="max", pct=True).where(values.notna())


def expected_ranks(of: pd.DataFrame) -> pd.DataFrame:
    """Ranks of the four components."""
    inputs = of.assign(ratio=of["VIX"] / of["VIX3M"])
    renamed = {"VIX": "vix_rank", "VVIX": "vvix_rank", "ratio": "vix_term_rank", "SKEW": "skew_rank"}
    return pd.DataFrame({rank: ranked(inputs[name]) for name, rank in renamed.items()})


@pytest.mark.parametrize("holes", [0, 0.03], ids=["complete", "with missing closes"])
def test_ranks_are_those_of_pandas(holes: float) -> None:
    of = closes(1)
    of = of.mask(np.random.default_rng(2).random(of.shape) < holes)
    found = computed(delivered(of))
    assert found.index.to_list() == DAYS
    np.testing.assert_allclose(found[RANKS], expected_ranks(of)[RANKS], rtol=0, atol=1e-12)
    assert found["vix_rank"].notna().any()


def test_the_index_is_ten_times_the_mean_rank() -> None:
    of = closes(3)
    found = computed(delivered(of))
    ranks = expected_ranks(of).to_numpy()
    three, four = 10 * ranks[:, :3].mean(axis=1), 10 * ranks.mean(axis=1)
    for name, values in {
        "panic_vix_only": 10 * ranks[:, 0],
        "panic_3": three,
        "panic_4": four,
        "vol_panic": three,
        "vol_panic_lo": np.maximum(np.minimum(three, four) - 0.3, 0),
        "vol_panic_hi": np.minimum(np.maximum(three, four) + 0.5, 10),
    }.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12, err_msg=name)


def test_ranks_and_index_by_hand() -> None:
    # After 503 sessions that rise by 0.01, the last closes stand above 403, 251, all and none of them.
    last = {"VIX": 20.0 + 4.025, "VIX3M": 22.0 / 2, "VVIX": 95.0 + 2.505, "SKEW": 100.0}
    found = computed(delivered(levels(WINDOW, last))).iloc[-1]
    assert found["vix_term_ratio"] == pytest.approx(24.025 / 11)
    assert found[RANKS].to_list() == pytest.approx([404 / 504, 252 / 504, 1, 1 / 504])
    assert found["vol_panic"] == pytest.approx(10 * (404 + 252 + 504) / 504 / 3)
    assert found["panic_4"] == pytest.approx(10 * (404 + 252 + 504 + 1) / 504 / 4)
    assert found["vol_panic_lo"] == pytest.approx(found["panic_4"] - 0.3)
    assert found["vol_panic_hi"] == pytest.approx(found["panic_3"] + 0.5)
    assert found["grade"] == "B"
    assert pd.isna(found["inputs_missing"])


def test_the_band_stays_between_0_and_10() -> None:
    quiet = computed(delivered(levels(WINDOW, {"VIX": 1, "VIX3M": 22, "VVIX": 1, "SKEW": 1}))).iloc[-1]
    wild = computed(delivered(levels(WINDOW, {"VIX": 99, "VIX3M": 22, "VVIX": 999, "SKEW": 999}))).iloc[-1]
    assert (quiet["vol_panic_lo"], wild["vol_panic"], wild["vol_panic_hi"]) == (0, 10, 10)


def test_the_window_holds_504_sessions_and_not_one_more() -> None:
    of = levels(WINDOW + 1, {"VIX": 20.5, "VIX3M": 22, "VVIX": 95, "SKEW": 140})
    of.iloc[0, 0] = 10.0
    assert computed(delivered(of))["vix_rank"].iloc[-1] == pytest.approx(51 / 504)
    of.iloc[1, 0] = 99.0
    assert computed(delivered(of))["vix_rank"].iloc[-1] == pytest.approx(50 / 504)


def test_the_window_counts_sessions_and_not_rows() -> None:
    of = levels(WINDOW + 20, {"VIX": 20.0, "VIX3M": 22, "VVIX": 95, "SKEW": 140})
    of.iloc[:20, 0] = 10.0
    of.iloc[100:120, 0] = np.nan
    assert computed(delivered(of))["vix_rank"].iloc[-1] == pytest.approx(1 / (504 - 20))


def test_there_is_no_rank_before_the_window_is_95_percent_full() -> None:
    found = computed(delivered(closes(4)))
    assert found["vix_rank"].isna().to_list() == [True] * (ENOUGH - 1) + [False] * (COUNT - ENOUGH + 1)
    assert found["vol_panic"].isna().equals(found["vix_rank"].isna())


def test_a_missing_close_is_null_on_its_session_alone_and_named() -> None:
    of = closes(5)
    gap, after = DAYS[-3], DAYS[-2]
    of.loc[gap, "VIX3M"] = np.nan
    found = computed(delivered(of))
    assert found.index.to_list() == DAYS
    lost = ["vix_term_ratio", "vix_term_rank", "panic_3", "panic_4", "vol_panic", "vol_panic_lo", "vol_panic_hi"]
    assert found.loc[gap, lost].isna().all()
    assert found.loc[gap, ["vix", "vix_rank", "vvix_rank", "skew_rank", "panic_vix_only"]].notna().all()
    assert found.loc[gap, "inputs_missing"] == "VIX / VIX3M"
    assert found.loc[after, lost].notna().all()


def test_a_session_without_any_of_the_indices_still_has_its_row() -> None:
    of = closes(6).drop(DAYS[-4])
    found = computed(delivered(of))
    assert found.index.to_list() == DAYS
    assert found.loc[DAYS[-4]].drop(["grade", "inputs_missing"]).isna().all()
    assert found.loc[DAYS[-4], "inputs_missing"] == "VIX, VVIX, VIX / VIX3M, SKEW"


def test_without_skew_the_index_stands_and_its_band_rests_on_three_components() -> None:
    of = closes(7).drop(columns="SKEW")
    last = computed(delivered(of)).iloc[-1]
    assert np.isnan(last["panic_4"])
    assert last["vol_panic_lo"] == pytest.approx(max(last["vol_panic"] - 0.3, 0))
    assert last["vol_panic_hi"] == pytest.approx(min(last["vol_panic"] + 0.5, 10))
    assert last["inputs_missing"] == "SKEW"


def test_a_missing_vix_takes_the_baseline_with_it() -> None:
    last = computed(delivered(closes(8).drop(columns="VIX"))).iloc[-1]
    assert last[["vix", "panic_vix_only", "vol_panic", "vol_panic_lo", "vol_panic_hi"]].isna().all()
    assert last["inputs_missing"] == "VIX, VIX / VIX3M"
