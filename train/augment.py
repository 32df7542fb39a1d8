"""What another hand, a camera and `device.preprocess` do to a digit; seeded, pure, NumPy and OpenCV only.

A digit is written anew (slant, proportions, wobble, width and ink of the pen), brought into MNIST layout by the
device's own `mnist_layout`, and then suffers what a camera and a cut from a page leave (blur, edges, noise, gaps): the
order in which these things happen on the box.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from device.preprocess import INPUT_PX, mnist_layout
from train.settings import AugmentSettings

FINE = 2
"""Digits are written anew on a canvas this many times as fine as the model input."""

CANVAS_PX = FINE * INPUT_PX

ROOM = 0.8
"""The digit is drawn so much smaller on the canvas that a slanted or turned one fits; the layout undoes it."""

Reals = NDArray[np.float32]


def augmented(model_inputs: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Another way in which each of these digits could have come from the camera.

    Args:
        model_inputs: White ink on black in MNIST layout, uint8, shape (n, 28, 28).
        rng: The only source of chance: the same state gives the same pictures.
        settings: How far each effect goes.

    Returns:
        uint8, shape (n, 28, 28); still the same digits.
    """
    result = np.empty_like(model_inputs)
    for row, digit in zip(result, model_inputs, strict=True):
        written = written_anew(digit, rng, settings)
        if rng.random() < settings.neighbour_chance:
            neighbour = written_anew(model_inputs[rng.integers(len(model_inputs))], rng, settings)
            written = _beside(written, neighbour, rng)
        row[:] = photographed(mnist_layout(written), rng, settings)
    return result


def written_anew(digit: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """The same digit by another hand with another pen: uint8 (28, 28) -> uint8 (56, 56), not in MNIST layout."""
    places = warp(rng, settings)
    ink = cv2.remap(digit, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    ink = _faded(_with_pen(np.asarray(ink, np.uint8), rng, settings), rng, settings)
    for chance, effect in (
        (settings.pencil_chance, _pencilled),
        (settings.square_chance, _squared),
        (settings.coarse_chance, _coarse),
        (settings.cut_chance, _cut),
    ):
        if rng.random() < chance:
            ink = effect(ink, rng, settings)
    if rng.random() < settings.remnant_chance:
        _draw_remnant(ink, rng)
    return ink


def photographed(model_input: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """What a camera and a careless cut leave of a picture in MNIST layout: uint8 (28, 28) -> uint8 (28, 28)."""
    shift = rng.uniform(-settings.shift_px, settings.shift_px, 2)
    move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    picture = cv2.warpAffine(model_input, move, (INPUT_PX, INPUT_PX))
    picture = cv2.GaussianBlur(picture, (0, 0), max(0.05, rng.uniform(0.0, settings.blur_px)))
    picture = _with_edges(np.asarray(picture, np.uint8), rng, settings)
    if rng.random() < settings.gap_chance:
        _cover_spot(picture, rng, settings)
    if rng.random() < settings.residue_chance:
        picture = _with_residue(picture, rng)
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(rng.uniform(0.0, settings.noise))
    noisy = np.clip(picture + noise, 0.0, 255.0).astype(np.uint8)
    return _stored_as_jpeg(noisy, rng, settings) if rng.random() < settings.jpeg_chance else noisy


def warp(rng: np.random.Generator, settings: AugmentSettings) -> Reals:
    """Where each pixel of the canvas comes from in the model input: float32, shape (56, 56, 2), x before y.

    Source:
        The elastic part after Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801, on a coarse grid.
    """
    turn = np.deg2rad(settings.turn_degrees) * np.clip(rng.standard_normal(), -3.0, 3.0)
    slant = settings.slant * rng.standard_normal()
    stretch = settings.stretch ** rng.uniform(-1.0, 1.0)
    # The way back from the canvas: what divides here is larger there, and nothing may leave the canvas.
    size = np.diag([max(1.0, stretch), max(1.0, 1.0 / stretch)]) / ROOM
    hand = size @ [[1.0, slant], [0.0, 1.0]] @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    tilt = rng.uniform(-settings.perspective, settings.perspective, 2) / (INPUT_PX / 2)
    canvas = _CENTRED / (1.0 + _CENTRED @ tilt.astype(np.float32))[..., None]
    places: Reals = canvas @ hand.T.astype(np.float32) + _wobble(rng, settings) + np.float32((INPUT_PX - 1) / 2)
    return places


def _grid() -> Reals:
    """Places of the canvas' pixels from its centre, in pixels of the model input: (56, 56, 2), x before y."""
    places = (np.arange(CANVAS_PX) + 0.5) / FINE - INPUT_PX / 2
    return np.asarray(np.stack(np.meshgrid(places, places), axis=-1), np.float32)


_CENTRED = _grid()


def _wobble(rng: np.random.Generator, settings: AugmentSettings) -> Reals:
    points = rng.standard_normal((settings.wobble_points, settings.wobble_points, 2), np.float32)
    return np.asarray(cv2.resize(settings.wobble_px * points, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC))


def _with_pen(ink: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Change the width of the strokes, by fractions of a pixel too: a blend of two whole radii."""
    change = rng.uniform(-settings.thin_px, settings.thick_px) * FINE * ROOM / 2
    operation = cv2.erode if change < 0 else cv2.dilate
    radius = int(abs(change))
    inner = operation(ink, _disc(radius)) if radius else ink
    outer = operation(ink, _disc(radius + 1))
    share = abs(change) - radius
    return np.asarray(cv2.addWeighted(inner, 1.0 - share, outer, share, 0.0), np.uint8)


def _disc(radius: int) -> Pixels:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _faded(ink: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Weaken the ink in places."""
    depth = rng.uniform(0.0, settings.fading)
    places = cv2.resize(rng.random((6, 6), np.float32), ink.shape, interpolation=cv2.INTER_LINEAR)
    return (ink * (1.0 - depth * places)).astype(np.uint8)


def _pencilled(ink: Pixels, rng: np.random.Generator, _: AugmentSettings) -> Pixels:
    """Leave out the hollows of the paper, finer than a stroke."""
    grain = rng.random(ink.shape, np.float32)
    return (ink * np.clip(0.35 + 0.9 * grain, 0.0, 1.0)).astype(np.uint8)


def _squared(ink: Pixels, rng: np.random.Generator, _: AugmentSettings) -> Pixels:
    """Widen or heighten the digit until its box is a square, or stop on the way."""
    left, top, width, height = cv2.boundingRect((ink >= 32).view(np.uint8))
    if min(width, height) < 2:
        return ink
    digit = ink[top : top + height, left : left + width]
    side, share = max(width, height), rng.uniform(0.4, 1.0)
    size = (round(width + share * (side - width)), round(height + share * (side - height)))
    return np.asarray(cv2.resize(digit, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _coarse(ink: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Scan with few pixels, each black or white."""
    left, top, width, height = cv2.boundingRect((ink >= 32).view(np.uint8))
    if min(width, height) < 2:
        return ink
    factor = int(rng.integers(*settings.coarse_px)) / max(width, height)
    size = (max(1, round(factor * width)), max(1, round(factor * height)))
    few = cv2.resize(ink[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA)
    return np.where(few > rng.uniform(60.0, 140.0), np.uint8(255), np.uint8(0))


def _cut(ink: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Lose an edge of the digit."""
    side = np.rot90(ink, int(rng.integers(4)))  # a view: what is wiped out of it is gone from the picture
    used = np.flatnonzero(side.max(axis=1) > 64)
    if used.size:
        side[: used[0] + round(rng.uniform(0.5, settings.cut_px) * ink.shape[0] / INPUT_PX * ROOM)] = 0
    return ink


def _beside(ink: Pixels, neighbour: Pixels, rng: np.random.Generator) -> Pixels:
    """Let the edge of another digit come in from the left or from the right, without touching."""
    columns, others = (np.flatnonzero(picture.max(axis=0) > 64) for picture in (ink, neighbour))
    if not (columns.size and others.size):
        return ink
    left = bool(rng.random() < 0.5)
    width = max(1, min(int(rng.integers(2, 7)), others.size // 3))  # never so much that it could be read itself
    rows = np.linspace(0, len(neighbour) - 1, len(ink)).astype(int)
    begin = others[-1] + 1 - width if left else others[0]
    edge = neighbour[rows, begin : begin + width]
    gap = np.zeros((len(ink), int(rng.integers(1, 4))), np.uint8)
    digit = ink[:, columns[0] : columns[-1] + 1]
    return np.hstack([edge, gap, digit] if left else [digit, gap, edge])


def _draw_remnant(ink: Pixels, rng: np.random.Generator) -> None:
    """Leave a piece of a printed line, or of a neighbour, along one side of the canvas."""
    side = np.rot90(ink, int(rng.integers(4)))  # a view: what is drawn on it is drawn on the picture
    used = np.flatnonzero(side.max(axis=1) > 64)
    row = max(1, (int(used[0]) if used.size else CANVAS_PX // 2) - int(rng.integers(0, 5)))
    begin, length = int(rng.integers(0, CANVAS_PX // 2)), int(rng.integers(4, CANVAS_PX // 2))
    side[row - 1 : row + int(rng.integers(0, 2)), begin : begin + length] = rng.integers(90, 256)


def _with_edges(picture: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """Steeper or softer edges, around a level above (thinner) or below (thicker) the middle."""
    gain = np.exp(rng.uniform(*np.log(settings.edge_gain)))
    level = rng.uniform(*settings.edge_level)
    changed = np.clip(128.0 + gain * (_LEVELS - level), 0.0, 255.0)
    # Paper stays paper: a low gain would lift it.
    table = np.minimum(changed, _LEVELS * np.float32(4.0)).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), np.uint8)


_LEVELS = np.arange(256, dtype=np.float32)


def _cover_spot(picture: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> None:
    """Wipe out a small rectangle somewhere on the digit."""
    height, width = rng.uniform(1.0, settings.gap_px, 2).round().astype(int)
    y, x = rng.integers(4, INPUT_PX - 4 - int(settings.gap_px), 2)
    picture[y : y + height, x : x + width] = 0


def _with_residue(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Paper that is not quite black: light that falls off to one side."""
    corners = rng.uniform(0.0, 60.0, (2, 2)).astype(np.float32)
    light = cv2.resize(corners, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_LINEAR)
    return np.maximum(picture, light.astype(np.uint8))


def _stored_as_jpeg(picture: Pixels, rng: np.random.Generator, settings: AugmentSettings) -> Pixels:
    """The blocks and rings of a small file."""
    quality = int(rng.integers(*settings.jpeg_quality))
    _, stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)
