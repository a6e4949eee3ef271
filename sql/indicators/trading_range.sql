/*
description: >-
  One row per session and symbol, for indices and ETFs with high and low - how far the price travels in a day, on
  unadjusted prices. Ranges are in percent of the previous close, volatilities annualised over 252 sessions. Every
  mean needs each of its sessions; a session without a bar leaves NULL for as long as it is in the window. Vendors show the close before as the opening of
  an index on most days before about 2010, so that estimators with the open miss the overnight gap there.
grain: [session, symbol]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  range_pct: {type: DOUBLE, unit: "%", meaning: (high - low) / previous close, nullable: true, min: 0}
  true_range_pct: {type: DOUBLE, unit: "%", meaning: "True range (Wilder 1978) / previous close: high and low extended to the previous close", nullable: true, min: 0}
  range_5d_pct: {type: DOUBLE, unit: "%", meaning: Mean of range_pct over 5 sessions, nullable: true, min: 0}
  range_5d_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower end of the 80 % band of range_5d_pct: Student's t on the 5 ranges", nullable: true, min: 0}
  range_5d_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper end of the 80 % band of range_5d_pct: Student's t on the 5 ranges", nullable: true, min: 0}
  range_10d_pct: {type: DOUBLE, unit: "%", meaning: Mean of range_pct over 10 sessions, nullable: true, min: 0}
  range_20d_pct: {type: DOUBLE, unit: "%", meaning: Mean of range_pct over 20 sessions, nullable: true, min: 0}
  true_range_5d_pct: {type: DOUBLE, unit: "%", meaning: Mean of true_range_pct over 5 sessions, nullable: true, min: 0}
  true_range_10d_pct: {type: DOUBLE, unit: "%", meaning: Mean of true_range_pct over 10 sessions, nullable: true, min: 0}
  true_range_20d_pct: {type: DOUBLE, unit: "%", meaning: Mean of true_range_pct over 20 sessions, nullable: true, min: 0}
  parkinson_vol: {type: DOUBLE, unit: "%", meaning: "Volatility of 20 sessions from highs and lows (Parkinson 1980)", nullable: true, min: 0}
  garman_klass_vol: {type: DOUBLE, unit: "%", meaning: "Volatility of 20 sessions from open, high, low and close (Garman and Klass 1980)", nullable: true, min: 0}
  rogers_satchell_vol: {type: DOUBLE, unit: "%", meaning: "Volatility of 20 sessions, unbiased by drift (Rogers and Satchell 1991)", nullable: true, min: 0}
  yang_zhang_vol: {type: DOUBLE, unit: "%", meaning: "Volatility of 20 sessions with the overnight gap, minimum variance (Yang and Zhang 2000)", nullable: true, min: 0}
  range_to_implied: {type: DOUBLE, unit: ratio, meaning: "range_5d_pct / the daily range that VIX implies, VIX / sqrt(252) times sqrt(8 / pi); for S&P 500 symbols only", nullable: true, min: 0}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
*/
-- Read once: the view works out every price anew each time.
with prices as materialized (
    select p.session, p.symbol, p.open, p.high, p.low, p.close
    from staging.prices as p
    inner join reference.instruments as i using (symbol)
    where i.class in ('index', 'etf') or p.symbol = 'VIX'
),

ranged as (
    select symbol, min(session) as first_session, max(session) as last_session
    from prices
    where high is not null and symbol <> 'VIX'
    group by symbol
),

-- Every session from a symbol's first to the newest of all, so that a missing bar is a gap and not a longer step.
bars as (
    select
        s.session,
        r.symbol,
        p.open,
        p.high,
        p.low,
        p.close,
        lag(p.close) over (partition by r.symbol order by s.session) as previous_close
    from ranged as r
    inner join reference.sessions as s on s.session between r.first_session and (select max(last_session) from ranged)
    left join prices as p on r.symbol = p.symbol and s.session = p.session
),

daily as (
    select
        session,
        symbol,
        100 * (high - low) / previous_close as range_pct,
        case
            when high is not null and low is not null and previous_close is not null
                then 100 * (greatest(high, previous_close) - least(low, previous_close)) / previous_close
        end as true_range_pct,
        ln(high / low) as high_low,
        ln(open / previous_close) as overnight,
        ln(close / open) as intraday,
        ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open) as rogers_satchell
    from bars
),

-- Sums of decimals are exact, so that a mean does not depend on which other rows are in the table.
exact as (
    select
        session,
        symbol,
        range_pct,
        true_range_pct,
        range_pct::decimal(28, 18) as r,
        (range_pct ^ 2)::decimal(28, 18) as r_squared,
        true_range_pct::decimal(28, 18) as tr,
        (high_low ^ 2)::decimal(28, 18) as high_low_squared,
        overnight::decimal(28, 18) as overnight,
        (overnight ^ 2)::decimal(28, 18) as overnight_squared,
        intraday::decimal(28, 18) as intraday,
        (intraday ^ 2)::decimal(28, 18) as intraday_squared,
        rogers_satchell::decimal(28, 18) as rogers_satchell
    from daily
),

averaged as (
    select
        session,
        symbol,
        range_pct,
        true_range_pct,
        case when count(r) over w5 = 5 then avg(r) over w5 end as range_5d_pct,
        5 / 4 * greatest(avg(r_squared) over w5 - (avg(r) over w5) ^ 2, 0) as range_5d_variance,
        case when count(r) over w10 = 10 then avg(r) over w10 end as range_10d_pct,
        case when count(r) over w20 = 20 then avg(r) over w20 end as range_20d_pct,
        case when count(r) over w5 = 5 then avg(tr) over w5 end as true_range_5d_pct,
        case when count(r) over w10 = 10 then avg(tr) over w10 end as true_range_10d_pct,
        case when count(r) over w20 = 20 then avg(tr) over w20 end as true_range_20d_pct,
        count(overnight + rogers_satchell) over w20 = 20 as has_20,
        avg(high_low_squared) over w20 as high_low_squared,
        avg(intraday_squared) over w20 as intraday_squared,
        avg(rogers_satchell) over w20 as rogers_satchell,
        20 / 19 * (avg(overnight_squared) over w20 - (avg(overnight) over w20) ^ 2) as overnight_variance,
        20 / 19 * (avg(intraday_squared) over w20 - (avg(intraday) over w20) ^ 2) as intraday_variance,
        0.34 / (1.34 + 21 / 19) as yang_zhang_k
    from exact
    window
        w5 as (partition by symbol order by session rows 4 preceding),
        w10 as (partition by symbol order by session rows 9 preceding),
        w20 as (partition by symbol order by session rows 19 preceding)
),

-- 1.533 is the 90th percentile of Student's t with 4 degrees of freedom.
banded as (
    select *, 1.533 * sqrt(range_5d_variance / 5) as range_5d_error from averaged
),

vix as (
    select session, close as vix from prices where symbol = 'VIX'
),

final as (
    select
        a.session,
        a.symbol,
        a.range_pct,
        a.true_range_pct,
        a.range_5d_pct,
        case when a.range_5d_pct is not null then greatest(a.range_5d_pct - a.range_5d_error, 0) end as range_5d_lo_pct,
        case when a.range_5d_pct is not null then a.range_5d_pct + a.range_5d_error end as range_5d_hi_pct,
        a.range_10d_pct,
        a.range_20d_pct,
        a.true_range_5d_pct,
        a.true_range_10d_pct,
        a.true_range_20d_pct,
        case when a.has_20 then 100 * sqrt(252 * a.high_low_squared / (4 * ln(2))) end as parkinson_vol,
        case
            when a.has_20 then 100 * sqrt(252 * greatest(a.high_low_squared / 2 - (2 * ln(2) - 1) * a.intraday_squared, 0))
        end as garman_klass_vol,
        case when a.has_20 then 100 * sqrt(252 * greatest(a.rogers_satchell, 0)) end as rogers_satchell_vol,
        case
            when a.has_20 then 100 * sqrt(
                252 * greatest(
                    a.overnight_variance
                    + a.yang_zhang_k * a.intraday_variance
                    + (1 - a.yang_zhang_k) * a.rogers_satchell,
                    0
                )
            )
        end as yang_zhang_vol,
        case when a.symbol in ('SPX', 'SPY') then a.range_5d_pct / (v.vix / sqrt(252) * sqrt(8 / pi())) end as range_to_implied,
        'A' as grade,
        nullif(
            concat_ws(
                ', ',
                case when a.range_pct is null then 'bar of the session or the one before' end,
                case when a.range_5d_pct is null then '5 sessions of bars' end,
                case when not a.has_20 then '20 sessions of bars' end,
                case when a.symbol in ('SPX', 'SPY') and v.vix is null then 'VIX' end
            ),
            ''
        ) as inputs_missing
    from banded as a
    left join vix as v using (session)
)

select * from final
