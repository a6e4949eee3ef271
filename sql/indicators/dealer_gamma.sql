/*
description: >-
  One row per session, underlying and reading - dealers' net dollar gamma under a stated assumption on who holds what,
  its profile's zero, and for the S&P 500 the same on the scale on which desks publish it, with the band in which a
  desk's own figure lies and the probability that it is negative. SPX+SPY adds both chains on the index's scale. Public
  open interest does not say who holds a contract - on 2025-11-21 a desk published -2 and SqueezeMetrics +3 - so the
  level and the sign are grade D and the band is the message; use gex_ratio and ranks over time.
grain: [session, underlying, reading]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  underlying: {type: VARCHAR, unit: name, meaning: "Instrument that the option is on; SPX+SPY for both together where a table says so"}
  reading: {type: VARCHAR, unit: name, meaning: "When the chain was quoted: close is after the close, with the open interest of the session before; settled is before the next opening, with the session's own; intraday is in between and not used", allowed: [close, settled, intraday]}
  sign_convention: {type: VARCHAR, unit: name, meaning: "What dealers are assumed to hold (reference.dealer_conventions)"}
  oi_date: {type: DATE, unit: date, meaning: "Session whose open interest the chain shows: its own once settled, else the session before", nullable: true}
  spot: {type: DOUBLE, unit: price, meaning: "Price of the underlying that belongs to the quotes", nullable: true}
  gex_naive_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma over all expiries after the session; 12 to 20 times the scale that desks publish"}
  gex_ge5_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma over expiries at least 5 calendar days away, the steadier series"}
  gex_gross_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of all open contracts, without regard to who holds them", min: 0}
  gex_ratio: {type: DOUBLE, unit: ratio, meaning: gex_naive_bn / gex_gross_bn, nullable: true, min: -1, max: 1}
  gex_0dte_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Part of gex_naive_bn that expires in the next session"}
  call_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open calls, without regard to who holds them", min: 0}
  put_gamma_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dollar gamma of the open puts, without regard to who holds them", min: 0}
  net_vanna_bn: {type: DOUBLE, unit: USD bn per volatility point, meaning: "Change of dealers' net delta if every implied volatility rises by one percentage point"}
  net_charm_bn: {type: DOUBLE, unit: USD bn per day, meaning: "Change of dealers' net delta over one calendar day, spot and implied volatility unchanged"}
  call_wall: {type: DOUBLE, unit: price, meaning: Strike with the most dollar gamma of calls; NULL for SPX+SPY, nullable: true}
  put_wall: {type: DOUBLE, unit: price, meaning: Strike with the most dollar gamma of puts; NULL for SPX+SPY, nullable: true}
  flip_level: {type: DOUBLE, unit: price, meaning: "Spot nearest to today's at which the profile is zero, implied volatility fixed by strike; NULL where there is none within 10 %", nullable: true}
  flip_level_moneyness: {type: DOUBLE, unit: price, meaning: "Spot nearest to today's at which the profile is zero, implied volatility fixed by strike / spot; NULL where there is none within 10 %", nullable: true}
  flip_reason: {type: VARCHAR, unit: text, meaning: Why there is no flip_level; NULL where there is one, nullable: true}
  dist_to_flip_pct: {type: DOUBLE, unit: "%", meaning: Spot against flip_level, nullable: true}
  sm_gex_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Comparator: SqueezeMetrics' gamma exposure for the session; not an input of its own session", nullable: true}
  intercept_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: Desk-scale gamma at gex_ge5_bn of zero, nullable: true}
  gex_sm_equiv_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma on a desk's scale: slope times gex_ge5_bn plus intercept_bn; for SPX under the convention that the calibration was fitted with", nullable: true}
  gex_desk_lo_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: Lower end of the 80 % band of a desk's own figure, nullable: true}
  gex_desk_hi_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: Upper end of the 80 % band of a desk's own figure, nullable: true}
  p_negative: {type: DOUBLE, unit: probability, meaning: Probability that a desk's own figure is negative, nullable: true, min: 0, max: 1}
  es_contracts_per_1pct: {type: DOUBLE, unit: contracts, meaning: "E-mini S&P 500 futures that dealers trade per 1 % move: gex_sm_equiv_bn in contracts of 50 dollars a point; negative sells weakness", nullable: true}
  contracts_open: {type: BIGINT, unit: count, meaning: Contracts with open interest, min: 0}
  contracts_dropped: {type: BIGINT, unit: count, meaning: Contracts with open interest that were left out for want of an implied volatility, min: 0}
  iv_fill_share: {type: DOUBLE, unit: ratio, meaning: "Share of contracts_open whose implied volatility is not the vendor's", nullable: true, min: 0, max: 1}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: gex_desk_hi_bn, column_B: gex_desk_lo_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with readings as (
    select snapshot_id, session, underlying, reading, oi_date, spot, available_at
    from staging.option_readings
),

-- The two chains on the S&P 500 have dollars of the same index in them, so that their gammas add.
parts as (
    select *, underlying as part_of from readings
    union all
    select i.*, 'SPX+SPY' as part_of
    from readings as i
    where
        i.underlying in ('SPX', 'SPY')
        and (i.session, i.reading) in (select (o.session, o.reading) from readings as o where o.underlying = 'SPX')
        and (i.session, i.reading) in (select (o.session, o.reading) from readings as o where o.underlying = 'SPY')
),

whole as (
    select
        session,
        part_of as underlying,
        reading,
        max(oi_date) as oi_date,
        max(spot) filter (underlying = 'SPX' or underlying = part_of) as spot,
        max(available_at) as available_at
    from parts
    group by session, part_of, reading
),

open_contracts as (
    select
        snapshot_id,
        sum(contracts_open) as contracts_open,
        bool_or(rate is null) as is_without_rate,
        count(*) filter (forward is null) as without_forward
    from staging.option_expiries
    where not is_expired
    group by snapshot_id
),

summed as (
    select
        p.session,
        p.part_of as underlying,
        p.reading,
        any_value(e.sign_convention) as sign_convention,
        round(sum(e.net_gamma_bn), 6) + 0 as gex_naive_bn,
        round(coalesce(sum(e.net_gamma_bn) filter (e.days_to_expiry >= 5), 0), 6) + 0 as gex_ge5_bn,
        round(coalesce(sum(e.net_gamma_bn) filter (e.expiry_bucket = '0DTE'), 0), 6) + 0 as gex_0dte_bn,
        round(sum(e.call_gamma_bn), 6) + 0 as call_gamma_bn,
        round(sum(e.put_gamma_bn), 6) + 0 as put_gamma_bn,
        round(sum(e.net_vanna_bn), 6) + 0 as net_vanna_bn,
        round(sum(e.net_charm_bn), 6) + 0 as net_charm_bn,
        sum(e.contracts_open) as contracts_valued,
        sum(e.contracts_filled) as contracts_filled
    from parts as p
    inner join indicators.gamma_by_expiry as e on p.snapshot_id = e.snapshot_id
    group by p.session, p.part_of, p.reading
),

counted as (
    select
        p.session,
        p.part_of as underlying,
        p.reading,
        sum(o.contracts_open) as contracts_open,
        bool_or(o.is_without_rate) as is_without_rate,
        sum(o.without_forward) as without_forward
    from parts as p
    inner join open_contracts as o on p.snapshot_id = o.snapshot_id
    group by p.session, p.part_of, p.reading
),

walls as (
    select
        session,
        underlying,
        reading,
        arg_max(strike, row(call_gamma_bn, -strike)) as call_wall,
        arg_max(strike, row(put_gamma_bn, strike)) as put_wall
    from indicators.gamma_by_strike
    group by session, underlying, reading
),

profiles as (
    select
        p.session,
        p.part_of as underlying,
        p.reading,
        g.spot_pct,
        round(sum(g.gamma_sticky_strike_bn), 6) as by_strike,
        round(sum(g.gamma_sticky_moneyness_bn), 6) as by_moneyness
    from parts as p
    inner join indicators.gamma_profile as g on p.snapshot_id = g.snapshot_id
    group by p.session, p.part_of, p.reading, g.spot_pct
),

points as (
    select session, underlying, reading, 'strike' as rule, spot_pct, by_strike as gamma_bn from profiles
    union all
    select session, underlying, reading, 'moneyness' as rule, spot_pct, by_moneyness as gamma_bn from profiles
),

-- A zero is where the sign changes between two spots of the grid, not where the profile has faded out.
steps as (
    select
        session,
        underlying,
        reading,
        rule,
        spot_pct,
        gamma_bn,
        lag(spot_pct) over grid as previous_pct,
        lag(gamma_bn) over grid as previous_bn
    from points
    where gamma_bn <> 0
    window grid as (partition by session, underlying, reading, rule order by spot_pct)
),

roots as (
    select
        session,
        underlying,
        reading,
        rule,
        spot_pct - gamma_bn * (spot_pct - previous_pct) / (gamma_bn - previous_bn) as root_pct
    from steps
    where gamma_bn * previous_bn < 0
),

flips as (
    select
        session,
        underlying,
        reading,
        arg_min(root_pct, row(abs(root_pct - 100), root_pct)) filter (rule = 'strike') / 100 as flip,
        arg_min(root_pct, row(abs(root_pct - 100), root_pct)) filter (rule = 'moneyness') / 100 as flip_moneyness
    from roots
    group by session, underlying, reading
),

sides as (
    select session, underlying, reading, max(by_strike) as highest, min(by_strike) as lowest
    from profiles
    group by session, underlying, reading
),

calibration as (
    select * from reference.gamma_calibration
    where sign_convention = getvariable('dealer_convention')
    qualify row_number() over (order by method_version desc) = 1
),

comparator as (
    select series_date as session, series_value / 1e9 as sm_gex_bn
    from staging.series
    where series_id = 'SQUEEZEMETRICS_GEX'
),

-- The intercept follows the comparator over the sessions before, never the session's own figure.
differences as (
    select n.session_no, c.sm_gex_bn - k.slope * s.gex_ge5_bn as difference_bn, k.intercept_sessions
    from summed as s
    inner join comparator as c on s.session = c.session
    inner join reference.sessions as n on s.session = n.session
    cross join calibration as k
    where s.underlying = 'SPX' and s.reading = 'close'
),

intercepts as (
    select n.session, avg(d.difference_bn::decimal(28, 12)) as intercept_bn
    from reference.sessions as n
    inner join differences as d on d.session_no between n.session_no - d.intercept_sessions and n.session_no - 1
    where n.session in (select s.session from summed as s)
    group by n.session
    having count(*) >= 20
),

estimated as (
    select
        w.*,
        s.* exclude (session, underlying, reading),
        o.contracts_open,
        o.is_without_rate,
        o.without_forward,
        l.call_wall,
        l.put_wall,
        f.flip * w.spot as flip_level,
        f.flip_moneyness * w.spot as flip_level_moneyness,
        d.highest,
        d.lowest,
        case when w.underlying = 'SPX' then c.sm_gex_bn end as sm_gex_bn,
        case when w.underlying = 'SPX' then coalesce(i.intercept_bn, k.default_intercept_bn) end as intercept_bn,
        k.slope,
        k.desk_sigma_bn,
        k.method_version,
        case when w.underlying = 'SPX' then k.slope * s.gex_ge5_bn + coalesce(i.intercept_bn, k.default_intercept_bn) end as gex_sm_equiv_bn
    from whole as w
    inner join summed as s on w.session = s.session and w.underlying = s.underlying and w.reading = s.reading
    inner join counted as o on w.session = o.session and w.underlying = o.underlying and w.reading = o.reading
    left join walls as l on w.session = l.session and w.underlying = l.underlying and w.reading = l.reading
    left join flips as f on w.session = f.session and w.underlying = f.underlying and w.reading = f.reading
    left join sides as d on w.session = d.session and w.underlying = d.underlying and w.reading = d.reading
    left join comparator as c on w.session = c.session
    left join intercepts as i on w.session = i.session
    left join calibration as k on true
),

-- The normal distribution function by formula 26.2.17 of Abramowitz and Stegun (1964), good to 1e-7.
scored as (
    select
        *,
        abs(gex_sm_equiv_bn) / desk_sigma_bn as z,
        1 / (1 + 0.2316419 * abs(gex_sm_equiv_bn) / desk_sigma_bn) as t
    from estimated
),

tailed as (
    select
        *,
        exp(-0.5 * z * z) / sqrt(2 * pi())
        * (t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))) as tail
    from scored
),

final as (
    select
        session,
        underlying,
        reading,
        sign_convention,
        oi_date,
        spot,
        gex_naive_bn,
        gex_ge5_bn,
        call_gamma_bn + put_gamma_bn as gex_gross_bn,
        case
            when call_gamma_bn + put_gamma_bn > 0
                then greatest(least(gex_naive_bn / (call_gamma_bn + put_gamma_bn), 1), -1)
        end as gex_ratio,
        gex_0dte_bn,
        call_gamma_bn,
        put_gamma_bn,
        net_vanna_bn,
        net_charm_bn,
        call_wall,
        put_wall,
        flip_level,
        flip_level_moneyness,
        case
            when flip_level is null and highest > 0 then 'positive from 10 % below to 10 % above spot'
            when flip_level is null and lowest < 0 then 'negative from 10 % below to 10 % above spot'
            when flip_level is null then 'no open contracts'
        end as flip_reason,
        100 * (spot / flip_level - 1) as dist_to_flip_pct,
        sm_gex_bn,
        intercept_bn,
        gex_sm_equiv_bn,
        gex_sm_equiv_bn - 1.28 * desk_sigma_bn as gex_desk_lo_bn,
        gex_sm_equiv_bn + 1.28 * desk_sigma_bn as gex_desk_hi_bn,
        case when gex_sm_equiv_bn >= 0 then tail else 1 - tail end as p_negative,
        gex_sm_equiv_bn * 1e9 / (50 * spot) as es_contracts_per_1pct,
        contracts_open::bigint as contracts_open,
        (contracts_open - contracts_valued)::bigint as contracts_dropped,
        contracts_filled / nullif(contracts_valued, 0) as iv_fill_share,
        coalesce(method_version, 'none for this sign convention') as method_version,
        case when underlying = 'SPX' then 'D' else 'C' end as grade,
        nullif(
            concat_ws(
                ', ',
                case when is_without_rate then 'IRX' end,
                case when without_forward > 0 then format('forward of {} expiries', without_forward::bigint) end
            ),
            ''
        ) as inputs_missing,
        available_at
    from tailed
)

select * from final
