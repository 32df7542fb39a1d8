"""Draws docs/console.jpg: every page of a running console, on a desktop and on a phone, in light and dark.

    python tests/console/screenshots.py http://127.0.0.1:8321 FOLDER

FOLDER gets each page in all four ways, to be looked at, and console.jpg, the picture in the README. Chromium comes from
apt; a box has to be there, such as `digitbox run` with the stand-ins of tests/console/test_browser.py.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

PAGES = ("try", "live", "practice", "history", "status", "settings")
SIZES = {"desktop": (900, 700), "phone": (360, 700)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PICTURE = Path(__file__).parents[2] / "device" / "pictures" / "05-427.jpg"
SHRUNK = 0.44
"""Of the README's picture: words can still be read, and it takes 150 kB."""


def main(address: str, folder: Path) -> None:
    """Take all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments, timeout=90_000)
        for device in SIZES:
            for scheme in SCHEMES:
                take(browser, address, folder, device, scheme)
        browser.close()
    sheet(folder).save(folder / "console.jpg", quality=80, optimize=True)


def take(browser: Browser, address: str, folder: Path, device: str, scheme: Literal["light", "dark"]) -> None:
    """Every page, one way."""
    width, height = SIZES[device]
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=scheme, locale="en"
    )
    page = context.new_page()
    for name in PAGES:
        page.goto(f"/{name}")
        if name == "try":
            page.locator("#image").set_input_files(PICTURE)
            page.locator("#upload button").click()
            page.locator(".digits").wait_for()
        if name == "live":
            page.locator(".seen svg").wait_for()
        if name == "history":
            page.wait_for_load_state("networkidle")
            page.wait_for_function("[...document.images].every((image) => image.complete)")
        page.screenshot(path=folder / f"{name}-{device}-{scheme}.png", full_page=name == "try")
    context.close()


def sheet(folder: Path) -> Image.Image:
    """Six pages on a desktop, half of them dark, over the same six on a phone, the other half dark."""
    rows = [[(name, "desktop", SCHEMES[row]) for name in PAGES[3 * row : 3 * row + 3]] for row in range(2)]
    rows.append([(name, "phone", SCHEMES[1 - index // 3]) for index, name in enumerate(PAGES)])
    pictures = [
        [shrunk(folder / f"{name}-{device}-{scheme}.png", device) for name, device, scheme in row] for row in rows
    ]
    gap = 10
    width = max(sum(one.width + gap for one in row) for row in pictures) + gap
    drawn = Image.new("RGB", (width, sum(row[0].height + gap for row in pictures) + gap), "#8a949c")
    top = gap
    for row in pictures:
        left = (width - sum(one.width + gap for one in row) + gap) // 2
        for one in row:
            drawn.paste(one, (left, top))
            left += one.width + gap
        top += row[0].height + gap
    return drawn


def shrunk(path: Path, device: str) -> Image.Image:
    """What is seen without scrolling, but for the page whose answer is below."""
    with Image.open(path) as picture:
        width, height = SIZES[device]
        top = 560 if picture.height > height + 560 and device == "phone" else 0
        seen = picture.convert("RGB").crop((0, top, width, top + height))
    return seen.resize((round(width * SHRUNK), round(height * SHRUNK)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
