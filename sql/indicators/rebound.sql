/*
description: >-
  One row per session - intraday reversals of the S&P 500 and the quality of its rebounds, on SPY's bars, because the
  index's own open is stale. The previous close is less the session's dividend; highest closes and lows are not
  adjusted. A rebound day gains 0.75 % or more within 10 sessions of a drawdown of 3 % or more. Its quality is known at
  its close. Whether a rebound failed or held shows in the three sessions after it and stands on the session that
  tells. Quality is a rank among rebound days and no forecast - grade C; the other columns are read off.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  previous_close_net: {type: DOUBLE, unit: price, meaning: "SPY's close of the session before, less the session's dividend: close / (1 + total return)", nullable: true, min: 0}
  gap_pct: {type: DOUBLE, unit: "%", meaning: Open against previous_close_net, nullable: true}
  up_pct: {type: DOUBLE, unit: "%", meaning: High against previous_close_net, nullable: true}
  return_pct: {type: DOUBLE, unit: "%", meaning: Close against previous_close_net, nullable: true}
  fade_pct: {type: DOUBLE, unit: "%", meaning: "(high - close) / previous_close_net: what was given back from the high", nullable: true, min: 0}
  close_location: {type: DOUBLE, unit: "-1 to 1", meaning: "Place of the close in the day's range, ((close - low) - (high - close)) / (high - low); NULL without a range", nullable: true, min: -1, max: 1}
  retrace_ratio: {type: DOUBLE, unit: ratio, meaning: "Change since previous_close_net / fall from the high to the close of the session before; NULL where that closed at its high", nullable: true}
  drawdown_63d_pct: {type: DOUBLE, unit: "%", meaning: "Close against the highest of the last 63 closes, today's included", nullable: true, min: -100, max: 0}
  is_reversal_day: {type: BOOLEAN, unit: flag, meaning: "Whether up_pct is 1.5 or more and return_pct -1 or less", nullable: true}
  is_gap_reversal: {type: BOOLEAN, unit: flag, meaning: "Whether gap_pct is 1.4 or more and return_pct negative", nullable: true}
  reversal_days_5d: {type: INTEGER, unit: count, meaning: Reversal days in the last 5 sessions, nullable: true, min: 0, max: 5}
  leadership_pct: {type: DOUBLE, unit: "%", meaning: "Mean return of the defensive sector funds XLP, XLU and XLV less that of the cyclical XLY, XLI, XLB and XLF", nullable: true}
  vix_change: {type: DOUBLE, unit: index points, meaning: Change of VIX over the session, nullable: true}
  advance_share_pct: {type: DOUBLE, unit: "%", meaning: "Advances / (advances + declines) of the S&P 500's members", nullable: true, min: 0, max: 100}
  up_volume_share_pct: {type: DOUBLE, unit: "%", meaning: "Shares traded of advancing members / those of advancing and declining members of the S&P 500", nullable: true, min: 0, max: 100}
  is_rebound_day: {type: BOOLEAN, unit: flag, meaning: "Whether return_pct is 0.75 or more and drawdown_63d_pct -3 or less on any of the last 10 sessions, today's included", nullable: true}
  rebound_components: {type: INTEGER, unit: count, meaning: "Ranks in rebound_quality, each among 60 rebound days or more; NULL on other days", nullable: true, min: 0, max: 6}
  rebound_quality: {type: DOUBLE, unit: 0 to 1, meaning: "Mean percentile rank, among all rebound days so far, of close_location, retrace_ratio, advance_share_pct, up_volume_share_pct, and of leadership_pct and vix_change turned round; of those there are, 3 at least; NULL on other days", nullable: true, min: 0, max: 1}
  rebound_quality_lo: {type: DOUBLE, unit: 0 to 1, meaning: "Lower end of the 80 % band of rebound_quality: Student's t on its ranks", nullable: true, min: 0, max: 1}
  rebound_quality_hi: {type: DOUBLE, unit: 0 to 1, meaning: "Upper end of the 80 % band of rebound_quality: Student's t on its ranks", nullable: true, min: 0, max: 1}
  is_failed_live: {type: BOOLEAN, unit: flag, meaning: "Whether it is a rebound day with rebound_quality below 0.2", nullable: true}
  failed_rebound_session: {type: DATE, unit: date, meaning: "Newest rebound day of the three sessions before whose low this close is the first to fall below; NULL for none", nullable: true}
  failed_rebounds: {type: INTEGER, unit: count, meaning: Rebound days of the three sessions before whose low this close is the first to fall below, nullable: true, min: 0, max: 3}
  held_rebound_session: {type: DATE, unit: date, meaning: "The session three before if it is a rebound day whose low no close since has fallen below; NULL if not", nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: rebound_quality_hi, column_B: rebound_quality_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with prices as (
    select
        session,
        max(open) filter (symbol = 'SPY') as open,
        max(high) filter (symbol = 'SPY') as high,
        max(low) filter (symbol = 'SPY') as low,
        max(close) filter (symbol = 'SPY') as close,
        max(total_return) filter (symbol = 'SPY') as total_return,
        max(total_return_index) filter (symbol = 'SPY') as total_return_index,
        max(close) filter (symbol = 'VIX') as vix,
        max(total_return) filter (symbol = 'XLP') as xlp,
        max(total_return) filter (symbol = 'XLU') as xlu,
        max(total_return) filter (symbol = 'XLV') as xlv,
        max(total_return) filter (symbol = 'XLY') as xly,
        max(total_return) filter (symbol = 'XLI') as xli,
        max(total_return) filter (symbol = 'XLB') as xlb,
        max(total_return) filter (symbol = 'XLF') as xlf
    from staging.prices
    where symbol in ('SPY', 'VIX', 'XLP', 'XLU', 'XLV', 'XLY', 'XLI', 'XLB', 'XLF')
    group by session
),

-- Every session from the first to the last, so that a missing one is a gap and not a longer step.
days as (
    select
        s.session,
        s.session_no,
        p.* exclude (session, high, low),
        -- A high may miss the close by a rounding.
        case when p.high is not null then greatest(p.high, p.close) end as high,
        case when p.low is not null then least(p.low, p.close) end as low,
        p.close / (1 + p.total_return) as previous_close_net,
        lag(p.high) over (order by s.session) - lag(p.close) over (order by s.session) as fall_before,
        p.vix - lag(p.vix) over (order by s.session) as vix_change
    from reference.sessions as s
    left join prices as p using (session)
    where s.session between (select min(session) from prices where close is not null)
        and (select max(session) from staging.prices where symbol in ('SPX', 'SPY'))
),

measured as (
    select
        d.session,
        d.session_no,
        d.low,
        d.close,
        d.total_return_index,
        d.previous_close_net,
        100 * (d.open / d.previous_close_net - 1) as gap_pct,
        100 * (d.high / d.previous_close_net - 1) as up_pct,
        100 * d.total_return as return_pct,
        100 * (d.high - d.close) / d.previous_close_net as fade_pct,
        ((d.close - d.low) - (d.high - d.close)) / nullif(d.high - d.low, 0) as close_location,
        case when d.fall_before > 0 then (d.close - d.previous_close_net) / d.fall_before end as retrace_ratio,
        case
            when count(d.close) over w63 = 63 then 100 * (d.close / max(d.close) over w63 - 1)
        end as drawdown_63d_pct,
        100 * ((d.xlp + d.xlu + d.xlv) / 3 - (d.xly + d.xli + d.xlb + d.xlf) / 4) as leadership_pct,
        d.vix_change,
        b.advance_share_pct,
        b.up_volume_share_pct
    from days as d
    left join indicators.breadth as b using (session)
    window w63 as (order by d.session rows 62 preceding)
),

flagged as (
    select
        *,
        up_pct >= 1.5 and return_pct <= -1 as is_reversal_day,
        gap_pct >= 1.4 and return_pct < 0 as is_gap_reversal,
        return_pct >= 0.75
        and case
            when min(drawdown_63d_pct) over w10 <= -3 then true
            when count(drawdown_63d_pct) over w10 = 10 then false
        end as is_rebound_day
    from measured
    window w10 as (order by session rows 9 preceding)
),

components as (
    select session, session_no, 'close_location' as component, close_location as x from flagged where is_rebound_day
    union all
    select session, session_no, 'retrace_ratio' as component, retrace_ratio as x from flagged where is_rebound_day
    union all
    select session, session_no, 'advance_share' as component, advance_share_pct as x from flagged where is_rebound_day
    union all
    select session, session_no, 'up_volume_share' as component, up_volume_share_pct as x from flagged where is_rebound_day
    union all
    select session, session_no, 'leadership' as component, -leadership_pct as x from flagged where is_rebound_day
    union all
    select session, session_no, 'vix_change' as component, -vix_change as x from flagged where is_rebound_day
),

ranked as (
    select
        session,
        component,
        case when x is not null and count(*) over so_far >= 60 then cume_dist(order by x) over so_far end as x_rank
    from components
    window so_far as (
        partition by component, x is null order by session_no range between unbounded preceding and current row
    )
),

-- Sums of decimals are exact, so that their order cannot move the last digit.
scored as (
    select
        session,
        count(x_rank) as ranks,
        avg(x_rank::decimal(28, 18)) as mean_rank,
        avg((x_rank ^ 2)::decimal(28, 18)) as mean_square,
        string_agg('rank of ' || component, ', ' order by component) filter (x_rank is null) as unranked
    from ranked
    group by session
),

-- 90th percentiles of Student's t with 2 to 5 degrees of freedom.
qualities as (
    select
        session,
        ranks,
        unranked,
        case when ranks >= 3 then mean_rank end as rebound_quality,
        case ranks when 3 then 1.8856 when 4 then 1.6377 when 5 then 1.5332 when 6 then 1.4759 end
        * sqrt(greatest(mean_square - mean_rank ^ 2, 0) / nullif(ranks - 1, 0)) as rebound_quality_error
    from scored
),

-- A rebound day against the closes of the three sessions after it.
aftermath as (
    select
        u.session,
        u.session_no,
        t.session as rebound_session,
        u.session_no - t.session_no = 3 as is_last,
        -- Dividends since are put back; rounded, so that a close at the low is not below it.
        round(t.close * u.total_return_index / t.total_return_index, 6) < round(t.low, 6) as is_below
    from flagged as t
    inner join flagged as u on u.session_no between t.session_no + 1 and t.session_no + 3
    where t.is_rebound_day
),

verdicts as (
    select
        session,
        rebound_session,
        is_below and count(*) filter (is_below) over closes_since = 1 as is_broken_now,
        is_last and count(*) filter (not is_below) over closes_since = 3 as is_held
    from aftermath
    window closes_since as (partition by rebound_session order by session_no rows unbounded preceding)
),

confirmed as (
    select
        session,
        max(rebound_session) filter (is_broken_now) as failed_rebound_session,
        count(*) filter (is_broken_now) as failed_rebounds,
        max(rebound_session) filter (is_held) as held_rebound_session
    from verdicts
    group by session
),

joined as (
    select
        f.*,
        q.rebound_quality,
        q.rebound_quality_error,
        q.ranks,
        q.unranked,
        c.failed_rebound_session,
        c.held_rebound_session,
        coalesce(c.failed_rebounds, 0) as failed_rebounds,
        case when count(f.is_reversal_day) over w5 = 5 then count(*) filter (f.is_reversal_day) over w5 end as reversal_days_5d
    from flagged as f
    left join qualities as q using (session)
    left join confirmed as c using (session)
    window w5 as (order by f.session rows 4 preceding)
),

final as (
    select
        session,
        previous_close_net,
        gap_pct,
        up_pct,
        return_pct,
        fade_pct,
        close_location,
        retrace_ratio,
        drawdown_63d_pct,
        is_reversal_day,
        is_gap_reversal,
        reversal_days_5d::integer as reversal_days_5d,
        leadership_pct,
        vix_change,
        advance_share_pct,
        up_volume_share_pct,
        is_rebound_day,
        ranks::integer as rebound_components,
        rebound_quality,
        case when rebound_quality is not null then greatest(rebound_quality - rebound_quality_error, 0) end as rebound_quality_lo,
        case when rebound_quality is not null then least(rebound_quality + rebound_quality_error, 1) end as rebound_quality_hi,
        case when is_rebound_day then rebound_quality < 0.2 else is_rebound_day end as is_failed_live,
        failed_rebound_session,
        case when close is not null then failed_rebounds end::integer as failed_rebounds,
        held_rebound_session,
        'C' as grade,
        nullif(
            concat_ws(
                ', ',
                case when return_pct is null then 'SPY of the session or the one before' end,
                case when return_pct is not null and gap_pct is null then 'open of SPY' end,
                case when return_pct is not null and up_pct is null then 'high of SPY' end,
                case when return_pct is not null and close_location is null then 'range of SPY' end,
                case when return_pct is not null and retrace_ratio is null then 'fall from the high of the session before' end,
                case when drawdown_63d_pct is null then '63 closes of SPY' end,
                case when is_rebound_day is null and return_pct is not null then 'drawdowns of 10 sessions' end,
                case when reversal_days_5d is null then '5 sessions of SPY' end,
                case when leadership_pct is null then 'sector funds' end,
                case when vix_change is null then 'VIX of the session or the one before' end,
                case when advance_share_pct is null then 'advances' end,
                case when up_volume_share_pct is null then 'up volume' end,
                unranked
            ),
            ''
        ) as inputs_missing
    from joined
)

select * from final
