"""The spotter of spoken digits and words: a .tflite file that looks at a sound's mel spectrogram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device import sounds
from device.adapters.tflite import Model, Tensor, TfliteScorer
from device.ctc import shares
from device.domain import Audio, ModelCard, Pixels, Spotted
from device.errors import ModelError
from device.mel import BANDS, STEP_SAMPLES, WINDOW_SAMPLES, mel_picture

STEPS_OF_A_LOOK, STEPS_BETWEEN = 76, 8
"""Hundredths of a second that the network looks at together, and from one look to the next."""

DIGIT_LOOKS, MOST_LOOKS = 10, 51
"""So many are asked which digit is said, a second and a half, and are there at least; and so many at most, 4.8 s."""

QUIET_SECONDS = 0.35
"""Around what is heard: it learned from words with some quiet on either side."""

NOISE_DB = 40.0
"""So far below the loudest place lies the noise that is laid under every sound: it learned from none without."""


class TfliteSpotter(TfliteScorer):
    """Tells with a .tflite file that its card vouches for what is said; meets `ports.Spotter`.

    Args:
        model_path: The .tflite file; its card lies beside it, with .json for .tflite.
    """

    def __init__(self, model_path: Path) -> None:
        super().__init__(model_path)
        self._looks = DIGIT_LOOKS

    @staticmethod
    def tensors(card: ModelCard) -> list[Tensor]:
        """As they are before the first sound."""
        steps = steps_of(DIGIT_LOOKS)
        return [
            ((1, steps, BANDS, 1), np.uint8),
            ((1, DIGIT_LOOKS, 1, len(card.classes) + len(_words(card)) + 2), np.int8),
        ]

    def open(self) -> None:
        """Load the model once, after checking it against its card. Raises ModelError."""
        super().open()
        self._looks = DIGIT_LOOKS

    def spotted(self, sound: Audio) -> Spotted:
        """What is said in it, in at most five seconds around the loudest place, and which digit its loudest part is.

        Args:
            sound: At `sounds.RATE_HZ`.

        Raises:
            ModelError: It is not open.
        """
        model = self._opened()
        heard, loudest = _said(sound)
        scores = self._scores(model, mel_picture(heard))
        of_digits, of_words = np.split(scores, [len(model.card.classes)], axis=1)
        middle = round((loudest / STEP_SAMPLES - STEPS_OF_A_LOOK / 2) / STEPS_BETWEEN)
        begin = max(0, min(middle - DIGIT_LOOKS // 2, len(scores) - DIGIT_LOOKS))
        together = np.logaddexp.reduce(
            of_digits[begin : begin + DIGIT_LOOKS].astype(np.float64) / model.card.temperature, axis=0
        )
        return Spotted(
            digits=tuple(float(one) for one in together - np.logaddexp.reduce(together)),
            words=_words(model.card),
            steps=shares(of_words, model.card.temperature),
        )

    def _scores(self, model: Model, picture: Pixels) -> NDArray[np.float32]:
        """What each look gives: logits, shape (looks, classes)."""
        looks = -(-(len(picture) - STEPS_OF_A_LOOK) // STEPS_BETWEEN) + 1
        looks = max(DIGIT_LOOKS, min(looks, MOST_LOOKS))
        steps = steps_of(looks)
        if looks != self._looks:
            model.interpreter.resize_tensor_input(model.input_index, [1, steps, BANDS, 1])
            model.interpreter.allocate_tensors()
            self._looks = looks
        picture = np.pad(picture[:steps], ((0, max(0, steps - len(picture))), (0, 0)))
        model.interpreter.set_tensor(model.input_index, picture[None, :, :, None])
        model.interpreter.invoke()
        return model.real(model.interpreter.get_tensor(model.output_index)[0, :, 0])


def _words(card: ModelCard) -> tuple[str, ...]:
    """Those that it knows; their scores stand behind those of the card's classes. Raises ModelError."""
    words = card.facts.get("words")
    if not isinstance(words, list):
        raise ModelError("the spotter's model card lists no words; install digitbox again")
    return tuple(map(str, words))


def steps_of(looks: int) -> int:
    """Rows of a picture that so many looks see together."""
    return STEPS_OF_A_LOOK + (looks - 1) * STEPS_BETWEEN


def _said(sound: Audio) -> tuple[Audio, int]:
    """What stands out of a sound, in noise, with QUIET_SECONDS around, and the sample at which it is loudest.

    It learned from words that begin soon: after a second of noise it takes the first for another word. Of what is
    longer than MOST_LOOKS that much around the loudest place is left.
    """
    quiet = sounds.quiet(QUIET_SECONDS)
    begin, end = sounds.standing_out(sound)
    padded = sounds.joined(quiet, sound, quiet).samples[begin : end + 2 * len(quiet.samples)]
    length = WINDOW_SAMPLES + (steps_of(MOST_LOOKS) - 1) * STEP_SAMPLES
    loudest = sounds.loudest_place(sound) - begin + len(quiet.samples)
    first = max(0, min(loudest - length // 2, len(padded) - length))
    chosen = padded[first : first + length]
    noise = np.random.default_rng(0).normal(size=len(chosen)) * sounds.loudness(sound) / 10.0 ** (NOISE_DB / 20.0)
    heard = np.clip(np.rint(chosen + noise), -32768, 32767).astype(np.int16)
    return Audio(heard, sounds.RATE_HZ), loudest - first
