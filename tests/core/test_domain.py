"""Frames, boxes, readings, sounds and the model's card."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from device.domain import Audio, Box, Digit, Frame, ModelCard, Reading, Status
from device.errors import AudioError, FrameError, ModelError

CARD = {
    "sha256": "00" * 32,
    "preprocessing_version": 1,
    "classes": [*map(str, range(10)), "not a digit"],
    "temperature": 1.5,
    "thresholds": [0.5] * 10,
    "size_bytes": 7,
}


def digit(value: int, group: int) -> Digit:
    """A sure digit of a group."""
    return Digit(value, 0.9, None, Box(0, 0, 1, 1), (0.1,) * 10, sure=True, group=group)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 0, 3), np.uint8),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5, 3), np.float32),
    ],
)
def test_only_a_picture_is_a_frame(pixels):
    """Empty, grey, with alpha, not of bytes: each is refused with its shape and type."""
    with pytest.raises(FrameError, match=r"expected \(H, W, 3\) and uint8"):
        Frame(pixels)


def test_a_frame_knows_its_size():
    """Rows are the height, columns the width."""
    frame = Frame(np.zeros((2, 3, 3), np.uint8))
    assert (frame.height_px, frame.width_px) == (2, 3)


def test_a_box_around_two():
    """The smallest one, in either order."""
    one, other = Box(2, 3, 4, 5), Box(0, 7, 3, 4)
    assert one.union(other) == other.union(one) == Box(0, 3, 6, 8)
    assert (one.right, one.bottom, one.area) == (6, 8, 20)


def test_what_two_boxes_share():
    """Pixels, their share of all, and whether they stand on one line; the same in either order."""
    one, other = Box(2, 3, 4, 5), Box(0, 7, 3, 4)
    assert one.shared_area(other) == other.shared_area(one) == 1
    assert one.overlap(other) == other.overlap(one) == 1 / 31
    assert (one.overlap(one), one.overlap(Box(9, 9, 1, 1))) == (1.0, 0.0)
    assert Box(0, 0, 2, 10).is_beside(Box(9, 6, 2, 6))
    assert not Box(0, 0, 2, 10).is_beside(Box(9, 7, 2, 6))


def test_a_box_within_another_never_vanishes():
    """What of it is inside, or the pixel nearest to it."""
    assert Box(-2, 3, 9, 9).within(Box(0, 0, 5, 6)) == Box(0, 3, 5, 3)
    assert Box(7, 9, 2, 2).within(Box(1, 1, 4, 5)) == Box(4, 5, 1, 1)


def test_a_box_scaled_never_vanishes():
    """At least one pixel, however small the factor."""
    assert Box(4, 8, 2, 6).scaled(2.5) == Box(10, 20, 5, 15)
    assert Box(40, 80, 2, 6).scaled(0.01) == Box(0, 1, 1, 1)


@pytest.mark.parametrize(
    ("groups", "number"),
    [([], ""), ([[7]], "7"), ([[4, 2, 7]], "427"), ([[4, 2], [7]], "42 7"), ([[0], [0], [1, 2]], "0 0 12")],
)
def test_a_number_joins_digits_and_parts_groups(groups, number):
    """One space between groups, none within, "" for no digits at all."""
    digits = tuple(digit(value, group) for group, values in enumerate(groups) for value in values)
    assert Reading(Status.OK, digits).number == number


def test_a_sound_survives_a_wav_file():
    """Every sample, the extremes too, and the rate."""
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    again = Audio.from_wav(Audio(samples, 22050).to_wav())
    assert again.rate_hz == 22050
    assert again.samples.dtype == np.int16
    np.testing.assert_array_equal(again.samples, samples)
    assert again.seconds == pytest.approx(5 / 22050)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000 + 36])
def test_a_streamed_wav_file_has_the_length_of_its_data(length):
    """A program that writes to a pipe cannot go back and fill in the length; espeak-ng writes 0x7ffff000 and more."""
    wav = bytearray(Audio(np.arange(100, dtype=np.int16), 22050).to_wav())
    wav[4:8] = wav[40:44] = struct.pack("<I", length)
    np.testing.assert_array_equal(Audio.from_wav(bytes(wav)).samples, np.arange(100))


def wav(channels: int, sample_bytes: int, data: bytes) -> bytes:
    """A WAV file of any kind."""
    frame = channels * sample_bytes
    header = struct.pack("<HHIIHH", 1, channels, 8000, 8000 * frame, frame, 8 * sample_bytes)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"not a sound at all, only some text",
        wav(1, 2, bytes(8))[:20],
        wav(2, 2, bytes(8)),
        wav(1, 1, bytes(8)),
    ],
    ids=["empty", "four bytes", "text", "cut in its header", "stereo", "8 bits"],
)
def test_what_is_no_such_sound_is_refused(data):
    """In one line that says what to do."""
    with pytest.raises(AudioError, match="convert it"):
        Audio.from_wav(data)


def extensible(subformat: int, bits: int, data: bytes) -> bytes:
    """A mono WAV file with a broadcaster's chunk and the longer header that some programs write."""
    header = struct.pack("<HHIIHH", 0xFFFE, 1, 16000, 2000 * bits, bits // 8, bits)
    header += struct.pack("<HHIH", 22, bits, 4, subformat) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"WAVEbext" + struct.pack("<I", 5) + b"never\0fmt " + struct.pack("<I", len(header)) + header
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def test_a_header_may_be_the_longer_one():
    """With the same samples in it; floating point numbers are refused whichever header they have."""
    samples = np.array([3, -7, 500], "<i2")
    audio = Audio.from_wav(extensible(1, 16, samples.tobytes()))
    assert (audio.samples.tolist(), audio.rate_hz) == ([3, -7, 500], 16000)
    with pytest.raises(AudioError, match=r"bits 32 in format 3, which is not plain PCM; convert it first$"):
        Audio.from_wav(extensible(3, 32, bytes(12)))


def test_a_recording_that_broke_off_in_a_sample_keeps_the_others():
    """As a program leaves it that is killed; half a sample is none."""
    whole = Audio(np.arange(100, dtype=np.int16), 16000).to_wav()
    np.testing.assert_array_equal(Audio.from_wav(whole[:-3]).samples, np.arange(98))


def test_what_is_wrong_with_a_sound_is_said_once():
    """Without a second reason around the first."""
    with pytest.raises(AudioError, match=r"^the sound is not mono with 16 bits a sample: channels 2, bits 16; convert"):
        Audio.from_wav(wav(2, 2, bytes(8)))


def test_a_card_is_read_whole():
    """The fields that the device needs, and all the facts for showing."""
    card = ModelCard.from_json(json.dumps(CARD))
    assert (card.temperature, card.classes[10], card.thresholds[9]) == (1.5, "not a digit", 0.5)
    assert card.facts["size_bytes"] == 7


@pytest.mark.parametrize("field", ["sha256", "preprocessing_version", "classes", "temperature", "thresholds"])
def test_a_card_that_lacks_a_field_names_it(field):
    """Together with the next step."""
    lacking = {key: value for key, value in CARD.items() if key != field}
    with pytest.raises(ModelError, match=f"no field '{field}'; install the model again"):
        ModelCard.from_json(json.dumps(lacking))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"classes": list("0123456798")}, "lists the classes"),
        ({"classes": list("012345678")}, "lists the classes"),
        ({"classes": [*CARD["classes"], "twelfth"]}, "lists the classes"),
        ({"classes": 3}, "cannot be read"),
        ({"thresholds": [0.5] * 9}, "ten numbers"),
        ({"thresholds": [0.5] * 9 + [1.5]}, "ten numbers"),
        ({"thresholds": [0.5] * 9 + ["high"]}, "cannot be read"),
        ({"thresholds": [0.5] * 9 + [float("nan")]}, "ten numbers"),
        ({"temperature": 0}, "must be above 0"),
        ({"temperature": float("nan")}, "must be above 0"),
        ({"temperature": None}, "cannot be read"),
        ({"preprocessing_version": "one"}, "cannot be read"),
    ],
)
def test_a_card_with_an_impossible_value_is_refused(change, complaint):
    """Each says which value and why."""
    with pytest.raises(ModelError, match=complaint):
        ModelCard.from_json(json.dumps({**CARD, **change}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"text"'])
def test_text_that_is_no_card_is_refused(text):
    """Not JSON, or JSON of another shape."""
    with pytest.raises(ModelError, match="cannot be read"):
        ModelCard.from_json(text)
