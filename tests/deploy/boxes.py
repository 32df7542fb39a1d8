"""An installation in a folder: releases that are only names and behaviour, on a machine that only remembers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.release import Places, Releases, write

LAYOUTS = {"configuration": 0, "preferences": 0, "history": 1}


@dataclass
class Behaviour:
    """What a release does when it is tried: the layouts it knows, what it finds wrong, why it won't start.

    A broken one is there in part only, without its Python. Nothing can listen with this language in the configuration.
    """

    latest: Mapping[str, int] = field(default_factory=lambda: LAYOUTS)
    failing: Sequence[tuple[str, bool]] = ()
    refuses: str | None = None
    needs_in_configuration: str = ""
    cannot_hear: str | None = None
    is_broken: bool = False


class Box:
    """A machine whose daemon is a flag, and whose kept files carry their layout in their text.

    Args:
        folder: Takes /opt/digitbox, /etc/digitbox and /var/lib/digitbox.
    """

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder / "opt", folder / "etc" / "digitbox.toml", folder / "state")
        for made in (self.places.releases, self.places.configuration.parent, self.places.state):
            made.mkdir(parents=True, exist_ok=True)
        self.behaviour: dict[str, Behaviour] = {}
        self.running: str | None = None
        self.reloads = 0
        self.cannot_reload: str | None = None
        self.started_later: list[str] = []

    def releases(self) -> Releases:
        """As release.py would see them now."""
        return Releases(self.places, self)

    def add(self, name: str, behaviour: Behaviour | None = None) -> None:
        """A release that is built."""
        folder = self.places.releases / name
        folder.mkdir()
        (folder / "complete.json").write_text("{}", encoding="utf-8")
        self.behaviour[name] = behaviour or Behaviour()

    def keep(self, kind: str, layout: int) -> None:
        """Let a file of this kind lie there."""
        path = self.path(kind)
        path.write_text(f"# layout {layout}\n", encoding="utf-8")

    def path(self, kind: str) -> Path:
        """Where a kind lies."""
        return self.places.configuration if kind == "configuration" else self.places.state / kind

    def layout(self, kind: str) -> int | None:
        """The layout a kind has, None without a file."""
        path = self.path(kind)
        if not path.exists():
            return None
        words = path.read_text(encoding="utf-8").split("# layout ")
        return int(words[1].split()[0]) if len(words) > 1 else 0

    # --- release.Machine ----------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop the daemon."""
        self.running = None

    def start(self) -> str | None:
        """Start what the link names; a history of a newer layout would be refused by the real one as well."""
        name = (self.places.base / "current").readlink().name
        behaviour = self.behaviour[name]
        if behaviour.refuses is not None:
            return behaviour.refuses
        if (self.layout("history") or 0) > behaviour.latest["history"]:
            return "the history was written by a newer digitbox"
        if self.layout("history") is not None:
            self.keep("history", behaviour.latest["history"])  # the daemon itself walks the way up
        self.running = name
        return None

    def is_running(self) -> bool:
        """Whether any release's does."""
        return self.running is not None

    def start_later(self, unit: str) -> None:
        """Remember it."""
        self.started_later.append(unit)

    def reload(self) -> str | None:
        """Count it."""
        self.reloads += 1
        return self.cannot_reload

    def run(self, command: Sequence[str], *, as_daemon: bool) -> subprocess.CompletedProcess[str]:
        """Play device.health or device.migrate of the release whose Python is called."""
        name, module, words = Path(command[0]).parents[1].name, command[3], list(command[4:])
        if self.behaviour[name].is_broken:
            raise FileNotFoundError(command[0])
        behaviour = self.behaviour[name]
        status, output = (
            self._health(behaviour, words) if module == "device.health" else self._migrate(behaviour, words)
        )
        return subprocess.CompletedProcess(command, status, output, "" if status == 0 else "wrong\n")

    def _health(self, behaviour: Behaviour, words: Sequence[str]) -> tuple[int, str]:
        configuration = Path(words[1]) if words else self.places.configuration
        text = configuration.read_text(encoding="utf-8") if configuration.exists() else ""
        failing = dict(behaviour.failing)
        if behaviour.needs_in_configuration not in text:
            failing["configuration"] = True
        if behaviour.cannot_hear is not None and behaviour.cannot_hear in text:
            failing["listening"] = False
        checks = {"configuration": True, "reading": True, "camera": False, **failing}
        lines = [
            json.dumps(
                {"check": check, "ok": check not in failing, "message": f"{check}!", "remedy": "mend", "software": own}
            )
            for check, own in checks.items()
        ]
        return int(any(failing.values())), "\n".join(lines)

    def _migrate(self, behaviour: Behaviour, words: Sequence[str]) -> tuple[int, str]:
        order, wanted = words[0], [word for word in words[1:] if "=" in word]
        for word in wanted:
            kind, _, layout = word.partition("=")
            present = self.layout(kind)
            if max(int(layout), present or 0) > behaviour.latest[kind]:
                return 1, ""
            if present is not None and not (kind == "history" and int(layout) > present):
                write(self.path(kind), f"# layout {layout}\n".encode())
        if order == "latest":
            return 0, json.dumps(dict(behaviour.latest))
        return 0, json.dumps({kind: self.layout(kind) for kind in LAYOUTS})
