"""The VQ nodes on a tiny first stage shaped as the starter's: 64 pixels are 16×16 tokens."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import FileFormatError, InvalidValueError
from engine.models.folders import ModelFolders
from engine.models.library import ModelLibrary
from engine.models.residency import Residency
from engine.types import CodebookDict, TokenGrid
from nodes.latent.latent_files import load_latent, save_latent
from nodes.latent.vae_decode import vae_decode
from nodes.latent.vae_encode import vae_encode
from nodes.loaders.checkpoint_loader_simple import checkpoint_loader_simple
from nodes.vq.token_edits import (
    vq_interpolate_tokens,
    vq_mix_tokens,
    vq_noise_tokens,
    vq_replace_tokens,
)
from nodes.vq.vq_codebook_view import vq_codebook_view
from nodes.vq.vq_decode import vq_decode, vq_decode_code
from nodes.vq.vq_encode import vq_encode
from nodes.vq.vq_lookup import vq_lookup
from nodes.vq.vq_model_from_vae import VqModelOfVae, vq_model_from_vae
from nodes.vq.vq_model_loader import vq_model_loader
from nodes.vq.vq_quantize import vq_quantize
from nodes.vq.vq_round_trip import vq_round_trip
from nodes.vq.vq_token_map import vq_token_map
from tests.checkpoints import TINY_VQ, random_weights, vae_shapes, write_checkpoint
from tests.nodes.picture_host import PictureContext
from tests.nodes.vq.vq_host import Host, outputs, shown


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("vq")
    for key in ("checkpoints", "vqgan", "vae"):
        (base / "models" / key).mkdir(parents=True)
    write_checkpoint(base / "models" / "checkpoints" / "vq.safetensors", TINY_VQ)
    write_checkpoint(base / "models" / "checkpoints" / "kl.safetensors")
    alone = dict(random_weights(vae_shapes(TINY_VQ), torch.float32, 0))
    save_file(alone, base / "models" / "vqgan" / "vq.safetensors")
    return base


@pytest.fixture(scope="module")
def host(base: Path) -> Host:
    residency = Residency(torch.device("cpu"))
    return Host(ModelLibrary(ModelFolders(base), residency, base / "conversions"))


@pytest.fixture
def model(host: Host) -> VqModelOfVae:
    return vq_model_from_vae(checkpoint_loader_simple("vq.safetensors", host.context).vae)


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(2, 64, 64, 3, generator=torch.Generator().manual_seed(0))


def grid(seed: int = 0, batch: int = 1, size: int = 1024) -> TokenGrid:
    generator = torch.Generator().manual_seed(seed)
    return {"tokens": torch.randint(size, (batch, 16, 16), generator=generator), "size": size}


def test_a_file_of_its_own_gives_model_codebook_and_vae(host: Host, image: torch.Tensor) -> None:
    loaded = vq_model_loader("vq.safetensors", host.context)
    assert loaded.codebook["codes"].shape == (1024, 4)
    latent = vq_encode(loaded.vq_model, image)
    assert torch.equal(vae_encode(image, loaded.vae)["samples"], latent["samples"])


def test_a_checkpoints_vae_is_a_vq_model(model: VqModelOfVae, image: torch.Tensor) -> None:
    latent = vq_encode(model.vq_model, image)
    assert latent["samples"].shape == (2, 4, 16, 16)
    tokens, found, distance, usage = outputs(vq_quantize(latent, model.codebook))
    assert tokens["tokens"].shape == (2, 16, 16)
    assert float(distance.max()) == 1.0
    assert usage == len(set(tokens["tokens"].flatten().tolist())) / 1024
    decoded = vq_decode(model.vq_model, tokens)
    # The decoder of the VAE quantises first, so all ways lead to the same picture.
    for other in (
        vae_decode(latent, model.vq_model),
        vae_decode(found, model.vq_model),
        vq_decode_code(model.vq_model, found),
        vq_decode_code(model.vq_model, vq_lookup(tokens, model.codebook)),
    ):
        torch.testing.assert_close(other, decoded, atol=1e-5, rtol=0)
    continuous = vq_decode_code(model.vq_model, latent)
    assert float((continuous - decoded).abs().max()) > 0.01


def test_quantising_keeps_what_else_a_latent_holds(model: VqModelOfVae) -> None:
    mask = torch.ones(1, 1, 8, 8)
    latent = {"samples": torch.randn(1, 4, 8, 8), "noise_mask": mask}
    result = outputs(vq_quantize(latent, model.codebook)).latent  # type: ignore[arg-type]
    assert result["noise_mask"] is mask


def test_quantising_says_how_many_codes_are_used(model: VqModelOfVae) -> None:
    codes = vq_lookup({"tokens": torch.zeros(1, 4, 4, dtype=torch.int64), "size": 1024},
                      model.codebook)  # fmt: skip
    result = vq_quantize(codes, model.codebook)
    assert shown(result) == "0.1% of 1024 codes used"
    assert outputs(result).usage == 1 / 1024
    assert not outputs(result).distance.any()


def test_variation_draws_other_tokens_near_by(model: VqModelOfVae, image: torch.Tensor) -> None:
    latent = vq_encode(model.vq_model, image)
    plain = outputs(vq_quantize(latent, model.codebook)).tokens["tokens"]
    warm = [
        outputs(vq_quantize(latent, model.codebook, "as trained", 1.0, 8, seed)).tokens["tokens"]
        for seed in (1, 1, 2)
    ]
    assert torch.equal(warm[0], warm[1])
    assert not torch.equal(warm[0], warm[2])
    assert 0.1 < float((warm[0] != plain).float().mean()) < 0.95


def test_a_vae_without_codebook_is_named(host: Host) -> None:
    vae = checkpoint_loader_simple("kl.safetensors", host.context).vae
    with pytest.raises(InvalidValueError, match=r"expected a VQ autoencoder.*no codebook"):
        vq_model_from_vae(vae)


def test_the_loader_offers_vae_files_and_says_when_one_has_no_codebook(
    host: Host, base: Path
) -> None:
    from tests.checkpoints import TINY

    kl = dict(random_weights(vae_shapes(TINY), torch.float32, 0))
    save_file(kl, base / "models" / "vae" / "kl.safetensors")
    assert host.library.folders.names("vqgan") == ["kl.safetensors", "vq.safetensors"]
    with pytest.raises(FileFormatError, match=r"expected a VQ autoencoder.*Load it with VAELoader"):
        vq_model_loader("kl.safetensors", host.context)


def test_tokens_of_another_codebook_are_named(model: VqModelOfVae) -> None:
    with pytest.raises(InvalidValueError, match=r"expected tokens of 1024 codes.*got 99"):
        vq_decode(model.vq_model, grid(size=99))
    narrow: CodebookDict = {"codes": torch.randn(1024, 3)}
    with pytest.raises(InvalidValueError, match="as wide as the codebook"):
        vq_quantize({"samples": torch.randn(1, 4, 8, 8)}, narrow)
    with pytest.raises(InvalidValueError, match=r"\[B, 4, h, w\]"):
        vq_decode_code(model.vq_model, vq_lookup(grid(), narrow))


def test_tokens_out_of_range_are_named(model: VqModelOfVae) -> None:
    wrong: TokenGrid = {"tokens": torch.tensor([[[0, 5000]]]), "size": 1024}
    with pytest.raises(InvalidValueError, match="row 0, column 1: expected 0 to 1023, got 5000"):
        vq_decode(model.vq_model, wrong)
    with pytest.raises(InvalidValueError, match="expected 0 to 1023, got 5000"):
        vq_token_map(wrong)


def test_a_token_map_has_a_square_for_each_token() -> None:
    tokens: TokenGrid = {"tokens": torch.tensor([[[3, 7], [7, 3]]]), "size": 8}
    picture = vq_token_map(tokens, 5)
    assert picture.shape == (1, 10, 10, 3)
    assert (picture[0, :5, :5] == picture[0, 0, 0]).all()
    assert torch.equal(picture[0, :5, :5], picture[0, 5:, 5:])
    assert torch.equal(picture[0, :5, 5:], picture[0, 5:, :5])
    assert not torch.equal(picture[0, 0, 0], picture[0, 0, 9])


def test_a_codebook_view_has_each_code_decoded_alone(host: Host, model: VqModelOfVae) -> None:
    host.reports.clear()
    sheet = vq_codebook_view(model.vq_model, host.context, start=10, count=70, cells=2, columns=8)
    assert sheet.shape == (1, 9 * 9 - 1, 8 * 9 - 1, 3)  # 8 pixels and a gap of 1; 9 rows of 8
    assert host.reports == [(64, 70), (70, 70)]
    tokens = torch.full((1, 2, 2), 10 + 8 + 3)
    tile = vq_decode(model.vq_model, {"tokens": tokens, "size": 1024})[0]
    torch.testing.assert_close(sheet[0, 9:17, 27:35], tile, atol=1e-5, rtol=0)
    assert not sheet[0, 72:, 54:].any(), "no tile is left for the end of the last row"


def test_a_whole_codebook_is_about_square(host: Host, model: VqModelOfVae) -> None:
    sheet = vq_codebook_view(model.vq_model, host.context, cells=1)
    assert sheet.shape == (1, 32 * 5 - 1, 32 * 5 - 1, 3)


@pytest.mark.parametrize(("start", "count"), [(1024, 0), (1000, 25)])
def test_codes_beyond_the_codebook_are_named(
    host: Host, model: VqModelOfVae, start: int, count: int
) -> None:
    with pytest.raises(InvalidValueError, match="expected 0 to 1023, got"):
        vq_codebook_view(model.vq_model, host.context, start=start, count=count)


def test_a_round_trip_measures_what_it_gives(model: VqModelOfVae) -> None:
    image = torch.rand(2, 67, 70, 4, generator=torch.Generator().manual_seed(0))
    result = vq_round_trip(model.vq_model, image)
    back, tokens, decibels, similarity = outputs(result)
    assert back.shape == (2, 64, 68, 3)
    torch.testing.assert_close(back, vq_decode(model.vq_model, tokens))
    errors = (back - image[:, 1:65, 1:69, :3]).square().flatten(1).mean(1).tolist()
    expected = [-10 * math.log10(error) for error in errors]
    assert decibels == pytest.approx(sum(expected) / 2, abs=1e-3)
    assert -1 <= similarity < 1
    lines = shown(result).split("\n")
    assert lines[0].startswith(f"PSNR {expected[0]:.2f} dB, SSIM ")
    assert lines[2].endswith("of 1024 codes used")


def test_edits_leave_their_inputs_alone(model: VqModelOfVae) -> None:
    first, second = grid(1), grid(2)
    before = first["tokens"].clone(), second["tokens"].clone()
    left = torch.zeros(1, 64, 64)
    left[:, :, :32] = 1
    mixed = vq_mix_tokens(first, second, left)["tokens"]
    assert torch.equal(mixed[:, :, :8], second["tokens"][:, :, :8])
    assert torch.equal(mixed[:, :, 8:], first["tokens"][:, :, 8:])
    blank = vq_replace_tokens(first, -1, 5, left)["tokens"]
    assert (blank[:, :, :8] == 5).all()
    only = vq_replace_tokens(first, int(first["tokens"][0, 0, 0]), 5)["tokens"]
    assert only[0, 0, 0] == 5
    noise = vq_noise_tokens(first, 100.0, 3, left)["tokens"]
    assert torch.equal(noise[:, :, 8:], first["tokens"][:, :, 8:])
    assert float((noise != first["tokens"]).float().mean()) > 0.45
    vq_interpolate_tokens(first, second, model.codebook, 0.3)
    assert torch.equal(first["tokens"], before[0])
    assert torch.equal(second["tokens"], before[1])


def test_interpolation_goes_from_one_grid_to_the_other(model: VqModelOfVae) -> None:
    first, second = grid(1), grid(2)
    for factor, end in ((0.0, first), (1.0, second)):
        found = vq_interpolate_tokens(first, second, model.codebook, factor)
        assert torch.equal(found.tokens["tokens"], end["tokens"])
    half = vq_interpolate_tokens(first, second, model.codebook, 0.5)
    codes = [vq_lookup(end, model.codebook)["samples"] for end in (first, second)]
    torch.testing.assert_close(half.latent["samples"], (codes[0] + codes[1]) / 2)
    again = outputs(vq_quantize(half.latent, model.codebook)).tokens["tokens"]
    assert torch.equal(half.tokens["tokens"], again)


async def test_tokens_kept_as_a_latent_file_come_back(model: VqModelOfVae, tmp_path: Path) -> None:
    context = PictureContext(tmp_path)
    tokens = grid(4)
    await save_latent(vq_lookup(tokens, model.codebook), context, "kept")
    (file,) = (tmp_path / "output").glob("kept*")
    file.rename(tmp_path / "input" / "kept.latent")
    loaded = load_latent("kept.latent", context)
    found = outputs(vq_quantize(loaded, model.codebook)).tokens
    assert torch.equal(found["tokens"], tokens["tokens"])


def test_a_gumbel_codebook_interpolates_between_its_codes() -> None:
    codes = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    book: CodebookDict = {"codes": codes, "logits": (torch.zeros(3, 2), torch.zeros(3))}
    first: TokenGrid = {"tokens": torch.full((1, 1, 1), 0), "size": 3}
    last: TokenGrid = {"tokens": torch.full((1, 1, 1), 2), "size": 3}
    assert vq_interpolate_tokens(first, last, book, 0.5).tokens["tokens"].item() == 1
