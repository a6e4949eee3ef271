/*
description: >-
  One row per session on which one of its parts is there - equities that systematic funds hold worldwide, as a desk adds
  them up - trend followers, volatility control and risk parity. Volatility control is estimated for the US and grossed
  up by 35 %; the assets of risk parity were set so that four published totals come out, so the total's level on those
  dates is no evidence. NULL where a part is missing.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  position_global_bn: {type: DOUBLE, unit: USD bn, meaning: "Position of trend followers in equities worldwide", nullable: true}
  vol_control_global_bn: {type: DOUBLE, unit: USD bn, meaning: Equities that volatility control holds worldwide, nullable: true, min: 0}
  equity_notional_bn: {type: DOUBLE, unit: USD bn, meaning: "Equity exposure of risk-parity funds: assets times weight_equity", nullable: true, min: 0}
  systematic_total_bn: {type: DOUBLE, unit: USD bn, meaning: Equities that systematic funds hold worldwide, nullable: true}
  systematic_total_lo_bn: {type: DOUBLE, unit: USD bn, meaning: "Lower end of the 80 % band of systematic_total_bn: the parts' errors taken as independent", nullable: true}
  systematic_total_hi_bn: {type: DOUBLE, unit: USD bn, meaning: "Upper end of the 80 % band of systematic_total_bn: the parts' errors taken as independent", nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: systematic_total_hi_bn, column_B: systematic_total_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with parts as (
    select
        s.session,
        c.position_global_bn,
        c.position_global_bn - c.position_global_lo_bn as trend_below,
        c.position_global_hi_bn - c.position_global_bn as trend_above,
        1.35 * v.notional_bn as vol_control_global_bn,
        1.35 * (v.notional_bn - v.notional_lo_bn) as vol_control_below,
        1.35 * (v.notional_hi_bn - v.notional_bn) as vol_control_above,
        r.equity_notional_bn,
        r.equity_notional_bn - r.equity_notional_lo_bn as risk_parity_below,
        r.equity_notional_hi_bn - r.equity_notional_bn as risk_parity_above
    from reference.sessions as s
    left join indicators.cta_positions as c on s.session = c.session
    left join indicators.vol_control as v on s.session = v.session
    left join indicators.risk_parity as r on s.session = r.session
    where coalesce(c.position_global_bn, v.notional_bn, r.equity_notional_bn) is not null
),

final as (
    select
        session,
        position_global_bn,
        vol_control_global_bn,
        equity_notional_bn,
        position_global_bn + vol_control_global_bn + equity_notional_bn as systematic_total_bn,
        systematic_total_bn
        - sqrt(trend_below ^ 2 + vol_control_below ^ 2 + risk_parity_below ^ 2) as systematic_total_lo_bn,
        systematic_total_bn
        + sqrt(trend_above ^ 2 + vol_control_above ^ 2 + risk_parity_above ^ 2) as systematic_total_hi_bn,
        'C' as grade,
        nullif(
            concat_ws(
                ', ',
                case when position_global_bn is null then 'cta_positions' end,
                case when vol_control_global_bn is null then 'vol_control' end,
                case when equity_notional_bn is null then 'risk_parity' end
            ),
            ''
        ) as inputs_missing
    from parts
)

select * from final
