-- Option chain snapshots that were refused, with the reason.
select session, underlying, reading, source, quote_at, reason
from staging.option_snapshots
where verdict = 'refused'
