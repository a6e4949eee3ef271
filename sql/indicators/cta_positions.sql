/*
description: >-
  One row per session, from the one on which the S&P 500's long-term average has burnt in - the equity position of trend
  followers in the US and worldwide, how it ranks in three years, and what three published trend-following rules would
  hold on the same scale. The position that explains published flows is smaller than the published positions, which are
  nearly proportional to it; here it is brought to their level. NULL where indicators.trend_flows has no row of the
  session.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  position_us_bn: {type: DOUBLE, unit: USD bn, meaning: Position of trend followers in US equities, nullable: true}
  position_us_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of position_us_bn, nullable: true}
  position_us_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of position_us_bn, nullable: true}
  position_global_bn: {type: DOUBLE, unit: USD bn, meaning: "Position of trend followers in equities worldwide", nullable: true}
  position_global_lo_bn: {type: DOUBLE, unit: USD bn, meaning: Lower end of the 80 % band of position_global_bn, nullable: true}
  position_global_hi_bn: {type: DOUBLE, unit: USD bn, meaning: Upper end of the 80 % band of position_global_bn, nullable: true}
  position_us_5d_change_bn: {type: DOUBLE, unit: USD bn, meaning: "position_us_bn less that of 5 sessions before: what was bought", nullable: true}
  position_rank_3y: {type: DOUBLE, unit: ratio, meaning: "Percentile rank of position_us_bn in 756 sessions, with at least 95 % of them", nullable: true, min: 0, max: 1}
  rules_lo_us_bn: {type: DOUBLE, unit: USD bn, meaning: "Smallest of the positions that the rules of indicators.trend_models take, on the scale of position_us_bn", nullable: true}
  rules_median_us_bn: {type: DOUBLE, unit: USD bn, meaning: Their median, nullable: true}
  rules_hi_us_bn: {type: DOUBLE, unit: USD bn, meaning: Their largest, nullable: true}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: position_us_hi_bn, column_B: position_us_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with calibration as (
    select * from reference.flow_calibration
    where fold = 'all'
    qualify row_number() over (order by method_version desc) = 1
),

positions as (
    select session, trend_position
    from indicators.trend_flows
    where symbol = 'SPX' and flow_sessions = 5 and scenario = 'flat'
),

-- Every session to the newest close, so that a missing one says so.
scaled as (
    select
        s.session,
        s.session_no,
        c.method_version,
        c.position_us_ratio * c.scale_bn * p.trend_position as position_us_bn,
        1.28 * us.sigma_bn as position_us_error_bn,
        c.position_global_ratio * c.scale_bn * p.trend_position as position_global_bn,
        1.28 * world.sigma_bn as position_global_error_bn
    from reference.sessions as s
    cross join calibration as c
    inner join reference.position_bands as us on c.method_version = us.method_version and us.region = 'us'
    inner join reference.position_bands as world on c.method_version = world.method_version and world.region = 'global'
    left join positions as p on s.session = p.session
    where s.session between (select min(f.session) from positions as f) and (select max(e.session) from indicators.excess_prices as e where e.symbol = 'SPX')
),

ranked as (
    select
        *,
        case
            when count(*) over three_years >= 0.95 * 756 then cume_dist(order by position_us_bn) over three_years
        end as position_rank_3y
    from scaled
    where position_us_bn is not null
    window three_years as (order by session_no range between 755 preceding and current row)
),

rules as (
    select
        t.session,
        min(t.exposure * c.position_us_ratio * c.scale_bn) as rules_lo_us_bn,
        median(t.exposure * c.position_us_ratio * c.scale_bn) as rules_median_us_bn,
        max(t.exposure * c.position_us_ratio * c.scale_bn) as rules_hi_us_bn
    from indicators.trend_models as t
    cross join calibration as c
    where t.symbol = 'SPX'
    group by t.session
    having count(t.exposure) = count(*)
),

final as (
    select
        s.session,
        s.position_us_bn,
        s.position_us_bn - s.position_us_error_bn as position_us_lo_bn,
        s.position_us_bn + s.position_us_error_bn as position_us_hi_bn,
        s.position_global_bn,
        s.position_global_bn - s.position_global_error_bn as position_global_lo_bn,
        s.position_global_bn + s.position_global_error_bn as position_global_hi_bn,
        s.position_us_bn - before.position_us_bn as position_us_5d_change_bn,
        r.position_rank_3y,
        u.rules_lo_us_bn,
        u.rules_median_us_bn,
        u.rules_hi_us_bn,
        s.method_version,
        'C' as grade,
        nullif(
            concat_ws(
                ', ',
                case when s.position_us_bn is null then 'trend_flows of SPX' end,
                case when before.position_us_bn is null then 'position of 5 sessions before' end,
                case when r.position_rank_3y is null then 'three years of positions' end,
                case when u.session is null then 'trend_models' end
            ),
            ''
        ) as inputs_missing
    from scaled as s
    left join ranked as r on s.session = r.session
    left join scaled as before on s.session_no - 5 = before.session_no
    left join rules as u on s.session = u.session
)

select * from final
