"""The notebooks as a reader meets them, in a real Chromium: a slider moves the picture, and an exported page needs no network."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from figures.build.notebooks import notebooks, page
from tests.paper.browser import executable

PATIENCE = 90_000  # milliseconds, on a busy machine
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where `cwb explore ceiling --headless` serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "figures.cli", "explore", "ceiling", "--headless", "--port", str(port)]
    root = str(Path(__file__).parents[2])
    server = subprocess.Popen(command, cwd=root, env={**os.environ, "PYTHONPATH": root}, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5)
                break
            except OSError:
                assert server.poll() is None, "the server has ended"
                time.sleep(0.2)
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def inside(page: Page, selector: str) -> bool:
    """Whether the first such element lies wholly on the first screen."""
    box, view = page.locator(selector).first.bounding_box(), page.viewport_size
    assert box is not None
    assert view is not None
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= view["width"]
        and box["y"] + box["height"] <= view["height"]
    )


def test_a_slider_moves_the_picture_beside_it(browser: Browser, address: str, tmp_path: Path):
    desk = browser.new_page(viewport=DESK)
    desk.goto(address)
    desk.wait_for_selector("img.cwb-plot", timeout=PATIENCE)
    picture = desk.locator("img.cwb-plot")
    assert inside(desk, "img.cwb-plot")
    assert inside(desk, '[role="slider"]')
    slider, plot = desk.locator('[role="slider"]').first.bounding_box(), picture.bounding_box()
    assert slider is not None
    assert plot is not None
    assert slider["x"] + slider["width"] <= plot["x"]  # side by side
    assert plot["width"] > 0.6 * DESK["width"]

    before, source = picture.screenshot(), picture.get_attribute("src")
    desk.locator('[role="slider"]').nth(3).focus()
    desk.keyboard.press("ArrowLeft")
    desk.wait_for_function("before => document.querySelector('img.cwb-plot').src !== before", arg=source, timeout=PATIENCE)
    desk.wait_for_function("() => document.querySelector('img.cwb-plot').complete", timeout=PATIENCE)
    assert picture.screenshot() != before

    with desk.expect_download(timeout=PATIENCE) as waiting:
        desk.locator(".cwb-saves").get_by_text("CSV").click()
    waiting.value.save_as(tmp_path / "ceiling.csv")
    assert (tmp_path / "ceiling.csv").read_text().startswith("series,")
    desk.close()


def test_a_phone_shows_a_picture_of_its_own_and_nothing_is_cut_off(browser: Browser, address: str):
    phone = browser.new_page(viewport=PHONE)
    phone.goto(address)
    phone.wait_for_selector("img.cwb-plot", timeout=PATIENCE)
    shown = phone.evaluate("() => {const i = document.querySelector('img.cwb-plot'); return [i.naturalWidth, i.clientWidth]}")
    assert shown[1] > 0.85 * shown[0]  # so that type of 10 points stays readable
    assert phone.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]
    phone.close()


def test_an_exported_page_needs_no_network(browser: Browser, tmp_path: Path):
    path = tmp_path / "plane.html"
    path.write_text(page(notebooks()["plane"]), encoding="utf-8")
    context = browser.new_context(offline=True, viewport=DESK)
    asked: list[str] = []
    reader = context.new_page()
    reader.on("request", lambda request: asked.append(request.url))
    reader.goto(path.as_uri())
    reader.wait_for_function("() => document.querySelector('img.cwb-plot').naturalWidth > 500")
    assert inside(reader, "img.cwb-plot")
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert reader.locator("math").count() > 5
    with reader.expect_download() as waiting:
        reader.get_by_text("PDF").click()
    waiting.value.save_as(tmp_path / "plane.pdf")
    assert (tmp_path / "plane.pdf").read_bytes().startswith(b"%PDF")
    context.close()
