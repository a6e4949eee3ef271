/*
description: >-
  One row per version and fold of the parameters behind the flows of trend followers. Fold all saw every published
  figure; the others left out one session's and those within two weeks of it, so that the scoreboard can ask what the
  model says of figures that it has not seen. The newest version is used; a new fit is new rows (undertow calibrate).
grain: [method_version, fold]
owner: team:research
columns:
  method_version: {unit: name, meaning: Version of the calibration}
  fold: {unit: name, meaning: "all, or the session whose published figures the fit did not see"}
  scale_bn: {unit: USD bn, meaning: "US equities behind a trend_position of 1, as far as flows go", min: 0}
  weight_st: {unit: ratio, meaning: Weight of the short-term signal, min: 0, max: 1}
  weight_mt: {unit: ratio, meaning: Weight of the medium-term signal, min: 0, max: 1}
  weight_lt: {unit: ratio, meaning: Weight of the long-term signal, min: 0, max: 1}
  width_st: {unit: standard deviations, meaning: Distance from the short-term average at which its signal is 76 % of the full one, min: 0}
  width_mt: {unit: standard deviations, meaning: Distance from the medium-term average at which its signal is 76 % of the full one, min: 0}
  width_lt: {unit: standard deviations, meaning: Distance from the long-term average at which its signal is 76 % of the full one, min: 0}
  elasticity: {unit: ratio, meaning: How strongly the position follows 15 % / volatility}
  speed: {unit: per session, meaning: Share of the way to the target position that is traded in a session, min: 0, max: 1}
  path_1w: {unit: standard deviations, meaning: How far an up or down week goes, min: 0}
  path_1m: {unit: standard deviations, meaning: How far an up or down month goes, min: 0}
  global_ratio: {unit: ratio, meaning: Flow of trend followers in equities worldwide per unit of their flow in the US, min: 0}
  position_us_ratio: {unit: ratio, meaning: "Published position in US equities per unit of the one that explains the flows, scale_bn times trend_position", min: 0}
  position_global_ratio: {unit: ratio, meaning: "Published position in equities worldwide per unit of the same", min: 0}
rows: {min: 1}
*/
create table reference.flow_calibration (
    method_version varchar,
    fold varchar,
    scale_bn double,
    weight_st double,
    weight_mt double,
    weight_lt double,
    width_st double,
    width_mt double,
    width_lt double,
    elasticity double,
    speed double,
    path_1w double,
    path_1m double,
    global_ratio double,
    position_us_ratio double,
    position_global_ratio double
)
