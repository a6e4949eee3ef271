/*
description: >-
  One row per series that the pipeline follows - a dated number that is not a price, who publishes it and by which rule
  it becomes known. Maintained by hand in series_catalog.csv.
grain: [series_id]
owner: team:data
columns:
  series_id: {unit: name, meaning: Publisher and quantity}
  series_name: {unit: text, meaning: What the series is called}
  publisher: {unit: name, meaning: "Who published the figure; simulated market where it is the truth of one"}
  fred_id: {unit: name, meaning: FRED's name of the series; NULL where it does not come from FRED, nullable: true}
  unit: {unit: text, meaning: Unit of the measure}
  frequency: {unit: name, meaning: How often the series has a number, allowed: [daily, weekly, monthly]}
  release: {unit: name, meaning: "The publication that the series comes in, whose rule says when a number became known: one of RELEASES in assets/sources/availability.py"}
rows: {min: 1}
*/
create table reference.series_catalog (
    series_id varchar,
    series_name varchar,
    publisher varchar,
    fred_id varchar,
    unit varchar,
    frequency varchar,
    release varchar
)
