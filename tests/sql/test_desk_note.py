"""marts.desk_note: each claim's answer and sentence from given rows."""

from typing import Any

import duckdb
import pandas as pd
import pytest

from orchestration.settings import ROOT
from tests.sql.given import build, rows_of, sessions

DAYS = sessions("2025-11-14", 6)
FRIDAY = DAYS[-1]
CLAIMS = pd.read_csv(ROOT / "sql" / "reference" / "claims.csv")
MEASURES = list(CLAIMS["measure"])
NEEDS = dict(zip(MEASURES, CLAIMS["needs"], strict=True))
UNMEASURED = ("gross_exposure_rank", "gdpnow", "sofr_to_iorb_20d", "treasury_account_20d", "december_cut")
NAN = float("nan")
ABOVE = "the S&P 500 is above its short-term threshold"
NOT_GIVEN = (
    *("rebound", "liquidity", "cta_pivots", "cta_flows", "index_momentum", "index_momentum_pairs"),
    *("rotation", "sector_league", "baskets", "head_shoulders", "bitcoin", "sector_positioning"),
)
NO_PATTERN = "no head-and-shoulders in 126 sessions"
SMALL = "the flows of a flat week and month differ in sign or are small"


def regime(drawdowns: dict[pd.Timestamp, float | None], *, simulated: bool = False, **columns: object) -> pd.DataFrame:
    """Rows of regime.daily: dangerous, and bull by the jump model."""
    of = {"session": list(drawdowns), "spx_drawdown_pct": list(drawdowns.values()), "simulated": simulated}
    of |= {"danger": 0.72, "danger_lo": 0.66, "danger_hi": 0.76, "label": "dangerous"}
    of |= {"jump_state": "bull", "hidden_markov_stress": 0.19}
    return pd.DataFrame(of | columns).astype({"spx_drawdown_pct": "float64"})


def panic(vix: dict[pd.Timestamp, float | None]) -> pd.DataFrame:
    """Rows of indicators.vol_panic: VIX as given, the index at 9.1."""
    band = {"vol_panic": 9.1, "vol_panic_lo": 7.94, "vol_panic_hi": 9.6}
    return pd.DataFrame({"session": list(vix), "vix": list(vix.values()), **band}).astype({"vix": "float64"})


def ranges(values: dict[str, tuple[float, float, float]]) -> pd.DataFrame:
    """Rows of indicators.trading_range on the Friday."""
    names = ["range_5d_pct", "range_5d_lo_pct", "range_5d_hi_pct"]
    frame = pd.DataFrame.from_dict(values, orient="index", columns=names).rename_axis("symbol").reset_index()
    return frame.assign(session=FRIDAY)


def gamma(underlying: str = "SPX", reading: str = "close") -> pd.DataFrame:
    """Rows of indicators.dealer_gamma on the Friday."""
    of = {"gex_sm_equiv_bn": -1.04, "gex_desk_lo_bn": -6.2, "gex_desk_hi_bn": 4.1, "dist_to_flip_pct": -2.31}
    return pd.DataFrame({"session": [FRIDAY], "underlying": underlying, "reading": reading, **of})


def options() -> pd.DataFrame:
    """Rows of indicators.option_notional on the Friday."""
    of = {"notional_to_r2k": 1.1, "notional_to_r2k_lo": 1.02, "notional_to_r2k_hi": 1.2}
    return pd.DataFrame({"session": [FRIDAY], "notional_usd_trn": 3.46, "volume_to_record": 1.07, **of})


def pivots(close: float = 6600.0, days: float = 4, tests: float = 2) -> pd.DataFrame:
    """Rows of indicators.cta_pivots on the Friday: the S&P 500's short-term pivot, and others far from it."""
    levels = {"pivot_level": 6700.0, "pivot_lo": 6690.0, "pivot_hi": 6710.0, "close": close}
    state = {"is_below": close < 6700, "days_since_break": days, "tests_before_break": tests}
    own = pd.DataFrame([{"session": FRIDAY, "symbol": "SPX", "horizon": "st", **levels, **state}])
    own["dist_pct"] = 100 * (own["close"] / own["pivot_level"] - 1)
    others = [own.assign(pivot_level=1.0, **other) for other in ({"symbol": "NDX"}, {"horizon": "mt"})]
    return pd.concat([own, *others])


def flows(share: float = 0.47) -> pd.DataFrame:
    """Rows of indicators.cta_flows on the Friday."""
    flat = {5: -25.4, 21: -54.1}
    rows = [
        {"session": FRIDAY, "flow_sessions": length, "scenario": scenario, "flow_global_bn": flow + move}
        for length, flow in flat.items()
        for scenario, move in {"flat": 0, "up": 200, "down": -200}.items()
    ]
    of = pd.DataFrame(rows).assign(front_loaded=share)
    return of.assign(flow_global_lo_bn=of["flow_global_bn"] - 20, flow_global_hi_bn=of["flow_global_bn"] + 20)


def momentum(distances: dict[str, float | None]) -> pd.DataFrame:
    """Rows of indicators.index_momentum on the Friday."""
    return pd.DataFrame({"session": FRIDAY, "symbol": list(distances), "dist_st_pct": list(distances.values())}).astype(
        {"dist_st_pct": "float64"}
    )


def pairs(relative: dict[str, float | None]) -> pd.DataFrame:
    """Rows of indicators.index_momentum_pairs on the Friday: the S&P 500 against others, and another pair."""
    own = pd.DataFrame({"other_symbol": list(relative), "relative_st_pct": list(relative.values())}).assign(
        symbol="SPX"
    )
    rows = pd.concat([own, pd.DataFrame([{"symbol": "NDX", "other_symbol": "RUT", "relative_st_pct": 99.0}])])
    rows = rows.assign(session=FRIDAY).astype({"relative_st_pct": "float64"})
    return rows.assign(
        relative_st_lo_pct=rows["relative_st_pct"] - 0.2, relative_st_hi_pct=rows["relative_st_pct"] + 0.2
    )


def rebound(**columns: object) -> pd.DataFrame:
    """Rows of indicators.rebound on the Friday."""
    of = {"return_pct": 1.0, "close_location": 0.19, "retrace_ratio": 0.28, "reversal_days_5d": 1}
    of |= {"is_rebound_day": True}
    band = {"rebound_quality": 0.35, "rebound_quality_lo": 0.3, "rebound_quality_hi": 0.4}
    return pd.DataFrame([{"session": FRIDAY, **of, **band, **columns}])


def liquidity() -> pd.DataFrame:
    """Rows of indicators.liquidity on the Friday."""
    depth = {"top_of_book_usd_mn": 6.6, "top_of_book_lo_usd_mn": 4.0, "top_of_book_hi_usd_mn": 11.1}
    score = {"liq_stress": 7.2, "liq_stress_lo": 6.0, "liq_stress_hi": 8.1}
    return pd.DataFrame(
        [{"session": FRIDAY, "top_of_book_rank_252d": 0.14, "amihud_residual_z": -0.4, **depth, **score}]
    )


def rotation() -> pd.DataFrame:
    """Rows of indicators.rotation on the Friday."""
    band = {"neutral_21d_pct": 2.97, "neutral_21d_lo_pct": 2.89, "neutral_21d_hi_pct": 3.05}
    own = pd.DataFrame([{"session": FRIDAY, "variant": "sector_funds", "rotation_21d_pct": 3.98, **band}])
    return pd.concat([own, own.assign(variant="equal_weight_funds", rotation_21d_pct=9.0)])


def league() -> pd.DataFrame:
    """Rows of indicators.sector_league on the Friday: SPY returned 3 % over 63 sessions."""
    three_weeks = {"XLV": 7.18, "XLK": -9.14, "KRE": 2.68, "IYT": -3.21, "IJS": 0.1}
    relative = {"XLV": 11.0, "XLK": 1.5, "KRE": -6.7, "IYT": -4.4, "IJS": -2.0}
    rows = pd.DataFrame({"total_return_15d_pct": three_weeks, "relative_63d_pp": relative}).rename_axis("symbol")
    return rows.assign(total_return_63d_pct=rows["relative_63d_pp"] + 3, session=FRIDAY).reset_index()


def baskets(**unprofitable: object) -> pd.DataFrame:
    """Rows of indicators.baskets on the Friday: each returned one less than that before, ten times over 63 sessions."""
    names = ["momentum_decile", "ai", "quantum", "bitcoin_sensitive", "rare_earths", "strategic_investments"]
    rows = pd.DataFrame({"session": FRIDAY, "basket": [*names, "chemicals", "low_income_consumer"]})
    rows["basket_return_15d_pct"] = -1.0 - rows.index
    rows["basket_return_63d_pct"] = 10 * rows["basket_return_15d_pct"]
    legs = {"rise_63d_pct": 58.0, "rise_63d_lo_pct": 44.0, "rise_63d_hi_pct": 71.0}
    legs |= {"fall_63d_pct": -33.4, "fall_63d_lo_pct": -36.8, "fall_63d_hi_pct": -29.3}
    own = pd.DataFrame([{"session": FRIDAY, "basket": "unprofitable_tech", **legs, **unprofitable}])
    return pd.concat([rows, own])


def positions(**columns: str | None) -> pd.DataFrame:
    """Rows of indicators.sector_positioning on the Friday: by returns, and by holdings twice that."""
    active = {"Health Care": 3.0, "Information Technology": -5.0, "Energy": 9.0}
    rows = [
        {"session": FRIDAY, "cohort": cohort, "sector": sector, "method": method, "active_wt_pp": factor * points}
        for cohort, half in (("hedge_funds", 1.0), ("mutual_funds", 0.5))
        for method, factor in (("style", half), ("holdings", 2 * half))
        for sector, points in active.items()
    ]
    found = pd.DataFrame(rows)
    lo, hi = found["active_wt_pp"] - 1, found["active_wt_pp"] + 2
    for name, value in {"active_wt_lo_pp": lo, "active_wt_hi_pp": hi, **columns}.items():
        found[name] = value
    return found


def pattern(**columns: object) -> pd.DataFrame:
    """Rows of indicators.head_shoulders on the Friday."""
    of = {"neckline_distance_pct": -1.08, "pattern_share_variants": 0.625, "pattern_share_random": 0.06}
    own = pd.DataFrame([{"session": FRIDAY, "window_sessions": 126, "is_pattern": True, **of, **columns}])
    return pd.concat([own, own.assign(window_sessions=189, neckline_distance_pct=-9.0)])


def bitcoin() -> pd.DataFrame:
    """Rows of indicators.bitcoin on the Friday."""
    band = {"corr_63d_qqq": 0.52, "corr_63d_qqq_lo": 0.38, "corr_63d_qqq_hi": 0.63}
    own = {"session": FRIDAY, "bitcoin_reading": "new_york_close", "bitcoin_drawdown_pct": -32.7, **band}
    return pd.DataFrame([own, {**own, "bitcoin_reading": "utc_midnight", "bitcoin_drawdown_pct": -31.8}])


def noted(**given: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """The note of the Friday, and what it is made of: the rows above and those given instead."""
    rows = {
        "regime.daily": regime({FRIDAY: -4.18}),
        "indicators.vol_panic": panic(dict(zip(DAYS, (20.0, 22.0, 24.0, 25.0, 26.42, 23.43), strict=True))),
        "indicators.trading_range": ranges({"SPX": (2.02, 1.4, 2.7), "NDX": (2.7, 1.9, 3.55), "SPY": (9.0, 8.0, 9.9)}),
        "indicators.dealer_gamma": pd.concat([gamma(), gamma("SPY").assign(gex_sm_equiv_bn=9.0)]),
        "indicators.option_notional": options(),
        "indicators.cta_pivots": pivots(),
        "indicators.cta_flows": flows(),
        "indicators.index_momentum": momentum({"SPX": -1.5, "NDX": -2.8, "RUT": 0.4, "SPY": -1.5}),
        "indicators.index_momentum_pairs": pairs({"NDX": 1.3, "RUT": -1.9}),
        "indicators.rebound": rebound(),
        "indicators.liquidity": liquidity(),
        "indicators.rotation": rotation(),
        "indicators.sector_league": league(),
        "indicators.baskets": baskets(),
        "indicators.sector_positioning": positions(),
        "indicators.head_shoulders": pattern(),
        "indicators.bitcoin": bitcoin(),
    }
    rows |= {name.replace("__", "."): of for name, of in given.items()}
    return build(until="marts.desk_note", given=rows)


def note(columns: str, where: str = "true", /, **given: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Columns of the note, in the note's order."""
    query = f"select {columns} from marts.desk_note where {where} order by session, claim_no, measure_no"
    return rows_of(noted(**given), query)


def test_each_claim_is_answered() -> None:
    near = pytest.approx
    assert note("claim_no, measure, value, value_lo, value_hi, unit, grade, inputs_missing") == [
        (1, "rebound_return_pct", 1, 1, 1, "%", "A", None),
        (1, "rebound_retrace", 0.28, 0.28, 0.28, "ratio", "A", None),
        (1, "rebound_close_location", 0.19, 0.19, 0.19, "ratio", "A", None),
        (1, "rebound_quality", 0.35, 0.3, 0.4, "ratio", "C", None),
        (1, "reversal_days_5d", 1, 1, 1, "sessions", "A", None),
        (2, "spx_drawdown_pct", -4.18, -4.18, -4.18, "%", "A", None),
        (3, "top_of_book", 6.6, 4.0, 11.1, "USD mn", "B", None),
        (3, "top_of_book_rank", 0.14, 0.14, 0.14, "ratio", "C", None),
        (3, "liq_stress", 7.2, 6.0, 8.1, "0 to 10", "C", None),
        (3, "amihud_residual_z", -0.4, -0.4, -0.4, "standard deviations", "C", None),
        (4, "dealer_gamma", -1.04, -6.2, 4.1, "USD bn per 1 %", "D", None),
        (4, "gamma_flip_distance", -2.31, -2.31, -2.31, "%", "C", None),
        (5, "spx_to_pivot_st", *(near(100 * (6600 / level - 1)) for level in (6700, 6710, 6690)), "%", "A", None),
        (5, "cta_pivot_st", 6700, 6690, 6710, "index points", "A", None),
        (5, "cta_pivot_st_tests", 2, 2, 2, "count", "A", None),
        (6, "cta_days_since_break", 4, 4, 4, "sessions", "A", None),
        (7, "cta_flow_1w_flat_global", -25.4, near(-45.4), near(-5.4), "USD bn", "C", None),
        (7, "cta_flow_1m_flat_global", -54.1, near(-74.1), near(-34.1), "USD bn", "C", None),
        (8, "cta_front_loaded", 0.47, 0.47, 0.47, "ratio", "C", None),
        (9, "indices_below_pivot_st", 2, 2, 2, "count", "A", None),
        # Against the weaker of the two others.
        (9, "spx_relative_to_pivot_st", 1.3, near(1.1), near(1.5), "% points", "A", None),
        (10, "vol_panic", 9.1, 7.94, 9.6, "0 to 10", "B", None),
        (11, "spx_range_5d_pct", 2.02, 1.4, 2.7, "%", "A", None),
        (11, "ndx_range_5d_pct", 2.7, 1.9, 3.55, "%", "A", None),
        (12, "option_notional_to_r2k", 1.1, 1.02, 1.2, "ratio", "B", None),
        (12, "option_notional", 3.46, 3.46, 3.46, "USD trn", "A", None),
        (13, "vix_change_5d", near(3.43), near(3.43), near(3.43), "index points", "A", None),
        (13, "vix", 23.43, 23.43, 23.43, "index points", "A", None),
        (14, "health_care_15d", 7.18, 7.18, 7.18, "%", "C", None),
        (14, "technology_15d", -9.14, -9.14, -9.14, "%", "C", None),
        (14, "rotation_21d", 3.98, 3.98, 3.98, "log %", "A", None),
        (14, "rotation_21d_neutral", 2.97, 2.89, 3.05, "log %", "B", None),
        (15, "unprofitable_tech_rise", 58, 44, 71, "%", "C", None),
        (15, "unprofitable_tech_fall", -33.4, -36.8, -29.3, "%", "C", None),
        (16, "hedge_funds_health_care", 3, 2, 5, "% points", "C", None),
        (16, "hedge_funds_technology", -5, -6, -3, "% points", "C", None),
        (16, "mutual_funds_health_care", 1.5, 0.5, 3.5, "% points", "C", None),
        (16, "mutual_funds_technology", -2.5, -3.5, -0.5, "% points", "C", None),
        (17, "gross_exposure_rank", None, None, None, "ratio", "D", "prime brokers' books"),
        (18, "momentum_decile_15d", -1, -1, -1, "%", "B", None),
        (18, "ai_15d", -2, -2, -2, "%", "C", None),
        (19, "option_volume_to_record", 1.07, 1.07, 1.07, "ratio", "A", None),
        (20, "gdpnow", None, None, None, "% a year", "A", "GDPNow"),
        (21, "neckline_distance", -1.08, -1.08, -1.08, "log %", "B", None),
        (21, "pattern_variants", 0.625, 0.625, 0.625, "ratio", "B", None),
        (21, "pattern_random", 0.06, 0.06, 0.06, "ratio", "B", None),
        (22, "regional_banks_63d", -6.7, -6.7, -6.7, "% points", "A", None),
        (22, "transports_63d", -4.4, -4.4, -4.4, "% points", "A", None),
        # Against SPY's 3 %.
        (22, "chemicals_63d", -73, -73, -73, "% points", "C", None),
        (22, "low_income_consumer_63d", -83, -83, -83, "% points", "C", None),
        (22, "small_value_63d", -2, -2, -2, "% points", "C", None),
        (23, "sofr_to_iorb_20d", None, None, None, "bp", "A", "repo rates and the rate on reserves"),
        (24, "treasury_account_20d", None, None, None, "USD bn", "A", "the Treasury's daily statement"),
        (25, "december_cut", None, None, None, "%", "A", "fed funds futures"),
        (26, "bitcoin_corr_qqq", 0.52, 0.38, 0.63, "ratio", "A", None),
        (26, "bitcoin_drawdown", -32.7, -32.7, -32.7, "%", "A", None),
        (27, "quantum_15d", -3, -3, -3, "%", "C", None),
        (27, "bitcoin_sensitive_15d", -4, -4, -4, "%", "C", None),
        (27, "rare_earths_15d", -5, -5, -5, "%", "C", None),
        (27, "strategic_investments_15d", -6, -6, -6, "%", "C", None),
        (28, "danger", 0.72, 0.66, 0.76, "0 to 1", "C", None),
        (28, "jump_model_bear", 0, 0, 0, "flag", "C", None),
        (28, "hidden_markov_stress", 0.19, 0.19, 0.19, "probability", "C", None),
    ]


def claims(measure: str, template: str, **columns: object) -> pd.DataFrame:
    """One row of reference.claims."""
    text = dict.fromkeys(["section", "claim", "unit", "grade", "needs"], "any")
    of = {"claim_no": 1, "measure_no": 1, "measure": measure, "template": template, "decimals": 1}
    return pd.DataFrame([of | text | columns])


@pytest.mark.parametrize(
    ("decimals", "expected"),
    [(0, "9 of 10 (8 to 10), 9"), (1, "9.1 of 10 (7.9 to 9.6), 9.1"), (2, "9.10 of 10 (7.94 to 9.60), 9.10")],
)
def test_the_sentence_is_the_claims_template_filled_in(decimals: int, expected: str) -> None:
    template = claims("vol_panic", "{value} of 10 ({lo} to {hi}), {value}", decimals=decimals)
    assert note("sentence", reference__claims=template) == [(expected,)]


def test_every_template_is_filled_in() -> None:
    sentences = [sentence for (sentence,) in note("sentence")]
    assert len(sentences) == len(MEASURES)
    assert [sentence for sentence in sentences if "{" in sentence or not sentence.endswith(".")] == []


def test_a_value_that_rounds_to_nothing_has_no_sign() -> None:
    template = claims("spx_drawdown_pct", "{value} % ({lo}, {hi})")
    found = note("sentence", regime__daily=regime({FRIDAY: -0.04}), reference__claims=template)
    assert found == [("0.0 % (0.0, 0.0)",)]


def test_published_values_stand_on_the_session_that_they_describe_alone() -> None:
    found = note("session, measure, published_value", regime__daily=regime({DAYS[-2]: -5.1, FRIDAY: -4.18}))
    published = {(session, measure): value for session, measure, value in found if value is not None}
    assert published == {
        (FRIDAY.date(), "rebound_return_pct"): 1.0,
        (FRIDAY.date(), "dealer_gamma"): -2.0,
        (FRIDAY.date(), "cta_pivot_st_tests"): 2,
        (FRIDAY.date(), "cta_days_since_break"): 4,
        (FRIDAY.date(), "cta_flow_1w_flat_global"): -50,
        (FRIDAY.date(), "cta_flow_1m_flat_global"): -62,
        (FRIDAY.date(), "cta_front_loaded"): 0.81,
        (FRIDAY.date(), "vol_panic"): 9.5,
        (FRIDAY.date(), "option_notional"): 3.5,
        (FRIDAY.date(), "spx_range_5d_pct"): 2.0,
        (FRIDAY.date(), "ndx_range_5d_pct"): 3.0,
    }


def test_a_simulated_market_is_never_set_beside_published_values() -> None:
    found = note("published_value, simulated", regime__daily=regime({FRIDAY: -4.18}, simulated=True))
    assert found == [(None, True)] * len(MEASURES)


# Verdicts


def verdict(value: float, low: float, high: float, grade: str = "B", **says: object) -> str | None:
    """The verdict on volatility panic of the Friday, whose claim says something of that session or of its note."""
    of = panic({FRIDAY: 20.0}).assign(vol_panic=value, vol_panic_lo=low, vol_panic_hi=high)
    claim = claims("vol_panic", "{value}.", grade=grade, published_session=FRIDAY, **says)
    [(found,)] = note("claim_verdict", indicators__vol_panic=of, reference__claims=claim)
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("value", "low", "high", "published", "expected"),
    [
        (-3.0, -5.0, 1.0, -5.0, "reproduced"),
        (-3.0, -5.0, 1.0, -5.04, "sign only"),
        # In the band as it is shown.
        (-3.0, -4.96, 1.0, -5.0, "reproduced"),
        (-3.0, -5.0, 1.0, -6.0, "sign only"),
        (1.0, -5.0, 3.0, -2.0, "not reproduced"),
        (0.0, -5.0, 3.0, -2.0, "not reproduced"),
        (-3.0, NAN, NAN, -3.04, "sign only"),
        (-3.04, NAN, NAN, -3.0, "reproduced"),
        (NAN, NAN, NAN, -3.0, "not measurable yet"),
    ],
)
def test_a_published_figure_is_reproduced_by_its_sign_and_our_band(
    value: float, low: float, high: float, published: float, expected: str
) -> None:
    assert verdict(value, low, high, published_value=published, claimed_below=0.0) == expected


def test_a_band_that_is_all_the_message_reproduces_nothing() -> None:
    assert verdict(-3.0, -5.0, 1.0, "D", published_value=-2.0, claimed_below=0.0) == "sign only"


def test_a_figure_without_a_direction_is_reproduced_or_not() -> None:
    assert verdict(9.1, 7.9, 9.6, published_value=9.5) == "reproduced"
    assert verdict(9.1, 7.9, 9.6, published_value=9.7) == "not reproduced"


@pytest.mark.parametrize(
    ("value", "low", "high", "grade", "expected"),
    [
        (3.0, 2.1, 4.0, "A", "reproduced"),
        (3.0, 2.0, 4.0, "B", "sign only"),
        (3.0, 2.1, 5.0, "B", "sign only"),
        (3.0, 2.1, 4.0, "C", "sign only"),
        (3.0, 2.1, 4.0, "D", "sign only"),
        (3.0, NAN, NAN, "A", "reproduced"),
        (2.0, 2.0, 2.0, "A", "not reproduced"),
        (5.0, 5.0, 5.0, "C", "not reproduced"),
        (NAN, NAN, NAN, "A", "not measurable yet"),
    ],
)
def test_a_claim_without_a_figure_is_judged_by_its_direction(
    value: float, low: float, high: float, grade: str, expected: str
) -> None:
    assert verdict(value, low, high, grade, claimed_above=2.0, claimed_below=5.0) == expected


def test_where_the_note_says_nothing_there_is_no_verdict() -> None:
    assert verdict(9.1, 7.9, 9.6) is None


def test_the_verdict_on_an_earlier_session_stands_on_the_notes_own_too() -> None:
    earlier = claims("vol_panic", "{value}.", published_session=DAYS[2], published_value=9.0)
    later = claims("vix", "{value}.", claim_no=2, published_session=DAYS[4], published_value=30.0)
    values = panic(dict.fromkeys(DAYS, 30.0)).assign(vol_panic=[1.0, 2.0, 9.0, 3.0, 4.0, 5.0], vol_panic_lo=0.0)
    values["vol_panic_hi"] = values["vol_panic"]
    given = {"indicators__vol_panic": values, "reference__claims": pd.concat([earlier, later])}
    days = regime(dict.fromkeys(DAYS, -1.0))
    columns, where = (
        "claim_no, session, value, published_value, claim_verdict, verdict_session",
        "claim_verdict is not null",
    )
    third, fifth = DAYS[2].date(), DAYS[4].date()
    assert note(columns, where, regime__daily=days, **given) == [
        (1, third, 9, 9, "reproduced", third),
        (1, fifth, 4, None, "reproduced", third),
        (2, fifth, 30, 30, "reproduced", fifth),
    ]
    # What comes later changes nothing.
    assert note(columns, where, regime__daily=days[:3], **given) == [(1, third, 9, 9, "reproduced", third)]
    assert note(columns, where, regime__daily=days.assign(simulated=True), **given) == []


def test_every_claim_of_the_note_is_there_and_its_first_measure_has_a_verdict() -> None:
    first = CLAIMS[CLAIMS["measure_no"] == 1]
    assert list(first["claim_no"]) == list(range(1, 29))
    assert (CLAIMS.groupby("claim_no").cumcount() + 1 == CLAIMS["measure_no"]).all()
    days = regime({pd.Timestamp("2025-11-17"): -1.0, FRIDAY: -4.18})
    found = note("claim_no, claim_verdict", f"measure_no = 1 and session = '{FRIDAY:%Y-%m-%d}'", regime__daily=days)
    assert [claim for claim, verdict in found if verdict is not None] == [n for n in range(1, 29) if n != 15]
    unmeasured = [claim for claim, verdict in found if verdict == "not measurable yet"]
    assert unmeasured == list(first.loc[first["measure"].isin(UNMEASURED), "claim_no"]) == [17, 20, 23, 24, 25]


# Sessions and reasons


def test_every_session_of_the_regime_has_every_claim() -> None:
    found = note("session, measure", regime__daily=regime(dict.fromkeys(DAYS, None)))
    assert found == [(day.date(), measure) for day in DAYS for measure in MEASURES]


def test_what_could_not_be_computed_is_null_and_named() -> None:
    unknown = ("danger", "danger_lo", "danger_hi", "jump_state", "hidden_markov_stress")
    found = note(
        "measure, value, value_lo, value_hi, inputs_missing, sentence",
        regime__daily=regime({FRIDAY: None}, inputs_missing="Trend").assign(**dict.fromkeys(unknown)),
        indicators__vol_panic=panic({}),
        indicators__trading_range=ranges({}),
        indicators__dealer_gamma=gamma().iloc[:0],
        indicators__option_notional=options().iloc[:0],
        **{f"indicators__{name}": pd.DataFrame() for name in NOT_GIVEN},
    )
    reasons = NEEDS | {"danger": "Trend"}
    assert found == [
        (name, None, None, None, reasons[name], f"Not available for this session: {reasons[name]}.")
        for name in MEASURES
    ]


def test_the_change_of_vix_is_over_five_sessions_and_not_five_rows() -> None:
    known = dict(zip(DAYS, (20.0, 22.0, 24.0, None, 26.42, 23.43), strict=True))
    measure = "measure = 'vix_change_5d'"
    assert note("value", measure, indicators__vol_panic=panic(known)) == [(pytest.approx(3.43),)]
    known.pop(DAYS[2])
    assert note("value", measure, indicators__vol_panic=panic(known)) == [(pytest.approx(3.43),)]
    known.pop(DAYS[0])
    assert note("value", measure, indicators__vol_panic=panic(known)) == [(None,)]


def test_the_note_answers_with_what_was_known_at_the_sessions_close() -> None:
    settled = gamma(reading="settled").assign(gex_sm_equiv_bn=9.0)
    where = "claim_no = 4"
    both = pd.concat([gamma(), settled])
    assert note("value", where, indicators__dealer_gamma=both) == [(-1.04,), (-2.31,)]
    assert note("value", where, indicators__dealer_gamma=settled) == [(None,), (None,)]
    assert note("value", where, indicators__dealer_gamma=gamma("SPX+SPY")) == [(None,), (None,)]


def test_the_distance_to_the_flip_can_be_missing_alone() -> None:
    without = gamma().assign(dist_to_flip_pct=float("nan"))
    assert note("measure, inputs_missing", "claim_no = 4", indicators__dealer_gamma=without) == [
        ("dealer_gamma", None),
        ("gamma_flip_distance", "S&P 500 option chain"),
    ]


# Systematic flows


def test_the_sentences_on_systematic_flows() -> None:
    where = "section = 'Systematic flows'"
    assert [sentence for (sentence,) in note("sentence", where)] == [
        "The S&P 500 stands -1.5 % from the short-term threshold (-1.6 to -1.3).",
        "The short-term threshold is 6700 (6690 to 6710).",
        "Tests in the three weeks before the threshold broke: 2.",
        "The threshold broke 4 sessions ago.",
        "A flat week brings flows of -25 billion dollars (-45 to -5).",
        "A flat month brings flows of -54 billion dollars (-74 to -34).",
        "A flat week is 0.47 of a flat month's flow.",
        "Of the three indices 2 stand below their thresholds.",
        "The S&P 500 stands 1.3 points from the weaker of the others (1.1 to 1.5).",
    ]


@pytest.mark.parametrize(
    ("below", "reasons"),
    [
        # The run's first close was not seen.
        (pivots(days=float("nan"), tests=float("nan")), ["three weeks before the break", "the session of the break"]),
        (pivots(tests=float("nan")), ["three weeks before the break", None]),
        (pivots(close=6800, days=float("nan"), tests=float("nan")), [ABOVE, ABOVE]),
    ],
    ids=["a run that was not seen to begin", "tests unknown", "above the threshold"],
)
def test_without_a_break_the_note_says_why(below: pd.DataFrame, reasons: list[str | None]) -> None:
    where = "measure in ('cta_pivot_st_tests', 'cta_days_since_break')"
    found = note("inputs_missing, sentence", where, indicators__cta_pivots=below)
    assert [reason for reason, _ in found] == reasons
    for reason, sentence in found:
        assert reason is None or sentence == f"Not available for this session: {reason}."
    there = note("value, inputs_missing", "measure = 'cta_pivot_st'", indicators__cta_pivots=below)
    assert there == [(6700, None)]


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (flows(float("nan")), SMALL),
        (
            flows(float("nan")).drop(columns=["flow_global_bn", "flow_global_lo_bn", "flow_global_hi_bn"]),
            "trend followers' markets over two years",
        ),
    ],
    ids=["small flows", "no flows"],
)
def test_without_a_front_loaded_share_the_note_says_why(of: pd.DataFrame, reason: str) -> None:
    found = note("value, inputs_missing", "measure = 'cta_front_loaded'", indicators__cta_flows=of)
    assert found == [(None, reason)]


def test_the_indices_are_compared_only_if_all_three_are_there() -> None:
    where = "claim_no = 9"
    unknown = momentum({"SPX": -1.5, "NDX": None, "RUT": 0.4})
    assert note("value", where, indicators__index_momentum=unknown) == [(None,), (1.3,)]
    for lacking in (pairs({"NDX": 1.3, "RUT": None}), pairs({"NDX": 1.3})):
        assert note("value", where, indicators__index_momentum_pairs=lacking) == [(2,), (None,)]
    assert note("value", where, indicators__index_momentum_pairs=pairs({"NDX": -3.0, "RUT": -1.0})) == [(2,), (-1,)]


def test_a_session_that_is_no_rebound_has_no_quality() -> None:
    quiet = rebound(rebound_quality=float("nan"), is_rebound_day=False)
    found = note("value, inputs_missing", "measure = 'rebound_quality'", indicators__rebound=quiet)
    assert found == [(None, "no rebound of 0.75 % within 10 sessions of a fall of 3 %")]
    early = rebound(rebound_quality=float("nan"))
    found = note("value, inputs_missing", "measure = 'rebound_quality'", indicators__rebound=early)
    assert found == [(None, "earlier rebounds of SPY")]


# Sectors and themes


def test_without_a_pattern_the_note_says_so() -> None:
    for distance in (None, 2.0):  # of one that is forming
        none = pattern(is_pattern=False, neckline_distance_pct=distance, pattern_share_variants=None)
        found = note("value, inputs_missing", "claim_no = 21", indicators__head_shoulders=none)
        assert found == [(None, NO_PATTERN), (None, NO_PATTERN), (0.06, None)]


def test_a_basket_without_a_band_has_none_in_the_note() -> None:
    bare = baskets(rise_63d_lo_pct=None, rise_63d_hi_pct=None)
    columns = "value, value_lo, value_hi, inputs_missing, sentence"
    rise = "Unprofitable technology rose 58 % within a quarter."
    fall = "Unprofitable technology stands -33 % from the quarter's high (-37 to -29)."
    assert note(columns, "claim_no = 15", indicators__baskets=bare) == [
        (58, None, None, None, rise),
        (-33.4, -36.8, -29.3, None, fall),
    ]


def test_no_sentence_says_anything_of_a_band_that_is_missing() -> None:
    bare = gamma().drop(columns=["gex_desk_lo_bn", "gex_desk_hi_bn"])
    [(sentence,)] = note("sentence", "measure = 'dealer_gamma'", indicators__dealer_gamma=bare)
    assert sentence == "On a desk's scale dealers' gamma is -1.0 billion dollars per 1 %."


def test_a_cohort_without_funds_has_the_reason_and_no_weight() -> None:
    none = positions(active_wt_pp=None, inputs_missing="GVIP, 1 of the cohort's funds")
    found = note("value, inputs_missing", "claim_no = 16", indicators__sector_positioning=none)
    assert found == [(None, "GVIP, 1 of the cohort's funds")] * 4
