"""The loop asked by other programs: what it answers, what it does, and what it refuses."""

from __future__ import annotations

import threading

import pytest

from device.domain import Command, Device, Heard, VoiceCommand
from device.errors import CameraError, HistoryError, SpeechError
from device.protocol import (
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    ErrorsAsked,
    HistoryAsked,
    LookAsked,
    PictureAsked,
    PreferencesAsked,
    SayAsked,
    SayTokenAsked,
    StatusAsked,
)
from device.situation import Mode


def test_it_says_how_it_is(appliance):
    """Before and after a reading, and with a device lost."""
    appliance.started()
    status, _ = appliance.ask(StatusAsked())
    assert (status["mode"], status["faults"], status["last"], status["version"]) == ("idle", [], None, "1.2.3")
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    status, _ = appliance.ask(StatusAsked())
    assert status["last"]["number"] == "7"
    assert status["readings"] == 1


def test_a_command_reads_as_a_tap_does(appliance):
    """Obeyed when nothing else goes on; the followers hear of mode and reading."""
    appliance.started()
    appliance.news.clear()
    assert appliance.ask(CommandAsked("read")) == ({"obeyed": True}, b"")
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    appliance.until(lambda: {"mode": "idle"} in appliance.news)
    assert [news.get("mode", "reading made") for news in appliance.news] == [
        "reading",
        "speaking",
        "reading made",
        "idle",
    ]
    assert appliance.news[2]["reading"]["number"] == "7"


def test_no_command_interferes_with_the_button(appliance):
    """While it is down, a command is refused."""
    appliance.started()
    appliance.press()
    appliance.turned()
    assert appliance.ask(CommandAsked("read")) == ({"obeyed": False}, b"")
    appliance.release()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    assert appliance.kept == ["7"]


def test_what_it_complained_of_is_told(appliance):
    """A device that is lost, with its reason; and nothing of it once the daemon has ended."""
    appliance.started()
    assert appliance.ask(ErrorsAsked())[0] == {"errors": []}
    appliance.broken[Device.CAMERA, "capture"] = CameraError("unplugged")
    appliance.ask(LookAsked())
    appliance.until(lambda: Device.CAMERA in appliance.daemon.situation.faults)
    (error,) = appliance.ask(ErrorsAsked())[0]["errors"]
    assert (error["level"], error["message"], error["count"]) == ("warning", "camera: unplugged", 1)


def test_an_answer_of_another_program_is_said(appliance):
    """In the box's own phrases; what the box itself read last stays what it was."""
    appliance.started()
    assert appliance.ask(SayAsked("unsure", "42", "", 2, 7)) == ({"obeyed": True}, b"")
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.heard[1:])
    assert appliance.heard[1] == "I think four, two. Digit 2 could be a seven."
    assert appliance.daemon.situation.last is None
    assert not appliance.kept


def test_a_token_is_said_digit_by_digit_and_once_more(appliance):
    """Also where numbers are said as numbers."""
    appliance.started()
    appliance.ask(PreferencesAsked({"number_style": "number"}))
    assert appliance.ask(SayTokenAsked("12345678"))[0] == {"obeyed": True}
    said = "The token for my page is: one; two; three; four; five; six; seven; eight."
    appliance.until(lambda: f"{said} {said}" in appliance.heard)


def test_nothing_is_said_for_others_while_it_listens(appliance):
    """Nor where nobody would hear it, and then the reason is told."""
    appliance.started()
    appliance.press()
    appliance.turned()
    assert appliance.ask(SayAsked("ok", "7"))[0] == {"obeyed": False}
    appliance.release()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    appliance.command(Heard("mute", VoiceCommand(Command.MUTE), 1.0))
    appliance.until(lambda: appliance.mode is Mode.CONFIRMING)
    appliance.command(Heard("yes", VoiceCommand(Command.YES), 1.0))
    appliance.until(lambda: appliance.mode is Mode.IDLE)
    assert "muted" in appliance.ask(SayAsked("ok", "7"))[0]["error"]


def test_practice_is_followed(appliance):
    """The same practice as by voice: begun, what to write, ended."""
    appliance.started()
    assert appliance.ask(CommandAsked("practise"))[0] == {"obeyed": True}
    appliance.until(lambda: any(news.get("practice") for news in appliance.news))
    status, _ = appliance.ask(StatusAsked())
    assert status["practice"]["rounds"] == 5
    assert status["practice"]["digit"] in range(10)
    appliance.ask(CommandAsked("cancel"))
    appliance.until(lambda: {"practice": None} in appliance.news)


def test_what_the_camera_sees_is_shown(appliance):
    """A frame through the reader; asked again at once, the same one."""
    appliance.started()
    appliance.calls.clear()
    assert appliance.ask(LookAsked(320)) == ({"number": "7", "width_px": 320}, b"JPEG")
    assert appliance.ask(LookAsked(320))[1] == b"JPEG"
    assert appliance.calls.count((Device.MODEL, "show")) == 1
    appliance.clock.pass_by(1.0)
    appliance.ask(LookAsked(320))
    assert appliance.calls.count((Device.MODEL, "show")) == 2


def test_nobody_looks_while_it_reads(appliance):
    """A reading is never delayed by a look."""
    appliance.started()
    let_go = appliance.hanging[Device.MODEL, "read"] = threading.Event()
    appliance.tap()
    appliance.until_called(Device.MODEL, "read")
    assert "busy" in appliance.ask(LookAsked())[0]["error"]
    let_go.set()


def test_a_look_without_a_camera_is_refused(appliance):
    """Lost in that very look, and lost before."""
    appliance.started()
    appliance.broken[Device.CAMERA, "capture"] = CameraError("unplugged")
    assert appliance.ask(LookAsked())[0] == {"error": "unplugged"}
    appliance.until(lambda: Device.CAMERA in appliance.daemon.situation.faults)
    assert "does not work" in appliance.ask(LookAsked())[0]["error"]


def test_preferences_are_changed_and_kept(appliance):
    """Within their limits, in a language that there is."""
    appliance.started()
    answer, _ = appliance.ask(PreferencesAsked({"volume": 70, "language": "de"}))
    assert answer["preferences"]["volume"] == 70
    appliance.until(lambda: appliance.saved)
    assert (appliance.saved[-1].volume, appliance.saved[-1].language) == (70, "de")
    for wishes in ({"volume": 900}, {"language": "tlh"}):
        assert "error" in appliance.ask(PreferencesAsked(wishes))[0]
    assert appliance.daemon.situation.preferences.volume == 70


def test_pictures_are_kept_where_they_are_wanted(appliance):
    """One of each reading with digits, shown to whoever asks, gone with its entry."""
    appliance.pictures.wanted = True
    appliance.started()
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.pictures.kept)
    assert list(appliance.pictures.kept) == [1]
    assert appliance.ask(PictureAsked(1)) == ({}, b"JPEG")
    assert "no picture" in appliance.ask(PictureAsked(2))[0]["error"]
    appliance.ask(DeleteAsked(1))
    assert not appliance.pictures.kept


def test_no_picture_is_kept_otherwise(appliance):
    """As the box comes."""
    appliance.started()
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    assert not appliance.pictures.kept


def test_the_history_is_searched_corrected_and_deleted(appliance):
    """On the history's own worker."""
    appliance.started()
    appliance.kept += ["42", "7"]
    entries = appliance.ask(HistoryAsked())[0]["entries"]
    assert [(entry["id"], entry["number"]) for entry in entries] == [(2, "7"), (1, "42")]
    assert appliance.ask(CorrectAsked(2, "1")) == ({"corrected": True}, b"")
    assert appliance.ask(CorrectAsked(99, "1")) == ({"corrected": False}, b"")
    assert appliance.corrected == {2: "1"}
    appliance.samples.append(((1, 1, 3), 7))
    assert appliance.ask(DeleteAsked()) == ({"deleted": 2}, b"")
    assert not appliance.samples


@pytest.mark.parametrize("request_", [HistoryAsked(), CorrectAsked(1, "2"), DeleteAsked()])
def test_a_history_that_fails_is_named(appliance, request_):
    """To whoever asked, and to the ear."""
    appliance.started()
    for call in ("entries", "correct", "delete"):
        appliance.broken[Device.HISTORY, call] = HistoryError("damaged")
    assert appliance.ask(request_)[0] == {"error": "damaged"}
    appliance.until(lambda: "I can't keep a history of what I read." in appliance.heard)
    assert "does not work" in appliance.ask(request_)[0]["error"]


def test_a_voice_that_cannot_speak_is_refused(appliance):
    """The box goes on speaking as before, and nothing is kept."""
    appliance.started()
    appliance.broken[Device.SPEECH, "open"] = SpeechError("no such voice")
    assert appliance.ask(PreferencesAsked({"voice": "nosuchvoice"}))[0] == {"error": "no such voice"}
    assert "no name of" in appliance.ask(PreferencesAsked({"voice": "a\x00b"}))[0]["error"]
    assert not appliance.saved
    del appliance.broken[Device.SPEECH, "open"]
    assert appliance.ask(PreferencesAsked({"voice": "en-us"}))[0]["preferences"]["voice"] == "en-us"
    appliance.until(lambda: appliance.saved)
    appliance.tap()
    appliance.until(lambda: "seven." in appliance.heard)


def test_cancel_ends_aiming(appliance):
    """What another program has begun it can end."""
    appliance.started()
    appliance.ask(CommandAsked("aim"))
    appliance.until(lambda: appliance.mode is Mode.AIMING)
    assert appliance.ask(CommandAsked("read"))[0] == {"obeyed": False}
    assert appliance.ask(CommandAsked("cancel"))[0] == {"obeyed": True}
    appliance.until(lambda: appliance.mode is Mode.IDLE)


def test_what_was_deleted_is_not_repeated(appliance):
    """Nor told to other programs."""
    appliance.started()
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    appliance.ask(DeleteAsked())
    appliance.until(lambda: appliance.daemon.situation.last is None)
    assert appliance.ask(StatusAsked())[0]["last"] is None
