"""Tiny checkpoints and a library over them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from tests.checkpoints import TINY, write_checkpoint


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base folder with tiny checkpoints; tests add files under names of their own."""
    base = tmp_path_factory.mktemp("base")
    checkpoints = base / "models" / "checkpoints"
    for name in ("checkpoints", "loras", "vae", "diffusion_models", "text_encoders", "diffusers"):
        (base / "models" / name).mkdir(parents=True)
    write_checkpoint(checkpoints / "fp32.safetensors", TINY, dtype=torch.float32)
    write_checkpoint(checkpoints / "fp16.safetensors", TINY, dtype=torch.float16)
    return base


@pytest.fixture(scope="session")
def checkpoints(base: Path) -> Path:
    return base / "models" / "checkpoints"


@pytest.fixture
def residency() -> Residency:
    return Residency(torch.device("cpu"))


@pytest.fixture
def library(base: Path, residency: Residency, tmp_path: Path) -> ModelLibrary:
    return ModelLibrary(ModelFolders(base), residency, tmp_path / "conversions")
