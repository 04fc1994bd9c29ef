"""Values at the border between native nodes and packs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from engine.compat.hosting.missing import NotOfferedError
from engine.compat.hosting.values import answer_to_native, to_native, to_pack
from engine.errors import InvalidValueError
from engine.models.model import DiffusionNetworkModel
from engine.sampling.registry import find_sampler
from engine.sampling.sample import Guider
from engine.text.clip import Clip, SharedClipError
from engine.types import NodeResult, Prediction
from tests.compat.pack_bench import Bench, close, host, pack_bench, text_to_latent


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pack_bench(tmp_path_factory.mktemp("base"), "graph_builder") as made:
        yield made


@pytest.fixture(scope="module")
def checkpoint(bench: Bench) -> list[Any]:
    """Native MODEL, CLIP and VAE."""
    return bench.values(text_to_latent(), "4")


@pytest.fixture
def model(checkpoint: list[Any]) -> DiffusionNetworkModel:
    found: DiffusionNetworkModel = checkpoint[0]
    return found


def test_values_that_both_sides_share_pass_as_they_are() -> None:
    conditioning = [[torch.zeros(1, 2, 3), {"pooled_output": None}]]

    for value in (torch.zeros(2), {"samples": torch.zeros(1)}, conditioning, "text", 3, None):
        assert to_pack(value) is value
        assert to_native(value) is value


def test_an_unchanged_model_comes_back_as_the_same_object(model: DiffusionNetworkModel) -> None:
    assert to_native(to_pack(model)) is model
    assert to_native(to_pack(model).clone()) is model


def test_models_in_lists_are_converted_and_other_lists_kept(model: DiffusionNetworkModel) -> None:
    (facade,) = to_pack([model])

    assert facade.model.latent_format.latent_channels == 4
    assert to_native([facade])[0] is model


def test_removing_a_hook_removes_it_from_the_native_model(model: DiffusionNetworkModel) -> None:
    hooked = to_pack(model).clone()
    hooked.set_model_sampler_post_cfg_function(lambda args: args["denoised"])
    native = to_native(hooked)
    assert len(native.options["sampler_post_cfg_function"]) == 1

    again = to_pack(native)
    del again.model_options["sampler_post_cfg_function"]
    assert "sampler_post_cfg_function" not in to_native(again).options


def test_a_hook_is_the_packs_own_function_when_it_comes_back(model: DiffusionNetworkModel) -> None:
    def hook(args: dict[str, Any]) -> Any:
        return args["cond"]

    hooked = to_pack(model).clone()
    hooked.set_model_sampler_cfg_function(hook)

    assert to_pack(to_native(hooked)).model_options["sampler_cfg_function"] is hook


def test_the_older_form_of_guidance_functions_gets_three_values(
    model: DiffusionNetworkModel,
) -> None:
    hooked = to_pack(model).clone()
    hooked.set_model_sampler_cfg_function(lambda cond, uncond, scale: (cond, uncond, scale))

    hook = hooked.model_options["sampler_cfg_function"]
    assert hook({"cond": 1, "uncond": 2, "cond_scale": 3, "input": 4}) == (1, 2, 3)


def test_a_native_models_options_cannot_be_edited_through_a_facade(
    model: DiffusionNetworkModel,
) -> None:
    hooked = to_pack(model).clone()
    hooked.model_options["transformer_options"]["a"] = {"b": 1}
    native = to_native(hooked)
    to_pack(native).model_options["transformer_options"]["a"]["b"] = 2

    assert native.options["transformer_options"]["a"]["b"] == 1


def test_options_that_hold_tensors_are_compared_by_identity(model: DiffusionNetworkModel) -> None:
    changed = to_pack(model).clone()
    changed.model_options["own"] = [torch.zeros(2)]
    first = to_native(changed)
    assert to_native(to_pack(first)) is first

    changed.model_options["own"] = [torch.ones(2)]
    assert to_native(changed).options["own"][0].sum() == 2


def test_facts_of_a_model(model: DiffusionNetworkModel) -> None:
    facade = to_pack(model)
    sampling = facade.get_model_object("model_sampling")

    assert facade.is_clone(facade.clone())
    assert facade.load_device == torch.device("cpu")
    assert facade.model_dtype() is torch.float32
    assert len(sampling.sigmas) == 1000
    assert float(sampling.sigma_max) == pytest.approx(14.6146, abs=1e-3)
    assert sampling.percent_to_sigma(1.0) == 0
    assert close(sampling.sigma(sampling.timestep(sampling.sigma_max)), sampling.sigma_max)
    x, sigma = torch.rand(1, 4, 2, 2), torch.tensor([2.0])
    assert close(sampling.calculate_input(sigma, x), x / 5**0.5)
    assert close(sampling.calculate_denoised(sigma, x, x), x - 2 * x)
    assert close(sampling.noise_scaling(sigma, x, x * 0), 2 * x)
    assert not hasattr(facade.model, "diffusion_model")


def test_a_network_of_a_packs_own_is_refused() -> None:
    with pytest.raises(NotOfferedError, match="ModelPatcher"):
        host("comfy.model_patcher").ModelPatcher(torch.nn.Linear(1, 1), "cpu", "cpu")


@pytest.mark.parametrize("patch", [("lora", (1, 2)), {"x": 1}])
def test_patches_other_than_differences_are_refused(
    model: DiffusionNetworkModel, patch: Any
) -> None:
    with pytest.raises(NotOfferedError, match="add_patches"):
        to_pack(model).clone().add_patches({"diffusion_model.out.2.bias": patch})


def test_patches_for_weights_that_are_not_there_are_not_in_the_answer(
    model: DiffusionNetworkModel,
) -> None:
    added = to_pack(model).clone().add_patches({"diffusion_model.nothing": (torch.zeros(1),)})

    assert added == []


def test_a_vae_works_in_the_units_packs_use(checkpoint: list[Any]) -> None:
    vae = to_pack(checkpoint[2])
    image = torch.rand(1, 64, 64, 3)

    assert vae.spacial_compression_decode() == vae.downscale_ratio == 8
    latent = vae.encode(image)
    assert latent.shape == (1, 4, 8, 8)
    assert vae.encode_tiled(image, tile_x=48, tile_y=48, overlap=16).shape == latent.shape
    assert vae.decode_tiled(latent, tile_x=6, tile_y=6, overlap=2).shape == image.shape
    assert close(vae.decode_tiled(latent), vae.decode(latent)), "one tile of 64 cells is enough"
    assert to_native(vae) is checkpoint[2]
    with pytest.raises(InvalidValueError, match="square"):
        vae.decode_tiled(latent, tile_x=8, tile_y=16)


def test_a_clone_of_a_clip_can_be_changed_until_it_is_handed_on(checkpoint: list[Any]) -> None:
    clip: Clip = checkpoint[1]
    clone = clip.clone()
    clone.clip_layer(-2)
    handed_on = to_native(clone)

    assert handed_on.layer == -2
    with pytest.raises(SharedClipError):
        handed_on.clip_layer(-1)


def test_an_engine_sampler_keeps_its_settings_across_the_border() -> None:
    native = find_sampler("euler_ancestral").with_options(eta=0.5)
    facade = to_pack(native)
    facade.extra_options["s_noise"] = 2.0

    assert to_native(facade).options == {"eta": 0.5, "s_noise": 2.0}
    assert native.options == {"eta": 0.5}
    with pytest.raises(NotOfferedError, match=r"KSAMPLER\.sampler_function"):
        facade.sampler_function  # noqa: B018


def test_a_packs_sampler_keeps_its_function_across_the_border() -> None:
    def own(model: Any, x: Any, sigmas: Any, **more: Any) -> Any:
        return x

    facade = host("comfy.samplers").KSAMPLER(own, {"a": 1}, {"random": True})
    native = to_native(facade)

    assert (native.name, native.redraws_mask_noise) == ("own", True)
    assert to_pack(native).sampler_function is own
    assert to_pack(native).inpaint_options == {"random": True}


def test_a_sampler_class_of_a_packs_own_is_refused() -> None:
    class Own(host("comfy.samplers").Sampler):  # type: ignore[misc]
        def sample(self) -> None: ...

    with pytest.raises(NotOfferedError, match="sampler class"):
        to_native(Own())


def test_a_guider_that_a_pack_sets_up_samples_as_the_native_node(bench: Bench) -> None:
    prompt = text_to_latent()
    result = bench.run(prompt, "3", "4", "5", "6", "7")
    values = {node: [output[0] for output in result.values[node]] for node in result.values}
    samplers, sample = host("comfy.samplers"), host("comfy.sample")
    guider = samplers.CFGGuider(to_pack(values["4"][0]))
    guider.set_conds(values["6"][0], values["7"][0])
    guider.set_cfg(7.0)
    latent = values["5"][0]["samples"]
    sigmas = samplers.KSampler(guider.model_patcher, 2, scheduler="normal").sigmas
    noise = sample.prepare_noise(latent, 3)

    sampled = guider.sample(noise, latent, samplers.ksampler("euler"), sigmas, seed=3)
    assert close(sampled, values["3"][0]["samples"])
    by_function = sample.sample_custom(
        to_pack(values["4"][0]), noise, 7.0, samplers.sampler_object("euler"), sigmas,
        values["6"][0], values["7"][0], latent, seed=3,
    )  # fmt: skip
    assert close(by_function, sampled)


def test_guiders_cross_the_border_and_own_predictions_are_refused(
    model: DiffusionNetworkModel,
) -> None:
    native = Guider(model, [["p", {}]], None, 3.0)
    assert to_native(to_pack(native)) == native

    class Own(host("comfy.samplers").CFGGuider):  # type: ignore[misc]
        def predict_noise(self) -> None: ...

    guider = Own(to_pack(model))
    guider.set_conds([], [])
    with pytest.raises(NotOfferedError, match="predict_noise"):
        to_native(guider)


def test_answers_of_nodes_are_converted_in_every_form(model: DiffusionNetworkModel) -> None:
    facade = to_pack(model)

    assert answer_to_native((facade, 1)) == (model, 1)
    assert answer_to_native({"ui": {"text": ["a"]}}) == {"ui": {"text": ["a"]}}
    assert answer_to_native({"result": (facade,), "ui": {}}) == {"result": (model,), "ui": {}}
    assert answer_to_native(NodeResult((facade,))) == NodeResult((model,))


def test_settings_of_native_nodes_stay_when_a_pack_adds_hooks(
    model: DiffusionNetworkModel,
) -> None:
    native = model.with_settings(prediction=Prediction.V)
    hooked = to_pack(native).clone()
    hooked.set_model_unet_function_wrapper(lambda apply_model, args: None)

    assert to_native(hooked).prediction is Prediction.V
