"""Built-in modules and packs are found; what fails changes nothing for the others."""

from __future__ import annotations

import importlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from engine.registry.discovery import (
    PackReport,
    compat_path,
    load_builtin,
    load_packs,
    run_prestartup,
)
from engine.registry.packs import source_version
from engine.registry.registry import Registry
from tests.registry.registry_fakes import FakeContext, FakeFolders

V1 = """
class {name}:
    RETURN_TYPES = ("INT",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"required": {{}}}}

    def run(self):
        return ({value},)

NODE_CLASS_MAPPINGS = {{"{name}": {name}}}
"""

V3 = """
from engine.registry.v3 import io

class Modern(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(node_id="ModernNode", display_name="Modern node")

class Broken(io.ComfyNode):
    pass

class Extension:
    async def get_node_list(self):
        return [Modern, Broken, int]

{entrypoint} comfy_entrypoint():
    return Extension()
"""

BUILTIN = """
from __future__ import annotations
from engine.registry.decorator import node

@node("{name}", category="test")
def {function}(value: int) -> int:
    "Give back a number."
    return value
"""


def stands_in(module: ModuleType, folder: Path) -> bool:
    return str(getattr(module, "__file__", None) or "").startswith(str(folder))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    path = list(sys.path)
    folder = tmp_path / "custom.nodes"
    folder.mkdir()
    yield folder
    sys.path[:] = path
    made = [name for name, module in sys.modules.items() if stands_in(module, tmp_path)]
    for name in [*made, *(name for name in sys.modules if name.startswith("made_by"))]:
        del sys.modules[name]


@pytest.fixture
def registry() -> Registry:
    return Registry(FakeFolders())


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def load_one(registry: Registry, root: Path) -> PackReport:
    (report,) = load_packs(registry, [root])
    return report


def test_folders_and_files_are_packs_and_others_are_not(registry: Registry, root: Path) -> None:
    write(
        root,
        {
            "folder/__init__.py": V1.format(name="InFolder", value=1),
            "single.py": V1.format(name="InFile", value=2),
            "off.py.disabled": "raise RuntimeError",
            "off.disabled/__init__.py": "raise RuntimeError",
            "__pycache__/__init__.py": "raise RuntimeError",
            "no_pack/readme.txt": "",
            "notes.txt": "",
        },
    )

    reports = load_packs(registry, [root, root / "missing"])

    assert [(r.name, r.node_types, r.error) for r in reports] == [
        ("folder", ("InFolder",), None),
        ("single", ("InFile",), None),
    ]
    assert registry["InFolder"].python_module == "custom_nodes.folder"
    assert registry["InFile"].python_module == "custom_nodes.single"
    assert all(report.seconds >= 0 for report in reports)


def test_a_pack_imports_its_own_modules_under_a_name_without_dots(
    registry: Registry, root: Path
) -> None:
    write(
        root,
        {
            "pack/__init__.py": "from .sub.nodes import NODE_CLASS_MAPPINGS",
            "pack/sub/__init__.py": "",
            "pack/sub/nodes.py": "from ..values import VALUE" + V1.format(name="A", value="VALUE"),
            "pack/values.py": "VALUE = 5",
        },
    )

    load_one(registry, root)
    spec = registry["A"]

    assert spec.call(spec.create(), {}, FakeContext()) == (5,)
    name = str(root.resolve() / "pack").replace(".", "_x_")
    assert name in sys.modules
    assert f"{name}.values" in sys.modules


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: No module named"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyError", "KeyError"),
        ("", "PackExportError"),
        ("comfy_entrypoint = dict", "not a ComfyExtension"),
    ],
)
def test_a_pack_that_fails_is_reported_and_changes_nothing(
    registry: Registry, root: Path, source: str, error: str
) -> None:
    write(
        root,
        {
            "bad/__init__.py": f"from . import part\n{source}",
            "bad/part.py": "",
            "good.py": V1.format(name="Good", value=1),
        },
    )

    bad, good = load_packs(registry, [root])

    assert bad.error is not None
    assert error in bad.error
    assert bad.traceback is not None
    assert "Traceback" in bad.traceback
    assert bad.node_types == ()
    assert good.error is None
    assert list(registry) == ["Good"]
    assert not [name for name, module in sys.modules.items() if stands_in(module, root / "bad")]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("import no_such_module_here.part", "no_such_module_here"),
        ("import json.no_such_part", None),
        ("from . import no_such_part", None),
        ("from .no_such_part import value", None),
        ("import email as m; raise ModuleNotFoundError", None),
    ],
)
def test_a_pack_that_lacks_a_module_says_what_installs_it(
    registry: Registry, root: Path, source: str, missing: str | None
) -> None:
    write(root, {"bad/__init__.py": source})
    report = load_one(registry, root)
    assert report.missing_module == missing
    if missing is None:
        assert report.install_command is None
    else:
        assert report.install_command == shlex.join(
            [sys.executable, "-m", "pip", "install", missing]
        )


def test_what_a_pack_asks_for_is_installed_as_a_whole(registry: Registry, root: Path) -> None:
    write(root, {"two words/__init__.py": "import no_such_module_here"})
    write(root, {"two words/requirements.txt": "no-such-package"})
    asked = str(root / "two words" / "requirements.txt")
    report = load_one(registry, root)
    assert report.install_command is not None
    assert shlex.split(report.install_command)[1:] == ["-m", "pip", "install", "-r", asked]


def test_a_class_that_cannot_be_read_fails_alone(registry: Registry, root: Path) -> None:
    write(root, {"p.py": V1.format(name="A", value=1) + 'NODE_CLASS_MAPPINGS["B"] = object()\n'})

    report = load_one(registry, root)

    assert report.node_types == ("A",)
    assert list(report.failed_types) == ["B"]
    assert report.error is None


@pytest.mark.parametrize("entrypoint", ["def", "async def"])
def test_an_extension_lists_v3_nodes(registry: Registry, root: Path, entrypoint: str) -> None:
    write(root, {"p.py": V3.format(entrypoint=entrypoint)})

    report = load_one(registry, root)

    assert report.node_types == ("ModernNode",)
    assert registry["ModernNode"].source == "v3"
    assert registry["ModernNode"].display_name == "Modern node"
    assert set(report.failed_types) == {"Broken", "int"}


def test_class_mappings_win_over_the_entrypoint(registry: Registry, root: Path) -> None:
    source = V3.format(entrypoint="def") + "NODE_CLASS_MAPPINGS = {'Other': Modern}\n"
    write(root, {"p.py": source})

    assert load_one(registry, root).node_types == ("Other",)
    assert registry["Other"].source == "v3"


def test_built_in_names_are_kept_and_titles_are_not(registry: Registry, root: Path) -> None:
    write(root, {"built_package/__init__.py": "", "built_package/area/__init__.py": ""})
    write(root, {"built_package/area/own.py": BUILTIN.format(name="Own", function="own")})
    sys.path.insert(0, str(root))
    load_builtin(registry, importlib.import_module("built_package"))
    titles = 'NODE_DISPLAY_NAME_MAPPINGS = {"Own": "Renamed", "Mine": "My node", "Unknown": "x"}'
    source = V1.format(name="Mine", value=1) + 'NODE_CLASS_MAPPINGS["Own"] = Mine\n' + titles
    write(root / "packs", {"p.py": source})

    report = load_one(registry, root / "packs")

    assert (report.node_types, report.skipped_names) == (("Mine",), ("Own",))
    assert registry["Own"].source == "native"
    assert registry["Own"].display_name == "Renamed"
    assert registry["Mine"].display_name == "My node"


def test_built_in_modules_may_not_share_a_name(registry: Registry, root: Path) -> None:
    text = BUILTIN.format(name="Own", function="own")
    write(root, {"twice_built/__init__.py": "", "twice_built/a.py": text, "twice_built/b.py": text})
    sys.path.insert(0, str(root))

    with pytest.raises(
        ValueError, match=r"Own is declared in twice_built\.a and in twice_built\.b"
    ):
        load_builtin(registry, importlib.import_module("twice_built"))


def test_a_built_in_package_that_fails_is_not_passed_over(registry: Registry, root: Path) -> None:
    write(root, {"ill_built/__init__.py": "", "ill_built/area/__init__.py": "1 / 0"})
    sys.path.insert(0, str(root))

    with pytest.raises(ZeroDivisionError):
        load_builtin(registry, importlib.import_module("ill_built"))


def test_the_last_pack_wins_among_packs(registry: Registry, root: Path) -> None:
    write(root, {f"{n}.py": V1.format(name="Same", value=i) for i, n in enumerate("ab")})

    load_packs(registry, [root])
    spec = registry["Same"]

    assert spec.call(spec.create(), {}, FakeContext()) == (1,)


def test_disabled_packs_are_passed_over_except_those_allowed(
    registry: Registry, root: Path
) -> None:
    write(root, {f"{name}.py": V1.format(name=name, value=1) for name in ("One", "Two")})

    load_packs(registry, [root], enabled=False, allow={"Two"})

    assert list(registry) == ["Two"]


def test_browser_folders_are_found(registry: Registry, root: Path) -> None:
    write(
        root,
        {
            "pack/__init__.py": 'NODE_CLASS_MAPPINGS = {}\nWEB_DIRECTORY = "./js"',
            "pack/js/a.js": "",
            "pack/dist/b.js": "",
            "pack/pyproject.toml": '[project]\nname = "titled"\n[tool.comfy]\nweb = "dist"\n',
            "gone/__init__.py": 'NODE_CLASS_MAPPINGS = {}\nWEB_DIRECTORY = "missing"',
        },
    )

    gone, pack = load_packs(registry, [root])

    assert gone.web == {}
    assert {name: path.name for name, path in pack.web.items()} == {"titled": "dist", "pack": "js"}


def test_a_version_changes_with_the_sources_only(root: Path) -> None:
    write(root, {"p/__init__.py": "1", "p/a.py": "2", "p/notes.md": "", "p/.venv/x.py": ""})
    first = source_version(root / "p")
    write(root, {"p/notes.md": "other", "p/.venv/x.py": "other"})
    unchanged = source_version(root / "p")
    write(root, {"p/a.py": "3"})

    assert first == unchanged
    assert len({first, source_version(root / "p")}) == 2
    assert source_version(root / "p" / "a.py") != source_version(root / "p" / "__init__.py")


def test_start_up_scripts_run_apart_from_their_packs(root: Path) -> None:
    write(
        root,
        {
            "a/prestartup_script.py": "import sys\nsys.modules['made_by_a'] = sys",
            "b/prestartup_script.py": "raise OSError('no')",
            "c/__init__.py": "raise RuntimeError",
            "d.disabled/prestartup_script.py": "raise RuntimeError",
        },
    )

    reports = run_prestartup([root])

    assert [(report.name, report.error) for report in reports] == [
        ("a", None),
        ("b", "OSError: no"),
    ]
    assert isinstance(sys.modules["made_by_a"], ModuleType)


def test_packs_find_the_modules_of_their_host(root: Path, registry: Registry) -> None:
    imports = "from comfy_api.latest import ComfyExtension, io, ui\nimport comfy_execution.graph"
    source = V3.format(entrypoint="async def").replace(
        "class Extension", "class Extension(ComfyExtension)"
    )
    write(root, {"p.py": source.replace("from engine.registry.v3 import io", imports)})

    compat_path()
    length = len(sys.path)
    compat_path()

    assert len(sys.path) == length
    assert load_one(registry, root).node_types == ("ModernNode",)


def test_a_pack_tells_what_it_replaced_and_what_it_may_not(registry: Registry, root: Path) -> None:
    declared = {
        "Older": {"to": "Counter", "inputs": {"a": "b"}},
        "Loop": {"to": "Loop"},
        "Odd": {"to": 3},
    }
    text = V1.format(name="Counter", value=1)
    (root / "renamed.py").write_text(f"{text}\nNODE_REPLACEMENTS = {declared!r}\n")
    (report,) = load_packs(registry, [root])
    assert registry.replacements.successor("Older") == "Counter"
    assert report.failed_types.keys() == {"Loop", "Odd"}
    assert "leads in a circle: Loop -> Loop" in report.failed_types["Loop"]
