/*
description: >-
  One row per index, symbol and spell of membership in one sector, as the lists known at the as-of time (DuckDB variable
  as_of, by default now) tell it. A symbol is a member on session t if added_date is NULL or at or before t, removed_date is
  NULL or after t, and available_at is at or before t's decision time; it is in one spell at a time. The date of addition that
  a list states counts, unless an earlier list lacks the symbol on or after that date; the spell then begins with the first
  list that has it. Where a list has another sector or sub-industry than the list before, a spell ends and another begins
  with that list, so that later lists move nobody in the past; before a symbol's first list it is in that list's sector, whatever
  it was in then. Company is that of the spell's newest list. Members that had left before the first list are in none.
grain: [index_symbol, symbol, available_at]
view: true
owner: team:data
columns:
  index_symbol: {type: VARCHAR, unit: name, meaning: Index whose members are listed}
  symbol: {type: VARCHAR, unit: name, meaning: "Instrument in this project's naming: the ticker, or Yahoo's symbol without the caret"}
  company: {type: VARCHAR, unit: text, meaning: Name of the member}
  sector: {type: VARCHAR, unit: name, meaning: GICS sector or theme where the instrument stands for one}
  sub_industry: {type: VARCHAR, unit: name, meaning: GICS sub-industry, nullable: true}
  added_date: {type: DATE, unit: date, meaning: Date from which the symbol belongs to the index; NULL where no list tells, nullable: true}
  removed_date: {type: DATE, unit: date, meaning: Date of the first later list that lacks the symbol or has it in another sector; NULL while none does, nullable: true}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
with known as (
    select
        *,
        min(available_at) over (partition by index_symbol, symbol, list_date) as first_available_at
    from raw.index_members
    where available_at <= coalesce(getvariable('as_of')::timestamptz, now())
    qualify row_number() over (
        partition by index_symbol, symbol, list_date order by source, observed_at desc
    ) = 1
),

-- A list is out at the decision time of the first session on or after its date.
lists as (
    select
        days.index_symbol,
        days.list_date,
        s.decision_at as listed_at,
        row_number() over (partition by days.index_symbol order by days.list_date) as list_no,
        count(*) over (partition by days.index_symbol) as lists_out
    from (select distinct index_symbol, list_date from known) as days
    asof inner join reference.sessions as s on days.list_date <= s.session
    where s.decision_at <= coalesce(getvariable('as_of')::timestamptz, now())
),

-- Additions that were public before the list that first tells of them stand behind every list that is out.
placed as (
    select
        k.*,
        l.listed_at,
        coalesce(l.list_no, newest.lists_out + 1, 1) as list_no,
        l.list_no is not null as is_out
    from known as k
    left join lists as l using (index_symbol, list_date)
    left join (select distinct index_symbol, lists_out from lists) as newest using (index_symbol)
    qualify row_number() over (
        partition by k.index_symbol, k.symbol, coalesce(l.list_no, newest.lists_out + 1, 1) order by k.list_date
    ) = 1
),

spelled as (
    select
        *,
        list_no - row_number() over (partition by index_symbol, symbol order by list_no) as spell_no
    from placed
),

-- The newest list that is out speaks for the spell's dates. A list that is not out yet moves nobody into its sector.
spells as (
    select
        *,
        first(added_date) over (spell order by is_out desc, list_no desc) as stated_date,
        min(list_no) over spell as first_list_no,
        max(list_no) over spell as last_list_no,
        min(list_date) over spell as first_list_date,
        min(listed_at) over spell as first_listed_at,
        min(first_available_at) over spell as spell_available_at,
        is_out
        and lag(list_no) over lists_of is not null
        and (
            sector is distinct from lag(sector) over lists_of
            or sub_industry is distinct from lag(sub_industry) over lists_of
        ) as is_moved
    from spelled
    window
        spell as (partition by index_symbol, symbol, spell_no),
        lists_of as (partition by index_symbol, symbol, spell_no order by list_no)
),
classed as (
    select *, count(*) filter (is_moved) over (partition by index_symbol, symbol, spell_no order by list_no) as class_no
    from spells
),

-- The newest list of those with the same sector speaks for the rest.
classes as (
    select
        *,
        case when class_no > 0 then min(list_date) over class end as moved_date,
        case when class_no > 0 then min(listed_at) over class end as moved_at
    from classed
    window class as (partition by index_symbol, symbol, spell_no, class_no)
    qualify row_number() over (
        partition by index_symbol, symbol, spell_no, class_no order by is_out desc, list_no desc
    ) = 1
),

judged as (
    select
        c.*,
        lacking.listed_at as lacking_listed_at,
        ending.list_date as lacking_again_date,
        lacking.list_date is null or coalesce(c.stated_date >= lacking.list_date, false) as is_as_stated
    from classes as c
    left join lists as lacking
        on c.index_symbol = lacking.index_symbol and c.first_list_no - 1 = lacking.list_no
    left join lists as ending
        on c.index_symbol = ending.index_symbol and c.last_list_no + 1 = ending.list_no
),

dated as (
    select
        *,
        greatest(case when is_as_stated then stated_date else first_list_date end, moved_date) as begins_on,
        greatest(
            case when is_as_stated then greatest(spell_available_at, lacking_listed_at) else first_listed_at end, moved_at
        ) as known_at,
        coalesce(lead(moved_date) over moves, lacking_again_date) as ends_on,
        lead(moved_at) over moves as next_known_at
    from judged
    where is_as_stated or is_out
    window moves as (partition by index_symbol, symbol, spell_no order by class_no)
),

-- A sector that was known only with the next one was in force on no session.
final as (
    select
        index_symbol,
        symbol,
        company,
        sector,
        sub_industry,
        begins_on as added_date,
        ends_on as removed_date,
        source,
        known_at as available_at
    from dated
    where next_known_at is null or next_known_at > known_at
)

select * from final
