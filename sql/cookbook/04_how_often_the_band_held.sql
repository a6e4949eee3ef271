-- How often did a published figure lie in our 80 % band?
--
-- One row per estimate and publisher whose figures have a band beside them, those with most figures first; held,
-- missed_below and missed_above add up to figures. A good band holds 8 of 10, and with few figures less by chance:
-- held_share of a perfect band is below held_share_lo about once in ten, if the figures are independent, which those
-- of neighbouring sessions are not. Misses on one side only are a bias. left_out counts figures that the fit behind
-- our estimate had not seen. In the simulated market the truth is the publisher.
with judged as (
    select *
    from marts.scoreboard
    where is_in_band is not null
),

final as (
    select
        indicator,
        publisher,
        count(*) as figures,
        count(*) filter (is_in_band) as held,
        count(*) filter (published_value < value_lo) as missed_below,
        count(*) filter (published_value > value_hi) as missed_above,
        round(avg(is_in_band::integer), 2) as held_share,
        round(greatest(0, 0.8 - 1.28 * sqrt(0.8 * 0.2 / count(*))), 2) as held_share_lo,
        count(*) filter (is_left_out) as left_out
    from judged
    group by indicator, publisher
)

select * from final
order by figures desc, indicator, publisher
