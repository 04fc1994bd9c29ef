"""Frames: any bytes give messages or one clear error."""

from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.workers import wire
from engine.workers.frames import (
    FrameDecoder,
    check_version,
    encode_frame,
    server_decoder,
    worker_decoder,
)

TO_WORKER: list[wire.ToWorker] = [
    wire.Start(
        version=1, name="cpu", settings={"base": "/a", "packs": True}, secret="", max_body_bytes=1
    ),
    wire.Validate(request=1, prompt=b"{}", targets=["1"], rest=b"{}"),
    wire.Convert(request=2, workflow=b"{}"),
    wire.Run(job_id="a", prompt=b"{}", outputs=["1"], extra_data=b"{}"),
    wire.Cancel(job_id=None),
    wire.Free(unload_models=True),
    wire.Query(request=3, topic="cache"),
    wire.Stop(),
]
FROM_WORKER: list[wire.FromWorker] = [
    wire.Ready(version=1, pid=7, device="cpu", packs=b"[]", folders={"loras": (["/a"], [".pt"])}),
    wire.Failed(error="no"),
    wire.Validated(request=1, outputs=[], prompt=b"{}", error=b"null", node_errors=b"{}"),
    wire.Converted(request=2, prompt=b"{}", problems=["a"]),
    wire.Answer(request=3, body=b"{}"),
    wire.Refused(request=3, error="no"),
    wire.JobMessage(job_id="a", kind="executing", data=b"{}"),
    wire.JobOutput(job_id="a", node_id="1", ui=b"{}", meta=b"{}"),
    wire.JobPreview(job_id="a", image_type="image/jpeg", image=b"\xff", meta=b"{}"),
    wire.JobEnded(job_id="a", state="success"),
    wire.Broadcast(event="x", data=b"1"),
    wire.Alive(job_id=None, memory_bytes=1),
]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[begin:end] for begin, end in pairwise(edges)]


@given(st.lists(st.sampled_from(TO_WORKER)), st.lists(st.integers(0, 10_000)))
def test_messages_survive_any_cutting_of_the_stream(
    sent: list[wire.ToWorker], places: list[int]
) -> None:
    decoder = worker_decoder()
    stream = b"".join(encode_frame(message) for message in sent)
    received = [message for part in cut(stream, places) for message in decoder.feed(part)]
    assert received == sent


@pytest.mark.parametrize("message", FROM_WORKER, ids=lambda message: type(message).__name__)
def test_every_message_of_a_worker_is_read_back(message: wire.FromWorker) -> None:
    assert server_decoder().feed(encode_frame(message)) == [message]


@given(st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=300)
def test_any_bytes_are_messages_or_an_error(parts: list[bytes]) -> None:
    decoder = server_decoder()
    kinds = get_args(wire.FromWorker)
    with contextlib.suppress(wire.WireError):
        for part in parts:
            assert all(isinstance(message, kinds) for message in decoder.feed(part))


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.sampled_from([message.__struct_config__.tag for message in TO_WORKER]),
    st.dictionaries(
        st.sampled_from(["request", "prompt", "targets", "job_id", "version", "settings"]),
        JSON_LIKE,
    ),
)
@settings(max_examples=60)
def test_fields_of_wrong_types_are_an_error(tag: str, fields: dict[str, Any]) -> None:
    body = msgspec.msgpack.encode({"type": tag, **fields})
    try:
        (message,) = worker_decoder().feed(len(body).to_bytes(4, "big") + body)
    except wire.WireError:
        return
    assert msgspec.to_builtins(message)["type"] == tag


def test_a_length_above_the_limit_is_refused_before_it_is_read() -> None:
    decoder: FrameDecoder[wire.ToWorker] = FrameDecoder(wire.ToWorker, limit=100)
    with pytest.raises(wire.WireError, match=r"announces 4,294,967,295 bytes; at most 100"):
        decoder.feed(b"\xff\xff\xff\xff")


def test_a_promised_array_of_millions_takes_no_memory() -> None:
    body = b"\x82\xa4type\xa3run\xa7outputs\xdd\xff\xff\xff\xff"
    with pytest.raises(wire.WireError, match="truncated"):
        worker_decoder().feed(len(body).to_bytes(4, "big") + body)


def test_deep_nesting_is_an_error() -> None:
    body = b"\x82\xa4type\xa5start\xa8settings\x81\xa1a" + b"\x91" * 100_000
    with pytest.raises(wire.WireError):
        worker_decoder().feed(len(body).to_bytes(4, "big") + body)


def test_messages_of_the_other_direction_are_an_error() -> None:
    with pytest.raises(wire.WireError, match="no known message"):
        server_decoder().feed(encode_frame(wire.Stop()))


def test_a_message_above_the_limit_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.workers.frames.FRAME_LIMIT", 10)
    with pytest.raises(wire.WireError, match="a Cancel of"):
        encode_frame(wire.Cancel(job_id="a long name"))


def test_another_version_is_told_apart() -> None:
    check_version(wire.VERSION)
    with pytest.raises(wire.WireError, match="version 99"):
        check_version(99)
