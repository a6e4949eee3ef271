-- A whole bar that repeats the two before it, or a fund's value that repeats the five before it, as two in a row do
-- agree to the cent: the source has stopped updating. staging.prices leaves these repeats out.
with bars as (
    select
        p.symbol,
        p.date,
        p.source,
        p.close,
        i.class,
        p.high > p.low as moved,
        row(p.open, p.high, p.low, p.close) as bar,
        lag(row(p.open, p.high, p.low, p.close), 1) over same_source as previous_bar,
        lag(row(p.open, p.high, p.low, p.close), 2) over same_source as bar_before,
        count(*) over six_bars = 6 and min(p.close) over six_bars = max(p.close) over six_bars as is_sixth
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
    where i.class in ('index', 'etf', 'fund')
    window
        same_source as (partition by p.symbol, p.source order by p.date),
        six_bars as (same_source rows between 5 preceding and current row)
)

select symbol, date, source, close
from bars
where if(class = 'fund', is_sixth, moved and bar = previous_bar and bar = bar_before)
