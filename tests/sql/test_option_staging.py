"""staging.option_snapshots: which snapshot is used for a reading, which is refused, and why."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.sources.option_chains import Snapshot
from tests.sql.chains import moved, quoted, rows, snapshot, whole
from tests.sql.given import Bar, bars, build, rows_of, sessions

DAYS = sessions("2025-10-20", 25)
FRIDAY, BEFORE = DAYS[-1], DAYS[-2]


def verdicts(
    *snapshots: Snapshot, prices: Iterable[Bar] = (), as_of: str | None = None, columns: str = "verdict, reason"
) -> list[tuple[Any, ...]]:
    """Columns of staging.option_snapshots by session, reading and time of the quotes."""
    given = {"raw.option_chains": rows(*snapshots)}
    connection = build(prices, "staging.option_snapshots", given=given, as_of=as_of)
    query = f"select {columns} from staging.option_snapshots order by session, quote_at, source"
    return rows_of(connection, query)


def closes(*values: float, symbol: str = "IWM", last: pd.Timestamp = FRIDAY) -> list[Bar]:
    """Bars of consecutive sessions up to the last, from 97 to a little more than 103."""
    ends = DAYS.index(last) + 1
    ohlc = [(98.0, 103 + n / 100, 97.0, close) for n, close in enumerate(values)]
    return bars(symbol, DAYS[ends - len(values) : ends], ohlc)


def chain(session: pd.Timestamp = FRIDAY, **more: Any) -> Snapshot:  # noqa: ANN401 - arguments of `whole`
    """A whole chain of the Russell 2000's fund."""
    return whole("IWM", session, **more)


def half_stated(contracts: pd.DataFrame) -> pd.DataFrame:
    """The contracts with a volatility of zero for one in five."""
    return contracts.assign(iv=contracts["iv"].where(np.arange(len(contracts)) % 5 != 0, 0.0))


def noisy(contracts: pd.DataFrame) -> pd.DataFrame:
    """The contracts with calls and puts that disagree on the forward."""
    by = {strike: 0.4 * (-1) ** n for n, strike in enumerate(contracts["strike"].unique())}
    return moved(contracts.assign(bid=contracts["bid"] + 0.5, ask=contracts["ask"] + 0.5), "C", by)


SPOT_OF_100 = closes(99.0, 100.0)
REFUSED: dict[str, tuple[Sequence[Snapshot], Sequence[Bar], str]] = {
    "intraday": ([chain(reading="intraday")], SPOT_OF_100, "quoted while the session was going on"),
    "spot of the session before": (
        [chain()],
        closes(100.0, 101.0),
        "spot is the close of the session before, 2025-11-20",
    ),
    "spot of the day": (
        [chain()],
        closes(99.0, 101.0),
        "spot 100.00 was quoted during the session: -0.99 % from its close",
    ),
    "spot 0.32 % away": (
        [chain()],
        closes(99.0, 100.32),
        "spot 100.00 was quoted during the session: -0.32 % from its close",
    ),
    "spot from elsewhere": ([chain()], closes(99.0, 103.5), "spot 100.00 is -3.38 % from the close"),
    "too few contracts": (
        [chain(change=lambda contracts: contracts.iloc[:499])],
        SPOT_OF_100,
        "499 contracts, a whole chain has 500",
    ),
    "too few volatilities": (
        [chain(change=half_stated, open_interest=1000.0)],
        SPOT_OF_100,
        "80 % of the open contracts have an implied volatility",
    ),
    "parity": ([chain(change=noisy)], SPOT_OF_100, "calls and puts disagree on the forward by 0."),
    "no spot and no close": ([chain(stated_spot=None)], [], "no spot and no close"),
    "two objections": (
        [chain(reading="intraday", change=lambda contracts: contracts.iloc[:10])],
        closes(99.0, 103.5),
        (
            "quoted while the session was going on; spot 100.00 is -3.38 % from the close; "
            "10 contracts, a whole chain has 500"
        ),
    ),
}


@pytest.mark.parametrize(("given", "prices", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_snapshot_is_refused_with_the_reason(given: Sequence[Snapshot], prices: Sequence[Bar], reason: str) -> None:
    [(verdict, said)] = verdicts(*given, prices=prices)
    assert verdict == "refused"
    assert said.startswith(reason)
    assert said.count(";") == reason.count(";")


USED: dict[str, tuple[Snapshot, Sequence[Bar], str | None]] = {
    "confirmed": (chain(), SPOT_OF_100, None),
    "spot 0.3 % away": (chain(), closes(99.0, 100.29), None),
    "spot near both closes": (chain(), closes(100.0, 100.1), None),
    "settled": (chain(reading="settled"), SPOT_OF_100, None),
    "no close": (chain(), [], "no close to confirm the spot"),
    "no spot": (chain(stated_spot=None), SPOT_OF_100, None),
    "500 contracts": (chain(change=lambda contracts: contracts.iloc[:500]), SPOT_OF_100, None),
    "one in ten without volatility": (
        chain(change=lambda c: c.assign(iv=c["iv"].where(c["open_interest"] > 200, 0.0))),
        SPOT_OF_100,
        None,
    ),
}


@pytest.mark.parametrize(("given", "prices", "remark"), USED.values(), ids=USED)
def test_a_snapshot_is_used(given: Snapshot, prices: Sequence[Bar], remark: str | None) -> None:
    assert verdicts(given, prices=prices) == [("used", remark)]


def test_what_is_measured_stands_beside_the_verdict() -> None:
    columns = "oi_date::varchar, spot, underlying_close, round(spot_error_pct, 6), contracts, open_interest, iv_share"
    of = chain(open_interest=3.0, stated_spot=100.2)
    assert verdicts(of, prices=SPOT_OF_100, columns=columns) == [
        ("2025-11-20", 100.2, 100.0, pytest.approx(0.2), 510, 1530.0, 1.0)
    ]
    settled = chain(open_interest=3.0, reading="settled", stated_spot=None)
    assert verdicts(settled, prices=SPOT_OF_100, columns=columns) == [
        ("2025-11-21", 100.0, 100.0, None, 510, 1530.0, 1.0)
    ]


def test_contracts_that_have_expired_do_not_count_as_lacking_volatility() -> None:
    def gone(contracts: pd.DataFrame) -> pd.DataFrame:
        expired = contracts.head(204).assign(expiry=FRIDAY, iv=0.0)
        return pd.concat([contracts, expired], ignore_index=True)

    assert verdicts(chain(change=gone), prices=SPOT_OF_100, columns="verdict, iv_share") == [("used", 1.0)]


def test_open_interest_that_has_not_settled_is_refused() -> None:
    close, stale = chain(seed=1), chain(seed=1, reading="settled")
    settled = chain(seed=2, reading="settled")
    assert verdicts(close, stale, prices=SPOT_OF_100) == [
        ("used", None),
        ("refused", "open interest is that of the close reading of 2025-11-21"),
    ]
    assert verdicts(close, settled, prices=SPOT_OF_100) == [("used", None), ("used", None)]


def test_what_has_expired_does_not_make_old_open_interest_new() -> None:
    def expired(contracts: pd.DataFrame, open_interest: float) -> pd.DataFrame:
        gone = contracts.head(100).assign(expiry=FRIDAY, open_interest=open_interest)
        return pd.concat([contracts, gone], ignore_index=True)

    close = chain(seed=1, change=partial(expired, open_interest=5.0))
    stale = chain(seed=1, reading="settled", change=partial(expired, open_interest=6.0))
    assert verdicts(close, stale, prices=SPOT_OF_100, columns="verdict") == [("used",), ("refused",)]


def test_a_copy_of_the_session_before_is_refused() -> None:
    def at(session: pd.Timestamp, seed: int) -> Snapshot:
        ahead = [FRIDAY + pd.Timedelta(days=days) for days in (7, 14, 28, 63, 189)]
        strikes = np.linspace(80, 120, 51).tolist()
        random = np.random.default_rng(seed)
        return snapshot(
            session, strikes, {"IWM": ahead}, open_interest=lambda table: random.integers(0, 2000, len(table))
        )

    prices = closes(100.0, 100.0)
    copied = "open interest is that of the close reading of 2025-11-20"
    assert verdicts(at(BEFORE, 1), at(FRIDAY, 1), prices=prices) == [("used", None), ("refused", copied)]
    assert verdicts(at(BEFORE, 1), at(FRIDAY, 2), prices=prices) == [("used", None), ("used", None)]
    # Two sessions later it need not be a copy.
    assert verdicts(at(DAYS[-3], 1), at(FRIDAY, 1), prices=closes(100.0, 100.0, 100.0)) == [("used", None)] * 2


@pytest.mark.parametrize(
    ("before", "times", "expected"),
    [
        (5, 1.297, ("used", None)),
        (5, 1.306, ("refused", "open interest is 1.31 of its median")),
        (5, 0.694, ("refused", "open interest is 0.69 of its median")),
        (5, 0.703, ("used", None)),
        (4, 5.0, ("used", None)),
    ],
)
def test_open_interest_far_from_its_median_is_refused(
    before: int, times: float, expected: tuple[str, str | None]
) -> None:
    # Whole numbers of contracts, 1 % apart, around 1000 a contract.
    levels = [1000.0 * (1 + (n - (before - 1) / 2) / 100) for n in range(before)]
    history = [chain(day, open_interest=level) for day, level in zip(DAYS[-before - 1 : -1], levels, strict=True)]
    found = verdicts(*history, chain(open_interest=1000.0 * times), prices=closes(*[100.0] * (before + 1)))
    assert found == [("used", None)] * before + [expected]


def test_the_median_is_over_the_20_sessions_before() -> None:
    history = [chain(day, open_interest=1000.0 + n) for n, day in enumerate(DAYS[:-1])]
    columns = "session, round(oi_to_median * 1000, 6)"
    found = dict(verdicts(*history, chain(open_interest=1000.0), prices=closes(*[100.0] * 25), columns=columns))
    # The 20 sessions before the last have 1004 to 1023.
    assert found[FRIDAY.date()] == pytest.approx(1e6 / 1013.5, abs=1e-5)
    assert found[DAYS[4].date()] is None
    assert found[DAYS[5].date()] == pytest.approx(1e3 * 1005 / 1002, abs=1e-5)


def test_two_readings_of_a_session_are_one_of_the_five() -> None:
    history = [
        chain(day, reading=reading, open_interest=1000.0 + 2 * n + (reading == "settled"))
        for n, day in enumerate(DAYS[-4:-1])
        for reading in ("close", "settled")
    ]
    last = chain(open_interest=1000.0)
    found = verdicts(*history, last, prices=closes(*[100.0] * 4), columns="oi_to_median")
    assert found[-1] == (None,)


SUPERSEDED = ("superseded", "another snapshot of the same reading is used")


def test_of_two_snapshots_of_a_reading_the_newer_is_used() -> None:
    later = quoted(FRIDAY, "close") + pd.Timedelta(hours=2)
    assert verdicts(chain(seed=1), chain(seed=2, quote_at=later), prices=SPOT_OF_100) == [SUPERSEDED, ("used", None)]


def test_yahoo_loses_against_the_exchange_however_new_it_is() -> None:
    later = quoted(FRIDAY, "close") + pd.Timedelta(hours=2)
    for source in ("yahoo", "files/yfinance"):
        newer = chain(seed=2, quote_at=later, source=source)
        assert verdicts(chain(seed=1), newer, prices=SPOT_OF_100) == [("used", None), SUPERSEDED]


def test_a_refused_snapshot_supersedes_nothing() -> None:
    later = quoted(FRIDAY, "close") + pd.Timedelta(hours=2)
    few = chain(quote_at=later, change=lambda contracts: contracts.iloc[:10])
    assert verdicts(chain(), few, prices=SPOT_OF_100, columns="verdict") == [("used",), ("refused",)]


def test_readings_of_a_session_and_underlyings_do_not_supersede_each_other() -> None:
    given = [chain(seed=1), chain(seed=2, reading="settled"), whole("SPY", FRIDAY)]
    prices = closes(99.0, 100.0) + closes(99.0, 100.0, symbol="SPY")
    assert verdicts(*given, prices=prices, columns="verdict") == [("used",)] * 3
    connection = build(prices, "staging.option_readings", given={"raw.option_chains": rows(*given)})
    assert rows_of(connection, "select underlying, reading from staging.option_readings order by all") == [
        ("IWM", "close"),
        ("IWM", "settled"),
        ("SPY", "close"),
    ]


@pytest.mark.parametrize(
    ("as_of", "readings"),
    [
        ("2025-11-21T21:59:59Z", []),
        ("2025-11-21T23:00Z", ["close"]),
        ("2025-11-24T12:29:59Z", ["close"]),
        ("2025-11-24T12:30Z", ["close", "settled"]),
        (None, ["close", "settled"]),
    ],
)
def test_a_reading_shows_from_the_moment_it_could_be_known(as_of: str | None, readings: list[str]) -> None:
    given = [chain(seed=1), chain(seed=2, reading="settled")]
    assert [reading for (reading,) in verdicts(*given, prices=SPOT_OF_100, as_of=as_of, columns="reading")] == readings


def test_a_correction_that_was_delivered_later_leaves_the_reading_as_it_was_known() -> None:
    later = quoted(FRIDAY, "close") + pd.Timedelta(hours=2)
    corrected = rows(chain(seed=2, quote_at=later)).assign(available_at=pd.Timestamp("2025-12-01T12:00Z"))
    given = {"raw.option_chains": pd.concat([rows(chain(seed=1)), corrected], ignore_index=True)}
    query = "select verdict from staging.option_snapshots order by quote_at"
    then, now = (
        rows_of(build(SPOT_OF_100, "staging.option_snapshots", given=given, as_of=as_of), query)
        for as_of in ("2025-11-21T23:00Z", None)
    )
    assert then == [("used",)]
    assert now == [("superseded",), ("used",)]
