/*
description: >-
  One row per version of the size and rule of US volatility-control funds. The newest version is used and named in
  indicators.vol_control; a new fit is a new row. Maintained by hand in vol_control_calibration.csv.
grain: [method_version]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  target_vol_pct: {unit: "%", meaning: "Annualised volatility that the strategy aims at", min: 0}
  max_leverage: {unit: ratio, meaning: Most exposure per unit of capital that the strategy takes, min: 0}
  risk_budget_bn: {unit: USD bn, meaning: "Assets under management times the volatility they aim at (1.00)", min: 0}
  fit_log_sd: {unit: ratio, meaning: Standard deviation of the log of the risk budgets that the published figures imply, min: 0}
  band_lo_factor: {unit: ratio, meaning: Smaller end of the 80 % band per unit of the estimate, min: 0, max: 1}
  band_hi_factor: {unit: ratio, meaning: Larger end of the 80 % band per unit of the estimate, min: 1}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 1}
*/
create table reference.vol_control_calibration (
    method_version varchar,
    target_vol_pct double,
    max_leverage double,
    risk_budget_bn double,
    fit_log_sd double,
    band_lo_factor double,
    band_hi_factor double,
    fitted_on varchar
)
