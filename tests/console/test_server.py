"""The page's processes: started by a socket, ended by idleness, robust against slow clients, pictures and daemons."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from device import config
from device.cli import main
from device.console.decoder import MOST_WAITING, Busy, Decoder, DecoderError
from device.console.pairing import Pairing
from device.console.server import MOST_WAITED_FOR, OPTIONS, REQUEST_SECONDS, part_with_slow
from device.daemon_client import DaemonClient, DaemonError
from device.protocol import SayTokenAsked, StatusAsked

PICTURE = Path(__file__).parents[2] / "device" / "pictures" / "05-427.jpg"
SOON = 60.0
"""Seconds; only waited for in full when a test fails."""


def fetched(address: str) -> bytes:
    """The body of an answer."""
    with urllib.request.urlopen(address, timeout=SOON) as answer:  # noqa: S310 - our own server
        return bytes(answer.read())


def read(decoder: Decoder, content: bytes) -> dict[str, object]:
    """What a decoder makes of a picture."""
    return decoder.read(content, name="a", language="en", number_style="digits", page=False)


def test_it_serves_on_a_socket_of_systemds_and_ends_when_nobody_comes(serve, configuration):
    """After idle_seconds the process is gone, with status 0, and so is its decoder."""
    text = configuration.read_text(encoding="utf-8").replace("[console]", "[console]\nidle_seconds = 0.5")
    configuration.write_text(text, encoding="utf-8")
    with serve(configuration) as (address, process):
        assert b"<h1>Try</h1>" in fetched(f"{address}/try")
        assert process.wait(SOON) == 0


def test_it_ends_on_sigterm(serve, configuration):
    """In good order."""
    with serve(configuration) as (address, process):
        fetched(f"{address}/try")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0


def test_slow_clients_keep_nobody_out(serve, configuration):
    """More than there are places, none of which ever finishes its request, and one that does."""
    with serve(configuration) as (address, _), contextlib.ExitStack() as slow:
        fetched(f"{address}/try")
        port = int(address.rpartition(":")[2])
        for _ in range(OPTIONS["connection_limit"] + MOST_WAITED_FOR):
            connection = slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=SOON))
            connection.sendall(b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc")
        assert b"<h1>Try</h1>" in fetched(f"{address}/try")


@dataclass(eq=False)
class Waiting:
    """What is asked of a connection."""

    request: object = None
    requests: list[object] = field(default_factory=list)
    waited_for_since: float = 0.0
    addr: tuple[str, int] = ("10.0.0.7", 1)
    will_close: bool = False


def test_who_takes_too_long_over_a_request_is_parted_with():
    """However many bytes have come; not whoever is idle, which is Waitress's to end, nor whoever waits for us."""
    late, idle, ours = Waiting(request="half"), Waiting(), Waiting(request="half", requests=["being answered"])
    part_with_slow([late, idle, ours], REQUEST_SECONDS)
    assert not late.will_close
    part_with_slow([late, idle, ours], REQUEST_SECONDS + 1)
    assert (late.will_close, idle.will_close, ours.will_close) == (True, False, False)


def test_the_slowest_make_room():
    """As many as are too many."""
    several = [Waiting(waited_for_since=float(number)) for number in range(MOST_WAITED_FOR + 2)]
    part_with_slow(reversed(several), 100.0)
    assert [one.will_close for one in several] == [True] * 2 + [False] * MOST_WAITED_FOR


def test_whoever_comes_through_a_proxy_of_this_machine_needs_the_token(serve, configuration):
    """The server itself leaves what proxies add for us to see."""
    with serve(configuration) as (address, _):
        for name in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"):
            request = urllib.request.Request(f"{address}/api/openapi.json", headers={name: "10.0.0.7"})  # noqa: S310 - ours
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=SOON)  # noqa: S310 - as above
            refused.value.close()
            assert refused.value.code == 401
        assert b"paths" in fetched(f"{address}/api/openapi.json")


def test_fifty_at_once_are_all_answered(serve, configuration):
    """Or told to come back: nobody is left without an answer."""
    codes: list[int] = []
    with serve(configuration) as (address, _):

        def ask() -> None:
            try:
                fetched(f"{address}/api/openapi.json")
                codes.append(200)
            except urllib.error.HTTPError as error:
                error.close()
                codes.append(error.code)

        threads = [threading.Thread(target=ask) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SOON)
    assert len(codes) == 50
    assert set(codes) <= {200, 429, 503}
    assert 200 in codes


def test_an_address_that_is_taken_is_an_error_in_words(configuration, capsys):
    """With status 1 and without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = configuration.read_text(encoding="utf-8").replace("[console]", f"[console]\nport = {port}")
        configuration.write_text(text, encoding="utf-8")
        assert main(["console", "--config", str(configuration)]) == 1
    assert "cannot be listened on" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 64])
def test_a_host_that_is_not_this_machine_is_a_wrong_configuration(configuration, capsys, host):
    """A name that nobody has, another machine's address, and what can be no name."""
    text = configuration.read_text(encoding="utf-8").replace("[console]", f'[console]\nhost = "{host}"')
    configuration.write_text(text, encoding="utf-8")
    assert main(["console", "--config", str(configuration)]) == 2
    assert f'[console] host = "{host}" is no address of this machine' in capsys.readouterr().err


def test_a_token_that_cannot_be_kept_has_a_fitting_remedy(configuration, capsys, tmp_path):
    """Root would not find a folder in a file either."""
    (tmp_path / "console").write_text("no folder", encoding="utf-8")
    assert main(["console", "--pair", "--config", str(configuration)]) == 1
    assert "change [console] folder" in capsys.readouterr().err


def test_pair_shows_a_token_and_keeps_its_hash(configuration, capsys):
    """On standard output the token alone."""
    assert main(["console", "--pair", "--config", str(configuration)]) == 0
    token = capsys.readouterr().out.strip()
    assert len(token) == 20
    kept = [path.read_text(encoding="utf-8") for path in config.load(configuration).console.folder.iterdir()]
    assert kept
    assert token not in kept


def test_the_box_says_a_token_of_digits(configuration, box, capsys):
    """The one that is shown; typed in groups it opens the page too."""
    assert main(["console", "--say", "--config", str(configuration)]) == 0
    token = capsys.readouterr().out.strip()
    assert box.asked == [SayTokenAsked(token)]
    groups = " ".join(token[place : place + 4] for place in range(0, 16, 4))
    assert Pairing(config.load(configuration).console.folder).accepts(groups)


def test_a_box_that_cannot_say_the_token_says_why(configuration, box, capsys):
    """The token is shown nevertheless."""
    box.answers["SayTokenAsked"] = {"obeyed": False}
    assert main(["console", "--pair", "--say", "--config", str(configuration)]) == 1
    shown = capsys.readouterr()
    assert len(shown.out.strip()) == 16
    assert "busy" in shown.err


# --- the decoder ------------------------------------------------------------------------------------------------------


def test_a_picture_that_takes_too_long_is_given_up_and_the_next_is_read():
    """The process is killed; the next picture gets a new one."""
    decoder = Decoder(config.DEFAULT_PATH, limit_seconds=0.001)
    with contextlib.closing(decoder):
        with pytest.raises(DecoderError, match="longer than"):
            read(decoder, PICTURE.read_bytes())
        decoder._limit_seconds = SOON
        assert read(decoder, PICTURE.read_bytes())["number"] == "427"


def test_a_process_that_does_not_start_is_no_fault_of_the_picture():
    """Neither one that takes too long, nor one that ends: the page says to come back, and the next try begins anew."""
    decoder = Decoder(config.DEFAULT_PATH, start_seconds=0.001)
    with contextlib.closing(decoder):
        with pytest.raises(Busy, match="does not start"):
            read(decoder, PICTURE.read_bytes())
        decoder._start_seconds = SOON
        command, decoder._command = decoder._command, [sys.executable, "-c", ""]
        with pytest.raises(Busy, match="does not start"):
            read(decoder, PICTURE.read_bytes())
        decoder._command = ["no-such-program"]
        with pytest.raises(Busy, match="No such file"):
            read(decoder, PICTURE.read_bytes())
        decoder._command = command
        assert read(decoder, PICTURE.read_bytes())["number"] == "427"


def test_a_process_that_nobody_listens_to_ends_in_silence():
    """The page was killed: no traceback in the journal for that."""
    command = [sys.executable, "-m", "device.console.decoder_process", str(config.DEFAULT_PATH)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(SOON) == -signal.SIGPIPE


def test_a_process_that_was_killed_is_started_anew(decoder):
    """Between two pictures nobody notices."""
    assert read(decoder, PICTURE.read_bytes())["number"] == "427"
    assert decoder._process is not None
    os.kill(decoder._process.pid, signal.SIGKILL)
    decoder._process.wait(SOON)
    assert read(decoder, PICTURE.read_bytes())["number"] == "427"


def test_a_picture_is_read_in_huge_pages(decoder):
    """What takes 40 MB anew for each picture would spend a third of its time on 10,000 page faults."""
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not huge.exists() or "[never]" in huge.read_text(encoding="ascii"):
        pytest.skip("this machine's kernel gives no huge pages")

    def faults() -> int:
        assert decoder._process is not None
        return int(
            Path(f"/proc/{decoder._process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[7]
        )

    with Image.open(PICTURE) as whole:
        content = io.BytesIO()
        whole.resize((1632, 1224)).save(content, "JPEG")
    read(decoder, content.getvalue())
    before = faults()
    read(decoder, content.getvalue())
    assert faults() - before < 3_000


def test_only_a_few_wait():
    """More are told to come back."""
    decoder = Decoder(config.DEFAULT_PATH)
    for _ in range(MOST_WAITING):
        assert decoder._places.acquire(blocking=False)
    with pytest.raises(Busy, match="try again"):
        read(decoder, b"")


# --- the daemon that is not as it should be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "hung up"),
        (b"no json\n", "hung up"),
        (b"[]\n", "hung up"),
        (b'{"bytes": -1}\n', "announced"),
        (b'{"bytes": 99999999999}\n', "announced"),
        (b'{"bytes": 5}\nabc', "within its answer"),
        (b'{"error": "no"}\n', "no"),
        (None, "does not answer"),
    ],
)
def test_a_strange_answer_is_an_error_in_words(tmp_path, answer, said):
    """None is a daemon that is silent."""
    path = tmp_path / "daemon.sock"
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                assert json.loads(connection.recv(1000)) == {"ask": "status"}
                if answer is None:
                    over.wait(SOON)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        with pytest.raises(DaemonError, match=said):
            DaemonClient(path, answer_seconds=0.05 if answer is None else SOON).ask(StatusAsked())
        over.set()
        thread.join(SOON)


def test_the_page_wakes_the_decoder(configuration, monkeypatch):
    """Whoever opens it will show it a picture: the process starts then, and once."""
    decoder = Decoder(configuration)
    started: list[object] = []
    monkeypatch.setattr(decoder, "_started", lambda: started.append(1) or subprocess.Popen(["sleep", "60"]))
    try:
        decoder.wake()
        decoder.wake()
        assert len(started) == 1
    finally:
        decoder.close()
