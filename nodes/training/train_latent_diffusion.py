"""TrainLatentDiffusion: a diffusion model and its text encoder from nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal, NamedTuple

import torch

from engine.errors import InvalidValueError
from engine.models.families import sd1
from engine.models.families.config import RESOLUTION_KEY, FileConfig
from engine.models.library import ModelLibrary
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number, Text
from engine.text.tokenizer import ClipTokenizer
from engine.training.data import Latents
from engine.training.ldm_layout import checkpoint_bytes, text_tensors, unet_tensors
from engine.training.objective import Pulse
from engine.training.objectives.diffusion import DiffusionObjective, DiffusionSettings
from engine.training.order import generator_of
from engine.training.preview import fit_preview
from engine.training.sampling import sample_pictures
from engine.training.trainer import Trainer
from engine.training.vocabulary import learn_merges
from engine.types import Clip, Image, Model, NodeResult, Vae
from nodes.loaders.clip_value import clip_of
from nodes.training.training_run import (
    Settings,
    keep_result,
    kept_on_node,
    start_trainer,
    train,
    widths_of,
)

Count = Annotated[int, Number(1, 1024)]
_FITTED: Final = 32


class TrainedDiffusion(NamedTuple):
    """A trained diffusion model and text encoder."""

    model: Model
    clip: Clip
    progress: Image


@node("TrainLatentDiffusion", category="training", title="Train Latent Diffusion", output=True)
@torch.inference_mode(mode=False)
def train_latent_diffusion(
    latents: Latents,
    vae: Vae,
    settings: Settings,
    prediction: Literal["v_prediction", "eps"],
    context: NodeContext,
    name: str = "diffusion",
    widths: str = "64, 96, 128",
    attention_from: Annotated[int, Number(0, 16)] = 1,
    blocks: Count = 1,
    heads: Count = 4,
    text_width: Annotated[int, Number(1, 8192)] = 128,
    text_layers: Count = 2,
    text_heads: Count = 4,
    tokens: Annotated[int, Number(3, 4096)] = 24,
    merges: Annotated[int, Number(0, 100_000)] = 2000,
    dropout: Annotated[float, Number(0.0, 1.0, step=0.01)] = 0.1,
    noise_bias: Annotated[float, Number(0.0, 0.9, step=0.01)] = 0.0,
    train_text: bool = True,
    latent_scale: Annotated[float, Number(0.0001, 1000.0, step=0.00001)] = 1.0,
    prompts: Annotated[str, Text(multiline=True)] = "",
    event_files: bool = False,
) -> TrainedDiffusion | NodeResult:
    """Train a model that turns words into latents, together with its text encoder.

    Stop it at any time: what is learned is saved, and running it again with the same inputs goes
    on from there. Everything is kept below training/ in the output folder.

    Args:
        latents: Encoded pictures with captions.
        vae: The first stage that encoded them; it decodes the samples.
        prediction: What the network learns to say about noisy latents: a mixture of picture and
            noise (v), or the noise (eps).
        name: Of the run's folder; a digest of all that decides the result follows it.
        widths: Channels by level, the finest first; each further level halves the sides.
        attention_from: First level that looks at the text and at the whole picture, from 0; the
            finest is the slowest.
        blocks: Residual blocks in each level.
        heads: Attention heads of the UNet; they divide every width.
        text_width: Width of the text encoder.
        text_layers: Its layers.
        text_heads: Its attention heads; they divide its width.
        tokens: Longest prompt in tokens, start and end included.
        merges: Parts of words learned from the captions.
        dropout: Share of captions left out, so that guidance (CFG) works.
        noise_bias: More looks at noisy latents oftener, where it is decided what a picture shows.
        train_text: Whether the text encoder learns along; without, each word keeps a random
            vector of its own, which suits a few hundred words.
        latent_scale: Latents are multiplied by this; 1 for first stages trained here, 0.18215 for
            Stable Diffusion 1.x.
        prompts: Sample pictures to draw while it learns, one prompt a line.
        event_files: Also write files for TensorBoard.
    """
    channels = latents.latent_shape[0]
    if vae.latent_channels != channels:
        raise InvalidValueError(
            'input "vae"',
            f"{vae.latent_channels} channels",
            f"the {channels} that the latents have",
        )
    levels = widths_of(widths, "widths")
    shape = DiffusionSettings(
        widths=levels,
        blocks=blocks,
        attention=tuple(level >= attention_from for level in range(len(levels))),
        heads=heads,
        text_width=text_width,
        text_layers=text_layers,
        text_heads=text_heads,
        tokens=tokens,
        prediction=prediction,
        dropout=dropout,
        noise_bias=noise_bias,
        train_text=train_text,
        scale=latent_scale,
    )
    pairs = learn_merges(latents.captions(), merges)
    show = _shown_prompts(prompts, latents, vae, settings.seed)
    tokenizer = ClipTokenizer.from_merges(pairs)
    objective = DiffusionObjective(shape, tokenizer, channels, settings.seed, show)
    trainer = start_trainer(context, name, objective, latents, settings)
    progress = train(context, trainer, event_files=event_files)
    result = _result(context, trainer, objective, pairs, vae, latents.latent_shape, progress)
    return NodeResult(result, kept_on_node(context, progress))


def _shown_prompts(
    prompts: str, latents: Latents, vae: Vae, seed: int
) -> Callable[[DiffusionObjective, Pulse], torch.Tensor] | None:
    """Return what draws the sample pictures; None when no line of `prompts` holds a prompt."""
    lines = [line.strip() for line in prompts.splitlines() if line.strip()]
    if not lines:
        return None
    shape = latents.latent_shape
    return partial(sample_pictures, vae=vae, prompts=lines, latent_shape=shape, seed=seed)


def _preview_colours(
    context: NodeContext, trainer: Trainer[Any], vae: Vae, scale: float
) -> list[tuple[float, float, float]]:
    """Fit the colours of previews to some of the latents and what they decode to."""
    generator = generator_of(trainer.settings.seed, "preview")
    indices = torch.randint(len(trainer.data), (_FITTED,), generator=generator).tolist()
    latents = trainer.data.draw(indices, generator).latents
    decoded = []
    for latent in torch.split(latents, 1):
        context.progress(trainer.step, trainer.settings.steps)
        decoded.append(vae.decode(latent))
    return fit_preview(latents * scale, torch.cat(decoded))


def _result(
    context: NodeContext,
    trainer: Trainer[Any],
    objective: DiffusionObjective,
    merges: list[tuple[str, str]],
    vae: Vae,
    latent_shape: tuple[int, int, int],
    progress: torch.Tensor,
) -> TrainedDiffusion:
    shape = objective.settings
    config = FileConfig(
        unet_heads=shape.heads,
        clip_heads=shape.text_heads,
        clip_tokens=shape.tokens,
        prediction=shape.prediction,
        scale_factor=shape.scale,
        preview_rgb=_preview_colours(context, trainer, vae, shape.scale),
    )
    rows, columns = (cells * vae.downscale for cells in latent_shape[1:])
    metadata = {RESOLUTION_KEY: f"{columns}x{rows}"}
    with trainer.averaged_weights():
        tensors = [unet_tensors(objective.unet), text_tensors(objective.text)]
        content = checkpoint_bytes(
            tensors, config=config, merges=merges, dtype=torch.float32, metadata=metadata
        )
    source, key = keep_result(trainer.folder, content)
    library = context.service(ModelLibrary)
    model = sd1.diffusion_model(source, key, library.residency)
    latents = dataclasses.replace(model.latent_format, downscale=vae.downscale)
    clip = clip_of(library, sd1.text_network(source, key, library.residency))
    return TrainedDiffusion(dataclasses.replace(model, latent_format=latents), clip, progress)
