"""ControlNetApply and ControlNetApplyAdvanced: prompts steered by a picture."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.types import Conditioning, ControlModel, ControlNet, Image, Vae

_Strength = Annotated[float, Number(0.0, 10.0, step=0.01)]
_Share = Annotated[float, Number(0.0, 1.0, step=0.001)]


class ControlledOutputs(NamedTuple):
    """Both prompts, steered alike."""

    positive: Conditioning
    negative: Conditioning


@node(
    "ControlNetApply",
    category="conditioning/controlnet",
    title="Apply ControlNet (OLD)",
    deprecated=True,
)
def control_net_apply(
    conditioning: Conditioning, control_net: ControlNet, image: Image, strength: _Strength = 1.0
) -> Conditioning:
    """Let a picture steer a prompt from the first step to the last.

    Put it behind the positive prompt: the negative then follows the same picture by itself. The
    newer node takes both prompts and can stop early.

    Args:
        conditioning: The positive prompt.
        control_net: What kind of picture is understood.
        image: The picture to follow; cropped around the centre to the aspect ratio of the latent.
        strength: How closely it is followed; 0 not at all.
    """
    if strength == 0:
        return conditioning
    control = control_net.with_hint(image, strength, 0.0, 1.0)
    (steered,) = _steer([conditioning], control, also_negative=True)
    return steered


@node("ControlNetApplyAdvanced", category="conditioning/controlnet", title="Apply ControlNet")
def control_net_apply_advanced(
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: _Strength = 1.0,
    start_percent: _Share = 0.0,
    end_percent: _Share = 1.0,
    vae: Vae | None = None,
) -> ControlledOutputs:
    """Let a picture steer both prompts, during the whole sampling or a part of it.

    Several may follow each other; all of them count. Ending early leaves the details to the model.

    Args:
        positive: What should be seen.
        negative: What should not.
        control_net: What kind of picture is understood.
        image: The picture to follow; cropped around the centre to the aspect ratio of the latent.
        strength: How closely it is followed; 0 not at all.
        start_percent: Where it begins to count: 0 is the first step, pure noise.
        end_percent: Where it ends: 1 is the finished picture.
        vae: Not needed: the ControlNets of Stable Diffusion 1.x look at the picture itself.
    """
    if strength == 0:
        return ControlledOutputs(positive, negative)
    control = control_net.with_hint(image, strength, start_percent, end_percent)
    return ControlledOutputs(*_steer([positive, negative], control, also_negative=False))


def _steer(
    sides: list[Conditioning], control: ControlModel, *, also_negative: bool
) -> list[Conditioning]:
    """Return conditionings with a ControlNet added to each entry's chain.

    Entries with the same chain get the same value: sampling computes them together.
    """
    chains: dict[ControlModel | None, ControlModel] = {}
    steered = []
    for side in sides:
        entries = []
        for text, keys in side:
            before = keys.get("control")
            if before not in chains:
                chains[before] = control.with_previous(before)
            values = {"control": chains[before], "control_apply_to_uncond": also_negative}
            entries.append([text, {**keys, **values}])
        steered.append(entries)
    return steered
