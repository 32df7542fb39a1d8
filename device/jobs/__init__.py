"""What the daemon has the workers of its devices do: to read, to say, to listen, to keep."""

from __future__ import annotations

from dataclasses import dataclass

from device.jobs.listening import ListeningJobs
from device.jobs.reading import ReadingJobs
from device.jobs.records import RecordJobs
from device.jobs.speech import SpeechJobs


@dataclass(frozen=True, slots=True)
class Jobs:
    """All of them."""

    reading: ReadingJobs
    speech: SpeechJobs
    listening: ListeningJobs
    records: RecordJobs
