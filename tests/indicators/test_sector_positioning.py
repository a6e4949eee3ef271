"""What fills indicators.sector_positioning: windows, cohorts and their gaps, holdings, consensus, no look-ahead."""

from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.container import ErrorbarContainer

from assets.indicators import sector_positioning
from assets.models.simulated_market import index_mix, simulate
from assets.models.simulated_positioning import FUNDS, TILTS
from assets.models.style import decay, influence, sampling_deviation, style
from assets.sources.sessions import DECISION_TIME, at_new_york
from tests.sql.given import build, frame_of, inputs, instruments, sessions, tables

NAME = "indicators.sector_positioning"
DAYS = sessions("2024-01-02", 400)
COUNT, FULL = 150, 120
HEDGE = ["GURU", "GVIP", "QLEIX"]
MUTUAL = [symbol for symbol, cohort in FUNDS.items() if cohort == "mutual_funds"]
LISTED = instruments().set_index("symbol")
SECTORS = LISTED.loc[LISTED["role"] == "sector", "sector"].sort_index()
TRUE = pd.Series([2, 11, 3, 13, 8, 34, 5, 2, 2, 10, 10], SECTORS.index) / 100
NO_REPORTS = pd.DataFrame({"holder": [], "cohort": [], "report_date": [], "available_at": [], "sector": []})
NUMBERS = ["weight_pct", "benchmark_weight_pct", "active_wt_pp", "active_wt_lo_pp", "active_wt_hi_pp"]


def market(seed: int = 1, count: int = COUNT) -> pd.DataFrame:
    """Returns by date of sectors, SPY and funds: hedge funds hold less technology and more health care than SPY."""
    random = np.random.default_rng(seed)
    own = 0.006 * random.standard_t(5, (count, len(SECTORS))) + 0.007 * random.standard_t(5, (count, 1))
    returns = pd.DataFrame(own, pd.DatetimeIndex(DAYS[:count], name="date"), SECTORS.index.tolist())
    tilt = 0.06 * ((TRUE.index == "XLV").astype(float) - (TRUE.index == "XLK"))
    noise = random.standard_normal((count, len(FUNDS) + 1)) * 0.001
    funds = {"SPY": own @ TRUE.to_numpy() + noise[:, -1] / 4}
    for n, symbol in enumerate(FUNDS):
        held = 0.5 if symbol == "QLEIX" else 1.0
        funds[symbol] = held * own @ (TRUE + tilt * (symbol in HEDGE)).to_numpy() + noise[:, n]
    return returns.assign(**funds)


def placed(returns: pd.DataFrame) -> pd.DataFrame:
    """Rows of staging.prices: a net asset value stands on the session after its date, on which SPY has a bar too."""
    if "SPY" in returns:
        returns = returns.reindex([*returns.index, DAYS[len(returns)]])
        returns.loc[DAYS[len(returns) - 1], "SPY"] = 0.0
    rows = returns.rename_axis("date").melt(var_name="symbol", value_name="total_return", ignore_index=False)
    rows = rows.reset_index()
    after = dict(pairwise(DAYS))
    is_fund = rows["symbol"].map(LISTED["class"]) == "fund"
    rows["session"] = rows["date"].where(~is_fund, rows["date"].map(after))
    return rows.dropna(subset="total_return")


def filled(
    prices: pd.DataFrame, reports: pd.DataFrame = NO_REPORTS, cohorts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The table's rows by cohort, method, session and sector, which are as its header says."""
    header = tables()[NAME].header
    given = {"staging.prices": prices, "staging.holdings_sectors": reports}
    if cohorts is not None:
        given["reference.cohorts"] = cohorts
    found = sector_positioning.fill(inputs(partial(frame_of, build(until=header.reads or (), given=given)))).rows
    if found.empty:
        return found
    assert set(found) == set(header.columns)
    assert not found.duplicated(header.grain).any()
    for name, said in header.columns.items():
        known = found[name].dropna()
        assert said.nullable or len(known) == len(found), name
        assert said.max is None or (known <= said.max).all(), name
        assert said.allowed is None or set(known) <= set(said.allowed), name
    has_band = found["active_wt_lo_pp"].notna()
    assert has_band.eq(found["active_wt_pp"].notna() & ((found["method"] != "holdings") | (found["funds"] > 1))).all()
    there = found[has_band]
    assert (there["active_wt_lo_pp"] <= there["active_wt_pp"]).all()
    assert (there["active_wt_pp"] <= there["active_wt_hi_pp"]).all()
    assert there["active_wt_pp"].to_numpy() == pytest.approx(there["weight_pct"] - there["benchmark_weight_pct"])
    assert found.loc[found["active_wt_pp"].isna(), "inputs_missing"].notna().all()
    return found.set_index(["cohort", "method", "session", "sector"]).sort_index()


@cache
def usual() -> pd.DataFrame:
    """The table of the usual market."""
    return filled(placed(market()))


def part(found: pd.DataFrame, *key: object) -> pd.DataFrame:
    """The rows of a cohort, or of one of its methods, or of a session of that."""
    located: Any = found.loc
    return pd.DataFrame(located[key])


def newest(found: pd.DataFrame, method: str) -> pd.DataFrame:
    """The newest session's rows of a method, by cohort and sector."""
    return pd.DataFrame(found.xs((method, DAYS[COUNT]), level=("method", "session")))


def test_a_session_has_the_style_of_the_window_up_to_the_date_before() -> None:
    returns, found = market(), usual()
    began = part(found, "hedge_funds", "style").index.get_level_values("session")
    assert began.unique().tolist() == DAYS[FULL:COUNT] + DAYS[COUNT : COUNT + 1]
    for n in (FULL, 140, COUNT):
        window = returns.iloc[max(n - 126, 0) : n]
        recent = decay(126, 42)[-len(window) :]
        recent = recent / recent.sum()
        sectors = window[SECTORS.index].to_numpy()[None]
        funds = window[["SPY", *HEDGE]].to_numpy()[None]
        fitted = style(funds, sectors, recent[None], np.array([True, True, True, False]))
        exposure = fitted.weights[0].sum(axis=1)
        shares = fitted.weights[0] / exposure[:, None]
        own = part(found, "hedge_funds", "style", DAYS[n]).loc[SECTORS]
        assert own["weight_pct"].to_numpy() == pytest.approx(100 * shares[1:].mean(axis=0))
        assert own["benchmark_weight_pct"].to_numpy() == pytest.approx(100 * shares[0])
        assert own["net_exposure"].to_numpy() == pytest.approx(exposure[1:].mean())
        assert own["style_r2"].to_numpy() == pytest.approx(fitted.r2[0, 1:].mean())
        assert (own["funds"] == 3).all()
        if len(window) == 126:
            left = fitted.errors / exposure
            moved = influence(sectors, left @ [-1, 1 / 3, 1 / 3, 0], recent[None])
            moved += influence(sectors, left @ [0, 0, 0, 1 / 3], recent[None], shares[[3]])
            wide = sampling_deviation(moved, recent[None], 10)[0]
            ends = own["active_wt_hi_pp"] - own["active_wt_pp"]
            assert ends.to_numpy() == pytest.approx(100 * 1.2816 * wide)
    assert part(found, "hedge_funds", "style", DAYS[COUNT])["inputs_missing"].isna().all()


@pytest.mark.parametrize("method", ["style", "kalman"])
def test_a_tilt_is_found_by_both_methods_and_for_the_cohort_that_has_it(method: str) -> None:
    active = newest(usual(), method)["active_wt_pp"]
    assert active["hedge_funds", "Information Technology"] == pytest.approx(-6, abs=2.5)
    assert active["hedge_funds", "Health Care"] == pytest.approx(6, abs=2.5)
    assert part(active.to_frame(), "mutual_funds")["active_wt_pp"].abs().max() < 2.5


def test_a_fund_with_too_short_a_history_is_named_and_left_out() -> None:
    returns = market(2)
    late, gaps = returns.copy(), returns.copy()
    late.loc[DAYS[5] :, "GVIP"] = returns["GVIP"].where(returns.index >= DAYS[25])
    late.loc[: DAYS[25], "GVIP"] = np.nan
    gaps.loc[DAYS[60:66], "GVIP"] = np.nan
    without = part(filled(placed(returns.drop(columns="GVIP"))), "hedge_funds", "style")
    found = part(filled(placed(late)), "hedge_funds", "style")
    early = found.loc[: DAYS[145]]
    assert set(early["inputs_missing"]) == {"GVIP"}
    assert set(early["funds"]) == {2}
    pd.testing.assert_frame_equal(early, without.loc[: DAYS[145]])
    # The dates from the 26th to the 145th are the first 120.
    assert found.loc[DAYS[146] :, "funds"].unique().tolist() == [3]
    # Six of 126 returns may be missing.
    assert part(filled(placed(gaps)), "hedge_funds", "style", DAYS[126])["funds"].unique().tolist() == [3]


def test_a_cohort_of_too_few_funds_has_no_estimate() -> None:
    returns = market(3)
    few = filled(placed(returns.drop(columns=MUTUAL[3:])))
    mutual = part(few, "mutual_funds", "style")
    assert mutual["active_wt_pp"].isna().all()
    assert set(mutual["funds"]) == {3}
    missing = ", ".join([*sorted(MUTUAL[3:]), "4 of the cohort's funds"])
    assert set(mutual["inputs_missing"]) == {missing}
    assert few["is_consensus"].isna().all()
    assert part(few, "hedge_funds", "style")["active_wt_pp"].notna().all()
    assert part(filled(placed(returns.drop(columns=MUTUAL[4:]))), "mutual_funds", "style")["active_wt_pp"].notna().all()


def test_values_of_the_evening_make_no_session_that_is_still_to_come() -> None:
    prices = placed(market())
    evening = prices[prices["date"] < DAYS[COUNT]]
    assert evening["session"].max() == DAYS[COUNT]
    assert filled(evening).index.get_level_values("session").max() == DAYS[COUNT - 1]


def test_a_fund_that_joins_later_asks_for_no_more_funds_before() -> None:
    prices = placed(market().drop(columns=MUTUAL[3:]))
    listed = frame_of(build(until=("reference.cohorts",)), "from reference.cohorts")
    late = listed["symbol"].isin(MUTUAL[3:])
    listed["valid_from"] = listed["valid_from"].mask(late, DAYS[140])
    found = part(filled(prices, cohorts=listed), "mutual_funds", "style")
    assert found.loc[: DAYS[140], "active_wt_pp"].notna().all()
    assert found.loc[DAYS[141] :, "active_wt_pp"].isna().all()
    assert found.loc[DAYS[141] :, "inputs_missing"].str.endswith("4 of the cohort's funds").all()


def test_a_date_without_a_sectors_return_teaches_the_filter_nothing() -> None:
    returns = market()
    gap, wild = returns.copy(), returns.copy()
    gap.loc[DAYS[140], "XLK"] = np.nan
    wild.loc[DAYS[140]] *= 5
    wild.loc[DAYS[140], "XLK"] = np.nan
    of = pd.IndexSlice[:, "kalman"]
    one, other = (filled(placed(rows)).loc[of, ["weight_pct", "benchmark_weight_pct"]] for rows in (gap, wild))
    pd.testing.assert_frame_equal(one, other)


def test_a_net_asset_value_that_came_late_is_left_out() -> None:
    prices, on_time = placed(market(4)), placed(market(4))
    late = (prices["symbol"] == "AGTHX") & (prices["date"] == DAYS[100])
    prices = prices.assign(
        session=prices["session"].mask(late, DAYS[102]), total_return=prices["total_return"].mask(late, 0.5)
    )
    pd.testing.assert_frame_equal(filled(prices), filled(on_time[~late]))


def test_a_sector_without_a_window_has_no_weight_and_the_others_share_it() -> None:
    returns = market(5)
    returns.loc[: DAYS[20], "XLC"] = np.nan
    found = part(filled(placed(returns)), "hedge_funds")
    for method in ("style", "kalman"):
        before = part(found, method, DAYS[130])
        assert before["active_wt_pp"].isna().tolist() == (before.index == "Communication Services").tolist()
        assert before["inputs_missing"].dropna().to_dict() == {"Communication Services": "XLC"}
        assert before[["weight_pct", "benchmark_weight_pct"]].sum().tolist() == pytest.approx([100, 100])
        assert part(found, method, DAYS[141])["active_wt_pp"].notna().all()
    fewer = market(5).drop(columns=["XLC", "XLRE", "XLU"])
    assert filled(placed(fewer)).empty


def test_without_the_benchmark_there_are_no_rows_and_a_gap_of_it_is_a_reason() -> None:
    returns = market(6)
    assert filled(placed(returns.drop(columns="SPY"))).empty
    assert filled(placed(returns.iloc[: FULL - 1])).empty
    gap = returns.copy()
    gap.loc[DAYS[122:130], "SPY"] = np.nan
    found = part(filled(placed(gap)), "hedge_funds", "style", DAYS[140])
    assert found["benchmark_weight_pct"].isna().all()
    assert found["inputs_missing"].str.endswith("SPY").all()


def frame_by_sector(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """One column of the rows, by session and sector."""
    return rows.reset_index().pivot_table(index="session", columns="sector", values=name)


def reports(rows: list[tuple[str, str, str, str, dict[str, float]]]) -> pd.DataFrame:
    """Rows of staging.holdings_sectors from holder, cohort, date, day on which it was known, and weights."""
    return pd.DataFrame(
        [
            {"holder": holder, "cohort": cohort, "report_date": pd.Timestamp(day), "sector": sector, "weight": weight}
            | {"available_at": at_new_york(pd.DatetimeIndex([known]), DECISION_TIME)[0], "placed": 0.9}
            for holder, cohort, day, known, weights in rows
            for sector, weight in weights.items()
        ]
    )


def test_holdings_are_the_newest_reports_known_and_not_too_old() -> None:
    technology, health = "Information Technology", "Health Care"
    found = filled(
        placed(market()),
        reports(
            [
                ("a", "hedge_funds", "2024-03-31", "2024-05-15", {technology: 0.4, health: 0.6}),
                ("b", "hedge_funds", "2024-03-31", "2024-05-15", {technology: 0.2, "Energy": 0.8}),
                # Known later than a newer one: no news.
                ("b", "hedge_funds", "2023-12-31", "2024-07-10", {technology: 1.0}),
                # An amendment, and the next quarter.
                ("a", "hedge_funds", "2024-03-31", "2024-07-01", {technology: 1.0}),
                ("b", "hedge_funds", "2024-06-30", "2024-07-30", {health: 1.0}),
                ("m", "mutual_funds", "2023-12-31", "2024-01-02", {health: 1.0}),
            ]
        ),
    )
    hedge: Any = part(found, "hedge_funds", "holdings")
    weights: Any = frame_by_sector(hedge, "weight_pct")
    assert weights.loc["2024-06-28", [technology, health, "Energy", "Utilities"]].tolist() == pytest.approx(
        [30, 30, 40, 0]
    )
    assert weights.loc["2024-07-12", [technology, health, "Energy"]].tolist() == pytest.approx([60, 0, 40])
    assert weights.loc["2024-07-30", [technology, health]].tolist() == pytest.approx([50, 50])
    assert hedge.loc["2024-07-12", "as_of_holdings_date"].unique() == pd.Timestamp("2024-03-31")
    assert set(hedge["funds"]) == {2}
    own = part(found, "hedge_funds", "style")["benchmark_weight_pct"]
    pd.testing.assert_series_equal(hedge["benchmark_weight_pct"], own)
    # 200 days after the end of 2023 is 18 July.
    mutual: Any = part(found, "mutual_funds", "holdings")
    assert set(mutual.loc["2024-07-19":, "inputs_missing"]) == {"reports of 200 days with a fifth in sectors"}
    assert mutual.loc["2024-07-19":, "weight_pct"].isna().all()
    # Two holders that are 20 points apart: a deviation of their mean of 10, and the benchmark's own error.
    technology_then = hedge.loc["2024-06-28", technology]
    half = technology_then["active_wt_hi_pp"] - technology_then["active_wt_pp"]
    assert 1.2816 * 10 < half < 1.05 * 1.2816 * 10
    # One holder tells no spread.
    alone = mutual.loc[:"2024-07-18"]
    assert alone["active_wt_pp"].notna().all()
    assert alone[["active_wt_lo_pp", "active_wt_hi_pp"]].isna().all(axis=None)
    assert set(alone["inputs_missing"]) == {"a second holder for a band"}


def test_a_report_with_little_of_it_in_sectors_counts_for_none() -> None:
    known = [("a", "hedge_funds", "2024-03-31", "2024-05-15", {"Energy": 1.0})]
    few = reports([("b", "hedge_funds", "2024-03-31", "2024-05-15", {"Utilities": 1.0})]).assign(placed=0.19)
    found = filled(placed(market()), pd.concat([reports(known), few], ignore_index=True))
    newest_reports = part(found, "hedge_funds", "holdings", DAYS[COUNT])
    assert newest_reports["weight_pct"].to_dict() == pytest.approx({**dict.fromkeys(SECTORS, 0.0), "Energy": 100.0})
    assert set(newest_reports["funds"]) == {1}


def test_consensus_is_both_cohorts_on_the_same_side_by_more_than_a_point() -> None:
    returns = market()
    same = returns.assign(**dict.fromkeys(MUTUAL, returns["GVIP"]))
    agreeing = newest(filled(placed(same)), "style")
    hedge, mutual = (part(agreeing, cohort)["active_wt_pp"] for cohort in TILTS)
    expected = ((hedge > 1) & (mutual > 1) | (hedge < -1) & (mutual < -1)).to_dict()
    assert [part(agreeing, cohort)["is_consensus"].to_dict() for cohort in TILTS] == [expected, expected]
    assert expected["Information Technology"]
    assert expected["Health Care"]
    assert not newest(usual(), "style")["is_consensus"].all()


@settings(max_examples=4, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(130, COUNT - 1), hole=st.integers(0, COUNT - 8))
def test_the_future_never_changes_a_past_row(seed: int, cut: int, hole: int) -> None:
    """Bit for bit, whether the future is cut off or another one; with a hole in a fund, a sector and the benchmark."""
    returns = market(seed)
    for n, symbol in enumerate(("GVIP", "XLF", "AGTHX", "SPY")):
        returns.loc[DAYS[hole] : DAYS[hole + n], symbol] = np.nan
    prices = placed(returns)
    filings = reports(
        [
            ("a", "hedge_funds", "2024-03-31", f"{DAYS[cut]:%Y-%m-%d}", {"Energy": 0.4, "Utilities": 0.6}),
            ("a", "hedge_funds", "2024-03-31", f"{DAYS[cut + 1]:%Y-%m-%d}", {"Energy": 1.0}),
        ]
    )
    later = prices["session"] > DAYS[cut]
    other = prices.assign(total_return=prices["total_return"].where(~later, -3 * prices["total_return"]))
    last = pd.IndexSlice[:, :, : DAYS[cut]]
    whole = filled(prices, filings).loc[last, :]
    assert len(whole)
    for future, known in ((prices[~later], filings.head(2)), (other, filings)):
        pd.testing.assert_frame_equal(filled(future, known).loc[last, :], whole, check_exact=True)


def test_the_simulated_tilts_are_recovered_in_sign() -> None:
    days = pd.DatetimeIndex(sessions("2018-01-02", 620))
    symbols = ["SPY", *SECTORS.index, *FUNDS]
    bars = simulate(days, LISTED.loc[symbols].reset_index(), seed=11).bars
    found = frame_of(
        build(bars.assign(source="simulated"), NAME),
        f"select cohort, method, sector, active_wt_pp, benchmark_weight_pct from {NAME} where active_wt_pp is not null",
    )
    mean = found.groupby(["method", "cohort", "sector"])["active_wt_pp"].mean()
    share = found["active_wt_pp"].gt(0).groupby([found[name] for name in ("method", "cohort", "sector")]).mean()
    for method in ("style", "kalman"):
        for cohort, tilts in TILTS.items():
            for sector, tilt in tilts.items():
                assert mean[method, cohort, sector] == pytest.approx(tilt, abs=2.5), (method, cohort, sector)
                assert abs(tilt) < 4 or (share[method, cohort, sector] > 0.5) == (tilt > 0), (method, cohort, sector)
    # What simulated holders report is set against the weights that the method finds for SPY.
    own = found[found["method"] == "style"].groupby("sector")["benchmark_weight_pct"].mean()
    assert (own - 100 * pd.Series(index_mix())).abs().mean() < 2


def test_the_picture_shows_both_cohorts_and_the_sectors_that_lean_most() -> None:
    rows = usual().reset_index().query("method == 'style' and session >= @DAYS[120]")
    figure = sector_positioning.picture(lambda _: rows)
    assert figure is not None
    now, low, high = figure.axes
    assert [box.get_label() for box in now.containers if isinstance(box, ErrorbarContainer)] == [
        "hedge funds",
        "mutual funds",
    ]
    assert (low.get_title(), high.get_title()) == ("Information Technology", "Health Care")
    assert [len(np.asarray(line.get_ydata())) for line in low.lines[::2]] == [31, 31]
    assert sector_positioning.picture(lambda _: rows.head(0)) is None
