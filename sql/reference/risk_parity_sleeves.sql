/*
description: >-
  One row per sleeve of a risk-parity portfolio and instrument that can stand for it, in the order in which they are
  taken. Long Treasuries and gold are poor stand-ins for intermediate ones and a commodity index, so they come last.
  Maintained by hand in risk_parity_sleeves.csv.
grain: [sleeve, candidate_no]
owner: team:research
columns:
  sleeve: {unit: name, meaning: Part of a risk-parity portfolio, allowed: [equity, bonds, commodities, inflation]}
  candidate_no: {unit: count, meaning: "Place in the order: the first candidate that has returns is taken", min: 1}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
rows: {min: 2}
expectations:
  - {expect: expect_column_values_to_be_unique, column: symbol}
*/
create table reference.risk_parity_sleeves (
    sleeve varchar,
    candidate_no integer,
    symbol varchar
)
