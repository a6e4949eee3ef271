/*
description: >-
  One row per session, underlying, reading and contract - the contracts of the snapshots that are used, without the
  expired ones, each with a volatility and our own sensitivities. A contract whose volatility neither its source nor
  its quotes nor its neighbours give is left out.
grain: [session, underlying, reading, root, expiry, put_call, strike]
increments: {of: staging.option_readings, key: snapshot_id}
reads: [staging.option_readings, staging.option_expiries, raw.option_chains]
owner: team:data
columns:
  snapshot_id: {unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {unit: date, meaning: XNYS trading day}
  underlying: {unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  root: {unit: name, meaning: "Letters that begin the contract's symbol, such as SPX and SPXW"}
  expiry: {unit: date, meaning: Date on which the contract expires}
  put_call: {unit: name, meaning: "Kind of option: C for call, P for put", allowed: [C, P]}
  strike: {unit: price, meaning: Price at which the option can be exercised}
  bid: {unit: price, meaning: Highest price bid for the contract, nullable: true}
  ask: {unit: price, meaning: Lowest price asked for the contract, nullable: true}
  open_interest: {unit: contracts, meaning: Contracts that are open, nullable: true}
  volume: {unit: shares or contracts, meaning: Quantity traded, nullable: true}
  spot: {unit: price, meaning: "Price of the underlying that belongs to the quotes", nullable: true}
  years: {unit: years of 365 days, meaning: "From the session's close to settlement, at least one day; NULL once expired", nullable: true, min: 0}
  forward: {unit: price, meaning: "Forward price for settlement from put-call parity at the strike where call and put cost most nearly the same; NULL without a quoted pair", nullable: true, min: 0}
  forward_source: {unit: name, meaning: "Where the forward comes from: put-call parity, or spot, bill rate and a dividend yield of 1.3 %", allowed: [parity, carry]}
  discount: {unit: ratio, meaning: "Present value of one dollar at settlement, at the bill's rate; 1 where that is missing", min: 0}
  iv: {unit: fraction per year, meaning: Implied volatility, min: 0}
  iv_source: {unit: name, meaning: "Where the implied volatility comes from: the vendor, the mid of the quotes, or neighbouring strikes", allowed: [vendor, mid, interpolated]}
  delta: {unit: ratio, meaning: "Change of the option's price per unit of spot", min: -1.2, max: 1.2}
  gamma: {unit: 1 / price, meaning: Change of delta per unit of spot, min: 0}
  vanna: {unit: ratio, meaning: Change of delta per unit of implied volatility (1.00)}
  charm: {unit: per year, meaning: "Change of delta per year that passes, spot and implied volatility unchanged"}
rows: {min: 0}
*/
create table staging.option_chains (
    snapshot_id varchar,
    session date,
    underlying varchar,
    reading varchar,
    root varchar,
    expiry date,
    put_call varchar,
    strike double,
    bid double,
    ask double,
    open_interest double,
    volume double,
    spot double,
    years double,
    forward double,
    forward_source varchar,
    discount double,
    iv double,
    iv_source varchar,
    delta double,
    gamma double,
    vanna double,
    charm double
)
