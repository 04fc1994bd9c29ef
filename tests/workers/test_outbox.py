"""The outbox: all ordered messages, the newest of the others, never more than fits."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from engine.workers.frames import server_decoder
from engine.workers.outbox import LINGER_S, Outbox
from engine.workers.wire import Failed, FromWorker, JobMessage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(clock: Clock) -> Outbox:
    return Outbox(clock=clock)


def texts(outbox: Outbox) -> list[str]:
    messages = server_decoder().feed(outbox.take(0))
    return [message.error for message in messages if isinstance(message, Failed)]


def saying(text: str) -> list[FromWorker]:
    return [Failed(error=text)]


def test_messages_leave_in_order(outbox: Outbox) -> None:
    for text in "abc":
        outbox.put(Failed(error=text))
    assert texts(outbox) == ["a", "b", "c"]
    assert texts(outbox) == []


def test_the_newest_offer_replaces_the_one_before(outbox: Outbox) -> None:
    outbox.offer("progress", lambda: saying("1"), 1)
    outbox.offer("progress", lambda: saying("2"), 1)
    outbox.offer("other", lambda: saying("x"), 1)
    assert texts(outbox) == ["2", "x"]


def test_an_offer_waits_for_its_interval(outbox: Outbox, clock: Clock) -> None:
    outbox.offer("progress", lambda: saying("1"), 1)
    assert texts(outbox) == ["1"]
    outbox.offer("progress", lambda: saying("2"), 1)
    clock.now += 0.5
    assert texts(outbox) == []
    outbox.offer("progress", lambda: saying("3"), 1)
    clock.now += 0.5
    assert texts(outbox) == ["3"]


def test_what_is_discarded_is_never_made(outbox: Outbox) -> None:
    def make() -> Sequence[FromWorker]:
        raise AssertionError("a picture nobody sees was drawn")

    outbox.offer("preview", make, 1)
    outbox.discard("preview")
    outbox.discard("preview")
    assert texts(outbox) == []


def test_a_flushed_offer_keeps_its_place(outbox: Outbox) -> None:
    outbox.put(Failed(error="a"))
    outbox.offer("progress", lambda: saying("1"), 1)
    outbox.flush("progress")
    outbox.put(Failed(error="b"))
    assert texts(outbox) == ["a", "1", "b"]


def test_a_full_outbox_makes_the_sender_wait_and_loses_nothing() -> None:
    outbox = Outbox(limit_bytes=200)
    count = 100

    def produce() -> None:
        for number in range(count):
            outbox.put(Failed(error=str(number)))

    producer = threading.Thread(target=produce)
    producer.start()
    received: list[str] = []
    largest = 0
    while len(received) < count:
        data = outbox.take(1)
        largest = max(largest, len(data))
        received += [m.error for m in server_decoder().feed(data) if isinstance(m, Failed)]
        outbox.sent()
    producer.join()
    assert received == [str(number) for number in range(count)]
    assert largest < 300


def test_what_a_job_tells_waits_a_moment_for_company(outbox: Outbox, clock: Clock) -> None:
    told = JobMessage(job_id="a", kind="executing", data=b"{}")
    outbox.put(told)
    assert outbox.take(0) != b""  # an empty wait takes what is there
    outbox.put(told)
    clock.now += LINGER_S
    outbox.put(Failed(error="now"))
    assert len(server_decoder().feed(outbox.take(60))) == 2


def test_draining_waits_until_all_is_sent(outbox: Outbox) -> None:
    outbox.put(Failed(error="a"))
    assert not outbox.drain(0)
    outbox.take(0)
    assert not outbox.drain(0)
    outbox.sent()
    assert outbox.drain(0)
