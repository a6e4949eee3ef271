/*
description: >-
  One row per basket, symbol and first day of membership - who belongs to a basket, and since when. A change is a new row,
  never an edit: what was true of a day stays. Maintained by hand in basket_members.csv. Members were chosen by people who
  knew what came later, however mechanical the rule in reference.baskets: only unprofitable_tech is a screen of one fixed
  date. A renamed member is two rows; one that is delisted may stay without valid_to, because what has no bars drops out
  of indicators.basket_returns.
grain: [basket, symbol, valid_from]
owner: team:research
columns:
  basket: {unit: name, meaning: "Basket, of reference.baskets, or momentum_decile, which is selected by rule from the S&P 500"}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  side: {unit: name, meaning: Whether the basket holds the member or is short of it, allowed: [long, short]}
  weight_rule: {unit: name, meaning: "How the basket is weighted: equal_daily (equal weights every session), equal_monthly (at the close before each month, then drifting), equal_monthly_20mn (the same among those that trade at least USD 20 mn a day in the median of 63 sessions)", allowed: [equal_daily, equal_monthly, equal_monthly_20mn]}
  valid_from: {unit: date, meaning: First day of membership}
  valid_to: {unit: date, meaning: "First day on which it no longer belongs; NULL while it does", nullable: true}
  why: {unit: text, meaning: "Why the row is here: what happened and where it was confirmed, or why the member belongs"}
rows: {min: 1}
audits:
  - {name: contradictory_basket_member}
*/
create table reference.basket_members (
    basket varchar,
    symbol varchar,
    side varchar,
    weight_rule varchar,
    valid_from date,
    valid_to date,
    why varchar
)
