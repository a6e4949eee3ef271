-- When did danger rise most in a day, and which parts of the market drove it?
--
-- One row per session, the ten largest rises. The three drivers' moves and others_move add up to danger_change; a
-- driver that first appears on the session moves danger by being counted, not by having changed.
with moves as (
    select
        session,
        spx_close,
        label,
        danger,
        danger_change,
        driver_1,
        driver_1_move,
        driver_2,
        driver_2_move,
        driver_3,
        driver_3_move,
        100 * (spx_close / lag(spx_close) over (order by session) - 1) as spx_return_pct
    from regime.daily
),

final as (
    select
        session,
        round(spx_return_pct, 1) as spx_return_pct,
        label,
        round(danger, 2) as danger,
        round(danger_change, 3) as danger_change,
        driver_1,
        round(driver_1_move, 3) as driver_1_move,
        driver_2,
        round(driver_2_move, 3) as driver_2_move,
        driver_3,
        round(driver_3_move, 3) as driver_3_move,
        round(
            danger_change - coalesce(driver_1_move, 0) - coalesce(driver_2_move, 0) - coalesce(driver_3_move, 0), 3
        ) as others_move
    from moves
    where danger_change > 0
    order by moves.danger_change desc, session
    limit 10
)

select * from final
order by danger_change desc, session
