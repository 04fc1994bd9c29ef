"""Events of a run become the messages of contract §3.1."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.execution.events import (
    Event,
    NodeBlocked,
    NodeFailed,
    NodeFinished,
    NodeIds,
    NodePreview,
    NodeProgress,
    NodesCached,
    NodeStarted,
    RunFinished,
    RunInterrupted,
    RunStarted,
)
from engine.types import Preview
from engine.workers.frames import server_decoder
from engine.workers.outbox import Outbox
from engine.workers.payload import UnshowableError
from engine.workers.previews import draw_preview, previews_wanted
from engine.workers.reporter import JobReporter
from engine.workers.wire import FromWorker, JobMessage, JobOutput, JobPreview

IDS = NodeIds("7", "7", None, "7")
INNER = NodeIds("7.0.0.1", "7", "7", "7")


class Told:
    """A reporter, and what it has sent."""

    def __init__(self) -> None:
        self.outbox = Outbox(clock=lambda: self.now)
        self.reporter = JobReporter("job", self.outbox)
        self.now = 0.0

    def show(self, *events: Event) -> list[FromWorker]:
        for event in events:
            self.reporter.show(event)
        self.now += 10
        return server_decoder().feed(self.outbox.take(0))

    def only(self, kind: str, *events: Event) -> dict[str, Any]:
        (data,) = [
            json.loads(message.data)
            for message in self.show(*events)
            if isinstance(message, JobMessage) and message.kind == kind
        ]
        return dict(data)


@pytest.fixture
def told() -> Told:
    return Told()


def kinds(messages: list[FromWorker]) -> list[str]:
    return [m.kind if isinstance(m, JobMessage) else type(m).__name__ for m in messages]


def failed(ids: NodeIds, error: Exception) -> NodeFailed:
    return NodeFailed(ids, "Paint", error, ("frame",), {"text": ["x"]}, ("1",))


def preview(size: tuple[int, int] = (64, 32)) -> Preview:
    return Preview(lambda: Image.new("RGBA", size, "red"))


def test_start_and_cached_nodes_are_kept_in_history(told: Told) -> None:
    messages = told.show(RunStarted("job"), NodesCached(("1", "2")))
    assert kinds(messages) == ["execution_start", "execution_cached"]
    assert all(isinstance(m, JobMessage) and m.keep for m in messages)
    cached = messages[1]
    assert isinstance(cached, JobMessage)
    assert json.loads(cached.data)["nodes"] == ["1", "2"]


def test_a_node_inside_another_is_told_with_its_place(told: Told) -> None:
    assert told.only("executing", NodeStarted(INNER, "Paint")) == {
        "node": "7.0.0.1",
        "display_node": "7",
        "prompt_id": "job",
    }
    messages = told.show(NodeFinished(INNER, {"images": []}, 1.0, cached=False))
    output = next(m for m in messages if isinstance(m, JobOutput))
    assert json.loads(output.meta) == {
        "node_id": "7.0.0.1",
        "display_node": "7",
        "parent_node": "7",
        "real_node_id": "7",
    }


def test_changes_of_many_nodes_leave_as_one_message(told: Told) -> None:
    events: list[Event] = []
    for number in range(50):
        ids = NodeIds(str(number), str(number), None, str(number))
        events += [NodeStarted(ids, "Paint"), NodeFinished(ids, None, 0.0, cached=False)]
    state = told.only("progress_state", *events)
    assert len(state["nodes"]) == 50
    assert {node["state"] for node in state["nodes"].values()} == {"finished"}
    assert "progress_state" not in kinds(told.show())


def test_progress_keeps_its_total_when_the_node_is_finished(told: Told) -> None:
    progress = told.only("progress", NodeProgress(IDS, 3, 20), NodeProgress(IDS, 4, 20))
    assert progress == {"value": 4, "max": 20, "prompt_id": "job", "node": "7"}
    state = told.only("progress_state", NodeFinished(IDS, None, 1.0, cached=False))
    assert (state["nodes"]["7"]["value"], state["nodes"]["7"]["max"]) == (20, 20)


def test_a_node_without_something_to_show_sends_nothing(told: Told) -> None:
    messages = told.show(NodeFinished(IDS, None, 1.0, cached=False))
    assert kinds(messages) == ["progress_state"]


def test_a_cached_output_is_told_as_executed(told: Told) -> None:
    assert told.only("executed", NodeFinished(IDS, None, 1.0, cached=True)) == {
        "node": "7",
        "display_node": "7",
        "output": None,
        "prompt_id": "job",
    }


def test_an_error_names_the_node_of_the_queued_graph(told: Told) -> None:
    error = told.only("execution_error", failed(INNER, KeyError("blue")))
    assert error["node_id"] == "7"
    assert error["exception_type"] == "KeyError"
    assert error["executed"] == error["current_outputs"] == ["1"]


def test_an_error_class_of_a_module_carries_its_name(told: Told) -> None:
    error = told.only("execution_error", failed(IDS, UnshowableError("x")))
    assert error["exception_type"] == "engine.workers.payload.UnshowableError"


def test_only_the_first_failure_ends_the_job(told: Told) -> None:
    messages = told.show(failed(IDS, ValueError("a")), failed(INNER, ValueError("b")))
    assert kinds(messages).count("execution_error") == 1
    told.reporter.fail(ValueError("c"), "c", [])
    assert "execution_error" not in kinds(told.show())


def test_a_failure_outside_of_nodes_names_the_one_that_runs(told: Told) -> None:
    told.show(NodeStarted(IDS, "Paint"))
    told.reporter.fail(RuntimeError("lost"), "RuntimeError: lost", ["frame"])
    (message,) = [m for m in told.show() if isinstance(m, JobMessage)]
    assert message.keep
    assert json.loads(message.data)["node_id"] == "7"


def test_a_blocker_with_a_message_is_an_error_the_run_survives(told: Told) -> None:
    messages = told.show(NodeBlocked(IDS, "Paint", "no brush", ("1",)))
    (blocked,) = [m for m in messages if isinstance(m, JobMessage)]
    data = json.loads(blocked.data)
    assert not blocked.keep
    assert data["exception_type"] == "ExecutionBlocked"
    assert "no brush" in data["exception_message"]
    assert "timestamp" not in data


@pytest.mark.parametrize(("ids", "node"), [(INNER, "7"), (None, None)])
def test_an_interrupt_says_where(told: Told, ids: NodeIds | None, node: str | None) -> None:
    data = told.only("execution_interrupted", RunInterrupted(ids, "Paint", ("1",)))
    assert (data["node_id"], data["executed"]) == (node, ["1"])


def test_an_interrupt_says_up_to_where_work_is_saved(told: Told) -> None:
    data = told.only("execution_interrupted", RunInterrupted(IDS, "Train", (), (20, 600)))
    assert data["saved"] == {"step": 20, "steps": 600}
    assert "saved" not in told.only("execution_interrupted", RunInterrupted(IDS, "Paint", ()))


@pytest.mark.parametrize(
    ("status", "expected"),
    [("success", ["execution_success"]), ("error", []), ("interrupted", [])],
)
def test_only_success_has_a_closing_message(told: Told, status: str, expected: list[str]) -> None:
    assert kinds(told.show(RunFinished("job", status, 1.0))) == expected


def test_the_last_state_comes_before_the_closing_message(told: Told) -> None:
    messages = told.show(NodeStarted(IDS, "Paint"), RunFinished("job", "success", 1.0))
    assert kinds(messages) == ["executing", "progress_state", "execution_success"]


def test_a_preview_is_a_jpeg_with_its_place(told: Told) -> None:
    told.reporter.previews = True
    (message,) = [m for m in told.show(NodePreview(INNER, preview())) if isinstance(m, JobPreview)]
    assert message.image.startswith(b"\xff\xd8")
    assert json.loads(message.meta) == {
        "node_id": "7.0.0.1",
        "prompt_id": "job",
        "display_node_id": "7",
        "parent_node_id": "7",
        "real_node_id": "7",
        "image_type": "image/jpeg",
    }


def test_previews_nobody_wants_are_not_drawn(told: Told) -> None:
    def draw() -> Any:
        raise AssertionError("drawn")

    assert told.show(NodePreview(IDS, Preview(draw))) == []


def test_a_preview_of_what_is_over_is_not_drawn(told: Told) -> None:
    def draw() -> Any:
        raise AssertionError("drawn")

    told.reporter.previews = True
    messages = told.show(NodePreview(IDS, Preview(draw)), NodeStarted(INNER, "Paint"))
    assert kinds(messages) == ["executing", "progress_state"]


def test_a_preview_that_cannot_be_drawn_costs_nothing(told: Told) -> None:
    def draw() -> Any:
        raise ValueError("no picture")

    told.reporter.previews = True
    assert told.show(NodePreview(IDS, Preview(draw))) == []


def result(number: int, size: tuple[int, int] = (600, 20)) -> Preview:
    return Preview(lambda: Image.new("RGB", size, (number, 2, 3)), is_result=True)


def test_every_result_is_sent_whole_though_nobody_wants_previews(told: Told) -> None:
    messages = told.show(
        NodeStarted(IDS, "Send"), *(NodePreview(IDS, result(number)) for number in range(5))
    )
    assert kinds(messages)[:6] == ["executing", *["JobPreview"] * 5]
    for number, message in enumerate(messages[1:6]):
        assert isinstance(message, JobPreview)
        assert message.is_result
        assert message.image_type == json.loads(message.meta)["image_type"] == "image/png"
        with Image.open(io_of(message.image)) as picture:
            assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (600, 20))
            assert picture.getpixel((599, 19)) == (number, 2, 3)


def test_a_preview_before_a_result_is_left_out_and_its_progress_is_not(told: Told) -> None:
    told.reporter.previews = True
    messages = told.show(
        NodePreview(IDS, preview()), NodeProgress(IDS, 1, 2), NodePreview(IDS, result(1))
    )
    assert kinds(messages) == ["progress", "JobPreview", "progress_state"]
    assert isinstance(messages[1], JobPreview)
    assert messages[1].is_result


def test_a_result_that_cannot_be_drawn_fails_its_node(told: Told) -> None:
    def draw() -> Any:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        told.reporter.show(NodePreview(IDS, Preview(draw, is_result=True)))


def test_a_job_that_waits_for_the_sender_does_not_stop_it() -> None:
    is_putting = threading.Event()

    class Watched(Outbox):
        def put(self, message: FromWorker) -> None:
            is_putting.set()
            super().put(message)

    outbox = Watched(limit_bytes=0)
    reporter = JobReporter("job", outbox)
    reporter.show(NodeStarted(IDS, "Send"))  # fills the outbox, and offers a progress_state
    is_putting.clear()
    finished = NodeFinished(IDS, {"images": []}, 0.0, cached=False)
    job = threading.Thread(target=reporter.show, args=(finished,), daemon=True)
    job.start()  # of its two messages the second waits until the first was taken
    assert is_putting.wait(10)
    taken = []
    sender = threading.Thread(target=lambda: taken.append(outbox.take(1)), daemon=True)
    sender.start()
    sender.join(10)
    assert not sender.is_alive(), "the job holds what the sender needs"
    while job.is_alive():
        taken.append(outbox.take(0.01))
    taken.append(outbox.take(0))
    messages = kinds(server_decoder().feed(b"".join(taken)))
    assert [kind for kind in messages if kind != "progress_state"] == [
        *("executing", "JobOutput", "executed")
    ]


def test_a_preview_is_not_larger_than_asked() -> None:
    with Image.open(io_of(draw_preview(preview((2048, 1024))))) as picture:
        assert picture.size == (512, 256)


@pytest.mark.parametrize(
    ("method", "extra_data", "wanted"),
    [
        (None, {}, False),
        (None, {"preview_method": "auto"}, True),
        (None, {"preview_method": "default"}, False),
        ("none", {}, False),
        ("none", {"preview_method": "auto"}, False),
        ("auto", {}, True),
        ("auto", {"preview_method": "none"}, False),
        ("auto", {"preview_method": "default"}, True),
    ],
)
def test_a_prompt_may_choose_its_previews(
    method: str | None, extra_data: dict[str, Any], wanted: bool
) -> None:
    assert previews_wanted(method, extra_data) is wanted


def test_numpy_numbers_and_huge_ones_are_shown(told: Told) -> None:
    ui = {"seed": [np.int64(3), np.float32(0.5), 10**30]}
    executed = told.only("executed", NodeFinished(IDS, ui, 1.0, cached=False))
    assert executed["output"]["seed"] == [3, 0.5, 10**30]


def test_what_browsers_cannot_read_is_null(told: Told) -> None:
    ui = {"loss": [float("nan"), float("inf")]}
    executed = told.only("executed", NodeFinished(IDS, ui, 1.0, cached=False))
    assert executed["output"]["loss"] == [None, None]


def test_what_is_no_json_is_an_error(told: Told) -> None:
    with pytest.raises(UnshowableError, match="object is no JSON value"):
        told.show(NodeFinished(IDS, {"text": [object()]}, 1.0, cached=False))


def io_of(data: bytes) -> Any:
    import io

    return io.BytesIO(data)


@pytest.mark.parametrize("jump_ns", [-(10**18), 10**18])
def test_a_clock_that_is_set_does_not_change_how_long_a_job_took(
    monkeypatch: pytest.MonkeyPatch, jump_ns: int
) -> None:
    told = Told()
    begun = told.only("execution_start", RunStarted("job"))["timestamp"]
    true_ns = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: true_ns() + jump_ns)
    ended = told.only("execution_success", RunFinished("job", "success", 1.0))["timestamp"]
    assert 0 <= ended - begun < 10_000
