-- What came after each label: how volatile were the next 21 sessions, how deep did the S&P 500 fall?
--
-- One row per label. outcomes counts the sessions whose next 21 closes are known, vol_ahead_mean_pct is the
-- annualised volatility of those closes, drawdown_share says how often a drawdown beyond 5 % came. Sessions next to
-- each other share most of their outcome, so that the independent cases are nearer to windows, the number of
-- 21-session windows that fit, than to outcomes.
with labelled as (
    select l.label, o.return_ahead_pct, o.vol_ahead_pct, o.is_drawdown_ahead
    from regime.labels as l
    inner join regime.outcomes as o on l.session = o.scored_session
),

final as (
    select
        label,
        count(*) as outcomes,
        count(*) // 21 as windows,
        round(avg(vol_ahead_pct), 1) as vol_ahead_mean_pct,
        round(quantile_cont(vol_ahead_pct, 0.1), 1) as vol_ahead_q10_pct,
        round(quantile_cont(vol_ahead_pct, 0.9), 1) as vol_ahead_q90_pct,
        round(avg(return_ahead_pct), 1) as return_ahead_mean_pct,
        round(avg(is_drawdown_ahead::integer), 2) as drawdown_share
    from labelled
    group by label
)

select * from final
order by vol_ahead_mean_pct
