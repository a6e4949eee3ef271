-- The same bar delivered more than once.
select symbol, date, source, count(*) as bars, min(close) as lowest_close, max(close) as highest_close
from raw.prices
group by symbol, date, source
having count(*) > 1
