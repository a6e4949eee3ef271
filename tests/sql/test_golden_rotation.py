"""Golden values of rotation, baskets, the pattern and bitcoin on real data: published ones, and ours of record."""

import duckdb
import pytest

from tests.sql.given import rows_of, tables


def test_sector_returns_of_the_three_weeks_before_the_note(real: duckdb.DuckDBPyConnection) -> None:
    query = "select symbol, round(total_return_15d_pct, 1) from indicators.sector_league where session = '2025-11-21'"
    found = dict(rows_of(real, query))
    published = {"XLV": 7.2, "XLP": 2.1, "XLU": -1.1, "XLY": -6.0, "XLI": -3.5, "XLF": -1.3, "XLB": 0.8, "XLK": -9.1}
    assert {name: found[name] for name in published} == published
    assert (found["KRE"], found["SMH"], found["ARKK"]) == (2.7, -10.2, -17.6)


def test_defensives_lead_by_more_than_their_beta(real: duckdb.DuckDBPyConnection) -> None:
    columns = "rotation_5d_pct, rotation_21d_pct, rotation_63d_pct, neutral_21d_lo_pct"
    [found] = rows_of(real, f"select {columns} from indicators.rotation where session = '2025-11-21'")
    assert found[:3] == pytest.approx((2.13, 3.98, 7.70), abs=0.005)
    assert found[3] > 2


@pytest.mark.parametrize("sessions", [5, 21, 63])
def test_four_in_five_bands_hold_what_the_beta_of_the_next_year_makes_of_it(
    real: duckdb.DuckDBPyConnection, sessions: int
) -> None:
    query = f"""
        select
            lead(rotation_beta, 253) over (order by session) as later_beta,
            rotation_{sessions}d_pct - later_beta * (rotation_{sessions}d_pct - neutral_{sessions}d_pct) / rotation_beta
            between neutral_{sessions}d_lo_pct and neutral_{sessions}d_hi_pct as is_covered
        from indicators.rotation
    """
    covered = "count(*) filter (is_covered) / count(is_covered), count(is_covered)"
    [(share, count)] = rows_of(real, f"select {covered} from ({query})")
    assert count > 2500
    assert share == pytest.approx(0.8, abs=0.05)


def test_the_pattern_stands_on_its_sessions_and_is_broken(real: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(f"{name}_session::varchar" for name in ("left_shoulder", "left_low", "head", "right_low"))
    query = f"""
        select {columns}, right_shoulder_session::varchar, pattern_status, detected_at::varchar
        from indicators.head_shoulders where session = '2025-11-21' and window_sessions = 126
    """
    points = ("2025-07-21", "2025-08-07", "2025-09-19", "2025-10-17", "2025-11-03")
    assert rows_of(real, query) == [(*points, "broken", "2025-11-10")]
    forming = """
        select min(session)::varchar, max(session)::varchar from indicators.head_shoulders
        where head_session = '2025-09-19' and window_sessions = 126 and pattern_status = 'forming'
    """
    assert rows_of(real, forming) == [("2025-10-28", "2025-11-07")]
    levels = """
        select
            head_pct - left_shoulder_pct, head_pct - right_low_pct, head_pct - path_pct,
            head_pct - (left_low_pct + right_low_pct) / 2, pattern_share_variants
        from indicators.head_shoulders where session = '2025-11-21' and window_sessions = 126
    """
    [(shoulder, low, path, lows, share)] = rows_of(real, levels)
    # By the published levels 2.0, 6.8, 9.3 and, of the neckline, 5.6.
    assert (shoulder, low, path, lows) == pytest.approx((2.0, 6.8, 9.3, 5.6), abs=0.5)
    assert share == 0.625
    longer = query.replace("= 126", "= 189")
    days = ("2025-07-21", "2025-08-07", "2025-09-16", "2025-10-22", "2025-10-29")
    assert rows_of(real, longer) == [(*days, "broken", "2025-11-20")]
    table = tables()["indicators.head_shoulders"]
    assert rows_of(real, table.audits["unseen_pattern"]) == []


def test_bitcoin_as_the_press_counts_it_and_at_the_close(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select round(bitcoin_drawdown_pct, 1), round(corr_63d_qqq, 2), round(bitcoin_close)
        from indicators.bitcoin where session = '2025-11-21' order by bitcoin_reading
    """
    assert rows_of(real, query) == [(-32.7, 0.52, None), (-31.8, 0.60, 85091)]
    ranked = """
        select round(corr_63d_qqq_rank_756d, 2) from indicators.bitcoin
        where session = '2025-11-21' and bitcoin_reading = 'utc_midnight'
    """
    assert rows_of(real, ranked) == [(0.99,)]


def moved(connection: duckdb.DuckDBPyConnection, basket: str, first: str, last: str) -> float:
    """Percent by which a basket moved between two closes."""
    query = f"""
        select max_by(basket_index, session) / min_by(basket_index, session)
        from indicators.basket_returns where basket = '{basket}' and session in ('{first}', '{last}')
    """
    [(ratio,)] = rows_of(connection, query)
    return float(100 * (ratio - 1))


def test_unprofitable_technology_is_nearer_to_what_was_published_than_the_fund(
    real: duckdb.DuckDBPyConnection,
) -> None:
    rise, fall = (("2025-08-01", "2025-10-15"), ("2025-10-15", "2025-11-14"))
    ours = [moved(real, "unprofitable_tech", *leg) for leg in (rise, fall)]
    fund = [moved(real, "ark_innovation", *leg) for leg in (rise, fall)]
    assert ours == pytest.approx([67.9, -27.8], abs=0.05)
    assert fund == pytest.approx([25.5, -13.9], abs=0.05)
    assert moved(real, "ark_innovation", "2025-10-15", "2025-11-21") == pytest.approx(-17.9, abs=0.05)
    published = (65, -25)
    assert all(abs(a - p) < abs(b - p) for a, b, p in zip(ours, fund, published, strict=True))
    bands = """
        select
            round(any_value(rise_63d_lo_pct) filter (session = '2025-10-15')),
            round(any_value(rise_63d_hi_pct) filter (session = '2025-10-15')),
            round(any_value(fall_63d_lo_pct) filter (session = '2025-11-14')),
            round(any_value(fall_63d_hi_pct) filter (session = '2025-11-14'))
        from indicators.baskets where basket = 'unprofitable_tech'
    """
    assert rows_of(real, bands) == [(50, 83, -32, -23)]
    first = "select min(valid_from)::varchar from reference.basket_members where basket = 'unprofitable_tech'"
    assert rows_of(real, first) == [("2025-07-01",)]


def test_a_basket_moves_with_the_fund_of_its_theme(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select basket, median(basket_corr_63d_comparator) from indicators.baskets
        where basket in ('bitcoin_sensitive', 'unprofitable_tech') and session >= '2025-10-01'
        group by basket
    """
    found = dict(rows_of(real, query))
    assert found["bitcoin_sensitive"] > 0.9
    assert found["unprofitable_tech"] > 0.7


def test_verdicts_on_what_the_note_says_of_sectors_and_themes(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select measure, claim_verdict, verdict_session::varchar from marts.desk_note
        where session = '2025-11-21' and claim_no in (14, 15, 18, 21, 22, 26, 27) and value is not null
        order by claim_no, measure_no
    """
    note = "2025-11-21"
    assert rows_of(real, query) == [
        # Funds' returns are no funds' purchases.
        ("health_care_15d", "sign only", note),
        ("technology_15d", "sign only", note),
        ("rotation_21d", "reproduced", note),
        ("rotation_21d_neutral", "reproduced", note),
        ("unprofitable_tech_rise", "reproduced", "2025-10-15"),
        ("unprofitable_tech_fall", "reproduced", "2025-11-14"),
        ("momentum_decile_15d", "reproduced", note),
        ("ai_15d", "sign only", note),
        ("neckline_distance", "reproduced", note),
        ("pattern_variants", "reproduced", note),
        ("pattern_random", None, None),
        ("regional_banks_63d", "reproduced", note),
        ("transports_63d", "reproduced", note),
        ("bitcoin_corr_qqq", "reproduced", note),
        ("bitcoin_drawdown", None, None),
        ("quantum_15d", "sign only", note),
        ("bitcoin_sensitive_15d", "sign only", note),
    ]
