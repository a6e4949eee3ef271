/*
description: >-
  One row per session - the state of the market in one line. Sub-scores run from 0 (calm) to 1 (stressed); danger is
  their mean weighted by grade (A 1, B 0.75, C 0.5, D 0.25) and is NULL when less than 60 % of the weight is there. So
  far it rests on volatility panic and trading range alone; the label is the bare threshold, without hysteresis.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  spx_close: {type: DOUBLE, unit: index points, meaning: S&P 500 close, nullable: true, min: 0}
  spx_drawdown_pct: {type: DOUBLE, unit: "%", meaning: S&P 500 close against its highest close so far, nullable: true, min: -100, max: 0}
  s_panic: {type: DOUBLE, unit: 0 to 1, meaning: "Sub-score of volatility panic: vol_panic / 10", nullable: true, min: 0, max: 1}
  s_range: {type: DOUBLE, unit: 0 to 1, meaning: "Sub-score of the trading range: percentile rank of the S&P 500's range_5d_pct in 504 sessions", nullable: true, min: 0, max: 1}
  danger: {type: DOUBLE, unit: 0 to 1, meaning: "Mean of the sub-scores, weighted by grade", nullable: true, min: 0, max: 1}
  danger_lo: {type: DOUBLE, unit: 0 to 1, meaning: Lower end of the 80 % band of danger if every sub-score is at the lower end of its own, nullable: true, min: 0, max: 1}
  danger_hi: {type: DOUBLE, unit: 0 to 1, meaning: Upper end of the 80 % band of danger if every sub-score is at the upper end of its own, nullable: true, min: 0, max: 1}
  weight_share: {type: DOUBLE, unit: ratio, meaning: Share of the weight whose sub-score is there, min: 0, max: 1}
  label: {type: VARCHAR, unit: name, meaning: "Regime: calm below 0.35, normal below 0.5, fragile below 0.65, else dangerous; NULL where danger is", nullable: true, allowed: [calm, normal, fragile, dangerous]}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  simulated: {type: BOOLEAN, unit: flag, meaning: Whether the numbers come from the simulated market of the demo profile}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: danger_hi, column_B: danger_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with index_closes as (
    select
        session,
        close as spx_close,
        100 * (close / max(close) over (order by session rows unbounded preceding) - 1) as spx_drawdown_pct
    from staging.prices
    where symbol = 'SPX'
),

ranges as (
    select s.session_no, t.session, t.range_5d_pct, t.range_5d_lo_pct, t.range_5d_hi_pct
    from indicators.trading_range as t
    inner join reference.sessions as s using (session)
    where t.symbol = 'SPX' and t.range_5d_pct is not null
),

-- The band asks where its own ends would rank in the same window, which still holds today's value.
range_scores as (
    select
        today.session,
        avg((past.range_5d_pct <= today.range_5d_pct)::integer) as s_range,
        avg((past.range_5d_pct <= today.range_5d_lo_pct)::integer) as s_range_lo,
        avg((past.range_5d_pct <= today.range_5d_hi_pct)::integer) as s_range_hi
    from ranges as today
    inner join ranges as past on past.session_no between today.session_no - 503 and today.session_no
    group by today.session
    having count(*) >= 0.95 * 504
),

panic_scores as (
    select
        session,
        vol_panic / 10 as s_panic,
        vol_panic_lo / 10 as s_panic_lo,
        vol_panic_hi / 10 as s_panic_hi
    from indicators.vol_panic
    where vol_panic is not null
),

sub_scores as (
    select session, 0.75 as weight, s_panic as score, s_panic_lo as lo, s_panic_hi as hi from panic_scores
    union all
    select session, 1.0 as weight, s_range as score, s_range_lo as lo, s_range_hi as hi from range_scores
),

combined as (
    select
        session,
        sum(weight) / 1.75 as weight_share,
        sum(weight * score) / sum(weight) as danger,
        sum(weight * lo) / sum(weight) as danger_lo,
        sum(weight * hi) / sum(weight) as danger_hi
    from sub_scores
    group by session
),

spine as (
    select session from reference.sessions
    where session between (select min(session) from combined) and (select max(session) from index_closes)
),

joined as (
    select
        spine.session,
        i.spx_close,
        i.spx_drawdown_pct,
        p.s_panic,
        r.s_range,
        coalesce(c.weight_share, 0)::double as weight_share,
        case when c.weight_share >= 0.6 then c.danger end as danger,
        case when c.weight_share >= 0.6 then c.danger_lo end as danger_lo,
        case when c.weight_share >= 0.6 then c.danger_hi end as danger_hi
    from spine
    left join index_closes as i using (session)
    left join panic_scores as p using (session)
    left join range_scores as r using (session)
    left join combined as c using (session)
),

final as (
    select
        session,
        spx_close,
        spx_drawdown_pct,
        s_panic,
        s_range,
        danger,
        danger_lo,
        danger_hi,
        weight_share,
        case
            when danger < 0.35 then 'calm'
            when danger < 0.5 then 'normal'
            when danger < 0.65 then 'fragile'
            when danger is not null then 'dangerous'
        end as label,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when spx_close is null then 'SPX' end,
                case when s_panic is null then 'vol_panic' end,
                case when s_range is null then 'trading_range of SPX' end
            ),
            ''
        ) as inputs_missing,
        (select bool_or(source = 'simulated') from staging.prices) as simulated
    from joined
)

select * from final
