"""The row reader: a .tflite file whose input is as wide as the row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.adapters.tflite import LOOKS, Model, Tensor, TfliteScorer, moved
from device.domain import ModelCard, Pixels
from device.errors import ModelError
from device.preprocess import ROW_DEFAULT_PX, ROW_PX
from device.rows import certainty

AGAIN = 0.95
"""A row is looked at again where what it most likely says is less likely.

Chosen on validation rows: two in five are looked at again, and looking again at all of them mends no more.
"""


class TfliteRowScorer(TfliteScorer):
    """Scores rows of digits with a .tflite file that its card vouches for; meets `ports.RowScorer`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    def __init__(self, model_path: Path) -> None:
        super().__init__(model_path)
        self._width = 0

    @staticmethod
    def tensors(card: ModelCard) -> list[Tensor]:
        """As they are before the first row."""
        return [((1, ROW_PX, ROW_DEFAULT_PX, 1), np.uint8), ((1, 1, ROW_DEFAULT_PX // 4, len(card.classes)), np.int8)]

    def open(self) -> None:
        """Load the model once, after checking it against its card. Raises ModelError."""
        super().open()
        self._width = 0

    def scores(self, row: Pixels) -> NDArray[np.float32]:
        """Run the model, and again on the row's neighbours where it hesitates: the mean of five looks decides then.

        Moved by a pixel the same row falls otherwise on the places where the network pools, as with single digits
        (`adapters.classifier_tflite`). What a step sees moves by a quarter of a step at most, so the looks may be added
        step by step.

        Args:
            row: As `preprocess.row_layout` makes it, uint8, shape (32, w).

        Returns:
            float32, shape (w / 4, 11): logits of the digits and of nothing, before temperature and softmax.

        Raises:
            ModelError: It is not open, or the row has another shape or type.
        """
        model = self._opened()
        if row.dtype != np.uint8 or row.ndim != 2 or row.shape[0] != ROW_PX or row.shape[1] % 4 or not row.size:
            raise ModelError(f"a row has shape {row.shape} and type {row.dtype}; expected (32, 4n) and uint8")
        if row.shape[1] != self._width:
            model.interpreter.resize_tensor_input(model.input_index, [1, ROW_PX, row.shape[1], 1])
            model.interpreter.allocate_tensors()
            self._width = row.shape[1]
        first = _looked_at(model, row[None])
        if certainty(first) >= AGAIN:
            return first
        others = [_looked_at(model, moved(row[None], *look)) for look in LOOKS]
        return np.asarray((first + sum(others)) / np.float32(1 + len(LOOKS)), np.float32)


def _looked_at(model: Model, row: Pixels) -> NDArray[np.float32]:
    """What the model gives for a row as it is, uint8, shape (1, 32, w)."""
    model.interpreter.set_tensor(model.input_index, row[..., None])
    model.interpreter.invoke()
    return model.real(model.interpreter.get_tensor(model.output_index)[0, 0])
