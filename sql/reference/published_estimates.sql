/*
description: >-
  One row per estimate, publisher and session - a figure that a desk has published, as far as it was quoted in public. A
  transcription may be wrong. Maintained by hand in published_estimates.csv.
grain: [indicator, publisher, published_session]
owner: team:research
columns:
  indicator: {unit: name, meaning: The estimate that a published figure is set beside}
  publisher: {unit: name, meaning: "Who published the figure; simulated market where it is the truth of one"}
  published_session: {unit: date, meaning: Session that the published value describes; NULL where nothing was published, nullable: true}
  published_value: {unit: that of the measure, meaning: Value that the note published for the session; NULL where it gave no number, nullable: true}
  unit: {unit: text, meaning: Unit of the measure}
  read_in: {unit: text, meaning: Where the figure was read and how certain it is}
  certainty: {unit: name, meaning: "How sure the published figure is: figure, rounded, date (within two days), period (a mean or median of a week or a year around it), bound (above or below it), or from words (the size was inferred)", allowed: [figure, rounded, date, period, bound, from words]}
rows: {min: 1}
*/
create table reference.published_estimates (
    indicator varchar,
    publisher varchar,
    published_session date,
    published_value double,
    unit varchar,
    read_in varchar,
    certainty varchar
)
