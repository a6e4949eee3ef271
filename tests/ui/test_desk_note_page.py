"""The desk note's page in headless Chromium: it draws, asks no network, and fits a phone, light and dark."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from assets.published.desk_note import page
from tests.published.given_page import page_tables, whole

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEGABYTES = 3
# For a busy machine; nothing waits until it has passed.
DRAWS_WITHIN = 45_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt install chromium)")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every figure."""
    path = tmp_path_factory.mktemp("page") / "desk_note.html"
    path.write_text(page(page_tables(whole())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as started:
            yield started


@pytest.fixture(
    scope="module",
    params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")],
    ids=lambda at: f"{at[0]}-{at[1]}",
)
def opened(request: pytest.FixtureRequest, browser: Browser, file: Path) -> Iterator[Page]:
    """The page with all its figures drawn, without an error, a warning or a request."""
    width, scheme = request.param
    with browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme) as tab:
        noticed: list[str] = []
        tab.on("console", lambda message: noticed.append(message.text))
        tab.on("pageerror", lambda error: noticed.append(str(error)))
        tab.on("request", lambda sent: noticed.append(sent.url) if sent.url.startswith(("http", "ws")) else None)
        tab.goto(file.as_uri())
        tab.wait_for_selector("html[data-drawn=all]", state="attached", timeout=DRAWS_WITHIN)
        yield tab
        assert noticed == []


def test_every_figure_is_drawn_and_fits_the_width(opened: Page) -> None:
    figures = opened.locator("[data-chart]")
    widths = figures.evaluate_all("all => all.map(one => [one.querySelector('svg').clientWidth, one.clientWidth])")
    assert len(widths) == figures.count() > 10
    assert all(0 < drawn <= room for drawn, room in widths), widths
    assert opened.evaluate("document.documentElement.scrollWidth") == opened.viewport_size["width"]  # type: ignore[index]
    # A box with a table scrolls where that is wider; none has to.
    tables = opened.locator(".table").evaluate_all("all => all.map(one => [one.scrollWidth, one.clientWidth])")
    assert len(tables) > 3
    assert all(needed <= room for needed, room in tables), tables


def test_text_stands_out_from_its_background(opened: Page) -> None:
    lightness = """([selector, name]) => {
        const rgb = getComputedStyle(document.querySelector(selector))[name].match(/[\\d.]+/g).slice(0, 3);
        return rgb.reduce((sum, part) => sum + +part, 0) / 765;
    }"""
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    text, ground = (opened.evaluate(lightness, ["body", name]) for name in ("color", "backgroundColor"))
    assert (text > 0.8 and ground < 0.2) if dark else (text < 0.2 and ground > 0.8)
    # The charts follow the scheme too.
    label = opened.evaluate(lightness, ["#sub-scores .role-axis-label text", "fill"])
    assert abs(label - ground) > 0.4


def test_the_number_under_the_pointer_is_shown(opened: Page) -> None:
    opened.locator("#regime svg").hover()
    tooltip = opened.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert re.search(r"Regime\s+(calm|normal|fragile|dangerous)\s+Danger\s+0\.\d\d", tooltip.inner_text())


def test_it_is_small(file: Path) -> None:
    assert file.stat().st_size < MEGABYTES * 1e6
