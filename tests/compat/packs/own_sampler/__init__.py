"""A pack with a sampler and schedules of its own, under every name the host's lists have."""

import comfy.samplers
import torch
from comfy.k_diffusion import sampling as k_diffusion_sampling


@torch.no_grad()
def sample_plain_euler(model, x, sigmas, extra_args=None, callback=None, disable=None, push=1.0):
    extra_args = {} if extra_args is None else extra_args
    ones = x.new_ones([x.shape[0]])
    for i in range(len(sigmas) - 1):
        denoised = model(x, sigmas[i] * ones, **extra_args)
        d = k_diffusion_sampling.to_d(x, sigmas[i], denoised)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "denoised": denoised})
        x = x + d * (sigmas[i + 1] - sigmas[i]) * push
    return x


def halving(model_sampling, steps):
    top = float(model_sampling.sigma_max)
    return torch.tensor([*(top / 2**i for i in range(steps)), 0.0])


def falling(n, sigma_min, sigma_max):
    return torch.cat([torch.linspace(sigma_max, sigma_min, n), torch.zeros(1)])


k_diffusion_sampling.sample_plain_euler = sample_plain_euler
comfy.samplers.KSampler.SAMPLERS.append("plain_euler")
comfy.samplers.SCHEDULER_HANDLERS["halving"] = comfy.samplers.SchedulerHandler(halving)
comfy.samplers.SCHEDULER_NAMES.append("halving")
comfy.samplers.SCHEDULER_HANDLERS["falling"] = comfy.samplers.SchedulerHandler(falling, False)


class PlainEuler:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"push": ("FLOAT", {"default": 1.0})}}

    RETURN_TYPES = ("SAMPLER",)
    FUNCTION = "get"
    CATEGORY = "tests"

    def get(self, push):
        return (comfy.samplers.KSAMPLER(sample_plain_euler, {"push": push}),)


class HalvingSigmas:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "steps": ("INT", {"default": 2})}}

    RETURN_TYPES = ("SIGMAS",)
    FUNCTION = "get"
    CATEGORY = "tests"

    def get(self, model, steps):
        sampling = model.get_model_object("model_sampling")
        return (comfy.samplers.calculate_sigmas(sampling, "halving", steps),)


NODE_CLASS_MAPPINGS = {"PlainEuler": PlainEuler, "HalvingSigmas": HalvingSigmas}
