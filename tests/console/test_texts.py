"""The words on the pages: complete in every language, with the same placeholders."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from device.console import texts

TEMPLATES = Path(texts.__file__).with_name("templates")


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", texts.languages())
def test_a_language_has_all_texts(language):
    """The keys of English, none empty, the same placeholders."""
    english, other = texts.load(texts.REFERENCE).sentences, texts.load(language).sentences
    assert set(other) == set(english)
    for key, sentence in other.items():
        assert sentence.strip(), key
        assert placeholders(sentence) == placeholders(english[key]), key


def test_every_text_of_the_templates_is_there():
    """Those with a fixed key."""
    used = {key for path in TEMPLATES.iterdir() for key in re.findall(r"""\bt\(["']([a-z_.]+)["']""", path.read_text())}
    used = {key for key in used if not key.endswith(".")}
    assert used
    assert used <= set(texts.load(texts.REFERENCE).sentences)


@pytest.mark.parametrize(
    ("wishes", "language"), [([], "en"), (["xx", "en-GB"], "en"), (["../../etc", "EN"], "en"), ([""], "en")]
)
def test_a_language_is_chosen_by_wish(wishes, language):
    """The first that there is; English at last."""
    assert texts.chosen(wishes).language == language
