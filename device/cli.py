"""The command line: arguments, --json, logging, exit status; one function a command.

Exit status: 0 done, 1 something could not be done, 2 the command line or the configuration is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from device import __version__, compose, config, phrases, speech_models
from device.config import Config
from device.daemon import Daemon
from device.daemon_client import DaemonClient, DaemonError
from device.domain import Context, Frame, Heard, HistoryEntry, Reading
from device.errors import CatalogueError, ConfigError, DigitboxError, MicrophoneError, SoundError
from device.events import StopRequested
from device.phrases import Phrase
from device.protocol import SayTokenAsked, StatusAsked, reading_as_json

if TYPE_CHECKING:
    from device.console.pairing import Pairing
    from device.reading import Observation

log = logging.getLogger("digitbox")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = _parser().parse_args(arguments)
    _set_up_logging(options.log_level)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except (ConfigError, CatalogueError) as error:
        return _complain(error, 2)
    except DigitboxError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; nothing can be told to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the last resort: no traceback reaches a user
        log.debug("unforeseen", exc_info=True)
        what = f"{type(error).__name__}: {error}"
        return _complain(DigitboxError(f"a mistake in digitbox, please report it ({what}); --verbose shows more"), 1)
    return status


def _complain(error: DigitboxError, status: int) -> int:
    for line in str(error).splitlines():
        print(f"digitbox: {line}", file=sys.stderr)
    return status


def _set_up_logging(level: int) -> None:
    prefix = "<%(priority)d>" if "JOURNAL_STREAM" in os.environ else ""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(prefix + "%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_with_priority)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _with_priority(record: logging.LogRecord) -> bool:
    """Let the journal know how serious a line is (sd-daemon(3))."""
    record.priority = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4}.get(record.levelno, 3)
    return True


# --- the commands -----------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    settings = _aiming(config.installed(options.config), options)
    _check_alone(settings)
    mark = compose.run_mark(settings)
    status = _run_until_stopped(compose.daemon(settings, restarted=mark.begin()))
    if not status:
        mark.end()
    _let_go_of_the_log()
    return status


def _check_alone(settings: Config) -> None:
    """Refuse to take socket and devices from a daemon that runs and does not hang. Raises DigitboxError."""
    try:
        DaemonClient(settings.daemon.runtime / compose.SOCKET, answer_seconds=2.0).ask(StatusAsked())
    except DaemonError:
        return
    raise DigitboxError("digitbox runs already; to start it by hand, stop it first: sudo systemctl stop digitbox")


def _let_go_of_the_log() -> None:
    """Where nobody takes it any more, as when the journal is dead, Python would call an orderly end a failed one."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _aiming(settings: Config, options: argparse.Namespace) -> Config:
    """With aiming from the start, where --aim asks for it."""
    return replace(settings, aim=replace(settings.aim, begin="start")) if options.aim else settings


def _demo(options: argparse.Namespace) -> int:
    from device.adapters.display_terminal import TerminalDisplay

    once = options.once or not sys.stdin.isatty()
    settings = compose.demo_config(compose.state_folder(), photos=options.photos, once=once)
    settings = _aiming(_with_what_records(_with_some_sound(settings)), options)
    if settings.sound.backend == "wav":
        print(f"There is no sound card: what I say goes to WAV files in {settings.sound.folder}")
        logging.getLogger("device.adapters.player_wav").setLevel(logging.INFO)
    if not once:
        print("Enter is a tap of the button, h Enter begins a hold and the next Enter ends it, q Enter quits.")
    daemon = compose.daemon(settings, replace(compose.configured_parts(settings), display=TerminalDisplay(sys.stdout)))
    status = _run_until_stopped(daemon)
    return status or int(once and not daemon.readings_made)


def _with_some_sound(settings: Config) -> Config:
    """The sound card where there is one, else WAV files."""
    try:
        player = compose.player(settings)
        player.open()
        player.close()
    except SoundError:
        return replace(settings, sound=replace(settings.sound, backend="wav"))
    return settings


def _with_what_records(settings: Config) -> Config:
    """The microphone where there is one, else no spoken commands."""
    microphone = compose.microphone(settings)
    try:
        microphone.open()
    except MicrophoneError as error:
        print(f"I can't take spoken commands: {error}")
        return replace(settings, microphone=replace(settings.microphone, backend="none"))
    microphone.close()
    return settings


def _run_until_stopped(daemon: Daemon) -> int:
    _share_one_heap()

    def stop(signal_number: int, frame: FrameType | None) -> None:
        daemon.post(StopRequested())

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # A terminal that is closed sends it, and it would end the program without a word; nohup(1) has it ignored.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, stop)
    return daemon.run()


def _share_one_heap() -> None:
    """Let all threads of a long-running process share one heap.

    glibc gives each thread an arena of its own, and every arena keeps what it once needed: a tenth of the daemon's
    memory, which a board with 512 MB wants back. The constant is M_ARENA_MAX of mallopt(3); other C libraries lack it.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(-8, 1)


def _read(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    catalogue = phrases.load(settings.speech.language)
    if options.explain is not None:
        from device import explain

        explain.prepare(options.explain)
    reader = compose.ModelReader(settings)
    reader.open()
    failed = False
    for path, frames in _bursts(options):
        if isinstance(frames, DigitboxError):
            failed = True
            _show_error(path, frames, options)
            continue
        seen: list[Observation] = []
        reading = reader.read(frames, seen.append if options.explain is not None else None)
        phrase = Phrase("reading", reading)
        more = {}
        if options.explain is not None:
            said = " ".join(catalogue.utterance(phrase, number_style=settings.speech.number_style))
            more = _explained(path, seen, reading, said, options.explain)
            failed |= not more
        _show_reading(path, reading, more, options)
        if options.speak:
            _speak(catalogue, phrase, settings)
    return int(failed)


def _bursts(options: argparse.Namespace) -> Iterator[tuple[str, list[Frame] | DigitboxError]]:
    """The name and the frames of each reading, or what is wrong with a file."""
    if not options.burst:
        for path, frame in _loaded(options):
            yield path, frame if isinstance(frame, DigitboxError) else [frame]
        return
    burst = list(_loaded(options))
    yield from ((path, frame) for path, frame in burst if isinstance(frame, DigitboxError))
    readable = [frame for _, frame in burst if isinstance(frame, Frame)]
    if readable:
        yield readable[0].source or "", readable


def _explained(path: str, seen: Sequence[Observation], reading: Reading, said: str, folder: Path) -> dict[str, str]:
    """Write the picture that explains a reading; the field that names it, or none where that cannot be done."""
    from device import explain

    try:
        return {"explained": str(explain.write(explain.sheet(path, seen, reading, said), folder, path))}
    except DigitboxError as error:
        _complain(error, 1)  # the answer itself is still good
        return {}


def _loaded(options: argparse.Namespace) -> Iterator[tuple[str, Frame | DigitboxError]]:
    from device import images

    for name in options.images:
        try:
            yield name, images.load(Path(name))
        except DigitboxError as error:
            yield name, error


def _show_error(path: str, error: DigitboxError, options: argparse.Namespace) -> None:
    if options.json:
        _print_json({"path": path, "error": str(error)})
    else:
        _complain(error, 1)


def _show_reading(path: str, reading: Reading, more: dict[str, str], options: argparse.Namespace) -> None:
    """Print one answer; `more` are fields beyond those of the reading."""
    if options.json:
        _print_json({"path": path, **reading_as_json(reading, scores=options.scores), **more})
        return
    _print_reading(path, reading, scores=options.scores)
    for name, value in more.items():
        print(f"    {name}: {value}")


def _print_reading(path: str, reading: Reading, *, scores: bool) -> None:
    digits = ", ".join(f"{digit.digit} ({digit.confidence:.1%})" for digit in reading.digits)
    advice = ", ".join(advice.value.replace("_", " ") for advice in reading.advice)
    parts = [part for part in (reading.number, digits, advice) if part]
    print(f"{path}: {reading.status.value}" + (f": {'; '.join(parts)}" if parts else ""))
    if scores:
        for digit in reading.digits:
            print("    " + "  ".join(f"{number}: {score:.1%}" for number, score in enumerate(digit.scores)))


def _listen(options: argparse.Namespace) -> int:
    from device import sounds

    settings = config.installed(options.config)
    recognizer = compose.recognizer(settings)
    recognizer.open()
    failed = False
    with contextlib.closing(recognizer):
        listener = compose.listener(settings, recognizer)
        for name in options.recordings:
            started = time.monotonic()
            try:
                sound = sounds.resampled(sounds.load(Path(name)))
                heard = listener.listen(sounds.chunks(sound), options.context, options.read)
            except DigitboxError as error:
                failed = True
                _show_error(name, error, options)
                continue
            _show_heard(name, heard, 1000.0 * (time.monotonic() - started), options)
    return int(failed)


def _show_heard(path: str, heard: Heard, elapsed_ms: float, options: argparse.Namespace) -> None:
    command = heard.command
    if options.json:
        _print_json(
            {
                "path": path,
                "text": heard.text,
                "command": command.command.value if command else None,
                "arguments": command.arguments if command else {},
                "confidence": round(heard.confidence, 4),
                "elapsed_ms": round(elapsed_ms, 1),
            }
        )
        return
    arguments = "".join(f" {value}" for value in command.arguments.values()) if command else ""
    meant = f"{command.command.value}{arguments} ({heard.confidence:.2f})" if command else "not understood"
    print(f'{path}: {meant}, heard "{heard.text}"', flush=True)


def _speech_model_install(options: argparse.Namespace) -> int:
    from device import speech_model_install

    folder = config.installed(options.config).listening.models
    place = speech_model_install.install(
        options.language,
        folder,
        name=options.name,
        file=options.file,
        sha256=options.sha256,
        source=options.source,
        progress=_Progress(),
    )
    print(f"{place.name} is installed in {place}")
    return 0


class _Progress:
    """Shows on standard error how much was fetched: in place on a terminal, else a line for every tenth."""

    def __init__(self) -> None:
        self._shown = -1

    def __call__(self, done: int, total: int | None) -> None:
        steps = 100 if sys.stderr.isatty() else 10
        step = done * steps // total if total else done >> 20
        if step == self._shown:
            return
        self._shown = step
        text = f"{done >> 20} of {total >> 20} MB" if total else f"{done >> 20} MB"
        end = "\r" if sys.stderr.isatty() and done != total else "\n"
        print(f"digitbox: {text}", end=end, file=sys.stderr, flush=True)


def _speech_model_list(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    models = speech_models.installed(settings.listening.models)
    chosen = {model.name: speech_models.chosen(settings.listening, model.language).name for model in models}
    for model in models:
        taken = chosen[model.name] == model.name
        if options.json:
            facts = {"name": model.name, "language": model.language, "size_bytes": model.size_bytes, "chosen": taken}
            _print_json({**facts, "folder": str(model.folder)})
        else:
            print(f"{model.language}  {model.name:32} {model.size_bytes / 1e6:6.1f} MB{'  chosen' if taken else ''}")
    if not options.json:
        names = {model.name for model in models}
        for language, published in speech_models.PUBLISHED.items():
            if published.name not in names:
                print(f"{language}  {published.name:32}    can be installed")
    return 0


def _speech_model_choose(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    speech_models.choose(settings.listening.models, options.language, options.name)
    print(f"{options.language}: {speech_models.chosen(settings.listening, options.language).name}")
    return 0


def _say(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    if options.language:
        settings = replace(settings, speech=replace(settings.speech, language=options.language))
    catalogue = phrases.load(settings.speech.language)
    if options.wav is None:
        _speak(replace(catalogue, sentences={"text": options.text}), Phrase("text"), settings)
        return 0
    synthesizer = compose.synthesizer(settings)
    synthesizer.open()
    sound = synthesizer.synthesize(options.text).to_wav()
    try:
        options.wav.write_bytes(sound)
    except OSError as error:
        raise SoundError(f"{options.wav}: cannot be written ({error.strerror}); name another file") from error
    return 0


def _speak(catalogue: phrases.Catalogue, phrase: Phrase, settings: Config) -> None:
    """Say a phrase and wait until it has been heard. Raises SpeechError, SoundError."""
    from device.voice import PieceStore, Voice

    synthesizer, player = compose.synthesizer(settings), compose.player(settings)
    synthesizer.open()
    player.open()
    with contextlib.closing(synthesizer), contextlib.closing(player):
        voice = Voice(PieceStore(None, ""))
        utterance = catalogue.utterance(phrase, number_style=settings.speech.number_style)
        audio = voice.audio(synthesizer, utterance)
        voice.play(player, audio, turn=1, limit_seconds=settings.daemon.device_limit_seconds)


def _doctor(options: argparse.Namespace) -> int:
    from device import boot, doctor

    findings = boot.examine() if options.boot else doctor.examine(options.config)
    healthy = True
    for finding in findings:
        healthy &= finding.ok
        if options.json:
            _print_json(asdict(finding))
        else:
            remedy = f"\n       -> {finding.remedy}" if finding.remedy else ""
            print(f"{'  ok ' if finding.ok else 'FAIL '} {finding.check}: {finding.message}{remedy}", flush=True)
    return 0 if healthy else 1


def _bench(options: argparse.Namespace) -> int:
    from device import bench

    for figure in bench.measure():
        if options.json:
            _print_json(asdict(figure))
        else:
            print(f"{figure.figure:32} {figure.median:10.3f} {figure.unit:4} (median of {figure.runs})", flush=True)
    return 0


def _history(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    history = compose.history(settings, read_only=not options.delete)
    history.open()
    with contextlib.closing(history):
        if options.delete:
            compose.samples(settings).delete()
            compose.pictures(settings).delete()
            print(f"{history.delete()} readings deleted, and all kept pictures")
            return 0
        entries = history.entries()
    if options.export is not None:
        _export(entries, options.export)
        return 0
    for entry in entries:
        if options.json:
            _print_json(asdict(entry))
        else:
            corrected = f" (corrected: {entry.corrected})" if entry.corrected is not None else ""
            print(f"{entry.id:6}  {entry.time}  {entry.status:10}  {entry.number}{corrected}")
    return 0


def _export(entries: Sequence[HistoryEntry], folder: Path) -> None:
    """Write history.csv into the folder; the file is whole or not there. Raises DigitboxError."""
    import csv

    path = folder / "history.csv"
    beside = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["id", "time", "number", "status", "corrected"])
            writer.writeheader()
            writer.writerows(asdict(entry) for entry in entries)
        beside.replace(path)
    except OSError as error:
        raise DigitboxError(f"{path}: cannot be written ({error.strerror}); name a folder with space") from error
    print(f"{len(entries)} readings written to {path}")


def _console(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    try:
        from device.console import pairing, server
    except ModuleNotFoundError as error:
        raise DigitboxError(f'{error.name} is not installed; pip install "digitbox[console]"') from error
    if options.pair or options.say:
        return _pair(pairing.Pairing(settings.console.folder), settings, spoken=options.say)
    _share_one_heap()
    return server.serve(settings, options.config)


def _pair(pairing: Pairing, settings: Config, *, spoken: bool) -> int:
    """Show a new token, and have the box say it where that is wanted; no spoken command does so.

    The token lies in the page's folder, which the daemon cannot open; and a visitor who may talk to the box, or a voice
    from a loudspeaker, should not be able to put out everybody who has come in with the token before.

    Raises:
        PairingError: It cannot be kept.
        DaemonError: The box does not say it.
    """
    token = pairing.new_token(spoken=spoken)
    print(token)
    print("This is the token for the page; it is shown only now, and the one before no longer holds.", file=sys.stderr)
    if spoken:
        box = DaemonClient(settings.daemon.runtime / compose.SOCKET)
        if not box.ask(SayTokenAsked(token))["obeyed"]:
            raise DaemonError("the box is busy and did not say the token; it holds, or try again in a moment")
    return 0


def _mqtt(options: argparse.Namespace) -> int:
    settings = config.installed(options.config)
    try:
        from device import mqtt
    except ModuleNotFoundError as error:
        raise DigitboxError(f'{error.name} is not installed; pip install "digitbox[mqtt]"') from error
    box = DaemonClient(settings.daemon.runtime / compose.SOCKET, answer_seconds=5.0)
    return mqtt.serve(settings.mqtt, box)


def _config(options: argparse.Namespace) -> int:
    if options.check is not None:
        config.load(options.check)
        print(f"{options.check}: good")
    else:
        print(config.dump(config.installed(options.config)))
    return 0


def _print_json(fields: dict[str, Any]) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


# --- the arguments ----------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="digitbox", description="Reads handwritten digits aloud.", epilog="digitbox COMMAND --help says more."
    )
    parser.add_argument("--version", action="version", version=f"digitbox {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str,
        run: Callable[[argparse.Namespace], int],
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

    aiming(configured(command("run", _run, "the daemon", logging.INFO)))

    added = aiming(command("demo", _demo, "the whole appliance on a laptop, with pictures for the camera"))
    added.add_argument("--once", action="store_true", help="make one reading and end; also without a terminal")
    added.add_argument("--photos", type=Path, metavar="DIR", help="your own pictures instead of the bundled ones")

    added = configured(command("read", _read, "read image files, each by itself"))
    added.add_argument("images", nargs="+", metavar="IMAGE")
    added.add_argument("--json", action="store_true", help="one object a line; boxes count pixels of the upright image")
    added.add_argument("--speak", action="store_true", help="say the answers too")
    added.add_argument("--burst", action="store_true", help="all images are frames of one reading")
    added.add_argument("--scores", action="store_true", help="show the probabilities of all ten digits")
    added.add_argument("--explain", type=Path, metavar="DIR", help="write a picture of what was seen there, for each")

    added = configured(command("listen", _listen, "run the voice-command path on recordings"))
    added.add_argument("recordings", nargs="+", metavar="WAV")
    added.add_argument("--json", action="store_true", help="one object a line")
    added.add_argument(
        "--context",
        type=Context,
        choices=list(Context),
        metavar="{" + ",".join(context.value for context in Context) + "}",
        help="the situation it is said in; without it, whatever means something in any",
    )
    added.add_argument(
        "--read", type=int, choices=range(10), metavar="DIGIT", help="what was read: a digit said likely is that one"
    )

    _add_speech_model(commands, command, configured)

    added = configured(command("say", _say, "say a text"))
    added.add_argument("text", metavar="TEXT")
    added.add_argument("--language", metavar="L", help=f"one of {', '.join(phrases.languages())}")
    added.add_argument("--wav", type=Path, metavar="FILE", help="write it to a file instead")

    added = configured(command("doctor", _doctor, "check everything and say what to do"))
    added.add_argument("--boot", action="store_true", help="say how long the start took, and what delayed it")
    added.add_argument("--json", action="store_true", help="one object a line")

    added = command("bench", _bench, "measure this machine", logging.ERROR)
    added.add_argument("--json", action="store_true", help="one object a line")

    added = configured(command("history", _history, "show what was read"))
    added.add_argument("--json", action="store_true", help="one object a line")
    added.add_argument("--export", type=Path, metavar="DIR", help="write it to DIR/history.csv")
    added.add_argument("--delete", action="store_true", help="delete all of it")

    added = configured(command("console", _console, "the local web page", logging.INFO))
    added.add_argument("--pair", action="store_true", help="show a new token, with which other machines may come in")

    added.add_argument("--say", action="store_true", help="as --pair, with a token of 16 digits, which the box says")

    configured(command("mqtt", _mqtt, "publish what is read to an MQTT broker", logging.INFO))

    added = configured(command("config", _config, "print the effective configuration, or check one"))
    added.add_argument("--check", type=Path, metavar="FILE", help="only say what is wrong with FILE")
    return parser


def _add_speech_model(commands: Any, command: Any, configured: Any) -> None:  # noqa: ANN401 - see `_parser`
    models = commands.add_parser("speech-model", help="install, list, choose Vosk models")
    models = models.add_subparsers(metavar="install|list|choose", required=True)
    added = configured(
        command("install", _speech_model_install, "fetch a model, or take one from a file", among=models)
    )
    added.add_argument("language", metavar="LANGUAGE", help=f"one of {', '.join(phrases.languages())}")
    added.add_argument("--name", help="of the model; by default the small one that is published for the language")
    added.add_argument("--file", type=Path, metavar="ZIP", help="take it from there instead, for a box without network")
    added.add_argument(
        "--sha256", metavar="HEX", help="what the zip file must have; only of the English one it is known"
    )
    added.add_argument("--source", metavar="URL", default=speech_models.SOURCE, help="folder that has NAME.zip")
    added = configured(command("list", _speech_model_list, "what is installed, and what can be", among=models))
    added.add_argument("--json", action="store_true", help="one object a line, of those installed")
    added = configured(command("choose", _speech_model_choose, "take this model from now on", among=models))
    added.add_argument("language", metavar="LANGUAGE")
    added.add_argument("name", metavar="NAME", help='a name of the list, or "auto": the largest that fits the board')


if __name__ == "__main__":
    sys.exit(main())
