"""Saves latents as files, and loads them."""

from __future__ import annotations

import asyncio
from typing import Annotated, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from engine.errors import FileFormatError
from engine.imaging.checks import check_latent
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice
from engine.types import Latent, Ui
from nodes.image.result_files import ResultFolder, folders, texts

_KEY = "latent_tensor"
_UNSCALED = "latent_format_version_0"  # an empty tensor: the file holds unscaled VAE space
_OLD_SCALE = 0.18215  # files without that mark hold latents scaled for Stable Diffusion 1


@node("SaveLatent", category="_for_testing", output=True)
async def save_latent(
    samples: Latent, context: NodeContext, filename_prefix: str = "latents/ComfyUI"
) -> Ui:
    """Save a latent to the output folder as a numbered `.latent` file, with the workflow inside.

    Only the latent itself is stored, not its noise mask.

    Args:
        filename_prefix: Start of the file name; may name subfolders.
    """
    folder = ResultFolder.of(context, "output", filename_prefix)
    tensors = {_KEY: check_latent(samples).contiguous(), _UNSCALED: torch.zeros(0)}
    embedded = texts(context)

    def write(file: BinaryIO) -> None:
        file.write(save(tensors, embedded))

    entry = await asyncio.to_thread(folder.write, ".latent", write)
    return Ui(latents=[entry])


def _chosen(latent: str | None) -> bool | str:
    return True if latent is None or latent.strip() else "No latent file is chosen."


@node("LoadLatent", category="_for_testing", validate=_chosen)
def load_latent(
    latent: Annotated[str, FileChoice("input", (".latent",))], context: NodeContext
) -> Latent:
    """Load a latent from a `.latent` file in the input folder.

    Args:
        latent: File in the input folder.
    """
    path = folders(context).resolve("input", latent)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise FileFormatError(path, f"it is no latent file, or damaged ({error})") from error
    if _KEY not in tensors:
        raise FileFormatError(path, f'it holds no tensor "{_KEY}", as latent files do')
    samples = tensors[_KEY].to(torch.float32)
    return {"samples": samples if _UNSCALED in tensors else samples / _OLD_SCALE}
