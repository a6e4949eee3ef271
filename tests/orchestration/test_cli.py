"""The command line, as a new user meets it."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app, main
from orchestration.dictionary import as_markdown
from orchestration.errors import WarehouseError
from orchestration.settings import ROOT, SettingsError
from orchestration.tables import Catalogue
from tests.orchestration.command import undertow


@pytest.fixture(scope="module")
def home(demo_home: Path) -> Path:
    """The home after one demo run, which said where it published and that the market is simulated."""
    said = (demo_home / "run.txt").read_text()
    assert "SIMULATED MARKET" in said
    assert str(demo_home / "data/demo/published/undertow.duckdb") in said
    return demo_home


def test_the_note_fits_80_columns_and_says_that_it_is_simulated(home: Path) -> None:
    note = undertow(home, "note")
    assert note.returncode == 0
    assert "Simulated market: these numbers are not real data." in note.stdout
    assert "Volatility panic is" in note.stdout
    assert "Dealers are assumed to hold: calls_long_puts_short." in note.stdout
    assert max(map(len, note.stdout.splitlines())) <= 80
    # `make run` prints it at the end of the run.
    assert (home / "run.txt").read_text().endswith(note.stdout)


def test_the_page_of_the_newest_session_is_published_and_that_of_any_other_written(home: Path, tmp_path: Path) -> None:
    published = (home / "data/demo/published/desk_note.html").read_text("utf-8")
    assert "Simulated market: these numbers are not real data." in published
    assert "Wednesday, 31 December 2025" in published
    # The demo has what every figure needs.
    assert 'class="missing">No ' not in published
    newest, earlier = tmp_path / "newest.html", tmp_path / "earlier.html"
    assert undertow(home, "note", "--html", str(newest)).returncode == 0
    assert newest.read_text("utf-8") == published
    assert undertow(home, "note", "--date", "2024-06-28", "--html", str(earlier)).returncode == 0
    assert "Friday, 28 June 2024" in earlier.read_text("utf-8")
    assert max(file.stat().st_size for file in (newest, earlier)) < 3e6


def test_the_demo_scores_dealer_gamma_against_its_truth(home: Path) -> None:
    with duckdb.connect(str(home / "data/demo/published/undertow.duckdb"), read_only=True) as published:
        [(compared, bias, error, coverage)] = published.sql(
            """
            select compared, bias, mean_absolute_error, band_coverage from marts.scoreboard_summary
            where indicator = 'dealer_gamma' and publisher = 'simulated market'
            """
        ).fetchall()
    assert compared == 64
    assert abs(bias) < 2
    assert error < 4
    assert 0.65 <= coverage <= 0.95


def test_the_demo_scores_systematic_flows_against_their_truth(home: Path) -> None:
    with duckdb.connect(str(home / "data/demo/published/undertow.duckdb"), read_only=True) as published:
        found = published.sql(
            """
            select indicator, compared, correlation, same_sign_share, band_coverage,
                mean_absolute_error < baseline_mean_absolute_error
            from marts.scoreboard_summary
            where indicator in (
                'cta_position_us', 'cta_flow_1w_flat_us', 'cta_flow_1m_flat_us', 'vol_control_notional',
                'risk_parity_equity_notional'
            )
            """
        ).fetchall()
    assert len(found) == 5
    for indicator, compared, correlation, same_sign, coverage, is_better in found:
        assert compared > 800, indicator
        assert correlation > 0.75, indicator
        assert same_sign > 0.8, indicator
        assert coverage > 0.5, indicator
        assert is_better, indicator


def test_views_are_published_as_views(home: Path) -> None:
    """A run holds their rows, but who reads them may set the variable as_of."""
    with duckdb.connect(str(home / "data/demo/published/undertow.duckdb"), read_only=True) as published:
        found = published.sql(
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
    assert {name for (name,) in found} == {name for name, table in Catalogue(ROOT / "sql").items() if table.header.view}


def test_every_table_of_the_published_demo_says_that_it_is_simulated(home: Path) -> None:
    with duckdb.connect(str(home / "data/demo/published/undertow.duckdb"), read_only=True) as published:
        comments = published.sql(
            "select comment from duckdb_tables() union all select comment from duckdb_views() where not internal"
        ).fetchall()
        assert len(comments) == len(Catalogue(ROOT / "sql"))
        assert all(comment.startswith("SIMULATED MARKET") for (comment,) in comments)
        undescribed = published.sql(
            "from duckdb_columns() where not internal and coalesce(comment, '') = ''"
        ).fetchall()
    assert undescribed == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["note", "--date", "2025-12-25"], "no note for 2025-12-25; sessions run from"),
        (["note", "--date", "2025-12-25", "--html", "page.html"], "no note for 2025-12-25; sessions run from"),
        (["note", "--html", "nowhere/page.html"], "nowhere/page.html: No such file or directory"),
        (["run", "--profile", "prod"], "UNDERTOW_PROFILE='prod': Input should be 'demo', 'files' or 'live'"),
        (["run", "--select", "key:nothing"], "--select 'key:nothing'"),
        (["run", "--select", "regime"], "--select 'regime'"),
    ],
)
def test_an_error_is_a_line_and_no_traceback(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setenv("UNDERTOW_DATA", str(home / "data"))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.chdir(home)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_doctor_finds_a_healthy_machine(home: Path) -> None:
    done = undertow(home, "doctor")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "newest session 2025-12-31" in done.stdout.replace("\n", " ")


def test_tables_are_listed_and_described() -> None:
    listed = CliRunner().invoke(app, ["tables"])
    assert all(name in listed.stdout for name in ("regime.daily", "raw.prices"))
    described = CliRunner().invoke(app, ["tables", "regime.daily"])
    assert "danger_lo" in described.stdout
    with pytest.raises(SettingsError, match=r"regime\.nothing: no such table"):
        CliRunner().invoke(app, ["tables", "regime.nothing"], catch_exceptions=False)


def test_a_note_before_the_first_run_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTOW_DATA", str(tmp_path))
    with pytest.raises(WarehouseError, match="nothing is published yet; `undertow run` does it"):
        CliRunner().invoke(app, ["note"], catch_exceptions=False)


def test_the_data_dictionary_is_current(catalogue: Catalogue) -> None:
    assert (ROOT / "docs/data-dictionary.md").read_text() == as_markdown(catalogue), "run `make docs`"
