/*
description: >-
  One row per claim and measure of the reference note - a bank's trading-desk note of 24 November 2025 - that the
  pipeline can answer so far. Maintained by hand in claims.csv.
grain: [claim_no, measure]
owner: team:research
columns:
  claim_no: {unit: count, meaning: Number of the claim in docs/methodology.md, min: 1, max: 28}
  measure: {unit: name, meaning: The quantity that answers the claim}
  section: {unit: name, meaning: Part of the note in which the claim stands}
  claim: {unit: text, meaning: "What the note says, in our words"}
  unit: {unit: text, meaning: Unit of the measure}
  decimals: {unit: count, meaning: Decimals shown, min: 0, max: 4}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  published_session: {unit: date, meaning: Session that the published value describes; NULL where nothing was published, nullable: true}
  published_value: {unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  template: {unit: text, meaning: "Plain words with {value}, {lo} and {hi} to fill in; what stands in brackets with {lo} and {hi} is left out without a band"}
rows: {min: 1}
*/
create table reference.claims (
    claim_no integer,
    measure varchar,
    section varchar,
    claim varchar,
    unit varchar,
    decimals integer,
    grade varchar,
    published_session date,
    published_value double,
    template varchar
)
