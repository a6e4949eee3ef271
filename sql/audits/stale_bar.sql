-- A whole bar that repeats the two before it: the source has stopped updating.
-- staging.prices leaves the repeats out from the third on.
with bars as (
    select
        p.symbol,
        p.date,
        p.source,
        p.close,
        p.high > p.low as moved,
        row(p.open, p.high, p.low, p.close) as bar,
        lag(row(p.open, p.high, p.low, p.close), 1) over same_source as previous_bar,
        lag(row(p.open, p.high, p.low, p.close), 2) over same_source as bar_before
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
    where i.class in ('index', 'etf')
    window same_source as (partition by p.symbol, p.source order by p.date)
)

select symbol, date, source, close
from bars
where moved and bar = previous_bar and bar = bar_before
