/*
description: >-
  One row per session with a danger score - its label. The boundaries are 0.35, 0.5 and 0.65; a label changes once danger
  has been past a boundary by 0.03 for two sessions in a row, and then to the nearer of the two labels that they ask for.
  The first session, and the first after one without danger, has the label of the boundaries alone. A recursion, so
  Python computes it.
grain: [session]
owner: team:research
reads: [regime.danger]
columns:
  session: {unit: date, meaning: XNYS trading day}
  label: {unit: name, meaning: "Regime: calm, normal, fragile or dangerous", allowed: [calm, normal, fragile, dangerous]}
  days_in_regime: {unit: sessions, meaning: "Sessions that the label has stood without a break, today included", min: 1}
rows: {min: 0}
*/
create table regime.labels (
    session date,
    label varchar,
    days_in_regime integer
)
