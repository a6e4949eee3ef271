/*
description: >-
  One row per version of the rule that turns VIX into the depth at the best price of the front E-mini S&P 500 future - a
  line in logs through published figures, with what its 80 % band needs. The newest version is used and named in
  indicators.liquidity; a new fit is a new row. Maintained by hand in depth_calibration.csv.
grain: [method_version]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  depth_intercept: {unit: log of USD mn, meaning: Log of the depth at a VIX of 1}
  vix_elasticity: {unit: ratio, meaning: Change of the log of depth per unit of the log of VIX}
  depth_log_sd: {unit: ratio, meaning: Standard deviation of the figures' logs around the line, min: 0}
  depth_figures: {unit: count, meaning: Figures that were fitted, min: 3}
  mean_log_vix: {unit: log of index points, meaning: Mean of the figures' log VIX}
  log_vix_squares: {unit: ratio, meaning: Sum of squares of the figures' log VIX around its mean, min: 0}
  band_deviations: {unit: standard deviations, meaning: "90th percentile of Student's t with depth_figures - 2 degrees of freedom", min: 0}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 1}
*/
create table reference.depth_calibration (
    method_version varchar,
    depth_intercept double,
    vix_elasticity double,
    depth_log_sd double,
    depth_figures integer,
    mean_log_vix double,
    log_vix_squares double,
    band_deviations double,
    fitted_on varchar
)
