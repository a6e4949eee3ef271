/*
description: >-
  One row per session, claim and measure - the desk note in long form - our answer to all 28 claims of the reference
  note, on every session. A value that could not be computed is NULL and inputs_missing says why. A verdict stands on the
  session that a claim describes and again on the note's own, the last that any claim describes; both rest on the value
  of the session that it describes. Elsewhere it is NULL, as it is where the note says nothing of the measure and in a
  simulated market. A published figure is reproduced if it lies in our band, rounded as shown, our value has the
  direction that the note claims and the grade is not D; sign only if just the direction agrees; else not reproduced. A
  claim without a figure is reproduced if the grade is A or B and all of our band has its direction; sign only if our
  value has; else not reproduced. What has no value is not measurable yet. The directions are claimed_above and
  claimed_below of reference.claims.
grain: [session, claim_no, measure]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  claim_no: {type: INTEGER, unit: count, meaning: Number of the claim in docs/methodology.md, min: 1, max: 28}
  measure: {type: VARCHAR, unit: name, meaning: The quantity that answers the claim}
  measure_no: {type: INTEGER, unit: count, meaning: "Order of a claim's measures, the one that answers it being 1", min: 1}
  section: {type: VARCHAR, unit: name, meaning: Part of the note in which the claim stands}
  claim: {type: VARCHAR, unit: text, meaning: "What the note says, in our words"}
  value: {type: DOUBLE, unit: that of the measure, meaning: Our estimate, nullable: true}
  value_lo: {type: DOUBLE, unit: that of the measure, meaning: Lower end of the 80 % band of value; value itself where it is read off and not estimated; NULL without a band, nullable: true}
  value_hi: {type: DOUBLE, unit: that of the measure, meaning: Upper end of the 80 % band of value; value itself where it is read off and not estimated; NULL without a band, nullable: true}
  unit: {type: VARCHAR, unit: text, meaning: Unit of the measure}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  published_value: {type: DOUBLE, unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  claim_verdict: {type: VARCHAR, unit: name, meaning: Whether our estimate reproduces what the note says; NULL where nothing is compared, nullable: true, allowed: [reproduced, sign only, not reproduced, not measurable yet]}
  verdict_session: {type: DATE, unit: date, meaning: Session whose value the verdict rests on; NULL without a verdict, nullable: true}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  sentence: {type: VARCHAR, unit: text, meaning: The estimate in plain words}
  simulated: {type: BOOLEAN, unit: flag, meaning: Whether the numbers come from the simulated market of the demo profile}
rows: {min: 1}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: value_hi, column_B: value_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with ranges as (
    select
        session,
        case symbol when 'SPX' then 'spx_range_5d_pct' else 'ndx_range_5d_pct' end as measure,
        range_5d_pct as value,
        range_5d_lo_pct as value_lo,
        range_5d_hi_pct as value_hi,
        symbol
    from indicators.trading_range
    where symbol in ('SPX', 'NDX')
),

vix_levels as (
    select s.session, v.vix, v.vix - lag(v.vix, 5) over (order by s.session) as vix_change_5d
    from reference.sessions as s
    left join indicators.vol_panic as v using (session)
),

-- What stood at the session's decision time; the settled reading comes a morning later.
gamma as (
    select * from indicators.dealer_gamma where underlying = 'SPX' and reading = 'close'
),

pivots as (
    select
        session,
        pivot_level,
        pivot_lo,
        pivot_hi,
        dist_pct,
        100 * (close / pivot_hi - 1) as dist_lo_pct,
        100 * (close / pivot_lo - 1) as dist_hi_pct,
        days_since_break,
        tests_before_break,
        case when not is_below then 'the S&P 500 is above its short-term threshold' end as reason
    from indicators.cta_pivots
    where symbol = 'SPX' and horizon = 'st'
),

flows as (
    select
        session,
        case flow_sessions when 5 then 'cta_flow_1w_flat_global' else 'cta_flow_1m_flat_global' end as measure,
        flow_global_bn as value,
        flow_global_lo_bn as value_lo,
        flow_global_hi_bn as value_hi
    from indicators.cta_flows
    where scenario = 'flat'
),

front_loaded as (
    select
        session,
        front_loaded,
        case
            when front_loaded is null and flow_global_bn is not null
                then 'the flows of a flat week and month differ in sign or are small'
        end as reason
    from indicators.cta_flows
    where flow_sessions = 5 and scenario = 'flat'
),

momentum as (
    select session, count(*) filter (dist_st_pct < 0) as indices_below
    from indicators.index_momentum
    where symbol in ('SPX', 'NDX', 'RUT')
    group by session
    having count(dist_st_pct) = 3
),

-- Against the weaker of the two others.
relative as (
    select * from indicators.index_momentum_pairs
    where symbol = 'SPX'
    qualify row_number() over (partition by session order by relative_st_pct desc) = 1
        and count(relative_st_pct) over (partition by session) = 2
),

rebounds as (
    select
        session,
        return_pct,
        close_location,
        retrace_ratio,
        rebound_quality,
        rebound_quality_lo,
        rebound_quality_hi,
        reversal_days_5d,
        case
            when not is_rebound_day then 'no rebound of 0.75 % within 10 sessions of a fall of 3 %'
        end as reason
    from indicators.rebound
),

-- Three weeks are 15 sessions, a quarter 63.
league as (
    select
        session,
        max(total_return_15d_pct) filter (symbol = 'XLV') as health_care_15d,
        max(total_return_15d_pct) filter (symbol = 'XLK') as technology_15d,
        max(relative_63d_pp) filter (symbol = 'KRE') as regional_banks_63d,
        max(relative_63d_pp) filter (symbol = 'IYT') as transports_63d,
        max(relative_63d_pp) filter (symbol = 'IJS') as small_value_63d,
        max(total_return_63d_pct - relative_63d_pp) as spy_63d
    from indicators.sector_league
    group by session
),

cyclical_parts as (
    select l.session, m.measure, m.value
    from league as l,
        lateral (
            values
            ('health_care_15d', l.health_care_15d),
            ('technology_15d', l.technology_15d),
            ('regional_banks_63d', l.regional_banks_63d),
            ('transports_63d', l.transports_63d),
            ('small_value_63d', l.small_value_63d)
        ) as m (measure, value)
    union all by name
    select b.session, b.basket || '_63d' as measure, b.basket_return_63d_pct - l.spy_63d as value
    from indicators.baskets as b
    inner join league as l using (session)
    where b.basket in ('chemicals', 'low_income_consumer')
),

themes as (
    select session, basket || '_15d' as measure, basket_return_15d_pct as value
    from indicators.baskets
    where basket in (
        'momentum_decile', 'ai', 'quantum', 'bitcoin_sensitive', 'rare_earths', 'strategic_investments'
    )
),

unprofitable as (
    select
        session,
        rise_63d_pct,
        rise_63d_lo_pct,
        rise_63d_hi_pct,
        fall_63d_pct,
        fall_63d_lo_pct,
        fall_63d_hi_pct
    from indicators.baskets
    where basket = 'unprofitable_tech'
),

positions as (
    select
        session,
        cohort || case sector when 'Health Care' then '_health_care' else '_technology' end as measure,
        active_wt_pp,
        active_wt_lo_pp,
        active_wt_hi_pp,
        case when active_wt_pp is null then inputs_missing end as reason
    from indicators.sector_positioning
    where method = 'style' and sector in ('Health Care', 'Information Technology')
),

pattern as (
    select
        session,
        case when is_pattern then neckline_distance_pct end as neckline_distance_pct,
        pattern_share_variants,
        pattern_share_random,
        case when not is_pattern then 'no head-and-shoulders in 126 sessions' end as reason
    from indicators.head_shoulders
    where window_sessions = 126
),

-- The reading that is known at the decision time.
bitcoin as (
    select * from indicators.bitcoin
    where bitcoin_reading = 'new_york_close'
),

-- A state as a number: 1 is bear.
models as (
    select
        session,
        case jump_state when 'bear' then 1 when 'bull' then 0 end as jump_model_bear,
        hidden_markov_stress
    from regime.daily
),

measured as (
    select session, 'spx_drawdown_pct' as measure, spx_drawdown_pct as value, value as value_lo, value as value_hi
    from regime.daily
    union all by name
    select session, 'vol_panic' as measure, vol_panic as value, vol_panic_lo as value_lo, vol_panic_hi as value_hi
    from indicators.vol_panic
    union all by name
    select session, measure, value, value_lo, value_hi from ranges
    union all by name
    select session, 'vix' as measure, vix as value, value as value_lo, value as value_hi from vix_levels
    union all by name
    select session, 'vix_change_5d' as measure, vix_change_5d as value, value as value_lo, value as value_hi
    from vix_levels
    union all by name
    select
        session,
        'dealer_gamma' as measure,
        gex_sm_equiv_bn as value,
        gex_desk_lo_bn as value_lo,
        gex_desk_hi_bn as value_hi
    from gamma
    union all by name
    select session, 'gamma_flip_distance' as measure, dist_to_flip_pct as value, value as value_lo, value as value_hi
    from gamma
    union all by name
    select
        session,
        'option_notional_to_r2k' as measure,
        notional_to_r2k as value,
        notional_to_r2k_lo as value_lo,
        notional_to_r2k_hi as value_hi
    from indicators.option_notional
    union all by name
    select session, 'option_notional' as measure, notional_usd_trn as value, value as value_lo, value as value_hi
    from indicators.option_notional
    union all by name
    select session, 'option_volume_to_record' as measure, volume_to_record as value, value as value_lo, value as value_hi
    from indicators.option_notional
    union all by name
    select session, 'cta_pivot_st' as measure, pivot_level as value, pivot_lo as value_lo, pivot_hi as value_hi from pivots
    union all by name
    select session, 'spx_to_pivot_st' as measure, dist_pct as value, dist_lo_pct as value_lo, dist_hi_pct as value_hi
    from pivots
    union all by name
    select
        session,
        'cta_pivot_st_tests' as measure,
        tests_before_break as value,
        value as value_lo,
        value as value_hi
    from pivots
    union all by name
    select
        session,
        'cta_days_since_break' as measure,
        days_since_break as value,
        value as value_lo,
        value as value_hi
    from pivots
    union all by name
    select session, measure, value, value_lo, value_hi from flows
    union all by name
    select
        session,
        'cta_front_loaded' as measure,
        front_loaded as value,
        value as value_lo,
        value as value_hi
    from front_loaded
    union all by name
    select
        session,
        'indices_below_pivot_st' as measure,
        indices_below as value,
        value as value_lo,
        value as value_hi
    from momentum
    union all by name
    select
        session,
        'spx_relative_to_pivot_st' as measure,
        relative_st_pct as value,
        relative_st_lo_pct as value_lo,
        relative_st_hi_pct as value_hi
    from relative
    union all by name
    select session, 'rebound_return_pct' as measure, return_pct as value, value as value_lo, value as value_hi
    from rebounds
    union all by name
    select session, 'rebound_close_location' as measure, close_location as value, value as value_lo, value as value_hi
    from rebounds
    union all by name
    select session, 'rebound_retrace' as measure, retrace_ratio as value, value as value_lo, value as value_hi
    from rebounds
    union all by name
    select
        session,
        'rebound_quality' as measure,
        rebound_quality as value,
        rebound_quality_lo as value_lo,
        rebound_quality_hi as value_hi
    from rebounds
    union all by name
    select session, 'reversal_days_5d' as measure, reversal_days_5d as value, value as value_lo, value as value_hi
    from rebounds
    union all by name
    select
        session,
        'top_of_book' as measure,
        top_of_book_usd_mn as value,
        top_of_book_lo_usd_mn as value_lo,
        top_of_book_hi_usd_mn as value_hi
    from indicators.liquidity
    union all by name
    select session, 'top_of_book_rank' as measure, top_of_book_rank_252d as value, value as value_lo, value as value_hi
    from indicators.liquidity
    union all by name
    select
        session,
        'liq_stress' as measure,
        liq_stress as value,
        liq_stress_lo as value_lo,
        liq_stress_hi as value_hi
    from indicators.liquidity
    union all by name
    select session, 'amihud_residual_z' as measure, amihud_residual_z as value, value as value_lo, value as value_hi
    from indicators.liquidity
    union all by name
    select session, 'rotation_21d' as measure, rotation_21d_pct as value, value as value_lo, value as value_hi
    from indicators.rotation
    where variant = 'sector_funds'
    union all by name
    select
        session,
        'rotation_21d_neutral' as measure,
        neutral_21d_pct as value,
        neutral_21d_lo_pct as value_lo,
        neutral_21d_hi_pct as value_hi
    from indicators.rotation
    where variant = 'sector_funds'
    union all by name
    select session, measure, value, value as value_lo, value as value_hi from cyclical_parts
    union all by name
    select session, measure, value, value as value_lo, value as value_hi from themes
    union all by name
    select
        session,
        'unprofitable_tech_rise' as measure,
        rise_63d_pct as value,
        rise_63d_lo_pct as value_lo,
        rise_63d_hi_pct as value_hi
    from unprofitable
    union all by name
    select
        session,
        'unprofitable_tech_fall' as measure,
        fall_63d_pct as value,
        fall_63d_lo_pct as value_lo,
        fall_63d_hi_pct as value_hi
    from unprofitable
    union all by name
    select session, measure, active_wt_pp as value, active_wt_lo_pp as value_lo, active_wt_hi_pp as value_hi
    from positions
    union all by name
    select session, 'neckline_distance' as measure, neckline_distance_pct as value, value as value_lo, value as value_hi
    from pattern
    union all by name
    select session, 'pattern_variants' as measure, pattern_share_variants as value, value as value_lo, value as value_hi
    from pattern
    union all by name
    select session, 'pattern_random' as measure, pattern_share_random as value, value as value_lo, value as value_hi
    from pattern
    union all by name
    select session, 'bitcoin_drawdown' as measure, bitcoin_drawdown_pct as value, value as value_lo, value as value_hi
    from bitcoin
    union all by name
    select
        session,
        'bitcoin_corr_qqq' as measure,
        corr_63d_qqq as value,
        corr_63d_qqq_lo as value_lo,
        corr_63d_qqq_hi as value_hi
    from bitcoin
    union all by name
    select session, 'danger' as measure, danger as value, danger_lo as value_lo, danger_hi as value_hi
    from regime.daily
    union all by name
    select session, 'jump_model_bear' as measure, jump_model_bear as value, value as value_lo, value as value_hi
    from models
    union all by name
    select session, 'hidden_markov_stress' as measure, hidden_markov_stress as value, value as value_lo, value as value_hi
    from models
),

-- Why a measure is not there, where that is more than a missing input.
reasons as (
    select p.session, m.measure, p.reason
    from pivots as p
    cross join (values ('cta_pivot_st_tests'), ('cta_days_since_break')) as m (measure)
    union all
    select session, 'cta_front_loaded' as measure, reason from front_loaded
    union all
    select session, 'rebound_quality' as measure, reason from rebounds
    union all
    select session, measure, reason from positions
    union all
    select p.session, m.measure, p.reason
    from pattern as p
    cross join (values ('neckline_distance'), ('pattern_variants')) as m (measure)
    union all
    select session, 'danger' as measure, inputs_missing as reason from regime.daily
),

-- What a claim describes where it names no session of its own: the note's.
claims as (
    select
        *,
        max(published_session) over () as note_session,
        coalesce(published_session, note_session) as claim_session
    from reference.claims
),

answered as not materialized (
    select
        d.session,
        c.*,
        m.value,
        m.value_lo,
        m.value_hi,
        coalesce(r.reason, c.needs) as reason,
        d.label,
        d.jump_state,
        d.simulated,
        -- Adding zero takes the sign off a value that rounds to nothing.
        round(m.value, c.decimals) + 0 as rounded,
        round(m.value_lo, c.decimals) + 0 as rounded_lo,
        round(m.value_hi, c.decimals) + 0 as rounded_hi,
        '{:.' || c.decimals || 'f}' as shown,
        -- Words in brackets with a band in them go where there is none.
        case
            when m.value_lo is null or m.value_hi is null
                then regexp_replace(c.template, ' \([^()]*\{(lo|hi)\}[^()]*\)', '', 'g')
            else c.template
        end as words
    from regime.daily as d
    cross join claims as c
    left join measured as m on d.session = m.session and c.measure = m.measure
    left join reasons as r on d.session = r.session and c.measure = r.measure
),

-- By the session that a claim describes.
verdicts as (
    select
        claim_no,
        measure,
        case
            when value is null then 'not measurable yet'
            when value <= claimed_above or value >= claimed_below then 'not reproduced'
            when grade <> 'D' and published_value between coalesce(rounded_lo, rounded) and coalesce(rounded_hi, rounded)
                then 'reproduced'
            when coalesce(claimed_above, claimed_below) is null then 'not reproduced'
            when published_value is not null or grade in ('C', 'D') then 'sign only'
            when coalesce(value_lo, value) <= claimed_above or coalesce(value_hi, value) >= claimed_below then 'sign only'
            else 'reproduced'
        end as verdict
    from answered
    where
        session = claim_session
        and not simulated
        and coalesce(published_value, claimed_above, claimed_below) is not null
),

final as (
    select
        session,
        claim_no,
        measure,
        measure_no,
        section,
        claim,
        value,
        value_lo,
        value_hi,
        unit,
        grade,
        case when session = published_session and not simulated then published_value end as published_value,
        case when session in (claim_session, note_session) then verdict end as claim_verdict,
        case when claim_verdict is not null then claim_session end as verdict_session,
        case when value is null then reason end as inputs_missing,
        case
            when value is null then 'Not available for this session: ' || reason || '.'
            else replace(
                replace(
                    replace(
                        replace(
                            replace(words, '{value}', format(shown, rounded)),
                            '{lo}',
                            coalesce(format(shown, rounded_lo), '')
                        ),
                        '{hi}',
                        coalesce(format(shown, rounded_hi), '')
                    ),
                    '{label}',
                    coalesce(label, 'without a label')
                ),
                '{jump_state}',
                coalesce(jump_state, 'nothing')
            )
        end as sentence,
        simulated
    from answered
    left join verdicts using (claim_no, measure)
)

select * from final
