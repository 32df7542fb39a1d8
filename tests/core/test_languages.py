"""The catalogues of all languages: each is complete, is spoken by eSpeak NG as it is meant, and hears what it says."""

from __future__ import annotations

import re
import subprocess
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from device import commands, phrases
from device.domain import Box, Command, Context, Digit, Reading, Status
from device.phrases import Phrase

EXAMPLES: Mapping[str, phrases.Value] = {
    "address": "192.168.1.45",
    "answer": "7",
    "count": 12034,
    "digit": 7,
    "done": 5,
    "guess": 4,
    "hour": 14,
    "language": "en",
    "minute": "05",
    "number": "42 7",
    "other": 1,
    "percent": 87,
    "position": 2,
    "right": 3,
    "version": "0.3.1",
}
"""Something for every placeholder; dots are said by the catalogue's own word."""

NAMED = {
    "help.commands": (
        Command.REPEAT, Command.HOW_SURE, Command.SPELL, Command.LAST, Command.HISTORY, Command.LOUDER, Command.SLOWER,
        Command.TIME, Command.STATUS, Command.SHUT_DOWN,
    ),
    "help.more": (Command.AIM, Command.PRACTISE),
}  # fmt: skip
"""Sentences that tell what can be said, and which commands they name."""

OPTIONAL = {"commands.light", "commands.others"}
"""What a language may leave out: words that a recognizer loses are only known where it was measured."""

VOWELS = re.compile("[\u064b-\u0652\u0670]")
"""The marks with which Arabic is written to be read aloud, and which no recognizer writes."""

every_language = pytest.mark.parametrize("language", phrases.languages())


def text_of(language: str) -> str:
    """The catalogue's file."""
    return (phrases.LANGUAGES / f"{language}.toml").read_bytes().decode("utf-8")


def keys(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The dotted names of all values, in the file's order."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from keys(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def filled(catalogue: phrases.Catalogue) -> dict[str, str]:
    """Every sentence with something in its places."""
    dot = catalogue.sentences["told.dot"]
    values = {name: value.replace(".", dot) if isinstance(value, str) else value for name, value in EXAMPLES.items()}
    return {
        key: " ".join(catalogue.utterance(Phrase(key, values=tuple(values.items())), number_style="digits"))
        for key in catalogue.sentences
    }


def clauses(voice: str, text: str) -> list[str]:
    """How eSpeak NG says it: the phonemes between pauses."""
    command = ["espeak-ng", "-q", "-x", "-v", voice, "--", text]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def written_plain(text: str) -> str:
    """As a recognizer writes it, and without spaces, because Chinese has none."""
    return re.sub(r"[\s-]", "", VOWELS.sub("", text.lower()))


def hearable(heard: commands.Commands, context: Context | None) -> dict[str, Any]:
    """What every phrase means, by its letters."""
    return {written_plain("".join(phrase)): meaning for phrase, meaning in heard.meanings[context].items()}


@every_language
def test_a_catalogue_has_every_key_in_the_order_of_the_english_one(language):
    """So that two can be read side by side, and nobody looks for what is missing."""
    names, english = (
        [name for name in keys(tomllib.loads(text_of(code))) if name not in OPTIONAL] for code in (language, "en")
    )
    assert names == english


@every_language
def test_every_sentence_has_the_places_of_the_english_one(language):
    """In whatever order the language wants them."""
    catalogue, english = phrases.load(language), phrases.load("en")
    for key, sentence in catalogue.sentences.items():
        assert sorted(re.findall(r"{\w*}", sentence)) == sorted(re.findall(r"{\w*}", english.sentences[key])), key


@every_language
def test_letters_are_whole_and_of_one_script(language):
    """NFC, but that Arabic's doubling mark comes before the vowel's, as eSpeak NG 1.51 wants it; no foreign letters."""
    text, catalogue = text_of(language), phrases.load(language)
    assert sorted(text) == sorted(unicodedata.normalize("NFC", text))
    assert not re.search("[\u064b-\u0650]\u0651", text)
    spoken = "".join([*catalogue.words, *catalogue.guesses, *filled(catalogue).values()])
    assert len({unicodedata.name(letter).split()[0] for letter in spoken if letter.isalpha()}) == 1


@every_language
def test_every_language_is_named_in_every_other(language):
    """It can be asked for, and the question can be said."""
    named = {key.removeprefix("languages.") for key in phrases.load(language).sentences if key.startswith("languages.")}
    asked = {meaning.language for meaning in hearable(commands.load(language), None).values()} - {None}
    assert named == asked == set(phrases.languages())


@every_language
def test_what_is_said_for_a_digit_is_understood(language):
    """Alone and as in "it could be a seven"; and ten positions can be asked for, in two ways."""
    catalogue, heard = phrases.load(language), hearable(commands.load(language), Context.READING)
    for digit in range(10):
        for said in (catalogue.words[digit], catalogue.guesses[digit]):
            meaning = heard[written_plain(said)]
            assert (meaning.command, meaning.digit) == (Command.DIGIT, digit), said
    positions = [meaning.position for meaning in heard.values() if meaning.command is Command.DIGIT_AT]
    assert set(positions) == set(range(1, 11))


@every_language
@pytest.mark.parametrize("sentence", NAMED)
def test_the_help_names_phrases_that_are_understood(language, sentence):
    """Whoever says what the box has just said is obeyed."""
    heard = hearable(commands.load(language), None)
    told = written_plain(phrases.load(language).sentences[sentence])
    parts = "".join(letter if unicodedata.category(letter) != "Po" or letter == "'" else " " for letter in told).split()
    for command in NAMED[sentence]:
        said = tuple(phrase for phrase, meaning in heard.items() if meaning.command is command)
        assert any(part.endswith(said) for part in parts), command


@every_language
def test_phrases_are_plain_words_that_fillers_do_not_shorten(language):
    """Lower case, no marks, and no filler at either end: it would be taken off, and the rest not be understood."""
    heard = commands.load(language)
    for word in heard.words:
        assert word == word.lower()
        assert all(unicodedata.category(letter)[0] in "LM" or letter in "'-" for letter in word), word
    for meanings in heard.meanings.values():
        for phrase in meanings:
            assert len(phrase) == 1 or heard.fillers.isdisjoint((phrase[0], phrase[-1])), phrase


@every_language
def test_every_sentence_is_spoken_in_its_language(language):
    """Each has a sound, and eSpeak NG never changes to another language for a part of it."""
    catalogue = phrases.load(language)
    sentences = [*catalogue.fixed_pieces(), *filled(catalogue).values()]
    spoken = clauses(catalogue.voice, "\n\n".join(sentences))
    assert len(spoken) >= len(sentences)
    assert not [clause for clause in spoken if re.search(r"\([a-z-]+\)", clause)]


@every_language
def test_marks_are_heard_as_pauses(language):
    """And not as words."""
    catalogue = phrases.load(language)
    four, two, seven = (catalogue.words[digit] for digit in (4, 2, 7))
    apart = [clause for word in (four, two, seven) for clause in clauses(catalogue.voice, word)]
    text = f"{four}{catalogue.comma} {two}; {seven}{catalogue.stop}"
    assert len(clauses(catalogue.voice, text)) == len(apart) == 3


@every_language
def test_a_number_is_said_as_one(language):
    """In words where num2words knows them, else by eSpeak NG; either way not digit by digit."""
    catalogue = phrases.load(language)
    digits = tuple(Digit(digit, 0.99, None, Box(0, 0, 9, 9), (0.1,) * 10, sure=True) for digit in (4, 2, 7))
    answer = Phrase("reading", Reading(Status.OK, digits))
    (number,) = catalogue.utterance(answer, number_style="number")
    assert number.removesuffix(catalogue.stop).isdecimal() == catalogue.numerals
    spelled = clauses(catalogue.voice, " ".join(catalogue.words[digit.digit] for digit in digits))
    assert len(clauses(catalogue.voice, number)[0]) > len(spelled[0])
