-- The newest bar of the exchange's instruments is older than the newest session: no source has delivered it yet.
select s.session as newest_session, n.newest_bar
from (select max(session) as session from reference.sessions) as s
cross join (
    select max(p.session) as newest_bar
    from staging.prices as p
    inner join reference.instruments as i using (symbol)
    where i.calendar = 'XNYS' and i.class <> 'fund'
) as n
where n.newest_bar < s.session
