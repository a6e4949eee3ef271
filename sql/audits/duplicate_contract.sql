-- The same contract more than once in a snapshot.
select snapshot_id, root, expiry, put_call, strike, count(*) as contracts
from raw.option_chains
group by snapshot_id, root, expiry, put_call, strike
having count(*) > 1
