"""A configuration of stand-ins in a folder of the test's own, and what the machine must have."""

from __future__ import annotations

from pathlib import Path

import pytest
from installed import need

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "device" / "pictures"


@pytest.fixture
def configuration(tmp_path):
    """Writes a configuration of stand-ins, with sections added or replaced, and gives its path."""

    def write(script: str = "3600 quit\n", **sections: str) -> Path:
        (tmp_path / "button.txt").write_text(script, encoding="utf-8")
        (tmp_path / "run").mkdir(exist_ok=True)
        content = {
            "camera": f'backend = "files"\nphotos = "{PICTURES}"',
            "button": 'backend = "script"\nscript = "button.txt"',
            "indicator": 'backend = "none"',
            "sound": 'backend = "wav"\nfolder = "said"',
            "speech": 'phrases = "phrases"',
            "microphone": 'backend = "none"',
            "history": 'path = "history.sqlite3"\npictures = "pictures"',
            "daemon": 'runtime = "run"\ntick_seconds = 0.1\nretry_seconds = 0.2\npreferences = "preferences.toml"\n'
            'samples = "samples"',
            **sections,
        }
        path = tmp_path / "digitbox.toml"
        path.write_text("\n".join(f"[{name}]\n{text}" for name, text in content.items()), encoding="utf-8")
        return path

    return write


@pytest.fixture
def speech():
    """Skips the test where nothing can speak."""
    need("espeak-ng")
