/*
description: >-
  One row per session and symbol, for the S&P 500, Nasdaq 100 and Russell 2000 and the funds on them - each against its
  own pivots, how strong its trend is, and which of them are below. The three indices and the three funds are families;
  a symbol is compared with the two others of its family. A claim that the S&P 500 has "negative momentum against the
  Russell 2000 and the Nasdaq 100" can be read as that it is the weakest (is_weakest) or as that it joins them below
  their pivots (joins_below); both are here. Every session from a symbol's first to the newest of all has its row.
grain: [session, symbol]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  close: {type: DOUBLE, unit: price, meaning: "Last price of the bar: adjusted for splits, not for dividends", nullable: true}
  dist_st_pct: {type: DOUBLE, unit: "%", meaning: Close against the short-term pivot, nullable: true}
  dist_st_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower end of the 80 % band of dist_st_pct: close against the upper end of the pivot's", nullable: true}
  dist_st_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper end of the 80 % band of dist_st_pct: close against the lower end of the pivot's", nullable: true}
  dist_mt_pct: {type: DOUBLE, unit: "%", meaning: Close against the medium-term pivot, nullable: true}
  dist_mt_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower end of the 80 % band of dist_mt_pct: close against the upper end of the pivot's", nullable: true}
  dist_mt_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper end of the 80 % band of dist_mt_pct: close against the lower end of the pivot's", nullable: true}
  dist_lt_pct: {type: DOUBLE, unit: "%", meaning: Close against the long-term pivot, nullable: true}
  dist_lt_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower end of the 80 % band of dist_lt_pct: close against the upper end of the pivot's", nullable: true}
  dist_lt_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper end of the 80 % band of dist_lt_pct: close against the lower end of the pivot's", nullable: true}
  return_21d_pct: {type: DOUBLE, unit: "%", meaning: "Change of close over 21 sessions, without dividends", nullable: true}
  trend_t_stat: {type: DOUBLE, unit: standard errors, meaning: "Slope of the log excess price on time over 63 bars, over its Newey-West standard error with 3 lags; the residuals of a price level are far from independent, so that values beyond 2 are common", nullable: true}
  momentum_21d: {type: DOUBLE, unit: ratio, meaning: Excess return over 21 bars / momentum_vol_pct, nullable: true}
  momentum_63d: {type: DOUBLE, unit: ratio, meaning: Excess return over 63 bars / momentum_vol_pct, nullable: true}
  momentum_252d: {type: DOUBLE, unit: ratio, meaning: Excess return over 252 bars / momentum_vol_pct, nullable: true}
  below_state: {type: VARCHAR, unit: name, meaning: "Which of SPX, NDX and RUT closed below their short-term pivots; NULL where that is not known of all", nullable: true, allowed: [none, SPX only, NDX only, RUT only, SPX and NDX, SPX and RUT, NDX and RUT, all]}
  is_weakest: {type: BOOLEAN, unit: flag, meaning: "Whether dist_st_pct is lower than those of both others of the family: the literal reading of weaker momentum", nullable: true}
  joins_below: {type: BOOLEAN, unit: flag, meaning: "Whether the symbol closed below its short-term pivot like both others of the family: the other reading of weaker momentum", nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: dist_st_hi_pct, column_B: dist_st_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: dist_mt_hi_pct, column_B: dist_mt_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: dist_lt_hi_pct, column_B: dist_lt_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with pivots as (
    select
        session,
        symbol,
        max(close) as close,
        max(dist_pct) filter (horizon = 'st') as dist_st_pct,
        max(100 * (close / pivot_hi - 1)) filter (horizon = 'st') as dist_st_lo_pct,
        max(100 * (close / pivot_lo - 1)) filter (horizon = 'st') as dist_st_hi_pct,
        max(dist_pct) filter (horizon = 'mt') as dist_mt_pct,
        max(100 * (close / pivot_hi - 1)) filter (horizon = 'mt') as dist_mt_lo_pct,
        max(100 * (close / pivot_lo - 1)) filter (horizon = 'mt') as dist_mt_hi_pct,
        max(dist_pct) filter (horizon = 'lt') as dist_lt_pct,
        max(100 * (close / pivot_hi - 1)) filter (horizon = 'lt') as dist_lt_lo_pct,
        max(100 * (close / pivot_lo - 1)) filter (horizon = 'lt') as dist_lt_hi_pct,
        bool_or(is_below) filter (horizon = 'st') as is_below
    from indicators.cta_pivots
    where symbol in ('SPX', 'NDX', 'RUT', 'SPY', 'QQQ', 'IWM')
    group by session, symbol
),

spans as (
    select symbol, min(session) as first_session, max(session) as last_session from pivots group by symbol
),

measured as (
    select
        s.session,
        r.symbol,
        case when r.symbol in ('SPX', 'NDX', 'RUT') then 'index' else 'fund' end as family,
        p.* exclude (session, symbol),
        100 * (p.close / lag(p.close, 21) over (partition by r.symbol order by s.session) - 1) as return_21d_pct,
        t.trend_t_stat,
        t.momentum_21d,
        t.momentum_63d,
        t.momentum_252d,
        t.inputs_missing as trend_inputs_missing,
        m.grade
    from spans as r
    inner join reference.trend_markets as m on r.symbol = m.symbol
    inner join reference.sessions as s on s.session between r.first_session and (select max(last_session) from spans)
    left join pivots as p on r.symbol = p.symbol and s.session = p.session
    left join indicators.price_trends as t on r.symbol = t.symbol and s.session = t.session
),

compared as (
    select
        *,
        count(dist_st_pct) over in_family as known,
        count(*) filter (is_below) over in_family as below,
        rank() over (partition by session, family order by dist_st_pct nulls last) as place,
        count(*) over (partition by session, family, dist_st_pct) as level_with,
        bool_or(is_below) filter (symbol = 'SPX') over of_session as spx_below,
        bool_or(is_below) filter (symbol = 'NDX') over of_session as ndx_below,
        bool_or(is_below) filter (symbol = 'RUT') over of_session as rut_below
    from measured
    window in_family as (partition by session, family), of_session as (partition by session)
),

named as (
    select
        *,
        concat_ws(
            ' and ',
            case when spx_below then 'SPX' end,
            case when ndx_below then 'NDX' end,
            case when rut_below then 'RUT' end
        ) as names_below,
        spx_below::integer + ndx_below::integer + rut_below::integer as indices_below
    from compared
),

final as (
    select
        session,
        symbol,
        close,
        dist_st_pct,
        dist_st_lo_pct,
        dist_st_hi_pct,
        dist_mt_pct,
        dist_mt_lo_pct,
        dist_mt_hi_pct,
        dist_lt_pct,
        dist_lt_lo_pct,
        dist_lt_hi_pct,
        return_21d_pct,
        trend_t_stat,
        momentum_21d,
        momentum_63d,
        momentum_252d,
        case indices_below
            when 0 then 'none'
            when 1 then names_below || ' only'
            when 2 then names_below
            when 3 then 'all'
        end as below_state,
        case when known = 3 then place = 1 and level_with = 1 end as is_weakest,
        case when known = 3 then below = 3 end as joins_below,
        grade,
        nullif(
            concat_ws(
                ', ',
                case when close is null then 'close' end,
                case when dist_st_pct is null then 'short-term pivot' end,
                case when dist_mt_pct is null then 'medium-term pivot' end,
                case when dist_lt_pct is null then 'long-term pivot' end,
                case when return_21d_pct is null then '21 sessions of closes' end,
                trend_inputs_missing,
                case when indices_below is null then 'SPX, NDX or RUT against its pivot' end,
                case when known < 3 then 'others of the family' end
            ),
            ''
        ) as inputs_missing
    from named
)

select * from final
