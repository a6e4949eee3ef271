-- A close-to-close move, what was paid out added, beyond what the class of instrument has ever shown, which is a split
-- that the source did not adjust for until reference.confirmed_moves says otherwise. Volatility indices do jump.
-- So do stocks, whose bars staging.member_prices cuts there instead.
with limits(class, largest_move) as (
    values ('index', 0.25), ('etf', 0.40), ('fund', 0.25), ('fx', 0.20), ('crypto', 0.60), ('future', 0.60)
),

moves as (
    select
        p.symbol,
        p.date,
        p.source,
        i.class,
        lag(p.close) over same_source as previous_close,
        p.close,
        (p.close + coalesce(p.dividend, 0)) / lag(p.close) over same_source - 1 as move
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
    window same_source as (partition by p.symbol, p.source order by p.date)
)

select m.symbol, m.date, m.source, m.previous_close, m.close, m.move
from moves as m
inner join limits as l using (class)
anti join reference.confirmed_moves as c on m.symbol = c.symbol and m.date = c.date
where abs(m.move) > l.largest_move
