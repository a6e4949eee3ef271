/*
description: >-
  One row per version and horizon of the moving average behind the pivot levels of trend followers. The newest version is
  used and named in indicators.cta_pivots; a new fit is a new row (undertow calibrate). Maintained in
  pivot_calibration.csv.
grain: [method_version, horizon]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  horizon: {unit: name, meaning: "Reach of the moving average: st short, mt medium, lt long term", allowed: [st, mt, lt]}
  centre_of_mass: {unit: sessions, meaning: "Centre of mass of the average's weights: the newest has weight 1 / (1 + centre_of_mass)", min: 1}
  pivot_error_pct: {unit: "%", meaning: Root mean square distance of our pivot from the published ones, min: 0}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 3}
*/
create table reference.pivot_calibration (
    method_version varchar,
    horizon varchar,
    centre_of_mass double,
    pivot_error_pct double,
    fitted_on varchar
)
