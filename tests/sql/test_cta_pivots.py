"""indicators.cta_pivots: levels and bands by hand, runs below and breaks, and the tests before them."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, frame_of, rows_of, sessions

TABLE = "indicators.cta_pivots"
DAYS = sessions("2025-08-01", 60)
LEVEL = 100.0
BURNT_IN = 10_000
LOWS = "bars of the 15 sessions before the break"

# The version before the newest is not used.
CALIBRATION = pd.DataFrame(
    [
        ("2000-01", "st", 5, 0.9),
        ("2000-02", "st", 21, 0.05),
        ("2000-02", "mt", 63, 0.3),
        ("2000-02", "lt", 252, 0.7),
    ],
    columns=["method_version", "horizon", "centre_of_mass", "pivot_error_pct"],
)
MARKETS = pd.DataFrame({"symbol": ["SPX", "NKY"], "carry_error_pct": [0, 1.6], "grade": ["A", "C"]})


def built(rows: pd.DataFrame, calibration: pd.DataFrame = CALIBRATION) -> dict[str, pd.DataFrame]:
    """Tables from which the pivots follow.

    Args:
        rows: Columns session and close; also excess_price, average_price, low, spell_sessions, symbol, horizon and
            inputs_missing where they matter.
        calibration: Rows of reference.pivot_calibration.
    """
    usual = pd.DataFrame({"session": rows["session"], "symbol": "SPX", "horizon": "st", "inputs_missing": None}).assign(
        excess_price=rows["close"], low=rows["close"], average_price=LEVEL, spell_sessions=BURNT_IN
    )
    whole = rows.join(usual.drop(columns=rows.columns, errors="ignore"))
    keys = ["session", "symbol"]
    prices = whole.drop_duplicates(keys)
    return {
        "indicators.excess_prices": prices[[*keys, "close", "excess_price", "inputs_missing"]],
        "indicators.trend_averages": whole[[*keys, "horizon", "spell_sessions", "average_price"]].dropna(),
        "staging.prices": prices[[*keys, "close", "low"]],
        "reference.pivot_calibration": calibration,
        "reference.trend_markets": MARKETS,
    }


def computed(rows: pd.DataFrame) -> pd.DataFrame:
    """The short-term rows by session, from those that `built` takes."""
    found = frame_of(build(until=TABLE, given=built(rows)), f"from {TABLE} where horizon = 'st' order by session")
    return found.set_index("session")


def listed(values: pd.Series) -> list[object]:
    """Values with None for what is missing."""
    return [None if pd.isna(value) else value for value in values]


# Levels


def test_the_level_is_the_average_at_the_sessions_price_with_the_newest_calibrations_band() -> None:
    averages = {"st": 84.0, "mt": 88.0, "lt": 80.0}
    rows = pd.DataFrame(
        [(symbol, horizon, value) for symbol in ("SPX", "NKY") for horizon, value in averages.items()],
        columns=["symbol", "horizon", "average_price"],
    ).assign(session=DAYS[0], close=110.0, excess_price=88.0)
    columns = "symbol, horizon, centre_of_mass, pivot_level, pivot_lo, pivot_hi, dist_pct, is_below, grade"
    query = f"select {columns} from {TABLE} order by symbol desc, centre_of_mass"
    # A carry that is off by 1.6 % a year moves an average by as much as it is old: 21, 63 and 252 of 252 sessions.
    errors = {"st": np.hypot(0.05, 1.6 / 12), "mt": np.hypot(0.3, 0.4), "lt": np.hypot(0.7, 1.6)}
    found = build(until=TABLE, given=built(rows))
    near = pytest.approx
    assert rows_of(found, query) == [
        ("SPX", "st", 21, 105, near(105 * (1 - 0.00064)), near(105 * (1 + 0.00064)), near(100 * 5 / 105), False, "A"),
        ("SPX", "mt", 63, 110, near(110 * (1 - 0.00384)), near(110 * (1 + 0.00384)), near(0), False, "A"),
        ("SPX", "lt", 252, 100, near(100 * (1 - 0.00896)), near(100 * (1 + 0.00896)), near(10), False, "B"),
        *(
            (
                *("NKY", horizon, centre, level),
                *(near(level * (1 + side * 1.28 * errors[horizon] / 100)) for side in (-1, 1)),
                *(near(100 * (110 / level - 1)), False, "C"),
            )
            for horizon, centre, level in (("st", 21, 105), ("mt", 63, 110), ("lt", 252, 100))
        ),
    ]
    assert rows_of(found, f"select distinct method_version, inputs_missing from {TABLE}") == [("2000-02", None)]


@pytest.mark.parametrize(
    ("centre", "needed"),
    [
        (21.0, 106),
        (21.1, 106),
    ],
)
def test_there_is_no_level_before_the_average_has_burnt_in(centre: float, needed: int) -> None:
    rows = pd.DataFrame({"session": DAYS[:2], "close": 99.0, "spell_sessions": [needed - 1, needed]})
    calibration = CALIBRATION.assign(centre_of_mass=centre)
    found = build(until=TABLE, given=built(rows, calibration))
    columns = "pivot_level, pivot_lo, dist_pct, is_below, days_since_break, inputs_missing"
    query = f"select {columns} from {TABLE} where horizon = 'st' order by session"
    early, late = rows_of(found, query)
    assert early == (None, None, None, None, None, f"{needed} sessions of excess prices")
    assert late[0] == LEVEL
    assert late[-1] is None


def test_a_missing_rate_is_the_reason_and_not_the_average_that_it_takes_along() -> None:
    rows = pd.DataFrame({"session": DAYS[:1], "close": 99.0, "excess_price": [np.nan], "average_price": [np.nan]})
    [row] = computed(rows.assign(inputs_missing="IRX")).to_dict("records")
    assert np.isnan(row["pivot_level"])
    assert (row["close"], row["inputs_missing"]) == (99, "IRX")


# Breaks

# Each session: a above the level, = at it, b below, ? level unknown, . no bar.
SIDES = {"a": 101.0, "=": LEVEL, "b": 99.0, "?": 99.0}


def of_sides(sides: str) -> pd.DataFrame:
    """Rows for `computed`, one per session that is no dot."""
    there = [n for n, side in enumerate(sides) if side != "."]
    return pd.DataFrame(
        {
            "session": [DAYS[n] for n in there],
            "close": [SIDES[sides[n]] for n in there],
            "average_price": [np.nan if sides[n] == "?" else LEVEL for n in there],
        }
    )


@pytest.mark.parametrize(
    ("sides", "days"),
    [
        ("abbb", [None, 0, 1, 2]),
        ("=bab", [None, 0, None, 0]),
        ("ab=b", [None, 0, None, 0]),
        ("bbab", [None, None, None, 0]),
        ("?bbab", [None, None, None, None, 0]),
        ("ab?bb", [None, 0, None, None, None]),
        ("ab.b", [None, 0, 2]),
        ("ab..bb", [None, 0, 3, 4]),
    ],
    ids=[
        "0 on the day of the break",
        "at the level is not below",
        "a close at the level ends the run",
        "below from the first session on",
        "an unknown side before",
        "an unknown side within",
        "a missing session within",
        "and two",
    ],
)
def test_days_since_the_break_count_sessions_of_a_run_that_was_seen_to_begin(
    sides: str, days: Sequence[int | None]
) -> None:
    found = computed(of_sides(sides))
    assert listed(found["days_since_break"]) == days
    known = sides.replace(".", "")
    assert listed(found["is_below"]) == [None if side == "?" else side == "b" for side in known]


# Tests before a break


def broken(tested: Collection[int], back: int = 20, run: int = 3, touch: float = 100.24) -> pd.DataFrame:
    """A run of closes below after so many above; the low came to the level so many sessions before the break."""
    offsets = range(back, -run, -1)
    return pd.DataFrame(
        {
            "session": DAYS[: back + run],
            "close": [101.0 if n > 0 else 99.0 for n in offsets],
            "low": [98.0 if n <= 0 else touch if n in tested else 100.26 for n in offsets],
        }
    )


@pytest.mark.parametrize(
    ("tested", "clusters"),
    [
        ([], 0),
        ([3, 6], 1),
        ([3, 7], 2),
        ([3, 6, 9, 12], 1),
        ([1, 15], 2),
        ([15, 16, 17], 1),
        ([16, 17], 0),
        # November 2025: lows at the level on the 6th, 7th, 13th and 14th, below it from the 17th on.
        ([1, 2, 6, 7], 2),
    ],
    ids=[
        "none, not even on the day of the break",
        "3 sessions apart are one",
        "4 apart are two",
        "a chain is one",
        "first and last session of the window",
        "one that began before the window",
        "none of the window",
        "November 2025",
    ],
)
def test_tests_before_the_break_are_counted_in_clusters(tested: Sequence[int], clusters: int) -> None:
    found = computed(broken(tested))
    assert listed(found["tests_before_break"]) == [None] * 20 + [clusters] * 3
    assert found["inputs_missing"].isna().all()


def test_a_session_that_closes_below_is_no_test() -> None:
    rows = broken([10])
    # Below on one session only, four before the break.
    rows.loc[20 - 4, ["close", "low"]] = [99.0, 98.0]
    found = computed(rows)
    assert listed(found["days_since_break"])[-7:] == [0, None, None, None, 0, 1, 2]
    assert listed(found["tests_before_break"])[-3:] == [1, 1, 1]


@pytest.mark.parametrize(
    "rows",
    [broken([3], back=9), broken([3]).assign(low=lambda of: of["low"].mask(of.index == 20 - 15))],
    ids=["9 sessions before the break", "a session without its low"],
)
def test_without_all_lows_the_tests_are_unknown_and_the_break_is_not(rows: pd.DataFrame) -> None:
    found = computed(rows)
    assert found["tests_before_break"].isna().all()
    assert listed(found["days_since_break"])[-4:] == [None, 0, 1, 2]
    assert listed(found["inputs_missing"])[-4:] == [None, LOWS, LOWS, LOWS]


def test_a_low_before_the_window_does_not_matter() -> None:
    rows = broken([3]).assign(low=lambda of: of["low"].mask(of.index == 20 - 16))
    assert listed(computed(rows)["tests_before_break"])[-3:] == [1, 1, 1]


def test_sessions_without_a_bar_before_the_break_leave_the_tests_unknown() -> None:
    rows = broken([3], back=30).drop(index=range(30 - 12, 30 - 4))
    found = computed(rows)
    assert found["tests_before_break"].isna().all()
    assert found["inputs_missing"].iloc[-1] == LOWS
