"""Time grows with the number of nodes, not with its square: ratios, for machines differ."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

from engine.graph.api_format import parse_api
from engine.graph.topology import execution_order
from engine.graph.validate import validate
from tests.graph.fake_registry import fixture_registry

REGISTRY = fixture_registry()
UPSCALE = {"upscale_method": "bilinear", "width": 8, "height": 8, "crop": "disabled"}


def chain(length: int, width: int = 8) -> dict[str, Any]:
    """A chain of latent upscales, saved once."""
    prompt: dict[str, Any] = {
        str(i): {
            "class_type": "LatentUpscale",
            "inputs": {**UPSCALE, "width": width, "samples": [str(i - 1), 0]},
        }
        for i in range(1, length)
    }
    latent = {"width": 64, "height": 64, "batch_size": 1}
    prompt["0"] = {"class_type": "EmptyLatentImage", "inputs": latent}
    prompt["v"] = {
        "class_type": "VAEDecode",
        "inputs": {"samples": [str(length - 1), 0], "vae": ["c", 2]},
    }
    prompt["c"] = {
        "class_type": "CheckpointLoaderSimple",
        "inputs": {"ckpt_name": "sd15.safetensors"},
    }
    prompt["s"] = {
        "class_type": "SaveImage",
        "inputs": {"images": ["v", 0], "filename_prefix": "x"},
    }
    return prompt


def seconds(prompt: dict[str, Any], *, valid: bool = True, repeats: int = 3) -> float:
    """Best time to parse, validate and order a prompt."""
    best = float("inf")
    for _ in range(repeats):
        gc.collect()
        start = time.process_time()
        found = asyncio.run(validate(parse_api(prompt), REGISTRY))
        if valid:
            assert len(execution_order(found.graph, found.outputs)) == len(prompt)
        best = min(best, time.process_time() - start)
        assert (found.error is None) is valid
    return best


def test_time_is_linear_in_a_chain_of_valid_nodes() -> None:
    assert seconds(chain(10_000)) < 25 * seconds(chain(1_000))


def test_time_is_linear_when_every_node_is_wrong() -> None:
    large = seconds(chain(5_000, width=-1), valid=False, repeats=1)
    assert large < 25 * seconds(chain(500, width=-1), valid=False)
