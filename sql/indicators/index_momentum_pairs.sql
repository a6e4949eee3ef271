/*
description: >-
  One row per session and pair among the S&P 500, Nasdaq 100 and Russell 2000, and among the funds on them - the first
  against the second. Every session on which both have begun has its row.
grain: [session, symbol, other_symbol]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  other_symbol: {type: VARCHAR, unit: name, meaning: Instrument that symbol is compared with}
  relative_st_pct: {type: DOUBLE, unit: percentage points, meaning: "dist_st_pct of symbol less that of other_symbol", nullable: true}
  relative_st_lo_pct: {type: DOUBLE, unit: percentage points, meaning: "Lower end of the 80 % band of relative_st_pct, the errors of the two pivots being independent", nullable: true}
  relative_st_hi_pct: {type: DOUBLE, unit: percentage points, meaning: "Upper end of the 80 % band of relative_st_pct, the errors of the two pivots being independent", nullable: true}
  is_weaker: {type: BOOLEAN, unit: flag, meaning: Whether relative_st_pct is negative, nullable: true}
  relative_slope_20d_pct: {type: DOUBLE, unit: "% per session", meaning: "Slope of the log of the ratio of closes, symbol over other_symbol, on time over 20 sessions", nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: relative_st_hi_pct, column_B: relative_st_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
*/
-- Sums of decimals are exact, so that a slope does not depend on which other rows are in the table.
with ratios as (
    select
        a.session,
        a.symbol,
        b.symbol as other_symbol,
        a.dist_st_pct - b.dist_st_pct as relative_st_pct,
        sqrt((a.dist_st_hi_pct - a.dist_st_lo_pct) ^ 2 + (b.dist_st_hi_pct - b.dist_st_lo_pct) ^ 2) / 2 as relative_st_error,
        ln(a.close / b.close)::decimal(28, 18) as log_ratio,
        row_number() over (partition by a.symbol, b.symbol order by a.session)::decimal(9, 0) as place,
        greatest(a.grade, b.grade) as grade
    from indicators.index_momentum as a
    inner join indicators.index_momentum as b on a.session = b.session
    where
        (a.symbol, b.symbol) in (
            ('SPX', 'NDX'), ('SPX', 'RUT'), ('NDX', 'RUT'), ('SPY', 'QQQ'), ('SPY', 'IWM'), ('QQQ', 'IWM')
        )
),

-- Least squares on 20 consecutive places: their mean is 9.5 before the last, their squares about it sum to 665.
sloped as (
    select
        *,
        case
            when count(log_ratio) over w20 = 20
                then (sum(place * log_ratio) over w20 - (place - 9.5) * sum(log_ratio) over w20) / 665
        end as slope
    from ratios
    window w20 as (partition by symbol, other_symbol order by session rows 19 preceding)
),

final as (
    select
        session,
        symbol,
        other_symbol,
        relative_st_pct,
        relative_st_pct - relative_st_error as relative_st_lo_pct,
        relative_st_pct + relative_st_error as relative_st_hi_pct,
        relative_st_pct < 0 as is_weaker,
        100 * slope as relative_slope_20d_pct,
        grade,
        nullif(
            concat_ws(
                ', ',
                case when relative_st_pct is null then 'pivot' end,
                case when slope is null then '20 sessions of closes' end
            ),
            ''
        ) as inputs_missing
    from sloped
)

select * from final
