"""Two networks for single digits: a small one for all of them, a large one for those that it is in doubt about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.domain import ModelCard, Pixels
from device.errors import ModelError
from device.ports import Classifier

AGAIN_NATS = 5.5
"""A digit is looked at again where its greatest score is ahead of the next by less: below about 150 to 1.

Chosen on 16,470 changed validation digits: one in eight is looked at again, and the large network asked about all of
them has one mistake fewer.
"""


class Cascade:
    """Asks a second classifier what the first is in doubt about; meets `ports.Classifier`.

    The large network takes four times as long and errs a third less often; asked for the doubtful digits alone, it errs
    no more often than asked for all.

    Args:
        first: Opened; its card names the second.
        second: Opened; its card has the temperature and the thresholds of both together.

    Source:
        Viola and Jones 2001, doi:10.1109/CVPR.2001.990517: what is easily told is told by the cheapest stage.

    Raises:
        ModelError: The two don't belong together.
    """

    def __init__(self, first: Classifier, second: Classifier) -> None:
        self._first, self._second = first, second
        named, found = first.card.second, second.card
        if named is None or named.sha256 != found.sha256 or first.card.classes != found.classes:
            raise ModelError(
                f"the second model has the SHA-256 {found.sha256}, but the first one's card names "
                f"{named.sha256 if named else 'none'}; they are from different trainings: install both again"
            )

    def open(self) -> None:
        """Load both. Raises ModelError."""
        self._first.open()
        self._second.open()

    @property
    def card(self) -> ModelCard:
        """Of both together, which is the second's."""
        return self._second.card

    def scores(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """The first one's scores, or the second's where those are in doubt: uint8 (n, 28, 28) -> float32 (n, N).

        Raises:
            ModelError: A classifier is not open, or the inputs have another shape or type.
        """
        scores = self._first.scores(model_inputs)
        again = in_doubt(scores)
        if again.size:
            scores[again] = self._second.scores(model_inputs[again])
        return scores

    def close(self) -> None:
        """Drop both."""
        self._first.close()
        self._second.close()


def in_doubt(scores: NDArray[np.float32]) -> NDArray[np.intp]:
    """The rows whose greatest score is hardly ahead of the next: float32 (n, N) -> (m,)."""
    best = np.partition(scores, -2, axis=1)
    return np.flatnonzero(best[:, -1] - best[:, -2] < AGAIN_NATS)
