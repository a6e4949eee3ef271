/*
description: >-
  One row per session - how unusual the day's returns are together (turbulence, Kritzman and Li 2010), how far a few
  factors drive the sectors (absorption ratio, Kritzman, Li, Page and Rigobon 2011), and official stress indices beside
  them. Turbulence compares the session's total returns of 11 sector ETFs, TLT, HYG, GLD, UUP and BTC-USD with the 756
  sessions before it; the covariance is shrunk (Ledoit and Wolf 2004) in units of each asset's own deviation. The
  absorption ratio is the variance that a fifth of the sectors' components, rounded, explain over 500 sessions weighted
  with a half-life of 250. An asset takes part with a return on the session and 95 % of its window's; sessions of the
  window on which one of them has none are left out, and half of the window must stay; 8 assets at least. BTC-USD stands
  on the session by whose decision time its bar ended, 20 hours or more before the stocks' close, so that part of what
  bitcoin shares with them is missed. Bands tell how much hangs on a single asset, not the sampling error; without a
  sector the same number of components explains more, so that the band of the absorption ratio leans upwards. The
  official indices are comparators only, never inputs to our own score; each is the newest number known at the decision
  time, in its newest vintage, and their publishers can revise whole histories. Grade C - published formulas in a
  universe of our own, to be read by rank and direction; official indices agree on the direction only.
grain: [session]
reads: [reference.sessions, staging.prices, staging.series]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  turbulence: {unit: ratio, meaning: "Squared Mahalanobis distance of the session's returns from those of the 756 sessions before, per asset; about 1 on average for returns like the window's", nullable: true, min: 0}
  turbulence_lo: {unit: ratio, meaning: "Lower end of the 80 % band of turbulence: 10th percentile of leaving one asset out, or turbulence if lower", nullable: true, min: 0}
  turbulence_hi: {unit: ratio, meaning: "Upper end of the 80 % band of turbulence: 90th percentile of leaving one asset out, or turbulence if higher", nullable: true, min: 0}
  turbulence_rank_756d: {unit: ratio, meaning: "Percentile rank of turbulence in 756 sessions, 95 % of which must have one", nullable: true, min: 0, max: 1}
  is_turbulent: {unit: flag, meaning: "Whether turbulence_rank_756d is 0.95 or more; NULL without one", nullable: true}
  assets_used: {unit: count, meaning: Assets with a return on the session and a full window before it that moves, min: 0, max: 16}
  absorption_ratio: {unit: ratio, meaning: "Share of the sectors' variance that a fifth of their principal components explain: 2 of 8 to 11", nullable: true, min: 0, max: 1.000001}
  absorption_ratio_lo: {unit: ratio, meaning: "Lower end of the 80 % band of absorption_ratio: 10th percentile of leaving one sector out, or absorption_ratio if lower", nullable: true, min: 0, max: 1.000001}
  absorption_ratio_hi: {unit: ratio, meaning: "Upper end of the 80 % band of absorption_ratio: 90th percentile of leaving one sector out, or absorption_ratio if higher", nullable: true, min: 0, max: 1.000001}
  absorption_shift: {unit: ratio, meaning: "Mean absorption ratio of 15 sessions less that of 252, in standard deviations of the 252; all of the same sectors, those with returns for 752 sessions", nullable: true}
  sectors_used: {unit: count, meaning: Sectors with a return on the session and a full window of 500 sessions, min: 0, max: 11}
  ofr_fsi: {unit: index points, meaning: "Financial Stress Index of the Office of Financial Research, 0 on average; NULL if older than 15 days", nullable: true}
  ofr_fsi_date: {unit: date, meaning: Date that ofr_fsi describes, nullable: true}
  nfci: {unit: index points, meaning: "National Financial Conditions Index of the Federal Reserve Bank of Chicago, 0 on average; NULL if older than 30 days", nullable: true}
  nfci_date: {unit: date, meaning: Last day of the week that nfci describes, nullable: true}
  anfci: {unit: index points, meaning: "The part of nfci that growth and inflation do not explain; NULL if older than 30 days", nullable: true}
  anfci_date: {unit: date, meaning: Last day of the week that anfci describes, nullable: true}
  stlfsi4: {unit: index points, meaning: "Financial Stress Index of the Federal Reserve Bank of St. Louis, version 4, 0 on average; NULL if older than 30 days", nullable: true}
  stlfsi4_date: {unit: date, meaning: Last day of the week that stlfsi4 describes, nullable: true}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: turbulence_hi, column_B: turbulence_lo, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: absorption_ratio_hi, column_B: absorption_ratio_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
create table indicators.systemic (
    session date,
    turbulence double,
    turbulence_lo double,
    turbulence_hi double,
    turbulence_rank_756d double,
    is_turbulent boolean,
    assets_used integer,
    absorption_ratio double,
    absorption_ratio_lo double,
    absorption_ratio_hi double,
    absorption_shift double,
    sectors_used integer,
    ofr_fsi double,
    ofr_fsi_date date,
    nfci double,
    nfci_date date,
    anfci double,
    anfci_date date,
    stlfsi4 double,
    stlfsi4_date date,
    grade varchar,
    inputs_missing varchar
)
