"""A pack that reports progress, looks after memory and stops a run."""

import comfy.model_management as mm
import comfy.utils
import nodes
import torch
from PIL import Image


class SlowWork:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "stop_at": ("INT", {"default": -1, "min": -1})}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "work"
    CATEGORY = "tests"

    def work(self, image, stop_at):
        bar = comfy.utils.ProgressBar(4)
        for i in range(4):
            if i == stop_at:
                nodes.interrupt_processing()
            mm.throw_exception_if_processing_interrupted()
            bar.update_absolute(i + 1, 4, ("JPEG", Image.new("RGB", (8, 8)), 64))
        samples = image.movedim(-1, 1).to(mm.get_torch_device())
        bigger = comfy.utils.common_upscale(samples, 16, 16, "bilinear", "center")
        tiled = comfy.utils.tiled_scale(bigger, lambda x: x * 2, 8, 8, 4, 1, 3)
        mm.soft_empty_cache()
        return (tiled.movedim(1, -1).to(mm.intermediate_device()).clamp(0, 1),)


class RunOut:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    RETURN_TYPES = ("INT",)
    FUNCTION = "work"
    CATEGORY = "tests"
    calls = 0

    def work(self):
        RunOut.calls += 1
        if RunOut.calls == 1:
            raise mm.OOM_EXCEPTION("pretended")
        return (torch.ones(1).int().item(),)


NODE_CLASS_MAPPINGS = {"SlowWork": SlowWork, "RunOut": RunOut}
