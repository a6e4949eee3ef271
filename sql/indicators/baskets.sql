/*
description: >-
  One row per session and basket, as indicators.basket_returns has them - how far a basket has run and fallen back, and
  what it moves with. Legs are those of a zig-zag with reversals of 15 %, live - a peak or a trough is known only once the
  basket has turned back from it by as much, and until then the rise or fall goes on; the newest rise is measured from its
  trough to its highest point so far, and what followed from there to the session. Rise and fall of 63 sessions are
  beside, as desks quote them. Legs need 63 returns in a row. The returns of a stated basket are facts; as estimates of a desk's own
  basket of the theme they hang on the choice of members, so that legs carry the band of 200 random draws of the members
  with replacement, weighted equally every session, where 8 or more stocks returned on each session of the leg. How often a
  draw has a member is a Poisson variable of mean 1 that hangs on the symbol alone. Correlations and beta are of log returns over
  63 sessions, 95 % of which must be there; with bitcoin at 16:00 New York. Crowding is the mean correlation between the
  members (3 at least, each with every return of the window), ranked in 504 sessions. A member without prices drops out of
  both. Grade as in indicators.basket_returns.
grain: [session, basket]
reads: [indicators.basket_returns, indicators.bitcoin_returns, reference.baskets, reference.basket_members, staging.member_prices, staging.prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  basket: {unit: name, meaning: "Basket, of reference.baskets, or momentum_decile, which is selected by rule from the S&P 500"}
  basket_return_2d_pct: {unit: "%", meaning: Total return of the basket over 2 sessions, nullable: true, min: -100}
  basket_return_5d_pct: {unit: "%", meaning: Total return of the basket over 5 sessions, nullable: true, min: -100}
  basket_return_8d_pct: {unit: "%", meaning: Total return of the basket over 8 sessions, nullable: true, min: -100}
  basket_return_15d_pct: {unit: "%", meaning: Total return of the basket over 15 sessions, nullable: true, min: -100}
  basket_return_21d_pct: {unit: "%", meaning: Total return of the basket over 21 sessions, nullable: true, min: -100}
  basket_return_63d_pct: {unit: "%", meaning: Total return of the basket over 63 sessions, nullable: true, min: -100}
  basket_drawdown_pct: {unit: "%", meaning: "From the basket's highest close of 252 sessions, each with a return; 240 at least", nullable: true, max: 0}
  trough_session: {unit: date, meaning: Session of the low that the newest rise began from, nullable: true}
  peak_session: {unit: date, meaning: Session of the newest rise's highest close so far, nullable: true}
  is_rising: {unit: flag, meaning: "Whether the basket has not fallen by 15 % from that close", nullable: true}
  trough_to_peak_pct: {unit: "%", meaning: The newest rise from its trough to its highest close so far, nullable: true, min: 0}
  trough_to_peak_lo_pct: {unit: "%", meaning: "Lower end of the 80 % band of trough_to_peak_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  trough_to_peak_hi_pct: {unit: "%", meaning: "Upper end of the 80 % band of trough_to_peak_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  peak_to_date_pct: {unit: "%", meaning: From that close to the session's, nullable: true, min: -100, max: 0}
  peak_to_date_lo_pct: {unit: "%", meaning: "Lower end of the 80 % band of peak_to_date_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  peak_to_date_hi_pct: {unit: "%", meaning: "Upper end of the 80 % band of peak_to_date_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  low_63d_session: {unit: date, meaning: Session of the lowest close of 63 sessions, nullable: true}
  rise_63d_pct: {unit: "%", meaning: From the lowest close of 63 sessions to the highest after it, nullable: true, min: 0}
  rise_63d_lo_pct: {unit: "%", meaning: "Lower end of the 80 % band of rise_63d_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  rise_63d_hi_pct: {unit: "%", meaning: "Upper end of the 80 % band of rise_63d_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  fall_63d_pct: {unit: "%", meaning: From the highest close of 63 sessions to the session's, nullable: true, min: -100, max: 0}
  fall_63d_lo_pct: {unit: "%", meaning: "Lower end of the 80 % band of fall_63d_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  fall_63d_hi_pct: {unit: "%", meaning: "Upper end of the 80 % band of fall_63d_pct; NULL with fewer than 8 stocks on a session of it", nullable: true}
  basket_corr_63d_bitcoin: {unit: ratio, meaning: Correlation of the basket with bitcoin over 63 sessions, nullable: true, min: -1, max: 1}
  basket_corr_63d_bitcoin_lo: {unit: ratio, meaning: Lower end of the 80 % band of basket_corr_63d_bitcoin, nullable: true, min: -1, max: 1}
  basket_corr_63d_bitcoin_hi: {unit: ratio, meaning: Upper end of the 80 % band of basket_corr_63d_bitcoin, nullable: true, min: -1, max: 1}
  basket_corr_63d_qqq: {unit: ratio, meaning: Correlation of the basket with QQQ over 63 sessions, nullable: true, min: -1, max: 1}
  basket_corr_63d_comparator: {unit: ratio, meaning: Correlation of the basket with its comparator over 63 sessions; NULL without one, nullable: true, min: -1, max: 1}
  basket_beta_63d_qqq: {unit: ratio, meaning: Slope of the basket's log return on QQQ's over 63 sessions, nullable: true}
  basket_beta_63d_qqq_lo: {unit: ratio, meaning: Lower end of the 80 % band of basket_beta_63d_qqq, nullable: true}
  basket_beta_63d_qqq_hi: {unit: ratio, meaning: Upper end of the 80 % band of basket_beta_63d_qqq, nullable: true}
  pairwise_corr_63d: {unit: ratio, meaning: Mean correlation between the members over 63 sessions; NULL for fewer than 3, nullable: true, min: -1, max: 1.000001}
  pairwise_corr_rank_504d: {unit: ratio, meaning: "Percentile rank of pairwise_corr_63d in 504 sessions, 95 % of which must have one", nullable: true, min: 0, max: 1}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
create table indicators.baskets (
    session date,
    basket varchar,
    basket_return_2d_pct double,
    basket_return_5d_pct double,
    basket_return_8d_pct double,
    basket_return_15d_pct double,
    basket_return_21d_pct double,
    basket_return_63d_pct double,
    basket_drawdown_pct double,
    trough_session date,
    peak_session date,
    is_rising boolean,
    trough_to_peak_pct double,
    trough_to_peak_lo_pct double,
    trough_to_peak_hi_pct double,
    peak_to_date_pct double,
    peak_to_date_lo_pct double,
    peak_to_date_hi_pct double,
    low_63d_session date,
    rise_63d_pct double,
    rise_63d_lo_pct double,
    rise_63d_hi_pct double,
    fall_63d_pct double,
    fall_63d_lo_pct double,
    fall_63d_hi_pct double,
    basket_corr_63d_bitcoin double,
    basket_corr_63d_bitcoin_lo double,
    basket_corr_63d_bitcoin_hi double,
    basket_corr_63d_qqq double,
    basket_corr_63d_comparator double,
    basket_beta_63d_qqq double,
    basket_beta_63d_qqq_lo double,
    basket_beta_63d_qqq_hi double,
    pairwise_corr_63d double,
    pairwise_corr_rank_504d double,
    grade varchar,
    inputs_missing varchar
)
