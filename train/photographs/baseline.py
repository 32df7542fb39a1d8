"""The ways of the textbooks on the same photographs: what all the rest is worth.

| way | what |
|---|---|
| resize | grey, inverted, resized to 28x28 |
| Otsu, resize | grey, Otsu's threshold, resized to 28x28 |
| Otsu, MNIST layout | grey, Otsu's threshold, cut to the ink, 20x20 in 28x28, centred by mass |

Each is classified by the model that the box ships, so that only the way differs.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from device import images
from device.domain import Pixels
from device.ports import Classifier
from device.preprocess import INPUT_PX, mnist_layout


def _resized(ink: Pixels) -> Pixels:
    return np.asarray(cv2.resize(ink, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _otsu(ink: Pixels) -> Pixels:
    """Otsu (1979), doi:10.1109/TSMC.1979.4310076."""
    return np.asarray(cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], np.uint8)


WAYS: dict[str, Callable[[Pixels], Pixels]] = {
    "resize": _resized,
    "Otsu, resize": lambda ink: _resized(_otsu(ink)),
    "Otsu, MNIST layout": lambda ink: mnist_layout(_otsu(ink)),
}
"""Name -> what makes a model input of the inverted grey picture, uint8 (h, w)."""


def right_answers(data: Path, name: str, way: str, classifier: Classifier) -> tuple[int, int]:
    """How many digits of a set of photographs are read right that way, and of how many; (0, 0) where it is missing."""
    path = data / name / "labels.csv"
    if not path.exists():
        return 0, 0
    with path.open(encoding="utf-8") as labels:
        rows = list(csv.DictReader(labels))
    inks = (255 - cv2.cvtColor(images.load(path.parent / row["file"]).pixels, cv2.COLOR_BGR2GRAY) for row in rows)
    scores = classifier.scores(np.stack([WAYS[way](np.asarray(ink, np.uint8)) for ink in inks]))
    answers = scores[:, :10].argmax(axis=1)
    return int(sum(str(answer) == row["label"] for answer, row in zip(answers, rows, strict=True))), len(rows)
