"""Workers that read what is sent, for fuzzing in one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.graph.api_format import parse_api, write_api
from engine.graph.errors import WorkflowFormatError
from engine.graph.json_input import loads
from engine.graph.reading import read_workflow
from engine.graph.validate import validate
from engine.workers.wire import Converted, JobEnded, Validated
from tests.graph.fake_registry import fixture_registry
from tests.workers.fake_pool import FakePool


class ReadingPool(FakePool):
    """Reads and checks what is sent as a worker does; runs it as a `FakePool` does."""

    def __init__(self) -> None:
        super().__init__()
        self._registry = fixture_registry()

    async def run(self, *arguments: Any, **more: Any) -> JobEnded:
        self.ran.clear()  # the fake keeps what it ran; over 100,000 inputs that is no small thing
        return await super().run(*arguments, **more)

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """Keep nothing of it, either."""

    async def validate(
        self,
        prompt: Mapping[str, Any],
        targets: Sequence[str] | None,
        rest: Mapping[str, Any],
    ) -> Validated:
        text = msgspec.json.encode(prompt)
        try:
            found = await validate(parse_api(loads(text, "prompt")), self._registry, targets)
        except WorkflowFormatError as problem:
            refusal = {"type": "invalid_prompt", "message": str(problem)}
            return Validated(
                request=0,
                outputs=[],
                prompt=text,
                error=msgspec.json.encode(refusal),
                node_errors=b"{}",
            )
        return Validated(
            request=0,
            outputs=list(found.outputs),
            prompt=text,
            error=msgspec.json.encode(found.error),
            node_errors=msgspec.json.encode(found.node_errors),
        )

    async def convert(self, workflow: Mapping[str, Any]) -> Converted:
        try:
            document = loads(msgspec.json.encode(workflow), "workflow")
            reading = read_workflow(document, self._registry)
        except WorkflowFormatError as error:
            return Converted(request=0, prompt=b"null", problem=str(error))
        return Converted(request=0, prompt=msgspec.json.encode(write_api(reading.graph)))
