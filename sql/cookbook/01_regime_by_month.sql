-- How was each month: which regime, how dangerous, how far below the high?
--
-- One row per month, newest first. The labels' counts and without_label add up to sessions: a session has no label
-- before danger has its inputs. danger_mean and danger_max are NULL in months without danger; the drawdown is the
-- deepest close.
select
    date_trunc('month', session)::date as first_of_month,
    count(*) as sessions,
    count(*) filter (label = 'calm') as calm,
    count(*) filter (label = 'normal') as normal,
    count(*) filter (label = 'fragile') as fragile,
    count(*) filter (label = 'dangerous') as dangerous,
    count(*) filter (label is null) as without_label,
    round(avg(danger), 2) as danger_mean,
    round(max(danger), 2) as danger_max,
    round(min(spx_drawdown_pct), 1) as spx_drawdown_min_pct
from regime.daily
group by first_of_month
order by first_of_month desc
