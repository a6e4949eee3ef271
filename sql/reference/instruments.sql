/*
description: One row per instrument that the pipeline follows. Maintained by hand in instruments.csv.
grain: [symbol]
owner: team:data
columns:
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  name: {unit: text, meaning: What the instrument is called}
  class: {unit: name, meaning: "Kind of instrument; etf for what trades on an exchange, fund for what is quoted by its net asset value alone", allowed: [index, volatility, rate, etf, fund, future, fx, crypto]}
  role: {unit: name, meaning: What the pipeline uses the instrument for}
  sector: {unit: name, meaning: GICS sector or theme where the instrument stands for one, nullable: true}
  currency: {unit: ISO 4217, meaning: Currency in which the price is quoted}
  calendar: {unit: name, meaning: "Trading calendar: XNYS, 24/7, or OTHER for markets with holidays of their own", allowed: [XNYS, 24/7, OTHER]}
  yahoo_symbol: {unit: name, meaning: The symbol at Yahoo Finance and in most vendor files}
  required: {unit: flag, meaning: Whether a run without this instrument's newest session is refused}
rows: {min: 1}
expectations:
  - {expect: expect_column_values_to_be_unique, column: yahoo_symbol}
*/
create table reference.instruments (
    symbol varchar,
    name varchar,
    class varchar,
    role varchar,
    sector varchar,
    currency varchar,
    calendar varchar,
    yahoo_symbol varchar,
    required boolean
)
