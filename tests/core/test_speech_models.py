"""Which speech model is taken, and how another is fetched, checked and unpacked: from a server of the test's own."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import threading
import zipfile
from dataclasses import replace

import pytest

from device import config, speech_model_install, speech_models
from device.errors import RecognizerError
from device.speech_models import NEEDED

NAME = "vosk-model-small-xx-0.1"
GIGABYTE = 2**30


@pytest.fixture
def listening(tmp_path):
    """The defaults, with an empty folder of models."""
    return replace(config.load().listening, models=tmp_path / "models")


def archive(members=None, top=NAME, more=()):
    """A model as a zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name in NEEDED if members is None else members:
            file.writestr(f"{top}/{name}", b"x" * 5000)
        for name, content in more:
            file.writestr(name, content)
    return data.getvalue()


def put(listening, language, name, size):
    """An installed model of so many bytes."""
    folder = listening.models / language / name
    for file in NEEDED:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    (folder / "am/final.mdl").write_bytes(b"x" * size)
    return folder


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_the_tiny_model_comes_with_digitbox(listening):
    """Without anything installed English can be understood, and only English."""
    assert speech_models.chosen(listening, "en").name == "vosk-tiny-en"
    with pytest.raises(RecognizerError, match="speech-model install es"):
        speech_models.chosen(listening, "es")


@pytest.mark.parametrize(("memory", "name"), [(GIGABYTE // 2, "vosk-tiny-en"), (GIGABYTE, "large")])
def test_the_largest_that_fits_the_board_is_taken(listening, memory, name):
    """The official models don't fit into 512 MB."""
    put(listening, "en", "large", 4_000_000)
    put(listening, "es", "larger", 5_000_000)
    assert speech_models.chosen(listening, "en", memory).name == name


def test_a_choice_is_kept(listening):
    """Until it is left to the box again."""
    put(listening, "en", "large", 4_000_000)
    speech_models.choose(listening.models, "en", "vosk-tiny-en")
    assert speech_models.chosen(listening, "en", GIGABYTE).name == "vosk-tiny-en"
    speech_models.choose(listening.models, "en", "auto")
    speech_models.choose(listening.models, "en", "auto")
    assert speech_models.chosen(listening, "en", GIGABYTE).name == "large"


def test_a_damaged_choice_is_an_error_that_says_what_to_do(listening):
    """After a power cut the file may hold anything; it must not end the daemon."""
    put(listening, "en", "large", 4_000_000)
    (listening.models / "en" / speech_models.CHOSEN).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecognizerError, match=r"cannot be read .* speech-model choose"):
        speech_models.chosen(listening, "en", GIGABYTE)


def test_the_configuration_wins(listening, tmp_path):
    """With a name or with a folder."""
    put(listening, "en", "large", 4_000_000)
    assert speech_models.chosen(replace(listening, model="vosk-tiny-en"), "en", GIGABYTE).name == "vosk-tiny-en"
    assert speech_models.chosen(replace(listening, model=str(tmp_path / "own")), "en").folder == tmp_path / "own"
    with pytest.raises(RecognizerError, match="'lost' is not installed; there are: vosk-tiny-en, large"):
        speech_models.chosen(replace(listening, model="lost"), "en")


def test_a_choice_that_is_no_model_of_the_language(listening):
    """It is refused, and the one before stays."""
    put(listening, "es", "spanish", 10)
    for name in ("spanish", "nothing"):
        with pytest.raises(RecognizerError, match=name):
            speech_models.choose(listening.models, "en", name)
    assert speech_models.chosen(listening, "en").name == "vosk-tiny-en"


# --- from a file ------------------------------------------------------------------------------------------------------


def install_file(listening, tmp_path, data, **more):
    """From a file that somebody brought."""
    file = tmp_path / f"{NAME}.zip"
    file.write_bytes(data)
    return speech_model_install.install("xx", listening.models, file=file, **more)


def test_a_model_from_a_file(listening, tmp_path):
    """It is unpacked without the archive's own folder, listed, and can be installed again."""
    for _ in range(2):
        place = install_file(listening, tmp_path, archive(top="other"))
        assert place == listening.models / "xx" / NAME
        assert (place / "am/final.mdl").stat().st_size == 5000
        assert speech_models.chosen(listening, "xx").folder == place
    assert [path.name for path in place.parent.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (archive()[:-30], "is not a whole zip file"),
        (b"", "is not a whole zip file"),
        (archive(more=[("../evil", b"x")]), r"'\.\./evil', which leads out of its folder"),
        (archive(more=[("/evil", b"x")]), "'/evil', which leads out of its folder"),
        (archive(members=NEEDED[1:]), r"lacks am/final\.mdl"),
    ],
)
def test_a_file_that_is_no_model(listening, tmp_path, data, complaint):
    """Nothing is left behind, and a model that was there stays."""
    before = install_file(listening, tmp_path, archive())
    with pytest.raises(RecognizerError, match=complaint):
        install_file(listening, tmp_path, data)
    assert speech_models.chosen(listening, "xx").folder == before
    assert [path.name for path in before.parent.iterdir()] == [NAME]
    assert not (tmp_path / "evil").exists()


def test_a_link_in_an_archive(listening, tmp_path):
    """It could lead anywhere."""
    link = zipfile.ZipInfo(f"{NAME}/link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(RecognizerError, match="leads out of its folder"):
        install_file(listening, tmp_path, archive(more=[(link, b"/etc/passwd")]))


def test_an_archive_that_unpacks_to_too_much(listening, tmp_path, monkeypatch):
    """It is refused before anything is written."""
    monkeypatch.setattr(speech_model_install, "MOST_BYTES", 10_000)
    with pytest.raises(RecognizerError, match="unpacks to more than"):
        install_file(listening, tmp_path, archive())


@pytest.mark.parametrize(("name", "step"), [("missing.zip", "name the zip"), ("pipe.zip", "not a file; name the zip")])
def test_a_file_that_is_none(listening, tmp_path, name, step):
    """Neither space nor root would help; a pipe would be waited for, for ever."""
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(RecognizerError, match=step):
        speech_model_install.install("en", listening.models, file=tmp_path / name, sha256="0" * 64)


def test_a_file_with_another_checksum(listening, tmp_path):
    """It stays, as it is not ours; nothing is installed."""
    with pytest.raises(RecognizerError, match="has the SHA-256"):
        install_file(listening, tmp_path, archive(), sha256="0" * 64)
    assert (tmp_path / f"{NAME}.zip").exists()
    assert not (listening.models / "xx" / NAME).exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", ".hidden", ""])
def test_a_name_that_is_no_name(listening, name):
    """It would lead out of the folder of models."""
    with pytest.raises(RecognizerError, match="which model"):
        speech_model_install.install("xx", listening.models, name=name, sha256="0" * 64)


# --- from a server ----------------------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Gives one file, honours ranges, and can break off or refuse."""

    def __init__(self, data):
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.break_after: list[int] = []
        self.status = 200
        self.ranges = True
        self.asked: list[str | None] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        """Of the folder."""
        return f"http://127.0.0.1:{self.server_port}/models"


class Handler(http.server.BaseHTTPRequestHandler):
    """One answer."""

    def do_GET(self):
        """The file, or the rest of it."""
        server = self.server
        wanted = self.headers["Range"]
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
        if start >= len(server.data) and wanted:
            self.send_error(416)
            return
        rest = server.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: server.break_after.pop(0)] if server.break_after else rest)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def server():
    """With a good model."""
    made = Server(archive(more=[(f"{NAME}/README", bytes(range(256)) * 400)]))
    yield made
    made.shutdown()
    made.server_close()


def fetch(listening, server, **more):
    """Install from the server."""
    sha256 = hashlib.sha256(server.data).hexdigest()
    given = {"name": NAME, "sha256": sha256, "source": server.address} | more
    return speech_model_install.install("xx", listening.models, **given)


def test_a_model_from_a_server(listening, server):
    """Fetched, checked, unpacked; progress is told to the end."""
    told = []
    place = fetch(listening, server, progress=lambda done, total: told.append((done, total)))
    assert (place / "am/final.mdl").exists()
    assert told[-1] == (len(server.data), len(server.data))
    assert [path.name for path in place.parent.iterdir()] == [NAME]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_is_taken_up(listening, server, ranges):
    """Where it broke, or from the start when the server knows no ranges."""
    server.break_after, server.ranges = [700, 900], ranges
    fetch(listening, server)
    assert server.asked[0] is None
    assert server.asked[1] == "bytes=700-"


def test_what_was_fetched_before_is_kept_for_the_next_time(listening, server):
    """After a power cut, say."""
    server.break_after = [1000, 0, 0, 0, 0]
    with pytest.raises(RecognizerError, match="run this again, it goes on where it stopped"):
        fetch(listening, server)
    server.break_after = []
    server.asked.clear()
    fetch(listening, server)
    assert server.asked == ["bytes=1000-"]


def test_a_beginning_of_something_longer(listening, server):
    """It cannot be part of this, so it is fetched anew."""
    part = listening.models / "xx" / f".{NAME}.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 2 * len(server.data))
    fetch(listening, server)
    assert server.asked[-1] is None


def test_a_file_that_was_changed_on_the_way(listening, server):
    """It is refused and thrown away, so that the next try begins anew."""
    with pytest.raises(RecognizerError, match="nothing was installed"):
        fetch(listening, server, sha256="1" * 64)
    fetch(listening, server)
    assert server.asked == [None, None]


def test_a_server_without_the_file(listening, server):
    """Its answer is told."""
    server.status = 404
    with pytest.raises(RecognizerError, match=r"the server answers 404.*check name and network"):
        fetch(listening, server)


def test_no_server(listening):
    """The address is named."""
    with pytest.raises(RecognizerError, match=r"http://127.0.0.1:9/.*cannot be fetched"):
        speech_model_install.install("xx", listening.models, name=NAME, sha256="0" * 64, source="http://127.0.0.1:9")


def test_no_model_is_fetched_without_checksum(listening, server):
    """Whoever brings a model must know what it is; only of the English one a checksum is recorded."""
    with pytest.raises(RecognizerError, match=r"give --sha256, or fetch .*\.zip yourself and give --file"):
        fetch(listening, server, sha256=None)
    assert server.asked == []
    known = [language for language, published in speech_models.PUBLISHED.items() if published.sha256]
    assert known == ["en"]


def test_the_recorded_checksum_is_used(listening, server):
    """What the server has instead of the English model is refused."""
    with pytest.raises(RecognizerError, match="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498"):
        speech_model_install.install("en", listening.models, source=server.address)


def test_another_kind_of_address(listening):
    """A file of this machine could be read that way."""
    with pytest.raises(RecognizerError, match="only http and https"):
        speech_model_install.install("xx", listening.models, name=NAME, sha256="0" * 64, source="file:///etc")


def test_a_disk_without_space(listening, server, file_size_limit):
    """It says so; what could not be written is not taken for whole."""
    with file_size_limit(50_000), pytest.raises(RecognizerError, match="free some space"):
        fetch(listening, server)
