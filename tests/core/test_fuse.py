"""The frames of a burst become one evidence: writing is followed from frame to frame, bad frames count less."""

from __future__ import annotations

import numpy as np
import pytest

from device.domain import Box
from device.fuse import WEIGHTS, fused
from device.judge import Evidence

METHODS = tuple(WEIGHTS)


def shares(**digits: float) -> list[float]:
    """Probabilities of ten digits: d7=0.8."""
    return [digits.get(f"d{digit}", 0.0) for digit in range(10)]


def frame(*rows: list[float], lefts: tuple[int, ...] | None = None, sharpness: float = 10.0) -> Evidence:
    """A frame with one piece of writing for each row, 20 px wide, at these places."""
    places = lefts if lefts is not None else tuple(30 * index for index in range(len(rows)))
    boxes = tuple(Box(left, 40, 20, 30) for left in places)
    return Evidence(
        boxes, (0,) * len(rows), np.array(rows, np.float32).reshape(-1, 10), (),
        cut_off=False, tight=False, other_ink=False, sharpness=sharpness,
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_equal_frames_stay_what_they_are(method: str) -> None:
    """A burst of one frame, and of three equal ones, says what the frame says."""
    one = frame(shares(d7=0.9, d1=0.1))
    for burst in ([one], [one] * 3):
        assert fused(burst, method).probabilities[0] == pytest.approx(one.probabilities[0])


@pytest.mark.parametrize("method", METHODS)
def test_nothing_seen_is_nothing(method: str) -> None:
    """Frames without writing give evidence without writing."""
    assert fused([frame(), frame()], method).boxes == ()


def test_the_mean_is_the_mean() -> None:
    """Of the frames that see as many pieces as most."""
    together = fused([frame(shares(d7=0.9)), frame(shares(d7=0.5, d1=0.5))], "mean")
    assert together.probabilities[0, 7] == pytest.approx(0.7)
    assert together.probabilities[0, 1] == pytest.approx(0.25)


def test_a_sharp_frame_counts_more() -> None:
    """Three times as sharp, three times the weight."""
    burst = [frame(shares(d7=1.0), sharpness=15.0), frame(shares(d1=1.0), sharpness=5.0)]
    assert fused(burst, "quality").probabilities[0, 7] == pytest.approx(0.75)


def test_a_frame_that_disagrees_counts_less() -> None:
    """Attention: of three frames the one that stands alone has little weight; the mean would give it a third."""
    burst = [frame(shares(d7=0.9, d1=0.1)), frame(shares(d7=0.8, d1=0.2)), frame(shares(d4=1.0))]
    assert fused(burst, "attention").probabilities[0, 4] < 0.2
    assert fused(burst, "mean").probabilities[0, 4] == pytest.approx(1 / 3)


@pytest.mark.parametrize("method", METHODS)
def test_writing_is_followed_when_a_frame_misses_a_piece_and_the_paper_moves(method: str) -> None:
    """The second frame has only the right one of two digits, 7 px further left: it speaks for that digit alone."""
    both = frame(shares(d2=1.0), shares(d7=0.6, d1=0.4))
    right_only = frame(shares(d7=1.0), lefts=(23,))
    together = fused([both, right_only, both], method)
    assert together.probabilities[0, 2] == pytest.approx(1.0)
    assert together.probabilities[1, 7] > 0.6


def test_a_piece_seen_once_by_mistake_does_not_count() -> None:
    """The number of pieces is that of most frames."""
    burst = [frame(shares(d7=0.9)), frame(shares(d7=0.9), shares(d1=0.9)), frame(shares(d7=0.5))]
    assert len(fused(burst).boxes) == 1
