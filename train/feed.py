"""Batches that never repeat: digits in other forms, by other hands, through a camera, and things that are no digit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from device.domain import Pixels
from train.augment import augmented
from train.data import DigitSet, Labels
from train.forms import other_form
from train.negatives import negatives
from train.settings import AugmentSettings, Settings

NOT_A_DIGIT = 10

NetworkInput = NDArray[np.float32]
"""Shape (n, 28, 28, 1), 0 black .. 1 white."""


def batches(digits: DigitSet, settings: Settings, *, epochs: int, seed: int) -> Iterator[tuple[NetworkInput, Labels]]:
    """Every digit once an epoch, each time changed anew; the same batches for the same seed.

    Args:
        digits: What is learned from; at least `settings.batch` of them. What is left over waits for the next epoch.
        settings: Sizes, shares and the strength of the augmentation.
        epochs: How often each digit comes.
        seed: Of the order and of every change.

    Yields:
        Network inputs and their labels, 0..10.
    """
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(len(digits))
        for step in range(steps_in(digits, settings)):
            rows = order[step * settings.batch : (step + 1) * settings.batch]
            rng = np.random.default_rng((seed, epoch, step))
            batch = changed(digits.part(digits.name, rows), settings, settings.augment, rng)
            yield network_input(batch.model_inputs), batch.labels


def steps_in(digits: DigitSet, settings: Settings) -> int:
    """Batches in one epoch."""
    return len(digits) // settings.batch


def changed(digits: DigitSet, settings: Settings, strength: AugmentSettings, rng: np.random.Generator) -> DigitSet:
    """The digits as the box may meet them, and behind them their share of things that are no digit.

    Args:
        digits: Labels 0..9.
        settings: How many take another form, how many negatives are added.
        strength: How far pictures are changed.
        rng: The only source of chance.
    """
    formed = [
        other_form(picture, int(label), rng) if rng.random() < settings.forms_share else picture
        for picture, label in zip(digits.model_inputs, digits.labels, strict=True)
    ]
    others = negatives(round(settings.negative_share * len(digits)), digits.model_inputs, rng)
    pictures = np.concatenate([np.stack(formed), others])
    labels = np.concatenate([digits.labels, np.full(len(others), NOT_A_DIGIT, np.uint8)])
    return DigitSet(digits.name, augmented(pictures, rng, strength), labels)


def network_input(model_inputs: Pixels) -> NetworkInput:
    """What the network in TensorFlow sees; the converted one divides by 255 inside."""
    return model_inputs[..., None].astype(np.float32) / np.float32(255.0)
