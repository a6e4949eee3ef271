/*
description: >-
  One row per session, market and horizon on which the market has a close - the price level below which trend followers
  of that horizon turn from buyers to sellers, where the close stands to it, since when, and how often the level was
  tested before it broke. The level is an exponentially weighted average of what a rolled future has earned, brought to
  the session's price, and reproduces the S&P 500 levels that a desk publishes; it is not that desk's disclosed method.
  NULL until the average has seen five times its centre of mass.
grain: [session, symbol, horizon]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  horizon: {type: VARCHAR, unit: name, meaning: "Reach of the moving average: st short, mt medium, lt long term", allowed: [st, mt, lt]}
  centre_of_mass: {type: DOUBLE, unit: sessions, meaning: "Centre of mass of the average's weights: the newest has weight 1 / (1 + centre_of_mass)", min: 1}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends"}
  pivot_level: {type: DOUBLE, unit: price, meaning: Level at which trend followers of the horizon turn, nullable: true, min: 0}
  pivot_lo: {type: DOUBLE, unit: price, meaning: Lower end of the 80 % band of pivot_level, nullable: true, min: 0}
  pivot_hi: {type: DOUBLE, unit: price, meaning: Upper end of the 80 % band of pivot_level, nullable: true, min: 0}
  dist_pct: {type: DOUBLE, unit: "%", meaning: close against pivot_level, nullable: true}
  is_below: {type: BOOLEAN, unit: flag, meaning: Whether the close is below the pivot, nullable: true}
  days_since_break: {type: INTEGER, unit: sessions, meaning: "Sessions since the first of an unbroken run of closes below the pivot, 0 on that day; NULL above it, or if the close before the run is not known or more than 5 sessions older", nullable: true, min: 0}
  tests_before_break: {type: BIGINT, unit: count, meaning: "How often the price came to the pivot (low within 0.25 % above it or lower, close above) in the 15 sessions before the break; tests at most 3 sessions apart count once; NULL without a break, or where one of these bars has no low or more than 5 are missing", nullable: true, min: 0}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: pivot_hi, column_B: pivot_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with calibration as (
    select * from reference.pivot_calibration
    where method_version = (select max(c.method_version) from reference.pivot_calibration as c)
),

levels as (
    select
        e.session,
        s.session_no,
        e.symbol,
        c.horizon,
        c.centre_of_mass,
        c.method_version,
        e.close,
        p.low,
        -- The average stands to the excess price as the pivot does to the close.
        case
            when a.spell_sessions > 5 * c.centre_of_mass then e.close * a.average_price / e.excess_price
        end as pivot_level,
        sqrt(c.pivot_error_pct ^ 2 + (m.carry_error_pct * c.centre_of_mass / 252) ^ 2) as pivot_error_pct,
        case when m.grade = 'A' and c.horizon = 'lt' then 'B' else m.grade end as grade,
        e.inputs_missing
    from indicators.excess_prices as e
    inner join reference.sessions as s on e.session = s.session
    inner join reference.trend_markets as m on e.symbol = m.symbol
    inner join staging.prices as p on e.session = p.session and e.symbol = p.symbol
    cross join calibration as c
    left join indicators.trend_averages as a
        on e.session = a.session and e.symbol = a.symbol and c.horizon = a.horizon
),

sides as (
    select
        *,
        close < pivot_level as is_below,
        low <= pivot_level * 1.0025 and close >= pivot_level as is_test,
        -- Markets have holidays of their own; what lies further back says nothing of the session before.
        case when session_no - lag(session_no) over so_far <= 5 then lag(close < pivot_level) over so_far end as was_below,
        count(*) over before as seen,
        count(low + pivot_level) over before as judged
    from levels
    window
        so_far as (partition by symbol, horizon order by session_no),
        before as (partition by symbol, horizon order by session_no range between 15 preceding and 1 preceding)
),

-- A break is a close below after one above; one that follows an unknown side was not seen to happen.
runs as (
    select
        *,
        max(session_no) filter (is_below and not was_below) over so_far as break_no,
        max(session_no) filter (is_below is distinct from was_below) over so_far as run_no
    from sides
    window so_far as (partition by symbol, horizon order by session rows unbounded preceding)
),

breaks as (
    select symbol, horizon, session_no as break_no, judged = seen and seen >= 10 as is_judged from runs where is_below and not was_below
),

tests as (
    select
        b.symbol,
        b.horizon,
        b.break_no,
        t.session_no,
        lag(t.session_no) over (partition by b.symbol, b.horizon, b.break_no order by t.session_no) as previous_no
    from breaks as b
    inner join sides as t
        on b.symbol = t.symbol and b.horizon = t.horizon and t.session_no between b.break_no - 15 and b.break_no - 1
    where t.is_test
),

clusters as (
    select symbol, horizon, break_no, count(*) as clusters
    from tests
    where previous_no is null or session_no - previous_no > 3
    group by symbol, horizon, break_no
),

tested as (
    select b.symbol, b.horizon, b.break_no, case when b.is_judged then coalesce(c.clusters, 0) end as tests_before_break
    from breaks as b
    left join clusters as c on b.symbol = c.symbol and b.horizon = c.horizon and b.break_no = c.break_no
),

final as (
    select
        r.session,
        r.symbol,
        r.horizon,
        r.centre_of_mass,
        r.close,
        r.pivot_level,
        r.pivot_level * (1 - 1.28 * r.pivot_error_pct / 100) as pivot_lo,
        r.pivot_level * (1 + 1.28 * r.pivot_error_pct / 100) as pivot_hi,
        100 * (r.close / r.pivot_level - 1) as dist_pct,
        r.is_below,
        case when r.is_below and r.break_no = r.run_no then r.session_no - r.break_no end as days_since_break,
        case when r.is_below and r.break_no = r.run_no then t.tests_before_break end as tests_before_break,
        r.method_version,
        r.grade,
        nullif(
            concat_ws(
                ', ',
                r.inputs_missing,
                case
                    when r.inputs_missing is null and r.pivot_level is null
                        then format('{} sessions of excess prices', floor(5 * r.centre_of_mass)::bigint + 1)
                end,
                case
                    when r.is_below and r.break_no = r.run_no and t.tests_before_break is null
                        then 'bars of the 15 sessions before the break'
                end
            ),
            ''
        ) as inputs_missing
    from runs as r
    left join tested as t on r.symbol = t.symbol and r.horizon = t.horizon and r.break_no = t.break_no
)

select * from final
