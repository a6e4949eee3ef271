"""The simulated option chains: the port's shape, readings and times, the same in every process, and the truth."""

import subprocess
import sys
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from assets.sources.availability import chain_closed_at, chain_settled_at
from assets.sources.option_chains import CONTRACT_COLUMNS, Snapshot, Underlying
from assets.sources.prices import Instrument
from assets.sources.sessions import NEW_YORK, sessions, xnys
from assets.sources.simulated import LAST_SESSION, SimulatedPrices
from assets.sources.simulated_chains import FIRST_CHAIN_SESSION, TRUTH_UNITS, SimulatedChains, chain_truth

SPX = Underlying("SPX", ("SPX", "SPXW"), is_index=True, yahoo_symbol="^SPX")
SPY = Underlying("SPY", ("SPY",), is_index=False, yahoo_symbol="SPY")
DAYS = sessions(FIRST_CHAIN_SESSION, LAST_SESSION)
FOLLOWING = dict(pairwise(DAYS.date))
FEW = frozenset({date(2025, 11, 28), date(2025, 12, 19), date(2025, 12, 30), date(2025, 12, 31)})


def snapshots(
    chains: SimulatedChains, underlying: Underlying, known: frozenset[str], wanted: frozenset[date] | None
) -> list[Snapshot]:
    found = list(chains.snapshots([underlying], known, wanted))
    assert all(isinstance(each, Snapshot) for each in found)
    return [each for each in found if isinstance(each, Snapshot)]


@cache
def everything(underlying: Underlying) -> tuple[Snapshot, ...]:
    return tuple(snapshots(SimulatedChains(), underlying, frozenset(), None))


def keyed(snapshot: Snapshot) -> pd.DataFrame:
    return snapshot.contracts.set_index(["root", "expiry", "put_call", "strike"])


def by_reading(underlying: Underlying) -> dict[tuple[date, str], Snapshot]:
    return {(each.session, each.reading): each for each in everything(underlying)}


@pytest.mark.parametrize("underlying", [SPX, SPY])
def test_snapshots_have_the_ports_shape(underlying: Underlying) -> None:
    for snapshot in everything(underlying):
        rows = snapshot.contracts
        assert (snapshot.underlying, snapshot.source) == (underlying.symbol, "simulated")
        assert tuple(rows.columns) == CONTRACT_COLUMNS
        assert rows.dtypes.drop(["root", "put_call", "expiry"]).eq("float64").all()
        assert pd.api.types.is_datetime64_any_dtype(rows["expiry"])
        assert rows.notna().all(axis=None)
        assert (rows.select_dtypes("number").drop(columns="delta") >= 0).all(axis=None)
        assert set(rows["root"]) == set(underlying.roots)
        assert set(rows["put_call"]) == {"C", "P"}
        keys = ["expiry", "root", "strike", "put_call"]
        assert not rows.duplicated(keys).any()
        pd.testing.assert_frame_equal(rows[keys], rows[keys].sort_values(keys, ignore_index=True))


@pytest.mark.parametrize(("underlying", "fewest", "most"), [(SPX, 5100, 6000), (SPY, 1500, 2000)])
def test_chains_are_whole(underlying: Underlying, fewest: int, most: int) -> None:
    for snapshot in everything(underlying):
        rows, spot = snapshot.contracts, snapshot.spot
        assert spot is not None
        assert fewest <= len(rows) <= most
        assert rows["strike"].min() < 0.6 * spot
        assert rows["strike"].max() > 1.3 * spot
        assert 600 < (rows["expiry"].max() - pd.Timestamp(snapshot.session)).days < 760
        # A vendor states the volatility of nearly all that is open.
        alive = rows[(rows["expiry"] > pd.Timestamp(snapshot.session)) & (rows["open_interest"] > 0)]
        assert (alive["iv"] > 0.01).mean() > 0.88


def test_every_session_has_a_close_and_five_of_the_last_have_settled() -> None:
    assert len(DAYS) == 64
    for underlying in (SPX, SPY):
        found = everything(underlying)
        assert [each.session for each in found if each.reading == "close"] == list(DAYS.date)
        assert [each.session for each in found if each.reading == "settled"] == list(DAYS.date[-6:-1])
        times = [each.available_at for each in found]
        assert times == sorted(times)


def test_quotes_are_of_twenty_past_the_close_and_of_the_next_morning() -> None:
    for (session, reading), snapshot in by_reading(SPX).items():
        assert snapshot.quote_at is not None
        local = snapshot.quote_at.astimezone(NEW_YORK)
        assert local.date() == snapshot.quote_date
        if reading == "close":
            assert snapshot.quote_at == xnys().session_close(pd.Timestamp(session)) + pd.Timedelta(minutes=20)
            assert snapshot.available_at == chain_closed_at(session)
        else:
            assert (local.date(), local.hour, local.minute) == (FOLLOWING[session], 8, 0)
            assert snapshot.available_at == chain_settled_at(session)
    half_day = by_reading(SPX)[date(2025, 11, 28), "close"].quote_at
    assert half_day is not None
    assert half_day.astimezone(NEW_YORK).strftime("%H:%M") == "13:20"


@pytest.mark.parametrize("underlying", [SPX, SPY])
def test_open_interest_of_the_close_is_that_of_the_session_before(underlying: Underlying) -> None:
    found = by_reading(underlying)
    for session in DAYS.date[-6:-1]:
        settled = keyed(found[session, "settled"])
        following = keyed(found[FOLLOWING[session], "close"])
        assert settled.index.isin(following.index).all()
        expected = following.loc[settled.index, "open_interest"]
        pd.testing.assert_series_equal(settled["open_interest"], expected)
        close = keyed(found[session, "close"])
        changed = (settled["open_interest"] - close.loc[settled.index, "open_interest"]).abs()
        assert changed.sum() > 100_000
        assert (changed <= settled["volume"]).all()


def test_a_settled_chain_is_the_closes_without_what_expired() -> None:
    close, settled = (by_reading(SPX)[date(2025, 12, 30), reading] for reading in ("close", "settled"))
    expired = close.contracts["expiry"] == "2025-12-30"
    assert expired.sum() > 50
    assert (close.contracts.loc[expired, "iv"] == 0).all()
    columns = [name for name in CONTRACT_COLUMNS if name != "open_interest"]
    kept = close.contracts.loc[~expired, columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(settled.contracts[columns], kept)
    assert settled.spot == close.spot


def test_expiries_are_sessions_and_third_fridays_settle_at_the_open() -> None:
    rows = by_reading(SPX)[date(2025, 12, 19), "close"].contracts
    monthly = rows.loc[rows["root"] == "SPX", "expiry"]
    known = rows["expiry"][rows["expiry"] <= xnys().last_session]
    assert known.isin(xnys().sessions).all()
    # The third Friday of June 2026 is a holiday, that of June 2027 too.
    assert {"2025-12-19", "2026-06-18", "2027-06-17"} <= set(monthly.dt.strftime("%Y-%m-%d"))
    assert set(rows.loc[rows["expiry"] == "2025-12-19", "root"]) == {"SPX", "SPXW"}
    assert (rows.loc[(rows["expiry"] == "2025-12-19") & (rows["root"] == "SPX"), "volume"] == 0).all()


def test_spot_is_the_close_that_the_simulated_prices_deliver() -> None:
    listed = pd.read_csv("sql/reference/instruments.csv").rename(columns={"class": "asset_class"}).fillna("")
    listed = listed[listed["symbol"].isin(["SPX", "SPY", "QQQ", "VIX"])]
    fields = ["symbol", "asset_class", "role", "sector", "calendar", "yahoo_symbol"]
    instruments = [Instrument(*row) for row in listed[fields].to_numpy().tolist()]
    prices = SimulatedPrices().prices(instruments, pd.DataFrame()).rows.set_index(["symbol", "date"])["close"]
    for underlying in (SPX, SPY):
        for snapshot in everything(underlying):
            assert snapshot.spot == prices[underlying.symbol, pd.Timestamp(snapshot.session)]


def test_sessions_and_what_is_known_narrow_the_delivery() -> None:
    some = snapshots(SimulatedChains(), SPX, frozenset(), FEW)
    assert {each.session for each in some} == FEW
    assert [each.reading for each in some] == ["close", "close", "close", "settled", "close"]
    whole = {each.snapshot_id: each for each in everything(SPX)}
    for each in some:
        pd.testing.assert_frame_equal(each.contracts, whole[each.snapshot_id].contracts)
    known = frozenset(each.snapshot_id for each in some[:2])
    rest = snapshots(SimulatedChains(), SPX, known, FEW)
    assert [each.snapshot_id for each in rest] == [each.snapshot_id for each in some[2:]]
    assert snapshots(SimulatedChains(), SPX, frozenset(whole), None) == []


def test_nothing_past_the_last_session_is_delivered_and_the_rest_stays_the_same() -> None:
    cut = snapshots(SimulatedChains(date(2025, 12, 26)), SPY, frozenset(), None)
    expected = [each.snapshot_id for each in everything(SPY) if each.quote_date <= date(2025, 12, 26)]
    assert [each.snapshot_id for each in cut] == expected
    assert (cut[-1].session, cut[-1].reading) == (date(2025, 12, 26), "close")


def test_an_underlying_without_a_chain_is_passed_over() -> None:
    other = Underlying("NDX", ("NDX", "NDXP"), is_index=True, yahoo_symbol="^NDX")
    assert list(SimulatedChains().snapshots([other], frozenset(), None)) == []


def test_another_process_delivers_the_same_content() -> None:
    code = (
        "from datetime import date; from assets.sources.simulated_chains import SimulatedChains;"
        "from assets.sources.option_chains import Underlying;"
        f"print(*[s.content_hash for s in SimulatedChains().snapshots([{SPX!r}], (), [date(2025, 12, 30)])])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    here = [by_reading(SPX)[date(2025, 12, 30), reading].content_hash for reading in ("close", "settled")]
    assert there.stdout.split() == here


def test_the_truth_is_of_every_session_and_on_the_scale_of_desks() -> None:
    truth = chain_truth()
    assert list(truth.columns) == ["session", "variable", "truth", "truth_unit"]
    assert not truth.duplicated(["session", "variable"]).any()
    assert truth.notna().all(axis=None)
    assert truth.set_index("variable")["truth_unit"].to_dict() == TRUTH_UNITS
    gamma = truth[truth["variable"] == "dealer_gamma"].set_index("session")["truth"]
    assert list(gamma.index) == list(DAYS)
    assert gamma.abs().max() < 25
    # The sell-off at the end leaves dealers short of gamma.
    assert gamma.max() > 2
    assert gamma.iloc[-3:].max() < 0
    flip = truth[truth["variable"] == "dealer_gamma_flip"].set_index("session")["truth"]
    spot = pd.Series({pd.Timestamp(each.session): each.spot for each in everything(SPX) if each.reading == "close"})
    assert (flip / spot[flip.index] - 1).abs().max() <= 0.1
    assert len(flip) < len(gamma)


def test_the_truth_is_not_what_open_interest_says() -> None:
    truth = chain_truth()
    gamma = truth[truth["variable"] == "dealer_gamma"].set_index("session")["truth"]
    naive = {}
    for snapshot in everything(SPX):
        if snapshot.reading == "close":
            rows, spot = snapshot.contracts, snapshot.spot
            assert spot is not None
            later = rows["expiry"] >= pd.Timestamp(snapshot.session) + pd.Timedelta(days=5)
            sign = np.where(rows["put_call"] == "C", 1, -1)
            total = (rows["gamma"] * rows["open_interest"] * sign)[later].sum()
            naive[pd.Timestamp(snapshot.session)] = total * spot**2 / 1e9
    estimate = 0.080 * pd.Series(naive) + 2.5
    error = estimate - gamma
    assert estimate.corr(gamma) > 0.4
    assert 2 < error.std() < 5
    assert abs(error.mean()) < 2
