"""indicators.vol_panic: percentile ranks against pandas, the index and its band by hand, and what is missing."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pytest

from assets.indicators.vol_panic import picture
from tests.sql.given import Bar, bars, build, calendar, frame_of, sessions

COUNT = 640
WINDOW = 504
# A window counts as full with 95 % of its sessions.
ENOUGH = 479
# The chain's own skew needs fewer.
A_YEAR = 252
DAYS = sessions("2023-06-01", COUNT)
RANKS = ["vix_rank", "vvix_rank", "vix_term_rank", "skew_rank"]
INDICES = {"VIX": 20.0, "VIX3M": 22.0, "VVIX": 95.0, "SKEW": 140.0}
# What is missing while there is no chain, and until there are two years of the index.
NO_CHAIN, NO_HISTORY = "skew of the option chain", "two years of panic_3"


def computed(rows: Iterable[Bar], smiles: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table's rows by session."""
    given = {"indicators.option_smile": pd.DataFrame() if smiles is None else smiles}
    connection = build(rows, "indicators.vol_panic", given=given)
    return frame_of(connection, "from indicators.vol_panic order by session").set_index("session")


def smiles_of(skews: pd.Series, underlying: str = "SPX", reading: str = "close") -> pd.DataFrame:
    """Rows of indicators.option_smile, known at the decision time of their sessions."""
    decided = calendar().set_index("session")["decision_at"].loc[skews.index].to_numpy()
    rows = pd.DataFrame({"session": skews.index, "skew_30d": skews.to_numpy(), "available_at": decided})
    return rows.assign(underlying=underlying, reading=reading)


def closes(seed: int, days: list[pd.Timestamp] = DAYS) -> pd.DataFrame:
    """Random closes of the four indices by session, rounded so that many tie."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {name: (level * np.exp(random.normal(0, 0.2, len(days)))).round(1) for name, level in INDICES.items()},
        index=pd.DatetimeIndex(days),
    )


def skews(seed: int) -> pd.Series:
    """Random skews of the option chain by session."""
    return pd.Series(np.random.default_rng(seed).normal(0.35, 0.05, COUNT).round(3), pd.DatetimeIndex(DAYS))


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


def ranked(values: pd.Series, enough: int = ENOUGH) -> pd.Series:
    """What pandas makes of the same definition."""
    return values.rolling(WINDOW, min_periods=enough).rank(method="max", pct=True).where(values.notna())


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
    assert (found["grade"], found["vol_panic_method"]) == ("B", "panic_3")
    assert found["inputs_missing"] == f"{NO_CHAIN}, {NO_HISTORY}"


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
    assert found.loc[gap, "inputs_missing"] == f"VIX / VIX3M, {NO_CHAIN}, {NO_HISTORY}"
    assert found.loc[after, lost].notna().all()


def test_a_session_without_any_of_the_indices_still_has_its_row() -> None:
    of = closes(6).drop(DAYS[-4])
    found = computed(delivered(of))
    assert found.index.to_list() == DAYS
    assert found.loc[DAYS[-4]].drop(["grade", "inputs_missing"]).isna().all()
    assert found.loc[DAYS[-4], "inputs_missing"] == f"VIX, VVIX, VIX / VIX3M, SKEW, {NO_CHAIN}, {NO_HISTORY}"


def test_without_skew_the_index_stands_and_its_band_rests_on_three_components() -> None:
    of = closes(7).drop(columns="SKEW")
    last = computed(delivered(of)).iloc[-1]
    assert np.isnan(last["panic_4"])
    assert last["vol_panic_lo"] == pytest.approx(max(last["vol_panic"] - 0.3, 0))
    assert last["vol_panic_hi"] == pytest.approx(min(last["vol_panic"] + 0.5, 10))
    assert last["inputs_missing"] == f"SKEW, {NO_CHAIN}, {NO_HISTORY}"


def test_a_missing_vix_takes_the_baseline_with_it() -> None:
    last = computed(delivered(closes(8).drop(columns="VIX"))).iloc[-1]
    assert last[["vix", "panic_vix_only", "vol_panic", "vol_panic_lo", "vol_panic_hi"]].isna().all()
    assert last["inputs_missing"] == f"VIX, VIX / VIX3M, {NO_CHAIN}, {NO_HISTORY}"


# The chain's own skew


def test_with_a_year_of_its_own_skew_the_index_has_four_components() -> None:
    of, own = closes(10), skews(11)
    # A month without a chain, and one session near the end.
    own.iloc[400:420] = np.nan
    own.iloc[-2] = np.nan
    found = computed(delivered(of), smiles_of(own.dropna()))
    expected = ranked(own, A_YEAR)
    np.testing.assert_allclose(found["chain_skew_rank"], expected, rtol=0, atol=1e-12)
    four = 10 * expected_ranks(of).iloc[:, :3].assign(chain=expected).mean(axis=1, skipna=False)
    np.testing.assert_allclose(found["panic_4_chain"], four, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["vol_panic"], four.fillna(found["panic_3"]), rtol=0, atol=1e-12)
    methods = np.where(four.notna(), "panic_4_chain", np.where(found["panic_3"].notna(), "panic_3", ""))
    assert found["vol_panic_method"].fillna("").to_list() == methods.tolist()
    assert found["vol_panic_method"].iloc[-3:].to_list() == ["panic_4_chain", "panic_3", "panic_4_chain"]
    variants = found[["panic_3", "panic_4", "panic_4_chain"]]
    low, high = (variants.min(axis=1) - 0.3).clip(lower=0), (variants.max(axis=1) + 0.5).clip(upper=10)
    np.testing.assert_allclose(found["vol_panic_lo"], low, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["vol_panic_hi"], high, rtol=0, atol=1e-12)
    assert (found["inputs_missing"].iloc[-2], found["inputs_missing"].iloc[-1]) == (
        f"{NO_CHAIN}, {NO_HISTORY}",
        NO_HISTORY,
    )


@pytest.mark.parametrize(("count", "is_there"), [(A_YEAR - 1, False), (A_YEAR, True)])
def test_the_rank_of_the_chain_begins_with_its_252nd_session(count: int, is_there: bool) -> None:
    # Two years of every other session: the window holds 252 of them at the most.
    own = skews(12).iloc[::-2].iloc[:count]
    last = computed(delivered(closes(13)), smiles_of(own)).iloc[-1]
    assert pd.notna(last["chain_skew_rank"]) == is_there
    assert (last["vol_panic_method"] == "panic_4_chain") == is_there
    if not is_there:
        assert last["inputs_missing"] == f"a year of the option chain's skew, {NO_HISTORY}"


@pytest.mark.parametrize("which", ["SPY", "settled", "late", "without a skew"])
def test_only_the_skew_of_the_index_known_at_the_close_counts(which: str) -> None:
    underlying, reading = ("SPY" if which == "SPY" else "SPX"), ("settled" if which == "settled" else "close")
    rows = smiles_of(skews(14), underlying, reading)
    if which == "late":
        rows["available_at"] += pd.Timedelta(seconds=1)
    if which == "without a skew":
        rows["skew_30d"] = np.nan
    found = computed(delivered(closes(15)), rows)
    assert found[["chain_skew", "chain_skew_rank", "panic_4_chain"]].isna().all(axis=None)
    assert found["vol_panic"].equals(found["panic_3"].rename("vol_panic"))


# Against its own past


def test_the_index_is_ranked_among_its_own_values() -> None:
    days = sessions("2021-10-01", 2 * WINDOW + 10)
    of = closes(16, days)
    # Three extremes at once, twice, in different components' order.
    of.loc[days[-1], ["VIX", "VVIX", "VIX3M"]] = [90.0, 900.0, 30.0]
    found = computed(delivered(of))
    np.testing.assert_allclose(found["vol_panic_rank"], ranked(found["panic_3"].round(9)), rtol=0, atol=1e-12)
    first = found["vol_panic_rank"].first_valid_index()
    assert first == days[2 * (ENOUGH - 1)]
    assert found["vol_panic_rank"].iloc[-1] == 1
    assert NO_HISTORY not in found["inputs_missing"].iloc[-1]


# The picture


def test_the_picture_shows_the_index_in_its_band_and_its_components() -> None:
    connection = build(
        delivered(closes(17)), "indicators.vol_panic", given={"indicators.option_smile": smiles_of(skews(18))}
    )
    figure = picture(lambda query: frame_of(connection, query))
    assert figure is not None
    index, ranks = figure.axes
    assert [line.get_label() for line in index.lines] == ["vol_panic", "VIX alone"]
    assert len(ranks.lines) == 4
    assert picture(lambda _: frame_of(connection, "from indicators.vol_panic limit 0")) is None
