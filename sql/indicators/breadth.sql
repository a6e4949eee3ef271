/*
description: >-
  One row per session - how many of the S&P 500's members take part in its move - shares above their own averages,
  advances and declines, new highs and lows. Members are those of the lists known that day (staging.index_members).
  Before the first list only names that stayed until then are known, which flatters the past; members_missing counts the
  others. The bounds are what the missing could have made of a value, whatever they did; they tell neither how the known were
  chosen nor what is wrong with their closes. A window needs each of its closes, in one segment
  (staging.member_prices). A bar of zero volume is a halt - its close stands in averages, but is no advance, decline,
  high or low. Closes are the source's; where it takes dividends off
  them, shares above come out 1 to 4 points higher, which the bounds do not cover.
  Values need a bar of
  80 % of the members known. Grade B where every value rests on 95 % of the members expected, else C. Without a list
  there are no rows.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  members: {type: INTEGER, unit: count, meaning: Members of the S&P 500 known on the session; share classes count apart, min: 0}
  members_priced: {type: INTEGER, unit: count, meaning: Members with a bar on the session, min: 0}
  members_expected: {type: INTEGER, unit: count, meaning: "Members there must have been: the 503 lines of 500 companies, or those known where they are more; in the simulated market those known", min: 0}
  members_missing: {type: INTEGER, unit: count, meaning: "Members expected that are unknown or without a bar", min: 0}
  above_20d_pct: {type: DOUBLE, unit: "%", meaning: "Share of members whose close is above the mean of their last 20 closes, today's included", nullable: true, min: 0, max: 100}
  above_20d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower bound of above_20d_pct if every member without a value was below, nullable: true, min: 0, max: 100}
  above_20d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper bound of above_20d_pct if every member without a value was above, nullable: true, min: 0, max: 100}
  above_50d_pct: {type: DOUBLE, unit: "%", meaning: "Share of members whose close is above the mean of their last 50 closes, today's included", nullable: true, min: 0, max: 100}
  above_50d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower bound of above_50d_pct if every member without a value was below, nullable: true, min: 0, max: 100}
  above_50d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper bound of above_50d_pct if every member without a value was above, nullable: true, min: 0, max: 100}
  above_200d_pct: {type: DOUBLE, unit: "%", meaning: "Share of members whose close is above the mean of their last 200 closes, today's included", nullable: true, min: 0, max: 100}
  above_200d_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower bound of above_200d_pct if every member without a value was below, nullable: true, min: 0, max: 100}
  above_200d_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper bound of above_200d_pct if every member without a value was above, nullable: true, min: 0, max: 100}
  advances: {type: INTEGER, unit: count, meaning: Members that closed above the close of the session before, nullable: true, min: 0}
  declines: {type: INTEGER, unit: count, meaning: Members that closed below the close of the session before, nullable: true, min: 0}
  unchanged: {type: INTEGER, unit: count, meaning: Members that closed at the close of the session before, nullable: true, min: 0}
  advance_share_pct: {type: DOUBLE, unit: "%", meaning: "Advances / (advances + declines) of the S&P 500's members", nullable: true, min: 0, max: 100}
  advance_share_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower bound of advance_share_pct if every member without a value declined, nullable: true, min: 0, max: 100}
  advance_share_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper bound of advance_share_pct if every member without a value advanced, nullable: true, min: 0, max: 100}
  advance_decline_line: {type: INTEGER, unit: count, meaning: "Sum of advances less declines since the table's first session, of the members known at the time", nullable: true}
  up_volume_share_pct: {type: DOUBLE, unit: "%", meaning: "Shares traded of advancing members / those of advancing and declining members of the S&P 500", nullable: true, min: 0, max: 100}
  up_volume_share_lo_pct: {type: DOUBLE, unit: "%", meaning: "Lower bound of up_volume_share_pct if every member without a value declined on the others' mean volume", nullable: true, min: 0, max: 100}
  up_volume_share_hi_pct: {type: DOUBLE, unit: "%", meaning: "Upper bound of up_volume_share_pct if every member without a value advanced on the others' mean volume", nullable: true, min: 0, max: 100}
  new_highs_252d: {type: INTEGER, unit: count, meaning: "Members whose close is the highest of their last 252, today's included", nullable: true, min: 0}
  new_lows_252d: {type: INTEGER, unit: count, meaning: "Members whose close is the lowest of their last 252, today's included", nullable: true, min: 0}
  net_new_highs_pct: {type: DOUBLE, unit: "%", meaning: "(new_highs_252d - new_lows_252d) / members with 252 closes", nullable: true, min: -100, max: 100}
  net_new_highs_lo_pct: {type: DOUBLE, unit: "%", meaning: Lower bound of net_new_highs_pct if every member without a value was at its low, nullable: true, min: -100, max: 100}
  net_new_highs_hi_pct: {type: DOUBLE, unit: "%", meaning: Upper bound of net_new_highs_pct if every member without a value was at its high, nullable: true, min: -100, max: 100}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
rows: {min: 0}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: above_200d_hi_pct, column_B: above_200d_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: advance_share_hi_pct, column_B: advance_share_lo_pct, or_equal: true, ignore_row_if: either_value_is_missing}
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: members, column_B: members_priced, or_equal: true}
*/
with spells as (
    select
        symbol,
        added_date,
        removed_date,
        available_at,
        source = 'simulated' as is_simulated
    from staging.index_members
    where index_symbol = 'SPX'
),

-- Decimals make comparisons with a mean exact.
bars as (
    select s.session_no, s.session, p.symbol, p.segment, p.close::decimal(18, 8) as close, p.volume
    from staging.member_prices as p
    inner join reference.sessions as s using (session)
    where p.symbol in (select symbol from spells)
),

-- A window of n bars is whole if they are n sessions of one segment.
windows as (
    select
        session,
        symbol,
        volume,
        close,
        session_no - lag(session_no, 1) over bars_of = 1 and segment = lag(segment, 1) over bars_of as is_2,
        session_no - lag(session_no, 19) over bars_of = 19 and segment = lag(segment, 19) over bars_of as is_20,
        session_no - lag(session_no, 49) over bars_of = 49 and segment = lag(segment, 49) over bars_of as is_50,
        session_no - lag(session_no, 199) over bars_of = 199 and segment = lag(segment, 199) over bars_of as is_200,
        session_no - lag(session_no, 251) over bars_of = 251 and segment = lag(segment, 251) over bars_of as is_252,
        lag(close) over bars_of as previous_close,
        sum(close) over w20 as sum_20,
        sum(close) over w50 as sum_50,
        sum(close) over w200 as sum_200,
        max(close) over w252 as highest,
        min(close) over w252 as lowest
    from bars
    window
        bars_of as (partition by symbol order by session_no),
        w20 as (partition by symbol order by session_no rows 19 preceding),
        w50 as (partition by symbol order by session_no rows 49 preceding),
        w200 as (partition by symbol order by session_no rows 199 preceding),
        w252 as (partition by symbol order by session_no rows 251 preceding)
),

judged as (
    select
        session,
        symbol,
        case when is_20 then 20 * close > sum_20 end as is_above_20,
        case when is_50 then 50 * close > sum_50 end as is_above_50,
        case when is_200 then 200 * close > sum_200 end as is_above_200,
        case when is_2 and volume is distinct from 0 then sign(close - previous_close) end as direction,
        case when is_252 and volume is distinct from 0 then close >= highest end as is_high,
        case when is_252 and volume is distinct from 0 then close <= lowest end as is_low,
        -- Sums of integers are exact.
        volume::bigint as volume
    from windows
),

members_of_session as (
    select s.session, m.symbol, m.is_simulated
    from reference.sessions as s
    inner join spells as m
        on s.decision_at >= m.available_at
        and s.session >= coalesce(m.added_date, s.session)
        and (s.session < m.removed_date or m.removed_date is null)
    where s.session between (select min(session) from bars) and (select max(session) from bars)
),

counted as (
    select
        m.session,
        count(m.symbol) as members,
        bool_and(m.is_simulated) as is_simulated,
        count(j.session) as members_priced,
        count(j.session) >= 0.8 * count(m.symbol) as is_covered,
        count(j.is_above_20) as known_20,
        count(*) filter (j.is_above_20) as above_20,
        count(j.is_above_50) as known_50,
        count(*) filter (j.is_above_50) as above_50,
        count(j.is_above_200) as known_200,
        count(*) filter (j.is_above_200) as above_200,
        count(j.direction) as known_2,
        count(*) filter (j.direction > 0) as advances,
        count(*) filter (j.direction < 0) as declines,
        count(j.volume) filter (j.direction is not null) as known_volume,
        count(j.volume) filter (j.direction <> 0) as moving,
        coalesce(sum(j.volume) filter (j.direction > 0), 0) as up_volume,
        sum(j.volume) filter (j.direction <> 0) as moving_volume,
        count(j.is_high) as known_252,
        count(*) filter (j.is_high) as highs,
        count(*) filter (j.is_low) as lows
    from members_of_session as m
    left join judged as j on m.session = j.session and m.symbol = j.symbol
    group by m.session
),

-- Every session from the first to the last of which enough is known, those in between without values.
expected as (
    select
        s.session,
        c.* exclude (session, members, members_priced, is_covered, is_simulated),
        coalesce(a.members, 0) as members,
        coalesce(a.members_priced, 0) as members_priced,
        case when a.is_simulated then a.members else greatest(a.members, 503) end as members_expected
    from reference.sessions as s
    left join counted as a on s.session = a.session
    left join counted as c on s.session = c.session and c.is_covered
    where s.session between (select min(session) from counted where is_covered)
        and (select max(session) from counted where is_covered)
),

shares as (
    select
        *,
        members_expected - known_2 as unknown_2,
        members_expected - known_252 as unknown_252,
        100 * up_volume / nullif(moving_volume, 0) as up_volume_share_pct,
        -- Members without a value, as if each had traded the mean of the others.
        (members_expected - known_volume) * (moving_volume / nullif(moving, 0)) as unknown_volume,
        least(
            nullif(known_20, 0), nullif(known_50, 0), nullif(known_200, 0), nullif(known_2, 0), nullif(known_252, 0)
        ) as known_least
    from expected
),

final as (
    select
        session,
        members::integer as members,
        members_priced::integer as members_priced,
        members_expected::integer as members_expected,
        (members_expected - members_priced)::integer as members_missing,
        100 * above_20 / nullif(known_20, 0) as above_20d_pct,
        case when known_20 > 0 then 100 * above_20 / members_expected end as above_20d_lo_pct,
        case when known_20 > 0 then 100 * (above_20 + members_expected - known_20) / members_expected end as above_20d_hi_pct,
        100 * above_50 / nullif(known_50, 0) as above_50d_pct,
        case when known_50 > 0 then 100 * above_50 / members_expected end as above_50d_lo_pct,
        case when known_50 > 0 then 100 * (above_50 + members_expected - known_50) / members_expected end as above_50d_hi_pct,
        100 * above_200 / nullif(known_200, 0) as above_200d_pct,
        case when known_200 > 0 then 100 * above_200 / members_expected end as above_200d_lo_pct,
        case when known_200 > 0 then 100 * (above_200 + members_expected - known_200) / members_expected end as above_200d_hi_pct,
        case when known_2 > 0 then advances end::integer as advances,
        case when known_2 > 0 then declines end::integer as declines,
        case when known_2 > 0 then known_2 - advances - declines end::integer as unchanged,
        100 * advances / nullif(advances + declines, 0) as advance_share_pct,
        case when advances + declines > 0 then 100 * advances / (advances + declines + unknown_2) end as advance_share_lo_pct,
        case
            when advances + declines > 0 then 100 * (advances + unknown_2) / (advances + declines + unknown_2)
        end as advance_share_hi_pct,
        case when known_2 > 0 then sum(advances - declines) over (order by session) end::integer as advance_decline_line,
        up_volume_share_pct,
        -- A rounding must not carry an end past the value.
        case
            when up_volume_share_pct is not null
                then least(100 * up_volume / (moving_volume + unknown_volume), up_volume_share_pct)
        end as up_volume_share_lo_pct,
        case
            when up_volume_share_pct is not null
                then greatest(100 * (up_volume + unknown_volume) / (moving_volume + unknown_volume), up_volume_share_pct)
        end as up_volume_share_hi_pct,
        case when known_252 > 0 then highs end::integer as new_highs_252d,
        case when known_252 > 0 then lows end::integer as new_lows_252d,
        100 * (highs - lows) / nullif(known_252, 0) as net_new_highs_pct,
        case when known_252 > 0 then 100 * (highs - lows - unknown_252) / members_expected end as net_new_highs_lo_pct,
        case when known_252 > 0 then 100 * (highs - lows + unknown_252) / members_expected end as net_new_highs_hi_pct,
        case when known_least >= 0.95 * members_expected then 'B' else 'C' end as grade,
        nullif(
            concat_ws(
                ', ',
                case
                    when members_expected > members_priced
                        then format('{} of {} members', members_expected - members_priced, members_expected)
                end,
                case when known_2 is null then 'bars of 80 % of the members known' end,
                case when known_2 = 0 then 'closes of the session before' end,
                case when known_2 > 0 and advances + declines = 0 then 'members that moved' end,
                case when known_2 > 0 and up_volume_share_pct is null then 'volumes' end,
                case when known_20 = 0 then '20 closes' end,
                case when known_50 = 0 then '50 closes' end,
                case when known_200 = 0 then '200 closes' end,
                case when known_252 = 0 then '252 closes' end
            ),
            ''
        ) as inputs_missing
    from shares
)

select * from final
