"""Trains a latent diffusion model and its text encoder together.

Sources: arXiv:2112.10752 (latents), arXiv:2202.00512, Appendix D (v), arXiv:2303.09556 (weights).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import InvalidValueError
from engine.models.families import clip_text, unet
from engine.sampling.sigmas import sigma_table
from engine.text.chunks import ChunkLayout
from engine.text.tokenizer import ClipTokenizer
from engine.training.data import LatentBatch
from engine.training.first_weights import with_first_weights
from engine.training.objective import Draw, Losses, Pulse
from engine.types import NoiseSchedule, Prediction


class DiffusionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shape and loss of a latent diffusion model.

    Attributes:
        widths: Channels of the UNet by level, the finest first.
        blocks: Residual blocks in each level on the way down.
        attention: Whether a level's blocks have attention, by level.
        heads: Attention heads of the UNet.
        text_width: Width of the text encoder and of the UNet's context.
        text_layers, text_heads: Of the text encoder.
        tokens: Tokens in a chunk, start and end included.
        prediction: "v_prediction" or "eps".
        dropout: Share of captions replaced by "", so that guidance has something to leave.
        snr_limit: Gamma of the min-SNR weights.
        noise_bias: Timesteps are drawn as u ** (1 - noise_bias) with u uniform: 0 draws all alike,
            more draws noisy ones oftener, where it is decided what a picture shows.
        train_text: Whether the text encoder learns along. Otherwise its random first weights
            stay: each word has a vector of its own from the start, which suits few words.
        scale: The UNet sees latents times this: 1 when they have unit variance.
    """

    widths: tuple[int, ...] = (64, 96, 128)
    blocks: int = 1
    attention: tuple[bool, ...] = (False, True, True)
    heads: int = 4
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    tokens: int = 24
    prediction: Literal["eps", "v_prediction"] = "v_prediction"
    dropout: float = 0.1
    snr_limit: float = 5.0
    noise_bias: float = 0.0
    train_text: bool = True
    scale: float = 1.0


class DiffusionObjective:
    """Implements `Objective[LatentBatch]`.

    Attributes:
        unet: `UNet2DConditionModel`.
        text: CLIP's text network.
        latent_channels: Of the first stage.
    """

    kind = "diffusion"
    unet: Any
    text: Any
    helpers: Collection[str] = ()
    unaveraged: Collection[str] = ()

    def __init__(
        self,
        settings: DiffusionSettings,
        tokenizer: ClipTokenizer,
        latent_channels: int,
        seed: int,
        show: Callable[[DiffusionObjective, Pulse], Tensor] | None = None,
    ) -> None:
        """Make the networks with first weights from `seed`.

        Args:
            tokenizer: Of the captions; its vocabulary becomes the text encoder's.
            show: Draws sample pictures (B, H, W, 3) in [0, 1] with the present weights.

        Raises: InvalidValueError, for a shape that is none.
        """
        self.settings, self.tokenizer = settings, tokenizer
        self._show = show
        self.unet = with_first_weights(_build_unet(settings, latent_channels), seed)
        self.text = with_first_weights(_build_text(settings, tokenizer.size), seed + 1)
        self.text.embeddings.position_ids = torch.arange(settings.tokens)[None]
        _tell_words_apart(self.text, seed + 2)
        self.text.requires_grad_(settings.train_text)
        self.networks: dict[str, nn.Module] = {"unet": self.unet, "text": self.text}
        self.latent_channels = latent_channels
        self._layout = ChunkLayout(tokenizer.start, tokenizer.end, tokenizer.pad, settings.tokens)
        self._rows: dict[str, list[int]] = {}
        table = sigma_table(NoiseSchedule(), Prediction(settings.prediction))
        self._alpha_bar = 1 / (1 + table.sigmas**2)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        device: torch.device = self.unet.conv_in.weight.device
        return device

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings, and what the data decide."""
        return {
            **msgspec.to_builtins(self.settings),
            "latent_channels": self.latent_channels,
            "vocabulary": self.tokenizer.size,
        }

    def prepare(
        self, step: int, draw: Draw[LatentBatch], generator: torch.Generator, pulse: Pulse
    ) -> None:
        """Nothing is needed before a step."""

    def after_step(self, step: int, generator: torch.Generator) -> None:
        """Nothing changes but by gradients."""

    def loss(self, batch: LatentBatch, step: int, generator: torch.Generator) -> Losses:
        """Return the weighted squared error of what the network predicts from noised latents."""
        device = self.device
        latents = batch.latents.to(device) * self.settings.scale
        noise = torch.randn(latents.shape, generator=generator).to(device)
        timesteps = _spread_timesteps(
            len(latents), len(self._alpha_bar), self.settings.noise_bias, generator
        )
        dropped = torch.rand(len(latents), generator=generator) < self.settings.dropout
        captions = [
            "" if left_out else caption
            for caption, left_out in zip(batch.captions, dropped.tolist(), strict=True)
        ]
        alpha_bar = self._alpha_bar[timesteps].to(device).view(-1, 1, 1, 1)
        alpha, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
        noisy = alpha * latents + sigma * noise
        target = noise if self.settings.prediction == "eps" else alpha * noise - sigma * latents
        predicted = self.predict(noisy, timesteps.to(device), self.context(captions))
        errors = functional.mse_loss(predicted.float(), target, reduction="none").mean((1, 2, 3))
        weights = snr_weights(alpha_bar.flatten(), self.settings)
        return {"loss": (weights * errors).mean(), "error": errors.mean().detach()}

    def samples(self, step: int, pulse: Pulse) -> Tensor | None:
        """Return what `show` draws."""
        return None if self._show is None else self._show(self, pulse)

    def predict(self, noisy: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        """Return the UNet's output (B, C, h, w).

        Args:
            noisy: (B, C, h, w), unit variance.
            timesteps: (B,).
            context: (B, T, D).
        """
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        output: Tensor = self.unet(noisy, timesteps, context, return_dict=False)[0]
        return output

    def context(self, captions: Sequence[str]) -> Tensor:
        """Return the text encoder's last states (B, T, D), after its last norm."""
        rows = torch.tensor([self._row(caption) for caption in captions])
        states: Tensor = self.text(input_ids=rows.to(self.device))[0]
        return states

    def _row(self, caption: str) -> list[int]:
        """Return a caption's token ids, cut to one chunk; remembered, for captions come again."""
        row = self._rows.get(caption)
        if row is None:
            ids = self.tokenizer.encode(caption)[: self._layout.capacity]
            row = [int(token) for token, _ in self._layout.pack([[(i, 1.0) for i in ids]])[0]]
            self._rows[caption] = row
        return row


def snr_weights(alpha_bar: Tensor, settings: DiffusionSettings) -> Tensor:
    """Return the weight of each squared error; alpha_bar: (B,).

    eps: min(SNR, gamma) / SNR, as arXiv:2303.09556, section 3.4. v: min(SNR + 1, gamma + 1) /
    (SNR + 1): the same limit, but without falling to zero at high noise, where v is the picture.
    """
    snr = alpha_bar / (1 - alpha_bar)
    if settings.prediction == "eps":
        return (settings.snr_limit / snr).clamp(max=1)
    return ((settings.snr_limit + 1) / (snr + 1)).clamp(max=1)


def _spread_timesteps(count: int, steps: int, bias: float, generator: torch.Generator) -> Tensor:
    """Return one random step from each of `count` stretches: less noise in the loss.

    The stretches are alike without bias; see `DiffusionSettings.noise_bias`.

    Source: arXiv:2107.00630, appendix I.1 (there with one shared offset).
    """
    places = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    return (places ** (1 - bias) * steps).long().clamp(max=steps - 1)


def _build_unet(settings: DiffusionSettings, latent_channels: int) -> nn.Module:
    if len(settings.attention) != len(settings.widths) or not settings.widths:
        raise InvalidValueError(
            'Diffusion, "attention"', settings.attention, f"{len(settings.widths)} levels"
        )
    for width, attends in zip(settings.widths, settings.attention, strict=True):
        if attends and width % settings.heads:
            expected = f"a divisor of every width with attention, such as {width}"
            raise InvalidValueError('Diffusion, "heads"', settings.heads, expected)
    levels = tuple(
        unet.Level(width, settings.blocks, attention)
        for width, attention in zip(settings.widths, settings.attention, strict=True)
    )
    shape = unet.UnetShape(
        levels,
        in_channels=latent_channels,
        context_width=settings.text_width,
        linear_projection=False,
        out_channels=latent_channels,
    )
    return unet.build(shape, settings.heads, None)


@torch.no_grad()
def _tell_words_apart(text: nn.Module, seed: int) -> None:
    """Let a text network's states depend on its words from the start.

    With layers as torch draws them, what is the same for all words outweighs the words, and
    training then shrinks the rest: the UNet learns to do without its prompt.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, weight in text.named_parameters():
        if name.endswith("token_embedding.weight"):
            nn.init.normal_(weight, std=0.5, generator=generator)
        elif name.endswith("position_embedding.weight"):
            nn.init.normal_(weight, std=0.15, generator=generator)
        elif name.endswith("self_attn.out_proj.weight"):
            weight.mul_(3)
        elif name.endswith(".bias"):
            weight.zero_()


def _build_text(settings: DiffusionSettings, vocabulary: int) -> nn.Module:
    if settings.text_width % settings.text_heads:
        expected = f"a divisor of the text encoder's width {settings.text_width}"
        raise InvalidValueError('Diffusion, "text_heads"', settings.text_heads, expected)
    shape = clip_text.ClipShape(
        width=settings.text_width,
        layers=settings.text_layers,
        vocabulary=vocabulary,
        positions=settings.tokens,
        mlp_width=4 * settings.text_width,
    )
    return clip_text.build(shape, settings.text_heads)
