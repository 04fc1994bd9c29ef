"""Trains a first stage: a KL autoencoder, or one with a codebook (VQ-VAE, VQGAN).

Sources: KL, arXiv:2112.10752, section 3.1; VQ, arXiv:1711.00937.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.models.families import kl, vq
from engine.training.data import Batch, pictures_at_once
from engine.training.first_weights import with_first_weights
from engine.training.objective import Draw, Losses, Pulse
from engine.training.objectives.discriminator import Adversary, DiscriminatorSettings
from engine.training.objectives.reconstruction import differences, random_cuts
from engine.training.order import generator_of
from engine.vq.codebook import (
    EmaCodebook,
    as_cells,
    as_vectors,
    codebook_loss,
    commitment_loss,
    drawn_vectors,
    kmeans_codebook,
    nearest_codes,
    straight_through,
)

_FIRST_LOG_VARIANCE = -6.0  # near 0 its noise would drown the code until the decoder has learned
CLUSTERED_PICTURES, CLUSTERED_CELLS = 256, 1024
"""The codebook starts from clusters of so many pictures, and of so many cells of each at most."""
_REVIVED_EVERY = 50
_SHOWN = 8


class AutoencoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shape and losses of a first stage.

    Attributes:
        regulariser: "kl" or "vq".
        widths: Channels by level, the finest first; each level but the first halves the sides.
        blocks: Residual blocks in each level of the encoder.
        latent_channels: Channels of the code.
        attention: Whether the middle has attention.
        norm_groups: Groups of the group norms; 0 for 32, or what the widths allow.
        codes: Size of the codebook.
        quantize_from: Step at which the code begins to be quantised, with a codebook of clusters
            of what the encoder makes then; before it the autoencoder learns undisturbed.
        codebook: "ema": the codebook follows by moving averages; "loss": by the codebook loss.
        codebook_decay: Share of the averages kept at each step.
        crop: Side of the random cut that is trained on, in pixels; 0 for whole pictures.
        crop_until: Step from which whole pictures are trained on.
        l1, gradient, l2: Weights of the mean absolute difference, that of horizontal and vertical
            colour steps (edges), and the mean squared difference.
        kl: Weight of the KL divergence, mean over the code's elements.
        commitment: Weight beta of the commitment loss.
        discriminator: Of a VQGAN; None for none.
    """

    regulariser: Literal["kl", "vq"] = "vq"
    widths: tuple[int, ...] = (16, 32, 64)
    blocks: int = 1
    latent_channels: int = 4
    attention: bool = False
    norm_groups: int = 0
    codes: int = 1024
    quantize_from: int = 0
    codebook: Literal["ema", "loss"] = "ema"
    codebook_decay: float = 0.99
    crop: int = 0
    crop_until: int = 0
    l1: float = 1.0
    gradient: float = 0.5
    l2: float = 0.5
    kl: float = 5e-4
    commitment: float = 0.25
    discriminator: DiscriminatorSettings | None = None

    @property
    def downscale(self) -> int:
        """Pixels per latent cell along each side."""
        return int(2 ** (len(self.widths) - 1))


class AutoencoderObjective:
    """Implements `Objective[Batch]` for first stages."""

    kind = "autoencoder"
    unaveraged: Collection[str] = ("autoencoder.quantize.embedding.weight",)

    def __init__(self, settings: AutoencoderSettings, seed: int, shown: Tensor | None) -> None:
        """Make the networks with first weights from `seed`.

        Args:
            shown: (B, 3, H, W) in [-1, 1], pictures that samples show; None for no samples.
        """
        self.settings = settings
        self.autoencoder = _build(settings, seed)
        self.networks: dict[str, nn.Module] = {"autoencoder": self.autoencoder}
        self._shown = shown
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._codebook: EmaCodebook | None = None
        if settings.regulariser == "vq" and settings.codebook == "ema":
            self._codebook = EmaCodebook(self._codes.detach(), decay=settings.codebook_decay)
            self._codes.requires_grad_(False)
            self.networks["codebook"] = self._codebook
        self._adversary: Adversary | None = None
        if settings.discriminator is not None:
            self._adversary = Adversary(settings.discriminator, seed + 1)
            self.networks["discriminator"] = self._adversary.network

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings."""
        return dict(msgspec.to_builtins(self.settings))

    @property
    def helpers(self) -> Collection[str]:
        """The codebook's averages, and the discriminator."""
        return {"codebook", "discriminator"}

    def prepare(
        self, step: int, draw: Draw[Batch], generator: torch.Generator, pulse: Pulse
    ) -> None:
        """Start the codebook from clusters of codes, where quantising begins."""
        self._seen = []  # a step that was left undone does not count
        if self.settings.regulariser != "vq" or step != self.settings.quantize_from:
            return
        vectors: list[Tensor] = []
        with torch.no_grad():
            for _ in range(CLUSTERED_PICTURES // 32):
                images = draw(32, generator).images
                for part in torch.split(images, pictures_at_once(images.shape[-1])):
                    pulse()
                    found = as_vectors(self._encoder(self._placed(part)))
                    vectors.append(drawn_vectors(found, CLUSTERED_CELLS * len(part), generator))
            centres = kmeans_codebook(
                torch.cat(vectors), self.settings.codes, generator, pulse=pulse
            )
            self._start_codebook(centres)

    def loss(self, batch: Batch, step: int, generator: torch.Generator) -> Losses:
        """Return reconstruction losses and those of the code."""
        pictures = self._placed(self._cut(batch.images, step, generator))
        losses: Losses = {}
        code = self._code(self._encoder(pictures), step, generator, losses)
        rebuilt = self._decoder(code)
        losses |= differences(pictures, rebuilt)
        weights = self.settings
        total = weights.l1 * losses["l1"] + weights.gradient * losses["gradient"]
        total = total + weights.l2 * losses["l2"]
        if self._adversary is not None and step >= self._adversary.settings.start:
            last_layer = self.autoencoder.decoder.conv_out.weight
            losses |= self._adversary.losses(pictures, rebuilt, total, last_layer)
        factors = {
            "kl": weights.kl,
            "commitment": weights.commitment,
            "codebook": 1.0,
            "adversarial": 1.0,  # weighted already
            "discriminator": 1.0,  # its gradient goes to the discriminator alone
        }
        for name, factor in factors.items():
            if name in losses:
                total = total + factor * losses[name]
        return {"loss": total, **losses}

    def after_step(self, step: int, generator: torch.Generator) -> None:
        """Let the codebook follow the codes of this step; now and then revive dead ones."""
        if self._codebook is None or not self._seen:
            return
        vectors = torch.cat([vectors for vectors, _ in self._seen])
        self._codebook.update(vectors, torch.cat([codes for _, codes in self._seen]))
        self._seen = []
        since = step - self.settings.quantize_from
        if since and since % _REVIVED_EVERY == 0:
            threshold = 0.05 * len(vectors) / self.settings.codes
            self._codebook.revive(vectors, generator, threshold=threshold)
        with torch.no_grad():
            self._codes.copy_(self._codebook.codebook)

    def samples(self, step: int, pulse: Pulse) -> Tensor | None:
        """Return pictures, then their reconstructions."""
        if self._shown is None:
            return None
        rebuilt = []
        for picture in torch.split(self._shown, 1):
            pulse()
            rebuilt.append(self._rebuilt(self._placed(picture), step).float().cpu())
        pairs = torch.cat([self._shown, *rebuilt])
        return (pairs / 2 + 0.5).clamp(0, 1).movedim(1, -1).contiguous()

    @property
    def _codes(self) -> Tensor:
        codes: Tensor = self.autoencoder.quantize.embedding.weight
        return codes

    def _encoder(self, pictures: Tensor) -> Tensor:
        """Return codes, or for "kl" means and log variances."""
        code: Tensor = self.autoencoder.quant_conv(self.autoencoder.encoder(pictures))
        return code

    def _decoder(self, code: Tensor) -> Tensor:
        pictures: Tensor = self.autoencoder.decoder(self.autoencoder.post_quant_conv(code))
        return pictures

    def _code(
        self, encoded: Tensor, step: int, generator: torch.Generator, losses: Losses
    ) -> Tensor:
        """Return what the decoder gets; the code's own losses are added to `losses`."""
        if self.settings.regulariser == "kl":
            mean, log_variance = encoded.chunk(2, dim=1)
            log_variance = log_variance.clamp(-30, 20)
            variance = log_variance.exp()
            losses["kl"] = 0.5 * (mean**2 + variance - 1 - log_variance).mean()
            noise = torch.randn(mean.shape, generator=generator).to(mean)
            return mean + variance.sqrt() * noise
        if step < self.settings.quantize_from:
            return encoded
        vectors = as_vectors(encoded)
        codes = nearest_codes(vectors, self._codes)
        quantized = functional.embedding(codes, self._codes)
        losses["commitment"] = commitment_loss(vectors, quantized)
        if self._codebook is None:
            losses["codebook"] = codebook_loss(vectors, quantized)
        else:
            self._seen.append((vectors.detach(), codes))
        return as_cells(straight_through(vectors, quantized), encoded)

    def _rebuilt(self, pictures: Tensor, step: int) -> Tensor:
        """Return pictures as they come back after `step` steps, without noise."""
        code = self._encoder(pictures)
        if self.settings.regulariser == "kl":
            code = code.chunk(2, dim=1)[0]
        elif step > self.settings.quantize_from:
            codes = nearest_codes(as_vectors(code), self._codes)
            code = as_cells(functional.embedding(codes, self._codes), code)
        return self._decoder(code)

    def _cut(self, pictures: Tensor, step: int, generator: torch.Generator) -> Tensor:
        side = self.settings.crop
        if not side or step >= self.settings.crop_until or side >= pictures.shape[-1]:
            return pictures
        return random_cuts(pictures, side, generator)

    def _start_codebook(self, centres: Tensor) -> None:
        self._codes.data.copy_(centres)
        if self._codebook is not None:
            fresh = EmaCodebook(centres, decay=self.settings.codebook_decay)
            self._codebook.load_state_dict(fresh.state_dict())

    def _placed(self, pictures: Tensor) -> Tensor:
        device = self.autoencoder.post_quant_conv.weight.device
        return pictures.to(device).contiguous(memory_format=torch.channels_last)


def shown_pictures(data: Any, seed: int) -> Tensor:
    """Draw the pictures that samples show from a `PictureDataset`, the same for a seed."""
    generator = generator_of(seed, "shown")
    count = min(_SHOWN, len(data))
    indices = torch.randperm(len(data), generator=generator)[:count].tolist()
    images: Tensor = data.draw(indices, generator).images
    return images


def _build(settings: AutoencoderSettings, seed: int) -> Any:
    if min(settings.widths, default=0) < 1 or settings.blocks < 1 or settings.latent_channels < 1:
        raise InvalidValueError("Autoencoder", settings, "at least one level, block and channel")
    if settings.norm_groups and any(width % settings.norm_groups for width in settings.widths):
        expected = f"a divisor of every width of {settings.widths}"
        raise InvalidValueError('Autoencoder, "norm_groups"', settings.norm_groups, expected)
    channels = settings.latent_channels
    shape = kl.KlShape(
        settings.widths,
        settings.blocks,
        channels,
        image_channels=3,
        attention=settings.attention,
        level_attention=(False,) * len(settings.widths),
        quant=True,
    )
    if settings.regulariser == "vq":
        halves = vq.VqShape(shape, settings.codes, channels, gumbel=False, spatial=False)
        return with_first_weights(vq.build(halves, settings.norm_groups or None), seed)
    network: Any = with_first_weights(kl.build(shape, settings.norm_groups or None), seed)
    with torch.no_grad():
        network.quant_conv.bias[channels:] = _FIRST_LOG_VARIANCE
        network.quant_conv.weight[channels:] *= 0.1
    return network
