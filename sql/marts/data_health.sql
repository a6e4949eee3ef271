/*
description: One row per table, check and session - the newest result of that check on that session. A failed check blocks publication at severity error and is only reported at warn. Failed runs stand here under the table name run.
grain: [table_name, check_name, session]
owner: team:data
columns:
  table_name: {unit: name, meaning: "Table that was checked, with its schema; run for a failure outside the checks"}
  check_name: {unit: name, meaning: "What was checked: contract, expectations, source, or an audit's name"}
  session: {unit: date, meaning: XNYS trading day}
  severity: {unit: name, meaning: Whether a failure blocks the table, allowed: [error, warn]}
  passed: {unit: flag, meaning: Whether nothing failed}
  rows_seen: {unit: count, meaning: Rows that were checked, min: 0}
  rows_failing: {unit: count, meaning: Rows that failed; at least 1 where the check failed as a whole, min: 0}
  detail: {unit: text, meaning: "What failed, naming source, symbol and date where there are such; NULL if nothing", nullable: true}
rows: {min: 1}
*/
create table marts.data_health (
    table_name varchar,
    check_name varchar,
    session date,
    severity varchar,
    passed boolean,
    rows_seen bigint,
    rows_failing bigint,
    detail varchar
)
