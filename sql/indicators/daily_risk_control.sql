/*
description: >-
  One row per session and volatility target - the S&P 500 held at a constant volatility by the mechanics of S&P's Daily
  Risk Control excess return indices. Leverage is the target / the larger of two exponentially weighted volatilities of
  total returns (decay 0.94 and 0.97), known two sessions before, at most 1.5; the level earns the leveraged total return
  less the overnight rate. The total return is that of SPXTR; where SPXTR misses one of two sessions, that of SPY. The
  rate is the newest SOFR known at the decision time and at most 10 days old, and without one the 13-week bill's discount
  rate. A session without either index is NULL and the next takes the return since the last; a return or rate that
  cannot be had ends the level. Grade A for the mechanics; published index values were not to be had, so that the level
  is unverified, the decays, cap and lag are from memory of S&P's parameters and the start of the variances is ours.
grain: [session, target_vol_pct]
reads: [reference.sessions, staging.prices, staging.series]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  target_vol_pct: {unit: "%", meaning: "Annualised volatility that the strategy aims at", min: 0}
  realised_vol_pct: {unit: "%", meaning: "Larger of the two exponentially weighted volatilities of the total return, annualised", nullable: true, min: 0}
  leverage: {unit: ratio, meaning: "Exposure per unit of capital that the strategy's rule asks for after the session's close", nullable: true, min: 0, max: 1.5}
  risk_control_level: {unit: index points, meaning: "Level of the risk-controlled excess return index, 100 on the first session with a leverage", nullable: true, min: 0}
  overnight_rate_pct: {unit: "%", meaning: "Overnight rate from the session on, per year of 360 days", nullable: true}
  rate_source: {unit: name, meaning: "Where the rate comes from: SOFR, or IRX for the 13-week bill", nullable: true, allowed: [SOFR, IRX]}
  total_return_source: {unit: name, meaning: "Instrument whose total return the session has; NULL without one", nullable: true, allowed: [SPXTR, SPY]}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
*/
create table indicators.daily_risk_control (
    session date,
    target_vol_pct double,
    realised_vol_pct double,
    leverage double,
    risk_control_level double,
    overnight_rate_pct double,
    rate_source varchar,
    total_return_source varchar,
    grade varchar,
    inputs_missing varchar
)
