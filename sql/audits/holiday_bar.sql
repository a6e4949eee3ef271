-- Bars of XNYS instruments on days when the exchange was closed. staging.prices leaves them out.
select p.symbol, p.date, p.source, p.close
from raw.prices as p
inner join reference.instruments as i using (symbol)
anti join reference.sessions as s on p.date = s.session
where
    i.calendar = 'XNYS'
    and p.date between (select min(session) from reference.sessions) and (select max(session) from reference.sessions)
