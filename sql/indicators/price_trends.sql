/*
description: >-
  One row per session and symbol, for the markets of reference.trend_markets - how strong the trend of the excess price
  is. Windows count the symbol's own bars within an unbroken stretch of excess prices. A session on which the symbol
  has no close has no row.
grain: [session, symbol]
reads: [indicators.excess_prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  trend_t_stat: {unit: standard errors, meaning: "Slope of the log excess price on time over 63 bars, over its Newey-West standard error with 3 lags; the residuals of a price level are far from independent, so that values beyond 2 are common", nullable: true}
  momentum_vol_pct: {unit: "%", meaning: "Exponentially weighted volatility of excess returns with a centre of mass of 60 bars, annualised over 252 (Moskowitz, Ooi and Pedersen 2012); NULL before 63 returns", nullable: true, min: 0}
  momentum_21d: {unit: ratio, meaning: Excess return over 21 bars / momentum_vol_pct, nullable: true}
  momentum_63d: {unit: ratio, meaning: Excess return over 63 bars / momentum_vol_pct, nullable: true}
  momentum_252d: {unit: ratio, meaning: Excess return over 252 bars / momentum_vol_pct, nullable: true}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
*/
create table indicators.price_trends (
    session date,
    symbol varchar,
    trend_t_stat double,
    momentum_vol_pct double,
    momentum_21d double,
    momentum_63d double,
    momentum_252d double,
    grade varchar,
    inputs_missing varchar
)
