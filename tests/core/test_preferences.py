"""What the user may change: the file of preferences laid over the configuration, and its mistakes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from device import compose, config
from device.adapters.preferences_toml import TomlPreferences
from device.errors import CatalogueError, ConfigError, PreferencesError
from device.preferences import Preferences

ENGLISH = Preferences("en", "", 155, 50, 100, "digits")
GERMAN = Preferences("de", 'a "voice"\n', 190, 40, 140, "number")


@pytest.fixture
def settings(tmp_path):
    """A configuration whose preferences lie in a folder that does not exist yet."""
    path = tmp_path / "digitbox.toml"
    path.write_text('[daemon]\npreferences = "state/preferences.toml"\n', encoding="utf-8")
    return config.load(path)


def test_without_a_file_the_configuration_stands(settings):
    """As on the first day."""
    assert config.preferred(settings) == settings


def test_what_is_kept_is_used_after_the_next_start(settings):
    """Every field, also a voice whose name needs quoting; nothing else changes."""
    TomlPreferences(settings.daemon.preferences, ENGLISH).save(GERMAN)
    changed = config.preferred(settings)
    assert {key: getattr(changed.speech, key) for key in config.PREFERENCES} == asdict(GERMAN)
    assert changed.daemon == settings.daemon


def test_preferences_in_a_folder_of_the_daemons_are_no_damage(settings, monkeypatch):
    """As `digitbox doctor` finds them without sudo; root may look everywhere, so the refusal is played."""

    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refused)
    usable, (mistake,) = config.usable_preferences(settings.daemon.preferences)
    assert not usable
    assert mistake.endswith("(Permission denied); run this with sudo")


def test_only_what_differs_is_kept(settings):
    """So that the installer can still change the rest; and nothing is left of what was changed back."""
    store = TomlPreferences(settings.daemon.preferences, ENGLISH)
    store.save(ENGLISH.louder())
    assert "volume = 140" in settings.daemon.preferences.read_text(encoding="utf-8")
    assert "language" not in settings.daemon.preferences.read_text(encoding="utf-8")
    store.save(ENGLISH)
    assert config.preferred(settings) == settings


def test_the_latest_is_kept_and_nothing_lies_beside_it(settings):
    """Written beside, renamed: one file, the last one."""
    store = TomlPreferences(settings.daemon.preferences, ENGLISH)
    store.save(GERMAN)
    store.save(GERMAN.louder())
    assert config.preferred(settings).speech.volume == 200
    assert [path.name for path in settings.daemon.preferences.parent.iterdir()] == ["preferences.toml"]


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"[speech]\nvolume = 900\n", "volume = 900 is outside 0..200"),
        (b"[speech]\nvolume = \xff\n", "is not text in UTF-8"),
        (b"[speech\n", "is not TOML"),
        (b"[camera]\nnumber = 1\n", "camera is no preference"),
        (b"[speech]\nlimit_seconds = 3.0\n", "limit_seconds is no preference"),
        (b"", None),
    ],
)
def test_a_damaged_file_is_put_aside(settings, content, mistake):
    """The box starts with its configuration, and the file is kept for whoever wants to look."""
    path = settings.daemon.preferences
    path.parent.mkdir()
    path.write_bytes(content)
    if mistake is None:
        assert config.preferred(settings) == settings
        return
    with pytest.raises(ConfigError, match=mistake):
        config.preferred(settings)
    assert compose.preferred(settings) == settings
    assert [one.name for one in path.parent.iterdir()] == ["preferences.toml.damaged"]
    assert compose.preferred(settings) == settings


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("shouting = true\n", "key shouting"),
        ("volume = 900\n", "volume = 900 is outside 0..200"),
        ("limit_seconds = 3.0\n", "limit_seconds is no preference"),
        ('[lights]\ncolour = "red"\n', "section [lights]"),
    ],
    ids=["a newer release's key", "out of range", "not the user's to change", "a newer release's section"],
)
def test_one_wrong_key_costs_no_other(settings, caplog, more, named):
    """What is known still holds, what is not is named; the file stays for the release that knows it."""
    path = settings.daemon.preferences
    path.parent.mkdir()
    path.write_text(f'[speech]\nlanguage = "de"\npitch = 40\n{more}', encoding="utf-8")
    changed = compose.preferred(settings)
    assert (changed.speech.language, changed.speech.pitch) == ("de", 40)
    assert (changed.speech.volume, changed.speech.limit_seconds) == (
        settings.speech.volume, settings.speech.limit_seconds
    )  # fmt: skip
    assert named in caplog.text
    assert [one.name for one in path.parent.iterdir()] == ["preferences.toml"]


def test_an_unknown_language_costs_only_the_language(settings):
    """A catalogue that went with another release must keep the box neither from starting nor as loud as it was set."""
    TomlPreferences(settings.daemon.preferences, ENGLISH).save(GERMAN.speaking("tlh"))
    speech = compose.preferred(settings).speech
    assert (speech.language, speech.voice) == (settings.speech.language, settings.speech.voice)
    assert (speech.words_per_minute, speech.pitch, speech.volume) == (190, 40, 140)


def test_what_says_the_same_as_the_configuration_is_not_put_aside(settings, caplog):
    """That it changes nothing does not mean that nothing of it is of use."""
    path = settings.daemon.preferences
    path.parent.mkdir()
    path.write_text("[speech]\nvolume = 100\nshouting = true\n", encoding="utf-8")
    assert compose.preferred(settings) == settings
    assert "this is left out, the rest holds" in caplog.text
    assert path.exists()


@pytest.mark.parametrize("preferred", ["[speech]\nvolume = 140\n", '[speech]\nlanguage = "de"\nvolume = 140\n'])
def test_a_damaged_catalogue_is_no_fault_of_the_preferences(settings, monkeypatch, caplog, preferred):
    """They stay where they are, whether the language is theirs or the configuration's."""
    path = settings.daemon.preferences
    path.parent.mkdir()
    path.write_text(preferred, encoding="utf-8")

    def damaged(language):
        raise CatalogueError(f"languages/{language}.toml lacks ten digits")

    monkeypatch.setattr(compose.phrases, "load", damaged)
    speech = compose.preferred(settings).speech
    assert (speech.language, speech.volume) == ("en", 140)
    assert "preferences" not in caplog.text
    assert path.exists()


def test_a_full_disk_leaves_the_former_file(settings, file_size_limit):
    """And says so."""
    store = TomlPreferences(settings.daemon.preferences, ENGLISH)
    store.save(GERMAN)
    before = settings.daemon.preferences.read_bytes()
    with file_size_limit(10), pytest.raises(PreferencesError, match="cannot be written"):
        store.save(GERMAN.louder())
    assert settings.daemon.preferences.read_bytes() == before


def test_steps_go_from_any_value_to_the_next():
    """Also from one that the installer chose between two steps, and never beyond the ends."""
    between = Preferences("en", "", 160, 50, 90, "digits")
    assert (between.louder().volume, between.quieter().volume) == (100, 70)
    assert (between.faster().words_per_minute, between.slower().words_per_minute) == (190, 155)
    loudest = Preferences("en", "", 450, 50, 200, "digits")
    assert loudest.louder() == loudest.faster() == loudest
