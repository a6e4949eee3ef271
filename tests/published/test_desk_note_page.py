"""The desk note's page: what it says, what it leaves out, and that it knows nothing of later sessions."""

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from assets.published import charts
from assets.published.charts import Query
from assets.published.desk_note import FIGURES, MISSES, REGIME, NoNoteError, number, page
from orchestration.settings import Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse
from tests.orchestration.few_tables import copy_few
from tests.published.given_page import DAYS, SCORES, page_tables, whole

EVERY_FIGURE = (*REGIME, *(figure for figures in FIGURES.values() for figure in figures), MISSES)
DAY = DAYS[20].date()


@pytest.fixture(scope="module")
def query() -> Query:
    """Made-up rows of every table."""
    return page_tables(whole())


@pytest.fixture(scope="module")
def shown(query: Query) -> str:
    """The page of a session with later ones behind it."""
    return page(query, DAY)


def test_where_inputs_are_missing_a_sentence_stands_in_place_of_each_figure() -> None:
    only = {"session": [DAYS[0]], "simulated": [False], "inputs_missing": ["VIX"]}
    note = pd.DataFrame({**only, "claim_no": 10, "measure": "vol_panic", "section": "Volatility", "grade": "B"})
    shown = page(page_tables({"marts.desk_note": note, "regime.daily": pd.DataFrame(only)}))
    assert "data-chart=" not in shown
    assert [figure.title for figure in EVERY_FIGURE if escape(figure.without) not in shown] == []
    assert "Regime: not available, missing VIX." in shown
    assert "Volatility panic is \u2026 of 10. Not available: VIX." in shown
    assert "<code>regime.validation</code> has no rows" in shown
    assert "Simulated market" not in shown


def test_every_figure_is_drawn_where_there_are_rows(shown: str) -> None:
    assert shown.count("data-chart=") == len(EVERY_FIGURE)
    assert "Simulated market: these numbers are not real data." in shown


def test_text_of_the_tables_is_escaped(shown: str) -> None:
    assert "&lt;b&gt;1 &amp; 2&lt;/script&gt;" in shown
    assert shown.count("</script>") == 1


def test_a_verdict_on_an_earlier_session_names_it(shown: str) -> None:
    assert re.search(rf"(reproduced|sign only|yet) <span class=\"unit\">on {DAYS[0]:%Y-%m-%d}</span>", shown)


def test_every_link_leads_to_one_place(shown: str) -> None:
    ids = re.findall(r'<\w+ [^>]*?\bid="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= set(ids)


def test_a_page_knows_nothing_of_later_sessions(shown: str) -> None:
    rows = whole()
    cut = {
        name: table[table["session"] <= DAYS[20]] if "session" in table and name not in SCORES else table
        for name, table in rows.items()
    }
    spells = rows["regime.transitions"]
    cut["regime.transitions"] = spells.assign(last_session=[DAYS[9], DAYS[20]])
    last = f"to {DAYS[-1]:%Y-%m-%d};"
    assert shown.replace(last, f"to {DAY};") == page(page_tables(cut), DAY)


def test_the_ribbon_has_no_gap_and_ends_with_the_session(query: Query) -> None:
    chart = charts.regime(query, DAY)
    assert chart is not None
    ribbon = chart.layer[0].data
    assert isinstance(ribbon, pd.DataFrame)
    assert ribbon["label"].tolist() == ["calm", "fragile"]
    assert ribbon["ends"].tolist() == [DAYS[10], pd.Timestamp(DAY) + pd.Timedelta(days=1)]


def test_a_session_without_a_note_is_named_with_those_that_there_are(query: Query) -> None:
    with pytest.raises(NoNoteError, match=r"no note for 2025-12-25; sessions run from 2025-10-01 to"):
        page(query, date(2025, 12, 25))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234.5, "1,235"),
        (12.345, "12.3"),
        (-0.004, "0.00"),
        (-1.5, "\u22121.50"),
        (3.0, "3"),
        (0.625, "0.63"),
        (None, "\u2013"),
    ],
)
def test_numbers_have_three_digits_and_two_decimals_at_most(value: float | None, shown: str) -> None:
    assert number(value) == shown


def test_a_page_that_fails_leaves_the_published_files_as_they_were(
    tmp_path: Path, settings: Settings, catalogue: Catalogue
) -> None:
    copy_few(catalogue, ["reference.baskets"], tmp_path / "sql")
    few = Catalogue(tmp_path / "sql")

    def fails(_: object) -> str:
        raise ValueError("nothing to say")

    with open_warehouse(settings, few, clock(settings)) as warehouse:
        for table in few.values():
            warehouse.write(table)
        written = warehouse.publish({"page.html": lambda query: f"{len(query('from reference.baskets'))} baskets"})
        before = {file: file.read_bytes() for file in written}
        assert before[settings.published / "page.html"] == b"%d baskets" % len(
            pd.read_csv(few["reference.baskets"].csv)
        )
        with pytest.raises(ValueError, match="nothing to say"):
            warehouse.publish({"page.html": fails})
        assert {file: file.read_bytes() for file in written} == before
