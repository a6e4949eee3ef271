/*
description: >-
  One row per outcome and predictor - what forecasts were worth, out of sample. Outcomes are those of regime.outcomes: a
  drawdown beyond 5 % within 21 sessions, and a volatility in the top fifth. Every predictor is turned into a probability
  by a logistic regression, climatology is the past frequency; each year's sessions are forecast by a fit to the sessions
  whose outcome was known before the year, 756 at least. All predictors are judged on the same sessions. Bands are of 1,000
  draws of the stationary bootstrap in blocks of 63 sessions; the tests of Diebold and Mariano (1995) have Newey-West
  errors of 20 lags, for outcomes overlap. The AUC of climatology is below one half when the event came in years after
  those without it. No weight of danger was fitted to any of this. Empty until a year begins with 756 known outcomes of
  sessions that have a state of every model, nine to ten years into the S&P 500's history; the demo's eight are too short.
grain: [outcome, predictor]
owner: team:research
reads: [indicators.vol_panic, regime.danger, regime.model_states, regime.outcomes]
columns:
  outcome: {unit: name, meaning: "What is forecast: drawdown beyond 5 %, or high volatility, over 21 sessions", allowed: [drawdown, high_vol]}
  predictor: {unit: name, meaning: What it is forecast from, allowed: [climatology, vix, danger, danger_and_vix, jump_model, hidden_markov, mixture]}
  first_forecast: {unit: date, meaning: First session with a forecast}
  last_forecast: {unit: date, meaning: Last session with a forecast whose outcome is known}
  forecasts: {unit: count, meaning: Sessions with a forecast, min: 1}
  events: {unit: count, meaning: Sessions on which the outcome came, min: 1}
  auc: {unit: ratio, meaning: "Area under the ROC curve: how often a session with the event had the higher forecast; 0.5 is chance", min: 0, max: 1}
  auc_lo: {unit: ratio, meaning: Lower end of the 80 % band of auc, min: 0, max: 1}
  auc_hi: {unit: ratio, meaning: Upper end of the 80 % band of auc, min: 0, max: 1}
  brier: {unit: ratio, meaning: Mean squared error of the probabilities (Brier 1950), min: 0, max: 1}
  brier_skill: {unit: ratio, meaning: "1 less brier over that of climatology; negative is worse than the past frequency", max: 1}
  brier_skill_lo: {unit: ratio, meaning: Lower end of the 80 % band of brier_skill, max: 1}
  brier_skill_hi: {unit: ratio, meaning: Upper end of the 80 % band of brier_skill, max: 1}
  dm_climatology: {unit: ratio, meaning: Diebold-Mariano statistic of the squared errors against those of climatology; negative is better than climatology; NULL for itself, nullable: true}
  dm_climatology_p: {unit: probability, meaning: Two-sided p of dm_climatology, nullable: true, min: 0, max: 1}
  dm_vix: {unit: ratio, meaning: Diebold-Mariano statistic of the squared errors against those of VIX alone; negative is better than VIX; NULL for itself, nullable: true}
  dm_vix_p: {unit: probability, meaning: Two-sided p of dm_vix, nullable: true, min: 0, max: 1}
rows: {min: 0, max: 14}
*/
create table regime.validation (
    outcome varchar,
    predictor varchar,
    first_forecast date,
    last_forecast date,
    forecasts integer,
    events integer,
    auc double,
    auc_lo double,
    auc_hi double,
    brier double,
    brier_skill double,
    brier_skill_lo double,
    brier_skill_hi double,
    dm_climatology double,
    dm_climatology_p double,
    dm_vix double,
    dm_vix_p double
)
