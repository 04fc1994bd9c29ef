"""Values that travel along links, and the interfaces behind them.

The aliases at the end (`Image`, `Latent`, `Model` …) are what node signatures use; each carries
the wire name of its socket. Nothing here imports torch at run time: the registry, the graph and
the server read these types without it. Values are immutable by convention: a node that changes
one works on its own copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, Protocol, Self, TypeAlias, TypedDict

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Socket:
    """Marks an annotation with the wire name of its socket type, for instance "IMAGE"."""

    name: str


class ExecutionBlocker:
    """An output that stops its consumers without failing the run.

    A node that receives one is not called; its outputs become blockers. A message, when given, is
    reported once by each direct consumer.
    """

    def __init__(self, message: str | None) -> None:
        self.message = message


# --- diffusion ---------------------------------------------------------------------------------


class Prediction(Enum):
    """What a diffusion network outputs. Source: arXiv:2202.00512, Appendix D."""

    EPS = "eps"
    V = "v_prediction"
    X0 = "x0"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class NoiseSchedule:
    """The noise levels a network was trained on.

    Discrete eps/v/x0 models: beta_i = linspace(sqrt(beta_start), sqrt(beta_end), steps)^2
    ("scaled linear", arXiv:2112.10752). Flow models: sigma = shift u / (1 + (shift - 1) u).
    """

    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000
    shift: float = 1.0
    zero_terminal_snr: bool = False


@dataclass(frozen=True, slots=True)
class LatentFormat:
    """The latent space a diffusion model works in.

    Attributes:
        channels: Channels of a latent.
        scale: The network sees (latent - shift) * scale; latents on links are unscaled VAE space.
        shift: See `scale`.
        downscale: Pixels per latent cell along each side.
        rgb: Linear preview: a row of (r, g, b) for each channel of a *scaled* latent, output in
            [-1, 1]; None when no preview matrix is known.
        rgb_bias: Added to what `rgb` gives.
    """

    channels: int = 4
    scale: float = 0.18215
    shift: float = 0.0
    downscale: int = 8
    rgb: tuple[tuple[float, float, float], ...] | None = None
    rgb_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Network(Protocol):
    """A diffusion network's forward pass, its weights in place on the compute device."""

    def __call__(
        self,
        x: torch.Tensor,
        timestep: torch.Tensor,
        context: torch.Tensor,
        extra: Mapping[str, Any],
    ) -> torch.Tensor:
        """Return the raw prediction.

        Args:
            x: (B, C, h, w) float32, already scaled to the network's input variance.
            timestep: (B,) float32, the network's own time input.
            context: (B, T, D) float32, text conditioning.
            extra: Further named inputs a family or a control needs, for instance "control".

        Returns: (B, C, h, w) float32 on the device of `x`.
        """
        ...


class DiffusionModel(Protocol):
    """A MODEL value: base weights, patches and sampling settings. Immutable."""

    @property
    def prediction(self) -> Prediction: ...
    @property
    def schedule(self) -> NoiseSchedule: ...
    @property
    def latent_format(self) -> LatentFormat: ...
    @property
    def concat_channels(self) -> int:
        """Channels the network takes beside the latent's: 0 but for inpainting models and kin."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Hooks and settings by name, for instance "sampler_cfg_function"."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        ...

    def loaded(self, batch_shape: tuple[int, ...]) -> AbstractContextManager[Network]:
        """Bring the patched weights onto the device for the length of the block.

        Args:
            batch_shape: Largest (B, C, h, w) that will be asked for, to plan memory.
        """
        ...

    def with_settings(
        self,
        *,
        prediction: Prediction | None = None,
        schedule: NoiseSchedule | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return a model with other sampling settings; `options` are merged over the present."""
        ...


ControlResiduals: TypeAlias = "tuple[Sequence[torch.Tensor], torch.Tensor]"
"""What a ControlNet adds to a UNet: to each skip connection, in their order, and in the middle."""


ControlForward: TypeAlias = (
    "Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], ControlResiduals]"
)
"""(x, timestep, context: as `Network` takes them; hint (B, C, H, W)) -> residuals, float32."""


class ControlModel(Protocol):
    """A CONTROL_NET value: a network and, once applied, the picture that steers it. Immutable.

    hint: (B, C, H, W) in [0, 1] of any size, None at first. start_percent, end_percent: when it
    counts, 0 is pure noise. previous: counts as well. downscale: pixels of hint per latent cell.
    """

    @property
    def hint(self) -> torch.Tensor | None: ...
    @property
    def strength(self) -> float: ...
    @property
    def start_percent(self) -> float: ...
    @property
    def end_percent(self) -> float: ...
    @property
    def previous(self) -> ControlModel | None: ...
    @property
    def downscale(self) -> int: ...

    def loaded(self, batch_shape: tuple[int, ...]) -> AbstractContextManager[ControlForward]:
        """Bring the weights onto the device; see `DiffusionModel.loaded`."""
        ...

    def with_hint(self, image: torch.Tensor, strength: float, start: float, end: float) -> Self:
        """Return one that is steered by an image (B, H, W, C)."""
        ...

    def with_previous(self, previous: ControlModel | None) -> Self: ...


class TextEncoder(Protocol):
    """A CLIP value: tokenizer and text network. Immutable."""

    def encode(self, text: str) -> Conditioning:
        """Return the conditioning of one prompt, with the contract's weights and chunks."""
        ...

    def with_last_layer(self, layer: int) -> Self:
        """Return an encoder that stops at `layer`, counted from the end: -1 is the last."""
        ...


class Autoencoder(Protocol):
    """A VAE value: first stage between pictures and (unscaled) latents. Immutable."""

    @property
    def downscale(self) -> int: ...
    @property
    def latent_channels(self) -> int: ...

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H/f, W/f) float32 from an image; sides are cropped to multiples of f."""
        ...

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return an image from (B, C, h, w)."""
        ...

    def encode_tiled(self, image: torch.Tensor, tile: int, overlap: int) -> torch.Tensor:
        """As `encode`, in tiles of `tile` pixels overlapping by `overlap` pixels."""
        ...

    def decode_tiled(self, latent: torch.Tensor, tile: int, overlap: int) -> torch.Tensor:
        """As `decode`, in tiles of `tile` pixels overlapping by `overlap` pixels."""
        ...


class VqAutoencoder(Autoencoder, Protocol):
    """A VQ_MODEL value: an autoencoder whose decoder knows a fixed set of codes. Immutable.

    It serves as a VAE too: `encode` gives the continuous code, `decode` quantises first
    (arXiv:2112.10752, appendix G).
    """

    def codebook(self) -> CodebookDict:
        """Read the codebook; a new copy each time."""
        ...

    def decode_codes(self, codes: torch.Tensor) -> torch.Tensor:
        """Return an image from (B, D, h, w) as it is, without quantising it first."""
        ...


class HoldsTensors(Protocol):
    """A value that keeps tensors alive; the cache counts their bytes, each storage once."""

    def held_tensors(self) -> Iterable[torch.Tensor]:
        """List the tensors in memory now, weights included."""
        ...


class LatentDict(TypedDict):
    """A LATENT value.

    samples: (B, C, h, w) float32, unscaled VAE space. noise_mask: (B, 1, H, W), 1 = regenerate,
    of any size. batch_index: which item of a seed's noise each sample takes.
    downscale_ratio_spacial: pixels per cell that an empty latent was made for; a sampler makes it
    as large as the model's own cells need. ComfyUI's name, spelling included.
    """

    samples: torch.Tensor
    noise_mask: NotRequired[torch.Tensor]
    batch_index: NotRequired[list[int]]
    downscale_ratio_spacial: NotRequired[int]
    type: NotRequired[str]


class CodebookDict(TypedDict):
    """A CODEBOOK value, on the CPU.

    codes: (K, D) float32, one code in each row. logits: only of codebooks trained with Gumbel
    noise; (weight (K, D), bias (K,)) float32: the encoder means the token with the largest
    weight·z + bias, however near its code lies.
    """

    codes: torch.Tensor
    logits: NotRequired[tuple[torch.Tensor, torch.Tensor]]


class TokenGrid(TypedDict):
    """A TOKENS value.

    tokens: (B, h, w) int64 in [0, size), row-major, on the CPU. size: K, the codes there are.
    """

    tokens: torch.Tensor
    size: int


# --- results of nodes --------------------------------------------------------------------------


class Ui(dict[str, list[Any]]):
    """What a node shows in the editor and history, for instance {"images": [{…}]}."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """A node's full answer, when plain outputs do not say it all.

    Attributes:
        values: One value per output; with `expand`, links into it are allowed.
        ui: Shown in the editor and kept in history.
        expand: Prompt-shaped nodes to run in this node's place.
    """

    values: tuple[Any, ...] = ()
    ui: Ui | None = None
    expand: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of work in progress; `render` is called only when somebody looks.

    `render` returns a PIL image, not larger than the latent or image it comes from.

    Attributes:
        max_size: Pixels of the longer side that are shown at most.
        is_result: It is what the artist waits for, not a glance at it: every one is sent, at once
            and without loss, in its full size, whether or not previews are wanted.
    """

    render: Callable[[], Any] = field(repr=False)
    max_size: int = 512
    is_result: bool = False


# --- socket types for node signatures ----------------------------------------------------------

Image: TypeAlias = Annotated["torch.Tensor", Socket("IMAGE")]
"""(B, H, W, C) float32 in [0, 1], RGB, on the CPU; C may be 4."""
Mask: TypeAlias = Annotated["torch.Tensor", Socket("MASK")]
"""(B, H, W) float32 in [0, 1]; 1 = repaint. Producers outside may give (H, W)."""
Latent: TypeAlias = Annotated[LatentDict, Socket("LATENT")]
Conditioning: TypeAlias = Annotated[list[Any], Socket("CONDITIONING")]
"""List of [tensor (1, T, D), dict]: alternatives, summed by weight. Copied, never mutated."""
Sigmas: TypeAlias = Annotated["torch.Tensor", Socket("SIGMAS")]
"""(steps + 1,) float32, falling, on the CPU."""
Model: TypeAlias = Annotated[DiffusionModel, Socket("MODEL")]
Clip: TypeAlias = Annotated[TextEncoder, Socket("CLIP")]
Vae: TypeAlias = Annotated[Autoencoder, Socket("VAE")]
VqModel: TypeAlias = Annotated[VqAutoencoder, Socket("VQ_MODEL")]
Codebook: TypeAlias = Annotated[CodebookDict, Socket("CODEBOOK")]
Tokens: TypeAlias = Annotated[TokenGrid, Socket("TOKENS")]
ControlNet: TypeAlias = Annotated[ControlModel, Socket("CONTROL_NET")]
Anything: TypeAlias = Annotated[Any, Socket("*")]
