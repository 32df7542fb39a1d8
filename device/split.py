"""Touching digits -> digits: where to cut is proposed by the ink, and decided by the classifier.

Over-segmentation with recognition (Casey and Lecolinet 1996, doi:10.1109/34.506792): paths from top to bottom that meet
little ink are possible cuts; everything between two of them is a possible digit; of all ways to read the writing from
left to right the one with the best scores is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from device.domain import Box, Pixels
from device.find import Writing

WORK_PX = 64
"""Height at which cuts are looked for and tried."""

EMPTY_COST = 0.01
"""Of one step of a cut through bare paper; a step through full ink costs 1."""

SIDEWAYS = 0.4
"""What a sideways step costs more, as a share of the step."""

APART_PX = 5
"""Cuts nearer to each other than this are one, at the working height."""

ROWS = (10, 21, 32, 43, 54)
"""Rows at the working height in which paths are compared: where two round digits touch, only the rows above and below
show the gap."""

MOST_CUTS, CUTS_PER_WIDTH = 20, 5
"""Cuts tried in one piece of writing, the cheapest first: at most so many, and 3 and so many for each time its height
that it is wide."""

WIDEST, NARROWEST = 1.35, 0.06
"""A digit is at most, and at least, so wide, as a share of the writing's height."""

CUT_WEIGHT = 0.15
"""What a cut through ink counts against a reading, per pixel of ink at the working height, in nats. Of 200 drawn scenes
to tune on, 145 are right with 0.2, 146 with 0.15 and 148 with 0.1, with which a sheet upside down is taken apart."""

LEAD_WEIGHT = 3.0
"""Steepness with which a lead over ways with another number of digits, in nats, makes sure of the number. Chosen on 700
strings of MNIST's training digits and unipen's validation digits, most of them touching: at 1.0 nat, an eighth of the
right readings stays below, and nine of twelve wrong ones."""

SHARED = 3.0
"""How far a stroke that a cut runs through still belongs to the other side, in pixels at the working height."""

SURELY_ONE, WIDEST_ONE = 0.998, 0.9
"""What is read as a digit with this probability, and is no wider than this share of its height, isn't shown to the row
reader: the two err seldom together. Of 1,000 drawn scenes to tune on 786 are then answered and right and 9 answered and
wrong, with 0.97 784 and 11, with 0.9995 787 and 9."""

Path = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What may be one digit of a piece of writing.

    Attributes:
        begin: Number of the cut at its left; 0 is the left edge.
        end: Number of the cut at its right.
        ink: At the working height, uint8, cropped to itself.
    """

    begin: int
    end: int
    ink: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """All ways to read a piece of writing from left to right.

    Attributes:
        cuts: Column of each cut in each row at the working height, from the left edge to the right one.
        costs: Ink that each cut goes through, in pixels at the working height.
        parts: What may be a digit.
    """

    cuts: tuple[Path, ...]
    costs: tuple[float, ...]
    parts: tuple[Part, ...]


def lattice(ink: Pixels) -> Lattice:
    """Propose cuts.

    Args:
        ink: Of what may be several digits, uint8, shape (h, w); the stroke's edge at 128.
    """
    width = max(1, round(ink.shape[1] * WORK_PX / ink.shape[0]))
    shrinks = ink.shape[0] > WORK_PX
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    work = np.asarray(cv2.resize(ink, (width, WORK_PX), interpolation=interpolation), np.uint8)
    paths, costs = _cuts(work)
    cuts = (np.zeros(WORK_PX, np.int64), *paths, np.full(WORK_PX, width))
    parts = []
    for begin in range(len(cuts) - 1):
        for end in range(begin + 1, len(cuts)):
            part = _between(work, cuts[begin], cuts[end])
            is_whole = begin == 0 and end == len(cuts) - 1
            if part.size and (is_whole or NARROWEST * WORK_PX <= part.shape[1] <= WIDEST * WORK_PX):
                parts.append(Part(begin, end, part))
    return Lattice(cuts, (0.0, *costs, 0.0), tuple(parts))


def straight(ink: Pixels, columns: Sequence[float]) -> Lattice:
    """The one way to cut ink from top to bottom at these columns."""
    width = max(1, round(ink.shape[1] * WORK_PX / ink.shape[0]))
    scale = width / ink.shape[1]
    work = np.asarray(cv2.resize(ink, (width, WORK_PX), interpolation=cv2.INTER_AREA), np.uint8)
    places = (0, *(min(max(0, round(column * scale)), width) for column in columns), width)
    cuts = tuple(np.full(WORK_PX, place) for place in places)
    costs = tuple(float((work[:, min(place, width - 1)] >= 128).sum()) for place in places)
    parts = [Part(left, left + 1, _between(work, cuts[left], cuts[left + 1])) for left in range(len(cuts) - 1)]
    return Lattice(cuts, (0.0, *costs[1:-1], 0.0), tuple(parts))


def best_way(lattice: Lattice, log_probabilities: Sequence[float]) -> tuple[list[Part], float]:
    """The parts, from left to right, whose scores less the costs of the cuts are best in sum; and how sure that is.

    Args:
        lattice: The proposals.
        log_probabilities: For each of its parts, the logarithm of its best digit's probability.

    Returns:
        The parts, and how sure it is that they are so many, 0.5..1: where one digit can as well be two, a half.
        Without any part, nothing and 0.0.
    """
    last = len(lattice.cuts) - 1
    best: list[dict[int, tuple[float, list[Part]]]] = [{0: (0.0, [])}, *({} for _ in range(last))]
    for part, score in sorted(zip(lattice.parts, log_probabilities, strict=True), key=lambda pair: pair[0].end):
        own = score - CUT_WEIGHT * lattice.costs[part.end]
        for count, (before, way) in best[part.begin].items():
            if before + own > best[part.end].get(count + 1, (-np.inf, []))[0]:
                best[part.end][count + 1] = (before + own, [*way, part])
    totals = sorted(best[last].values(), key=lambda found: found[0], reverse=True)
    if not last or not totals:
        return [], 0.0
    best_total, way = totals[0]
    lead = best_total - totals[1][0] if len(totals) > 1 else np.inf
    return way, float(1.0 / (1.0 + np.exp(-LEAD_WEIGHT * lead)))


def ink_of(ink: Pixels, lattice: Lattice, part: Part) -> tuple[Pixels, tuple[int, int, int, int]]:
    """A part's ink at full size, cropped, and its x, y, width and height in the whole writing's ink; never empty."""
    rows = np.minimum((np.arange(ink.shape[0]) * WORK_PX) // ink.shape[0], WORK_PX - 1)
    scale = ink.shape[1] / lattice.cuts[-1][0]
    left, right = (np.rint(lattice.cuts[cut][rows] * scale).astype(int) for cut in (part.begin, part.end))
    own = _own(ink, left, right)
    x, y, width, height = cv2.boundingRect((own >= 128).view(np.uint8))
    if width == 0:  # narrower than a pixel of the whole ink: there is nothing in it, where it stands
        x, y, width, height = int(min(left.min(), ink.shape[1] - 1)), 0, 1, ink.shape[0]
    return own[y : y + height, x : x + width], (x, y, width, height)


def is_one_digit(writing: Writing, probabilities: NDArray[np.float32]) -> bool:
    """Whether there is no doubt that it need not be taken apart."""
    is_sure = float(probabilities[:10].max()) >= SURELY_ONE and not writing.tangled
    return is_sure and writing.box.width <= WIDEST_ONE * writing.box.height


def part_of(writing: Writing, proposed: Lattice, part: Part) -> Writing:
    """One digit of several that touch, as a piece of writing of its own."""
    ink, (x, y, width, height) = ink_of(writing.ink, proposed, part)
    whole = writing.ink_box
    across, down = whole.width / writing.ink.shape[1], whole.height / writing.ink.shape[0]
    left, top = whole.x + round(x * across), whole.y + round(y * down)
    box = Box(left, top, round(width * across), round(height * down)).within(whole)
    first = part.begin == 0
    touched = max(proposed.costs[part.begin], proposed.costs[part.end]) > 1.0
    return replace(
        writing,
        box=box,
        ink=ink,
        ink_box=box,
        after_mark=writing.after_mark and first,
        separated=touched,
        tangled=False,
    )


def _cuts(work: Pixels) -> tuple[list[Path], list[float]]:
    """Paths from top to bottom that meet little ink, from left to right, and how much they meet."""
    inked = np.flatnonzero((work >= 128).any(axis=0))
    if not inked.size:
        return [], []
    steps = work.astype(np.float64) / 255.0 + EMPTY_COST
    totals, came = _cheapest(np.stack([steps, steps[::-1]]))
    through = totals[0] + totals[1, ::-1] - steps  # cost of the cheapest path through each pixel
    above, below = came[0], came[1, ::-1]
    proposed: list[tuple[float, int, int, Path]] = []
    for row in ROWS:
        columns = _minima(through[row])
        paths = _paths(above, below, row, np.array(columns, np.int64))
        proposed += zip(through[row, columns].tolist(), [row] * len(columns), columns, paths, strict=True)
    first, last = inked[0] + APART_PX // 2, inked[-1] - APART_PX // 2
    chosen: list[tuple[float, Path]] = []
    for cost, _, _, path in sorted(proposed, key=lambda one: one[:3]):
        is_new = all(float(np.abs(path - other).mean()) >= APART_PX / 2 for _, other in chosen)
        if is_new and first < path.mean() < last:
            chosen.append((max(0.0, cost - WORK_PX * EMPTY_COST), path))
        if len(chosen) == min(MOST_CUTS, 3 + round(CUTS_PER_WIDTH * work.shape[1] / WORK_PX)):
            break
    chosen.sort(key=lambda cut: float(cut[1].mean()))
    return [path for _, path in chosen], [cost for cost, _ in chosen]


def _minima(through: NDArray[np.float64]) -> list[int]:
    """Columns where a cut costs no more than near by: of a gap its middle, of a long stroke across also its ends."""
    lowest = cv2.erode(through[None, :].astype(np.float32), np.ones((1, 2 * APART_PX + 1)))[0]
    is_low = np.concatenate([[False], through <= lowest + 0.3, [False]])
    begins, ends = np.flatnonzero(is_low[1:] & ~is_low[:-1]), np.flatnonzero(is_low[:-1] & ~is_low[1:])
    found: list[int] = []
    for begin, end in zip(begins, ends, strict=True):
        crosses_ink = through[begin:end].min() > through.min() + 1.0
        at = (
            (begin + 1, (begin + end) // 2, end - 2)
            if crosses_ink and end - begin > 3 * APART_PX
            else ((begin + end) // 2,)
        )
        found += [int(column) for column in at]
    return found


def _cheapest(steps: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """For each pixel of some pictures the cost of the cheapest way to it from the first row, and its last step.

    Args:
        steps: Cost of a step to each pixel, shape (n, h, w).

    Returns:
        The costs and the steps, -1, 0 or 1 sideways, both of that shape.
    """
    total = steps.copy()
    came = np.zeros(steps.shape, np.int8)
    sideways = SIDEWAYS * steps
    for row in range(1, steps.shape[1]):
        before, here, step = total[:, row - 1], sideways[:, row], came[:, row]
        best = before.copy()
        from_left = before[:, :-1] + here[:, 1:]
        step[:, 1:][from_left <= best[:, 1:]] = -1
        np.minimum(best[:, 1:], from_left, out=best[:, 1:])
        from_right = before[:, 1:] + here[:, :-1]
        step[:, :-1][from_right < best[:, :-1]] = 1
        np.minimum(best[:, :-1], from_right, out=best[:, :-1])
        total[:, row] += best
    return total, came


def _paths(above: NDArray[np.int8], below: NDArray[np.int8], row: int, columns: Path) -> NDArray[np.int64]:
    """The whole ways through some pixels of a row, shape (n, WORK_PX)."""
    paths = np.empty((len(columns), WORK_PX), np.int64)
    paths[:, row] = columns
    for upper in range(row, 0, -1):
        paths[:, upper - 1] = paths[:, upper] + above[upper, paths[:, upper]]
    for lower in range(row, WORK_PX - 1):
        paths[:, lower + 1] = paths[:, lower] + below[lower, paths[:, lower]]
    return paths


def _between(work: Pixels, left: Path, right: Path) -> Pixels:
    """The ink between two cuts, cropped."""
    own = _own(work, left, right)
    x, y, width, height = cv2.boundingRect((own >= 128).view(np.uint8))
    return own[y : y + height, x : x + width]


def _own(ink: Pixels, left: Path, right: Path) -> Pixels:
    """The ink between two cuts, 0 elsewhere; a stroke that a cut runs through belongs to both of its sides."""
    rows = np.arange(ink.shape[0])
    shared = SHARED * ink.shape[0] / WORK_PX
    first = left - np.where(_is_ink(ink, rows, left), shared, 0)
    beyond = right + np.where(_is_ink(ink, rows, right), shared, 0)
    columns = np.arange(ink.shape[1])
    return np.where((columns >= first[:, None]) & (columns < beyond[:, None]), ink, np.uint8(0))


def _is_ink(ink: Pixels, rows: Path, columns: Path) -> NDArray[np.bool_]:
    return np.asarray((columns < ink.shape[1]) & (ink[rows, np.minimum(columns, ink.shape[1] - 1)] >= 128), np.bool_)
