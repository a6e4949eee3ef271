/*
description: >-
  One row per version of the rule that turns VIX into the depth at the best price of the front E-mini S&P 500 future. The
  newest version is used and named in indicators.liquidity; a new fit is a new row. Maintained by hand in
  depth_calibration.csv.
grain: [method_version]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  intercept: {unit: log of USD mn, meaning: Log of the depth at a VIX of 1}
  vix_elasticity: {unit: ratio, meaning: Change of the log of depth per unit of the log of VIX}
  band_factor: {unit: ratio, meaning: "Half the 80 % band: depth is multiplied and divided by it", min: 1}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 1}
*/
create table reference.depth_calibration (
    method_version varchar,
    intercept double,
    vix_elasticity double,
    band_factor double,
    fitted_on varchar
)
