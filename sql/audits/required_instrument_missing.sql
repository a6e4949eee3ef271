-- Instruments without which a run says nothing, and which lack the newest session of the exchange's others.
with newest as (
    select max(p.session) as session
    from staging.prices as p
    inner join reference.instruments as i using (symbol)
    where i.calendar = 'XNYS' and i.class <> 'fund'
)

select i.symbol, n.session, max(p.session) as last_session
from reference.instruments as i
cross join newest as n
left join staging.prices as p using (symbol)
where i.required
group by i.symbol, n.session
having max(p.session) is null or max(p.session) < n.session
