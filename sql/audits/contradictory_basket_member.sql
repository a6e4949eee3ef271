-- A member whose basket is not in reference.baskets or has another weight rule too, whose membership ends before it
-- begins, or that belongs twice on the same day.
with members as (
    select
        m.*,
        b.basket is null as is_unknown,
        min(m.weight_rule) over (partition by m.basket) <> max(m.weight_rule) over (partition by m.basket) as is_mixed,
        lead(m.valid_from) over (partition by m.basket, m.symbol order by m.valid_from) as next_from
    from reference.basket_members as m
    left join reference.baskets as b using (basket)
)

select basket, symbol, weight_rule, valid_from, valid_to
from members
where is_unknown or is_mixed or valid_to <= valid_from or next_from < coalesce(valid_to, date '9999-12-31')
