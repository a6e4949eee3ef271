/*
description: >-
  One row per label - what came of the sessions that had it, as far as it is known (regime.outcomes). Sessions next to each
  other share most of their outcome, so that there are far fewer independent ones than sessions: spells says how many.
grain: [label]
owner: team:research
columns:
  label: {type: VARCHAR, unit: name, meaning: "Regime: calm, normal, fragile or dangerous", allowed: [calm, normal, fragile, dangerous]}
  sessions: {type: BIGINT, unit: count, meaning: Sessions with the label whose outcome is known, min: 1}
  spells: {type: BIGINT, unit: count, meaning: Spells of the label that began on one of them, min: 0}
  vol_ahead_mean_pct: {type: DOUBLE, unit: "%", meaning: Mean vol_ahead_pct, min: 0}
  vol_ahead_median_pct: {type: DOUBLE, unit: "%", meaning: Median vol_ahead_pct, min: 0}
  return_ahead_mean_pct: {type: DOUBLE, unit: "%", meaning: Mean return_ahead_pct}
  drawdown_share: {type: DOUBLE, unit: ratio, meaning: Share of sessions with is_drawdown_ahead, min: 0, max: 1}
  high_vol_share: {type: DOUBLE, unit: ratio, meaning: Share of sessions with is_high_vol_ahead, nullable: true, min: 0, max: 1}
rows: {min: 0, max: 4}
*/
select
    l.label,
    count(*) as sessions,
    count(*) filter (l.days_in_regime = 1) as spells,
    avg(o.vol_ahead_pct::decimal(28, 18))::double as vol_ahead_mean_pct,
    median(o.vol_ahead_pct) as vol_ahead_median_pct,
    avg(o.return_ahead_pct::decimal(28, 18))::double as return_ahead_mean_pct,
    avg(o.is_drawdown_ahead::integer) as drawdown_share,
    avg(o.is_high_vol_ahead::integer) as high_vol_share
from regime.labels as l
inner join regime.outcomes as o on l.session = o.scored_session
group by l.label
