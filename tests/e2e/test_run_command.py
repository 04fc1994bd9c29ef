"""`python3 main.py run`: from a workflow file to a picture, as an artist starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.examples import ROOT, write_checkpoint

DEFAULT = ROOT / "workflows" / "text_to_image.json"
CHECKPOINT = "tiny.safetensors"
TINY = ["--set", f"4.ckpt_name={CHECKPOINT}", "--set", "5.width=64", "--set", "5.height=64"]
QUICK = [*TINY, "--set", "3.steps=2"]

pytestmark = [pytest.mark.e2e, pytest.mark.slow]  # each run imports torch and diffusers


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base directory with a tiny checkpoint of the true layout."""
    base = tmp_path_factory.mktemp("base")
    write_checkpoint(base / "models" / "checkpoints" / CHECKPOINT, "tiny")
    return base


def start(base: Path, *arguments: str) -> list[str]:
    command = [sys.executable, "main.py", "--no-bootstrap", "run", "--cpu"]
    return [*command, "--base-directory", str(base), *arguments]


def run(
    base: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        start(base, *arguments), cwd=ROOT, capture_output=True, input=stdin, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def pictures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def metadata(picture: Path) -> dict[str, Any]:
    with Image.open(picture) as image:
        return {key: json.loads(text) for key, text in image.text.items()}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def picture(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first")
    done = run(base, str(DEFAULT), *QUICK, "--set", "3.seed=7", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert str(pictures(out)[0]) in done.stdout
    return pictures(out)[0]


def test_the_default_workflow_makes_a_picture_with_the_workflow_inside(picture: Path) -> None:
    with Image.open(picture) as image:
        assert image.size == (64, 64)
        assert image.mode == "RGB"
        assert len(set(image.get_flattened_data())) > 100
    inside = metadata(picture)
    assert inside["prompt"]["3"]["inputs"]["seed"] == 7
    assert inside["prompt"]["4"]["inputs"]["ckpt_name"] == CHECKPOINT
    sampler = next(node for node in inside["workflow"]["nodes"] if node["id"] == 3)
    assert sampler["widgets_values"][0] == 7, "the embedded canvas must say what was run"


def test_a_picture_runs_again_and_gives_the_same_bits(
    base: Path, picture: Path, tmp_path: Path
) -> None:
    done = run(base, str(picture), "--cache-none", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    with Image.open(picture) as first, Image.open(pictures(tmp_path)[0]) as second:
        assert first.tobytes() == second.tobytes()
    assert metadata(picture)["prompt"] == metadata(pictures(tmp_path)[0])["prompt"]


def test_the_api_format_comes_through_standard_input(
    base: Path, picture: Path, tmp_path: Path
) -> None:
    prompt = json.dumps(metadata(picture)["prompt"]).encode()
    done = run(base, "-", "--out", str(tmp_path), stdin=prompt)
    assert done.returncode == 0, done.stderr
    assert len(pictures(tmp_path)) == 1


def test_the_picture_of_the_readme_is_what_its_workflow_makes(base: Path, tmp_path: Path) -> None:
    done = run(base, str(ROOT / "workflows" / "mosaic.json"), "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    with (
        Image.open(pictures(tmp_path)[0]) as made,
        Image.open(ROOT / "workflows/mosaic.png") as old,
    ):
        assert made.size == old.size
        assert made.tobytes() == old.tobytes()


def test_metadata_can_be_left_out(base: Path, tmp_path: Path) -> None:
    done = run(base, str(DEFAULT), *QUICK, "--disable-metadata", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert metadata(pictures(tmp_path)[0]) == {}


def test_a_later_run_finds_the_work_of_an_earlier_one(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(base, str(DEFAULT), *QUICK, "--set", "3.seed=11", "--out", str(out))
    assert first.returncode == 0, first.stderr
    again = run(base, str(DEFAULT), *QUICK, "--set", "3.seed=11", "--why", "--out", str(out))
    assert again.returncode == 0, again.stderr
    assert "found on disk" in again.stderr
    assert len(pictures(out)) == 2, "saving is asked for again, so it happens again"


NOISY_PACK = """
print("hello from a pack")

class Leave:
    RETURN_TYPES, FUNCTION, CATEGORY, OUTPUT_NODE = (), "go", "test", True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"exits": ("BOOLEAN", {})}}

    def go(self, exits):
        print("about to go")
        if exits:
            raise SystemExit(0)
        return {"ui": {"images": [{"filename": "x.png", "subfolder": "", "type": "output"}]}}

NODE_CLASS_MAPPINGS = {"Leave": Leave}
"""


def test_packs_can_neither_end_a_run_unseen_nor_print_among_the_results(tmp_path: Path) -> None:
    packs = tmp_path / "custom_nodes"
    packs.mkdir()
    (packs / "noisy.py").write_text(NOISY_PACK)
    (packs / "broken.py").write_text("import no_such_module")

    def leave(exits: bool) -> subprocess.CompletedProcess[str]:
        prompt = {"1": {"class_type": "Leave", "inputs": {"exits": exits}}}
        return run(tmp_path, "-", "--out", str(tmp_path / "out"), stdin=json.dumps(prompt).encode())

    stays = leave(False)
    assert stays.returncode == 0, stays.stderr
    assert stays.stdout == f"{tmp_path / 'out' / 'x.png'}\n"
    assert "hello from a pack" in stays.stderr
    assert "Pack broken was not loaded: ModuleNotFoundError" in stays.stderr
    left = leave(True)
    assert left.returncode == 1
    assert "Leave #1: the node tried to end the program (exit status 0)" in left.stderr


def test_a_base_that_cannot_hold_anything_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "base").touch()
    done = run(tmp_path / "base", str(DEFAULT))
    assert done.returncode == 1
    assert 'base/user/cache" cannot be made' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON"),
        (b"{", "JSON"),
        (b"[" * 10_000, "nested"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "carries no workflow"),
        (b'{"1": {"class_type": "KSamplr", "inputs": {}}}', 'Did you mean "KSampler"'),
        (b'{"1": {"class_type": "VAEDecode", "inputs": {"samples": ["1", 0]}}}', "output"),
    ],
    ids=["empty", "broken", "deep", "damaged-png", "unknown-node", "no-output"],
)
def test_a_bad_file_gives_one_sentence_and_no_picture(
    base: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    done = run(base, "-", "--out", str(tmp_path), stdin=content)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_checkpoint_is_named_with_where_to_put_it(base: Path, tmp_path: Path) -> None:
    done = run(base, str(DEFAULT), "--set", "4.ckpt_name=tiny.safetensor", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "tiny.safetensor" in done.stderr
    assert CHECKPOINT in done.stderr, "the nearest file is offered"
    assert "models/checkpoints/tiny.safetensor" in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupting_leaves_no_picture(base: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        start(base, str(DEFAULT), *TINY, "--set", "3.steps=10000", "--out", str(tmp_path)),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stderr is not None
            seen = b""
            while b"KSampler" not in seen:
                chunk = os.read(process.stderr.fileno(), 65536)
                assert chunk, seen.decode()
                seen += chunk
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            # Generous: the first import of diffusers cannot be interrupted.
            _, rest = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_every_example_is_run_by_a_test() -> None:
    folder = ROOT / "workflows"
    examples = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    here = {"text_to_image.json", "mosaic.json"}
    vq = {"vq_round_trip.json", "token_art.json"}  # test_vq_workflows.py
    starter = {"image_to_image.json", "inpaint.json", "train/starter.json"}
    training = {"train/vqgan_on_a_folder.json"}
    assert examples == here | vq | starter | training


def test_nodes_lists_every_type_and_explains_one(base: Path) -> None:
    command = [sys.executable, "main.py", "--no-bootstrap", "nodes", "--base-directory", str(base)]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "  KSampler " in listing.stdout
    one = subprocess.run(
        [*command, "CheckpointLoaderSimple"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"ckpt_name: one of: tessera_starter.safetensors, {CHECKPOINT}" in one.stdout
    unknown = subprocess.run(
        [*command, "KSamplr"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 1
    assert 'Did you mean "KSampler"' in unknown.stderr
