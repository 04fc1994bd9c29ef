"""Nodes that choose and set up a sampler."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from engine.registry.decorator import node
from engine.registry.widgets import Number
from engine.sampling.registry import find_sampler
from nodes.sampling.widgets import SamplerName, SamplerSocket, Share, Wide

CATEGORY = "sampling/custom_sampling/samplers"

NoiseDevice: TypeAlias = Literal["gpu", "cpu"]


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
    noise_device: NoiseDevice,
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


@node("SamplerDPMPP_3M_SDE", category=CATEGORY)
def sampler_dpmpp_3m_sde(
    eta: Wide = 1.0, s_noise: Wide = 1.0, *, noise_device: NoiseDevice
) -> SamplerSocket:
    """Set up the sampler dpmpp_3m_sde.

    Args:
        eta: How much fresh noise each step adds; 0 adds none.
        s_noise: Strength of the fresh noise.
        noise_device: Where the noise is drawn; "cpu" gives the same picture on every machine.
    """
    return find_sampler("dpmpp_3m_sde").with_options(
        eta=eta, s_noise=s_noise, noise_device=noise_device
    )


@node("SamplerDPMPP_SDE", category=CATEGORY)
def sampler_dpmpp_sde(
    eta: Wide = 1.0, s_noise: Wide = 1.0, r: Wide = 0.5, *, noise_device: NoiseDevice
) -> SamplerSocket:
    """Set up the sampler dpmpp_sde.

    Args:
        eta: How much fresh noise each step adds; 0 adds none.
        s_noise: Strength of the fresh noise.
        r: Where in a step the second look at the picture is taken; above 0.
        noise_device: Where the noise is drawn; "cpu" gives the same picture on every machine.
    """
    return find_sampler("dpmpp_sde").with_options(
        eta=eta, s_noise=s_noise, r=r, noise_device=noise_device
    )


@node("SamplerDPMPP_2S_Ancestral", category=CATEGORY)
def sampler_dpmpp_2s_ancestral(eta: Wide = 1.0, s_noise: Wide = 1.0) -> SamplerSocket:
    """Set up the sampler dpmpp_2s_ancestral.

    Args:
        eta: How much fresh noise each step adds; 0 adds none.
        s_noise: Strength of the fresh noise.
    """
    return find_sampler("dpmpp_2s_ancestral").with_options(eta=eta, s_noise=s_noise)


@node("SamplerEulerAncestralCFGPP", category=CATEGORY, title="SamplerEulerAncestralCFG++")
def sampler_euler_ancestral_cfgpp(
    eta: Share = 1.0, s_noise: Annotated[float, Number(0.0, 10.0, step=0.01)] = 1.0
) -> SamplerSocket:
    """Set up the sampler euler_ancestral_cfg_pp.

    Use it with a cfg between 1 and 2: guidance counts fully in each step.

    Args:
        eta: How much fresh noise each step adds; 0 adds none.
        s_noise: Strength of the fresh noise.
    """
    return find_sampler("euler_ancestral_cfg_pp").with_options(eta=eta, s_noise=s_noise)


@node("SamplerER_SDE", category=CATEGORY)
def sampler_er_sde(
    solver_type: Literal["ER-SDE", "Reverse-time SDE", "ODE"],
    max_stage: Annotated[int, Number(1, 3)] = 3,
    eta: Wide = 1.0,
    s_noise: Wide = 1.0,
) -> SamplerSocket:
    """Set up the sampler er_sde.

    Args:
        solver_type: How the noise is taken away: "ODE" adds none anew.
        max_stage: How many estimates a step rests on.
        eta: How much fresh noise "Reverse-time SDE" adds.
        s_noise: Strength of the fresh noise.
    """
    return find_sampler("er_sde").with_options(
        solver_type=solver_type, max_stage=max_stage, eta=eta, s_noise=s_noise
    )
