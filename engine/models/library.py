"""`ModelLibrary`: names of model files -> values that links carry. Reads no weights by itself."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakValueDictionary

import torch

from engine.errors import FileFormatError
from engine.models import detect
from engine.models.controlnet import ControlNet
from engine.models.families import sd1
from engine.models.families.config import read_diffusers_prediction, read_ldm_prediction
from engine.models.lora import Lora
from engine.models.model import DiffusionNetworkModel
from engine.models.reading import WeightFile, open_weights
from engine.models.residency import Residency
from engine.models.text_network import ClipTextNetwork
from engine.models.vae import FirstStage
from engine.models.vq import VqFirstStage
from engine.types import Prediction

_DIFFUSERS_WEIGHTS: Final = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "model.safetensors",
    "model.fp16.safetensors",
    "diffusion_pytorch_model.bin",
    "pytorch_model.bin",
)


class ModelFiles(Protocol):
    """What the library asks of `ModelFolders`."""

    def names(self, key: str) -> list[str]:
        """List the file names under a folder key."""
        ...

    def resolve(self, key: str, name: str) -> Path:
        """Return the file behind a name."""
        ...


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The three networks of a file; any may be used without the others being loaded."""

    model: DiffusionNetworkModel
    clip_network: ClipTextNetwork
    vae: FirstStage


class ModelLibrary:
    """Opens model files by folder key and name.

    A file is opened once while anything made from it is alive; when it changes on disk (size,
    time or inode) it is opened anew.

    Args:
        conversions: Directory for converted pickles; made when first needed.
    """

    def __init__(self, folders: ModelFiles, residency: Residency, conversions: Path) -> None:
        self.folders, self.residency = folders, residency
        on_cpu = residency.device.type == "cpu"
        self._cpu_residency = residency if on_cpu else Residency(torch.device("cpu"))
        self._conversions = conversions
        self._open: WeakValueDictionary[str, WeightFile] = WeakValueDictionary()
        self._lock = threading.Lock()

    def checkpoint(self, name: str) -> Checkpoint:
        """Open a single-file checkpoint.

        Like every method here it raises MissingFileError, ForbiddenPathError and FileFormatError.
        """
        return self.checkpoint_at(self.folders.resolve("checkpoints", name))

    def checkpoint_at(self, path: Path) -> Checkpoint:
        """Open a single-file checkpoint by its path."""
        source, key = self._opened(path)
        detect.require(source.path, source, {"sd1"}, "a Stable Diffusion 1.x checkpoint")
        return self._compose(
            sd1.diffusion_model(source, key, self.residency),
            sd1.text_network(source, key, self.residency),
            sd1.autoencoder(source, key, self.residency),
        )

    def diffusion_model(self, name: str) -> DiffusionNetworkModel:
        """Open a diffusion model file, or take it from a checkpoint."""
        return self.diffusion_model_at(self.folders.resolve("diffusion_models", name))

    def diffusion_model_at(self, path: Path) -> DiffusionNetworkModel:
        """Open a diffusion model file by its path."""
        source, key = self._known(path, {"unet", "sd1"}, "a diffusion model")
        return sd1.diffusion_model(source, key, self.residency)

    def vae(self, name: str) -> FirstStage:
        """Open a VAE file, or take it from a checkpoint."""
        path = self.folders.resolve("vae", name)
        source, key = self._known(path, {"vae", "vqgan", "sd1"}, "a VAE")
        return sd1.autoencoder(source, key, self.residency)

    def vq_model(self, name: str) -> VqFirstStage:
        """Open a VQ autoencoder, or take it from a checkpoint."""
        source, key = self._opened(self.folders.resolve("vqgan", name))
        if not sd1.has_codebook(source):
            detect.require(source.path, source, (), "a VQ autoencoder (VQGAN)")
        return sd1.vq_autoencoder(source, key, self.residency)

    def text_encoder(self, name: str, *, on_cpu: bool = False) -> ClipTextNetwork:
        """Open a CLIP-L text encoder file, or take it from a checkpoint.

        Args:
            on_cpu: Compute there even when the library's device is another.
        """
        path = self.folders.resolve("text_encoders", name)
        return self.text_encoder_at(path, on_cpu=on_cpu)

    def text_encoder_at(self, path: Path, *, on_cpu: bool = False) -> ClipTextNetwork:
        """Open a CLIP-L text encoder file by its path."""
        source, key = self._known(path, {"clip", "sd1"}, "a CLIP text encoder")
        return sd1.text_network(source, key, self._cpu_residency if on_cpu else self.residency)

    def tensors(self, path: Path) -> WeightFile:
        """Open any weight file by its path, for instance an embedding. Runs no code in it."""
        return self._opened(path)[0]

    def lora(self, name: str) -> Lora:
        """Read a LoRA; its weights stay mapped."""
        path = self.folders.resolve("loras", name)
        source, key = self._known(path, {"lora"}, "a LoRA")
        return Lora(source, key)

    def controlnet(self, name: str) -> ControlNet:
        """Open a ControlNet, or take it from a checkpoint it was trained in."""
        path = self.folders.resolve("controlnet", name)
        source, key = self._known(path, {"controlnet"}, "a ControlNet for Stable Diffusion 1.x")
        return sd1.controlnet(source, key, self.residency)

    def configured_prediction(self, config_name: str) -> Prediction:
        """Return what a checkpoint's .yaml file says its network predicts."""
        return read_ldm_prediction(self.folders.resolve("configs", config_name))

    def diffusers_folder(self, name: str) -> Checkpoint:
        """Open a folder in diffusers' layout."""
        folder = self.folders.resolve("diffusers", name).parent
        parts = {
            part: self._opened(_weights_in(folder / part))
            for part in ("unet", "text_encoder", "vae")
        }
        model = sd1.diffusion_model(*parts["unet"], self.residency)
        return self._compose(
            model.with_settings(prediction=read_diffusers_prediction(folder)),
            sd1.text_network(*parts["text_encoder"], self.residency),
            sd1.autoencoder(*parts["vae"], self.residency),
        )

    def _compose(
        self, model: DiffusionNetworkModel, clip: ClipTextNetwork, vae: FirstStage
    ) -> Checkpoint:
        # Only the VAE's weights say how large a latent cell is.
        latents = dataclasses.replace(model.latent_format, downscale=vae.downscale)
        return Checkpoint(dataclasses.replace(model, latent_format=latents), clip, vae)

    def _known(self, path: Path, codes: Collection[str], wanted: str) -> tuple[WeightFile, str]:
        source, key = self._opened(path)
        detect.require(source.path, source, codes, wanted)
        return source, key

    def _opened(self, path: Path) -> tuple[WeightFile, str]:
        """Return a file and a key that names this version of it."""
        try:
            status = path.stat()
        except OSError as error:
            raise FileFormatError(path, f"it cannot be read ({error.strerror})") from error
        key = f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
        with self._lock:
            source = self._open.get(key)
            if source is None:
                source = open_weights(path, self._conversions)
                self._open[key] = source
            return source, key


def _weights_in(folder: Path) -> Path:
    for name in _DIFFUSERS_WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise FileFormatError(folder, f"it holds none of {', '.join(_DIFFUSERS_WEIGHTS)}")
