"""What packs import: every symbol of the contract that is offered, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.compat.hosting.missing import NotImportableError, NotOfferedError
from tests.compat.pack_bench import host, run_as_pack

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


pytestmark = pytest.mark.usefixtures("bench")


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
