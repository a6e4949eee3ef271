-- Bars whose high is not the highest or whose low is not the lowest price; rounding is forgiven.
-- Staging withholds their open, high and low.
select symbol, date, source, open, high, low, close
from raw.prices
where
    high < greatest(open, close, low) - 1e-6 * abs(high)
    or low > least(open, close, high) + 1e-6 * abs(low)
