"""What packs call in `comfy.utils` and the smaller host modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.compat.hosting.missing import NotOfferedError
from engine.errors import InvalidValueError
from engine.types import ExecutionBlocker
from tests.compat.pack_bench import Bench, close, host

pytestmark = pytest.mark.usefixtures("bench")


def test_weight_files_are_read_as_copies_and_written(bench: Bench, tmp_path: Path) -> None:
    utils = host("comfy.utils")
    file = tmp_path / "a.safetensors"
    utils.save_torch_file({"w": torch.arange(4.0).reshape(2, 2).T}, file, metadata={"k": "v"})

    tensors, metadata = utils.load_torch_file(file, return_metadata=True)
    tensors["w"].add_(1)

    assert metadata == {"k": "v"}
    assert tensors["w"].tolist() == [[1, 3], [2, 4]]
    assert utils.load_torch_file(file)["w"].tolist() == [[0, 2], [1, 3]]


def test_upscaling_keeps_a_frame_axis() -> None:
    video = torch.rand(1, 3, 2, 4, 4)
    resized = host("comfy.utils").common_upscale(video, 8, 6, "bilinear", "disabled")
    alone = host("comfy.utils").common_upscale(video[:, :, 1], 8, 6, "bilinear", "disabled")

    assert resized.shape == (1, 3, 2, 6, 8)
    assert close(resized[:, :, 1], alone)


def test_tiles_give_what_the_whole_gives_and_are_counted() -> None:
    utils = host("comfy.utils")
    bar = utils.ProgressBar(utils.get_tiled_scale_steps(20, 12, 8, 8, 2))
    image = torch.rand(1, 3, 12, 20)

    scaled = utils.tiled_scale(
        image, lambda x: x.repeat_interleave(2, -1).repeat_interleave(2, -2), 8, 8, 2, 2, 3,
        pbar=bar,
    )  # fmt: skip

    assert close(scaled, image.repeat_interleave(2, -1).repeat_interleave(2, -2))
    assert bar.current == bar.total == 6
    with pytest.raises(InvalidValueError, match="square"):
        utils.tiled_scale(image, lambda x: x, 8, 4)


def test_small_tools_of_comfy_utils() -> None:
    utils = host("comfy.utils")

    assert utils.repeat_to_batch_size(torch.tensor([1, 2]), 5).tolist() == [1, 2, 1, 2, 1]
    assert utils.repeat_to_batch_size(torch.tensor([1, 2]), 1).tolist() == [1]
    weights = {"a.x": 1, "b.y": 2}
    assert utils.state_dict_prefix_replace(dict(weights), {"a.": "c."}) == {"c.x": 1, "b.y": 2}
    assert utils.state_dict_prefix_replace(dict(weights), {"a.": ""}, filter_keys=True) == {"x": 1}
    assert utils.reshape_mask(torch.ones(4, 4), (2, 3, 8, 6)).shape == (2, 3, 8, 6)
    layer = torch.nn.Sequential(torch.nn.Linear(1, 1))
    assert utils.set_attr(layer, "0.bias", None) is not None
    assert utils.get_attr(layer, "0.bias") is None


def test_a_progress_hook_of_a_pack_gets_all_progress() -> None:
    utils = host("comfy.utils")
    seen: list[Any] = []
    utils.set_progress_bar_global_hook(
        lambda value, total, preview, node_id=None: seen.append((value, total, node_id))
    )
    try:
        utils.ProgressBar(4, node_id="7").update(3)
    finally:
        utils.set_progress_bar_global_hook(None)

    assert seen == [(3, 4, "7")]


def test_memory_questions_are_answered_by_the_engine(bench: Bench) -> None:
    management = host("comfy.model_management")

    assert management.get_torch_device() == bench.engine.residency.device
    assert management.unet_dtype() is torch.float32
    assert not management.should_use_fp16()
    assert management.get_free_memory() > 0
    assert management.get_total_memory() >= management.get_free_memory()
    assert management.module_size(torch.nn.Linear(2, 2, bias=False)) == 16
    management.unload_all_models()
    assert bench.engine.residency.placed_bytes() == 0


def test_attention_of_packs_networks_is_softmax_attention() -> None:
    q, k, v = torch.rand(3, 2, 5, 8).unbind()
    attend = host("comfy.ldm.modules.attention").optimized_attention
    mask = torch.ones(5, 5).tril() > 0

    def by_hand(part: slice) -> torch.Tensor:
        scores = q[..., part] @ k[..., part].transpose(1, 2) / 4**0.5
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
        return weights @ v[..., part]

    expected = torch.cat([by_hand(slice(0, 4)), by_hand(slice(4, 8))], dim=-1)
    assert close(attend(q, k, v, heads=2, mask=mask), expected)
    split = [x.reshape(2, 5, 2, 4).transpose(1, 2) for x in (q, k, v)]
    assert close(attend(*split, heads=2, mask=mask, skip_reshape=True), expected)
    added = torch.zeros(2, 5, 5).masked_fill(~mask, -torch.inf)
    assert close(attend(q, k, v, heads=2, mask=added), expected)


def test_sockets_compare_as_the_validator_does() -> None:
    io = host("comfy.comfy_types").IO

    assert io.ANY == "*"
    assert not io.ANY != "IMAGE"  # noqa: SIM202 - packs and the validator use !=
    assert not io.NUMBER != "INT"  # noqa: SIM202
    assert io.IMAGE != "MASK"
    assert io.IMAGE != 3
    assert str(io.PRIMITIVE) == "STRING,FLOAT,INT,BOOLEAN"


def test_arguments_are_the_settings(bench: Bench) -> None:
    args = host("comfy.cli_args").args

    assert args.cpu is True
    assert args.disable_metadata is False
    assert args.base_directory == str(bench.base)
    assert not hasattr(args, "fast")


def test_a_pack_can_set_previews_of_its_own_sampling_off() -> None:
    cli, preview = host("comfy.cli_args"), host("latent_preview")
    place = torch.device("cpu"), host("comfy.latent_formats").SD15()
    assert cli.args.preview_method is cli.LatentPreviewMethod.NoPreviews, "the setting's default"
    assert preview.get_previewer(*place) is not None, "whether it is shown is the job's matter"

    cli.args.preview_method = cli.LatentPreviewMethod.NoPreviews
    try:
        assert preview.get_previewer(*place) is None
    finally:
        cli.args.preview_method = cli.LatentPreviewMethod.Auto
    assert preview.get_previewer(*place) is not None


def test_conditioning_is_copied_before_values_are_set() -> None:
    old = [[torch.zeros(1), {"a": [1]}]]
    set_values = host("node_helpers").conditioning_set_values

    assert set_values(old, {"a": [2], "b": 3})[0][1] == {"a": [2], "b": 3}
    assert set_values(old, {"a": [2]}, append=True)[0][1] == {"a": [1, 2]}
    assert old[0][1] == {"a": [1]}


def test_pictures_that_are_cut_short_are_opened_with_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.effect_noise((64, 64), 50).save(file)
    file.write_bytes(file.read_bytes()[:2000])

    def size(path: Path) -> tuple[int, int]:
        with Image.open(path) as picture:
            picture.load()
            return picture.size

    assert host("node_helpers").pillow(size, file) == (64, 64)


def test_execution_module_knows_the_blocker() -> None:
    assert host("execution").ExecutionBlocker is ExecutionBlocker


def test_latent_formats_scale_as_the_engine_does() -> None:
    format_ = host("comfy.latent_formats").SD15()
    latent = torch.rand(1, 4, 2, 2)

    assert format_.scale_factor == 0.18215
    assert format_.latent_channels == len(format_.latent_rgb_factors) == 4
    assert close(format_.process_in(latent), latent * 0.18215)
    assert close(format_.process_out(format_.process_in(latent)), latent)


def test_previewers_make_pictures_of_latents() -> None:
    preview = host("latent_preview")
    previewer = preview.get_previewer(torch.device("cpu"), host("comfy.latent_formats").SD15())

    kind, picture, largest = previewer.decode_latent_to_preview_image(
        "JPEG", torch.rand(1, 4, 3, 5)
    )
    assert (kind, picture.size, largest) == ("JPEG", (5, 3), 512)


def test_a_previewer_that_makes_no_picture_says_what_to_define() -> None:
    class Silent(host("latent_preview").LatentPreviewer):  # type: ignore[misc]
        """A pack's previewer that is not finished."""

    with pytest.raises(NotOfferedError, match=r"uses Silent\.decode_latent_to_preview.*Define it"):
        Silent().decode_latent_to_preview_image("JPEG", torch.zeros(1, 4, 2, 2))
