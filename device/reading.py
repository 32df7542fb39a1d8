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
from device.ports import Classifier
from device.preprocess import INPUT_PX, mnist_layout
from device.split import Lattice, Part, best_way, ink_of, lattice

SURELY_ONE, WIDEST_ONE = 0.97, 0.9
"""What is read as a digit with this probability, and is no wider than this share of its height, isn't taken apart."""

MOST_PARTS = 150
"""Possible digits tried in one frame, before the last piece of writing: joined-up writing takes no longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One frame and what was seen in it.

    Attributes:
        frame: The frame.
        model_inputs: The pieces of writing in MNIST layout, uint8, shape (n, 28, 28), in reading order.
        evidence: What the model says about them.
    """

    frame: Frame
    model_inputs: Pixels
    evidence: Evidence


def _stacked(inputs: Sequence[Pixels]) -> Pixels:
    return np.stack(inputs) if inputs else np.empty((0, INPUT_PX, INPUT_PX), np.uint8)


def _is_one_digit(writing: Writing, probabilities: Probabilities) -> bool:
    """Whether there is no doubt that it need not be taken apart."""
    return float(probabilities[:10].max()) >= SURELY_ONE and writing.box.width <= WIDEST_ONE * writing.box.height


def _part_of(writing: Writing, proposed: Lattice, part: Part) -> Writing:
    """One digit of several that touch, as a piece of writing of its own."""
    ink, (x, y, width, height) = ink_of(writing.ink, proposed, part)
    whole = writing.ink_box
    across, down = whole.width / writing.ink.shape[1], whole.height / writing.ink.shape[0]
    left, top = whole.x + round(x * across), whole.y + round(y * down)
    box = Box(left, top, max(1, round(width * across)), max(1, round(height * down)))
    first = part.begin == 0
    touched = max(proposed.costs[part.begin], proposed.costs[part.end]) > 1.0
    return replace(writing, box=box, ink=ink, ink_box=box, after_mark=writing.after_mark and first, separated=touched)


class Reader:
    """Reads bursts of frames with one open classifier.

    Args:
        classifier: Opened.
        settings: When a burst ends early.
    """

    def __init__(self, classifier: Classifier, settings: ReadingConfig) -> None:
        self._classifier = classifier
        self._enough_frames = settings.enough_frames

    def observe(self, frame: Frame) -> Observation:
        """Look at one frame. Boxes of the evidence are in pixels of the given picture (frame.scale)."""
        finding = find(frame)
        found, model_inputs, probabilities = self._separated(finding.writings)
        evidence = Evidence(
            boxes=tuple(writing.box.scaled(frame.scale) for writing in found),
            groups=tuple(writing.group for writing in found),
            probabilities=probabilities,
            advice=advise(frame, found),
            cut_off=any(writing.cut_off for writing in found),
            tight=finding.tight,
            other_ink=finding.other_ink or any(writing.after_mark for writing in found),
            separated=tuple(writing.separated for writing in found),
            sharpness=1.0 / float(np.median([writing.softness for writing in found])) if found else 0.0,
        )
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
            shares += [share] * len(several)
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
        reading = judged(fused(burst), self._classifier.card)
        return replace(reading, elapsed_ms=(time.perf_counter() - begin) * 1000)

    def _is_enough(self, burst: list[Evidence]) -> bool:
        """Whether the latest frames agree and are sure."""
        latest = [judged(evidence, self._classifier.card) for evidence in burst[-self._enough_frames :]]
        return (
            len(latest) == self._enough_frames
            and all(reading.status is Status.OK for reading in latest)
            and len({reading.number for reading in latest}) == 1
        )
