/*
description: >-
  One row per version, length and scenario - how far the flows of trend followers were from published ones that the fit
  had not seen (undertow calibrate).
grain: [method_version, flow_sessions, scenario]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  flow_sessions: {unit: sessions, meaning: Sessions over which the scenario runs, min: 1}
  scenario: {unit: name, meaning: "What the price does meanwhile: flat, or up or down evenly by a number of standard deviations (reference.flow_calibration)", allowed: [flat, up, down]}
  sigma_us_bn: {unit: USD bn, meaning: Root mean square distance from the published US flows, min: 0}
  sigma_global_bn: {unit: USD bn, meaning: Root mean square distance from the published global flows, min: 0}
  figures_us: {unit: count, meaning: Published US flows behind sigma_us_bn, min: 1}
  figures_global: {unit: count, meaning: Published global flows behind sigma_global_bn, min: 1}
rows: {min: 6}
*/
create table reference.flow_bands (
    method_version varchar,
    flow_sessions integer,
    scenario varchar,
    sigma_us_bn double,
    sigma_global_bn double,
    figures_us integer,
    figures_global integer
)
