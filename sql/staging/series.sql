/*
description: >-
  One row per series and date - the newest vintage of each number that was known at the as-of time (DuckDB variable
  as_of, by default now). A corrected number keeps the time from which the first one was known.
grain: [series_id, series_date]
view: true
owner: team:data
columns:
  series_id: {type: VARCHAR, unit: name, meaning: Publisher and quantity}
  series_date: {type: DATE, unit: date, meaning: Date that the number describes}
  series_value: {type: DOUBLE, unit: that of the series, meaning: The published number}
  source: {type: VARCHAR, unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {type: TIMESTAMPTZ, unit: time, meaning: When anyone could first have known the value}
rows: {min: 0}
*/
select
    series_id,
    series_date,
    series_value,
    source,
    min(available_at) over (partition by series_id, series_date) as available_at
from raw.series
where available_at <= coalesce(getvariable('as_of')::timestamptz, now())
qualify row_number() over (partition by series_id, series_date order by observed_at desc, source) = 1
