"""What can be said to the box: phrases listened for in a situation, and what a transcript means; pure.

A catalogue's section [commands] holds phrases for every command. A phrase is used where the speech model knows all
its words; placeholders stand for digits, positions and languages.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from device.domain import Command, Context, VoiceCommand
from device.errors import CatalogueError

LANGUAGES = Path(__file__).with_name("languages")

UNKNOWN = "[unk]"
"""How a recognizer writes speech that is none of the phrases."""

_NEEDS_READING = {
    Command.REPEAT,
    Command.DIGIT_AT,
    Command.SPELL,
    Command.AS_NUMBER,
    Command.HOW_SURE,
    Command.CORRECT,
    Command.DIGIT,
}
_ANSWERS = {Command.YES, Command.NO}

_NEXT = "next"
"""The phrases that ask for the next digit while practising: `Command.PRACTISE`, but nowhere else."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _groups(commands: Iterable[Command]) -> frozenset[str]:
    return frozenset(command.value for command in commands)


_MEANT: Mapping[Context | None, frozenset[str]] = {
    Context.IDLE: _groups(set(Command) - _NEEDS_READING - _ANSWERS),
    Context.READING: _groups(set(Command) - _ANSWERS),
    Context.PRACTICE: _groups({Command.CANCEL, Command.REPEAT, Command.HELP, Command.DIGIT, Command.CORRECT, *_ANSWERS})
    | {_NEXT},
    Context.CONFIRM: _groups({Command.CANCEL, *_ANSWERS}),
    None: _groups(Command),
}
"""The groups of phrases that mean something in a situation; None is for sound of which nobody knows the situation."""


@dataclass(frozen=True, slots=True)
class Commands:
    """What can be said in one language.

    Attributes:
        language: Its code, such as "en".
        fillers: Words that may stand before and after any phrase.
        light: Words so short and unstressed that a recognizer loses them.
        meanings: Of each situation, every phrase as a tuple of words, with what it means.
        others: Words that are listened for as well and mean nothing by themselves, so that what sounds like them is
            not taken for a command.
    """

    language: str
    fillers: frozenset[str]
    light: frozenset[str]
    meanings: Mapping[Context | None, Mapping[tuple[str, ...], VoiceCommand]]
    others: tuple[str, ...] = ()
    _shortened: dict[Context | None, dict[tuple[str, ...], VoiceCommand | None]] = field(
        init=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for context, meanings in self.meanings.items():
            shortened = self._shortened.setdefault(context, {})
            for phrase, command in meanings.items():
                for short in _without_some(phrase, self.light):
                    shortened[short] = command if shortened.get(short, command) == command else None

    def phrases(self, context: Context | None, vocabulary: frozenset[str] | None = None) -> tuple[str, ...]:
        """What can be said in a situation and the recognizer can hear, and what sounds like it.

        Args:
            context: The situation; None: any.
            vocabulary: The recognizer's words; None where nobody knows them, then all phrases are taken.
        """
        said = [" ".join(phrase) for phrase in self.meanings[context] if (vocabulary or set(phrase)).issuperset(phrase)]
        return (*said, *(word for word in self.others if word in (vocabulary or ()) and word not in said))

    @property
    def words(self) -> frozenset[str]:
        """Every word of every phrase, the fillers and the others."""
        return self.fillers.union(self.others, *self.meanings[None], *self.meanings[Context.PRACTICE])

    def meaning(self, words: Sequence[str], context: Context | None) -> VoiceCommand | None:
        """What was asked for: the words are a phrase of the situation and nothing else.

        Fillers around it don't count. Light words of it may be missing, as long as two words are left that can mean
        only one thing: what remains of a longer phrase must not make a command of one word that anybody may say.
        """
        words = self._without_fillers(words)
        return self.meanings[context].get(words) or self._shortened[context].get(words)

    def _without_fillers(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words between the fillers; all of them where there is nothing else."""
        inner = list(words)
        while len(inner) > 1 and inner[0] in self.fillers:
            del inner[0]
        while len(inner) > 1 and inner[-1] in self.fillers:
            del inner[-1]
        return tuple(inner)

    def digit_words(self, vocabulary: frozenset[str] | None = None) -> Mapping[str, int]:
        """Every word for a digit that the recognizer can hear, with the digit."""
        digits = {
            phrase[0]: command.digit
            for phrase, command in self.meanings[Context.READING].items()
            if len(phrase) == 1 and command.command is Command.DIGIT and command.digit is not None
        }
        return {word: digit for word, digit in digits.items() if vocabulary is None or word in vocabulary}


def load(language: str) -> Commands:
    """Read what can be said in a language.

    Raises:
        CatalogueError: There is no such catalogue, it takes no commands, lacks one, or a phrase means two things.
    """
    path = LANGUAGES / f"{language}.toml"
    try:
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("commands")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name} cannot be read ({error}); install digitbox again") from error
    if section is None:
        raise CatalogueError(f"languages/{path.name} has no spoken commands; choose another language")
    try:
        return parse(section, language)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CatalogueError(f"languages/{path.name} [commands]: {error!s}; install digitbox again") from error


def parse(section: Mapping[str, Any], language: str) -> Commands:
    """The content of a catalogue's section [commands].

    Raises:
        ValueError: A command has no phrase, a group is unknown, or a phrase means two things.
        KeyError: A part of the section is missing.
    """
    groups = section["phrases"]
    expected = _groups(Command) | {_NEXT}
    if groups.keys() != expected:
        raise ValueError(f"phrases lacks or does not know {', '.join(sorted(groups.keys() ^ expected))}")
    places: _Places = {
        "digit": _numbered(section["digits"]["words"], "digit", first=0),
        "position": _numbered(section["positions"]["words"], "position", first=1),
        "ordinal": _numbered(section["ordinals"]["words"], "position", first=1),
        "language": [(word, {"language": code}) for code, words in section["languages"].items() for word in words],
    }
    if len(section["digits"]["words"]) != 10:
        raise ValueError("digits: words is not a list of ten")
    said = {group: list(_expanded(group, phrases, places)) for group, phrases in groups.items()}
    return Commands(
        language=language,
        fillers=frozenset(section["fillers"]),
        light=frozenset(section.get("light", ())),
        others=tuple(section.get("others", ())),
        meanings={context: _meanings(meant, said) for context, meant in _MEANT.items()},
    )


def _without_some(phrase: tuple[str, ...], light: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The phrase without any one or more of its light words, as long as two words are left."""
    places = [place for place, word in enumerate(phrase) if word in light]
    for count in range(1, len(places) + 1):
        for dropped in itertools.combinations(places, count):
            if len(phrase) - count > 1:
                yield tuple(word for place, word in enumerate(phrase) if place not in dropped)


def _numbered(words: Sequence[Sequence[str]], argument: str, *, first: int) -> list[tuple[str, Mapping[str, Any]]]:
    """Every way to say each number, counted from `first`."""
    return [(way, {argument: number}) for number, ways in enumerate(words, start=first) for way in ways]


_Places = Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]
_Said = tuple[tuple[str, ...], VoiceCommand]


def _expanded(group: str, phrases: Sequence[str], places: _Places) -> Iterator[_Said]:
    """Each phrase with every word in its place."""
    command = VoiceCommand(Command.PRACTISE if group == _NEXT else Command(group))
    if not phrases:
        raise ValueError(f"phrases: {group} is empty")
    for phrase in phrases:
        for fillings in itertools.product(*(places[name] for name in _PLACEHOLDER.findall(phrase))):
            words = iter(word for word, _ in fillings)
            text = _PLACEHOLDER.sub(lambda _: next(words), phrase)  # noqa: B023 - used at once
            arguments = {name: value for _, filling in fillings for name, value in filling.items()}
            yield tuple(text.split()), replace(command, **arguments)


def _meanings(groups: frozenset[str], said: Mapping[str, Sequence[_Said]]) -> dict[tuple[str, ...], VoiceCommand]:
    meanings: dict[tuple[str, ...], VoiceCommand] = {}
    for group in said:
        for phrase, command in said[group] if group in groups else ():
            if meanings.setdefault(phrase, command) != command:
                raise ValueError(f'phrases: "{" ".join(phrase)}" means both {meanings[phrase]} and {command}')
    return meanings
