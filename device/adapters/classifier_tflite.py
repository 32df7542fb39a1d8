"""The model, run by whichever TensorFlow Lite interpreter is installed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device.adapters.tflite import LOOKS, Model, Tensor, TfliteScorer, moved
from device.cascade import in_doubt
from device.domain import ModelCard, Pixels
from device.errors import ModelError

INPUT_SHAPE = (1, 28, 28, 1)


class TfliteClassifier(TfliteScorer):
    """Scores model inputs with a .tflite file that its card vouches for; meets `ports.Classifier`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    @staticmethod
    def tensors(card: ModelCard) -> list[Tensor]:
        """Product.md's one input and one output."""
        return [(INPUT_SHAPE, np.uint8), ((1, len(card.classes)), np.int8)]

    def scores(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """Run the model on each input by itself, and again on its neighbours where it hesitates.

        A network with pooling answers differently when the same picture is moved by a pixel; where the first look is
        not sure, the mean of five such looks decides, which makes a sixth of the mistakes right. What is sure at once
        costs one look.

        Args:
            model_inputs: White ink on black in MNIST layout, uint8, shape (n, 28, 28); n may be 0.

        Returns:
            float32, shape (n, 10 or 11): logits, before temperature and softmax.

        Source:
            Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks", section 4.1: the
            mean over moved copies of a picture.

        Raises:
            ModelError: The classifier is not open, or the inputs have another shape or type.
        """
        model = self._opened()
        if model_inputs.dtype != np.uint8 or model_inputs.shape[1:] != (28, 28):
            raise ModelError(
                f"model inputs have shape {model_inputs.shape} and type {model_inputs.dtype}; "
                "expected (n, 28, 28) and uint8"
            )
        scores = _looked_at(model, model_inputs)
        again = in_doubt(scores)
        others = [_looked_at(model, moved(model_inputs[again], *look)) for look in LOOKS if again.size]
        if others:
            scores[again] = (scores[again] + sum(others)) / np.float32(1 + len(LOOKS))
        return scores


def _looked_at(model: Model, model_inputs: Pixels) -> NDArray[np.float32]:
    """What the model gives for each input as it is."""
    quantized = np.empty((len(model_inputs), len(model.card.classes)), np.int8)
    for row, model_input in zip(quantized, model_inputs, strict=True):
        model.interpreter.set_tensor(model.input_index, model_input.reshape(INPUT_SHAPE))
        model.interpreter.invoke()
        row[:] = model.interpreter.get_tensor(model.output_index)
    return model.real(quantized)
