-- Prices that no market prints: a bar without a close, not finite, or not positive where only positive prices exist.
-- Futures have traded below zero (crude oil, 2020-04-20) and yields can be negative.
with bars as (
    select
        p.symbol,
        p.date,
        p.source,
        p.open,
        p.high,
        p.low,
        p.close,
        least(p.open, p.high, p.low, p.close) as lowest,
        i.class in ('future', 'rate') as may_be_negative
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
)

select symbol, date, source, open, high, low, close
from bars
where
    close is null
    or (lowest <= 0 and not may_be_negative)
    or not isfinite(close)
    or not isfinite(open)
    or not isfinite(high)
    or not isfinite(low)
