/*
description: One row per session and variable of the simulated market's true state, which no estimate may read. Empty in every profile but demo.
grain: [session, variable]
owner: team:research
columns:
  session: {unit: date, meaning: XNYS trading day}
  variable: {unit: name, meaning: Name of the latent variable}
  truth: {unit: stated in truth_unit, meaning: Value of the latent variable in the session}
  truth_unit: {unit: text, meaning: Unit of the latent variable}
rows: {min: 0}
*/
create table reference.simulated_truth (
    session date,
    variable varchar,
    truth double,
    truth_unit varchar
)
