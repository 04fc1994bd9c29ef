"""A pack in the V3 form."""

from aiohttp import web
from comfy_api.latest import ComfyExtension, io
from server import PromptServer

steps = []


class Warmer(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="Warmer",
            category="tests",
            inputs=[io.Image.Input("image"), io.Float.Input("amount", default=0.1, min=0, max=1)],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image, amount):
        warm = image.clone()
        warm[..., 0] = (warm[..., 0] + amount).clamp(0, 1)
        return io.NodeOutput(warm)


class HookedModel(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="HookedModel",
            category="tests",
            inputs=[io.Model.Input("model")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    async def execute(cls, model):
        copy = model.clone()
        copy.model_options["tests"] = 1
        return io.NodeOutput(copy)


async def hello(request):
    return web.json_response({"hello": "v3"})


class Extension(ComfyExtension):
    async def on_load(self):
        steps.append("on_load")
        PromptServer.instance.routes.get("/v3_pack/hello")(hello)

    async def get_node_list(self):
        steps.append("get_node_list")
        return [Warmer, HookedModel]


async def comfy_entrypoint():
    return Extension()
