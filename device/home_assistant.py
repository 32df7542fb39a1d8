"""What is told over MQTT, and how Home Assistant finds it by itself; pure.

| topic | what | retained |
|---|---|---|
| TOPIC/ID/availability | "online" while box and broker can be reached, else "offline"; the last will too | yes |
| TOPIC/ID/status | JSON: mode, faults, readings, version | yes |
| TOPIC/ID/reading | JSON: time, status, number, confidence of the least sure digit, advice | no |
| DISCOVERY/KIND/ID/NAME/config | Home Assistant's description of each (integrations/mqtt, "MQTT discovery") | yes |

A reading is not retained: what was read is nobody's business but of those who listen when it is said, and an automation
must not act on it anew after each restart of the broker. One description an entity, rather than one for the whole
device, is understood by every Home Assistant since 2021.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from device.situation import Mode

ONLINE, OFFLINE = "online", "offline"

MOST_STATE = 255
"""Characters of a state that Home Assistant takes; a longer one is refused."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish.

    Attributes:
        topic: Where.
        content: What, as text.
        retained: Whether the broker keeps it for those who come later.
    """

    topic: str
    content: str
    retained: bool = True


@dataclass(frozen=True, slots=True)
class Topics:
    """Where the messages of one box go.

    Attributes:
        base: The configured topic.
        discovery: Where Home Assistant looks for descriptions; empty for none.
        box: Tells this box from others, of letters, figures and hyphens.
    """

    base: str
    discovery: str
    box: str

    def of(self, name: str) -> str:
        """The topic of this name."""
        return f"{self.base}/{self.box}/{name}"

    def availability(self, *, online: bool) -> Message:
        """Whether the box can be reached."""
        return Message(self.of("availability"), ONLINE if online else OFFLINE)

    def status(self, status: Mapping[str, Any]) -> Message:
        """How the box is: of the daemon's answer what concerns others."""
        told = {name: status.get(name) for name in ("mode", "faults", "readings", "version")}
        return Message(self.of("status"), json.dumps(told))

    def reading(self, reading: Mapping[str, Any], *, time: str) -> Message:
        """What was read, as `read --json` has it, and when (ISO 8601)."""
        confidence = min((digit["confidence"] for digit in reading["digits"]), default=None)
        told = {name: reading[name] for name in ("status", "number", "advice")}
        return Message(self.of("reading"), json.dumps({"time": time, **told, "confidence": confidence}), retained=False)

    def descriptions(self, *, name: str, version: str) -> Iterator[Message]:
        """What Home Assistant needs to know of each entity.

        Args:
            name: Of the box, for people.
            version: Of digitbox.
        """
        if not self.discovery:
            return
        shared = {
            "availability_topic": self.of("availability"),
            "device": {
                "identifiers": [f"digitbox_{self.box}"],
                "name": name,
                "manufacturer": "digitbox",
                "model": "Reader of handwritten digits",
                "sw_version": version,
            },
            "origin": {"name": "digitbox", "sw_version": version},
            "qos": 1,
        }
        for kind, entity, own in self._entities():
            content = {"unique_id": f"digitbox_{self.box}_{entity}", **own, **shared}
            yield Message(f"{self.discovery}/{kind}/{self.box}/{entity}/config", json.dumps(content))

    def _entities(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        reading, status = self.of("reading"), self.of("status")
        yield (
            "sensor",
            "reading",
            {
                "name": "Reading",
                "icon": "mdi:numeric",
                "state_topic": reading,
                "json_attributes_topic": reading,
                "value_template": f"{{{{ (value_json.number or value_json.status)[:{MOST_STATE}] }}}}",
                "force_update": True,  # the same number read twice is two readings
            },
        )
        yield (
            "sensor",
            "mode",
            {
                "name": "Mode",
                "state_topic": status,
                "value_template": "{{ value_json.mode }}",
                "device_class": "enum",
                "options": [mode.value for mode in Mode],
                "entity_category": "diagnostic",
            },
        )
        yield (
            "sensor",
            "readings",
            {
                "name": "Readings since the start",
                "state_topic": status,
                "value_template": "{{ value_json.readings }}",
                "state_class": "total_increasing",
                "entity_category": "diagnostic",
            },
        )
        yield (
            "binary_sensor",
            "trouble",
            {
                "name": "Trouble",
                "state_topic": status,
                "json_attributes_topic": status,
                "value_template": "{{ 'ON' if value_json.faults else 'OFF' }}",
                "device_class": "problem",
                "entity_category": "diagnostic",
            },
        )
