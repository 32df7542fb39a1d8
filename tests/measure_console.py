"""How long the daemon's loop takes to answer while fifty clients flood the page.

    python tests/measure_console.py SOCKET http://127.0.0.1:8321

SOCKET is the daemon's, daemon.sock. Its loop answers `status` as it takes a press, one event after the other: the time
for one is the time for the other. Prints medians and the worst, in milliseconds, and how the flood was answered.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from device.daemon_client import DaemonClient
from device.protocol import StatusAsked

CLIENTS = 50
SECONDS = 10.0
"""Asked for so long, twenty times a second."""

PAGES = ("/try", "/status", "/live/now", "/history", "/practice/now")


def main(path: Path, address: str) -> None:
    """Without the flood, then with it."""
    client = DaemonClient(path)
    print(f"quiet:   {measured(client)}")
    over = threading.Event()
    answers: Counter[str] = Counter()
    threads = [threading.Thread(target=flood, args=(address, over, answers)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while sum(answers.values()) < CLIENTS:
        over.wait(0.05)
    print(f"flooded: {measured(client)}")
    over.set()
    for thread in threads:
        thread.join()
    print(f"{sum(answers.values())} answers: {dict(answers)}")


def measured(client: DaemonClient) -> str:
    """Times of so many requests."""
    times = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(0.05)
        begin = time.perf_counter()
        client.ask(StatusAsked())
        times.append(1000 * (time.perf_counter() - begin))
    return (
        f"median {statistics.median(times):.2f} ms, 95 % {sorted(times)[-len(times) // 20]:.2f}, worst {max(times):.2f}"
    )


def flood(address: str, over: threading.Event, answers: Counter[str]) -> None:
    """Ask for page after page."""
    number = 0
    while not over.is_set():
        try:
            with urllib.request.urlopen(address + PAGES[number % len(PAGES)], timeout=60) as answer:  # noqa: S310 - ours
                answer.read()
                answers[str(answer.status)] += 1
        except urllib.error.HTTPError as error:
            error.close()
            answers[str(error.code)] += 1
        except OSError:
            answers["no answer"] += 1
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
