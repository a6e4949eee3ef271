-- Sessions without a bar between a symbol's first and last, for XNYS instruments.
-- Downstream their values are NULL with the symbol in inputs_missing, never filled.
with spans as (
    select p.symbol, min(p.session) as first_session, max(p.session) as last_session
    from staging.prices as p
    inner join reference.instruments as i using (symbol)
    where i.calendar = 'XNYS'
    group by p.symbol
)

select spans.symbol, s.session
from spans
inner join reference.sessions as s on s.session between spans.first_session and spans.last_session
anti join staging.prices as p on spans.symbol = p.symbol and s.session = p.session
