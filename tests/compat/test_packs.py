"""Packs in the style of popular ones, run by the real runner on a tiny checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from aiohttp import ClientSession
from PIL import Image

from engine.compat.hosting.missing import NotOfferedError
from engine.compat.hosting.route_host import host_routes
from engine.execution.events import NodePreview, NodeProgress
from tests.compat.pack_bench import (
    CHECKPOINT,
    PACKS,
    Bench,
    Prompt,
    close,
    host,
    pack_bench,
    text_to_latent,
)

ALL = sorted(path.name for path in PACKS.iterdir() if (path / "__init__.py").is_file())
IMAGE = {"i": ("EmptyImage", {"width": 8, "height": 8, "batch_size": 1, "color": 0x204060})}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base"), *ALL) as made:
        yield made


@pytest.fixture(scope="module")
def plain(bench: Bench) -> torch.Tensor:
    """What the native nodes alone make."""
    latent: torch.Tensor = bench.values(text_to_latent(), "3")[0]["samples"]
    return latent


def test_every_pack_loads_with_time_and_node_types(bench: Bench) -> None:
    assert [report.name for report in bench.engine.packs] == ALL
    for report in bench.engine.packs:
        assert report.error is None, report.traceback
        assert report.failed_types == {}
        assert report.node_types
        assert report.seconds > 0


def test_common_ksampler_and_host_classes_make_the_native_picture(
    bench: Bench, plain: torch.Tensor
) -> None:
    inputs = {"ckpt_name": CHECKPOINT, "text": "a cat", "seed": 3, "steps": 2, "width": 64}
    names = {"sampler_name": "euler", "scheduler": "normal"}
    prompt: Prompt = {
        "1": ("PictureInOne", inputs | names),
        "2": ("VAEDecode", {"samples": ["1", 0], "vae": ["4", 2]}),
    }
    latent, image, model = bench.values({**text_to_latent(), **prompt}, "1")

    assert close(latent["samples"], plain)
    assert image.shape == (1, 64, 64, 3)
    assert type(model).__name__ == "DiffusionNetworkModel", "native nodes get a native model"
    steps = [event for event in bench.of(NodeProgress) if event.ids.node == "1"]
    assert [(event.value, event.total) for event in steps] == [(1, 2), (2, 2)]
    assert bench.of(NodePreview)


def test_a_subclass_of_save_image_saves_under_its_own_name(bench: Bench) -> None:
    prompt = IMAGE | {"s": ("SaveQuietly", {"images": ["i", 0], "filename_prefix": "sub/a"})}
    result = bench.run(prompt)

    (entry,) = result.outputs["s"]["images"]
    assert entry == {"filename": "a_quiet_00001_.png", "subfolder": "sub", "type": "output"}
    with Image.open(bench.base / "output" / "sub" / entry["filename"]) as picture:
        assert picture.getpixel((0, 0)) == (0x20, 0x40, 0x60)
        assert "prompt" not in picture.info, "the pack passed None"


def test_a_subclass_of_preview_image_with_attributes_set_by_hand_previews(bench: Bench) -> None:
    prompt = IMAGE | {"p": ("PreviewElsewhere", {"images": ["i", 0]})}
    result = bench.run(prompt)

    (entry,) = result.outputs["p"]["images"]
    assert entry["type"] == "temp"
    assert (bench.base / "temp" / entry["filename"]).is_file()
    with Image.open(bench.base / "temp" / entry["filename"]) as picture:
        assert json.loads(picture.info["prompt"])["p"]["class_type"] == "PreviewElsewhere"


def test_a_subclass_of_ksampler_calls_the_native_one(bench: Bench, plain: torch.Tensor) -> None:
    prompt = text_to_latent()
    twice = {**prompt, "3": ("KSamplerTwice", prompt["3"][1])}
    again = text_to_latent(latent_image=["8", 0], denoise=0.5)["3"]
    by_hand = {**prompt, "8": prompt["3"], "3": again}

    assert close(bench.values(twice, "3")[0]["samples"], bench.values(by_hand, "3")[0]["samples"])


def test_folders_that_a_pack_adds_serve_its_nodes_and_native_ones(bench: Bench) -> None:
    base = bench.base
    brush, lora = base / "models" / "brushes" / "soft.brush", base / "more_loras" / "x.safetensors"
    for file in (brush, lora):
        file.parent.mkdir()
        file.write_bytes(b"")

    inputs = {"brush": "soft.brush", "lora": "x.safetensors"}
    assert bench.values({"1": ("PickBrush", inputs)}, "1") == [str(brush), str(lora)]
    menu = bench.engine.registry.input_types("LoraLoader")["required"]["lora_name"][0]
    assert menu == ["l.safetensors", "x.safetensors"]
    assert "palettes" in host("folder_paths").folder_names_and_paths


async def test_routes_of_a_pack_answer_only_to_who_knows_the_secret(bench: Bench) -> None:
    hosted = await host_routes(host("server").PromptServer.instance, "X-Secret", "s3cret")
    assert hosted is not None
    address = f"http://127.0.0.1:{hosted.port}/routes_and_messages"
    try:
        async with ClientSession(headers={"X-Secret": "s3cret"}) as session:
            async with session.get(f"{address}/hello?name=x") as answer:
                assert await answer.json() == {"hello": "x"}
            async with session.post(f"{address}/shout", json={"text": "a"}) as answer:
                assert await answer.json() == {"text": "A"}
            async with session.get(f"{address}/files/deep/tell.js") as answer:
                assert answer.status == 200
        async with ClientSession() as session, session.get(f"{address}/hello") as answer:
            assert answer.status == 403
    finally:
        await hosted.close()
    assert {
        "GET /routes_and_messages/hello",
        "POST /routes_and_messages/shout",
        "GET /routes_and_messages/files/{path:.*}",
    } <= set(hosted.addresses)


def test_browser_files_are_reported_with_the_pack_that_has_them(bench: Bench) -> None:
    folder = (PACKS / "routes_and_messages" / "js").resolve()
    found = {report.name: report.web for report in bench.engine.packs if report.web}

    assert {name: path.resolve() for name, path in found.pop("routes_and_messages").items()} == {
        "routes_and_messages": folder,
        "told": folder,
    }
    assert found == {}


def test_messages_of_a_pack_go_over_the_link(bench: Bench) -> None:
    bench.link.sent.clear()
    bench.run({"9": ("Tell", {"text": "hi"})})

    assert bench.link.sent == [
        ("tests.told", {"node": "9", "text": "hi"}, None),
        ("tests.told", {"node": "9"}, "client-1"),
        ("progress_text", {"nodeId": "9", "text": "telling"}, None),
    ]


def test_prompt_handlers_of_packs_change_requests(bench: Bench) -> None:
    server = host("server").PromptServer.instance

    assert server.trigger_on_prompt({"prompt": {}}) == {"prompt": {}, "marked": True}


def test_a_sampler_that_a_pack_adds_is_in_native_menus_and_runs(
    bench: Bench, plain: torch.Tensor
) -> None:
    menus = bench.engine.registry.input_types("KSampler")["required"]
    assert "plain_euler" in menus["sampler_name"][0]
    assert {"halving", "falling"} <= set(menus["scheduler"][0])

    own = bench.values(text_to_latent(sampler_name="plain_euler"), "3")[0]["samples"]
    assert close(own, plain), "it is Euler's method"
    assert [event.value for event in bench.of(NodeProgress)] == [1, 2]


@pytest.mark.parametrize("scheduler", ["halving", "falling"])
def test_a_schedule_that_a_pack_adds_runs(
    bench: Bench, plain: torch.Tensor, scheduler: str
) -> None:
    own = bench.values(text_to_latent(scheduler=scheduler), "3")[0]["samples"]

    assert own.isfinite().all()
    assert not close(own, plain)


def test_sampler_and_sigma_values_of_a_pack_run_in_native_nodes(bench: Bench) -> None:
    prompt = text_to_latent(scheduler="halving")
    custom: Prompt = {
        "8": ("PlainEuler", {"push": 1.0}),
        "9": ("HalvingSigmas", {"model": ["4", 0], "steps": 2}),
        "10": (
            "SamplerCustom",
            {
                "model": ["4", 0], "add_noise": True, "noise_seed": 3, "cfg": 7.0,
                "positive": ["6", 0], "negative": ["7", 0], "sampler": ["8", 0],
                "sigmas": ["9", 0], "latent_image": ["5", 0],
            },
        ),
    }  # fmt: skip

    latent = bench.values({**prompt, **custom}, "10")[0]["samples"]
    assert close(latent, bench.values(prompt, "3")[0]["samples"])


def test_progress_bars_report_on_the_running_node(bench: Bench) -> None:
    (image,) = bench.values(IMAGE | {"w": ("SlowWork", {"image": ["i", 0], "stop_at": -1})}, "w")

    assert [event.value for event in bench.of(NodeProgress)] == [1, 2, 3, 4]
    preview = bench.of(NodePreview)[0].preview
    assert (preview.render().size, preview.max_size) == ((8, 8), 64)
    assert image.shape == (1, 16, 16, 3)
    assert close(image[0, 5, 5], torch.tensor([0x40, 0x80, 0xC0]) / 255)


def test_interrupt_processing_stops_the_run(bench: Bench) -> None:
    result = bench.run(IMAGE | {"w": ("SlowWork", {"image": ["i", 0], "stop_at": 2})}, "w")

    assert result.status == "interrupted"
    assert [event.value for event in bench.of(NodeProgress)] == [1, 2]


def test_an_out_of_memory_error_of_a_pack_frees_and_tries_once_more(bench: Bench) -> None:
    assert bench.values({"1": ("RunOut", {})}, "1") == [1]


def hooked(*types: str, **sampler: Any) -> Prompt:
    """A prompt whose model passes through nodes of the given types."""
    prompt = text_to_latent(**sampler)
    source = ["4", 0]
    for number, type_id in enumerate(types):
        prompt[f"h{number}"] = (type_id, {"model": source})
        source = [f"h{number}", 0]
    prompt["3"][1]["model"] = source
    return prompt


def calls(bench: Bench) -> list[Any]:
    node_class: Any = bench.engine.registry["OwnGuidance"].node_class
    found: list[Any] = __import__("sys").modules[node_class.__module__].CALLS
    return found


def test_hooks_on_a_cloned_model_take_part_in_native_sampling(
    bench: Bench, plain: torch.Tensor
) -> None:
    calls(bench).clear()
    latent = bench.values(hooked("OwnGuidance", "Watch"), "3")[0]["samples"]

    assert close(latent, plain), "the hooks compute what the engine does by itself"
    assert [kind for kind, _ in calls(bench)] == ["forward", "cfg", "post"] * 2
    assert calls(bench)[0] == ("forward", [0, 1])
    assert calls(bench)[1][1] == pytest.approx(14.6146, abs=1e-3)
    assert calls(bench)[2] == ("post", 7.0)


def test_a_clone_leaves_the_model_of_other_nodes_alone(bench: Bench, plain: torch.Tensor) -> None:
    prompt = hooked("OwnGuidance", "Watch")
    prompt["3"][1]["model"] = ["4", 0]
    calls(bench).clear()

    assert close(bench.values(prompt, "3")[0]["samples"], plain)
    assert calls(bench) == []


def test_a_weight_patch_changes_the_picture(bench: Bench, plain: torch.Tensor) -> None:
    changed = bench.values(hooked("ShiftWeight"), "3")[0]["samples"]

    assert not close(changed, plain)
    assert close(bench.values(text_to_latent(), "3")[0]["samples"], plain)


@pytest.mark.parametrize(
    ("type_id", "symbol"),
    [
        ("ReplaceAttention", "ModelPatcher.set_model_attn1_patch"),
        ("ReplaceAttentionByHand", 'transformer_options["patches_replace"]'),
    ],
)
def test_what_cannot_be_offered_names_pack_and_symbol(
    bench: Bench, type_id: str, symbol: str
) -> None:
    with pytest.raises(NotOfferedError) as error:
        bench.values(hooked(type_id), "3")

    assert error.value.symbol == symbol
    assert symbol in str(error.value)


def test_sampling_by_hand_equals_the_native_node(bench: Bench, plain: torch.Tensor) -> None:
    inputs = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent": ["5", 0]}
    prompt = {**text_to_latent(), "1": ("SampleByHand", {**inputs, "seed": 3})}
    sampled, clean = bench.values(prompt, "1")

    assert close(sampled["samples"], plain)
    assert close(clean["samples"], plain), "the last step ends in the clean estimate"
    assert [event.value for event in bench.of(NodeProgress)] == [1, 2]


def test_loading_by_path_equals_loading_by_name(bench: Bench) -> None:
    by_path = text_to_latent()
    by_path["4"] = ("LoadByPath", {"ckpt": CHECKPOINT, "lora": "l.safetensors"})
    by_name = text_to_latent(model=["8", 0])
    by_name["8"] = (
        "LoraLoader",
        {
            "model": ["4", 0], "clip": ["4", 1], "lora_name": "l.safetensors",
            "strength_model": 1.0, "strength_clip": 1.0,
        },
    )  # fmt: skip

    latents = [bench.values(p, "3")[0]["samples"] for p in (by_path, by_name, text_to_latent())]
    assert close(latents[0], latents[1])
    assert not close(latents[0], latents[2]), "the LoRA does something"


def test_a_pack_node_expands_into_native_ones(bench: Bench) -> None:
    prompt = IMAGE | {"x": ("InvertTimes", {"image": ["i", 0], "times": 3})}
    (image,) = bench.values(prompt, "x")

    assert close(image[0, 0, 0], 1 - torch.tensor([0x20, 0x40, 0x60]) / 255)
