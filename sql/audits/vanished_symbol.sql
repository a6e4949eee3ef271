-- XNYS instruments whose newest bar is more than 5 sessions behind the newest of the others.
with last_bars as (
    select p.symbol, max(p.session) as last_session
    from staging.prices as p
    inner join reference.instruments as i using (symbol)
    where i.calendar = 'XNYS'
    group by p.symbol
)

select l.symbol, l.last_session, max(newest.session_no) - max(own.session_no) as sessions_behind
from last_bars as l
inner join reference.sessions as own on l.last_session = own.session
cross join (
    select s.session_no from reference.sessions as s
    where s.session = (select max(last_session) from last_bars)
) as newest
group by l.symbol, l.last_session
having max(newest.session_no) - max(own.session_no) > 5
