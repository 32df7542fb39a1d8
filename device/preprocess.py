"""Ink of one digit -> 28x28 model input in MNIST layout.

The only copy: the device and `train/` both call it. Every change that alters a model input raises
`device.domain.PREPROCESSING_VERSION`, which a model card names and the device compares.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from device.domain import Pixels

INPUT_PX = 28
"""Side of a model input."""

DIGIT_PX = 20
"""Longer side of the digit inside it (LeCun et al. 1998, doi:10.1109/5.726791, section III.A)."""

FINE = 4
"""Strokes are measured, thickened and thinned on a picture this many times as fine as the model input."""

STROKE_PX = (2.0, 6.0)
"""Stroke widths left alone, in pixels of the model input: nine tenths of MNIST's lie between them (median 2.5)."""

EDGE_INK = 32
"""Ink that counts for the extent of a digit: MNIST's own boxes are 20 px wide at every level from 1 to 32."""

ROW_PX, ROW_INK_PX = 32, 28
"""Height of a row of digits as the row reader sees it, and of the ink inside it."""

ROW_MARGIN_PX, ROW_STEP_PX = 4, 16
"""Paper before and at least behind the ink of a row; its width is a multiple of the other."""

HAZE = 64
"""Fainter ink is no stroke where several digits may be: half of what a stroke's edge has."""

MOST_ROW_PX = 11 * ROW_INK_PX
"""Width of the ink of the longest row."""

ROW_DEFAULT_PX = 64
"""Width of a row before any is shown: two digits."""

MAX_STEEPENING = 2.5
"""Ink is steepened no further than this: beyond it the weak parts of a pencil stroke are lost."""


def mnist_layout(ink: Pixels) -> Pixels:
    """Lay out one digit as MNIST's were.

    Cropped to its ink, scaled without distortion into a 20x20 box, anti-aliased, its strokes brought to a width that
    occurs in MNIST, and centred by mass. Nearly the identity on MNIST's own pictures.

    Args:
        ink: Ink strength of one digit, uint8, shape (h, w), h and w at least 1; 0 is paper, 255 full ink, and the
            stroke's edge lies at 128.

    Returns:
        uint8, shape (28, 28), white ink on black; all zero when there is no ink.
    """
    ink = _cropped(_steepened(_full_strength(ink), max(ink.shape) / DIGIT_PX))
    if not ink.any():
        return np.zeros((INPUT_PX, INPUT_PX), np.uint8)
    ink = _with_usual_strokes(ink, DIGIT_PX / max(ink.shape), DIGIT_PX)
    return _centred(_full_strength(_resized(ink, DIGIT_PX / max(ink.shape))))


def row_layout(ink: Pixels) -> Pixels:
    """Lay out what may be several digits in a row: as `mnist_layout`, but the height decides the size.

    Ink that is more than eleven times as wide as it is high is made smaller than that.

    Args:
        ink: As there.

    Returns:
        uint8, shape (32, w), w a multiple of 16, white ink on black.
    """
    ink = _without_haze(ink)
    ink = _cropped(_steepened(_full_strength(ink), ink.shape[0] / ROW_INK_PX))
    if not ink.any():
        return np.zeros((ROW_PX, ROW_STEP_PX), np.uint8)
    ink = _with_usual_strokes(ink, _row_factor(*ink.shape), ROW_INK_PX)
    row = _full_strength(_resized(ink, _row_factor(*ink.shape)))
    behind = ROW_MARGIN_PX + -(row.shape[1] + 2 * ROW_MARGIN_PX) % ROW_STEP_PX
    above = (ROW_PX - row.shape[0]) // 2
    edges = (above, ROW_PX - row.shape[0] - above, ROW_MARGIN_PX, behind)
    return np.asarray(cv2.copyMakeBorder(row, *edges, cv2.BORDER_CONSTANT), np.uint8)


def row_columns(ink: Pixels, shares: Sequence[float]) -> list[float]:
    """The columns of some ink that stand at these shares of the width of its `row_layout`."""
    x, _, width, height = cv2.boundingRect((ink > HAZE).view(np.uint8))
    row_px = max(1, round(width * _row_factor(max(1, height), max(1, width))))
    layout_px = row_px + 2 * ROW_MARGIN_PX + -(row_px + 2 * ROW_MARGIN_PX) % ROW_STEP_PX
    return [x + (share * layout_px - ROW_MARGIN_PX) / row_px * width for share in shares]


def _without_haze(ink: Pixels) -> Pixels:
    """Without the faint rest of a shadow, over which several digits may be one piece of writing."""
    return np.asarray(cv2.threshold(ink, HAZE, 255, cv2.THRESH_TOZERO)[1], np.uint8)


def _row_factor(height: int, width: int) -> float:
    """By which ink is scaled to stand in a row."""
    return min(ROW_INK_PX / height, MOST_ROW_PX / width)


def stroke_px(ink: Pixels) -> float:
    """Mean width of the strokes, in pixels of `ink`; 0.0 when there are none.

    In a bar n pixels wide OpenCV's distances to the outside are 1, 2, ... from both edges: (n + 2) / 4 in the mean.
    """
    # Paper all around, so that the edge of the picture is an edge of the stroke too.
    strokes = cv2.copyMakeBorder((ink >= 128).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distances = cv2.distanceTransform(strokes, cv2.DIST_L2, cv2.DIST_MASK_5)
    inside = cv2.countNonZero(strokes)
    return max(1.0, 4.0 * float(distances.sum()) / inside - 2.0) if inside else 0.0


def _full_strength(ink: Pixels) -> Pixels:
    """Scale so that the cores of the strokes reach 255: the level that a tenth of the ink exceeds."""
    strong = ink[ink > ink.max() / 2]
    if not strong.size:
        return ink
    rank = strong.size * 9 // 10
    core = np.partition(strong, rank)[rank]  # np.percentile without its 0.1 ms of preparation
    return np.asarray(cv2.convertScaleAbs(ink, alpha=255.0 / float(core)), np.uint8)


def _steepened(ink: Pixels, reduction: float) -> Pixels:
    """Make a large digit's edges as sharp as its pixels allow, before it is made smaller by a factor.

    MNIST's greys come from scaling black-and-white scans down. Blur in a picture k times as large as the model input
    may be undone by a factor k before it is scaled down in the same way; at its own size there is nothing to undo.
    """
    factor = min(max(1.0, reduction / 2), MAX_STEEPENING)
    table = np.clip(128.0 + factor * (np.arange(256) - 128.0), 0, 255)
    return ink if factor == 1.0 else np.asarray(cv2.LUT(ink, table.astype(np.uint8)), np.uint8)


def _cropped(ink: Pixels) -> Pixels:
    x, y, width, height = cv2.boundingRect((ink >= EDGE_INK).view(np.uint8))
    return ink[y : y + height, x : x + width]


def _with_usual_strokes(ink: Pixels, factor: float, size_px: int) -> Pixels:
    """Thicken or thin the strokes where their width would not occur in MNIST.

    Pencil lines of a large digit would fade when scaled down; a felt pen's would fill the loops.

    Args:
        ink: Cropped.
        factor: By which it will be scaled.
        size_px: Of a digit then.
    """
    fine = _full_strength(_resized(ink, FINE * factor))
    width = stroke_px(fine) / FINE * DIGIT_PX / size_px
    wanted = min(max(width, STROKE_PX[0]), STROKE_PX[1])
    radius = round((wanted - width) / 2 * FINE * size_px / DIGIT_PX)
    if radius == 0:
        return ink
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(radius) + 1,) * 2)
    if radius < 0:
        return _cropped(np.asarray(cv2.erode(fine, kernel), np.uint8))
    margins = cv2.copyMakeBorder(fine, radius, radius, radius, radius, cv2.BORDER_CONSTANT)
    return _cropped(np.asarray(cv2.dilate(margins, kernel), np.uint8))


def _resized(ink: Pixels, factor: float) -> Pixels:
    """The same picture so many times as large."""
    size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC), np.uint8)


def _centred(digit: Pixels) -> Pixels:
    """Put it into the model input with its centre of mass in the middle, moved by whole pixels as in MNIST."""
    moments = cv2.moments(digit)
    model_input = np.zeros((INPUT_PX, INPUT_PX), np.uint8)
    left = _offset(moments["m10"] / moments["m00"], digit.shape[1])
    top = _offset(moments["m01"] / moments["m00"], digit.shape[0])
    model_input[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return model_input


def _offset(mass_px: float, length_px: int) -> int:
    """Where a digit `length_px` long begins so that its mass lies in the middle, as far as it then fits."""
    return min(max(0, round(INPUT_PX / 2 - mass_px)), INPUT_PX - length_px)
