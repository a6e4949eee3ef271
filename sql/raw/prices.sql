/*
description: >-
  One row per symbol, date, source and vintage of a daily bar, as its source delivered it, for reference.instruments and
  for every symbol that is or was in raw.index_members. Rows are only ever added; a changed value is a new vintage. A
  symbol whose delivery holds an impossible price, a duplicate bar or, members of indices and baskets excepted, an implausible range
  or an unconfirmed jump is refused whole and its stored bars stand. Bars on days when the exchange was closed,
  disordered or repeated bars are kept here and flagged; staging.prices and staging.member_prices withhold what is wrong
  with them.
grain: [symbol, date, source, observed_at]
vintages: [symbol, date, source]
reads: [reference.instruments, reference.basket_members, raw.index_members]
owner: team:data
columns:
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  date: {unit: date, meaning: The bar's own date at its source}
  open: {unit: price, meaning: First price of the bar, nullable: true}
  high: {unit: price, meaning: Highest price of the bar, nullable: true}
  low: {unit: price, meaning: Lowest price of the bar, nullable: true}
  close: {unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  adj_close: {unit: price, meaning: The vendor's close adjusted back for dividends; restated at every dividend, nullable: true}
  volume: {unit: shares or contracts, meaning: Quantity traded, nullable: true, min: 0}
  dividend: {unit: price, meaning: Cash dividend going ex on the date; NULL where the source does not report dividends, nullable: true, min: 0}
  split: {unit: ratio, meaning: New shares per old share on the date; 1 for none; NULL where the source does not report splits, nullable: true, min: 0}
  source: {unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {unit: time, meaning: When anyone could first have known the value}
  observed_at: {unit: time, meaning: When this warehouse saw the value}
rows: {min: 1}
audits:
  - {name: impossible_price, quarantine: symbol}
  - {name: duplicate_bar, quarantine: symbol}
  - {name: implausible_range, quarantine: symbol}
  - {name: unconfirmed_jump, quarantine: symbol}
  - {name: disordered_bar, severity: warn}
  - {name: holiday_bar, severity: warn}
  - {name: stale_bar, severity: warn}
*/
create table raw.prices (
    symbol varchar,
    date date,
    open double,
    high double,
    low double,
    close double,
    adj_close double,
    volume double,
    dividend double,
    split double,
    source varchar,
    available_at timestamptz,
    observed_at timestamptz
)
