/*
description: >-
  One row per session and market on which the market has a close - its price less what holding it costs, which is what a
  position in rolled futures earns. A cash rate that is older than reference.trend_markets allows leaves the price NULL.
  After a hole of more than 10 sessions in prices or rates a new spell begins; prices of different spells cannot be
  compared.
grain: [session, symbol]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  cash_rate_pct: {type: DOUBLE, unit: "% per year", meaning: Newest cash rate that was known at the session's decision time, nullable: true}
  spell: {type: BIGINT, unit: count, meaning: Number of the unbroken stretch of excess prices, nullable: true, min: 1}
  excess_price: {type: DOUBLE, unit: price, meaning: "Price divided by its carry since the spell's first session: cash rate plus financing spread less dividend yield, by calendar days", nullable: true, min: 0}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
*/
with published_rates as (
    -- A bar stands on the session by whose decision time it was known first.
    select p.symbol as rate_id, p.date as rate_date, p.close as rate_pct, s.decision_at as known_at
    from staging.prices as p
    inner join reference.sessions as s on p.session = s.session
    union all
    select series_id as rate_id, series_date as rate_date, series_value as rate_pct, available_at as known_at
    from staging.series
),

-- Of what is known at a time the number with the newest date counts, not one that was filled in behind it.
rates as (
    select p.rate_id, p.known_at, max(p.rate_date) as rate_date, arg_max(p.rate_pct, p.rate_date) as rate_pct
    from published_rates as p
    where p.rate_id in (select m.rate_id from reference.trend_markets as m)
    group by p.rate_id, p.known_at
    qualify max(p.rate_date) = max(max(p.rate_date)) over (partition by p.rate_id order by p.known_at)
),

closes as (
    select
        p.session,
        s.session_no,
        s.decision_at,
        p.symbol,
        p.close,
        case m.price_basis when 'close' then p.close else p.total_return_index end as price,
        m.rate_id,
        m.rate_max_age_days,
        (m.financing_spread_pct - m.dividend_yield_pct) / 100 as carry_above_cash
    from reference.trend_markets as m
    inner join staging.prices as p on m.symbol = p.symbol
    inner join reference.sessions as s on p.session = s.session
),

financed as (
    select
        c.*,
        case when r.rate_date >= c.session - c.rate_max_age_days then r.rate_pct end as cash_rate_pct
    from closes as c
    asof left join rates as r on c.rate_id = r.rate_id and c.decision_at >= r.known_at
),

stepped as (
    select
        *,
        lag(session) over usable as previous_session,
        session_no - lag(session_no) over usable as sessions_passed
    from financed
    where cash_rate_pct is not null
    window usable as (partition by symbol order by session)
),

spells as (
    select
        *,
        count(*) filter (sessions_passed is null or sessions_passed > 11) over (
            partition by symbol order by session rows unbounded preceding
        ) as spell
    from stepped
),

-- Sums of decimals are exact, so that no other row of the table can move the last digit.
carried as (
    select
        session,
        symbol,
        spell,
        price,
        sum(
            case
                when sessions_passed <= 11
                    then ((cash_rate_pct / 100 + carry_above_cash) * (session - previous_session) / 365)::decimal(28, 18)
                else 0
            end
        ) over (partition by symbol, spell order by session rows unbounded preceding) as carry
    from spells
),

final as (
    select
        f.session,
        f.symbol,
        f.close,
        f.cash_rate_pct,
        c.spell,
        c.price / exp(c.carry) as excess_price,
        case when f.cash_rate_pct is null then f.rate_id end as inputs_missing
    from financed as f
    left join carried as c using (session, symbol)
)

select * from final
