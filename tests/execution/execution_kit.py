"""Tiny node types, graphs and runners for tests of the runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.cache.simple import ClassicCache
from engine.cache.store import ResultCache
from engine.execution.context import CancelToken
from engine.execution.events import Event
from engine.execution.runner import Runner, RunRequest, RunResult, run_graph
from engine.graph.api_format import parse_api
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec, OutputSpec


class Files:
    """A folder of files, and the hasher that counts what it reads."""

    def __init__(self, root: Path = Path("/nonexistent")) -> None:
        self.root = root

    def names(self, key: str) -> list[str]:
        return []

    def resolve(self, key: str, name: str) -> Path:
        return self.root / name

    def directory(self, kind: str) -> Path:
        return self.root

    def digest(self, path: Path) -> str:
        return path.read_text()


def spec(
    type_id: str,
    function: Callable[..., Any],
    *,
    inputs: str = "",
    lazy: str = "",
    outputs: int = 1,
    output: bool = False,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> NodeSpec:
    """A V1-like type calling `function(**inputs)`; `inputs` and `lazy` are names, optional all."""
    declared: dict[str, Any] = {name: ("*", {}) for name in inputs.split()}
    declared |= {name: ("*", {"lazy": True}) for name in lazy.split()}
    declared |= {name: ("*", opts) for name, opts in (options or {}).items()}
    list_outputs = more.pop("list_outputs", ())
    return NodeSpec(
        type_id=type_id,
        source="v1",
        outputs=tuple(OutputSpec("*", f"o{i}", i in list_outputs) for i in range(outputs)),
        is_output=output,
        input_types=lambda folders: {"required": {}, "optional": declared},
        create=more.pop("create", lambda: None),
        call=lambda instance, inputs, context: function(**inputs),
        **more,
    )


class Bench:
    """A registry and a runner that records every event."""

    def __init__(
        self,
        *specs: NodeSpec,
        cache: ResultCache | None = None,
        files: Files | None = None,
        services: Mapping[type, object] | None = None,
        **settings: bool,
    ) -> None:
        files = files or Files()
        self.registry = Registry(files)
        for item in specs:
            self.registry.add(item)
        self.freed = 0
        self.cache = cache or ClassicCache()
        self.events: list[Event] = []
        self.runner = Runner(
            self.registry,
            self.cache,
            services=services or {},
            file_hasher=files,
            environment="test",
            free_memory=self._free,
            **settings,
        )

    def _free(self) -> None:
        self.freed += 1
        self.cache.free_memory()

    def run(
        self,
        prompt: dict[str, Any],
        *outputs: str,
        keep: tuple[str, ...] = (),
        extra_data: Mapping[str, Any] | None = None,
        cancel: CancelToken | None = None,
        emit: Callable[[Event], None] | None = None,
    ) -> RunResult:
        """Run a prompt given as {id: (type, inputs)} or in API shape."""
        self.events.clear()

        def record(event: Event) -> None:
            self.events.append(event)
            if emit is not None:
                emit(event)

        api = {
            node_id: {"class_type": entry[0], "inputs": entry[1]}
            if isinstance(entry, tuple)
            else entry
            for node_id, entry in prompt.items()
        }
        request = RunRequest(parse_api(api), outputs, "run", api, extra_data or {}, keep)
        return run_graph(self.runner, request, record, cancel)

    def value(self, prompt: dict[str, Any], node_id: str, slot: int = 0) -> list[Any]:
        """Run for one node and return an output's values; errors are raised."""
        result = self.run(prompt, keep=(node_id,))
        if result.error is not None:
            raise result.error
        return result.values[node_id][slot]

    def of(self, kind: type) -> list[Any]:
        """The recorded events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


CONST = spec("Const", lambda value: (value,), inputs="value")
ADD = spec("Add", lambda a=0, b=0: (a + b,), inputs="a b")
SHOW = spec("Show", lambda value=None: {"ui": {"text": [value]}}, inputs="value", output=True)
PAIR = spec("Pair", lambda: ([1, 2, 3],), list_outputs=(0,))

SUM = {"1": ("Const", {"value": 2}), "2": ("Add", {"a": ["1", 0], "b": 3})}
SHOWN = {**SUM, "3": ("Show", {"value": ["2", 0]})}


def bench(*more: NodeSpec, **settings: Any) -> Bench:
    return Bench(CONST, ADD, SHOW, PAIR, *more, **settings)


def cause(kit: Bench, prompt: dict[str, Any], *outputs: str) -> BaseException | None:
    result = kit.run(prompt, *outputs)
    assert result.status == "error"
    assert result.error is not None
    return result.error.__cause__
