"""TrainVQAutoencoder and TrainKLAutoencoder: first stages from nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple

import torch

from engine.errors import InvalidValueError
from engine.models.families import sd1
from engine.models.families.config import FileConfig
from engine.models.library import ModelLibrary
from engine.models.reading import WeightFile
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import Number
from engine.training.data import Pictures, pictures_at_once
from engine.training.ldm_layout import checkpoint_bytes, first_stage_tensors
from engine.training.normalise import fold_scale, measure_latents
from engine.training.objective import Pulse
from engine.training.objectives.autoencoder import (
    CLUSTERED_CELLS,
    CLUSTERED_PICTURES,
    AutoencoderObjective,
    AutoencoderSettings,
    shown_pictures,
)
from engine.training.objectives.discriminator import DiscriminatorSettings
from engine.training.order import generator_of
from engine.training.settings import TrainSettings
from engine.training.trainer import Trainer
from engine.types import Image, NodeResult, Vae, VqModel
from nodes.training.training_run import (
    Settings,
    keep_result,
    kept_on_node,
    start_trainer,
    train,
    widths_of,
)

Count = Annotated[int, Number(1, 1024)]
Pixels = Annotated[int, Number(0, 4096, step=8)]
Step = Annotated[int, Number(0, 10_000_000)]
StepOrNever = Annotated[int, Number(-1, 10_000_000)]
_MEASURED: Final = 256


class TrainedVq(NamedTuple):
    """A trained first stage with a codebook."""

    vq_model: VqModel
    vae: Vae
    progress: Image


class TrainedKl(NamedTuple):
    """A trained first stage without one."""

    vae: Vae
    progress: Image


@node("TrainVQAutoencoder", category="training", title="Train VQ Autoencoder", output=True)
def train_vq_autoencoder(
    pictures: Pictures,
    settings: Settings,
    context: NodeContext,
    name: str = "vq",
    widths: str = "16, 32, 64",
    latent_channels: Count = 4,
    norm_groups: Count = 8,
    codes: Annotated[int, Number(2, 65536)] = 1024,
    quantize_from: Step = 500,
    crop: Pixels = 0,
    crop_until: Step = 0,
    adversary_from: StepOrNever = -1,
    event_files: bool = False,
) -> TrainedVq | NodeResult:
    """Train a VQ autoencoder: it writes pictures as grids of tokens from a codebook it learns.

    Stop it at any time: what is learned is saved, and running it again with the same inputs goes
    on from there. Everything is kept below training/ in the output folder.

    Args:
        name: Of the run's folder; a digest of all that decides the result follows it.
        widths: Channels by level, the finest first; each further level halves the sides.
        latent_channels: Numbers in a code.
        norm_groups: Groups of channels that are normalised together; they divide every width.
            Groups of one channel forget how bright and colourful a picture is.
        codes: Size of the codebook.
        quantize_from: Step at which the codebook is made from clusters and tokens begin. Before,
            the autoencoder learns undisturbed.
        crop: Learn from random cuts of this side first, which is faster; 0 for whole pictures.
        crop_until: Step from which whole pictures are learned from.
        adversary_from: Step from which a second network judges what looks real (VQGAN), for
            crisper detail; -1 for never.
        event_files: Also write files for TensorBoard.
    """
    shape = AutoencoderSettings(
        regulariser="vq",
        widths=widths_of(widths, "widths"),
        latent_channels=latent_channels,
        norm_groups=norm_groups,
        codes=codes,
        quantize_from=quantize_from,
        crop=crop,
        crop_until=crop_until,
        discriminator=_adversary(adversary_from),
    )
    source, key, progress = _trained(context, name, pictures, shape, settings, event_files)
    model = sd1.vq_autoencoder(source, key, context.service(ModelLibrary).residency)
    return NodeResult(TrainedVq(model, model, progress), kept_on_node(context, progress))


@node("TrainKLAutoencoder", category="training", title="Train KL Autoencoder (VAE)", output=True)
def train_kl_autoencoder(
    pictures: Pictures,
    settings: Settings,
    context: NodeContext,
    name: str = "vae",
    widths: str = "16, 32, 64",
    latent_channels: Count = 4,
    norm_groups: Count = 8,
    crop: Pixels = 0,
    crop_until: Step = 0,
    adversary_from: StepOrNever = -1,
    event_files: bool = False,
) -> TrainedKl | NodeResult:
    """Train a VAE: it writes pictures as small latents, which a diffusion model can learn.

    Stop it at any time: what is learned is saved, and running it again with the same inputs goes
    on from there. Everything is kept below training/ in the output folder.

    Args:
        name: Of the run's folder; a digest of all that decides the result follows it.
        widths: Channels by level, the finest first; each further level halves the sides.
        latent_channels: Channels of a latent.
        norm_groups: Groups of channels that are normalised together; they divide every width.
            Groups of one channel forget how bright and colourful a picture is.
        crop: Learn from random cuts of this side first, which is faster; 0 for whole pictures.
        crop_until: Step from which whole pictures are learned from.
        adversary_from: Step from which a second network judges what looks real, for crisper
            detail; -1 for never.
        event_files: Also write files for TensorBoard.
    """
    shape = AutoencoderSettings(
        regulariser="kl",
        widths=widths_of(widths, "widths"),
        latent_channels=latent_channels,
        norm_groups=norm_groups,
        crop=crop,
        crop_until=crop_until,
        discriminator=_adversary(adversary_from),
    )
    source, key, progress = _trained(context, name, pictures, shape, settings, event_files)
    vae = sd1.autoencoder(source, key, context.service(ModelLibrary).residency)
    return NodeResult(TrainedKl(vae, progress), kept_on_node(context, progress))


def _adversary(start: int) -> DiscriminatorSettings | None:
    return None if start < 0 else DiscriminatorSettings(start=start)


def _check(shape: AutoencoderSettings, size: int, steps: int) -> None:
    """Refuse, before hours are spent, what only fails in the course of a run.

    Args:
        size: Side of the pictures.
        steps: Length of the run.

    Raises: InvalidValueError.
    """
    cell = shape.downscale
    for name, side in (("pictures", size), ("crop", shape.crop)):
        if side % cell:
            expected = f"a multiple of {cell} pixels, by which {len(shape.widths)} widths divide it"
            raise InvalidValueError(f'input "{name}"', f"{side} pixels", expected)
    if shape.discriminator is not None:
        _check_adversary(shape, size, shape.discriminator)
    if shape.regulariser == "vq":
        _check_codebook(shape, size, steps)


def _check_adversary(
    shape: AutoencoderSettings, size: int, adversary: DiscriminatorSettings
) -> None:
    cut = shape.crop and adversary.start < shape.crop_until
    name, side = ("crop", min(shape.crop, size)) if cut else ("pictures", size)
    if side < adversary.smallest:
        expected = f"at least {adversary.smallest} pixels, so that the adversary can judge them"
        raise InvalidValueError(f'input "{name}"', f"{side} pixels", expected)


def _check_codebook(shape: AutoencoderSettings, size: int, steps: int) -> None:
    if shape.quantize_from >= steps:
        raise InvalidValueError(
            'input "quantize_from"',
            shape.quantize_from,
            f"less than the {steps} steps of the training settings",
            "Until then there is no codebook.",
        )
    cells = min((size // shape.downscale) ** 2, CLUSTERED_CELLS)
    if shape.codes > CLUSTERED_PICTURES * cells:
        raise InvalidValueError(
            'input "codes"',
            shape.codes,
            f"at most {CLUSTERED_PICTURES * cells}",
            f"The codebook is made of {CLUSTERED_PICTURES} pictures of {cells} cells.",
        )


# Nodes are called in inference mode, in which nothing can be trained.
@torch.inference_mode(mode=False)
def _trained(
    context: NodeContext,
    name: str,
    pictures: Pictures,
    shape: AutoencoderSettings,
    settings: TrainSettings,
    event_files: bool,
) -> tuple[WeightFile, str, torch.Tensor]:
    """Return the trained first stage in a file, the file's key, and the progress picture."""
    _check(shape, pictures.size, settings.steps)
    shown = shown_pictures(pictures, settings.seed) if settings.sample_every else None
    objective = AutoencoderObjective(shape, settings.seed, shown)
    trainer = start_trainer(context, name, objective, pictures, settings)
    progress = train(context, trainer, event_files=event_files)

    def pulse() -> None:
        context.progress(trainer.step, settings.steps)

    tensors = first_stage_tensors(_normalised(trainer, objective, pictures, pulse))
    content = checkpoint_bytes(
        [tensors],
        config=FileConfig(scale_factor=1.0, vae_norm_groups=shape.norm_groups),
        dtype=torch.float32,
    )
    return *keep_result(trainer.folder, content), progress


@torch.no_grad()
def _normalised(
    trainer: Trainer[Any], objective: AutoencoderObjective, pictures: Pictures, pulse: Pulse
) -> Any:
    """Return a copy of the averaged network whose latents have unit variance."""
    with trainer.averaged_weights():
        network = copy.deepcopy(objective.autoencoder)
    generator = generator_of(trainer.settings.seed, "measure")
    drawn = torch.randint(len(pictures), (_MEASURED,), generator=generator)

    def latents() -> Iterator[torch.Tensor]:
        for part in torch.split(drawn, pictures_at_once(pictures.size)):
            pulse()
            images = pictures.draw(part.tolist(), generator).images.to(trainer.device)
            moments: torch.Tensor = network.quant_conv(network.encoder(images))
            yield moments[:, : objective.settings.latent_channels].cpu()

    scale = measure_latents(latents())
    network.cpu()
    fold_scale(network, scale)
    return network
