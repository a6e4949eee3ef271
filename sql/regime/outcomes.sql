/*
description: >-
  One row per session whose next 21 closes of the S&P 500 are known - what came of it. It stands on the session that
  completes it, so that it is known there; scored_session is the one that a forecast was made on. The drawdown is the
  largest from a high of the window, which begins with the close of scored_session. High volatility is in the top fifth of
  all volatilities of 21 sessions that were known at scored_session, of which there must be 504.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  scored_session: {type: DATE, unit: date, meaning: Session 21 closes before}
  return_ahead_pct: {type: DOUBLE, unit: "%", meaning: Return of the S&P 500 over the 21 sessions after scored_session}
  drawdown_ahead_pct: {type: DOUBLE, unit: "%", meaning: "Largest drawdown of the S&P 500 over the 21 sessions after scored_session, from its close on", min: -100, max: 0}
  vol_ahead_pct: {type: DOUBLE, unit: "%", meaning: Annualised volatility around zero of the 21 log returns after scored_session, min: 0}
  vol_threshold_pct: {type: DOUBLE, unit: "%", meaning: 80th percentile of the volatilities of 21 sessions known at scored_session, nullable: true, min: 0}
  is_drawdown_ahead: {type: BOOLEAN, unit: flag, meaning: Whether drawdown_ahead_pct is below -5}
  is_high_vol_ahead: {type: BOOLEAN, unit: flag, meaning: Whether vol_ahead_pct is above vol_threshold_pct, nullable: true}
rows: {min: 0}
*/
with closes as (
    select session, close, ln(close / lag(close) over (order by session)) as log_return
    from staging.prices
    where symbol = 'SPX' and close is not null
),

numbered as (
    select
        session,
        close,
        lag(session, 21) over (order by session) as scored_session,
        100 * (close / lag(close, 21) over (order by session) - 1) as return_ahead_pct,
        case
            when count(log_return) over last_21 = 21
                then 100 * sqrt(252 * avg((log_return ^ 2)::decimal(28, 18)) over last_21)
        end as vol_ahead_pct,
        row_number() over (order by session) as place
    from closes
    window last_21 as (order by session rows 20 preceding)
),

ahead as (
    select unnest(range(22))::integer as sessions
),

-- From each close to each within 21 sessions after it, which counts in every window that holds both.
falls as (
    select high.place, a.sessions, low.close / high.close - 1 as fall
    from numbered as high
    cross join ahead as a
    inner join numbered as low on low.place = high.place + a.sessions
),

drawdowns as (
    select f.place + w.sessions as place, 100 * min(f.fall) as drawdown_ahead_pct
    from falls as f
    inner join ahead as w on w.sessions >= f.sessions
    group by f.place + w.sessions
),

thresholds as (
    select
        session,
        case when count(vol_ahead_pct) over so_far >= 504 then quantile_cont(vol_ahead_pct, 0.8) over so_far end
            as vol_threshold_pct
    from numbered
    window so_far as (order by session rows unbounded preceding)
),

final as (
    select
        n.session,
        n.scored_session,
        n.return_ahead_pct,
        d.drawdown_ahead_pct,
        n.vol_ahead_pct,
        t.vol_threshold_pct,
        d.drawdown_ahead_pct < -5 as is_drawdown_ahead,
        n.vol_ahead_pct > t.vol_threshold_pct as is_high_vol_ahead
    from numbered as n
    inner join drawdowns as d using (place)
    left join thresholds as t on t.session = n.scored_session
    where n.scored_session is not null and n.vol_ahead_pct is not null
)

select * from final
