"""One device's thread: in order, with a limit, and given up when it hangs."""

from __future__ import annotations

import queue
import threading

import pytest

from device.worker import Worker

SOON = 5.0
"""Seconds; only ever waited for in full when a test fails."""


class Bench:
    """A worker with a clock of its own, and what it posts."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.name = f"test {id(self)}"
        self.posted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.worker: Worker[str] = Worker(self.name, self.posted.put, lambda: self.seconds)

    def next(self) -> str:
        """What is posted next."""
        return self.posted.get(timeout=SOON)

    def hang(self, limit_seconds: float = 1.0, result: str | None = "late") -> threading.Event:
        """Submit a call that hangs until the returned event is set; returns once it is under way."""
        begun, let_go = threading.Event(), threading.Event()

        def job() -> str | None:
            begun.set()
            assert let_go.wait(SOON)
            return result

        self.worker.submit(job, limit_seconds=limit_seconds, discard=lambda late: self.posted.put(f"discarded {late}"))
        assert begun.wait(SOON)
        return let_go


@pytest.fixture
def bench():
    """A fresh worker; a thread that hangs dies with the process."""
    return Bench()


def test_jobs_run_in_order_and_their_results_are_posted(bench):
    """One thread, first come first served; None is nothing to post."""
    threads = []
    for word in ("one", None, "two", "three"):

        def job(word: str | None = word) -> str | None:
            threads.append(threading.get_ident())
            return word

        bench.worker.submit(job, limit_seconds=1.0)
    assert [bench.next() for _ in range(3)] == ["one", "two", "three"]
    assert len(set(threads)) == 1
    assert threading.get_ident() not in threads


def test_a_job_is_overdue_at_its_limit_and_not_before(bench):
    """The limit counts from its beginning."""
    assert not bench.worker.busy
    let_go = bench.hang(limit_seconds=2.0)
    assert bench.worker.busy
    bench.seconds = 1.999
    assert not bench.worker.overdue()
    bench.seconds = 2.0
    assert bench.worker.overdue()
    let_go.set()
    assert bench.next() == "late"


def test_waiting_behind_another_job_does_not_count(bench):
    """The second job's time begins when the first has ended."""
    let_go = bench.hang(limit_seconds=10.0, result="first")
    second = threading.Event()
    bench.worker.submit(lambda: "second" if second.wait(SOON) else None, limit_seconds=1.0)
    bench.seconds = 9.0
    assert not bench.worker.overdue()
    let_go.set()
    assert bench.next() == "first"
    assert not bench.worker.overdue()
    second.set()
    assert bench.next() == "second"


def test_an_idle_worker_is_never_overdue(bench):
    """Neither before its first job nor long after the last."""
    bench.seconds = 1e9
    assert not bench.worker.overdue()
    bench.worker.submit(lambda: "done", limit_seconds=1.0)
    assert bench.next() == "done"
    assert bench.worker.finish(SOON)
    bench.seconds = 2e9
    assert not bench.worker.overdue()


def test_a_hung_call_is_given_up_and_the_worker_goes_on(bench):
    """A fresh thread takes what follows; what was queued behind the hang is forgotten."""
    let_go = bench.hang()
    bench.worker.submit(lambda: "forgotten", limit_seconds=1.0)
    bench.worker.abandon()
    assert not bench.worker.busy
    assert bench.worker.stuck == 1
    bench.worker.submit(lambda: "fresh", limit_seconds=1.0)
    assert bench.next() == "fresh"
    let_go.set()
    assert bench.next() == "discarded late"
    bench.worker.submit(lambda: "last", limit_seconds=1.0)
    assert bench.next() == "last"


def test_a_call_that_comes_back_late_frees_its_place(bench):
    """Its thread ends, and so it is stuck no longer."""
    let_gos = []
    for _ in range(3):
        let_gos.append(bench.hang())
        bench.worker.abandon()
    assert bench.worker.stuck == 3
    threads = [thread for thread in threading.enumerate() if thread.name == bench.name]
    for let_go in let_gos:
        let_go.set()
    for thread in threads:
        thread.join(SOON)
    assert bench.worker.stuck == 0


def test_giving_up_when_nothing_runs_is_harmless(bench):
    """The call may have come back between the look and the deed."""
    bench.worker.abandon()
    bench.worker.submit(lambda: "done", limit_seconds=1.0)
    assert bench.next() == "done"
    bench.worker.abandon()
    bench.worker.submit(lambda: "again", limit_seconds=1.0)
    assert bench.next() == "again"


def test_finishing_lets_the_queued_jobs_end(bench):
    """All that was submitted has run when it returns."""
    done = []
    for number in range(5):
        bench.worker.submit(lambda number=number: done.append(number), limit_seconds=1.0)
    assert bench.worker.finish(SOON)
    assert done == [0, 1, 2, 3, 4]
    assert bench.worker.finish(SOON)


def test_finishing_does_not_wait_for_a_hang(bench):
    """False after the limit; the thread is the process's problem and not its caller's."""
    let_go = bench.hang()
    assert not bench.worker.finish(0.01)
    let_go.set()


def test_threads_keep_no_process_alive(bench):
    """A hung device must not hold up the end of the daemon."""
    let_go = bench.hang()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == bench.name)
    assert thread.daemon
    let_go.set()
    assert bench.worker.finish(SOON)
