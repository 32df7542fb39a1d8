"""How often the advice is right on pictures spoilt in a known way: python tests/measure_advice.py [COUNT [SEED]].

Run by hand. Draws COUNT (40) scenes of each kind with train/scenes, spoils them, reads them and prints, for each kind:
how many were read rightly all the same and so need no advice, and of the others in how many the first piece of advice,
and any piece, is the right one. On good pictures, bare paper and bare tables none at all is right, whatever was read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from device import compose, config
from device.advice import advise
from device.domain import Advice, Box, Frame, Pixels, Status
from device.find import find
from train.scenes import Scene, draw
from train.scenes.camera import jpeg
from train.scenes.settings import Settings, chosen

Spoiler = Callable[[np.random.Generator], tuple[Pixels, str, Advice | None]]
"""A picture, what is written on it, and what should be advised."""

SIDES = (Advice.CUT_OFF_LEFT, Advice.CUT_OFF_RIGHT, Advice.CUT_OFF_TOP, Advice.CUT_OFF_BOTTOM)


def _drawn(settings: Settings, rng: np.random.Generator) -> tuple[Pixels, Scene]:
    scene = draw(settings, rng)
    data = np.frombuffer(jpeg(scene.pixels, settings.camera.jpeg_quality), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), scene


def _camera(settings: Settings, **changes: float) -> Settings:
    return replace(settings, camera=replace(settings.camera, **changes))


def _digit_px(settings: Settings) -> float:
    return settings.hand.height_mm * settings.camera.px_per_mm


def good(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """As drawn."""
    pixels, scene = _drawn(chosen(rng), rng)
    return pixels, scene.label, None


def blank(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """The same sheet on the same table with nothing written on it."""
    settings = chosen(rng)
    return _drawn(replace(settings, pen=replace(settings.pen, density=0.0)), rng)[0], "", None


def bare_table(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """The table, with the sheet and the writing taken away."""
    settings = chosen(rng)
    away = replace(settings.paper, place_mm=(5000.0, 5000.0))
    return _drawn(replace(settings, paper=away, pen=replace(settings.pen, density=0.0)), rng)[0], "", None


def covered(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """A lid: black with the sensor's noise; or a finger on the lens: dark red, soft, without any detail."""
    shape = (1232, 1640, 3)
    if rng.random() < 0.5:
        light = np.full(shape, rng.uniform(0.0, 12.0))
    else:
        colour = np.array([0.25, 0.3, 1.0]) * rng.uniform(25.0, 110.0)
        x, y = np.meshgrid(np.linspace(-1, 1, shape[1]), np.linspace(-1, 1, shape[0]))
        fall = 1.0 - 0.3 * np.hypot(x - rng.uniform(-1, 1), y - rng.uniform(-1, 1)) / 2
        light = colour * fall[..., None]
    noisy = light + rng.normal(0.0, rng.uniform(1.0, 4.0), shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), "", Advice.COVERED


def too_dark(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """A twentieth to a hundredth of the light, and so few particles of it that faint ink is lost in noise."""
    settings = chosen(rng)
    less = _camera(settings, exposure=rng.uniform(0.008, 0.05), photons=rng.uniform(500.0, 4000.0), read_noise=0.004)
    pixels, scene = _drawn(less, rng)
    return pixels, scene.label, Advice.TOO_DARK


def dim(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """Little light that the camera has amplified, noise and all."""
    gain = rng.uniform(2.0, 6.0)
    settings = chosen(rng)
    less = _camera(settings, exposure=rng.uniform(0.02, 0.05), photons=rng.uniform(60.0, 300.0), read_noise=0.01)
    pixels, scene = _drawn(less, rng)
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=gain), np.uint8), scene.label, Advice.TOO_DARK


def glare(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """A lamp mirrored on the writing."""
    pixels, scene = _drawn(chosen(rng), rng)
    box = _around(scene.boxes)
    size = max(box.width, box.height) * rng.uniform(0.5, 1.0)
    x, y = np.meshgrid(np.arange(pixels.shape[1]), np.arange(pixels.shape[0]))
    away = np.hypot(x - box.x - box.width / 2, y - box.y - box.height / 2) / size
    light = 500.0 * np.exp(-(away**2)) * rng.uniform(0.8, 1.5)
    return np.clip(pixels + light[..., None], 0, 255).astype(np.uint8), scene.label, Advice.TOO_BRIGHT


def overexposed(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """So much light that the ink itself is nearly white."""
    settings = chosen(rng)
    pixels, scene = _drawn(_camera(settings, exposure=rng.uniform(4.0, 16.0), glare=0.1), rng)
    return pixels, scene.label, Advice.TOO_BRIGHT


def out_of_focus(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """A disc a sixth of the digit's height to two thirds of it."""
    settings = chosen(rng)
    pixels, scene = _drawn(settings, rng)
    radius = max(2, round(_digit_px(settings) * rng.uniform(1 / 12, 1 / 3)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(np.float32)
    return np.asarray(cv2.filter2D(pixels, -1, disc / disc.sum()), np.uint8), scene.label, Advice.BLURRED


def shaken(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """The sheet moved by a quarter of the digit's height to all of it during the exposure."""
    settings = chosen(rng)
    pixels, scene = _drawn(settings, rng)
    length = max(3, round(_digit_px(settings) * rng.uniform(1 / 4, 1.0)))
    trace = np.zeros((length | 1, length | 1), np.float32)
    angle, middle = rng.uniform(0, np.pi), length // 2
    across, down = np.cos(angle) * middle, np.sin(angle) * middle
    ends = [(round(middle + sign * across), round(middle + sign * down)) for sign in (-1, 1)]
    cv2.line(trace, ends[0], ends[1], 1.0, 1)
    return np.asarray(cv2.filter2D(pixels, -1, trace / trace.sum()), np.uint8), scene.label, Advice.BLURRED


def too_small(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """Small writing on a large sheet, so far away that a digit is 5 to 11 px high."""
    settings = chosen(rng)
    height_mm = rng.uniform(2.0, 3.5)
    width_mm = height_mm * rng.uniform(0.08, 0.14)
    settings = replace(
        settings,
        pen=replace(settings.pen, width_mm=width_mm, bleed_mm=0.0),
        hand=replace(settings.hand, height_mm=height_mm),
        paper=replace(settings.paper, size_mm=(420.0, 297.0), place_mm=tuple(rng.uniform(100.0, 190.0, 2))),
        light=replace(settings.light, lamp_share=0.3),
    )
    pixels, scene = _drawn(_camera(settings, across_mm=height_mm * 1640 / rng.uniform(5.0, 11.0)), rng)
    return pixels, scene.label, Advice.TOO_SMALL


def cut_off(rng: np.random.Generator) -> tuple[Pixels, str, Advice | None]:
    """The frame ends within a digit, three to seven tenths from its side."""
    settings = chosen(rng)
    pixels, scene = _drawn(settings, rng)
    side = SIDES[rng.integers(4)]
    share = rng.uniform(0.3, 0.7)
    first, last = scene.boxes[0], scene.boxes[-1]
    highest, lowest = min(scene.boxes, key=lambda box: box.y), max(scene.boxes, key=lambda box: box.bottom)
    match side:
        case Advice.CUT_OFF_LEFT:
            pixels = pixels[:, round(first.x + share * first.width) :]
        case Advice.CUT_OFF_RIGHT:
            pixels = pixels[:, : round(last.right - share * last.width)]
        case Advice.CUT_OFF_TOP:
            pixels = pixels[round(highest.y + share * highest.height) :]
        case _:
            pixels = pixels[: round(lowest.bottom - share * lowest.height)]
    return np.ascontiguousarray(pixels), scene.label, side


def _around(boxes: tuple[Box, ...]) -> Box:
    box = boxes[0]
    for other in boxes[1:]:
        box = box.union(other)
    return box


KINDS: tuple[Spoiler, ...] = (
    good, blank, bare_table, covered, too_dark, dim, glare, overexposed, out_of_focus, shaken, too_small, cut_off,
)  # fmt: skip


@dataclass
class Tally:
    """Counts of one kind."""

    pictures: int = 0
    read: int = 0
    first: int = 0
    any: int = 0

    def count(self, wanted: Advice | None, given: tuple[Advice, ...], *, is_read: bool) -> None:
        """One more picture."""
        self.pictures += 1
        if wanted is None:
            self.first += not given
            self.any += not given
        elif is_read:
            self.read += 1
        else:
            self.first += given[:1] == (wanted,)
            self.any += wanted in given


def pictures(count: int, seed: int) -> Iterator[tuple[str, Pixels, str, Advice | None]]:
    """Kind, picture, what is written, what should be advised."""
    for kind in KINDS:
        for number in range(count):
            yield (kind.__name__, *kind(np.random.default_rng((seed, KINDS.index(kind), number))))


def main() -> None:
    """Print the table."""
    count, seed = (
        (int(word) for word in (*sys.argv[1:], "40", "7")[:2]) if len(sys.argv) < 3 else map(int, sys.argv[1:3])
    )
    reader = compose.reader(config.load())
    reader.open()
    tallies: dict[str, Tally] = {}
    for kind, pixels, label, wanted in pictures(count, seed):
        frame = Frame(pixels)
        reading = reader.read([frame])
        is_read = reading.status is Status.OK and reading.number.replace(" ", "") == label
        given = advise(frame, find(frame).writings) if wanted is None else reading.advice
        tallies.setdefault(kind, Tally()).count(wanted, given, is_read=is_read)
    print(f"{'spoilt':14} {'pictures':>8} {'read':>5} {'first right':>16} {'any right':>16}")
    for kind, tally in tallies.items():
        of = tally.pictures - tally.read
        print(
            f"{kind:14} {tally.pictures:8} {tally.read:5} {tally.first:8} of {of:4} {tally.any:8} of {of:4}", flush=True
        )


if __name__ == "__main__":
    main()
