/*
description: >-
  One row per session - the volatility panic index, 0 to 10 - the mean percentile rank, over 504 sessions, of spot
  implied volatility (VIX), volatility of volatility (VVIX) and the inverted term structure (VIX / VIX3M). After the
  definition of a desk's volatility stress index published on 2024-10-02; skew stands apart, because Cboe's SKEW often
  falls in sell-offs and is a poor stand-in for a desk's own skew.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  vix: {type: DOUBLE, unit: index points, meaning: VIX close, nullable: true, min: 0}
  vvix: {type: DOUBLE, unit: index points, meaning: VVIX close, nullable: true, min: 0}
  vix_term_ratio: {type: DOUBLE, unit: ratio, meaning: VIX / VIX3M; above 1 the term structure is inverted, nullable: true, min: 0}
  skew: {type: DOUBLE, unit: index points, meaning: Cboe SKEW close, nullable: true, min: 0}
  vix_rank: {type: DOUBLE, unit: ratio, meaning: Percentile rank of vix in 504 sessions, nullable: true, min: 0, max: 1}
  vvix_rank: {type: DOUBLE, unit: ratio, meaning: Percentile rank of vvix in 504 sessions, nullable: true, min: 0, max: 1}
  vix_term_rank: {type: DOUBLE, unit: ratio, meaning: Percentile rank of vix_term_ratio in 504 sessions, nullable: true, min: 0, max: 1}
  skew_rank: {type: DOUBLE, unit: ratio, meaning: Percentile rank of skew in 504 sessions, nullable: true, min: 0, max: 1}
  panic_vix_only: {type: DOUBLE, unit: 0 to 10, meaning: "Baseline: ten times vix_rank", nullable: true, min: 0, max: 10}
  panic_3: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of vix_rank, vvix_rank and vix_term_rank", nullable: true, min: 0, max: 10}
  panic_4: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of the four ranks, skew_rank included", nullable: true, min: 0, max: 10}
  vol_panic: {type: DOUBLE, unit: 0 to 10, meaning: "Volatility panic index: panic_3", nullable: true, min: 0, max: 10}
  vol_panic_lo: {type: DOUBLE, unit: 0 to 10, meaning: "Lower end of the 80 % band of vol_panic: the smaller of panic_3 and panic_4, less 0.3", nullable: true, min: 0, max: 10}
  vol_panic_hi: {type: DOUBLE, unit: 0 to 10, meaning: "Upper end of the 80 % band of vol_panic: the larger of panic_3 and panic_4, plus 0.5", nullable: true, min: 0, max: 10}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: vol_panic_hi, column_B: vol_panic_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with closes as (
    select
        session,
        max(close) filter (symbol = 'VIX') as vix,
        max(close) filter (symbol = 'VVIX') as vvix,
        max(close) filter (symbol = 'VIX3M') as vix3m,
        max(close) filter (symbol = 'SKEW') as skew
    from staging.prices
    where symbol in ('VIX', 'VVIX', 'VIX3M', 'SKEW')
    group by session
),

inputs as (
    select s.session, s.session_no, c.vix, c.vvix, c.vix / c.vix3m as vix_term_ratio, c.skew
    from reference.sessions as s
    left join closes as c using (session)
    where s.session between (select min(session) from closes) and (select max(session) from closes)
),

components as (
    select session, session_no, 'vix' as component, vix as x from inputs
    union all
    select session, session_no, 'vvix' as component, vvix as x from inputs
    union all
    select session, session_no, 'vix_term_ratio' as component, vix_term_ratio as x from inputs
    union all
    select session, session_no, 'skew' as component, skew as x from inputs
),

-- A window counts as full with 95 % of its 504 sessions.
ranked as (
    select
        session,
        component,
        cume_dist(order by x) over two_years as x_rank,
        count(*) over two_years as seen
    from components
    where x is not null
    window two_years as (
        partition by component order by session_no range between 503 preceding and current row
    )
),

ranks as (
    select
        session,
        max(x_rank) filter (component = 'vix') as vix_rank,
        max(x_rank) filter (component = 'vvix') as vvix_rank,
        max(x_rank) filter (component = 'vix_term_ratio') as vix_term_rank,
        max(x_rank) filter (component = 'skew') as skew_rank
    from ranked
    where seen >= 0.95 * 504
    group by session
),

scored as (
    select
        i.*,
        r.* exclude (session),
        10 * r.vix_rank as panic_vix_only,
        10 * (r.vix_rank + r.vvix_rank + r.vix_term_rank) / 3 as panic_3,
        10 * (r.vix_rank + r.vvix_rank + r.vix_term_rank + r.skew_rank) / 4 as panic_4
    from inputs as i
    left join ranks as r using (session)
),

final as (
    select
        session,
        vix,
        vvix,
        vix_term_ratio,
        skew,
        vix_rank,
        vvix_rank,
        vix_term_rank,
        skew_rank,
        panic_vix_only,
        panic_3,
        panic_4,
        panic_3 as vol_panic,
        case when panic_3 is not null then greatest(least(panic_3, panic_4) - 0.3, 0) end as vol_panic_lo,
        case when panic_3 is not null then least(greatest(panic_3, panic_4) + 0.5, 10) end as vol_panic_hi,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when vix_rank is null then 'VIX' end,
                case when vvix_rank is null then 'VVIX' end,
                case when vix_term_rank is null then 'VIX / VIX3M' end,
                case when skew_rank is null then 'SKEW' end
            ),
            ''
        ) as inputs_missing
    from scored
)

select * from final
