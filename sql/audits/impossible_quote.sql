-- Contracts that no exchange lists or quotes: a number that is not finite, negative or absurdly large, a strike of zero,
-- a kind that is neither call nor put, a delta beyond one, an expiry that is missing or more than a week over.
select snapshot_id, root, expiry, put_call, strike, bid, ask, vendor_iv, vendor_delta, vendor_gamma, open_interest, volume
from raw.option_chains
where
    strike is null
    or strike <= 0
    or put_call is null
    or put_call not in ('C', 'P')
    or expiry is null
    or expiry < quote_date - 7
    or least(bid, ask, vendor_iv, vendor_gamma, open_interest, volume) < 0
    or abs(vendor_delta) > 1
    or vendor_iv > 50
    or greatest(strike, bid, ask, last, spot) > 1e6
    or greatest(open_interest, volume) > 1e8
    or spot <= 0
    or not isfinite(
        strike + coalesce(bid, 0) + coalesce(ask, 0) + coalesce(vendor_iv, 0) + coalesce(vendor_delta, 0)
        + coalesce(vendor_gamma, 0) + coalesce(open_interest, 0) + coalesce(volume, 0) + coalesce(spot, 0)
    )
