"""What chance gives a scene: texts, papers and pens, where the camera is, what light there is.

Ranges are issue 4's where it names them (12 px to a tight crop's whole height, tilted by 30 degrees, turned by 20), and
otherwise what photographs taken by hand at a table look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from device.domain import Pixels
from train.photographs import tiles
from train.photographs.layout import Placed, extent_mm
from train.photographs.optics import Finger, Glare, Lens, Light, Shadow
from train.photographs.sheet import Pen, Ruling, Sheet, View, mapped
from train.photographs.stamps import MARGIN_PX, Stamp
from train.scenes.area import Colour
from train.scenes.camera import Camera
from train.scenes.strokes import Points

FRAME_PX = (1640, 1232)
"""The Pi camera's half-resolution mode: two megapixels."""

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom."""

LEAST_CONTRAST = 55.0
"""Grey levels between a solid line and its ground; less is not what somebody writes to be read."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A material to write on.

    Attributes:
        name: For tables.
        colours: It comes in.
        height_mm: Range of the height of a digit on it.
        share: How often it is met.
        grain: Standard deviation of its fine tone, in grey levels.
        smear: Standard deviation of what was wiped, in grey levels.
        ruled: Share of it with printed lines.
        pens: Names in `PENS`.
        side_mm: Width and height of a whole piece, or None where there are many sizes.
    """

    name: str
    colours: tuple[Colour, ...]
    height_mm: tuple[float, float]
    share: float
    grain: float
    pens: tuple[str, ...]
    smear: float = 0.0
    ruled: float = 0.0
    side_mm: tuple[float, float] | None = None


PENS: dict[str, Pen] = {
    "blue ballpoint": Pen((150, 62, 44), 0.88, 0.25, (0.0, 0.4)),
    "black ballpoint": Pen((66, 60, 60), 0.88, 0.25, (0.0, 0.4)),
    "black gel": Pen((40, 36, 36), 0.97, 0.05, (0.1, 0.6)),
    "blue gel": Pen((146, 44, 26), 0.97, 0.05, (0.1, 0.6)),
    "pencil": Pen((92, 90, 90), 0.85, 0.6, (0.0, 0.5)),
    "black felt": Pen((44, 40, 40), 0.97, 0.05, (0.4, 1.0)),
    "red felt": Pen((46, 38, 196), 0.93, 0.1, (0.3, 1.0)),
    "green felt": Pen((62, 122, 30), 0.93, 0.1, (0.3, 1.0)),
    "blue marker": Pen((150, 52, 30), 0.9, 0.15, (0.4, 1.0)),
    "black marker": Pen((48, 44, 44), 0.92, 0.15, (0.4, 1.0)),
    "red marker": Pen((50, 40, 200), 0.9, 0.15, (0.4, 1.0)),
    "white chalk": Pen((226, 230, 230), 0.85, 0.7, (0.3, 1.0)),
    "yellow chalk": Pen((130, 220, 232), 0.85, 0.7, (0.3, 1.0)),
    "white pencil": Pen((232, 234, 234), 0.85, 0.5, (0.2, 0.7)),
}

_INKS = ("blue ballpoint", "black ballpoint", "black gel", "blue gel", "pencil", "black felt", "red felt", "green felt")
_MARKERS = ("blue marker", "black marker", "red marker")
_CHALKS = ("white chalk", "white chalk", "yellow chalk")

GROUNDS: tuple[Ground, ...] = (
    Ground("white paper", ((240, 242, 243), (236, 240, 240)), (5.0, 30.0), 0.36, 1.2, _INKS, ruled=0.55),
    Ground("yellow paper", ((196, 228, 240), (150, 222, 244)), (5.0, 30.0), 0.11, 1.4, _INKS, ruled=0.5),
    Ground("grey paper", ((196, 202, 204), (176, 180, 182)), (5.0, 30.0), 0.10, 2.4, _INKS, ruled=0.2),
    Ground("brown paper", ((116, 158, 192), (130, 172, 204)), (8.0, 40.0), 0.08, 3.2, _INKS[2:]),
    Ground("sticky note", ((118, 226, 246), (196, 170, 244), (176, 232, 178), (236, 214, 150)), (9.0, 40.0), 0.13, 1.0,
           _INKS, side_mm=(76.0, 76.0)),
    Ground("whiteboard", ((236, 238, 236), (228, 232, 234)), (30.0, 110.0), 0.10, 0.6, _MARKERS, smear=7.0),
    Ground("blackboard", ((52, 62, 48), (56, 54, 52), (70, 62, 58)), (30.0, 110.0), 0.09, 2.0, _CHALKS, smear=8.0),
    Ground("black paper", ((48, 46, 46), (74, 56, 50)), (8.0, 30.0), 0.03, 2.2, ("white pencil", "white chalk")),
)  # fmt: skip

SKINS: tuple[Colour, ...] = ((150, 178, 226), (126, 156, 206), (92, 124, 178), (62, 88, 132), (44, 60, 92))

LAMPS: tuple[Colour, ...] = ((255, 253, 249), (236, 248, 255), (216, 238, 255), (255, 246, 236))


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """Every factor as likely as every other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(max(low, high)))))


def digits(count: int, rng: np.random.Generator) -> str:
    """A string of that many digits."""
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def sheet_text(rng: np.random.Generator) -> str:
    """Lines of groups: at least two groups, at most 24 digits."""
    rows = int(rng.choice([1, 2, 2, 3, 3, 4, 5]))
    lines = []
    for _ in range(rows):
        groups = int(rng.choice([1, 1, 2, 3])) if rows > 1 else int(rng.choice([2, 2, 3]))
        lines.append(" ".join(digits(int(rng.choice([1, 1, 2, 2, 3, 4])), rng) for _ in range(groups)))
    text = "\n".join(lines)
    return text if sum(map(str.isdigit, text)) <= 24 else text[: text.rindex("\n")]


def ground(rng: np.random.Generator) -> Ground:
    """A material as often as it is met."""
    shares = np.array([one.share for one in GROUNDS])
    return GROUNDS[rng.choice(len(GROUNDS), p=shares / shares.sum())]


def pen(on: Ground, colour: Colour, rng: np.random.Generator) -> tuple[str, Pen]:
    """One that is used there and can be seen; the darkest of them otherwise."""
    for name in rng.permutation(on.pens):
        chosen = PENS[str(name)]
        chosen = replace(chosen, density=min(1.0, chosen.density * float(rng.uniform(0.85, 1.08))))
        if chosen.density * abs(_luma(colour) - _luma(chosen.colour)) >= LEAST_CONTRAST * (1.0 + chosen.tooth):
            return str(name), chosen
    return "black felt", PENS["black felt"]


def _luma(colour: Colour) -> float:
    return 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]


def frame_px(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of the picture."""
    sizes = (FRAME_PX, FRAME_PX[::-1], (1280, 960), (640, 480))
    return sizes[rng.choice(4, p=[0.72, 0.12, 0.08, 0.08])]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a picture should be.

    Attributes:
        size: Width and height in pixels.
        px_per_mm: In its middle; less where the content would not fit.
        margin_px: Least distance of the content from the edge.
    """

    size: tuple[int, int]
    px_per_mm: float
    margin_px: float


@dataclass(frozen=True, slots=True)
class Angles:
    """How the camera looks, in degrees; see `train.scenes.camera.Camera`."""

    turn: float
    tilt: float
    pan: float


def angles(rng: np.random.Generator, *, most_turn: float = 20.0, most_tilt: float = 30.0) -> Angles:
    """Mostly small ones; the tilt's direction is any, more often from the reader's side."""
    turn = float(rng.uniform(-most_turn, most_turn)) * (1.0 if rng.random() < 0.5 else 0.35)
    reach = most_tilt * float(rng.random()) ** 1.3
    towards = float(rng.normal(0.0, 60.0))
    return Angles(turn, reach * float(np.cos(np.radians(towards))), reach * float(np.sin(np.radians(towards))))


def view(content_mm: Points, wanted: Wanted, at: Angles, rng: np.random.Generator) -> View:
    """A camera that has all the content in the picture, somewhere, and no larger than asked for.

    Args:
        content_mm: Points of the sheet that must be seen, shape (n, 2).
        wanted: How large.
        at: How it looks.
        rng: The only source of chance.
    """
    middle = (content_mm.min(axis=0) + content_mm.max(axis=0)) / 2.0
    size, margin_px = wanted.size, wanted.margin_px
    camera = Camera(
        width_px=size[0],
        height_px=size[1],
        across_mm=size[0] / wanted.px_per_mm,
        aim_mm=(float(middle[0]), float(middle[1])),
        turn_degrees=at.turn,
        tilt_degrees=at.tilt,
        pan_degrees=at.pan,
        focal=float(rng.uniform(0.85, 1.3)) * max(1.0, size[1] / size[0]),
    )
    seen = mapped(content_mm, camera.projection())
    room = np.array(size) - 2.0 * margin_px
    scale = min(1.0, *(room / np.ptp(seen, axis=0)))
    place = margin_px + rng.random(2) * (room - scale * np.ptp(seen, axis=0)) - scale * seen.min(axis=0)
    crop = np.array([[scale, 0.0, place[0]], [0.0, scale, place[1]], [0.0, 0.0, 1.0]])
    return View(size[0], size[1], crop @ camera.projection())


def sheet(on: Ground, colour: Colour, content_mm: Edges, height_mm: float, rng: np.random.Generator) -> Sheet:
    """A piece of the material around its content, of any size that fits."""
    left, top, right, bottom = content_mm
    least = 0.4 * height_mm + 3.0
    board = on.smear > 0.0
    room = rng.uniform(least, least + (400.0 if board else 150.0), 4) * float(rng.choice([1.0, 0.6, 0.25]))
    room = np.maximum(room, least)
    if on.side_mm is not None:  # a note is a square, or several of its size side by side
        spare = np.maximum(np.array(on.side_mm) - (right - left, bottom - top), 2.0 * least)
        share = rng.uniform(0.3, 0.7, 2)
        room = np.concatenate([spare * share, spare * (1.0 - share)])
    return Sheet(
        ground=on.name,
        colour=colour,
        left_mm=left - room[0],
        top_mm=top - room[1],
        right_mm=right + room[2],
        bottom_mm=bottom + room[3],
        ruling=ruling(on, rng),
        grain=on.grain * float(rng.uniform(0.6, 1.4)),
        smear=on.smear * float(rng.uniform(0.0, 1.3)),
        table=int(rng.integers(len(tiles.TABLE_TOPS))),
        table_degrees=float(rng.uniform(0.0, 360.0)),
    )


def ruling(on: Ground, rng: np.random.Generator) -> Ruling:
    """Lines as they are printed: grey, blue or violet, five to ten millimetres apart."""
    kind = str(rng.choice(["ruled", "squared", "margin"], p=[0.45, 0.4, 0.15])) if rng.random() < on.ruled else "plain"
    colours: tuple[Colour, ...] = ((214, 186, 160), (200, 170, 140), (190, 190, 190), (206, 172, 190), (186, 196, 150))
    return Ruling(
        kind=kind,
        spacing_mm=float(rng.choice([4.0, 5.0, 5.0])) if kind == "squared" else float(rng.uniform(6.5, 10.0)),
        offset_mm=(float(rng.uniform(-10.0, 0.0)), float(rng.uniform(0.0, 8.0))),
        line_mm=float(rng.uniform(0.12, 0.3)),
        colour=colours[rng.integers(len(colours))],
        strength=float(rng.uniform(0.5, 0.95)),
    )


def light(rng: np.random.Generator, *, glossy: bool = False) -> Light:
    """Even or not, with a soft shadow, a hard one or none, sometimes with a slight glare."""
    around, away = rng.uniform(0.0, 2.0 * np.pi), float(rng.uniform(0.3, 1.6))
    folds = tuple(
        (float(rng.choice([0.0, 90.0]) + rng.normal(0.0, 1.5)), float(rng.uniform(-20.0, 60.0)),
         float(rng.normal(0.0, 0.05)))
        for _ in range(int(rng.choice([0, 0, 0, 0, 1, 2])))
    )  # fmt: skip
    return Light(
        lamp=(away * float(np.cos(around)), away * float(np.sin(around)), float(rng.uniform(0.9, 2.5))),
        lamp_share=float(rng.uniform(0.2, 0.85)),
        colour=LAMPS[rng.integers(len(LAMPS))],
        shadows=shadows(rng),
        glare=(slight_glare(rng),) if rng.random() < (0.5 if glossy else 0.12) else (),
        waves=float(rng.uniform(0.0, 0.03)),
        folds=folds,
        brightness=float(rng.uniform(0.42, 0.85)),
    )


def shadows(rng: np.random.Generator) -> tuple[Shadow, ...]:
    """None, a soft one of a head, a hard one of an arm or a telephone; sometimes two."""
    return tuple(shadow(rng) for _ in range(int(rng.choice([0, 1, 2], p=[0.4, 0.48, 0.12]))))


def shadow(rng: np.random.Generator) -> Shadow:
    """One that may lie across the writing."""
    hard = rng.random() < 0.5
    return Shadow(
        share=float(rng.uniform(0.12, 0.55)),
        degrees=float(rng.uniform(0.0, 360.0)),
        edge=float(rng.uniform(-0.3, 0.4)),
        width=float(rng.choice([0.12, 0.25, 2.0])) * float(rng.uniform(0.8, 1.3)),
        soft=float(rng.uniform(0.004, 0.02) if hard else rng.uniform(0.05, 0.35)),
        bent=float(rng.uniform(0.0, 0.04)),
    )


def slight_glare(rng: np.random.Generator) -> Glare:
    """One that dims the ink under it and leaves it readable."""
    return Glare(
        x=float(rng.uniform(-0.5, 0.5)),
        y=float(rng.uniform(-0.4, 0.4)),
        radius=float(rng.uniform(0.03, 0.15)),
        strength=float(rng.uniform(20.0, 60.0)),
        stretch=float(rng.uniform(0.5, 2.0)),
    )


def lens(least_digit_px: float, rng: np.random.Generator) -> Lens:
    """As a box's or a telephone's camera; small digits are taken with a steadier hand."""
    return Lens(
        blur_px=min(float(rng.uniform(0.5, 1.5)), 0.3 + 0.02 * least_digit_px),
        vignetting=float(rng.uniform(0.0, 0.3)),
        noise=float(rng.uniform(0.8, 4.0)),
        sharpening=float(rng.uniform(0.0, 0.9)),
        lift=float(rng.choice([0.0, rng.uniform(0.0, 12.0)])),
        jpeg_quality=int(rng.integers(60, 96)),
    )


def fingers(avoid_px: Edges, size: tuple[int, int], rng: np.random.Generator) -> tuple[Finger, ...]:
    """A thumb that holds the sheet at an edge or a corner, clear of the writing; none where there is no room.

    Args:
        avoid_px: Left, top, right and bottom of the writing in the picture.
        size: Of the picture.
        rng: The only source of chance.
    """
    width = float(rng.uniform(0.05, 0.11)) * max(size)
    skin = SKINS[rng.integers(len(SKINS))]
    for _ in range(8):
        angle = float(rng.uniform(0.0, 2.0 * np.pi))
        way = np.array([np.cos(angle), np.sin(angle)])
        middle = np.array(size) / 2.0
        edge = middle + way * float(min(middle / np.maximum(np.abs(way), 1e-6)))
        tip = edge - way * float(rng.uniform(0.0, 0.12)) * max(size)
        root = edge + way * 3.0 * width + rng.normal(0.0, 0.6, 2) * width
        if _clear(np.array([tip, root]), 0.7 * width + 0.02 * max(size), avoid_px):
            return (Finger((float(tip[0]), float(tip[1])), (float(root[0]), float(root[1])), width, skin),)
    return ()


def _clear(ends: Points, reach: float, box: Edges) -> bool:
    """Whether no point of a line comes within reach of a box."""
    points = ends[0] + np.linspace(0.0, 1.0, 20)[:, None] * (ends[1] - ends[0])
    low, high = np.array(box[:2]), np.array(box[2:])
    off = np.maximum(np.maximum(low - points, points - high), 0.0)
    return bool(np.linalg.norm(off, axis=1).min() > reach)


def specks(around_mm: Edges, height_mm: float, rng: np.random.Generator) -> tuple[Placed, ...]:
    """Crumbs and dots on the sheet: none is larger than a twentieth of a digit, nor near the digits' middle lines."""
    left, top, right, bottom = around_mm
    placed = []
    for _ in range(int(rng.integers(4, 40))):
        size_mm = height_mm * float(rng.uniform(0.012, 0.05))
        x, y = rng.uniform((left - 2 * height_mm, top - 2 * height_mm), (right + 2 * height_mm, bottom + 2 * height_mm))
        placed.append(Placed(_SPECK, float(x), float(y), size_mm / _SPECK.height_px))
    return tuple(placed)


def _disc(side: int) -> Pixels:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2.0
    cover: Pixels = np.where(x**2 + 1.4 * y**2 <= (side / 2.0) ** 2, 255, 0).astype(np.uint8)
    return np.pad(cover, MARGIN_PX)


_SPECK = Stamp(_disc(11), "")


def extent_px(marks: Sequence[Placed], seen: View) -> Edges:
    """Left, top, right and bottom of all ink in the picture."""
    left, top, right, bottom = extent_mm(marks)
    corners = seen.seen(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    (x, y), (far_x, far_y) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x, y, far_x, far_y
