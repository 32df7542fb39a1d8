"""The table of issue 5: how well the box hears, on voices and lines that nothing was fitted on unless a row says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from device import commands, sounds
from device.domain import Audio, Command, Context, VoiceCommand
from train.errors import DataError
from train.sets import is_there
from train.speech.hear import Answer, Clip, answers
from train.speech.material import OTHERS, meanings, others, spotted_meanings
from train.speech.recordings import PACKAGES, english_digits, other_speech
from train.speech.studio import NOISES, placed, said, unspoken
from train.speech.voices import VOICES, Part, Voice

UNSPOKEN = 120
"""Recordings without speech."""

NOISY_DB = (20, 10, 5)

ASKED_BACK = frozenset(
    {Command.CORRECT, Command.DIGIT, Command.FORGET, Command.LANGUAGE, Command.MUTE, Command.SHUT_DOWN}
)
"""Commands that the box asks about before it does anything (device.obeying)."""

SYNTHETIC, RECORDED = "synthetic: trained and held-out voices", "people, in five languages"
"""Whose speech asks for nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        data: Folder with speech_digits.
        clips: Folder where synthetic clips are kept.
        every: Every so-many-th recording of a row; of digits all, for they tell least with few.
        workers: Processes.
    """

    data: Path
    clips: Path
    every: int
    workers: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `share` is of `count` clips, None where it could not be measured, and `note` says why.

    Attributes:
        asked_back: Share that the box only asks back about.
        changing: Share that would change or stop something without a further question.
    """

    figure: str
    speech: str
    count: int
    share: float | None
    goal: str
    note: str = ""
    asked_back: float | None = None
    changing: float | None = None


def measure(plan: Plan, out: Path) -> str:
    """Measure, write figures.md and figures.json into the folder; the former. Raises OSError, DigitboxError."""
    if not is_there(plan.data):  # said now, and not in a row of the table after minutes
        raise DataError(f"{plan.data} is missing; give the folder that has speech_digits with --data, or an empty one")
    out.mkdir(parents=True, exist_ok=True)
    rows = [*_digit_rows(plan), *_command_rows(plan), *_other_rows(plan), *_unspoken_rows(plan)]
    model, engine, package = memory_mb()
    note = f"{model:.1f} MB; the engine itself {engine:.1f} MB, its package would add {package:.1f} MB"
    rows += [Row("memory with the model, above without", "-", 1, None, "< 15 MB", note)]
    table = _table(rows, plan)
    (out / "figures.md").write_text(table, encoding="utf-8")
    facts = json.dumps([asdict(row) for row in rows], indent=1)
    (out / "figures.json").write_text(facts + "\n", encoding="utf-8")
    return table


# --- the rows ---------------------------------------------------------------------------------------------------------


def _digit_rows(plan: Plan) -> Iterator[Row]:
    """Digits said by theo, after a reading: all odd recordings, as the even ones were tuned on."""
    paths = [path for path in sorted((plan.data / "speech_digits").glob("*.wav")) if int(path.stem.split("_")[2]) % 2]
    if not paths:
        yield Row("spoken digits", "one person, theo", 0, None, "98 %", f"{plan.data}/speech_digits is absent")
        return
    for padded in (True, False):
        for snr_db in (None, *NOISY_DB):
            noise = f"noise at {snr_db} dB" if snr_db else "clean"
            row = f"digits, {noise}, {'padded' if padded else 'unpadded'}"
            clips = [
                Clip(
                    row,
                    path.stem,
                    placed(
                        sounds.resampled(sounds.load(path)),
                        padded=padded,
                        snr_db=snr_db,
                        noise=NOISES[number % 2],
                        seed=number,
                    ),
                    VoiceCommand(Command.DIGIT, digit=int(path.name[0])),
                )
                for number, path in enumerate(paths)
            ]
            found = answers(clips, plan.workers)
            bare = np.mean([answer.bare == answer.expected for answer in found])
            wrong = np.mean([answer.heard.command not in (None, answer.expected) for answer in found])
            goal = {None: "98 %", 10: "92 %"}.get(snr_db, "")
            note = f"bare engine {bare:.1%}; taken for something else {wrong:.1%}"
            yield Row(row, "one person, theo", len(found), _right(found), goal, note)
            yield from _digit_rows_after_a_reading(row, found)


def _digit_rows_after_a_reading(row: str, found: Sequence[Answer]) -> Iterator[Row]:
    """The same digits where the box knows what was read: it is the digit that is said, or any of the other nine."""
    heard = [
        (VoiceCommand(Command.DIGIT, digit=read) == answer.expected, answer.expected, one.command)
        for answer in found
        for read, one in enumerate(answer.after)
    ]
    for which, agrees in (("the digit said", True), ("another", False)):
        pairs = [(expected, command) for same, expected, command in heard if same == agrees]
        right = float(np.mean([command == expected for expected, command in pairs]))
        wrong = np.mean([command not in (None, expected) for expected, command in pairs])
        note = f"taken for something else {wrong:.1%}"
        yield Row(f"{row}, after reading {which}", "one person, theo", len(found), right, "", note)


def _command_rows(plan: Plan) -> Iterator[Row]:
    """Commands and answers, by voice and together."""
    meant = meanings(commands.load("en"))
    measured: list[Answer] = []
    for part, snr_db, goal in (
        (Part.TRAINED, None, "98 %"),
        (Part.TRAINED, 10.0, ""),
        (Part.TUNING, None, ""),
        (Part.HELD_OUT, None, "85 %"),
        (Part.HELD_OUT, 10.0, ""),
    ):
        row = f"commands, noise at {snr_db:g} dB" if snr_db else "commands"
        together: list[Answer] = []
        for offset, voice in enumerate(voice for voice in VOICES if voice.part is part):
            if not voice.available:
                yield Row(row, _named(voice), 0, None, goal, f"{voice.program} or its voice is absent: {voice.package}")
                continue
            clips = [
                Clip(row, text, _placed(voice, text, plan, number, snr_db), command, context)
                for number, (text, (context, command)) in enumerate(
                    list(meant.items())[offset % plan.every :: plan.every]
                )
            ]
            found = answers(clips, plan.workers)
            together += found
            missed = [answer.text for answer in found if answer.heard.command != answer.expected]
            note = "not understood: " + ", ".join(missed[:12]) + (" ..." if len(missed) > 12 else "") if missed else ""
            if snr_db is None:
                yield Row(row, _named(voice), len(found), _right(found), goal, note)
        if together:
            yield _together_row(row, part, together, goal)
            measured += together
    yield from _spotted_command_rows(plan)
    speech = "the commands above"
    yield _time_row("from release to command within 0.3 s", speech, [one.seconds for one in measured], "< 0.3 s")
    processor_seconds = [one.processor_seconds for one in measured]
    yield _time_row("the same of processor time", speech, processor_seconds, "")


def _spotted_command_rows(plan: Plan) -> Iterator[Row]:
    """Commands that the speech model lacks words for, in the tuning and the held-out voices."""
    meant = list(spotted_meanings(commands.load("en")).items())
    for part in (Part.TUNING, Part.HELD_OUT):
        clips = [
            Clip(
                "commands with words that the speech model lacks",
                text,
                _placed(voice, text, plan, number, None),
                command,
                context,
            )
            for voice in VOICES
            if voice.part is part and voice.available
            for number, (text, (context, command)) in enumerate(meant[:: max(1, plan.every // 4)])
        ]
        if clips:
            yield _together_row(clips[0].row, part, answers(clips, plan.workers), "")


def _together_row(figure: str, part: Part, found: Sequence[Answer], goal: str) -> Row:
    wrong = np.mean([answer.heard.command not in (None, answer.expected) for answer in found])
    note = f"taken for something else {wrong:.1%}"
    return Row(figure, f"all {part.value} voices", len(found), _right(found), goal, note)


def _time_row(figure: str, speech: str, seconds: Sequence[float], goal: str) -> Row:
    """What share takes less than 0.3 seconds."""
    within = float(np.mean([moment < 0.3 for moment in seconds]))
    note = f"median {np.median(seconds):.3f} s, 95th percentile {np.percentile(seconds, 95):.3f} s"
    return Row(figure, speech, len(seconds), within, goal, note)


def _other_rows(plan: Plan) -> Iterator[Row]:
    """Speech that asks for nothing."""
    for context in (Context.IDLE, Context.READING, Context.CONFIRM):
        together: list[Answer] = []
        for kind in (*OTHERS, "spotted_alikes"):
            clips = [
                Clip(kind, text, _placed(voice, text, plan, number, None), None, context)
                for offset, voice in enumerate(one for one in VOICES if one.part is not Part.TUNING and one.available)
                for number, text in enumerate(others(kind, tuning=False)[offset % plan.every :: plan.every])
            ]
            found = answers(clips, plan.workers)
            together += found if kind in {"sentences", "words"} else []
            yield _acting_row(f"{kind.replace('_', '-')}, {context.value}", found)
        yield _acting_row(f"sentences and words, {context.value}", together, "2 %")
        if context is Context.READING:
            yield _acting_row_after_a_reading("sentences and words, after reading any one digit", together)
            yield from _recorded_rows(plan)


def _recorded_rows(plan: Plan) -> Iterator[Row]:
    """Prompts that people spoke for telephone systems, after a reading; the English digits among them by themselves."""
    digits = [
        Clip(
            "digits, prompts",
            str(digit),
            placed(audio, padded=True, snr_db=None),
            VoiceCommand(Command.DIGIT, digit=digit),
        )
        for digit, audio in english_digits()
    ]
    clips = [
        Clip("prompts", name, placed(audio, padded=bool(number % 2), snr_db=None), None)
        for number, (name, audio) in enumerate(other_speech()[:: max(1, plan.every // 4)])
    ]
    if not (digits and clips):
        yield Row("prompts of telephone systems", RECORDED, 0, None, "", f"absent: {PACKAGES}")
        return
    found = answers(digits, plan.workers)
    wrong = np.mean([answer.heard.command not in (None, answer.expected) for answer in found])
    yield Row(
        "digits, prompts of a telephone system", "one person", len(found), _right(found), "", f"others {wrong:.1%}"
    )
    heard = answers(clips, plan.workers)
    yield _acting_row("prompts of telephone systems, reading", heard, who=RECORDED)
    figure = "prompts of telephone systems, after reading any one digit"
    yield _acting_row_after_a_reading(figure, heard, who=RECORDED)


def _acting_row(figure: str, found: Sequence[Answer], goal: str = "", who: str = SYNTHETIC) -> Row:
    """What acts, and of that what only makes the box ask, as a digit does that differs from what was seen."""
    acting = [(answer, answer.heard.command) for answer in found if answer.heard.command is not None]
    digits = sum(command.command is Command.DIGIT for _, command in acting)
    asked_back = sum(_only_asks(command) for _, command in acting)
    agreeing = sum(command.command is Command.YES for _, command in acting)
    heard = sorted({f"{answer.text} > {answer.heard.text}" for answer, _ in acting})
    note = f"{digits} a digit alone; {', '.join(heard[:10])}"
    count = max(1, len(found))
    figure = f"other speech that acts: {figure}"
    return Row(figure, who, len(found), _share(found), goal, note, asked_back / count, agreeing / count)


def _acting_row_after_a_reading(figure: str, found: Sequence[Answer], who: str = SYNTHETIC) -> Row:
    """What acts where the box knows what was read, of all ten digits that it can be; agreeing changes nothing."""
    heard = [(read, one.command) for answer in found for read, one in enumerate(answer.after) if one.command]
    agreeing = sum(command == VoiceCommand(Command.DIGIT, digit=read) for read, command in heard)
    asked_back = sum(_only_asks(command) for _, command in heard) - agreeing
    count = max(1, 10 * len(found))
    note = f"agrees with what was read {agreeing / count:.1%}"
    figure = f"other speech that acts: {figure}"
    return Row(figure, who, len(found), len(heard) / count, "", note, asked_back / count, 0.0)


def _only_asks(command: VoiceCommand) -> bool:
    """Whether the box only asks back, as it does about a digit that differs from what was read."""
    return command.command in ASKED_BACK


def _unspoken_rows(plan: Plan) -> Iterator[Row]:
    """Silence, noise, and music-like sound."""
    for context in (Context.READING, Context.CONFIRM):
        clips = [
            Clip(kind, kind, audio, None, context)
            for kind, audio in (unspoken(seed) for seed in range(0, UNSPOKEN, plan.every))
        ]
        found = answers(clips, plan.workers)
        acting = sorted({f"{answer.row} > {answer.heard.text}" for answer in found if answer.heard.command})
        yield Row(
            f"silence, noise, music that acts, {context.value}",
            "none",
            len(found),
            _share(found),
            "0 %",
            ", ".join(acting),
        )


def _placed(voice: Voice, text: str, plan: Plan, number: int, snr_db: float | None) -> Audio:
    noise = NOISES[number // 2 % 2]
    return placed(said(voice, text, plan.clips), padded=bool(number % 2), snr_db=snr_db, noise=noise, seed=number)


def _right(found: Sequence[Answer]) -> float:
    return float(np.mean([answer.heard.command == answer.expected for answer in found]))


def _share(found: Sequence[Answer]) -> float:
    return float(np.mean([answer.heard.command is not None for answer in found])) if found else 0.0


def _named(voice: Voice) -> str:
    return f"synthetic: {voice.name} {' '.join(voice.options[2:])} ({voice.part.value})".replace("  ", " ")


# --- memory and the table ---------------------------------------------------------------------------------------------

_MEMORY = """
import sys
from train.speech.hear import Ears, Clip, shipped
from train.speech.studio import unspoken
from device import compose
def rss():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
compose.recognizer(shipped())
from device.adapters import vosk_library
compose.opened_classifier(shipped().model.path)  # the box reads, so that TensorFlow Lite is there
bare = rss()
vosk_library.library()
before = rss()
ears = Ears()
for seed in range(12):
    ears.answer(Clip("", "", unspoken(seed)[1], None))
heard = rss()
import vosk
print(heard - before, before - bare, rss() - heard)
"""


def memory_mb() -> tuple[float, float, float]:
    """What a process grows by, in megabytes.

    Returns:
        When it loads the model and listens a dozen times; when it loads the engine before that; and when it then
        imports the engine's package, which the box doesn't.
    """
    done = subprocess.run([sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True)
    model, engine, package = map(float, done.stdout.split())
    return model, engine, package


def _table(rows: Sequence[Row], plan: Plan) -> str:
    lines = ["| figure | speech | clips | result | goal | only asked back | changes or stops something | |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        result = _percent(row.share) if row.share is not None or row.count else "not measured"
        cells = [row.figure, row.speech, str(row.count or ""), result, row.goal]
        cells += [_percent(row.asked_back), _percent(row.changing), row.note]
        lines.append(f"| {' | '.join(cells)} |")
    command = f"python -m train.speech measure --every {plan.every} --data ../shared/data --out DIR"
    return f"Made by `{command}`.\n\n" + "\n".join(lines) + "\n"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
