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
-- At a spot of the grid a contract has, with deviation = iv * sqrt(years) and d1 at that spot,
--     spot of the grid / spot * weight * exp(-d1^2 / 2) / deviation * constants
-- dollars of gamma. That is worked out for two million pairs of contract and spot per chain: keys are numbers, and
-- what belongs to the contract alone is worked out before.
with readings as (
    select
        row_number() over (order by session, snapshot_id)::integer as reading_no,
        snapshot_id,
        session,
        underlying,
        reading,
        spot,
        available_at
    from staging.option_readings
),

contracts as (
    select
        q.reading_no,
        c.root,
        c.expiry,
        c.strike,
        c.put_call,
        c.spot,
        c.forward,
        c.iv * sqrt(c.years) as deviation,
        n.dealer_sign * c.open_interest * r.multiplier * c.forward * c.discount as weight
    from readings as q
    inner join staging.option_chains as c on q.snapshot_id = c.snapshot_id
    inner join reference.option_roots as r on c.root = r.root
    inner join reference.dealer_conventions as n
        on c.put_call = n.put_call and n.sign_convention = getvariable('dealer_convention')
),

-- Call and put side by side: half the rows to pair with the grid.
strikes as (
    select
        reading_no,
        root,
        expiry,
        strike,
        any_value(forward) as forward,
        ln(any_value(forward) / any_value(spot)) as carry,
        ln(strike / any_value(spot)) as moneyness,
        any_value(deviation) filter (put_call = 'C') as call_deviation,
        any_value(deviation) filter (put_call = 'P') as put_deviation,
        any_value(deviation) filter ((put_call = 'C') = (strike >= forward)) as outer_deviation,
        coalesce(sum(weight) filter (put_call = 'C'), 0) as call_weight,
        coalesce(sum(weight) filter (put_call = 'P'), 0) as put_weight
    from contracts
    group by reading_no, root, expiry, strike
),

-- The smile of an expiry is that of its contracts out of the money, where there is one at the strike.
both_sides as (
    select
        * exclude (call_deviation, put_deviation, outer_deviation),
        coalesce(outer_deviation, call_deviation, put_deviation) as deviation,
        coalesce(call_deviation, put_deviation) as call_deviation,
        coalesce(put_deviation, call_deviation) as put_deviation
    from strikes
),

-- Along the grid d1 / sqrt(2) of a contract is i * log_spot + b.
expiries as (
    select
        reading_no,
        root,
        expiry,
        any_value(carry) as carry,
        -- Six deviations at the money.
        6 * arg_min(deviation, row(abs(strike - forward), strike)) as scale,
        list({'moneyness': moneyness, 'deviation': deviation} order by strike) as smile,
        list(
            {
                'moneyness': moneyness,
                'weight': call_weight + put_weight,
                'call_a': call_weight / call_deviation,
                'call_i': 1 / (call_deviation * sqrt(2)),
                'call_b': ((carry - moneyness) / call_deviation + call_deviation / 2) / sqrt(2),
                'put_a': put_weight / put_deviation,
                'put_i': 1 / (put_deviation * sqrt(2)),
                'put_b': ((carry - moneyness) / put_deviation + put_deviation / 2) / sqrt(2)
            }
        ) as positions
    from both_sides
    group by reading_no, root, expiry
),

-- At fixed moneyness d1 does not change with spot, so exp(-d1^2 / 2) / deviation is tabulated once per expiry, at
-- nodes -383 to 383: node = 384 * moneyness / (abs(moneyness) + scale). Near the money they are a 64th of the deviation
-- apart, and further the further out, where deviations are larger. First the nodes from each strike to the next.
intervals as (
    select reading_no, root, expiry, carry, scale, positions, smile[n] as lower, smile[n + 1] as upper
    from (select *, unnest(range(len(smile) + 1)) as n from expiries)
),

nodes as (
    select
        *,
        unnest(
            range(
                coalesce(ceil(384 * lower.moneyness / (abs(lower.moneyness) + scale)), -383)::bigint,
                coalesce(ceil(384 * upper.moneyness / (abs(upper.moneyness) + scale)), 384)::bigint
            )
        ) as node
    from intervals
),

placed as (
    select *, node * scale / (384 - abs(node)) as moneyness from nodes
),

-- Straight between strikes; flat beyond the outermost, where lower or upper is missing.
interpolated as (
    select
        *,
        coalesce(
            lower.deviation
            + (moneyness - lower.moneyness) / (upper.moneyness - lower.moneyness) * (upper.deviation - lower.deviation),
            lower.deviation,
            upper.deviation
        ) as deviation
    from placed
),

standardised as (
    select *, (carry - moneyness) / deviation + deviation / 2 as d1 from interpolated
),

-- The row of node 0, which every expiry has, brings the positions along: joined with them instead, a chain would be
-- worked out by one thread.
tables as (
    select
        reading_no,
        any_value(scale) as scale,
        list(exp(-d1 * d1 / 2) / deviation order by node) as densities,
        list(positions) filter (node = 0) as positions
    from standardised
    group by reading_no, root, expiry
),

grid as (
    select step::integer as step, ln(0.9 + 0.0025 * step) as log_spot
    from range(81) as g(step)
),

pairs as (
    select t.reading_no, t.scale, t.densities, g.step, g.log_spot, unnest(t.positions[1]) as p
    from tables as t
    cross join grid as g
),

points as (
    select
        reading_no,
        step,
        densities,
        p.weight as weight,
        p.call_a * exp(-(p.call_i * log_spot + p.call_b) * (p.call_i * log_spot + p.call_b))
        + p.put_a * exp(-(p.put_i * log_spot + p.put_b) * (p.put_i * log_spot + p.put_b)) as by_strike,
        -- In densities, whose first is that of node -383.
        384 + 384 * (p.moneyness - log_spot) / (abs(p.moneyness - log_spot) + scale) as place
    from pairs
),

looked_up as (
    select *, floor(place)::bigint as n from points
),

-- Straight between nodes; beyond the outermost nothing is left.
profiles as (
    select
        reading_no,
        step,
        sum(by_strike) as by_strike,
        sum(weight * (densities[n] + (place - n) * (densities[n + 1] - densities[n]))) as by_moneyness
    from looked_up
    group by reading_no, step
),

levels as (
    select *, 90 + 0.25 * step::double as spot_pct, (90 + 0.25 * step) / 100 * 0.01 / 1e9 / sqrt(2 * pi()) as unit_bn
    from profiles
),

final as (
    select
        q.snapshot_id,
        q.session,
        q.underlying,
        q.reading,
        getvariable('dealer_convention')::varchar as sign_convention,
        p.spot_pct,
        round(q.spot * p.spot_pct / 100, 6) as spot_level,
        round(p.unit_bn * p.by_strike, 6) as gamma_sticky_strike_bn,
        round(p.unit_bn * coalesce(p.by_moneyness, 0), 6) as gamma_sticky_moneyness_bn,
        q.available_at
    from readings as q
    inner join levels as p on q.reading_no = p.reading_no
)

select * from final
