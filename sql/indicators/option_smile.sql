/*
description: >-
  One row per session, underlying and reading - the option smile at 30 calendar days - implied volatility at the money
  and of the put and the call with a delta of a quarter, the skew between these two, and what the quotes near the money
  cost. Only contracts out of the money with quotes on both sides, a volatility of their own and a forward from put-call
  parity count. A source that uses another forward states the volatility of calls too high where it states that of puts
  too low; the gap between call and put at the same strikes takes that out. Each expiry's volatilities are interpolated
  in delta between neighbouring strikes that lie at most 0.1 apart, those of 30 days in total variance between the last
  expiry within 30 days (at least 7 away) and the first beyond (at most 70 away); nothing is extrapolated. The bands are
  what the quotes leave open, about as much as the skews of neighbouring expiries scatter; from one day to the next the
  skew moves two to five times as far.
grain: [session, underlying, reading]
increments: {of: staging.option_readings, key: snapshot_id}
owner: team:research
columns:
  snapshot_id: {type: VARCHAR, unit: name, meaning: "Underlying, quote time, source and content of a chain snapshot"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  atm_iv_30d: {type: DOUBLE, unit: fraction per year, meaning: "Implied volatility at 30 days at the strike where call and put have the same delta, close to the forward", nullable: true, min: 0}
  atm_iv_30d_lo: {type: DOUBLE, unit: fraction per year, meaning: "Lower end of the 80 % band of atm_iv_30d: the volatility that was bid", nullable: true, min: 0}
  atm_iv_30d_hi: {type: DOUBLE, unit: fraction per year, meaning: "Upper end of the 80 % band of atm_iv_30d: the volatility that was asked", nullable: true, min: 0}
  put_25d_iv_30d: {type: DOUBLE, unit: fraction per year, meaning: Implied volatility at 30 days of the put with a delta of -0.25, nullable: true, min: 0}
  call_25d_iv_30d: {type: DOUBLE, unit: fraction per year, meaning: Implied volatility at 30 days of the call with a delta of 0.25, nullable: true, min: 0}
  skew_30d: {type: DOUBLE, unit: ratio, meaning: (put_25d_iv_30d - call_25d_iv_30d) / atm_iv_30d, nullable: true}
  skew_30d_lo: {type: DOUBLE, unit: ratio, meaning: "Lower end of the 80 % band of skew_30d: the put's volatility as bid, the call's as asked", nullable: true}
  skew_30d_hi: {type: DOUBLE, unit: ratio, meaning: "Upper end of the 80 % band of skew_30d: the put's volatility as asked, the call's as bid", nullable: true}
  half_spread_30d_pct: {type: DOUBLE, unit: "%", meaning: "Median of (ask - bid) / 2 / mid over the quoted contracts of the two expiries with strikes within 2 % of the forward; half of what some call by that name", nullable: true, min: 0}
  half_spread_30d_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower end of the band of half_spread_30d_pct that holds 80 % of the contracts: their 10th percentile", nullable: true, min: 0}
  half_spread_30d_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper end of the band of half_spread_30d_pct that holds 80 % of the contracts: their 90th percentile", nullable: true, min: 0}
  near_expiry: {type: DATE, unit: date, meaning: Last usable expiry 7 to 30 days away, nullable: true}
  next_expiry: {type: DATE, unit: date, meaning: First usable expiry 30 to 70 days away, nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: skew_30d_hi, column_B: skew_30d_lo, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: atm_iv_30d_hi, column_B: atm_iv_30d_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with readings as (
    select snapshot_id, session, underlying, reading, available_at from staging.option_readings
),

-- Vega, per unit of volatility, is spot^2 * volatility * years * gamma.
quoted as (
    select
        c.snapshot_id,
        c.root,
        c.expiry,
        c.years,
        c.put_call,
        c.strike,
        c.forward,
        c.bid,
        c.ask,
        c.iv,
        c.iv_source,
        c.delta,
        c.vanna,
        c.spot * c.spot * c.iv * c.years * c.gamma as vega
    from readings as q
    inner join staging.option_chains as c on q.snapshot_id = c.snapshot_id
    where
        c.years between 7 / 365 and 70 / 365
        and c.forward_source = 'parity'
        and c.bid > 0
        and c.ask >= c.bid
),

contracts as (
    select * from quoted where iv_source <> 'interpolated' and vega > 0
),

-- By put-call parity call and put have one volatility at one strike. A source whose forward is too low by some amount
-- states that of the call too high by amount * delta of the call / vega and that of the put too low likewise, so that
-- put less call times vega is minus the amount.
gaps as (
    select c.snapshot_id, c.root, c.expiry, median((p.iv - c.iv) * (p.vega + c.vega) / 2) as forward_gap
    from contracts as c
    inner join contracts as p
        on c.snapshot_id = p.snapshot_id and c.root = p.root and c.expiry = p.expiry and c.strike = p.strike
    where c.put_call = 'C' and p.put_call = 'P' and c.delta between 0.3 and 0.7
    group by c.snapshot_id, c.root, c.expiry
),

corrected as (
    select
        c.snapshot_id,
        c.root,
        c.expiry,
        c.years,
        c.put_call,
        c.strike,
        c.forward,
        c.iv,
        c.delta,
        c.vanna,
        c.iv + c.delta * g.forward_gap / c.vega as fair_iv,
        (c.ask - c.bid) / 2 / c.vega as half_spread_iv
    from contracts as c
    inner join gaps as g on c.snapshot_id = g.snapshot_id and c.root = g.root and c.expiry = g.expiry
),

-- The contracts out of the money on one axis, the delta that a call at the strike has.
smiles as (
    select
        snapshot_id,
        root,
        expiry,
        years,
        strike,
        fair_iv,
        half_spread_iv,
        delta + vanna * (fair_iv - iv) + case put_call when 'P' then 1 else 0 end as call_delta
    from corrected
    where fair_iv > 0 and case put_call when 'C' then strike >= forward else strike < forward end
),

points(point, target_delta) as (
    values ('put_25d', 0.75), ('atm', 0.5), ('call_25d', 0.25)
),

neighbours as (
    select
        s.snapshot_id,
        s.root,
        s.expiry,
        s.years,
        p.point,
        p.target_delta,
        max(s.call_delta) filter (s.call_delta <= p.target_delta) as delta_below,
        min(s.call_delta) filter (s.call_delta > p.target_delta) as delta_above,
        arg_max(s.fair_iv, row(s.call_delta, s.strike)) filter (s.call_delta <= p.target_delta) as iv_below,
        arg_min(s.fair_iv, row(s.call_delta, s.strike)) filter (s.call_delta > p.target_delta) as iv_above,
        arg_max(s.half_spread_iv, row(s.call_delta, s.strike)) filter (s.call_delta <= p.target_delta) as spread_below,
        arg_min(s.half_spread_iv, row(s.call_delta, s.strike)) filter (s.call_delta > p.target_delta) as spread_above
    from smiles as s
    inner join points as p on s.call_delta between p.target_delta - 0.1 and p.target_delta + 0.1
    group by s.snapshot_id, s.root, s.expiry, s.years, p.point, p.target_delta
),

placed as (
    select *, (target_delta - delta_below) / (delta_above - delta_below) as part
    from neighbours
    -- Strikes whose deltas lie further apart do not say what is between them.
    where delta_above - delta_below <= 0.1
),

interpolated as (
    select
        snapshot_id,
        root,
        expiry,
        years,
        point,
        iv_below + part * (iv_above - iv_below) as iv,
        spread_below + part * (spread_above - spread_below) as half_spread_iv
    from placed
),

whole as (
    select snapshot_id, root, expiry, years, years <= 30 / 365 as is_near
    from interpolated
    group by snapshot_id, root, expiry, years
    having count(*) = 3
),

bracketing as (
    select * from whole
    qualify row_number() over (partition by snapshot_id, is_near order by abs(years - 30 / 365), root) = 1
),

brackets as (
    select
        a.snapshot_id,
        a.root as near_root,
        a.expiry as near_expiry,
        b.root as next_root,
        b.expiry as next_expiry,
        (30 / 365 - a.years) / (b.years - a.years) as part
    from bracketing as a
    inner join bracketing as b on a.snapshot_id = b.snapshot_id
    where a.is_near and not b.is_near
),

-- Total variance, volatility squared times years, is linear in time; the ends of the band likewise.
at_30_days as (
    select
        t.snapshot_id,
        a.point,
        sqrt(((1 - t.part) * a.years * a.iv ^ 2 + t.part * b.years * b.iv ^ 2) / (30 / 365)) as iv,
        sqrt(
            (
                (1 - t.part) * a.years * greatest(a.iv - a.half_spread_iv, 0) ^ 2
                + t.part * b.years * greatest(b.iv - b.half_spread_iv, 0) ^ 2
            ) / (30 / 365)
        ) as iv_bid,
        sqrt(
            (
                (1 - t.part) * a.years * (a.iv + a.half_spread_iv) ^ 2
                + t.part * b.years * (b.iv + b.half_spread_iv) ^ 2
            ) / (30 / 365)
        ) as iv_asked
    from brackets as t
    inner join interpolated as a
        on t.snapshot_id = a.snapshot_id and t.near_root = a.root and t.near_expiry = a.expiry
    inner join interpolated as b
        on t.snapshot_id = b.snapshot_id and t.next_root = b.root and t.next_expiry = b.expiry and a.point = b.point
),

volatilities as (
    select
        snapshot_id,
        max(iv) filter (point = 'atm') as atm_iv,
        max(iv_bid) filter (point = 'atm') as atm_iv_bid,
        max(iv_asked) filter (point = 'atm') as atm_iv_asked,
        max(iv) filter (point = 'put_25d') as put_iv,
        max(iv_bid) filter (point = 'put_25d') as put_iv_bid,
        max(iv_asked) filter (point = 'put_25d') as put_iv_asked,
        max(iv) filter (point = 'call_25d') as call_iv,
        max(iv_bid) filter (point = 'call_25d') as call_iv_bid,
        max(iv_asked) filter (point = 'call_25d') as call_iv_asked
    from at_30_days
    group by snapshot_id
),

spreads as (
    select
        t.snapshot_id,
        median(100 * (c.ask - c.bid) / (c.ask + c.bid)) as half_spread_pct,
        quantile_cont(100 * (c.ask - c.bid) / (c.ask + c.bid), 0.1) as half_spread_lo_pct,
        quantile_cont(100 * (c.ask - c.bid) / (c.ask + c.bid), 0.9) as half_spread_hi_pct
    from brackets as t
    inner join quoted as c
        on t.snapshot_id = c.snapshot_id
        and (
            (t.near_root = c.root and t.near_expiry = c.expiry)
            or (t.next_root = c.root and t.next_expiry = c.expiry)
        )
    where abs(c.strike / c.forward - 1) <= 0.02
    group by t.snapshot_id
),

usable as (
    select snapshot_id, bool_or(is_near) as has_near, bool_or(not is_near) as has_next
    from whole
    group by snapshot_id
),

final as (
    select
        q.snapshot_id,
        q.session,
        q.underlying,
        q.reading,
        v.atm_iv as atm_iv_30d,
        v.atm_iv_bid as atm_iv_30d_lo,
        v.atm_iv_asked as atm_iv_30d_hi,
        v.put_iv as put_25d_iv_30d,
        v.call_iv as call_25d_iv_30d,
        (v.put_iv - v.call_iv) / v.atm_iv as skew_30d,
        (v.put_iv_bid - v.call_iv_asked) / v.atm_iv as skew_30d_lo,
        (v.put_iv_asked - v.call_iv_bid) / v.atm_iv as skew_30d_hi,
        h.half_spread_pct as half_spread_30d_pct,
        h.half_spread_lo_pct as half_spread_30d_lo_pct,
        h.half_spread_hi_pct as half_spread_30d_hi_pct,
        t.near_expiry,
        t.next_expiry,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when u.has_near is not true then 'quoted smile 7 to 30 days away' end,
                case when u.has_next is not true then 'quoted smile 30 to 70 days away' end,
                case when t.near_expiry is not null and h.half_spread_pct is null then 'quotes within 2 % of the forward' end
            ),
            ''
        ) as inputs_missing,
        q.available_at
    from readings as q
    left join usable as u on q.snapshot_id = u.snapshot_id
    left join brackets as t on q.snapshot_id = t.snapshot_id
    left join volatilities as v on q.snapshot_id = v.snapshot_id
    left join spreads as h on q.snapshot_id = h.snapshot_id
)

select * from final
