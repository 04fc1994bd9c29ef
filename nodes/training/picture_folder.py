"""PictureFolder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from engine.imaging.opening import EXTENSIONS
from engine.models.folders import inside
from engine.registry.decorator import node
from engine.registry.spec import Folders, NodeContext
from engine.registry.widgets import Number, Output, Text
from engine.training.data import Pictures
from engine.training.datasets.folder import read_folder, skipped_sentence
from engine.types import NodeResult, Ui
from nodes.image.result_files import folders


class FolderPictures(NamedTuple):
    """What a folder holds."""

    pictures: Pictures
    report: Annotated[str, Output("report", tooltip="How many pictures, and what was skipped.")]


def _files(literals: Mapping[str, Any], folders: Folders) -> Iterable[tuple[str, str]]:
    """List what is read: the pictures and the texts beside them."""
    root = folders.directory("input")
    for path in sorted(_folder(root, str(literals["folder"])).rglob("*")):
        if path.suffix.lower() in {*EXTENSIONS, ".txt"} and path.is_file():
            yield "input", path.relative_to(root.resolve()).as_posix()


@node("PictureFolder", category="training/data", title="Picture Folder", files=_files)
def picture_folder(
    folder: Annotated[str, Text(placeholder="my_pictures")],
    size: Annotated[int, Number(8, 2048, step=8)],
    captions: Literal["sidecar", "file name", "none"],
    context: NodeContext,
) -> FolderPictures | NodeResult:
    """Make a data set of all pictures in a folder below the input folder, and in its subfolders.

    Each is scaled to fit into a square; what remains of the square is transparent. Pictures that
    cannot be read are left out and named in the report.

    Args:
        folder: Name of the folder below the input folder; empty for the input folder itself.
        size: Side of the square in pixels.
        captions: "sidecar" takes the lines of the text file beside a picture (cat.txt for
            cat.png), one at a time, and the file name where there is none.
    """
    path = _folder(folders(context).directory("input"), folder)
    content = read_folder(path, size, captions, report=context.progress)
    warnings = [skipped_sentence(content.skipped)] if content.skipped else []
    report = "; ".join([f"{len(content.pictures)} pictures", *warnings])
    return NodeResult(
        FolderPictures(content.pictures, report), Ui(text=[report], warnings=warnings)
    )


def _folder(root: Path, name: str) -> Path:
    return inside(root, name, "picture folder") if name.strip() else root.resolve()
