/*
description: >-
  One row per session and symbol - the newest vintage of each bar that was known at the as-of time (DuckDB variable
  as_of, by default now), placed on the first session by whose decision time it was known. Bitcoin and currency bars
  end after 18:00 New York, and net asset values of funds are published after it: they stand on the next session. Of several bars that fall on one session (a weekend)
  the last stays. Bars on days when the exchange was closed and repeats of a stale source are left out.
grain: [session, symbol]
view: true
owner: team:data
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  date: {type: DATE, unit: date, meaning: The bar's own date at its source}
  open: {type: DOUBLE, unit: price, meaning: First price of the bar, nullable: true}
  high: {type: DOUBLE, unit: price, meaning: Highest price of the bar, nullable: true}
  low: {type: DOUBLE, unit: price, meaning: Lowest price of the bar, nullable: true}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  volume: {type: DOUBLE, unit: shares or contracts, meaning: Quantity traded, nullable: true, min: 0}
  total_return: {type: DOUBLE, unit: ratio, meaning: "Close-to-close return with dividends, from the dividends where the source reports them and else from the vendor's adjusted close; NULL on the first bar, after a session without a bar, where a segment begins, and for volatility indices, yields and unrolled futures, which nobody can hold", nullable: true, min: -1}
  total_return_index: {type: DOUBLE, unit: price, meaning: "First close grown by every return since, those over missing sessions included: the adjusted price, compounded forward so that later dividends never change it", nullable: true, min: 0}
  quality_flag: {type: VARCHAR, unit: name, meaning: "What is wrong with the bar; disordered means that open and high and low were withheld, jump that a segment begins with it", nullable: true, allowed: [disordered]}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 1}
audits:
  - {name: required_instrument_missing}
  - {name: missing_bar, severity: warn}
  - {name: vanished_symbol, severity: warn}
  - {name: behind_the_clock, severity: warn}
*/
-- Cboe publishes its own indices, so its history files come before a vendor's copy; of each source the newest vintage.
with newest as (
    select
        p.*,
        i.class,
        i.calendar,
        min(p.available_at) over (partition by p.symbol, p.date) as first_available_at
    from raw.prices as p
    inner join reference.instruments as i using (symbol)
    where p.available_at <= coalesce(getvariable('as_of')::timestamptz, now())
    qualify
        row_number() over (
            partition by p.symbol, p.date order by p.source <> 'files/vol_indices', p.source, p.observed_at desc
        ) = 1
),

placed as (
    select n.*, s.session, s.session_no
    from newest as n
    asof inner join reference.sessions as s on n.first_available_at <= s.decision_at
    where
        n.calendar <> 'XNYS'
        or n.date = s.session
        -- A fund's value of a session is known on the next.
        or (n.class = 'fund' and n.date in (select session from reference.sessions))
),

last_of_session as (
    select * from placed
    qualify date = max(date) over (partition by symbol, session)
),

judged as (
    select
        *,
        high < greatest(open, close, low) - 1e-6 * abs(high)
        or low > least(open, close, high) + 1e-6 * abs(low) as is_disordered,
        case class
            when 'fund' then
                count(*) over six_bars = 6 and min(close) over six_bars = max(close) over six_bars
            else
                class in ('index', 'etf') and high > low
                and row(open, high, low, close) = lag(row(open, high, low, close)) over bars
                and row(open, high, low, close) = first_value(row(open, high, low, close)) over two_before
        end as is_stale
    from last_of_session
    window
        bars as (partition by symbol order by session),
        -- Not lag with an offset: DuckDB before 2 cannot open a view with one that DuckDB 2 has stored.
        two_before as (bars rows between 2 preceding and 2 preceding),
        six_bars as (bars rows between 5 preceding and current row)
),

grown as (
    select
        *,
        session_no - lag(session_no) over bars as sessions_passed,
        case
            when class in ('volatility', 'rate', 'future') then null
            when dividend is not null then (close + dividend) / lag(close) over bars
            else coalesce(adj_close / lag(adj_close) over bars, close / lag(close) over bars)
        end as growth
    from judged
    where is_stale is not true
    window bars as (partition by symbol order by session)
),

final as (
    select
        session,
        symbol,
        date,
        case when is_disordered then null else open end as open,
        case when is_disordered then null else high end as high,
        case when is_disordered then null else low end as low,
        close,
        volume,
        case when sessions_passed = 1 then growth - 1 end as total_return,
        case
            when class not in ('volatility', 'rate', 'future')
                -- Sums of decimals are exact, so that no other row of the table can move the last digit.
                then first_value(close) over bars * exp(coalesce(sum(ln(growth)::decimal(28, 18)) over bars, 0))
        end as total_return_index,
        case when is_disordered then 'disordered' end as quality_flag,
        source,
        available_at
    from grown
    window bars as (partition by symbol order by session rows unbounded preceding)
)

select * from final
