/*
description: >-
  One row per session, length and scenario, from the session on which the S&P 500's long-term average has burnt in - what
  trend followers buy or sell of US equities and of equities worldwide if the market goes flat, up or down from here.
  Direction and order of the figures that a desk publishes are reproduced and their size roughly; just after a break
  ours are too small. A desk's flow is itself the output of a model. The band comes from published figures that the fit
  had not seen. NULL where indicators.trend_flows has no row of the session.
grain: [session, flow_sessions, scenario]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  flow_sessions: {type: INTEGER, unit: sessions, meaning: Sessions over which the scenario runs, min: 1, max: 21}
  scenario: {type: VARCHAR, unit: name, meaning: "What the price does meanwhile: flat, or up or down evenly by a number of standard deviations (reference.flow_calibration)", allowed: [flat, up, down]}
  flow_us_bn: {type: DOUBLE, unit: USD bn, meaning: US equities that trend followers buy; negative sell, nullable: true}
  flow_us_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_us_bn, nullable: true}
  flow_us_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_us_bn, nullable: true}
  flow_global_bn: {type: DOUBLE, unit: USD bn, meaning: Equities worldwide that trend followers buy; negative sell, nullable: true}
  flow_global_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of flow_global_bn, nullable: true}
  flow_global_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of flow_global_bn, nullable: true}
  front_loaded: {type: DOUBLE, unit: ratio, meaning: "Flow of a flat week as a share of that of a flat month; NULL where they differ in sign or the month's is below 5 USD bn worldwide", nullable: true, min: 0}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: flow_us_hi_bn, column_B: flow_us_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: flow_global_hi_bn, column_B: flow_global_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with calibration as (
    select * from reference.flow_calibration
    where fold = 'all'
    qualify row_number() over (order by method_version desc) = 1
),

trend_flows as (
    select * from indicators.trend_flows where symbol = 'SPX'
),

-- Every session to the newest close, so that a missing one says so.
spine as (
    select s.session, b.flow_sessions, b.scenario, b.method_version, b.sigma_us_bn, b.sigma_global_bn
    from reference.sessions as s
    inner join calibration as c on true
    inner join reference.flow_bands as b on c.method_version = b.method_version
    where s.session between (select min(f.session) from trend_flows as f) and (select max(e.session) from indicators.excess_prices as e where e.symbol = 'SPX')
),

scaled as (
    select
        s.session,
        s.flow_sessions,
        s.scenario,
        s.method_version,
        c.scale_bn * t.trend_flow as flow_us_bn,
        1.28 * s.sigma_us_bn as flow_us_error_bn,
        c.global_ratio * c.scale_bn * t.trend_flow as flow_global_bn,
        1.28 * s.sigma_global_bn as flow_global_error_bn
    from spine as s
    inner join calibration as c on s.method_version = c.method_version
    left join trend_flows as t
        on s.session = t.session and s.flow_sessions = t.flow_sessions and s.scenario = t.scenario
),

flat as (
    select
        session,
        max(flow_global_bn) filter (flow_sessions = 5) as week_bn,
        max(flow_global_bn) filter (flow_sessions = 21) as month_bn
    from scaled
    where scenario = 'flat'
    group by session
),

final as (
    select
        s.session,
        s.flow_sessions,
        s.scenario,
        s.flow_us_bn,
        s.flow_us_bn - s.flow_us_error_bn as flow_us_lo_bn,
        s.flow_us_bn + s.flow_us_error_bn as flow_us_hi_bn,
        s.flow_global_bn,
        s.flow_global_bn - s.flow_global_error_bn as flow_global_lo_bn,
        s.flow_global_bn + s.flow_global_error_bn as flow_global_hi_bn,
        case when f.week_bn * f.month_bn > 0 and abs(f.month_bn) >= 5 then f.week_bn / f.month_bn end as front_loaded,
        s.method_version,
        'C' as grade,
        case when s.flow_us_bn is null then 'trend_flows of SPX' end as inputs_missing
    from scaled as s
    inner join flat as f on s.session = f.session
)

select * from final
