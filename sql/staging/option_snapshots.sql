/*
description: >-
  One row per snapshot of an option chain with the verdict on it - used for its session and reading, superseded by a
  newer one, or refused with the reason. Which session a snapshot belongs to follows from its quote time and is
  confirmed here by its spot against the session's close and by its open interest against the snapshots before it.
grain: [snapshot_id]
owner: team:data
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  quote_at: {type: TIMESTAMPTZ, unit: time, meaning: Time of the quotes; NULL where the source gives the date alone, nullable: true}
  oi_date: {type: DATE, unit: date, meaning: "Session whose open interest the chain shows: its own once settled, else the session before", nullable: true}
  spot: {type: DOUBLE, unit: price, meaning: "Price of the underlying that belongs to the quotes", nullable: true}
  underlying_close: {type: DOUBLE, unit: price, meaning: The underlying's close in the session, nullable: true, min: 0}
  spot_error_pct: {type: DOUBLE, unit: "%", meaning: "Distance of the snapshot's spot from the session's close; NULL without either", nullable: true}
  contracts: {type: BIGINT, unit: count, meaning: Contracts listed, min: 0}
  open_interest: {type: DOUBLE, unit: contracts, meaning: Contracts that are open, nullable: true}
  oi_to_median: {type: DOUBLE, unit: ratio, meaning: "Open interest against its median over the 20 sessions before; NULL with less than 5 of them", nullable: true, min: 0}
  iv_share: {type: DOUBLE, unit: ratio, meaning: "Share of the unexpired contracts with open interest for which the source states an implied volatility", nullable: true, min: 0, max: 1}
  parity_error_pct: {type: DOUBLE, unit: "%", meaning: "Median distance of the forwards that the strikes within 5 % of the forward imply, in percent of it", nullable: true, min: 0}
  verdict: {type: VARCHAR, unit: name, meaning: What became of the snapshot, allowed: [used, superseded, refused]}
  reason: {type: VARCHAR, unit: text, meaning: "Why the snapshot was refused or superseded, or what is unconfirmed about it; NULL if nothing", nullable: true}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
audits:
  - {name: refused_chain, severity: warn}
  - {name: chain_behind_the_clock, severity: warn}
*/
-- The fewest contracts that a whole chain has.
with whole(underlying, fewest) as (
    values ('SPX', 5000), ('SPY', 1000), ('NDX', 2000), ('QQQ', 1000), ('RUT', 1000), ('IWM', 500)
),

snapshots as (
    select
        snapshot_id,
        any_value(session) as session,
        any_value(underlying) as underlying,
        any_value(reading) as reading,
        any_value(source) as source,
        any_value(quote_at) as quote_at,
        any_value(quote_date) as quote_date,
        any_value(spot) as stated_spot,
        any_value(available_at) as available_at,
        any_value(observed_at) as observed_at
    from raw.option_chains
    where available_at <= coalesce(getvariable('as_of')::timestamptz, now())
    group by snapshot_id
),

totals as (
    select
        snapshot_id,
        sum(contracts)::bigint as contracts,
        sum(call_open_interest + put_open_interest) as open_interest,
        sum(contracts_with_iv) filter (not is_expired) / sum(contracts_open) filter (not is_expired) as iv_share,
        median(parity_error_pct) filter (years between 5 / 365 and 0.5) as parity_error_pct
    from staging.option_expiries
    group by snapshot_id
),

closes as (
    select
        p.session,
        p.symbol as underlying,
        p.close as underlying_close,
        p.low,
        p.high,
        lag(p.close) over (partition by p.symbol order by p.session) as previous_close
    from staging.prices as p
    where p.symbol in (select o.underlying from reference.option_roots as o)
),

-- One figure a session, so that two readings of it do not count twice.
daily as (
    select s.underlying, n.session_no, median(t.open_interest) as open_interest
    from snapshots as s
    inner join totals as t using (snapshot_id)
    inner join reference.sessions as n on s.session = n.session
    left join whole as w on s.underlying = w.underlying
    where s.reading <> 'intraday' and t.contracts >= coalesce(w.fewest, 0)
    group by s.underlying, n.session_no
),

medians as (
    select
        s.underlying,
        s.session,
        median(d.open_interest) as median_open_interest,
        count(d.open_interest) as sessions_before
    from (select distinct underlying, session from snapshots) as s
    inner join reference.sessions as n on s.session = n.session
    left join daily as d
        on s.underlying = d.underlying and d.session_no between n.session_no - 20 and n.session_no - 1
    group by s.underlying, s.session
),

measured as (
    select
        s.* exclude (available_at),
        -- The verdict needs the session's closes.
        greatest(s.available_at, n.decision_at) as available_at,
        n.session_no,
        o.session as previous_session,
        c.underlying_close,
        c.low,
        c.high,
        c.previous_close,
        coalesce(s.stated_spot, c.underlying_close) as spot,
        100 * (s.stated_spot / c.underlying_close - 1) as spot_error_pct,
        t.contracts,
        t.open_interest,
        t.iv_share,
        t.parity_error_pct,
        m.median_open_interest,
        m.sessions_before
    from snapshots as s
    inner join totals as t using (snapshot_id)
    inner join reference.sessions as n on s.session = n.session
    left join reference.sessions as o on n.session_no - 1 = o.session_no
    inner join medians as m on s.underlying = m.underlying and s.session = m.session
    left join closes as c on s.session = c.session and s.underlying = c.underlying
),

-- A snapshot whose open interest is, expiry by expiry, that of an earlier one is that one again: open interest that has
-- not settled yet, or a copy of the session before under another date.
unchanged as (
    select n.snapshot_id, any_value(o.reading || ' reading of ' || o.session) as earlier
    from measured as n
    inner join measured as o
        on n.underlying = o.underlying
        and o.reading = 'close'
        and (
            (n.reading = 'settled' and o.session = n.session)
            or (n.reading = 'close' and o.session = n.previous_session)
        )
    inner join staging.option_expiries as ne on n.snapshot_id = ne.snapshot_id
    inner join staging.option_expiries as oe
        on o.snapshot_id = oe.snapshot_id and ne.root = oe.root and ne.expiry = oe.expiry
    where not ne.is_expired
    group by n.snapshot_id, o.snapshot_id
    having
        bool_and(
            ne.call_open_interest = oe.call_open_interest and ne.put_open_interest = oe.put_open_interest
        )
),

judged as (
    select
        m.*,
        concat_ws(
            '; ',
            case when m.reading = 'intraday' then 'quoted while the session was going on' end,
            case
                when abs(m.spot_error_pct) > 0.3 and abs(m.stated_spot / m.previous_close - 1) < 0.0001
                    then 'spot is the close of the session before, ' || m.previous_session
                when abs(m.spot_error_pct) > 0.3 and m.stated_spot between m.low and m.high
                    then format('spot {:.2f} was quoted during the session: {:.2f} % from its close', m.stated_spot, m.spot_error_pct)
                when abs(m.spot_error_pct) > 0.3
                    then format('spot {:.2f} is {:.2f} % from the close', m.stated_spot, m.spot_error_pct)
            end,
            case when u.earlier is not null then 'open interest is that of the ' || u.earlier end,
            case when m.contracts < l.fewest then format('{} contracts, a whole chain has {}', m.contracts, l.fewest) end,
            case when m.iv_share < 0.85 then format('{:.0f} % of the open contracts have an implied volatility', 100 * m.iv_share) end,
            case
                when m.sessions_before >= 5 and abs(m.open_interest / m.median_open_interest - 1) > 0.3
                    then format('open interest is {:.2f} of its median', m.open_interest / m.median_open_interest)
            end,
            case when m.parity_error_pct > 0.1 then format('calls and puts disagree on the forward by {:.2f} %', m.parity_error_pct) end,
            case when m.spot is null then 'no spot and no close' end
        ) as objections,
        case when m.underlying_close is null then 'no close to confirm the spot' end as unconfirmed
    from measured as m
    left join unchanged as u using (snapshot_id)
    left join whole as l on m.underlying = l.underlying
),

ranked as (
    select
        *,
        row_number() over (
            partition by session, underlying, reading, objections = ''
            order by source like '%yahoo%' or source like '%yfinance%', quote_at desc nulls last, observed_at desc, snapshot_id
        ) as place
    from judged
),

final as (
    select
        snapshot_id,
        session,
        underlying,
        reading,
        source,
        quote_at,
        case reading when 'settled' then session else previous_session end as oi_date,
        spot,
        underlying_close,
        spot_error_pct,
        contracts,
        open_interest,
        case when sessions_before >= 5 then open_interest / median_open_interest end as oi_to_median,
        iv_share,
        parity_error_pct,
        case when objections <> '' then 'refused' when place > 1 then 'superseded' else 'used' end as verdict,
        case
            when objections <> '' then objections
            when place > 1 then 'another snapshot of the same reading is used'
            else unconfirmed
        end as reason,
        available_at
    from ranked
)

select * from final
