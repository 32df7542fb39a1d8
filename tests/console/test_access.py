"""Who may not come in, and what bad pictures do: a plain answer, and nothing else."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from device import config
from device.console.access import HEADERS
from device.console.limits import MOST_BUCKETS, Limit
from device.console.pairing import Pairing, PairingError

PICTURE = Path(__file__).parents[2] / "device" / "pictures" / "05-427.jpg"
WITHOUT_FORM = ["/try", "/do", "/history/correct", "/history/delete", "/settings", "/settings/undo", "/status"]


def chunk(name: bytes, content: bytes) -> bytes:
    """A piece of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in a few kilobytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(4_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gif() -> bytes:
    """A format that is not taken."""
    content = io.BytesIO()
    Image.new("L", (40, 40)).save(content, "GIF")
    return content.getvalue()


def narrow() -> bytes:
    """A PNG of one pixel by 40,000, more than OpenCV counts in some of its functions."""
    content = io.BytesIO()
    Image.new("L", (1, 40_000), 255).save(content, "PNG")
    return content.getvalue()


BAD = {
    "bomb.png": bomb(),
    "script.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a.gif": gif(),
    "empty.png": b"",
    "half.jpg": PICTURE.read_bytes()[:20_000],
    "zip.png": b"PK\x03\x04" + bytes(100),
    "noise.jpg": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20,
}


def test_a_picture_longer_than_opencv_counts_is_read(client):
    """It is made shorter; there is nothing on it."""
    answer = client.post("/api/read", data={"image": (io.BytesIO(narrow()), "narrow.png")})
    assert answer.status_code == 200
    assert answer.json["status"] == "nothing"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_picture_is_refused_in_words(client, name, caplog):
    """In one line, on the page and in the log; and the next one is read."""
    answer = client.post("/api/read", data={"image": (io.BytesIO(BAD[name]), name)})
    assert answer.status_code == 422
    assert set(answer.json) == {"path", "error"}
    assert "/" not in answer.json["error"]
    assert "\n" not in answer.json["error"]
    assert [message for message in caplog.messages if f"{len(BAD[name])} bytes was refused" in message]
    assert "Traceback" not in answer.text
    good = client.post("/api/read", data=PICTURE.read_bytes(), content_type="image/jpeg")
    assert good.json["number"] == "427"


def test_a_polyglot_is_a_picture_and_nothing_else(browser):
    """Scripts in its comment, behind its end and in its name arrive nowhere."""
    content = io.BytesIO()
    with Image.open(PICTURE) as picture:
        exif = picture.getexif()
        exif[0x010E] = "<script>alert('exif')</script>"
        picture.resize((820, 616)).save(content, "JPEG", exif=exif, comment="<script>alert('comment')</script>")
    name = "../../<script>alert('name')</script>.jpg"
    file = io.BytesIO(content.getvalue() + b"<html><script>alert('tail')</script>")
    answer = browser.send("/try", image=(file, name))
    assert answer.status_code == 200
    assert "alert(" not in answer.text
    file = io.BytesIO(content.getvalue())
    read = browser.client.post("/api/read", data={"image": (file, "../../etc/passwd")})
    assert read.json["path"] == "passwd"


def test_too_many_bytes_are_refused(client):
    """Before they are looked at."""
    answer = client.post("/api/read", data=bytes(20_000_001), content_type="image/jpeg")
    assert answer.status_code == 413


@pytest.mark.parametrize("path", WITHOUT_FORM)
def test_a_form_without_its_token_does_nothing(client, box, path):
    """Also with that of somebody else."""
    for data in ({}, {"csrf_token": "IjAi.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"}):
        assert client.post(path, data=data).status_code == 400
    assert box.asked == []


def test_a_form_of_another_browser_does_nothing(app, browser, box):
    """A token belongs to the session it was made for."""
    other = app.test_client()
    stolen = browser.client.get("/live").text.split('name="csrf_token" value="')[1].partition('"')[0]
    assert other.post("/do", data={"csrf_token": stolen, "command": "read"}).status_code == 400
    assert box.asked == []


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_site_can_send_nothing(client, headers):
    """Not even to the interface for programs."""
    answer = client.post("/api/read", data=PICTURE.read_bytes(), content_type="image/jpeg", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "192.168.1.2"])
def test_another_name_for_us_is_refused(client, host):
    """DNS rebinding lets a site's own name point here."""
    assert client.get("/try", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8321", "[::1]:8321"])
def test_our_own_names_are_known(client, host):
    """With a port or without."""
    assert client.get("/try", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/templates/try.html", "/.git/config"]
)
def test_no_folder_is_served(client, path):
    """Nor anything outside static/."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/try", "/static/console.css", "/api/status", "/nothing", "/history.csv"])
def test_every_answer_has_its_headers(client, path):
    """No script but our own, no frame, no guessing of types."""
    with client.get(path) as answer:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_no_page_holds_a_script_of_its_own(client, box):
    """The policy would forbid it."""
    for page in ("/try", "/live", "/practice", "/history", "/status", "/settings"):
        text = client.get(page).text
        assert text.count("<script") == text.count('<script type="module" src="/static/')
        assert " style=" not in text
        assert " onclick" not in text


def test_a_flood_is_refused(client):
    """However slow this machine: it is asked until it refuses."""
    assert client.get("/api/openapi.json").status_code == 200
    assert 429 in (client.get("/api/nothing").status_code for _ in range(1000))


# --- from other machines ----------------------------------------------------------------------------------------------


@pytest.fixture
def token(configuration):
    """What `digitbox console --pair` shows."""
    return Pairing(config.load(configuration).console.folder).new_token()


@pytest.mark.parametrize("page", ["/try", "/live/now", "/history", "/history/8.jpg", "/history.csv", "/settings"])
def test_without_the_token_there_is_only_its_page(exposed, token, page):
    """The rest leads there."""
    answer = exposed.test_client().get(page)
    assert (answer.status_code, answer.location) == (302, "/pair")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_on_this_machine_lets_nobody_in_without_the_token(client, box, name):
    """What it passes on comes from elsewhere."""
    assert client.get("/try").status_code == 200
    assert client.get("/try", headers={name: "10.0.0.7"}).location == "/pair"
    assert client.get("/api/status", headers={name: "10.0.0.7"}).status_code == 401


def test_without_any_token_made_nobody_comes_in(exposed, visitor):
    """An empty file or none accepts nothing."""
    assert visitor.send("/pair", "/pair", token="").status_code == 403
    assert exposed.test_client().get("/api/status", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_token_opens_the_page_and_a_new_one_closes_it(visitor, token, configuration):
    """Whoever typed it stays in until the next one is made."""
    assert visitor.send("/pair", "/pair", token="no").status_code == 403  # noqa: S106 - a wrong one
    assert visitor.client.get("/try").status_code == 302
    assert visitor.send("/pair", "/pair", token=f" {token} ").status_code == 302
    assert visitor.client.get("/try").status_code == 200
    Pairing(config.load(configuration).console.folder).new_token()
    assert visitor.client.get("/try").status_code == 302


def test_an_altered_cookie_opens_nothing(exposed, visitor, token):
    """Its signature no longer fits."""
    visitor.send("/pair", "/pair", token=token)
    cookie = visitor.client.get_cookie("digitbox")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    for changed in (cookie.value[:-2] + "xx", "e30." + cookie.value, ""):
        other = exposed.test_client()
        other.set_cookie("digitbox", changed)
        assert other.get("/try").status_code == 302


def test_guessing_is_slow(visitor, token):
    """Ten at once and one in five seconds after that: on a slow machine it takes more until one has to wait."""
    codes = [visitor.send("/pair", "/pair", token=f"guess {count}").status_code for count in range(30)]
    assert codes[:10] == [403] * 10
    assert 429 in codes


def test_a_program_needs_the_token(exposed, token, box):
    """In its header; what is wrong is 401."""
    client = exposed.test_client()
    assert client.get("/api/status").status_code == 401
    assert client.get("/api/status", headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.get("/api/status", headers={"Authorization": f"Bearer {token}"}).json["mode"] == "idle"


def test_token_and_secret_are_kept_for_the_owner_alone(configuration, token):
    """The token itself is written nowhere."""
    folder = config.load(configuration).console.folder
    secret = Pairing(folder).secret()
    assert secret == Pairing(folder).secret()
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert token.encode() not in path.read_bytes()


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path):
    """A file stands where the folder should."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PairingError, match="cannot be"):
        Pairing(tmp_path / "file").new_token()


def test_a_limit_fills_up_again():
    """By the clock, to the burst and no further; names don't share, and don't pile up."""
    clock = [0.0]
    limit = Limit(2, 0.5, monotonic=lambda: clock[0])
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    assert limit.allows("b")
    clock[0] = 2.0
    assert [limit.allows("a") for _ in range(2)] == [True, False]
    clock[0] = 1000.0
    assert [limit.allows("a") for _ in range(3)] == [True, True, False]
    for name in range(MOST_BUCKETS):
        limit.allows(str(name))
    assert limit.allows("a")
