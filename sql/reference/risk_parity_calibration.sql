/*
description: >-
  One row per version of the size and rule of risk-parity funds. The newest version is used and named in
  indicators.risk_parity; a new fit is a new row. Maintained by hand in risk_parity_calibration.csv.
grain: [method_version]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  assets_bn: {unit: USD bn, meaning: Assets under management, min: 0}
  target_vol_pct: {unit: "%", meaning: "Annualised volatility that the strategy aims at", min: 0}
  max_leverage: {unit: ratio, meaning: Most exposure per unit of capital that the strategy takes, min: 0}
  short_half_life: {unit: sessions, meaning: Sessions after which a return counts half in the faster covariance, min: 1}
  long_half_life: {unit: sessions, meaning: Sessions after which a return counts half in the slower covariance, min: 1}
  band_lo_factor: {unit: ratio, meaning: Smaller end of the 80 % band per unit of the estimate, min: 0, max: 1}
  band_hi_factor: {unit: ratio, meaning: Larger end of the 80 % band per unit of the estimate, min: 1}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 1}
*/
create table reference.risk_parity_calibration (
    method_version varchar,
    assets_bn double,
    target_vol_pct double,
    max_leverage double,
    short_half_life double,
    long_half_life double,
    band_lo_factor double,
    band_hi_factor double,
    fitted_on varchar
)
