"""The pages: each can be used without JavaScript, but for drawing and for seeing things change."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import platform
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    session,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from device import config as configuration
from device.console import examination
from device.console.card import decades, figures, level
from device.console.decoder import Busy, DecoderError
from device.console.reading import read
from device.console.services import ask, ask_to_obey, long_work, services, status, words
from device.daemon_client import DaemonError
from device.doctor import Finding
from device.preferences import Preferences
from device.protocol import (
    GIVEN,
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    ErrorsAsked,
    HistoryAsked,
    LookAsked,
    PictureAsked,
    PreferencesAsked,
    SayAsked,
)

pages = Blueprint("pages", __name__)

SHOWN_PX = 640
"""Width of the live picture: what a phone shows, and 30 kB."""

A_PAGE = 50
"""Readings shown at once."""

AT_A_TIME = 500
"""Readings asked for at once while exporting: the most that the daemon gives."""

IN_MEMORY_BYTES = 2_000_000
"""A larger archive waits on the disk while it is sent."""

_UNDO = "undo"

Page = str | AnyResponse | tuple[str, int]


@pages.get("/")
def home() -> Page:
    """Begins with what needs no box."""
    return redirect(url_for("pages.try_"))


# --- try --------------------------------------------------------------------------------------------------------------


@pages.route("/try", methods=["GET", "POST"])
def try_() -> Page:
    """A picture in, what is written on it out; of a script that asks so only the answer itself."""
    if request.method == "GET":
        services().decoder.wake()
        return render_template("try.html")
    answer, code = _tried()
    template = "_answer.html" if request.headers.get("X-Fragment") else "try.html"
    return render_template(template, answer=answer), code


def _tried() -> tuple[dict[str, Any], int]:
    file = request.files.get("image")
    if file is None or not file.filename:
        return {"error": words()("try.no_picture")}, 400
    try:
        answer = read(file, language=words().language, page=True)
    except Busy as error:
        return {"error": str(error)}, 503
    except DecoderError as error:
        return {"error": str(error)}, 422
    return answer, 422 if "error" in answer else 200


@pages.post("/say")
def say() -> Page:
    """Have the box say an answer; the page stays as it is, unless the box does not."""
    form = request.form
    answer = SayAsked(
        form.get("status", ""),
        form.get("number", ""),
        form.get("advice", ""),
        form.get("doubtful", type=int),
        form.get("second", type=int),
    )
    problem = ask_to_obey(answer)
    if not problem:
        return "", 204
    if request.headers.get("X-Fragment"):
        return Response(problem, 409, content_type="text/plain; charset=utf-8")
    flash(problem, "error")
    return redirect(url_for("pages.try_"))


# --- live and practice ------------------------------------------------------------------------------------------------


@pages.get("/live")
def live() -> Page:
    """What the camera sees."""
    return render_template("live.html")


@pages.get("/live/now")
def live_now() -> Page:
    """The part of the page that changes."""
    try:
        seen, picture = services().daemon.ask_for_content(LookAsked(SHOWN_PX))
    except DaemonError as error:
        return render_template("_live.html", problem=str(error))
    return render_template("_live.html", seen=seen, picture=base64.b64encode(picture).decode())


@pages.get("/practice")
def practice() -> Page:
    """Write this digit."""
    return render_template("practice.html", **_practice())


@pages.get("/practice/now")
def practice_now() -> Page:
    """The part of the page that changes.

    It is asked for each second; `follow` would hold a thread of ours and a place of the daemon's for each child.
    """
    return render_template("_practice.html", **_practice())


def _practice() -> Mapping[str, Any]:
    state, problem = status()
    return {"state": state, "practice": state.get("practice"), "problem": problem}


@pages.post("/do")
def do() -> Page:
    """Have the box do as if it had been told to."""
    command = request.form.get("command", "")
    if command not in {given.value for given in GIVEN}:
        abort(400)
    if problem := ask_to_obey(CommandAsked(command)):
        flash(problem, "error")
    return redirect(url_for("pages.practice" if request.form.get("page") == "practice" else "pages.live"))


# --- history ----------------------------------------------------------------------------------------------------------


@pages.get("/history")
def history() -> Page:
    """What was read, the latest first."""
    number, before = _digits(request.args.get("number", "")), request.args.get("before", type=int)
    found, problem = ask(HistoryAsked(A_PAGE, before, number))
    entries = found.get("entries", [])
    older = entries[-1]["id"] if len(entries) == A_PAGE else None
    pictures = getattr(services().config.history, "keep_pictures", False)
    return render_template(
        "history.html", entries=entries, number=number, older=older, problem=problem, pictures=pictures
    )


@pages.get("/history/<int:entry>.jpg")
def picture(entry: int) -> AnyResponse:
    """What was kept of a reading."""
    try:
        _, content = services().daemon.ask_for_content(PictureAsked(entry))
    except DaemonError:
        abort(404)
    return Response(content, mimetype="image/jpeg")


@pages.post("/history/correct")
def correct() -> Page:
    """Note what a reading really was."""
    entry, number = request.form.get("id", type=int), " ".join(request.form.get("number", "").split())
    if entry is None:
        abort(400)
    answer, problem = ask(CorrectAsked(entry, number))
    _tell(problem or ("" if answer.get("corrected") else words()("history.gone")), "history.corrected_now")
    return redirect(url_for("pages.history"))


@pages.post("/history/delete")
def delete() -> Page:
    """Delete one reading, or all of them: for that a box has to be ticked."""
    entry = request.form.get("id", type=int)
    if entry is None and request.form.get("sure") != "yes":
        _tell(words()("history.tick"), "")
        return redirect(url_for("pages.history"))
    _, problem = ask(DeleteAsked(entry))
    _tell(problem, "history.deleted")
    return redirect(url_for("pages.history"))


@pages.get("/history.csv")
def export() -> AnyResponse:
    """All of it, as `digitbox history --export` writes it."""
    first = _entries(None)
    rows = stream_with_context(_lines(first))
    return Response(rows, mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=history.csv"})


@pages.get("/history.zip")
def export_pictures() -> AnyResponse:
    """The same with the pictures that were kept, of the latest readings."""
    with long_work():
        entries = _entries(None)
        file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - it is closed once it was sent
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("history.csv", "".join(_lines(entries)))
            for entry in entries:
                with contextlib.suppress(DaemonError):  # of many readings none was kept
                    _, content = services().daemon.ask_for_content(PictureAsked(entry["id"]))
                    archive.writestr(f"{entry['id']}.jpg", content)
    file.seek(0)
    return send_file(cast("IO[bytes]", file), "application/zip", as_attachment=True, download_name="history.zip")


def _lines(first: list[dict[str, Any]]) -> Iterator[str]:
    names = ["id", "time", "number", "status", "corrected"]
    yield ",".join(names) + "\r\n"
    entries = first
    while entries:
        text = io.StringIO(newline="")
        csv.DictWriter(text, names, extrasaction="ignore").writerows(entries)
        yield text.getvalue()
        entries = _entries(entries[-1]["id"]) if len(entries) == AT_A_TIME else []


def _entries(before: int | None) -> list[dict[str, Any]]:
    found, problem = ask(HistoryAsked(AT_A_TIME, before))
    if problem:
        abort(503, problem)
    return list(found["entries"])


def _digits(text: str) -> str:
    """Of what was searched for: the digits, at most a hundred."""
    return "".join(letter for letter in text if letter in "0123456789")[:100]


# --- status -----------------------------------------------------------------------------------------------------------


@pages.get("/status")
def status_() -> Page:
    """How the box is."""
    return _status_page(None)


@pages.post("/status")
def examine() -> Page:
    """As before, after an examination, which gets the decoder's memory."""
    try:
        with long_work():
            services().decoder.close()
            findings = examination.findings(services().configuration)
        return _status_page(findings)
    except examination.ExaminationError as error:
        flash(str(error), "error")
        return _status_page(None)


def _status_page(findings: list[Finding] | None) -> Page:
    state, problem = status()
    path = services().config.model.path
    card = _card(path)
    return render_template(
        "status.html",
        state=state,
        problem=problem,
        errors=[] if problem else ask(ErrorsAsked())[0].get("errors", []),
        findings=findings,
        card=card,
        figures=figures(_card_of_both(card, path) or card),
        level=level,
        decades=decades,
        python=platform.python_version(),
        memory=examination.free_memory_bytes(),
    )


def _card_of_both(card: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """The card of the second model that a card names, which has the figures of both; empty without one."""
    second = card.get("second")
    named = Path(str(second.get("file"))).name if isinstance(second, dict) else ""
    return _card(path.with_name(named)) if named else {}


def _card(model_path: Path) -> Mapping[str, Any]:
    try:
        card = json.loads(model_path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


# --- settings ---------------------------------------------------------------------------------------------------------


@pages.get("/settings")
def settings() -> Page:
    """The preferences to change, the installer's file to read."""
    state, problem = status()
    return _settings_page(state.get("preferences", {}), problem)


@pages.post("/settings")
def change() -> Page:
    """Take all of them, or none and say why."""
    state, problem = status()
    before = state.get("preferences", {})
    wishes, mistake = _wishes()
    if not problem and not mistake:
        _, mistake = ask(PreferencesAsked(wishes))
    if problem or mistake:
        return _settings_page({**before, **wishes}, problem or mistake), 400
    session[_UNDO] = before
    _tell("", "settings.saved")
    return redirect(url_for("pages.settings"))


@pages.post("/settings/undo")
def undo() -> Page:
    """Back to what was there before the last change."""
    _, problem = ask(PreferencesAsked(session.pop(_UNDO, {})))
    _tell(problem, "settings.undone")
    return redirect(url_for("pages.settings"))


def _settings_page(preferences: Mapping[str, Any], problem: str) -> str:
    config = services().config
    return render_template(
        "settings.html",
        preferences=preferences,
        problem=problem,
        limits=configuration.preference_limits(),
        can_undo=_UNDO in session,
        file=configuration.dump(config),
    )


def _wishes() -> tuple[dict[str, Any], str]:
    """The form's fields by the names of the preferences, and what is wrong with them."""
    wishes: dict[str, Any] = {}
    for name in Preferences.__dataclass_fields__:
        text = request.form.get(name)
        if text is None:
            continue
        if name not in configuration.preference_limits():
            wishes[name] = text.strip()
        elif text.strip().isascii() and text.strip().isdecimal() and len(text) < 10:
            wishes[name] = int(text)
        else:
            return wishes, words()("settings.no_number", name=words()(f"settings.{name}"), value=text[:20])
    return wishes, ""


def _tell(problem: str, key: str) -> None:
    flash(problem or words()(key), "error" if problem else "done")


# --- coming in --------------------------------------------------------------------------------------------------------


@pages.route("/pair", methods=["GET", "POST"])
def pair() -> Page:
    """Asks for the token."""
    access = services().access
    if access.is_open:
        return redirect(url_for("pages.home"))
    if request.method == "POST":
        if access.pair(request.form.get("token", "")):
            return redirect(url_for("pages.home"))
        return render_template("pair.html", wrong=True), 403
    return render_template("pair.html", wrong=False)
