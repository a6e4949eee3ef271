/*
description: >-
  One row per sub-score of the regime - what it is, how far it is trusted and with which others it errs. A sub-score
  that is added here and in regime.sub_scores enters danger, its band, its drivers and inputs_missing; nothing else has
  to change. Maintained by hand in sub_scores.csv.
grain: [sub_score]
owner: team:research
columns:
  sub_score: {unit: name, meaning: Sub-score of the regime}
  score_title: {unit: text, meaning: What it is called in a sentence}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  error_group: {unit: name, meaning: Sub-scores of one group are taken to err together and those of two groups independently}
  claim_no: {unit: count, meaning: Number of the claim in docs/methodology.md, min: 1, max: 28}
  rule: {unit: text, meaning: "What makes its score, from 0 (calm) to 1 (stressed)"}
rows: {min: 1}
*/
create table reference.sub_scores (
    sub_score varchar,
    score_title varchar,
    grade varchar,
    error_group varchar,
    claim_no integer,
    rule varchar
)
