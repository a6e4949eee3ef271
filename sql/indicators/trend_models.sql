/*
description: >-
  One row per session, symbol and published trend-following rule - what each rule holds, on the scale of
  indicators.trend_flows, so that the rules' spread shows how far the answer depends on the method. Windows count the symbol's own bars within an unbroken
  stretch of excess prices; a rule has no signal before its longest window is full. A session on which the symbol has
  no close has no row.
grain: [session, symbol, model]
reads: [indicators.excess_prices, staging.prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  model: {unit: name, meaning: "Published trend-following rule: ewmac for Carver's moving-average crossovers 8/32 to 64/256, tsmom for time-series momentum over 1 and 3 and 12 months (Moskowitz, Ooi and Pedersen 2012), trend for the t-statistic of a year's returns (Baltas and Kosowski 2020)", allowed: [ewmac, tsmom, trend]}
  signal: {unit: ratio, meaning: "The rule's position before scaling by volatility, as a share of its largest", nullable: true, min: -1, max: 1}
  annual_vol_pct: {unit: "%", meaning: "Volatility by which the rule scales, annualised over 252 sessions", nullable: true, min: 0}
  vol_estimator: {unit: name, meaning: "How annual_vol_pct is estimated: exponentially weighted price changes (span 35) or returns (centre of mass 60), or 21 bars by Yang and Zhang (2000), by closes alone where opens or highs or lows are missing", allowed: [changes, returns, yang_zhang, closes]}
  exposure: {unit: ratio, meaning: "signal times the leverage for 15 % volatility, at most 2.5: the rule's position, as a multiple of that at full signal and 15 % volatility", nullable: true, min: -2.5, max: 2.5}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
*/
create table indicators.trend_models (
    session date,
    symbol varchar,
    model varchar,
    signal double,
    annual_vol_pct double,
    vol_estimator varchar,
    exposure double,
    grade varchar,
    inputs_missing varchar
)
