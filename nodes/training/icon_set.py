"""IconSetPictures."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from engine.models.folders import inside
from engine.registry.decorator import node
from engine.registry.spec import NodeContext
from engine.registry.widgets import FileChoice, Number, Output, Text
from engine.training.data import Pictures
from engine.training.datasets.folder import read_folder
from engine.training.datasets.iconify import keywords_credit, read_icon_set, read_keywords
from engine.training.datasets.icons import attribution, build_icon_folder, read_concepts
from nodes.image.result_files import folders

_NO_KEYWORDS = "none"


class IconPictures(NamedTuple):
    """Pictures of icons."""

    pictures: Pictures
    attribution: Annotated[str, Output("attribution", tooltip="Whose pictures these are.")]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@node("IconSetPictures", category="training/data", title="Icon Set Pictures")
def icon_set_pictures(
    icon_set: Annotated[str, FileChoice("input", (".tgz",))],
    keywords: Annotated[str, FileChoice("input", (".tgz",), extra=(_NO_KEYWORDS,))],
    size: Annotated[int, Number(8, 1024, step=8)],
    context: NodeContext,
    concepts: Annotated[str, Text(multiline=True)] = "",
    without: str = "",
    licences: str = "Apache-2.0, MIT",
    folder: str = "datasets/icons",
) -> IconPictures:
    """Draw an icon set as captioned pictures with transparent backgrounds.

    Icon sets are npm packages of the Iconify project: `npm pack @iconify-json/fluent-emoji-flat`
    makes the file to put into the input folder. The pictures are kept in a folder below the
    output folder, so a build that was interrupted goes on where it stopped.

    Args:
        icon_set: The icon set's package.
        keywords: Package with a word list: `npm pack emojibase-data`.
        size: Side of the pictures in pixels.
        concepts: Icons to draw, a line each: "icon" or "icon: name, other name". Empty draws all.
        without: Leaves out icons whose name contains one of these parts, when all are drawn.
        licences: SPDX identifiers of the licences allowed; sets under others are refused.
        folder: Where the pictures are kept, below the output folder.
    """
    files = folders(context)
    chosen = read_icon_set(files.resolve("input", icon_set))
    chosen.require_licence(_words(licences))
    credit = attribution(chosen)
    words: dict[str, tuple[str, ...]] = {}
    if keywords != _NO_KEYWORDS:
        package = files.resolve("input", keywords)
        words, credit = read_keywords(package), credit + keywords_credit(package)
    path = inside(files.directory("output"), folder, "data set folder")
    wanted = read_concepts(concepts, chosen, _words(without))
    build_icon_folder(
        path, chosen, wanted, size=size, keywords=words, credit=credit, report=context.progress
    )
    content = read_folder(path, size, "sidecar", report=context.progress)
    return IconPictures(content.pictures, credit)
