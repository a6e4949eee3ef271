"""indicators.option_notional: what a day's options are worth beside the Russell 2000, and its averages."""

import numpy as np
import pandas as pd
import pytest

from tests.sql.given import build, frame_of, sessions

COUNT = 40
DAYS = sessions("2025-10-01", COUNT)
MARKET_VALUE = pd.DataFrame(
    {
        "symbol": ["RUT", "RUT", "SPX"],
        "value_date": ["2025-06-30", "2025-11-21", "2025-12-01"],
        "market_value_usd_trn": [9.0, 3.0, 50.0],
        "index_level": [9.0, 2000.0, 6000.0],
        "error_pct": [9.0, 8.0, 8.0],
    }
).astype({"value_date": "datetime64[us]"})
# Volume by kind and expiry of one session's chain: what expires in the session, and a week away in both roots.
CHAIN = pd.DataFrame(
    {
        "root": ["SPXW", "SPXW", "SPX"],
        "days": [0, 7, 7],
        "call_volume": [300.0, 100.0, 50.0],
        "put_volume": [400.0, 100.0, 50.0],
        "premium_usd_bn": [0.5, 1.0, 0.25],
    }
)


def computed(
    chains: dict[pd.Timestamp, pd.DataFrame],
    *,
    spot: float = 6000.0,
    rut: float | None = 2200.0,
    underlying: str = "SPX",
    reading: str = "close",
    quote_at: str | None = "2020-01-01 21:00",
    spot_error_pct: float = 0.0,
) -> pd.DataFrame:
    """The table's rows by session from the expiries of each session's chain."""
    expiries = pd.concat(
        [of.assign(session=day, expiry=day + pd.to_timedelta(of["days"], unit="D")) for day, of in chains.items()]
    ).drop(columns="days")
    read = pd.DataFrame({"session": list(chains), "underlying": underlying, "reading": reading, "spot": spot})
    read = read.assign(snapshot_id=read["session"].astype(str), available_at=pd.Timestamp("2020-01-01", tz="UTC"))
    times = pd.to_datetime(pd.Series([quote_at] * len(read)), utc=True)
    quoted = read.assign(quote_at=times, spot_error_pct=spot_error_pct)
    given = {
        "staging.option_readings": read,
        "staging.option_snapshots": quoted,
        "staging.option_expiries": expiries.assign(snapshot_id=expiries["session"].astype(str)),
        "staging.prices": pd.DataFrame({"session": list(chains), "symbol": "RUT", "close": rut}).dropna(),
        "reference.market_values": MARKET_VALUE,
    }
    connection = build(until="indicators.option_notional", given=given)
    return frame_of(connection, "from indicators.option_notional order by session").set_index("session")


def of_volumes(volumes: pd.Series) -> dict[pd.Timestamp, pd.DataFrame]:
    """Chains with this volume by session."""
    days = pd.DatetimeIndex(volumes.index)
    return {
        day: CHAIN.assign(call_volume=volume / 6, put_volume=volume / 6)
        for day, volume in zip(days, volumes, strict=True)
    }


def test_the_options_of_a_day_by_hand() -> None:
    [row] = computed({DAYS[0]: CHAIN}).to_dict("records")
    assert row["option_volume"] == 1000
    assert row["zero_dte_share"] == pytest.approx(0.7)
    # 1000 contracts of 100 times 6000 dollars, and 3 trillion at an index of 2000 that stands at 2200.
    assert row["notional_usd_trn"] == pytest.approx(6e-4)
    assert row["r2k_cap_usd_trn"] == pytest.approx(3.3)
    assert row["notional_to_r2k"] == pytest.approx(6e-4 / 3.3)
    assert row["notional_to_r2k_lo"] == pytest.approx(6e-4 / 3.3 / 1.08)
    assert row["notional_to_r2k_hi"] == pytest.approx(6e-4 / 3.3 / 0.92)
    assert row["premium_usd_bn"] == pytest.approx(1.75)
    assert (row["grade"], row["inputs_missing"]) == ("B", "21 sessions of volume")
    assert np.isnan([row["volume_to_record"], row["option_volume_5d"], row["notional_21d_usd_trn"]]).all()


def test_a_session_without_an_expiry_has_no_0dte() -> None:
    [before_daily_expiries] = sessions("2022-05-10", 1)
    assert computed({before_daily_expiries: CHAIN[CHAIN["days"] > 0]})["zero_dte_share"].to_list() == [0]


def test_a_chain_that_has_dropped_what_expired_does_not_hold_the_sessions_volume() -> None:
    [row] = computed({DAYS[0]: CHAIN[CHAIN["days"] > 0]}).to_dict("records")
    assert np.isnan([row["option_volume"], row["zero_dte_share"], row["premium_usd_bn"]]).all()
    assert row["inputs_missing"] == "volume of the whole session, 21 sessions of volume"


@pytest.mark.parametrize(("spot_error_pct", "is_whole"), [(-0.2, False), (0.0, True)])
def test_of_a_chain_without_a_time_the_spot_says_whether_the_session_was_over(
    spot_error_pct: float, is_whole: bool
) -> None:
    [row] = computed({DAYS[0]: CHAIN}, quote_at=None, spot_error_pct=spot_error_pct).to_dict("records")
    assert np.isfinite(row["option_volume"]) == is_whole


@pytest.mark.parametrize("holes", [[], [30], [7, 8, 33]], ids=["every session", "one missing", "three missing"])
def test_averages_need_every_session_of_their_window(holes: list[int]) -> None:
    volumes = pd.Series(np.random.default_rng(1).integers(100, 999, COUNT) * 6.0, index=DAYS)
    volumes = volumes.drop([DAYS[n] for n in holes])
    found = computed(of_volumes(volumes))
    whole = volumes.reindex(DAYS)
    for count in (5, 10, 21):
        means = whole.rolling(count).mean()[volumes.index]
        np.testing.assert_allclose(found[f"option_volume_{count}d"], means, rtol=1e-12, err_msg=str(count))
    notional = (whole * 6000 * 100 / 1e12).rolling(21).mean()[volumes.index]
    np.testing.assert_allclose(found["notional_21d_usd_trn"], notional, rtol=0, atol=1e-11)
    assert (found["inputs_missing"].isna() == found["option_volume_21d"].notna()).all()
    record = volumes.cummax().shift(1)
    np.testing.assert_allclose(found["volume_to_record"], volumes / record, rtol=1e-12)


def test_a_chain_without_volume_says_so() -> None:
    found = computed({DAYS[0]: CHAIN, DAYS[1]: CHAIN.assign(call_volume=np.nan, put_volume=np.nan), DAYS[2]: CHAIN})
    [_, silent, after] = found.to_dict("records")
    assert np.isnan([silent[name] for name in ("option_volume", "zero_dte_share", "notional_usd_trn")]).all()
    assert silent["inputs_missing"] == "volume of the chain, 21 sessions of volume"
    assert after["volume_to_record"] == 1


def test_volume_of_one_kind_alone_counts() -> None:
    # A source may state no volume where nothing traded.
    chain = CHAIN.assign(put_volume=CHAIN["put_volume"].where(CHAIN["root"] != "SPX"))
    assert computed({DAYS[0]: chain})["option_volume"].to_list() == [950]


def test_a_session_without_any_trade_is_no_error() -> None:
    still = CHAIN.assign(call_volume=0.0, put_volume=0.0)
    [first, second] = computed({DAYS[0]: still, DAYS[1]: CHAIN}).to_dict("records")
    assert np.isnan(first["zero_dte_share"])
    assert np.isnan(second["volume_to_record"])


def test_without_the_index_there_is_no_market_value() -> None:
    [row] = computed({DAYS[0]: CHAIN}, rut=None).to_dict("records")
    assert row["inputs_missing"] == "21 sessions of volume, RUT"
    assert np.isnan([row["r2k_cap_usd_trn"], row["notional_to_r2k"], row["notional_to_r2k_hi"]]).all()
    assert row["notional_usd_trn"] == pytest.approx(6e-4)


@pytest.mark.parametrize(("underlying", "reading"), [("SPY", "close"), ("SPX", "settled")])
def test_only_the_close_reading_of_the_index_counts(underlying: str, reading: str) -> None:
    assert computed({DAYS[0]: CHAIN}, underlying=underlying, reading=reading).empty
