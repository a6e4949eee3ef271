/*
description: One row per XNYS session since 1990 whose decision time has come.
grain: [session]
owner: team:data
columns:
  session: {unit: date, meaning: XNYS trading day}
  session_no: {unit: count, meaning: Number of the session since 1990-01-02, min: 1}
  next_session: {unit: date, meaning: "The XNYS trading day after it, by the calendar"}
  open_at: {unit: time, meaning: When continuous trading opens}
  close_at: {unit: time, meaning: When continuous trading closes; early on half days}
  decision_at: {unit: time, meaning: "18:00 New York on the session: an estimate for the session uses what was known by then"}
rows: {min: 1}
sessions: complete
*/
create table reference.sessions (
    session date,
    session_no integer,
    next_session date,
    open_at timestamptz,
    close_at timestamptz,
    decision_at timestamptz
)
