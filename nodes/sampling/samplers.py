"""Nodes that choose and set up a sampler."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.sampling.registry import find_sampler
from nodes.sampling.widgets import SamplerName, SamplerSocket, Wide

CATEGORY = "sampling/custom_sampling/samplers"


@node("KSamplerSelect", category=CATEGORY)
def k_sampler_select(sampler_name: SamplerName) -> SamplerSocket:
    """Choose a sampler by name, with its usual settings.

    Args:
        sampler_name: The method that removes the noise.
    """
    return find_sampler(sampler_name)


@node("SamplerEulerAncestral", category=CATEGORY)
def sampler_euler_ancestral(eta: Wide = 1.0, s_noise: Wide = 1.0) -> SamplerSocket:
    """Set up the sampler euler_ancestral.

    Args:
        eta: How much fresh noise each step adds; 0 is plain Euler.
        s_noise: Strength of the fresh noise.
    """
    return find_sampler("euler_ancestral").with_options(eta=eta, s_noise=s_noise)


@node("SamplerLMS", category=CATEGORY)
def sampler_lms(order: Annotated[int, Number(1, 100)] = 4) -> SamplerSocket:
    """Set up the sampler lms.

    Args:
        order: How many earlier steps it looks back on.
    """
    return find_sampler("lms").with_options(order=order)


@node("SamplerDPMPP_2M_SDE", category=CATEGORY)
def sampler_dpmpp_2m_sde(
    solver_type: Literal["midpoint", "heun"],
    eta: Wide = 1.0,
    s_noise: Wide = 1.0,
    *,
    noise_device: Literal["gpu", "cpu"],
) -> SamplerSocket:
    """Set up the sampler dpmpp_2m_sde.

    Args:
        solver_type: The second-order correction.
        eta: How much fresh noise each step adds; 0 adds none.
        s_noise: Strength of the fresh noise.
        noise_device: Where the noise is drawn; "cpu" gives the same picture on every machine.
    """
    return find_sampler("dpmpp_2m_sde").with_options(
        solver_type=solver_type, eta=eta, s_noise=s_noise, noise_device=noise_device
    )
