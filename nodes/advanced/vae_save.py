"""VAESave."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

import torch

from engine.models.families.config import FileConfig, read_config
from engine.models.families.naming import below
from engine.models.families.sd1 import VAE_PREFIX
from engine.models.vae import FirstStage
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.training.ldm_layout import checkpoint_bytes, first_stage_tensors
from engine.types import Ui, Vae
from nodes.advanced.checkpoint_save import storable_first_stage
from nodes.image.result_files import ResultFolder, texts


@node("VAESave", category="advanced/model_merging", output=True)
async def vae_save(vae: Vae, context: NodeContext, filename_prefix: str = "vae/ComfyUI_vae") -> Ui:
    """Save a VAE, or a VQ model used as one, in the output folder.

    Weights are stored in full precision, so that a VQ model keeps its tokens. Files in output/vae
    are offered by the VAE and VQ model loaders.

    Args:
        filename_prefix: Start of the file name; may name subfolders.
    """
    stage = storable_first_stage(vae)
    folder = ResultFolder.of(context, "output", filename_prefix)
    embedded = texts(context)

    def write() -> None:
        content = _file(stage, embedded)

        def put(file: BinaryIO) -> None:
            file.write(content)

        folder.write(".safetensors", put)

    await asyncio.to_thread(write)
    return Ui()


def _file(stage: FirstStage, metadata: dict[str, str]) -> bytes:
    source = stage.component.source
    config = FileConfig(vae_norm_groups=read_config(source.path, source.metadata).vae_norm_groups)
    with stage.residency.use(stage.component, dtype=torch.float32) as network:
        tensors = first_stage_tensors(network)
        alone = {name: tensors[full].cpu() for name, full in below(tensors, VAE_PREFIX).items()}
        return checkpoint_bytes([alone], config=config, dtype=torch.float32, metadata=metadata)
