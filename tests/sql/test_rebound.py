"""indicators.rebound: a day by hand, quality against numpy, what came of rebounds, and golden days of SPY."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy import stats

from tests.sql.given import Bar, Prices, bar, bars, build, frame_of, sessions

Array = npt.NDArray[np.float64]
COUNT = 420
DAYS = sessions("2023-01-03", COUNT)
DEFENSIVE, CYCLICAL = ("XLP", "XLU", "XLV"), ("XLY", "XLI", "XLB", "XLF")
ROWS = "from indicators.rebound order by session"
COMPONENTS = ("close_location", "retrace_ratio", "advance_share", "up_volume_share", "leadership", "vix_change")


def computed(rows: Sequence[Bar] | pd.DataFrame, breadth: pd.DataFrame | None = None) -> pd.DataFrame:
    """The table's rows, by session."""
    given = {"indicators.breadth": pd.DataFrame() if breadth is None else breadth}
    return frame_of(build(rows, "indicators.rebound", given=given), ROWS).set_index("session")


def spy(closes: Sequence[float | None], reach: float = 0.5) -> list[Bar]:
    """Bars of SPY that open at their close and reach as far above as below it; none where there is no close."""
    # A third equal bar in a row would count as stale.
    return [
        bar("SPY", DAYS[n], (close, close + reach + n % 2 / 1000, close - reach, close))
        for n, close in enumerate(closes)
        if close is not None
    ]


def flagged(flags: pd.Series) -> pd.Series:
    """The flags, False where they are not known."""
    return flags.eq(other=True).fillna(value=False).astype(bool)


def rebounds_of(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of rebound days."""
    return found[flagged(found["is_rebound_day"])]


def missing(found: pd.DataFrame, day: pd.Timestamp) -> list[str]:
    """What the row says is missing."""
    return str(found["inputs_missing"][day]).split(", ")


def test_a_day_by_hand() -> None:
    # The close before is 100 and a dividend of 1 is paid: 102 is 1.03 / 1 of it, so the net close before is 99.0291.
    day = (100.0, 104.0, 99.5, 102.0)
    rows = [*spy([100.0] * 72), bar("SPY", DAYS[72], (100, 103, 99, 100)), bar("SPY", DAYS[73], day, dividend=1.0)]
    funds = [row for name in (*DEFENSIVE, *CYCLICAL) for row in bars(name, DAYS[72:74], [50.0, 50.0])]
    funds[1] = {**funds[1], "close": 51.5}
    funds[-1] = {**funds[-1], "close": 49.0}
    breadth = pd.DataFrame({"session": DAYS[73:74], "advance_share_pct": 80.0, "up_volume_share_pct": 70.0})
    last = computed([*rows, *funds, *bars("VIX", DAYS[72:74], [26.4, 23.4])], breadth).iloc[-1]
    net = 102 / 1.03
    assert last["previous_close_net"] == pytest.approx(net)
    expected = {
        "gap_pct": 100 * (100 / net - 1),
        "up_pct": 100 * (104 / net - 1),
        "return_pct": 3,
        "fade_pct": 100 * 2 / net,
        "close_location": (2.5 - 2) / 4.5,
        "retrace_ratio": (102 - net) / 3,
        "drawdown_63d_pct": 0,
        "leadership_pct": 1 + 0.5,
        "vix_change": -3,
        "advance_share_pct": 80,
        "up_volume_share_pct": 70,
    }
    assert last[list(expected)].to_dict() == pytest.approx(expected)
    assert last[["is_reversal_day", "is_gap_reversal", "is_rebound_day", "is_failed_live"]].to_list() == [False] * 4
    assert (last["reversal_days_5d"], last["failed_rebounds"], last["grade"]) == (0, 0, "C")
    assert (
        last[["rebound_quality", "rebound_components", "failed_rebound_session", "held_rebound_session"]].isna().all()
    )
    assert pd.isna(last["inputs_missing"])


def test_a_rebound_comes_within_ten_sessions_of_a_drawdown() -> None:
    # 3 % down on session 70, up by 1 % twice within the 10 sessions and once after them.
    closes = [100.0] * 70 + [97.0] * 3 + [98.0] + [98.2] * 3 + [99.2] * 5 + [100.2, 101.4]
    found = computed(spy(closes))
    assert rebounds_of(found).index.to_list() == [DAYS[73], DAYS[77]]
    late = found.loc[DAYS[82] :, ["return_pct", "is_rebound_day"]]
    assert late["return_pct"].gt(0.75).all()
    assert not late["is_rebound_day"].any()
    # Early on a day may follow a drawdown that is not known.
    early = computed(spy([100, 100, 100, 101]))
    assert early["is_rebound_day"].isna().to_list() == [True, False, False, True]
    assert early["is_failed_live"].isna().to_list() == [True, False, False, True]
    assert "drawdowns of 10 sessions" in missing(early, DAYS[3])


REVERSALS = {
    "reversal": ((101.3, 101.6, 98.5, 98.9), True, False),
    "gap reversal": ((101.45, 101.49, 98.5, 99.5), False, True),
    "both": ((101.5, 102.0, 98.0, 98.5), True, True),
    "neither high enough": ((101.0, 101.4, 98.0, 98.5), False, False),
    "closed higher": ((101.5, 102.0, 99.0, 100.5), False, False),
}


@pytest.mark.parametrize(("day", "reversal", "gap_reversal"), REVERSALS.values(), ids=REVERSALS)
def test_reversal_days(day: Prices, *, reversal: bool, gap_reversal: bool) -> None:
    last = computed([*spy([100.0] * 6), bar("SPY", DAYS[6], day)]).iloc[-1]
    assert (last["is_reversal_day"], last["is_gap_reversal"]) == (reversal, gap_reversal)
    assert last["reversal_days_5d"] == int(reversal)


# Closes of the three sessions after a rebound to 98 whose low is 97; None for a session without a bar.
AFTERMATHS: Mapping[str, tuple[list[float | None], int | None, bool]] = {
    "held": ([98, 97.5, 97], None, True),
    "broken on the first": ([96, 99, 99], 0, False),
    "broken on the third, again on the fourth": ([98, 98, 96.9], 2, False),
    "broken twice": ([96, 98, 96], 0, False),
    "broken after a hole": ([None, 96, 99], 1, False),
    "not known to have held": ([98, None, 98], None, False),
}


@pytest.mark.parametrize(("closes", "broken", "held"), AFTERMATHS.values(), ids=AFTERMATHS)
def test_what_came_of_a_rebound_stands_on_the_session_that_tells(
    closes: list[float | None], broken: int | None, *, held: bool
) -> None:
    path = [*[100.0] * 70, 96.5, 98.0, *closes, 90.0]
    found = computed(spy(path, reach=1))
    rebound = DAYS[71]
    assert rebounds_of(found).index[0] == rebound
    failed = found.index[found["failed_rebound_session"] == rebound].to_list()
    assert failed == ([] if broken is None else [DAYS[72 + broken]])
    assert found.index[found["held_rebound_session"] == rebound].to_list() == ([DAYS[74]] if held else [])


def test_of_two_rebounds_that_fail_together_the_newest_is_named_and_both_count() -> None:
    path = [*[100.0] * 70, 95.0, 96.5, 97.5, 90.0]
    found = computed(spy(path))
    assert found["is_rebound_day"].iloc[[71, 72]].to_list() == [True, True]
    last = found.iloc[-1]
    assert (last["failed_rebound_session"], last["failed_rebounds"]) == (DAYS[72], 2)


def test_a_dividend_breaks_no_low() -> None:
    path = [*[100.0] * 70, 96.5, 98.0, 96.8, 97.2, 97.2]
    found = computed([{**row, "dividend": 0.5 * (n == 72)} for n, row in enumerate(spy(path, reach=1))])
    assert found["failed_rebounds"].sum() == 0
    assert found["held_rebound_session"].iloc[-1] == DAYS[71]


def market(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bars of a volatile market, dividends included, and its breadth from session 150 on."""
    random = np.random.default_rng(seed)
    late = DAYS[150:]
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.02, COUNT)))
    opens = np.append(100, closes[:-1]) * np.exp(random.normal(0, 0.005, COUNT))
    highs = np.maximum(opens, closes) * np.exp(np.abs(random.normal(0, 0.005, COUNT)))
    lows = np.minimum(opens, closes) * np.exp(-np.abs(random.normal(0, 0.005, COUNT)))
    names = ["open", "high", "low", "close"]
    spy = pd.DataFrame(np.column_stack([opens, highs, lows, closes]), columns=names).assign(symbol="SPY", date=DAYS)
    spy["dividend"] = np.where(np.arange(COUNT) % 60 == 0, 0.4, 0.0)
    frames = [spy]
    for symbol in (*DEFENSIVE, *CYCLICAL, "VIX"):
        path = 20 * np.exp(np.cumsum(random.normal(0, 0.01, COUNT)))
        frames.append(pd.DataFrame({"symbol": symbol, "date": DAYS, "close": path.round(2)}))
    shares = random.integers(0, 100, (2, len(late))).astype(float)
    breadth = pd.DataFrame({"session": late, "advance_share_pct": shares[0], "up_volume_share_pct": shares[1]})
    return pd.concat(frames, ignore_index=True).assign(source="vendor"), breadth


def expected_quality(found: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Number of ranks, their mean and half the width of its band, on each rebound day."""
    values = found[["close_location", "retrace_ratio", "advance_share_pct", "up_volume_share_pct"]].assign(
        leadership=-found["leadership_pct"], vix_change=-found["vix_change"]
    )
    ranks = values.expanding(min_periods=60).rank(method="max", pct=True).where(values.notna())
    count = ranks.notna().sum(axis=1)
    enough = count >= 3
    quantile = stats.t.ppf(0.9, np.where(enough, count - 1, 1))
    half = quantile * ranks.std(axis=1, ddof=0).to_numpy() / np.sqrt(np.maximum(count - 1, 1))
    return count.to_numpy(float), ranks.mean(axis=1).where(enough).to_numpy(), np.where(enough, half, np.nan)


def test_quality_is_the_mean_rank_among_rebounds_so_far() -> None:
    rows, breadth = market(1)
    found = computed(rows, breadth)
    rebounds = rebounds_of(found)
    count, quality, half = expected_quality(rebounds)
    assert set(count) == {0, 4, 6}
    assert rebounds["rebound_components"].to_list() == count.tolist()
    np.testing.assert_allclose(rebounds["rebound_quality"], quality, rtol=0, atol=1e-12)
    np.testing.assert_allclose(rebounds["rebound_quality_lo"], np.maximum(quality - half, 0), rtol=0, atol=2e-5)
    np.testing.assert_allclose(rebounds["rebound_quality_hi"], np.minimum(quality + half, 1), rtol=0, atol=2e-5)
    failed = rebounds["is_failed_live"]
    assert failed.isna().equals(rebounds["rebound_quality"].isna())
    assert failed[failed.notna()].tolist() == (rebounds["rebound_quality"].dropna() < 0.2).tolist()
    # On other days there is no quality, and nothing has failed.
    others = found[found["is_rebound_day"].eq(other=False)]
    assert (
        others[["rebound_quality", "rebound_quality_lo", "rebound_quality_hi", "rebound_components"]]
        .isna()
        .all(axis=None)
    )
    assert others["is_failed_live"].eq(other=False).all()
    first = rebounds["inputs_missing"].iloc[0]
    assert all(f"rank of {name}" in first for name in COMPONENTS)
    assert pd.isna(rebounds["inputs_missing"].iloc[-1])


def test_components_that_are_not_there_are_left_out_and_named() -> None:
    rows, _ = market(1)
    without_funds = computed(rows[~rows["symbol"].isin(CYCLICAL)])
    last = rebounds_of(without_funds).iloc[-1]
    assert last["rebound_components"] == 3
    assert pd.notna(last["rebound_quality"])
    assert last["inputs_missing"] == (
        "sector funds, advances, up volume, rank of advance_share, rank of leadership, rank of up_volume_share"
    )
    alone = computed(rows[rows["symbol"] == "SPY"])
    last = rebounds_of(alone).iloc[-1]
    assert last["rebound_components"] == 2
    assert last[["rebound_quality", "rebound_quality_lo", "rebound_quality_hi", "is_failed_live"]].isna().all()
    assert "VIX of the session or the one before" in last["inputs_missing"]


def test_a_missing_session_is_a_gap_and_a_flat_bar_has_no_place_for_its_close() -> None:
    rows = spy([*[100.0] * 70, None, *[100.0] * 9])
    rows[20] = bar("SPY", DAYS[20], (100, 100, 100, 100))
    found = computed(rows)
    assert found.index.to_list() == DAYS[:80]
    moves = ["gap_pct", "up_pct", "return_pct", "fade_pct", "retrace_ratio", "is_reversal_day", "previous_close_net"]
    assert found.index[found[moves].isna().all(axis=1)].to_list() == [DAYS[0], DAYS[70], DAYS[71]]
    assert found[moves].iloc[72].notna().all()
    assert found["reversal_days_5d"].isna().sum() == 5 + 6
    assert missing(found, DAYS[70])[:2] == ["SPY of the session or the one before", "63 closes of SPY"]
    assert np.isnan(found["close_location"][DAYS[20]])
    assert "range of SPY" in missing(found, DAYS[20])
    assert "fall from the high of the session before" in missing(found, DAYS[21])


@pytest.mark.parametrize("future", ["unknown", "different"])
def test_the_future_never_changes_a_past_row(future: str) -> None:
    rows, breadth = market(2)
    day = DAYS[350]
    past, later = rows[rows["date"] <= day], rows[rows["date"] > day]
    prices = ["open", "high", "low", "close", "dividend"]
    then = past if future == "unknown" else pd.concat([past, later.assign(**{n: later[n] * 1.7 for n in prices})])
    wide_then = breadth[breadth["session"] <= day] if future == "unknown" else breadth
    found = computed(then, wide_then)
    whole = computed(rows, breadth)
    assert whole["rebound_quality"][:day].notna().any()
    pd.testing.assert_frame_equal(found[:day], whole[:day], check_exact=True)


@pytest.fixture
def of_record(real: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The table on the real data."""
    return frame_of(real, ROWS).set_index("session")


def days_of(flags: pd.Series) -> list[str]:
    """The sessions that are flagged."""
    return [f"{day:%Y-%m-%d}" for day in flags.index[flagged(flags)]]


def test_the_reversal_days_of_spy(of_record: pd.DataFrame) -> None:
    assert days_of(of_record.loc["2009":"2025", "is_reversal_day"]) == [
        "2009-02-26",
        "2009-03-09",
        "2015-08-25",
        "2018-12-19",
        "2018-12-21",
        "2020-03-03",
        "2020-03-20",
        "2021-12-01",
        "2022-01-20",
        "2025-04-08",
        "2025-11-20",
    ]
    assert days_of(of_record.loc["2015":"2025", "is_gap_reversal"]) == [
        "2015-08-25",
        "2020-03-20",
        "2022-01-26",
        "2025-04-08",
        "2025-11-20",
    ]


def test_the_rebound_that_a_desk_called_failed_was_weak_and_held(of_record: pd.DataFrame) -> None:
    row = of_record[of_record.index == "2025-11-21"].iloc[0]
    values = row[["return_pct", "close_location", "fade_pct", "retrace_ratio"]].astype(float)
    assert values.round(2).to_list() == [1.0, 0.19, 0.85, 0.28]
    assert (row["is_rebound_day"], row["is_failed_live"]) == (True, False)
    assert pd.Timestamp("2025-11-21") not in of_record["failed_rebound_session"].to_list()
    assert of_record["held_rebound_session"]["2025-11-26"] == pd.Timestamp("2025-11-21")


def test_quality_at_the_close_hardly_foretells_failure(of_record: pd.DataFrame) -> None:
    # Why the grade is C: of days live-failed 6 of 13 broke their low within three sessions, of the others 3 in 10.
    rebounds = rebounds_of(of_record)
    assert len(rebounds) == of_record["failed_rebounds"].sum() + of_record["held_rebound_session"].notna().sum()
    outcome = rebounds.index.isin(of_record["failed_rebound_session"])
    known = rebounds["rebound_quality"].notna().to_numpy()
    low = rebounds["rebound_quality"].to_numpy()[known]
    statistic = stats.mannwhitneyu(low[~outcome[known]], low[outcome[known]]).statistic
    share = statistic / (outcome[known].sum() * (~outcome[known]).sum())
    assert 0.5 < share < 0.6
