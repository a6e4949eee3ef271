"""Dealer gamma on real option chains: what others published of the same chains, and our own numbers of record."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, spearmanr

from assets.models.options import Contracts, sensitivities
from tests.sql.given import build, frame_of, rows_of

# The data's newest session is over.
NEWEST = datetime(2026, 8, 21, 22, tzinfo=UTC)
FLIP_SESSION = "2025-08-28"
YEAR = 2019
# Their spot was read hours before the close.
REFUSED = ("2019-05-01", "2019-05-06", "2019-05-07", "2019-05-08", "2019-05-14", "2019-05-28")


# What others made of the same chains


def test_the_net_exposure_of_a_chain_on_its_own_gammas(real: duckdb.DuckDBPyConnection) -> None:
    # Known of this chain: 321.7 billion with the contracts that expired at its close, 124.0 without.
    query = """
        select
            sum(of), sum(of) filter (expiry > session)
        from (
            select
                case put_call when 'C' then 1 else -1 end * open_interest * 100
                * vendor_gamma * spot * spot * 0.01 / 1e9 as of,
                session, expiry
            from raw.option_chains
            where session = '2026-08-13' and underlying = 'SPX' and reading = 'close'
        )
    """
    [(with_expired, net)] = rows_of(real, query)
    assert net == pytest.approx(124.0, abs=0.1)
    assert with_expired == pytest.approx(321.7, abs=0.1)


def test_our_net_exposure_is_near_that_of_the_chains_own_gammas(real: duckdb.DuckDBPyConnection) -> None:
    query = "select gex_naive_bn from indicators.dealer_gamma where session = '2026-08-13' and underlying = 'SPX'"
    assert rows_of(real, query) == [(pytest.approx(124.0, rel=0.05),)]


def flip(real: duckdb.DuckDBPyConnection, *, on_spot: bool) -> float:
    """Our flip of one chain; `on_spot` without rates and dividends, the forward at spot."""
    of = {
        name: frame_of(real, f"from staging.{name} where session = '{FLIP_SESSION}' and underlying = 'SPX'")
        for name in ("option_chains", "option_readings", "option_expiries")
    }
    if on_spot:
        chain = of["option_chains"].assign(forward=lambda rows: rows["spot"], discount=1.0)
        numbers = (chain[name].to_numpy() for name in ("spot", "forward", "strike", "years", "discount"))
        greeks = sensitivities(Contracts((chain["put_call"] == "C").to_numpy(), *numbers), chain["iv"].to_numpy())
        of["option_chains"] = chain.assign(gamma=greeks.gamma)
    given = {f"staging.{name}": rows for name, rows in of.items()} | {"staging.series": pd.DataFrame()}
    connection = build(until="indicators.dealer_gamma", given=given, now=NEWEST)
    [(level,)] = rows_of(connection, "select flip_level from indicators.dealer_gamma")
    return float(level)


def test_the_flip_is_that_of_another_implementation_on_its_assumptions(
    real: duckdb.DuckDBPyConnection, market_data: Path
) -> None:
    published = float((market_data / "gex" / f"flip_level_{FLIP_SESSION}.txt").read_text())
    on_spot = flip(real, on_spot=True)
    assert on_spot == pytest.approx(published, abs=5)
    # The forwards of parity lie above spot, so that spot itself need not stand as high.
    assert 10 < on_spot - flip(real, on_spot=False) < 20


# The year 2019 beside SqueezeMetrics


def of_year(real: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Dealer gamma of the year's close readings."""
    return frame_of(
        real,
        f"""
        from indicators.dealer_gamma
        where underlying = 'SPX' and reading = 'close' and year(session) = {YEAR} order by session
        """,
    )


def test_50_of_56_sessions_are_used(real: duckdb.DuckDBPyConnection) -> None:
    query = f"""
        select session::varchar, reason from staging.option_snapshots
        where year(session) = {YEAR} and reading = 'close' and verdict {{}} order by session
    """
    refused = rows_of(real, query.format("= 'refused'"))
    assert [session for session, _ in refused] == list(REFUSED)
    assert all("was quoted during the session" in reason for _, reason in refused)
    assert rows_of(real, query.format("= 'superseded'")) == []
    assert len(rows_of(real, query.format("= 'used'"))) == len(of_year(real)) == 50


def test_dealer_gamma_goes_with_squeezemetrics(real: duckdb.DuckDBPyConnection) -> None:
    found = of_year(real)
    ours, theirs = found["gex_ge5_bn"].to_numpy(), found["sm_gex_bn"].to_numpy()
    assert spearmanr(ours, theirs).statistic == pytest.approx(0.883, abs=0.005)
    line = linregress(ours, theirs)
    assert line.slope == pytest.approx(0.084, abs=0.01)
    assert line.intercept == pytest.approx(1.88, abs=0.3)
    assert np.sqrt(np.mean((theirs - line.slope * ours - line.intercept) ** 2)) == pytest.approx(1.19, abs=0.05)


def test_naive_gamma_is_a_small_part_of_gross(real: duckdb.DuckDBPyConnection) -> None:
    found = of_year(real)
    assert found["gex_naive_bn"].mean() == pytest.approx(12.9, abs=0.1)
    assert found["gex_gross_bn"].mean() == pytest.approx(156, abs=1)


# Sessions and readings


@pytest.mark.parametrize(
    ("quoted", "session", "reading"),
    [
        ("2019-05-27", "2019-05-24", "settled"),
        ("2019-07-04", "2019-07-03", "settled"),
        ("2026-06-13", "2026-06-12", "close"),
        ("2026-06-19", "2026-06-18", "settled"),
        ("2026-07-03", "2026-07-02", "settled"),
        ("2026-06-23", "2026-06-22", "settled"),
    ],
    ids=["Memorial Day", "Independence Day", "Saturday", "Juneteenth", "Friday before the 4th", "before the opening"],
)
def test_a_chain_is_read_for_the_session_that_its_quotes_belong_to(
    real: duckdb.DuckDBPyConnection, quoted: str, session: str, reading: str
) -> None:
    found = rows_of(
        real,
        f"""
        select distinct s.session::varchar, s.reading, s.verdict
        from raw.option_chains as c inner join staging.option_snapshots as s using (snapshot_id)
        where c.quote_date = '{quoted}' and c.underlying = 'SPX'
        """,
    )
    assert found == [(session, reading, "used")]


def test_dumps_of_the_morning_are_refused(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select underlying, reading, verdict, reason from staging.option_snapshots
        where source = 'files/yfinance' and session = '2026-08-13' order by underlying
    """
    said = ("intraday", "refused", "quoted while the session was going on")
    assert rows_of(real, query) == [("IWM", *said), ("QQQ", *said), ("SPY", *said)]


def test_a_chain_without_spot_is_valued_at_the_close(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select verdict, spot = underlying_close, spot_error_pct from staging.option_snapshots
        where session = '2026-01-30'
    """
    assert rows_of(real, query) == [("used", True, None)]


def test_whole_chains_are_sound(real: duckdb.DuckDBPyConnection) -> None:
    worst = """
        select max(parity_error_pct), min(iv_share), count(*) from staging.option_snapshots
        where underlying = 'SPX' and verdict = 'used'
    """
    [(parity_error, iv_share, count)] = rows_of(real, worst)
    assert parity_error < 0.1
    assert iv_share > 0.85
    # 50 sessions and 2 holidays of 2019, 6 sessions of 2025, and of 2026 28 at the close and 3 once settled.
    assert count == 89
