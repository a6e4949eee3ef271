-- When was the market last like it is now, and what came of it?
--
-- One row per past session, at most one per month: the ten nearest to like_session, the newest one with danger.
-- distance is the mean difference of the sub-scores (0 the same, 1 the opposite) over those that both sessions have,
-- which sub_scores counts; two thirds of today's must be there. The outcomes are of the 21 sessions after. Ten cases,
-- chosen for likeness, describe and do not prove.
with today as (
    select session, sub_score, score
    from regime.sub_scores
    where score is not null and session = (select max(session) from regime.daily where danger is not null)
),

distances as (
    select p.session, count(*) as sub_scores, avg(abs(p.score - today.score)) as distance
    from regime.sub_scores as p
    inner join today on p.sub_score = today.sub_score and p.session < today.session
    where p.score is not null
    group by p.session
    having count(*) >= 2 / 3 * (select count(*) from today)
),

-- Only of past sessions is the outcome known.
known as (
    select
        d.session,
        d.sub_scores,
        d.distance,
        o.return_ahead_pct,
        o.drawdown_ahead_pct,
        o.vol_ahead_pct,
        row_number() over (partition by date_trunc('month', d.session) order by d.distance, d.session) as place_in_month
    from distances as d
    inner join regime.outcomes as o on d.session = o.scored_session
),

final as (
    select
        (select max(session) from today) as like_session,
        k.session,
        l.label,
        k.sub_scores,
        round(k.distance, 3) as distance,
        round(k.return_ahead_pct, 1) as return_ahead_pct,
        round(k.drawdown_ahead_pct, 1) as drawdown_ahead_pct,
        round(k.vol_ahead_pct, 1) as vol_ahead_pct
    from known as k
    left join regime.labels as l using (session)
    where k.place_in_month = 1
    order by k.distance, k.session
    limit 10
)

select * from final
order by distance, session
