-- Bars of XNYS instruments and of index members on days when the exchange was closed. Staging leaves them out.
with closed as (
    select distinct p.date
    from raw.prices as p
    anti join reference.sessions as s on p.date = s.session
    where p.date between (select min(session) from reference.sessions) and (select max(session) from reference.sessions)
)

select p.symbol, p.date, p.source, p.close
from raw.prices as p
inner join closed using (date)
left join reference.instruments as i using (symbol)
where coalesce(i.calendar, 'XNYS') = 'XNYS'
