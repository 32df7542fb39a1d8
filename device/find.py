"""Frame -> pieces of writing that may be digits, in reading order.

Ink is told from paper (`device.ink`), printed lines are taken out (`device.ruling`), what is connected becomes a piece
(`device.pieces`), blots, edges, grain (`device.clearness`) and outlines (`device.strays`) are left out, the strokes of
one digit are joined, and what remains is put into lines and groups (`device.order`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device.baselines import is_struck_out, underline
from device.clearness import LEAST_CLEARNESS, PLAIN_CLEARNESS, Scale
from device.domain import Advice, Box, Frame, Pixels
from device.ink import SCENE_PX, Contrast, contrast
from device.objects import eyelets, holes, lying_bars
from device.order import gap, in_lines, is_between, is_dot, is_in_boxes, widest_gap, without_marks
from device.pieces import (
    CLEAR,
    EDGE_SHARE,
    Piece,
    edges_at,
    grown,
    hairline_of,
    is_blot,
    joined_strokes,
    longer_px,
    mean_stroke_px,
    pieces_of,
    spanned,
    view_of,
    with_crumbs,
)
from device.ruling import without_lines
from device.strays import (
    FAINT,
    RULE_CORE,
    beside_digits,
    faint_at_edges,
    free_underlines,
    has_gap_with_ink,
    is_leading_dash,
    is_outline,
    is_rule,
    is_surroundings,
    rests_at_edges,
    without_strays_at_edges,
)

MOST_WRITINGS = 60
"""More than this is a page of text and not a number."""

LONGEST_STROKE = 6.0
"""Strokes of one digit are at most so long, in its longer sides: 4.5 in unipen, 3.8 in MNIST and bhmsds."""

LEAST_MARK = 0.8
"""A point that the pen made is at least this share of its strokes' width; what is smaller is a speck of the paper."""

LIKE_HEIGHT, LIKE_CORE, LIKE_CLEARNESS = 1.4, 0.8, 2.0
"""What differs from other writing by less than the first in height, has this share of its contrast at least, and is by
no more than the third less clear, is writing as well. Of 1,000 drawn scenes to tune on three more are right for it, and
one less is answered and wrong; with 1.5 three of them are not, with 2.5 there is one `ok` less."""

LIKE_BROAD, LIKE_BROAD_CLEARNESS = 0.5, 3.0
"""What is wider than the first share of its height is no edge of a sheet, and may be less clear by so much: beside an
edge no digit is clear. Of 1,000 drawn scenes to tune on four more are right for it, and one less is answered and
wrong."""

LEAST_LEFT_OUT = -3.2
"""Log odds below which nothing was lost with a piece that was left out: in 520 drawn scenes lost digits have -2.0 to
-3.1, edges of sheets and grain -2.6 to -5.7. In crops, edges of sheets from side to side have less than -4.5."""

WHOLE_RANK = 75.0
"""Percentile of the pieces' heights that is at most a digit's."""

LEAST_HEIGHT = 0.35
"""What is lower, as a share of the writing's usual height, is a mark or a part of a digit."""

WHOLE_HEIGHT = 0.7
"""What is lower, as a share of that height, is no number that was crossed out, though it may be a part of a digit."""

LARGEST = 3.0
"""What isn't plainly writing and is so many times as high as the writing is the edge of its sheet."""

UNDERLINED = 1.4
"""What is so many times as wide as high may be writing that touches the line below it."""

SOFT_PX = 3
"""So wide are the soft edges of a line, and the band above and below it that a pen's tremor fills."""

LEAST_FRAME_PX = 8
"""A smaller picture holds no digit, whatever its few pixels look like."""


@dataclass(frozen=True, slots=True, eq=False)
class Writing:
    """What may be one digit.

    Attributes:
        box: In pixels of the frame.
        ink: Its ink alone, as `preprocess.mnist_layout` takes it: uint8, the stroke's edge at 128.
        ink_box: What `ink` shows, in pixels of the frame: the box and a little paper around it.
        group: Number of its group, from 0, in reading order.
        after_mark: Between it and the one before stands a mark that is no digit: a point, a comma, a dash.
        cut_off: The edges of the frame that its strokes cross, as what to say about it.
        softness: How wide the soft edge of its strokes is, as a share of its longer side.
        tangled: It has more stroke than any digit: joined-up writing, a scribble, digits that touch.
        separated: It touched another, and was cut from it.
        clearness: Log odds that it is writing, rather than the edge of a sheet or the grain of a table.
    """

    box: Box
    ink: Pixels
    ink_box: Box
    group: int
    after_mark: bool
    cut_off: tuple[Advice, ...]
    softness: float
    tangled: bool = False
    separated: bool = False
    clearness: float = CLEAR


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What was found in a frame.

    Attributes:
        writings: In reading order; empty where there is no writing, and when there is too much.
        other_ink: There is something besides: more writing than a number can have, or a stroke lost.
        tight: The frame is a crop rather than a scene, in which strokes may touch the edge and still be whole.
        cut_off: The edges of a scene that cross something beside the writing and as large, which was left out.
        disorderly: Another order of the writing is as likely.
    """

    writings: tuple[Writing, ...] = ()
    other_ink: bool = False
    tight: bool = False
    cut_off: tuple[Advice, ...] = ()
    disorderly: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """What is written, in pixels of the contrast picture.

    Attributes:
        lines: What may be digits, in reading order.
        core: The usual contrast of their strokes.
        marks: What is smaller than a digit: points, commas, dashes.
        strokes_px: How wide the strokes of each are in the mean.
        disorderly: Another order is as likely.
        struck: Some writing was crossed out, and left out.
    """

    lines: Sequence[Sequence[Piece]]
    core: float
    marks: Sequence[Box]
    strokes_px: Mapping[Piece, float]
    disorderly: bool
    struck: bool

    @property
    def digits(self) -> list[Piece]:
        """Of all lines."""
        return [piece for line in self.lines for piece in line]


def find(
    frame: Frame, *, inverted: bool = False, wide: bool = False, paper: Pixels | None = None, slope: float = 0.0
) -> Finding:
    """Find what may be digits.

    Args:
        frame: Any.
        inverted: Look for light ink where dark ink seems to be, and the other way round.
        wide: Look for strokes up to a third as wide as the frame, in any case.
        paper: As `ink.contrast` takes it, where the frame is a sheet that was cut out of another.
        slope: Of that sheet, as `order.in_lines` takes it.
    """
    if max(frame.width_px, frame.height_px) < LEAST_FRAME_PX:
        return Finding()
    seen = contrast(frame, inverted=inverted, wide=wide, paper=paper)
    pixels = without_lines(seen.pixels, seen.level)
    finding = (_in_crop if min(pixels.shape) < SCENE_PX else _in_scene)(pixels, seen, slope)
    # In a crop of a few pixels, which was enlarged, a place is rounded off the frame.
    whole = Box(0, 0, frame.width_px, frame.height_px)
    inside = (replace(one, box=one.box.within(whole), ink_box=one.ink_box.within(whole)) for one in finding.writings)
    return replace(finding, writings=tuple(inside))


def _in_crop(pixels: Pixels, seen: Contrast, slope: float) -> Finding:
    """What may be digits in a picture that somebody cut around them."""
    found, pixels, seen = _without_holes_and_underlines(pixels, seen)
    hairline = hairline_of(seen.grey)
    pieces = [piece for piece in found if not is_blot(piece, pixels.shape, hairline)]
    scale = Scale(pixels, seen)
    across = [piece for piece in pieces if any(spanned(piece.box, pixels.shape))] if len(pieces) > 1 else []
    pieces = [piece for piece in pieces if piece not in across or scale.clearness(piece) >= LEAST_LEFT_OUT]
    rules = [piece for piece in pieces if is_rule(piece, pieces, pixels.shape)]
    shades = faint_at_edges(pieces, pixels.shape)
    pieces = [piece for piece in pieces if piece not in rules and piece not in shades]
    if not pieces:
        return Finding()
    text = _text(pieces, found, pixels.shape, slope, tight=True)
    if text is None:
        return Finding(other_ink=True)
    # As dark as the digits it may be a one of theirs.
    may_be_one = any(rule.core < RULE_CORE * piece.core for rule in rules for piece in text.digits)
    inside = (piece for piece in found if not edges_at(piece.box, pixels.shape))
    is_lost = any(True for _ in beside_digits(list(inside), text.digits, text.core, pixels.shape))
    is_doubtful = may_be_one or is_lost or bool(shades) or text.struck
    return Finding(tuple(_writings(text, pixels, seen)), is_doubtful, tight=True, disorderly=text.disorderly)


def _in_scene(pixels: Pixels, seen: Contrast, slope: float) -> Finding:
    """What may be digits among all that a camera sees."""
    found, pixels, seen = _without_holes_and_underlines(pixels, seen)
    scale = Scale(pixels, seen)
    hairline = hairline_of(seen.grey)
    may_be = (piece for piece in found if not is_blot(piece, pixels.shape, hairline))
    if not seen.is_wide:
        may_be = (piece for piece in may_be if not is_surroundings(piece, pixels.shape))
    pieces = [replace(piece, clearness=scale.clearness(piece)) for piece in may_be]
    clear = [piece for piece in pieces if seen.is_wide or piece.clearness >= LEAST_CLEARNESS]
    inside = [piece for piece in pieces if piece not in clear and not edges_at(piece.box, pixels.shape)]
    clear += _like(inside, clear)
    bars = lying_bars(clear)
    clear = [piece for piece in clear if piece not in bars]
    if not clear:
        return Finding()
    text = _text(clear, found, pixels.shape, slope, tight=False)
    if text is None:
        return Finding(other_ink=True)
    left_out = [
        *beside_digits(found, text.digits, text.core, pixels.shape),
        *rests_at_edges(found, text.digits, text.core, pixels.shape, scale),
    ]
    edges = tuple(dict.fromkeys(edge for piece in left_out for edge in edges_at(piece.box, pixels.shape)))
    is_lost = any(scale.clearness(piece) >= LEAST_LEFT_OUT for piece in left_out)
    is_lost = is_lost or has_gap_with_ink(pixels, text.lines, text.core)
    is_signed = any(is_leading_dash(mark, line[0].box) for line in text.lines for mark in text.marks)
    writings = tuple(_writings(text, pixels, seen))
    return Finding(writings, is_lost or is_signed or text.struck, cut_off=edges, disorderly=text.disorderly)


def _like(pieces: Sequence[Piece], others: Sequence[Piece]) -> list[Piece]:
    """The pieces that are as high, as dark and nearly as clear as two others at least; grain comes by the thousand."""
    (heights, cores, clearness, widths), (other_heights, other_cores, other_clearness, _) = (
        np.array([(one.box.height, one.core, one.clearness, one.box.width) for one in some], np.float64)
        .reshape(-1, 4)
        .T
        for some in (pieces, others)
    )
    less_clear = np.where(widths > LIKE_BROAD * heights, LIKE_BROAD_CLEARNESS, LIKE_CLEARNESS)
    alike = (
        (np.maximum.outer(heights, other_heights) < LIKE_HEIGHT * np.minimum.outer(heights, other_heights))
        & (cores[:, None] > LIKE_CORE * other_cores)
        & (clearness[:, None] > other_clearness - less_clear[:, None])
    )
    return [piece for piece, count in zip(pieces, alike.sum(axis=1), strict=True) if count > 1]


def _without_holes_and_underlines(pixels: Pixels, seen: Contrast) -> tuple[list[Piece], Pixels, Contrast]:
    """All ink but the holes of a binding, an eyelet and the lines below writing, and the pictures without them."""
    found = list(pieces_of(pixels, seen.level))
    lines = [*holes(found), *eyelets(found), *_underlines(found, pixels.shape)]
    if not lines:
        return found, pixels, seen
    pixels, seen = _without(lines, pixels, seen)
    return list(pieces_of(pixels, seen.level)), pixels, seen


def _underlines(found: Sequence[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """The lines below writing, those that it touches and those that stand free, but the edges of sheets."""
    inside = [piece for piece in found if not edges_at(piece.box, shape)]
    wide = ((piece, underline(piece.mask)) for piece in inside if piece.box.width > UNDERLINED * piece.box.height)
    touched = [replace(piece, mask=line) for piece, line in wide if line is not None]
    return [*touched, *free_underlines(inside)]


def _without(lines: Sequence[Piece], pixels: Pixels, seen: Contrast) -> tuple[Pixels, Contrast]:
    """Both pictures with bare paper where these lines and their soft edges are.

    Paper is as bright as what is there would be without its contrast.
    """
    pixels, grey = pixels.copy(), seen.grey.copy()
    for line in lines:
        place = grown(line.box, SOFT_PX, pixels.shape)
        mask = np.zeros((place.height, place.width), np.uint8)
        view_of(mask, Box(line.box.x - place.x, line.box.y - place.y, line.box.width, line.box.height))[...] = line.mask
        gone = cv2.dilate(mask, np.ones((2 * SOFT_PX + 1, 3), np.uint8)) > 0
        paper = view_of(grey, place)[gone] * (255.0 / (256.0 - view_of(seen.pixels, place)[gone]))
        view_of(grey, place)[gone] = np.minimum(paper, 255.0).astype(np.uint8)
        view_of(pixels, place)[gone] = 0
    return pixels, replace(seen, grey=grey)


def _text(
    pieces: Sequence[Piece], found: Sequence[Piece], shape: tuple[int, ...], slope: float, *, tight: bool
) -> _Text | None:
    """What is written; None where it is more than a number.

    Args:
        pieces: What may be writing, at least one.
        found: All ink, among which points are looked for.
        shape: Of the picture.
        slope: As for `find`.
        tight: It was cut around the writing.
    """
    height_px, core = _usual(pieces)
    pieces = [piece for piece in pieces if piece.core >= FAINT[0] * core and longer_px(piece.box) >= 0.08 * height_px]
    pieces = [
        piece for piece in pieces if piece.clearness >= PLAIN_CLEARNESS or piece.box.height <= LARGEST * height_px
    ]
    pieces = [piece for piece in pieces if not is_outline(piece, pieces)]
    pieces = without_strays_at_edges(pieces, shape, height_px, tight=tight)
    dots = [piece for piece in found if is_dot(piece, height_px)]
    crumbs = [piece for piece in dots if piece.core >= 0.6 * core]
    pieces = with_crumbs(joined_strokes(pieces, height_px), crumbs, height_px)
    struck = [piece for piece in pieces if _is_struck_out(piece, height_px)]
    digits = [piece for piece in pieces if piece.box.height >= LEAST_HEIGHT * height_px and piece not in struck]
    if len(digits) > MOST_WRITINGS:
        return None
    small = [piece for piece in pieces if piece.box.height < LEAST_HEIGHT * height_px]
    strokes_px = {piece: mean_stroke_px(piece) for piece in digits}
    least_px = LEAST_MARK * float(np.median(list(strokes_px.values()))) if digits else 0.0
    marks = [piece.box for piece in small + dots if piece.core >= 0.6 * core and longer_px(piece.box) >= least_px]
    ordered, disorderly = in_lines(digits, slope)
    lines, between = zip(*map(without_marks, ordered), strict=True) if digits else ((), ())
    return _Text(
        lines, core, [*marks, *(mark for some in between for mark in some)], strokes_px, disorderly, bool(struck)
    )


def _writings(text: _Text, pixels: Pixels, seen: Contrast) -> Iterator[Writing]:
    """The digits with their own ink, places as in the frame, groups counted from 0."""
    group, widest = -1, widest_gap(text.lines)
    for line in text.lines:
        widest_here = np.inf if is_in_boxes(line) else widest
        for before, piece in zip([None, *line], line, strict=False):
            marked = before is not None and any(is_between(mark, before.box, piece.box) for mark in text.marks)
            group += before is None or marked or gap(before, piece, line) > widest_here
            ink, ink_box = _ink(pixels, piece)
            yield Writing(
                box=piece.box.scaled(1 / seen.factor),
                ink=ink,
                ink_box=ink_box.scaled(1 / seen.factor),
                group=group,
                after_mark=marked,
                cut_off=_cut_off(piece, pixels.shape),
                softness=_softness(pixels, piece),
                tangled=_is_tangle(piece, text.strokes_px[piece]),
                clearness=piece.clearness,
            )


def _is_struck_out(piece: Piece, height_px: float) -> bool:
    """Whether it is writing of this usual height, of several digits, that somebody crossed out."""
    is_wide = piece.box.width > UNDERLINED * piece.box.height
    return is_wide and piece.box.height >= WHOLE_HEIGHT * height_px and is_struck_out(piece.mask)


def _usual(pieces: Sequence[Piece]) -> tuple[float, float]:
    """Height and contrast of the writing: medians over the pieces with much ink, of those that are plainly writing.

    The edge of a sheet has more ink than small digits, but is fainter.
    """
    plain = [piece for piece in pieces if piece.clearness >= PLAIN_CLEARNESS]
    pieces = [
        piece for piece in plain if not is_outline(piece, [other for other in plain if other.core >= piece.core])
    ] or pieces
    most = max(piece.area * piece.core for piece in pieces)
    main = [piece for piece in pieces if piece.area * piece.core >= 0.15 * most]
    height_px = float(np.median([max(piece.box.height, piece.box.width / 2) for piece in main]))
    # Of chalk and pencil half of the pieces may be parts of digits.
    height_px = max(height_px, float(np.percentile([piece.box.height for piece in main], WHOLE_RANK)))
    return height_px, float(np.median([piece.core for piece in main]))


def _cut_off(piece: Piece, shape: tuple[int, ...]) -> tuple[Advice, ...]:
    """The edges that its strokes cross; none for a tight crop, in which they touch opposite ones."""
    return () if any(spanned(piece.box, shape)) else edges_at(piece.box, shape)


def _is_tangle(piece: Piece, stroke_px: float) -> bool:
    """Whether it has more stroke, so wide, than any digit: joined-up writing, a scribble, a drawing."""
    return piece.area / stroke_px > LONGEST_STROKE * longer_px(piece.box)


def _softness(pixels: Pixels, piece: Piece) -> float:
    """Pixels from paper to core at the steepest twentieth of its edges, as a share of its longer side."""
    window = view_of(pixels, piece.box)
    steepness = cv2.magnitude(cv2.Sobel(window, cv2.CV_32F, 1, 0), cv2.Sobel(window, cv2.CV_32F, 0, 1)) / 8
    steepest = _at_rank(steepness[piece.mask > 0], 0.95)
    return piece.core / max(1.0, steepest) / longer_px(piece.box)


def _ink(pixels: Pixels, piece: Piece) -> tuple[Pixels, Box]:
    """The piece's own ink with the soft edge around it, strong enough that the stroke's edge is at 128; and where."""
    margin = 2
    box = Box(piece.box.x - margin, piece.box.y - margin, piece.box.width + 2 * margin, piece.box.height + 2 * margin)
    left, top = max(0, box.x), max(0, box.y)
    window = pixels[top : box.bottom, left : box.right]
    mask = np.zeros((box.height, box.width), np.uint8)
    mask[margin:-margin, margin:-margin] = piece.mask
    mask = np.asarray(cv2.dilate(mask, np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)), np.uint8)
    mask = mask[top - box.y :, left - box.x :][: window.shape[0], : window.shape[1]]
    ink = np.asarray(cv2.convertScaleAbs(window * mask, alpha=128 / (EDGE_SHARE * piece.core)), np.uint8)
    return ink, Box(left, top, window.shape[1], window.shape[0])


def _at_rank(values: NDArray[Any], share: float) -> float:
    """The value that this share of all lies below, without the preparations of np.percentile."""
    rank = int(values.size * share)
    return float(np.partition(values, rank)[rank])
