/*
description: >-
  One row per claim and measure of the reference note - a bank's trading-desk note of 24 November 2025, on data to the
  close of 21 November. All 28 claims are here, those that nothing measures yet included. claimed_above and claimed_below
  are our reading of the note's words (docs/methodology.md). Maintained by hand in claims.csv.
grain: [claim_no, measure]
owner: team:research
columns:
  claim_no: {unit: count, meaning: Number of the claim in docs/methodology.md, min: 1, max: 28}
  measure_no: {unit: count, meaning: "Order of a claim's measures, the one that answers it being 1", min: 1}
  measure: {unit: name, meaning: The quantity that answers the claim}
  section: {unit: name, meaning: Part of the note in which the claim stands}
  claim: {unit: text, meaning: "What the note says, in our words"}
  unit: {unit: text, meaning: Unit of the measure}
  decimals: {unit: count, meaning: Decimals shown, min: 0, max: 4}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  published_session: {unit: date, meaning: Session that the published value describes; NULL where nothing was published, nullable: true}
  published_value: {unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  claimed_above: {unit: that of the measure, meaning: What the note says is true of values above this; NULL where it sets no lower limit, nullable: true}
  claimed_below: {unit: that of the measure, meaning: What the note says is true of values below this; NULL where it sets no upper limit, nullable: true}
  needs: {unit: text, meaning: "What is missing where the measure has no value, unless there is a better reason"}
  measure_title: {unit: text, meaning: What the measure is called in a list; NULL where its own sentence stands there, nullable: true}
  template: {unit: text, meaning: "Plain words with {value}, {lo}, {hi}, {label} and {jump_state} of regime.daily to fill in; what stands in brackets with {lo} and {hi} is left out without a band"}
rows: {min: 1}
*/
create table reference.claims (
    claim_no integer,
    measure_no integer,
    measure varchar,
    section varchar,
    claim varchar,
    unit varchar,
    decimals integer,
    grade varchar,
    published_session date,
    published_value double,
    claimed_above double,
    claimed_below double,
    needs varchar,
    measure_title varchar,
    template varchar
)
