"""What voice and loudspeaker do: sentences, tones, silence, and the change to another voice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, replace

from device.devices import Devices
from device.domain import Audio, Device
from device.errors import CatalogueError, SoundError, SpeechError
from device.events import Event, PreferencesChosen, SpeechFinished
from device.messages import Post
from device.parts import Parts, Settings
from device.phrases import Phrase, Utterance
from device.ports import Answer, Synthesizer
from device.preferences import Preferences
from device.situation import Mode, Situation
from device.tones import Tone, sound
from device.voice import Voice

log = logging.getLogger(__name__)


class SpeechJobs:
    """Synthesises on the speech worker, then plays on the sound worker; tones sound at once.

    Args:
        parts: Where pieces, catalogues and the display come from.
        settings: Loudness of tones, and the limits.
        devices: Whose synthesizer, player and ears.
        situation: Tells the box's situation; from any thread.
        post: Takes what comes of it.

    Attributes:
        catalogue: Of the language spoken.
        is_muted: Nothing is said but by tones.
    """

    def __init__(
        self, parts: Parts, settings: Settings, devices: Devices, situation: Callable[[], Situation], post: Post
    ) -> None:
        self.catalogue = parts.catalogue(parts.preferences.language)
        self.is_muted = False
        self._parts = parts
        self._settings = settings
        self._devices = devices
        self._situation = situation
        self._post = post
        self._voice = Voice(parts.pieces(parts.preferences), volume=parts.preferences.volume)
        self._early_tone: Tone | None = None

    def tone(self, tone: Tone) -> None:
        """Let a tone sound at once, or as soon as a sound card that has not opened yet is there."""
        player = self._devices.player
        if player.adapter is None:
            if Device.SOUND in self._situation().unknown:
                self._early_tone = tone  # the button was quicker to open: answered in a moment
            return
        try:
            player.adapter.start(sound(tone, volume=self._settings.tone_volume))
        except SoundError as error:
            self._post(self._devices.lost(player, error))

    def sound_opened(self) -> None:
        """Let the tone sound that had to wait for the card."""
        if self._early_tone is not None:
            self.tone(self._early_tone)
            self._early_tone = None

    def say(self, phrase: Phrase, turn: int) -> None:
        """Say it and post SpeechFinished; without voice or sound card, a tone has to do."""
        if self.is_muted:
            self._post(SpeechFinished(turn))
            return
        utterance = self.catalogue.utterance(phrase, number_style=self._situation().preferences.number_style)
        self._parts.display.said(" ".join(utterance))
        voice = self._voice
        synthesizer, player = self._devices.synthesizer.adapter, self._devices.player.adapter
        if synthesizer is None or player is None:
            self.tone(Tone.FAULT)
            self._post(SpeechFinished(turn))
            return
        device_limit = self._settings.device_limit_seconds

        def synthesize() -> None:
            audio = voice.audio(synthesizer, utterance)
            self._devices.use(self._devices.player, lambda: play(audio), audio.seconds + 2 * device_limit)

        def play(audio: Audio) -> SpeechFinished:
            voice.play(player, audio, turn=turn, limit_seconds=device_limit)
            return SpeechFinished(turn)

        self._devices.use(self._devices.synthesizer, synthesize, self._settings.speech_limit_seconds * len(utterance))

    def hush(self, turn: int) -> None:
        """Be silent at once, and let nothing of this turn or an older one be heard any more."""
        self._voice.hush(self._devices.player.adapter, turn=turn)

    def change(self, preferences: Preferences) -> None:
        """Speak, and be spoken to, this way from the next sentence on."""
        before, self._devices.preferences = self._devices.preferences, preferences
        self._voice.volume = preferences.volume
        if replace(before, volume=0) != replace(preferences, volume=0):
            self._change_voice(before, preferences)

    def try_voice(self, preferences: Preferences, answer: Answer) -> None:
        """Answer whether the box can speak this way, and post PreferencesChosen if so.

        A voice that cannot speak must not take the place of one that can.
        """

        def attempt() -> Event | None:
            synthesizer = self._parts.synthesizer(preferences)
            try:
                synthesizer.open()
            except SpeechError as error:
                answer.refuse(str(error))
                return None
            finally:
                synthesizer.close()
            answer.give({"preferences": asdict(preferences)})
            return PreferencesChosen(preferences)

        self._devices.use(self._devices.synthesizer, attempt, self._settings.speech_limit_seconds)

    def prepare(self) -> None:
        """Synthesise all that is often said, unless it is kept, and forget what another voice has said."""
        synthesizer = self._devices.synthesizer.adapter
        if synthesizer is None:
            return
        voice, pieces = self._voice, self.catalogue.fixed_pieces()

        def begin() -> None:
            voice.forget_others(pieces)
            self._prepare(voice, synthesizer, pieces)

        self._devices.use(self._devices.synthesizer, begin)

    def _prepare(self, voice: Voice, synthesizer: Synthesizer, pieces: Utterance) -> None:
        """Synthesise the fixed pieces one job each, so that whatever is to be said need only wait for one."""

        def prepare() -> None:
            voice.prepare(synthesizer, pieces[0])
            if len(pieces) > 1 and self._situation().mode is not Mode.STOPPED and voice is self._voice:
                self._prepare(voice, synthesizer, pieces[1:])

        self._devices.use(self._devices.synthesizer, prepare, self._settings.speech_limit_seconds)

    def _change_voice(self, before: Preferences, preferences: Preferences) -> None:
        try:
            self.catalogue = self._parts.catalogue(preferences.language)
        except CatalogueError as error:  # nothing is left to say it in but the language spoken so far
            log.error("%s", error)
            return
        self._voice = Voice(self._parts.pieces(preferences), volume=preferences.volume, former=self._voice)
        self._devices.replace(self._devices.synthesizer)
        self.prepare()
        if before.language != preferences.language:
            self._devices.replace(self._devices.ears)
