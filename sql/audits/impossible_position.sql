-- Positions that nobody can hold: a value or a number of shares that is not finite or negative, more than
-- 10 trillion dollars, a date after the filing's own publication, one security twice in a filing.
select filing_id, security, holder, report_date, value_usd, shares, available_at
from raw.holdings
qualify
    value_usd is null
    or not isfinite(value_usd)
    or value_usd < 0
    or value_usd > 1e13
    or not isfinite(coalesce(shares, 1))
    or coalesce(shares, 1) < 0
    or report_date > timezone('America/New_York', available_at)::date
    or count(*) over (partition by filing_id, security) > 1
