/*
description: >-
  One row per session, underlying and reading - the snapshot that is used for it, and how it is valued. Two readings of
  a session hold the same quotes with the open interest of the session before and with its own; the first is known at
  the session's decision time.
grain: [session, underlying, reading]
view: true
owner: team:data
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  oi_date: {type: DATE, unit: date, meaning: "Session whose open interest the chain shows: its own once settled, else the session before", nullable: true}
  spot: {type: DOUBLE, unit: price, meaning: "Price of the underlying that belongs to the quotes", nullable: true}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
select
    session,
    underlying,
    reading,
    snapshot_id,
    source,
    oi_date,
    spot,
    available_at
from staging.option_snapshots
where verdict = 'used'
