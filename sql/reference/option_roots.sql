/*
description: One row per option root that the pipeline follows - the letters that begin a contract's symbol. Maintained by hand in option_roots.csv.
grain: [root]
owner: team:data
columns:
  root: {unit: name, meaning: "Letters that begin the contract's symbol, such as SPX and SPXW"}
  underlying: {unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  settlement: {unit: name, meaning: "When the contract settles on its expiry: AM at 09:30, PM at 16:00 New York", allowed: [AM, PM]}
  exercise: {unit: name, meaning: When the contract can be exercised, allowed: [European, American]}
  multiplier: {unit: ratio, meaning: Units of the underlying per contract, min: 1}
rows: {min: 1}
*/
create table reference.option_roots (
    root varchar,
    underlying varchar,
    settlement varchar,
    exercise varchar,
    multiplier double
)
