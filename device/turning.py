"""A sheet that lies any way: what can be read on it once it is turned, and whether that is better than as it lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from device.clearness import PLAIN_CLEARNESS
from device.domain import Box
from device.judge import Evidence
from device.looking import Looker, Observation
from device.orient import ASKEW, lies_askew, possible_turns, turned, turned_back, turned_like
from device.sheet import Sheet, cut_out, sheets
from device.views import (
    EITHER_WAY_UP,
    TURN_LEAD,
    UPRIGHT_LEAD,
    is_mostly_read,
    is_one,
    is_upside_down,
    leaves_out,
    sheet_taken_for_writing,
    sheet_under,
    worth,
)

CERTAIN_DIGITS, CERTAIN = 4, 0.98
"""So many digits, each as likely as the second, are not read by luck."""


def seen_askew(last: Observation, evidence: Evidence) -> bool:
    """Whether what was seen lies as no upright sheet does, by its line or by the sheet that it was seen on."""
    return lies_askew(evidence.boxes, evidence.groups, last.sheet.degrees if last.sheet else None)


def doubted(last: Observation, evidence: Evidence) -> Observation | None:
    """What was seen, in doubt, where it lies as no upright sheet does; else None."""
    return replace(last, evidence=replace(evidence, ambiguous=True)) if seen_askew(last, evidence) else None


def turned_upright(looker: Looker, last: Observation, upright: Evidence) -> Observation | None:
    """The last frame seen with its sheet turned upright, where that is better to read than as it lies.

    Where it isn't, although the writing lies as no upright sheet's does, what no turned view says too is doubted.
    """
    askew = doubted(last, upright)
    is_read = is_mostly_read(upright) and askew is None and not is_one(upright)
    if is_read and not upright.other_ink:
        return None
    sheet = _sheet_of(looker, last)
    # What is read lies as it should, if not quite straight, unless most of what is written was left out.
    most_degrees = ASKEW[0] if is_read and len(last.whole) <= 2 * len(upright.boxes) else 180.0
    turns = (view for view in _turns(looker, last, sheet, most_degrees) if view.evidence.boxes)
    views = [replace(last, evidence=upright), *turns]
    # Most sheets lie as they should, but this one.
    lead = 0.0 if lies_askew((), (), sheet.degrees if sheet else None) else UPRIGHT_LEAD
    worths = [worth(view.evidence) + (lead if view is views[0] else 0.0) for view in views]
    best = int(np.argmax(worths))
    chosen, said = views[best], looker.number(views[best])
    if len(said) > 1 and is_upside_down(said, looker.number(views[0])):
        return askew  # either is as good, and most sheets lie as they should
    if said == looker.number(views[0]) and any(writing.after_mark for writing in last.writings):
        return askew  # the same digits, but that a comma or a minus between them was lost in turning
    if best == 0:
        is_seen_again = any(looker.number(view) == said for view in views[1:])
        return None if is_seen_again else askew
    rival = max((value for value, view in zip(worths, views, strict=True) if looker.number(view) != said), default=0)
    digits = chosen.evidence.probabilities[:, :10].argmax(axis=1)
    either_way = bool(np.isin(digits, EITHER_WAY_UP).all())
    # What was hardly to be seen upright may be read otherwise by luck; many a letter is a digit once it is turned.
    is_chance = len(said) < CERTAIN_DIGITS or chosen.evidence.probabilities[:, :10].max(axis=1).min() < CERTAIN
    by_luck = (bool(upright.advice) and is_chance and abs(chosen.degrees) > ASKEW[0]) or len(said) == 1
    ambiguous = either_way or by_luck or worths[best] - rival < TURN_LEAD
    return replace(chosen, evidence=replace(chosen.evidence, advice=upright.advice, ambiguous=ambiguous))


def _sheet_of(looker: Looker, last: Observation) -> Sheet | None:
    """The sheet on which all lies that was seen, or else all that is plainly writing; None if there is none."""
    boxes = last.places
    if last.sheet is not None and leaves_out(last.sheet, boxes, last.whole):
        return None  # a shadow's end, rather than a sheet's
    found = sheets(last.frame)
    plain = [one.box for one in last.whole if one.clearness >= PLAIN_CLEARNESS]
    if not looker.number(last):  # all may be one piece, and the box around turned writing reaches beyond its sheet
        plain = [_middle(box) for box in plain]
    on_sheet = sheet_under(boxes, found) or sheet_under(plain, found)
    return sheet_taken_for_writing(boxes, found) or last.sheet or on_sheet


def _turns(looker: Looker, last: Observation, sheet: Sheet | None, most_degrees: float) -> Iterator[Observation]:
    """What can be seen on the sheet, or in the part of the frame with writing, turned in every likely way."""
    frame, boxes, corner, factor, mask = last.frame, last.places, (0, 0), 1.0, None
    if sheet is not None:
        cutting = cut_out(frame, sheet)
        frame, corner, factor, mask = cutting.frame, cutting.corner, cutting.factor, cutting.mask
        boxes = []  # all of the sheet is turned: what is found of writing that lies is not all
    else:
        boxes = list(dict.fromkeys([*(one.box for one in last.whole), *boxes]))
    for degrees in possible_turns(frame, boxes, sheet.degrees if sheet else None):
        if abs(degrees) > most_degrees:
            continue
        view, back = turned(frame, degrees, boxes)
        seen = looker.look(view, paper=None if mask is None else turned_like(mask, back, view.pixels.shape))
        on_frame = (turned_back(box, back, frame.pixels.shape).scaled(1 / factor) for box in seen.places)
        places = (Box(box.x + corner[0], box.y + corner[1], box.width, box.height) for box in on_frame)
        evidence = replace(seen.evidence, boxes=tuple(place.scaled(frame.scale) for place in places))
        yield Observation(last.frame, seen.model_inputs, evidence, sheet, degrees=degrees)


def _middle(box: Box) -> Box:
    """One pixel."""
    return Box(box.x + box.width // 2, box.y + box.height // 2, 1, 1)
