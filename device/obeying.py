"""What follows from a spoken command: one `match` over all of them, and the questions asked before the grave ones.

What can be undone by its opposite is done at once: louder, slower, aim. What changes what is kept, or would leave
somebody who can't see helpless, is asked about first: a correction, another language, silence, deleting, switching off.
"""

from __future__ import annotations

from dataclasses import replace

from device import practice
from device.actions import Correct, Forget, KeepSample, Mute, Tell, Topic, UsePreferences
from device.domain import Command, Digit, Heard, Reading, Status, VoiceCommand
from device.phrases import Phrase, phrase
from device.preferences import Preferences
from device.sight_and_speech import fused
from device.situation import Mode, Outcome, Question, Situation, least_sure, say
from device.steps import read, rested, settle

SHUT_DOWN = Question(phrase("appliance.shut_down"))
SHUT_DOWN_BY_PRESS = Question(phrase("appliance.shut_down_question"), by_press=True)
MUTE = Question(phrase("answer.mute_question"), phrase("answer.muted"), orders=(Mute(),))
FORGET = Question(phrase("answer.forget_question"), forgets=True)


def obey(before: Situation, heard: Heard) -> Outcome:
    """Do what was said, or say that it was not understood."""
    situation = rested(before)
    if situation.question is not None:
        if heard.command is None:
            return refuse(situation, _not_understood(heard))
        return agree(situation) if heard.command.command is Command.YES else refuse(situation)
    if heard.command is None:
        return say(situation, phrase(_not_understood(heard)))
    if situation.practice is not None:
        return _obey_in_practice(situation, heard, heard.command)
    return _obey(situation, heard, heard.command)


def _not_understood(heard: Heard) -> str:
    if heard.clipped:
        return "appliance.too_loud"
    return "appliance.not_understood" if heard.text else "appliance.heard_nothing"


def ask(situation: Situation, question: Question) -> Outcome:
    """Ask before something is done; what cannot be heard is not asked, but for what a press answers."""
    if not situation.can_be_heard and not question.by_press:
        return refuse(situation)
    return say(replace(situation, question=question), question.asked, Mode.CONFIRMING)


def agree(situation: Situation) -> Outcome:
    """Do what was asked about."""
    question = situation.question
    if question is None:
        return settle(situation)
    if question.forgets:
        turn = situation.turn + 1
        return replace(situation, mode=Mode.SPEAKING, turn=turn, question=None, last=None), (Forget(turn),)
    if question.said is None:
        return say(replace(situation, question=None), phrase("appliance.goodbye"), Mode.STOPPING)
    changed = replace(
        situation,
        question=None,
        next_question=question.next,
        preferences=question.preferences or situation.preferences,
        last=question.last or situation.last,
    )
    use = () if question.preferences is None else (UsePreferences(question.preferences),)
    speaking, words = say(changed, question.said)
    return speaking, (*use, *words, *question.orders)


def refuse(situation: Situation, why: str | None = None) -> Outcome:
    """Leave it; `why` is the key of what is said first, so that whoever said yes knows that it was not understood."""
    cancelled = phrase("appliance.cancelled")
    return say(replace(situation, question=None), cancelled if why is None else phrase(why, then=cancelled))


def _obey_in_practice(situation: Situation, heard: Heard, command: VoiceCommand) -> Outcome:
    under_way = situation.practice
    assert under_way is not None  # noqa: S101 - for mypy: only called while practising
    match command.command:
        case Command.CANCEL:
            return practice.ended(situation, under_way)
        case Command.PRACTISE:
            return practice.skipped(situation, under_way)
        case Command.REPEAT | Command.YES | Command.NO | Command.HELP:
            return practice.repeated(situation, under_way)
        case Command.DIGIT | Command.CORRECT:
            return practice.named(situation, under_way, heard)
    return _obey(situation, heard, command)


def _obey(situation: Situation, heard: Heard, command: VoiceCommand) -> Outcome:  # noqa: PLR0911, PLR0912 - one a command
    match command.command:
        case Command.READ:
            return read(situation)
        case Command.AIM:
            return settle(replace(situation, aim_wanted=True))
        case Command.PRACTISE:
            return practice.begin(situation)
        case Command.TIME:
            return _tell(situation, Topic.TIME)
        case Command.STATUS:
            return _tell(situation, Topic.STATUS)
        case Command.HISTORY:
            return _tell(situation, Topic.HISTORY)
        case Command.LAST:
            return _tell(situation, Topic.BACK)
        case Command.BEFORE:
            return _tell(situation, Topic.BACK, situation.back + 1)
        case Command.LOUDER:
            return _speak(situation, situation.preferences.louder(), "louder")
        case Command.QUIETER:
            return _speak(situation, situation.preferences.quieter(), "quieter")
        case Command.SLOWER:
            return _speak(situation, situation.preferences.slower(), "slower")
        case Command.FASTER:
            return _speak(situation, situation.preferences.faster(), "faster")
        case Command.LANGUAGE if command.language is not None:
            return _change_language(situation, command.language)
        case Command.HELP:
            return say(situation, phrase("help.reading", then=phrase("help.commands", then=phrase("help.more"))))
        case Command.MUTE:
            return ask(situation, MUTE)
        case Command.FORGET:
            return ask(situation, FORGET)
        case Command.SHUT_DOWN:
            return ask(situation, SHUT_DOWN)
        case Command.CANCEL:
            return say(situation, phrase("appliance.cancelled"))
    if situation.last is None or not situation.last.digits:
        return say(situation, phrase("answer.nothing_read"))
    return _about(situation, situation.last, heard, command)


def _about(situation: Situation, last: Reading, heard: Heard, command: VoiceCommand) -> Outcome:
    """What asks or tells something about the latest reading."""
    match command.command:
        case Command.SPELL:
            return say(situation, Phrase("reading", last, (("number_style", "digits"),)))
        case Command.AS_NUMBER:
            return say(situation, Phrase("reading", last, (("number_style", "number"),)))
        case Command.DIGIT_AT if command.position is not None:
            return say(situation, _digit_at(last, command.position))
        case Command.HOW_SURE:
            return say(situation, _how_sure(last))
        case Command.CORRECT | Command.DIGIT if command.digit is not None:
            return _correct(situation, last, heard, command.digit)
    return say(situation, Phrase("reading", last))


def _tell(situation: Situation, topic: Topic, back: int = 0) -> Outcome:
    turn = situation.turn + 1
    return replace(situation, mode=Mode.SPEAKING, turn=turn, back=back), (Tell(topic, turn, back),)


def _speak(situation: Situation, preferences: Preferences, change: str) -> Outcome:
    """Speak that way, or say that it goes no further."""
    if preferences == situation.preferences:
        return say(situation, phrase(f"answer.no_{change}"))
    speaking, words = say(replace(situation, preferences=preferences), phrase(f"answer.{change}"))
    return speaking, (UsePreferences(preferences), *words)


def _change_language(situation: Situation, language: str) -> Outcome:
    if language == situation.preferences.language:
        return say(situation, phrase("answer.language"))
    question = phrase("answer.language_question", language=language)
    changed = situation.preferences.speaking(language)
    return ask(situation, Question(question, phrase("answer.language"), preferences=changed))


def _digit_at(last: Reading, position: int) -> Phrase:
    if position > len(last.digits):
        return phrase("answer.only_digits", count=len(last.digits))
    return phrase("answer.digit_at", position=position, digit=last.digits[position - 1].digit)


def _how_sure(last: Reading) -> Phrase:
    """How sure of the least sure digit: the number is no surer than that."""
    index = least_sure(last)
    percent = int(last.digits[index].confidence * 100)
    if len(last.digits) == 1:
        return phrase("answer.sure", percent=percent)
    return phrase("answer.least_sure", position=index + 1, digit=last.digits[index].digit, percent=percent)


def _correct(situation: Situation, last: Reading, heard: Heard, digit: int) -> Outcome:
    """Agree, or ask whether the digit that is least sure is to be that one; then whether its picture may be kept."""
    index = least_sure(last)
    seen = last.digits[index]
    corrected = _corrected(last, index, digit)
    if seen.digit == digit:
        return say(replace(situation, last=corrected), phrase("answer.agreed", digit=digit))
    keep = Question(phrase("answer.keep_question"), phrase("answer.kept"), orders=(KeepSample(index, digit),))
    noted = phrase("answer.noted", guess=digit)
    return ask(
        situation,
        Question(
            _doubt(last, index, digit, heard), noted, orders=(Correct(corrected.number),), last=corrected, next=keep
        ),
    )


def _doubt(last: Reading, index: int, digit: int, heard: Heard) -> Phrase:
    """A question that tells what was seen, stressed where sight and speech together still say so."""
    seen = last.digits[index]
    if len(last.digits) > 1:
        return phrase("answer.correct_at_question", position=index + 1, guess=digit, other=seen.digit)
    doubted = heard.digit_scores is not None and not _speech_wins(seen, heard.digit_scores, digit)
    return phrase("answer.doubt_question" if doubted else "answer.correct_question", guess=digit, other=seen.digit)


def _speech_wins(seen: Digit, spoken: tuple[float, ...], digit: int) -> bool:
    agreement = fused(seen.scores, spoken)
    return agreement.believed and agreement.digit == digit


def _corrected(last: Reading, index: int, digit: int) -> Reading:
    digits = list(last.digits)
    scores = tuple(float(value == digit) for value in range(10))
    digits[index] = replace(digits[index], digit=digit, confidence=1.0, second=None, scores=scores, sure=True)
    sure = all(one.sure for one in digits)
    return replace(last, status=Status.OK if sure else Status.UNSURE, digits=tuple(digits))
