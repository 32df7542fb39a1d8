"""The spotter's network, and how it learns, on as little as shows that it works; and people's recordings."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from installed import need

from device import sounds
from device.adapters.spotter_tflite import TfliteSpotter
from device.domain import Audio
from train.speech import recordings, spotter_clips, word_clips
from train.speech.spotter_clips import NOTHING, STEPS, Pictures

CHANNELS = (24, 24, 24, 48, 48, 48, 48, 72, 72, 72, 72, *[96] * 9)


def made_up_weights():
    """Of the published network's shapes: they look over both, then over bands and time in turn."""
    from train.speech.spotter import Weights

    rng = np.random.default_rng(2)
    weights = []
    before = 1
    for number, channels in enumerate(CHANNELS):
        shape = (3, 3) if number == 0 else (1, 3) if number % 2 and number < 19 else (3, 1)
        kernel = rng.normal(0.0, (shape[0] * shape[1] * before) ** -0.5, (*shape, before, channels))
        weights.append(Weights(kernel.astype(np.float32), np.zeros(channels, np.float32)))
        before = channels
    return weights


def shown(count):
    """Pictures of a tone that says which digit it is, and of noise."""
    rng = np.random.default_rng(4)
    pictures = rng.integers(0, 40, (count, STEPS, 32), np.uint8)
    labels = np.arange(count) % (NOTHING + 1)
    for picture, label in zip(pictures, labels, strict=True):
        picture[40:90, 3 * label : 3 * label + 2] = 255
    return Pictures(pictures, labels)


def with_tensorflow(out):
    """All that needs TensorFlow, so that it is loaded once: a made-up spotter in `out`, and what else was found."""
    from train.errors import DataError
    from train.speech import spotter
    from train.speech.word_clips import Spoken

    weights = made_up_weights()
    network = spotter.embedding(weights)
    pictures = np.zeros((2, STEPS, 32, 1), np.float32)
    pictures[1, 76:] = 1.0
    scores = np.log(np.array([[1.0, 4.0], [3.0, 8.0]])).reshape(1, 2, 1, 2).astype(np.float32)
    spotter.EPOCHS = spotter.WORDS_EPOCHS = 2
    learned = shown(88)
    words = Spoken([picture[: 60 + number] for number, picture in enumerate(learned.pictures)], [(1,), (2, 3)] * 44)
    path = spotter.make(learned, words, weights, out, "the test")

    class Installed:
        """A package whose file is another."""

        def locate_file(self, name):
            """Beside the model."""
            return out / name.rpartition("/")[2]

    spotter.metadata.distribution = lambda name: Installed()
    refusals = []
    for content in (None, b"another"):
        if content:
            (out / "embedding_model.tflite").write_bytes(content)
        try:
            spotter.published_weights()
        except DataError as error:
            refusals.append(str(error))
    return {
        "trained": len(network.trainable_weights),
        "looks": network.predict(pictures, verbose=0)[:, :, 0],
        "pooled": spotter.pooled(scores).numpy(),
        "path": str(path),
        "refusals": refusals,
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """In another process: tflite_runtime can't be loaded beside TensorFlow."""
    need("tensorflow")
    with multiprocessing.get_context("spawn").Pool(1) as other:
        return other.apply(with_tensorflow, (tmp_path_factory.mktemp("spotter"),))


def test_the_published_network_sees_three_quarters_of_a_second(found):
    """76 rows make one look, and every eight another; nothing of it is trained."""
    assert found["looks"].shape == (2, 10, 96)
    assert found["trained"] == 0
    same, changed = found["looks"]
    assert np.allclose(same[0], changed[0])
    assert not np.allclose(same[1], changed[1])


def test_all_steps_count_together(found):
    """The logarithm of the mean of the exponentials."""
    assert found["pooled"] == pytest.approx(np.log([[2.0, 6.0]]), abs=1e-5)


def test_what_is_learned_is_spotted_by_the_device(found):
    """A .tflite file and a card that the device's own adapter takes, for sounds of any length."""
    opened = TfliteSpotter(Path(found["path"]))
    opened.open()
    assert opened.card.classes == (*map(str, range(10)), "no digit")
    assert opened.card.facts["published_weights"]["licence"] == "Apache-2.0"
    for seconds in (0.2, 1.0, 3.0):
        spotted = opened.spotted(sounds.quiet(seconds))
        assert np.exp(spotted.digits).sum() == pytest.approx(1.0)
        assert spotted.words == word_clips.words()
        assert np.allclose(spotted.steps.sum(axis=1), 1.0, atol=1e-3)


def test_other_weights_than_the_published_ones_are_refused(found):
    """Where there are none by the package that has them, and by their checksum."""
    absent, other = found["refusals"]
    assert "pip install 'digitbox[train]'" in absent
    assert "SHA-256" in other


def test_clips_are_of_one_length():
    """Cut, or continued with silence."""
    for rows in (10, STEPS, 300):
        picture = spotter_clips.of_one_length(np.full((rows, 32), 7, np.uint8))
        assert picture.shape == (STEPS, 32)
        assert picture[: min(rows, STEPS)].all()
        assert not picture[rows:].any()


def test_a_voice_says_every_digit_and_other_words():
    """Each voice others; labels are the digits, and NOTHING."""
    texts = spotter_clips.texts(0, 1)
    assert [label for _, label in texts[:10]] == list(range(10))
    assert {label for _, label in texts[10:]} == {NOTHING}
    assert texts != spotter_clips.texts(1, 1)
    assert texts == spotter_clips.texts(0, 1)


def test_a_voice_says_phrases_and_words_around_them():
    """Each voice others; what sounds like a word is its class, and every word outside of the catalogue one other."""
    texts = word_clips.texts(0, 1)
    assert texts != word_clips.texts(1, 1)
    assert texts == word_clips.texts(0, 1)
    known = word_clips.words()
    found = [word_clips.in_classes(text) for text in texts]
    assert max(map(len, found)) <= word_clips.MOST_WORDS
    assert {len(known)} < {one for classes in found for one in classes} <= {*range(len(known) + 1)}
    assert word_clips.in_classes("back to zebra") == (known.index("back"), known.index("two"), len(known))


def test_recordings_of_people_are_found_by_their_folders(tmp_path):
    """English digits by themselves, with both their intonations; what is long, silent or no speech is left out."""
    tone = (8000.0 * np.sin(np.arange(8000) / 5.0)).astype(np.int16)
    for name, samples in {
        "en_US_f_A/digits/7.wav": tone,
        "en_US_f_A/digits/h-7.wav": tone,
        "en_US_f_A/digits/17.wav": tone,
        "en_US_f_A/hello.wav": tone,
        "en_US_f_A/beep.wav": tone,
        "en_US_f_A/nothing.wav": tone[:0],
        "it_IT_m_C/digits/7.wav": tone,
        "it_IT_m_C/long.wav": np.tile(tone, 6),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Audio(samples, sounds.RATE_HZ).to_wav())
    assert [digit for digit, _ in recordings.english_digits(tmp_path)] == [7, 7]
    names = [name for name, _ in recordings.other_speech(tmp_path)]
    assert names == ["en_US_f_A/digits/17", "en_US_f_A/hello", "it_IT_m_C/digits/7"]
