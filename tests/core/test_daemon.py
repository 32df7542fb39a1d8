"""The loop with in-memory parts: what a user hears, what fails and hangs, and that it never stands still."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import pytest

from device import phrases
from device.domain import Command, Device, Hint, Light, Reading, Status
from device.errors import (
    ButtonError,
    CameraError,
    FrameError,
    HistoryError,
    ImageFileError,
    IndicatorError,
    ModelError,
    PowerError,
    SoundError,
    SpeechError,
)
from device.events import CommandGiven, StopRequested
from device.messages import Opened, Told
from device.situation import Mode

CAMERA_LOST = "The camera does not answer. Check its cable."
CAMERA_BACK = "The camera works again."
APOLOGY = "Sorry, that did not work. Please try again."
QUESTION = "Shut down? Release, then press once to confirm."
HEARD_NOTHING = "I heard nothing. Speak while you hold the button."


def speech(appliance) -> list[str]:
    """The sentences heard, without tones and silences."""
    return [sound for sound in appliance.heard if sound != "silence" and not sound.startswith("tone")]


def test_it_starts_step_by_step(appliance):
    """Nothing but light, button and tone is made before READY; then the rest, and then it greets."""
    let_go = appliance.hanging[Device.SOUND, "open"] = threading.Event()
    appliance.start()
    appliance.turned()
    assert set(appliance.made) <= {Device.INDICATOR, Device.BUTTON, Device.SOUND}
    assert "ready" not in appliance.told
    let_go.set()
    appliance.until(lambda: appliance.mode is Mode.IDLE and speech(appliance) == ["Ready."])
    appliance.until(lambda: set(appliance.made) == set(Device))  # nothing waits for the history
    assert appliance.told[0] == "ready"
    appliance.until(lambda: appliance.told[-1] == "idle")
    appliance.until(lambda: appliance.lights == [Light.SLOW_BLINK, Light.ON, Light.OFF])


def test_a_tap_is_answered(appliance):
    """The tone comes first, the reading is spoken and kept, and the frames were exposed after the press began."""
    appliance.started()
    appliance.heard.clear()
    appliance.clock.pass_by(5.0)
    appliance.press()
    appliance.until(lambda: appliance.heard)
    assert appliance.heard == ["tone shutter"]
    appliance.clock.pass_by(0.3)
    appliance.release()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    assert appliance.heard == ["tone shutter", "seven."]
    assert appliance.kept == ["7"]
    assert min(appliance.captured_after) >= 1005.0
    assert appliance.daemon.readings_made == 1


def test_the_reading_takes_no_more_frames_than_it_needs(appliance):
    """Two of three are read: the third may be under way, and none comes after it."""
    appliance.started()
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and len(appliance.kept) == 2)
    assert 4 <= len(appliance.captured_after) <= 6


def test_a_reading_of_nothing_is_not_kept(appliance):
    """An empty table is no reading to remember, but it is answered."""
    appliance.reading = Reading(Status.NOTHING)
    appliance.started()
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == "I see no digit." and appliance.mode is Mode.IDLE)
    appliance.turned()
    assert appliance.kept == []


def test_a_hold_is_answered_when_it_ends(appliance):
    """It listens from the hold's time on, and says what came of it."""
    appliance.started()
    appliance.press()
    appliance.until(lambda: "tone shutter" in appliance.heard)
    appliance.clock.pass_by(0.6)
    appliance.until(lambda: appliance.mode is Mode.LISTENING)
    appliance.release()
    appliance.until(lambda: speech(appliance)[-1] == HEARD_NOTHING)
    assert Light.BLINK in appliance.lights


@pytest.mark.parametrize(("held_seconds", "answer"), [(0.59, "seven."), (0.61, HEARD_NOTHING)])
def test_a_loop_that_was_late_still_tells_a_tap_from_a_hold(appliance, held_seconds, answer):
    """The moments of press and release count, not those at which the loop got round to them."""
    appliance.started()
    appliance.calls.clear()
    let_go = appliance.hanging[Device.SOUND, "start"] = threading.Event()
    appliance.press()
    appliance.until_called(Device.SOUND, "start")
    appliance.clock.pass_by(held_seconds)
    appliance.release()
    appliance.clock.pass_by(3.0)
    let_go.set()
    appliance.until(lambda: speech(appliance)[-1] == answer)
    assert appliance.daemon.readings_made == (answer == "seven.")


def test_a_press_silences_speech(appliance):
    """At once, although the loudspeaker's worker is busy; the tap means nothing more."""
    appliance.started()
    let_go = appliance.hanging[Device.SOUND, "wait"] = threading.Event()
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.SPEAKING)
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and "silence" in appliance.heard)
    let_go.set()
    appliance.turned()
    assert appliance.daemon.readings_made == 1
    assert speech(appliance) == ["Ready."]


def test_an_early_tap_is_answered_when_the_camera_is_there(appliance):
    """A low tone at once, the reading as soon as it can be made, in place of the greeting."""
    let_go = appliance.hanging[Device.CAMERA, "open"] = threading.Event()
    appliance.start()
    appliance.until(lambda: "ready" in appliance.told)
    appliance.tap()
    appliance.until(lambda: appliance.heard == ["tone low"])
    let_go.set()
    appliance.until(lambda: speech(appliance) == ["seven."])


def test_the_end_of_input_waits_for_the_answer(appliance):
    """As in `demo --once`: a tap and the end come at once, the answer is still spoken, the status is 0."""
    let_go = appliance.hanging[Device.MODEL, "open"] = threading.Event()  # or the tap could silence the greeting
    appliance.start()
    appliance.until_called(Device.BUTTON, "open")
    appliance.tap()
    appliance.end_input()
    let_go.set()
    assert appliance.end() == 0
    assert speech(appliance)[-1] == "seven."
    assert appliance.kept == ["7"]
    assert appliance.told[-1] == "stopping"


def test_a_camera_that_is_absent_is_said_once_and_tried_again(appliance):
    """One sentence for the fault, one for its end, however often it was tried between."""
    appliance.broken[Device.CAMERA, "open"] = CameraError("no camera; check its cable")
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.is_prepared())
    for tries in (2, 3, 4):
        appliance.clock.pass_by(10.0)
        appliance.until(lambda tries=tries: len(appliance.made[Device.CAMERA]) == tries)
        appliance.turned()
    assert speech(appliance) == [CAMERA_LOST]
    assert appliance.lights[-1] is Light.FAST_BLINK
    assert appliance.told[-1] == "idle; out of order: camera"
    appliance.until(lambda: all(camera.is_closed for camera in appliance.made[Device.CAMERA]))
    del appliance.broken[Device.CAMERA, "open"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance) == [CAMERA_LOST, CAMERA_BACK] and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])


def test_a_button_whose_chip_goes_is_said_and_answers_again(appliance):
    """It is the box that finds out, for nobody can press; once the chip is back, so is the button."""
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.IDLE)
    appliance.broken[Device.BUTTON, "check"] = ButtonError("the chip has gone")
    appliance.broken[Device.BUTTON, "open"] = ButtonError("there is no such chip")
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance)[-1:] == ["The button does not work. Check its wires."])
    appliance.until(lambda: appliance.lights[-1] is Light.FAST_BLINK)
    appliance.broken.clear()
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance)[-1] == "The button works again." and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])


def test_a_tap_without_a_camera_says_why(appliance):
    """Every press gets its answer, this one the fault again."""
    appliance.broken[Device.CAMERA, "open"] = CameraError("no camera; check its cable")
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.IDLE and speech(appliance))
    appliance.tap()
    appliance.until(lambda: speech(appliance) == [CAMERA_LOST, CAMERA_LOST])


def test_a_camera_that_hangs_in_capture_is_given_up(appliance):
    """Said within its limit, retried, recovered; what comes back late is thrown away and closed."""
    appliance.started()
    let_go = appliance.hanging[Device.CAMERA, "capture"] = threading.Event()
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == CAMERA_LOST)
    appliance.until(lambda: appliance.mode is Mode.IDLE)
    del appliance.hanging[Device.CAMERA, "capture"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance)[-1] == CAMERA_BACK and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == "seven.")
    let_go.set()
    appliance.until(lambda: appliance.made[Device.CAMERA][0].is_closed)
    assert not appliance.made[Device.CAMERA][1].is_closed
    assert appliance.daemon.readings_made == 1


def test_a_camera_that_hangs_while_opening_is_given_up(appliance):
    """At its own limit, and the box is up meanwhile; the one that opens late is closed again."""
    let_go = appliance.hanging[Device.CAMERA, "open"] = threading.Event()
    appliance.start()
    appliance.until(lambda: "ready" in appliance.told)
    appliance.until_called(Device.CAMERA, "open")
    appliance.turned()
    assert appliance.mode is Mode.STARTING
    appliance.clock.pass_by(4.0)
    appliance.until(lambda: speech(appliance) == [CAMERA_LOST])
    del appliance.hanging[Device.CAMERA, "open"]
    let_go.set()
    appliance.until(lambda: appliance.made[Device.CAMERA][0].is_closed)


def test_a_camera_that_swallows_every_thread_is_left_alone(appliance):
    """Three hung calls are enough; when one comes back, it is tried again."""
    threads = []
    appliance.making[Device.CAMERA, "open"] = lambda: threads.append(threading.current_thread())
    let_go = appliance.hanging[Device.CAMERA, "open"] = threading.Event()
    appliance.start()
    for tries in (1, 2, 3):
        appliance.until(lambda tries=tries: len(threads) == tries)
        appliance.turned()
        appliance.clock.pass_by(4.0)
        appliance.turned()
        appliance.clock.pass_by(10.0)
    appliance.turned()
    assert len(appliance.made[Device.CAMERA]) == 3
    del appliance.hanging[Device.CAMERA, "open"]
    let_go.set()
    for thread in threads:
        thread.join(10.0)
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: CAMERA_BACK in speech(appliance))


def test_a_camera_that_fails_during_a_reading_is_a_fault(appliance):
    """And no bad try: it does not bring the box nearer to its end."""
    appliance.started()
    appliance.broken[Device.CAMERA, "capture"] = CameraError("the cable is loose; push it in")
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == CAMERA_LOST)
    assert appliance.daemon.situation.failures == 0


def test_a_picture_that_cannot_be_read_is_a_bad_try(appliance):
    """The camera itself is all right and stays."""
    appliance.started()
    appliance.broken[Device.CAMERA, "capture"] = ImageFileError("3.jpg: is truncated; take it out")
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == APOLOGY and appliance.mode is Mode.IDLE)
    del appliance.broken[Device.CAMERA, "capture"]
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == "seven.")
    assert len(appliance.made[Device.CAMERA]) == 1


def test_three_bad_tries_end_the_process(appliance):
    """For the supervisor to start a fresh one; a good one in between would have begun the count anew."""
    appliance.started()
    appliance.broken[Device.MODEL, "read"] = FrameError("the frame is empty; point it somewhere else")
    for tries in (1, 2):
        appliance.tap()
        appliance.until(lambda tries=tries: speech(appliance).count(APOLOGY) == tries and appliance.mode is Mode.IDLE)
    appliance.tap()
    assert appliance.end() == 1


def test_a_mistake_in_the_program_ends_the_process(appliance, caplog):
    """Logged with its traceback for us, nothing pretended; everything is closed."""
    appliance.started()
    appliance.broken[Device.MODEL, "read"] = RuntimeError("impossible")
    appliance.tap()
    assert appliance.end() == 1
    assert "this is a mistake in digitbox" in caplog.text
    assert all(part.is_closed for parts in appliance.made.values() for part in parts)


def test_a_reader_that_hangs_is_given_up(appliance):
    """The model's fault is said and not the camera's, which waits for it; a fresh reader takes its place."""
    appliance.started()
    let_go = appliance.hanging[Device.MODEL, "read"] = threading.Event()
    appliance.tap()
    appliance.until_called(Device.MODEL, "read")
    appliance.turned()
    appliance.clock.pass_by(5.0)
    appliance.until(lambda: appliance.told[-1] == "idle; out of order: model")
    appliance.turned(60)  # 0.3 s of real time: the camera looks every 0.1 s whether its burst has ended
    del appliance.hanging[Device.MODEL, "read"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance)[-1] == "I can read again." and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: speech(appliance)[-1] == "seven.")
    let_go.set()


def test_a_model_that_is_missing_is_said(appliance):
    """The greeting does not pretend that all is well, and a tap says it again."""
    appliance.broken[Device.MODEL, "open"] = ModelError("digits.tflite: is missing; install digitbox again")
    appliance.start()
    missing = "My reading model is missing or damaged. Please install me again."
    appliance.until(lambda: missing in speech(appliance) and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: speech(appliance).count(missing) == 2)


def test_a_library_that_is_missing_takes_one_device_away(appliance, caplog):
    """Half a release is on the card: all that can do without it goes on, and the log names the step."""
    appliance.broken[Device.CAMERA, "open"] = ImportError("No module named 'cv2'")
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.IDLE and "ready" in appliance.told)
    assert "camera: a library is missing or damaged (No module named 'cv2'); install digitbox again" in caplog.text


def test_without_a_voice_the_tones_go_on(appliance):
    """What cannot be said is a tone, and the loop is not held up by it; then the voice comes back and says so."""
    appliance.broken[Device.SPEECH, "open"] = SpeechError("espeak-ng is missing; install it")
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.IDLE and "ready" in appliance.told)
    appliance.until(lambda: appliance.heard[-1:] == ["tone fault"])
    appliance.tap()
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept == ["7"])
    assert speech(appliance) == []
    del appliance.broken[Device.SPEECH, "open"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance) == ["I can speak again."])


def test_a_voice_that_fails_in_the_middle_is_a_fault(appliance):
    """An answer that cannot be said does not leave it speaking for ever."""
    (seven,) = appliance.reading.digits
    appliance.reading = Reading(Status.UNSURE, (seven, replace(seven, second=1)))
    appliance.started()
    appliance.until(lambda: len(appliance.sentences) == len(phrases.load("en").fixed_pieces()))
    appliance.broken[Device.SPEECH, "synthesize"] = SpeechError("espeak-ng failed; try again")
    appliance.tap()
    appliance.until(lambda: "speech" in appliance.told[-1] and appliance.mode is Mode.IDLE)


def test_a_voice_that_hangs_is_given_up(appliance):
    """At its limit; the box goes on with tones."""
    let_go = appliance.hanging[Device.SPEECH, "synthesize"] = threading.Event()
    appliance.start()
    appliance.until_called(Device.SPEECH, "synthesize")
    appliance.turned()
    appliance.clock.pass_by(2.0)
    appliance.until(lambda: appliance.mode is Mode.IDLE and "speech" in appliance.told[-1])
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])
    let_go.set()


def test_a_loudspeaker_that_is_absent_stops_nothing(appliance):
    """READY comes all the same, taps are read and kept, and it is said once it can be."""
    appliance.broken[Device.SOUND, "open"] = SoundError("no card of that name; see aplay -l")
    appliance.start()
    appliance.until(lambda: "ready" in appliance.told and appliance.mode is Mode.IDLE)
    appliance.until(lambda: "sound" in appliance.told[-1])
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"] and appliance.mode is Mode.IDLE)
    assert appliance.heard == []
    del appliance.broken[Device.SOUND, "open"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance) == ["The loudspeaker works again."])


def test_a_loudspeaker_that_refuses_a_tone_is_a_fault(appliance):
    """The press still counts."""
    appliance.started()
    appliance.broken[Device.SOUND, "start"] = SoundError("the card is busy; stop the other program")
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"] and appliance.mode is Mode.IDLE)
    assert "sound" in appliance.told[-1]


def test_a_loudspeaker_that_hangs_is_given_up(appliance):
    """Speech that never ends would be a box that never reads again."""
    appliance.started()
    let_go = appliance.hanging[Device.SOUND, "wait"] = threading.Event()
    appliance.calls.clear()
    appliance.tap()
    appliance.until_called(Device.SOUND, "wait")
    appliance.turned()
    appliance.clock.pass_by(3.0)
    appliance.until(lambda: appliance.mode is Mode.IDLE and "sound" in appliance.told[-1])
    let_go.set()


def test_a_button_that_is_absent_is_said(appliance):
    """A box without a button is not ended by it: it says what to check, and tries again."""
    appliance.broken[Device.BUTTON, "open"] = ButtonError("no gpiochip0; check the wiring")
    appliance.start()
    appliance.until(lambda: "The button does not work. Check its wires." in speech(appliance))
    del appliance.broken[Device.BUTTON, "open"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: speech(appliance)[-1] == "The button works again." and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])


def test_an_indicator_that_fails_stops_nothing(appliance):
    """It is said, and readings go on."""
    appliance.started()
    appliance.broken[Device.INDICATOR, "show"] = IndicatorError("the pin is taken; choose another")
    appliance.tap()
    appliance.until(lambda: "The status light does not work." in speech(appliance))
    appliance.until(lambda: appliance.kept == ["7"])


def test_readings_are_kept_until_the_history_can_be_written(appliance):
    """A full disk loses none: they are written in order as soon as it opens again, each once."""
    appliance.started()
    appliance.broken[Device.HISTORY, "append"] = HistoryError("the disk is full; delete something")
    for readings in (1, 2):
        appliance.tap()
        appliance.until(lambda n=readings: appliance.daemon.readings_made == n)
        # The fault is said after the first: a tap meanwhile would only silence it.
        appliance.until(
            lambda: (
                Device.HISTORY in appliance.daemon.situation.faults
                and appliance.mode is Mode.IDLE
                and not appliance.daemon.situation.waiting
            )
        )
    appliance.until(lambda: "history" in appliance.told[-1])
    assert appliance.kept == []
    del appliance.broken[Device.HISTORY, "append"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: appliance.kept == ["7", "7"])
    appliance.until(lambda: "I can keep the history again." in speech(appliance) and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: len(appliance.kept) == 3)


def test_aiming_is_said_about_once_a_second_until_a_tap_reads(appliance):
    """A look a second, what changes is said, what stays good is not said each time; the tap is read at once."""
    appliance.hints = [Hint.NOTHING, Hint.LEFT, Hint.LEFT, Hint.GOOD]
    appliance.started()
    appliance.heard.clear()
    appliance.daemon.post(CommandGiven(Command.AIM))
    for said in (2, 3, 4, 5):
        appliance.until(lambda said=said: len(speech(appliance)) == said)
        appliance.turned()
        assert len(speech(appliance)) == said, "two looks in one second"
        appliance.clock.pass_by(1.0)
    begun = "Aiming. Move the paper the way I say, and tap to read."
    assert speech(appliance) == [begun, "Nothing yet.", "Left.", "Left.", "Good."]
    looks = appliance.calls.count((Device.MODEL, "look"))
    for _ in range(2):
        appliance.turned()
        appliance.clock.pass_by(1.0)
    appliance.until(lambda: appliance.calls.count((Device.MODEL, "look")) >= looks + 2)
    appliance.turned()
    assert speech(appliance)[-1] == "Good."
    assert len(speech(appliance)) == 5
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"] and appliance.mode is Mode.IDLE)
    appliance.clock.pass_by(60.0)
    appliance.turned()
    assert appliance.mode is Mode.IDLE
    assert speech(appliance)[-1] == "seven."


def test_aiming_can_begin_with_the_start_and_ends_by_itself(appliance):
    """After the greeting; at the limit of its time it says that it stops."""
    appliance.daemon.situation = replace(appliance.daemon.situation, aim_wanted=True)
    appliance.start()
    appliance.until(lambda: appliance.mode is Mode.AIMING and "Good." in appliance.heard)
    assert speech(appliance)[0] == "Ready."
    appliance.clock.pass_by(60.0)
    appliance.until(lambda: speech(appliance)[-1] == "I stop aiming now." and appliance.mode is Mode.IDLE)


def test_aiming_ends_with_a_word_when_it_is_cancelled(appliance):
    """By another program; by voice, the press alone ends it."""
    appliance.started()
    appliance.daemon.post(CommandGiven(Command.AIM))
    appliance.until(lambda: "Good." in appliance.heard)
    appliance.daemon.post(CommandGiven(Command.CANCEL))
    appliance.until(lambda: speech(appliance)[-1] == "I stop aiming now." and appliance.mode is Mode.IDLE)


@pytest.mark.parametrize("call", [(Device.CAMERA, "capture"), (Device.MODEL, "look")])
def test_a_look_that_fails_once_ends_aiming_with_an_apology(appliance, call):
    """A picture that cannot be read, as from a folder of pictures."""
    appliance.broken[call] = ImageFileError("a.jpg: is damaged")
    appliance.started()
    appliance.daemon.post(CommandGiven(Command.AIM))
    appliance.until(lambda: speech(appliance)[-1] == APOLOGY and appliance.mode is Mode.IDLE)


def test_a_camera_that_hangs_while_aiming_is_given_up(appliance):
    """Within its limit, and said."""
    appliance.started()
    appliance.hanging[Device.CAMERA, "capture"] = threading.Event()
    appliance.daemon.post(CommandGiven(Command.AIM))
    appliance.until_called(Device.CAMERA, "capture")
    appliance.turned()
    appliance.clock.pass_by(2.0)
    appliance.until(lambda: CAMERA_LOST in speech(appliance))


def test_a_damaged_history_is_said(appliance):
    """Kept aside and begun anew: the user ought to know."""
    appliance.making[Device.HISTORY, "open"] = lambda: setattr(
        appliance.made[Device.HISTORY][-1], "kept_aside", "history.sqlite3.corrupt-1"
    )
    appliance.start()
    appliance.until(
        lambda: (
            "The history was damaged. I kept it aside and began a new one." in speech(appliance)
            and appliance.mode is Mode.IDLE
        )
    )


def test_the_shutdown_gesture(appliance):
    """Hold through warning and question, release, press: goodbye is heard, then it is switched off."""
    appliance.started()
    appliance.heard.clear()
    appliance.press()
    appliance.until(lambda: appliance.heard == ["tone shutter"])
    for seconds in (0.6, 5.4, 2.0):
        appliance.clock.pass_by(seconds)
        appliance.turned()
    appliance.until(lambda: QUESTION in appliance.heard)
    appliance.release()
    appliance.turned()
    appliance.clock.pass_by(4.9)
    appliance.press()
    appliance.until(lambda: appliance.powered_off)
    assert appliance.heard == [
        "tone shutter",
        "tone listening",
        "tone warning",
        QUESTION,
        "silence",
        "tone shutter",
        "Shutting down. Goodbye.",
    ]


def test_a_shutdown_nobody_confirms_is_cancelled(appliance):
    """After its five seconds, and the next tap reads."""
    appliance.started()
    appliance.press()
    appliance.turned()
    appliance.clock.pass_by(8.0)
    appliance.until(lambda: QUESTION in appliance.heard)
    appliance.release()
    appliance.turned()
    appliance.clock.pass_by(5.0)
    appliance.until(lambda: "Cancelled." in appliance.heard and appliance.mode is Mode.IDLE)
    assert not appliance.powered_off
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])


def test_switching_off_that_is_refused_is_said(appliance):
    """And the box lives on."""
    appliance.power_error = PowerError("the request cannot be written; is the folder there?")
    appliance.started()
    appliance.press()
    appliance.turned()
    appliance.clock.pass_by(8.0)
    appliance.until(lambda: QUESTION in appliance.heard)
    appliance.release()
    appliance.press()
    appliance.release()
    appliance.until(lambda: "I can't switch myself off." in appliance.heard and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: appliance.kept == ["7"])


def test_an_answer_of_an_older_turn_is_not_said(appliance):
    """Somebody asked the history, then for something else: what comes late would answer the wrong question."""
    appliance.started()
    turn = appliance.daemon.situation.turn
    appliance.daemon.post(Told(turn - 1, phrases.phrase("answer.forgotten")))
    appliance.daemon.post(Told(turn, phrases.phrase("answer.not_forgotten")))
    appliance.until(lambda: speech(appliance)[-1] == "I could not delete everything.")
    assert speech(appliance) == ["Ready.", "I could not delete everything."]


def test_the_watchdog_hears_from_every_turn(appliance):
    """Also while devices hang: it is the loop that is watched."""
    appliance.hanging[Device.CAMERA, "open"] = threading.Event()
    appliance.hanging[Device.MODEL, "open"] = threading.Event()
    appliance.start()
    appliance.until_called(Device.CAMERA, "open")
    pings = appliance.pings
    appliance.until(lambda: appliance.pings > pings + 20)


def test_a_stop_closes_everything(appliance):
    """Once each, from any mode, with status 0, and the supervisor is told."""
    appliance.started()
    appliance.tap()
    appliance.until(lambda: appliance.kept and appliance.mode is Mode.IDLE)  # nobody waits for the history to open
    appliance.press()
    appliance.daemon.post(StopRequested())
    assert appliance.end() == 0
    assert appliance.told[-1] == "stopping"
    closed = [device for device, call in appliance.calls if call == "close"]
    assert sorted(device.value for device in closed) == sorted(device.value for device in Device)


def test_a_history_that_opens_at_the_very_end_is_written_and_closed(appliance, monkeypatch):
    """Its message is the last in the inbox, and a reading has waited for it: neither is forgotten."""
    appliance.broken[Device.HISTORY, "open"] = HistoryError("the disk is full; delete something")
    appliance.start()
    told = {"Ready.", "I can't keep a history of what I read."}
    appliance.until(lambda: told <= set(speech(appliance)) and appliance.mode is Mode.IDLE)
    appliance.tap()
    appliance.until(lambda: appliance.daemon.readings_made == 1 and appliance.mode is Mode.IDLE)
    assert appliance.kept == []
    (history,) = appliance.made[Device.HISTORY]
    history.is_closed = False
    monkeypatch.setattr(appliance, "stopping", lambda: appliance.daemon.post(Opened(Device.HISTORY, history)))
    appliance.daemon.post(StopRequested())
    assert appliance.end() == 0
    assert appliance.kept == ["7"]
    assert history.is_closed


def test_a_stop_does_not_wait_for_a_device_that_hangs(appliance, caplog):
    """All devices together have three seconds; the one that takes longer is left behind and named."""
    appliance.started()
    appliance.hanging[Device.CAMERA, "close"] = threading.Event()
    appliance.making[Device.INDICATOR, "close"] = lambda: appliance.clock.pass_by(3.0)
    with caplog.at_level(logging.WARNING):
        appliance.daemon.post(StopRequested())
        assert appliance.end() == 0
    assert "camera: did not close in time" in caplog.text
