/*
description: >-
  One row per session - the volatility panic index, 0 to 10 - the mean percentile rank, over 504 sessions, of spot
  implied volatility (VIX), volatility of volatility (VVIX), the inverted term structure (VIX / VIX3M) and, once there
  is a year of it, the skew of the S&P 500's own option chain. After the definition of a desk's volatility stress index
  published on 2024-10-02. Cboe's SKEW stands apart, because it often falls in sell-offs and is a poor stand-in for a
  desk's own skew. A rank needs 95 % of its 504 sessions, that of the chain's skew 252 of them, wherever the holes are;
  a session without a value has no rank. With 252 or 756 sessions in place of 504, panic_3 of 2025-11-21 is 8.7 or
  9.3 in place of 9.1.
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
  chain_skew: {type: DOUBLE, unit: ratio, meaning: "skew_30d of the S&P 500 at the close, if known by the session's decision time", nullable: true}
  chain_skew_rank: {type: DOUBLE, unit: ratio, meaning: "Percentile rank of chain_skew among its values in 504 sessions, 252 or more of them", nullable: true, min: 0, max: 1}
  panic_vix_only: {type: DOUBLE, unit: 0 to 10, meaning: "Baseline: ten times vix_rank", nullable: true, min: 0, max: 10}
  panic_3: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of vix_rank, vvix_rank and vix_term_rank", nullable: true, min: 0, max: 10}
  panic_4: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of the ranks of panic_3 and skew_rank", nullable: true, min: 0, max: 10}
  panic_4_chain: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of the ranks of panic_3 and chain_skew_rank", nullable: true, min: 0, max: 10}
  vol_panic: {type: DOUBLE, unit: 0 to 10, meaning: "Volatility panic index: panic_4_chain, or panic_3 where that is not there", nullable: true, min: 0, max: 10}
  vol_panic_lo: {type: DOUBLE, unit: 0 to 10, meaning: "Lower end of the 80 % band of vol_panic: the smallest of panic_3, panic_4 and panic_4_chain, less 0.3", nullable: true, min: 0, max: 10}
  vol_panic_hi: {type: DOUBLE, unit: 0 to 10, meaning: "Upper end of the 80 % band of vol_panic: the largest of panic_3, panic_4 and panic_4_chain, plus 0.5", nullable: true, min: 0, max: 10}
  vol_panic_method: {type: VARCHAR, unit: name, meaning: Which column vol_panic is, nullable: true, allowed: [panic_3, panic_4_chain]}
  vol_panic_rank: {type: DOUBLE, unit: ratio, meaning: "Percentile rank of panic_3 in 504 sessions; 1 is a two-year high", nullable: true, min: 0, max: 1}
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
    select
        s.session,
        s.session_no,
        c.vix,
        c.vvix,
        c.vix / c.vix3m as vix_term_ratio,
        c.skew,
        o.skew_30d as chain_skew
    from reference.sessions as s
    left join closes as c using (session)
    left join indicators.option_smile as o
        on s.session = o.session
        and o.underlying = 'SPX'
        and o.reading = 'close'
        and o.available_at <= s.decision_at
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
    union all
    select session, session_no, 'chain_skew' as component, chain_skew as x from inputs
),

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
        max(x_rank) filter (component = 'skew') as skew_rank,
        max(x_rank) filter (component = 'chain_skew') as chain_skew_rank
    from ranked
    where seen >= case component when 'chain_skew' then 252 else 0.95 * 504 end
    group by session
),

scored as (
    select
        i.*,
        r.* exclude (session),
        10 * r.vix_rank as panic_vix_only,
        10 * (r.vix_rank + r.vvix_rank + r.vix_term_rank) / 3 as panic_3,
        10 * (r.vix_rank + r.vvix_rank + r.vix_term_rank + r.skew_rank) / 4 as panic_4,
        10 * (r.vix_rank + r.vvix_rank + r.vix_term_rank + r.chain_skew_rank) / 4 as panic_4_chain
    from inputs as i
    left join ranks as r using (session)
),

-- Equal sums of ranks in another order differ in their last digits, and would not tie.
panic_ranked as (
    select
        session,
        cume_dist(order by round(panic_3, 9)) over two_years as panic_3_rank,
        count(*) over two_years as seen
    from scored
    where panic_3 is not null
    window two_years as (order by session_no range between 503 preceding and current row)
),

panic_ranks as (
    select session, panic_3_rank from panic_ranked where seen >= 0.95 * 504
),

final as (
    select
        s.session,
        s.vix,
        s.vvix,
        s.vix_term_ratio,
        s.skew,
        s.vix_rank,
        s.vvix_rank,
        s.vix_term_rank,
        s.skew_rank,
        s.chain_skew,
        s.chain_skew_rank,
        s.panic_vix_only,
        s.panic_3,
        s.panic_4,
        s.panic_4_chain,
        coalesce(s.panic_4_chain, s.panic_3) as vol_panic,
        case
            when s.panic_3 is not null then greatest(least(s.panic_3, s.panic_4, s.panic_4_chain) - 0.3, 0)
        end as vol_panic_lo,
        case
            when s.panic_3 is not null then least(greatest(s.panic_3, s.panic_4, s.panic_4_chain) + 0.5, 10)
        end as vol_panic_hi,
        case
            when s.panic_4_chain is not null then 'panic_4_chain'
            when s.panic_3 is not null then 'panic_3'
        end as vol_panic_method,
        r.panic_3_rank as vol_panic_rank,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when s.vix_rank is null then 'VIX' end,
                case when s.vvix_rank is null then 'VVIX' end,
                case when s.vix_term_rank is null then 'VIX / VIX3M' end,
                case when s.skew_rank is null then 'SKEW' end,
                case
                    when s.chain_skew is null then 'skew of the option chain'
                    when s.chain_skew_rank is null then 'a year of the option chain''s skew'
                end,
                case when r.panic_3_rank is null then 'two years of panic_3' end
            ),
            ''
        ) as inputs_missing
    from scored as s
    left join panic_ranks as r using (session)
)

select * from final
