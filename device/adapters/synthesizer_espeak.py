"""Speech by eSpeak NG: the argument list is the package espeakng's, the program is run here, into memory.

`Speaker.say` of that package prints on standard output and takes no text that begins with "-"; so only its
`generate_command` is used.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import numpy as np

from device.config import SpeechConfig
from device.domain import Audio
from device.errors import AudioError, SpeechError

PROGRAM = "espeak-ng"
_DATA = "espeak-ng-data"
"""Debian's package of it, and the folder's name."""

_SILENCE = 80
"""Samples up to this (of 32767, -52 dB) count as silence; eSpeak's own noise floor is below 10."""

_MARGIN_SECONDS = 0.03
"""So much silence stays before and after; eSpeak itself leaves about 0.3 s at the end."""


class EspeakSynthesizer:
    """Says sentences with one voice.

    Args:
        config: Voice (the language's own when empty), speed, pitch, volume and the limit for one sentence.
    """

    def __init__(self, config: SpeechConfig) -> None:
        self._config = config
        self._voice = config.voice or config.language
        self._speaker: Any = None

    def open(self) -> None:
        """See that the package, the program and the voice are there. Raises SpeechError."""
        speaker = _speaker_class()(
            self._voice,
            wpm=self._config.words_per_minute,
            pitch=self._config.pitch,
            amplitude=self._config.volume,
        )
        if shutil.which(PROGRAM) is None:
            raise SpeechError(f"the program {PROGRAM} is missing; sudo apt install espeak-ng")
        self._check_voice()
        self._speaker = speaker

    def synthesize(self, sentence: str) -> Audio:
        """Say it into memory.

        Raises:
            SpeechError: There is nothing to say, the program failed, or it took longer than its limit.
        """
        if self._speaker is None:
            raise SpeechError("speech is closed; open it first")
        # What UTF-8 cannot carry and the byte 0 have no sound, and an argument of a program cannot hold them.
        spoken = sentence.encode("utf-8", "replace").decode().replace("\0", " ")
        if not spoken.strip():
            raise SpeechError("there is nothing to say; give at least one word")
        *options, text = self._speaker.generate_command(spoken)
        try:
            return _trimmed(Audio.from_wav(self._run([*options, "--stdout", "--", text])))
        except AudioError as error:
            raise SpeechError(f"{PROGRAM} made no sound of {_short(sentence)} ({error})") from error

    def close(self) -> None:
        """Forget the voice."""
        self._speaker = None

    def _check_voice(self) -> None:
        language, _, variant = self._voice.partition("+")
        try:
            self._run([PROGRAM, "-q", "-v", language, "--", "a"])
        except SpeechError as error:
            if _DATA in str(error):  # no voice can be used
                raise SpeechError(f"its data is damaged ({error}); sudo apt install --reinstall {_DATA}") from error
            raise SpeechError(
                f'the voice "{language}" cannot be used ({error}); `{PROGRAM} --voices` lists the voices, '
                "set [speech] voice to one of them"
            ) from error
        # A variant it does not know is left out by the program without a word.
        if variant and variant.lower() not in self._variants():
            raise SpeechError(
                f'the voice "{self._voice}" has the unknown variant "{variant}"; '
                f"`{PROGRAM} --voices=variant` lists them, set [speech] voice to LANGUAGE+VARIANT"
            )

    def _variants(self) -> set[str]:
        """File names of the variants, in lower case; the table names each as "!v/NAME"."""
        words = self._run([PROGRAM, "--voices=variant"]).decode("utf-8", "replace").split()
        return {word.removeprefix("!v/").lower() for word in words if word.startswith("!v/")}

    def _run(self, command: list[str]) -> bytes:
        """What the program writes on standard output. Raises SpeechError."""
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._config.limit_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SpeechError(
                f"{PROGRAM} took longer than {self._config.limit_seconds:g} s and was stopped; "
                "say less at once or raise [speech] limit_seconds"
            ) from error
        except OSError as error:
            raise SpeechError(
                f"{PROGRAM} cannot be started ({error.strerror}); sudo apt install espeak-ng, and say less at once"
            ) from error
        if done.returncode != 0:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SpeechError(f"{PROGRAM} failed: {words[-1] if words else f'exit status {done.returncode}'}")
        return done.stdout


def _speaker_class() -> Any:  # noqa: ANN401 - espeakng has no types
    """The class Speaker of the right package: py-espeak-ng's module has the same name. Raises SpeechError."""
    try:
        import espeakng
    except ImportError as error:
        raise SpeechError("the Python package espeakng is missing; pip install 'espeakng>=1.0.5'") from error
    speaker_class = getattr(espeakng, "Speaker", None)
    if not hasattr(speaker_class, "generate_command"):
        raise SpeechError(
            "the installed module espeakng has no Speaker.generate_command: it is another package or too old; "
            "pip uninstall py-espeak-ng espeakng, then pip install 'espeakng>=1.0.5'"
        )
    return speaker_class


def _trimmed(audio: Audio) -> Audio:
    """Without the silence around it, but for a margin; a sound that is all silence is kept."""
    # int32, because -32768 has no absolute value in int16.
    loud = np.flatnonzero(np.abs(audio.samples.astype(np.int32)) > _SILENCE)
    if not loud.size:
        return audio
    margin = round(_MARGIN_SECONDS * audio.rate_hz)
    return Audio(audio.samples[max(0, loud[0] - margin) : loud[-1] + 1 + margin].copy(), audio.rate_hz)


def _short(sentence: str) -> str:
    return repr(sentence if len(sentence) <= 40 else sentence[:40] + "...")
