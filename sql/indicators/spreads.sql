/*
description: >-
  One row per session and symbol, for SPY, QQQ, IWM and HYG from their first bar with open, high and low to the newest of
  any of them or the S&P 500 - the bid-ask spread that 21 daily bars suggest, by three estimators. Levels say nothing
  about these ETFs, whose spreads are far smaller than a day's travel - they measure volatility (50 bp for SPY on
  2025-11-21, where about 0.2 bp were quoted) and so have no band; edge_rank_756d is what to read, and as a direction only. Prices are as traded, times the shares
  that reinvested dividends have made of one, as the gap of an ex-date would look like a spread. A window needs 21
  sessions with open, high, low and close. Bars that do not move (halts) are left out by EDGE and pull the other two
  towards zero; a window of hardly anything else has none of the three.
grain: [session, symbol]
reads: [reference.sessions, staging.prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  edge_21d_bp: {unit: bp, meaning: "Bid-ask spread of 21 sessions by EDGE (Ardia, Guidotti and Kroencke 2024), the root of the absolute squared spread", nullable: true, min: 0}
  corwin_schultz_21d_bp: {unit: bp, meaning: "Bid-ask spread of 21 sessions from highs and lows (Corwin and Schultz 2012): mean of the 20 pairs of sessions, each adjusted for the overnight move and 0 at the least", nullable: true, min: 0}
  abdi_ranaldo_21d_bp: {unit: bp, meaning: "Bid-ask spread of 21 sessions from close, high and low (Abdi and Ranaldo 2017): mean of the 20 pairs of sessions, each 0 at the least", nullable: true, min: 0}
  edge_rank_756d: {unit: ratio, meaning: "Percentile rank of edge_21d_bp in 756 sessions, of which 95 % must have one", nullable: true, min: 0, max: 1}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
create table indicators.spreads (
    session date,
    symbol varchar,
    edge_21d_bp double,
    corwin_schultz_21d_bp double,
    abdi_ranaldo_21d_bp double,
    edge_rank_756d double,
    grade varchar,
    inputs_missing varchar
)
