"""Frames -> Reading: find, preprocess, classify, judge. The one place where that order stands, for every program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from device.advice import advise, advise_reader
from device.best_view import EDGE_PX, best_view
from device.config import ReadingConfig
from device.domain import Frame, Reading, Status
from device.find import Writing
from device.fuse import fused
from device.judge import Evidence, judged
from device.looking import Looker, Observation
from device.pieces import edges_near
from device.ports import Classifier, RowScorer
from device.turning import doubted, seen_askew, turned_upright
from device.views import is_one

IN_TIME = 0.9
"""Share of a reading's limit in which it ends by itself."""

TURNING = 4
"""To look at a sheet turned in all likely ways takes so many times as long as to look at it as it lies."""


def cut_by(frame: Frame, seen: Observation, taken: Iterable[Observation]) -> tuple[Writing, ...]:
    """What the frame's edge cuts off in other views: it may be what was meant, though something else was made out."""
    return tuple(
        one
        for view in taken
        if view.writings is not seen.writings
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
        self._card = classifier.card
        self._looker = Looker(classifier, rows)
        self._enough_frames = settings.enough_frames
        self._any_angle = settings.any_angle
        self._seconds = IN_TIME * settings.limit_seconds
        self._clock = clock
        self._fusion = settings.fusion

    def observe(self, frame: Frame) -> Observation:
        """Look at one frame; if in doubt at the sheets in it, and for ink of the other kind.

        Boxes are in pixels of the given picture (frame.scale).
        """
        seen, taken = best_view(self._looker, frame)
        whole = taken[0]
        if not self._looker.is_sure(seen):
            advice = advise(frame, (*seen.writings, *cut_by(frame, seen, taken)), whole.cut_off)
            # A sliver may be too small, or too faint, to be measured; that it is cut off is why nothing is said.
            advice = advice or tuple(dict.fromkeys(edge for one in seen.writings for edge in one.cut_off))
        elif seen.evidence.tight:
            return seen
        else:
            advice = advise_reader(frame, seen.writings)
        return replace(seen, evidence=replace(seen.evidence, advice=advice), whole=whole.writings)

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
        reading = judged(evidence, self._card)
        is_doubtful = reading.status is not Status.OK or seen_askew(observation, evidence) or is_one(evidence)
        if self._any_angle and is_doubtful and not evidence.tight:
            if self._has_time(begin, took * TURNING):
                chosen = turned_upright(self._looker, observation, evidence)
            else:
                chosen = doubted(observation, evidence)
            if chosen is not None:
                reading = judged(chosen.evidence, self._card)
                if seen is not None:
                    seen(chosen)
        return replace(reading, elapsed_ms=(self._clock() - begin) * 1000)

    def _has_time(self, begin: float, seconds: float) -> bool:
        """Whether what takes so long will end in time."""
        return self._clock() - begin + seconds <= self._seconds

    def _is_enough(self, burst: list[Evidence]) -> bool:
        """Whether the latest frames agree and are sure."""
        latest = [judged(evidence, self._card) for evidence in burst[-self._enough_frames :]]
        return (
            len(latest) == self._enough_frames
            and all(reading.status is Status.OK for reading in latest)
            and len({reading.number for reading in latest}) == 1
        )
