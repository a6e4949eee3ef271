-- Bars of XNYS instruments and of index members on days when the exchange was closed. Staging leaves them out.
select p.symbol, p.date, p.source, p.close
from raw.prices as p
left join reference.instruments as i using (symbol)
anti join reference.sessions as s on p.date = s.session
where
    coalesce(i.calendar, 'XNYS') = 'XNYS'
    and p.date between (select min(session) from reference.sessions) and (select max(session) from reference.sessions)
