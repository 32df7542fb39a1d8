"""The pages in a real Chromium, with a real daemon behind them: by mouse, by keyboard, on a phone, in the dark."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from installed import need
from playwright.sync_api import Browser, Page, expect, sync_playwright

from device import config
from device.compose import SOCKET
from device.daemon_client import DaemonClient, DaemonError
from device.protocol import StatusAsked

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None and platform.freedesktop_os_release()["ID"] == "ubuntu":
    pytest.skip("Ubuntu has Chromium as a snap only, which starts for no test", allow_module_level=True)
if CHROMIUM is None:
    need("chromium")

PICTURES = Path(__file__).parents[2] / "device" / "pictures"
SOON_MS = 90_000
"""Only waited for in full when a test fails; the machine may be busy."""

SEVEN = [(160, 70), (300, 70), (230, 250)]
"""Corners of a seven on the drawing area."""

PAGES = ("try", "live", "practice", "history", "status", "settings")


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box of stand-ins whose camera shows the bundled pictures."""
    folder = tmp_path_factory.mktemp("box")
    sections = {
        "camera": f'backend = "files"\nphotos = "{PICTURES}"',
        "button": 'backend = "script"\nscript = "button.txt"',
        "indicator": 'backend = "none"',
        "sound": 'backend = "wav"\nfolder = "said"',
        "speech": 'phrases = "phrases"',
        "microphone": 'backend = "none"',
        "history": 'path = "history.sqlite3"\npictures = "pictures"\nkeep_pictures = true',
        "daemon": 'runtime = "run"\npreferences = "preferences.toml"\nsamples = "samples"',
        "console": 'folder = "console"',
    }
    (folder / "button.txt").write_text("3600 quit\n", encoding="utf-8")
    (folder / "run").mkdir()
    path = folder / "digitbox.toml"
    path.write_text("\n".join(f"[{name}]\n{text}" for name, text in sections.items()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def daemon(configuration: Path) -> Iterator[DaemonClient]:
    """The daemon, once it is idle; started once, since every start takes seconds."""
    need("espeak-ng")
    process = subprocess.Popen([sys.executable, "-m", "device.cli", "run", "--config", str(configuration)])
    client = DaemonClient(config.load(configuration).daemon.runtime / SOCKET)
    end = time.monotonic() + SOON_MS / 1000
    while not is_idle(client):
        assert time.monotonic() < end, "the daemon did not start"
        assert process.poll() is None, "the daemon has ended"
    yield client
    process.terminate()
    process.wait(SOON_MS / 1000)


def is_idle(client: DaemonClient) -> bool:
    """Whether the daemon can be commanded."""
    try:
        return client.ask(StatusAsked())["mode"] == "idle"
    except DaemonError:
        return False


@pytest.fixture(scope="module")
def address(serve, configuration, daemon) -> Iterator[str]:
    """Where the page is."""
    with serve(configuration) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Started once."""
    # In a container its shared memory is small, and as root its sandbox does not start.
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=SOON_MS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A desktop; whatever its console says is a mistake, such as a breach of the policy."""
    yield from opened(chromium, address, width=1200, height=800, scheme="light")


@pytest.fixture
def phone(chromium: Browser, address: str) -> Iterator[Page]:
    """The narrowest phone, in the dark."""
    yield from opened(chromium, address, width=320, height=640, scheme="dark")


def opened(chromium: Browser, address: str, *, width: int, height: int, scheme: str) -> Iterator[Page]:
    """A page of a fresh browser. What its console says is a mistake, but for the status of a refused picture."""
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en",
    )
    context.set_default_timeout(SOON_MS)
    expect.set_options(timeout=SOON_MS)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert [line for line in said if "422" not in line] == []


def test_a_seven_is_drawn_and_read(page):
    """With the mouse; the answer is told to screen readers and holds what the network saw."""
    page.goto("/try")
    pad = page.locator("#pad").bounding_box()
    assert pad is not None
    for number, (x, y) in enumerate(SEVEN):
        page.mouse.move(pad["x"] + x, pad["y"] + y, steps=5)
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Read the drawing").click()
    expect(page.locator(".said")).to_have_text("seven.")
    expect(page.locator("#spoken")).to_have_text("seven.")
    expect(page.get_by_alt_text("as the network saw it")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".said")).to_have_count(0)


def test_a_photograph_is_uploaded_by_keyboard_alone(page):
    """From the first Tab to the answer, which gets the focus."""
    page.goto("/try")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#image")).to_be_focused()
    page.locator("#image").set_input_files(PICTURES / "05-427.jpg")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text("four, two, seven.")
    expect(page.locator("#answer")).to_be_focused()


def test_the_box_says_an_answer_of_the_page(page, daemon, configuration):
    """By a button under the answer, which stays; what it says lies among its sounds."""
    page.goto("/try")
    page.locator("#image").set_input_files(PICTURES / "05-427.jpg")
    page.get_by_role("button", name="Read it").click()
    sounds = configuration.parent / "said"
    before = len(list(sounds.iterdir()))
    with page.expect_response("**/say") as answered:
        page.get_by_role("button", name="Let the box say it").click()
    assert answered.value.status == 204
    expect(page.locator(".said")).to_have_text("four, two, seven.")
    end = time.monotonic() + SOON_MS / 1000
    while len(list(sounds.iterdir())) == before or not is_idle(daemon):
        assert time.monotonic() < end


def test_a_picture_that_is_none_is_refused_on_the_page(page, tmp_path):
    """In words, and the page goes on working."""
    (tmp_path / "a.png").write_bytes(b"<svg onload=alert(1)>")
    page.goto("/try")
    page.locator("#image").set_input_files(tmp_path / "a.png")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".note.error")).to_contain_text("is not a JPEG")


def test_a_reading_is_made_corrected_and_found(page, daemon):
    """Read on the live page, corrected in the history."""
    page.goto("/live")
    expect(page.locator(".seen svg")).to_be_visible()
    page.get_by_role("button", name="Read now").click()
    page.wait_for_url("**/live")
    end = time.monotonic() + SOON_MS / 1000
    while not daemon.ask(StatusAsked())["readings"] or not is_idle(daemon):
        assert time.monotonic() < end
    page.goto("/history")
    page.get_by_label("What").first.fill("99")
    page.get_by_role("button", name="Correct").first.click()
    expect(page.get_by_role("status")).to_have_text("Corrected.")
    expect(page.locator("ins")).to_have_text("99")
    expect(page.locator("img.crop").first).to_be_visible()


def test_a_setting_is_changed_by_keyboard(page, daemon):
    """And undone."""
    page.goto("/settings")
    page.get_by_label("Loudness in per cent").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("70")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert daemon.ask(StatusAsked())["preferences"]["volume"] == 70
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_have_text("Undone.")
    assert daemon.ask(StatusAsked())["preferences"]["volume"] == 100


def test_a_child_practises(page, daemon):
    """Asked for a digit, five empty stars; ended by the button."""
    page.goto("/practice")
    page.get_by_role("button", name="Begin, or next digit").click()
    expect(page.locator(".big")).to_have_text(str(daemon.ask(StatusAsked())["practice"]["digit"]))
    expect(page.locator(".stars")).to_contain_text("☆☆☆☆☆")
    end = time.monotonic() + SOON_MS / 1000
    while daemon.ask(StatusAsked())["practice"] is not None:
        page.get_by_role("button", name="Stop").click()
        assert time.monotonic() < end
    expect(page.locator(".big")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_bars_anybody_on_a_narrow_phone_in_the_dark(phone, name):
    """axe-core finds no violation, and nothing has to be scrolled sideways."""
    phone.goto(f"/{name}")
    if name == "try":
        phone.locator("#image").set_input_files(PICTURES / "05-427.jpg")
        phone.get_by_role("button", name="Read it").click()
        expect(phone.locator(".digits")).to_be_visible()
    if name == "live":
        expect(phone.locator(".seen svg")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(phone)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []


def test_contrast_holds_in_the_light(page):
    """The two pages that have all colours between them."""
    page.goto("/status")
    found = Axe().run(page)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
    page.goto("/try")
    page.locator("#image").set_input_files(PICTURES / "05-427.jpg")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".digits")).to_be_visible()
    found = Axe().run(page)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []


def test_a_phone_can_take_a_photograph(phone):
    """The button opens the camera at the back, where there is one."""
    phone.goto("/try")
    assert phone.locator("#camera").get_attribute("capture") == "environment"
    with phone.expect_file_chooser() as chosen:
        phone.get_by_text("Take a photograph").click()
    chosen.value.set_files(PICTURES / "01-7.jpg")
    expect(phone.locator(".said")).to_have_text("seven.")
