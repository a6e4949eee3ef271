/*
description: >-
  One row per basket - what a theme that desks quote is taken to be here, and by which rule its members were selected.
  Our selections, not a desk's own lists, which are not public. Grade A is for sectors and factors that the named funds
  define; C for members that we selected, and for small_value, whose fund stands in for small business, which no fund holds. Maintained by hand in baskets.csv.
grain: [basket]
owner: team:research
columns:
  basket: {unit: name, meaning: "Basket, of reference.baskets, or momentum_decile, which is selected by rule from the S&P 500"}
  title: {unit: text, meaning: What the basket is called in words}
  selection: {unit: text, meaning: Rule by which members were selected}
  grade: {unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  comparator: {unit: name, meaning: "Exchange-traded fund of the same theme, by its symbol, for comparison; NULL if none", nullable: true}
rows: {min: 1}
*/
create table reference.baskets (
    basket varchar,
    title varchar,
    selection varchar,
    grade varchar,
    comparator varchar
)
