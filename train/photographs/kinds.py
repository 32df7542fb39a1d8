"""The kinds of scenes, each a function of pools of handwriting and a seed.

| kind | what |
|---|---|
| single | one digit |
| number | one number of two to eight digits |
| sheet | several groups on one or more lines |
| turned | any of these, turned by any angle |
| negative | nothing that may be read as a digit |
| spoilt | a readable picture, spoilt in one known way |
| burst | five frames of one scene, some of them poor |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.domain import Advice
from train.photographs import chance, layout, things
from train.photographs.chance import Angles, Ground, Wanted
from train.photographs.hands import Pool, writer
from train.photographs.layout import Placed, Style, extent_mm
from train.photographs.optics import Finger, Glare, Lens
from train.photographs.scene import Scene
from train.photographs.sheet import Ruling, View
from train.photographs.stamps import Stamp
from train.scenes.strokes import Points

LEAST_PX = 13.0
"""Height of the smallest digit of a readable scene; issue 4 asks for 12, and perspective takes a little."""

FEW_PX = 28.0
"""Below this height a digit of a fine pen has lines thinner than a pixel and a half."""

LIGHT_GROUND = 420
"""Sum of the three colours above which a ground is lighter than its ink: boards and black paper stay under 210."""

FRAMES = 5
"""Of a burst (product.md, "Reading")."""

Make = Callable[[Sequence[Pool], tuple[int, ...]], Scene]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What kind of writing is wanted, from whose hands, seen how; and which share of it as tight crops."""

    kind: str
    pools: Sequence[Pool]
    at: Angles
    crops: float = 0.1


def _rng(seed: tuple[int, ...]) -> np.random.Generator:
    return np.random.default_rng((*seed, 7))


def mixed(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """A third each: one digit, one number, one sheet; every tenth is a tight crop."""
    rng = _rng(seed)
    kind = str(rng.choice(["single", "number", "sheet"], p=[0.38, 0.38, 0.24]))
    return _written(Order(kind, pools, chance.angles(rng)), seed, rng)


def of_kind(kind: str) -> Make:
    """A maker of "single", "number" or "sheet" only."""

    def make(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
        rng = _rng(seed)
        return _written(Order(kind, pools, chance.angles(rng)), seed, rng)

    return make


def turned(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """Turned by any angle, tilted by at most 15 degrees."""
    rng = _rng(seed)
    kind = str(rng.choice(["single", "number", "sheet"], p=[0.25, 0.4, 0.35]))
    at = replace(chance.angles(rng, most_tilt=15.0), turn=float(rng.uniform(0.0, 360.0)))
    return replace(_written(Order(kind, pools, at, crops=0.0), seed, rng), kind="turned")


def _text(kind: str, rng: np.random.Generator) -> str:
    if kind == "single":
        return chance.digits(1, rng)
    return chance.digits(int(rng.integers(2, 9)), rng) if kind == "number" else chance.sheet_text(rng)


def _written(order: Order, seed: tuple[int, ...], rng: np.random.Generator) -> Scene:
    """A scene with digits that are all large enough to be read."""
    while True:
        scene, boldness = _tried(order, seed, rng)
        if _is_readable(float(scene.facts["least_px"]), boldness, scene.pen.tooth):
            return scene


def _is_readable(height_px: float, boldness: float, tooth: float) -> bool:
    """Whether a person could read it: a thin line, or a pencil's, is gone where a digit is only some pixels high."""
    if height_px < FEW_PX:
        return height_px >= LEAST_PX and boldness >= 0.7 and (tooth < 0.4 or height_px > 0.8 * FEW_PX)
    return True


def _tried(order: Order, seed: tuple[int, ...], rng: np.random.Generator) -> tuple[Scene, float]:
    """A scene, and how bold its pen is, 0..1."""
    kind, at = order.kind, order.at
    text = _text(kind, rng)
    on = chance.ground(rng)
    colour = on.colours[rng.integers(len(on.colours))]
    pen_name, pen = chance.pen(on, colour, rng)
    crop = kind != "sheet" and rng.random() < order.crops
    size = chance.frame_px(rng)
    longest = max(len(line) for line in text.split("\n"))
    most_px = min(0.8 * size[1], 0.9 * size[0] / (0.75 * longest))
    digit_px = chance.log_uniform(28.0, 400.0, rng) if crop else chance.log_uniform(16.0, most_px, rng)
    style = Style(
        height_mm=chance.log_uniform(*on.height_mm, rng),
        gap=float(rng.uniform(0.12, 0.45)),
        unevenness=float(rng.uniform(0.0, 0.07)),
        touching=0.4 if rng.random() < 0.3 else 0.0,
    )
    boldness = float(rng.uniform(*pen.fineness))
    boldness = max(boldness, 0.7) if digit_px < 1.4 * FEW_PX else boldness
    px_per_mm = digit_px / style.height_mm
    hand, write = writer(order.pools, boldness, rng)
    marks, touching = layout.lines(text, style, write, px_per_mm, rng)
    content = np.concatenate([mark.corners_mm for mark in marks])
    if crop:
        size = _crop_px(content, px_per_mm, rng)
    margin_px = 4.0 if crop else max(10.0, 0.02 * size[0])
    view = chance.view(content, Wanted(size, px_per_mm, margin_px), at, rng)
    least_px = min(_height_px(mark, view) for mark in marks)
    fingers = chance.fingers(chance.extent_px(marks, view), size, rng) if rng.random() < 0.2 and not crop else ()
    specks = chance.specks(extent_mm(marks), style.height_mm, rng) if rng.random() < 0.15 else ()
    scene = Scene(
        kind=kind,
        label=" ".join(text.split()),
        sheet=chance.sheet(on, colour, extent_mm(marks), style.height_mm, rng),
        pen=pen,
        marks=(*marks, *specks),
        view=view,
        light=chance.light(rng, glossy=on.name == "whiteboard"),
        lens=chance.lens(least_px, rng),
        seed=seed,
        fingers=fingers,
        facts=_facts(at, hand, on, pen_name, least_px, touching=touching, crop=crop, specks=len(specks)),
    )
    return scene, boldness


def _facts(at: Angles, hand: str, on: Ground, pen: str, least_px: float, **more: int) -> dict[str, str | float]:
    tilt = float(np.hypot(at.tilt, at.pan))
    return {"turn": round(at.turn, 1), "tilt": round(tilt, 1), "hand": hand, "ground": on.name, "pen": pen,
            "least_px": round(least_px, 1), **more}  # fmt: skip


def _crop_px(content_mm: Points, px_per_mm: float, rng: np.random.Generator) -> tuple[int, int]:
    """A picture only little larger than its content."""
    width, height = np.ptp(content_mm, axis=0) * px_per_mm / rng.uniform(0.72, 0.95, 2) + 8.0
    most = max(chance.FRAME_PX)
    return min(most, max(48, int(width))), min(most, max(48, int(height)))


def _height_px(mark: Placed, view: View) -> float:
    """How high a mark's ink is in the picture, whichever way it is turned."""
    corners = view.seen(mark.corners_mm)
    return float(np.linalg.norm(corners[0] + corners[1] - corners[2] - corners[3]) / 2.0)


# --- pictures of nothing ---


def negative(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """Nothing that may be read as a digit: one of `NEGATIVES`."""
    rng = _rng(seed)
    names = list(NEGATIVES)
    name = names[rng.integers(len(names))]
    scene = _blank(seed, rng)
    made = NEGATIVES[name](scene, rng)
    return replace(made, kind="negative", label="", facts={**made.facts, "shows": name})


def _blank(seed: tuple[int, ...], rng: np.random.Generator) -> Scene:
    """A bare sheet that fills most of the picture, or all of it."""
    on = chance.ground(rng)
    colour = on.colours[rng.integers(len(on.colours))]
    pen_name, pen = chance.pen(on, colour, rng)
    at = chance.angles(rng)
    size = chance.frame_px(rng)
    height_mm = chance.log_uniform(*on.height_mm, rng)
    content = (0.0, 0.0, 6.0 * height_mm, 4.0 * height_mm)
    corners = np.array([[0.0, 0.0], [content[2], 0.0], [content[2], content[3]], [0.0, content[3]]])
    px_per_mm = size[0] / (height_mm * float(rng.uniform(6.5, 16.0)))
    view = chance.view(corners, Wanted(size, px_per_mm, 10.0), at, rng)
    return Scene(
        kind="blank",
        label="",
        sheet=chance.sheet(on, colour, content, height_mm, rng),
        pen=pen,
        marks=(),
        view=view,
        light=chance.light(rng, glossy=on.name == "whiteboard"),
        lens=chance.lens(40.0, rng),
        seed=seed,
        facts={**_facts(at, "", on, pen_name, 0.0), "height_mm": height_mm},
    )


def _bare(scene: Scene, rng: np.random.Generator) -> Scene:
    """The sheet with nothing on it, perhaps with crumbs."""
    height_mm = float(scene.facts["height_mm"])
    area = (0.0, 0.0, 6.0 * height_mm, 4.0 * height_mm)
    return replace(scene, marks=chance.specks(area, height_mm, rng) if rng.random() < 0.3 else ())


def _table(scene: Scene, _: np.random.Generator) -> Scene:
    """No sheet at all."""
    return replace(scene, sheet=replace(scene.sheet, left_mm=0.0, right_mm=0.0, top_mm=0.0, bottom_mm=0.0))


def _hand(scene: Scene, rng: np.random.Generator) -> Scene:
    """A hand: a palm's edge and its fingers, over the sheet."""
    width, height = scene.view.width_px, scene.view.height_px
    angle = float(rng.uniform(0.0, 2.0 * np.pi))
    way = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-way[1], way[0]])
    middle = np.array([width, height]) / 2.0
    edge = middle + way * float(min(middle / np.maximum(np.abs(way), 1e-6)))
    broad = float(rng.uniform(0.05, 0.09)) * max(width, height)
    skin = chance.SKINS[rng.integers(len(chance.SKINS))]
    fingers = []
    for number in range(int(rng.integers(2, 6))):
        reach = float(rng.uniform(0.05, 0.35)) * max(width, height)
        root = edge + way * 3.0 * broad + aside * (number - 2) * 0.6 * broad
        tip = edge - way * reach + aside * (number - 2) * float(rng.uniform(1.0, 1.4)) * broad
        fingers.append(Finger((float(tip[0]), float(tip[1])), (float(root[0]), float(root[1])), broad, skin))
    return replace(scene, fingers=tuple(fingers))


def _placed(stamp: Stamp, size_mm: float, scene: Scene, rng: np.random.Generator) -> Placed:
    """A mark of that height somewhere on the sheet's part that is surely in the picture, and smaller than it."""
    height_mm = float(scene.facts["height_mm"])
    area = np.array([6.0, 4.0]) * height_mm
    size_mm = min(size_mm, 0.9 * area[1], 0.9 * area[0] * stamp.height_px / stamp.width_px)
    step = size_mm / stamp.height_px
    left, top = rng.random(2) * (area - step * np.array([stamp.width_px, stamp.height_px]))
    return Placed(stamp, float(left), float(top), step)


def _thickness(scene: Scene, rng: np.random.Generator) -> float:
    return 0.05 + 0.08 * float(rng.uniform(*scene.pen.fineness))


def _letters(scene: Scene, rng: np.random.Generator) -> Scene:
    """A letter, or several beside each other."""
    px_per_mm = _scale(scene.view)
    height_mm = float(scene.facts["height_mm"]) * float(rng.uniform(0.7, 2.0))
    thickness = _thickness(scene, rng)
    placed: list[Placed] = []
    for _ in range(int(rng.choice([1, 1, 2, 3, 5]))):
        which = things.LETTERS[rng.integers(len(things.LETTERS))]
        stamp = things.letter(which, max(16.0, height_mm * px_per_mm), thickness, rng)
        low = which in "acemnruvwx"
        one = _placed(stamp, height_mm * (0.65 if low else 1.0), scene, rng)
        if placed:
            before = placed[-1]
            foot_mm = before.bottom_mm - one.mm_per_px * stamp.height_px
            one = replace(one, left_mm=before.right_mm + 0.25 * height_mm, top_mm=foot_mm)
            if one.right_mm > 6.0 * float(scene.facts["height_mm"]):
                break
        placed.append(one)
    return replace(scene, marks=tuple(placed))


def _scale(view: View) -> float:
    """Pixels per millimetre in the middle of the picture."""
    inverse = np.linalg.inv(view.matrix)
    middle = np.array([[view.width_px / 2.0, view.height_px / 2.0], [view.width_px / 2.0 + 10.0, view.height_px / 2.0]])
    far = np.column_stack([middle, np.ones(2)]) @ inverse.T
    places = far[:, :2] / far[:, 2:]
    return float(10.0 / np.linalg.norm(places[1] - places[0]))


def _scribbles(scene: Scene, rng: np.random.Generator) -> Scene:
    return _several(scene, rng, things.scribble)


def _drawings(scene: Scene, rng: np.random.Generator) -> Scene:
    return _several(scene, rng, things.drawing)


def _several(
    scene: Scene, rng: np.random.Generator, draw: Callable[[float, float, np.random.Generator], Stamp]
) -> Scene:
    height_mm = float(scene.facts["height_mm"])
    placed = []
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        size_mm = height_mm * float(rng.uniform(1.0, 3.0))
        stamp = draw(max(30.0, size_mm * _scale(scene.view)), 0.4 * _thickness(scene, rng), rng)
        placed.append(_placed(stamp, size_mm, scene, rng))
    return replace(scene, marks=tuple(placed))


def _page(scene: Scene, rng: np.random.Generator) -> Scene:
    """A page of words, printed or written small."""
    height_mm = float(scene.facts["height_mm"])
    letter_mm = 0.24 * height_mm
    placed = []
    for row in range(8):
        left_mm = 0.0
        while left_mm < 5.0 * height_mm:
            letters = rng.integers(len(things.PRINTED), size=int(rng.integers(4, 9)))
            word = "".join(things.PRINTED[index] for index in letters)
            stamp = things.letter(word, max(14.0, letter_mm * _scale(scene.view)), 0.09, rng)
            placed.append(Placed(stamp, left_mm, 0.5 * row * height_mm, letter_mm / stamp.height_px))
            left_mm = placed[-1].right_mm + 0.5 * letter_mm
    return replace(scene, marks=tuple(placed))


NEGATIVES: dict[str, Callable[[Scene, np.random.Generator], Scene]] = {
    "bare sheet": _bare,
    "bare table": _table,
    "hand": _hand,
    "letters": _letters,
    "scribbles": _scribbles,
    "drawings": _drawings,
    "page of text": _page,
}


# --- spoilt pictures ---


def spoilt(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """A digit or a number that could be read, spoilt in one known way: one of `SPOILS`."""
    rng = _rng(seed)
    kind = "single" if rng.random() < 0.5 else "number"
    names = list(SPOILS)
    name = names[rng.integers(len(names))]
    at = chance.angles(rng, most_turn=8.0, most_tilt=15.0)
    scene = _written(Order(kind, pools, at, crops=0.0), seed, rng)
    while name in _ENDS and not _is_wide(scene, _ENDS[name]):
        scene = _written(Order(kind, pools, at, crops=0.0), seed, rng)
    bright = replace(scene.light, glare=(), brightness=max(0.55, scene.light.brightness))
    scene = replace(scene, fingers=(), light=bright)
    advice, spoil = SPOILS[name]
    spoiled = spoil(scene, rng)
    return replace(spoiled, kind="spoilt", advice=advice, facts={**spoiled.facts, "spoilt": name})


def _dark(scene: Scene, rng: np.random.Generator) -> Scene:
    """A room in which paper is as dark as ink is else: its grey level stays under 60."""
    level = float(rng.uniform(30.0, 55.0)) / max(240.0, *scene.sheet.colour)
    light = replace(scene.light, brightness=level**2.2, lamp_share=min(0.5, scene.light.lamp_share), shadows=())
    lens = replace(scene.lens, lift=0.0, noise=float(rng.uniform(2.0, 5.0)))
    return replace(_dark_on_light(scene), light=light, lens=lens)


def _covered(scene: Scene, rng: np.random.Generator) -> Scene:
    """A hand or a lid on the lens: hardly any light, and nothing sharp."""
    lens = replace(scene.lens, lift=0.0, blur_px=30.0, noise=float(rng.uniform(0.5, 2.5)), sharpening=0.0)
    return replace(scene, light=replace(scene.light, brightness=float(rng.uniform(0.0, 0.002)), shadows=()), lens=lens)


def _overexposed(scene: Scene, rng: np.random.Generator) -> Scene:
    """Exposed until the ink is nearly as white as its paper."""
    light = replace(scene.light, brightness=0.9, lamp_share=0.2, shadows=())
    lens = replace(scene.lens, gain=float(rng.uniform(2.2, 4.5)), lift=40.0)
    return replace(_dark_on_light(scene), light=light, lens=lens)


def _glare(scene: Scene, rng: np.random.Generator) -> Scene:
    """A lamp's reflection over the whole of the writing."""
    left, top, right, bottom = chance.extent_px(_digits(scene), scene.view)
    width = scene.view.width_px
    glare = Glare(
        x=(left + right) / 2.0 / width - 0.5,
        y=((top + bottom) / 2.0 - scene.view.height_px / 2.0) / width,
        radius=max(0.7 * (bottom - top) / width, 0.2),
        strength=float(rng.uniform(600.0, 1200.0)),
        stretch=max(1.0, 0.8 * (right - left) / max(1.0, bottom - top)),
    )
    return replace(_dark_on_light(scene), light=replace(scene.light, glare=(glare,)))


def _dark_on_light(scene: Scene) -> Scene:
    """The same on white paper: chalk on a board stays readable whatever light falls on it."""
    if sum(scene.sheet.colour) > LIGHT_GROUND:
        return scene
    colour = chance.GROUNDS[0].colours[0]
    return replace(scene, sheet=replace(scene.sheet, colour=colour, smear=0.0), pen=chance.PENS["black gel"])


def _blurred(scene: Scene, rng: np.random.Generator) -> Scene:
    """Out of focus by an eighth to a fifth of a digit's height, or moved by a half to the whole of it."""
    height_px = float(scene.facts["least_px"])
    if rng.random() < 0.6:
        lens = replace(scene.lens, blur_px=height_px * float(rng.uniform(0.13, 0.2)), sharpening=0.2)
    else:
        motion = min(250.0, height_px * float(rng.uniform(0.6, 1.0)))
        lens = replace(scene.lens, motion_px=motion, motion_degrees=float(rng.uniform(0.0, 180.0)), sharpening=0.2)
    return replace(scene, lens=lens)


def _cut(side: str) -> Callable[[Scene, np.random.Generator], Scene]:
    def cut(scene: Scene, rng: np.random.Generator) -> Scene:
        """Moved until the picture's edge takes a quarter to a half of the outermost digit."""
        digits = _digits(scene)
        at = {"left": digits[0], "right": digits[-1]}.get(side)
        left, top, right, bottom = chance.extent_px(digits if at is None else (at,), scene.view)
        share = float(rng.uniform(0.25, 0.5))
        x = {"left": -left - share * (right - left),
             "right": scene.view.width_px - right + share * (right - left)}.get(side, 0.0)  # fmt: skip
        y = {"top": -top - share * (bottom - top),
             "bottom": scene.view.height_px - bottom + share * (bottom - top)}.get(side, 0.0)  # fmt: skip
        shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])
        return replace(scene, view=replace(scene.view, matrix=shift @ scene.view.matrix), marks=digits)

    return cut


def _far(scene: Scene, rng: np.random.Generator) -> Scene:
    """From so far away that a digit is seven to ten pixels high."""
    scene = replace(_dark_on_light(scene), pen=chance.PENS["black gel"])  # a pencil's line would be gone altogether
    digits = _digits(scene)
    height_mm = max(mark.bottom_mm - mark.top_mm for mark in digits)
    content = np.concatenate([mark.corners_mm for mark in digits])
    size = (scene.view.width_px, scene.view.height_px)
    at = chance.angles(rng, most_turn=8.0, most_tilt=12.0)
    wanted = Wanted(size, float(rng.uniform(7.0, 10.0)) / height_mm, 0.15 * min(size))
    view = chance.view(content, wanted, at, rng)
    lens = replace(scene.lens, blur_px=0.5, noise=min(2.0, scene.lens.noise))
    low, high = view.visible_mm().min(axis=0), view.visible_mm().max(axis=0)
    room = rng.uniform(0.1, 0.6, 4) * np.tile(high - low, 2)
    left, top, right, bottom = extent_mm(digits)
    sheet = replace(scene.sheet, ruling=Ruling(), left_mm=left - room[0], top_mm=top - room[1],
                    right_mm=right + room[2], bottom_mm=bottom + room[3])  # fmt: skip
    return replace(scene, view=view, lens=lens, sheet=sheet)


def _digits(scene: Scene) -> tuple[Placed, ...]:
    return scene.marks[: len(scene.label.replace(" ", ""))]


SPOILS: dict[str, tuple[Advice, Callable[[Scene, np.random.Generator], Scene]]] = {
    "dark": (Advice.TOO_DARK, _dark),
    "covered": (Advice.COVERED, _covered),
    "overexposed": (Advice.TOO_BRIGHT, _overexposed),
    "glare": (Advice.TOO_BRIGHT, _glare),
    "blurred": (Advice.BLURRED, _blurred),
    "cut off left": (Advice.CUT_OFF_LEFT, _cut("left")),
    "cut off right": (Advice.CUT_OFF_RIGHT, _cut("right")),
    "cut off top": (Advice.CUT_OFF_TOP, _cut("top")),
    "cut off bottom": (Advice.CUT_OFF_BOTTOM, _cut("bottom")),
    "too small": (Advice.TOO_SMALL, _far),
}
"""Name -> what the box should say first, and how it is done."""

_ENDS = {"cut off left": 0, "cut off right": -1}
"""Which digit is cut off sideways. Half of an upright stroke's width is still an upright stroke: no 1 is taken."""


def _is_wide(scene: Scene, end: int) -> bool:
    stamp = _digits(scene)[end].stamp
    return stamp.width_px > 0.4 * stamp.height_px


# --- bursts ---


def burst(pools: Sequence[Pool], seed: tuple[int, ...]) -> tuple[Scene, ...]:
    """Five frames of one scene: a hand that shakes, a focus that hunts, a shadow that passes, light that flickers."""
    rng = _rng(seed)
    kind = str(rng.choice(["single", "number", "sheet"], p=[0.4, 0.45, 0.15]))
    scene = replace(_written(Order(kind, pools, chance.angles(rng), crops=0.0), seed, rng), kind="burst")
    height_px = float(scene.facts["least_px"])
    drift = rng.normal(0.0, 0.004 * scene.view.width_px, 2)
    shadow = replace(chance.shadow(rng), share=float(rng.uniform(0.4, 0.7))) if rng.random() < 0.5 else None
    begin, way = float(rng.uniform(-0.5, 0.3)), float(rng.uniform(0.1, 0.4))
    frames = []
    for number in range(FRAMES):
        lens = _poor(scene.lens, height_px, rng)
        light = scene.light
        if shadow is not None:
            light = replace(light, shadows=(*light.shadows, replace(shadow, edge=begin + way * number)))
        light = replace(light, brightness=light.brightness * float(rng.uniform(0.9, 1.1)))
        frames.append(replace(scene, view=_shaken(scene.view, drift * number, rng), lens=lens, light=light))
    return tuple(frames)


def _poor(lens: Lens, height_px: float, rng: np.random.Generator) -> Lens:
    """Some frames are moved, some out of focus, by up to a tenth of a digit's height; most are neither."""
    moved = height_px * float(rng.uniform(0.05, 0.3)) if rng.random() < 0.35 else 0.0
    soft = height_px * float(rng.uniform(0.02, 0.09)) if rng.random() < 0.3 else 0.0
    return replace(
        lens,
        motion_px=min(60.0, moved),
        motion_degrees=float(rng.uniform(0.0, 180.0)),
        blur_px=max(lens.blur_px, soft),
        noise=lens.noise * float(rng.uniform(0.8, 1.8)),
    )


def _shaken(view: View, drift: NDArray[np.float64], rng: np.random.Generator) -> View:
    """Moved by the drift and by some pixels, turned by up to half a degree."""
    angle = np.radians(rng.normal(0.0, 0.2))
    x, y = drift + rng.normal(0.0, 0.002 * view.width_px, 2)
    middle = np.array([view.width_px, view.height_px]) / 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    off = middle - turn @ middle + (x, y)
    return replace(view, matrix=np.array([[*turn[0], off[0]], [*turn[1], off[1]], [0.0, 0.0, 1.0]]) @ view.matrix)
