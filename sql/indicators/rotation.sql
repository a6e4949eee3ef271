/*
description: >-
  One row per session and variant - defensive against cyclical sectors, from the variant's first session with all funds to
  its newest. A side is the mean of the log total returns of its basket's members (reference.basket_members) each session,
  and the rotation over a horizon their cumulated difference, positive when defensives lead. Defensives have the lower
  beta, so that they lead whenever the market falls: the neutral rotation takes out SPY's log return times the beta of the
  difference over the 252 sessions before the session, 95 % of which must be there. Its band is what an error of that beta
  makes of SPY's return over the horizon - in quadrature its standard error and a deviation of 0.16, since beta itself moves
  (docs/methodology.md); it is narrow where SPY has not moved. A window needs each of its differences. Breadth is of the
  S&P 500's members and their sectors as known on the session, above the mean of their own last 20 closes; before the first
  list it is of those that stayed until then, in that list's sectors. What funds buy or sell is not public by the day;
  creations and redemptions of exchange-traded funds are not in here. Returns are read off.
grain: [session, variant]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  variant: {type: VARCHAR, unit: name, meaning: "Which funds stand for the sectors: Select Sector funds, or those that weight companies equally", allowed: [sector_funds, equal_weight_funds]}
  rotation_1d_pct: {type: DOUBLE, unit: "%", meaning: "Mean log return of defensive sectors less that of cyclical ones over the session", nullable: true}
  rotation_5d_pct: {type: DOUBLE, unit: "%", meaning: "Cumulated rotation_1d_pct of 5 sessions", nullable: true}
  rotation_21d_pct: {type: DOUBLE, unit: "%", meaning: "Cumulated rotation_1d_pct of 21 sessions", nullable: true}
  rotation_63d_pct: {type: DOUBLE, unit: "%", meaning: "Cumulated rotation_1d_pct of 63 sessions", nullable: true}
  rotation_5d_z: {type: DOUBLE, unit: standard deviations, meaning: "rotation_5d_pct against its mean of 504 sessions, 95 % of which must be there", nullable: true}
  rotation_21d_z: {type: DOUBLE, unit: standard deviations, meaning: "rotation_21d_pct against its mean of 504 sessions, 95 % of which must be there", nullable: true}
  rotation_63d_z: {type: DOUBLE, unit: standard deviations, meaning: "rotation_63d_pct against its mean of 504 sessions, 95 % of which must be there", nullable: true}
  rotation_beta: {type: DOUBLE, unit: ratio, meaning: "Slope of rotation_1d_pct on SPY's log return over the 252 sessions before", nullable: true}
  neutral_5d_pct: {type: DOUBLE, unit: "%", meaning: "rotation_5d_pct less rotation_beta times SPY's log return", nullable: true}
  neutral_5d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower end of the 80 % band of neutral_5d_pct, nullable: true}
  neutral_5d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper end of the 80 % band of neutral_5d_pct, nullable: true}
  neutral_21d_pct: {type: DOUBLE, unit: "%", meaning: "rotation_21d_pct less rotation_beta times SPY's log return", nullable: true}
  neutral_21d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower end of the 80 % band of neutral_21d_pct, nullable: true}
  neutral_21d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper end of the 80 % band of neutral_21d_pct, nullable: true}
  neutral_63d_pct: {type: DOUBLE, unit: "%", meaning: "rotation_63d_pct less rotation_beta times SPY's log return", nullable: true}
  neutral_63d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower end of the 80 % band of neutral_63d_pct, nullable: true}
  neutral_63d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper end of the 80 % band of neutral_63d_pct, nullable: true}
  defensive_breadth_pct: {type: DOUBLE, unit: "%", meaning: "Share of the S&P 500's members in defensive sectors above their 20-session average; NULL with fewer than 80 % of them known", nullable: true, min: 0, max: 100}
  cyclical_breadth_pct: {type: DOUBLE, unit: "%", meaning: "Share of the S&P 500's members in cyclical sectors above their 20-session average; NULL with fewer than 80 % of them known", nullable: true, min: 0, max: 100}
  breadth_gap_pp: {type: DOUBLE, unit: "% points", meaning: defensive_breadth_pct less cyclical_breadth_pct, nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with members as (
    select
        symbol,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to,
        case when ends_with(basket, '_equal_weight') then 'equal_weight_funds' else 'sector_funds' end as variant,
        starts_with(basket, 'defensives') as is_defensive
    from reference.basket_members
    where basket in ('cyclicals', 'defensives', 'cyclicals_equal_weight', 'defensives_equal_weight')
),

bars as materialized (
    select session, symbol, ln(1 + total_return)::decimal(28, 18) as log_return from staging.prices
    where (symbol = 'SPY' or symbol in (select symbol from members)) and total_return > -1
),

spy as (
    select session, log_return from bars
    where symbol = 'SPY'
),

spans as (
    select m.variant, min(b.session) as first_session, max(b.session) as last_session
    from members as m
    inner join bars as b using (symbol)
    group by m.variant
),

-- A side counts with all of its members.
daily as (
    select
        p.variant,
        s.session,
        s.decision_at,
        count(m.symbol) = count(b.log_return) and count(distinct m.is_defensive) = 2 as is_whole,
        (sum(b.log_return) filter (m.is_defensive) / count(m.symbol) filter (m.is_defensive))
        - (sum(b.log_return) filter (not m.is_defensive) / count(m.symbol) filter (not m.is_defensive)) as difference
    from spans as p
    inner join reference.sessions as s on s.session between p.first_session and p.last_session
    left join members as m on p.variant = m.variant and s.session >= m.valid_from and s.session < m.valid_to
    left join bars as b on s.session = b.session and m.symbol = b.symbol
    group by p.variant, s.session, s.decision_at
),

-- Sums of decimals are exact, so that a mean does not depend on which other rows are in the table.
paired as (
    select
        d.variant,
        d.session,
        case when d.is_whole then d.difference end::decimal(28, 18) as y,
        y1.log_return as x,
        case when d.is_whole then d.difference * y1.log_return::double end::decimal(28, 18) as xy,
        case when d.is_whole then d.difference * d.difference end::decimal(28, 18) as yy,
        case when d.is_whole then y1.log_return::double * y1.log_return::double end::decimal(28, 18) as xx,
        case when d.is_whole then y1.log_return end as x_paired,
        case when d.is_whole and y1.log_return is not null then d.difference end::decimal(28, 18) as y_paired
    from daily as d
    left join spy as y1 using (session)
),

windows as (
    select
        variant,
        session,
        y::double as y,
        case when count(y) over w5 = 5 then (sum(y) over w5)::double end as y5,
        case when count(y) over w21 = 21 then (sum(y) over w21)::double end as y21,
        case when count(y) over w63 = 63 then (sum(y) over w63)::double end as y63,
        case when count(x) over w5 = 5 then (sum(x) over w5)::double end as x5,
        case when count(x) over w21 = 21 then (sum(x) over w21)::double end as x21,
        case when count(x) over w63 = 63 then (sum(x) over w63)::double end as x63,
        count(xy) over before as n,
        (sum(x_paired) over before)::double / nullif(n, 0) as mean_x,
        (sum(y_paired) over before)::double / nullif(n, 0) as mean_y,
        (sum(xx) over before)::double - n * mean_x * mean_x as sxx,
        (sum(xy) over before)::double - n * mean_x * mean_y as sxy,
        (sum(case when x_paired is not null then yy end) over before)::double - n * mean_y * mean_y as syy
    from paired
    window
        w5 as (partition by variant order by session rows 4 preceding),
        w21 as (partition by variant order by session rows 20 preceding),
        w63 as (partition by variant order by session rows 62 preceding),
        before as (partition by variant order by session rows between 252 preceding and 1 preceding)
),

fitted as (
    select
        variant,
        session,
        100 * y as rotation_1d_pct,
        100 * y5 as rotation_5d_pct,
        100 * y21 as rotation_21d_pct,
        100 * y63 as rotation_63d_pct,
        100 * x5 as x5,
        100 * x21 as x21,
        100 * x63 as x63,
        case when n >= 240 and sxx > 0 then sxy / sxx end as rotation_beta,
        -- Beta moves: with 0.16 the band holds 80 % of the betas of the next 252 sessions, 2005 to 2025.
        case
            when n >= 240 and sxx > 0 then sqrt(greatest(syy - sxy * sxy / sxx, 0) / (n - 2) / sxx + 0.16 * 0.16)
        end as beta_error
    from windows
),

by_horizon as (
    select variant, session, 5 as horizon, rotation_5d_pct as rotation_pct from fitted
    union all by name
    select variant, session, 21 as horizon, rotation_21d_pct as rotation_pct from fitted
    union all by name
    select variant, session, 63 as horizon, rotation_63d_pct as rotation_pct from fitted
),

exact as (
    select
        variant,
        session,
        horizon,
        rotation_pct::decimal(18, 8) as value,
        (rotation_pct * rotation_pct)::decimal(28, 12) as square
    from by_horizon
),

compared as (
    select
        variant,
        session,
        horizon,
        case
            when count(value) over w >= 479
                then (value - (sum(value) over w)::double / count(value) over w) / nullif(
                    sqrt(
                        greatest(
                            (sum(square) over w)::double - power((sum(value) over w)::double, 2) / count(value) over w, 0
                        ) / (count(value) over w - 1)
                    ), 0
                )
        end as z
    from exact
    window w as (partition by variant, horizon order by session rows 503 preceding)
),

scored as (
    select
        variant,
        session,
        max(z) filter (horizon = 5) as rotation_5d_z,
        max(z) filter (horizon = 21) as rotation_21d_z,
        max(z) filter (horizon = 63) as rotation_63d_z
    from compared
    group by variant, session
),

sides as (
    select
        symbol,
        sector in ('Health Care', 'Consumer Staples', 'Utilities') as is_defensive,
        coalesce(added_date, date '1900-01-01') as added_date,
        coalesce(removed_date, date '9999-12-31') as removed_date,
        available_at
    from staging.index_members
    where
        index_symbol = 'SPX'
        and sector in (
            'Health Care', 'Consumer Staples', 'Utilities',
            'Consumer Discretionary', 'Industrials', 'Financials', 'Materials'
        )
),

member_bars as (
    select p.session, s.session_no, p.symbol, p.segment, p.close::decimal(18, 8) as close
    from staging.member_prices as p
    inner join reference.sessions as s using (session)
    where p.symbol in (select symbol from sides)
),

above as (
    select
        session,
        symbol,
        case
            when session_no - lag(session_no, 19) over w = 19 and segment = lag(segment, 19) over w
                then 20 * close > sum(close) over (partition by symbol order by session_no rows 19 preceding)
        end as is_above
    from member_bars
    window w as (partition by symbol order by session_no)
),

breadth as (
    select
        s.session,
        case
            when count(a.is_above) filter (m.is_defensive) >= 0.8 * count(m.symbol) filter (m.is_defensive)
                then
                    100.0 * count(*) filter (m.is_defensive and a.is_above)
                    / nullif(count(a.is_above) filter (m.is_defensive), 0)
        end as defensive_breadth_pct,
        case
            when count(a.is_above) filter (not m.is_defensive) >= 0.8 * count(m.symbol) filter (not m.is_defensive)
                then
                    100.0 * count(*) filter (not m.is_defensive and a.is_above)
                    / nullif(count(a.is_above) filter (not m.is_defensive), 0)
        end as cyclical_breadth_pct
    from reference.sessions as s
    inner join sides as m
        on s.session >= m.added_date and s.session < m.removed_date and s.decision_at >= m.available_at
    left join above as a on s.session = a.session and m.symbol = a.symbol
    where s.session between (select min(session) from member_bars) and (select max(session) from member_bars)
    group by s.session
),

final as (
    select
        f.session,
        f.variant,
        f.rotation_1d_pct,
        f.rotation_5d_pct,
        f.rotation_21d_pct,
        f.rotation_63d_pct,
        z.rotation_5d_z,
        z.rotation_21d_z,
        z.rotation_63d_z,
        f.rotation_beta,
        f.rotation_5d_pct - f.rotation_beta * f.x5 as neutral_5d_pct,
        neutral_5d_pct - 1.2816 * f.beta_error * abs(f.x5) as neutral_5d_lo_pct,
        neutral_5d_pct + 1.2816 * f.beta_error * abs(f.x5) as neutral_5d_hi_pct,
        f.rotation_21d_pct - f.rotation_beta * f.x21 as neutral_21d_pct,
        neutral_21d_pct - 1.2816 * f.beta_error * abs(f.x21) as neutral_21d_lo_pct,
        neutral_21d_pct + 1.2816 * f.beta_error * abs(f.x21) as neutral_21d_hi_pct,
        f.rotation_63d_pct - f.rotation_beta * f.x63 as neutral_63d_pct,
        neutral_63d_pct - 1.2816 * f.beta_error * abs(f.x63) as neutral_63d_lo_pct,
        neutral_63d_pct + 1.2816 * f.beta_error * abs(f.x63) as neutral_63d_hi_pct,
        b.defensive_breadth_pct,
        b.cyclical_breadth_pct,
        b.defensive_breadth_pct - b.cyclical_breadth_pct as breadth_gap_pp,
        'A' as grade,
        nullif(
            concat_ws(
                ', ',
                case
                    when f.rotation_1d_pct is null then 'returns of all funds'
                    when f.rotation_63d_pct is null or f.rotation_21d_pct is null or f.rotation_5d_pct is null
                        then '63 returns of all funds'
                    when z.rotation_63d_z is null or z.rotation_21d_z is null or z.rotation_5d_z is null
                        then '504 sessions of rotation'
                end,
                case
                    when f.rotation_beta is null then '252 returns of SPY and all funds before'
                    when f.x5 is null or f.x21 is null or f.x63 is null then '63 returns of SPY'
                end,
                case
                    when b.defensive_breadth_pct is null or b.cyclical_breadth_pct is null
                        then '20 closes of the index members by sector'
                end
            ),
            ''
        ) as inputs_missing
    from fitted as f
    inner join scored as z on f.variant = z.variant and f.session = z.session
    left join breadth as b on f.session = b.session
    where f.session >= (select min(d.session) from daily as d where d.is_whole and d.variant = f.variant)
)

select * from final
