-- Which numbers of the desk note are there, since when, and why are the others missing?
--
-- One row per measure, the most often missing first. answered and missing add up to sessions; answered_share_1y is of
-- the newest 252 sessions. usual_reason is the most frequent reason of the missing ones: an input that was not
-- landed, or a history that is too short.
with numbered as (
    select *, dense_rank() over (order by session desc) <= 252 as is_of_last_year
    from marts.desk_note
),

final as (
    select
        claim_no,
        measure,
        grade,
        count(*) as sessions,
        count(value) as answered,
        count(*) - count(value) as missing,
        round(count(value) filter (is_of_last_year) / count(*) filter (is_of_last_year), 2) as answered_share_1y,
        min(session) filter (value is not null) as first_answer,
        max(session) filter (value is not null) as newest_answer,
        mode(inputs_missing) filter (value is null) as usual_reason
    from numbered
    group by claim_no, measure, grade
)

select * from final
order by answered_share_1y, claim_no, measure
