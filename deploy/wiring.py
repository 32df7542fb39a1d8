"""Draws how button and LED are wired, from the pins in device/default.toml, and says the same in words.

python deploy/wiring.py [--words]       writes docs/wiring.svg, or prints the sentences for those who can't see it
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PICTURE = REPOSITORY / "docs" / "wiring.svg"
DEFAULTS = REPOSITORY / "device" / "default.toml"

HEADER = [
    "3V3", "5V", "2", "5V", "3", "GND", "4", "14", "GND", "15", "17", "18", "27", "GND", "22", "23", "3V3", "24",
    "10", "GND", "9", "25", "11", "8", "GND", "7", "0", "1", "5", "GND", "6", "12", "13", "GND", "19", "16", "26", "20",
    "GND", "21",
]  # fmt: skip
"""Physical pins 1 to 40 of every board since the Pi 1 B+: a voltage, ground, or the GPIO's BCM number
(https://www.raspberrypi.com/documentation/computers/raspberry-pi.html#gpio)."""

RESISTOR = "330 \u03a9"
"""3.3 V less the LED's 2 V over this is 4 mA: bright enough, and a quarter of what a pin may give."""

ROW_PX = 24
TOP_PX = 70
ODD_PX, EVEN_PX = 420, 452
WIRES = {"button": "#0b5fa5", "indicator": "#b3261e"}


def physical(bcm: int) -> int:
    """The pin of the header, 1 to 40, of a BCM number. Raises ValueError for one that isn't on it."""
    return HEADER.index(str(bcm)) + 1


def ground_near(pin: int, taken: frozenset[int]) -> int:
    """The nearest free ground in the same column of pins, so that no wire crosses the header."""
    column = [other for other in range(2 - pin % 2, 41, 2) if HEADER[other - 1] == "GND" and other not in taken]
    return min(column, key=lambda other: abs(other - pin))


def wires() -> dict[str, tuple[int, int, int]]:
    """Part -> BCM number, pin and ground of the header."""
    settings = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    found: dict[str, tuple[int, int, int]] = {}
    for part in WIRES:
        bcm = int(settings[part]["pin"])
        taken = frozenset(ground for _, _, ground in found.values())
        found[part] = (bcm, physical(bcm), ground_near(physical(bcm), taken))
    return found


def words() -> Iterator[str]:
    """The same, to be read aloud."""
    pins = wires()
    yield "Hold the board with the header's pin 1 (its pad is square) at the top left: odd pins left, even pins right."
    bcm, pin, ground = pins["button"]
    yield f"Button: between pin {pin} (GPIO {bcm}) and pin {ground} (ground). No resistor: the Pi's own pull-up serves."
    bcm, pin, ground = pins["indicator"]
    yield (
        f"Status LED, which may be left out: its long leg through {RESISTOR} to pin {pin} (GPIO {bcm}), "
        f"its short leg to pin {ground} (ground)."
    )


def _at(pin: int) -> tuple[int, int]:
    """Where a pin is drawn."""
    return (ODD_PX if pin % 2 else EVEN_PX), TOP_PX + (pin - 1) // 2 * ROW_PX


def _text(x: int, y: int, words: str, size: int, anchor: str = "middle", **more: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}"{attributes}>{words}</text>'


def _header(used: frozenset[int]) -> Iterator[str]:
    yield f'<rect x="{ODD_PX - 16}" y="{TOP_PX - 18}" width="64" height="{20 * ROW_PX + 12}" rx="4" fill="#222"/>'
    for pin, name in enumerate(HEADER, start=1):
        x, y = _at(pin)
        shape = (
            f'rect x="{x - 8}" y="{y - 8}" width="16" height="16"' if pin == 1 else f'circle cx="{x}" cy="{y}" r="8"'
        )
        yield f'<{shape} fill="{"#ffd54f" if pin in used else "#8d8d8d"}"/>'
        yield _text(x, y + 4, str(pin), 10)
        side, anchor = (ODD_PX - 24, "end") if pin % 2 else (EVEN_PX + 24, "start")
        weight, ink = ("bold", "#111") if pin in used else ("normal", "#777")
        label = f"GPIO {name}" if name.isdecimal() else name
        yield _text(side, y + 4, label, 12, anchor, font_weight=weight, fill=ink)


def _wire(points: str, color: str) -> str:
    return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="3"/>'


def _button(pin: int, ground: int, color: str) -> Iterator[str]:
    (_, y), (_, ground_y), x = _at(pin), _at(ground), 110
    middle, left = (y + ground_y) // 2, ODD_PX - 92
    yield _wire(f"{left},{y} {x},{y} {x},{middle + 14}", color)
    yield _wire(f"{left},{ground_y} {x},{ground_y} {x},{middle - 14}", color)
    yield f'<circle cx="{x}" cy="{middle}" r="26" fill="#eee" stroke="#111" stroke-width="2"/>'
    yield f'<circle cx="{x}" cy="{middle}" r="16" fill="#0b5fa5"/>'
    yield _text(x, min(y, ground_y) - 26, "button", 15, font_weight="bold")


def _led(pin: int, ground: int, color: str) -> Iterator[str]:
    (_, y), (_, ground_y), x, left = _at(pin), _at(ground), 110, ODD_PX - 92
    middle = (y + ground_y) // 2
    yield _wire(f"{left},{y} {x},{y} {x},{middle - 16}", color)
    yield _wire(f"{left},{ground_y} {x},{ground_y} {x},{middle + 16}", color)
    yield f'<rect x="190" y="{y - 9}" width="70" height="18" rx="3" fill="#f3e1c4" stroke="#111" stroke-width="2"/>'
    yield _text(225, y + 5, RESISTOR, 13)
    yield f'<path d="M{x - 16},{middle - 16} h32 l-16,28 z" fill="#ff8a80" stroke="#111" stroke-width="2"/>'
    yield f'<path d="M{x - 16},{middle + 14} h32" stroke="#111" stroke-width="3"/>'
    yield _text(x + 26, middle - 8, "long leg above", 12, "start")
    yield _text(x - 26, middle + 6, "LED", 15, "end", font_weight="bold")


def picture() -> str:
    """The diagram as SVG."""
    pins = wires()
    used = frozenset(pin for _, *both in pins.values() for pin in both)
    height = TOP_PX + 20 * ROW_PX + 20
    title = " ".join(words())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 {height}" width="560" height="{height}" '
        'font-family="DejaVu Sans, Arial, sans-serif" role="img">',
        f"<title>{title}</title>",
        f'<rect width="560" height="{height}" fill="#fff"/>',
        '<text x="20" y="28" font-size="17" font-weight="bold">The header of the Pi, pin 1 at the top left</text>',
        *_header(used),
        *_button(*pins["button"][1:], WIRES["button"]),
        *_led(*pins["indicator"][1:], WIRES["indicator"]),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Obey the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Draw how button and LED are wired.")
    parser.add_argument("--words", action="store_true", help="print it in words instead")
    if parser.parse_args().words:
        sys.stdout.write("".join(f"{line}\n" for line in words()))
    else:
        PICTURE.write_text(picture(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
