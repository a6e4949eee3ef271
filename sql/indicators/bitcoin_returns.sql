/*
description: >-
  One row per session - bitcoin's return from 16:00 to 16:00 New York, from the first session with one to the newest of the
  S&P 500 or a fund. A daily bar of bitcoin ends at midnight UTC, after the decision time, so that a fund that holds it and
  closes with the market stands in its place: BITO (futures, whose rolls cost about 5 to 10 % a year) until IBIT's first
  session, IBIT after it. A bar that one of them lacks is missing and not taken from the other. Before October 2021 there is
  neither, and no rows.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  bitcoin_return: {type: DOUBLE, unit: ratio, meaning: "Return of bitcoin from the close of the session before to the session's, as bitcoin_vehicle earned it", nullable: true, min: -1}
  bitcoin_vehicle: {type: VARCHAR, unit: name, meaning: Fund whose total return stands for bitcoin's on the session, allowed: [IBIT, BITO]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with bars as materialized (
    select session, symbol, total_return from staging.prices
    where symbol in ('IBIT', 'BITO', 'SPX')
),

-- IBIT's own return begins on the session after its first.
vehicles as (
    select
        session,
        case
            when session > (select min(b.session) from bars as b where b.symbol = 'IBIT') then 'IBIT'
            else 'BITO'
        end as bitcoin_vehicle
    from reference.sessions
    where
        session >= (select min(b.session) from bars as b where b.symbol <> 'SPX' and b.total_return is not null)
        and session <= (select max(b.session) from bars as b)
),

final as (
    select
        v.session,
        b.total_return as bitcoin_return,
        v.bitcoin_vehicle,
        case when b.total_return is null then 'return of ' || v.bitcoin_vehicle end as inputs_missing
    from vehicles as v
    left join bars as b on v.session = b.session and v.bitcoin_vehicle = b.symbol
)

select * from final
