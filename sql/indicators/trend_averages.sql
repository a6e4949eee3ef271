/*
description: >-
  One row per session, market and horizon where the market has an excess price - its exponentially weighted average since
  the spell began. A recursion, so Python computes it; indicators.cta_pivots reads the levels off it.
grain: [session, symbol, horizon]
owner: team:research
reads: [indicators.excess_prices, reference.pivot_calibration]
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  horizon: {unit: name, meaning: "Reach of the moving average: st short, mt medium, lt long term", allowed: [st, mt, lt]}
  spell_sessions: {unit: sessions, meaning: Sessions of the spell so far, min: 1}
  average_price: {unit: price, meaning: "Exponentially weighted average of excess_price from the spell's first session on", min: 0}
  centre_of_mass: {unit: sessions, meaning: "Centre of mass of the average's weights: the newest has weight 1 / (1 + centre_of_mass)", min: 1}
  method_version: {unit: name, meaning: Version of the calibration}
rows: {min: 0}
*/
create table indicators.trend_averages (
    session date,
    symbol varchar,
    horizon varchar,
    spell_sessions bigint,
    average_price double,
    centre_of_mass double,
    method_version varchar
)
