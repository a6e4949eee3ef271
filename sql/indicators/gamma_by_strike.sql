/*
description: >-
  One row per session, underlying, reading and strike - the dollar gamma of the open contracts at that strike, over all
  expiries that have not settled, for strikes at which something is open.
grain: [session, underlying, reading, strike]
increments: {of: staging.option_readings, key: snapshot_id}
owner: team:research
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  sign_convention: {type: VARCHAR, unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  strike: {type: DOUBLE, unit: price, meaning: Price at which the option can be exercised}
  call_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the calls, min: 0}
  put_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the puts, min: 0}
  call_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open calls, without regard to who holds them", min: 0}
  put_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open puts, without regard to who holds them", min: 0}
  net_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma under the sign convention, to the nearest 1000 dollars"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
with exposures as (
    select
        q.snapshot_id,
        q.session,
        q.underlying,
        q.reading,
        q.available_at,
        n.sign_convention,
        c.strike,
        c.put_call,
        c.open_interest,
        n.dealer_sign,
        c.open_interest * r.multiplier * c.spot * c.spot * c.gamma * 0.01 / 1e9 as gamma_bn
    from staging.option_readings as q
    inner join staging.option_chains as c on q.snapshot_id = c.snapshot_id
    inner join reference.option_roots as r on c.root = r.root
    inner join reference.dealer_conventions as n
        on c.put_call = n.put_call and n.sign_convention = getvariable('dealer_convention')
    where c.open_interest > 0
),

final as (
    select
        snapshot_id,
        session,
        underlying,
        reading,
        sign_convention,
        strike,
        coalesce(sum(open_interest) filter (put_call = 'C'), 0) as call_open_interest,
        coalesce(sum(open_interest) filter (put_call = 'P'), 0) as put_open_interest,
        round(coalesce(sum(gamma_bn) filter (put_call = 'C'), 0), 6) as call_gamma_bn,
        round(coalesce(sum(gamma_bn) filter (put_call = 'P'), 0), 6) as put_gamma_bn,
        round(sum(dealer_sign * gamma_bn), 6) + 0 as net_gamma_bn,
        available_at
    from exposures
    group by all
)

select * from final
