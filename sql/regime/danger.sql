/*
description: >-
  One row per session of regime.sub_scores - the danger score, the mean of the sub-scores weighted by grade, and what moved
  it. It is NULL when less than 60 % of the weight is there. The band adds the sub-scores' own bands up, linearly within an
  error_group and by squares between groups; what a missing sub-score could change, being anything from 0 to 1, comes on
  top in full, so that the band widens when an input is lost. A sub-score's move is what it adds to the change
  of danger since the session before, measured from the danger of then: the moves of all sub-scores add up to the change.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  danger: {type: DOUBLE, unit: 0 to 1, meaning: "Mean of the sub-scores, weighted by grade", nullable: true, min: 0, max: 1}
  danger_lo: {type: DOUBLE, unit: 0 to 1, meaning: Lower end of the 80 % band of danger, nullable: true, min: 0, max: 1}
  danger_hi: {type: DOUBLE, unit: 0 to 1, meaning: Upper end of the 80 % band of danger, nullable: true, min: 0, max: 1}
  danger_change: {type: DOUBLE, unit: 0 to 1, meaning: Change of danger since the session before, nullable: true, min: -1, max: 1}
  weight_share: {type: DOUBLE, unit: ratio, meaning: Share of the weight whose sub-score is there, min: 0, max: 1}
  driver_1: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger most since the session before; NULL where none moved, nullable: true}
  driver_1_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_1 adds to danger_change, nullable: true, min: -1, max: 1}
  driver_2: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger second most; NULL where none did, nullable: true}
  driver_2_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_2 adds to danger_change, nullable: true, min: -1, max: 1}
  driver_3: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger third most; NULL where none did, nullable: true}
  driver_3_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_3 adds to danger_change, nullable: true, min: -1, max: 1}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  scores_in_part: {type: VARCHAR, unit: text, meaning: "Sub-scores that go on without a part of what they are made of, each with the parts in brackets; NULL if none", nullable: true}
rows: {min: 1}
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: danger_hi, column_B: danger, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: danger, column_B: danger_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with weighed as (
    select
        *,
        score_weight / sum(score_weight) over (partition by session) as share_of_all,
        score_weight / sum(score_weight) filter (score is not null) over (partition by session) as share_of_known
    from regime.sub_scores
),

-- Sums of decimals do not depend on the order of the rows.
means as (
    select
        session,
        coalesce(sum(score_weight) filter (score is not null), 0) / sum(score_weight) as weight_share,
        case
            when coalesce(sum(score_weight) filter (score is not null), 0) >= 0.6 * sum(score_weight)
                then sum((share_of_known * score)::decimal(18, 15))::double
        end as danger,
        nullif(string_agg(score_title, ', ' order by score_weight desc, sub_score) filter (score is null), '') as inputs_missing,
        string_agg(score_title || ' (' || parts_missing || ')', ', ' order by score_weight desc, sub_score)
            filter (parts_missing is not null) as scores_in_part
    from weighed
    group by session
),

errors as (
    select
        session,
        sum((share_of_all * (score - score_lo))::decimal(18, 15))::double as below,
        sum((share_of_all * (score_hi - score))::decimal(18, 15))::double as above
    from weighed
    where score is not null
    group by session, error_group
),

widths as (
    select
        session,
        sqrt(sum((below ^ 2)::decimal(18, 15))::double) as below,
        sqrt(sum((above ^ 2)::decimal(18, 15))::double) as above
    from errors
    group by session
),

changes as (
    select *, lag(danger) over (order by session) as danger_before
    from means
),

placed as (
    select
        w.session,
        w.sub_score,
        c.danger,
        c.danger_before,
        coalesce(w.share_of_known * (w.score - c.danger_before), 0) as pull,
        coalesce(
            lag(w.share_of_known * w.score) over (partition by w.sub_score order by w.session)
            - lag(w.share_of_known) over (partition by w.sub_score order by w.session) * c.danger_before,
            0
        ) as pull_before
    from weighed as w
    inner join changes as c using (session)
),

moves as (
    select
        session,
        sub_score,
        pull - pull_before as move,
        row_number() over (partition by session order by abs(pull - pull_before) desc, sub_score) as place
    from placed
    where danger is not null and danger_before is not null and pull != pull_before
),

drivers as (
    select
        session,
        max(sub_score) filter (place = 1) as driver_1,
        max(move) filter (place = 1) as driver_1_move,
        max(sub_score) filter (place = 2) as driver_2,
        max(move) filter (place = 2) as driver_2_move,
        max(sub_score) filter (place = 3) as driver_3,
        max(move) filter (place = 3) as driver_3_move
    from moves
    group by session
),

final as (
    select
        c.session,
        c.danger,
        case
            when c.danger is not null then greatest(0, c.danger - w.below - (1 - c.weight_share) * c.danger)
        end as danger_lo,
        case
            when c.danger is not null then least(1, c.danger + w.above + (1 - c.weight_share) * (1 - c.danger))
        end as danger_hi,
        c.danger - c.danger_before as danger_change,
        c.weight_share,
        d.driver_1,
        d.driver_1_move,
        d.driver_2,
        d.driver_2_move,
        d.driver_3,
        d.driver_3_move,
        c.inputs_missing,
        c.scores_in_part
    from changes as c
    left join widths as w using (session)
    left join drivers as d using (session)
)

select * from final
