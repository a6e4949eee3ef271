/*
description: >-
  One row per session and basket of reference.baskets, from the first session on which 80 % of the members are priced to
  the newest session of all - the basket's total return. Baskets of funds are weighted equally every session; those of
  stocks equally at the close before each month, and drift until the next. A member takes part in a month if it belongs
  on the month's first session and has a bar at the close before: who is listed late or renamed waits for the next month.
  One whose returns stop within the month - delisted, a hole, an unadjusted split - stays in cash at its last value until
  the next. Where the rule says so, those that traded less than USD 20 mn a day in the median of the 63 sessions before are
  left out; a member with volumes on fewer than 32 of them cannot be screened, stays, and is counted. What is short is
  held against what is long. momentum_decile is selected by rule each month - the tenth of the S&P 500's members, as known then, with the
  highest total return from 252 to 21 sessions before against the tenth with the lowest (Jegadeesh and Titman 1993, without
  the last month); all of their returns over those sessions must be there, of 50 members at least. Returns are read off; that a basket stands for a
  desk's own of the same theme is a judgement (grade C), but for sectors and factors that funds define (grade A; small_value
  is none of them, as its fund stands in for small business).
grain: [session, basket]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  basket: {type: VARCHAR, unit: name, meaning: "Basket, of reference.baskets, or momentum_decile, which is selected by rule from the S&P 500"}
  basket_members: {type: INTEGER, unit: count, meaning: "Members of the basket on the session, long and short", min: 0}
  basket_members_priced: {type: INTEGER, unit: count, meaning: "Of basket_members, those that take part with a return on the session", min: 0}
  members_unscreened: {type: INTEGER, unit: count, meaning: "Of those that take part, members with volumes on fewer than 32 of the 63 sessions before, under a rule that asks for a least turnover", min: 0}
  members_too_small: {type: INTEGER, unit: count, meaning: "Of basket_members, those left out this month because they trade too little", min: 0}
  basket_return: {type: DOUBLE, unit: ratio, meaning: "Total return of the basket over the session; NULL with fewer than 80 % of those members priced that are not too small; what is short can cost more than everything", nullable: true}
  basket_index: {type: DOUBLE, unit: index points, meaning: "Compounded basket_return: begins at 100 before the first return and again after every session without one or with a loss of everything, so that no stretch spans a gap", nullable: true, min: 0}
  index_began: {type: DATE, unit: date, meaning: "First session of the stretch that basket_index belongs to", nullable: true}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
*/
with members as (
    select basket, symbol, side, weight_rule, valid_from, coalesce(valid_to, date '9999-12-31') as valid_to
    from reference.basket_members
),

spells as (
    select
        symbol,
        coalesce(added_date, date '1900-01-01') as added_date,
        coalesce(removed_date, date '9999-12-31') as removed_date,
        available_at
    from staging.index_members
    where index_symbol = 'SPX'
),

stocks as materialized (
    select p.session, s.session_no, p.symbol, p.close, p.volume, p.segment, p.total_return
    from staging.member_prices as p
    inner join reference.sessions as s using (session)
),

bars as materialized (
    select session, symbol, close, volume, total_return from stocks
    where symbol in (select symbol from members)
    union all by name
    select session, symbol, close, volume, total_return from staging.prices
    where symbol in (select symbol from members)
),

-- Every session until the newest, with the one at whose close its month's weights were set.
calendar as materialized (
    select
        s.session,
        s.session_no,
        date_trunc('month', s.session)::date as month,
        min(s.session_no) over (partition by date_trunc('month', s.session)) - 1 as set_no
    from reference.sessions as s
    where s.session <= greatest((select max(session) from bars), (select max(session) from stocks))
),

months as (
    select
        c.month,
        c.set_no,
        c.session as first_session,
        s.session as set_session,
        s.decision_at as set_at
    from calendar as c
    inner join reference.sessions as s on c.set_no = s.session_no
    where c.session_no = c.set_no + 1
),

-- The median turnover of 63 sessions up to each, of those that are screened by it and have half of them.
turnover as (
    select b.session, b.symbol, median(b.close * b.volume) over last_63 as turnover_usd
    from bars as b
    inner join reference.sessions as s using (session)
    where b.symbol in (select symbol from members where weight_rule = 'equal_monthly_20mn')
    window last_63 as (partition by b.symbol order by s.session_no range between 62 preceding and current row)
    qualify count(b.volume) over last_63 >= 32
),

entered as (
    select
        n.basket,
        m.month,
        n.symbol,
        n.side,
        b.symbol is not null as is_priced,
        n.weight_rule = 'equal_monthly_20mn' and t.turnover_usd is null as is_unscreened,
        n.weight_rule = 'equal_monthly_20mn' and coalesce(t.turnover_usd < 20e6, false) as is_too_small
    from months as m
    inner join members as n on m.first_session >= n.valid_from and m.first_session < n.valid_to
    left join bars as b on m.set_session = b.session and n.symbol = b.symbol
    left join turnover as t on m.set_session = t.session and n.symbol = t.symbol
    where n.weight_rule <> 'equal_daily'
),

-- Sums of decimals are exact, so that no other row of the table can move the last digit.
compounded as (
    select
        session_no,
        symbol,
        segment,
        sum(ln(greatest(1 + total_return, 1e-9))::decimal(28, 18)) over so_far as log_growth,
        count(total_return) over so_far as known
    from stocks
    where symbol in (select symbol from spells)
    window so_far as (partition by symbol order by session_no rows unbounded preceding)
),

-- A window is whole if it has a bar of one segment on each session, and the return of each.
trends as materialized (
    select
        session_no,
        symbol,
        lag(log_growth, 21) over bars_of - lag(log_growth, 252) over bars_of as log_growth,
        session_no - lag(session_no, 252) over bars_of = 252
        and segment = lag(segment, 252) over bars_of
        and lag(known, 21) over bars_of - lag(known, 252) over bars_of = 231 as is_whole
    from compounded
    window bars_of as (partition by symbol order by session_no)
),

ranked as materialized (
    select
        m.month,
        t.symbol,
        ntile(10) over (partition by m.month order by t.log_growth, t.symbol) as tenth
    from trends as t
    inner join months as m on t.session_no = m.set_no
    inner join spells as n
        on t.symbol = n.symbol
        and m.set_session >= n.added_date
        and m.set_session < n.removed_date
        and m.set_at >= n.available_at
    where t.is_whole
    qualify count(*) over (partition by m.month) >= 50
),

deciles as (
    select
        'momentum_decile' as basket,
        month,
        symbol,
        case tenth when 10 then 'long' else 'short' end as side,
        false as is_unscreened
    from ranked
    where tenth in (1, 10)
),

taking_part as materialized (
    select basket, month, symbol, side, is_unscreened from entered where is_priced and not is_too_small
    union all by name
    select basket, month, symbol, side, is_unscreened from deciles
),

returns as materialized (
    select session, symbol, total_return from bars
    union all by name
    select session, symbol, total_return from stocks
    where
        symbol in (select symbol from ranked where tenth in (1, 10))
        and symbol not in (select symbol from members)
),

-- From the first session without a return on a member stays in cash.
held as (
    select
        t.basket,
        t.symbol,
        t.side,
        t.is_unscreened,
        c.month,
        c.session,
        count(*) over so_far = count(r.total_return) over so_far as is_held,
        r.total_return
    from taking_part as t
    inner join calendar as c using (month)
    left join returns as r on c.session = r.session and t.symbol = r.symbol and r.total_return > -1
    window so_far as (partition by t.basket, t.symbol, t.month order by c.session rows unbounded preceding)
),

drifted as (
    select
        *,
        exp(
            sum((case when is_held then ln(1 + total_return) else 0 end)::decimal(28, 18)) over (
                partition by basket, symbol, month order by session rows unbounded preceding
            )
        )::decimal(28, 14) as growth
    from held
),

sides as (
    select
        basket,
        month,
        session,
        side,
        count(*) filter (is_held) as priced,
        count(*) filter (is_held and is_unscreened) as unscreened,
        (sum(growth) / count(*))::double as growth
    from drifted
    group by basket, month, session, side
),

of_month as (
    select
        basket,
        session,
        side,
        priced,
        unscreened,
        growth / coalesce(lag(growth) over (partition by basket, side, month order by session), 1) - 1 as side_return
    from sides
),

of_day as (
    select
        n.basket,
        b.session,
        n.side,
        count(*) as priced,
        0 as unscreened,
        sum(b.total_return::decimal(28, 18))::double / count(*) as side_return
    from members as n
    inner join bars as b on n.symbol = b.symbol and b.session >= n.valid_from and b.session < n.valid_to
    where n.weight_rule = 'equal_daily' and b.total_return is not null
    group by n.basket, b.session, n.side
),

both_sides as (
    select basket, session, side, priced, unscreened, side_return from of_month
    union all by name
    select basket, session, side, priced, unscreened, side_return from of_day
),

known as (
    select
        basket,
        session,
        sum(priced) as priced,
        sum(unscreened) as unscreened,
        max(side_return) filter (side = 'long') as long_return,
        max(side_return) filter (side = 'short') as short_return
    from both_sides
    group by basket, session
),

-- How many there should be: by the list, or by the rule.
expected as (
    select n.basket, c.session, count(*) as members, count(distinct n.side) as sides
    from members as n
    inner join calendar as c on c.session >= n.valid_from and c.session < n.valid_to
    group by n.basket, c.session
    union all by name
    select d.basket, c.session, count(*) as members, 2 as sides
    from deciles as d
    inner join calendar as c using (month)
    group by d.basket, c.session
),

too_small as (
    select basket, month, count(*) filter (is_too_small) as members_too_small
    from entered
    group by basket, month
),

judged as (
    select
        e.basket,
        c.session,
        coalesce(b.grade, 'C') as grade,
        e.members::integer as basket_members,
        coalesce(k.priced, 0)::integer as basket_members_priced,
        coalesce(k.unscreened, 0)::integer as members_unscreened,
        coalesce(t.members_too_small, 0)::integer as members_too_small,
        case
            when k.priced >= 0.8 * (e.members - coalesce(t.members_too_small, 0))
                then k.long_return - case when e.sides = 2 then k.short_return else 0 end
        end as basket_return
    from expected as e
    inner join calendar as c using (session)
    left join known as k on e.basket = k.basket and e.session = k.session
    left join too_small as t on e.basket = t.basket and c.month = t.month
    left join reference.baskets as b on e.basket = b.basket
),

stretches as (
    select
        *,
        basket_return > -1 as is_growing,
        count(*) filter (basket_return > -1 is not true) over so_far as stretch,
        count(basket_return) over so_far as known_so_far
    from judged
    window so_far as (partition by basket order by session rows unbounded preceding)
),

final as (
    select
        session,
        basket,
        basket_members,
        basket_members_priced,
        members_unscreened,
        members_too_small,
        basket_return,
        case
            when is_growing
                then 100 * exp(
                    sum(ln(case when is_growing then 1 + basket_return end)::decimal(28, 18)) over in_stretch
                )
        end as basket_index,
        case when is_growing then min(session) filter (is_growing) over in_stretch end as index_began,
        grade,
        case
            when basket_return is null
                then format('{} of {} members with a return', basket_members_priced, basket_members - members_too_small)
            when not is_growing then 'an index after a loss of everything'
        end as inputs_missing
    from stretches
    where known_so_far > 0
    window in_stretch as (partition by basket, stretch order by session rows unbounded preceding)
)

select * from final
