"""What is told over MQTT: topics, contents, and descriptions as Home Assistant takes them."""

from __future__ import annotations

import json
import re

import jinja2
import pytest

from device.home_assistant import Message, Topics
from device.situation import Mode

TOPICS = Topics("digitbox", "homeassistant", "kitchen-12ab34")
READING = {
    "status": "unsure",
    "number": "42",
    "digits": [
        {"digit": 4, "confidence": 0.9, "box": [1, 2, 3, 4]},
        {"digit": 2, "confidence": 0.6, "box": [5, 6, 7, 8]},
    ],
    "advice": ["too_dark"],
    "elapsed_ms": 12.0,
}


def test_a_reading_is_told_once_and_not_kept():
    """With the moment and the confidence of the least sure digit."""
    message = TOPICS.reading(READING, time="2026-01-02T03:04:05+00:00")
    assert (message.topic, message.retained) == ("digitbox/kitchen-12ab34/reading", False)
    assert json.loads(message.content) == {
        "time": "2026-01-02T03:04:05+00:00",
        "status": "unsure",
        "number": "42",
        "advice": ["too_dark"],
        "confidence": 0.6,
    }
    nothing = TOPICS.reading({**READING, "digits": [], "number": ""}, time="")
    assert json.loads(nothing.content)["confidence"] is None


def test_of_the_status_only_what_concerns_others_is_told():
    """Neither the address nor what was read last."""
    message = TOPICS.status({"mode": "idle", "faults": [], "readings": 3, "version": "1", "last": {}, "address": "x"})
    assert json.loads(message.content) == {"mode": "idle", "faults": [], "readings": 3, "version": "1"}
    assert message.retained


def test_availability_is_what_home_assistant_expects():
    """Its own words for it, kept by the broker."""
    assert TOPICS.availability(online=True) == Message("digitbox/kitchen-12ab34/availability", "online")
    assert TOPICS.availability(online=False).content == "offline"


def test_each_description_is_one_that_home_assistant_takes():
    """Its own topic and identity each, the same device, and topics that are published."""
    described = list(TOPICS.descriptions(name="digitbox kitchen", version="1.2.3"))
    assert len({message.topic for message in described}) == len(described) == 4
    contents = [json.loads(message.content) for message in described]
    assert len({content["unique_id"] for content in contents}) == 4
    published = {TOPICS.of(name) for name in ("availability", "status", "reading")}
    for message, content in zip(described, contents, strict=True):
        # integrations/mqtt, "Discovery topic": <discovery_prefix>/<component>/[<node_id>/]<object_id>/config
        assert re.fullmatch(r"homeassistant/(binary_)?sensor/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config", message.topic)
        assert message.retained
        assert {content["state_topic"], content["availability_topic"]} <= published
        assert content["device"]["identifiers"] == ["digitbox_kitchen-12ab34"]
        assert content["origin"] == {"name": "digitbox", "sw_version": "1.2.3"}
        assert not [key for key in content if "command" in key]


def test_the_templates_find_the_states():
    """Jinja's, as Home Assistant's are: the number, or why there is none, and never more than a state may have."""
    templates = {
        message.topic.split("/")[3]: jinja2.Template(json.loads(message.content)["value_template"])
        for message in TOPICS.descriptions(name="", version="")
    }
    status = {"mode": "idle", "faults": ["camera"], "readings": 3}
    assert templates["mode"].render(value_json=status) == "idle"
    assert templates["readings"].render(value_json=status) == "3"
    assert templates["trouble"].render(value_json=status) == "ON"
    assert templates["trouble"].render(value_json={**status, "faults": []}) == "OFF"
    assert templates["reading"].render(value_json={"number": "42 7", "status": "ok"}) == "42 7"
    assert templates["reading"].render(value_json={"number": "", "status": "nothing"}) == "nothing"
    assert len(templates["reading"].render(value_json={"number": "7" * 900, "status": "ok"})) == 255


def test_every_mode_is_one_of_the_described_ones():
    """Home Assistant complains of a state that is no option."""
    mode = next(message for message in TOPICS.descriptions(name="", version="") if "/mode/" in message.topic)
    assert json.loads(mode.content)["options"] == [mode.value for mode in Mode]


@pytest.mark.parametrize("discovery", [""])
def test_nothing_is_described_where_nobody_asks(discovery):
    """For homes without Home Assistant."""
    assert list(Topics("digitbox", discovery, "x").descriptions(name="", version="")) == []
