-- Does the S&P 500 travel less in the week after dealers' gamma was high?
--
-- One row per third of the sessions, from the lowest gamma to the highest; range_next_week_pct is the mean daily
-- range, (high - low) / previous close, of the five sessions after. Compare it with range_pct of the five sessions
-- before: where the two move together, gamma says little that the range itself did not. Gamma is grade D, and weeks
-- overlap: with fewer than a few hundred sessions a difference between thirds is an anecdote.
with ranges as (
    select session, range_5d_pct as range_pct, lead(range_5d_pct, 5) over (order by session) as range_next_week_pct
    from indicators.trading_range
    where symbol = 'SPX'
),

thirds as (
    select
        g.gex_sm_equiv_bn,
        r.range_pct,
        r.range_next_week_pct,
        ntile(3) over (order by g.gex_sm_equiv_bn, g.session) as gamma_third
    from indicators.dealer_gamma as g
    inner join ranges as r using (session)
    where g.underlying = 'SPX' and g.reading = 'close' and g.gex_sm_equiv_bn is not null
        and r.range_next_week_pct is not null
),

final as (
    select
        gamma_third,
        count(*) as sessions,
        round(min(gex_sm_equiv_bn), 2) as gamma_min_bn,
        round(max(gex_sm_equiv_bn), 2) as gamma_max_bn,
        round(avg(range_pct), 2) as range_pct,
        round(avg(range_next_week_pct), 2) as range_next_week_pct
    from thirds
    group by gamma_third
)

select * from final
order by gamma_third
