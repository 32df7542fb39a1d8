"""What other programs of this machine may ask the daemon over its socket, and how it is written; pure.

One request a line, one answer a line, JSON in UTF-8, in order; an answer that says `"bytes": n` is followed by n bytes.

| request | answer |
|---|---|
| {"ask": "status"} | mode, faults, hears, version, address, free_bytes, readings, preferences, practice, last |
| {"ask": "errors"} | errors: the latest warnings and errors of its log, the latest first (device.complaints) |
| {"ask": "look", "width_px": 640} | status, number, digits, advice, quality, and a JPEG of the frame |
| {"ask": "command", "command": "read"} | obeyed: whether nothing else was going on |
| {"ask": "say", "status": "unsure", "number": "42 7", "doubtful": 2, "second": 7} | obeyed: as with a command |
| {"ask": "say_token", "token": "4711081512345678"} | obeyed |
| {"ask": "prefer", "preferences": {"volume": 70}} | preferences |
| {"ask": "history", "limit": 50, "before": 120, "number": "42"} | entries, the latest first |
| {"ask": "picture", "id": 7} | a JPEG of what was read, or an error where none was kept |
| {"ask": "correct", "id": 7, "number": "43"} | corrected |
| {"ask": "delete", "id": 7} (all without it) | deleted: how many |
| {"ask": "follow"} | a line for each reading and for each change of mode, faults and practice; {} now and then |

What goes wrong is answered {"error": "..."}, in words for a person, and the connection stays open.

No request holds a text to be said: whoever may ask can have an answer read aloud or a token spoken, in the daemon's own
phrases and language, and nothing else put into its mouth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from device.domain import Advice, Box, Command, Digit, Reading, Status
from device.errors import RequestError
from device.preferences import Preferences

_TOKEN = re.compile(r"[0-9]{8,40}")
_VOICE = re.compile(r"[A-Za-z0-9_+-]{0,40}")
_NOWHERE = Box(0, 0, 0, 0)

MOST_ENTRY = 2**62
"""Numbers of entries are below: SQLite's go on to twice that."""

MOST_LINE_BYTES = 8192
"""Of a request: the longest is a fraction of it."""

GIVEN = frozenset(
    {Command.READ, Command.REPEAT, Command.PRACTISE, Command.CANCEL, Command.AIM, Command.HELP, Command.STATUS}
)
"""The commands that may be given this way: what is asked about first, is asked on the page that gives it."""


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """How the box is."""


@dataclass(frozen=True, slots=True)
class ErrorsAsked:
    """What it has complained of in its log."""


@dataclass(frozen=True, slots=True)
class LookAsked:
    """What the camera sees now, as a picture at most so wide, 64..1920."""

    width_px: int = 640


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """Do as if this had been said: one of `GIVEN`."""

    command: str


@dataclass(frozen=True, slots=True)
class SayAsked:
    """Say the answer of a reading that was made elsewhere.

    Attributes:
        status: As in `read --json`.
        number: Digits, groups separated by one space; none where the status says that nothing was read.
        advice: What would help, if anything.
        doubtful: Place of the least sure digit, from 1; None without one.
        second: What that digit could be as well, 0..9.
    """

    status: str
    number: str = ""
    advice: str = ""
    doubtful: int | None = None
    second: int | None = None


@dataclass(frozen=True, slots=True)
class SayTokenAsked:
    """Say the token that opens the page: 8 to 40 digits."""

    token: str


@dataclass(frozen=True, slots=True)
class PreferencesAsked:
    """Change these preferences, by name, and keep them."""

    preferences: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HistoryAsked:
    """The latest readings, at most `limit` (1..500), older than the entry `before`, that hold these digits."""

    limit: int = 50
    before: int | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class PictureAsked:
    """The picture that was kept of a reading."""

    id: int


@dataclass(frozen=True, slots=True)
class CorrectAsked:
    """Note what a reading really was: digits, groups separated by one space."""

    id: int
    number: str


@dataclass(frozen=True, slots=True)
class DeleteAsked:
    """Delete one reading, or all of them and the kept pictures."""

    id: int | None = None


@dataclass(frozen=True, slots=True)
class FollowAsked:
    """Tell what happens from now on."""


Request = (
    StatusAsked
    | ErrorsAsked
    | LookAsked
    | CommandAsked
    | SayAsked
    | SayTokenAsked
    | PreferencesAsked
    | HistoryAsked
    | PictureAsked
    | CorrectAsked
    | DeleteAsked
    | FollowAsked
)

_KINDS: Mapping[str, type[Any]] = {
    "status": StatusAsked,
    "errors": ErrorsAsked,
    "look": LookAsked,
    "command": CommandAsked,
    "say": SayAsked,
    "say_token": SayTokenAsked,
    "prefer": PreferencesAsked,
    "history": HistoryAsked,
    "picture": PictureAsked,
    "correct": CorrectAsked,
    "delete": DeleteAsked,
    "follow": FollowAsked,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def parsed(line: bytes) -> Request:
    """Read a request.

    Raises:
        RequestError: It is no JSON object, asks for something unknown, or has a wrong field.
    """
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RequestError('a request is one line of JSON, such as {"ask": "status"}') from error
    kind = _KINDS.get(str(content.pop("ask", None))) if isinstance(content, dict) else None
    if kind is None:
        raise RequestError(f"unknown request; ask for one of {', '.join(_KINDS)}")
    hints = get_type_hints(kind)
    for name, value in content.items():
        if name not in hints or not _fits(value, hints[name]):
            raise RequestError(f"{name}: is not a field of this request, or of the wrong type")
    try:
        request: Request = kind(**content)
    except TypeError as error:
        raise RequestError("a field of the request is missing") from error
    return _checked(request)


def written(request: Request) -> bytes:
    """The line of a request."""
    content = {field.name: getattr(request, field.name) for field in fields(request)}
    return json.dumps({"ask": _NAMES[type(request)], **content}).encode() + b"\n"


def changed(preferences: Preferences, wishes: Mapping[str, Any], limits: Mapping[str, tuple[int, int]]) -> Preferences:
    """The preferences with what is wished for.

    Args:
        preferences: The present ones.
        wishes: By the names of the fields.
        limits: Of the numbers, both ends included.

    Raises:
        RequestError: A name is unknown, or a value of the wrong type or outside its limits.
    """
    hints = get_type_hints(Preferences)
    for name, value in wishes.items():
        if name not in hints or type(value) is not hints[name]:
            raise RequestError(f"{name} = {value!r} is no preference")
        low, high = limits.get(name, (0, 0))
        if name == "voice" and not _VOICE.fullmatch(value):
            raise RequestError(f"voice = {value!r} is no name of an eSpeak NG voice; espeak-ng --voices lists them")
        if hints[name] is int and not low <= value <= high:
            raise RequestError(f"{name} = {value} is outside {low}..{high}")
    if wishes.get("number_style", "digits") not in ("digits", "number"):
        raise RequestError('number_style is "digits" or "number"')
    return replace(preferences, **wishes)


def reading_as_json(reading: Reading, *, scores: bool) -> dict[str, Any]:
    """The fields that product.md promises for `read --json`, without the path."""

    def digit_as_json(digit: Digit) -> dict[str, Any]:
        box = [digit.box.x, digit.box.y, digit.box.width, digit.box.height]
        known = {"digit": digit.digit, "confidence": round(digit.confidence, 4), "second": digit.second, "box": box}
        return {**known, "scores": [round(score, 4) for score in digit.scores]} if scores else known

    return {
        "status": reading.status.value,
        "number": reading.number,
        "digits": [digit_as_json(digit) for digit in reading.digits],
        "advice": [advice.value for advice in reading.advice],
        "elapsed_ms": round(reading.elapsed_ms, 2),
    }


def reading_to_say(request: SayAsked) -> Reading:
    """The reading whose answer is to be said, without places and scores, which nobody hears."""
    groups = enumerate(request.number.split(" ")) if request.number else ()
    digits = [(group, int(digit)) for group, text in groups for digit in text]
    return Reading(
        Status(request.status),
        tuple(
            Digit(digit, 1.0, None, _NOWHERE, (), sure=True, group=group)
            if place != request.doubtful
            else Digit(digit, 0.0, request.second, _NOWHERE, (), sure=False, group=group)
            for place, (group, digit) in enumerate(digits, start=1)
        ),
        (Advice(request.advice),) if request.advice else (),
    )


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type, perhaps a union
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, kind) for kind in get_args(hint))
    if hint is type(None):
        return value is None
    return isinstance(value, dict) if get_origin(hint) is not None else type(value) is hint


def _can_be_said(request: SayAsked) -> bool:
    if request.advice and request.advice not in {advice.value for advice in Advice}:
        return False
    if request.status not in ("ok", "unsure"):
        return request.status in ("nothing", "unreadable") and not request.number
    count = sum(letter != " " for letter in request.number)
    place, second = request.doubtful or 1, request.second or 0
    return _is_number(request.number) and 1 <= place <= count and 0 <= second <= 9


def _checked(request: Request) -> Request:
    match request:
        case PictureAsked(entry) | CorrectAsked(entry, _) if not 1 <= entry <= MOST_ENTRY:
            raise RequestError(f"id = {entry} is outside 1..{MOST_ENTRY}")
        case DeleteAsked(int(entry)) | HistoryAsked(_, int(entry), _) if not 1 <= entry <= MOST_ENTRY:
            raise RequestError(f"{entry} is outside 1..{MOST_ENTRY}")
        case LookAsked(width_px) if not 64 <= width_px <= 1920:
            raise RequestError(f"width_px = {width_px} is outside 64..1920")
        case HistoryAsked(limit, _, number) if not 1 <= limit <= 500 or (number and not number.isdecimal()):
            raise RequestError("limit is 1..500, and number holds digits only")
        case CorrectAsked(_, number) if not _is_number(number):
            raise RequestError("number holds 1 to 100 digits, groups separated by one space")
        case SayAsked() if not _can_be_said(request):
            raise RequestError("say takes a status, the number and the advice of a reading, as read --json has them")
        case SayTokenAsked(token) if not _TOKEN.fullmatch(token):
            raise RequestError("token holds 8 to 40 digits")
        case CommandAsked(command) if command not in {given.value for given in GIVEN}:
            raise RequestError(f"command is one of {', '.join(sorted(given.value for given in GIVEN))}")
    return request


def _is_number(text: str) -> bool:
    groups = text.split(" ")
    return len(text) <= 100 and all(group.isascii() and group.isdecimal() for group in groups)
