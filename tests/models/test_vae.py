from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidValueError
from engine.models.library import ModelLibrary
from engine.models.tiling import run_tiled, tile_spans
from engine.models.vae import KlAutoencoder


@pytest.fixture
def vae(library: ModelLibrary) -> KlAutoencoder:
    vae = library.checkpoint("fp32.safetensors").vae
    assert isinstance(vae, KlAutoencoder)
    return vae


def test_images_are_in_range_and_on_the_cpu(vae: KlAutoencoder) -> None:
    image = vae.decode(torch.randn(2, 4, 3, 5) * 30)
    assert image.shape == (2, 24, 40, 3)
    assert (image.dtype, image.device.type) == (torch.float32, "cpu")
    assert image.is_contiguous()
    assert 0 <= float(image.min()) < float(image.max()) <= 1


def test_a_batch_gives_what_its_pictures_give_alone(vae: KlAutoencoder) -> None:
    latent, image = torch.randn(3, 4, 2, 2), torch.rand(3, 16, 16, 3)
    assert torch.equal(vae.decode(latent)[1:2], vae.decode(latent[1:2]))
    assert torch.equal(vae.encode(image)[2:], vae.encode(image[2:]))


def test_encoding_is_deterministic_crops_the_centre_and_drops_alpha(vae: KlAutoencoder) -> None:
    image = torch.rand(1, 21, 30, 4)
    before = image.clone()
    encoded = vae.encode(image)
    assert encoded.shape == (1, 4, 2, 3)
    assert torch.equal(encoded, vae.encode(image[:, 2:18, 3:27, :3]))
    assert torch.equal(image, before)


@pytest.mark.parametrize("shape", [(1, 7, 16, 3), (1, 16, 16, 1), (16, 16, 3)])
def test_impossible_images_are_named(vae: KlAutoencoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValueError, match="VAE encode, image"):
        vae.encode(torch.rand(shape))


def test_latents_of_another_model_are_named(vae: KlAutoencoder) -> None:
    with pytest.raises(InvalidValueError, match="Use the VAE that belongs to the model"):
        vae.decode(torch.randn(1, 16, 4, 4))


def test_one_tile_is_the_whole(vae: KlAutoencoder) -> None:
    latent = torch.randn(1, 4, 4, 4)
    torch.testing.assert_close(vae.decode_tiled(latent, 512, 64), vae.decode(latent))
    image = torch.rand(1, 32, 32, 3)
    torch.testing.assert_close(vae.encode_tiled(image, 512, 64), vae.encode(image))


def test_tiles_keep_the_shape_of_the_whole(vae: KlAutoencoder) -> None:
    assert vae.decode_tiled(torch.randn(2, 4, 20, 13), 64, 16).shape == (2, 160, 104, 3)
    assert vae.encode_tiled(torch.rand(1, 100, 140, 3), 64, 16).shape == (1, 4, 12, 17)


def test_an_overlap_as_large_as_the_tile_is_named(vae: KlAutoencoder) -> None:
    with pytest.raises(InvalidValueError, match="less than the tile"):
        vae.decode_tiled(torch.randn(1, 4, 4, 4), 64, 64)


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 64), st.data())
def test_tiles_cover_everything(size: int, tile: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, tile - 1))
    spans = tile_spans(size, tile, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == size
    for (start, end), (after, _) in pairwise(spans):
        assert start < after <= end - overlap
    assert all(end - start == min(tile, size) for start, end in spans)


@settings(deadline=None)  # the first call loads torch kernels
@given(
    st.integers(1, 30), st.integers(1, 30), st.integers(1, 12), st.integers(0, 11),
    st.sampled_from([Fraction(1), Fraction(3)]),
)  # fmt: skip
def test_a_pointwise_function_is_the_same_in_tiles(
    height: int, width: int, tile: int, overlap: int, scale: Fraction
) -> None:
    def enlarge(part: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(part * 2, scale_factor=float(scale))

    x = torch.randn(2, 3, height, width)
    tiled = run_tiled(
        x, enlarge, tile=tile, overlap=min(overlap, tile - 1), scale=scale, channels=3
    )
    torch.testing.assert_close(tiled, enlarge(x))
