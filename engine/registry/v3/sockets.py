"""Inputs and outputs of V3 schemas, and the socket types without a widget."""

from __future__ import annotations

from typing import Any, ClassVar

from engine.registry.v3.options import without_unset


class WireType(str):
    """A V3 wire type: "*" matches everything, and so do comma lists of which one holds the other.

    Validators compare types with `!=` (contract §4.2), so that is what is overridden.
    """

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        if not isinstance(other, str):
            return True
        if "*" in (str.__str__(self), str.__str__(other)):
            return False
        mine, others = set(self.split(",")), set(other.split(","))
        return not (mine <= others or others <= mine)

    def __eq__(self, other: object) -> bool:
        return not self != other

    __hash__ = str.__hash__


class Input:
    """Any input of a schema.

    Attributes:
        id: Name of the input in files and of the parameter of `execute`.
        optional: It may be missing; `execute` needs a default for it then.
        lazy: Its producer runs only when `check_lazy_status` asks for it.
        extra_dict: Further option keys.
    """

    io_type: WireType = WireType("*")

    def __init__(
        self,
        id: str,  # noqa: A002 - the name packs use
        display_name: str | None = None,
        optional: bool = False,
        tooltip: str | None = None,
        lazy: bool | None = None,
        extra_dict: dict[str, Any] | None = None,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.optional = optional
        self.tooltip = tooltip
        self.lazy = lazy
        self.extra_dict = extra_dict or {}

    def get_io_type(self) -> WireType:
        """Return the wire type."""
        return self.io_type

    def as_dict(self) -> dict[str, Any]:
        """Return the option keys of contract §4.3."""
        options = {"display_name": self.display_name, "tooltip": self.tooltip, "lazy": self.lazy}
        return without_unset(options) | self.extra_dict


class Output:
    """An output of a schema.

    Attributes:
        id: Distinguishes it within the schema; may be None.
        display_name: Label; the wire type when None.
        is_output_list: The node returns a list here, one element per downstream call.
    """

    io_type: WireType = WireType("*")

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - the name packs use
        display_name: str | None = None,
        tooltip: str | None = None,
        is_output_list: bool = False,
    ) -> None:
        self.id = id
        self.display_name = display_name
        self.tooltip = tooltip
        self.is_output_list = is_output_list

    def get_io_type(self) -> WireType:
        """Return the wire type."""
        return self.io_type


class ComfyType:
    """A socket type: a wire name with its input and output classes."""

    io_type: ClassVar[WireType]
    Type: ClassVar[Any] = Any
    Input: ClassVar[type[Any]]
    Output: ClassVar[type[Any]]


def Custom(io_type: str) -> type[ComfyType]:  # noqa: N802 - the name packs use
    """Return a socket type with a wire name of its own."""
    wire = WireType(io_type)
    members = {
        "io_type": wire,
        "Input": type("Input", (Input,), {"io_type": wire}),
        "Output": type("Output", (Output,), {"io_type": wire}),
    }
    return type(io_type, (ComfyType,), members)


AnyType = Custom("*")
Image = Custom("IMAGE")
Mask = Custom("MASK")
Latent = Custom("LATENT")
Conditioning = Custom("CONDITIONING")
Sampler = Custom("SAMPLER")
Sigmas = Custom("SIGMAS")
Noise = Custom("NOISE")
Guider = Custom("GUIDER")
Clip = Custom("CLIP")
ControlNet = Custom("CONTROL_NET")
Vae = Custom("VAE")
Model = Custom("MODEL")
ClipVision = Custom("CLIP_VISION")
ClipVisionOutput = Custom("CLIP_VISION_OUTPUT")
StyleModel = Custom("STYLE_MODEL")
Gligen = Custom("GLIGEN")
UpscaleModel = Custom("UPSCALE_MODEL")
Audio = Custom("AUDIO")
Video = Custom("VIDEO")
SVG = Custom("SVG")
LoraModel = Custom("LORA_MODEL")
LossMap = Custom("LOSS_MAP")
Voxel = Custom("VOXEL")
Mesh = Custom("MESH")
Hooks = Custom("HOOKS")
HookKeyframes = Custom("HOOK_KEYFRAMES")
TimestepsRange = Custom("TIMESTEPS_RANGE")
LatentOperation = Custom("LATENT_OPERATION")
Webcam = Custom("WEBCAM")
Load3D = Custom("LOAD_3D")
Load3DCamera = Custom("LOAD3D_CAMERA")
Load3DAnimation = Custom("LOAD_3D_ANIMATION")
Photomaker = Custom("PHOTOMAKER")
Point = Custom("POINT")
FaceAnalysis = Custom("FACE_ANALYSIS")
BBOX = Custom("BBOX")
SEGS = Custom("SEGS")
AudioEncoder = Custom("AUDIO_ENCODER")
AudioEncoderOutput = Custom("AUDIO_ENCODER_OUTPUT")
MODEL_PATCH = Custom("MODEL_PATCH")
WanCameraEmbedding = Custom("WAN_CAMERA_EMBEDDING")
FlowControl = Custom("FLOW_CONTROL")
Accumulation = Custom("ACCUMULATION")
