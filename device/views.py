"""Several views of one frame - the whole, each sheet in it, a sheet turned - and which of them to believe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from device.clearness import PLAIN_CLEARNESS
from device.domain import Box, Pixels
from device.find import Writing
from device.judge import Evidence, Probabilities, trusts
from device.sheet import Sheet

SURE = 0.97
"""What is read as a digit with this probability is one, wherever it stands."""

LIKELY = 0.9
"""A digit that is as likely is counted as read where views are compared by how much they show."""

TURN_LEAD = 1.5
"""By so much worth (below) a turned sheet must be better to read than any other way to be believed surely."""

SHEET_SHARE = 0.7
"""A box that shares this much with a sheet's (intersection over union) is the sheet."""

MOST_OF_SHEET = 0.75
"""A digit takes no more of its sheet, box by box."""

UPRIGHT_LEAD = 0.4
"""So much more worth has a sheet that lies as it should: most do."""

LIKE = 1.6
"""What stands on a line is no edge if neither it nor its neighbour is so many times as high as the other."""

LEAST_HEIGHT = 0.35
"""A digit is at least as high as this share of another beside it, as in find."""

GRAIN_CLEARNESS = -1.0
"""A one that is less clear, beside plain writing and on no line with it, is the grain of the table or an edge."""

MOSTLY_READ = 0.95
"""What is read with this probability isn't tried turned."""

BENT = (2, 3, 5, 8)
"""Digits that no outline, all straight sides and right angles, looks like."""

EITHER_WAY_UP = (0, 1, 2, 5, 6, 8, 9)
"""Digits that are digits upside down too."""


UPSIDE_DOWN = str.maketrans("01689", "01986", "23457")
"""What digits are upside down; the others are none, though some may look like one."""


def is_upside_down(number: str, other: str) -> bool:
    """Whether a number is what another one says upside down, digit by digit: 61 is 19."""
    turned = other.translate(UPSIDE_DOWN)[::-1]
    return len(turned) == len(other) > 0 and turned == number


def alone(whole: Evidence, boxes: Sequence[Box]) -> list[int]:
    """The pieces that may be the outline or the edge of a sheet: no other beside them is as high and surely a digit.

    What is surely a digit made of bends is no outline either.
    """
    digits, sure = _digits(whole)
    witnesses = [index for index in range(len(boxes)) if sure[index] and digits[index] != 1]
    return [
        index
        for index, box in enumerate(boxes)
        if not (sure[index] and digits[index] in BENT)
        and not any(_stand_together(box, boxes[other]) for other in witnesses if other != index)
    ]


def may_be_edges(whole: Evidence, boxes: Sequence[Box], found: Sequence[Sheet]) -> bool:
    """Whether what was found may be the outline of a sheet, or an edge of it or the table's grain taken for a one.

    What leaves out digits that stand beside others is no sheet: light and shadow divide it.
    """
    lone = alone(whole, boxes)
    if any(_is_outline(boxes[index], sheet) for index in lone for sheet in found):
        return True
    digits, sure = _digits(whole)
    outside = [[index for index, box in enumerate(boxes) if not sheet.holds(box)] for sheet in found]
    outside = [left for left in outside if not any(sure[index] and index not in lone for index in left)]
    return any(digits[index] == 1 and index in lone for index in min(outside, key=len, default=[]))


def _digits(whole: Evidence) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The most probable class of each piece, 10 for no digit, and whether it is surely a digit."""
    return whole.probabilities.argmax(axis=1), whole.probabilities[:, :10].max(axis=1, initial=0.0) >= SURE


def _stand_together(one: Box, other: Box) -> bool:
    """Whether two boxes are on one line, and nearly of one height."""
    return one.is_beside(other) and _are_alike(one, other)


def _are_alike(one: Box, other: Box) -> bool:
    """Whether two boxes are nearly of one height."""
    return max(one.height, other.height) < LIKE * min(one.height, other.height)


def is_plain(whole: Evidence) -> bool:
    """Whether all that was found is writing beyond doubt, though it may be hard to read: no other view shows it better.

    A one isn't beyond doubt, nor is anything that the model takes for no digit.
    """
    best = whole.probabilities[:, :10].max(axis=1, initial=0.0)
    ones = whole.probabilities.argmax(axis=1) == 1
    clear = bool(whole.clearness) and min(whole.clearness) >= PLAIN_CLEARNESS
    return clear and bool((best > 0.5).all()) and not ones.any() and not (whole.other_ink or whole.cut_off)


def shows_more(view: Evidence, best: Evidence) -> bool:
    """Whether a view shows writing, rather a digit than not, where the best one shows none.

    Writing is what is plainly so, or as plainly as some of what is believed; and what is surely a digit, but for a one.
    What is far smaller than all that is believed is none of it.
    """
    plain = min(PLAIN_CLEARNESS, *best.clearness) if best.clearness else PLAIN_CLEARNESS
    least_px = LEAST_HEIGHT * min((box.height for box in best.boxes), default=0)
    return any(
        row[:10].max() > (0.5 if clear >= plain else SURE)
        and box.height >= least_px
        and (clear >= plain or row.argmax() != 1)
        and not any(box.shared_area(other) for other in best.boxes)
        for box, row, clear in zip(view.boxes, view.probabilities, view.clearness, strict=False)
    )


def is_fuller(view: Evidence, best: Evidence) -> bool:
    """Whether a view shows all that the best one does, and plain digits twice as many as all of that."""
    shows_all = shows_more(view, best) and not shows_more(best, view)
    return shows_all and plain_digits(view) >= 2 * max(1, len(best.boxes))


def plain_digits(view: Evidence) -> int:
    """How many pieces are plainly written, and rather one digit than another or none."""
    pairs = zip(view.clearness, view.probabilities, strict=False)
    return sum(clear >= PLAIN_CLEARNESS and float(row[:10].max()) >= LIKELY for clear, row in pairs)


def is_written_elsewhere(view: Evidence, best: Evidence) -> bool:
    """Whether a view shows several pieces that are plainly writing, of any size, and the best one a digit elsewhere.

    A shadow's edge on a bare table is as high as it likes.
    """
    return len(best.boxes) == 1 and is_written(view) and not any(box.shared_area(best.boxes[0]) for box in view.boxes)


def sheet_under(boxes: Sequence[Box], found: Sequence[Sheet]) -> Sheet | None:
    """The sheet on which all of these lie, or the most even one where nothing was found; None if there is none."""
    return next((sheet for sheet in found if all(sheet.holds(box) for box in boxes)), None)


def sheet_taken_for_writing(boxes: Sequence[Box], found: Sequence[Sheet]) -> Sheet | None:
    """The sheet of which the outline is all that was found; None if there is none."""
    return next((sheet for sheet in found for box in boxes if len(boxes) == 1 and _is_outline(box, sheet)), None)


def _is_outline(box: Box, sheet: Sheet) -> bool:
    return box.overlap(sheet.box) > SHEET_SHARE


def is_written(view: Evidence) -> bool:
    """Whether a view shows several pieces that are plainly writing, be they digits or not."""
    return sum(clear >= PLAIN_CLEARNESS for clear in view.clearness) > 1


def leaves_out(sheet: Sheet, boxes: Sequence[Box], writings: Sequence[Writing]) -> bool:
    """Whether the frame has plain writing outside of a sheet that is as large as that on it, whichever way it lies."""
    sizes_px = [max(box.width, box.height) for box in boxes]
    least_px, most_px = min(sizes_px, default=0) / LIKE, max(sizes_px, default=0) * LIKE
    return any(
        writing.clearness >= PLAIN_CLEARNESS
        and least_px < max(writing.box.width, writing.box.height) < most_px
        and not sheet.holds(writing.box)
        for writing in writings
    )


def is_rim(boxes: Sequence[Box], sheet: Sheet) -> bool:
    """Whether what was found on a sheet is its own rim, as that of a zero whose inside was taken for a sheet."""
    return any(box.area > MOST_OF_SHEET * sheet.box.area for box in boxes)


def cuts_through(sheet: Sheet, boxes: Sequence[Box]) -> bool:
    """Whether the outline crosses writing: then it is that of a shadow, or of the inside of a zero."""
    box = sheet.box
    return any(
        not sheet.holds(writing) and writing.shared_area(box) > 0.1 * writing.area and writing.area < box.area
        for writing in boxes
    )


def is_inside_writing(sheet: Sheet, writings: Sequence[Writing]) -> bool:
    """Whether the outline is that of the paper inside something written: a loop of a scribble."""
    return any(
        one.clearness > 0.0 and one.box.shared_area(sheet.box) == sheet.box.area < 0.5 * one.box.area
        for one in writings
    )


def without_strays(
    found: Sequence[Writing], inputs: Pixels, probabilities: Probabilities
) -> tuple[list[Writing], Pixels, Probabilities]:
    """Leave out what crosses the edge, is not surely a digit and stands on no line with one: a finger, a sheet.

    A one is never surely a digit there: any edge of a sheet looks like it, and so does its corner like a seven.
    """
    free = [
        writing
        for writing, row in zip(found, probabilities, strict=True)
        if not writing.cut_off and row[:10].max() >= SURE
    ]
    kept = [
        index
        for index, writing in enumerate(found)
        if not (writing.cut_off and free)
        or _is_digit_cut_off(writing, probabilities[index])
        or any(writing.box.is_beside(other.box) and writing.box.height < LIKE * other.box.height for other in free)
    ]
    return [found[index] for index in kept], inputs[kept], probabilities[kept]


def _is_digit_cut_off(writing: Writing, row: NDArray[np.float32]) -> bool:
    """Whether what crosses the edge is surely a digit; in a corner of the frame, one that no corner of a sheet is."""
    digit = int(row.argmax())
    return bool(row[:10].max() >= SURE) and digit != 1 and (digit in BENT or len(writing.cut_off) == 1)


def without_grain(
    found: Sequence[Writing], inputs: Pixels, probabilities: Probabilities
) -> tuple[list[Writing], Pixels, Probabilities]:
    """Leave out ones that are rather no writing, where plain writing is besides and they stand on no line with it."""
    plain = [
        writing.box
        for writing, row in zip(found, probabilities, strict=True)
        if writing.clearness >= PLAIN_CLEARNESS and row[:10].max() >= SURE and row.argmax() != 1
    ]
    kept = [
        index
        for index, (writing, row) in enumerate(zip(found, probabilities, strict=True))
        if not plain
        or row.argmax() != 1
        or writing.clearness >= GRAIN_CLEARNESS
        or any(_stand_together(writing.box, box) for box in plain)
    ]
    return [found[index] for index in kept], inputs[kept], probabilities[kept]


def cleared(found: Sequence[Writing], probabilities: Probabilities) -> tuple[float, ...]:
    """How clear each piece is beside the others: edges and grain are no digits, and stand on no line with some.

    What is surely a digit and no one, and stands beside another such as high, is plainly writing, and so is what stands
    beside them and is as clear by itself.
    """
    sure = [row[:10].max() >= SURE and row.argmax() not in (1, 10) for row in probabilities]
    witnesses = [writing for writing, is_sure in zip(found, sure, strict=True) if is_sure]
    lines = [
        [other for other in witnesses if other is not writing and _stand_together(writing.box, other.box)]
        for writing in found
    ]
    return tuple(
        max(writing.clearness, PLAIN_CLEARNESS)
        if line and (is_sure or writing.clearness >= min(other.clearness for other in line))
        else writing.clearness
        for writing, is_sure, line in zip(found, sure, lines, strict=True)
    )


def worth(evidence: Evidence) -> float:
    """How much can be read: a sure digit counts 1, one as likely as not less than 0, and junk -2.

    Where there are ones alone, which edges, fingers and grain look like, each is no likelier than it is trusted.
    """
    likely = evidence.probabilities[:, :10].max(axis=1, initial=0.0)
    if (evidence.probabilities.argmax(axis=1) == 1).all():
        likely = np.minimum(likely, 1.0 / (1.0 + np.exp(-trusts(evidence))))
    best = 1.0 + 2.0 * np.log(np.maximum(likely, 1e-6))
    return float(np.maximum(best, -2.0).sum()) - (1.0 if evidence.other_ink else 0.0)


def is_mostly_read(evidence: Evidence) -> bool:
    """Whether the digits are as likely, in the geometric mean, as those of a sheet that lies as it should."""
    best = np.maximum(evidence.probabilities[:, :10].max(axis=1, initial=0.0), 1e-6)
    return bool(best.size) and float(np.log(best).mean()) > np.log(MOSTLY_READ)


def is_one(evidence: Evidence) -> bool:
    """Whether a one alone was read, as which a whole line that stands on its end may be seen."""
    return bool(np.array_equal(evidence.probabilities.argmax(axis=1), [1]))
