"""Socket type names that compare as the validator does, and base classes of V1 nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from engine.compat.hosting.missing import unoffered

__getattr__ = unoffered(__name__)


class IO(StrEnum):
    """Socket types. `!=` is False for "*", and where one type's parts are all in the other."""

    STRING = "STRING"
    IMAGE = "IMAGE"
    MASK = "MASK"
    LATENT = "LATENT"
    BOOLEAN = "BOOLEAN"
    INT = "INT"
    FLOAT = "FLOAT"
    COMBO = "COMBO"
    CONDITIONING = "CONDITIONING"
    SAMPLER = "SAMPLER"
    SIGMAS = "SIGMAS"
    GUIDER = "GUIDER"
    NOISE = "NOISE"
    CLIP = "CLIP"
    CONTROL_NET = "CONTROL_NET"
    VAE = "VAE"
    MODEL = "MODEL"
    CLIP_VISION = "CLIP_VISION"
    CLIP_VISION_OUTPUT = "CLIP_VISION_OUTPUT"
    STYLE_MODEL = "STYLE_MODEL"
    GLIGEN = "GLIGEN"
    UPSCALE_MODEL = "UPSCALE_MODEL"
    AUDIO = "AUDIO"
    WEBCAM = "WEBCAM"
    POINT = "POINT"
    FACE_ANALYSIS = "FACE_ANALYSIS"
    BBOX = "BBOX"
    SEGS = "SEGS"
    VIDEO = "VIDEO"
    ANY = "*"
    NUMBER = "FLOAT,INT"
    PRIMITIVE = "STRING,FLOAT,INT,BOOLEAN"

    def __ne__(self, other: object) -> bool:
        if self.value == "*" or other == "*":
            return False
        if not isinstance(other, str):
            return True
        mine, others = set(self.value.split(",")), set(other.split(","))
        return not (mine <= others or others <= mine)

    def __str__(self) -> str:
        return self.value

    __hash__ = str.__hash__


class InputTypeDict(TypedDict):
    """What INPUT_TYPES returns."""

    required: NotRequired[dict[str, Any]]
    optional: NotRequired[dict[str, Any]]
    hidden: NotRequired[dict[str, Any]]


class ComfyNodeABC(ABC):
    """Base of V1 node classes that want one; the class attributes are those of contract §4.1."""

    @classmethod
    @abstractmethod
    def INPUT_TYPES(cls) -> InputTypeDict:  # noqa: N802 - the name packs define
        """Declare the inputs."""


class CheckLazyMixin:
    """Asks for every input that is not there yet."""

    def check_lazy_status(self, **kwargs: Any) -> list[str]:
        """Return the names of inputs still needed."""
        return [name for name, value in kwargs.items() if value is None]
