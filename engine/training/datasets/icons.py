"""Makes a folder of captioned pictures from an icon set.

Each icon becomes `NAME.png` (RGBA) with `NAME.txt` beside it, one possible caption a line; a line
that is there twice is drawn twice as often. `ATTRIBUTION.md` says whose pictures they are. A
build that was interrupted goes on where it stopped: files appear complete or not at all, and
`build.json` says what they were made from.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

from engine.errors import EngineError, UnknownNameError
from engine.imaging.saving import SaveError
from engine.training.datasets.colours import with_article, without_article
from engine.training.datasets.iconify import IconSet

# Drawn larger than needed and averaged down, which is smoother than the renderer's own edges.
_OVERSAMPLING: Final = 4
# The renderer would read files of this machine into a drawing that refers to them.
_OUTSIDE: Final = re.compile(r"""\bhref\s*=\s*["'](?!#|data:)""")
_MANIFEST: Final = "build.json"
_KEYWORDS: Final = 2
# How often the plain form "a red apple" is written, against once for every other form.
_PLAIN_LINES: Final = 4

Report = Callable[[int, int], None]
"""Called with how many icons are done, and of how many; it may raise to stop the build."""


class SvgError(EngineError):
    """An icon cannot be drawn.

    Attributes:
        name: The icon.
    """

    code = "bad_icon"

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        super().__init__(f'Icon "{name}" cannot be drawn: {problem}. Leave it out of the list.')


class ForeignFolderError(EngineError):
    """A folder holds files that no build of icons has made.

    Attributes:
        folder: The folder.
        file: One of the files.
    """

    code = "foreign_folder"

    def __init__(self, folder: Path, file: str) -> None:
        self.folder, self.file = folder, file
        super().__init__(
            f'Folder "{folder}" holds "{file}" and was not made by a build of icons, which would'
            " remove it. Choose another folder, or an empty one."
        )


class RendererMissingError(EngineError):
    """The package that draws SVG is not installed."""

    code = "renderer_missing"

    def __init__(self) -> None:
        super().__init__(
            "Drawing icons needs the package resvg-py. Install it with: pip install tessera[train]"
        )


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing to learn: the icon that shows it, and what it is called, best name first."""

    icon: str
    names: tuple[str, ...]


def read_concepts(text: str, icon_set: IconSet, without: Sequence[str] = ()) -> list[Concept]:
    """Read a list of concepts: a line each, `icon` or `icon: name, other name`.

    Without a name the icon's own is taken, with spaces for hyphens. A name that is no single
    thing brings its own article: "some grapes". Empty lines and lines that start with "#" do not
    count; no line at all means every icon of the set whose name contains no part in `without`.

    Raises: UnknownNameError, when the set has no such icon.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        lines = [icon for icon in icon_set.svgs if not any(part in icon for part in without)]
    concepts = []
    for line in lines:
        icon, _, names = (part.strip() for part in line.partition(":"))
        if icon not in icon_set.svgs:
            raise UnknownNameError(f'icon of the set "{icon_set.title}"', icon, icon_set.svgs)
        given = tuple(name.strip() for name in names.split(",") if name.strip())
        concepts.append(Concept(icon, given or (icon.replace("-", " "),)))
    return concepts


def caption_lines(concept: Concept, keywords: tuple[str, ...]) -> Iterator[str]:
    """List the captions of a concept: "a red apple" mostly, the bare name, name and keyword."""
    for name in concept.names:
        yield from [with_article(name)] * _PLAIN_LINES
        yield without_article(name)
    words = set(" ".join(concept.names).split())
    fitting = [word for word in keywords if not words & set(word.split())]
    first = with_article(concept.names[0])
    yield from (f"{first}, {word}" for word in fitting[:_KEYWORDS])


def draw_icon(name: str, svg: str, size: int) -> Image.Image:
    """Return an icon as an RGBA picture, `size` pixels square.

    Raises: SvgError, RendererMissingError.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise RendererMissingError from error
    if _OUTSIDE.search(svg):
        raise SvgError(name, "it refers to another file")
    side = size * _OVERSAMPLING
    try:
        png = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, skip_system_fonts=True)
    except ValueError as error:
        raise SvgError(name, str(error)) from error
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    square = Image.new("RGBA", (side, side))
    square.paste(drawn, ((side - drawn.width) // 2, (side - drawn.height) // 2))
    return square.resize((size, size), Image.Resampling.BOX)


def build_icon_folder(
    folder: Path,
    icon_set: IconSet,
    concepts: list[Concept],
    *,
    size: int,
    keywords: Mapping[str, tuple[str, ...]],
    credit: str,
    report: Report,
) -> int:
    """Draw the concepts into `folder` and return how many icons were drawn anew.

    Icons that an earlier, interrupted build of the same set and size has drawn stay; those of
    another build are drawn again, and pictures that are no longer listed are removed.

    Args:
        keywords: By icon name.
        credit: Becomes ATTRIBUTION.md.

    Raises: ForeignFolderError, SvgError, RendererMissingError, SaveError, and what `report` raises.
    """
    _claim(folder, msgspec.json.encode([icon_set.prefix, icon_set.version, size]))
    _remove_pictures(folder, keep={concept.icon for concept in concepts})
    drawn = 0
    for number, concept in enumerate(concepts):
        report(number, len(concepts))
        lines = caption_lines(concept, keywords.get(concept.icon, ()))
        _write(folder / f"{concept.icon}.txt", ("\n".join(lines) + "\n").encode())
        picture = folder / f"{concept.icon}.png"
        if not picture.is_file():
            buffer = io.BytesIO()
            draw_icon(concept.icon, icon_set.svgs[concept.icon], size).save(buffer, "PNG")
            _write(picture, buffer.getvalue())
            drawn += 1
    _write(folder / "ATTRIBUTION.md", credit.encode())
    report(len(concepts), len(concepts))
    return drawn


def attribution(icon_set: IconSet) -> str:
    """Return what must be said beside pictures made from a set."""
    return (
        f"The pictures are drawn from the icon set {icon_set.title} {icon_set.version}\n"
        f"(npm package @iconify-json/{icon_set.prefix}) by {icon_set.author},"
        f" {icon_set.author_url}.\nLicence: {icon_set.licence}, {icon_set.licence_url}\n"
    )


def _claim(folder: Path, made_from: bytes) -> None:
    """Empty a folder of what another build has drawn, and note what it is made from now."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        found = next(folder.iterdir(), None)
        if found is not None:
            raise ForeignFolderError(folder, found.name)
    elif manifest.read_bytes() == made_from:
        return
    else:
        _remove_pictures(folder, keep=set())
    _write(manifest, made_from)


def _remove_pictures(folder: Path, keep: set[str]) -> None:
    for file in folder.iterdir():
        if file.suffix in {".png", ".txt"} and file.stem not in keep:
            file.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there complete or not at all. Raises: SaveError."""
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise SaveError(path.parent, path.name, error) from error
