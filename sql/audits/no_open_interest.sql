-- Snapshots without open interest, or with more than five in a hundred contracts whose open interest is not stated.
select
    snapshot_id,
    count(*) as contracts,
    count(open_interest) as stated,
    coalesce(sum(open_interest), 0) as contracts_open
from raw.option_chains
group by snapshot_id
having coalesce(sum(open_interest), 0) = 0 or count(open_interest) < 0.95 * count(*)
