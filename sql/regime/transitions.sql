/*
description: >-
  One row per spell of a label, from its first session to its last - what the label followed and what the S&P 500 did
  meanwhile. Return, drawdown and volatility run from the close before the spell. The newest spell may go on: is_open says
  so, and its row grows with each session.
grain: [first_session]
owner: team:research
columns:
  first_session: {type: DATE, unit: date, meaning: First session of the spell}
  last_session: {type: DATE, unit: date, meaning: Last session of the spell so far}
  from_label: {type: VARCHAR, unit: name, meaning: Label of the spell before; NULL for the first and after a session without a label, nullable: true}
  label: {type: VARCHAR, unit: name, meaning: "Regime: calm, normal, fragile or dangerous", allowed: [calm, normal, fragile, dangerous]}
  spell_sessions: {type: BIGINT, unit: sessions, meaning: Sessions of the spell so far, min: 1}
  spell_return_pct: {type: DOUBLE, unit: "%", meaning: Return of the S&P 500 from the close before the spell to its last, nullable: true}
  spell_drawdown_pct: {type: DOUBLE, unit: "%", meaning: "Largest drawdown of the S&P 500 within the spell, from the close before it on", nullable: true, min: -100, max: 0}
  spell_vol_pct: {type: DOUBLE, unit: "%", meaning: "Annualised volatility around zero of the spell's log returns; NULL for fewer than 5 sessions", nullable: true, min: 0}
  spell_danger_max: {type: DOUBLE, unit: 0 to 1, meaning: Highest danger of the spell, min: 0, max: 1}
  is_open: {type: BOOLEAN, unit: flag, meaning: Whether the spell goes on at the newest session}
rows: {min: 0}
*/
with closes as (
    select
        session,
        close,
        lag(close) over (order by session) as close_before,
        ln(close / lag(close) over (order by session)) as log_return
    from staging.prices
    where symbol = 'SPX' and close is not null
),

sessions as (
    select
        d.session,
        d.danger,
        l.label,
        l.days_in_regime,
        c.close,
        c.close_before,
        c.log_return,
        lag(l.label) over (order by d.session) as label_before,
        count(*) filter (l.days_in_regime = 1) over (order by d.session rows unbounded preceding) as spell
    from regime.danger as d
    left join regime.labels as l using (session)
    left join closes as c using (session)
),

started as (
    select
        *,
        first_value(close_before) over within_spell as close_at_start,
        first_value(label_before) over within_spell as from_label,
        greatest(
            first_value(close_before) over within_spell,
            max(close) over (within_spell rows unbounded preceding)
        ) as highest
    from sessions
    where label is not null
    window within_spell as (partition by spell order by session)
),

final as (
    select
        min(session) as first_session,
        max(session) as last_session,
        any_value(from_label) as from_label,
        any_value(label) as label,
        count(*) as spell_sessions,
        100 * (arg_max(close, session) / any_value(close_at_start) - 1) as spell_return_pct,
        least(0, 100 * min(close / highest - 1)) as spell_drawdown_pct,
        case
            when count(log_return) >= 5 then 100 * sqrt(252 * avg((log_return ^ 2)::decimal(28, 18)))
        end as spell_vol_pct,
        max(danger) as spell_danger_max,
        max(session) = (select max(session) from regime.danger) as is_open
    from started
    group by spell
)

select * from final
