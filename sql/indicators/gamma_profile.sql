/*
description: >-
  One row per session, underlying, reading and spot of a grid - the dollar gamma that dealers would have if spot stood
  10 % below to 10 % above where it does, by steps of 0.25 %, under two rules for implied volatility - sticky strike,
  where each contract keeps its own, and sticky moneyness, where the smile of each expiry moves with spot. Who holds
  what is assumed, not known (sign_convention). Contracts that have expired by the close are out.
grain: [session, underlying, reading, spot_pct]
increments: {of: staging.option_readings, key: snapshot_id}
owner: team:research
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  sign_convention: {type: VARCHAR, unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  spot_pct: {type: DOUBLE, unit: "%", meaning: Spot of the grid against the snapshot's, min: 90, max: 110}
  spot_level: {type: DOUBLE, unit: price, meaning: Spot of the grid, min: 0}
  gamma_sticky_strike_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma at spot_level, implied volatility fixed by strike, to the nearest 1000 dollars"}
  gamma_sticky_moneyness_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma at spot_level, implied volatility fixed by strike / spot, to the nearest 1000 dollars"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
-- Keys are numbers within the query: the evaluations group and join on them a million times.
with readings as (
    select
        row_number() over (order by session, snapshot_id)::integer as reading_no,
        snapshot_id,
        session,
        underlying,
        reading,
        available_at
    from staging.option_readings
),

expiries as (
    select
        row_number() over (order by q.reading_no, c.root, c.expiry)::integer as expiry_no,
        q.reading_no,
        q.snapshot_id,
        c.root,
        c.expiry,
        any_value(r.multiplier) as multiplier,
        any_value(c.spot) as spot,
        ln(any_value(c.forward) / any_value(c.spot)) as carry,
        -- Total deviation at the money.
        arg_min(c.iv * sqrt(c.years), row(abs(c.strike - c.forward), c.strike, c.put_call)) as unit
    from readings as q
    inner join staging.option_chains as c on q.snapshot_id = c.snapshot_id
    inner join reference.option_roots as r on c.root = r.root
    group by q.reading_no, q.snapshot_id, c.root, c.expiry
),

contracts as materialized (
    select
        e.reading_no,
        e.expiry_no,
        e.carry,
        e.unit,
        (c.put_call = 'C') = (c.strike >= c.forward) as is_out_of_the_money,
        ln(c.strike / c.spot) as moneyness,
        c.iv * sqrt(c.years) as deviation,
        -- Dollars of index per 1 %, but for the density and for spot: they change along the grid.
        n.dealer_sign * c.open_interest * e.multiplier * c.forward * c.discount / c.spot
        * 0.01 / 1e9 / sqrt(2 * pi()) as weight
    from expiries as e
    inner join staging.option_chains as c
        on e.snapshot_id = c.snapshot_id and e.root = c.root and e.expiry = c.expiry
    inner join reference.dealer_conventions as n
        on c.put_call = n.put_call and n.sign_convention = getvariable('dealer_convention')
),

grid as (
    select step::integer as step, 90 + 0.25 * step as spot_pct, ln(0.9 + 0.0025 * step) as log_spot
    from range(81) as g(step)
),

-- With the contract's part computed once, a point of its profile is a * exp(-(i * log_spot + b)^2): d1 / sqrt(2).
constants as (
    select
        reading_no,
        weight / deviation as a,
        1 / (deviation * sqrt(2)) as i,
        ((carry - moneyness) / deviation + deviation / 2) / sqrt(2) as b
    from contracts
    where weight <> 0
),

by_strike as (
    select c.reading_no, g.step, sum(c.a * exp(-(c.i * g.log_spot + c.b) * (c.i * g.log_spot + c.b))) as gamma_bn
    from constants as c
    cross join grid as g
    group by c.reading_no, g.step
),

-- The smile of an expiry is that of its contracts out of the money, where there is one at the strike.
-- At fixed moneyness a contract's d1 is fixed too, so the density is tabulated once per expiry, at a sixteenth of its
-- deviation at the money, from 20 deviations below spot to 10 above; between nodes it is taken as straight.
one_per_strike as (
    select expiry_no, moneyness, deviation
    from contracts
    qualify row_number() over (partition by expiry_no, moneyness order by is_out_of_the_money desc) = 1
),

smile as (
    select
        expiry_no,
        moneyness,
        deviation,
        lead(moneyness) over by_moneyness as next_moneyness,
        lead(deviation, 1, deviation) over by_moneyness as next_deviation
    from one_per_strike
    window by_moneyness as (partition by expiry_no order by moneyness)
),

lowest as (
    select expiry_no, arg_min(deviation, moneyness) as deviation from smile group by expiry_no
),

nodes as (
    select e.expiry_no, e.carry, n.node::integer as node, n.node * e.unit / 16 as moneyness, l.deviation as lowest_deviation
    from expiries as e
    inner join lowest as l on e.expiry_no = l.expiry_no
    cross join range(-320, 161) as n(node)
),

-- Beyond its outermost strikes the smile is flat.
interpolated as (
    select
        n.expiry_no,
        n.node,
        n.carry - n.moneyness as log_forward_to_strike,
        coalesce(
            s.deviation
            + coalesce((n.moneyness - s.moneyness) / (s.next_moneyness - s.moneyness), 0) * (s.next_deviation - s.deviation),
            n.lowest_deviation
        ) as deviation
    from nodes as n
    asof left join smile as s on n.expiry_no = s.expiry_no and n.moneyness >= s.moneyness
),

densities as (
    select
        expiry_no * 1000 + node as place_no,
        exp(-0.5 * (log_forward_to_strike / deviation + deviation / 2) ^ 2) / deviation as density
    from interpolated
),

table_of_densities as (
    select place_no, density, lead(density) over (order by place_no) - density as slope from densities
),

strikes as (
    select
        reading_no,
        expiry_no,
        expiry_no * 1000 + moneyness * 16 / unit as place,
        16 / unit as places_per_log,
        sum(weight) as weight
    from contracts
    group by reading_no, expiry_no, moneyness, unit
    having sum(weight) <> 0
),

places as (
    select
        s.reading_no,
        g.step,
        s.weight,
        s.place - g.log_spot * s.places_per_log as place,
        floor(s.place - g.log_spot * s.places_per_log)::integer as place_no
    from strikes as s
    cross join grid as g
    where abs(s.place - g.log_spot * s.places_per_log - s.expiry_no * 1000 + 80) < 240
),

by_moneyness as (
    select p.reading_no, p.step, sum(p.weight * (d.density + (p.place - d.place_no) * d.slope)) as gamma_bn
    from places as p
    inner join table_of_densities as d on p.place_no = d.place_no
    group by p.reading_no, p.step
),

spots as (
    select reading_no, any_value(spot) as spot from expiries group by reading_no
),

final as (
    select
        q.snapshot_id,
        q.session,
        q.underlying,
        q.reading,
        getvariable('dealer_convention')::varchar as sign_convention,
        g.spot_pct::double as spot_pct,
        round(s.spot * g.spot_pct / 100, 6) as spot_level,
        round(s.spot * g.spot_pct / 100 * coalesce(k.gamma_bn, 0), 6) as gamma_sticky_strike_bn,
        round(s.spot * g.spot_pct / 100 * coalesce(m.gamma_bn, 0), 6) as gamma_sticky_moneyness_bn,
        q.available_at
    from readings as q
    inner join spots as s on q.reading_no = s.reading_no
    cross join grid as g
    left join by_strike as k on q.reading_no = k.reading_no and g.step = k.step
    left join by_moneyness as m on q.reading_no = m.reading_no and g.step = m.step
)

select * from final
