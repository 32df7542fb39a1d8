"""What is said: answers, advice, and catalogues that lack nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from device import aiming, appliance, compose, daemon, obeying, phrases, practice, steps, telling
from device.domain import Advice, Box, Device, Digit, Hint, Reading, Status
from device.errors import CatalogueError
from device.jobs import records
from device.phrases import Phrase


@pytest.fixture(scope="module")
def english():
    """The catalogue that all others are compared with."""
    return phrases.load("en")


SPEAKERS = (aiming, appliance, compose, daemon, obeying, practice, records, steps, telling)
SECTIONS = ("appliance", "aim", "answer", "told", "help", "practice")
"""The modules that name sentences, and the sections whose sentences all have their place there."""


def reading(status: Status, *groups: str, second: int | None = None, doubtful: int = 0, advice=()) -> Reading:
    """A reading of these groups of digits; `second` is the other guess for digit number `doubtful`."""
    digits = []
    for group, text in enumerate(groups):
        for character in text:
            doubt = len(digits) == doubtful and second is not None
            digits.append(
                Digit(
                    int(character),
                    0.4 if doubt else 0.99,
                    second if doubt else None,
                    Box(0, 0, 9, 9),
                    (0.1,) * 10,
                    sure=not doubt,
                    group=group,
                )
            )
    return Reading(status, tuple(digits), tuple(advice))


def said(catalogue, answer: Reading, number_style: str = "digits") -> str:
    """The whole sentence."""
    return " ".join(catalogue.utterance(Phrase("reading", answer), number_style=number_style))


@pytest.mark.parametrize(
    ("answer", "digits", "number"),
    [
        (reading(Status.OK, "7"), "seven.", "seven."),
        (reading(Status.OK, "427"), "four, two, seven.", "four hundred and twenty-seven."),
        (reading(Status.OK, "42", "7"), "four, two. seven.", "forty-two. seven."),
        (reading(Status.OK, "007"), "zero, zero, seven.", "zero, zero, seven."),
        (reading(Status.OK, "0", "12"), "zero. one, two.", "zero. twelve."),
        (reading(Status.UNSURE, "7", second=1), "I think seven. It could be a one.", None),
        (reading(Status.UNSURE, "7", second=8), "I think seven. It could be an eight.", None),
        (reading(Status.UNSURE, "7"), "I think seven.", "I think seven."),
        (
            reading(Status.UNSURE, "427", second=3, doubtful=1),
            "I think four, two, seven. Digit 2 could be a three.",
            "I think four hundred and twenty-seven. Digit 2 could be a three.",
        ),
        (
            reading(Status.UNSURE, "4", "27", second=1, doubtful=2),
            "I think four. two, seven. Digit 3 could be a one.",
            "I think four. twenty-seven. Digit 3 could be a one.",
        ),
        (reading(Status.NOTHING), "I see no digit.", None),
        (
            reading(Status.NOTHING, advice=[Advice.TOO_DARK, Advice.BLURRED]),
            "I see no digit. It is too dark, give me more light.",
            None,
        ),
        (
            reading(Status.UNREADABLE, advice=[Advice.CUT_OFF_LEFT]),
            "I can't read this. The writing is cut off on the left, move the paper to the right.",
            None,
        ),
        (reading(Status.UNREADABLE, "4"), "I can't read this.", None),
    ],
)
def test_an_answer_is_said_as_the_contract_has_it(english, answer, digits, number):
    """Product.md, "Reading"; advice is one sentence, the most useful first, and a style changes numbers only."""
    assert said(english, answer) == digits
    assert said(english, answer, "number") == (number or digits)


def test_the_doubt_is_about_the_least_sure_digit(english):
    """Of two second guesses the one for the weaker digit is worth saying."""
    weak, weaker = (
        Digit(digit, confidence, 1, Box(0, 0, 9, 9), (0.1,) * 10, sure=False)
        for digit, confidence in ((7, 0.6), (4, 0.5))
    )
    assert said(english, Reading(Status.UNSURE, (weak, weaker))).endswith("Digit 2 could be a one.")


@pytest.mark.parametrize("language", phrases.languages())
def test_a_catalogue_has_the_keys_of_the_english_one(english, language):
    """No more, no fewer, ten of each digit, no empty sentence, and the same places to fill in."""
    catalogue = phrases.load(language)
    assert catalogue.sentences.keys() == english.sentences.keys()
    assert len(set(catalogue.words)) == len(set(catalogue.guesses)) == 10
    for key, sentence in catalogue.sentences.items():
        assert sentence.strip(), key
        assert sorted(re.findall(r"{\w+}", sentence)) == sorted(re.findall(r"{\w+}", english.sentences[key])), key


@pytest.mark.parametrize("key", [f"{kind}.{device.value}" for device in Device for kind in ("fault", "recovered")])
def test_every_device_has_its_sentences(english, key):
    """A fault that nobody can say would end the process."""
    assert english.utterance(Phrase(key), number_style="digits")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("advice", [None, *Advice])
def test_every_status_and_every_advice_can_be_said(english, status, advice):
    """All that a reading can be."""
    digits = "" if status is Status.NOTHING else "7"
    assert said(english, reading(status, digits, advice=[advice] if advice else []))


def test_every_sentence_that_the_state_machine_names_exists(english):
    """Its keys are text in its source; a misspelt one would only show when it is said."""
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in SPEAKERS]
    found = [set(re.findall(r'"((?:appliance|aim|answer|told|help|practice)\.\w+)"', source)) for source in sources]
    assert all(found)
    keys = set().union(*found) | {f"aim.{hint.value}" for hint in Hint}
    keys |= {f"answer.{no}{change}" for no in ("", "no_") for change in ("louder", "quieter", "slower", "faster")}
    assert keys == {key for key in english.sentences if key.split(".")[0] in SECTIONS}


@pytest.mark.parametrize("language", phrases.languages())
def test_answers_of_one_digit_need_no_synthesis(language):
    """Every piece of them, and of every sentence, is known beforehand and kept."""
    catalogue = phrases.load(language)
    fixed = set(catalogue.fixed_pieces())
    answers = [
        reading(status, str(digit), second=second)
        for status in (Status.OK, Status.UNSURE)
        for digit in range(10)
        for second in (None, *range(10))
    ]
    answers += [reading(status, advice=[advice]) for status in (Status.NOTHING, Status.UNREADABLE) for advice in Advice]
    spoken = [Phrase("reading", answer) for answer in answers]
    spoken += [Phrase(key) for key, sentence in catalogue.sentences.items() if "{" not in sentence]
    for phrase in spoken:
        assert set(catalogue.utterance(phrase, number_style="digits")) <= fixed


def test_fixed_pieces_are_each_once_and_the_greeting_first(english):
    """They are synthesised in this order after the start, when "Ready." is needed first."""
    pieces = english.fixed_pieces()
    assert pieces[0] == "Ready."
    assert len(set(pieces)) == len(pieces)
    assert not any("{" in piece for piece in pieces)


def test_digits_of_a_longer_answer_are_fixed_too(english):
    """Read digit by digit, any number whatever is made of known pieces."""
    pieces = english.utterance(Phrase("reading", reading(Status.OK, "1234567890", "05")), number_style="digits")
    assert set(pieces) <= set(english.fixed_pieces())


@pytest.mark.parametrize("language", ["xx", "", "../en", "EN", "en.toml"])
def test_an_unknown_language_names_those_there_are(language):
    """And a path is no language."""
    with pytest.raises(CatalogueError, match=r"choose one of .*en"):
        phrases.load(language)
