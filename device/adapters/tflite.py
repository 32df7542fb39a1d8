"""Model files and the TensorFlow Lite interpreter that runs them, whichever is installed."""

from __future__ import annotations

import hashlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device import files
from device.domain import PREPROCESSING_VERSION, ModelCard, Pixels
from device.errors import ModelError

RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
"""The same interpreter under its old and its new name, in order of preference."""

Tensor = tuple[tuple[int, ...], type]
"""Shape and type."""

LOOKS = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""Where a picture is moved to for other looks at it, in pixels (down, right)."""


@dataclass(frozen=True, slots=True)
class Model:
    """An interpreter that passed every check, and the numbers that each run needs, asked for once.

    Attributes:
        card: Of the model.
        interpreter: Of either runtime; neither is typed.
        input_index: Of its input tensor.
        output_index: Of its output tensor.
        scale: Of the output: real = scale x (quantized - zero_point) (Jacob et al. 2018, arXiv:1712.05877, equation 1).
        zero_point: Likewise.
    """

    card: ModelCard
    interpreter: Any
    input_index: int
    output_index: int
    scale: float
    zero_point: int

    def real(self, quantized: NDArray[np.int8]) -> NDArray[np.float32]:
        """What the output stands for."""
        return np.float32(self.scale) * (quantized.astype(np.float32) - np.float32(self.zero_point))


class TfliteScorer(ABC):
    """A .tflite file that its card vouches for; what it scores, and how, a subclass says.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    def __init__(self, model_path: Path) -> None:
        self._model_path = model_path
        self._model: Model | None = None

    @staticmethod
    @abstractmethod
    def tensors(card: ModelCard) -> list[Tensor]:
        """The input and the output that a model with such a card must have when it is loaded."""

    def open(self) -> None:
        """Load the model once, after checking it against its card.

        Raises:
            ModelError: The model, its card or an interpreter is missing or damaged, or they don't belong together.
        """
        self._model = load(self._model_path, self.tensors)

    @property
    def card(self) -> ModelCard:
        """The card of the loaded model. Raises ModelError before `open`."""
        return self._opened().card

    def close(self) -> None:
        """Drop the model."""
        self._model = None

    def _opened(self) -> Model:
        if self._model is None:
            raise ModelError(f"the model {self._model_path} is not loaded; open it first")
        return self._model


def moved(pictures: Pixels, down: int, right: int) -> Pixels:
    """Each picture moved by at most a pixel each way, black following: uint8 (n, h, w) -> uint8 (n, h, w)."""
    framed = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    height, width = pictures.shape[1:]
    return np.ascontiguousarray(framed[:, 1 - down : 1 - down + height, 1 - right : 1 - right + width])


def load(model_path: Path, tensors: Callable[[ModelCard], list[Tensor]]) -> Model:
    """Load a model after checking it against its card, and its input and output against what they must be.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
        tensors: The input and the output that a model with such a card must have.

    Raises:
        ModelError: The model, its card or an interpreter is missing or damaged, or they don't belong together.
    """
    content = _read(model_path)
    card = read_card(model_path)
    _check_belongs(content, card, model_path)
    interpreter = _load(content, model_path)
    _check_tensors(interpreter, tensors(card), model_path)
    given, answered = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    return Model(card, interpreter, given["index"], answered["index"], *answered["quantization"])


def read_card(model_path: Path) -> ModelCard:
    """The card beside a model. Raises ModelError."""
    card_path = model_path.with_suffix(".json")
    try:
        files.refuse_endless(card_path)
        return ModelCard.from_json(card_path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"the model card {card_path} cannot be read ({error}); it belongs beside the model: install both again"
        ) from error


def _read(model_path: Path) -> bytes:
    try:
        files.refuse_endless(model_path)
        return model_path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the model {model_path} cannot be read ({error.strerror}); install digitbox again or correct [model]"
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


def _check_tensors(interpreter: Any, expected: list[Tensor], model_path: Path) -> None:  # noqa: ANN401 - as `_load`
    """Refuse a model that does not have the one input and the one output that it must have."""
    details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    found = [(tuple(int(side) for side in detail["shape"]), detail["dtype"]) for detail in details]
    if found != expected:
        raise ModelError(
            f"the model {model_path} has the inputs and outputs {_spelled(found)}; expected {_spelled(expected)}: "
            "install the model that came with digitbox"
        )


def _spelled(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"{dtype.__name__} {list(shape)}" for shape, dtype in tensors)
