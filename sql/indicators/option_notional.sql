/*
description: >-
  One row per session with a whole S&P 500 chain - what its options (SPX and SPXW) traded, in contracts and in dollars of
  the index behind them, beside the market value of the Russell 2000. Notional is neither premium nor delta-adjusted
  (the delta is about a quarter of it). Averages need every session of their window.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  option_volume: {type: DOUBLE, unit: contracts, meaning: Contracts traded in the session, nullable: true, min: 0}
  option_volume_5d: {type: DOUBLE, unit: contracts, meaning: Mean of option_volume over 5 sessions, nullable: true, min: 0}
  option_volume_10d: {type: DOUBLE, unit: contracts, meaning: Mean of option_volume over 10 sessions, nullable: true, min: 0}
  option_volume_21d: {type: DOUBLE, unit: contracts, meaning: Mean of option_volume over 21 sessions, nullable: true, min: 0}
  zero_dte_share: {type: DOUBLE, unit: ratio, meaning: Share of option_volume in contracts that expired in the session, nullable: true, min: 0, max: 1}
  volume_to_record: {type: DOUBLE, unit: ratio, meaning: "option_volume against its highest of all sessions before; above 1 is a record of this history", nullable: true, min: 0}
  notional_usd_trn: {type: DOUBLE, unit: USD trn, meaning: Index value behind option_volume, nullable: true, min: 0}
  notional_21d_usd_trn: {type: DOUBLE, unit: USD trn, meaning: Mean of notional_usd_trn over 21 sessions, nullable: true, min: 0}
  premium_usd_bn: {type: DOUBLE, unit: USD bn, meaning: Volume at the mid of the closing quotes; NULL where the source states no volume, nullable: true, min: 0}
  r2k_cap_usd_trn: {type: DOUBLE, unit: USD trn, meaning: "Market value of the Russell 2000: that of reference.market_values moved with the index", nullable: true, min: 0}
  notional_to_r2k: {type: DOUBLE, unit: ratio, meaning: notional_usd_trn / r2k_cap_usd_trn, nullable: true, min: 0}
  notional_to_r2k_lo: {type: DOUBLE, unit: ratio, meaning: Lower end of the 80 % band of notional_to_r2k, nullable: true, min: 0}
  notional_to_r2k_hi: {type: DOUBLE, unit: ratio, meaning: Upper end of the 80 % band of notional_to_r2k, nullable: true, min: 0}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
with traded as (
    select
        r.session,
        max(r.spot) as spot,
        max(r.available_at) as available_at,
        bool_or(e.expiry = r.session) as lists_expired,
        bool_or(s.quote_at is not null or abs(s.spot_error_pct) < 0.001) as is_after_close,
        sum(coalesce(e.call_volume + e.put_volume, e.call_volume, e.put_volume)) as option_volume,
        sum(coalesce(e.call_volume + e.put_volume, e.call_volume, e.put_volume)) filter (
            e.expiry = r.session
        ) as expiring_volume,
        sum(e.premium_usd_bn::decimal(28, 12))::double as premium_usd_bn
    from staging.option_readings as r
    inner join staging.option_snapshots as s on r.snapshot_id = s.snapshot_id
    inner join staging.option_expiries as e on r.snapshot_id = e.snapshot_id
    where r.underlying = 'SPX' and r.reading = 'close'
    group by r.session
),

-- A chain holds the whole session's volume if it was quoted after the close and, since 2022-05-11 when every weekday
-- has an expiry, still lists the contracts of the day.
chains as (
    select
        session,
        spot,
        available_at,
        is_whole,
        case when is_whole then option_volume end as option_volume,
        case when is_whole then expiring_volume end as expiring_volume,
        case when is_whole then premium_usd_bn end as premium_usd_bn
    from (select *, is_after_close and (lists_expired or session < date '2022-05-11') as is_whole from traded)
),

market_values as (
    select * from reference.market_values where symbol = 'RUT'
    qualify row_number() over (order by value_date desc) = 1
),

valued as (
    select
        c.session,
        n.session_no,
        c.option_volume,
        coalesce(c.expiring_volume, 0) / nullif(c.option_volume, 0) as zero_dte_share,
        c.option_volume * 100 * c.spot / 1e12 as notional_usd_trn,
        c.premium_usd_bn,
        c.is_whole,
        m.market_value_usd_trn * p.close / m.index_level as r2k_cap_usd_trn,
        m.error_pct,
        c.available_at
    from chains as c
    inner join reference.sessions as n on c.session = n.session
    cross join market_values as m
    left join staging.prices as p on c.session = p.session and p.symbol = 'RUT'
),

averaged as (
    select
        *,
        case when count(option_volume) over w5 = 5 then avg(option_volume) over w5 end as option_volume_5d,
        case when count(option_volume) over w10 = 10 then avg(option_volume) over w10 end as option_volume_10d,
        case when count(option_volume) over w21 = 21 then avg(option_volume) over w21 end as option_volume_21d,
        case
            when count(option_volume) over w21 = 21 then avg(notional_usd_trn::decimal(28, 12)) over w21
        end as notional_21d_usd_trn,
        option_volume / nullif(
            max(option_volume) over (order by session_no rows between unbounded preceding and 1 preceding), 0
        ) as volume_to_record
    from valued
    window
        w5 as (order by session_no range between 4 preceding and current row),
        w10 as (order by session_no range between 9 preceding and current row),
        w21 as (order by session_no range between 20 preceding and current row)
),

final as (
    select
        session,
        option_volume,
        option_volume_5d,
        option_volume_10d,
        option_volume_21d,
        zero_dte_share,
        volume_to_record,
        notional_usd_trn,
        notional_21d_usd_trn,
        premium_usd_bn,
        r2k_cap_usd_trn,
        notional_usd_trn / r2k_cap_usd_trn as notional_to_r2k,
        notional_usd_trn / (r2k_cap_usd_trn * (1 + error_pct / 100)) as notional_to_r2k_lo,
        notional_usd_trn / (r2k_cap_usd_trn * (1 - error_pct / 100)) as notional_to_r2k_hi,
        'B' as grade,
        nullif(
            concat_ws(
                ', ',
                case when not is_whole then 'volume of the whole session' end,
                case when is_whole and option_volume is null then 'volume of the chain' end,
                case when option_volume_21d is null then '21 sessions of volume' end,
                case when r2k_cap_usd_trn is null then 'RUT' end
            ),
            ''
        ) as inputs_missing,
        available_at
    from averaged
)

select * from final
