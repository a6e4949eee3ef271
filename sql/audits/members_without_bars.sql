-- A list of members of which fewer than 80 % have a bar on the S&P 500's newest session, so that breadth ends before it.
with newest as (
    select s.session, s.decision_at
    from reference.sessions as s
    where s.session = (select max(p.session) from staging.prices as p where p.symbol = 'SPX')
)

select n.session, count(*) as members, count(p.symbol) as with_a_bar
from newest as n
inner join staging.index_members as m
    on m.index_symbol = 'SPX'
    and n.decision_at >= m.available_at
    and n.session >= coalesce(m.added_date, n.session)
    and (n.session < m.removed_date or m.removed_date is null)
left join staging.member_prices as p on n.session = p.session and m.symbol = p.symbol
group by n.session
having count(p.symbol) < 0.8 * count(*)
