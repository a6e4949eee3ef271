/*
description: >-
  One row per session and symbol - the daily bars of every symbol that is or was in staging.index_members or in
  reference.basket_members, in the newest vintage known at the as-of time (DuckDB variable as_of, by default now), on
  sessions alone. A close of more than double or less than a third of the one before counts as a split that the source did
  not adjust for, unless reference.confirmed_moves has it, and a new segment begins; no window may span two segments. A
  high or low beyond 60 % of open and close is a slipped decimal and withheld like a disordered bar. A member that is
  added later comes with all of its history once that is known. One that shares its symbol with one of reference.instruments has no rows.
grain: [session, symbol]
view: true
owner: team:data
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  open: {type: DOUBLE, unit: price, meaning: First price of the bar, nullable: true}
  high: {type: DOUBLE, unit: price, meaning: Highest price of the bar, nullable: true}
  low: {type: DOUBLE, unit: price, meaning: Lowest price of the bar, nullable: true}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  volume: {type: DOUBLE, unit: shares or contracts, meaning: Quantity traded, nullable: true, min: 0}
  total_return: {type: DOUBLE, unit: ratio, meaning: "Close-to-close return with dividends, from the dividends where the source reports them and else from the vendor's adjusted close; NULL on the first bar, after a session without a bar, where a segment begins, and for volatility indices, yields and unrolled futures, which nobody can hold", nullable: true, min: -1}
  segment: {type: INTEGER, unit: count, meaning: Unadjusted splits in the symbol's bars up to this one, min: 0}
  quality_flag: {type: VARCHAR, unit: name, meaning: "What is wrong with the bar; disordered means that open and high and low were withheld, jump that a segment begins with it", nullable: true, allowed: [disordered, jump]}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
audits:
  - {name: members_without_bars, severity: warn}
*/
with members as (
    select m.symbol
    from (select symbol from staging.index_members union select symbol from reference.basket_members) as m
    anti join reference.instruments as i using (symbol)
),

-- Of several vendors the first by name speaks for a bar, so that the same one does every time.
newest as (
    select p.*, s.session, s.session_no, c.symbol is not null as is_confirmed
    from raw.prices as p
    semi join members using (symbol)
    inner join reference.sessions as s on p.date = s.session
    left join reference.confirmed_moves as c on p.symbol = c.symbol and p.date = c.date
    where p.available_at <= coalesce(getvariable('as_of')::timestamptz, now())
    qualify row_number() over (partition by p.symbol, p.date order by p.source, p.observed_at desc) = 1
),

compared as (
    select
        *,
        session_no - lag(session_no) over bars as sessions_passed,
        not is_confirmed
        and coalesce(close > 2 * lag(close) over bars or close < lag(close) over bars / 3, false) as is_jump,
        case
            when dividend is not null then (close + dividend) / lag(close) over bars
            else coalesce(adj_close / lag(adj_close) over bars, close / lag(close) over bars)
        end as growth,
        coalesce(
            high < greatest(open, close, low) - 1e-6 * abs(high)
            or low > least(open, close, high) + 1e-6 * abs(low)
            -- A slipped decimal: no stock comes back from so far within a day.
            or greatest(high / greatest(open, close) - 1, 1 - low / least(open, close)) > 0.6,
            false
        ) as is_disordered
    from newest
    window bars as (partition by symbol order by session)
),

final as (
    select
        session,
        symbol,
        case when not is_disordered then open end as open,
        case when not is_disordered then high end as high,
        case when not is_disordered then low end as low,
        close,
        volume,
        case when sessions_passed = 1 and not is_jump then growth - 1 end as total_return,
        (count(*) filter (where is_jump) over bars)::integer as segment,
        case when is_jump then 'jump' when is_disordered then 'disordered' end as quality_flag,
        source,
        available_at
    from compared
    window bars as (partition by symbol order by session rows unbounded preceding)
)

select * from final
