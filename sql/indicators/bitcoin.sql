/*
description: >-
  One row per session and reading - bitcoin as a gauge of risk appetite, in two readings of what its return over a session
  is. new_york_close is known at the decision time: the return of a fund from 16:00 to 16:00 New York
  (indicators.bitcoin_returns), since October 2021. utc_midnight is what the press quotes: bitcoin's own bar of the session's
  date, which ends at midnight UTC, three or four hours after the stock market's close, so that its row is known only then
  (available_at), on the evening of the session; the move after the close weakens its correlation with the same session's
  stocks, and the bar of the date before would all but hide it. A session whose bar is missing has a row without it.
  Correlations are of log returns over the sessions on which both have one, 95 % of the window; their bands are Fisher's,
  with exponential weights for as many pairs as equal weights would need. Whether bitcoin leads is a regression of the S&P
  500's log return over the next 5 sessions on bitcoin's over the 5 up to the session, on an expanding window whose outcomes
  are all known (Newey-West errors, 10 lags); in the reading utc_midnight bitcoin's 5 bars end with that of the session
  before, as its own is not over when the outcome begins. Grade A as statistics, C as an indicator of anything to come: the
  lead is small, the readings differ in its sign, and lead_r2 says whether its forecasts were worse than the mean.
grain: [session, bitcoin_reading]
reads: [reference.sessions, staging.prices, staging.crypto_prices, indicators.bitcoin_returns]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  bitcoin_reading: {unit: name, meaning: "When bitcoin's price is taken: at 16:00 New York, or at the end of its own bar", allowed: [new_york_close, utc_midnight]}
  bitcoin_close: {unit: USD, meaning: "Price of a bitcoin at the end of its bar; NULL at 16:00 New York, where a fund stands for it", nullable: true, min: 0}
  bitcoin_return_5d_pct: {unit: "%", meaning: Bitcoin's return over 5 sessions, nullable: true, min: -100}
  bitcoin_drawdown_pct: {unit: "%", meaning: "From the highest close of a year: of 252 sessions at 16:00 New York, of 365 days at midnight UTC", nullable: true, max: 0}
  bitcoin_stabilised: {unit: flag, meaning: "Whether the lowest close since the session 5 before is not below the lowest of the 5 sessions before that, and the return over 5 sessions not negative; at midnight UTC of every day, those without a session too", nullable: true}
  corr_21d_qqq: {unit: ratio, meaning: Correlation of bitcoin with QQQ over 21 sessions, nullable: true, min: -1.000001, max: 1.000001}
  corr_21d_qqq_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_21d_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_21d_qqq_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_21d_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_qqq: {unit: ratio, meaning: Correlation of bitcoin with QQQ over 63 sessions, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_qqq_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_63d_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_qqq_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_63d_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_qqq_rank_756d: {unit: ratio, meaning: "Percentile rank of corr_63d_qqq in 756 sessions, 95 % of which must be there", nullable: true, min: 0, max: 1}
  corr_ewm_qqq: {unit: ratio, meaning: Correlation of bitcoin with QQQ with exponential weights of half-life 21 sessions, nullable: true, min: -1.000001, max: 1.000001}
  corr_ewm_qqq_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_ewm_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_ewm_qqq_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_ewm_qqq, nullable: true, min: -1.000001, max: 1.000001}
  corr_21d_spx: {unit: ratio, meaning: Correlation of bitcoin with the S&P 500 over 21 sessions, nullable: true, min: -1.000001, max: 1.000001}
  corr_21d_spx_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_21d_spx, nullable: true, min: -1.000001, max: 1.000001}
  corr_21d_spx_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_21d_spx, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_spx: {unit: ratio, meaning: Correlation of bitcoin with the S&P 500 over 63 sessions, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_spx_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_63d_spx, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_spx_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_63d_spx, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_high_beta: {unit: ratio, meaning: "Correlation of bitcoin with SPHB, the S&P 500's high betas, over 63 sessions", nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_high_beta_lo: {unit: ratio, meaning: Lower end of the 80 % band of corr_63d_high_beta, nullable: true, min: -1.000001, max: 1.000001}
  corr_63d_high_beta_hi: {unit: ratio, meaning: Upper end of the 80 % band of corr_63d_high_beta, nullable: true, min: -1.000001, max: 1.000001}
  beta_63d_qqq: {unit: ratio, meaning: Slope of bitcoin's log return on QQQ's over 63 sessions, nullable: true}
  beta_63d_qqq_lo: {unit: ratio, meaning: Lower end of the 80 % band of beta_63d_qqq, nullable: true}
  beta_63d_qqq_hi: {unit: ratio, meaning: Upper end of the 80 % band of beta_63d_qqq, nullable: true}
  lead_slope: {unit: ratio, meaning: "Slope of the S&P 500's next 5 sessions on bitcoin's last 5, on all pairs known so far", nullable: true}
  lead_slope_lo: {unit: ratio, meaning: Lower end of the 80 % band of lead_slope, nullable: true}
  lead_slope_hi: {unit: ratio, meaning: Upper end of the 80 % band of lead_slope, nullable: true}
  lead_t: {unit: ratio, meaning: "lead_slope divided by its Newey-West error", nullable: true}
  lead_r2: {unit: ratio, meaning: "Out-of-sample R2 of the lead so far: 1 less squared errors of forecasts by those of the mean; negative is worse than the mean", nullable: true, max: 1}
  lead_pairs: {unit: count, meaning: Pairs behind lead_slope, min: 0}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  available_at: {unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
create table indicators.bitcoin (
    session date,
    bitcoin_reading varchar,
    bitcoin_close double,
    bitcoin_return_5d_pct double,
    bitcoin_drawdown_pct double,
    bitcoin_stabilised boolean,
    corr_21d_qqq double,
    corr_21d_qqq_lo double,
    corr_21d_qqq_hi double,
    corr_63d_qqq double,
    corr_63d_qqq_lo double,
    corr_63d_qqq_hi double,
    corr_63d_qqq_rank_756d double,
    corr_ewm_qqq double,
    corr_ewm_qqq_lo double,
    corr_ewm_qqq_hi double,
    corr_21d_spx double,
    corr_21d_spx_lo double,
    corr_21d_spx_hi double,
    corr_63d_spx double,
    corr_63d_spx_lo double,
    corr_63d_spx_hi double,
    corr_63d_high_beta double,
    corr_63d_high_beta_lo double,
    corr_63d_high_beta_hi double,
    beta_63d_qqq double,
    beta_63d_qqq_lo double,
    beta_63d_qqq_hi double,
    lead_slope double,
    lead_slope_lo double,
    lead_slope_hi double,
    lead_t double,
    lead_r2 double,
    lead_pairs integer,
    grade varchar,
    inputs_missing varchar,
    available_at timestamptz
)
