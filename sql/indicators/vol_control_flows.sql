/*
description: >-
  One row per session, length and size of a scenario - what US volatility-control funds buy or sell over the next
  sessions if the S&P 500 moves by the same amount every day, up and down by turns. The volatility windows then hold
  the returns that are still in them and the scenario's; the rule and the band are those of indicators.vol_control. The
  flow is what the rule asks for at the close of the last session; the funds trade over the one or two sessions after
  each close. A desk's figure for a month of 50 bp days on 2025-06-24 was 114.2, ours is 111.3. Grade B.
grain: [session, flow_sessions, daily_move_pct]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  flow_sessions: {type: INTEGER, unit: sessions, meaning: Sessions over which the scenario runs, min: 1, max: 21}
  daily_move_pct: {type: DOUBLE, unit: "%", meaning: "Size of the S&P 500's log return on each day of the scenario; its sign alternates", min: 0}
  scenario_vol_pct: {type: DOUBLE, unit: "%", meaning: vol_control_vol_pct at the end of the scenario, nullable: true, min: 0}
  flow_bn: {type: DOUBLE, unit: USD bn, meaning: "Equity that the strategy's rule has it buy over the scenario, its exposure at the end against the session's; negative sells", nullable: true}
  flow_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_bn, nullable: true}
  flow_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_bn, nullable: true}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 16}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: flow_hi_bn, column_B: flow_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with lengths as (
    select unnest([1, 5, 10, 21])::integer as flow_sessions
),

moves as (
    select unnest([0.25, 0.5, 1, 2])::double as daily_move_pct
),

-- Sums of decimals are exact, so that their differences are the sums between.
summed as (
    select
        session,
        notional_bn,
        method_version,
        sum((log_return_pct ^ 2)::decimal(28, 18)) over (order by session rows unbounded preceding) as total
    from indicators.vol_control
),

-- What is left of each window once the scenario's returns are in it; only where the windows are full today.
kept as (
    select
        s.session,
        s.notional_bn,
        s.method_version,
        h.flow_sessions,
        case
            when s.notional_bn is not null
                then s.total - lag(s.total, 21 - h.flow_sessions) over (partition by h.flow_sessions order by s.session)
        end::double as kept_of_21,
        case
            when s.notional_bn is not null
                then s.total - lag(s.total, 63 - h.flow_sessions) over (partition by h.flow_sessions order by s.session)
        end::double as kept_of_63
    from summed as s
    cross join lengths as h
),

rolled as (
    select
        k.*,
        m.daily_move_pct,
        sqrt(
            252 * greatest(
                (k.kept_of_21 + k.flow_sessions * m.daily_move_pct ^ 2) / 21,
                (k.kept_of_63 + k.flow_sessions * m.daily_move_pct ^ 2) / 63
            )
        ) as scenario_vol_pct
    from kept as k
    cross join moves as m
),

leveraged as (
    select
        r.*,
        c.* exclude (method_version, fitted_on),
        case
            when r.scenario_vol_pct * c.max_leverage <= c.target_vol_pct then c.max_leverage
            else c.target_vol_pct / r.scenario_vol_pct
        end as leverage_then
    from rolled as r
    inner join reference.vol_control_calibration as c using (method_version)
),

flows as (
    select *, risk_budget_bn / (target_vol_pct / 100) * leverage_then - notional_bn as flow_bn from leveraged
),

final as (
    select
        session,
        flow_sessions,
        daily_move_pct,
        scenario_vol_pct,
        flow_bn,
        flow_bn * case when flow_bn < 0 then band_hi_factor else band_lo_factor end as flow_lo_bn,
        flow_bn * case when flow_bn < 0 then band_lo_factor else band_hi_factor end as flow_hi_bn,
        method_version,
        'B' as grade,
        case when flow_bn is null then '63 returns of the S&P 500' end as inputs_missing
    from flows
)

select * from final
