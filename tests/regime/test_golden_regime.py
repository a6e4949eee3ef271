"""Golden values of the regime on real data: the great sell-offs, the note's session, comparators, worth, verdicts."""

import duckdb
import pytest

from tests.sql.given import frame_of, rows_of


@pytest.mark.parametrize(
    ("session", "share_below"),
    [("2018-02-05", 93.3), ("2020-03-16", 98.6), ("2022-06-16", 90.3), ("2024-08-05", 99.1), ("2025-04-08", 97.2)],
)
def test_great_sell_offs_are_in_the_top_tenth_of_danger(
    real: duckdb.DuckDBPyConnection, session: str, share_below: float
) -> None:
    query = """
        select round(100 * percent_rank() over (order by danger), 1) as share_below
        from regime.daily
        where session >= '2010-01-01' and danger is not null
        qualify session = ?
    """
    assert real.execute(query, (session,)).fetchall() == [(share_below,)]
    assert share_below > 90


def test_the_session_of_the_note(real: duckdb.DuckDBPyConnection) -> None:
    row = frame_of(real, "from regime.daily where session = '2025-11-21'").iloc[0]
    assert row[["danger", "danger_lo", "danger_hi", "weight_share"]].astype(float).round(3).to_list() == [
        *(0.719, 0.641, 0.770),
        # Of 8 the weight of dealer gamma, a quarter, is missing: there is no chain of that session.
        0.969,
    ]
    named = ["label", "days_in_regime", "driver_1", "driver_2", "driver_3", "jump_state", "grade", "inputs_missing"]
    assert row[named].to_list() == [
        *("dangerous", 1, "turbulence", "vol_control", "trend_flow"),
        *("bull", "C", "Dealer gamma"),
    ]
    scores = row.filter(regex="^s_").astype(float).round(2).dropna()
    assert scores.to_dict() == {
        "s_trend": 0.5,
        "s_range": 0.95,
        "s_panic": 0.91,
        "s_rotation": 0.82,
        "s_vol_control": 0.31,
        "s_turbulence": 0.80,
        "s_trend_flow": 0.26,
        "s_liquidity": 0.70,
        "s_breadth": 0.58,
        "s_speculation": 0.97,
        "s_rebound": 1.0,
        "s_head_shoulders": 0.94,
    }
    assert not row["simulated"]
    before = "select label, days_in_regime > 1 from regime.daily where session = '2025-11-20'"
    assert rows_of(real, before) == [("fragile", True)]


def test_every_session_since_2010_has_its_row(real: duckdb.DuckDBPyConnection) -> None:
    missing = """
        from reference.sessions
        where session between '2010-01-04' and (select max(date) from raw.prices where symbol = 'SPX')
            and session not in (select session from regime.daily)
    """
    assert rows_of(real, missing) == []
    # Danger ends with the funds' bars, months before the index's.
    spans = """
        select min(session)::varchar, max(session)::varchar, count(*), count(danger) = count(label)
        from regime.daily where session >= '2010-01-01' and danger is not null
    """
    assert rows_of(real, spans) == [("2010-01-04", "2026-05-01", 4107, True)]


def test_the_jump_model_has_its_bear_markets_on_known_dates(real: duckdb.DuckDBPyConnection) -> None:
    spells = frame_of(
        real,
        """
        with changes as (
            select session, jump_state, jump_state is distinct from lag(jump_state) over (order by session) as is_new
            from regime.model_states
        ),

        numbered as (select *, count(*) filter (is_new) over (order by session) as spell from changes)

        select min(session)::varchar as first, max(session)::varchar as last
        from numbered where jump_state = 'bear' group by spell having count(*) > 60 order by first
        """,
    )
    # Each from models that knew the years before it only.
    assert spells[spells["first"] >= "2007"].to_numpy().tolist() == [
        ["2007-08-20", "2009-08-21"],
        ["2010-06-03", "2010-10-12"],
        ["2011-08-12", "2012-02-03"],
        ["2015-09-03", "2015-12-09"],
        ["2015-12-11", "2016-04-12"],
        ["2018-10-31", "2019-03-15"],
        ["2020-03-10", "2020-08-25"],
        ["2022-02-22", "2023-05-31"],
        ["2025-03-19", "2025-07-15"],
    ]


# By outcome and predictor: area under the curve with its band, skill in percent, p against VIX (docs/methodology.md).
WORTH = {
    ("drawdown", "climatology"): (0.32, 0.25, 0.39, 0, 0.001),
    ("drawdown", "vix"): (0.67, 0.62, 0.72, 14, None),
    ("drawdown", "danger"): (0.63, 0.57, 0.68, 5, 0.083),
    ("drawdown", "danger_and_vix"): (0.68, 0.63, 0.72, 13, 0.824),
    ("drawdown", "jump_model"): (0.52, 0.46, 0.58, 7, 0.075),
    ("drawdown", "hidden_markov"): (0.63, 0.58, 0.68, 13, 0.769),
    ("drawdown", "mixture"): (0.47, 0.44, 0.50, 4, 0.004),
    ("high_vol", "climatology"): (0.21, 0.15, 0.27, 0, 0.0),
    ("high_vol", "vix"): (0.80, 0.73, 0.86, 35, None),
    ("high_vol", "danger"): (0.71, 0.64, 0.76, 8, 0.0),
    ("high_vol", "danger_and_vix"): (0.81, 0.74, 0.86, 35, 0.674),
    ("high_vol", "jump_model"): (0.61, 0.50, 0.70, 15, 0.002),
    ("high_vol", "hidden_markov"): (0.77, 0.70, 0.83, 30, 0.281),
    ("high_vol", "mixture"): (0.48, 0.44, 0.53, 11, 0.0),
}


def test_danger_ranks_sessions_better_than_chance_and_loses_to_vix(real: duckdb.DuckDBPyConnection) -> None:
    columns = "auc, auc_lo, auc_hi, 100 * brier_skill, dm_vix_p, forecasts"
    rows = rows_of(real, f"select outcome, predictor, {columns} from regime.validation")
    found = {(outcome, predictor): of for outcome, predictor, *of in rows}
    assert set(found) == set(WORTH)
    for key, (auc, low, high, skill, p) in WORTH.items():
        *aucs, found_skill, found_p, forecasts = found[key]
        assert forecasts == 3603
        # Solvers and the draws of the bootstrap may differ in the last digit shown.
        assert aucs == pytest.approx([auc, low, high], abs=0.006), key
        assert found_skill == pytest.approx(skill, abs=0.6), key
        assert found_p is None if p is None else found_p == pytest.approx(p, abs=0.002), key
    for outcome in ("drawdown", "high_vol"):
        (vix, *_, vix_skill, _, _), (danger, danger_lo, _, danger_skill, _, _) = (
            found[outcome, name] for name in ("vix", "danger")
        )
        assert 0.5 < danger_lo < danger < vix
        assert danger_skill < vix_skill


def test_all_28_claims_have_an_answer_and_the_verdicts_are_those_of_the_page(real: duckdb.DuckDBPyConnection) -> None:
    of_the_note = "from marts.desk_note where session = '2025-11-21'"
    claims = rows_of(real, f"select distinct claim_no {of_the_note} order by claim_no")
    assert claims == [(number,) for number in range(1, 29)]
    verdicts = f"select claim_verdict, count(*) {of_the_note} and claim_verdict is not null group by claim_verdict"
    assert dict(rows_of(real, verdicts)) == {
        "reproduced": 23,
        "sign only": 11,
        "not reproduced": 6,
        "not measurable yet": 19,
    }
    # What has no value says why.
    assert rows_of(real, f"select measure {of_the_note} and (value is null) != (inputs_missing is not null)") == []
