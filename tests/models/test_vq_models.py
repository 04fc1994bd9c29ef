"""VQ autoencoders of every layout, against diffusers called directly and a plain reference."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import FileFormatError, InvalidValueError
from engine.models import detect
from engine.models.families import vq
from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from engine.models.vae import KlAutoencoder
from engine.models.vq import VqFirstStage
from tests.checkpoints import (
    TINY_VQ,
    Size,
    random_weights,
    taming_shapes,
    vae_shapes,
    write_checkpoint,
)
from tests.models import taming_reference

EXACT: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}  # float32, summed in another order

# Levels, attention and code widths as published, with few channels.
TAMING = {
    "f16": Size(vae_widths=(32,) * 5, vae_blocks=2, vae_level_attention=(4,), latent_channels=24,
                between=24, codes=64),
    "f8": Size(vae_widths=(32,) * 4, vae_blocks=2, vae_level_attention=(3,), latent_channels=4,
               codes=64),
    "f4": Size(vae_widths=(32, 32, 64), vae_blocks=2, latent_channels=3, codes=64),
    "f8 Gumbel": Size(vae_widths=(32,) * 4, vae_blocks=2, vae_level_attention=(3,),
                      latent_channels=24, between=24, codes=64, gumbel=True),
    "other widths around the code": Size(vae_widths=(32, 32), between=16, latent_channels=8,
                                         codes=64),
}  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    (tmp_path / "models" / "vqgan").mkdir(parents=True)
    (tmp_path / "models" / "vae").mkdir()
    (tmp_path / "models" / "checkpoints").mkdir()
    return ModelLibrary(ModelFolders(tmp_path), Residency(torch.device("cpu")), tmp_path / "made")


def store(library: ModelLibrary, weights: Mapping[str, torch.Tensor], name: str) -> str:
    path = library.folders.base / "models" / "vqgan" / name  # type: ignore[attr-defined]
    if name.endswith(".ckpt"):
        torch.save({"state_dict": dict(weights), "global_step": 7}, path)
    else:
        save_file(dict(weights), path)
    return name


def taming_weights(size: Size, seed: int = 3) -> dict[str, torch.Tensor]:
    return dict(random_weights(taming_shapes(size), torch.float32, seed))


def nearest(code: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Tokens (B, h, w) of a code, by distances spelled out."""
    return (code[:, None] - codes[None, :, :, None, None]).square().sum(2).argmin(1)


def to_image(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("kind", "suffix"), [*((kind, ".safetensors") for kind in TAMING), ("f16", ".ckpt")]
)
def test_files_of_taming_transformers_run_as_their_architecture_says(
    library: ModelLibrary, kind: str, suffix: str
) -> None:
    size = TAMING[kind]
    weights = taming_weights(size)
    model = library.vq_model(store(library, weights, f"model{suffix}"))
    assert isinstance(model, VqFirstStage)
    assert model.downscale == 2 ** (len(size.vae_widths) - 1)
    image = torch.rand(2, 32, 48, 3)
    code = taming_reference.encode(weights, image.permute(0, 3, 1, 2) * 2 - 1, 32)
    torch.testing.assert_close(model.encode(image), code, **EXACT)
    if size.gumbel:
        logits = torch.nn.functional.conv2d(
            code, weights["quantize.proj.weight"], weights["quantize.proj.bias"]
        )
        tokens, book = logits.argmax(1), weights["quantize.embed.weight"]
    else:
        book = weights["quantize.embedding.weight"]
        tokens = nearest(code, book)
    codes = book[tokens].permute(0, 3, 1, 2)
    picture = to_image(taming_reference.decode(weights, codes, 32))
    torch.testing.assert_close(model.decode(code), picture, **EXACT)
    torch.testing.assert_close(model.decode_codes(codes), picture, **EXACT)
    if not size.gumbel:  # what the decoder got before it is not what the code says by itself
        assert not torch.allclose(model.decode_codes(code), picture, **EXACT)


@pytest.mark.parametrize("norm", ["group", "spatial"])
def test_files_of_diffusers_run_as_diffusers_does(
    library: ModelLibrary, tmp_path: Path, norm: str
) -> None:
    from diffusers import VQModel

    attends = norm == "spatial"
    torch.manual_seed(0)
    reference = VQModel(
        down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D"),
        block_out_channels=(32, 64), layers_per_block=1, latent_channels=6,
        vq_embed_dim=6 if attends else 4,
        num_vq_embeddings=50, norm_type=norm, mid_block_add_attention=attends,
    ).eval()  # fmt: skip
    torch.nn.init.normal_(reference.quantize.embedding.weight)
    reference.save_pretrained(tmp_path / "saved")
    weights = load_file(tmp_path / "saved" / "diffusion_pytorch_model.safetensors")
    model = library.vq_model(store(library, weights, "diffusers.safetensors"))
    image = torch.rand(2, 16, 24, 3)
    with torch.no_grad():
        code = reference.encode(image.permute(0, 3, 1, 2) * 2 - 1).latents
        picture = to_image(reference.decode(code).sample)
    torch.testing.assert_close(model.encode(image), code, **EXACT)
    torch.testing.assert_close(model.decode(code), picture, **EXACT)


def test_a_latent_diffusion_checkpoint_has_its_vq_first_stage(library: ModelLibrary) -> None:
    path = library.folders.resolve  # the folder exists, the file not yet
    base = library.folders.base  # type: ignore[attr-defined]
    write_checkpoint(base / "models" / "checkpoints" / "vq.safetensors", TINY_VQ)
    assert path("checkpoints", "vq.safetensors").is_file()
    checkpoint = library.checkpoint("vq.safetensors")
    assert isinstance(checkpoint.vae, VqFirstStage)
    latents = checkpoint.model.latent_format
    assert (latents.downscale, latents.scale, latents.rgb) == (4, 1.0, None)
    codebook = checkpoint.vae.codebook()["codes"]
    tokens = torch.randint(1024, (1, 3, 5))
    codes = codebook[tokens].permute(0, 3, 1, 2)
    near = codes + 1e-4 * torch.randn(codes.shape)
    torch.testing.assert_close(
        checkpoint.vae.decode(near), checkpoint.vae.decode_codes(codes), **EXACT
    )
    whole = checkpoint.vae.decode(codes)
    torch.testing.assert_close(checkpoint.vae.decode_tiled(codes, 64, 16), whole, **EXACT)


def test_small_pictures_decoded_together_are_those_decoded_alone(library: ModelLibrary) -> None:
    size = TAMING["f4"]
    model = library.vq_model(store(library, taming_weights(size), "a.safetensors"))
    codes = torch.randn(40, 3, 12, 12)  # 28 of them are as many pixels as are taken at once
    alone = torch.cat([model.decode_codes(item) for item in torch.split(codes, 1)])
    torch.testing.assert_close(model.decode_codes(codes), alone, **EXACT)


def test_a_codebook_can_be_changed_without_changing_the_model(library: ModelLibrary) -> None:
    model = library.vq_model(store(library, taming_weights(TAMING["f4"]), "a.safetensors"))
    model.codebook()["codes"].zero_()
    assert model.codebook()["codes"].abs().sum() > 0


def test_half_precision_codes_are_read_as_float32(library: ModelLibrary) -> None:
    weights = {name: weight.half() for name, weight in taming_weights(TAMING["f4"]).items()}
    model = library.vq_model(store(library, weights, "half.safetensors"))
    codes = model.codebook()["codes"]
    assert codes.dtype == torch.float32
    assert torch.equal(codes.half(), weights["quantize.embedding.weight"])
    assert model.dtype == torch.float32


@pytest.mark.parametrize(
    ("width", "codes", "between", "levels", "gumbel"),
    [(256, 1024, 256, 5, False), (256, 16384, 256, 5, False), (4, 16384, 4, 4, False),
     (3, 8192, 3, 3, False), (256, 8192, 256, 4, True)],
)  # fmt: skip
def test_published_shapes_are_inferred(
    width: int, codes: int, between: int, levels: int, gumbel: bool
) -> None:
    widths = (128, 128, 256, 256, 512)[-levels:]
    attention = () if levels == 3 else (levels - 1,)
    size = Size(
        vae_widths=widths, vae_blocks=2, vae_level_attention=attention, latent_channels=width,
        between=between, codes=codes, gumbel=gumbel,
    )  # fmt: skip
    shapes = taming_shapes(size)
    shape = vq.read_shape(shapes)
    assert (shape.size, shape.width, shape.gumbel) == (codes, width, gumbel)
    assert (shape.halves.widths, shape.halves.downscale) == (widths, 2 ** (levels - 1))
    network = vq.build(shape, None)
    wanted = vq.network_names({name: name for name in shapes}, shape)
    for name, tensor in network.state_dict().items():
        # Attention is a linear layer in diffusers, a 1×1 convolution in the file.
        assert tensor.shape in (shapes[wanted[name]], shapes[wanted[name]][:2])


def test_the_kind_is_told_by_the_weights() -> None:
    for size in TAMING.values():
        kind = detect.recognise(taming_shapes(size))
        assert kind is not None
        assert (kind.code, kind.loader) == ("vqgan", "VQModelLoader")
    kl = detect.recognise(vae_shapes(Size()))
    assert kl is not None
    assert kl.code == "vae"


def test_a_vae_loader_takes_a_vq_autoencoder_too(library: ModelLibrary) -> None:
    base = library.folders.base  # type: ignore[attr-defined]
    save_file(taming_weights(TAMING["f4"]), base / "models" / "vae" / "vq.safetensors")
    assert isinstance(library.vae("vq.safetensors"), VqFirstStage)
    assert isinstance(library.vq_model("vq.safetensors"), VqFirstStage)


def test_a_kl_autoencoder_with_attention_in_its_levels_is_read(library: ModelLibrary) -> None:
    size = Size(vae_widths=(32, 32), vae_level_attention=(1,), latent_channels=8)
    weights = dict(random_weights(vae_shapes(size), torch.float32, 0))
    base = library.folders.base  # type: ignore[attr-defined]
    save_file(weights, base / "models" / "vae" / "kl.safetensors")
    vae = library.vae("kl.safetensors")
    assert isinstance(vae, KlAutoencoder)
    latent = torch.randn(1, 8, 4, 4)
    picture = to_image(taming_reference.decode(weights, latent, 32))
    torch.testing.assert_close(vae.decode(latent), picture, **EXACT)


def test_what_has_no_codebook_is_refused(library: ModelLibrary) -> None:
    kl = dict(random_weights(vae_shapes(Size()), torch.float32, 0))
    with pytest.raises(FileFormatError, match=r"expected a VQ autoencoder.*looks like a VAE alone"):
        library.vq_model(store(library, kl, "kl.safetensors"))


def test_a_cut_file_names_the_missing_weight(library: ModelLibrary) -> None:
    weights = taming_weights(TAMING["f4"])
    del weights["post_quant_conv.weight"]
    model = library.vq_model(store(library, weights, "cut.safetensors"))
    with pytest.raises(FileFormatError, match="lacks the weight"):
        model.decode(torch.randn(1, 3, 2, 2))


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("quantize.proj.bias", None, 'lacks the weight "quantize.proj.bias"'),
        ("quantize.proj.weight", torch.zeros(9, 24, 1, 1), "logits do not belong to its codes"),
        ("quantize.embed.weight", torch.zeros(64), "no known shape"),
    ],
)
def test_a_damaged_gumbel_codebook_is_named(
    library: ModelLibrary, name: str, tensor: torch.Tensor | None, said: str
) -> None:
    weights = taming_weights(TAMING["f8 Gumbel"])
    del weights[name]
    if tensor is not None:
        weights[name] = tensor
    with pytest.raises(FileFormatError, match=said):
        library.vq_model(store(library, weights, "odd.safetensors"))


def test_a_code_of_another_width_is_named(library: ModelLibrary) -> None:
    model = library.vq_model(store(library, taming_weights(TAMING["f4"]), "a.safetensors"))
    with pytest.raises(InvalidValueError, match=r"\[1, 4, 2, 2\]"):
        model.decode_codes(torch.randn(1, 4, 2, 2))


def test_the_configuration_of_a_file_says_its_groups(library: ModelLibrary) -> None:
    size = dataclasses.replace(TAMING["f4"], vae_widths=(32, 32), metadata={"vae_norm_groups": 8})
    weights = taming_weights(size)
    base = library.folders.base  # type: ignore[attr-defined]
    path = base / "models" / "vqgan" / "groups.safetensors"
    save_file(weights, path, metadata={"tessera.config": '{"vae_norm_groups": 8}'})
    codes = weights["quantize.embedding.weight"][:6].T.reshape(1, 3, 2, 3)
    expected = to_image(taming_reference.decode(weights, codes, 8))
    model = library.vq_model("groups.safetensors")
    torch.testing.assert_close(model.decode_codes(codes), expected, **EXACT)


def test_a_file_says_the_colours_of_its_latents(library: ModelLibrary) -> None:
    base = library.folders.base  # type: ignore[attr-defined]
    rows = [[0.1, 0.2, 0.3], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.4, 0.5, 0.6]]
    path = base / "models" / "checkpoints" / "a.safetensors"
    write_checkpoint(path, dataclasses.replace(TINY_VQ, metadata={"preview_rgb": rows}))
    latents = library.checkpoint("a.safetensors").model.latent_format
    assert latents.rgb == tuple(map(tuple, rows[:4]))
    assert latents.rgb_bias == (0.4, 0.5, 0.6)
    path = path.with_name("b.safetensors")
    write_checkpoint(path, dataclasses.replace(TINY_VQ, metadata={"preview_rgb": rows[:3]}))
    with pytest.raises(FileFormatError, match='its "preview_rgb" has 3 rows, expected 5'):
        library.checkpoint("b.safetensors")
