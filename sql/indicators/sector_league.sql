/*
description: >-
  One row per session and symbol - the league table of sector, industry, theme and factor funds (roles sector, industry,
  theme and factor of reference.instruments), from a fund's first bar to the newest session of the S&P 500 or a fund. Total
  returns from close to close over a horizon of sessions, and less SPY's over the same; ranks are among the Select Sector
  funds that have the return, 1 the best. A missing session within a horizon does not matter, one at its ends does; a
  session without a bar, like those after a fund's last, has no returns and the reason. Returns are read off.
grain: [session, symbol]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  role: {type: VARCHAR, unit: name, meaning: What the pipeline uses the instrument for}
  sector: {type: VARCHAR, unit: name, meaning: GICS sector or theme where the instrument stands for one, nullable: true}
  total_return_1d_pct: {type: DOUBLE, unit: "%", meaning: Total return over the session, nullable: true, min: -100}
  total_return_5d_pct: {type: DOUBLE, unit: "%", meaning: Total return over 5 sessions, nullable: true, min: -100}
  total_return_15d_pct: {type: DOUBLE, unit: "%", meaning: Total return over 15 sessions, nullable: true, min: -100}
  total_return_21d_pct: {type: DOUBLE, unit: "%", meaning: Total return over 21 sessions, nullable: true, min: -100}
  total_return_63d_pct: {type: DOUBLE, unit: "%", meaning: Total return over 63 sessions, nullable: true, min: -100}
  total_return_252d_pct: {type: DOUBLE, unit: "%", meaning: Total return over 252 sessions, nullable: true, min: -100}
  relative_5d_pp: {type: DOUBLE, unit: "% points", meaning: "Total return over 5 sessions less SPY's", nullable: true}
  relative_15d_pp: {type: DOUBLE, unit: "% points", meaning: "Total return over 15 sessions less SPY's", nullable: true}
  relative_21d_pp: {type: DOUBLE, unit: "% points", meaning: "Total return over 21 sessions less SPY's", nullable: true}
  relative_63d_pp: {type: DOUBLE, unit: "% points", meaning: "Total return over 63 sessions less SPY's", nullable: true}
  relative_252d_pp: {type: DOUBLE, unit: "% points", meaning: "Total return over 252 sessions less SPY's", nullable: true}
  sector_rank_5d: {type: INTEGER, unit: count, meaning: "Rank of the sector fund's return over 5 sessions, 1 the best; NULL for other funds", nullable: true, min: 1, max: 11}
  sector_rank_21d: {type: INTEGER, unit: count, meaning: "Rank of the sector fund's return over 21 sessions, 1 the best; NULL for other funds", nullable: true, min: 1, max: 11}
  sector_rank_63d: {type: INTEGER, unit: count, meaning: "Rank of the sector fund's return over 63 sessions, 1 the best; NULL for other funds", nullable: true, min: 1, max: 11}
  fund_drawdown_pct: {type: DOUBLE, unit: "%", meaning: "From the highest close of 252 sessions, dividends reinvested; 240 of them must be there", nullable: true, max: 0}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with funds as (
    select symbol, role, sector from reference.instruments
    where role in ('sector', 'industry', 'theme', 'factor') or symbol = 'SPY'
),

bars as materialized (
    select session, symbol, total_return_index as grown from staging.prices
    where symbol in (select symbol from funds) or symbol = 'SPX'
),

-- Every session from a fund's first bar on, so that a missing one is a gap and not a longer step, the newest too.
spans as (
    select symbol, min(session) as first_session from bars
    group by symbol
),

spine as (
    select s.session, f.symbol, f.role, f.sector, b.grown
    from spans as p
    inner join reference.sessions as s
        on s.session between p.first_session and (select max(b.session) from bars as b)
    inner join funds as f using (symbol)
    left join bars as b on s.session = b.session and p.symbol = b.symbol
),

returns as (
    select
        *,
        100 * (grown / lag(grown, 1) over w - 1) as r1,
        100 * (grown / lag(grown, 5) over w - 1) as r5,
        100 * (grown / lag(grown, 15) over w - 1) as r15,
        100 * (grown / lag(grown, 21) over w - 1) as r21,
        100 * (grown / lag(grown, 63) over w - 1) as r63,
        100 * (grown / lag(grown, 252) over w - 1) as r252,
        case when count(grown) over year >= 240 then 100 * (grown / max(grown) over year - 1) end as drawdown
    from spine
    window
        w as (partition by symbol order by session),
        year as (partition by symbol order by session rows 251 preceding)
),

market as (
    select session, r5, r15, r21, r63, r252 from returns
    where symbol = 'SPY'
),

final as (
    select
        r.session,
        r.symbol,
        r.role,
        r.sector,
        r.r1 as total_return_1d_pct,
        r.r5 as total_return_5d_pct,
        r.r15 as total_return_15d_pct,
        r.r21 as total_return_21d_pct,
        r.r63 as total_return_63d_pct,
        r.r252 as total_return_252d_pct,
        r.r5 - m.r5 as relative_5d_pp,
        r.r15 - m.r15 as relative_15d_pp,
        r.r21 - m.r21 as relative_21d_pp,
        r.r63 - m.r63 as relative_63d_pp,
        r.r252 - m.r252 as relative_252d_pp,
        case
            when r.role = 'sector' and r.r5 is not null
                then rank() over (partition by r.session, r.role order by r.r5 desc nulls last)::integer
        end as sector_rank_5d,
        case
            when r.role = 'sector' and r.r21 is not null
                then rank() over (partition by r.session, r.role order by r.r21 desc nulls last)::integer
        end as sector_rank_21d,
        case
            when r.role = 'sector' and r.r63 is not null
                then rank() over (partition by r.session, r.role order by r.r63 desc nulls last)::integer
        end as sector_rank_63d,
        r.drawdown as fund_drawdown_pct,
        'A' as grade,
        nullif(
            concat_ws(
                ', ',
                case
                    when r.grown is null then 'bar of the session'
                    when
                        r.r1 is null or r.r5 is null or r.r15 is null or r.r21 is null or r.r63 is null or r.r252 is null
                        or r.drawdown is null
                        then 'bars of the sessions at which horizons begin'
                end,
                case
                    when m.r5 is null or m.r15 is null or m.r21 is null or m.r63 is null or m.r252 is null
                        then 'returns of SPY'
                end
            ),
            ''
        ) as inputs_missing
    from returns as r
    left join market as m using (session)
    where r.symbol <> 'SPY'
)

select * from final
