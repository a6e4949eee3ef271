/*
description: >-
  One row per session with a return of the S&P 500 above cash, from the first year with 1,260 sessions before it - the
  market's state by three models of the literature, comparators of danger that enter nothing. They are fitted at the
  beginning of each year to all sessions before it, and a state rests on the sessions up to its own: nothing is smoothed,
  and no row changes when later sessions come. The jump model (Nystrup, Lindstrom and Madsen 2020, on the features of Shu,
  Yu and Mulvey 2024, penalty 50) has the slow view, the hidden Markov model (Hamilton 1989) and the mixture of two
  Gaussians, of returns and of returns with the volatility of 21 sessions, the fast one.
grain: [session]
owner: team:research
reads: [indicators.excess_prices]
columns:
  session: {unit: date, meaning: XNYS trading day}
  jump_state: {unit: name, meaning: "State by the jump model, bear being the one with the lower return", allowed: [bull, bear]}
  hidden_markov_stress: {unit: probability, meaning: "Probability of the more volatile state of the hidden Markov model, filtered", min: 0, max: 1}
  mixture_stress: {unit: probability, meaning: Probability of the more volatile component of the mixture, min: 0, max: 1}
  fitted_until: {unit: date, meaning: Last session that the models were fitted to}
rows: {min: 0}
*/
create table regime.model_states (
    session date,
    jump_state varchar,
    hidden_markov_stress double,
    mixture_stress double,
    fitted_until date
)
