/*
description: One row per symbol and date of a one-day move so large that it would be taken for a false split, confirmed against a second source. Maintained by hand in confirmed_moves.csv.
grain: [symbol, date]
owner: team:data
columns:
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  date: {unit: date, meaning: The bar's own date at its source}
  why: {unit: text, meaning: "Why the row is here: what happened and where it was confirmed, or why the member belongs"}
rows: {min: 0}
*/
create table reference.confirmed_moves (
    symbol varchar,
    date date,
    why varchar
)
