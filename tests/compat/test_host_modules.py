"""What packs import: every symbol of the contract that is offered, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine.compat.hosting.missing import NotImportableError, NotOfferedError
from engine.errors import ForbiddenPathError, InvalidValueError, MissingFileError
from engine.types import ExecutionBlocker
from tests.compat.pack_bench import CHECKPOINT, Bench, close, host, pack_bench

ROOT = Path(__file__).resolve().parents[2]

OFFERED = {
    "folder_paths": """get_full_path get_filename_list models_dir get_output_directory
        folder_names_and_paths get_folder_paths add_model_folder_path get_temp_directory
        get_input_directory get_save_image_path get_annotated_filepath annotated_filepath
        exists_annotated_filepath get_full_path_or_raise supported_pt_extensions base_path
        output_directory input_directory get_directory_by_type get_user_directory
        filter_files_content_types __file__""",
    "comfy.utils": """common_upscale ProgressBar load_torch_file PROGRESS_BAR_ENABLED get_attr
        set_attr save_torch_file tiled_scale tiled_scale_multidim get_tiled_scale_steps
        repeat_to_batch_size state_dict_prefix_replace reshape_mask bislerp lanczos
        set_progress_bar_global_hook""",
    "comfy.model_management": """get_torch_device intermediate_device load_models_gpu
        load_model_gpu soft_empty_cache unet_offload_device unet_dtype get_free_memory
        unload_all_models should_use_fp16 vae_device vae_dtype text_encoder_device free_memory
        is_device_mps get_autocast_device cast_to_device throw_exception_if_processing_interrupted
        InterruptProcessingException OOM_EXCEPTION module_size""",
    "comfy.samplers": """KSampler SAMPLER_NAMES SCHEDULER_NAMES SCHEDULER_HANDLERS
        SchedulerHandler sampler_object ksampler KSAMPLER Sampler CFGGuider calculate_sigmas
        sample""",
    "nodes": """MAX_RESOLUTION CLIPTextEncode LoraLoader SaveImage PreviewImage
        ConditioningCombine common_ksampler NODE_CLASS_MAPPINGS NODE_DISPLAY_NAME_MAPPINGS
        EXTENSION_WEB_DIRS interrupt_processing""",
    "server": "PromptServer BinaryEventTypes",
    "comfy.sd": """load_checkpoint_guess_config load_lora_for_models VAE CLIP load_clip CLIPType
        load_diffusion_model""",
    "comfy.sample": "prepare_noise fix_empty_latent_channels sample sample_custom",
    "latent_preview": "prepare_callback get_previewer LatentPreviewer Latent2RGBPreviewer",
    "comfy.latent_formats": "SD15 LatentFormat",
    "comfy_execution.graph": "ExecutionBlocker DynamicPrompt",
    "comfy_execution.graph_utils": "GraphBuilder is_link ExecutionBlocker",
    "comfy_execution.utils": "get_executing_context",
    "comfy_api.latest": "io ui ComfyExtension Input ComfyAPI ComfyAPISync",
    "comfy.cli_args": "args LatentPreviewMethod",
    "comfy.ldm.modules.attention": "optimized_attention",
    "comfy.model_patcher": "ModelPatcher",
    "node_helpers": "conditioning_set_values pillow",
    "comfy.comfy_types": "IO ComfyNodeABC InputTypeDict",
    "execution": "ExecutionBlocker",
    "protocol": "BinaryEventTypes",
    "comfy_extras.nodes_mask": "MaskComposite GrowMask SolidMask InvertMask composite",
    "comfy_extras.nodes_custom_sampler": "BasicScheduler KSamplerSelect SamplerCustomAdvanced",
    "comfy_extras.nodes_latent": "LatentAdd LatentInterpolate",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base")) as made:
        yield made


pytestmark = pytest.mark.usefixtures("bench")


def base_of(bench: Bench) -> Path:
    return bench.engine.settings.base


@pytest.mark.parametrize("module", OFFERED)
def test_symbols_of_the_contract_are_offered(module: str) -> None:
    found = host(module)

    for name in OFFERED[module].split():
        assert hasattr(found, name), name


def test_importing_what_packs_import_loads_no_network_library() -> None:
    modules = sorted(set(OFFERED) - {"nodes"})
    code = (
        "import importlib, sys\n"
        "from engine.registry.discovery import compat_path\n"
        "compat_path()\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(sorted({'diffusers', 'transformers'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_the_host_is_installed_before_torch_for_prestartup_scripts() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.compat.host import Host, install\n"
        "from engine.models.folders import ModelFolders\n"
        "from engine.registry.registry import Registry\n"
        "from engine.settings import Settings\n"
        "base = Path('/nowhere')\n"
        "folders = ModelFolders(base)\n"
        "install(Host(Settings(base=base), folders, Registry(folders)))\n"
        "import nodes\n"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout.strip()) == (0, "False"), run.stderr


# --- what is refused ---------------------------------------------------------------------------


def run_as_pack(tmp_path: Path, code: str) -> Any:
    """Run code as the pack "asker"; return its global `found`."""
    from engine.registry.packs import run_file

    file = tmp_path / "custom_nodes" / "asker" / "__init__.py"
    file.parent.mkdir(parents=True)
    file.write_text(code)
    name = str(file.parent.resolve()).replace(".", "_x_")
    try:
        return getattr(run_file(file, name), "found", None)
    finally:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("code", "symbol"),
    [
        ("from comfy.utils import warp", "comfy.utils.warp"),
        ("from comfy.samplers import calc_cond_batch", "comfy.samplers.calc_cond_batch"),
        ("from nodes import DiffControlNetLoader", "nodes.DiffControlNetLoader"),
        ("from comfy_extras.nodes_mask import Nothing", "comfy_extras.nodes_mask.Nothing"),
        ("import comfy.ldm.modules.diffusionmodules", "comfy.ldm.modules.diffusionmodules"),
        ("from comfy import controlnet", "comfy.controlnet"),
        ("import comfy_extras.nodes_video", "comfy_extras.nodes_video"),
        ("from comfy_api.latest import InputImpl", "comfy_api.latest.InputImpl"),
        ("from comfy_execution import progress", "comfy_execution.progress"),
    ],
)
def test_importing_what_is_not_offered_names_pack_and_symbol(
    tmp_path: Path, code: str, symbol: str
) -> None:
    with pytest.raises(NotImportableError) as error:
        run_as_pack(tmp_path, code)

    assert (error.value.pack, error.value.symbol) == ("asker", symbol)
    assert 'Pack "asker"' in str(error.value)
    assert symbol in str(error.value)


def test_using_what_is_not_offered_names_pack_and_symbol(tmp_path: Path) -> None:
    with pytest.raises(NotOfferedError, match=r'Pack "asker" uses comfy\.utils\.warp'):
        run_as_pack(tmp_path, "import comfy.utils\ncomfy.utils.warp(1)")


def test_submodules_are_found_however_they_are_imported(tmp_path: Path) -> None:
    code = (
        "from comfy_api import latest\n"
        "from comfy_execution import graph_utils\n"
        "from comfy import utils, sd\n"
        "import comfy, comfy.k_diffusion.sampling as sampling\n"
        "found = [m.__name__ for m in (latest, graph_utils, utils, sd, comfy.sample, sampling)]"
    )
    assert run_as_pack(tmp_path, code) == [
        "comfy_api.latest",
        "comfy_execution.graph_utils",
        "comfy.utils",
        "comfy.sd",
        "comfy.sample",
        "comfy.k_diffusion.sampling",
    ]


def test_packs_may_look_before_they_use(tmp_path: Path) -> None:
    code = (
        "import comfy.model_management as mm, nodes, importlib.util\n"
        "try:\n"
        "    import comfy.controlnet\n"
        "except ImportError:\n"
        "    missing = True\n"
        "found = [hasattr(mm, 'xpu'), getattr(mm, 'xpu', 3), hasattr(nodes, 'Nope'), missing]"
    )
    assert run_as_pack(tmp_path, code) == [False, 3, False, True]


def test_modules_of_others_are_not_refused(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError) as error:
        run_as_pack(tmp_path, "import surely_not_there")

    assert not isinstance(error.value, NotImportableError)


# --- nodes -------------------------------------------------------------------------------------


def test_nodes_is_the_built_in_package_and_the_host_module_in_one() -> None:
    import nodes
    import nodes.image.save_image as module

    assert nodes.__path__
    assert module.save_image.__module__ == "nodes.image.save_image"
    assert host("nodes") is nodes
    assert host("nodes").MAX_RESOLUTION == 16384
    assert host("nodes").SaveImage is host("nodes").NODE_CLASS_MAPPINGS["SaveImage"]
    assert host("nodes").image is sys.modules["nodes.image"]


def test_a_star_import_brings_classes_and_constants(tmp_path: Path) -> None:
    code = "from nodes import *\nfound = (MAX_RESOLUTION, KSampler.FUNCTION, VAEDecode.CATEGORY)"

    assert run_as_pack(tmp_path, code) == (16384, "sample", "latent")


def test_host_classes_have_the_v1_attributes(bench: Bench) -> None:
    cls = host("nodes").KSampler

    assert cls.RETURN_TYPES == ("LATENT",)
    assert cls.FUNCTION == "sample"
    assert cls.CATEGORY == "sampling"
    assert cls.INPUT_TYPES() == bench.engine.registry.input_types("KSampler")
    assert host("nodes").PreviewImage.OUTPUT_NODE is True
    assert issubclass(host("nodes").PreviewImage, host("nodes").SaveImage)


@pytest.mark.parametrize(
    ("type_id", "method"),
    [
        ("CLIPTextEncode", "encode"),
        ("LoraLoader", "load_lora"),
        ("SaveImage", "save_images"),
        ("ConditioningCombine", "combine"),
        ("ConditioningConcat", "concat"),
        ("ConditioningAverage", "addWeighted"),
        ("ConditioningZeroOut", "zero_out"),
        ("ConditioningSetTimestepRange", "set_range"),
        ("ConditioningSetArea", "append"),
        ("VAEDecode", "decode"),
        ("EmptyLatentImage", "generate"),
        ("LoadImage", "load_image"),
        ("ImageScale", "upscale"),
        ("KSampler", "sample"),
        ("CheckpointLoaderSimple", "load_checkpoint"),
        ("VAELoader", "load_vae"),
        ("UNETLoader", "load_unet"),
        ("CLIPLoader", "load_clip"),
        ("ImageBatch", "batch"),
        ("RepeatLatentBatch", "repeat"),
    ],
)
def test_method_names_are_those_packs_call(type_id: str, method: str) -> None:
    cls = host("nodes").NODE_CLASS_MAPPINGS[type_id]

    assert method == cls.FUNCTION
    assert callable(getattr(cls, method))


def test_every_built_in_node_has_a_class_whose_method_exists(bench: Bench) -> None:
    for type_id in bench.engine.registry:
        cls: Any = host("nodes").NODE_CLASS_MAPPINGS[type_id]
        assert callable(getattr(cls, cls.FUNCTION)), type_id


def test_every_listed_method_belongs_to_a_node_and_every_order_to_its_inputs(
    bench: Bench,
) -> None:
    from engine.compat.hosting.node_methods import ARGUMENT_ORDER, METHODS

    registry = bench.engine.registry
    assert set(METHODS) <= set(registry)
    for type_id, order in ARGUMENT_ORDER.items():
        sections = registry.input_types(type_id)
        assert {name for section in sections.values() for name in section} == set(order)


def test_classes_run_outside_of_nodes_where_no_run_is_needed(bench: Bench) -> None:
    (image,) = host("nodes").EmptyImage().generate(4, 2, 1, 0xFF0000)
    assert image.shape == (1, 2, 4, 3)
    assert image[0, 0, 0].tolist() == [1.0, 0.0, 0.0]

    model, clip, vae = host("nodes").CheckpointLoaderSimple().load_checkpoint(CHECKPOINT)
    assert isinstance(model, host("comfy.model_patcher").ModelPatcher)
    assert isinstance(vae, host("comfy.sd").VAE)
    assert isinstance(clip, host("comfy.sd").CLIP)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda cls: cls().generate(1, 2, 3, 4, {}, {}, 7), "takes 6 arguments, got 7"),
        (lambda cls: cls().generate(1, width=2), '"width" is given twice'),
        (lambda cls: cls().generate(colour=2), '"colour" is no input of it'),
    ],
)
def test_wrong_arguments_are_refused_as_by_a_plain_method(call: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        call(host("nodes").EmptyImage)


def test_a_class_that_a_pack_puts_into_the_mappings_is_a_node_type(bench: Bench) -> None:
    class Doubled:
        INPUT_TYPES = classmethod(lambda cls: {"required": {"value": ("INT", {"default": 1})}})
        RETURN_TYPES = ("INT",)
        FUNCTION = "double"

        def double(self, value: int) -> tuple[int]:
            return (value * 2,)

    host("nodes").NODE_CLASS_MAPPINGS.update({"Doubled": Doubled, "KSampler": Doubled})
    host("nodes").NODE_DISPLAY_NAME_MAPPINGS["Doubled"] = "Twice"

    assert bench.values({"1": ("Doubled", {"value": 4})}, "1") == [8]
    assert bench.engine.registry["Doubled"].display_name == "Twice"
    assert host("nodes").NODE_CLASS_MAPPINGS["Doubled"] is Doubled
    assert host("nodes").NODE_CLASS_MAPPINGS["KSampler"] is not Doubled, "built-in names stay"
    assert host("nodes").NODE_CLASS_MAPPINGS.copy()["Doubled"] is Doubled
    with pytest.raises(NotOfferedError, match="removing"):
        del host("nodes").NODE_CLASS_MAPPINGS["Doubled"]


# --- folder_paths ------------------------------------------------------------------------------


def test_folders_are_those_of_the_settings(bench: Bench) -> None:
    paths, base = host("folder_paths"), base_of(bench)

    assert paths.base_path == str(base)
    assert paths.models_dir == str(base / "models")
    assert paths.get_output_directory() == paths.output_directory == str(base / "output")
    assert paths.get_directory_by_type("temp") == str(base / "temp")
    assert paths.get_directory_by_type("user") is None
    assert paths.get_folder_paths("loras")[0] == str(base / "models" / "loras")
    assert paths.get_folder_paths("unet") == paths.get_folder_paths("diffusion_models")


def test_files_are_found_by_key_and_name(bench: Bench) -> None:
    paths = host("folder_paths")
    expected = str(base_of(bench) / "models" / "checkpoints" / CHECKPOINT)

    # The starter model that ships is offered beside what the artist has.
    assert paths.get_filename_list("checkpoints") == ["tessera_starter.safetensors", CHECKPOINT]
    assert paths.get_full_path("checkpoints", CHECKPOINT) == expected
    assert paths.get_full_path("checkpoints", "no.safetensors") is None
    assert paths.get_full_path("no_such_key", "x") is None
    with pytest.raises(MissingFileError):
        paths.get_full_path_or_raise("checkpoints", "no.safetensors")
    with pytest.raises(ForbiddenPathError):
        paths.get_full_path("checkpoints", "../loras/l.safetensors")
    with pytest.raises(KeyError):
        paths.get_filename_list("no_such_key")


def test_annotated_names_choose_their_folder(bench: Bench) -> None:
    paths, base = host("folder_paths"), base_of(bench)

    assert paths.annotated_filepath("a.png [output]") == ("a.png", str(base / "output"))
    assert paths.annotated_filepath("a.png") == ("a.png", None)
    assert paths.get_annotated_filepath("a.png") == str(base / "input" / "a.png")
    assert paths.get_annotated_filepath("s/a.png [temp]") == str(base / "temp" / "s" / "a.png")
    assert not paths.exists_annotated_filepath("a.png")
    with pytest.raises(ForbiddenPathError):
        paths.get_annotated_filepath("../../etc/passwd [output]")


def test_save_paths_count_on_and_stay_inside(bench: Bench) -> None:
    paths, out = host("folder_paths"), base_of(bench) / "output"
    first = paths.get_save_image_path("deep/a%width%", str(out), 12, 8)
    assert first == (str(out / "deep"), "a12", 1, "deep", "deep/a%width%")
    (out / "deep" / "a12_00001_.png").touch()

    assert paths.get_save_image_path("deep/a12", str(out))[2] == 2
    with pytest.raises(ForbiddenPathError):
        paths.get_save_image_path("../out", str(out))


def test_content_types_are_told_by_the_name() -> None:
    filtered = host("folder_paths").filter_files_content_types(["a.png", "b.mp4", "c"], ["image"])

    assert filtered == ["a.png"]


def test_the_table_of_folders_is_edited_in_place(bench: Bench) -> None:
    table = host("folder_paths").folder_names_and_paths
    folders = bench.engine.registry.folders
    base = base_of(bench)

    assert "loras" in table
    assert "unknown" not in table
    assert table.get("unknown", ([], set())) == ([], set())
    table["unknown"] = ([str(base / "u")], {".x"})
    table["unknown"][1].update({".y"})
    (base / "u").mkdir()
    (base / "u" / "a.y").touch()
    (base / "u" / "a.z").touch()
    assert folders.names("unknown") == ["a.y"]
    roots, extensions = table["unknown"]
    assert roots == [str(base / "u")]
    assert roots + ["x"] == [str(base / "u"), "x"]  # noqa: RUF005 - packs add lists
    assert extensions | {".w"} == {".w", ".x", ".y"}
    roots.insert(0, str(base / "v"))
    assert table["unknown"][0][0] == str(base / "v")


# --- comfy.utils and others --------------------------------------------------------------------


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
    assert args.base_directory == str(base_of(bench))
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
