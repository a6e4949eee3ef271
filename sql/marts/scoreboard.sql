/*
description: >-
  One row per estimate, publisher and session with a published figure - ours beside it, from what is known at the
  session's decision time, misses included, and figures for which we have nothing with the reason; and beside both what a
  simple rule says. Flows of trend followers come from fits that have not seen the session's figures, where there are
  such fits; the rule for depth at the best price has seen its figures. In the simulated market the truth stands in the publisher's place.
grain: [indicator, publisher, session]
owner: team:research
columns:
  indicator: {type: VARCHAR, unit: name, meaning: The estimate that a published figure is set beside}
  publisher: {type: VARCHAR, unit: name, meaning: "Who published the figure; simulated market where it is the truth of one"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  published_value: {type: DOUBLE, unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  value: {type: DOUBLE, unit: that of the measure, meaning: Our estimate, nullable: true}
  value_lo: {type: DOUBLE, unit: that of the measure, meaning: Lower end of the 80 % band of value; value itself where it is read off and not estimated; NULL without a band, nullable: true}
  value_hi: {type: DOUBLE, unit: that of the measure, meaning: Upper end of the 80 % band of value; value itself where it is read off and not estimated; NULL without a band, nullable: true}
  unit: {type: VARCHAR, unit: text, meaning: Unit of the measure}
  error: {type: DOUBLE, unit: that of the measure, meaning: value less published_value, nullable: true}
  is_in_band: {type: BOOLEAN, unit: flag, meaning: Whether the published value lies in our band; NULL without a band, nullable: true}
  has_same_sign: {type: BOOLEAN, unit: flag, meaning: Whether value and published value have the same sign, nullable: true}
  is_left_out: {type: BOOLEAN, unit: flag, meaning: "Whether value comes from a fit that has not seen the session's figures (indicators.cta_flows_left_out)"}
  baseline: {type: VARCHAR, unit: name, meaning: "The simple rule beside our estimate: a moving average of closes (SMA) for pivots, the rank of VIX alone for volatility panic, the daily range that VIX implies for the S&P 500's, ARKK for unprofitable technology, else the mean of the earlier published figures", allowed: [SMA50, SMA100, SMA200, VIX rank, VIX range, ARKK, earlier figures]}
  baseline_value: {type: DOUBLE, unit: that of the measure, meaning: What the simple rule says, nullable: true}
  baseline_error: {type: DOUBLE, unit: that of the measure, meaning: baseline_value less published_value, nullable: true}
  certainty: {type: VARCHAR, unit: name, meaning: "How sure the published figure is: figure, rounded, date (within two days), period (a mean or median of a week or a year around it), bound (above or below it), or from words (the size was inferred)", allowed: [figure, rounded, date, period, bound, from words]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with gamma as (
    select * from indicators.dealer_gamma where underlying = 'SPX' and reading = 'close'
),

flows as (
    select
        session,
        flow_sessions,
        scenario,
        format('cta_flow_{}_{}', case flow_sessions when 5 then '1w' else '1m' end, scenario) as flow,
        flow_us_bn,
        flow_us_hi_bn - flow_us_bn as error_us_bn,
        flow_global_bn,
        flow_global_hi_bn - flow_global_bn as error_global_bn
    from indicators.cta_flows
),

-- What desks have quoted of their baskets, by ours of the same theme, and of the fund that is most used instead of one.
basket_moves as (
    select
        basket,
        session,
        'unprofitable_tech_rise' as indicator,
        rise_63d_pct as value,
        rise_63d_lo_pct as value_lo,
        rise_63d_hi_pct as value_hi
    from indicators.baskets
    where basket in ('unprofitable_tech', 'ark_innovation')
    union all by name
    select
        basket,
        session,
        'unprofitable_tech_fall' as indicator,
        fall_63d_pct as value,
        fall_63d_lo_pct as value_lo,
        fall_63d_hi_pct as value_hi
    from indicators.baskets
    where basket in ('unprofitable_tech', 'ark_innovation')
    union all by name
    select
        basket,
        session,
        'unprofitable_tech_2d' as indicator,
        basket_return_2d_pct as value,
        null as value_lo,
        null as value_hi
    from indicators.baskets
    where basket in ('unprofitable_tech', 'ark_innovation')
    union all by name
    select
        basket,
        session,
        'rare_earths_8d' as indicator,
        basket_return_8d_pct as value,
        null as value_lo,
        null as value_hi
    from indicators.baskets
    where basket = 'rare_earths'
    union all by name
    select
        basket,
        session,
        basket || '_5d' as indicator,
        basket_return_5d_pct as value,
        null as value_lo,
        null as value_hi
    from indicators.baskets
    where basket in ('nuclear', 'quantum')
),

-- Where there is no band the value is read off; how far that is from a desk's own is what this table shows.
ours as (
    select
        session,
        'dealer_gamma' as indicator,
        gex_sm_equiv_bn as value,
        gex_desk_lo_bn as value_lo,
        gex_desk_hi_bn as value_hi
    from gamma
    union all by name
    select session, 'gamma_flip' as indicator, flip_level as value, null as value_lo, null as value_hi from gamma
    union all by name
    select
        session,
        'cta_pivot_' || horizon as indicator,
        pivot_level as value,
        pivot_lo as value_lo,
        pivot_hi as value_hi
    from indicators.cta_pivots
    where symbol = 'SPX'
    union all by name
    select
        session,
        flow || '_us' as indicator,
        flow_us_bn as value,
        flow_us_bn - error_us_bn as value_lo,
        flow_us_bn + error_us_bn as value_hi
    from flows
    union all by name
    select
        session,
        flow || '_global' as indicator,
        flow_global_bn as value,
        flow_global_bn - error_global_bn as value_lo,
        flow_global_bn + error_global_bn as value_hi
    from flows
    union all by name
    select
        session,
        'cta_position_us' as indicator,
        position_us_bn as value,
        position_us_lo_bn as value_lo,
        position_us_hi_bn as value_hi
    from indicators.cta_positions
    union all by name
    select
        session,
        'cta_position_global' as indicator,
        position_global_bn as value,
        position_global_lo_bn as value_lo,
        position_global_hi_bn as value_hi
    from indicators.cta_positions
    union all by name
    select
        session,
        'cta_flow_realised_5d_us' as indicator,
        position_us_5d_change_bn as value,
        null as value_lo,
        null as value_hi
    from indicators.cta_positions
    union all by name
    select
        session,
        format('vol_control_flow_{}d_{}bp', flow_sessions, (100 * daily_move_pct)::integer) as indicator,
        flow_bn as value,
        flow_lo_bn as value_lo,
        flow_hi_bn as value_hi
    from indicators.vol_control_flows
    union all by name
    select
        session,
        'vol_control_flow_realised_15d' as indicator,
        flow_15d_realised_bn as value,
        flow_15d_realised_lo_bn as value_lo,
        flow_15d_realised_hi_bn as value_hi
    from indicators.vol_control
    union all by name
    select
        session,
        'vol_control_notional' as indicator,
        notional_bn as value,
        notional_lo_bn as value_lo,
        notional_hi_bn as value_hi
    from indicators.vol_control
    union all by name
    select
        session,
        'risk_parity_equity_notional' as indicator,
        equity_notional_bn as value,
        equity_notional_lo_bn as value_lo,
        equity_notional_hi_bn as value_hi
    from indicators.risk_parity
    union all by name
    select
        session,
        'systematic_total' as indicator,
        systematic_total_bn as value,
        systematic_total_lo_bn as value_lo,
        systematic_total_hi_bn as value_hi
    from indicators.systematic_total
    union all by name
    select
        session,
        'vol_panic' as indicator,
        vol_panic as value,
        vol_panic_lo as value_lo,
        vol_panic_hi as value_hi
    from indicators.vol_panic
    union all by name
    select session, 'vol_panic_rank' as indicator, vol_panic_rank as value, null as value_lo, null as value_hi
    from indicators.vol_panic
    union all by name
    select
        session,
        lower(symbol) || '_range_5d' as indicator,
        range_5d_pct as value,
        range_5d_lo_pct as value_lo,
        range_5d_hi_pct as value_hi
    from indicators.trading_range
    where symbol in ('SPX', 'NDX')
    union all by name
    select
        session,
        'above_50d' as indicator,
        above_50d_pct as value,
        above_50d_lo_pct as value_lo,
        above_50d_hi_pct as value_hi
    from indicators.breadth
    union all by name
    select
        session,
        'above_200d' as indicator,
        above_200d_pct as value,
        above_200d_lo_pct as value_lo,
        above_200d_hi_pct as value_hi
    from indicators.breadth
    union all by name
    select
        session,
        'top_of_book' as indicator,
        top_of_book_usd_mn as value,
        top_of_book_lo_usd_mn as value_lo,
        top_of_book_hi_usd_mn as value_hi
    from indicators.liquidity
    union all by name
    select session, 'top_of_book_ytd' as indicator, top_of_book_ytd_usd_mn as value, null as value_lo, null as value_hi
    from indicators.liquidity
    union all by name
    select session, 'top_of_book_rank' as indicator, top_of_book_rank_252d as value, null as value_lo, null as value_hi
    from indicators.liquidity
    union all by name
    select session, 'top_of_book_to_10d' as indicator, top_of_book_to_10d_pct as value, null as value_lo, null as value_hi
    from indicators.liquidity
    union all by name
    select session, indicator, value, value_lo, value_hi
    from basket_moves
    where basket <> 'ark_innovation'
    union all by name
    select
        session,
        'active_' || cohort || '_' || replace(lower(sector), ' ', '_') as indicator,
        active_wt_pp as value,
        active_wt_lo_pp as value_lo,
        active_wt_hi_pp as value_hi
    from indicators.sector_positioning
    where method = 'style'
    union all by name
    -- Its band is taken to be as wide as that of its distance from the benchmark, whose own error is in there.
    select
        session,
        cohort || '_technology_weight' as indicator,
        weight_pct as value,
        weight_pct + active_wt_lo_pp - active_wt_pp as value_lo,
        weight_pct + active_wt_hi_pp - active_wt_pp as value_hi
    from indicators.sector_positioning
    where method = 'style' and sector = 'Information Technology'
),

-- The estimate by a fit that has not seen the session's figures.
left_out_flows as (
    select
        *, format('cta_flow_{}_{}', case flow_sessions when 5 then '1w' else '1m' end, scenario) as flow
    from indicators.cta_flows_left_out
),

left_out as (
    select session, flow || '_us' as indicator, left_out_flow_us_bn as value from left_out_flows
    union all by name
    select session, flow || '_global' as indicator, left_out_flow_global_bn as value from left_out_flows
    union all by name
    select session, 'cta_position_us' as indicator, left_out_position_us_bn as value
    from left_out_flows
    where flow = 'cta_flow_1w_flat'
    union all by name
    select session, 'cta_position_global' as indicator, left_out_position_global_bn as value
    from left_out_flows
    where flow = 'cta_flow_1w_flat'
),

published as (
    select indicator, publisher, published_session as session, published_value, unit, certainty
    from reference.published_estimates
    where (select not bool_or(p.source = 'simulated') from staging.prices as p)
    union all by name
    select
        'dealer_gamma' as indicator,
        'SqueezeMetrics' as publisher,
        session,
        sm_gex_bn as published_value,
        'USD bn per 1 %' as unit,
        'figure' as certainty
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close' and sm_gex_bn is not null
    union all by name
    select
        case variable when 'dealer_gamma_flip' then 'gamma_flip' else variable end as indicator,
        'simulated market' as publisher,
        session,
        truth as published_value,
        case variable
            when 'dealer_gamma' then 'USD bn per 1 %'
            when 'dealer_gamma_flip' then 'index points'
            when 'top_of_book' then 'USD mn'
            else truth_unit
        end as unit,
        'figure' as certainty
    from reference.simulated_truth
    where variable in (
        'dealer_gamma', 'dealer_gamma_flip', 'vol_control_notional', 'risk_parity_equity_notional', 'top_of_book'
    )
    or starts_with(variable, 'cta_') or starts_with(variable, 'vol_control_flow_') or starts_with(variable, 'active_')
),

averages as (
    select
        session,
        case when count(*) over w50 = 50 then avg(close::decimal(28, 10)) over w50 end as sma50,
        case when count(*) over w100 = 100 then avg(close::decimal(28, 10)) over w100 end as sma100,
        case when count(*) over w200 = 200 then avg(close::decimal(28, 10)) over w200 end as sma200
    from staging.prices
    where symbol = 'SPX'
    window
        w50 as (order by session rows 49 preceding),
        w100 as (order by session rows 99 preceding),
        w200 as (order by session rows 199 preceding)
),

-- What a simple rule says where there is a better one than the mean of earlier figures.
rules as (
    select session, 'cta_pivot_st' as indicator, sma50 as baseline_value from averages
    union all by name
    select session, 'cta_pivot_mt' as indicator, sma100 as baseline_value from averages
    union all by name
    select session, 'cta_pivot_lt' as indicator, sma200 as baseline_value from averages
    union all by name
    select session, 'vol_panic' as indicator, panic_vix_only as baseline_value from indicators.vol_panic
    union all by name
    select session, 'spx_range_5d' as indicator, vix / sqrt(252) * sqrt(8 / pi()) as baseline_value
    from indicators.vol_panic
    union all by name
    select session, indicator, value as baseline_value
    from basket_moves
    where basket = 'ark_innovation'
),

-- What was published before is known; sums of decimals are exact.
compared as (
    select
        *,
        avg(published_value::decimal(28, 10)) over (
            partition by indicator, publisher order by session rows between unbounded preceding and 1 preceding
        ) as earlier_mean
    from published
),

estimated as (
    select
        p.*,
        l.value is not null as is_left_out,
        o.session is not null as is_estimated,
        coalesce(l.value, o.value) as value,
        -- The band of our value, moved to the left-out one.
        case when l.value is null then o.value_lo else l.value + o.value_lo - o.value end as value_lo,
        case when l.value is null then o.value_hi else l.value + o.value_hi - o.value end as value_hi,
        case p.indicator
            when 'cta_pivot_st' then 'SMA50'
            when 'cta_pivot_mt' then 'SMA100'
            when 'cta_pivot_lt' then 'SMA200'
            when 'vol_panic' then 'VIX rank'
            when 'spx_range_5d' then 'VIX range'
            when 'unprofitable_tech_rise' then 'ARKK'
            when 'unprofitable_tech_fall' then 'ARKK'
            when 'unprofitable_tech_2d' then 'ARKK'
            else 'earlier figures'
        end as baseline,
        r.baseline_value as rule_value
    from compared as p
    inner join reference.sessions as n on p.session = n.session
    left join ours as o on p.indicator = o.indicator and p.session = o.session
    left join left_out as l
        on p.indicator = l.indicator and p.session = l.session and p.publisher <> 'simulated market'
    left join rules as r on p.indicator = r.indicator and p.session = r.session
),

final as (
    select
        indicator,
        publisher,
        session,
        published_value,
        value,
        value_lo,
        value_hi,
        unit,
        value - published_value as error,
        published_value between value_lo and value_hi as is_in_band,
        sign(value) = sign(published_value) as has_same_sign,
        is_left_out,
        baseline,
        case when baseline = 'earlier figures' then earlier_mean else rule_value end as baseline_value,
        baseline_value - published_value as baseline_error,
        certainty,
        case
            when value is not null then null
            when indicator in ('dealer_gamma', 'gamma_flip') and not is_estimated
                then 'S&P 500 option chain of the session'
            else indicator
        end as inputs_missing
    from estimated
)

select * from final
