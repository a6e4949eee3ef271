/*
description: >-
  One row per sign convention and kind of option - what dealers are assumed to hold, because who holds an open contract
  is not public. The setting UNDERTOW_DEALER_CONVENTION chooses one; every table made with it names it. Maintained by
  hand in dealer_conventions.csv.
grain: [sign_convention, put_call]
owner: team:research
columns:
  sign_convention: {unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  put_call: {unit: name, meaning: "Kind of option: C for call, P for put", allowed: [C, P]}
  dealer_sign: {unit: sign, meaning: 1 where dealers are taken to be long and -1 where short, min: -1, max: 1}
  assumption: {unit: text, meaning: What is assumed and by whom}
rows: {min: 1}
*/
create table reference.dealer_conventions (
    sign_convention varchar,
    put_call varchar,
    dealer_sign double,
    assumption varchar
)
