/*
description: >-
  One row per session, market, length and scenario from the session on which the long-term average has burnt in - the
  position of trend followers in the market, and how it changes if the price goes flat, up or down from here, both as a
  multiple of the position that a full signal takes at 15 % volatility. indicators.cta_flows has them in dollars for the
  S&P 500, where desks publish figures to compare with; other markets follow the same parameters.
grain: [session, symbol, flow_sessions, scenario]
owner: team:research
reads: [indicators.excess_prices, reference.pivot_calibration, reference.flow_calibration]
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  flow_sessions: {unit: sessions, meaning: Sessions over which the scenario runs, min: 1}
  scenario: {unit: name, meaning: "What the price does meanwhile: flat, or up or down evenly by a number of standard deviations (reference.flow_calibration)", allowed: [flat, up, down]}
  trend_position: {unit: ratio, meaning: "Position of trend followers, as a multiple of that at full signal and 15 % volatility", min: -2.5, max: 2.5}
  trend_flow: {unit: ratio, meaning: "Change of trend_position over the flow's sessions, in the scenario", min: -5, max: 5}
  method_version: {unit: name, meaning: Version of the calibration}
rows: {min: 0}
*/
create table indicators.trend_flows (
    session date,
    symbol varchar,
    flow_sessions integer,
    scenario varchar,
    trend_position double,
    trend_flow double,
    method_version varchar
)
