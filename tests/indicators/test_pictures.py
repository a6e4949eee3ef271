"""The pictures on asset pages: what they mark, and nothing drawn where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from assets.indicators import (
    breadth,
    cta_flows,
    cta_pivots,
    dealer_gamma,
    gamma_profile,
    liquidity,
    vol_control,
    vol_control_flows,
    vol_panic,
)

PROFILE = pd.DataFrame(
    {
        "session": pd.Timestamp("2025-11-21"),
        "reading": "close",
        "sign_convention": "calls_long_puts_short",
        "spot_pct": [90.0, 95.0, 100.0, 105.0, 110.0],
        "spot_level": [5400.0, 5700.0, 6000.0, 6300.0, 6600.0],
        "gamma_sticky_strike_bn": [-3.0, -1.0, 1.0, 2.0, 0.0],
        "gamma_sticky_moneyness_bn": [0.0, 0.0, 1.0, 2.0, 1.0],
    }
)


def test_a_zero_is_where_the_sign_changes_and_not_where_the_profile_has_faded_out() -> None:
    figure = gamma_profile.picture(lambda _: PROFILE)
    assert figure is not None
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == [
        "volatility fixed by strike: zero at 5,850",
        "fixed by strike / spot: no zero",
        "spot 6,000.00",
    ]


@pytest.mark.parametrize("picture", [gamma_profile.picture, dealer_gamma.picture], ids=["profile", "history"])
def test_without_a_chain_there_is_no_picture(picture: object) -> None:
    nothing = PROFILE.assign(gex_sm_equiv_bn=np.nan).head(0)
    assert picture(lambda _: nothing) is None  # type: ignore[operator]


def test_pivots_are_drawn_with_the_sessions_below_the_short_term_one() -> None:
    levels = {"st": 100.0, "mt": 95.0, "lt": 90.0}
    rows = pd.DataFrame(
        [
            (pd.Timestamp(day), horizon, close, level, level - 1, level + 1, close < level)
            for day, close in (("2025-11-20", 101.0), ("2025-11-21", 98.0))
            for horizon, level in levels.items()
        ],
        columns=["session", "horizon", "close", "pivot_level", "pivot_lo", "pivot_hi", "is_below"],
    )
    figure = cta_pivots.picture(lambda _: rows)
    assert figure is not None
    [axes] = figure.axes
    assert [line.get_label() for line in axes.lines] == [
        "close",
        "short term 100",
        "medium term 95",
        "long term 90",
        "below the short-term pivot",
    ]
    assert np.asarray(axes.lines[-1].get_ydata()).tolist() == [98.0]


def test_flows_are_drawn_by_scenario_and_over_time() -> None:
    rows = pd.DataFrame(
        [
            (pd.Timestamp(day), length, scenario, flow * length, flow * length - 1, flow * length + 1)
            for day in ("2025-11-20", "2025-11-21")
            for length in (5, 21)
            for scenario, flow in (("flat", -1.0), ("up", 1.0), ("down", -2.0))
        ],
        columns=["session", "flow_sessions", "scenario", "flow_global_bn", "flow_global_lo_bn", "flow_global_hi_bn"],
    )
    figure = cta_flows.picture(lambda _: rows)
    assert figure is not None
    now, year = figure.axes
    assert [bar.get_height() for bar in now.patches if isinstance(bar, Rectangle)] == [-5, 5, -10, -21, 21, -42]
    assert [np.asarray(line.get_ydata()).tolist() for line in year.lines[:2]] == [[-5, -5], [-21, -21]]


def test_depth_is_drawn_with_the_score_and_what_vix_does_not_explain() -> None:
    rows = pd.DataFrame({"session": pd.to_datetime(["2025-11-21", "2025-11-20"]), "amihud_residual_z": [-0.9, -1.0]})
    for name, values in {"top_of_book{}_usd_mn": [6.6, 5.4], "liq_stress{}": [7.0, 6.2]}.items():
        for end, factor in {"": 1.0, "_lo": 0.6, "_hi": 1.3}.items():
            rows[name.format(end)] = np.multiply(values, factor)
    figure = liquidity.picture(lambda _: rows)
    assert figure is not None
    drawn = [np.asarray(axes.lines[-1].get_ydata()).tolist() for axes in figure.axes]
    assert drawn == [[5.4, 6.6], [6.2, 7.0], [-1.0, -0.9]]


def test_breadth_is_drawn_for_both_averages() -> None:
    rows = pd.DataFrame({"session": pd.to_datetime(["2025-11-21", "2025-11-20"]), "advance_decline_line": [21, 20]})
    for name, value in {"above_50d": 41.5, "above_200d": 56.1}.items():
        rows = rows.assign(**{f"{name}_pct": value, f"{name}_lo_pct": value - 1, f"{name}_hi_pct": value + 1})
    figure = breadth.picture(lambda _: rows)
    assert figure is not None
    shares, line = figure.axes
    assert [curve.get_label() for curve in shares.lines] == ["50 sessions", "200 sessions"]
    assert np.asarray(line.lines[0].get_ydata()).tolist() == [20, 21]


@pytest.mark.parametrize(
    "picture",
    [
        breadth.picture,
        cta_flows.picture,
        cta_pivots.picture,
        liquidity.picture,
        vol_control.picture,
        vol_control_flows.picture,
        vol_panic.picture,
    ],
)
def test_without_rows_there_is_no_picture(picture: object) -> None:
    assert picture(lambda _: PROFILE.head(0)) is None  # type: ignore[operator]
