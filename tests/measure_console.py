"""How long the page takes from an upload to the answer, and the daemon's loop while fifty clients flood the page.

    python tests/measure_console.py SOCKET http://127.0.0.1:8321

A photograph of two megapixels is read in this process and by the page in turn, so that whatever else the machine does
slows both; what is more than one is the page's own. On a busy machine `chrt --fifo 1`, before this program and before
`digitbox console`, keeps others out of the times: they wait then. SOCKET is the daemon's, daemon.sock. Its loop answers
`status` as it takes a press, one event after the other: the time for one is the time for the other. In milliseconds.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from device import compose, config, images
from device.daemon_client import DaemonClient
from device.protocol import StatusAsked

CLIENTS = 50
SECONDS = 10.0
"""Asked for so long, twenty times a second."""

PAGES = ("/try", "/status", "/live/now", "/history", "/practice/now")

UPLOADS = 40
"""Of each kind; four each second are within what one address may have read."""


def main(path: Path, address: str) -> None:
    """Uploads, then the loop without the flood and with it."""
    uploads(address)
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


def uploads(address: str) -> None:
    """A picture read here, by the interface for programs and by the form, in turn."""
    reader = compose.reader(config.load())
    reader.open()
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.jpg"
        with Image.open(compose.PACKAGE / "pictures" / "05-427.jpg") as whole:
            whole.resize((1632, 1224)).save(picture, quality=90)
        content = picture.read_bytes()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(f"{address}/try", timeout=60) as page:
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
        assert token is not None
        fields = f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n--x\r\n'
        head = 'Content-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        form = f"{fields}{head}".encode() + content + b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x", "X-Fragment": "1"}
        program = urllib.request.Request(f"{address}/api/read", content, {"Content-Type": "image/jpeg"})  # noqa: S310
        upload = urllib.request.Request(f"{address}/try", form, headers)  # noqa: S310 - ours
        ways: dict[str, Callable[[], object]] = {
            "in this process": lambda: reader.read([images.load(picture)]),
            "by the interface": lambda: urllib.request.urlopen(program, timeout=60).read(),  # noqa: S310 - ours
            "by the form": lambda: browser.open(upload, timeout=60).read(),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(UPLOADS + 1):
            for way, work in ways.items():
                begin = time.perf_counter()
                work()
                times[way].append(1000 * (time.perf_counter() - begin))
            time.sleep(0.5)
    for way, found in times.items():
        known = found[1:]  # the first starts a process
        ratio = statistics.median(one / here for one, here in zip(known, times["in this process"][1:], strict=True))
        middle, most = statistics.median(known), sorted(known)[-len(known) // 20]
        print(f"{way}: median {middle:.0f} ms, fastest {min(known):.0f}, 95 % {most:.0f}; {ratio:.2f} times as here")


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
