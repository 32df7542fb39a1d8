"""Frames -> Reading: find, preprocess, classify, judge. The one place where that order stands, for every program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from device.advice import advise
from device.config import ReadingConfig
from device.domain import Frame, Pixels, Reading, Status
from device.find import find
from device.judge import Evidence, calibrated, fused, judged
from device.ports import Classifier
from device.preprocess import mnist_layout


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
        found = finding.writings
        inputs = [mnist_layout(writing.ink) for writing in found]
        model_inputs = np.stack(inputs) if inputs else np.empty((0, 28, 28), np.uint8)
        evidence = Evidence(
            boxes=tuple(writing.box.scaled(frame.scale) for writing in found),
            groups=tuple(writing.group for writing in found),
            probabilities=calibrated(self._classifier.scores(model_inputs), self._classifier.card.temperature),
            advice=advise(frame, found),
            cut_off=any(writing.cut_off for writing in found),
            tight=finding.tight,
            other_ink=finding.crowded or any(writing.after_mark for writing in found),
        )
        return Observation(frame, model_inputs, evidence)

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
