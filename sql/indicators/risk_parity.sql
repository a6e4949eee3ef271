/*
description: >-
  One row per session - what risk-parity funds hold, by equal risk contributions of the sleeves in
  reference.risk_parity_sleeves, and the equity they have bought or sold. The covariance is the mean of two exponentially
  weighted ones around zero; weights are levered to the target volatility, the sum of them capped; sizes come from
  reference.risk_parity_calibration. A sleeve is the first of its candidates that had a return within 5 sessions (the
  returns of another before it stay in the covariance), and takes part once it has 120 returns in common with the
  others; equity and bonds must be there, the other sleeves are left out where they are not and named in
  inputs_missing. A session on which a sleeve in use has no return leaves the covariance as it was. Flows are NULL across
  a session on which a sleeve came or went. The weights are what the rule asks for after the session's close. Grade C -
  who the funds are, how large and how fast is not public, and no index or fund of this kind was to be had to check
  against.
grain: [session]
reads: [reference.sessions, reference.risk_parity_calibration, reference.risk_parity_sleeves, staging.prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  equity_symbol: {unit: name, meaning: "Instrument that stands for equity; NULL without one", nullable: true}
  bonds_symbol: {unit: name, meaning: "Instrument that stands for nominal bonds; NULL without one", nullable: true}
  commodities_symbol: {unit: name, meaning: "Instrument that stands for commodities; NULL without one", nullable: true}
  inflation_symbol: {unit: name, meaning: "Instrument that stands for inflation-linked bonds; NULL without one", nullable: true}
  stock_bond_corr: {unit: ratio, meaning: Correlation of equity and bonds in the covariance, nullable: true, min: -1.000001, max: 1.000001}
  unlevered_vol_pct: {unit: "%", meaning: Annualised volatility of the portfolio if its weights add up to 1, nullable: true, min: 0}
  weight_equity: {unit: ratio, meaning: "Equity per unit of capital, leverage included", nullable: true, min: 0}
  weight_bonds: {unit: ratio, meaning: "Nominal bonds per unit of capital, leverage included", nullable: true, min: 0}
  weight_commodities: {unit: ratio, meaning: "Commodities per unit of capital, leverage included; NULL where left out", nullable: true, min: 0}
  weight_inflation: {unit: ratio, meaning: "Inflation-linked bonds per unit of capital, leverage included; NULL where left out", nullable: true, min: 0}
  leverage: {unit: ratio, meaning: "Exposure per unit of capital that the strategy's rule asks for after the session's close", nullable: true, min: 0}
  equity_notional_bn: {unit: USD bn, meaning: "Equity exposure of risk-parity funds: assets times weight_equity", nullable: true, min: 0}
  equity_notional_lo_bn: {unit: USD bn, meaning: Lower end of the 80 % band of equity_notional_bn, nullable: true, min: 0}
  equity_notional_hi_bn: {unit: USD bn, meaning: Upper end of the 80 % band of equity_notional_bn, nullable: true, min: 0}
  flow_5d_realised_bn: {unit: USD bn, meaning: "Equity that the strategy's rule had it buy over 5 sessions, its exposure against that of 5 sessions before; negative sold", nullable: true}
  flow_5d_realised_lo_bn: {unit: USD bn, meaning: Lower end of the 80 % band of flow_5d_realised_bn, nullable: true}
  flow_5d_realised_hi_bn: {unit: USD bn, meaning: Upper end of the 80 % band of flow_5d_realised_bn, nullable: true}
  flow_21d_realised_bn: {unit: USD bn, meaning: "Equity that the strategy's rule had it buy over 21 sessions, its exposure against that of 21 sessions before; negative sold", nullable: true}
  flow_21d_realised_lo_bn: {unit: USD bn, meaning: Lower end of the 80 % band of flow_21d_realised_bn, nullable: true}
  flow_21d_realised_hi_bn: {unit: USD bn, meaning: Upper end of the 80 % band of flow_21d_realised_bn, nullable: true}
  flow_corr_shock_bn: {unit: USD bn, meaning: "Equity that the strategy's rule has it buy if stock_bond_corr rises by 0.3, to 1 at most, and all else stays; negative sells", nullable: true}
  flow_corr_shock_lo_bn: {unit: USD bn, meaning: Lower end of the 80 % band of flow_corr_shock_bn, nullable: true}
  flow_corr_shock_hi_bn: {unit: USD bn, meaning: Upper end of the 80 % band of flow_corr_shock_bn, nullable: true}
  method_version: {unit: name, meaning: Version of the calibration}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: equity_notional_hi_bn, column_B: equity_notional_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
create table indicators.risk_parity (
    session date,
    equity_symbol varchar,
    bonds_symbol varchar,
    commodities_symbol varchar,
    inflation_symbol varchar,
    stock_bond_corr double,
    unlevered_vol_pct double,
    weight_equity double,
    weight_bonds double,
    weight_commodities double,
    weight_inflation double,
    leverage double,
    equity_notional_bn double,
    equity_notional_lo_bn double,
    equity_notional_hi_bn double,
    flow_5d_realised_bn double,
    flow_5d_realised_lo_bn double,
    flow_5d_realised_hi_bn double,
    flow_21d_realised_bn double,
    flow_21d_realised_lo_bn double,
    flow_21d_realised_hi_bn double,
    flow_corr_shock_bn double,
    flow_corr_shock_lo_bn double,
    flow_corr_shock_hi_bn double,
    method_version varchar,
    grade varchar,
    inputs_missing varchar
)
