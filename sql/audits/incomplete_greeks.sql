-- Snapshots in which a source that states implied volatility, delta or gamma leaves it out for some contracts.
select
    snapshot_id,
    count(*) as contracts,
    count(vendor_iv) as with_iv,
    count(vendor_delta) as with_delta,
    count(vendor_gamma) as with_gamma
from raw.option_chains
group by snapshot_id
having
    count(vendor_iv) not in (0, count(*))
    or count(vendor_delta) not in (0, count(*))
    or count(vendor_gamma) not in (0, count(*))
