"""A pack whose node expands into others."""

from comfy_execution.graph_utils import ExecutionBlocker, GraphBuilder


class InvertTimes:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "times": ("INT", {"default": 1})}}

    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "expand"
    CATEGORY = "tests"

    def expand(self, image, times):
        if times < 0:
            return (ExecutionBlocker("times is below 0"),)
        graph, last = GraphBuilder(), image
        for _ in range(times):
            last = graph.node("ImageInvert", image=last).out(0)
        return {"result": (last,), "expand": graph.finalize()}


NODE_CLASS_MAPPINGS = {"InvertTimes": InvertTimes}
