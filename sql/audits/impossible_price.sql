-- Values that no market prints: a bar without a close, a number that is not finite, a price that is not positive
-- where only positive prices exist, a negative volume, dividend or split.
-- What is no instrument is a stock. Futures have traded below zero (crude oil, 2020-04-20) and yields can be negative.
with bars as (
    select
        p.*,
        least(p.open, p.high, p.low, p.close, p.adj_close) as lowest,
        least(p.volume, p.dividend) as lowest_amount,
        abs(coalesce(p.open, 0)) + abs(coalesce(p.high, 0)) + abs(coalesce(p.low, 0)) + abs(p.close)
        + abs(coalesce(p.adj_close, 0)) + abs(coalesce(p.volume, 0)) + abs(coalesce(p.dividend, 0))
        + abs(coalesce(p.split, 0)) as total,
        coalesce(i.class in ('future', 'rate'), false) as may_be_negative
    from raw.prices as p
    left join reference.instruments as i using (symbol)
)

select symbol, date, source, open, high, low, close, adj_close, volume, dividend, split
from bars
where
    close is null
    or not isfinite(total)
    or (lowest <= 0 and not may_be_negative)
    or lowest_amount < 0
    or split <= 0
