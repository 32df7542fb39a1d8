"""Which pieces of ink are no digit: the table, an outline, a printed rule; and which of a digit were left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise

import cv2
import numpy as np

from device.clearness import Scale
from device.domain import Box, Pixels
from device.order import middle_row
from device.pieces import Piece, count_above, edges_at, joined_strokes, longer_px, mean_stroke_px, view_of

EDGE_REACH, CORNER_REACH = 0.6, 0.3
"""What touches one edge, or a corner, of a scene and is longer than this share of it is the table and no digit."""

LARGEST_STRAY = 1.6
"""What crosses an edge and is so many times as long as the largest digit wholly in the picture is no digit."""

RULE_HEIGHT, RULE_WIDTH, RULE_SOLID, RULE_CORE = 0.85, 0.2, 0.75, 1.15
"""A printed line in a crop is as high as the first share of it, at most as wide as the second of its height, and fills
the third of its rectangle, which is more than a hand's strokes do; from the fourth on, times as dark as the digits, it
is surely none of them. Read off two of the real crops of grids (0.88, 0.83; 1.25, 1.19) and the other 534 photographs,
whose ones fill at most 0.73."""

FAINT, LEAST_SHADE = (0.4, 0.7), 0.5
"""A shadow's edge that may be read as a one has between the first two shares of the contrast of a crop's largest digit
and at least the third share of its height; what is fainter is no writing anyway."""

RULE_AROUND = 0.15
"""What reaches three edges of a crop and covers less of its box is the frame around something."""

LEAST_CIRCLED, SLASH_WIDTH, SLASH_HEIGHT, ROUND, RECTANGLE = 0.3, 0.3, 0.6, 0.8, 0.95
"""What stands in a ring and is as high as the first share of it is a digit with a ring around it, unless it is narrower
than the second share of its own length: that is the slash of a zero, if it is as high as the third share of the ring or
the ring narrower than the fourth share of its own height. No zero fills the last share of the rectangle around it, as a
printed frame does."""

LINE_SHAPE, LINE_TILT, LINE_NEAR, LINE_INTO, LINE_COVERS = 8.0, 0.45, 0.6, 0.12, 0.85
"""An underline is so many times as long as thick, rises by at most the second per column, and lies below what stands on
it: at most the third of that one's height away, and no higher than the fourth of it above its lower end. It is at least
as long as the fifth share of all that stands on it."""

LINE_FILLS = 0.25
"""An underline fills more than this share of the smallest rectangle around it, also where a hand trembled; a line with
five digits that touch it fills a tenth."""

BETWEEN_REACH, BETWEEN_WIDTH, BETWEEN_HIGHEST = 1.5, 0.25, 2.5
"""What an outline has within the first share of a digit's height of it, wider than the second, is writing; but what is
higher than the third is the edge of a sheet, with the grain of a table on it."""

RING_END = 0.15
"""The ends of a flat ring are as wide; they are no further than so many heights of a digit from its own."""

BAR_WIDTH = 1.6
"""What hangs so near below a line that is not so many times as wide is a seven or a five with its bar."""

DASH_SHAPE, DASH_PX, DASH_REACH = 2.0, (0.2, 1.0), 0.8
"""A minus is so many times as wide as high, has a width between these shares of the digit's height behind it, and is as
near to it as the last."""

BESIDE_CORE = 0.45
"""What stands beside digits and has this share of their contrast may be a thin one of theirs: of 2,400 drawn scenes to
tune on one less is answered and wrong than with 0.6, for three less answered and right; with 0.3 one more of these."""

LEAST_REST, REST_CLEARNESS, CLOSE, REST_THICK = 0.25, -0.5, 0.15, 1.3
"""A rest of a digit at the frame's edge is at least so long, as a share of the digits beside it, and so clear; and lies
at most so far above or below what else is left of it; and its strokes are no thicker than theirs, by the last."""

INKY, INKY_CLEARNESS = 0.8, -1.6
"""What has the first share of the digits' contrast is such a rest even if it is only so clear."""

THICK, SLIM = 2.0, 5.0
"""What crosses the edge of a scene and is so many times as wide as the digits' strokes is a finger or the table; wider
than the second, times its height, the edge of a sheet."""

LONG_LINE = 2.5
"""So many times as long as the digits are high no stroke of theirs is."""

GAP_SHARE, LOST_INK = 0.25, 0.2
"""A gap wider than the first share of its height may have lost a digit: where it holds the second share of the ink of
either neighbour."""


def is_surroundings(piece: Piece, shape: tuple[int, ...]) -> bool:
    """Whether a piece of a scene touches its edge and is too large for writing."""
    edges = edges_at(piece.box, shape)
    reach = CORNER_REACH if len(edges) > 1 else EDGE_REACH
    return bool(edges) and (piece.box.width > reach * shape[1] or piece.box.height > reach * shape[0])


def is_outline(piece: Piece, pieces: Sequence[Piece]) -> bool:
    """Whether it is drawn around writing: the edge of a sheet, a frame, a ring; a zero has a slash or a dot in it."""
    within = [
        other
        for other in pieces
        if other.box.x > piece.box.x
        and other.box.right < piece.box.right
        and other.box.y > piece.box.y
        and other.box.bottom < piece.box.bottom
    ]
    return len(within) > 1 or any(_is_digit_in_ring(other, piece) for other in within)


def _is_digit_in_ring(inner: Piece, outer: Piece) -> bool:
    """Whether a piece as high as a digit, and no slash, stands free in a hole of another one."""
    if inner.box.height < LEAST_CIRCLED * outer.box.height:
        return False
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(inner.mask)))
    is_narrow = min(sides) < SLASH_WIDTH * max(sides)
    is_zero = inner.box.height >= SLASH_HEIGHT * outer.box.height or outer.box.width < ROUND * outer.box.height
    if is_narrow and is_zero and not _is_rectangle(outer):
        return False
    around = cv2.copyMakeBorder(outer.mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    cv2.floodFill(around, None, (0, 0), (2.0,))  # what can be reached from outside; a hole stays 0
    place = view_of(
        around, Box(inner.box.x - outer.box.x + 1, inner.box.y - outer.box.y + 1, inner.box.width, inner.box.height)
    )
    return not np.any(place[inner.mask > 0])


def _is_rectangle(piece: Piece) -> bool:
    """Whether its outline fills the rectangle around it."""
    points = np.asarray(cv2.findNonZero(piece.mask))
    _, sides, _ = cv2.minAreaRect(points)
    return cv2.contourArea(cv2.convexHull(points)) > RECTANGLE * sides[0] * sides[1]


def is_leading_dash(box: Box, first: Box) -> bool:
    """Whether a dash stands before the first digit of a line, as a minus does."""
    middle = middle_row(box) - first.y
    return (
        box.width >= DASH_SHAPE * box.height
        and DASH_PX[0] * first.height <= box.width <= DASH_PX[1] * first.height
        and 0 <= first.x - box.right < DASH_REACH * first.height
        and first.height / 4 < middle < 3 * first.height / 4
    )


def is_rule(piece: Piece, pieces: Sequence[Piece], shape: tuple[int, ...]) -> bool:
    """Whether a piece of a crop is printed: an upright line beside its digits, or their frame; alone it is a one."""
    width, height = piece.box.width, piece.box.height
    if len(edges_at(piece.box, shape)) > 2 and piece.area < RULE_AROUND * piece.box.area and len(pieces) > 1:
        return True
    is_along = height >= RULE_HEIGHT * shape[0] and (piece.box.y == 0 or piece.box.bottom == shape[0])
    if not is_along or width > RULE_WIDTH * height or len(pieces) < 2:
        return False
    others = [other.box for other in pieces if other is not piece]
    is_outermost = all(box.x > piece.box.x for box in others) or all(box.right < piece.box.right for box in others)
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
    return is_outermost and piece.area >= RULE_SOLID * (sides[0] + 1.0) * (sides[1] + 1.0)


def free_underlines(pieces: Sequence[Piece]) -> list[Piece]:
    """Straight strokes below writing that are no part of it: nothing crosses them or hangs below them.

    What stands alone on one is no wider than it to either side, or the stroke would be the foot of a two.
    """
    slim = [piece for piece in pieces if _is_straight_across(piece)]
    standing = [piece for piece in pieces if piece not in slim] if slim else []
    return [piece for piece in slim if _is_underline(piece, standing)]


def _is_straight_across(piece: Piece) -> bool:
    """Whether it is one thin, straight stroke from side to side."""
    if piece.box.height > LINE_TILT * piece.box.width:
        return False
    _, sides, _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(piece.mask)))
    return max(sides) > LINE_SHAPE * (min(sides) + 1.0) and piece.area > LINE_FILLS * sides[0] * sides[1]


def _is_underline(line: Piece, standing: Sequence[Piece]) -> bool:
    left, right = (float(np.flatnonzero(line.mask[:, column]).mean()) for column in (0, -1))
    rise = (right - left) / line.box.width

    def below(box: Box) -> float:
        """How far the line is below the upper edge of a box, in its heights."""
        return (line.box.y + left + rise * (box.x + box.width / 2 - line.box.x) - box.y) / box.height

    boxes = [piece.box for piece in standing if line.box.x <= piece.box.x + piece.box.width / 2 < line.box.right]
    over = [box for box in boxes if 1.0 - LINE_INTO <= below(box) < 1.0 + LINE_NEAR]
    is_crossed = any(0.0 < below(box) < 1.0 - LINE_INTO for box in boxes)
    is_bar = any(-LINE_NEAR < below(box) <= 0.0 and line.box.width < BAR_WIDTH * box.width for box in boxes)
    if not over or is_crossed or is_bar:
        return False
    together = reduce(Box.union, over)
    reaches_beyond = line.box.x < together.x and line.box.right > together.right
    return line.box.width >= LINE_COVERS * together.width and (reaches_beyond or together.width > together.height)


def without_strays_at_edges(
    pieces: Sequence[Piece], shape: tuple[int, ...], height_px: float, *, tight: bool
) -> list[Piece]:
    """Leave out what crosses an edge of the picture and is small, or large, beside what is wholly in it.

    A digit cut off is at most as large as the others; what is larger is the edge of a sheet, but for a tight crop. What
    is left of it may be several strokes.
    """
    whole = [piece for piece in pieces if not edges_at(piece.box, shape)]
    if not whole:
        return list(pieces)
    pieces = [*whole, *joined_strokes([piece for piece in pieces if piece not in whole], height_px)]
    whole_px = [longer_px(piece.box) for piece in whole]
    least, most = 0.5 * max(whole_px), np.inf if tight else LARGEST_STRAY * max(whole_px)
    return [piece for piece in pieces if not edges_at(piece.box, shape) or least <= longer_px(piece.box) <= most]


def faint_at_edges(pieces: Sequence[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """What touches the edge of a crop, is far fainter than what is wholly in it, and as high: a shadow, like a one."""
    whole = [piece for piece in pieces if not edges_at(piece.box, shape)]
    if not whole:
        return []
    largest = max(whole, key=lambda piece: piece.area)
    return [
        piece
        for piece in pieces
        if piece not in whole
        and FAINT[0] * largest.core <= piece.core < FAINT[1] * largest.core
        and piece.box.height >= LEAST_SHADE * largest.box.height
    ]


def beside_digits(
    found: Sequence[Piece], digits: Sequence[Piece], core: float, shape: tuple[int, ...]
) -> Iterator[Piece]:
    """What stands beside the digits, as dark and as high, and was left out: one crossed out, cut off, or lost.

    The edge of a sheet that the frame crosses, a corner of the table and a finger are none, nor is a ring around them
    without more writing on it.
    """
    for piece in found:
        if piece.core < BESIDE_CORE * core or any(_holds(digit.box, piece.box) for digit in digits):
            continue
        if any(_holds(piece.box, digit.box) for digit in digits):
            if _has_writing_between(piece, [digit.box for digit in digits]):
                yield piece
            continue
        if not any(_stands_beside(piece.box, digit.box) for digit in digits) or _is_long_line(piece, digits):
            continue
        edges = edges_at(piece.box, shape)
        if not edges or not (len(edges) > 1 or _is_thick(piece, digits, THICK) or _is_slim(piece.box)):
            yield piece


def _has_writing_between(outline: Piece, digits: Sequence[Box]) -> bool:
    """Whether a frame, a ring or a comb has more beside the digits within than its own strokes: one that touches it.

    Looked at is the middle of the digits' rows, where a frame's sides, a ring's ends and the teeth of a comb are thin.
    """
    height = float(np.median([box.height for box in digits]))
    if outline.box.height > BETWEEN_HIGHEST * height:
        return False
    for box in digits:
        left, right = round(box.x - BETWEEN_REACH * height), round(box.right + BETWEEN_REACH * height)
        near = Box(left, round(box.y + height / 4), right - left, round(height / 2))
        if not near.shared_area(outline.box):
            continue
        near = near.within(outline.box)
        band = view_of(outline.mask, Box(near.x - outline.box.x, near.y - outline.box.y, near.width, near.height))
        begins, _, widths, *_ = cv2.connectedComponentsWithStats(np.ascontiguousarray(band))[2][1:].T
        begins = begins + near.x - outline.box.x
        is_end = np.minimum(begins, outline.box.width - begins - widths) < RING_END * height
        if np.any((widths > BETWEEN_WIDTH * height) & ~is_end):
            return True
    return False


def rests_at_edges(
    found: Sequence[Piece], digits: Sequence[Piece], core: float, shape: tuple[int, ...], scale: Scale
) -> Iterator[Piece]:
    """What the frame's edge leaves of a digit beside others may be some crumbs of ink at that edge."""
    for piece in found:
        edges = edges_at(piece.box, shape)
        if len(edges) != 1 or piece.core < 0.6 * core or any(_holds(digit.box, piece.box) for digit in digits):
            continue
        beside = any(_is_rest_of_line(piece.box, digit.box) or _is_rest(piece.box, digit.box) for digit in digits)
        beside = beside and not _is_thick(piece, digits, REST_THICK)
        if beside and scale.clearness(piece) >= (INKY_CLEARNESS if piece.core >= INKY * core else REST_CLEARNESS):
            yield piece


def _is_rest_of_line(box: Box, digit: Box) -> bool:
    """Whether it may be what is left of another digit beside this one."""
    return (
        digit.y < middle_row(box) < digit.bottom
        and max(box.x - digit.right, digit.x - box.right) < digit.height
        and LEAST_REST * digit.height <= longer_px(box) <= digit.height
    )


def _is_rest(box: Box, digit: Box) -> bool:
    """Whether it may be the other end of a digit of which the strokes don't touch: it stands close above or below."""
    return (
        box.x < digit.right
        and digit.x < box.right
        and max(box.y - digit.bottom, digit.y - box.bottom) < CLOSE * digit.height
        and LEAST_REST * digit.height <= longer_px(box) <= digit.height
    )


def _is_thick(piece: Piece, digits: Sequence[Piece], factor: float) -> bool:
    """Whether it is so many times as wide as the strokes of all digits: a finger or the table."""
    return mean_stroke_px(piece) > factor * max(mean_stroke_px(digit) for digit in digits)


def _is_long_line(piece: Piece, digits: Sequence[Piece]) -> bool:
    """Whether it is a straight stroke far longer than any digit: a printed line, on a sheet that is held askew."""
    return piece.box.width > LONG_LINE * max(digit.box.height for digit in digits) and _is_straight_across(piece)


def _is_slim(box: Box) -> bool:
    """Whether it is far longer across than high, as the edge of a sheet."""
    return box.width > SLIM * box.height


def _stands_beside(box: Box, digit: Box) -> bool:
    """Whether something is as high as a digit, and nearer to it than that."""
    return (
        0.5 * digit.height <= box.height <= 2 * digit.height
        and max(box.x - digit.right, digit.x - box.right) < digit.height
        and max(box.y - digit.bottom, digit.y - box.bottom) < digit.height
    )


def has_gap_with_ink(pixels: Pixels, lines: Sequence[Sequence[Piece]], core: float) -> bool:
    """Whether a digit was lost between two others, to a shadow or a line that it touched: its ink is still there."""
    for before, after in (pair for line in lines for pair in pairwise(line)):
        top, bottom = min(before.box.y, after.box.y), max(before.box.bottom, after.box.bottom)
        gap = Box(before.box.right + 2, top, after.box.x - before.box.right - 4, bottom - top)
        if gap.width > GAP_SHARE * gap.height:
            ink = count_above(view_of(pixels, gap), 0.6 * core)
            if ink > LOST_INK * min(before.area, after.area):
                return True
    return False


def _holds(outer: Box, inner: Box) -> bool:
    return outer.x <= inner.x and inner.right <= outer.right and outer.y <= inner.y and inner.bottom <= outer.bottom
