"""One look at a picture: find, separate, preprocess and classify what is written on it, or on one sheet of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from device.domain import Advice, Box, Frame, Pixels, Reading, Status
from device.find import Writing, find
from device.ink import SCENE_PX
from device.judge import Evidence, judged
from device.ports import Classifier, RowScorer
from device.separate import Separator
from device.sheet import Sheet, cut_out
from device.views import cleared, without_grain, without_strays, worth

UNANSWERED = 2.0
"""What cannot be answered is worth so much less: several digits that are cut off say more than one in doubt."""


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
        disorderly: Another order of the digits is as likely.
    """

    frame: Frame
    model_inputs: Pixels
    evidence: Evidence
    sheet: Sheet | None = None
    writings: tuple[Writing, ...] = ()
    cut_off: tuple[Advice, ...] = ()
    whole: tuple[Writing, ...] = ()
    degrees: float = 0.0
    disorderly: bool = False

    @property
    def places(self) -> list[Box]:
        """Where the pieces are, in pixels of the frame."""
        return [box.scaled(1 / self.frame.scale) for box in self.evidence.boxes]


class Looker:
    """Looks at pictures with one open classifier, and says what a look is worth.

    Args:
        classifier: Opened.
        rows: Opened; without it, digits that touch are read by cuts alone.
    """

    def __init__(self, classifier: Classifier, rows: RowScorer | None = None) -> None:
        self._card = classifier.card
        self._separator = Separator(classifier, rows)

    def look(
        self,
        frame: Frame,
        *,
        inverted: bool = False,
        wide: bool = False,
        paper: Pixels | None = None,
        slope: float = 0.0,
    ) -> Observation:
        """What is written in a frame.

        Args:
            frame: Any.
            inverted: Look for ink of the other kind: light on dark paper, or dark on light.
            wide: Look for strokes too wide for the usual look.
            paper: Not 0 where there is paper; None where all may be.
            slope: Of the paper's sides, in rows down per column to the right: lines of writing run along them.
        """
        finding = find(frame, inverted=inverted, wide=wide, paper=paper, slope=slope)
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
        return Observation(
            frame,
            model_inputs,
            evidence,
            writings=tuple(found),
            cut_off=finding.cut_off,
            disorderly=finding.disorderly,
        )

    def look_at(self, frame: Frame, sheet: Sheet) -> Observation:
        """What is on a sheet, places as in the frame."""
        cutting = cut_out(frame, sheet)
        (left, top), factor = cutting.corner, cutting.factor
        slope = math.tan(math.radians(sheet.degrees))
        seen = self.look(cutting.frame, paper=cutting.mask, slope=slope)
        if not seen.evidence.boxes:  # on a small bare sheet a few thin strokes may seem to be the ground
            seen = self.look(cutting.frame, paper=cutting.mask, inverted=True, slope=slope)
        writings = tuple(
            replace(one, box=_moved(one.box, factor, left, top), ink_box=_moved(one.ink_box, factor, left, top))
            for one in seen.writings
        )
        evidence = replace(seen.evidence, boxes=tuple(one.box.scaled(frame.scale) for one in writings))
        return Observation(frame, seen.model_inputs, evidence, sheet, writings, disorderly=seen.disorderly)

    def look_as_at_crop(self, frame: Frame) -> Observation:
        """What is written in a frame that somebody cut around it, however large it is, places as in the frame.

        A stroke of a crop may be a third of it wide: a scene's finder takes that for the ground.
        """
        factor = min(1.0, (SCENE_PX - 1) / min(frame.width_px, frame.height_px))
        size = (max(1, int(frame.width_px * factor)), max(1, int(frame.height_px * factor)))
        small = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
        seen = self.look(replace(frame, pixels=np.asarray(small, np.uint8), scale=frame.scale / factor))
        writings = tuple(
            replace(one, box=one.box.scaled(1 / factor), ink_box=one.ink_box.scaled(1 / factor))
            for one in seen.writings
        )
        return replace(seen, frame=frame, writings=writings)

    def reading(self, seen: Observation) -> Reading:
        """How a look is judged by itself."""
        return judged(seen.evidence, self._card)

    def number(self, seen: Observation) -> str:
        """What a look says, whether or not it is sure."""
        return "".join(str(digit.digit) for digit in self.reading(seen).digits)

    def is_sure(self, seen: Observation) -> bool:
        """Whether a look can be said as it is."""
        return self.reading(seen).status is Status.OK

    def rank(self, seen: Observation) -> tuple[bool, float]:
        """Better looks at a frame are greater: what is sure, and what says most, if only that it is cut off."""
        status = self.reading(seen).status
        return status is Status.OK, worth(seen.evidence) - (UNANSWERED if status is Status.UNREADABLE else 0.0)


def _moved(box: Box, factor: float, left: int, top: int) -> Box:
    """A place on a sheet that was cut out and enlarged, in pixels of the frame."""
    small = box.scaled(1 / factor)
    return Box(small.x + left, small.y + top, small.width, small.height)
