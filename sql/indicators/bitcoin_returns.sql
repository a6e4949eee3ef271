/*
description: >-
  One row per session - bitcoin's return from 16:00 to 16:00 New York, from the first session with one to the newest. A daily
  bar of bitcoin ends at midnight UTC, after the decision time, so that a fund that holds it and closes with the market
  stands in its place: IBIT once it trades, BITO (futures, whose rolls cost about 5 to 10 % a year) before. Before October
  2021 there is neither, and no rows.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  bitcoin_return: {type: DOUBLE, unit: ratio, meaning: "Return of bitcoin from the close of the session before to the session's, as bitcoin_vehicle earned it", nullable: true, min: -1}
  bitcoin_vehicle: {type: VARCHAR, unit: name, meaning: Fund whose total return bitcoin_return is, nullable: true, allowed: [IBIT, BITO]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with funds as materialized (
    select session, symbol, total_return from staging.prices
    where symbol in ('IBIT', 'BITO') and total_return is not null
),

final as (
    select
        s.session,
        coalesce(i.total_return, b.total_return) as bitcoin_return,
        coalesce(i.symbol, b.symbol) as bitcoin_vehicle,
        case when bitcoin_return is null then 'return of IBIT or BITO' end as inputs_missing
    from reference.sessions as s
    left join funds as i on s.session = i.session and i.symbol = 'IBIT'
    left join funds as b on s.session = b.session and b.symbol = 'BITO'
    where s.session between (select min(session) from funds) and (select max(session) from funds)
)

select * from final
