/*
description: >-
  One row per series, date, source and vintage of a dated number that is not a price; reference.series_catalog lists
  the series. Rows are only ever added; a changed value is a new vintage.
grain: [series_id, series_date, source, observed_at]
vintages: [series_id, series_date, source]
reads: [reference.series_catalog]
owner: team:data
columns:
  series_id: {unit: name, meaning: Publisher and quantity}
  series_date: {unit: date, meaning: Date that the number describes}
  series_value: {unit: that of the series, meaning: The published number}
  source: {unit: name, meaning: "Where the value came from: simulated, yahoo, cboe, fred, ofr, datahub, edgar, or files/ and the folder or layout"}
  available_at: {unit: time, meaning: When anyone could first have known the value}
  observed_at: {unit: time, meaning: When this warehouse saw the value}
rows: {min: 0}
*/
create table raw.series (
    series_id varchar,
    series_date date,
    series_value double,
    source varchar,
    available_at timestamptz,
    observed_at timestamptz
)
