"""The model card: what travels beside a .tflite file and what `device.domain.ModelCard` reads of it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from device.domain import PREPROCESSING_VERSION, ModelCard
from train.output import write_bytes

Facts = Mapping[str, Any]

TFLITE_NAME = "digits.tflite"
WIDE_NAME = "digits-wide.tflite"

CLASSES = (*map(str, range(10)), "not a digit")

TOOLS = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy")


def card_path(model_path: Path) -> Path:
    """Where the card of a model lies."""
    return model_path.with_suffix(".json")


def identity(content: bytes, classes: Sequence[str] = CLASSES) -> dict[str, Any]:
    """What binds a card to its .tflite file and to the device's preprocessing; sure of nothing yet."""
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "preprocessing_version": PREPROCESSING_VERSION,
        "classes": list(classes),
        "size_bytes": len(content),
        "temperature": 1.0,
        "thresholds": [1.0] * 10,
    }


def versions() -> dict[str, str]:
    """Of the tools at work here."""
    return {"python": platform.python_version(), **{tool: metadata.version(tool) for tool in TOOLS}}


def write_card(model_path: Path, facts: Facts) -> None:
    """Write a card beside its model, once it is one that the device will accept. Raises ModelError, OutputError."""
    text = json.dumps(facts, indent=2) + "\n"
    ModelCard.from_json(text)
    write_bytes(card_path(model_path), text.encode())


def measured(card: ModelCard, accuracy: Facts) -> dict[str, Any]:
    """All facts of a card whose temperature and thresholds were fitted anew, with the accuracy on each set."""
    return {
        **card.facts,
        "temperature": card.temperature,
        "thresholds": list(card.thresholds),
        "accuracy": accuracy,
    }
