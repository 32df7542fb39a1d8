"""Requests as they are written and read, and everything that is none."""

from __future__ import annotations

import json
import random
import string

import pytest

from device.config import preference_limits
from device.domain import Command
from device.errors import RequestError
from device.preferences import Preferences
from device.protocol import (
    GIVEN,
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    ErrorsAsked,
    FollowAsked,
    HistoryAsked,
    LookAsked,
    PictureAsked,
    PreferencesAsked,
    SayAsked,
    SayTokenAsked,
    StatusAsked,
    changed,
    parsed,
    reading_to_say,
    written,
)

ENGLISH = Preferences("en", "", 155, 50, 100, "digits")


@pytest.mark.parametrize(
    "request_",
    [
        StatusAsked(),
        ErrorsAsked(),
        LookAsked(320),
        *(CommandAsked(command.value) for command in sorted(GIVEN, key=lambda command: command.value)),
        PreferencesAsked({"volume": 70}),
        HistoryAsked(10, 99, "42"),
        HistoryAsked(),
        PictureAsked(7),
        CorrectAsked(7, "42 7"),
        DeleteAsked(7),
        DeleteAsked(),
        FollowAsked(),
        SayAsked("unsure", "42 7", "", 2, 7),
        SayAsked("nothing", advice="too_dark"),
        SayTokenAsked("1234567812345678"),
    ],
)
def test_a_request_survives_the_line(request_):
    """What was written is what is read, on one line."""
    line = written(request_)
    assert line.count(b"\n") == 1
    assert parsed(line) == request_


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "sure", "number": "7"},
        {"status": "ok"},
        {"status": "ok", "number": "seven"},
        {"status": "ok", "number": "7" * 101},
        {"status": "nothing", "number": "7"},
        {"status": "ok", "number": "7", "advice": "appliance.goodbye"},
        {"status": "ok", "number": "7", "text": "send money"},
        {"status": "unsure", "number": "4 2", "doubtful": 3},
        {"status": "unsure", "number": "42", "doubtful": -1, "second": 1},
        {"status": "unsure", "number": "42", "doubtful": 1, "second": 10},
    ],
)
def test_only_an_answer_can_be_said(fields):
    """Nothing that a reading could not have been."""
    with pytest.raises(RequestError):
        parsed(json.dumps({"ask": "say", **fields}).encode())


@pytest.mark.parametrize("token", ["", "1234567", "9" * 41, "12345678a", "12345678\n", "١٢٣٤٥٦٧٨"])
def test_only_digits_are_a_token(token):
    """Whoever may ask can't have words said as one."""
    with pytest.raises(RequestError):
        parsed(json.dumps({"ask": "say_token", "token": token}).encode())


def test_an_answer_to_say_is_a_reading():
    """With its groups, and the doubt where it belongs."""
    reading = reading_to_say(SayAsked("unsure", "42 7", "", 2, 7))
    assert (reading.number, reading.status.value) == ("42 7", "unsure")
    assert [digit.second for digit in reading.digits] == [None, 7, None]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"status",
        b"[]",
        b'"status"',
        b"\xff\xfe",
        b"[" * 5000,
        b"{}",
        b'{"ask": "poweroff"}',
        b'{"ask": ["status"]}',
        b'{"ask": "status", "more": 1}',
        b'{"ask": "look", "width_px": 63}',
        b'{"ask": "look", "width_px": 1921}',
        b'{"ask": "look", "width_px": 100.0}',
        b'{"ask": "look", "width_px": true}',
        b'{"ask": "look", "width_px": 1e400}',
        b'{"ask": "command"}',
        b'{"ask": "command", "command": "shut_down"}',
        b'{"ask": "command", "command": "mute"}',
        b'{"ask": "command", "command": null}',
        b'{"ask": "prefer", "preferences": [1]}',
        b'{"ask": "history", "limit": 0}',
        b'{"ask": "history", "limit": 501}',
        b'{"ask": "history", "number": "4 OR 1=1"}',
        b'{"ask": "history", "before": "7"}',
        b'{"ask": "correct", "id": 7}',
        b'{"ask": "correct", "id": 0, "number": "1"}',
        b'{"ask": "delete", "id": 99999999999999999999}',
        b'{"ask": "history", "before": 99999999999999999999}',
        b'{"ask": "history", "before": 0}',
        b'{"ask": "picture", "id": -1}',
        b'{"ask": "correct", "id": 7, "number": ""}',
        b'{"ask": "correct", "id": 7, "number": "4  2"}',
        b'{"ask": "correct", "id": 7, "number": "\xd9\xa4"}',
        b'{"ask": "correct", "id": 7, "number": "' + b"1" * 101 + b'"}',
        b'{"ask": "delete", "id": "all"}',
    ],
)
def test_what_is_no_request_is_refused(line):
    """With words for a person, and nothing else raised."""
    with pytest.raises(RequestError, match=r".{20,}"):
        parsed(line)


def test_noise_is_refused():
    """Broken JSON of all kinds never raises anything else."""
    dice = random.Random(7)  # noqa: S311 - noise, no secret
    whole = written(HistoryAsked(10, 99, "42")).decode()
    for _ in range(2000):
        broken = list(whole)
        for _ in range(dice.randint(1, 4)):
            broken[dice.randrange(len(broken))] = dice.choice(string.printable)
        try:
            parsed("".join(broken).encode())
        except RequestError:
            continue
        json.loads("".join(broken))  # what was taken is JSON, at least


def test_nothing_grave_can_be_given_as_a_command():
    """What the box would ask about first cannot be given past the question."""
    assert not GIVEN & {Command.SHUT_DOWN, Command.MUTE, Command.FORGET, Command.LANGUAGE, Command.CORRECT}


def test_preferences_change_within_their_limits():
    """Each by its name and type; the others stay."""
    wishes = {"volume": 70, "language": "de", "number_style": "number"}
    assert changed(ENGLISH, wishes, preference_limits()) == Preferences("de", "", 155, 50, 70, "number")


@pytest.mark.parametrize(
    "wishes",
    [{"volume": 201}, {"volume": -1}, {"volume": 70.0}, {"volume": True}, {"pitch": "high"}, {"colour": 1},
     {"number_style": "roman"}, {"language": None}, {"voice": "a b"}, {"voice": "\x00"}, {"voice": "\ud800"},
     {"voice": "x" * 41}],
)  # fmt: skip
def test_other_wishes_are_refused(wishes):
    """Before anything is changed."""
    with pytest.raises(RequestError):
        changed(ENGLISH, wishes, preference_limits())


def test_the_limits_are_those_of_the_configuration():
    """One place where they are written."""
    assert preference_limits() == {"words_per_minute": (80, 450), "pitch": (0, 99), "volume": (0, 200)}
