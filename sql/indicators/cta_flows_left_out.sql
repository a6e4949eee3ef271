/*
description: >-
  One row per session with published flows of trend followers, length and scenario - what the model says when its fit has
  not seen that session's figures nor those within two weeks of it. marts.scoreboard sets these beside the published
  figures, because indicators.cta_flows was fitted to them.
grain: [session, flow_sessions, scenario]
owner: team:research
reads: [indicators.excess_prices, reference.pivot_calibration, reference.flow_calibration]
columns:
  session: {unit: date, meaning: XNYS trading day}
  flow_sessions: {unit: sessions, meaning: Sessions over which the scenario runs, min: 1, max: 21}
  scenario: {unit: name, meaning: "What the price does meanwhile: flat, or up or down evenly by a number of standard deviations (reference.flow_calibration)", allowed: [flat, up, down]}
  left_out_flow_us_bn: {unit: USD bn, meaning: Flow of trend followers in US equities by the fit that left the session out}
  left_out_flow_global_bn: {unit: USD bn, meaning: Their flow in equities worldwide by that fit}
  left_out_position_us_bn: {unit: USD bn, meaning: Their position in US equities by that fit}
  left_out_position_global_bn: {unit: USD bn, meaning: Their position in equities worldwide by that fit}
  method_version: {unit: name, meaning: Version of the calibration}
rows: {min: 0}
*/
create table indicators.cta_flows_left_out (
    session date,
    flow_sessions integer,
    scenario varchar,
    left_out_flow_us_bn double,
    left_out_flow_global_bn double,
    left_out_position_us_bn double,
    left_out_position_global_bn double,
    method_version varchar
)
