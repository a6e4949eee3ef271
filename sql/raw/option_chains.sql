/*
description: >-
  One row per snapshot and contract - an option chain as its source showed it at one moment, with the session and the
  reading that its quote time puts it in. Rows are only ever added, a whole snapshot at a time; a session's newer
  snapshot supersedes the older one whole in staging.option_snapshots. A snapshot with impossible values is refused
  whole and what is stored stands.
grain: [snapshot_id, root, expiry, put_call, strike]
appended_by: snapshot_id
partitioned_by: session
reads: [reference.instruments, reference.option_roots]
owner: team:data
columns:
  session: {unit: date, meaning: XNYS trading day}
  underlying: {unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  snapshot_id: {unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  root: {unit: name, meaning: "Letters that begin the contract's symbol, such as SPX and SPXW"}
  expiry: {unit: date, meaning: Date on which the contract expires}
  put_call: {unit: name, meaning: "Kind of option: C for call, P for put", allowed: [C, P]}
  strike: {unit: price, meaning: Price at which the option can be exercised}
  bid: {unit: price, meaning: Highest price bid for the contract, nullable: true}
  ask: {unit: price, meaning: Lowest price asked for the contract, nullable: true}
  last: {unit: price, meaning: Price of the contract's last trade, nullable: true}
  vendor_iv: {unit: fraction per year, meaning: Implied volatility as the source states it; 0 or NULL where it has none, nullable: true}
  vendor_delta: {unit: ratio, meaning: Delta as the source states it, nullable: true}
  vendor_gamma: {unit: 1 / price, meaning: Gamma as the source states it, nullable: true}
  open_interest: {unit: contracts, meaning: Contracts that are open, nullable: true}
  volume: {unit: shares or contracts, meaning: Quantity traded, nullable: true}
  quote_date: {unit: date, meaning: New York date of the quotes}
  quote_at: {unit: time, meaning: Time of the quotes; NULL where the source gives the date alone, nullable: true}
  spot: {unit: price, meaning: "Price of the underlying that belongs to the quotes", nullable: true}
  source: {unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {unit: time, meaning: When anyone could first have known the value}
  observed_at: {unit: time, meaning: When this warehouse saw the value}
rows: {min: 0}
audits:
  - {name: impossible_quote, quarantine: snapshot_id}
  - {name: duplicate_contract, quarantine: snapshot_id}
  - {name: incomplete_greeks, quarantine: snapshot_id}
  - {name: crossed_quotes, quarantine: snapshot_id}
  - {name: no_open_interest, quarantine: snapshot_id}
*/
create table raw.option_chains (
    session date,
    underlying varchar,
    reading varchar,
    snapshot_id varchar,
    root varchar,
    expiry date,
    put_call varchar,
    strike double,
    bid double,
    ask double,
    last double,
    vendor_iv double,
    vendor_delta double,
    vendor_gamma double,
    open_interest double,
    volume double,
    quote_date date,
    quote_at timestamptz,
    spot double,
    source varchar,
    available_at timestamptz,
    observed_at timestamptz
)
