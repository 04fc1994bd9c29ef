"""Import directions: a package imports what stands to its right, and nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FOUNDATION = {"errors", "types", "faultpoints", "unfinished"}
CHAIN = ["cli", "server", "jobs", "workers", "execution", "cache", "graph", "registry"]
DOMAIN = {"models", "sampling", "text", "imaging", "vq", "training"}

ALLOWED: dict[str, set[str]] = {
    package: {*CHAIN[place + 1 :], *FOUNDATION} for place, package in enumerate(CHAIN)
}
ALLOWED |= {package: set(FOUNDATION) for package in DOMAIN}
ALLOWED["training"] |= DOMAIN
# A VQ autoencoder's decoder quantises first.
ALLOWED["models"] |= {"vq"}
ALLOWED["errors"] = set()
ALLOWED["types"] = {"errors"}
ALLOWED["settings"] = set()
ALLOWED["faultpoints"] = set()
ALLOWED["unfinished"] = set()
# The composition root sees everything; pictures and device figures serve these two as well.
ALLOWED["cli"] |= {"settings", *DOMAIN}
ALLOWED["server"] |= {"settings", "imaging", "models"}
ALLOWED["execution"] |= {"imaging"}
ALLOWED["workers"] |= {"settings", "compat", *DOMAIN}
ALLOWED["nodes"] = {"registry", *DOMAIN, *FOUNDATION}
# What packs import from their host is built on the engine's own parts, whichever they are.
ALLOWED["compat"] = {*CHAIN[4:], "settings", *DOMAIN, *FOUNDATION}

WITHOUT_TORCH = ["errors", "types", "settings", "registry", "graph", "jobs"]
BEFORE_INSTALLING = ["arguments", "bootstrap", "entry", "terminal", "testing"]


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "engine" and len(parts) > 1 else parts[0]


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "engine":
                yield from (f"engine.{alias.name}" for alias in node.names)
            yield node.module


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", ["engine", "nodes"])
def test_packages_import_only_what_stands_to_their_right(folder: str) -> None:
    wrong = []
    for path in sources(folder):
        package = package_of(path)
        for module in imported_modules(path):
            root, *rest = module.split(".")
            if root == "engine" and rest and rest[0] not in {package, *ALLOWED.get(package, set())}:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
            if root == "nodes" and package not in {"nodes", "cli", "workers", "compat"}:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_every_package_has_its_place() -> None:
    found = {package_of(path) for path in sources("engine")} - {"engine", "__init__"}
    assert found <= set(ALLOWED), (
        f"say in {Path(__file__).name} what {found - set(ALLOWED)} imports"
    )


def test_light_packages_load_neither_torch_nor_a_network_library() -> None:
    paths = [path for name in WITHOUT_TORCH for path in sources(f"engine/{name}")]
    paths += [ROOT / "engine" / f"{name}.py" for name in WITHOUT_TORCH]
    paths += [ROOT / "engine" / "cli" / f"{name}.py" for name in BEFORE_INSTALLING]
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
        if path.exists()
    )
    heavy = "{'torch', 'diffusers', 'transformers', 'PIL', 'aiohttp'}"
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


def test_importing_the_engine_reads_no_network_library_before_it_is_needed() -> None:
    code = (
        "import importlib, pkgutil, sys, engine\n"
        "for m in pkgutil.walk_packages(engine.__path__, 'engine.'):\n"
        "    if '.compat' not in m.name and '__main__' not in m.name:\n"
        "        importlib.import_module(m.name)\n"
        "print(sorted({'diffusers', 'transformers'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"
