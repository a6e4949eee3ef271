"""indicators.baskets: what it makes of given returns, and of members that come, go or are missing."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.indicators import baskets
from tests.sql.given import build, frame_of, inputs, sessions

COUNT = 330
DAYS = pd.DatetimeIndex(sessions("2024-06-03", COUNT))
NAMES = [f"S{n}" for n in range(8)]
UP_AND_DOWN = np.array([0.0] * 70 + [0.02] * 30 + [-0.02] * 20 + [0.0] * (COUNT - 120))
NEEDED = (
    *("indicators.basket_returns", "indicators.bitcoin_returns", "reference.baskets", "reference.basket_members"),
    *("staging.member_prices", "staging.prices"),
)


def market(seed: int = 1) -> pd.DataFrame:
    """Returns of eight stocks with a common part, the fund, its comparator and bitcoin, (sessions, names)."""
    random = np.random.default_rng(seed)
    common = 0.02 * random.standard_normal(COUNT)
    columns = {name: common + 0.02 * random.standard_normal(COUNT) for name in NAMES}
    columns |= {"QQQ": 0.5 * common, "QTUM": common, "IBIT": common + 0.01 * random.standard_normal(COUNT)}
    return pd.DataFrame(columns, index=DAYS)


def filled(returns: pd.DataFrame) -> pd.DataFrame:
    """The rows of one basket, quantum, that holds the stocks there are equally every session."""
    days = returns.index
    names = [name for name in map(str, returns) if name.startswith("S")]
    spells = pd.DataFrame({"basket": "quantum", "symbol": names, "side": "long", "weight_rule": "equal_daily"})
    basket = returns[names].mean(axis=1).rename("basket_return")
    of = pd.DataFrame({"session": days, "basket": "quantum", "basket_return": basket.to_numpy(), "grade": "C"})
    # As indicators.basket_returns has it: a stretch begins after each session without a return.
    began = pd.Series(days, index=days).where(basket.notna()).groupby(basket.isna().cumsum()).transform("min")
    of["index_began"] = began.to_numpy()
    long = returns.rename_axis("session").reset_index().melt("session", var_name="symbol", value_name="total_return")
    long = long.dropna()
    given = {
        "reference.basket_members": spells.assign(valid_from=DAYS[0], why="any"),
        "indicators.basket_returns": of,
        "indicators.bitcoin_returns": pd.DataFrame({"session": days, "bitcoin_return": returns["IBIT"].to_numpy()}),
        "staging.member_prices": long[long["symbol"].isin(names)],
        "staging.prices": long[~long["symbol"].isin(names)],
    }
    connection = build(until=NEEDED, given=given)
    return baskets.fill(inputs(partial(frame_of, connection))).rows.set_index("session")


@pytest.fixture(scope="module")
def whole() -> pd.DataFrame:
    """The rows of the whole market."""
    return filled(market())


def test_returns_drawdown_and_correlations(whole: pd.DataFrame) -> None:
    returns = market().assign(basket=market()[NAMES].mean(axis=1)).map(np.log1p)
    row, last = whole.iloc[-1], returns.iloc[-63:]
    assert row["basket_return_21d_pct"] == pytest.approx(100 * np.expm1(returns["basket"].iloc[-21:].sum()))
    level = returns["basket"].cumsum()
    assert row["basket_drawdown_pct"] == pytest.approx(100 * np.expm1(level.iloc[-1] - level.iloc[-252:].max()))
    assert row["basket_corr_63d_qqq"] == pytest.approx(last["basket"].corr(last["QQQ"]))
    assert row["basket_corr_63d_bitcoin"] == pytest.approx(last["basket"].corr(last["IBIT"]))
    assert row["basket_corr_63d_comparator"] == pytest.approx(last["basket"].corr(last["QTUM"]))
    assert row["basket_beta_63d_qqq"] == pytest.approx(last["basket"].cov(last["QQQ"]) / last["QQQ"].var())
    matrix = market()[NAMES].iloc[-63:].corr().to_numpy()
    assert row["pairwise_corr_63d"] == pytest.approx(matrix[np.triu_indices(8, 1)].mean())


def test_legs_run_from_the_trough_to_the_peak_and_on_to_the_session() -> None:
    found = filled(pd.DataFrame(dict.fromkeys([*NAMES, "QQQ", "QTUM", "IBIT"], UP_AND_DOWN), index=DAYS))
    rising, falling = found.iloc[99], found.iloc[119]
    assert rising["trough_to_peak_pct"] == pytest.approx(100 * (1.02**30 - 1))
    assert (rising["is_rising"], rising["peak_to_date_pct"]) == (True, 0)
    assert (rising["peak_session"], falling["peak_session"]) == (DAYS[99], DAYS[99])
    assert falling["trough_to_peak_pct"] == rising["trough_to_peak_pct"] == pytest.approx(falling["rise_63d_pct"])
    assert falling["peak_to_date_pct"] == pytest.approx(100 * (0.98**20 - 1)) == pytest.approx(falling["fall_63d_pct"])
    assert not falling["is_rising"]
    # Equal levels are equal, whatever was summed to get there.
    assert (found[["peak_to_date_pct", "fall_63d_pct"]].dropna() <= 0).all(axis=None)
    # A rise of 14 % is none yet.
    assert np.isnan(found.iloc[76]["trough_to_peak_pct"])
    # All stocks did the same, so that it does not matter which are drawn.
    assert falling["trough_to_peak_lo_pct"] == pytest.approx(falling["trough_to_peak_hi_pct"])


def test_the_band_is_what_the_choice_of_members_makes(whole: pd.DataFrame) -> None:
    known = whole.dropna(subset=["rise_63d_pct"])
    moved = known["rise_63d_pct"] > 0
    assert (known["rise_63d_lo_pct"] < known["rise_63d_hi_pct"])[moved].all()
    inside = known["rise_63d_pct"].between(known["rise_63d_lo_pct"], known["rise_63d_hi_pct"])
    assert inside.mean() > 0.9


@pytest.mark.parametrize(
    ("hole", "without"), [(80, ["trough_to_peak", "rise_63d"]), (105, ["peak_to_date", "fall_63d"])]
)
def test_a_leg_has_a_band_if_eight_stocks_returned_on_each_of_its_sessions(hole: int, without: list[str]) -> None:
    returns = pd.DataFrame(dict.fromkeys([*NAMES, "QQQ", "QTUM", "IBIT"], UP_AND_DOWN), index=DAYS)
    returns.loc[DAYS[hole], NAMES[0]] = np.nan
    row = filled(returns).loc[DAYS[119]]
    for leg in ("trough_to_peak", "peak_to_date", "rise_63d", "fall_63d"):
        assert np.isfinite(row[f"{leg}_pct"])
        ends = [bool(np.isnan(row[f"{leg}_{end}_pct"])) for end in ("lo", "hi")]
        assert ends == [leg in without] * 2, leg


def test_seven_stocks_have_no_band(whole: pd.DataFrame) -> None:
    fewer = filled(market().drop(columns=NAMES[0]))
    assert whole["rise_63d_lo_pct"].notna().any()
    assert fewer.filter(regex="_(lo|hi)_pct$").isna().all(axis=None)
    # A leg of no session would have a band of no width.
    assert (fewer["peak_to_date_pct"] == 0).any()


@pytest.mark.parametrize("cut", [100, 250])
def test_who_is_listed_later_changes_nothing(cut: int) -> None:
    returns = market()
    # Between the others by name, so that it stands among them.
    returns["S35"] = returns["S3"].where(returns.index >= DAYS[280])
    then, later = filled(returns.iloc[:cut]), filled(returns).iloc[:cut]
    assert later["rise_63d_lo_pct"].notna().any()
    pd.testing.assert_frame_equal(then, later, check_exact=True)


def test_the_future_changes_nothing(whole: pd.DataFrame) -> None:
    other = market()
    other.iloc[250:] = market(seed=2).iloc[250:]
    pd.testing.assert_frame_equal(filled(other).iloc[:250], whole.iloc[:250], check_exact=True)


def test_nothing_spans_a_session_without_a_return() -> None:
    returns = market()
    returns.loc[DAYS[260], NAMES] = np.nan
    found = filled(returns).iloc[260:]
    assert found["rise_63d_pct"].isna().to_numpy().nonzero()[0].tolist() == list(range(63))
    assert found["trough_to_peak_pct"].iloc[:63].isna().all()
    assert found["basket_drawdown_pct"].isna().all()
    assert found["pairwise_corr_63d"].isna().to_numpy().nonzero()[0].tolist() == list(range(63))
    assert found["inputs_missing"].notna().all()


def test_a_member_that_ends_or_comes_late_drops_out_of_crowding() -> None:
    returns = market()
    returns.loc[DAYS[200] :, "S0"] = np.nan
    returns.loc[: DAYS[200], "S1"] = np.nan
    found = filled(returns)["pairwise_corr_63d"]
    matrix = market()[NAMES[2:]].iloc[160:223].corr().to_numpy()
    assert found.iloc[222] == pytest.approx(matrix[np.triu_indices(6, 1)].mean())
    matrix = market()[NAMES[1:]].iloc[-63:].corr().to_numpy()
    assert found.iloc[-1] == pytest.approx(matrix[np.triu_indices(7, 1)].mean())
