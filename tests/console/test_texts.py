"""The words on the pages: complete in every language, with the same placeholders."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from device import phrases
from device.console import texts

TEMPLATES = Path(texts.__file__).with_name("templates")


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_the_page_knows_every_language_of_the_box():
    """And no other, English first."""
    assert sorted(texts.languages()) == sorted(phrases.languages())
    assert texts.languages()[0] == "en"


def test_the_browsers_language_is_taken_and_the_page_can_change_it(client):
    """By the footer, for as long as the session lasts; Arabic is written from right to left."""
    german = client.get("/try", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).text
    assert '<html lang="de" dir="ltr">' in german
    assert "<h1>Ausprobieren</h1>" in german
    client.get("/try?language=ar", headers={"Accept-Language": "de"})
    assert '<html lang="ar" dir="rtl">' in client.get("/try", headers={"Accept-Language": "de"}).text
    assert '<html lang="ar"' in client.get("/try?language=../en").text


@pytest.mark.parametrize("language", texts.languages())
@pytest.mark.parametrize("page", ["/try", "/live/now", "/practice", "/history", "/status", "/settings"])
def test_a_page_opens_in_a_language(client, box, language, page):
    """With everything that can stand on it."""
    assert client.get(f"{page}?language={language}").status_code == 200


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
    ("wishes", "language"),
    [([], "en"), (["xx", "de-AT", "fr"], "de"), (["../../etc", "ZH"], "zh"), (["", "en"], "en"), (["xx"], "en")],
)
def test_a_language_is_chosen_by_wish(wishes, language):
    """The first that there is; English at last."""
    assert texts.chosen(wishes).language == language
