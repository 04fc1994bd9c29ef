"""What weights cannot say about a model, and where a file may say it.

A safetensors file may hold the metadata key `tessera.config` with a JSON object; every field is
optional and stands in for what is otherwise assumed:

| field | meaning | assumed |
|---|---|---|
| `unet_heads` | attention heads of the UNet at every level | 8 |
| `unet_norm_groups` | groups of the UNet's group norms | 32, or what the widths allow |
| `vae_norm_groups` | groups of the VAE's group norms | the same |
| `clip_heads` | attention heads of the text network | width / 64 |
| `clip_tokens` | tokens in a chunk, start and end included | rows of the position embedding |
| `prediction` | "eps", "v_prediction" or "x0" | "eps" |
| `scale_factor` | the network sees latent × scale_factor | 0.18215; 1 beside a VQ autoencoder |
| `preview_rgb` | previews: `LatentFormat.rgb`, and `rgb_bias` as the last row | SD 1.x's |
| `zero_terminal_snr` | trained with the last step at zero signal | false |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import yaml

from engine.errors import FileFormatError
from engine.types import Prediction

CONFIG_KEY: Final = "tessera.config"
RESOLUTION_KEY: Final = "modelspec.resolution"
"""Metadata key of the picture size a model was trained with: "512x512", width first.

Source: ModelSpec, https://github.com/Stability-AI/ModelSpec
"""
_PREDICTION_KEY: Final = "modelspec.prediction_type"
_SCHEDULER_PREDICTIONS: Final = {
    "epsilon": Prediction.EPS,
    "v_prediction": Prediction.V,
    "sample": Prediction.X0,
}
_Count = Annotated[int, msgspec.Meta(ge=1, le=1024)]


class FileConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fields above; None where the file says nothing."""

    unet_heads: _Count | None = None
    unet_norm_groups: _Count | None = None
    vae_norm_groups: _Count | None = None
    clip_heads: _Count | None = None
    clip_tokens: Annotated[int, msgspec.Meta(ge=3, le=4096)] | None = None
    prediction: Literal["eps", "v_prediction", "x0"] | None = None
    scale_factor: Annotated[float, msgspec.Meta(gt=0)] | None = None
    preview_rgb: Annotated[list[tuple[float, float, float]], msgspec.Meta(min_length=2)] | None = (
        None
    )
    zero_terminal_snr: bool = False


def read_config(path: Path, metadata: Mapping[str, str]) -> FileConfig:
    """Read a file's own configuration. Raises: FileFormatError, when it is not valid."""
    try:
        config = msgspec.json.decode(metadata.get(CONFIG_KEY, "{}"), type=FileConfig)
    except msgspec.DecodeError as error:
        raise FileFormatError(path, f'its metadata "{CONFIG_KEY}" is not valid: {error}') from error
    # The ModelSpec standard says "epsilon" or "v"; https://github.com/Stability-AI/ModelSpec
    if config.prediction is None and metadata.get(_PREDICTION_KEY) == "v":
        return msgspec.structs.replace(config, prediction="v_prediction")
    return config


def read_ldm_prediction(path: Path) -> Prediction:
    """Return the prediction of an LDM configuration (.yaml): `model.params.parameterization`.

    Raises: FileFormatError, when it is no such configuration.
    """
    try:
        parameters = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]["params"]
        kind = parameters.get("parameterization", "eps")
        return {"eps": Prediction.EPS, "v": Prediction.V, "x0": Prediction.X0}[kind]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise FileFormatError(path, "it is not valid YAML") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(path, "it is no configuration of a latent diffusion model") from error


def read_diffusers_prediction(folder: Path) -> Prediction | None:
    """Return what the scheduler of a diffusers folder expects; None when it does not say.

    Raises: FileFormatError, when its configuration is damaged.
    """
    file = folder / "scheduler" / "scheduler_config.json"
    if not file.is_file():
        return None
    try:
        return _SCHEDULER_PREDICTIONS[msgspec.json.decode(file.read_bytes())["prediction_type"]]
    except KeyError as error:
        if error.args == ("prediction_type",):
            return None
        raise FileFormatError(file, f"its prediction_type {error} is not known") from error
    except (msgspec.DecodeError, TypeError, RecursionError) as error:
        raise FileFormatError(file, "it is no scheduler configuration") from error
