-- What do trend followers do in a flat week, by where the S&P 500 stands against their short-term pivot?
--
-- One row per distance of the close from the pivot. flow_mean_bn is what they are estimated to buy worldwide over
-- five flat sessions (negative sells), flow_lo_bn and flow_hi_bn are the means of its band's ends, selling_share says
-- how often it is a sale. return_next_week_pct is what the index then did: the flow is an estimate of pressure, not a
-- forecast.
with pivots as (
    select session, dist_pct, 100 * (lead(close, 5) over (order by session) / close - 1) as return_next_week_pct
    from indicators.cta_pivots
    where symbol = 'SPX' and horizon = 'st'
),

placed as (
    select
        case
            when p.dist_pct < -2 then '1 more than 2 % below'
            when p.dist_pct < 0 then '2 up to 2 % below'
            when p.dist_pct <= 2 then '3 up to 2 % above'
            else '4 more than 2 % above'
        end as distance,
        p.return_next_week_pct,
        f.flow_global_bn,
        f.flow_global_lo_bn,
        f.flow_global_hi_bn
    from pivots as p
    inner join indicators.cta_flows as f using (session)
    where p.dist_pct is not null
        and f.scenario = 'flat' and f.flow_sessions = 5 and f.flow_global_bn is not null
),

final as (
    select
        distance,
        count(*) as sessions,
        round(avg(flow_global_bn), 1) as flow_mean_bn,
        round(avg(flow_global_lo_bn), 1) as flow_lo_bn,
        round(avg(flow_global_hi_bn), 1) as flow_hi_bn,
        round(avg((flow_global_bn < 0)::integer), 2) as selling_share,
        round(avg(return_next_week_pct), 2) as return_next_week_pct
    from placed
    group by distance
)

select * from final
order by distance
