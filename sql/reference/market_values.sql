/*
description: One row per index and date - its market value, from which later values are moved with the index. Maintained by hand in market_values.csv.
grain: [symbol, value_date]
owner: team:data
columns:
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  value_date: {unit: date, meaning: Date of the market value}
  market_value_usd_trn: {unit: USD trn, meaning: Market value of the index's members, min: 0}
  index_level: {unit: index points, meaning: Level of the index that belongs to the market value, min: 0}
  error_pct: {unit: "%", meaning: Half width of the market value's 80 % band, min: 0}
  read_in: {unit: text, meaning: Where the figure was read and how certain it is}
rows: {min: 1}
*/
create table reference.market_values (
    symbol varchar,
    value_date date,
    market_value_usd_trn double,
    index_level double,
    error_pct double,
    read_in varchar
)
