-- Snapshots in which more than one in a hundred quoted contracts is bid above its ask: columns that were mixed up.
select
    snapshot_id,
    count(*) filter (bid > 0 and ask > 0) as quoted,
    count(*) filter (bid > ask and ask > 0) as crossed
from raw.option_chains
group by snapshot_id
having count(*) filter (bid > ask and ask > 0) > 0.01 * count(*) filter (bid > 0 and ask > 0)
