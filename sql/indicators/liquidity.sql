/*
description: >-
  One row per session - how easily S&P 500 risk can be traded, from volumes, prices and option quotes. top_of_book_usd_mn
  is a transform of VIX and holds no other information; its anchors are a desk's published depths. What volatility does
  not explain is amihud_residual_z. liq_stress runs from 0 (liquid) to 10 and is the mean of up to four percentile ranks
  in 756 sessions, of which three must be there; depth is VIX by another name and EDGE follows volatility, so without
  option quotes two thirds of it are volatility. Its band leaves one rank out, which is no sampling error. Returns and
  volumes are those of SPY; zero volume counts as no bar. A window of up to 21 sessions needs each of them, a longer one
  95 %. Amihud's ratios, the range per dollar, the residual and what sets depth beside its own past are read off and have
  no band. edge_median_bp and half_spread_30d_pct are those of indicators.spread_panel and of indicators.option_smile.
  The grade is that of the score, B would be that of the depth's level alone.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  vix: {type: DOUBLE, unit: index points, meaning: VIX close, nullable: true, min: 0}
  top_of_book_usd_mn: {type: DOUBLE, unit: USD mn, meaning: "Quantity at the best bid or ask of the front E-mini S&P 500 future that VIX implies by reference.depth_calibration", nullable: true, min: 0}
  top_of_book_lo_usd_mn: {type: DOUBLE, unit: USD mn, meaning: Lower end of the 80 % band of top_of_book_usd_mn, nullable: true, min: 0}
  top_of_book_hi_usd_mn: {type: DOUBLE, unit: USD mn, meaning: Upper end of the 80 % band of top_of_book_usd_mn, nullable: true, min: 0}
  top_of_book_to_10d_pct: {type: DOUBLE, unit: "%", meaning: top_of_book_usd_mn against its mean of 10 sessions, nullable: true}
  top_of_book_ytd_usd_mn: {type: DOUBLE, unit: USD mn, meaning: "Mean of top_of_book_usd_mn since the year began, of which 95 % must be there", nullable: true, min: 0}
  top_of_book_rank_252d: {type: DOUBLE, unit: ratio, meaning: Percentile rank of top_of_book_usd_mn in 252 sessions, nullable: true, min: 0, max: 1}
  amihud_21d_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: "Mean of 21 sessions of SPY's absolute return per dollar traded (Amihud 2002)", nullable: true, min: 0}
  amihud_to_median: {type: DOUBLE, unit: ratio, meaning: "amihud_21d_bp_per_bn / its median of 252 sessions, as growing volume hides stress in its level", nullable: true, min: 0}
  amihud_residual_z: {type: DOUBLE, unit: standard deviations, meaning: "What VIX does not explain: residual of ln(amihud_to_median) on the mean ln(VIX) of the same 21 sessions, least squares over 756 sessions, in residual standard deviations; above 0 trades move prices more than volatility says", nullable: true}
  es_amihud_21d_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: "The same of the front E-mini S&P 500 future: the S&P 500's absolute return per dollar of contract volume x 50 x price", nullable: true, min: 0}
  kyle_lambda_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: "Slope of SPY's return on its signed dollar volume over 63 sessions, least squares (after Kyle 1985); a session's volume is signed by close against open", nullable: true}
  kyle_lambda_lo_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: Lower end of the 80 % band of kyle_lambda_bp_per_bn, nullable: true}
  kyle_lambda_hi_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: Upper end of the 80 % band of kyle_lambda_bp_per_bn, nullable: true}
  range_21d_bp_per_bn: {type: DOUBLE, unit: bp per USD bn, meaning: "Mean of 21 sessions of SPY's (high - low) / previous close per dollar traded", nullable: true, min: 0}
  edge_median_bp: {type: DOUBLE, unit: bp, meaning: "Median of the panel's spreads of 21 sessions by EDGE (Ardia, Guidotti and Kroencke 2024)", nullable: true, min: 0}
  half_spread_30d_pct: {type: DOUBLE, unit: "%", meaning: "Median of (ask - bid) / 2 / mid over the quoted contracts of the two expiries with strikes within 2 % of the forward; half of what some call by that name", nullable: true, min: 0}
  depth_rank_756d: {type: DOUBLE, unit: ratio, meaning: Percentile rank of 1 / top_of_book_usd_mn in 756 sessions, nullable: true, min: 0, max: 1}
  amihud_rank_756d: {type: DOUBLE, unit: ratio, meaning: Percentile rank of amihud_to_median in 756 sessions, nullable: true, min: 0, max: 1}
  edge_rank_756d: {type: DOUBLE, unit: ratio, meaning: "Percentile rank of edge_21d_bp in 756 sessions, of which 95 % must have one", nullable: true, min: 0, max: 1}
  half_spread_rank_756d: {type: DOUBLE, unit: ratio, meaning: Percentile rank of half_spread_30d_pct in 756 sessions, nullable: true, min: 0, max: 1}
  liq_stress: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of depth_rank_756d, amihud_rank_756d, edge_rank_756d and half_spread_rank_756d, of which at least three must be there", nullable: true, min: 0, max: 10}
  liq_stress_lo: {type: DOUBLE, unit: 0 to 10, meaning: "Lower end of the 80 % band of liq_stress: the smallest mean that leaves one rank out", nullable: true, min: 0, max: 10}
  liq_stress_hi: {type: DOUBLE, unit: 0 to 10, meaning: "Upper end of the 80 % band of liq_stress: the largest mean that leaves one rank out", nullable: true, min: 0, max: 10}
  method_version: {type: VARCHAR, unit: name, meaning: Version of the calibration}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: liq_stress_hi, column_B: liq_stress_lo, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: kyle_lambda_hi_bp_per_bn, column_B: kyle_lambda_lo_bp_per_bn, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with prices as materialized (
    select session, symbol, open, high, low, close, volume, total_return
    from staging.prices
    where symbol in ('VIX', 'SPX', 'SPY', 'ES=F')
),

-- Every session from the first to the last, so that a missing bar is a gap and not a longer step.
bars as (
    select
        s.session,
        s.session_no,
        v.close as vix,
        y.total_return as spy_return,
        (y.high - y.low) / lag(y.close) over (order by s.session) as spy_range,
        y.close * nullif(y.volume, 0) / 1e9 as spy_traded_bn,
        sign(y.close - y.open) * y.close * nullif(y.volume, 0) / 1e9 as signed_bn,
        x.close / lag(x.close) over (order by s.session) - 1 as spx_return,
        50 * f.close * nullif(f.volume, 0) / 1e9 as es_traded_bn
    from reference.sessions as s
    left join prices as v on s.session = v.session and v.symbol = 'VIX'
    left join prices as x on s.session = x.session and x.symbol = 'SPX'
    left join prices as y on s.session = y.session and y.symbol = 'SPY'
    left join prices as f on s.session = f.session and f.symbol = 'ES=F'
    where s.session between (select min(session) from prices) and (select max(session) from prices)
),

calibration as (
    select * from reference.depth_calibration
    qualify row_number() over (order by method_version desc) = 1
),

-- Sums of decimals are exact, so that a mean does not depend on which other rows are in the table.
exact as (
    select
        b.session,
        b.session_no,
        b.vix,
        exp(k.depth_intercept + k.vix_elasticity * ln(b.vix)) as top_of_book,
        -- A new figure scatters around the line, and the line itself is known from few.
        exp(
            k.band_deviations * k.depth_log_sd
            * sqrt(1 + 1 / k.depth_figures + (ln(b.vix) - k.mean_log_vix) ^ 2 / k.log_vix_squares)
        ) as band_factor,
        k.method_version,
        (1e4 * abs(b.spy_return) / b.spy_traded_bn)::decimal(28, 15) as amihud,
        (1e4 * b.spy_range / b.spy_traded_bn)::decimal(28, 15) as range_per_bn,
        (1e4 * abs(b.spx_return) / b.es_traded_bn)::decimal(28, 15) as es_amihud,
        case when b.signed_bn is not null then (1e4 * b.spy_return)::decimal(28, 15) end as y,
        case when b.spy_return is not null then b.signed_bn::decimal(28, 15) end as x
    from bars as b
    cross join calibration as k
),

averaged as (
    select
        *,
        case
            when count(top_of_book) over w10 = 10
                then 100 * (top_of_book / avg(top_of_book::decimal(28, 15)) over w10 - 1)
        end as top_of_book_to_10d_pct,
        case
            when count(top_of_book) over this_year >= 0.95 * count(*) over this_year
                then avg(top_of_book::decimal(28, 15)) over this_year
        end as top_of_book_ytd,
        case when count(vix) over w21 = 21 then avg(ln(vix)::decimal(28, 15)) over w21 end as log_vix_21d,
        case when count(amihud) over w21 = 21 then avg(amihud) over w21 end as amihud_21d,
        case when count(es_amihud) over w21 = 21 then avg(es_amihud) over w21 end as es_amihud_21d,
        case when count(range_per_bn) over w21 = 21 then avg(range_per_bn) over w21 end as range_21d,
        count(x) over w63 as n,
        (sum(x) over w63)::double as sx,
        (sum(y) over w63)::double as sy,
        (sum((x::double * x::double)::decimal(28, 15)) over w63)::double as sxx,
        (sum((x::double * y::double)::decimal(28, 15)) over w63)::double as sxy,
        (sum((y::double * y::double)::decimal(28, 15)) over w63)::double as syy
    from exact
    window
        this_year as (partition by year(session) order by session_no),
        w10 as (order by session_no rows 9 preceding),
        w21 as (order by session_no rows 20 preceding),
        w63 as (order by session_no rows 62 preceding)
),

-- Sums of products around the means; what does not vary has no slope. A window of more than 21 sessions counts as full with 95 % of them.
sloped as (
    select
        *,
        case when n >= 0.95 * 63 and sxx - sx * sx / n > 1e-9 * sxx then sxx - sx * sx / n end as xx,
        sxy - sx * sy / n as xy,
        syy - sy * sy / n as yy,
        amihud_21d / nullif(
            case
                when count(amihud_21d) over w252 >= 0.95 * 252 then median(amihud_21d) over w252
            end,
            0
        ) as amihud_to_median
    from averaged
    window w252 as (order by session_no rows 251 preceding)
),

-- Both of the same 21 sessions: a jump of VIX in the last one is not yet in a mean.
logged as (
    select
        *,
        case when log_vix_21d is not null then ln(nullif(amihud_to_median, 0)) end as v,
        case when amihud_to_median > 0 then log_vix_21d end as u
    from sloped
),

regressed as (
    select
        *,
        count(u) over w756 as m,
        (sum(u::decimal(28, 15)) over w756)::double as su,
        (sum(v::decimal(28, 15)) over w756)::double as sv,
        (sum((u * u)::decimal(28, 15)) over w756)::double as suu,
        (sum((u * v)::decimal(28, 15)) over w756)::double as suv,
        (sum((v * v)::decimal(28, 15)) over w756)::double as svv
    from logged
    window w756 as (order by session_no rows 755 preceding)
),

explained as (
    select
        *,
        case when m >= 0.95 * 756 and suu - su * su / m > 1e-9 * suu then suu - su * su / m end as uu,
        suv - su * sv / m as uv,
        svv - sv * sv / m as vv
    from regressed
),

-- The slope's band is that of least squares; 1.296 is the 90th percentile of Student's t with 61 degrees of freedom.
measured as (
    select
        e.*,
        case
            when e.vv - e.uv ^ 2 / e.uu > 1e-9 * e.vv
                then (e.v - e.sv / e.m - e.uv / e.uu * (e.u - e.su / e.m))
                / sqrt((e.vv - e.uv ^ 2 / e.uu) / (e.m - 2))
        end as amihud_residual_z,
        e.xy / e.xx as kyle_lambda,
        1.296 * sqrt(greatest(e.yy - e.xy ^ 2 / e.xx, 0) / (e.n - 2) / e.xx) as kyle_lambda_error,
        s.edge_rank_756d,
        p.edge_median_bp,
        o.half_spread_30d_pct
    from explained as e
    left join indicators.spreads as s on e.session = s.session and s.symbol = 'SPY'
    left join indicators.spread_panel as p on e.session = p.session
    left join indicators.option_smile as o
        on e.session = o.session and o.underlying = 'SPX' and o.reading = 'close'
),

thin as (
    select
        session,
        cume_dist(order by top_of_book) over one_year as top_of_book_rank,
        count(*) over one_year as seen
    from measured
    where top_of_book is not null
    window one_year as (order by session_no range between 251 preceding and current row)
),

components as (
    select session, session_no, 'depth' as component, 1 / top_of_book as x from measured
    union all
    select session, session_no, 'amihud' as component, amihud_to_median as x from measured
    union all
    select session, session_no, 'half_spread' as component, half_spread_30d_pct as x from measured
),

ranked as (
    select
        session,
        component,
        cume_dist(order by x) over three_years as x_rank,
        count(*) over three_years as seen
    from components
    where x is not null
    window three_years as (
        partition by component order by session_no range between 755 preceding and current row
    )
),

ranks as (
    select
        session,
        max(x_rank) filter (component = 'depth') as depth_rank_756d,
        max(x_rank) filter (component = 'amihud') as amihud_rank_756d,
        max(x_rank) filter (component = 'half_spread') as half_spread_rank_756d
    from ranked
    where seen >= 0.95 * 756
    group by session
),

scores as (
    select
        m.*,
        r.* exclude (session),
        case when t.seen >= 0.95 * 252 then t.top_of_book_rank end as top_of_book_rank_252d,
        list_filter(
            [r.depth_rank_756d, r.amihud_rank_756d, m.edge_rank_756d, r.half_spread_rank_756d], lambda x: x is not null
        ) as scored
    from measured as m
    left join ranks as r on m.session = r.session
    left join thin as t on m.session = t.session
),

stressed as (
    select
        *,
        len(scored) >= 3 as is_scored,
        list_sum(scored) as total,
        len(scored) as parts
    from scores
),

final as (
    select
        session,
        vix,
        top_of_book as top_of_book_usd_mn,
        top_of_book / band_factor as top_of_book_lo_usd_mn,
        top_of_book * band_factor as top_of_book_hi_usd_mn,
        top_of_book_to_10d_pct,
        top_of_book_ytd as top_of_book_ytd_usd_mn,
        top_of_book_rank_252d,
        amihud_21d as amihud_21d_bp_per_bn,
        amihud_to_median,
        amihud_residual_z,
        es_amihud_21d as es_amihud_21d_bp_per_bn,
        kyle_lambda as kyle_lambda_bp_per_bn,
        kyle_lambda - kyle_lambda_error as kyle_lambda_lo_bp_per_bn,
        kyle_lambda + kyle_lambda_error as kyle_lambda_hi_bp_per_bn,
        range_21d as range_21d_bp_per_bn,
        edge_median_bp,
        half_spread_30d_pct,
        depth_rank_756d,
        amihud_rank_756d,
        edge_rank_756d,
        half_spread_rank_756d,
        case when is_scored then 10 * total / parts end as liq_stress,
        case when is_scored then 10 * (total - list_max(scored)) / (parts - 1) end as liq_stress_lo,
        case when is_scored then 10 * (total - list_min(scored)) / (parts - 1) end as liq_stress_hi,
        method_version,
        'C' as grade,
        nullif(
            concat_ws(
                ', ',
                case when vix is null then 'VIX' end,
                case when top_of_book_to_10d_pct is null then '10 sessions of VIX' end,
                case when top_of_book_ytd is null then '95 % of the year of VIX' end,
                case when vix is not null and top_of_book_rank_252d is null then 'a year of VIX' end,
                case when vix is not null and depth_rank_756d is null then 'three years of VIX' end,
                case when amihud_21d is null then '21 sessions of SPY with volume' end,
                case when range_21d is null then '21 sessions of SPY with high and low' end,
                case when kyle_lambda is null then '63 sessions of SPY with open and volume' end,
                case when amihud_to_median is null then 'a year of SPY with volume' end,
                case when amihud_rank_756d is null then 'three years of SPY with volume' end,
                case when amihud_residual_z is null then 'three years of SPY with volume and of VIX' end,
                case when es_amihud_21d is null then '21 sessions of ES=F with volume and of SPX' end,
                case when edge_rank_756d is null then 'three years of the spread of SPY' end,
                case when edge_median_bp is null then 'spread of the members of the S&P 500' end,
                case when half_spread_30d_pct is null then 'option quotes of the session' end,
                case when half_spread_rank_756d is null then 'three years of option quotes' end
            ),
            ''
        ) as inputs_missing
    from stressed
)

select * from final
