/*
description: >-
  One row per session and window - whether a head-and-shoulders stands in cyclical against defensive sectors. The path
  is the cumulated mean log total return of cyclical sector funds less that of defensive ones (indicators.rotation, the
  other way round), from 0 at the window's first session; a smoothed window (Gaussian kernel regression, Lo, Mamaysky
  and Wang 2000, with the bandwidth of leave-one-out cross-validation or a thirtieth of the window, whichever is larger)
  is searched for five extrema in a row. The head stands above both shoulders, by the tolerance above their mean at
  least; shoulders, and lows, lie within the tolerance of their means; the tolerance is the deviation of ten sessions;
  the left shoulder is higher than 21 sessions before and than the low after it, the right one than the low before it;
  the halves' lengths are in proportion 0.4 to 2.5. The smoother looks to both sides, so that a pattern is reported only
  once its right shoulder is a bandwidth old, and detected_at tells when; the newest pattern of the window is shown.
  Without one, a pattern is forming when left shoulder, both lows and head are there and a bandwidth old, no extremum
  after them is, and the path has since stayed above the right low, below the highest right shoulder that would do and
  within the time for one; its right shoulder and target are NULL, and both shares are of patterns with a right
  shoulder. pattern_share_variants is the share of other choices of funds that show a pattern with a head within 3
  sessions (each member left out in turn, the equal-weight funds, and KRE in XLY's place), pattern_share_random that of
  1,000 random paths of the same length (stationary bootstrap in blocks of 10 of the differences known before the
  calendar year, without their mean): how often chance draws one. Grade B for what is drawn; as a forecast it is a D,
  for nothing is known of what follows.
grain: [session, window_sessions]
reads: [indicators.rotation, reference.basket_members, staging.prices]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  window_sessions: {unit: sessions, meaning: "Length of the window: 63, 126 or 189", min: 63, max: 189}
  is_pattern: {unit: flag, meaning: "Whether a pattern with its right shoulder is reported; NULL where the window has a gap", nullable: true}
  pattern_status: {unit: name, meaning: "forming while the right shoulder is still to come, broken when the path is below the neckline by a quarter of the tolerance, else complete", nullable: true, allowed: [forming, complete, broken]}
  left_shoulder_session: {unit: date, meaning: Session of the left shoulder, nullable: true}
  left_low_session: {unit: date, meaning: Session of the low between left shoulder and head, nullable: true}
  head_session: {unit: date, meaning: Session of the head, nullable: true}
  right_low_session: {unit: date, meaning: Session of the low between head and right shoulder, nullable: true}
  right_shoulder_session: {unit: date, meaning: Session of the right shoulder, nullable: true}
  left_shoulder_pct: {unit: log %, meaning: Level of the left shoulder, nullable: true}
  left_low_pct: {unit: log %, meaning: Level of the low between left shoulder and head, nullable: true}
  head_pct: {unit: log %, meaning: Level of the head, nullable: true}
  right_low_pct: {unit: log %, meaning: Level of the low between head and right shoulder, nullable: true}
  right_shoulder_pct: {unit: log %, meaning: Level of the right shoulder, nullable: true}
  path_pct: {unit: log %, meaning: Level of the path at the session, nullable: true}
  neckline_pct: {unit: log %, meaning: "Level at the session of the line through both lows", nullable: true}
  neckline_distance_pct: {unit: log %, meaning: path_pct less neckline_pct, nullable: true}
  target_pct: {unit: log %, meaning: "Where chartists see the path go: the head's height above the neckline at its session, below the neckline", nullable: true}
  pattern_tolerance_pct: {unit: log %, meaning: Deviation of the path over ten sessions, nullable: true, min: 0}
  detected_at: {unit: date, meaning: "First session on which this pattern was reported: each point within a thirtieth of the window of where it is now, the right shoulder not earlier; NULL while it is forming", nullable: true}
  variants_tested: {unit: count, meaning: Other choices of funds with every return of the window, nullable: true, min: 0}
  pattern_share_variants: {unit: ratio, meaning: Share of variants_tested that show a pattern with a head within 3 sessions, nullable: true, min: 0, max: 1}
  pattern_share_random: {unit: ratio, meaning: "Share of 1,000 random paths that show a pattern; NULL before 252 differences", nullable: true, min: 0, max: 1}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: left_shoulder_pct, column_B: left_low_pct, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: head_pct, column_B: left_shoulder_pct, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: head_pct, column_B: right_shoulder_pct, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: right_shoulder_pct, column_B: right_low_pct, ignore_row_if: either_value_is_missing}
audits:
  - {name: unseen_pattern, severity: error}
*/
create table indicators.head_shoulders (
    session date,
    window_sessions integer,
    is_pattern boolean,
    pattern_status varchar,
    left_shoulder_session date,
    left_low_session date,
    head_session date,
    right_low_session date,
    right_shoulder_session date,
    left_shoulder_pct double,
    left_low_pct double,
    head_pct double,
    right_low_pct double,
    right_shoulder_pct double,
    path_pct double,
    neckline_pct double,
    neckline_distance_pct double,
    target_pct double,
    pattern_tolerance_pct double,
    detected_at date,
    variants_tested integer,
    pattern_share_variants double,
    pattern_share_random double,
    grade varchar,
    inputs_missing varchar
)
