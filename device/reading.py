"""Frames -> Reading: find, preprocess, classify, judge. The one place where that order stands, for every program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from device.advice import advise
from device.config import ReadingConfig
from device.domain import Box, Frame, Pixels, Reading, Status
from device.find import Writing, find
from device.fuse import fused
from device.judge import Evidence, Probabilities, calibrated, judged
from device.orient import possible_turns, turned, turned_back
from device.ports import Classifier
from device.preprocess import INPUT_PX, mnist_layout
from device.sheet import Sheet, cut_out, shared, shared_area, sheets
from device.split import Lattice, Part, best_way, ink_of, lattice

SURELY_ONE, WIDEST_ONE = 0.97, 0.9
"""What is read as a digit with this probability, and is no wider than this share of its height, isn't taken apart."""

MOST_PARTS = 150
"""Possible digits tried in one frame, before the last piece of writing: joined-up writing takes no longer."""


TURN_LEAD = 1.5
"""By so much, in nats, a turned sheet must be better to read than as it lies, and than any other way."""

SHEET_SHARE = 0.5
"""A box that shares this much with a sheet's (intersection over union) is the sheet."""

MOST_OF_SHEET = 0.75
"""A digit takes no more of its sheet, box by box."""

MOSTLY_READ = 0.7
"""What is read with this probability isn't tried turned."""

EITHER_WAY_UP = (0, 1, 2, 5, 6, 8, 9)
"""Digits that are digits upside down too."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One frame and what was seen in it.

    Attributes:
        frame: The frame.
        model_inputs: The pieces of writing in MNIST layout, uint8, shape (n, 28, 28), in reading order.
        evidence: What the model says about them.
        sheet: What they were found on, where that was looked at alone.
    """

    frame: Frame
    model_inputs: Pixels
    evidence: Evidence
    sheet: Sheet | None = None


def _boxes(seen: Observation) -> list[Box]:
    """Places in pixels of the frame."""
    return [box.scaled(1 / seen.frame.scale) for box in seen.evidence.boxes]


def _may_be_edges(whole: Observation, found: Sequence[Sheet]) -> bool:
    """Whether what was found may be the outline of a sheet, or an edge of it or the table's grain taken for a one."""
    boxes = _boxes(whole)
    if any(shared(box, sheet.box) > SHEET_SHARE for box in boxes for sheet in found):
        return True
    digits = whole.evidence.probabilities[:, :10].argmax(axis=1).tolist()
    outside = [[digit for box, digit in zip(boxes, digits, strict=True) if not sheet.holds(box)] for sheet in found]
    return bool(outside) and 1 in min(outside, key=len)


def _is_frame_of(view: Observation) -> bool:
    """Whether what was found on a sheet is its own rim, as that of a zero whose inside was taken for a sheet."""
    area = view.sheet.box.area if view.sheet else 0
    return any(box.area > MOST_OF_SHEET * area for box in _boxes(view))


def _cuts_through(sheet: Sheet, whole: Observation) -> bool:
    """Whether the outline crosses writing: then it is that of a shadow, or of the inside of a zero."""
    box = sheet.box
    return any(
        not sheet.holds(writing) and shared_area(writing, box) > 0.1 * writing.area and writing.area < box.area
        for writing in _boxes(whole)
    )


def _without_strays(
    found: Sequence[Writing], inputs: Pixels, probabilities: Probabilities
) -> tuple[list[Writing], Pixels, Probabilities]:
    """Leave out what crosses the edge, is not surely a digit and stands on no line with one: a finger, a sheet."""
    free = [
        writing
        for writing, row in zip(found, probabilities, strict=True)
        if not writing.cut_off and row[:10].max() >= SURELY_ONE
    ]
    kept = [
        index
        for index, writing in enumerate(found)
        if not (writing.cut_off and free)
        or probabilities[index, :10].max() >= SURELY_ONE
        or any(_on_one_line(writing.box, other.box) for other in free)
    ]
    return [found[index] for index in kept], inputs[kept], probabilities[kept]


def _on_one_line(one: Box, other: Box) -> bool:
    """Whether more than half of the lower box is beside the other."""
    return min(one.bottom, other.bottom) - max(one.y, other.y) > 0.5 * min(one.height, other.height)


def _worth(evidence: Evidence) -> float:
    """How much can be read, in nats: each digit counts as much as it is better than chance, junk counts against it."""
    best = np.log(np.maximum(evidence.probabilities[:, :10].max(axis=1, initial=0.0), 1e-6)) + 1.0
    return float(np.maximum(best, -2.0).sum()) - (1.0 if evidence.other_ink else 0.0)


def _is_mostly_read(evidence: Evidence) -> bool:
    """Whether the digits are as likely, in the geometric mean, as those of a sheet that lies as it should."""
    best = np.maximum(evidence.probabilities[:, :10].max(axis=1, initial=0.0), 1e-6)
    return bool(best.size) and float(np.log(best).mean()) > np.log(MOSTLY_READ)


def _stacked(inputs: Sequence[Pixels]) -> Pixels:
    return np.stack(inputs) if inputs else np.empty((0, INPUT_PX, INPUT_PX), np.uint8)


def _is_one_digit(writing: Writing, probabilities: Probabilities) -> bool:
    """Whether there is no doubt that it need not be taken apart."""
    is_sure = float(probabilities[:10].max()) >= SURELY_ONE and not writing.tangled
    return is_sure and writing.box.width <= WIDEST_ONE * writing.box.height


def _part_of(writing: Writing, proposed: Lattice, part: Part) -> Writing:
    """One digit of several that touch, as a piece of writing of its own."""
    ink, (x, y, width, height) = ink_of(writing.ink, proposed, part)
    whole = writing.ink_box
    across, down = whole.width / writing.ink.shape[1], whole.height / writing.ink.shape[0]
    left, top = whole.x + round(x * across), whole.y + round(y * down)
    box = Box(left, top, max(1, round(width * across)), max(1, round(height * down)))
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


class Reader:
    """Reads bursts of frames with one open classifier.

    Args:
        classifier: Opened.
        settings: When a burst ends early.
    """

    def __init__(self, classifier: Classifier, settings: ReadingConfig) -> None:
        self._classifier = classifier
        self._enough_frames = settings.enough_frames
        self._any_angle = settings.any_angle
        self._fusion = settings.fusion

    def observe(self, frame: Frame) -> Observation:
        """Look at one frame and at the sheets in it. Boxes are in pixels of the given picture (frame.scale)."""
        whole = self._look(frame)
        found = [] if whole.evidence.tight else sheets(frame)
        suspect = _may_be_edges(whole, found)
        if not found or (self._is_sure(whole) and not suspect):
            return whole
        views = [self._look_at(frame, sheet) for sheet in found if suspect or not _cuts_through(sheet, whole)]
        views = [view for view in views if view.evidence.boxes and not _is_frame_of(view)]
        if suspect and not views:
            return replace(whole, evidence=replace(whole.evidence, other_ink=True))
        return max(views if suspect else [whole, *views], key=self._rank)

    def _rank(self, seen: Observation) -> tuple[bool, bool, float]:
        """Better views of a frame are greater: what can be answered surely, what can be answered, what says most."""
        status = judged(seen.evidence, self._classifier.card).status
        return status is Status.OK, status is not Status.UNREADABLE, _worth(seen.evidence)

    def _look_at(self, frame: Frame, sheet: Sheet) -> Observation:
        """What is on a sheet, places as in the frame."""
        paper, (left, top), factor = cut_out(frame, sheet)
        seen = self._look(paper)
        on_paper = (box.scaled(1 / factor) for box in _boxes(seen))
        moved = (Box(box.x + left, box.y + top, box.width, box.height) for box in on_paper)
        evidence = replace(seen.evidence, boxes=tuple(box.scaled(frame.scale) for box in moved))
        return Observation(frame, seen.model_inputs, evidence, sheet)

    def _is_sure(self, seen: Observation) -> bool:
        return judged(seen.evidence, self._classifier.card).status is Status.OK

    def _look(self, frame: Frame) -> Observation:
        finding = find(frame)
        found, model_inputs, probabilities = self._separated(finding.writings)
        if not finding.tight:
            found, model_inputs, probabilities = _without_strays(found, model_inputs, probabilities)
        evidence = Evidence(
            boxes=tuple(writing.box.scaled(frame.scale) for writing in found),
            groups=tuple(writing.group for writing in found),
            probabilities=probabilities,
            advice=(),
            cut_off=any(writing.cut_off for writing in found),
            tight=finding.tight,
            other_ink=finding.other_ink or any(writing.after_mark for writing in found),
            separated=tuple(writing.separated for writing in found),
            sharpness=1.0 / float(np.median([writing.softness for writing in found])) if found else 0.0,
        )
        if judged(evidence, self._classifier.card).status is not Status.OK:
            evidence = replace(evidence, advice=advise(frame, found))  # takes a tenth of the time
        return Observation(frame, model_inputs, evidence)

    def _separated(self, found: Sequence[Writing]) -> tuple[list[Writing], Pixels, Probabilities]:
        """The writings, those that are several digits taken apart; their model inputs; what the model says of them."""
        inputs = _stacked([mnist_layout(writing.ink) for writing in found])
        probabilities = self._probabilities(inputs)
        separated: list[Writing] = []
        shares: list[float] = []
        tried = 0
        for writing, row in zip(found, probabilities, strict=True):
            if _is_one_digit(writing, row) or tried > MOST_PARTS:
                separated.append(writing)
                shares.append(1.0)
                continue
            proposed = lattice(writing.ink)
            tried += len(proposed.parts)
            parts = self._probabilities(_stacked([mnist_layout(part.ink) for part in proposed.parts]))
            way, share = best_way(proposed, np.log(np.maximum(parts[:, :10].max(axis=1, initial=0.0), 1e-4)).tolist())
            several = [_part_of(writing, proposed, part) for part in way] if len(way) > 1 else [writing]
            separated += several
            shares += [0.0 if writing.tangled and len(way) < 2 else share] * len(several)
        if len(separated) > len(found):
            inputs = _stacked([mnist_layout(writing.ink) for writing in separated])
            probabilities = self._probabilities(inputs)
        # A digit is as likely as it is itself, times as likely as it is one digit.
        return separated, inputs, np.asarray(probabilities * np.array(shares, np.float32)[:, None], np.float32)

    def _probabilities(self, inputs: Pixels) -> Probabilities:
        return calibrated(self._classifier.scores(inputs), self._classifier.card.temperature)

    def read(self, frames: Iterable[Frame], seen: Callable[[Observation], None] | None = None) -> Reading:
        """Read a burst; takes no more frames than it needs.

        Args:
            frames: At least one, of one scene.
            seen: Is shown each observation as it is made.
        """
        begin = time.perf_counter()
        burst: list[Evidence] = []
        for frame in frames:
            observation = self.observe(frame)
            burst.append(observation.evidence)
            if seen is not None:
                seen(observation)
            if self._is_enough(burst):
                break
        if not burst:
            raise ValueError("a reading needs at least one frame")
        evidence = fused(burst, self._fusion)
        reading = judged(evidence, self._classifier.card)
        if self._any_angle and reading.status is not Status.OK and not evidence.tight:
            reading = judged(self._turned(frame, evidence), self._classifier.card)
        return replace(reading, elapsed_ms=(time.perf_counter() - begin) * 1000)

    def _turned(self, frame: Frame, upright: Evidence) -> Evidence:
        """What the frame says with its sheet turned upright, where that can be read better than as it lies."""
        if _is_mostly_read(upright):
            return upright
        boxes = [box.scaled(1 / frame.scale) for box in upright.boxes]
        views = [(_worth(upright), upright)]
        for degrees in possible_turns(frame, boxes):
            view, back = turned(frame, degrees, boxes)
            evidence = self._look(view).evidence
            places = (turned_back(box.scaled(1 / view.scale), back, frame.pixels.shape) for box in evidence.boxes)
            seen = replace(evidence, boxes=tuple(place.scaled(frame.scale) for place in places), advice=upright.advice)
            views.append((_worth(seen), seen))
        (best, chosen), *others = sorted(views, key=lambda view: view[0], reverse=True)
        if chosen is upright or best - _worth(upright) < TURN_LEAD:
            return upright
        digits = chosen.probabilities[:, :10].argmax(axis=1)
        either_way = bool(np.isin(digits, EITHER_WAY_UP).all())
        return replace(chosen, ambiguous=either_way or best - others[0][0] < TURN_LEAD)

    def _is_enough(self, burst: list[Evidence]) -> bool:
        """Whether the latest frames agree and are sure."""
        latest = [judged(evidence, self._classifier.card) for evidence in burst[-self._enough_frames :]]
        return (
            len(latest) == self._enough_frames
            and all(reading.status is Status.OK for reading in latest)
            and len({reading.number for reading in latest}) == 1
        )
