"""What can be said: every command in every situation it belongs to, and nothing by accident."""

from __future__ import annotations

import re

import pytest

from device import commands, phrases
from device.domain import Command, Context, VoiceCommand
from device.errors import CatalogueError

TINY_WORDS = (commands.LANGUAGES.parent / "models/vosk-tiny-en/graph/words.txt").read_text(encoding="utf-8")
VOCABULARY = frozenset(line.split()[0] for line in TINY_WORDS.splitlines())


@pytest.fixture(scope="module")
def english():
    """The English phrases."""
    return commands.load("en")


def meant(english, text, context=Context.READING):
    """What a sentence means."""
    return english.meaning(text.split(), context)


@pytest.mark.parametrize("command", list(Command))
def test_every_command_has_a_phrase_in_the_words_of_the_tiny_model(english, command):
    """So that the smallest board can be used entirely by voice."""
    said = english.phrases(None, VOCABULARY)
    assert any(meant(english, phrase, None).command is command for phrase in said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read", VoiceCommand(Command.READ)),
        ("what time is it", VoiceCommand(Command.TIME)),
        ("digit two", VoiceCommand(Command.DIGIT_AT, position=2)),
        ("the second digit", VoiceCommand(Command.DIGIT_AT, position=2)),
        ("zero", VoiceCommand(Command.DIGIT, digit=0)),
        ("oh", None),
        ("it's a seven", VoiceCommand(Command.DIGIT, digit=7)),
        ("that's wrong it is a seven", VoiceCommand(Command.CORRECT, digit=7)),
        ("language spanish", VoiceCommand(Command.LANGUAGE, language="es")),
        ("please read this please", VoiceCommand(Command.READ)),
        ("what time it", VoiceCommand(Command.TIME)),
        ("no is nine", VoiceCommand(Command.CORRECT, digit=9)),
        ("what is this", VoiceCommand(Command.READ)),
        ("what was that", VoiceCommand(Command.REPEAT)),
        ("what", None),
        ("it is", None),
        ("read the paper", None),
        ("please", None),
        ("seven seven", None),
        ("", None),
    ],
)
def test_what_phrases_mean(english, text, expected):
    """Placeholders become arguments, fillers fall away, anything more or less is not understood."""
    assert meant(english, text) == expected


@pytest.mark.parametrize(
    ("text", "context", "understood"),
    [
        ("seven", Context.IDLE, False),
        ("repeat", Context.IDLE, False),
        ("read", Context.IDLE, True),
        ("yes", Context.IDLE, False),
        ("next", Context.READING, False),
        ("yes", Context.CONFIRM, True),
        ("read", Context.CONFIRM, False),
        ("stop", Context.CONFIRM, True),
        ("next", Context.PRACTICE, True),
        ("shut down", Context.PRACTICE, False),
        ("yes", None, True),
        ("seven", None, True),
    ],
)
def test_the_situation_decides_what_can_be_meant(english, text, context, understood):
    """A digit needs a reading, an answer needs a question; without a situation both are heard."""
    assert (meant(english, text, context) is not None) == understood


def test_the_next_digit_of_practice(english):
    """It goes on practising, and only there."""
    assert meant(english, "next", Context.PRACTICE) == VoiceCommand(Command.PRACTISE)


def test_the_help_names_phrases_in_the_words_of_the_tiny_model(english):
    """Whoever has no larger model is not told to say what can't be heard."""
    sentences = phrases.load("en").sentences
    _, told = sentences["help.commands"].rstrip(".").split(": ")
    named = [part.removeprefix("or ") for part in told.split(", ")]
    named += re.findall(r"Say: ([^,]+),", sentences["help.more"])
    assert len(named) == 12
    assert set(named) <= set(english.phrases(None, VOCABULARY))


def test_only_phrases_of_known_words_are_listened_for(english):
    """The recognizer ignores other words with a warning; a phrase without one of its words would mean another."""
    said = english.phrases(Context.READING, VOCABULARY)
    assert "read this" in said
    assert "spell it" not in said
    assert "spell it" in english.phrases(Context.READING)


def test_the_words_of_digits(english):
    """Those that the model knows."""
    words = english.digit_words(VOCABULARY)
    assert words["zero"] == 0
    assert sorted(words.values()) == list(range(10))


def test_what_sounds_like_a_command_is_listened_for_as_well(english):
    """Words that mean nothing alone keep others from being taken for a command; a phrase is not given twice."""
    said = english.phrases(Context.CONFIRM, VOCABULARY)
    assert "camera" in said
    assert "yes" in said
    assert len(said) == len(set(said))
    assert meant(english, "camera", Context.IDLE) is None
    assert meant(english, "test", Context.IDLE) is None


def test_a_language_without_catalogue():
    """It is named."""
    with pytest.raises(CatalogueError, match=r"xx\.toml"):
        commands.load("xx")


def section(**changes):
    """A small section [commands], changed."""
    small = {
        "fillers": [],
        "light": [],
        "digits": {"words": [[f"d{digit}"] for digit in range(10)]},
        "positions": {"words": [["p1"]]},
        "ordinals": {"words": [["o1"]]},
        "languages": {"en": ["english"]},
        "phrases": {group: [f"say {group}"] for group in [*(command.value for command in Command), "next"]},
    }
    return small | changes


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"phrases": {"read": ["read"]}}, "lacks or does not know"),
        ({"phrases": section()["phrases"] | {"dance": ["dance"]}}, "dance"),
        ({"phrases": section()["phrases"] | {"mute": []}}, "mute is empty"),
        ({"phrases": section()["phrases"] | {"mute": ["say read"]}}, "means both"),
        ({"digits": {"words": [["one"]]}}, "not a list of ten"),
    ],
)
def test_an_incomplete_section_is_refused(changes, complaint):
    """Whoever writes a new language is told what it lacks."""
    assert commands.parse(section(), "xx")
    with pytest.raises(ValueError, match=complaint):
        commands.parse(section(**changes), "xx")


@pytest.mark.parametrize("language", [path.stem for path in commands.LANGUAGES.glob("*.toml")])
def test_every_catalogue_that_takes_commands_is_complete(language):
    """Each can be loaded, and its commands without arguments can be told from each other."""
    try:
        loaded = commands.load(language)
    except CatalogueError as error:
        assert "has no spoken commands" in str(error)  # noqa: PT017 - the only excuse
        return
    assert {command.command for command in loaded.meanings[None].values()} == set(Command)
