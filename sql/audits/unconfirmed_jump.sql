-- A close-to-close move beyond what the class of instrument has ever shown, which is a split that the
-- source did not adjust for until reference.confirmed_moves says otherwise. Volatility indices do jump.
with limits(class, largest_move) as (
    values ('index', 0.25), ('etf', 0.40), ('fx', 0.20), ('crypto', 0.60), ('future', 0.60)
),

moves as (
    select
        symbol,
        date,
        source,
        lag(close) over (partition by symbol, source order by date) as previous_close,
        close,
        close / lag(close) over (partition by symbol, source order by date) - 1 as move
    from raw.prices
)

select m.symbol, m.date, m.source, m.previous_close, m.close, m.move
from moves as m
inner join reference.instruments as i using (symbol)
inner join limits as l on i.class = l.class
anti join reference.confirmed_moves as c on m.symbol = c.symbol and m.date = c.date
where abs(m.move) > l.largest_move
