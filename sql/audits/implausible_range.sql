-- A high or low further from open and close than the class of instrument has ever shown, which is a slipped decimal
-- until reference.confirmed_moves says otherwise. Volatility indices and yields do spike. Of stocks
-- staging.member_prices withholds the bar alone.
with limits(class, largest_reach) as (
    values ('index', 0.25), ('etf', 0.60), ('fund', 0.25), ('fx', 0.30), ('crypto', 0.60), ('future', 0.60)
),

bars as (
    select
        p.symbol,
        p.date,
        p.source,
        p.open,
        p.high,
        p.low,
        p.close,
        greatest(p.high / greatest(p.open, p.close) - 1, 1 - p.low / least(p.open, p.close)) as reach
    from raw.prices as p
)

select b.symbol, b.date, b.source, b.open, b.high, b.low, b.close, b.reach
from bars as b
inner join reference.instruments as i using (symbol)
inner join limits as l on i.class = l.class
anti join reference.confirmed_moves as c on b.symbol = c.symbol and b.date = c.date
where b.reach > l.largest_reach
