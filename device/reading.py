"""Frames -> Reading: find, preprocess, classify, judge. The one place where that order stands, for every program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from device.advice import advise, advise_reader
from device.clearness import PLAIN_CLEARNESS
from device.config import ReadingConfig
from device.domain import Advice, Box, Digit, Frame, Pixels, Reading, Status
from device.find import Writing, find
from device.fuse import fused
from device.judge import Evidence, judged
from device.orient import ASKEW, lies_askew, possible_turns, turned, turned_back, turned_like
from device.pieces import edges_near
from device.ports import Classifier, RowScorer
from device.separate import Separator
from device.sheet import Sheet, cut_out, sheets
from device.views import (
    EITHER_WAY_UP,
    TURN_LEAD,
    UPRIGHT_LEAD,
    alone,
    cleared,
    cuts_through,
    is_inside_writing,
    is_mostly_read,
    is_plain,
    is_rim,
    is_upside_down,
    is_written,
    leaves_out,
    may_be_edges,
    sheet_taken_for_writing,
    sheet_under,
    shows_more,
    without_grain,
    without_strays,
    worth,
)

EDGE_PX = 4
"""What is cut off on a sheet is cut off by the frame where it is as near to its edge: sheets are outlined no finer."""


IN_TIME = 0.9
"""Share of a reading's limit in which it ends by itself."""

TURNING = 4
"""To look at a sheet turned in all likely ways takes so many times as long as to look at it as it lies."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One frame and what was seen in it.

    Attributes:
        frame: The frame.
        model_inputs: The pieces of writing in MNIST layout, uint8, shape (n, 28, 28), in reading order.
        evidence: What the model says about them.
        sheet: What they were found on, where that was looked at alone.
        writings: The same pieces as they were found, their boxes in pixels of the frame.
        cut_off: The edges of the frame that cross something beside them.
        whole: What was found where the frame was looked at as a whole.
        degrees: By how much the frame, or the sheet, was turned counterclockwise.
    """

    frame: Frame
    model_inputs: Pixels
    evidence: Evidence
    sheet: Sheet | None = None
    writings: tuple[Writing, ...] = ()
    cut_off: tuple[Advice, ...] = ()
    whole: tuple[Writing, ...] = ()
    degrees: float = 0.0


def _boxes(seen: Observation) -> list[Box]:
    """Places in pixels of the frame."""
    return [box.scaled(1 / seen.frame.scale) for box in seen.evidence.boxes]


def _moved(box: Box, factor: float, left: int, top: int) -> Box:
    """A place on a sheet that was cut out and enlarged, in pixels of the frame."""
    small = box.scaled(1 / factor)
    return Box(small.x + left, small.y + top, small.width, small.height)


def _middle(box: Box) -> Box:
    """One pixel."""
    return Box(box.x + box.width // 2, box.y + box.height // 2, 1, 1)


def _is_rim(view: Observation) -> bool:
    """Whether what was found on a sheet is as large as the sheet."""
    return view.sheet is not None and is_rim(_boxes(view), view.sheet)


def _lies_askew(last: Observation, evidence: Evidence) -> bool:
    """Whether what was seen lies as no upright sheet does, by its line or by the sheet that it was seen on."""
    return lies_askew(evidence.boxes, evidence.groups, last.sheet.degrees if last.sheet else None)


def _askew(last: Observation, evidence: Evidence) -> Observation | None:
    """What was seen, in doubt, where it lies as no upright sheet does; else None."""
    return replace(last, evidence=replace(evidence, ambiguous=True)) if _lies_askew(last, evidence) else None


def cut_by(frame: Frame, seen: Observation, others: Iterable[Observation]) -> tuple[Writing, ...]:
    """What the frame's edge cuts off in other views: it may be what was meant, though something else was made out."""
    return tuple(
        one
        for view in others
        if view is not seen
        for one in view.writings
        if one.cut_off and set(one.cut_off) <= set(edges_near(one.box, frame.pixels.shape, EDGE_PX))
    )


class Reader:
    """Reads bursts of frames with one open classifier.

    Args:
        classifier: Opened.
        settings: When a burst ends early, and how long a reading may take.
        rows: Opened; without it, digits that touch are read by cuts alone.
        clock: Monotonic, in seconds.
    """

    def __init__(
        self,
        classifier: Classifier,
        settings: ReadingConfig,
        rows: RowScorer | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._classifier = classifier
        self._separator = Separator(classifier, rows)
        self._enough_frames = settings.enough_frames
        self._any_angle = settings.any_angle
        self._seconds = IN_TIME * settings.limit_seconds
        self._clock = clock
        self._fusion = settings.fusion

    def observe(self, frame: Frame) -> Observation:
        """Look at one frame; if in doubt at the sheets in it, and for ink of the other kind.

        Boxes are in pixels of the given picture (frame.scale).
        """
        whole = self._look(frame)
        seen, others = self._best_view(frame, whole)
        if not self._is_sure(seen):
            advice = advise(frame, (*seen.writings, *cut_by(frame, seen, others)), whole.cut_off)
            # A sliver may be too small, or too faint, to be measured; that it is cut off is why nothing is said.
            advice = advice or tuple(dict.fromkeys(edge for one in seen.writings for edge in one.cut_off))
        elif seen.evidence.tight:
            return seen
        else:
            advice = advise_reader(frame, seen.writings)
        return replace(seen, evidence=replace(seen.evidence, advice=advice), whole=whole.writings)

    def _best_view(self, frame: Frame, whole: Observation) -> tuple[Observation, list[Observation]]:
        """The view of a frame that is to be believed, and all that were taken besides."""
        if whole.evidence.tight:
            return whole, []
        is_read = self._is_sure(whole) or is_plain(whole.evidence)
        if is_read and not alone(whole.evidence, _boxes(whole)):
            return whole, []
        found = sheets(frame)
        suspect = may_be_edges(whole.evidence, _boxes(whole), found)
        if is_read and not suspect:
            return whole, []
        found = [sheet for sheet in found if not is_inside_writing(sheet, whole.writings)]
        views = [self._look_at(frame, sheet) for sheet in found if suspect or not cuts_through(sheet, _boxes(whole))]
        if not any(self._is_sure(view) for view in views):
            views.append(self._look(frame, inverted=True))
        views = [view for view in views if view.evidence.boxes and not _is_rim(view)]
        # An edge across writing that is whole in the frame is no sheet's.
        if whole.evidence.boxes and not (suspect or whole.evidence.cut_off):
            views = [view for view in views if not view.evidence.cut_off]
        if suspect and not views:
            return replace(whole, evidence=replace(whole.evidence, other_ink=True)), []
        best = max(views if suspect else [whole, *views], key=self._rank)
        if not best.evidence.boxes:  # digits that are cut off say more than nothing at all
            best = max([best, *views], key=lambda view: (is_written(view.evidence), worth(view.evidence)))
        if not self._digits(best) and not is_written(best.evidence):  # strokes so wide that they were hollowed?
            giant = self._look(frame, wide=True)
            framed = any(len(edges_near(one.box, frame.pixels.shape, EDGE_PX)) > 2 for one in giant.writings)
            best = giant if self._digits(giant) and not framed else best  # the table around a sheet is no giant digit
        # A small note's own view shows writing as plain that stands near an edge in the whole frame.
        surer = (view for view in [whole, *views] if self._is_sure(view) and self._number(view) == self._number(best))
        best = next(surer, best)
        misses = any(shows_more(view.evidence, best.evidence) for view in [whole, *views])
        best = replace(best, evidence=replace(best.evidence, other_ink=True)) if misses else best
        return best, [whole, *views]

    def _rank(self, seen: Observation) -> tuple[bool, float]:
        """Better views of a frame are greater: what can be answered, and what says most."""
        return judged(seen.evidence, self._classifier.card).status is not Status.UNREADABLE, worth(seen.evidence)

    def _look_at(self, frame: Frame, sheet: Sheet) -> Observation:
        """What is on a sheet, places as in the frame."""
        cutting = cut_out(frame, sheet)
        (left, top), factor = cutting.corner, cutting.factor
        seen = self._look(cutting.frame, paper=cutting.mask)
        if not seen.evidence.boxes:  # on a small bare sheet a few thin strokes may seem to be the ground
            seen = self._look(cutting.frame, paper=cutting.mask, inverted=True)
        writings = tuple(
            replace(one, box=_moved(one.box, factor, left, top), ink_box=_moved(one.ink_box, factor, left, top))
            for one in seen.writings
        )
        evidence = replace(seen.evidence, boxes=tuple(one.box.scaled(frame.scale) for one in writings))
        return Observation(frame, seen.model_inputs, evidence, sheet, writings)

    def _digits(self, seen: Observation) -> tuple[Digit, ...]:
        return judged(seen.evidence, self._classifier.card).digits

    def _number(self, seen: Observation) -> str:
        """What a view says, whether or not it is sure."""
        return "".join(str(digit.digit) for digit in self._digits(seen))

    def _is_sure(self, seen: Observation) -> bool:
        return judged(seen.evidence, self._classifier.card).status is Status.OK

    def _look(
        self, frame: Frame, *, inverted: bool = False, wide: bool = False, paper: Pixels | None = None
    ) -> Observation:
        finding = find(frame, inverted=inverted, wide=wide, paper=paper)
        pieces = self._separator.separated(finding.writings)
        found, model_inputs, probabilities = pieces.writings, pieces.inputs, pieces.probabilities
        has_grain = False
        if not finding.tight:
            strayed = without_strays(found, model_inputs, probabilities)
            found, model_inputs, probabilities = without_grain(*strayed)
            has_grain = len(found) < len(strayed[0])
        evidence = Evidence(
            boxes=tuple(writing.box.scaled(frame.scale) for writing in found),
            groups=tuple(writing.group for writing in found),
            probabilities=probabilities,
            advice=(),
            cut_off=any(writing.cut_off for writing in found),
            tight=finding.tight,
            other_ink=finding.other_ink or has_grain or any(writing.after_mark for writing in found),
            separated=tuple(writing.separated for writing in found),
            clearness=cleared(found, probabilities),
            sharpness=1.0 / float(np.median([writing.softness for writing in found])) if found else 0.0,
        )
        return Observation(frame, model_inputs, evidence, writings=tuple(found), cut_off=finding.cut_off)

    def read(self, frames: Iterable[Frame], seen: Callable[[Observation], None] | None = None) -> Reading:
        """Read a burst; takes no more frames than it needs, and than it has time for.

        A slow machine, or a picture that is hard to look at, ends in what was seen so far rather than in nothing: no
        frame is begun that would leave no time to turn the sheet, and no sheet is turned that would take too long.

        Args:
            frames: At least one, of one scene.
            seen: Is shown each observation as it is made, and at last a turned one if that is answered.
        """
        begin = self._clock()
        burst: list[Evidence] = []
        for frame in frames:
            begun = self._clock()
            observation = self.observe(frame)
            took = self._clock() - begun
            burst.append(observation.evidence)
            if seen is not None:
                seen(observation)
            if self._is_enough(burst) or not self._has_time(begin, took * (1 + TURNING * self._any_angle)):
                break
        if not burst:
            raise ValueError("a reading needs at least one frame")
        evidence = fused(burst, self._fusion)
        reading = judged(evidence, self._classifier.card)
        is_doubtful = reading.status is not Status.OK or _lies_askew(observation, evidence)
        if self._any_angle and is_doubtful and not evidence.tight:
            turned_in_time = self._has_time(begin, took * TURNING)
            chosen = (self._turned if turned_in_time else _askew)(observation, evidence)
            if chosen is not None:
                reading = judged(chosen.evidence, self._classifier.card)
                if seen is not None:
                    seen(chosen)
        return replace(reading, elapsed_ms=(self._clock() - begin) * 1000)

    def _has_time(self, begin: float, seconds: float) -> bool:
        """Whether what takes so long will end in time."""
        return self._clock() - begin + seconds <= self._seconds

    def _turned(self, last: Observation, upright: Evidence) -> Observation | None:
        """The last frame seen with its sheet turned upright, where that is better to read than as it lies.

        Where it isn't, although the writing lies as no upright sheet's does, what no turned view says too is doubted.
        """
        askew = _askew(last, upright)
        is_read = is_mostly_read(upright) and askew is None
        if is_read and not upright.other_ink:
            return None
        sheet = self._sheet_of(last)
        # What is read lies as it should, if not quite straight, unless most of what is written was left out.
        most_degrees = ASKEW[0] if is_read and len(last.whole) <= 2 * len(upright.boxes) else 180.0
        turns = (view for view in self._turns(last, sheet, most_degrees) if view.evidence.boxes)
        views = [replace(last, evidence=upright), *turns]
        # Most sheets lie as they should, but this one.
        lead = 0.0 if lies_askew((), (), sheet.degrees if sheet else None) else UPRIGHT_LEAD
        worths = [worth(view.evidence) + (lead if view is views[0] else 0.0) for view in views]
        best = int(np.argmax(worths))
        chosen, said = views[best], self._number(views[best])
        if len(said) > 1 and is_upside_down(said, self._number(views[0])):
            return askew  # either is as good, and most sheets lie as they should
        if best == 0:
            is_seen_again = any(self._number(view) == said for view in views[1:])
            return None if is_seen_again else askew
        rival = max((value for value, view in zip(worths, views, strict=True) if self._number(view) != said), default=0)
        digits = chosen.evidence.probabilities[:, :10].argmax(axis=1)
        either_way = bool(np.isin(digits, EITHER_WAY_UP).all())
        # What was hardly to be seen upright may be read otherwise by luck; many a letter is a digit once it is turned.
        by_luck = (bool(upright.advice) and abs(chosen.degrees) > ASKEW[0]) or len(said) == 1
        ambiguous = either_way or by_luck or worths[best] - rival < TURN_LEAD
        return replace(chosen, evidence=replace(chosen.evidence, advice=upright.advice, ambiguous=ambiguous))

    def _sheet_of(self, last: Observation) -> Sheet | None:
        """The sheet on which all lies that was seen, or else all that is plainly writing; None if there is none."""
        boxes = _boxes(last)
        if last.sheet is not None and leaves_out(last.sheet, boxes, last.whole):
            return None  # a shadow's end, rather than a sheet's
        found = sheets(last.frame)
        plain = [one.box for one in last.whole if one.clearness >= PLAIN_CLEARNESS]
        if not self._number(last):  # all may be one piece, and the box around turned writing reaches beyond its sheet
            plain = [_middle(box) for box in plain]
        on_sheet = sheet_under(boxes, found) or sheet_under(plain, found)
        return sheet_taken_for_writing(boxes, found) or last.sheet or on_sheet

    def _turns(self, last: Observation, sheet: Sheet | None, most_degrees: float) -> Iterator[Observation]:
        """What can be seen on the sheet, or in the part of the frame with writing, turned in every likely way."""
        frame, boxes, corner, factor, mask = last.frame, _boxes(last), (0, 0), 1.0, None
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
            seen = self._look(view, paper=None if mask is None else turned_like(mask, back, view.pixels.shape))
            on_frame = (turned_back(box, back, frame.pixels.shape).scaled(1 / factor) for box in _boxes(seen))
            places = (Box(box.x + corner[0], box.y + corner[1], box.width, box.height) for box in on_frame)
            evidence = replace(seen.evidence, boxes=tuple(place.scaled(frame.scale) for place in places))
            yield Observation(last.frame, seen.model_inputs, evidence, sheet, degrees=degrees)

    def _is_enough(self, burst: list[Evidence]) -> bool:
        """Whether the latest frames agree and are sure."""
        latest = [judged(evidence, self._classifier.card) for evidence in burst[-self._enough_frames :]]
        return (
            len(latest) == self._enough_frames
            and all(reading.status is Status.OK for reading in latest)
            and len({reading.number for reading in latest}) == 1
        )
