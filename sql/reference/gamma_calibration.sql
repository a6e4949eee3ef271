/*
description: >-
  One row per version of the line that brings naive dealer gamma to the scale on which desks publish it. The newest
  version is used and named in indicators.dealer_gamma; a new fit is a new row. Maintained by hand in
  gamma_calibration.csv.
grain: [method_version]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  sign_convention: {unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  slope: {unit: ratio, meaning: Desk-scale gamma per unit of gex_ge5_bn}
  default_intercept_bn: {unit: USD bn per 1 %, meaning: Desk-scale gamma at gex_ge5_bn of zero where no comparator says otherwise}
  intercept_sessions: {unit: count, meaning: Sessions before the session over which the comparator moves the intercept, min: 1}
  desk_sigma_bn: {unit: USD bn per 1 %, meaning: Standard deviation of a desk's published gamma around the desk-scale gamma, min: 0}
  fitted_on: {unit: text, meaning: What the parameters were fitted on}
rows: {min: 1}
*/
create table reference.gamma_calibration (
    method_version varchar,
    sign_convention varchar,
    slope double,
    default_intercept_bn double,
    intercept_sessions integer,
    desk_sigma_bn double,
    fitted_on varchar
)
