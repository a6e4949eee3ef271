/*
description: >-
  One row per session - the S&P 500 exposure of US volatility-control funds, which hold it in inverse proportion to its
  realised volatility, and what they have bought or sold of it. Volatility is the larger of one month's and three
  months', without a mean; size and rule come from reference.vol_control_calibration. The exposure is what the rule asks
  for after the session's close; the funds trade towards it over the following one or two sessions. A window needs each
  of its returns, and a missing session costs two. Grade B for the exposure's course; its level is known to the band.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  log_return_pct: {type: DOUBLE, unit: "%", meaning: "Log return of the S&P 500 over the session", nullable: true}
  rv21_pct: {type: DOUBLE, unit: "%", meaning: "Annualised volatility of 21 log returns of the S&P 500 around zero", nullable: true, min: 0}
  rv63_pct: {type: DOUBLE, unit: "%", meaning: "Annualised volatility of 63 log returns of the S&P 500 around zero", nullable: true, min: 0}
  vol_control_vol_pct: {type: DOUBLE, unit: "%", meaning: The larger of rv21_pct and rv63_pct, nullable: true, min: 0}
  leverage: {type: DOUBLE, unit: ratio, meaning: "Exposure per unit of capital that the strategy's rule asks for after the session's close", nullable: true, min: 0}
  notional_bn: {type: DOUBLE, unit: USD bn, meaning: "S&P 500 exposure of US volatility-control funds: leverage times risk budget / volatility target", nullable: true, min: 0}
  notional_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of notional_bn, nullable: true, min: 0}
  notional_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of notional_bn, nullable: true, min: 0}
  flow_1d_realised_bn: {type: DOUBLE, unit: USD bn, meaning: "Equity that the strategy's rule had it buy over the session, its exposure against that of the session before; negative sold", nullable: true}
  flow_1d_realised_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_1d_realised_bn, nullable: true}
  flow_1d_realised_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_1d_realised_bn, nullable: true}
  flow_5d_realised_bn: {type: DOUBLE, unit: USD bn, meaning: "Equity that the strategy's rule had it buy over 5 sessions, its exposure against that of 5 sessions before; negative sold", nullable: true}
  flow_5d_realised_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_5d_realised_bn, nullable: true}
  flow_5d_realised_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_5d_realised_bn, nullable: true}
  flow_15d_realised_bn: {type: DOUBLE, unit: USD bn, meaning: "Equity that the strategy's rule had it buy over 15 sessions, its exposure against that of 15 sessions before; negative sold", nullable: true}
  flow_15d_realised_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_15d_realised_bn, nullable: true}
  flow_15d_realised_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_15d_realised_bn, nullable: true}
  dropoff_21d_pct: {type: DOUBLE, unit: "%", meaning: "Largest in size of the 5 log returns that leave rv21_pct over the next 5 sessions", nullable: true}
  dropoff_21d_session: {type: DATE, unit: date, meaning: "Session of dropoff_21d_pct, the earliest of equals", nullable: true}
  dropoff_63d_pct: {type: DOUBLE, unit: "%", meaning: "Largest in size of the 5 log returns that leave rv63_pct over the next 5 sessions", nullable: true}
  dropoff_63d_session: {type: DATE, unit: date, meaning: "Session of dropoff_63d_pct, the earliest of equals", nullable: true}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: notional_hi_bn, column_B: notional_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with spx as (
    select session, close from staging.prices where symbol = 'SPX'
),

-- Every session from the first to the last, so that a missing one is a gap and not a longer step.
closes as (
    select s.session, s.session_no, p.close, lag(p.close) over (order by s.session) as previous_close
    from reference.sessions as s
    left join spx as p using (session)
    where s.session between (select min(session) from spx) and (select max(session) from spx)
),

returns as (
    select session, session_no, 100 * ln(close / previous_close) as log_return_pct from closes
),

-- Sums of decimals are exact, so that a mean does not depend on which other rows are in the table.
exact as (
    select
        session,
        log_return_pct,
        (log_return_pct ^ 2)::decimal(28, 18) as squared,
        row(abs(log_return_pct), -session_no) as size
    from returns
),

measured as (
    select
        session,
        log_return_pct,
        case when count(squared) over w21 = 21 then sqrt(252 * avg(squared) over w21) end as rv21_pct,
        case when count(squared) over w63 = 63 then sqrt(252 * avg(squared) over w63) end as rv63_pct,
        case when count(squared) over leaving_21 = 5 then arg_max(log_return_pct, size) over leaving_21 end as dropoff_21d_pct,
        case when count(squared) over leaving_21 = 5 then arg_max(session, size) over leaving_21 end as dropoff_21d_session,
        case when count(squared) over leaving_63 = 5 then arg_max(log_return_pct, size) over leaving_63 end as dropoff_63d_pct,
        case when count(squared) over leaving_63 = 5 then arg_max(session, size) over leaving_63 end as dropoff_63d_session
    from exact
    window
        w21 as (order by session rows 20 preceding),
        w63 as (order by session rows 62 preceding),
        leaving_21 as (order by session rows between 20 preceding and 16 preceding),
        leaving_63 as (order by session rows between 62 preceding and 58 preceding)
),

volatile as (
    select
        *,
        case when rv21_pct is not null and rv63_pct is not null then greatest(rv21_pct, rv63_pct) end as vol_control_vol_pct
    from measured
),

calibration as (
    select * from reference.vol_control_calibration
    qualify row_number() over (order by method_version desc) = 1
),

leveraged as (
    select
        v.*,
        k.* exclude (fitted_on),
        case
            when v.vol_control_vol_pct * k.max_leverage <= k.target_vol_pct then k.max_leverage
            else k.target_vol_pct / v.vol_control_vol_pct
        end as leverage
    from volatile as v
    cross join calibration as k
),

exposed as (
    select *, risk_budget_bn / (target_vol_pct / 100) * leverage as notional_bn from leveraged
),

traded as (
    select
        *,
        notional_bn - lag(notional_bn, 1) over (order by session) as flow_1d,
        notional_bn - lag(notional_bn, 5) over (order by session) as flow_5d,
        notional_bn - lag(notional_bn, 15) over (order by session) as flow_15d
    from exposed
),

final as (
    select
        session,
        log_return_pct,
        rv21_pct,
        rv63_pct,
        vol_control_vol_pct,
        leverage,
        notional_bn,
        notional_bn * band_lo_factor as notional_lo_bn,
        notional_bn * band_hi_factor as notional_hi_bn,
        flow_1d as flow_1d_realised_bn,
        flow_1d * case when flow_1d < 0 then band_hi_factor else band_lo_factor end as flow_1d_realised_lo_bn,
        flow_1d * case when flow_1d < 0 then band_lo_factor else band_hi_factor end as flow_1d_realised_hi_bn,
        flow_5d as flow_5d_realised_bn,
        flow_5d * case when flow_5d < 0 then band_hi_factor else band_lo_factor end as flow_5d_realised_lo_bn,
        flow_5d * case when flow_5d < 0 then band_lo_factor else band_hi_factor end as flow_5d_realised_hi_bn,
        flow_15d as flow_15d_realised_bn,
        flow_15d * case when flow_15d < 0 then band_hi_factor else band_lo_factor end as flow_15d_realised_lo_bn,
        flow_15d * case when flow_15d < 0 then band_lo_factor else band_hi_factor end as flow_15d_realised_hi_bn,
        dropoff_21d_pct,
        dropoff_21d_session,
        dropoff_63d_pct,
        dropoff_63d_session,
        method_version,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when log_return_pct is null then 'S&P 500 of the session or the one before' end,
                case when rv21_pct is null then '21 returns of the S&P 500' end,
                case when rv63_pct is null then '63 returns of the S&P 500' end,
                case when flow_1d is null then 'exposure 1 session before' end,
                case when flow_5d is null then 'exposure 5 sessions before' end,
                case when flow_15d is null then 'exposure 15 sessions before' end
            ),
            ''
        ) as inputs_missing
    from traded
)

select * from final
