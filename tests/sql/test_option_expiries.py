"""staging.option_expiries: when an expiry settles, what its forward is, and what its contracts add up to."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest

from assets.sources.option_chains import Snapshot
from tests.sql.chains import bill, moved, rows, skewed, snapshot
from tests.sql.given import Bar, build, frame_of

FRIDAY = pd.Timestamp("2025-11-21")
STRIKES = (90.0, 95.0, 100.0, 105.0, 110.0)
RATE = 0.04


def expiries(*snapshots: Snapshot, prices: Iterable[Bar] = ()) -> pd.DataFrame:
    """The rows of staging.option_expiries."""
    connection = build(prices, "staging.option_expiries", given={"raw.option_chains": rows(*snapshots)})
    return frame_of(connection, "from staging.option_expiries order by session, root, expiry")


@pytest.mark.parametrize(
    ("session", "root", "expiry", "settles_at", "days"),
    [
        ("2025-09-15", "SPX", "2025-09-19", "2025-09-19T13:30Z", 4 - 6.5 / 24),
        ("2025-09-15", "SPXW", "2025-09-19", "2025-09-19T20:00Z", 4),
        ("2025-09-15", "SPX", "2025-12-19", "2025-12-19T14:30Z", 95 - 5.5 / 24),
        ("2025-09-15", "SPXW", "2025-12-19", "2025-12-19T21:00Z", 95 + 1 / 24),
        ("2025-10-31", "SPXW", "2025-11-03", "2025-11-03T21:00Z", 3 + 1 / 24),
        ("2025-11-28", "SPXW", "2025-12-01", "2025-12-01T21:00Z", 3 + 3 / 24),
        ("2025-11-20", "SPX", "2025-11-21", "2025-11-21T14:30Z", 1),
        ("2025-11-20", "SPXW", "2025-11-21", "2025-11-21T21:00Z", 1),
        ("2025-11-20", "NDX", "2025-12-19", "2025-12-19T14:30Z", 29 - 6.5 / 24),
        ("2025-11-20", "IWM", "2025-12-19", "2025-12-19T21:00Z", 29),
    ],
    ids=[
        *("morning", "afternoon", "morning in winter", "afternoon in winter", "clocks go back", "half day"),
        *("next morning", "next afternoon", "Nasdaq", "fund"),
    ],
)
def test_an_expiry_settles_at_its_roots_time(
    session: str, root: str, expiry: str, settles_at: str, days: float
) -> None:
    underlying = {"SPXW": "SPX"}.get(root, root)
    [row] = expiries(snapshot(session, STRIKES, {root: [expiry]}, underlying=underlying)).to_dict("records")
    assert row["settles_at"] == pd.Timestamp(settles_at)
    assert row["years"] == pytest.approx(days / 365, abs=1e-12)
    assert not row["is_expired"]


@pytest.mark.parametrize("session", ["2025-11-21", "2025-11-28"], ids=["whole day", "half day"])
def test_what_expires_in_the_session_has_its_volume_and_no_value(session: str) -> None:
    of = snapshot(session, STRIKES, {"IWM": [session, "2025-12-19"]}, volume=7.0)
    gone, left = expiries(of).to_dict("records")
    assert (gone["is_expired"], left["is_expired"]) == (True, False)
    assert np.isnan([gone["years"], gone["forward"], gone["parity_error_pct"]]).all()
    assert (gone["call_volume"], gone["put_volume"], gone["contracts"], gone["pairs"]) == (35, 35, 10, 0)


@pytest.mark.parametrize("dividends", [0.0, 0.05])
@pytest.mark.parametrize("rate", [0.0, RATE])
def test_the_forward_comes_from_parity(rate: float, dividends: float) -> None:
    of = snapshot(
        FRIDAY,
        STRIKES,
        {"IWM": ["2025-12-19", "2026-06-19"]},
        iv=skewed,
        rate=rate,
        dividend_yield=dividends,
        spread=0.04,
    )
    found = expiries(of, prices=[bill(FRIDAY, rate)])
    assert found["forward"].to_numpy() == pytest.approx(100 * np.exp((rate - dividends) * found["years"]), rel=1e-12)
    assert found["rate"].to_numpy() == pytest.approx([rate, rate], abs=1e-12)
    assert found["parity_error_pct"].max() < 1e-9
    assert found["pairs"].to_list() == [5, 5]


def test_the_forward_is_that_of_the_strike_where_call_and_put_cost_the_same() -> None:
    # The call at 95 is quoted so that parity puts the forward at 101 there, while the strike of 100 has it at 100.
    of = snapshot(FRIDAY, STRIKES, {"IWM": ["2025-12-19"]}, change=lambda rows: moved(rows, "C", {95.0: 1.0}))
    [row] = expiries(of).to_dict("records")
    assert row["forward"] == pytest.approx(100)
    # Only the strikes of 100 and of 105 are within 5 % of the forward: no error at either, and none in the median.
    assert row["parity_error_pct"] == pytest.approx(0, abs=1e-9)


def test_the_parity_error_is_the_median_over_strikes_near_the_forward() -> None:
    near = (98.0, 99.0, 100.0, 101.0, 102.0)
    off = {90.0: 5.0, 98.0: 0.3, 99.0: 0.1, 101.0: -0.2, 102.0: 0.4}
    of = snapshot(FRIDAY, (90.0, *near), {"IWM": ["2025-12-19"]}, change=lambda rows: moved(rows, "C", off))
    [row] = expiries(of).to_dict("records")
    assert row["forward"] == pytest.approx(100)
    assert row["parity_error_pct"] == pytest.approx(0.2)


UNQUOTED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "calls alone": lambda contracts: contracts[contracts["put_call"] == "C"],
    "no bid": lambda contracts: contracts.assign(bid=contracts["bid"].where(contracts["put_call"] == "C", 0.0)),
    "crossed": lambda contracts: contracts.assign(ask=contracts["bid"] / 2),
    "no quotes": lambda contracts: contracts.assign(bid=np.nan, ask=np.nan),
}


@pytest.mark.parametrize("change", UNQUOTED.values(), ids=UNQUOTED)
def test_there_is_no_forward_without_a_quoted_pair(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    [row] = expiries(snapshot(FRIDAY, STRIKES, {"IWM": ["2025-12-19"]}, change=change)).to_dict("records")
    assert np.isnan([row["forward"], row["parity_error_pct"]]).all()
    assert row["pairs"] == 0


@pytest.mark.parametrize(
    ("day", "rate"),
    [("2025-11-14", RATE), ("2025-11-13", np.nan), ("2025-11-25", np.nan)],
    ids=["ten days old", "eleven days old", "to come"],
)
def test_the_bills_rate_is_at_most_ten_days_old(day: str, rate: float) -> None:
    of = snapshot("2025-11-24", STRIKES, {"IWM": ["2025-12-19"]}, rate=RATE)
    [row] = expiries(of, prices=[bill(day, RATE)]).to_dict("records")
    assert row["rate"] == pytest.approx(rate, nan_ok=True)
    # Without a rate the forward is implied as if it were zero.
    factor = 1 if rate == RATE else np.exp(-RATE * row["years"])
    assert row["forward"] == pytest.approx(100 + (100 * np.exp(RATE * row["years"]) - 100) * factor, rel=1e-9)


def test_the_contracts_of_an_expiry_add_up() -> None:
    def change(contracts: pd.DataFrame) -> pd.DataFrame:
        call, at = contracts["put_call"] == "C", contracts["strike"]
        return contracts.assign(
            bid=2.0,
            ask=4.0,
            iv=contracts["iv"].where(at != 90, 0.0).where(at != 95, 0.01),
            open_interest=contracts["open_interest"].where(at != 110, 0.0).where(~call | (at != 105)),
            volume=contracts["volume"].where(call, np.nan),
        )

    of = snapshot(FRIDAY, STRIKES, {"IWM": ["2025-12-19"]}, open_interest=3.0, volume=20.0, change=change)
    [row] = expiries(of).to_dict("records")
    assert (row["contracts"], row["contracts_open"], row["contracts_with_iv"]) == (10, 7, 3)
    assert (row["call_open_interest"], row["put_open_interest"]) == (9, 12)
    assert row["call_volume"] == 100
    assert np.isnan(row["put_volume"])
    assert row["premium_usd_bn"] == pytest.approx(100 * 3 * 100 / 1e9)
