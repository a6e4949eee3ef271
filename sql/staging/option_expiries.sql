/*
description: >-
  One row per snapshot, root and expiry of an option chain - when the expiry settles, its forward from put-call parity,
  and what its contracts add up to. Contracts of the same day that have expired by the close have rows too, for their
  volume.
grain: [snapshot_id, root, expiry]
increments: {of: raw.option_chains, key: snapshot_id}
owner: team:data
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  root: {type: VARCHAR, unit: name, meaning: "Letters that begin the contract's symbol, such as SPX and SPXW"}
  expiry: {type: DATE, unit: date, meaning: Date on which the contract expires}
  settles_at: {type: TIMESTAMPTZ, unit: time, meaning: "When the expiry settles: 09:30 or 16:00 New York by its root's settlement"}
  is_expired: {type: BOOLEAN, unit: flag, meaning: Whether the expiry has settled by the session's close}
  years: {type: DOUBLE, unit: years of 365 days, meaning: "From the session's close to settlement, at least one day; NULL once expired", nullable: true, min: 0}
  rate: {type: DOUBLE, unit: fraction per year, meaning: "Continuously compounded rate: the 13-week Treasury bill's, at most ten days old", nullable: true}
  forward: {type: DOUBLE, unit: price, meaning: "Forward price for settlement from put-call parity at the strike where call and put cost most nearly the same; NULL without a quoted pair", nullable: true, min: 0}
  parity_error_pct: {type: DOUBLE, unit: "%", meaning: "Median distance of the forwards that the strikes within 5 % of the forward imply, in percent of it", nullable: true, min: 0}
  pairs: {type: BIGINT, unit: count, meaning: Strikes at which both call and put are quoted, min: 0}
  contracts: {type: BIGINT, unit: count, meaning: Contracts listed, min: 0}
  contracts_open: {type: BIGINT, unit: count, meaning: Contracts with open interest, min: 0}
  contracts_with_iv: {type: BIGINT, unit: count, meaning: Contracts with open interest for which the source states an implied volatility above 0.01, min: 0}
  call_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the calls, min: 0}
  put_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the puts, min: 0}
  call_volume: {type: DOUBLE, unit: contracts, meaning: Volume of the calls; NULL where the source states none, nullable: true, min: 0}
  put_volume: {type: DOUBLE, unit: contracts, meaning: Volume of the puts; NULL where the source states none, nullable: true, min: 0}
  premium_usd_bn: {type: DOUBLE, unit: USD bn, meaning: Volume at the mid of the closing quotes; NULL where the source states no volume, nullable: true, min: 0}
rows: {min: 0}
*/
with bills as (
    select session, ln(1 + close / 100) as rate from staging.prices where symbol = 'IRX'
),

closes as (
    select s.session, s.close_at, case when b.session >= s.session - 10 then b.rate end as rate
    from reference.sessions as s
    asof left join bills as b on s.session >= b.session
),

totals as (
    select
        c.snapshot_id,
        c.session,
        c.underlying,
        c.reading,
        c.root,
        c.expiry,
        count(*) as contracts,
        count(*) filter (c.open_interest > 0) as contracts_open,
        count(*) filter (c.open_interest > 0 and c.vendor_iv > 0.01) as contracts_with_iv,
        coalesce(sum(c.open_interest) filter (c.put_call = 'C'), 0) as call_open_interest,
        coalesce(sum(c.open_interest) filter (c.put_call = 'P'), 0) as put_open_interest,
        sum(c.volume) filter (c.put_call = 'C') as call_volume,
        sum(c.volume) filter (c.put_call = 'P') as put_volume,
        sum((c.volume * (c.bid + c.ask) / 2)::decimal(28, 4)) * 100 / 1e9 as premium_usd_bn
    from raw.option_chains as c
    group by c.snapshot_id, c.session, c.underlying, c.reading, c.root, c.expiry
),

timed as (
    select
        t.*,
        case r.settlement
            when 'AM' then timezone('America/New_York', t.expiry + interval '9 hours 30 minutes')
            else timezone('America/New_York', t.expiry + interval '16 hours')
        end as settles_at,
        d.close_at,
        d.rate
    from totals as t
    inner join reference.option_roots as r using (root)
    inner join closes as d using (session)
),

aged as (
    select
        *,
        -- On a half day the contracts of the day settle at the early close.
        expiry <= session as is_expired,
        case when expiry > session then greatest(date_diff('second', close_at, settles_at) / (365 * 86400), 1 / 365) end as years
    from timed
),

pairs as (
    select
        snapshot_id,
        root,
        expiry,
        strike,
        max((bid + ask) / 2) filter (put_call = 'C') - max((bid + ask) / 2) filter (put_call = 'P') as call_less_put
    from raw.option_chains
    where bid > 0 and ask >= bid
    group by snapshot_id, root, expiry, strike
    having count(*) = 2
),

implied as (
    select
        p.snapshot_id,
        p.root,
        p.expiry,
        p.strike,
        abs(p.call_less_put) as distance,
        p.strike + p.call_less_put * exp(coalesce(a.rate, 0) * a.years) as forward
    from pairs as p
    inner join aged as a using (snapshot_id, root, expiry)
    where not a.is_expired
),

forwards as (
    select snapshot_id, root, expiry, arg_min(forward, row(distance, strike)) as forward, count(*) as pairs
    from implied
    group by snapshot_id, root, expiry
),

residuals as (
    select i.snapshot_id, i.root, i.expiry, 100 * median(abs(i.forward / f.forward - 1)) as parity_error_pct
    from implied as i
    inner join forwards as f using (snapshot_id, root, expiry)
    where i.distance < 0.05 * f.forward
    group by i.snapshot_id, i.root, i.expiry
),

final as (
    select
        a.snapshot_id,
        a.session,
        a.underlying,
        a.reading,
        a.root,
        a.expiry,
        a.settles_at,
        a.is_expired,
        a.years,
        a.rate,
        f.forward,
        r.parity_error_pct,
        coalesce(f.pairs, 0) as pairs,
        a.contracts,
        a.contracts_open,
        a.contracts_with_iv,
        a.call_open_interest,
        a.put_open_interest,
        a.call_volume,
        a.put_volume,
        a.premium_usd_bn
    from aged as a
    left join forwards as f using (snapshot_id, root, expiry)
    left join residuals as r using (snapshot_id, root, expiry)
)

select * from final
