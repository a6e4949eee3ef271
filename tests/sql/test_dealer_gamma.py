"""indicators.dealer_gamma on a desk's scale: intercept, band, probability, E-minis and zeros of given profiles."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from tests.sql.given import CONVENTION, build, frame_of, sessions

COUNT = 300
DAYS = sessions("2024-06-03", COUNT)
GRID = np.arange(90, 110.1, 0.25)
SIGMA = 4.0
CALIBRATION = {
    "method_version": ["2020-01", "2020-02", "2020-03"],
    "sign_convention": [CONVENTION, CONVENTION, "all_short"],
    "slope": [9.0, 0.08, 9.0],
    "default_intercept_bn": [9.0, 2.5, 9.0],
    "intercept_sessions": [9, 252, 9],
    "desk_sigma_bn": [9.0, SIGMA, 9.0],
}
Values = Sequence[float] | NDArray[np.float64]


def computed(
    ge5: Values,
    comparator: Mapping[pd.Timestamp, float] | None = None,
    *,
    spot: float = 5350.0,
    underlying: str = "SPX",
    readings: Sequence[str] = ("close",),
    profile: Values | None = None,
    convention: str = CONVENTION,
) -> pd.DataFrame:
    """The table's rows by session from what is given for consecutive sessions.

    Args:
        ge5: Net gamma of the only expiry, a month away.
        comparator: SqueezeMetrics' gamma, in billions.
        spot: Spot of every session.
        underlying: The underlying.
        readings: The readings of every session.
        profile: Gamma along the grid, of every session.
        convention: What dealers are assumed to hold.
    """
    keys = pd.DataFrame(
        [(day, reading, f"{day} {reading}") for day in DAYS[: len(ge5)] for reading in readings],
        columns=["session", "reading", "snapshot_id"],
    )
    chains = keys.assign(underlying=underlying, spot=spot, available_at=pd.Timestamp("2020-01-01", tz="UTC"))
    expiry = chains.assign(
        sign_convention=convention,
        expiry_bucket="month",
        days_to_expiry=30,
        net_gamma_bn=np.repeat(ge5, len(readings)),
        call_gamma_bn=500.0,
        put_gamma_bn=500.0,
        net_vanna_bn=0.0,
        net_charm_bn=0.0,
        contracts_open=1,
        contracts_filled=0,
        is_expired=False,
        rate=0.04,
        forward=spot,
    )
    points = chains.merge(pd.DataFrame({"spot_pct": GRID, "of": GRID if profile is None else profile}), how="cross")
    figures = pd.Series(comparator or {}, dtype=float) * 1e9
    given = {
        "staging.option_readings": chains,
        "staging.option_expiries": expiry[["snapshot_id", "contracts_open", "is_expired", "rate", "forward"]],
        "staging.series": pd.DataFrame(
            {"series_id": "SQUEEZEMETRICS_GEX", "series_date": figures.index, "series_value": figures.to_numpy()}
        ),
        "indicators.gamma_by_expiry": expiry.drop(columns=["spot", "is_expired", "rate", "forward"]),
        "indicators.gamma_by_strike": pd.DataFrame(),
        "indicators.gamma_profile": points.assign(
            gamma_sticky_strike_bn=points["of"], gamma_sticky_moneyness_bn=-points["of"]
        ).drop(columns=["of", "spot"]),
        "reference.gamma_calibration": pd.DataFrame(CALIBRATION),
    }
    connection = build(until="indicators.dealer_gamma", given=given, convention=convention)
    return frame_of(connection, "from indicators.dealer_gamma order by session, reading").set_index("session")


def drawn(seed: int, count: int = COUNT) -> NDArray[np.float64]:
    """Gamma of consecutive sessions, to the nearest 1000 dollars as the table has it."""
    return np.random.default_rng(seed).normal(20, 40, count).round(6)


def test_the_desks_scale_is_the_newest_line_of_the_convention() -> None:
    found = computed([-50.0, 0.0, 85.78125])
    assert set(found["method_version"]) == {"2020-02"}
    assert found["intercept_bn"].to_list() == [2.5] * 3
    assert found["gex_sm_equiv_bn"].to_list() == pytest.approx([-1.5, 2.5, 9.3625])
    assert found["gex_desk_lo_bn"].to_list() == pytest.approx([-1.5 - 5.12, 2.5 - 5.12, 9.3625 - 5.12])
    assert found["gex_desk_hi_bn"].to_list() == pytest.approx([-1.5 + 5.12, 2.5 + 5.12, 9.3625 + 5.12])
    assert found["sm_gex_bn"].isna().all()


def test_9_36_billion_at_5350_are_35_000_e_minis() -> None:
    # 35,000 contracts of 50 dollars a point are 1,750,000 index units, at 5,350 points 9.3625 billion dollars.
    assert computed([85.78125])["es_contracts_per_1pct"].to_list() == pytest.approx([35_000])
    assert computed([-200.0])["es_contracts_per_1pct"].iloc[0] < 0


def test_p_negative_is_the_normal_distribution() -> None:
    ge5 = np.linspace(-320, 320, COUNT).round(6)
    found = computed(ge5)
    assert found["gex_sm_equiv_bn"].to_numpy() == pytest.approx(0.08 * ge5 + 2.5)
    np.testing.assert_allclose(found["p_negative"], norm.cdf(-(0.08 * ge5 + 2.5) / SIGMA), rtol=0, atol=1e-6)
    assert found["p_negative"].between(0, 1).all()
    assert computed([-2.5 / 0.08])["p_negative"].to_list() == pytest.approx([0.5], abs=1e-6)


def expected_intercepts(ge5: NDArray[np.float64], comparator: pd.Series) -> pd.Series:
    """Mean difference over the 252 sessions before, where there are 20 of them."""
    difference = comparator.reindex(DAYS) - 0.08 * pd.Series(ge5, index=DAYS)
    return difference.shift(1).rolling(252, min_periods=20).mean().fillna(2.5)


@pytest.mark.parametrize("holes", [0.0, 0.3], ids=["every session", "with missing sessions"])
def test_the_intercept_follows_the_comparator_over_the_sessions_before(holes: float) -> None:
    ge5 = drawn(1)
    figures = pd.Series(drawn(2) / 10, index=DAYS)
    figures = figures[np.random.default_rng(3).random(COUNT) >= holes]
    found = computed(ge5, dict(zip(figures.index, figures, strict=True)))
    intercepts = expected_intercepts(ge5, figures)
    np.testing.assert_allclose(found["intercept_bn"], intercepts, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["gex_sm_equiv_bn"], 0.08 * ge5 + intercepts, rtol=0, atol=1e-9)
    pd.testing.assert_series_equal(
        found["sm_gex_bn"].dropna(), figures, check_names=False, check_index_type=False, check_freq=False
    )


def test_the_intercept_knows_neither_its_own_session_nor_a_later_one() -> None:
    ge5 = drawn(4, 60)
    figures = dict(zip(DAYS, drawn(5, 60) / 10, strict=False))
    cut = 40
    changed = {day: value + (day >= DAYS[cut]) * 100 for day, value in figures.items()}
    names = ["intercept_bn", "gex_sm_equiv_bn", "gex_desk_lo_bn", "p_negative"]
    one, other = computed(ge5, figures)[names], computed(ge5, changed)[names]
    pd.testing.assert_frame_equal(one.iloc[: cut + 1], other.iloc[: cut + 1], check_exact=True)
    assert (one["intercept_bn"].iloc[cut + 1 :] < other["intercept_bn"].iloc[cut + 1 :]).all()


def test_the_intercept_needs_20_sessions() -> None:
    figures = dict.fromkeys(DAYS[:21], 1.0)
    assert computed([10.0] * 22, figures)["intercept_bn"].to_list() == pytest.approx([2.5] * 20 + [0.2] * 2)


def test_both_readings_of_a_session_have_the_intercept_of_the_close_readings_before() -> None:
    ge5, figures = drawn(6, 50), dict(zip(DAYS, drawn(7, 50) / 10, strict=False))
    found = computed(ge5, figures, readings=("close", "settled"))
    alone = computed(ge5, figures)
    for reading in ("close", "settled"):
        of = found[found["reading"] == reading]["intercept_bn"]
        np.testing.assert_allclose(of, alone["intercept_bn"], rtol=1e-12, err_msg=reading)


def test_only_the_index_has_a_desks_scale() -> None:
    found = computed([10.0], dict.fromkeys(DAYS[:1], 1.0), underlying="IWM")
    names = ["sm_gex_bn", "intercept_bn", "gex_sm_equiv_bn", "gex_desk_lo_bn", "gex_desk_hi_bn", "p_negative"]
    assert found[[*names, "es_contracts_per_1pct"]].isna().all(axis=None)
    assert found["grade"].to_list() == ["C"]


def test_a_convention_without_a_line_has_no_desks_scale() -> None:
    [row] = computed([10.0], dict.fromkeys(DAYS[:1], 1.0), convention="another").to_dict("records")
    assert (row["gex_naive_bn"], row["sm_gex_bn"], row["sign_convention"]) == (10, 1, "another")
    names = ["intercept_bn", "gex_sm_equiv_bn", "gex_desk_lo_bn", "gex_desk_hi_bn", "p_negative"]
    assert np.isnan([row[name] for name in [*names, "es_contracts_per_1pct"]]).all()
    assert row["method_version"] == "none for this sign convention"


def straight(*knots: tuple[float, float]) -> NDArray[np.float64]:
    """A profile that is straight between knots, which lie on the grid."""
    at, of = zip(*knots, strict=True)
    values: NDArray[np.float64] = np.interp(GRID, at, of)
    return values


# With the zero in percent of spot.
PROFILES: dict[str, tuple[NDArray[np.float64], float | None]] = {
    "between two spots": (GRID - 97.6, 97.6),
    "on a spot of the grid": (GRID - 97.5, 97.5),
    "at spot": (GRID - 100.0, 100.0),
    "falling": (104.1 - GRID, 104.1),
    "touched at the lower end": (GRID - 90.0, None),
    "touched at the upper end": (110.0 - GRID, None),
    "touched at spot": (np.abs(GRID - 100.0), None),
    "beyond the lower end": (GRID - 89.9, None),
    "beyond the upper end": (GRID - 110.1, None),
    "nearest of three": (straight((90, -1), (98, 1), (104.5, -1), (110, 1)), 101.25),
    "as near on both sides": (straight((90, 1), (99, 1), (100, -1), (101, 1), (110, 1)), 99.5),
}


@pytest.mark.parametrize(("profile", "zero"), PROFILES.values(), ids=PROFILES)
def test_the_flip_is_where_the_profile_is_zero(profile: NDArray[np.float64], zero: float | None) -> None:
    row = computed([10.0], profile=profile, spot=5000.0).iloc[0]
    level = np.nan if zero is None else 50 * zero
    assert row["flip_level"] == pytest.approx(level, nan_ok=True)
    assert row["flip_level_moneyness"] == pytest.approx(level, nan_ok=True)
    assert row["dist_to_flip_pct"] == pytest.approx(100 * (5000 / level - 1), nan_ok=True, abs=1e-9)
    sign = "positive" if profile.sum() > 0 else "negative"
    assert (zero is None) == (row["flip_reason"] == f"{sign} from 10 % below to 10 % above spot")
    assert (zero is None) == pd.notna(row["flip_reason"])
