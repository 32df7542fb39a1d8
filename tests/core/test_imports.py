"""Who may import whom (house-style.md, section 1), asserted over every file's syntax tree."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for package in ("device", "train") for path in (ROOT / package).rglob("*.py"))

IMAGES = (
    "domain errors ink baselines cells combs ruling pieces clearness objects order strays find split fuse sheet orient "
    "views preprocess images judge quality advice numpy cv2"
)
STATES = "domain errors phrases preferences tones events actions situation aiming practice steps obeying"
JOBS = "capture devices domain errors events messages parts ports"
CONSOLE = (
    "console.access console.api console.card console.decoder console.examination console.limits console.pages "
    "console.pairing console.reading console.services console.texts daemon_client"
)
ALLOWED = {
    "domain": "errors numpy",
    "errors": "",
    "config": "errors phrases",
    "ports": "domain errors preferences protocol numpy",
    "tones": "domain numpy",
    "phrases": "domain errors num2words",
    "preferences": "",
    "durable": "",
    "files": "",
    "heap": "",
    "events": "domain phrases preferences",
    "actions": "domain events phrases preferences tones",
    "situation": "actions domain events phrases preferences",
    "aiming": STATES,
    "practice": STATES + " sight_and_speech",
    "steps": STATES,
    "obeying": STATES + " sight_and_speech",
    "appliance": STATES,
    "protocol": "domain errors preferences",
    "daemon_client": "errors protocol",
    "home_assistant": "situation",
    "mqtt": "config daemon_client errors files home_assistant protocol paho",
    "live": IMAGES + " looking protocol reading",
    "records": "domain ports protocol",
    "complaints": "",
    "telling": "actions domain phrases ports situation",
    "capture": "domain errors ports",
    "run_mark": "",
    "parts": "domain errors events looking phrases ports preferences voice",
    "worker": "",
    "network": "",
    "help": "",
    "release": "",
    "boot": "doctor",
    "migrate": "durable errors adapters.history_sqlite",
    "health": "errors config images compose doctor",
    "voice": "domain errors phrases ports numpy",
    "commands": "domain errors",
    "sounds": "domain errors numpy",
    "spotting": "domain ctc",
    "listening": "domain errors config ports commands sounds hearing spotting",
    "hearing": "",
    "mel": "domain sounds numpy",
    "sight_and_speech": "",
    "speech_models": "durable errors config",
    "speech_model_install": "errors files speech_models",
    "messages": "domain events phrases ports protocol",
    "inbox": "events messages",
    "model_reader": IMAGES + " aim heap live looking ports reading",
    "command_listener": "domain listening ports",
    "devices": "domain errors events messages parts ports preferences worker",
    "jobs": "jobs.listening jobs.reading jobs.records jobs.speech",
    "jobs.keeper": "events messages worker",
    "jobs.listening": JOBS,
    "jobs.reading": JOBS + " looking records",
    "jobs.records": JOBS + " actions jobs.keeper phrases preferences protocol records telling",
    "jobs.speech": JOBS + " phrases preferences situation tones voice",
    "answering": "complaints domain errors events jobs messages parts phrases ports protocol situation telling",
    "daemon": (
        STATES + " answering appliance devices inbox jobs jobs.keeper jobs.listening jobs.reading jobs.records "
        "jobs.speech messages parts records telling"
    ),
    "images": IMAGES + " PIL pyvips",
    "ink": IMAGES,
    "baselines": IMAGES,
    "cells": IMAGES,
    "combs": IMAGES,
    "ruling": IMAGES,
    "objects": IMAGES,
    "pieces": IMAGES,
    "clearness": IMAGES,
    "order": IMAGES,
    "strays": IMAGES,
    "find": IMAGES,
    "split": IMAGES,
    "fuse": IMAGES,
    "sheet": IMAGES,
    "orient": IMAGES,
    "views": IMAGES,
    "preprocess": IMAGES,
    "judge": IMAGES + " config",
    "quality": IMAGES,
    "advice": IMAGES + " config",
    "ctc": "numpy",
    "rows": "ctc numpy",
    "cascade": "domain errors ports numpy",
    "rejoin": IMAGES,
    "separate": IMAGES + " ports rejoin rows",
    "looking": IMAGES + " ports separate",
    "best_view": IMAGES + " looking",
    "turning": IMAGES + " looking",
    "reading": IMAGES + " best_view config looking ports turning",
    "aim": IMAGES,
    "explain": IMAGES + " config looking PIL",
    "console": "",
    "console.access": "console.limits console.pairing flask werkzeug",
    "console.api": "console.decoder console.reading console.services flask werkzeug",
    "console.app": "compose config flask flask_wtf werkzeug " + CONSOLE,
    "console.card": "",
    "console.decoder": "errors",
    "console.decoder_process": (
        "compose config console.decoder domain errors images live looking model_reader numpy phrases protocol cv2"
    ),
    "console.examination": "doctor errors",
    "console.limits": "",
    "console.pages": "config doctor preferences protocol flask werkzeug " + CONSOLE,
    "console.pairing": "errors",
    "console.reading": "console.decoder console.services flask werkzeug",
    "console.server": "config errors console.app console.services flask waitress",
    "console.services": "config phrases protocol flask " + CONSOLE,
    "console.texts": "",
    "adapters": "domain errors ports config numpy",
    "adapters.tflite": "domain errors files numpy",
    "adapters.classifier_tflite": "cascade domain errors numpy adapters.tflite",
    "adapters.spotter_tflite": "ctc domain errors sounds mel numpy adapters.tflite",
    "adapters.rows_tflite": "domain errors preprocess rows numpy adapters.tflite",
    "adapters.preferences_toml": "config durable errors preferences",
    "adapters.requests_socket": "errors protocol",
    "adapters.machine_linux": "",
    "adapters.pictures_jpeg": "config domain errors cv2",
    "adapters.history_sqlite": "config domain durable errors files",
    "adapters.samples_png": "domain durable errors cv2",
    "adapters.button_gpio": "domain errors ports config adapters.gpio_chip gpiozero",
    "adapters.indicator_gpio": "domain errors ports config adapters.gpio_chip gpiozero",
    "adapters.gpio_chip": "errors config gpiozero",
    "adapters.camera_files": "domain errors ports config images",
    "adapters.camera_picamera2": "domain errors ports config numpy picamera2",
    "adapters.camera_v4l2": "domain errors ports config numpy cv2",
    "adapters.display_terminal": "domain errors ports numpy cv2",
    "adapters.microphone_alsa": "domain errors ports config numpy sounds",
    "adapters.microphone_wav": "domain errors ports config numpy sounds",
    "adapters.recognizer_vosk": "domain errors ports config heap numpy speech_models adapters.vosk_library",
    "adapters.vosk_library": "",
    "adapters.synthesizer_espeak": "domain errors ports config numpy espeakng",
}
"""Module of device/ -> modules of device/ and third-party packages; an adapter not named has the row "adapters"."""

ALL_OF_DEVICE_AND = {"compose": "cv2", "cli": "", "doctor": "", "bench": "numpy cv2"}
OF_DEVICE_IN_TRAIN = (
    "domain errors config images ink baselines cells combs ruling pieces clearness objects order strays find split "
    "fuse sheet orient views preprocess judge advice reading ports ctc rows cascade adapters.tflite "
    "adapters.classifier_tflite adapters.rows_tflite adapters.camera_files"
)
HEARING_IN_TRAIN = "compose commands hearing listening mel phrases sight_and_speech sounds adapters.spotter_tflite"
COMMANDS = ", ".join(map("device.cli.{}".format, sorted(path.stem for path in (ROOT / "device/cli").glob("[a-z]*.py"))))
HARDWARE = "vosk requests picamera2 libcamera gpiozero lgpio cv2 tflite_runtime ai_edge_litert espeakng PIL pyvips"


def module_name(path: Path) -> str:
    """The dotted name: device/adapters/power_file.py -> device.adapters.power_file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_module(name: str) -> bool:
    """Whether the name is a file or a package of ours."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def typing_only(tree: ast.Module) -> set[ast.AST]:
    """The statements that only a type checker sees."""
    guarded = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {inner for node in guarded for statement in node.body for inner in ast.walk(statement)}


def imported(tree: ast.Module) -> Iterator[str]:
    """Modules imported at run time, anywhere in the file; `from device import config` is device.config."""
    unseen = typing_only(tree)
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write the whole name of a module"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if is_module(inner) else str(node.module)


def worth_a_rule(name: str) -> str:
    """What stands in the table for a module: ours by its whole name, others by their package."""
    package = name.partition(".")[0]
    return name if package in ("device", "train") else package


def forbidden(path: Path) -> set[str]:
    """The imports of a file that the table does not allow."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {worth_a_rule(name) for name in imported(tree)} - sys.stdlib_module_names - {"device"}
    package, _, module = module_name(path).partition(".")
    if package == "train":
        ours = {f"device.{name}" for name in OF_DEVICE_IN_TRAIN.split()}
        if module.startswith("photographs"):
            ours |= {"device.compose", "device.model_reader"}  # it measures the reading that the device composes
        if module.startswith("speech"):
            ours |= {f"device.{name}" for name in HEARING_IN_TRAIN.split()}  # as above, the hearing
        return {name for name in found if name.startswith("device.")} - ours
    whole = module.partition(".")[0]
    if whole in ALL_OF_DEVICE_AND:
        return {name for name in found if not name.startswith("device.")} - set(ALL_OF_DEVICE_AND[whole].split())
    if whole == "adapters":
        row = ALLOWED.get(module, ALLOWED["adapters"]).split()
    else:
        row = ALLOWED[module].split() if module else []
    return found - {name for entry in row for name in (entry, f"device.{entry}")}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_module_imports_only_what_the_table_allows(path):
    """A new module needs a row; a new import in an old one is a decision and is written into the table."""
    assert forbidden(path) == set()


def test_the_table_names_no_module_that_is_gone():
    """A row without its file would be a rule about nothing."""
    assert [name for name in (*ALLOWED, *ALL_OF_DEVICE_AND) if not is_module(f"device.{name}")] == []


@pytest.mark.parametrize("module", ["device.daemon", "device.cli", COMMANDS])
def test_importing_the_program_loads_no_hardware_library(module):
    """A fresh interpreter: READY comes before OpenCV, and a missing library is a fault and no traceback."""
    code = f"import sys, {module}; print(*sorted(set({HARDWARE!r}.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
