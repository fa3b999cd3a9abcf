# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports point one way, read from the source: ui, cli → api → scene → rig → motion, texture, character → inference."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A room may import from itself and from rooms of a lower level, never from its neighbours on the same level.
LEVELS = {
    "ui": 7,
    "cli": 7,
    "api": 6,
    "scene": 5,
    "rig": 4,
    "motion": 3,
    "texture": 3,
    "character": 3,
    "inference": 2,
    "home": 1,
    "errors": 0,
}
# home: but for the one lazy import
WITHOUT_BPY = {"rig", "motion", "texture", "character", "inference", "home", "errors"}
BLENDER = {"bpy", "bpy_extras", "bmesh", "mathutils", "gpu", "gpu_extras", "blf", "bl_ui", "addon_utils", "rna_prop_ui"}
# Of training: node materials, and their pictures to learn from.
BAKING = {"node_graph.py", "baking.py"}
# The platform refuses Python threads and unasked network; long work is sliced instead.
REFUSED = {"threading", "_thread", "concurrent", "multiprocessing", "socket", "ssl", "http", "urllib", "ftplib"}


@dataclass(frozen=True)
class Import:
    """One imported name: the absolute dotted `target`, where it stands, and whether it runs when the module loads."""

    target: str
    where: str
    relative: bool
    at_load: bool

    @property
    def top(self) -> str:
        """The package that is imported from."""
        return self.target.split(".")[0]


def imports(path: Path, root: Path = ROOT) -> Iterator[Import]:
    """Yield every import of a file; `from .. import a, b` gives one for each name."""
    module = path.relative_to(root).with_suffix("").parts
    package = module[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets, relative = [alias.name for alias in node.names], False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *([node.module] if node.module else [])))
            targets, relative = [f"{stem}.{alias.name}" for alias in node.names], node.level > 0
        else:
            continue
        where = f"{'/'.join(path.relative_to(root).parts)}:{node.lineno}"
        yield from (Import(target, where, relative, id(node) not in inside) for target in targets)


def sources(folder: str) -> list[Path]:
    """Every Python file under a folder of the checkout."""
    return sorted((ROOT / folder).rglob("*.py"))


def room(path: Path) -> str:
    """The room of blender_addon that a file belongs to; "" for its __init__.py."""
    first = path.relative_to(ROOT / "blender_addon").parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def wrong(path: Path, found: Import) -> str:
    """What is wrong with an import in blender_addon, or ""."""
    own = room(path)
    third_party = found.top not in sys.stdlib_module_names
    if own == "" and found.at_load:
        return "the package imports nothing before register"
    if found.top in REFUSED:
        return "no Python threads and no network in Blender"
    if found.relative:
        other = found.target.removeprefix("blender_addon").removeprefix(".").split(".")[0]
        if not own or other == own:
            return ""
        if other not in LEVELS:
            return f"{other or 'blender_addon itself'} is no room with a level"
        return "" if LEVELS[own] > LEVELS[other] else f"{own} may not import {other}"
    if found.top == "blender_addon":
        return "in Blender the package has another name: import it relatively"
    if found.top in BLENDER:
        return f"{own} is free of bpy" if own in WITHOUT_BPY and (own != "home" or found.at_load) else ""
    if found.top == "onnxruntime":
        lazy = own == "inference" and not found.at_load
        return "" if lazy else "onnxruntime is imported in inference, inside functions"
    if third_party and found.top != "numpy":
        return "the extension brings nothing of the kind along"
    return ""


def test_the_rooms_have_a_level():
    for path in sources("blender_addon"):
        assert room(path) in {"", *LEVELS}, f"{path.relative_to(ROOT)}: {room(path)} has no level yet"


def test_blender_addon_points_one_way():
    complaints = [
        f"{found.where}: imports {found.target}: {complaint}"
        for path in sources("blender_addon")
        for found in imports(path)
        if (complaint := wrong(path, found))
    ]
    assert not complaints, "\n".join(complaints)


def test_training_stays_out_of_blender():
    """And of blender_addon it sees the rooms without bpy alone. Its one use of Blender, baking pictures to learn from,
    imports it when it bakes."""
    rooms = {(name,) for name in WITHOUT_BPY}
    crossing = [
        f"{found.where}: imports {found.target}"
        for path in sources("training")
        for found in imports(path)
        if (found.top in BLENDER and (found.at_load or path.name not in BAKING))
        or (found.top == "blender_addon" and tuple(found.target.split(".")[1:2]) not in rooms)
    ]
    assert not crossing, "\n".join(crossing)


def test_the_root_imports_nothing_at_load():
    assert not [found for found in imports(ROOT / "__init__.py") if found.at_load]


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("blender_addon/inference/packs.py", "from ..motion import clip", "inference may not import motion"),
        ("blender_addon/motion/clip.py", "from ..character import body", "motion may not import character"),
        ("blender_addon/motion/clip.py", "from .. import scene", "motion may not import scene"),
        ("blender_addon/motion/clip.py", "def f():\n    import bpy", "free of bpy"),
        ("blender_addon/home.py", "import bpy", "free of bpy"),
        ("blender_addon/scene/keys.py", "import torch", "brings nothing"),
        ("blender_addon/scene/keys.py", "from training import data", "brings nothing"),
        ("blender_addon/scene/keys.py", "from blender_addon.motion import clip", "relatively"),
        ("blender_addon/inference/sessions.py", "import onnxruntime", "inside functions"),
        ("blender_addon/ui/panels.py", "from threading import Thread", "threads"),
        ("blender_addon/__init__.py", "from . import home", "before register"),
        ("blender_addon/motion/clip.py", "from ..errors import GalateaError\nfrom . import skeleton\nimport numpy", ""),
        ("blender_addon/inference/sessions.py", "def f():\n    import onnxruntime", ""),
        ("blender_addon/home.py", "def f():\n    import bpy", ""),
        ("blender_addon/cli.py", "from . import api\nfrom .scene import demo", ""),
    ],
)
def test_the_check_bites(tmp_path, file, line, complaint):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n")
    said = [text for found in imports(path, tmp_path) if (text := wrong(ROOT / file, found))]
    assert (complaint in said[0]) if complaint else not said
