"""What the pages show and do, with the box, and without it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from device import config
from device.console import texts
from device.console.card import Bin, Figures, decades, figures, level
from device.protocol import (
    CommandAsked,
    CorrectAsked,
    DeleteAsked,
    HistoryAsked,
    PictureAsked,
    PreferencesAsked,
    SayAsked,
)
from device.situation import Mode

PICTURE = Path(__file__).parents[2] / "device" / "pictures" / "05-427.jpg"
PAGES = ("/try", "/live", "/live/now", "/practice", "/practice/now", "/history", "/status", "/settings")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_with_the_box(client, box, page):
    """Each shows no mistake, and one heading of the first order unless it is a part of a page."""
    answer = client.get(page)
    assert answer.status_code == 200
    assert "note error" not in answer.text
    assert answer.text.count("<h1>") == (0 if page.endswith("/now") else 1)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_the_box(client, page):
    """It says that the box is not running and how to start it, where the box is needed."""
    answer = client.get(page)
    assert answer.status_code == 200
    assert ("systemctl start digitbox" in answer.text) == (page not in ("/try", "/live"))


def test_an_upload_is_read(browser):
    """The sentence, a box and ten likelihoods for each digit, and what the network saw."""
    answer = browser.send("/try", image=(io.BytesIO(PICTURE.read_bytes()), "427.jpg"))
    assert answer.status_code == 200
    assert "four, two, seven." in answer.text
    assert answer.text.count('class="box"') == 3
    assert answer.text.count('scope="row"') == 30
    assert answer.text.count("data:image/png;base64,") == 3


def test_the_box_says_an_answer(browser, box):
    """What stands in the form of an answer is what it is asked to say; the page stays."""
    text = browser.send("/try", image=(io.BytesIO(PICTURE.read_bytes()), "427.jpg")).text
    fields = dict(re.findall(r'<input type="hidden" name="(status|number|advice)" value="([^"]*)"', text))
    assert browser.send("/say", **fields).status_code == 204
    assert box.asked == [SayAsked("ok", "427")]
    browser.send("/say", status="unsure", number="42 7", doubtful="2", second="7")
    assert box.asked[-1] == SayAsked("unsure", "42 7", "", 2, 7)


def test_a_box_that_does_not_say_it_says_why(browser, box):
    """On the next page, or to the script that asked; nothing but an answer reaches it."""
    box.answers["SayAsked"] = {"obeyed": False}
    assert browser.send("/say", status="ok", number="7").location == "/try"
    assert "The box is busy" in browser.client.get("/try").text
    box.answers["SayAsked"] = {"error": "the box is muted; hold the button once"}
    browser.client.environ_base["HTTP_X_FRAGMENT"] = "1"
    answer = browser.send("/say", status="ok", number="7")
    assert (answer.status_code, answer.text) == (409, "the box is muted; hold the button once")
    asked = len(box.asked)
    assert browser.send("/say", status="ok", number="buy stocks").status_code == 409
    assert len(box.asked) == asked


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_each_format_is_read(client, kind):
    """By the interface for programs, as a form's field and as the whole body."""
    content = io.BytesIO()
    with Image.open(PICTURE) as picture:
        picture.convert("L").resize((760, 571)).save(content, kind)  # below what the client spools
    form = client.post("/api/read", data={"image": (io.BytesIO(content.getvalue()), f"a.{kind}")})
    body = client.post("/api/read", data=content.getvalue(), content_type=f"image/{kind.lower()}")
    assert (form.json["number"], form.json["path"]) == ("427", f"a.{kind}")
    assert body.json["digits"] == form.json["digits"]
    assert [len(digit["scores"]) for digit in form.json["digits"]] == [10, 10, 10]


def test_the_box_of_an_upload_counts_pixels_of_the_upright_picture(browser):
    """The drawing over the picture has that picture's size."""
    answer = browser.send("/try", image=(io.BytesIO(PICTURE.read_bytes()), "427.jpg"))
    with Image.open(PICTURE) as picture:
        assert f'viewBox="0 0 {picture.width} {picture.height}"' in answer.text


def test_nothing_is_uploaded(browser):
    """The page says what to do."""
    answer = browser.send("/try")
    assert answer.status_code == 400
    assert "Choose a picture first." in answer.text


def test_live_shows_boxes_answer_and_advice(client, box):
    """A doubtful digit is marked as one."""
    text = client.get("/live/now").text
    assert re.search(r'<rect x="10" y="20" width="30" height="40" class="box unsure"/>', text)
    assert "It is too dark" in text or "dark" in text
    assert "data:image/jpeg;base64,/9ggYSBwaWN0dXJl" in text


def test_practice_shows_digit_and_stars(client, box):
    """One of two right, of five."""
    text = client.get("/practice/now").text
    assert '<strong class="big">7</strong>' in text
    assert (text.count("★"), text.count("☆")) == (1, 4)


@pytest.mark.parametrize(("page", "place"), [("practice", "/practice"), ("", "/live")])
def test_a_button_commands_the_box(browser, box, page, place):
    """And leads back to its page."""
    answer = browser.send("/do", "/live", command="read", page=page)
    assert (answer.status_code, answer.location) == (302, place)
    assert CommandAsked("read") in box.asked


def test_a_box_that_is_busy_says_so(browser, box):
    """The next page tells it."""
    box.answers["CommandAsked"] = {"obeyed": False}
    browser.send("/do", "/live", command="read")
    assert "The box is busy" in browser.client.get("/live").text


def test_what_is_asked_about_is_no_button(browser, box):
    """Switching off, muting and forgetting are not taken from a form."""
    for command in ("shut_down", "mute", "forget", ""):
        assert browser.send("/do", "/live", command=command).status_code == 400
    assert not [asked for asked in box.asked if isinstance(asked, CommandAsked)]


def test_history_is_shown_and_searched(client, box):
    """With what was corrected, with pictures, by digits alone."""
    text = client.get("/history?number=4a2&before=9").text
    assert HistoryAsked(50, 9, "42") in box.asked
    assert "<ins>17</ins>" in text
    assert '<img class="crop" src="/history/8.jpg"' in text
    assert client.get("/history/8.jpg").data.startswith(b"\xff\xd8")
    assert PictureAsked(8) in box.asked


def test_a_reading_is_corrected_and_deleted(browser, box):
    """Spaces are put right; what is no number is refused by the box and said."""
    browser.send("/history/correct", "/history", id=8, number=" 4  3 ")
    browser.send("/history/delete", "/history", id=7)
    assert CorrectAsked(8, "4 3") in box.asked
    assert DeleteAsked(7) in box.asked
    browser.send("/history/correct", "/history", id=8, number="x")
    assert "number holds 1 to 100 digits" in browser.client.get("/history").text


def test_all_is_deleted_only_with_the_box_ticked(browser, box):
    """The form alone does nothing."""
    browser.send("/history/delete", "/history")
    assert not [asked for asked in box.asked if isinstance(asked, DeleteAsked)]
    browser.send("/history/delete", "/history", sure="yes")
    assert DeleteAsked(None) in box.asked


def test_history_is_exported(client, box):
    """As `digitbox history --export` writes it, without what is not of it."""
    answer = client.get("/history.csv")
    assert answer.mimetype == "text/csv"
    assert answer.text.splitlines()[:2] == ["id,time,number,status,corrected", "8,2026-01-02T03:04:05+00:00,42,ok,"]


def test_history_is_exported_with_its_pictures(client, box):
    """A ZIP of the table and of what was kept; what was not kept is left out."""
    with client.get("/history.zip") as answer, zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["history.csv", "8.jpg", "7.jpg"]
        assert archive.read("8.jpg").startswith(b"\xff\xd8")
        assert archive.read("history.csv").decode().splitlines()[1].startswith("8,")
    box.answers["PictureAsked"] = {"error": "none was kept"}
    with client.get("/history.zip") as answer, zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["history.csv"]


def test_status_says_what_is_wrong(client, box):
    """The faults in words, the card's figures."""
    text = client.get("/status").text
    assert "The camera does not answer" in text
    assert "3.0 GB" in text
    assert "a &lt;b&gt;loss&lt;/b&gt;" in text
    assert re.search(r"warning</strong> <span[^>]*>\(3 times\)</span>: camera: no answer", text)


def test_what_it_does_is_said_in_words(client, box):
    """Each mode there is, in the page's language; one of a newer daemon as it is called there."""
    for language in texts.languages():
        assert {f"mode.{mode.value}" for mode in Mode} <= texts.load(language).sentences.keys()
    assert "nothing: waiting for a press" in client.get("/status").text
    box.answers["StatusAsked"] = {**box.answers["StatusAsked"], "mode": "flying"}
    assert "<dd>flying</dd>" in client.get("/status").text


def test_the_models_figures_are_drawn(client, box, app):
    """A reach and a cell a digit for each set, as the card beside the second model has them of both."""
    path = app.extensions["digitbox"].config.model.path.with_suffix(".json")
    card = json.loads(path.read_text(encoding="utf-8"))
    card = json.loads(path.with_name(card["second"]["file"]).with_suffix(".json").read_text(encoding="utf-8"))
    text = client.get("/status").text
    for name in card["accuracy"]:
        assert text.count(f'<th scope="row">{name}</th>') == 2
    assert text.count('<svg class="range"') == len(card["accuracy"])
    bins = [row for found in card["accuracy"].values() for row in found["reliability"]]
    assert len(bins) > 9 * 14
    assert text.count('r="2.5"/>') == text.count("<tr><td>") == len(bins)
    assert len(re.findall(r'<td class="level[0-5]">|<td>-</td>', text)) >= 10 * len(card["accuracy"])


def test_a_card_may_lack_anything():
    """What is missing or nonsense is left out; nothing is drawn outside its axis."""
    for card in (
        {},
        {"accuracy": 1, "corruptions": [], "negatives": {"all": "x"}},
        {"accuracy": {"a": {"accuracy": 7}}},
    ):
        assert figures(card) == Figures((), 0.98, (), ())
    one = {"accuracy": 0.85, "interval": [0.82, 7], "per_class": {"3": {"accuracy": 0.99}, "4": 1}}
    drawn = figures(
        {"accuracy": {"a": one, "b": {"accuracy": 1}}, "corruptions": {"glass_blur": 0.2, "fog": 0.3, "mean": 0.25}}
    )
    assert [(found.low, found.high, found.count, found.sure_wrong) for found in drawn.sets] == [
        (0.82, 0.85, 0, None),
        (1.0, 1.0, 0, None),
    ]
    assert (drawn.floor, drawn.place(0.85), drawn.place(1.0), drawn.place(0.1)) == (0.8, 25.0, 100.0, 0.0)
    assert [share is not None for share in drawn.sets[0].mistakes] == [digit == 3 for digit in range(10)]
    assert drawn.corruptions == (("fog", 0.3), ("glass blur", 0.2))
    assert [level(share) for share in (0.0, 0.004, 0.005, 0.006, 0.03, 0.3)] == [0, 1, 1, 2, 4, 5]


def test_a_reliability_that_is_none_is_left_out():
    """Rows of another length or with something else than shares, of a card that somebody wrote."""
    rows = [[0.9, 0.8, 10, 0.5, 0.95], [0.9, 0.8, 10], [0.9, 2, 10, 0.5, 0.95], [0.9, 0.8, 1.5, 0.5, 0.95], None, "x"]
    drawn = figures({"accuracy": {"a": {"accuracy": 1, "reliability": rows}, "b": {"accuracy": 1, "reliability": 3}}})
    assert [found.reliability for found in drawn.sets] == [(Bin(0.9, 0.8, 10, 0.5, 0.95),), ()]


def test_powers_of_ten_lie_at_equal_distances():
    """None and less than the axis shows lie at its beginning."""
    assert [decades(share) for share in (0.0, 1e-9, 1e-4, 1e-3, 1e-2, 0.1, 1.0)] == [0, 0, 0, 25, 50, 75, 100]


def test_an_examination_leaves_out_what_the_daemon_holds(browser, box):
    """The page shows what doctor found of model, disk and packages."""
    text = browser.send("/status", "/status").text
    assert "<strong>model</strong>" in text
    assert "<strong>camera</strong>" not in text
    assert "<strong>history</strong>" not in text


@pytest.mark.parametrize("page", ["/status", "/history.zip"])
def test_only_one_examines_or_exports(browser, box, app, page):
    """Whoever comes second is told to come back, and keeps no thread; afterwards it is free again."""
    ask = (lambda: browser.send("/status", "/status")) if page == "/status" else (lambda: browser.client.get(page))
    with app.extensions["digitbox"].long_work, ask() as answer:
        assert answer.status_code == 503
        assert "The box is busy" in answer.text
    with ask() as answer:
        assert answer.status_code == 200
    assert app.extensions["digitbox"].long_work.acquire(blocking=False)


def test_a_setting_is_changed_and_undone(browser, box):
    """All of them go to the box; the ones before come back."""
    wishes = {
        "language": "de",
        "voice": "",
        "words_per_minute": 190,
        "pitch": 50,
        "volume": 70,
        "number_style": "number",
    }
    assert browser.send("/settings", "/settings", **wishes).status_code == 302
    assert "Undo the last change" in browser.client.get("/settings").text
    browser.send("/settings/undo", "/settings")
    asked = [request for request in box.asked if isinstance(request, PreferencesAsked)]
    assert asked == [PreferencesAsked(wishes), PreferencesAsked(box.answers["StatusAsked"]["preferences"])]


@pytest.mark.parametrize("volume", ["", "loud", "1e3", "-5", "٣", "9" * 30])
def test_a_wrong_setting_is_refused(browser, box, volume):
    """Nothing reaches the box, and what was typed is still there."""
    answer = browser.send("/settings", "/settings", volume=volume)
    assert answer.status_code == 400
    assert "is not a whole number" in answer.text
    assert not [asked for asked in box.asked if isinstance(asked, PreferencesAsked)]


def test_a_setting_out_of_range_is_said_in_the_boxs_words(browser, box):
    """The box has the last word."""
    box.answers["PreferencesAsked"] = {"error": "volume = 201 is outside 0..200"}
    answer = browser.send("/settings", "/settings", volume=201)
    assert answer.status_code == 400
    assert "volume = 201 is outside 0..200" in answer.text
    assert 'value="201"' in answer.text


def test_the_interface_for_programs_is_described(client, box):
    """Each path of the description exists, and the answers have the fields that it requires."""
    described = client.get("/api/openapi.json").json
    for path, methods in described["paths"].items():
        for method in methods:
            assert client.open(f"/api{path}", method=method.upper()).status_code != 404
    reading = client.post("/api/read", data=PICTURE.read_bytes(), content_type="image/jpeg").json
    schemas = described["components"]["schemas"]
    assert set(schemas["Reading"]["required"]) == set(reading)
    assert set(schemas["Digit"]["required"]) == set(reading["digits"][0])
    assert client.get("/api/status").json["mode"] == "idle"


def test_the_configuration_is_shown_and_has_no_form(client, box, configuration):
    """All of what is in force."""
    text = client.get("/settings").text
    assert "[console]" in text
    assert str(config.load(configuration).daemon.runtime) in text
