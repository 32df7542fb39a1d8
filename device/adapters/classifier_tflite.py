"""The model, run by whichever TensorFlow Lite interpreter is installed."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.domain import PREPROCESSING_VERSION, ModelCard, Pixels
from device.errors import ModelError

RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
"""The same interpreter under its old and its new name, in order of preference."""

INPUT_SHAPE = (1, 28, 28, 1)


class TfliteClassifier:
    """Scores model inputs with a .tflite file that its card vouches for; meets `ports.Classifier`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path
        self._model: _LoadedModel | None = None

    def open(self) -> None:
        """Load the model once, after checking it against its card.

        Raises:
            ModelError: The model, its card or an interpreter is missing or damaged, or they don't belong together.
        """
        content = _read(self._model_path)
        card = read_card(self._model_path)
        _check_belongs(content, card, self._model_path)
        interpreter = _load(content, self._model_path)
        _check_tensors(interpreter, card, self._model_path)
        self._model = _LoadedModel(interpreter, card)

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
        return model.run(model_inputs)

    def close(self) -> None:
        """Drop the model."""
        self._model = None

    def _opened(self) -> _LoadedModel:
        if self._model is None:
            raise ModelError(f"the model {self._model_path} is not loaded; open the classifier first")
        return self._model


class _LoadedModel:
    """An interpreter that passed every check, and the numbers that each run needs, asked for once."""

    def __init__(self, interpreter: Any, card: ModelCard) -> None:  # noqa: ANN401 - neither runtime is typed
        self.card = card
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        self._output = interpreter.get_output_details()[0]["index"]
        self._scale, self._zero_point = interpreter.get_output_details()[0]["quantization"]

    def run(self, model_inputs: Pixels) -> NDArray[np.float32]:
        """Logits: real = scale x (quantized - zero_point) (Jacob et al. 2018, arXiv:1712.05877, equation 1)."""
        quantized = np.empty((len(model_inputs), len(self.card.classes)), np.int8)
        for row, model_input in zip(quantized, model_inputs, strict=True):
            self._interpreter.set_tensor(self._input, model_input.reshape(INPUT_SHAPE))
            self._interpreter.invoke()
            row[:] = self._interpreter.get_tensor(self._output)
        return np.float32(self._scale) * (quantized.astype(np.float32) - np.float32(self._zero_point))


def read_card(model_path: Path) -> ModelCard:
    """The card beside a model. Raises ModelError."""
    card_path = model_path.with_suffix(".json")
    try:
        return ModelCard.from_json(card_path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the model card {card_path} cannot be read ({error}); it belongs beside the model: install both again"
        ) from error


def _read(model_path: Path) -> bytes:
    try:
        return model_path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the model {model_path} cannot be read ({error.strerror}); install digitbox again or set [model] path"
        ) from error


def _check_belongs(content: bytes, card: ModelCard, model_path: Path) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ModelError(
            f"the model {model_path} has the SHA-256 {found}, but its card names {card.sha256}; "
            "one of them is damaged or from another model: install both again"
        )
    if card.preprocessing_version != PREPROCESSING_VERSION:
        raise ModelError(
            f"the model {model_path} was trained with preprocessing version {card.preprocessing_version}, but this "
            f"digitbox has version {PREPROCESSING_VERSION}; install the model that came with it"
        )


def _load(content: bytes, model_path: Path) -> Any:  # noqa: ANN401 - either runtime's Interpreter; neither is typed
    runtime = _runtime()
    try:
        # Without XNNPACK both runtimes give the same bytes; it would save 0.02 ms in the newer one.
        interpreter = runtime.Interpreter(
            model_content=content,
            num_threads=1,
            experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # some of theirs have several lines
        raise ModelError(
            f"{runtime.__name__} cannot load the model {model_path} ({reason}); install the model again"
        ) from error
    return interpreter


def _runtime() -> ModuleType:
    """The first interpreter that can be imported. Raises ModelError."""
    reasons = []
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError as error:
            reasons.append(str(error))
    raise ModelError(
        f"no TensorFlow Lite interpreter can be imported ({'; '.join(reasons)}); "
        "pip install tflite-runtime (Python 3.11, with numpy below 2) or ai-edge-litert"
    )


def _check_tensors(interpreter: Any, card: ModelCard, model_path: Path) -> None:  # noqa: ANN401 - as `_load`
    """Refuse a model that does not have product.md's one input and one output."""
    expected = [(INPUT_SHAPE, np.uint8), ((1, len(card.classes)), np.int8)]
    details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    found = [(tuple(int(side) for side in detail["shape"]), detail["dtype"]) for detail in details]
    if found != expected:
        raise ModelError(
            f"the model {model_path} has the inputs and outputs {_spelled(found)}; expected {_spelled(expected)}: "
            "install the model that came with digitbox"
        )


def _spelled(tensors: Sequence[tuple[tuple[int, ...], type]]) -> str:
    return ", ".join(f"{dtype.__name__} {list(shape)}" for shape, dtype in tensors)
