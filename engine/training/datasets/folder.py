"""Reads a folder of pictures with captions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageOps

from engine.errors import EngineError, FileFormatError
from engine.imaging.convert import split_picture, to_pictures
from engine.imaging.opening import DECODER_ERRORS, EXTENSIONS, decoder_problem, open_picture
from engine.training.datasets.pictures import Picture, VariedPictures

MAX_BYTES: Final = 8 << 30
"""Pictures are kept in memory; more of them than this would crowd out the training."""

Captions = Literal["sidecar", "file name", "none"]
Report = Callable[[int, int], None]
_COUNTER: Final = re.compile(r"[\s_-]*\(?\d+\)?$")


class EmptyFolderError(EngineError):
    """A folder holds no picture that can be read, or is not there.

    Attributes:
        folder: The folder.
        skipped: Files that could not be read.
    """

    code = "no_pictures"

    def __init__(self, folder: Path, skipped: tuple[Skipped, ...]) -> None:
        self.folder, self.skipped = folder, skipped
        found = f"; {skipped_sentence(skipped)}" if skipped else ""
        problem = "holds no picture that can be read" if folder.is_dir() else "does not exist"
        super().__init__(
            f'Folder "{folder}" {problem}{found}.'
            " Put PNG, JPEG or WebP files into it or its subfolders."
        )


class TooManyPicturesError(EngineError):
    """A folder's pictures do not fit into the memory set aside for them."""

    code = "too_many_pictures"

    def __init__(self, folder: Path, count: int, size: int) -> None:
        super().__init__(
            f'Folder "{folder}" holds {count} pictures, which at {size} x {size} pixels take more'
            f" than {MAX_BYTES >> 30} GiB. Choose a smaller size or fewer pictures."
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What was found in a folder."""

    pictures: VariedPictures
    skipped: tuple[Skipped, ...]


def read_folder(
    folder: Path, size: int, captions: Captions, *, report: Report | None = None
) -> FolderContent:
    """Read all pictures below a folder, each fitted into a square of `size` pixels.

    A picture is scaled so that its longer side fills the square and centred; the rest is
    transparent. Files that are no pictures by their extension do not count. Those that cannot be
    decoded are skipped and named in the answer.

    Args:
        captions: "sidecar": the lines of the text file beside it, whose name differs in the
            extension alone; where there is none, or "file name": the file's name without a
            number at its end, with spaces for "_" and "-"; "none": no caption.

    Raises: EmptyFolderError, TooManyPicturesError, OSError, and what `report` raises.
    """
    files = sorted(_picture_files(folder))
    if len(files) * size * size * 4 > MAX_BYTES:
        raise TooManyPicturesError(folder, len(files), size)
    pictures: list[Picture] = []
    skipped: list[Skipped] = []
    for number, file in enumerate(files):
        if report is not None:
            report(number, len(files))
        name = file.relative_to(folder).as_posix()
        try:
            pictures.append(Picture(name, _read(file, size), _captions(file, captions)))
        except FileFormatError as error:
            skipped.append(Skipped(name, error.problem))
    if not pictures:
        raise EmptyFolderError(folder, tuple(skipped))
    return FolderContent(VariedPictures(tuple(pictures), size), tuple(skipped))


def skipped_sentence(skipped: tuple[Skipped, ...], limit: int = 5) -> str:
    """Return how many files were skipped, and which, the first few by name and reason."""
    named = ", ".join(f'"{one.name}" ({one.problem})' for one in skipped[:limit])
    more = f" and {len(skipped) - limit} more" if len(skipped) > limit else ""
    return f"{len(skipped)} skipped: {named}{more}"


def _picture_files(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.suffix.lower() in EXTENSIONS and file.is_file():
            yield file


def _read(file: Path, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        with file.open("rb") as opened, open_picture(opened, file) as picture:
            upright = _eight_bit(ImageOps.exif_transpose(picture)).convert("RGBA")
    except DECODER_ERRORS as error:
        raise FileFormatError(file, decoder_problem(error)) from error
    longer = max(upright.size)
    width, height = (max(1, round(side * size / longer)) for side in upright.size)
    fitted = upright.resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (size, size))
    square.paste(fitted, ((size - width) // 2, (size - height) // 2))
    return np.asarray(square)


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Return grey of 16 bits or floats as 8 bits, which Pillow would cut off instead of scaling."""
    if picture.mode != "F" and not picture.mode.startswith("I"):
        return picture
    grey, _ = split_picture(picture)
    return to_pictures(grey[None])[0]


def _captions(file: Path, kind: Captions) -> tuple[str, ...]:
    if kind == "none":
        return ()
    sidecar = file.with_suffix(".txt")
    if kind == "sidecar" and sidecar.is_file():
        try:
            lines = sidecar.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise FileFormatError(file, f'its captions "{sidecar.name}" are no UTF-8') from error
        return tuple(line.strip() for line in lines if line.strip())
    named = _COUNTER.sub("", file.stem) or file.stem
    return (re.sub(r"[\s_-]+", " ", named).strip(),)
