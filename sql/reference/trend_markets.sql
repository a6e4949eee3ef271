/*
description: >-
  One row per market that trend followers are followed in - the cash rate, financing spread and dividend yield that turn
  its price into what a rolled future earns. Maintained by hand in trend_markets.csv.
grain: [symbol]
owner: team:research
columns:
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  rate_id: {unit: name, meaning: "Cash rate of the market's currency, in percent: a symbol of staging.prices or a series of staging.series"}
  rate_max_age_days: {unit: days, meaning: How old the newest known cash rate may be on a session, min: 1}
  financing_spread_pct: {unit: "% per year", meaning: What financing a future costs above the cash rate, min: 0}
  dividend_yield_pct: {unit: "% per year", meaning: "Dividends that the price leaves out: a typical yield, 0 for a total return", min: 0}
  price_basis: {unit: name, meaning: Whether the close or the total return index is followed, allowed: [close, total_return]}
  carry_error_pct: {unit: "% per year", meaning: "How far the carry may be off (one standard deviation); 0 where levels were fitted to published ones", min: 0}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
rows: {min: 1}
*/
create table reference.trend_markets (
    symbol varchar,
    rate_id varchar,
    rate_max_age_days integer,
    financing_spread_pct double,
    dividend_yield_pct double,
    price_basis varchar,
    carry_error_pct double,
    grade varchar
)
