"""Pictures that are handed over, not saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.errors import InvalidValueError, RunCancelledError
from engine.types import Preview
from nodes.image.save_image_websocket import save_image_websocket
from tests.nodes.picture_host import PictureContext


class Listening(PictureContext):
    """Remembers what was reported.

    Attributes:
        heard: (value, total, preview) of each report.
        stop_at: At this value the artist stops the run.
    """

    def __init__(self, base: Path, stop_at: float | None = None) -> None:
        super().__init__(base)
        self.heard: list[tuple[float, float, Preview]] = []
        self.stop_at = stop_at

    def progress(self, value: float, total: float, preview: Preview | None = None) -> None:
        if value == self.stop_at:
            raise RunCancelledError
        assert preview is not None
        self.heard.append((value, total, preview))


def batch(channels: int) -> torch.Tensor:
    """Return two images (2, 3, 700, C) of whole bytes in [0, 1]."""
    values = torch.randint(
        0, 256, (2, 3, 700, channels), generator=torch.Generator().manual_seed(1)
    )
    return values.float() / 255


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_each_picture_is_handed_over_whole_and_counted(tmp_path: Path, channels: int) -> None:
    images = batch(channels)
    context = Listening(tmp_path)
    save_image_websocket(images, context)
    assert [(value, total) for value, total, _ in context.heard] == [(1, 2), (2, 2)]
    for (_, _, preview), image in zip(context.heard, images, strict=True):
        assert preview.is_result
        picture = preview.render()
        assert isinstance(picture, Image.Image)
        assert (picture.mode, picture.size) == ("RGB", (700, 3))
        whole = (image[..., :3].expand(-1, -1, 3) * 255).round()
        assert picture.tobytes() == bytes(whole.int().flatten().tolist())


def test_nothing_is_saved(tmp_path: Path) -> None:
    save_image_websocket(batch(3), Listening(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_it_can_be_stopped_between_pictures(tmp_path: Path) -> None:
    context = Listening(tmp_path, stop_at=2)
    with pytest.raises(RunCancelledError):
        save_image_websocket(batch(3), context)
    assert len(context.heard) == 1


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match='input "images"'):
        save_image_websocket(torch.zeros(4, 4, 3), Listening(tmp_path))
