"""The model, run by whichever TensorFlow Lite interpreter is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.adapters.tflite import Model, Tensor, load
from device.domain import ModelCard, Pixels
from device.errors import ModelError

INPUT_SHAPE = (1, 28, 28, 1)


class TfliteClassifier:
    """Scores model inputs with a .tflite file that its card vouches for; meets `ports.Classifier`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path
        self._model: Model | None = None

    def open(self) -> None:
        """Load the model once, after checking it against its card.

        Raises:
            ModelError: The model, its card or an interpreter is missing or damaged, or they don't belong together.
        """
        self._model = load(self._model_path, _tensors)

    @property
    def card(self) -> ModelCard:
        """The card of the loaded model. Raises ModelError before `open`."""
        return self._opened().card

    def scores(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """Run the model on each input by itself.

        Args:
            model_inputs: White ink on black in MNIST layout, uint8, shape (n, 28, 28); n may be 0.

        Returns:
            float32, shape (n, 10 or 11): logits, before temperature and softmax.

        Raises:
            ModelError: The classifier is not open, or the inputs have another shape or type.
        """
        model = self._opened()
        if model_inputs.dtype != np.uint8 or model_inputs.shape[1:] != (28, 28):
            raise ModelError(
                f"model inputs have shape {model_inputs.shape} and type {model_inputs.dtype}; "
                "expected (n, 28, 28) and uint8"
            )
        quantized = np.empty((len(model_inputs), len(model.card.classes)), np.int8)
        for row, model_input in zip(quantized, model_inputs, strict=True):
            model.interpreter.set_tensor(model.input_index, model_input.reshape(INPUT_SHAPE))
            model.interpreter.invoke()
            row[:] = model.interpreter.get_tensor(model.output_index)
        return model.real(quantized)

    def close(self) -> None:
        """Drop the model."""
        self._model = None

    def _opened(self) -> Model:
        if self._model is None:
            raise ModelError(f"the model {self._model_path} is not loaded; open the classifier first")
        return self._model


def _tensors(card: ModelCard) -> list[Tensor]:
    """Product.md's one input and one output."""
    return [(INPUT_SHAPE, np.uint8), ((1, len(card.classes)), np.int8)]
