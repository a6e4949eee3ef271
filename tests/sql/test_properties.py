"""What holds of every table that SQL computes, whatever the market did: values, bands and reasons."""

from functools import cache, partial

import duckdb
import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.sql.chains import rows as chain_rows
from tests.sql.chains import whole
from tests.sql.given import EVERY_TABLE, build, frame_of, tables
from tests.sql.markets import AROUND, COMPUTED, COUNT, DAYS, MEMBERS, OHLC, SYMBOLS, build_all, series

FEW = settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


def wild(seed: int, swing: float, flaws: float) -> pd.DataFrame:
    """A market of random walks with heavy tails, in which a share of the bars is flat, disordered or missing."""
    random = np.random.default_rng(seed)
    frames: list[pd.DataFrame] = []
    for symbol in (*SYMBOLS, *MEMBERS[:5]):
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


def flawed(contracts: pd.DataFrame, random: np.random.Generator, flaws: float) -> pd.DataFrame:
    """The contracts with a share of everything missing, and of the quotes crossed."""
    gone = {name: random.random(len(contracts)) < flaws / 6 for name in ("bid", "ask", "iv", "open_interest", "volume")}
    left = {name: contracts[name].mask(of) for name, of in gone.items()}
    crossed = random.random(len(contracts)) < flaws / 6
    return contracts.assign(**left).assign(bid=lambda c: c["bid"].mask(crossed, c["ask"] * 1.01))


def wild_chains(rows: pd.DataFrame, seed: int, flaws: float) -> pd.DataFrame:
    """Chains of the last sessions of a wild market, with flaws of their own and a spot that may be wrong."""
    random = np.random.default_rng(seed)
    closes = rows.set_index(["symbol", "date"])["close"]
    listed = []
    for (symbol, reading), numbers in AROUND.items():
        for day in [DAYS[COUNT - 3 + n] for n in numbers]:
            spot = float(closes.get((symbol, day), 100.0)) * (1 + 0.02 * (random.random() < flaws))
            change = partial(flawed, random=random, flaws=flaws)
            listed.append(whole(symbol, day, reading=reading, spot=spot, change=change))
    return chain_rows(*listed)


@cache
def wild_build(seed: int, swing: float, flaws: float) -> duckdb.DuckDBPyConnection:
    """Every table of a wild market."""
    rows = wild(seed, swing, flaws)
    given = {"raw.option_chains": wild_chains(rows, seed, flaws), "raw.series": series(DAYS[-30:])}
    return build_all(rows, given=given)


MARKETS = {
    "seed": st.integers(0, 2**16),
    "swing": st.sampled_from([0.0, 0.001, 0.01, 0.05]),
    "flaws": st.sampled_from([0.0, 0.02, 0.3]),
}
# So that the tests of a wild market share what is built.
SAME = seeded(1)
BANDS = {
    "indicators.vol_panic": [("vol_panic_lo", "vol_panic", "vol_panic_hi")],
    "indicators.trading_range": [("range_5d_lo_pct", "range_5d_pct", "range_5d_hi_pct")],
    "regime.daily": [("danger_lo", "danger", "danger_hi")],
    "regime.sub_scores": [("score_lo", "score", "score_hi")],
    "indicators.cta_pivots": [("pivot_lo", "pivot_level", "pivot_hi")],
    "indicators.cta_flows": [
        ("flow_us_lo_bn", "flow_us_bn", "flow_us_hi_bn"),
        ("flow_global_lo_bn", "flow_global_bn", "flow_global_hi_bn"),
    ],
    "indicators.cta_positions": [
        ("position_us_lo_bn", "position_us_bn", "position_us_hi_bn"),
        ("position_global_lo_bn", "position_global_bn", "position_global_hi_bn"),
    ],
    "indicators.systematic_total": [("systematic_total_lo_bn", "systematic_total_bn", "systematic_total_hi_bn")],
    "indicators.vol_control": [
        ("notional_lo_bn", "notional_bn", "notional_hi_bn"),
        *((f"flow_{n}d_realised_lo_bn", f"flow_{n}d_realised_bn", f"flow_{n}d_realised_hi_bn") for n in (1, 5, 15)),
    ],
    "indicators.vol_control_flows": [("flow_lo_bn", "flow_bn", "flow_hi_bn")],
    "indicators.liquidity": [
        ("top_of_book_lo_usd_mn", "top_of_book_usd_mn", "top_of_book_hi_usd_mn"),
        ("kyle_lambda_lo_bp_per_bn", "kyle_lambda_bp_per_bn", "kyle_lambda_hi_bp_per_bn"),
        ("liq_stress_lo", "liq_stress", "liq_stress_hi"),
    ],
    "indicators.option_smile": [
        ("skew_30d_lo", "skew_30d", "skew_30d_hi"),
        ("atm_iv_30d_lo", "atm_iv_30d", "atm_iv_30d_hi"),
        ("half_spread_30d_lo_pct", "half_spread_30d_pct", "half_spread_30d_hi_pct"),
    ],
    "indicators.breadth": [
        (f"{name}_lo_pct", f"{name}_pct", f"{name}_hi_pct")
        for name in ("above_20d", "above_50d", "above_200d", "advance_share", "up_volume_share", "net_new_highs")
    ],
    "indicators.rotation": [(f"neutral_{n}d_lo_pct", f"neutral_{n}d_pct", f"neutral_{n}d_hi_pct") for n in (5, 21, 63)],
    "indicators.bitcoin": [
        *(
            (f"{name}_lo", name, f"{name}_hi")
            for name in (
                *("corr_21d_qqq", "corr_63d_qqq", "corr_ewm_qqq", "corr_21d_spx", "corr_63d_spx"),
                "corr_63d_high_beta",
            )
        ),
        ("beta_63d_qqq_lo", "beta_63d_qqq", "beta_63d_qqq_hi"),
        ("lead_slope_lo", "lead_slope", "lead_slope_hi"),
    ],
    "indicators.baskets": [
        ("basket_corr_63d_bitcoin_lo", "basket_corr_63d_bitcoin", "basket_corr_63d_bitcoin_hi"),
        ("basket_beta_63d_qqq_lo", "basket_beta_63d_qqq", "basket_beta_63d_qqq_hi"),
    ],
    # One holder tells no spread.
    "indicators.sector_positioning where method <> 'holdings' or funds > 1": [
        ("active_wt_lo_pp", "active_wt_pp", "active_wt_hi_pp")
    ],
    "indicators.rebound": [("rebound_quality_lo", "rebound_quality", "rebound_quality_hi")],
    "indicators.systemic": [
        ("turbulence_lo", "turbulence", "turbulence_hi"),
        ("absorption_ratio_lo", "absorption_ratio", "absorption_ratio_hi"),
    ],
    "indicators.risk_parity": [
        ("equity_notional_lo_bn", "equity_notional_bn", "equity_notional_hi_bn"),
        *(
            (f"flow_{n}_lo_bn", f"flow_{n}_bn", f"flow_{n}_hi_bn")
            for n in ("5d_realised", "21d_realised", "corr_shock")
        ),
    ],
    "indicators.index_momentum": [
        (f"dist_{h}_lo_pct", f"dist_{h}_pct", f"dist_{h}_hi_pct") for h in ("st", "mt", "lt")
    ],
    "indicators.index_momentum_pairs": [("relative_st_lo_pct", "relative_st_pct", "relative_st_hi_pct")],
    # A basket of few stocks has no band.
    "marts.desk_note where measure not like 'unprofitable_tech_%'": [("value_lo", "value", "value_hi")],
    "indicators.dealer_gamma": [("gex_desk_lo_bn", "gex_sm_equiv_bn", "gex_desk_hi_bn")],
    "indicators.option_notional": [("notional_to_r2k_lo", "notional_to_r2k", "notional_to_r2k_hi")],
    # The flip is read off the profile and has no band.
    "marts.scoreboard where indicator = 'dealer_gamma'": [("value_lo", "value", "value_hi")],
}
# The chain of a row of dealer gamma lacks a rate or a forward.
LACKING = """
    exists(
        from staging.option_readings as r inner join staging.option_expiries as e using (snapshot_id)
        where r.session = o.session and r.reading = o.reading and r.underlying = o.underlying
            and not e.is_expired and (e.rate is null or e.forward is null)
    )
"""


@SAME
@FEW
@given(**MARKETS)
def test_values_are_what_the_headers_say(seed: int, swing: float, flaws: float) -> None:
    """Keys are unique, and every value is finite, there where it must be, and within its bounds."""
    connection = wild_build(seed, swing, flaws)
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


@SAME
@FEW
@given(**MARKETS)
def test_bands_hold_their_value(seed: int, swing: float, flaws: float) -> None:
    """Where there is a value there is a band, and the other way round."""
    connection = wild_build(seed, swing, flaws)
    for name, bands in BANDS.items():
        for low, value, high in bands:
            found = frame_of(connection, f"select {low} as lo, {value} as value, {high} as hi from {name}")
            there = found.notna()
            assert there.eq(there["value"], axis=0).all(axis=None), name
            known = found.dropna()
            assert ((known["lo"] <= known["value"]) & (known["value"] <= known["hi"])).all(), name


@SAME
@FEW
@given(**MARKETS)
def test_what_is_null_says_why(seed: int, swing: float, flaws: float) -> None:
    """inputs_missing is there exactly where an estimate is not."""
    connection = wild_build(seed, swing, flaws)
    estimates = {
        "indicators.vol_panic": "panic_4 is null or vol_panic is null or panic_4_chain is null "
        "or vol_panic_rank is null",
        "indicators.option_smile": "skew_30d is null or half_spread_30d_pct is null",
        "indicators.trading_range": "range_5d_pct is null or yang_zhang_vol is null or range_pct is null "
        "or (symbol in ('SPX', 'SPY') and range_to_implied is null)",
        "regime.daily": "weight_share < 1 or spx_close is null",
        "regime.danger": "weight_share < 1",
        "marts.desk_note": "value is null",
        "indicators.option_notional": "option_volume_21d is null or r2k_cap_usd_trn is null",
        "indicators.dealer_gamma": LACKING,
        "marts.scoreboard": "value is null",
        "indicators.excess_prices": "excess_price is null",
        "indicators.cta_pivots": "pivot_level is null or (days_since_break is not null and tests_before_break is null)",
        "indicators.cta_flows": "flow_us_bn is null",
        "indicators.cta_positions": "position_us_5d_change_bn is null or position_rank_3y is null "
        "or rules_median_us_bn is null",
        "indicators.systematic_total": "systematic_total_bn is null",
        "indicators.trend_models": "signal is null",
        "indicators.price_trends": "trend_t_stat is null or momentum_21d is null or momentum_252d is null",
        "indicators.index_momentum": "close is null or dist_st_pct is null or dist_mt_pct is null "
        "or dist_lt_pct is null or return_21d_pct is null or trend_t_stat is null or momentum_252d is null "
        "or below_state is null or is_weakest is null",
        "indicators.index_momentum_pairs": "relative_st_pct is null or relative_slope_20d_pct is null",
        "indicators.vol_control": "log_return_pct is null or rv21_pct is null or rv63_pct is null "
        "or flow_1d_realised_bn is null or flow_5d_realised_bn is null or flow_15d_realised_bn is null",
        "indicators.vol_control_flows": "flow_bn is null",
        "indicators.liquidity": "vix is null or top_of_book_to_10d_pct is null or top_of_book_rank_252d is null "
        "or amihud_21d_bp_per_bn is null or es_amihud_21d_bp_per_bn is null or kyle_lambda_bp_per_bn is null "
        "or amihud_to_median is null or edge_median_bp is null or half_spread_30d_pct is null or liq_stress is null",
        "indicators.breadth": "members_missing > 0 or advances is null or advance_share_pct is null "
        "or up_volume_share_pct is null or above_20d_pct is null or above_50d_pct is null or above_200d_pct is null "
        "or net_new_highs_pct is null",
        "indicators.rebound": "return_pct is null or gap_pct is null or up_pct is null or close_location is null "
        "or retrace_ratio is null or drawdown_63d_pct is null or is_rebound_day is null or reversal_days_5d is null "
        "or leadership_pct is null or vix_change is null or advance_share_pct is null or up_volume_share_pct is null "
        "or (is_rebound_day and rebound_components < 6)",
        "indicators.basket_returns": "basket_return is null or basket_index is null",
        "indicators.baskets": "basket_return_2d_pct is null or basket_return_63d_pct is null or rise_63d_pct is null "
        "or basket_drawdown_pct is null or trough_to_peak_pct is null or basket_corr_63d_bitcoin is null "
        "or basket_corr_63d_qqq is null or pairwise_corr_63d is null or pairwise_corr_rank_504d is null "
        "or (basket_corr_63d_comparator is null "
        "and basket in (select basket from reference.baskets where comparator is not null))",
        "indicators.rotation": "rotation_1d_pct is null or rotation_63d_z is null or rotation_5d_z is null "
        "or neutral_63d_pct is null or neutral_5d_pct is null or breadth_gap_pp is null",
        "indicators.sector_league": "total_return_1d_pct is null or total_return_15d_pct is null "
        "or total_return_252d_pct is null or relative_5d_pp is null or relative_252d_pp is null "
        "or total_return_5d_pct is null or total_return_21d_pct is null or total_return_63d_pct is null "
        "or relative_21d_pp is null or fund_drawdown_pct is null",
        # A fund that lacks is named even where the others are enough.
        "indicators.sector_positioning": "active_wt_lo_pp is null "
        "or (method <> 'holdings' and funds < case cohort when 'hedge_funds' then 3 else 10 end)",
        "indicators.head_shoulders": "is_pattern is null or pattern_share_random is null "
        "or (is_pattern and pattern_share_variants is null)",
        "indicators.bitcoin_returns": "bitcoin_return is null",
        "indicators.bitcoin": "bitcoin_return_5d_pct is null or bitcoin_drawdown_pct is null "
        "or bitcoin_stabilised is null or corr_21d_qqq is null or corr_63d_qqq is null or corr_ewm_qqq is null "
        "or corr_63d_qqq_rank_756d is null or corr_21d_spx is null or corr_63d_spx is null "
        "or corr_63d_high_beta is null or beta_63d_qqq is null or lead_slope is null or lead_r2 is null",
        "indicators.daily_risk_control": "total_return_source is null or leverage is null "
        "or risk_control_level is null or overnight_rate_pct is null",
    }
    for name, missing in estimates.items():
        odd = connection.sql(f"from {name} as o where (inputs_missing is null) = ({missing})")
        assert odd.limit(3).fetchall() == [], name


@FEW
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-3, 0.7, 1e4]))
def test_ranges_do_not_depend_on_the_unit_of_price(seed: int, scale: float) -> None:
    rows = wild(seed, 0.01, 0.02)
    scaled = rows.assign(**{name: rows[name] * scale for name in OHLC})
    query = "select * exclude (range_to_implied) from indicators.trading_range order by symbol, session"
    one, other = (frame_of(build(of, "indicators.trading_range"), query) for of in (rows, scaled))
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)


def test_every_table_that_sql_computes_is_built() -> None:
    found, pending = set(EVERY_TABLE), list(EVERY_TABLE)
    while pending:
        upstream = tables()[pending.pop()].upstream - found
        found |= upstream
        pending += upstream
    assert found >= set(COMPUTED)
