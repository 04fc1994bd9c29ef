"""What the engine itself costs per node, beside the budgets of the design.

Run `python tests/bench/engine_bench.py`; with `--gate` it exits 1 when a ratio is not met.
Times are process CPU seconds, the best of several rounds, with a listener that does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.cache.keys import NodeKey
from engine.cache.simple import ClassicCache
from engine.execution.declared import TypeTable
from engine.execution.dynamic import DynamicPrompt
from engine.execution.inputs import HiddenInputs
from engine.execution.keying import RunKeys
from engine.execution.runner import Runner, RunRequest, run_graph
from engine.graph.api_format import parse_api
from engine.graph.model import Graph
from engine.graph.topology import execution_order
from engine.graph.validate import validate
from engine.registry.registry import Registry
from engine.registry.spec import NodeSpec, OutputSpec

ROUNDS = 3
MAX_GROWTH = 2.0
"""Time per node in a chain of 10,000 may be this many times that in a chain of 400."""


class NoFiles:
    """No files at all."""

    def names(self, key: str) -> list[str]:
        return []

    def resolve(self, key: str, name: str) -> Path:
        raise FileNotFoundError(name)

    def directory(self, kind: str) -> Path:
        raise FileNotFoundError(kind)

    def digest(self, path: Path) -> str:
        raise FileNotFoundError(path)


def cheap_spec(type_id: str, *, output: bool = False) -> NodeSpec:
    """A node with a widget and eight optional sockets that adds one."""
    declared: dict[str, Any] = {
        "required": {"amount": ("INT", {"default": 1, "min": 0, "max": 10**9})},
        "optional": {f"x{i}": ("INT", {"forceInput": True}) for i in range(8)},
    }
    return NodeSpec(
        type_id=type_id,
        source="v1",
        outputs=(OutputSpec("INT", "INT"),),
        is_output=output,
        input_types=lambda folders: declared,
        create=lambda: None,
        call=lambda instance, inputs, context: (inputs.get("x0", 0) + inputs["amount"],),
    )


def entry(type_id: str, amount: int, *sources: int) -> dict[str, Any]:
    """One node in API form."""
    links = {f"x{i}": [str(source), 0] for i, source in enumerate(sources)}
    return {"class_type": type_id, "inputs": {"amount": amount, **links}}


def chain(length: int) -> dict[str, Any]:
    """Nodes in a row, ending in an output."""
    prompt = {"0": entry("Step", 1)}
    for index in range(1, length):
        prompt[str(index)] = entry("Step", 1, index - 1)
    prompt[str(length - 1)]["class_type"] = "End"
    return prompt


def wide(width: int) -> dict[str, Any]:
    """A node that feeds many, each an output."""
    return {"0": entry("Step", 1)} | {str(i): entry("End", i, 0) for i in range(1, width)}


def default_shape() -> dict[str, Any]:
    """The default graph's seven nodes: loader, two texts, latent, sampler, decoder, save."""
    return {
        "4": entry("Step", 4),
        "5": entry("Step", 5),
        "6": entry("Step", 6, 4),
        "7": entry("Step", 7, 4),
        "3": entry("Step", 3, 4, 5, 6, 7),
        "8": entry("Step", 8, 3, 4),
        "9": entry("End", 9, 8),
    }


class Rig:
    """A registry of cheap nodes and a way to run prompts on a runner."""

    def __init__(self) -> None:
        self.registry = Registry(NoFiles())
        self.registry.add(cheap_spec("Step"))
        self.registry.add(cheap_spec("End", output=True))

    def runner(self) -> Runner:
        return Runner(
            self.registry,
            ClassicCache(),
            services={},
            file_hasher=NoFiles(),
            environment="bench",
            free_memory=lambda: None,
        )

    def run(self, runner: Runner, prompt: dict[str, Any]) -> None:
        """Parse, validate and run."""
        checked = asyncio.run(validate(parse_api(prompt), self.registry))
        request = RunRequest(checked.graph, checked.outputs, "bench", prompt)
        result = run_graph(runner, request)
        if result.status != "success":
            raise RuntimeError(f"the bench's graph failed: {result.error}")

    def fresh(self, prompt: dict[str, Any]) -> float:
        """CPU seconds of a run with an empty cache, without validation."""
        graph = parse_api(prompt)
        outputs = [n.id for n in graph.values() if n.type == "End"]
        request = RunRequest(graph, outputs, "bench", prompt)
        return best(lambda: run_graph(self.runner(), request))

    def cached(self, prompt: dict[str, Any]) -> float:
        """CPU seconds of a fully cached prompt, parsing and validation included."""
        runner = self.runner()
        self.run(runner, prompt)
        return best(lambda: self.run(runner, prompt))

    def checked_and_keyed(self, prompt: dict[str, Any]) -> float:
        """CPU seconds to parse, validate and key a prompt."""

        async def work() -> dict[str, NodeKey]:
            checked = await validate(parse_api(prompt), self.registry)
            return await self._keys(checked.graph, checked.outputs, prompt)

        return best(lambda: asyncio.run(work()))

    async def _keys(
        self, graph: Graph, outputs: tuple[str, ...], prompt: dict[str, Any]
    ) -> dict[str, NodeKey]:
        hidden = HiddenInputs(DynamicPrompt(prompt, graph), {})
        types = TypeTable(self.registry)
        keys = RunKeys(types, hidden, self.registry.folders, NoFiles(), "bench")
        for node_id in execution_order(graph, outputs):
            await keys.add(graph[node_id])
        return keys.keys


def best(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest round."""
    times: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> int:
    """Print the table; return 1 when `--gate` is given and a ratio is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 when a ratio is not met")
    gate = parser.parse_args().gate
    rig = Rig()
    rig.fresh(chain(50))
    rows: list[tuple[str, float, float]] = []
    per_node: dict[int, float] = {}
    for length in (200, 400, 10_000):
        per_node[length] = 1000 * rig.fresh(chain(length)) / length
        rows.append((f"chain of {length:,}, per node", per_node[length], 0.2))
    rows.append(("wide graph of 500, per node", 1000 * rig.fresh(wide(500)) / 500, 0.2))
    rows.append(("10,000 nodes validated, keyed", 1000 * rig.checked_and_keyed(chain(10_000)), 500))
    rows.append(("chain of 200, all cached", 1000 * rig.cached(chain(200)), 20))
    rows.append(("default graph, all cached", 1000 * rig.cached(default_shape()), 5))
    print(f"{'what':34}{'CPU ms':>10}{'budget':>10}{'ratio':>8}")
    for what, measured, budget in rows:
        print(f"{what:34}{measured:10.3f}{budget:10.1f}{measured / budget:8.2f}")
    growth = per_node[10_000] / per_node[400]
    print(f"per node, chain of 10,000 / chain of 400: {growth:.2f} (at most {MAX_GROWTH})")
    return int(gate and growth > MAX_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
