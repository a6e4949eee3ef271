"""What holds of every table that SQL computes, whatever the market did: no look-ahead, bands and ranges in order."""

from datetime import date
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from assets.models.simulated_market import simulate
from assets.sources.availability import price_bars
from tests.sql.given import EVERY_TABLE, NOW, build, calendar, classes, frame_of, instruments, sessions, tables

COUNT = 620
DAYS = sessions("2023-07-12", COUNT)
SYMBOLS = ("SPX", "NDX", "VIX", "VVIX", "VIX3M", "SKEW", "BTC-USD")
# Without these a run is refused.
REQUIRED = ("SPX", "VIX")
COMPUTED = [name for name, table in tables().items() if table.filled_by == "sql"]
OHLC = ["open", "high", "low", "close"]
# The windows of 504 sessions are full from here on.
CUTS = st.integers(490, COUNT - 6)
# Missing bars of a symbol, so many sessions after the cut.
HOLES = st.sets(st.tuples(st.sampled_from(SYMBOLS), st.integers(-25, 5)), max_size=12)
FEW = settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])


@cache
def market() -> pd.DataFrame:
    """Rows of raw.prices from the simulated market."""
    listed = instruments()
    market = simulate(pd.DatetimeIndex(DAYS), listed[listed["symbol"].isin(SYMBOLS)], seed=7)
    return market.bars.assign(source="simulated")


def without(rows: pd.DataFrame, holes: set[tuple[str, int]]) -> pd.DataFrame:
    """The rows but for some symbols on some sessions."""
    gone = pd.MultiIndex.from_tuples([(symbol, DAYS[n]) for symbol, n in holes], names=["symbol", "date"])
    return rows[~pd.MultiIndex.from_frame(rows[["symbol", "date"]]).isin(gone)].reset_index(drop=True)


def decided(day: date) -> pd.Timestamp:
    """The decision time of a session."""
    days = calendar()
    return pd.Timestamp(days.loc[days["session"] == pd.Timestamp(day), "decision_at"].iloc[0])


def known_at(rows: pd.DataFrame) -> pd.Series:
    """When each row was known first."""
    return price_bars(rows["date"], rows["symbol"].map(classes()))


def until(connection: duckdb.DuckDBPyConnection, name: str, day: date) -> pd.DataFrame:
    """The rows of a table up to a session, in order."""
    grain = ", ".join(tables()[name].header.grain)
    return frame_of(connection, f"from {name} where session <= '{day}' order by {grain}")


@pytest.mark.parametrize("future", ["unknown", "different", "as of"])
@FEW
@example(cut=600, holes={("NDX", 0), ("SKEW", 0), ("BTC-USD", -1), ("VIX3M", 1)}, seed=1)
@given(cut=CUTS, holes=HOLES, seed=st.integers(0, 2**16))
def test_the_future_never_changes_a_past_row(future: str, cut: int, holes: set[tuple[str, int]], seed: int) -> None:
    """The rows up to the cut are the same when what came later is cut off, made up, or corrects the past."""
    day = DAYS[cut].date()
    rows = without(market(), {(symbol, cut + n) for symbol, n in holes if symbol not in REQUIRED or n})
    later = (known_at(rows) > decided(day)).to_numpy()
    random = np.random.default_rng(seed)
    whole = build(rows)
    if future == "unknown":
        cut_off = build(rows[~later])
    elif future == "different":
        made_up = rows.copy()
        made_up.loc[later, OHLC] *= random.uniform(0.5, 2, (later.sum(), 1))
        cut_off = build(made_up)
    else:
        corrected = rows[~later].sample(200, random_state=seed)
        moment = decided(day) + pd.Timedelta(seconds=1)
        corrected = corrected.assign(**{name: corrected[name] * 1.1 for name in OHLC}, available_at=moment)
        vintages = pd.concat([rows, corrected.assign(observed_at=moment)], ignore_index=True)
        cut_off = build(vintages, as_of=str(decided(day)), now=decided(day).to_pydatetime())
    for name in COMPUTED:
        pd.testing.assert_frame_equal(until(cut_off, name, day), until(whole, name, day), check_exact=True, obj=name)


def wild(seed: int, swing: float, flaws: float) -> pd.DataFrame:
    """A market of random walks with heavy tails, in which a share of the bars is flat, disordered or missing."""
    random = np.random.default_rng(seed)
    frames: list[pd.DataFrame] = []
    for symbol in SYMBOLS:
        closes = 100 * np.exp(np.cumsum(random.standard_t(3, COUNT) * swing - swing**2))
        ends = closes[:, None] * np.exp(random.standard_t(3, (COUNT, 3)) * swing)
        ohlc = np.column_stack([ends[:, 0], np.maximum(ends.max(axis=1), closes), ends.min(axis=1), closes])
        ohlc[:, 2] = np.minimum(ohlc[:, 2], closes)
        flat, disordered, missing = random.random((3, COUNT)) < flaws / 3
        ohlc[flat] = closes[flat, None]
        ohlc[disordered, 1] *= 0.5
        bars = pd.DataFrame(ohlc, columns=OHLC).assign(symbol=symbol, date=DAYS, source="vendor", volume=1.0)
        frames.append(bars.loc[~missing])
    return pd.concat(frames, ignore_index=True)


MARKETS = {
    "seed": st.integers(0, 2**16),
    "swing": st.sampled_from([0.0, 0.001, 0.01, 0.05]),
    "flaws": st.sampled_from([0.0, 0.02, 0.3]),
}
BANDS = {
    "indicators.vol_panic": [("vol_panic_lo", "vol_panic", "vol_panic_hi")],
    "indicators.trading_range": [("range_5d_lo_pct", "range_5d_pct", "range_5d_hi_pct")],
    "regime.daily": [("danger_lo", "danger", "danger_hi")],
    "marts.desk_note": [("value_lo", "value", "value_hi")],
}


@FEW
@given(**MARKETS)
def test_values_are_what_the_headers_say(seed: int, swing: float, flaws: float) -> None:
    """Keys are unique, and every value is finite, there where it must be, and within its bounds."""
    connection = build(wild(seed, swing, flaws))
    for name in COMPUTED:
        table = tables()[name]
        wrong = {"keys that are not unique": f"count(*) - count(distinct ({', '.join(table.header.grain)}))"}
        for column, said in table.header.columns.items():
            conditions = {
                f"{column} is null": not said.nullable,
                f"not isfinite({column})": table.types[column] == "DOUBLE",
                f"{column} < {said.min}": said.min is not None,
                f"{column} > {said.max}": said.max is not None,
                f"{column} not in {(*(said.allowed or ()), '')}": said.allowed is not None,
            }
            wrong |= {
                condition: f"count(*) filter ({condition})" for condition, checked in conditions.items() if checked
            }
        [counts] = connection.sql(f"select {', '.join(wrong.values())} from {name}").fetchall()
        assert {what: count for what, count in zip(wrong, counts, strict=True) if count} == {}, name


@FEW
@given(**MARKETS)
def test_bands_hold_their_value(seed: int, swing: float, flaws: float) -> None:
    """Where there is a value there is a band, and the other way round."""
    connection = build(wild(seed, swing, flaws))
    for name, bands in BANDS.items():
        for low, value, high in bands:
            found = frame_of(connection, f"select {low} as lo, {value} as value, {high} as hi from {name}")
            there = found.notna()
            assert there.eq(there["value"], axis=0).all(axis=None), name
            known = found.dropna()
            assert ((known["lo"] <= known["value"]) & (known["value"] <= known["hi"])).all(), name


@FEW
@given(**MARKETS)
def test_what_is_null_says_why(seed: int, swing: float, flaws: float) -> None:
    """inputs_missing is there exactly where an estimate is not."""
    connection = build(wild(seed, swing, flaws))
    estimates = {
        "indicators.vol_panic": "panic_4 is null or vol_panic is null",
        "indicators.trading_range": "range_5d_pct is null or yang_zhang_vol is null or range_pct is null "
        "or (symbol in ('SPX', 'SPY') and range_to_implied is null)",
        "regime.daily": "danger is null or spx_close is null",
        "marts.desk_note": "value is null",
    }
    for name, missing in estimates.items():
        odd = connection.sql(f"from {name} where (inputs_missing is null) = ({missing})")
        assert odd.limit(3).fetchall() == [], name


@FEW
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-3, 0.7, 1e4]))
def test_ranges_do_not_depend_on_the_unit_of_price(seed: int, scale: float) -> None:
    rows = wild(seed, 0.01, 0.02)
    scaled = rows.assign(**{name: rows[name] * scale for name in OHLC})
    query = "select * exclude (range_to_implied) from indicators.trading_range order by symbol, session"
    one, other = (frame_of(build(of, "indicators.trading_range"), query) for of in (rows, scaled))
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)


def test_the_order_of_delivery_does_not_matter() -> None:
    rows = without(market(), {("VIX", 500), ("NDX", 610)})
    shuffled = build(rows.sample(frac=1, random_state=1))
    delivered = build(rows)
    for name in COMPUTED:
        one, other = (until(connection, name, NOW.date()) for connection in (shuffled, delivered))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)


def test_every_table_that_sql_computes_is_built() -> None:
    assert {*tables()[EVERY_TABLE].upstream, EVERY_TABLE} | {"staging.prices"} >= set(COMPUTED)
