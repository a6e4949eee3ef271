-- Is danger worth more than VIX as a forecast of a fall or of high volatility?
--
-- One row per outcome and predictor, out of sample, the best first. auc is how often a session before the event had
-- the higher forecast (0.5 is chance), brier_skill what is gained on the past frequency (0 is nothing). against_vix
-- says whether the squared errors differ from those of VIX alone at 5 %: worse means that VIX says more. No rows: the
-- history is too short to judge.
select
    outcome,
    predictor,
    forecasts,
    events,
    round(auc, 2) as auc,
    round(auc_lo, 2) as auc_lo,
    round(auc_hi, 2) as auc_hi,
    round(brier_skill, 2) as brier_skill,
    case
        when predictor = 'vix' then 'is_vix'
        when dm_vix_p is null then 'not_judged'
        when dm_vix_p >= 0.05 then 'no_difference'
        when dm_vix < 0 then 'better'
        else 'worse'
    end as against_vix
from regime.validation
order by outcome, validation.brier_skill desc, predictor
