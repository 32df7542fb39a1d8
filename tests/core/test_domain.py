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


def wav(channels: int, sample_bytes: int, data: bytes, kind: int = 1) -> bytes:
    """A WAV file of any kind."""
    frame = channels * sample_bytes
    header = struct.pack("<HHIIHH", kind, channels, 8000, 8000 * frame, frame, 8 * sample_bytes)
    chunks = b"WAVEfmt " + struct.pack("<I", 16) + header + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"not a sound at all, only some text",
        wav(1, 2, bytes(8))[:20],
        wav(0, 2, bytes(8)),
        wav(1, 1, bytes(8), kind=7),
    ],
    ids=["empty", "four bytes", "text", "cut in its header", "no channel", "mu-law"],
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
    """With the same samples in it, whole numbers or floating point ones."""
    samples = np.array([3, -7, 500], "<i2")
    audio = Audio.from_wav(extensible(1, 16, samples.tobytes()))
    assert (audio.samples.tolist(), audio.rate_hz) == ([3, -7, 500], 16000)
    audio = Audio.from_wav(extensible(3, 32, (samples / 32768.0).astype("<f4").tobytes()))
    assert audio.samples.tolist() == [3, -7, 500]


LEVELS = np.array([0, 256, -256, 32512, -32768], np.int32)
"""Samples that 8 bits can hold as well."""


@pytest.mark.parametrize(
    ("kind", "sample_bytes", "data"),
    [
        (1, 1, (LEVELS // 256 + 128).astype(np.uint8).tobytes()),
        (1, 3, b"".join(struct.pack("<i", 256 * level + 7)[:3] for level in LEVELS.tolist())),
        (1, 4, (65536 * LEVELS + 7).astype("<i4").tobytes()),
        (3, 4, (LEVELS / 32768.0).astype("<f4").tobytes()),
        (3, 8, (LEVELS / 32768.0).astype("<f8").tobytes()),
    ],
    ids=["8 bits", "24 bits", "32 bits", "floating point", "double"],
)
def test_other_programs_write_other_samples(kind, sample_bytes, data):
    """A telephone's or a studio's recording is understood without converting it first."""
    assert Audio.from_wav(wav(1, sample_bytes, data, kind)).samples.tolist() == LEVELS.tolist()


def test_what_is_no_number_or_too_large_a_one():
    """Is silence, and as loud as can be."""
    data = np.array([np.nan, np.inf, -2.0], "<f4").tobytes()
    assert Audio.from_wav(wav(1, 4, data, kind=3)).samples.tolist() == [0, 32767, -32768]


@pytest.mark.parametrize("factor", [0, -1, 2])
def test_of_several_channels_the_loudest_is_heard(factor):
    """One may be silent; of two that are reversed a sum would leave nothing."""
    left = np.array([100, -200, 300], "<i2")
    both = np.column_stack([left, factor * left]).astype("<i2")
    heard = Audio.from_wav(wav(2, 2, both.tobytes())).samples
    np.testing.assert_array_equal(heard, left if abs(factor) < 2 else 2 * left)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_sound_is_decoded_part_by_part(channels):
    """Which takes little memory, and joins to the whole, the last part shorter; the loudest channel is that of all."""
    samples = np.random.default_rng(1).integers(-9000, 9000, (70000, channels)).astype("<i2")
    samples[:40000, 0] = 0
    samples[:, -1] *= 3
    np.testing.assert_array_equal(Audio.from_wav(wav(channels, 2, samples.tobytes())).samples, samples[:, -1])


def test_a_sound_may_last_so_long_and_no_longer():
    """A second has 8000 samples."""
    assert Audio.from_wav(wav(1, 1, bytes(8000)), longest_seconds=1.0).seconds == 1.0
    with pytest.raises(AudioError, match="lasts 1 seconds, more than 1; cut it"):
        Audio.from_wav(wav(1, 1, bytes(8001)), longest_seconds=1.0)


def test_a_file_whose_writer_was_ended():
    """Its header, written first, says that there is nothing in it."""
    whole = bytearray(Audio(np.arange(100, dtype=np.int16), 16000).to_wav())
    whole[4:8], whole[40:44] = struct.pack("<I", 36), bytes(4)
    np.testing.assert_array_equal(Audio.from_wav(bytes(whole)).samples, np.arange(100))


def test_a_recording_that_broke_off_in_a_sample_keeps_the_others():
    """As a program leaves it that is killed; half a sample is none."""
    whole = Audio(np.arange(100, dtype=np.int16), 16000).to_wav()
    np.testing.assert_array_equal(Audio.from_wav(whole[:-3]).samples, np.arange(98))


def test_what_is_wrong_with_a_sound_is_said_once():
    """Without a second reason around the first."""
    with pytest.raises(AudioError, match=r"^the sound is neither PCM nor .*: format 7, bits 8, channels 1; convert"):
        Audio.from_wav(wav(1, 1, bytes(8), kind=7))


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
