"""Guiders of three prompts."""

from __future__ import annotations

from typing import Literal

from engine.registry.decorator import node
from engine.sampling.guiders import DualGuider
from engine.sampling.guiders import PerpNegGuider as PerpendicularGuider
from engine.types import Conditioning, Model
from nodes.sampling.widgets import Cfg, GuiderSocket, Wide


@node("DualCFGGuider", category="sampling/custom_sampling/guiders")
def dual_cfg_guider(
    model: Model,
    cond1: Conditioning,
    cond2: Conditioning,
    negative: Conditioning,
    cfg_conds: Cfg = 8.0,
    cfg_cond2_negative: Cfg = 8.0,
    *,
    style: Literal["regular", "nested"],
) -> GuiderSocket:
    """Guide a model in two stages, for instance by a picture and then by what to change in it.

    Args:
        model: The diffusion model.
        cond1: Where guidance leads in the end: text and picture.
        cond2: The way there: the picture alone.
        negative: Where guidance leads away from.
        cfg_conds: Strength from the second prompt to the first.
        cfg_cond2_negative: Strength from the negative to the second prompt.
        style: "nested" lets the second strength count for the first stage as well.
    """
    return DualGuider(model, cond1, cond2, negative, cfg_conds, cfg_cond2_negative, style)


@node("PerpNegGuider", category="_for_testing", experimental=True)
def perp_neg_guider(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    empty_conditioning: Conditioning,
    cfg: Cfg = 8.0,
    neg_scale: Wide = 1.0,
) -> GuiderSocket:
    """Guide a model with a negative that takes nothing away from the positive.

    What both have in common is left out of the negative (Perp-Neg).

    Args:
        model: The diffusion model.
        positive: What the picture should show.
        negative: What it should not show.
        empty_conditioning: An empty prompt.
        cfg: How strictly the prompts are followed.
        neg_scale: How much the negative counts.
    """
    return PerpendicularGuider(model, positive, negative, empty_conditioning, cfg, neg_scale)
