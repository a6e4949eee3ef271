/*
description: >-
  One row per estimate and publisher - how far ours is from the published figures over all sessions that have both, by
  level and by rank, and how far a simple rule is. The line is the least-squares fit of the published figure on ours.
  Beside each scenario's flow of trend followers all of them stand together, as cta_flow_us and cta_flow_global.
grain: [indicator, publisher]
owner: team:research
columns:
  indicator: {type: VARCHAR, unit: name, meaning: The estimate that a published figure is set beside}
  publisher: {type: VARCHAR, unit: name, meaning: "Who published the figure; simulated market where it is the truth of one"}
  figures: {type: BIGINT, unit: count, meaning: Published figures, min: 1}
  compared: {type: BIGINT, unit: count, meaning: Published figures beside which ours stands, min: 0}
  bias: {type: DOUBLE, unit: that of the measure, meaning: Mean error, nullable: true}
  mean_absolute_error: {type: DOUBLE, unit: that of the measure, meaning: Mean absolute error, nullable: true, min: 0}
  baseline_mean_absolute_error: {type: DOUBLE, unit: that of the measure, meaning: "Mean absolute error of the simple rule beside our estimate, over the compared figures for which it says something", nullable: true, min: 0}
  correlation: {type: DOUBLE, unit: ratio, meaning: Correlation of ours with the published figures; NULL below 5 of them, nullable: true, min: -1.000001, max: 1.000001}
  rank_correlation: {type: DOUBLE, unit: ratio, meaning: "Spearman's rank correlation; NULL below 5 figures", nullable: true, min: -1.000001, max: 1.000001}
  fit_slope: {type: DOUBLE, unit: ratio, meaning: Slope of the line through the published figures on ours; NULL below 5 figures, nullable: true}
  fit_intercept: {type: DOUBLE, unit: that of the measure, meaning: Intercept of that line, nullable: true}
  fit_error: {type: DOUBLE, unit: that of the measure, meaning: Root mean square distance of the published figures from that line, nullable: true, min: 0}
  same_sign_share: {type: DOUBLE, unit: ratio, meaning: Share of figures with the same sign, nullable: true, min: 0, max: 1}
  band_coverage: {type: DOUBLE, unit: ratio, meaning: Share of figures inside our 80 % band, nullable: true, min: 0, max: 1}
rows: {min: 0}
*/
with figures as (
    select * from marts.scoreboard
    union all
    select * replace ('cta_flow_' || regexp_extract(indicator, '(us|global)$') as indicator)
    from marts.scoreboard
    where regexp_matches(indicator, '^cta_flow_1[wm]_')
),

compared as (
    select * from figures where error is not null
),

-- Equal figures share the mean of their ranks.
ranked as (
    select
        *,
        rank() over (partition by indicator, publisher order by value)
        + (count(*) over (partition by indicator, publisher, value) - 1) / 2 as value_rank,
        rank() over (partition by indicator, publisher order by published_value)
        + (count(*) over (partition by indicator, publisher, published_value) - 1) / 2 as published_rank
    from compared
),

-- What never moves has no correlation, which comes out as no number.
fitted as (
    select
        indicator,
        publisher,
        count(*) as compared,
        avg(error) as bias,
        avg(abs(error)) as mean_absolute_error,
        avg(abs(baseline_error)) as baseline_mean_absolute_error,
        avg(has_same_sign::integer) as same_sign_share,
        avg(is_in_band::integer) as band_coverage,
        count(*) >= 5 and stddev_pop(value) > 0 and stddev_pop(published_value) > 0 as can_be_fitted,
        corr(value, published_value) as correlation,
        corr(value_rank, published_rank) as rank_correlation,
        regr_slope(published_value, value) as fit_slope,
        regr_intercept(published_value, value) as fit_intercept,
        sqrt(greatest(var_pop(published_value) * (1 - regr_r2(published_value, value)), 0)) as fit_error
    from ranked
    group by indicator, publisher
),

counted as (
    select indicator, publisher, count(*) as figures from figures group by indicator, publisher
),

final as (
    select
        c.indicator,
        c.publisher,
        c.figures,
        coalesce(f.compared, 0) as compared,
        f.bias,
        f.mean_absolute_error,
        f.baseline_mean_absolute_error,
        case when f.can_be_fitted then f.correlation end as correlation,
        case when f.can_be_fitted then f.rank_correlation end as rank_correlation,
        case when f.can_be_fitted then f.fit_slope end as fit_slope,
        case when f.can_be_fitted then f.fit_intercept end as fit_intercept,
        case when f.can_be_fitted then f.fit_error end as fit_error,
        f.same_sign_share,
        f.band_coverage
    from counted as c
    left join fitted as f on c.indicator = f.indicator and c.publisher = f.publisher
)

select * from final
