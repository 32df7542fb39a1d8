"""The contract of the recognizer port, over every adapter, and each adapter's own faults.

Vosk is the real one, with the model that comes with digitbox; what it hears is spoken by eSpeak NG.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from device import compose, sounds
from device.adapters.recognizer_none import NullRecognizer
from device.adapters.recognizer_script import ScriptRecognizer
from device.adapters.recognizer_vosk import VoskRecognizer
from device.domain import Audio, Transcript
from device.errors import RecognizerError
from device.speech_models import BUILT_IN

TINY = BUILT_IN / "vosk-tiny-en"
PHRASES = ("help", "louder", "shut down", "what time is it")
WORDS = [word for phrase in PHRASES for word in phrase.split()]


def spoken(text, folder):
    """The text as eSpeak NG says it, with a little silence around, in chunks."""
    path = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(path), "--", text], check=True)
    said = sounds.resampled(sounds.load(path)).samples
    silence = np.zeros(4000, np.int16)
    return sounds.chunks(Audio(np.concatenate([silence, said, silence]), sounds.RATE_HZ))


@pytest.fixture
def vosk():
    """The recognizer of Vosk with the small model, not opened."""
    recognizer = VoskRecognizer(lambda: TINY, WORDS)
    yield recognizer
    recognizer.close()


@pytest.fixture
def script(settings, tmp_path):
    """The recognizer that is told, not opened: of three utterances, the second is silence."""
    path = tmp_path / "said.txt"
    path.write_text("# a conversation\nshut down\n\nhelp  # please\n", encoding="utf-8")
    return ScriptRecognizer(replace(settings.listening, script=path))


@pytest.fixture(params=["vosk", "script"])
def recognizer(request):
    """Every recognizer, not opened."""
    return request.getfixturevalue(request.param)


def heard(recognizer, chunks, phrases=PHRASES):
    """One utterance."""
    recognizer.begin(phrases)
    for chunk in chunks:
        recognizer.feed(chunk)
    return recognizer.finish()


@pytest.fixture
def accented(tmp_path):
    """The model with "zero" called "zéro", not opened."""
    folder = shutil.copytree(TINY, tmp_path / "model")
    words = folder / "graph" / "words.txt"
    words.write_text(words.read_text(encoding="utf-8").replace("zero ", "zéro "), encoding="utf-8")
    recognizer = VoskRecognizer(lambda: folder, ["zéro"])
    yield recognizer
    recognizer.close()


# --- the contract -----------------------------------------------------------------------------------------------------


def test_three_utterances(recognizer, tmp_path):
    """Words in order with times and confidences; silence has none; the one before leaves nothing behind."""
    recognizer.open()
    first = heard(recognizer, spoken("shut down", tmp_path))
    assert first.text == "shut down"
    assert all(0.0 <= word.confidence <= 1.0 for word in first.words)
    assert 0.0 <= first.words[0].start_seconds < first.words[0].end_seconds <= first.words[1].start_seconds
    assert heard(recognizer, []).words == ()
    assert heard(recognizer, spoken("help", tmp_path)).text == "help"


def test_an_utterance_needs_an_open_recognizer(recognizer):
    """Neither before `open` nor after `close`."""
    with pytest.raises(RecognizerError):
        recognizer.begin(PHRASES)
    recognizer.open()
    recognizer.close()
    with pytest.raises(RecognizerError):
        recognizer.begin(PHRASES)
    with pytest.raises(RecognizerError):
        recognizer.finish()


def test_it_can_be_closed_at_any_time_and_opened_again(recognizer):
    """The daemon drops the model when memory is short."""
    recognizer.close()
    recognizer.open()
    recognizer.close()
    recognizer.close()
    recognizer.open()
    recognizer.begin(PHRASES)


def test_a_new_utterance_drops_the_one_before(recognizer, tmp_path):
    """Whoever begins again has given the first one up."""
    recognizer.open()
    recognizer.begin(PHRASES)
    for chunk in spoken("louder louder", tmp_path):
        recognizer.feed(chunk)
    assert "louder" not in heard(recognizer, spoken("shut down", tmp_path)).text


# --- Vosk -------------------------------------------------------------------------------------------------------------


def test_words_with_accents_are_heard(accented, tmp_path):
    """Most languages have them, and some no other letters; the library heard none, and knew each."""
    accented.open()
    assert accented.vocabulary == {"zéro"}
    assert heard(accented, spoken("zero", tmp_path), ["zéro"]).text == "zéro"


def test_the_vocabulary_is_what_the_model_knows_of_the_commands():
    """Words it does not know are not offered."""
    recognizer = VoskRecognizer(lambda: TINY, ["help", "spell", "zero"])
    recognizer.open()
    assert recognizer.vocabulary == {"help", "zero"}


def test_other_speech_is_unknown(vosk, tmp_path):
    """A sentence that is no phrase leaves "[unk]", which is no word of ours."""
    vosk.open()
    assert "[unk]" in heard(vosk, spoken("the birch canoe slid on the smooth planks", tmp_path)).text.split()


def test_a_pause_does_not_end_the_utterance(vosk, tmp_path):
    """What was said before it is part of the whole."""
    vosk.open()
    pause = [Audio(np.zeros(1600, np.int16), sounds.RATE_HZ)] * 30
    chunks = [*spoken("louder", tmp_path), *pause, *spoken("help", tmp_path)]
    assert heard(vosk, chunks).text == "louder help"


def test_a_model_that_is_not_there():
    """The folder is named, and what to do."""
    with pytest.raises(RecognizerError, match=r"nowhere: there is no such speech model.*digitbox speech-model"):
        VoskRecognizer(lambda: TINY / "nowhere", WORDS).open()


def empty(path):
    """As a full disk leaves it."""
    path.write_bytes(b"")


def halve(path):
    """As a broken download leaves it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble(path):
    """As a worn-out card leaves it."""
    path.write_bytes(bytes(reversed(path.read_bytes())))


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), empty, halve, scramble], ids=["gone", "", "half", "wrong"]
)
@pytest.mark.parametrize("name", ["am/final.mdl", "graph/HCLr.fst", "graph/Gr.fst", "conf/mfcc.conf"])
def test_a_damaged_model_is_refused(tmp_path, name, damage):
    """Vosk itself would end the process, or go on and understand nothing."""
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder, copy_function=shutil.copyfile)
    damage(folder / name)
    with pytest.raises(RecognizerError, match=r"model: the speech model .*install it again"):
        VoskRecognizer(lambda: folder, WORDS).open()


ALONE = """
import sys
from device.adapters import recognizer_vosk
recognizer = recognizer_vosk.VoskRecognizer(lambda: recognizer_vosk.Path(sys.argv[1]), ["help"])
recognizer.open()
recognizer.begin(["help"])
recognizer.finish()
print(*{"vosk", "requests", "tqdm"}.intersection(sys.modules))
"""


def test_the_engine_is_loaded_without_its_package():
    """Which would bring an HTTP client into the memory of a box that never fetches anything."""
    done = subprocess.run([sys.executable, "-c", ALONE, str(TINY)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_model_of_another_language():
    """It knows none of the words."""
    recognizer = VoskRecognizer(lambda: TINY, ["lauter", "leiser", "siebzehn"])
    with pytest.raises(RecognizerError, match="of another language"):
        recognizer.open()
    with pytest.raises(RecognizerError):
        recognizer.begin([])


# --- script and none --------------------------------------------------------------------------------------------------


def test_nothing_is_said_after_the_last_line(script):
    """Further holds are silent."""
    script.open()
    texts = [heard(script, []).text for _ in range(5)]
    assert texts == ["shut down", "", "help", "", ""]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_script_that_cannot_be_read(settings, tmp_path, content):
    """The file is named, and the key to set."""
    path = tmp_path / "said.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecognizerError, match=r"said\.txt.*\[listening\] script"):
        ScriptRecognizer(replace(settings.listening, script=path)).open()


def test_no_recognizer(settings):
    """It refuses, saying which key brings one; nothing is understood."""
    recognizer = compose.recognizer(replace(settings, listening=replace(settings.listening, backend="none")))
    assert isinstance(recognizer, NullRecognizer)
    for call in (recognizer.open, lambda: recognizer.begin(PHRASES)):
        with pytest.raises(RecognizerError, match=r"\[listening\] backend"):
            call()
    recognizer.close()
    assert recognizer.finish() == Transcript()
