/*
description: >-
  One row per holder - whose filings of positions are asked for, and where EDGAR keeps them. A hedge fund's manager files
  one 13F-HR for everything that it manages; a mutual fund files NPORT-P for itself. Maintained by hand in holders.csv. The
  choice is ours and made with hindsight - large, well known, still there.
grain: [holder]
owner: team:research
columns:
  holder: {unit: name, meaning: "Whose positions they are: a holder of reference.holders, or as the source calls it"}
  holder_name: {unit: text, meaning: Holder as it calls itself in its filings}
  cohort: {unit: name, meaning: Group of investors whose positions are estimated, allowed: [hedge_funds, mutual_funds]}
  form: {unit: name, meaning: "Form by which the holder reports: 13F-HR for a manager, NPORT-P for a fund", allowed: [13F-HR, NPORT-P]}
  cik: {unit: name, meaning: "Number of the filer at EDGAR, ten digits"}
  fund_series: {unit: name, meaning: "Number of the fund at EDGAR, where its trust files for several funds; NULL for managers", nullable: true}
rows: {min: 1}
expectations:
  - {expect: expect_column_values_to_match_regex, column: cik, regex: "^[0-9]{10}$", severity: error}
  - {expect: expect_column_values_to_match_regex, column: fund_series, regex: "^S[0-9]{9}$", severity: error}
*/
create table reference.holders (
    holder varchar,
    holder_name varchar,
    cohort varchar,
    form varchar,
    cik varchar,
    fund_series varchar
)
