"""The pictures on asset pages: the zeros they mark, and nothing drawn where there is no chain."""

import numpy as np
import pandas as pd
import pytest

from assets.indicators import dealer_gamma, gamma_profile

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
