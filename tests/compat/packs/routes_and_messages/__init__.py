"""A pack that talks to its own browser code."""

import os

import nodes
from aiohttp import web
from server import PromptServer

WEB_DIRECTORY = "./js"
nodes.EXTENSION_WEB_DIRS["told"] = os.path.join(os.path.dirname(__file__), "js")

routes = PromptServer.instance.routes


@routes.get("/routes_and_messages/hello")
async def hello(request):
    return web.json_response({"hello": request.query.get("name", "world")})


@routes.post("/routes_and_messages/shout")
async def shout(request):
    body = await request.json()
    return web.json_response({"text": body["text"].upper()})


@routes.get("/routes_and_messages/files/{path:.*}")
async def files(request):
    return web.Response(text=os.path.basename(request.match_info["path"]))


def mark(json_data):
    json_data["marked"] = True
    return json_data


PromptServer.instance.add_on_prompt_handler(mark)


class Tell:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"text": ("STRING", {})},
            "hidden": {"unique_id": "UNIQUE_ID"},
        }

    RETURN_TYPES = ("STRING",)
    OUTPUT_NODE = True
    FUNCTION = "tell"
    CATEGORY = "tests"

    def tell(self, text, unique_id):
        server = PromptServer.instance
        server.send_sync("tests.told", {"node": unique_id, "text": text})
        server.send_sync("tests.told", {"node": server.last_node_id}, server.client_id)
        server.send_progress_text("telling", unique_id)
        return (text,)


NODE_CLASS_MAPPINGS = {"Tell": Tell}
