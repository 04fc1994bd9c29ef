from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import (
    EngineError,
    FileFormatError,
    ForbiddenPathError,
    MissingFileError,
    UnknownNameError,
)
from engine.models.folders import ModelFolders


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    return ModelFolders(tmp_path)


def test_names_are_relative_sorted_and_filtered(folders: ModelFolders, tmp_path: Path) -> None:
    root = tmp_path / "models" / "checkpoints"
    for name in ("b.safetensors", "sub/a.ckpt", "sub/deep/c.SFT", "readme.txt", ".git/d.ckpt"):
        touch(root / name)
    assert folders.names("checkpoints") == ["b.safetensors", "sub/a.ckpt", "sub/deep/c.SFT"]


def test_a_listing_follows_the_disk(folders: ModelFolders, tmp_path: Path) -> None:
    root = tmp_path / "models" / "loras"
    assert folders.names("loras") == []
    touch(root / "sub" / "a.safetensors")
    assert folders.names("loras") == ["sub/a.safetensors"]
    touch(root / "sub" / "b.safetensors")
    assert folders.names("loras") == ["sub/a.safetensors", "sub/b.safetensors"]
    (root / "sub" / "a.safetensors").unlink()
    assert folders.names("loras") == ["sub/b.safetensors"]


def test_legacy_keys_folders_and_outputs_are_one_key(folders: ModelFolders, tmp_path: Path) -> None:
    touch(tmp_path / "models" / "unet" / "old.safetensors")
    touch(tmp_path / "models" / "diffusion_models" / "new.safetensors")
    touch(tmp_path / "output" / "diffusion_models" / "saved.safetensors")
    touch(tmp_path / "models" / "clip" / "l.safetensors")
    assert folders.names("unet") == folders.names("diffusion_models")
    assert folders.names("unet") == ["new.safetensors", "old.safetensors", "saved.safetensors"]
    assert folders.names("clip") == ["l.safetensors"] == folders.names("text_encoders")


def test_diffusers_names_are_folders_with_an_index(folders: ModelFolders, tmp_path: Path) -> None:
    index = touch(tmp_path / "models" / "diffusers" / "sd" / "model_index.json")
    touch(tmp_path / "models" / "diffusers" / "sd" / "unet" / "config.json")
    assert folders.names("diffusers") == ["sd"]
    assert folders.resolve("diffusers", "sd") == index


def test_input_lists_only_its_own_level(folders: ModelFolders, tmp_path: Path) -> None:
    touch(tmp_path / "input" / "a.png")
    below = touch(tmp_path / "input" / "sub" / "b.png")
    assert folders.names("input") == ["a.png"]
    assert folders.resolve("input", "sub/b.png") == below


def test_the_first_root_wins(folders: ModelFolders, tmp_path: Path) -> None:
    mine = touch(tmp_path / "models" / "vae" / "v.pt")
    other = touch(tmp_path / "elsewhere" / "v.pt")
    folders.add("vae", tmp_path / "elsewhere")
    assert folders.resolve("vae", "v.pt") == mine
    folders.add("vae", tmp_path / "elsewhere", default=True)
    assert folders.resolve("vae", "v.pt") == other


def test_a_name_may_point_into_another_user_folder(folders: ModelFolders, tmp_path: Path) -> None:
    made = touch(tmp_path / "output" / "a.png")
    assert folders.resolve("input", "a.png [output]") == made
    odd = touch(tmp_path / "models" / "vae" / "v [output].pt")
    assert folders.resolve("vae", "v [output].pt") == odd


def test_a_name_written_with_backslashes_is_found(folders: ModelFolders, tmp_path: Path) -> None:
    file = touch(tmp_path / "models" / "loras" / "style" / "a.safetensors")
    assert folders.resolve("loras", "style\\a.safetensors") == file


@pytest.mark.parametrize(
    "name",
    ["../a.ckpt", "sub/../../a.ckpt", "/etc/passwd", "..\\a.ckpt", "C:\\a.ckpt", "C:a.ckpt",
     "a\0.ckpt", "", " ", "..", ".", "\\\\host\\share\\a.ckpt"],
)  # fmt: skip
def test_names_that_lead_outside_are_refused(
    folders: ModelFolders, tmp_path: Path, name: str
) -> None:
    touch(tmp_path / "models" / "a.ckpt")
    with pytest.raises(ForbiddenPathError):
        folders.resolve("checkpoints", name)


def test_a_missing_file_names_the_nearest(folders: ModelFolders, tmp_path: Path) -> None:
    touch(tmp_path / "models" / "checkpoints" / "dreamshaper.safetensors")
    with pytest.raises(MissingFileError, match=r'Did you mean "dreamshaper.safetensors"\?'):
        folders.resolve("checkpoints", "dreamshapr.safetensors")
    with pytest.raises(MissingFileError):
        folders.resolve("checkpoints", "x" * 5000)


def test_links_may_leave_model_folders_but_not_input(folders: ModelFolders, tmp_path: Path) -> None:
    outside = touch(tmp_path / "disk2" / "big.safetensors")
    for folder in (tmp_path / "models" / "checkpoints", tmp_path / "input"):
        folder.mkdir(parents=True)
        (folder / "link.safetensors").symlink_to(outside)
        (folder / "dir").symlink_to(outside.parent)
    assert "dir/big.safetensors" in folders.names("checkpoints")
    assert folders.resolve("checkpoints", "link.safetensors").read_bytes() == b"x"
    for name in ("link.safetensors", "dir/big.safetensors"):
        with pytest.raises(ForbiddenPathError):
            folders.resolve("input", name)


def test_a_link_cycle_ends(folders: ModelFolders, tmp_path: Path) -> None:
    root = tmp_path / "models" / "loras"
    touch(root / "a.safetensors")
    (root / "again").symlink_to(root)
    assert folders.names("loras") == ["a.safetensors"]


def test_unknown_keys_are_named(folders: ModelFolders) -> None:
    with pytest.raises(UnknownNameError, match="checkpoints"):
        folders.names("checkpoint")
    with pytest.raises(UnknownNameError):
        folders.directory("models")


PARTS = st.sampled_from(["..", ".", "a", "sub", "link", "~", "C:", "", "[input]", "x\0", "ü"])


@settings(deadline=None)
@given(st.lists(PARTS, max_size=6).flatmap(lambda p: st.sampled_from(["/", "\\"]).map(
    lambda s: s.join(p))), st.sampled_from(["checkpoints", "input"]))  # fmt: skip
def test_no_name_reaches_a_file_outside(
    tmp_path_factory: pytest.TempPathFactory, name: str, key: str
) -> None:
    base = tmp_path_factory.getbasetemp() / "traversal"
    if not base.exists():
        for inside in ("models/checkpoints/a", "models/checkpoints/sub/a", "input/a", "a"):
            touch(base / inside)
        (base / "input" / "link").symlink_to(base)
    root = base / {"checkpoints": "models/checkpoints", "input": "input"}[key]
    try:
        found = ModelFolders(base).resolve(key, name)
    except EngineError:
        return
    assert found.resolve().is_relative_to(root.resolve())


def write_yaml(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_extra_paths_add_folders_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    first = touch(tmp_path / "disk" / "sd" / "a.ckpt")
    second = touch(tmp_path / "more" / "b.ckpt")
    touch(tmp_path / "models" / "checkpoints" / "a.ckpt")
    file = write_yaml(
        tmp_path / "extra.yaml",
        "webui:\n  base_path: $DISK\n  is_default: true\n  checkpoints: sd\n"
        "  my_pack: anything\n"
        f"other:\n  checkpoints: |\n    {tmp_path / 'more'}\n    relative\nempty:\n",
    )
    touch(tmp_path / "disk" / "anything" / "notes.xyz")
    folders = ModelFolders(tmp_path, extra=[file])
    assert folders.resolve("checkpoints", "a.ckpt") == first
    assert folders.resolve("checkpoints", "b.ckpt") == second
    assert folders.keys()["checkpoints"].roots[-1] == tmp_path / "relative"
    assert folders.names("my_pack") == ["notes.xyz"]


@pytest.mark.parametrize(
    "text",
    ["- a list", "a: just text", "a:\n  checkpoints: [x, y]", "a:\n  is_default: perhaps",
     "a: {", "a: !!python/object/apply:os.system [id]", "[" * 3_000],
)  # fmt: skip
def test_a_damaged_extra_paths_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = write_yaml(tmp_path / "extra.yaml", text)
    with pytest.raises(FileFormatError, match=r"extra\.yaml"):
        ModelFolders(tmp_path, extra=[file])


def test_a_missing_extra_paths_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.yaml"):
        ModelFolders(tmp_path, extra=[tmp_path / "none.yaml"])
