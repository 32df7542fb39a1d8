"""The spotter of spoken digits: a .tflite file that looks at a sound's mel spectrogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from device import sounds
from device.adapters.tflite import Tensor, TfliteScorer
from device.domain import Audio, ModelCard
from device.mel import BANDS, STEP_SAMPLES, WINDOW_SAMPLES, mel_picture

STEPS, STEPS_OF_A_LOOK, STEPS_BETWEEN = 148, 76, 8
"""Hundredths of a second that are looked at, that the network looks at together, and from one look to the next."""

QUIET_SECONDS = 0.35
"""Around what is heard: it learned from words with some quiet on either side."""

NOISE_DB = 40.0
"""So far below the loudest place lies the noise that is laid under every sound: it learned from none without."""


class TfliteSpotter(TfliteScorer):
    """Tells with a .tflite file that its card vouches for which digit a sound is; meets `ports.Spotter`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    @staticmethod
    def tensors(card: ModelCard) -> list[Tensor]:
        """As the card's model has them."""
        looks = 1 + (STEPS - STEPS_OF_A_LOOK) // STEPS_BETWEEN
        return [((1, STEPS, BANDS, 1), np.uint8), ((1, looks, 1, len(card.classes)), np.int8)]

    def log_probabilities(self, sound: Audio) -> NDArray[np.float64]:
        """Of each digit, and at last that it is none, by the second and a half around the loudest place.

        Args:
            sound: At `sounds.RATE_HZ`.

        Returns:
            float64, shape (11,): natural logarithms.

        Raises:
            ModelError: It is not open.
        """
        model = self._opened()
        picture = mel_picture(_around_the_loudest(sound))[:STEPS]
        picture = np.pad(picture, ((0, STEPS - len(picture)), (0, 0)))
        model.interpreter.set_tensor(model.input_index, picture[None, :, :, None])
        model.interpreter.invoke()
        scores = model.real(model.interpreter.get_tensor(model.output_index)[0, :, 0]).astype(np.float64)
        together = np.logaddexp.reduce(scores / model.card.temperature, axis=0)  # of all looks
        return np.asarray(together - np.logaddexp.reduce(together), np.float64)


def _around_the_loudest(sound: Audio) -> Audio:
    """At most STEPS of it, in noise, with some quiet around."""
    padded = sounds.joined(sounds.quiet(QUIET_SECONDS), sound, sounds.quiet(QUIET_SECONDS)).samples
    length = WINDOW_SAMPLES + (STEPS - 1) * STEP_SAMPLES
    loudest = sounds.loudest_place(sound) + round(QUIET_SECONDS * sounds.RATE_HZ)
    begin = max(0, min(loudest - length // 2, len(padded) - length))
    chosen = padded[begin : begin + length]
    noise = np.random.default_rng(0).normal(size=len(chosen)) * sounds.loudness(sound) / 10.0 ** (NOISE_DB / 20.0)
    return Audio(np.clip(np.rint(chosen + noise), -32768, 32767).astype(np.int16), sounds.RATE_HZ)
