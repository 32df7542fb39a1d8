"""The arguments of all commands, and which function each command is."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from device import __version__, config, phrases, speech_models
from device.domain import Context


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line.

    What it parses has `log_level` and `command`, such as "reading:read": the module of device.cli and its function, so
    that a command loads what it needs itself and nothing for the others.
    """
    parser = argparse.ArgumentParser(
        prog="digitbox", description="Reads handwritten digits aloud.", epilog="digitbox COMMAND --help says more."
    )
    parser.add_argument("--version", action="version", version=f"digitbox {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str,
        run: str,
        text: str,
        level: int = logging.WARNING,
        *,
        among: Any = None,  # noqa: ANN401 - argparse's own class for this is private
    ) -> argparse.ArgumentParser:
        added = (among or commands).add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        added.set_defaults(command=run, log_level=level)
        added.add_argument("--verbose", action="store_const", dest="log_level", const=logging.DEBUG, help="log all")
        return added

    def configured(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument("--config", type=Path, metavar="FILE", help=f"instead of {config.SYSTEM_PATH}")
        return added

    def aiming(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument("--aim", action="store_true", help="say at first how to move the paper, until a tap")
        return added

    aiming(configured(command("run", "running:run", "the daemon", logging.INFO)))

    added = aiming(command("demo", "running:demo", "the whole appliance on a laptop, with pictures for the camera"))
    added.add_argument("--once", action="store_true", help="make one reading and end; also without a terminal")
    added.add_argument("--photos", type=Path, metavar="DIR", help="your own pictures instead of the bundled ones")

    added = configured(command("read", "reading:read", "read image files, each by itself"))
    added.add_argument("images", nargs="+", metavar="IMAGE")
    added.add_argument("--json", action="store_true", help="one object a line; boxes count pixels of the upright image")
    added.add_argument("--speak", action="store_true", help="say the answers too")
    added.add_argument("--burst", action="store_true", help="all images are frames of one reading")
    added.add_argument("--scores", action="store_true", help="show the probabilities of all ten digits")
    added.add_argument("--explain", type=Path, metavar="DIR", help="write a picture of what was seen there, for each")

    added = configured(command("listen", "listening:listen", "run the voice-command path on recordings"))
    added.add_argument("recordings", nargs="+", metavar="WAV")
    added.add_argument("--json", action="store_true", help="one object a line")
    added.add_argument(
        "--context",
        choices=[context.value for context in Context],
        help="the situation it is said in; without it, whatever means something in any",
    )
    added.add_argument(
        "--read", type=int, choices=range(10), metavar="DIGIT", help="what was read: a digit said likely is that one"
    )

    _add_speech_model(commands, command, configured)

    added = configured(command("say", "speaking:say", "say a text"))
    added.add_argument("text", metavar="TEXT")
    added.add_argument("--language", metavar="L", help=f"one of {', '.join(phrases.languages())}")
    added.add_argument("--wav", type=Path, metavar="FILE", help="write it to a file instead")

    added = configured(command("doctor", "examining:examine", "check everything and say what to do"))
    added.add_argument("--boot", action="store_true", help="say how long the start took, and what delayed it")
    added.add_argument("--json", action="store_true", help="one object a line")

    added = command("bench", "examining:measure", "measure this machine", logging.ERROR)
    added.add_argument("--json", action="store_true", help="one object a line")

    added = configured(command("history", "history:show_history", "show what was read"))
    added.add_argument("--json", action="store_true", help="one object a line")
    added.add_argument("--export", type=Path, metavar="DIR", help="write it to DIR/history.csv")
    added.add_argument("--delete", action="store_true", help="delete all of it")

    added = configured(command("console", "serving:serve_page", "the local web page", logging.INFO))
    added.add_argument("--pair", action="store_true", help="show a new token, with which other machines may come in")

    added.add_argument("--say", action="store_true", help="as --pair, with a token of 16 digits, which the box says")

    configured(command("mqtt", "serving:publish", "publish what is read to an MQTT broker", logging.INFO))

    added = configured(command("config", "examining:show_config", "print the effective configuration, or check one"))
    added.add_argument("--check", type=Path, metavar="FILE", help="only say what is wrong with FILE")
    return parser


def _add_speech_model(commands: Any, command: Any, configured: Any) -> None:  # noqa: ANN401 - see `parser`
    models = commands.add_parser("speech-model", help="install, list, choose Vosk models")
    models = models.add_subparsers(metavar="install|list|choose", required=True)
    added = configured(
        command("install", "speech_model:install", "fetch a model, or take one from a file", among=models)
    )
    added.add_argument("language", metavar="LANGUAGE", help=f"one of {', '.join(phrases.languages())}")
    added.add_argument("--name", help="of the model; by default the small one that is published for the language")
    added.add_argument("--file", type=Path, metavar="ZIP", help="take it from there instead, for a box without network")
    added.add_argument(
        "--sha256", metavar="HEX", help="what the zip file must have; only of the English one it is known"
    )
    added.add_argument("--source", metavar="URL", default=speech_models.SOURCE, help="folder that has NAME.zip")
    added = configured(command("list", "speech_model:show_all", "what is installed, and what can be", among=models))
    added.add_argument("--json", action="store_true", help="one object a line, of those installed")
    added = configured(command("choose", "speech_model:choose", "take this model from now on", among=models))
    added.add_argument("language", metavar="LANGUAGE")
    added.add_argument("name", metavar="NAME", help='a name of the list, or "auto": the largest that fits the board')
