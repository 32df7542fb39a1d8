"""The loop with in-memory parts and spoken commands: what is recorded, obeyed, kept and said."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from device.domain import Box, Command, Context, Device, Digit, Heard, Light, Reading, Status, VoiceCommand
from device.errors import HistoryError, MicrophoneError, PreferencesError, RecognizerError
from device.events import StopRequested
from device.situation import Mode

ONE = Reading(Status.OK, (Digit(1, 0.97, None, Box(0, 0, 2, 3), (0.003,) * 10, sure=True),))
SOON = 10.0
"""Seconds; only ever waited for in full when a test fails."""

YES = Heard("yes", VoiceCommand(Command.YES), 0.9)


def said(command: Command, **arguments) -> Heard:
    """A command as the ears understand it."""
    return Heard(command.value, VoiceCommand(command, **arguments), 0.9)


def speech(appliance) -> list[str]:
    """The sentences heard, without tones and silences."""
    return [sound for sound in appliance.heard if sound != "silence" and not sound.startswith("tone")]


def until_said(appliance, sentence: str) -> None:
    """Wait until this was heard and the box is quiet again."""
    resting = (Mode.IDLE, Mode.PRACTISING, Mode.CONFIRMING)
    appliance.until(lambda: appliance.mode in resting and sentence in " ".join(speech(appliance)[-1:]))


def test_a_command_is_obeyed(appliance):
    """A spoken "read" reads; it was recorded while the button was down, after the tone had ended, and never else."""
    appliance.started()
    appliance.calls.clear()
    appliance.heard.clear()
    appliance.command(said(Command.READ))
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    assert appliance.heard == ["tone shutter", "tone listening", "seven."]
    assert appliance.contexts == [Context.IDLE]
    calls = [call for device, call in appliance.calls if device in (Device.SOUND, Device.MICROPHONE)]
    assert calls.index("wait") < calls.index("take")
    assert not appliance.recording
    assert Light.BLINK in appliance.lights


def test_what_was_read_is_expected_to_be_said(appliance):
    """After a reading the ears know its digit; before it there is none."""
    appliance.started()
    appliance.command(said(Command.READ))
    appliance.until(lambda: appliance.mode is Mode.IDLE and appliance.kept)
    appliance.command(said(Command.DIGIT, digit=7))
    assert appliance.contexts == [Context.IDLE, Context.READING]
    assert appliance.at_issue == [None, 7]


def test_what_was_not_understood_does_nothing(appliance):
    """An apology, no reading."""
    appliance.started()
    appliance.command(Heard("[unk]"))
    until_said(appliance, "Sorry, I did not understand.")
    assert not appliance.kept


def test_without_spoken_commands_nothing_listens(deaf_appliance):
    """Neither microphone nor ears are ever made, and a hold says why."""
    deaf_appliance.started()
    deaf_appliance.press()
    deaf_appliance.turned()
    deaf_appliance.clock.pass_by(0.7)
    deaf_appliance.until(lambda: deaf_appliance.mode is Mode.LISTENING)
    deaf_appliance.release()
    until_said(deaf_appliance, "I can't take spoken commands, because no speech model is installed.")
    assert not {Device.MICROPHONE, Device.RECOGNIZER} & set(deaf_appliance.made)


@pytest.mark.parametrize(
    ("device", "call", "error", "sentence"),
    [
        (Device.MICROPHONE, "start", MicrophoneError("busy"), "The microphone does not answer. Check its plug."),
        (Device.MICROPHONE, "take", MicrophoneError("unplugged"), "The microphone does not answer. Check its plug."),
        (Device.RECOGNIZER, "listen", RecognizerError("broken"), "I can't understand speech."),
    ],
)
def test_what_fails_while_listening_is_said(appliance, device, call, error, sentence):
    """The fault is said once the button is up, the next tap reads, and the device comes back by itself."""
    appliance.started()
    appliance.broken[device, call] = error
    appliance.press()
    appliance.turned()
    appliance.clock.pass_by(0.7)
    appliance.until_called(device, call)
    appliance.until(lambda: device in appliance.daemon.situation.faults)
    appliance.release()
    until_said(appliance, sentence)
    appliance.until(lambda: not appliance.recording)
    appliance.tap()
    until_said(appliance, "seven.")
    del appliance.broken[device, call]
    listening = (appliance.daemon._devices.microphone, appliance.daemon._devices.ears)
    appliance.until(lambda: not any(slot.worker.busy for slot in listening))  # else they hang for ten seconds
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: device not in appliance.daemon.situation.faults)
    if device is Device.MICROPHONE:
        appliance.turned()
        assert "again." not in speech(appliance)[-1], "that the card is there proves nothing yet"
    else:
        appliance.until(lambda: "again." in speech(appliance)[-1])
    appliance.command(said(Command.REPEAT))
    until_said(appliance, "seven.")


def test_a_microphone_that_hangs_is_given_up(appliance):
    """Its fault is said, and the button goes on working."""
    appliance.started()
    appliance.hanging[Device.MICROPHONE, "take"] = threading.Event()
    appliance.press()
    appliance.turned()
    appliance.clock.pass_by(0.7)
    appliance.until_called(Device.MICROPHONE, "take")
    appliance.release()
    appliance.turned()
    appliance.clock.pass_by(12.0)
    until_said(appliance, "The microphone does not answer. Check its plug.")
    appliance.tap()
    until_said(appliance, "seven.")


def hold_until_warned(appliance, seconds):
    """Press, speak, and go on holding for so long after the microphone was opened."""
    appliance.started()
    appliance.said.append(said(Command.READ))
    appliance.press()
    appliance.turned()
    appliance.clock.pass_by(0.7)
    appliance.until(lambda: appliance.recording)
    appliance.clock.pass_by(seconds)
    appliance.until(lambda: "tone warning" in appliance.heard and not appliance.recording)


def test_a_hold_of_ten_minutes_listens_for_six_seconds(appliance):
    """A warning tone ends the recording, and what was said before it is not obeyed."""
    hold_until_warned(appliance, 5.4)
    listening = (appliance.daemon._devices.microphone, appliance.daemon._devices.ears)
    appliance.until(lambda: not any(slot.worker.busy for slot in listening))  # else they hang for ten minutes
    appliance.clock.pass_by(594.0)
    until_said(appliance, "Shut down? Release, then press once to confirm.")
    appliance.release()
    appliance.turned()
    appliance.clock.pass_by(6.0)
    until_said(appliance, "Cancelled.")
    assert not appliance.kept


def test_a_hold_of_seven_seconds_is_told_that_it_was_too_long(appliance):
    """Once it is over; what was said is not obeyed."""
    hold_until_warned(appliance, 6.0)
    appliance.release()
    until_said(appliance, "That was too long. Say it more briefly.")
    assert not appliance.kept


def test_a_hold_of_ten_minutes_where_holding_never_shuts_down(appliance):
    """With `shutdown_seconds = 0` the recording ends all the same, nothing is asked, and the button goes on working."""
    appliance.daemon._settings = replace(appliance.daemon._settings, shutdown_seconds=0.0)
    hold_until_warned(appliance, 6.0)
    listening = (appliance.daemon._devices.microphone, appliance.daemon._devices.ears)
    appliance.until(lambda: not any(slot.worker.busy for slot in listening))  # else they hang for ten minutes
    appliance.clock.pass_by(594.0)
    appliance.release()
    until_said(appliance, "That was too long. Say it more briefly.")
    assert "Shut down?" not in " ".join(speech(appliance))
    appliance.tap()
    until_said(appliance, "seven.")


def test_louder_is_heard_and_kept(appliance):
    """The next sentence has more volume, no other voice is made, and the preferences are saved."""
    appliance.started()
    appliance.command(said(Command.LOUDER))
    appliance.until(lambda: appliance.saved)
    appliance.until(lambda: appliance.mode is Mode.IDLE)
    assert [preferences.volume for preferences in appliance.saved] == [140]
    assert len(appliance.spoken_with) == 1
    appliance.tap()
    until_said(appliance, "seven.")  # is understood by its volume


def test_slower_speaks_with_a_new_voice(appliance):
    """The answer itself is spoken at the new speed."""
    appliance.started()
    appliance.command(said(Command.SLOWER))
    until_said(appliance, "Slower.")
    assert [preferences.words_per_minute for preferences in appliance.spoken_with] == [155, 125]
    appliance.until(lambda: appliance.saved)
    assert appliance.saved[-1].words_per_minute == 125


def test_another_language_is_spoken_after_a_yes(appliance):
    """Asked first, then the catalogue changes and stays changed."""
    appliance.started()
    appliance.command(said(Command.LANGUAGE, language="de"))
    until_said(appliance, "Shall I speak German?")
    assert not appliance.saved
    appliance.command(YES)
    until_said(appliance, "Ich spreche Deutsch.")
    assert appliance.contexts == [Context.IDLE, Context.CONFIRM]
    appliance.tap()
    until_said(appliance, "sieben.")
    appliance.until(lambda: appliance.saved)
    assert appliance.saved[-1].language == "de"


def test_a_language_without_a_speech_model_is_said_to_be_one(appliance):
    """Its questions ask for a yes in a language that the ears don't know."""
    appliance.started()
    appliance.command(said(Command.LANGUAGE, language="de"))
    until_said(appliance, "Shall I speak German?")
    appliance.ears_notice = "appliance.english_commands"
    appliance.command(YES)
    until_said(appliance, "Gesprochene Befehle verstehe ich nur auf Englisch, auch Ja und Nein.")
    assert "Ich spreche Deutsch." in speech(appliance)


def test_settings_that_cannot_be_kept_are_used_all_the_same(appliance):
    """And that they are lost with the next start is said."""
    appliance.started()
    appliance.keeping_error = PreferencesError("full")
    appliance.command(said(Command.SLOWER))
    until_said(appliance, "I could not keep that. My disk may be full.")
    assert appliance.daemon.situation.preferences.words_per_minute == 125


def test_a_card_that_hangs_while_settings_are_kept_is_said(appliance, monkeypatch):
    """As one that is full is; nobody waits for it."""
    appliance.started()
    begun, let_go = threading.Event(), threading.Event()

    def hang(_) -> None:
        begun.set()
        let_go.wait(3 * SOON)

    monkeypatch.setattr(appliance, "save", hang)
    appliance.command(said(Command.SLOWER))
    assert begun.wait(SOON)
    appliance.clock.pass_by(1.0)
    until_said(appliance, "I could not keep that. My disk may be full.")
    let_go.set()


def test_a_stop_waits_for_the_settings_that_are_being_kept(appliance, monkeypatch):
    """For a moment: the thread that writes them ends with the process."""
    appliance.started()
    kept, begun = [], threading.Event()

    def keep(preferences) -> None:
        begun.set()
        appliance._thread.join(0.3)
        if appliance._thread.is_alive():
            kept.append(preferences.words_per_minute)

    monkeypatch.setattr(appliance, "save", keep)
    appliance.command(said(Command.SLOWER))
    assert begun.wait(SOON)
    appliance.daemon.post(StopRequested())
    assert appliance.end() == 0
    assert kept == [125]


def test_a_correction_is_noted_and_its_picture_kept(appliance):
    """Two questions, two spoken yes: the history has the digit, the samples have the picture."""
    appliance.started()
    appliance.reading = ONE
    appliance.tap()
    until_said(appliance, "one.")
    appliance.command(said(Command.CORRECT, digit=7))
    until_said(appliance, "I read a one. Shall I note a seven instead?")
    assert not appliance.corrected
    appliance.command(YES)
    until_said(appliance, "Shall I keep its picture for learning?")
    assert "I noted a seven." in speech(appliance)
    appliance.until(lambda: appliance.corrected == {1: "7"})
    assert not appliance.samples
    appliance.command(YES)
    until_said(appliance, "Thank you, I keep it.")
    appliance.until(lambda: [digit for _, digit in appliance.samples] == [7])
    appliance.command(said(Command.REPEAT))
    until_said(appliance, "seven.")


def test_a_correction_needs_a_yes(appliance):
    """A tap, or any other word, leaves everything as it was."""
    appliance.started()
    appliance.reading = ONE
    appliance.tap()
    until_said(appliance, "one.")
    for answer in (None, said(Command.NO), Heard("[unk]")):
        appliance.command(said(Command.CORRECT, digit=7))
        until_said(appliance, "Shall I note")
        if answer is None:
            appliance.tap()
        else:
            appliance.command(answer)
        until_said(appliance, "Cancelled.")
        assert ("I did not understand" in speech(appliance)[-1]) == (answer == Heard("[unk]"))
    appliance.turned()
    assert not appliance.corrected


def test_a_sample_that_cannot_be_kept_is_said(appliance):
    """The correction itself stands."""
    appliance.started()
    appliance.reading = ONE
    appliance.tap()
    until_said(appliance, "one.")
    appliance.command(said(Command.DIGIT, digit=7))
    until_said(appliance, "Shall I note")
    appliance.command(YES)
    until_said(appliance, "keep its picture")
    appliance.keeping_error = HistoryError("full")
    appliance.command(YES)
    until_said(appliance, "I could not keep that.")
    assert appliance.corrected == {1: "7"}


def test_the_history_is_told(appliance):
    """All of the latest, the last, the one before, and that there is no more."""
    appliance.started()
    appliance.kept += ["42 7", "3"]
    appliance.corrected[2] = "8"
    appliance.command(said(Command.HISTORY))
    until_said(appliance, "The latest first: eight; four, two, seven.")
    appliance.command(said(Command.LAST))
    until_said(appliance, "It was eight.")
    appliance.command(said(Command.BEFORE))
    until_said(appliance, "It was four, two; seven.")
    appliance.command(said(Command.BEFORE))
    until_said(appliance, "I have kept no more than that.")


def test_an_empty_history_is_told(appliance):
    """In words, not in silence."""
    appliance.started()
    appliance.command(said(Command.LAST))
    until_said(appliance, "I have not kept anything.")


@pytest.mark.parametrize("hangs", [False, True])
def test_a_history_that_fails_when_asked_is_said(appliance, hangs):
    """Whether it fails or hangs: the fault is said, and the box is not stuck."""
    appliance.started()
    if hangs:
        appliance.hanging[Device.HISTORY, "entries"] = threading.Event()
    else:
        appliance.broken[Device.HISTORY, "entries"] = HistoryError("damaged")
    appliance.command(said(Command.HISTORY))
    appliance.until_called(Device.HISTORY, "entries")
    appliance.clock.pass_by(2.0)
    until_said(appliance, "I can't keep a history of what I read.")
    appliance.tap()
    until_said(appliance, "seven.")


def test_everything_is_deleted_after_a_yes(appliance):
    """The history and the samples; and nothing is left to repeat."""
    appliance.started()
    appliance.tap()
    until_said(appliance, "seven.")
    appliance.samples.append(((1, 1, 3), 7))
    appliance.command(said(Command.FORGET))
    until_said(appliance, "Shall I delete all I have read?")
    assert appliance.kept
    appliance.command(YES)
    until_said(appliance, "I deleted it all.")
    assert not appliance.kept
    assert not appliance.samples
    appliance.command(said(Command.REPEAT))
    until_said(appliance, "I have not read anything yet.")


def test_deleting_that_fails_is_not_called_done(appliance):
    """What is said then is the fault."""
    appliance.started()
    appliance.broken[Device.HISTORY, "delete"] = HistoryError("read-only")
    appliance.command(said(Command.FORGET))
    until_said(appliance, "Shall I delete")
    appliance.command(YES)
    until_said(appliance, "I could not delete everything.")
    assert "I deleted it all." not in " ".join(speech(appliance))


def test_the_status_names_what_does_not_work(appliance):
    """Faults, address, space and version, in one answer."""
    appliance.address = "192.168.1.5"
    appliance.started()
    appliance.command(said(Command.STATUS))
    until_said(appliance, "Everything works. My network address is 192 dot 168 dot 1 dot 5. 5000 megabytes are free.")
    appliance.address = None
    appliance.broken[Device.HISTORY, "append"] = HistoryError("full")
    appliance.tap()
    until_said(appliance, "I can't keep a history of what I read.")
    appliance.command(said(Command.STATUS))
    until_said(appliance, "I can't keep a history of what I read. I have no network.")
    assert "Version 1 dot 2 dot 3." in speech(appliance)[-1]


def test_the_time_is_told(appliance):
    """Some hour and some minute."""
    appliance.started()
    appliance.command(said(Command.TIME))
    until_said(appliance, "It is ")
    assert ":" in speech(appliance)[-1]


def test_mute_lasts_until_the_next_hold(appliance):
    """A reading is answered by the tone alone; the hold that ends it is heard again."""
    appliance.started()
    appliance.command(said(Command.MUTE))
    until_said(appliance, "Shall I be silent")
    appliance.command(YES)
    until_said(appliance, "I am silent now.")
    appliance.heard.clear()
    appliance.tap()
    appliance.until(lambda: appliance.kept and appliance.mode is Mode.IDLE)
    assert appliance.heard == ["tone shutter"]
    appliance.command(said(Command.REPEAT))
    until_said(appliance, "seven.")


def test_shutting_down_by_voice(appliance):
    """Asked, agreed by voice, off; a tap would have meant no."""
    appliance.started()
    appliance.command(said(Command.SHUT_DOWN))
    until_said(appliance, "Shall I shut down?")
    appliance.tap()
    until_said(appliance, "Cancelled.")
    appliance.command(said(Command.SHUT_DOWN))
    until_said(appliance, "Shall I shut down?")
    appliance.command(YES)
    appliance.until(lambda: appliance.powered_off)
    assert speech(appliance)[-1] == "Shutting down. Goodbye."


def test_a_speech_model_is_unloaded_while_memory_is_short(appliance):
    """And a later hold is still understood."""
    appliance.started()
    appliance.memory = 1_000_000
    appliance.clock.pass_by(11.0)
    appliance.until_called(Device.RECOGNIZER, "unload")
    appliance.command(said(Command.READ))
    until_said(appliance, "seven.")


def test_practising(appliance):
    """Asked for five digits; a right one, a wrong one twice, and a cancel with the score."""
    appliance.started()
    appliance.command(said(Command.PRACTISE))
    until_said(appliance, "Let's practise.")
    practice = appliance.daemon.situation.practice
    first, second = practice.asked[:2]
    appliance.reading = written(first)
    appliance.tap()
    until_said(appliance, "Right, that is")
    appliance.reading = written((second + 1) % 10)
    for _ in range(2):
        count = len(speech(appliance))
        appliance.tap()
        appliance.until(lambda count=count: len(speech(appliance)) > count)
        until_said(appliance, "That looks like")
    appliance.command(said(Command.CANCEL))
    until_said(appliance, "You wrote 1 of 2 right.")
    assert appliance.mode is Mode.IDLE
    assert not appliance.kept
    assert appliance.contexts == [Context.IDLE, Context.PRACTICE]


def written(digit: int) -> Reading:
    """A sure reading of one digit."""
    return replace(ONE, digits=(replace(ONE.digits[0], digit=digit),))


def test_everything_is_deleted_also_while_the_history_is_lost(appliance):
    """What waits to be written, the samples, and the file itself through a history opened for the purpose."""
    appliance.started()
    appliance.broken[Device.HISTORY, "append"] = HistoryError("full")
    appliance.tap()
    until_said(appliance, "I can't keep a history of what I read.")
    appliance.kept.append("42")
    appliance.samples.append(((1, 1, 3), 7))
    appliance.command(said(Command.FORGET))
    until_said(appliance, "Shall I delete")
    appliance.command(YES)
    until_said(appliance, "I deleted it all.")
    assert not appliance.samples
    del appliance.broken[Device.HISTORY, "append"]
    appliance.clock.pass_by(10.0)
    appliance.until(lambda: Device.HISTORY not in appliance.daemon.situation.faults)
    appliance.turned()
    assert not appliance.kept, "nothing that was deleted is written later"


def test_practice_leaves_the_pictures_of_the_reading_alone(appliance):
    """What is kept for learning is what was read, not what a child wrote in between."""
    appliance.started()
    appliance.reading = ONE
    appliance.tap()
    until_said(appliance, "one.")
    appliance.command(said(Command.PRACTISE))
    until_said(appliance, "Let's practise.")
    appliance.reading = replace(ONE, digits=ONE.digits * 3)
    appliance.tap()
    until_said(appliance, "I see more than one digit.")
    appliance.command(said(Command.CANCEL))
    until_said(appliance, "We stop practising.")
    appliance.command(said(Command.CORRECT, digit=7))
    until_said(appliance, "Shall I note")
    appliance.command(YES)
    until_said(appliance, "Shall I keep its picture")
    appliance.command(YES)
    until_said(appliance, "Thank you, I keep it.")
    appliance.until(lambda: appliance.samples)
    assert len(appliance.daemon._jobs.records._records._crops) == 1
