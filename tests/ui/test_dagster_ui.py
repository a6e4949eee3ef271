"""The Dagster UI as a data engineer uses it: a real server and daemon, driven through headless Chromium.

The tests stand in the order in which they find things on the pages: definitions while the run goes on, then
what it left behind.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from orchestration.settings import ROOT
from orchestration.tables import SCHEMAS, Catalogue

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Deadlines in seconds for a busy machine; nothing waits until they have passed.
STARTS_WITHIN = 150
RUNS_WITHIN = 180
SHOWS_WITHIN = 45

pytestmark = [
    pytest.mark.ui,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt install chromium)"),
]


@dataclass(frozen=True)
class UI:
    """The UI in a browser, on an instance of its own.

    Attributes:
        url: Where it answers.
        home: The folder of the instance and of the data.
        browser: The browser.
    """

    url: str
    home: Path
    browser: BrowserContext

    @property
    def published(self) -> Path:
        """The file that a run publishes."""
        return self.home / "data" / "demo" / "published" / "undertow.duckdb"

    @contextlib.contextmanager
    def page(self, path: str) -> Iterator[Page]:
        """A page, which may report no error; where something is missing on it, its picture is kept in `home`."""
        errors: list[str] = []
        with self.browser.new_page() as page:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            try:
                page.goto(f"{self.url}{path}")
                yield page
                assert errors == []
            except Exception:
                page.screenshot(path=self.home / "failure.png")
                raise


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UI]:
    home = tmp_path_factory.mktemp("ui")
    with _dagster_dev(home) as url, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        with chromium, chromium.new_context(viewport={"width": 1600, "height": 1200}) as browser:
            browser.set_default_timeout(SHOWS_WITHIN * 1000)
            expect.set_options(SHOWS_WITHIN * 1000)
            yield UI(url, home, browser)


@contextlib.contextmanager
def _dagster_dev(home: Path) -> Iterator[str]:
    for file in ("dagster.yaml", "pyproject.toml"):
        shutil.copy(ROOT / file, home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DAGSTER_", "UNDERTOW_"))}
    own = {"DAGSTER_HOME": str(home), "UNDERTOW_DATA": str(home / "data"), "UNDERTOW_PROFILE": "demo"}
    log = home / "server.log"
    # Dagster's servers meet at sockets in the temporary folder, whose paths may not be long.
    with tempfile.TemporaryDirectory() as sockets, log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port)],
            cwd=home,
            env={**inherited, **own, "PYTHONPATH": str(ROOT), "TMPDIR": sockets},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for_answer(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            # An interrupt leaves its code servers behind for half a minute.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_answer(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)
    pytest.fail(f"the UI did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def launched_run(ui: UI) -> str:
    """The path of the run page, after everything was materialised from the asset graph, with the newest chains."""
    with ui.page("/asset-groups") as page:
        page.get_by_role("button", name="Materialize all").click()
        sessions = page.get_by_role("dialog")
        sessions.get_by_role("button", name="Latest", exact=True).click()
        sessions.get_by_role("button", name="Launch 1 run").click()
        # The link stands in the notice of the launched run.
        return str(page.get_by_role("link", name="View", exact=True).get_attribute("href"))


@pytest.fixture(scope="module")
def finished_run(ui: UI, launched_run: str) -> str:
    """The path of the run page, once the list of runs says that the run has ended."""
    deadline = time.monotonic() + RUNS_WITHIN
    # The run's own page redraws its chart all the while, which takes more of the machine than the run.
    with ui.page("/runs") as page:
        expect(page.locator(f"a[href='{launched_run}']").first).to_be_visible()
        ended = page.get_by_text("Success", exact=True).or_(page.get_by_text("Failure", exact=True))
        while not ended.is_visible():
            assert time.monotonic() < deadline, f"still running; {ui.home} holds the log and a picture"
            page.get_by_role("button", name="refresh").click()
            page.wait_for_timeout(1000)
    return launched_run


def test_the_asset_graph_groups_every_stage(ui: UI, launched_run: str) -> None:
    assert launched_run.startswith("/runs/")
    with ui.page("/asset-groups") as page:
        for stage in (*SCHEMAS, "published"):
            expect(page.get_by_text(stage, exact=True).first).to_be_visible()


@pytest.mark.usefixtures("launched_run")
def test_an_asset_page_says_what_its_file_says(ui: UI, catalogue: Catalogue) -> None:
    table = catalogue["raw.prices"]
    with ui.page("/assets/raw/prices") as page:
        expect(page.get_by_text("SIMULATED MARKET")).to_be_visible()
        expect(page.get_by_text(table.header.description)).to_be_visible()
        for name, column in table.header.columns.items():
            row = page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))
            expect(row).to_contain_text(column.meaning)
            expect(row).to_contain_text(table.types[name].lower())


@pytest.mark.usefixtures("launched_run")
def test_schedule_and_alert_are_listed(ui: UI) -> None:
    with ui.page("/automation") as page:
        for name in ("refresh_after_close", "refresh_before_open", "failed_run_alert"):
            expect(page.get_by_role("link", name=name)).to_be_visible()


def test_everything_materialised_from_the_page_succeeds(ui: UI, finished_run: str, catalogue: Catalogue) -> None:
    with ui.page(finished_run) as page:
        expect(page.get_by_text("Success", exact=True)).to_be_visible()
        expect(page.get_by_text(f"Succeeded ({len(catalogue) + 1})", exact=True)).to_be_visible()


@pytest.mark.usefixtures("finished_run")
def test_every_check_is_shown_as_passed_on_the_rows_that_were_published(ui: UI, catalogue: Catalogue) -> None:
    checks = catalogue["raw.prices"].checks
    with duckdb.connect(ui.published, read_only=True) as reader:
        [(rows,)] = reader.sql("select count(*) from raw.prices").fetchall()
    with ui.page("/assets/raw/prices?view=checks&checkDetail=contract") as page:
        expect(page.get_by_text("Succeeded", exact=True)).to_have_count(len(checks))
        for check in checks:
            expect(page.get_by_title(check, exact=True).first).to_be_visible()
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()
        expect(page.get_by_role("row", name="rows seen")).to_contain_text(str(rows))
        expect(page.get_by_role("row", name="rows failing")).to_contain_text("0")


@pytest.mark.usefixtures("finished_run")
def test_the_asset_page_names_the_published_files(ui: UI) -> None:
    assert ui.published.is_file()
    with ui.page("/assets/published/undertow") as page:
        expect(page.get_by_text(str(ui.published))).to_be_visible()
        expect(page.get_by_text(str(ui.published.with_name("desk_note.html")))).to_be_visible()


@pytest.mark.usefixtures("finished_run")
def test_the_session_asked_for_is_shown_as_landed(ui: UI) -> None:
    with ui.page("/assets/raw/option_chains?view=partitions&partition=2025-12-31&status=MATERIALIZED") as page:
        expect(page.get_by_text("2025-12-31", exact=True).first).to_be_visible()
    with duckdb.connect(ui.published, read_only=True) as reader:
        days = reader.sql("select distinct session::varchar from raw.option_chains").fetchall()
    assert days == [("2025-12-31",)]


@pytest.mark.usefixtures("finished_run")
def test_the_gamma_profile_is_shown_as_a_picture(ui: UI) -> None:
    with ui.page("/assets/indicators/gamma_profile?view=events") as page:
        page.get_by_text("Show Markdown").first.click()
        picture = page.get_by_role("img", name="indicators.gamma_profile")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth") > 500
