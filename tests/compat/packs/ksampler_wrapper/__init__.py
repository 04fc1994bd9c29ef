"""A pack that builds a whole picture out of the host's own node classes."""

import comfy.samplers
import nodes
from nodes import MAX_RESOLUTION, common_ksampler


class PictureInOne:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "ckpt_name": ("STRING", {}),
                "text": ("STRING", {"multiline": True}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**64 - 1}),
                "steps": ("INT", {"default": 2, "min": 1, "max": 100}),
                "sampler_name": (comfy.samplers.KSampler.SAMPLERS,),
                "scheduler": (comfy.samplers.KSampler.SCHEDULERS,),
                "width": ("INT", {"default": 64, "max": MAX_RESOLUTION}),
            }
        }

    RETURN_TYPES = ("LATENT", "IMAGE", "MODEL")
    FUNCTION = "make"
    CATEGORY = "tests"

    def make(self, ckpt_name, text, seed, steps, sampler_name, scheduler, width):
        model, clip, vae = nodes.CheckpointLoaderSimple().load_checkpoint(ckpt_name=ckpt_name)
        positive = nodes.CLIPTextEncode().encode(clip, text)[0]
        negative = nodes.NODE_CLASS_MAPPINGS["CLIPTextEncode"]().encode(clip, "")[0]
        (latent,) = nodes.EmptyLatentImage().generate(width, width)
        (sampled,) = common_ksampler(
            model, seed, steps, 7.0, sampler_name, scheduler, positive, negative, latent
        )
        return sampled, nodes.VAEDecode().decode(vae, sampled)[0], model


NODE_CLASS_MAPPINGS = {"PictureInOne": PictureInOne}
