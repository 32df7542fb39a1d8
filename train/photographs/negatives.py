"""Scenes of nothing that may be read as a digit: bare ones, hands, letters, scribbles, drawings, pages of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from train.photographs import chance, things
from train.photographs.chance import Wanted
from train.photographs.hands import Pool
from train.photographs.layout import Placed
from train.photographs.optics import Finger
from train.photographs.scene import Scene
from train.photographs.sheet import View
from train.photographs.stamps import Stamp
from train.photographs.written import facts, generator


def negative(pools: Sequence[Pool], seed: tuple[int, ...]) -> Scene:
    """Nothing that may be read as a digit: one of `NEGATIVES`."""
    rng = generator(seed)
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
        facts={**facts(at, "", on, pen_name, 0.0), "height_mm": height_mm},
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
