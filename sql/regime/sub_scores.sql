/*
description: >-
  One row per session and sub-score of reference.sub_scores, from the first session that has any - how stressed one part
  of the market is, from 0 (calm) to 1 (stressed). The rules are in reference.sub_scores. The band carries the estimate's
  own over; where a rule ranks a value, the band's ends are ranked in the same window, which still holds the value itself.
  A missing sub-score is NULL and counts with no weight; one that goes on without a part of what it is made of says so in
  parts_missing.
grain: [session, sub_score]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  sub_score: {type: VARCHAR, unit: name, meaning: Sub-score of the regime}
  score: {type: DOUBLE, unit: 0 to 1, meaning: The sub-score, nullable: true, min: 0, max: 1}
  score_lo: {type: DOUBLE, unit: 0 to 1, meaning: Lower end of the 80 % band of score; score itself where it is read off and not estimated, nullable: true, min: 0, max: 1}
  score_hi: {type: DOUBLE, unit: 0 to 1, meaning: Upper end of the 80 % band of score; score itself where it is read off and not estimated, nullable: true, min: 0, max: 1}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  score_weight: {type: DOUBLE, unit: ratio, meaning: "Weight of the sub-score by its grade: A 1, B 0.75, C 0.5, D 0.25", min: 0.25, max: 1}
  error_group: {type: VARCHAR, unit: name, meaning: Sub-scores of one group are taken to err together and those of two groups independently}
  score_title: {type: VARCHAR, unit: text, meaning: What it is called in a sentence}
  parts_missing: {type: VARCHAR, unit: text, meaning: "Parts that the sub-score goes on without, as its own table names them; NULL if none or without a score", nullable: true}
rows: {min: 1}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: score_hi, column_B: score, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: score, column_B: score_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with speculative as (
    select unnest(['unprofitable_tech', 'quantum', 'bitcoin_sensitive']) as basket
),

pivots as (
    select
        session,
        horizon,
        is_below,
        close < pivot_lo as is_below_lo,
        close < pivot_hi as is_below_hi
    from indicators.cta_pivots
    where symbol = 'SPX' and horizon in ('st', 'mt') and is_below is not null
),

trend as (
    select
        session,
        'trend' as sub_score,
        0.5 * count(*) filter (is_below) as score,
        0.5 * count(*) filter (is_below_lo) as score_lo,
        0.5 * count(*) filter (is_below_hi) as score_hi
    from pivots
    group by session
    having count(*) = 2
),

trend_flow as (
    select
        session,
        'trend_flow' as sub_score,
        -flow_global_bn / 50 as score,
        -flow_global_hi_bn / 50 as score_lo,
        -flow_global_lo_bn / 50 as score_hi
    from indicators.cta_flows
    where flow_sessions = 5 and scenario = 'flat'
),

vol_control as (
    select
        session,
        'vol_control' as sub_score,
        -flow_bn / 30 as score,
        -flow_hi_bn / 30 as score_lo,
        -flow_lo_bn / 30 as score_hi
    from indicators.vol_control_flows
    where flow_sessions = 5 and daily_move_pct = 1
),

panic as (
    select
        session,
        'panic' as sub_score,
        panic_3 / 10 as score,
        vol_panic_lo / 10 as score_lo,
        vol_panic_hi / 10 as score_hi
    from indicators.vol_panic
),

liquidity as (
    select
        session,
        'liquidity' as sub_score,
        liq_stress / 10 as score,
        liq_stress_lo / 10 as score_lo,
        liq_stress_hi / 10 as score_hi
    from indicators.liquidity
),

turbulence as (
    select
        session,
        'turbulence' as sub_score,
        turbulence_rank_756d as score,
        turbulence_rank_756d as score_lo,
        turbulence_rank_756d as score_hi
    from indicators.systemic
),

breadth as (
    select
        session,
        'breadth' as sub_score,
        1 - above_50d_pct / 100 as score,
        1 - above_50d_hi_pct / 100 as score_lo,
        1 - above_50d_lo_pct / 100 as score_hi
    from indicators.breadth
),

-- A probability has its uncertainty in it.
gamma as (
    select session, 'gamma' as sub_score, p_negative as score, p_negative as score_lo, p_negative as score_hi
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close'
),

rebound as (
    select
        session,
        'rebound' as sub_score,
        (reversal_days_5d > 0 or coalesce(rebound_quality < 0.2, false))::integer as score,
        (reversal_days_5d > 0 or coalesce(rebound_quality_hi < 0.2, false))::integer as score_lo,
        (reversal_days_5d > 0 or coalesce(rebound_quality_lo < 0.2, false))::integer as score_hi
    from indicators.rebound
),

patterns as (
    select
        session,
        window_sessions,
        case when pattern_status = 'broken' then 1 - pattern_share_random else 0 end as score
    from indicators.head_shoulders
    where is_pattern is not null
),

head_shoulders as (
    select
        session,
        'head_shoulders' as sub_score,
        max(score) filter (window_sessions = 126) as score,
        min(score) as score_lo,
        max(score) as score_hi
    from patterns
    group by session
),

levels as (
    select
        session,
        'range' as sub_score,
        'SPX' as part,
        range_5d_pct as level,
        range_5d_lo_pct as level_lo,
        range_5d_hi_pct as level_hi
    from indicators.trading_range
    where symbol = 'SPX'
    union all by name
    select
        session,
        'rotation' as sub_score,
        variant as part,
        neutral_21d_pct as level,
        neutral_21d_lo_pct as level_lo,
        neutral_21d_hi_pct as level_hi
    from indicators.rotation
    where variant = 'sector_funds'
    union all by name
    select
        session,
        'speculation' as sub_score,
        basket as part,
        -basket_return_21d_pct as level,
        -basket_return_21d_pct as level_lo,
        -basket_return_21d_pct as level_hi
    from indicators.baskets
    where basket in (select basket from speculative)
),

numbered as (
    select s.session_no, l.*
    from levels as l
    inner join reference.sessions as s using (session)
    where l.level is not null
),

ranked as (
    select
        today.session,
        today.sub_score,
        today.part,
        avg((past.level <= today.level)::integer) as score,
        avg((past.level <= today.level_lo)::integer) as score_lo,
        avg((past.level <= today.level_hi)::integer) as score_hi
    from numbered as today
    inner join numbered as past
        on past.part = today.part and past.session_no between today.session_no - 503 and today.session_no
    group by today.session, today.sub_score, today.part
    having count(*) >= 0.95 * 504
),

speculation as (
    select
        session,
        'speculation' as sub_score,
        avg(score::decimal(18, 12))::double as score,
        min(score) as score_lo,
        max(score) as score_hi
    from ranked
    where sub_score = 'speculation'
    group by session
),

scores as (
    select * from trend
    union all by name
    select * from trend_flow
    union all by name
    select * from vol_control
    union all by name
    select * from panic
    union all by name
    select * from liquidity
    union all by name
    select * from turbulence
    union all by name
    select * from breadth
    union all by name
    select * from gamma
    union all by name
    select * from rebound
    union all by name
    select * from head_shoulders
    union all by name
    select session, sub_score, score, score_lo, score_hi from ranked where sub_score != 'speculation'
    union all by name
    select * from speculation
),

parts as (
    select session, 'liquidity' as sub_score, inputs_missing as parts_missing
    from indicators.liquidity
    union all by name
    -- The official indices stand beside turbulence and are no part of it.
    select
        session,
        'turbulence' as sub_score,
        array_to_string(
            list_filter(string_split(inputs_missing, ', '), lambda part: part not like '% of the last % days'), ', '
        ) as parts_missing
    from indicators.systemic
    union all by name
    select session, 'breadth' as sub_score, inputs_missing as parts_missing
    from indicators.breadth
    union all by name
    select session, 'gamma' as sub_score, inputs_missing as parts_missing
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close'
    union all by name
    -- Of what rebounds lack only ranks are part of their quality.
    select
        session,
        'rebound' as sub_score,
        array_to_string(
            list_filter(string_split(inputs_missing, ', '), lambda part: part like 'rank of %'), ', '
        ) as parts_missing
    from indicators.rebound
    union all by name
    select
        scored.session,
        'speculation' as sub_score,
        string_agg(asked.basket, ', ' order by asked.basket) as parts_missing
    from speculation as scored
    cross join speculative as asked
    anti join ranked as r on r.session = scored.session and r.part = asked.basket
    group by scored.session
),

spine as (
    select session
    from reference.sessions
    where
        session between (select min(session) from scores where score is not null)
        and (select max(session) from staging.prices where symbol = 'SPX')
),

final as (
    select
        spine.session,
        r.sub_score,
        case when s.score is not null then greatest(0, least(1, s.score)) end as score,
        case when s.score is not null then greatest(0, least(1, s.score, s.score_lo)) end as score_lo,
        case when s.score is not null then least(1, greatest(0, s.score, s.score_hi)) end as score_hi,
        r.grade,
        case r.grade when 'A' then 1 when 'B' then 0.75 when 'C' then 0.5 else 0.25 end::double as score_weight,
        r.error_group,
        r.score_title,
        case when s.score is not null then nullif(parts.parts_missing, '') end as parts_missing
    from spine
    cross join reference.sub_scores as r
    left join scores as s on s.session = spine.session and s.sub_score = r.sub_score
    left join parts on parts.session = spine.session and parts.sub_score = r.sub_score
)

select * from final
