"""Work grows with the number of nodes, not with its square."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.graph.api_format import parse_api
from engine.graph.topology import execution_order
from engine.graph.validate import validate
from tests.graph.fake_registry import fixture_registry
from tests.work_count import lines_run

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


def work(prompt: dict[str, Any], *, valid: bool = True) -> int:
    """Count what it takes to parse, validate and order a prompt."""

    def do() -> None:
        found = asyncio.run(validate(parse_api(prompt), REGISTRY))
        assert (found.error is None) is valid
        if valid:
            assert len(execution_order(found.graph, found.outputs)) == len(prompt)

    return lines_run(do)


@pytest.mark.parametrize(("width", "valid"), [(8, True), (-1, False)], ids=["valid", "wrong"])
def test_work_is_linear_in_a_chain_of_nodes(width: int, valid: bool) -> None:
    small, large = (work(chain(length, width), valid=valid) for length in (200, 2_000))
    assert large < 11 * small
