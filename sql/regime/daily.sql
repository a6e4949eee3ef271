/*
description: >-
  One row per session - the state of the market in one line. danger and what it rests on are those of regime.danger,
  each s_ column is a sub-score of regime.sub_scores, from 0 (calm) to 1 (stressed), and the label has hysteresis
  (regime.labels). Beside them stand the models' states, which enter nothing, and the estimates behind the sub-scores,
  whose bands and reasons are in their own tables. inputs_missing names the sub-scores that danger had to do without, and
  SPX where the close is missing; scores_in_part those that stand on less.
grain: [session]
owner: team:research
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  spx_close: {type: DOUBLE, unit: index points, meaning: S&P 500 close, nullable: true, min: 0}
  spx_drawdown_pct: {type: DOUBLE, unit: "%", meaning: S&P 500 close against its highest close so far, nullable: true, min: -100, max: 0}
  danger: {type: DOUBLE, unit: 0 to 1, meaning: "Mean of the sub-scores, weighted by grade", nullable: true, min: 0, max: 1}
  danger_lo: {type: DOUBLE, unit: 0 to 1, meaning: Lower end of the 80 % band of danger, nullable: true, min: 0, max: 1}
  danger_hi: {type: DOUBLE, unit: 0 to 1, meaning: Upper end of the 80 % band of danger, nullable: true, min: 0, max: 1}
  danger_change: {type: DOUBLE, unit: 0 to 1, meaning: Change of danger since the session before, nullable: true, min: -1, max: 1}
  weight_share: {type: DOUBLE, unit: ratio, meaning: Share of the weight whose sub-score is there, min: 0, max: 1}
  label: {type: VARCHAR, unit: name, meaning: "Regime: calm, normal, fragile or dangerous", nullable: true, allowed: [calm, normal, fragile, dangerous]}
  days_in_regime: {type: INTEGER, unit: sessions, meaning: "Sessions that the label has stood without a break, today included", nullable: true, min: 1}
  driver_1: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger most since the session before; NULL where none moved, nullable: true}
  driver_1_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_1 adds to danger_change, nullable: true, min: -1, max: 1}
  driver_2: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger second most; NULL where none did, nullable: true}
  driver_2_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_2 adds to danger_change, nullable: true, min: -1, max: 1}
  driver_3: {type: VARCHAR, unit: name, meaning: Sub-score that moved danger third most; NULL where none did, nullable: true}
  driver_3_move: {type: DOUBLE, unit: 0 to 1, meaning: What driver_3 adds to danger_change, nullable: true, min: -1, max: 1}
  s_trend: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of the trend, nullable: true, min: 0, max: 1}
  s_range: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of the trading range, nullable: true, min: 0, max: 1}
  s_panic: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of volatility panic, nullable: true, min: 0, max: 1}
  s_rotation: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of defensive rotation, nullable: true, min: 0, max: 1}
  s_vol_control: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of volatility control, nullable: true, min: 0, max: 1}
  s_turbulence: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of turbulence, nullable: true, min: 0, max: 1}
  s_trend_flow: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of trend followers' flow, nullable: true, min: 0, max: 1}
  s_liquidity: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of liquidity stress, nullable: true, min: 0, max: 1}
  s_breadth: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of breadth, nullable: true, min: 0, max: 1}
  s_speculation: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of speculative baskets, nullable: true, min: 0, max: 1}
  s_rebound: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of failed rebounds, nullable: true, min: 0, max: 1}
  s_gamma: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of dealer gamma, nullable: true, min: 0, max: 1}
  s_head_shoulders: {type: DOUBLE, unit: 0 to 1, meaning: Sub-score of the head and shoulders, nullable: true, min: 0, max: 1}
  jump_state: {type: VARCHAR, unit: name, meaning: "State by the jump model, bear being the one with the lower return", nullable: true, allowed: [bull, bear]}
  hidden_markov_stress: {type: DOUBLE, unit: probability, meaning: "Probability of the more volatile state of the hidden Markov model, filtered", nullable: true, min: 0, max: 1}
  mixture_stress: {type: DOUBLE, unit: probability, meaning: Probability of the more volatile component of the mixture, nullable: true, min: 0, max: 1}
  vix: {type: DOUBLE, unit: index points, meaning: VIX close, nullable: true, min: 0}
  vol_panic: {type: DOUBLE, unit: 0 to 10, meaning: "Volatility panic index: panic_4_chain, or panic_3 where that is not there", nullable: true, min: 0, max: 10}
  liq_stress: {type: DOUBLE, unit: 0 to 10, meaning: "Ten times the mean of depth_rank_756d, amihud_rank_756d, edge_rank_756d and half_spread_rank_756d, of which at least three must be there", nullable: true, min: 0, max: 10}
  top_of_book_usd_mn: {type: DOUBLE, unit: USD mn, meaning: "Quantity at the best bid or ask of the front E-mini S&P 500 future that VIX implies by reference.depth_calibration", nullable: true, min: 0}
  spx_range_5d_pct: {type: DOUBLE, unit: "%", meaning: "The S&P 500's mean (high - low) / previous close of 5 sessions", nullable: true, min: 0}
  gex_sm_equiv_bn: {type: DOUBLE, unit: USD bn per 1 %, meaning: "Dealers' net dollar gamma on a desk's scale: slope times gex_ge5_bn plus intercept_bn; for SPX under the convention that the calibration was fitted with", nullable: true}
  spx_to_pivot_st_pct: {type: DOUBLE, unit: "%", meaning: "The S&P 500's close against trend followers' short-term pivot", nullable: true}
  flow_1w_flat_global_bn: {type: DOUBLE, unit: USD bn, meaning: Equities worldwide that trend followers buy in a flat week; negative sell, nullable: true}
  flow_1m_flat_global_bn: {type: DOUBLE, unit: USD bn, meaning: Equities worldwide that trend followers buy in a flat month; negative sell, nullable: true}
  systematic_total_bn: {type: DOUBLE, unit: USD bn, meaning: Equities that systematic funds hold worldwide, nullable: true}
  rotation_21d_pct: {type: DOUBLE, unit: "%", meaning: Cumulated rotation_1d_pct of 21 sessions, nullable: true}
  above_50d_pct: {type: DOUBLE, unit: "%", meaning: "Share of members whose close is above the mean of their last 50 closes, today's included", nullable: true, min: 0, max: 100}
  turbulence: {type: DOUBLE, unit: ratio, meaning: "Squared Mahalanobis distance of the session's returns from those of the 756 sessions before, per asset; about 1 on average for returns like the window's", nullable: true, min: 0}
  absorption_ratio: {type: DOUBLE, unit: ratio, meaning: "Share of the sectors' variance that a fifth of their principal components explain: 2 of 8 to 11", nullable: true, min: 0, max: 1.000001}
  grade: {type: VARCHAR, unit: A to D, meaning: "How far the estimate can be trusted (docs/methodology.md)", allowed: [A, B, C, D]}
  inputs_missing: {type: VARCHAR, unit: text, meaning: "Inputs that were missing or too short, separated by commas; NULL if none", nullable: true}
  scores_in_part: {type: VARCHAR, unit: text, meaning: "Sub-scores that go on without a part of what they are made of, each with the parts in brackets; NULL if none", nullable: true}
  simulated: {type: BOOLEAN, unit: flag, meaning: Whether the numbers come from the simulated market of the demo profile}
rows: {min: 1}
sessions: complete
expectations:
  - {expect: expect_column_pair_values_a_to_be_greater_than_b, column_A: danger_hi, column_B: danger_lo, or_equal: true, ignore_row_if: either_value_is_missing}
*/
with index_closes as (
    select
        session,
        close as spx_close,
        100 * (close / max(close) over (order by session rows unbounded preceding) - 1) as spx_drawdown_pct
    from staging.prices
    where symbol = 'SPX'
),

-- Every row of danger has a row of each sub-score.
sub_scores as (
    select
        session,
        max(score) filter (sub_score = 'trend') as s_trend,
        max(score) filter (sub_score = 'range') as s_range,
        max(score) filter (sub_score = 'panic') as s_panic,
        max(score) filter (sub_score = 'rotation') as s_rotation,
        max(score) filter (sub_score = 'vol_control') as s_vol_control,
        max(score) filter (sub_score = 'turbulence') as s_turbulence,
        max(score) filter (sub_score = 'trend_flow') as s_trend_flow,
        max(score) filter (sub_score = 'liquidity') as s_liquidity,
        max(score) filter (sub_score = 'breadth') as s_breadth,
        max(score) filter (sub_score = 'speculation') as s_speculation,
        max(score) filter (sub_score = 'rebound') as s_rebound,
        max(score) filter (sub_score = 'gamma') as s_gamma,
        max(score) filter (sub_score = 'head_shoulders') as s_head_shoulders
    from regime.sub_scores
    group by session
),

gamma as (
    select session, gex_sm_equiv_bn
    from indicators.dealer_gamma
    where underlying = 'SPX' and reading = 'close'
),

ranges as (
    select session, range_5d_pct as spx_range_5d_pct from indicators.trading_range where symbol = 'SPX'
),

pivots as (
    select session, dist_pct as spx_to_pivot_st_pct from indicators.cta_pivots where symbol = 'SPX' and horizon = 'st'
),

flows as (
    select
        session,
        max(flow_global_bn) filter (flow_sessions = 5) as flow_1w_flat_global_bn,
        max(flow_global_bn) filter (flow_sessions = 21) as flow_1m_flat_global_bn
    from indicators.cta_flows
    where scenario = 'flat'
    group by session
),

rotation as (
    select session, rotation_21d_pct from indicators.rotation where variant = 'sector_funds'
),

final as (
    select
        d.session,
        i.spx_close,
        i.spx_drawdown_pct,
        d.danger,
        d.danger_lo,
        d.danger_hi,
        d.danger_change,
        d.weight_share,
        l.label,
        l.days_in_regime,
        d.driver_1,
        d.driver_1_move,
        d.driver_2,
        d.driver_2_move,
        d.driver_3,
        d.driver_3_move,
        s.s_trend,
        s.s_range,
        s.s_panic,
        s.s_rotation,
        s.s_vol_control,
        s.s_turbulence,
        s.s_trend_flow,
        s.s_liquidity,
        s.s_breadth,
        s.s_speculation,
        s.s_rebound,
        s.s_gamma,
        s.s_head_shoulders,
        m.jump_state,
        m.hidden_markov_stress,
        m.mixture_stress,
        vp.vix,
        vp.vol_panic,
        lq.liq_stress,
        lq.top_of_book_usd_mn,
        ranges.spx_range_5d_pct,
        gamma.gex_sm_equiv_bn,
        pivots.spx_to_pivot_st_pct,
        flows.flow_1w_flat_global_bn,
        flows.flow_1m_flat_global_bn,
        t.systematic_total_bn,
        rotation.rotation_21d_pct,
        b.above_50d_pct,
        y.turbulence,
        y.absorption_ratio,
        'C' as grade,
        nullif(concat_ws(', ', case when i.spx_close is null then 'SPX' end, d.inputs_missing), '') as inputs_missing,
        d.scores_in_part,
        (select bool_or(source = 'simulated') from staging.prices) as simulated
    from regime.danger as d
    inner join sub_scores as s using (session)
    left join index_closes as i using (session)
    left join regime.labels as l using (session)
    left join regime.model_states as m using (session)
    left join indicators.vol_panic as vp using (session)
    left join indicators.liquidity as lq using (session)
    left join ranges using (session)
    left join gamma using (session)
    left join pivots using (session)
    left join flows using (session)
    left join indicators.systematic_total as t using (session)
    left join rotation using (session)
    left join indicators.breadth as b using (session)
    left join indicators.systemic as y using (session)
)

select * from final
