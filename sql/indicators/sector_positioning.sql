/*
description: >-
  One row per session, cohort, sector and method - how funds are positioned by sector against the S&P 500, from the
  session on which SPY has a full window, to the newest of a sector fund or SPY. Weights are shares of a fund's equity
  exposure, those of a cohort the plain mean of its funds (reference.cohorts). Method style is returns-based style analysis (Sharpe 1992) on the returns of
  the 11 Select Sector funds: 126 dates weighted with a half-life of 42; weights of long-only funds are at least zero
  and sum to one, those of others lie between -100 and 150 % of their value. Method kalman lets weights follow random
  walks, filtered and never smoothed, without bounds. Method holdings takes the newest report of each holder
  (staging.holdings_sectors) that is at most 200 days old and has a fifth of its long shares in sectors; its weights are
  shares of those. The benchmark's weights are those that the same method finds
  for SPY (style's for holdings), so that what the sectors cannot tell apart cancels in part. A session uses returns up
  to the session before, because net asset values are published after the decision time. A fund needs 120 returns of the
  window, and a cohort a third of the funds that have joined it. Before a sector has a fund and a window (Real Estate until April 2016,
  Communication Services until December 2018) its row is NULL, and its weight is spread over the others; at least nine
  sectors must be there. Bands of style are those of the stationary bootstrap (mean block 10) of the scores in the limit
  of many draws, those of kalman the filter's own (errors of several funds taken as independent), those of holdings the
  spread of the holders, two at least, and the error of the benchmark's weight. What it cannot separate: technology from growth, as
  XLK, XLC and XLY move together (much of an overweight in technology may be one in large growth shares of other
  sectors, and the reverse); a sector from a size, style or country that looks like it, or a long-only fund's cash from
  sectors of low beta; a sector from the shares that a fund picks in it; a change of weights from one of volatility
  within the window; and hedge funds from the funds that stand for them. Grade C - to be read by sign, and only where
  the band excludes zero.
grain: [session, cohort, sector, method]
reads: [reference.sessions, reference.instruments, reference.cohorts, staging.prices, staging.holdings_sectors]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  cohort: {unit: name, meaning: Group of investors whose positions are estimated, allowed: [hedge_funds, mutual_funds]}
  sector: {unit: name, meaning: GICS sector or theme where the instrument stands for one}
  method: {unit: name, meaning: "How the weights were found: style analysis of returns, a Kalman filter of returns, or reported holdings", allowed: [style, kalman, holdings]}
  weight_pct: {unit: "%", meaning: "Share of the cohort's equity exposure in the sector; where the method is holdings, of its long shares that have a sector", nullable: true}
  benchmark_weight_pct: {unit: "%", meaning: "The same of SPY, found by the same method; by style analysis where the method is holdings", nullable: true}
  active_wt_pp: {unit: "% points", meaning: "weight_pct less benchmark_weight_pct: positive is overweight", nullable: true}
  active_wt_lo_pp: {unit: "% points", meaning: Lower end of the 80 % band of active_wt_pp; NULL for one holder alone, nullable: true}
  active_wt_hi_pp: {unit: "% points", meaning: Upper end of the 80 % band of active_wt_pp; NULL for one holder alone, nullable: true}
  is_consensus: {unit: flag, meaning: "Whether both cohorts are more than 1 percentage point over the benchmark, or both under it, by the same method; NULL if one is unknown", nullable: true}
  funds: {unit: count, meaning: "Funds of the cohort with a full window; holders with a report where the method is holdings", min: 0}
  net_exposure: {unit: ratio, meaning: "Mean share of the funds' value in equities, longs less shorts; NULL for holdings", nullable: true}
  style_r2: {unit: ratio, meaning: "Mean share of the funds' variance that their mix of sectors explains; NULL unless the method is style", nullable: true, max: 1}
  as_of_holdings_date: {unit: date, meaning: "Median date of the reports behind the row; NULL unless the method is holdings", nullable: true}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: active_wt_hi_pp, column_B: active_wt_lo_pp, or_equal: true, ignore_row_if: either_value_is_missing}
*/
create table indicators.sector_positioning (
    session date,
    cohort varchar,
    sector varchar,
    method varchar,
    weight_pct double,
    benchmark_weight_pct double,
    active_wt_pp double,
    active_wt_lo_pp double,
    active_wt_hi_pp double,
    is_consensus boolean,
    funds integer,
    net_exposure double,
    style_r2 double,
    as_of_holdings_date date,
    grade varchar,
    inputs_missing varchar
)
