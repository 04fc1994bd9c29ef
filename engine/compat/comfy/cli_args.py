"""The command line as packs read it."""

from __future__ import annotations

from enum import Enum
from typing import Any

from engine.compat.host import current
from engine.compat.hosting.missing import Facade, unoffered

__getattr__ = unoffered(__name__)


class LatentPreviewMethod(Enum):
    """How pictures of work in progress are made."""

    NoPreviews = "none"
    Auto = "auto"
    Latent2RGB = "latent2rgb"
    TAESD = "taesd"


class _Arguments(Facade):
    """Options under the peer's names; see `engine.settings.Settings`."""

    @property
    def cpu(self) -> bool:
        """Compute on the CPU only."""
        return current().settings.device == "cpu"

    @property
    def cuda_device(self) -> int | None:
        """The CUDA device that was asked for."""
        kind, _, number = (current().settings.device or "").partition(":")
        return int(number) if kind == "cuda" and number else None

    @property
    def preview_method(self) -> LatentPreviewMethod:
        """How previews are made; packs may set it for sampling that they start themselves."""
        chosen = current().preview_method or current().settings.preview_method
        return LatentPreviewMethod(chosen or "none")

    @preview_method.setter
    def preview_method(self, method: LatentPreviewMethod) -> None:
        current().preview_method = LatentPreviewMethod(method).value

    @property
    def disable_metadata(self) -> bool:
        """Whether files are saved without the workflow."""
        return not current().settings.embed_metadata

    @property
    def base_directory(self) -> str:
        """The folder that holds all others."""
        return str(current().settings.base)

    @property
    def output_directory(self) -> str | None:
        """The folder of results, when it was named."""
        return _text(current().settings.output)

    @property
    def input_directory(self) -> str | None:
        """The folder of inputs, when it was named."""
        return _text(current().settings.input)

    @property
    def temp_directory(self) -> str | None:
        """The folder of previews, when it was named."""
        return _text(current().settings.temp)

    @property
    def user_directory(self) -> str | None:
        """The folder of settings, when it was named."""
        return _text(current().settings.user)

    @property
    def disable_all_custom_nodes(self) -> bool:
        """Whether packs are left out."""
        return not current().settings.packs


def _text(path: Any) -> str | None:
    return None if path is None else str(path)


args = _Arguments()
