"""An engine composed with the packs of this folder, as a worker composes it."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from engine.compat.hosting.sampling import KSampler
from engine.execution.context import CancelToken
from engine.execution.events import Event
from engine.execution.runner import RunRequest, RunResult
from engine.graph.api_format import parse_api
from engine.graph.validate import validate
from engine.registry.discovery import PackReport
from engine.registry.packs import run_file
from engine.sampling import registry as sampler_table
from engine.sampling import schedules as schedule_table
from engine.settings import Settings
from engine.workers.compose import Engine, composed
from tests.checkpoints import lora_tensors, write_checkpoint

PACKS = Path(__file__).parent / "packs"
CHECKPOINT = "tiny.safetensors"
_HOST_MODULES = (
    "comfy", "comfy_extras", "comfy_api", "comfy_execution", "execution", "folder_paths",
    "latent_preview", "node_helpers", "protocol", "server",
)  # fmt: skip


Prompt = dict[str, tuple[str, dict[str, Any]]]
"""Node id -> (type, inputs)."""


class RecordingLink:
    """A link that keeps what packs send, and stops the run it is given."""

    def __init__(self) -> None:
        self.client_id: str | None = "client-1"
        self.max_body_bytes = 1 << 20
        self.sent: list[tuple[str, Any, str | None]] = []
        self.cancel = CancelToken()

    def broadcast(self, event: str, data: Any, sid: str | None) -> None:
        self.sent.append((event, data, sid))

    def interrupt(self) -> None:
        self.cancel.cancel()


class Bench:
    """Runs prompts on a composed engine."""

    def __init__(self, engine: Engine, link: RecordingLink) -> None:
        self.engine, self.link = engine, link
        self.events: list[Event] = []

    @property
    def base(self) -> Path:
        return self.engine.settings.base

    def report(self, pack: str) -> PackReport:
        return next(report for report in self.engine.packs if report.name == pack)

    def run(self, prompt: Prompt, *keep: str) -> RunResult:
        api = {key: {"class_type": t, "inputs": inputs} for key, (t, inputs) in prompt.items()}
        self.link.cancel = CancelToken()
        self.events = []
        graph = parse_api(api)
        outputs = [key for key, (t, _) in prompt.items() if self.engine.registry[t].is_output]
        if outputs:
            validation = asyncio.run(validate(graph, self.engine.registry))
            assert validation.node_errors == {}
            graph = validation.graph
        request = RunRequest(graph, outputs, "run-1", api, {}, keep or ())
        runner = self.engine.runner
        return asyncio.run(runner.run(request, self.events.append, self.link.cancel))

    def values(self, prompt: Prompt, node: str) -> list[Any]:
        """Run for one node; return its first value of each output. Errors are raised."""
        result = self.run(prompt, node)
        if result.error is not None:
            raise result.error.__cause__ or result.error
        return [output[0] for output in result.values[node]]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def write_base(base: Path, *packs: str | Path) -> Settings:
    """Make a base directory with a tiny checkpoint, a LoRA for it and some packs.

    Args:
        packs: Names of packs in this folder, or paths of others.
    """
    (base / "models" / "checkpoints").mkdir(parents=True)
    write_checkpoint(base / "models" / "checkpoints" / CHECKPOINT)
    (base / "models" / "loras").mkdir()
    module = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"
    save_file(lora_tensors({module: (32, 32)}), str(base / "models" / "loras" / "l.safetensors"))
    roots = base / "custom_nodes"
    roots.mkdir()
    for pack in packs:
        source = PACKS / pack
        (roots / source.name).symlink_to(source)
    return Settings(base=base, device="cpu", cache="none")


@contextmanager
def host_kept_apart() -> Iterator[None]:
    """Undo what hosting packs leaves in the process: modules, paths and tables of names."""
    import nodes

    names = KSampler.SAMPLERS, KSampler.SCHEDULERS
    kept = [list(listed) for listed in names]
    sampler_table.sampler_names()  # reads the engine's own into the table
    path, finders = list(sys.path), list(sys.meta_path)
    samplers, schedules = dict(sampler_table._SAMPLERS), dict(schedule_table._SCHEDULES)
    try:
        yield
    finally:
        sys.path[:], sys.meta_path[:] = path, finders
        for listed, before in zip(names, kept, strict=True):
            listed[:] = before
        for table, known in (
            (sampler_table._SAMPLERS, samplers),
            (schedule_table._SCHEDULES, schedules),
        ):
            for name in set(table) - set(known):
                del table[name]
        for name in [*sys.modules]:
            if name.partition(".")[0] in _HOST_MODULES or Path(name).is_absolute():
                del sys.modules[name]
        vars(nodes).pop("__getattr__", None)


@contextmanager
def pack_bench(base: Path, *packs: str | Path) -> Iterator[Bench]:
    """Compose an engine with packs; see `write_base`."""
    recording = RecordingLink()
    settings = write_base(base, *packs)
    with host_kept_apart(), composed(settings, recording) as engine:
        yield Bench(engine, recording)


def host(name: str) -> Any:
    """Import a module by the name packs use."""
    return importlib.import_module(name)


def text_to_latent(**sampler: Any) -> Prompt:
    """A prompt from a checkpoint to sampled latents in node "3"; MODEL comes from node "4"."""
    inputs: dict[str, Any] = {
        "model": ["4", 0], "seed": 3, "steps": 2, "cfg": 7.0, "sampler_name": "euler",
        "scheduler": "normal", "positive": ["6", 0], "negative": ["7", 0],
        "latent_image": ["5", 0], "denoise": 1.0,
    }  # fmt: skip
    return {
        "4": ("CheckpointLoaderSimple", {"ckpt_name": CHECKPOINT}),
        "5": ("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
        "6": ("CLIPTextEncode", {"text": "a cat", "clip": ["4", 1]}),
        "7": ("CLIPTextEncode", {"text": "", "clip": ["4", 1]}),
        "3": ("KSampler", inputs | sampler),
    }


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.allclose(a, b, atol=1e-4)


def run_as_pack(tmp_path: Path, code: str) -> Any:
    """Run code as the pack "asker"; return its global `found`."""
    file = tmp_path / "custom_nodes" / "asker" / "__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text(code)
    name = str(file.parent.resolve()).replace(".", "_x_")
    try:
        return getattr(run_file(file, name), "found", None)
    finally:
        sys.modules.pop(name, None)
