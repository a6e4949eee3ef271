/*
description: >-
  One row per filing and security - the long shares that a holder reported for one date, as filed. Rows are only ever
  added, a whole filing at a time; what a later filing of the same date changes shows in staging.holdings_sectors. Long
  shares are all there is - a manager's 13F-HR shows no short positions, no swaps and nothing that trades abroad, mixes all
  that it manages, and may keep positions secret for a time; options, which say neither premium nor delta, and bonds are left
  out and counted in left_out. Positions are those of one day, 45 to 60 days old when they become known. What a 13F-HR
  filed before 3 January 2023 states in thousands is in dollars here. A filing with an impossible position is refused
  whole and what is stored stands.
grain: [filing_id, security]
appended_by: filing_id
reads: [reference.holders]
owner: team:data
columns:
  holder: {unit: name, meaning: "Whose positions they are: a holder of reference.holders, or as the source calls it"}
  cohort: {unit: name, meaning: Group of investors whose positions are estimated, allowed: [hedge_funds, mutual_funds], nullable: true}
  report_date: {unit: date, meaning: Date of the positions}
  filing_id: {unit: name, meaning: "Filing that states the positions: EDGAR's accession number, or holder, date, file and content"}
  adds: {unit: flag, meaning: "Whether the filing adds positions to the one before it of the same date, as when secrecy ends; else it takes its place"}
  left_out: {unit: count, meaning: "Rows of the filing that are no long shares and were left out: options, bonds, short positions and others", min: 0}
  security: {unit: name, meaning: "Security held: its CUSIP, or else its ISIN, ticker or issuer"}
  ticker: {unit: name, meaning: "Ticker of the security as the source or edgartools' list of CUSIPs has it, which is today's; NULL where neither does", nullable: true}
  issuer: {unit: text, meaning: Company that issued the security, nullable: true}
  value_usd: {unit: USD, meaning: Value of the position on its date}
  shares: {unit: count, meaning: Shares held; NULL where the source does not tell, nullable: true}
  source: {unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {unit: time, meaning: When anyone could first have known the value}
  observed_at: {unit: time, meaning: When this warehouse saw the value}
rows: {min: 0}
audits:
  - {name: impossible_position, quarantine: filing_id}
*/
create table raw.holdings (
    holder varchar,
    cohort varchar,
    report_date date,
    filing_id varchar,
    adds boolean,
    left_out bigint,
    security varchar,
    ticker varchar,
    issuer varchar,
    value_usd double,
    shares double,
    source varchar,
    available_at timestamptz,
    observed_at timestamptz
)
