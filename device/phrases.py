"""Sentences said, over a language's catalogue; pure.

An utterance is a tuple of pieces, each synthesised by itself and kept, so that an answer made of known pieces
starts at once: "four," "two," "seven." are three pieces, and every digit exists with a comma and with a full stop.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from device.domain import Digit, Reading, Status
from device.errors import CatalogueError

LANGUAGES = Path(__file__).with_name("languages")
REFERENCE = "en"

Utterance = tuple[str, ...]


Value = str | int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something to say: a sentence of the catalogue, or the answer to a reading.

    Attributes:
        key: Of the sentence, such as "fault.camera"; "reading" for an answer.
        reading: What the answer is to.
        values: What stands for the sentence's placeholders: {digit} and {number} are said as digits are, {guess} and
            {other} as in "it could be a one", {language} by its name, all else as it is written. For an answer
            "number_style" may stand here, instead of the usual one.
        then: What is said after it.
    """

    key: str
    reading: Reading | None = None
    values: tuple[tuple[str, Value], ...] = ()
    then: Phrase | None = None


def phrase(key: str, *, then: Phrase | None = None, **values: Value) -> Phrase:
    """A sentence with values for its placeholders."""
    return Phrase(key, values=tuple(values.items()), then=then)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language.

    Attributes:
        language: Its code, such as "en".
        name: What its speakers call it.
        voice: eSpeak NG's voice for it.
        words: The digits 0 to 9 as said alone.
        guesses: The digits 0 to 9 as in "it could be a one".
        comma: The mark after a digit that others follow.
        stop: The mark after the last one.
        numerals: Numbers are left to eSpeak NG, which says them better than num2words writes them.
        sentences: Every other sentence under its dotted key.
    """

    language: str
    name: str
    voice: str
    words: tuple[str, ...]
    guesses: tuple[str, ...]
    comma: str
    stop: str
    numerals: bool
    sentences: Mapping[str, str]

    def utterance(self, phrase: Phrase, *, number_style: str) -> Utterance:
        """The pieces to say for a phrase; `number_style` is "digits" or "number"."""
        then = () if phrase.then is None else self.utterance(phrase.then, number_style=number_style)
        values = dict(phrase.values)
        if phrase.reading is None:
            return (self._filled(phrase.key, values, number_style), *then)
        return (*self._answer(phrase.reading, str(values.get("number_style", number_style))), *then)

    def fixed_pieces(self) -> tuple[str, ...]:
        """Every piece that can be known beforehand, the likeliest first."""
        sentences = [text for text in self.sentences.values() if "{" not in text]
        digits = [word + mark for mark in (self.stop, self.comma) for word in self.words]
        thoughts = [self._think(word) for word in digits]
        doubts = [self._could_be(digit) for digit in range(10)]
        return tuple(dict.fromkeys([self.sentences["appliance.ready"], *digits, *thoughts, *doubts, *sentences]))

    def _filled(self, key: str, values: Mapping[str, Value], number_style: str) -> str:
        """The sentence with its placeholders replaced."""
        sentence = self.sentences[key]
        return sentence.format_map({name: self._spoken(name, value, number_style) for name, value in values.items()})

    def _spoken(self, name: str, value: Value, number_style: str) -> str:
        match name:
            case "digit":
                return self.words[int(value)]
            case "guess" | "other":
                return self.guesses[int(value)]
            case "number":
                return "; ".join(self._group(group, number_style) for group in str(value).split())
            case "language":
                return self.sentences[f"languages.{value}"]
        return str(value)

    def _group(self, digits: str, number_style: str) -> str:
        """Digits that belong together: as a number where that is wanted and one begins like this, else one by one."""
        if number_style == "number" and len(digits) > 1 and digits[0] != "0":
            return self._in_words(digits)
        return f"{self.comma} ".join(self.words[int(digit)] for digit in digits)

    def _answer(self, reading: Reading, number_style: str) -> Iterator[str]:
        if reading.status is Status.NOTHING or reading.status is Status.UNREADABLE:
            yield self.sentences[f"reading.{reading.status.value}"]
            yield from (self.sentences[f"advice.{advice.value}"] for advice in reading.advice[:1])
            return
        pieces = self._number(reading.digits, number_style)
        if reading.status is Status.UNSURE:
            pieces = [self._think(pieces[0]), *pieces[1:]]
        yield from pieces
        if reading.status is Status.UNSURE:
            yield from self._doubt(reading.digits)

    def _number(self, digits: tuple[Digit, ...], number_style: str) -> list[str]:
        groups: dict[int, list[int]] = {}
        for digit in digits:
            groups.setdefault(digit.group, []).append(digit.digit)
        pieces = []
        for group in groups.values():
            if number_style == "number" and len(group) > 1 and group[0] != 0:
                pieces.append(self._in_words("".join(map(str, group))) + self.stop)
            else:
                pieces += [self.words[digit] + self.comma for digit in group[:-1]]
                pieces.append(self.words[group[-1]] + self.stop)
        return pieces

    def _doubt(self, digits: tuple[Digit, ...]) -> Iterator[str]:
        """The second guess for the least sure digit, where there is one."""
        doubtful = [(digit.confidence, index) for index, digit in enumerate(digits) if digit.second is not None]
        if not doubtful:
            return
        index = min(doubtful)[1]
        second = digits[index].second
        assert second is not None  # noqa: S101 - for mypy: the list above holds no other
        yield (
            self._could_be(second)
            if len(digits) == 1
            else self.sentences["reading.could_be_at"].format(position=index + 1, guess=self.guesses[second])
        )

    def _think(self, answer: str) -> str:
        return self.sentences["reading.think"].format(answer=answer)

    def _could_be(self, digit: int) -> str:
        return self.sentences["reading.could_be"].format(guess=self.guesses[digit])

    def _in_words(self, digits: str) -> str:
        """A number in words, or as numerals for eSpeak NG."""
        if self.numerals:
            return digits
        from num2words import num2words  # takes 5 MB, and few people want numbers said this way

        try:
            return str(num2words(int(digits), lang=self.language))
        except (NotImplementedError, OverflowError):
            return digits


def languages() -> tuple[str, ...]:
    """The codes of all catalogues."""
    return tuple(sorted(path.stem for path in LANGUAGES.glob("*.toml")))


def load(language: str) -> Catalogue:
    """Read a catalogue.

    Raises:
        CatalogueError: There is none for that language, or it lacks something the English one has.
    """
    if language not in languages():
        raise CatalogueError(f"there is no language {language!r}; choose one of {', '.join(languages())}")
    catalogue = _read(language)
    missing = _read(REFERENCE).sentences.keys() - catalogue.sentences.keys()
    if missing or len(catalogue.words) != 10 or len(catalogue.guesses) != 10:
        raise CatalogueError(f"languages/{language}.toml lacks {', '.join(sorted(missing)) or 'ten digits'}")
    return catalogue


@cache
def _read(language: str) -> Catalogue:
    """Read once: the start needs it for sentences, voice and comparison, and the page for every request."""
    path = LANGUAGES / f"{language}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        name, voice, digits = content.pop("name"), content.pop("voice"), content.pop("digits")
        marks, numerals = content.pop("marks"), content.pop("numerals")
        content.pop("commands", None)  # what can be said to it is read by device/commands.py
        return Catalogue(
            language=language,
            name=name,
            voice=voice,
            words=tuple(digits["words"]),
            guesses=tuple(digits["guesses"]),
            comma=marks["comma"],
            stop=marks["stop"],
            numerals=numerals,
            sentences={f"{section}.{key}": text for section, keys in content.items() for key, text in keys.items()},
        )
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, AttributeError) as error:
        raise CatalogueError(f"{path.name} cannot be read ({error}); install digitbox again") from error
