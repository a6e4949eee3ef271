/*
description: >-
  One row per holder, date of positions, time at which what is known of them changed, and sector - how a holder's long
  shares divide among GICS sectors. Each filing of a date makes a new set of rows under its own available_at; take the
  newest set known. An amendment takes the place of what was filed before, or adds to it where it says so. Sectors are those of
  the S&P 500's members known when the filing became public, members that had left included, found by ticker; funds,
  foreign and smaller companies are in no sector and never filled in, so that placed says how much the weights rest on.
  A member that changed its ticker since may be missed. A member's sector is that of the newest list known when the filing
  became public; before the first list, that list's. The method cannot tell a
  long position from the long side of a hedge, one fund of a manager from another, or what changed after the date; shorts,
  swaps and options are in no filing or left out, so weights are of long shares and not of net exposure. A filing of which
  nothing can be placed has no rows, nor has a holder that reference.holders lists no more.
grain: [holder, report_date, available_at, sector]
owner: team:research
columns:
  holder: {type: VARCHAR, unit: name, meaning: "Whose positions they are: a holder of reference.holders, or as the source calls it"}
  cohort: {type: VARCHAR, unit: name, meaning: Group of investors whose positions are estimated, allowed: [hedge_funds, mutual_funds]}
  report_date: {type: DATE, unit: date, meaning: Date of the positions}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
  sector: {type: VARCHAR, unit: name, meaning: GICS sector or theme where the instrument stands for one}
  weight: {type: DOUBLE, unit: ratio, meaning: "Share of the sector in the holder's long shares that could be placed in a sector; they sum to 1", min: 0, max: 1}
  placed: {type: DOUBLE, unit: ratio, meaning: "Share of the holder's long shares, by value, that could be placed in a sector", min: 0, max: 1}
rows: {min: 0}
*/
with known as (
    select * from raw.holdings
    where available_at <= coalesce(getvariable('as_of')::timestamptz, now())
),

filings as (
    select distinct holder, cohort, report_date, filing_id, adds, available_at, observed_at from known
),

moments as (
    select distinct holder, report_date, available_at from filings
),

-- What stands at each moment: the newest filing that takes the place of all before it, and those that add to it since.
bases as (
    select
        m.holder,
        m.report_date,
        m.available_at,
        f.cohort,
        f.filing_id as base_id,
        f.available_at as base_at
    from moments as m
    inner join filings as f
        on
            m.holder = f.holder and m.report_date = f.report_date
            and f.available_at <= m.available_at and not f.adds
    qualify row_number() over (
        partition by m.holder, m.report_date, m.available_at
        order by f.available_at desc, f.observed_at desc, f.filing_id desc
    ) = 1
),

standing as (
    select
        b.holder,
        b.cohort,
        b.report_date,
        b.available_at,
        f.filing_id
    from bases as b
    inner join filings as f
        on
            b.holder = f.holder and b.report_date = f.report_date
            and (f.filing_id = b.base_id or (f.adds and f.available_at between b.base_at and b.available_at))
),

positions as (
    select
        s.holder,
        coalesce(h.cohort, s.cohort) as cohort,
        s.report_date,
        s.available_at,
        -- A class of shares stands behind a dot, a hyphen or nothing.
        regexp_replace(k.ticker, '[^A-Z0-9]', '', 'g') as plain_ticker,
        k.value_usd::decimal(38, 2) as value_usd
    from standing as s
    inner join known as k on s.holder = k.holder and s.report_date = k.report_date and s.filing_id = k.filing_id
    left join reference.holders as h on s.holder = h.holder
),

members as (
    select
        regexp_replace(symbol, '[^A-Z0-9]', '', 'g') as plain_ticker,
        sector,
        available_at
    from staging.index_members
    where index_symbol = 'SPX'
),

sectored as (
    select
        p.holder,
        p.cohort,
        p.report_date,
        p.available_at,
        m.sector,
        sum(p.value_usd) as value_usd
    from positions as p
    asof left join members as m
        on p.plain_ticker = m.plain_ticker and p.available_at >= m.available_at
    group by all
),

summed as (
    select
        *,
        sum(value_usd) over holding as total_usd,
        sum(value_usd) filter (where sector is not null) over holding as placed_usd
    from sectored
    window holding as (partition by holder, report_date, available_at)
),

final as (
    select
        holder,
        cohort,
        report_date,
        available_at,
        sector,
        value_usd::double / placed_usd::double as weight,
        placed_usd::double / total_usd::double as placed
    from summed
    where sector is not null and placed_usd > 0 and cohort is not null
)

select * from final
