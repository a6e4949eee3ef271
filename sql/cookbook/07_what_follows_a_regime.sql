-- How long does a regime last, and which one follows it?
--
-- One row per label and the label after it, over spells that have ended. share is of the label's spells and adds up
-- to 1 over its rows; the median length and the mean return are of the spells of that row. A spell that a session
-- without a label ended, and the newest one, are left out.
with followed as (
    select
        label,
        spell_sessions,
        spell_return_pct,
        lead(label) over by_time as next_label,
        lead(from_label) over by_time as next_from
    from regime.transitions
    window by_time as (order by first_session)
),

final as (
    select
        label,
        next_label,
        count(*) as spells,
        round(count(*) / sum(count(*)) over (partition by label), 3) as share,
        median(spell_sessions) as median_sessions,
        round(avg(spell_return_pct), 1) as mean_return_pct
    from followed
    where next_from = label
    group by label, next_label
)

select * from final
order by label, spells desc, next_label
