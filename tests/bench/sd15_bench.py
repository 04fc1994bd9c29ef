"""Memory and speed of the default workflow's pieces on a true-shape SD 1.5 checkpoint, on CPU.

`python tests/bench/sd15_bench.py [--steps N] [--size PIXELS] [--file CHECKPOINT]`

Writes a 2.1 GB fp16 checkpoint of random weights into a temporary folder (unless one is given),
then runs two processes: one goes through text encoding, sampling with CFG and decoding and
reports peak memory; the other runs the engine's network and the bare diffusers network in turns
on the same weights and reports the ratio of their fastest steps.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GIGABYTE = 1e9
PROMPTS = ("a mosaic of a lighthouse, morning light", "blurry, text")


def peak_gb() -> float:
    """Return the process's peak resident memory since its start or the last `reset_peak`."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / GIGABYTE


def reset_peak() -> float:
    """Start a new peak; return the resident memory now."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_gb()


def open_checkpoint(file: Path) -> tuple[Any, Any]:
    """Return (library, checkpoint) for a file anywhere."""
    import torch

    from engine.models.folders import ModelFolders
    from engine.models.library import ModelLibrary
    from engine.models.residency import Residency

    folders = ModelFolders(file.parent / "base")
    folders.add("checkpoints", file.parent)
    residency = Residency(torch.device("cpu"))
    library = ModelLibrary(folders, residency, file.parent / "converted")
    return library, library.checkpoint(file.name)


def measure_memory(file: Path, size: int, steps: int) -> dict[str, float]:
    """Run the workflow's pieces once; sampling is Euler by hand, so no other package counts."""
    import torch

    from nodes.loaders.clip_value import clip_of

    library, checkpoint = open_checkpoint(file)
    result = {"imports_gb": peak_gb()}
    clip = clip_of(library, checkpoint.clip_network)
    positive, negative = (clip.encode(prompt)[0][0] for prompt in PROMPTS)
    context = torch.cat([positive, negative])
    result["text_gb"] = peak_gb()
    cells = size // 8
    latent = torch.randn(1, 4, cells, cells, generator=torch.Generator().manual_seed(0))
    start_gb = reset_peak()
    started = time.perf_counter()
    with checkpoint.model.loaded((2, 4, cells, cells)) as network:
        result["loading_s"] = time.perf_counter() - started
        weights_gb = library.residency.placed_bytes() / GIGABYTE
        result["weights_gb"] = weights_gb
        result["loading_peak_gb"] = peak_gb()
        result["loading_peak_ratio"] = peak_gb() / weights_gb
        result["loading_growth_ratio"] = (peak_gb() - start_gb) / weights_gb
        for step in range(steps):
            timestep = torch.full((2,), 999.0 - step)
            noise = network(latent.repeat(2, 1, 1, 1), timestep, context, {})
            latent = latent - 0.1 * noise.mean(0, keepdim=True)
    result["sampling_peak_gb"] = peak_gb()
    reset_peak()
    image = checkpoint.vae.decode(latent / checkpoint.model.latent_format.scale)
    result["decoding_peak_gb"] = peak_gb()
    result["image_is_finite"] = float(image.isfinite().all())
    result["peak_gb"] = max(value for name, value in result.items() if name.endswith("_gb"))
    return result


def measure_speed(file: Path, size: int, steps: int) -> dict[str, float]:
    """Run the engine's network and the bare one in turns on the same weights."""
    import torch
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    _, checkpoint = open_checkpoint(file)
    cells = size // 8
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(2, 4, cells, cells, generator=generator)
    context = torch.randn(2, 77, 768, generator=generator)
    timestep = torch.full((2,), 500.0)
    times: dict[str, list[float]] = {"engine": [], "bare": []}
    with checkpoint.model.loaded(tuple(latent.shape)) as network, torch.no_grad():
        with torch.device("meta"):
            bare = UNet2DConditionModel(cross_attention_dim=768).eval()  # defaults: SD 1.x
        bare.load_state_dict(network._unet.state_dict(), assign=True)
        bare = bare.to(memory_format=torch.channels_last)
        x = latent.contiguous(memory_format=torch.channels_last)
        calls = {
            "engine": lambda: network(latent, timestep, context, {}),
            "bare": lambda: bare(x, timestep, context, return_dict=False)[0],
        }
        outputs = {}
        for turn in range(steps + 1):
            for name in sorted(calls, reverse=turn % 2 == 0):
                started = time.perf_counter()
                outputs[name] = calls[name]()
                times[name].append(time.perf_counter() - started)
    engine, plain = (min(times[name][1:]) for name in ("engine", "bare"))
    difference = float((outputs["engine"] - outputs["bare"]).abs().max())
    return {
        "engine_step_s": engine,
        "bare_step_s": plain,
        "ratio": engine / plain,
        "largest_difference": difference,
    }


def run_part(part: str, file: Path, given: argparse.Namespace) -> dict[str, float]:
    """Run one measurement in a process of its own, so that neither sees the other's memory."""
    command = [sys.executable, __file__, "--part", part, "--file", str(file)]
    command += ["--steps", str(given.steps), "--size", str(given.size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure and print both parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--part", choices=("memory", "speed"))
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if given.part:
        measure = measure_memory if given.part == "memory" else measure_speed
        print(json.dumps(measure(given.file, given.size, given.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = given.file or Path(folder) / "sd15.safetensors"
        if not file.exists():
            import torch

            from tests.checkpoints import SD15, write_checkpoint

            write_checkpoint(file, SD15, dtype=torch.float16)
        for part in ("memory", "speed"):
            for name, value in run_part(part, file, given).items():
                print(f"{part:8}{name:24}{value:10.3f}", flush=True)


if __name__ == "__main__":
    main()
