/*
description: >-
  One row per version and region - how far the position of trend followers was from published ones that the fit had not
  seen (undertow calibrate).
grain: [method_version, region]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  region: {unit: name, meaning: Whether equities in the US or worldwide, allowed: [us, global]}
  sigma_bn: {unit: USD bn, meaning: Root mean square distance from the published positions, min: 0}
  figures: {unit: count, meaning: Published figures, min: 1}
rows: {min: 2}
*/
create table reference.position_bands (
    method_version varchar,
    region varchar,
    sigma_bn double,
    figures bigint
)
