/*
description: >-
  One row per index, symbol and spell of membership, as the lists known at the as-of time (DuckDB variable as_of, by
  default now) tell it. A symbol is a member on session t if added_date is NULL or at or before t, removed_date is NULL
  or after t, and available_at is at or before t's decision time. The date of addition that a list states counts, unless
  an earlier list lacks the symbol on or after that date; the spell then begins with the first list that has it. Company,
  sector and sub-industry are those of the newest list. Members that had left before the first list are in none.
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
  removed_date: {type: DATE, unit: date, meaning: Date of the first later list that lacks the symbol; NULL while none does, nullable: true}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, or files/ and the folder or layout"}
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

spells as (
    select
        *,
        min(list_no) over spell as first_list_no,
        max(list_no) over spell as last_list_no,
        min(list_date) over spell as first_list_date,
        min(listed_at) over spell as first_listed_at,
        min(first_available_at) over spell as spell_available_at
    from spelled
    window spell as (partition by index_symbol, symbol, spell_no)
    -- The newest list that is out speaks for the spell.
    qualify row_number() over (partition by index_symbol, symbol, spell_no order by is_out desc, list_no desc) = 1
),

judged as (
    select
        s.*,
        lacking.listed_at as lacking_listed_at,
        ending.list_date as removed_date,
        lacking.list_date is null or coalesce(s.added_date >= lacking.list_date, false) as is_as_stated
    from spells as s
    left join lists as lacking
        on s.index_symbol = lacking.index_symbol and s.first_list_no - 1 = lacking.list_no
    left join lists as ending
        on s.index_symbol = ending.index_symbol and s.last_list_no + 1 = ending.list_no
),

final as (
    select
        index_symbol,
        symbol,
        company,
        sector,
        sub_industry,
        case when is_as_stated then added_date else first_list_date end as added_date,
        removed_date,
        source,
        case
            when is_as_stated then greatest(spell_available_at, lacking_listed_at)
            else first_listed_at
        end as available_at
    from judged
    where is_as_stated or is_out
)

select * from final
