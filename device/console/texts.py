"""The words on the pages, one file a language: texts/<language>.toml, the same keys in all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("texts")
REFERENCE = "en"
FROM_RIGHT_TO_LEFT = frozenset({"ar"})


@dataclass(frozen=True, slots=True)
class Texts:
    """One language: `t("try.title")`, with values for the placeholders."""

    language: str
    sentences: Mapping[str, str]

    @property
    def direction(self) -> str:
        """As HTML's attribute `dir` has it."""
        return "rtl" if self.language in FROM_RIGHT_TO_LEFT else "ltr"

    def __call__(self, key: str, **values: object) -> str:
        """The sentence. Raises KeyError for one that is nowhere."""
        return self.sentences[key].format_map(values)


def languages() -> tuple[str, ...]:
    """Codes of the languages there are, English first."""
    found = sorted(path.stem for path in FOLDER.glob("*.toml"))
    return REFERENCE, *(language for language in found if language != REFERENCE)


@cache
def load(language: str) -> Texts:
    """The texts of one of `languages()`."""
    content = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Texts(language, {f"{part}.{key}": text for part, keys in content.items() for key, text in keys.items()})


def chosen(wishes: Iterable[str]) -> Texts:
    """The texts of the first wish there is, such as "de" or "de-AT"; English where there is none."""
    there = languages()
    for wish in wishes:
        for language in (wish.lower(), wish.lower().partition("-")[0]):
            if language in there:
                return load(language)
    return load(REFERENCE)
