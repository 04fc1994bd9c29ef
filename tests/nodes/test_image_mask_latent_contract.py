"""Ids, inputs, defaults, ranges and outputs of the image, mask and latent nodes.

One line per node: `id (category) [flags] | input … | input … -> outputs`. An input is its name,
`?` when optional, and its type, or its menu; then default, minimum, maximum and step.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import nodes.image
import nodes.latent
import nodes.mask
from engine.registry.decorator import node_specs
from engine.registry.spec import NodeSpec
from tests.nodes.picture_host import PictureFolders

UP = "nearest-exact,bilinear,area,bicubic,lanczos"
LUP = "nearest-exact,bilinear,area,bicubic,bislerp"
TURN = "none,90 degrees,180 degrees,270 degrees"
FLIP = "x-axis: vertically,y-axis: horizontally"
PORTER = (
    "ADD,CLEAR,DARKEN,DST,DST_ATOP,DST_IN,DST_OUT,DST_OVER,LIGHTEN,MULTIPLY,OVERLAY,SCREEN,SRC,"
    "SRC_ATOP,SRC_IN,SRC_OUT,SRC_OVER,XOR"
)
X1 = "INT 0 0 16384 1"
X8 = "INT 0 0 16384 8"
D1 = "INT 512 1 16384 1"
N4K = "INT 1 1 4096 1"
F1 = "FLOAT 1 0 1 0.01"
HALF = "FLOAT 0.5 0 1 0.01"

CONTRACT = f"""
SaveImage (image) OUT | images IMAGE | filename_prefix STRING ComfyUI ->
PreviewImage (image) OUT | images IMAGE ->
SaveImageWebsocket (api/image) OUT | images IMAGE ->
LoadImage (image) | image [] -> IMAGE,MASK
LoadImageOutput (image) EXP | image COMBO -> IMAGE,MASK
ImageInvert (image) | image IMAGE -> IMAGE
ImageBatch (image) | image1 IMAGE | image2 IMAGE -> IMAGE
ImagePadForOutpaint (image) | image IMAGE | left {X8} | top {X8} | right {X8} | bottom {X8} | feathering INT 40 0 16384 1 -> IMAGE,MASK
EmptyImage (image) | width {D1} | height {D1} | batch_size {N4K} | color INT 0 0 16777215 1 -> IMAGE
ImageCompositeMasked (image) | destination IMAGE | source IMAGE | x {X1} | y {X1} | resize_source BOOLEAN False | mask? MASK -> IMAGE
ImageAddNoise (image) | image IMAGE | seed INT 0 0 18446744073709551615 1 | strength {HALF} -> IMAGE
GetImageSize (image) | image IMAGE -> width:INT,height:INT,batch_size:INT
LoadImageMask (mask) | image [] | channel [alpha,red,green,blue] -> MASK
MaskToImage (mask) | mask MASK -> IMAGE
ImageToMask (mask) | image IMAGE | channel [red,green,blue,alpha] -> MASK
ImageColorToMask (mask) | image IMAGE | color INT 0 0 16777215 1 -> MASK
SolidMask (mask) | value {F1} | width {D1} | height {D1} -> MASK
InvertMask (mask) | mask MASK -> MASK
CropMask (mask) | mask MASK | x {X1} | y {X1} | width {D1} | height {D1} -> MASK
MaskComposite (mask) | destination MASK | source MASK | x {X1} | y {X1} | operation [multiply,add,subtract,and,or,xor] -> MASK
FeatherMask (mask) | mask MASK | left {X1} | top {X1} | right {X1} | bottom {X1} -> MASK
GrowMask (mask) | mask MASK | expand INT 0 -16384 16384 1 | tapered_corners BOOLEAN True -> MASK
ThresholdMask (mask) | mask MASK | value {HALF} -> MASK
MaskPreview (mask) OUT | mask MASK ->
ImageScale (image/upscaling) | image IMAGE | upscale_method [{UP}] | width INT 512 0 16384 1 | height INT 512 0 16384 1 | crop [disabled,center] -> IMAGE
ImageScaleBy (image/upscaling) | image IMAGE | upscale_method [{UP}] | scale_by FLOAT 1 0.01 8 0.01 -> IMAGE
ImageScaleToTotalPixels (image/upscaling) | image IMAGE | upscale_method [{UP}] | megapixels FLOAT 1 0.01 16 0.01 -> IMAGE
ImageScaleToMaxDimension (image/upscaling) | image IMAGE | upscale_method [area,lanczos,bilinear,nearest-exact,bilinear,bicubic] | largest_size INT 512 0 16384 1 -> IMAGE
LatentBlend (_for_testing) | samples1 LATENT | samples2 LATENT | blend_factor {HALF} -> LATENT
LoadLatent (_for_testing) | latent [] -> LATENT
SaveLatent (_for_testing) OUT | samples LATENT | filename_prefix STRING latents/ComfyUI ->
LatentRotate (latent/transform) | samples LATENT | rotation [{TURN}] -> LATENT
LatentFlip (latent/transform) | samples LATENT | flip_method [{FLIP}] -> LATENT
LatentCrop (latent/transform) | samples LATENT | width INT 512 64 16384 8 | height INT 512 64 16384 8 | x {X8} | y {X8} -> LATENT
EmptyLatentImage (latent) | width INT 512 16 16384 8 | height INT 512 16 16384 8 | batch_size {N4K} -> LATENT
LatentUpscale (latent) | samples LATENT | upscale_method [{LUP}] | width INT 512 0 16384 8 | height INT 512 0 16384 8 | crop [disabled,center] -> LATENT
LatentUpscaleBy (latent) | samples LATENT | upscale_method [{LUP}] | scale_by FLOAT 1.5 0.01 8 0.01 -> LATENT
LatentComposite (latent) | samples_to LATENT | samples_from LATENT | x {X8} | y {X8} | feather {X8} -> LATENT
LatentCompositeMasked (latent) | destination LATENT | source LATENT | x {X8} | y {X8} | resize_source BOOLEAN False | mask? MASK -> LATENT
SetLatentNoiseMask (latent/inpaint) | samples LATENT | mask MASK -> LATENT
LatentFromBatch (latent/batch) | samples LATENT | batch_index INT 0 0 63 1 | length INT 1 1 64 1 -> LATENT
RepeatLatentBatch (latent/batch) | samples LATENT | amount INT 1 1 64 1 -> LATENT
LatentBatch (latent/batch) | samples1 LATENT | samples2 LATENT -> LATENT
RebatchLatents (latent/batch) LISTIN | latents LATENT | batch_size {N4K} -> LATENT[]
LatentAdd (latent/advanced) | samples1 LATENT | samples2 LATENT -> LATENT
LatentSubtract (latent/advanced) | samples1 LATENT | samples2 LATENT -> LATENT
LatentMultiply (latent/advanced) | samples LATENT | multiplier FLOAT 1 -10 10 0.01 -> LATENT
LatentInterpolate (latent/advanced) | samples1 LATENT | samples2 LATENT | ratio {F1} -> LATENT
LatentConcat (latent/advanced) | samples1 LATENT | samples2 LATENT | dim [x,-x,y,-y,t,-t] -> LATENT
LatentCut (latent/advanced) | samples LATENT | dim [x,y,t] | index INT 0 -16384 16384 1 | amount INT 1 1 16384 1 -> LATENT
LatentBatchSeedBehavior (latent/advanced) | samples LATENT | seed_behavior [random,fixed] -> LATENT
ImageBlend (image/postprocessing) | image1 IMAGE | image2 IMAGE | blend_factor {HALF} | blend_mode [normal,multiply,screen,overlay,soft_light,difference] -> IMAGE
ImageBlur (image/postprocessing) | image IMAGE | blur_radius INT 1 1 31 1 | sigma FLOAT 1 0.1 10 0.1 -> IMAGE
ImageQuantize (image/postprocessing) | image IMAGE | colors INT 256 1 256 1 | dither [none,floyd-steinberg,bayer-2,bayer-4,bayer-8,bayer-16] -> IMAGE
ImageSharpen (image/postprocessing) | image IMAGE | sharpen_radius INT 1 1 31 1 | sigma FLOAT 1 0.1 10 0.01 | alpha FLOAT 1 0 5 0.01 -> IMAGE
Morphology (image/postprocessing) | image IMAGE | operation [erode,dilate,open,close,gradient,bottom_hat,top_hat] | kernel_size INT 3 3 999 1 -> IMAGE
PorterDuffImageComposite (mask/compositing) | source IMAGE | source_alpha MASK | destination IMAGE | destination_alpha MASK | mode [{PORTER}] -> IMAGE,MASK
SplitImageWithAlpha (mask/compositing) | image IMAGE -> IMAGE,MASK
JoinImageWithAlpha (mask/compositing) | image IMAGE | alpha MASK -> IMAGE
RebatchImages (image/batch) LISTIN | images IMAGE | batch_size {N4K} -> IMAGE[]
RepeatImageBatch (image/batch) | image IMAGE | amount {N4K} -> IMAGE
ImageFromBatch (image/batch) | image IMAGE | batch_index INT 0 0 4095 1 | length {N4K} -> IMAGE
ImageRGBToYUV (image/batch) | image IMAGE -> Y:IMAGE,U:IMAGE,V:IMAGE
ImageYUVToRGB (image/batch) | Y IMAGE | U IMAGE | V IMAGE -> IMAGE
Canny (image/preprocessors) | image IMAGE | low_threshold FLOAT 0.4 0.01 0.99 0.01 | high_threshold FLOAT 0.8 0.01 0.99 0.01 -> IMAGE
ImageCrop (image/transform) | image IMAGE | width {D1} | height {D1} | x {X1} | y {X1} -> IMAGE
ImageStitch (image/transform) | image1 IMAGE | direction [right,down,left,up] | match_image_size BOOLEAN True | spacing_width INT 0 0 1024 2 | spacing_color [white,black,red,green,blue] | image2? IMAGE -> IMAGE
ResizeAndPadImage (image/transform) | image IMAGE | target_width {D1} | target_height {D1} | padding_color [white,black] | interpolation [area,bicubic,nearest-exact,bilinear,lanczos] -> IMAGE
ImageRotate (image/transform) | image IMAGE | rotation [{TURN}] -> IMAGE
ImageFlip (image/transform) | image IMAGE | flip_method [{FLIP}] -> IMAGE
SaveAnimatedWEBP (image/animation) OUT | images IMAGE | filename_prefix STRING ComfyUI | fps FLOAT 6 0.01 1000 0.01 | lossless BOOLEAN True | quality INT 80 0 100 1 | method [default,fastest,slowest] ->
SaveAnimatedPNG (image/animation) OUT | images IMAGE | filename_prefix STRING ComfyUI | fps FLOAT 6 0.01 1000 0.01 | compress_level INT 4 0 9 1 ->
"""  # noqa: E501  # one line per node, as in the contract

LINES = {line.split()[0]: line for line in CONTRACT.strip().splitlines()}


def declared() -> dict[str, NodeSpec]:
    specs = {}
    for package in (nodes.image, nodes.mask, nodes.latent):
        for module in pkgutil.iter_modules(package.__path__):
            for spec in node_specs(importlib.import_module(f"{package.__name__}.{module.name}")):
                specs[spec.type_id] = spec
    return specs


def described(spec: NodeSpec, folders: PictureFolders) -> str:
    inputs = spec.input_types(folders)
    names = [(name, "", spec_) for name, spec_ in inputs["required"].items()]
    names += [(name, "?", spec_) for name, spec_ in inputs.get("optional", {}).items()]
    flags = [
        flag
        for flag, is_set in (
            ("OUT", spec.is_output),
            ("EXP", spec.experimental),
            ("LISTIN", spec.input_is_list),
        )
        if is_set
    ]
    parts = [" ".join((spec.type_id, f"({spec.category})", *flags))]
    parts += [f"{name}{mark} {described_input(*declared_)}" for name, mark, declared_ in names]
    outputs = [
        ("" if out.name == out.type else f"{out.name}:") + out.type + ("[]" if out.is_list else "")
        for out in spec.outputs
    ]
    return f"{' | '.join(parts)} -> {','.join(outputs)}".strip()


def described_input(kind: Any, options: dict[str, Any]) -> str:
    if isinstance(kind, list):
        return f"[{','.join(kind)}]"
    values = [options[key] for key in ("default", "min", "max", "step") if key in options]
    return " ".join((kind, *(f"{v:g}" if isinstance(v, float) else str(v) for v in values)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> PictureFolders:
    return PictureFolders(Path(tmp_path_factory.mktemp("base")))


@pytest.mark.parametrize("type_id", sorted(LINES))
def test_a_node_is_what_the_contract_says(type_id: str, folders: PictureFolders) -> None:
    assert described(declared()[type_id], folders) == LINES[type_id].strip()


def test_no_node_is_left_out_of_the_contract() -> None:
    others = {name for name in declared() if name.startswith("VAE")}
    assert set(declared()) - others == set(LINES)


def test_menus_that_do_not_start_with_their_default_say_so(folders: PictureFolders) -> None:
    specs = declared()
    assert (
        specs["PorterDuffImageComposite"].input_types(folders)["required"]["mode"][1]["default"]
        == "DST"
    )
    behaviour = specs["LatentBatchSeedBehavior"].input_types(folders)["required"]
    assert behaviour["seed_behavior"][1]["default"] == "fixed"


def test_pictures_offer_an_upload_and_outputs_a_refresh(folders: PictureFolders) -> None:
    (folders.base / "input" / "a.PNG").touch()
    (folders.base / "input" / "notes.txt").touch()
    kind, options = declared()["LoadImage"].input_types(folders)["required"]["image"]
    assert kind == ["a.PNG"]
    assert options["image_upload"] is True
    kind, options = declared()["LoadImageOutput"].input_types(folders)["required"]["image"]
    assert kind == "COMBO"
    assert options["image_folder"] == "output"
    assert options["image_upload"] is True
    assert options["remote"]["route"] == "/internal/files/output"


@pytest.mark.parametrize("type_id", ["LoadImage", "LoadImageMask", "LoadImageOutput", "LoadLatent"])
def test_what_reads_a_file_names_it_for_the_cache(type_id: str, folders: PictureFolders) -> None:
    files = declared()[type_id].files
    assert files is not None
    (found,) = files({"image": "a", "latent": "a"}, folders)
    assert found[1] == "a"
