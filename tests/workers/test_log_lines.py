"""Output of workers becomes log lines of bounded length and number."""

from __future__ import annotations

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.workers.log_lines import LINE_LIMIT, LINES_PER_S, LogLines, relay_to


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def logged() -> list[str]:
    return []


def test_lines_are_put_together_again(logged: list[str]) -> None:
    lines = LogLines(logged.append)
    for part in (b"one\ntw", b"o\r\n\nthr", b"ee"):
        lines.feed(part)
    lines.close()
    assert logged == ["one", "two", "three"]
    assert list(lines.last) == ["one", "two", "three"]


def test_a_progress_bar_is_lines(logged: list[str]) -> None:
    LogLines(logged.append).feed(b"10%\r20%\r")
    assert logged == ["10%", "20%"]


def test_bytes_that_are_no_text_are_replaced(logged: list[str]) -> None:
    LogLines(logged.append).feed(b"\xff\xfe!\n")
    assert logged == ["\ufffd\ufffd!"]


@given(st.lists(st.integers(1, 5_000), max_size=20))
def test_a_line_without_end_takes_no_memory(sizes: list[int]) -> None:
    logged: list[str] = []
    lines = LogLines(logged.append)
    for size in sizes:
        lines.feed(b"x" * size)
    lines.close()
    assert all(len(line) <= LINE_LIMIT + 1 for line in logged)
    assert len(logged) == min(1, len(sizes))


def test_a_flood_is_cut_and_counted(logged: list[str]) -> None:
    clock = Clock()
    lines = LogLines(logged.append, clock)
    lines.feed(b"x\n" * (LINES_PER_S + 1_234))
    assert logged == ["x"] * LINES_PER_S
    clock.now += 1
    lines.feed(b"y\n")
    assert logged[LINES_PER_S:] == ["(1,234 more lines were left out)", "y"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("WARNING engine.models: it is big", "WARNING worker cpu engine.models: it is big"),
        ("ERROR my_pack: 100% of it: %s", "ERROR worker cpu my_pack: 100% of it: %s"),
        ("10%|#### | 1/10", "INFO worker cpu: 10%|#### | 1/10"),
        ("ERROR without an origin", "INFO worker cpu: ERROR without an origin"),
    ],
)
def test_a_line_of_a_workers_log_keeps_its_level_and_origin(line: str, shown: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.Logger("tests")
    logger.addHandler(handler)
    relay_to(logger, "cpu")(line)
    assert stream.getvalue() == shown + "\n"


def test_names_that_packs_choose_make_no_loggers() -> None:
    relay = relay_to(logging.getLogger("tests"), "cpu")
    before = len(logging.Logger.manager.loggerDict)
    for number in range(100):
        relay(f"INFO chosen{number}: x")
    assert len(logging.Logger.manager.loggerDict) == before
