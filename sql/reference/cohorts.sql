/*
description: >-
  One row per cohort and symbol - the funds whose returns tell how hedge funds and mutual funds are positioned. Mutual
  funds are large active US equity funds that publish a net asset value every day; hedge funds publish none, so that
  funds that copy their reported positions or their manner stand for them. Chosen with hindsight: funds that closed are
  not in it. Maintained by hand in cohorts.csv.
grain: [cohort, symbol]
owner: team:research
columns:
  cohort: {unit: name, meaning: Group of investors whose positions are estimated, allowed: [hedge_funds, mutual_funds]}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  is_long_only: {unit: flag, meaning: "Whether the fund is never short of a sector nor in debt: its style weights are then at least zero and sum to one"}
  valid_from: {unit: date, meaning: First day of membership}
  why: {unit: text, meaning: "Why the row is here: what happened and where it was confirmed, or why the member belongs"}
rows: {min: 1}
*/
create table reference.cohorts (
    cohort varchar,
    symbol varchar,
    is_long_only boolean,
    valid_from date,
    why varchar
)
