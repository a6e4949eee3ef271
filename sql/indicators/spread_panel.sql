/*
description: >-
  One row per session - the median bid-ask spread that daily bars suggest of the S&P 500's 100 most traded members, by
  the estimators of indicators.spreads. The panel of a session are those members, as known at its decision time, with a
  bar and the largest median dollar volume of 63 sessions, at least 60 of them there; all such members where there are
  fewer than 100, and medians need 30 with an estimate. No window spans an unadjusted split. The band holds the true
  median if names err independently of each other; a common move of volatility is no error to it. Grade C - most of a
  level is volatility and noise, so read its course. Members that had left before the first list are in none, so that
  earlier panels are of survivors; where a source's prices are adjusted for dividends, past dollar volumes are a few
  percent too small.
grain: [session]
reads: [reference.sessions, staging.index_members, staging.member_prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  panel_members: {unit: count, meaning: Members of the panel that have an estimate, min: 0}
  edge_median_bp: {unit: bp, meaning: "Median of the panel's spreads of 21 sessions by EDGE (Ardia, Guidotti and Kroencke 2024)", nullable: true, min: 0}
  edge_median_lo_bp: {unit: bp, meaning: "Lower end of the 80 % band of edge_median_bp: order statistic, by the binomial distribution", nullable: true, min: 0}
  edge_median_hi_bp: {unit: bp, meaning: "Upper end of the 80 % band of edge_median_bp: order statistic, by the binomial distribution", nullable: true, min: 0}
  corwin_schultz_median_bp: {unit: bp, meaning: "Median of the panel's spreads of 21 sessions from highs and lows (Corwin and Schultz 2012)", nullable: true, min: 0}
  abdi_ranaldo_median_bp: {unit: bp, meaning: "Median of the panel's spreads of 21 sessions from close, high and low (Abdi and Ranaldo 2017)", nullable: true, min: 0}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: edge_median_hi_bp, column_B: edge_median_bp, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: edge_median_bp, column_B: edge_median_lo_bp, or_equal: true, ignore_row_if: either_value_is_missing}
*/
create table indicators.spread_panel (
    session date,
    panel_members bigint,
    edge_median_bp double,
    edge_median_lo_bp double,
    edge_median_hi_bp double,
    corwin_schultz_median_bp double,
    abdi_ranaldo_median_bp double,
    grade varchar,
    inputs_missing varchar
)
