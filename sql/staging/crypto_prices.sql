/*
description: >-
  One row per UTC day and symbol - the daily bars of cryptocurrencies by their own date, in the newest vintage known at the
  as-of time (DuckDB variable as_of, by default now). They trade round the clock, so that each ends at midnight UTC, 19:00
  or 20:00 New York, after the decision time of a session of the same date; staging.prices places the newest one known on
  each session and drops those between, as of a weekend.
grain: [date, symbol]
view: true
owner: team:data
columns:
  date: {type: DATE, unit: date, meaning: The bar's own date at its source}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  open: {type: DOUBLE, unit: price, meaning: First price of the bar, nullable: true}
  high: {type: DOUBLE, unit: price, meaning: Highest price of the bar, nullable: true}
  low: {type: DOUBLE, unit: price, meaning: Lowest price of the bar, nullable: true}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  volume: {type: DOUBLE, unit: shares or contracts, meaning: Quantity traded, nullable: true, min: 0}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
with final as (
    select p.date, p.symbol, p.open, p.high, p.low, p.close, p.volume, p.source, p.available_at
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
    where i.class = 'crypto' and p.available_at <= coalesce(getvariable('as_of')::timestamptz, now())
    -- Of several vendors the first by name speaks for a bar, so that the same one does every time.
    qualify row_number() over (partition by p.symbol, p.date order by p.source, p.observed_at desc) = 1
)

select * from final
