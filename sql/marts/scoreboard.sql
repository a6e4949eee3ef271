/*
description: >-
  One row per estimate, publisher and session with a published figure - ours beside it, from the reading that is known at
  the session's decision time, misses included, and figures for which we have nothing with the reason. In the simulated
  market the truth stands in the publisher's place.
grain: [indicator, publisher, session]
owner: team:research
columns:
  indicator: {type: VARCHAR, unit: name, meaning: The estimate that a published figure is set beside}
  publisher: {type: VARCHAR, unit: name, meaning: "Who published the figure; simulated market where it is the truth of one"}
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  published_value: {type: DOUBLE, unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  value: {type: DOUBLE, unit: that of the measure, meaning: Our estimate, nullable: true}
  value_lo: {type: DOUBLE, unit: that of the measure, meaning: Lower end of the 80 % band of value; value itself where it is read off and not estimated, nullable: true}
  value_hi: {type: DOUBLE, unit: that of the measure, meaning: Upper end of the 80 % band of value; value itself where it is read off and not estimated, nullable: true}
  unit: {type: VARCHAR, unit: text, meaning: Unit of the measure}
  error: {type: DOUBLE, unit: that of the measure, meaning: value less published_value, nullable: true}
  is_in_band: {type: BOOLEAN, unit: flag, meaning: Whether the published value lies in our band; NULL without a band, nullable: true}
  has_same_sign: {type: BOOLEAN, unit: flag, meaning: Whether value and published value have the same sign, nullable: true}
  certainty: {type: VARCHAR, unit: name, meaning: "How sure the published figure is: figure, rounded, date (within two days), or from words (the size was inferred)", allowed: [figure, rounded, date, from words]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with ours as (
    select
        session,
        'dealer_gamma' as indicator,
        gex_sm_equiv_bn as value,
        gex_desk_lo_bn as value_lo,
        gex_desk_hi_bn as value_hi
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close'
    union all by name
    -- Where the profile has its zero is read off it; how far that is from a desk's own is what this table shows.
    select session, 'gamma_flip' as indicator, flip_level as value, null as value_lo, null as value_hi
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close'
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
        case variable when 'dealer_gamma' then 'dealer_gamma' else 'gamma_flip' end as indicator,
        'simulated market' as publisher,
        session,
        truth as published_value,
        case variable when 'dealer_gamma' then 'USD bn per 1 %' else 'index points' end as unit,
        'figure' as certainty
    from reference.simulated_truth
    where variable in ('dealer_gamma', 'dealer_gamma_flip')
),

final as (
    select
        p.indicator,
        p.publisher,
        p.session,
        p.published_value,
        o.value,
        o.value_lo,
        o.value_hi,
        p.unit,
        o.value - p.published_value as error,
        p.published_value between o.value_lo and o.value_hi as is_in_band,
        sign(o.value) = sign(p.published_value) as has_same_sign,
        p.certainty,
        case
            when o.session is null then 'S&P 500 option chain of the session'
            when o.value is null then p.indicator
        end as inputs_missing
    from published as p
    inner join reference.sessions as n on p.session = n.session
    left join ours as o on p.indicator = o.indicator and p.session = o.session
)

select * from final
