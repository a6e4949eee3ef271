/*
description: >-
  One row per index, list, member, source and vintage - the lists of an index's members, each of one date. Rows are only
  ever added; a changed value is a new vintage. A live list that says the same as the newest stored one before it adds nothing,
  and a name cannot be taken back out of a list that was stored. Members that had left before the first list are in none, so
  that whatever is computed for sessions before the first list is of survivors.
grain: [index_symbol, list_date, symbol, source, observed_at]
vintages: [index_symbol, list_date, symbol, source]
owner: team:data
columns:
  index_symbol: {unit: name, meaning: Index whose members are listed}
  list_date: {unit: date, meaning: Date of the list}
  symbol: {unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  company: {unit: text, meaning: Name of the member}
  sector: {unit: name, meaning: GICS sector or theme where the instrument stands for one}
  sub_industry: {unit: name, meaning: GICS sub-industry, nullable: true}
  added_date: {unit: date, meaning: Date from which the symbol belongs to the index; NULL where no list tells, nullable: true}
  source: {unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {unit: time, meaning: When anyone could first have known the value}
  observed_at: {unit: time, meaning: When this warehouse saw the value}
rows: {min: 0}
*/
create table raw.index_members (
    index_symbol varchar,
    list_date date,
    symbol varchar,
    company varchar,
    sector varchar,
    sub_industry varchar,
    added_date date,
    source varchar,
    available_at timestamptz,
    observed_at timestamptz
)
