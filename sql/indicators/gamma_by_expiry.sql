/*
description: >-
  One row per session, underlying, reading, root and expiry - the dollar gamma of the open contracts of that expiry, with
  the change of dealers' delta by implied volatility (vanna) and by the passage of time (charm). The contracts of the
  next session's expiry, which trade as 0DTE then, stand apart; those of the session itself have settled.
grain: [session, underlying, reading, root, expiry]
increments: {of: staging.option_readings, key: snapshot_id}
owner: team:research
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  sign_convention: {type: VARCHAR, unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  root: {type: VARCHAR, unit: name, meaning: "Letters that begin the contract's symbol, such as SPX and SPXW"}
  expiry: {type: DATE, unit: date, meaning: Date on which the contract expires}
  days_to_expiry: {type: BIGINT, unit: days, meaning: Calendar days from the session to the expiry, min: 1}
  expiry_bucket: {type: VARCHAR, unit: name, meaning: "How far the expiry is: 0DTE expires in the next session, week within 7 days, month within 31, later beyond", allowed: [0DTE, week, month, later]}
  contracts_open: {type: BIGINT, unit: count, meaning: Contracts with open interest, min: 0}
  contracts_filled: {type: BIGINT, unit: count, meaning: "Contracts with open interest whose implied volatility is not the vendor's", min: 0}
  call_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the calls, min: 0}
  put_open_interest: {type: DOUBLE, unit: contracts, meaning: Open interest of the puts, min: 0}
  call_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open calls, without regard to who holds them", min: 0}
  put_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open puts, without regard to who holds them", min: 0}
  net_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma under the sign convention, to the nearest 1000 dollars"}
  net_vanna_bn: {type: DOUBLE, unit: USD bn per volatility point, meaning: "Change of dealers' net delta if every implied volatility rises by one percentage point"}
  net_charm_bn: {type: DOUBLE, unit: USD bn per day, meaning: "Change of dealers' net delta over one calendar day, spot and implied volatility unchanged"}
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
        d.next_session,
        c.root,
        c.expiry,
        c.put_call,
        c.open_interest,
        c.iv_source,
        n.dealer_sign,
        c.open_interest * r.multiplier * c.spot * c.spot * c.gamma * 0.01 / 1e9 as gamma_bn,
        c.open_interest * r.multiplier * c.spot * c.vanna * 0.01 / 1e9 as vanna_bn,
        c.open_interest * r.multiplier * c.spot * c.charm / 365 / 1e9 as charm_bn
    from staging.option_readings as q
    inner join reference.sessions as d on q.session = d.session
    inner join staging.option_chains as c on q.snapshot_id = c.snapshot_id
    inner join reference.option_roots as r on c.root = r.root
    inner join reference.dealer_conventions as n
        on c.put_call = n.put_call and n.sign_convention = getvariable('dealer_convention')
),

final as (
    select
        snapshot_id,
        session,
        underlying,
        reading,
        sign_convention,
        root,
        expiry,
        expiry - session as days_to_expiry,
        case
            when expiry <= next_session then '0DTE'
            when expiry - session <= 7 then 'week'
            when expiry - session <= 31 then 'month'
            else 'later'
        end as expiry_bucket,
        count(*) filter (open_interest > 0) as contracts_open,
        count(*) filter (open_interest > 0 and iv_source <> 'vendor') as contracts_filled,
        coalesce(sum(open_interest) filter (put_call = 'C'), 0) as call_open_interest,
        coalesce(sum(open_interest) filter (put_call = 'P'), 0) as put_open_interest,
        round(coalesce(sum(gamma_bn) filter (put_call = 'C'), 0), 6) as call_gamma_bn,
        round(coalesce(sum(gamma_bn) filter (put_call = 'P'), 0), 6) as put_gamma_bn,
        round(sum(dealer_sign * gamma_bn), 6) + 0 as net_gamma_bn,
        round(sum(dealer_sign * vanna_bn), 6) + 0 as net_vanna_bn,
        round(sum(dealer_sign * charm_bn), 6) + 0 as net_charm_bn,
        available_at
    from exposures
    group by snapshot_id, session, underlying, reading, sign_convention, next_session, root, expiry, available_at
)

select * from final
