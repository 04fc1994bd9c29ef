"""What clients may submit, and what they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.jobs.errors import PromptRejectedError
from engine.jobs.store import JobExistsError
from engine.workers.pool import WorkerDiedError
from engine.workers.wire import Validated
from tests.jobs.recording import submit, until
from tests.jobs.service_bench import Bench, names


async def test_numbers_count_up_and_front_is_the_negative_number(bench: Bench) -> None:
    await bench.service.pause()
    assert (await submit(bench.service, "Run")).number == 1
    assert (await submit(bench.service, "Run", front=True)).number == -2
    assert (await submit(bench.service, "Run", number=7.5, front=True)).number == 7.5
    assert (await submit(bench.service, "Run")).number == 4


async def test_numbers_go_on_after_a_restart(bench: Bench) -> None:
    await submit(bench.service, "Run", prompt_id="a")
    await bench.finished("a")
    await bench.restart()
    assert (await submit(bench.service, "Run")).number == 2


async def test_a_prompt_gets_an_id_of_its_own_or_the_clients(bench: Bench) -> None:
    await bench.service.pause()
    ids = {(await submit(bench.service, "Run")).prompt_id for _ in range(3)}
    assert len(ids) == 3
    assert (await submit(bench.service, "Run", prompt_id="mine")).prompt_id == "mine"
    with pytest.raises(JobExistsError, match="mine"):
        await submit(bench.service, "Run", prompt_id="mine")
    assert bench.service.queue_remaining() == 4


async def test_an_invalid_prompt_is_refused_with_the_reason(bench: Bench) -> None:
    with pytest.raises(PromptRejectedError) as caught:
        await submit(bench.service, "Missing")
    assert caught.value.error["type"] == "invalid_prompt"
    assert caught.value.error["details"] in str(caught.value)
    assert bench.service.queue_remaining() == 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"prompt_id": ""}, "invalid_prompt_id"),
        ({"prompt_id": "x" * 256}, "invalid_prompt_id"),
        ({"number": float("nan")}, "invalid_number"),
        ({"number": float("inf")}, "invalid_number"),
    ],
)
async def test_unusable_ids_and_numbers_are_refused(
    bench: Bench, options: dict[str, Any], kind: str
) -> None:
    with pytest.raises(PromptRejectedError) as caught:
        await submit(bench.service, "Run", **options)
    assert caught.value.error["type"] == kind


async def test_a_prompt_with_a_valid_output_is_taken_with_its_node_errors(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = b'{"2":{"errors":[],"dependent_outputs":["2"],"class_type":"Show"}}'

    async def validate(request: Any, targets: Any, rest: Any) -> Validated:
        return Validated(
            request=0,
            outputs=["1"],
            prompt=b'{"1":{"class_type":"Show","inputs":{"text":"unwrapped"}}}',
            error=b"null",
            node_errors=wrong,
        )

    monkeypatch.setattr(bench.pool, "validate", validate)
    submission = await submit(bench.service, "Show", "Show", prompt_id="a")
    assert set(submission.node_errors) == {"2"}
    await bench.finished("a")
    assert bench.pool.ran[0].outputs == ["1"]
    assert bench.pool.ran[0].prompt["1"]["inputs"] == {"text": "unwrapped"}


async def test_packs_are_shown_the_request_as_it_came(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate = bench.pool.validate
    shown: list[Any] = []

    async def note(prompt: Any, targets: Any, rest: Any) -> Validated:
        shown.append(rest)
        return await validate(prompt, targets, rest)

    monkeypatch.setattr(bench.pool, "validate", note)
    await submit(bench.service, "Run")
    await submit(bench.service, "Run", client_id="tab", prompt_id="a", number=3, front=True)
    assert shown == [
        {"extra_data": {}},
        {
            "extra_data": {"client_id": "tab"},
            "client_id": "tab",
            "prompt_id": "a",
            "number": 3,
            "front": True,
        },
    ]


async def test_validation_is_tried_once_more_when_a_worker_dies(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    validate, calls = bench.pool.validate, 0

    async def dies_once(request: Any, targets: Any, rest: Any) -> Validated:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise WorkerDiedError("cpu", "it was killed")
        return await validate(request, targets, rest)

    monkeypatch.setattr(bench.pool, "validate", dies_once)
    await submit(bench.service, "Run")
    assert calls == 2


async def test_a_client_that_hangs_up_while_its_prompt_is_written_loses_nothing(
    bench: Bench,
) -> None:
    await bench.service.pause()
    waiting = asyncio.create_task(submit(bench.service, "Run", prompt_id="a"))
    while not bench.service._writing:
        await asyncio.sleep(0)
    waiting.cancel()
    await until(lambda: bench.service.queue_remaining() == 1, "the job in the queue")
    assert names(await bench.service.pending()) == ["a"]


async def test_secrets_reach_the_worker_but_not_the_disk(bench: Bench) -> None:
    extra = {"api_key_comfy_org": "secret", "extra_pnginfo": {"workflow": {}}}
    await submit(bench.service, "Run", prompt_id="a", client_id="tab", extra_data=extra)
    await bench.finished("a")
    assert bench.pool.ran[0].extra_data == {**extra, "client_id": "tab"}
    (entry,) = (await bench.history()).values()
    assert entry["prompt"][3] == {"extra_pnginfo": {"workflow": {}}, "client_id": "tab"}
