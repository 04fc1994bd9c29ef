"""The host module `folder_paths`: folders, files and names, as packs ask for them."""

from __future__ import annotations

import pytest

from engine.errors import ForbiddenPathError, MissingFileError
from tests.compat.pack_bench import CHECKPOINT, Bench, host

pytestmark = pytest.mark.usefixtures("bench")


def test_folders_are_those_of_the_settings(bench: Bench) -> None:
    paths, base = host("folder_paths"), bench.base

    assert paths.base_path == str(base)
    assert paths.models_dir == str(base / "models")
    assert paths.get_output_directory() == paths.output_directory == str(base / "output")
    assert paths.get_directory_by_type("temp") == str(base / "temp")
    assert paths.get_directory_by_type("user") is None
    assert paths.get_folder_paths("loras")[0] == str(base / "models" / "loras")
    assert paths.get_folder_paths("unet") == paths.get_folder_paths("diffusion_models")


def test_files_are_found_by_key_and_name(bench: Bench) -> None:
    paths = host("folder_paths")
    expected = str(bench.base / "models" / "checkpoints" / CHECKPOINT)

    # The starter model that ships is offered beside what the artist has.
    assert paths.get_filename_list("checkpoints") == ["tessera_starter.safetensors", CHECKPOINT]
    assert paths.get_full_path("checkpoints", CHECKPOINT) == expected
    assert paths.get_full_path("checkpoints", "no.safetensors") is None
    assert paths.get_full_path("no_such_key", "x") is None
    with pytest.raises(MissingFileError):
        paths.get_full_path_or_raise("checkpoints", "no.safetensors")
    with pytest.raises(ForbiddenPathError):
        paths.get_full_path("checkpoints", "../loras/l.safetensors")
    with pytest.raises(KeyError):
        paths.get_filename_list("no_such_key")


def test_annotated_names_choose_their_folder(bench: Bench) -> None:
    paths, base = host("folder_paths"), bench.base

    assert paths.annotated_filepath("a.png [output]") == ("a.png", str(base / "output"))
    assert paths.annotated_filepath("a.png") == ("a.png", None)
    assert paths.get_annotated_filepath("a.png") == str(base / "input" / "a.png")
    assert paths.get_annotated_filepath("s/a.png [temp]") == str(base / "temp" / "s" / "a.png")
    assert not paths.exists_annotated_filepath("a.png")
    with pytest.raises(ForbiddenPathError):
        paths.get_annotated_filepath("../../etc/passwd [output]")


def test_save_paths_count_on_and_stay_inside(bench: Bench) -> None:
    paths, out = host("folder_paths"), bench.base / "output"
    first = paths.get_save_image_path("deep/a%width%", str(out), 12, 8)
    assert first == (str(out / "deep"), "a12", 1, "deep", "deep/a%width%")
    (out / "deep" / "a12_00001_.png").touch()

    assert paths.get_save_image_path("deep/a12", str(out))[2] == 2
    with pytest.raises(ForbiddenPathError):
        paths.get_save_image_path("../out", str(out))


def test_content_types_are_told_by_the_name() -> None:
    filtered = host("folder_paths").filter_files_content_types(["a.png", "b.mp4", "c"], ["image"])

    assert filtered == ["a.png"]


def test_the_table_of_folders_is_edited_in_place(bench: Bench) -> None:
    table = host("folder_paths").folder_names_and_paths
    folders = bench.engine.registry.folders
    base = bench.base

    assert "loras" in table
    assert "unknown" not in table
    assert table.get("unknown", ([], set())) == ([], set())
    table["unknown"] = ([str(base / "u")], {".x"})
    table["unknown"][1].update({".y"})
    (base / "u").mkdir()
    (base / "u" / "a.y").touch()
    (base / "u" / "a.z").touch()
    assert folders.names("unknown") == ["a.y"]
    roots, extensions = table["unknown"]
    assert roots == [str(base / "u")]
    assert roots + ["x"] == [str(base / "u"), "x"]  # noqa: RUF005 - packs add lists
    assert extensions | {".w"} == {".w", ".x", ".y"}
    roots.insert(0, str(base / "v"))
    assert table["unknown"][0][0] == str(base / "v")
