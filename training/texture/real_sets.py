# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pictures in a folder belong together, and what they are called: an indexed collection, or a user's own.

A collection has an index.csv (columns: file; class, set, map, licence, source, author, url, normal_convention, split,
all of which may be missing), a row a file. Without one, the folder below that a picture lies in is its class, a folder
`test` in that holds back what is in it for measuring, and a file's name says which map it is: rock_albedo.png,
rock_normal.png, rock_height.png, rock_roughness.png, rock_metallic.png, or rock.png alone, in the names that the
libraries of materials use.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blender_addon.errors import GalateaError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".tga")
INDEX = "index.csv"
MAPS = ("albedo", "normal", "height", "roughness", "metallic")
_WORDS = {
    "albedo": ("albedo", "basecolor", "base_color", "basecolour", "color", "colour", "col", "diffuse", "diff"),
    "normal": ("normal", "normalgl", "normal_gl", "nor_gl", "normaldx", "normal_dx", "nor_dx", "nor", "nrm"),
    "height": ("height", "displacement", "disp", "bump"),
    "roughness": ("roughness", "rough"),
    "metallic": ("metallic", "metalness", "metal"),
    "": ("ao", "ambientocclusion", "ambient_occlusion", "occlusion", "specular", "spec", "opacity", "emission"),
}
_MAP_OF = {word: name for name, words in _WORDS.items() for word in words}
_ENDS_AS_MAP = re.compile(rf"^(.+?)[_\-. ]({'|'.join(sorted(_MAP_OF, key=len, reverse=True))})$")
# 2k, 4K-JPG: the size that libraries put into names
_SIZE = re.compile(r"[_\-](\d{1,2}k)([_\-](jpg|png|exr|tif))?(?=[_\-]|$)")
# Folders of the collections whose classes have other names here.
_RENAMED = {"wood_bark": "wood"}


@dataclass(frozen=True)
class MaterialSet:
    """Pictures of one material. maps: file by name, of MAPS; always an albedo. green_down: of its normal map, as said.

    licence, source, credit: as its index says.
    """

    name: str
    kind: str
    maps: dict[str, Path]
    green_down: bool | None = None
    split: str = "train"
    licence: str = "unknown"
    source: str = "own pictures"
    credit: str = ""


@dataclass(frozen=True)
class Folder:
    """What was found in a folder. left_out: name and reason of what is not taken."""

    sets: tuple[MaterialSet, ...]
    left_out: tuple[tuple[str, str], ...]


def find_sets(folder: Path, classes: Sequence[str] = (), allow_by: bool = False) -> Folder:
    """The sets of a folder, of some classes only where these are given.

    allow_by: also those whose licence asks for a credit (CC-BY). GalateaError when there is none, naming the reasons.
    """
    if not folder.is_dir():
        raise GalateaError(f"there is no folder {folder}; --data names a folder of pictures")
    found = _indexed(folder, allow_by) if (folder / INDEX).is_file() else _plain(folder)
    if classes:
        there = {item.kind for item in found.sets}
        found = Folder(tuple(item for item in found.sets if item.kind in classes), found.left_out)
        absent = [name for name in classes if name not in there]
        if absent:
            raise GalateaError(f"{folder} has no pictures of the class {', '.join(absent)}; it has "
                               f"{', '.join(sorted(there)) or 'none at all'}{_reasons(found.left_out)}")
    if not found.sets:
        raise GalateaError(f"{folder} has no pictures to learn from ({', '.join(ENDINGS)})"
                           f"{_reasons(found.left_out)}; docs/your-own-images.md shows how a folder looks")
    return found


@cache
def sorted_by_eye() -> dict[str, tuple[str, str]]:
    """What was seen in the sets of known collections: name → the class it really shows ("" for none), and why."""
    with (Path(__file__).parent / "real_sets.csv").open(newline="", encoding="utf-8") as file:
        return {row["set"]: (row["class"], row["why"]) for row in csv.DictReader(file)}


def _indexed(folder: Path, allow_by: bool) -> Folder:
    rows: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    try:
        with (folder / INDEX).open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                if not (row.get("file") or "").strip():
                    raise GalateaError(f"{folder / INDEX} needs a column `file` that is filled in every row")
                path = Path(row["file"])
                name, named_map = _split_name(path.stem)
                kind = _word(row.get("class") or (path.parts[0] if len(path.parts) > 1 else folder.name))
                kinds = rows.setdefault((kind, row.get("set") or name), {})
                said = (row.get("map") or "").strip().lower()
                kinds.setdefault(_MAP_OF.get(said, said) or named_map, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GalateaError(f"{folder / INDEX} cannot be read: {error}") from error
    sets, left_out = [], []
    for (kind, name), maps in rows.items():
        about = maps.get("albedo") or next(iter(maps.values()))
        licence = (about.get("licence") or about.get("license") or "unknown").strip()
        seen, why = sorted_by_eye().get(name, (_RENAMED.get(kind, kind), ""))
        files = {which: folder / row["file"] for which, row in maps.items() if which in MAPS}
        gone = [str(path) for path in files.values() if not path.is_file()]
        if not seen:
            left_out.append((name, why))
        elif gone:
            left_out.append((name, f"the index names {gone[0]}, which is not there"))
        elif "albedo" not in files:
            left_out.append((name, "it has no albedo"))
        elif not allow_by and re.match(r"cc[- ]by", licence, re.IGNORECASE):
            left_out.append((name, f"{licence} asks for a credit; --allow-by takes it"))
        else:
            said = (maps.get("normal", {}).get("normal_convention") or "").strip().lower()
            down = True if said.startswith("directx") else False if said.startswith("opengl") else None
            sets.append(MaterialSet(name, seen, files, down, _split(about.get("split")), licence,
                                    about.get("source") or folder.name, about.get("author") or ""))
    return Folder(tuple(sets), tuple(left_out))


def _plain(folder: Path) -> Folder:
    groups: dict[tuple[str, ...], dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in ENDINGS or any(part.startswith(".") for part in inside.parts):
            continue
        name, which = _split_name(path.stem)
        groups.setdefault((*inside.parts[:-1], name), {}).setdefault(which, path)
    sets, left_out = [], []
    for (*folders, name), maps in groups.items():
        label = "/".join((*folders, name))
        if "albedo" not in maps:
            which, path = next(iter(maps.items()))
            left_out.append((label, f"{path.name} is taken for a {which or 'map that is not used'}, and there is no "
                             f"{name}_albedo beside it"))
            continue
        maps.pop("", None)
        kind = _word(folders[0] if folders else folder.resolve().name)
        split = "test" if "test" in (part.lower() for part in folders[1:]) else "train"
        stem = maps["normal"].stem.lower() if "normal" in maps else ""
        down = True if stem.endswith("dx") else False if stem.endswith("gl") else None
        sets.append(MaterialSet(label, kind, maps, down, split))
    return Folder(tuple(sets), tuple(left_out))


def _split_name(stem: str) -> tuple[str, str]:
    """The material and the map that a file's name speaks of; a name without a map's is an albedo."""
    plain = _SIZE.sub("", stem.lower())
    match = _ENDS_AS_MAP.match(plain)
    return (match[1], _MAP_OF[match[2]]) if match else (plain, "albedo")


def _split(said: str | None) -> str:
    return "train" if (said or "train").strip().lower() == "train" else "test"


def _word(text: str) -> str:
    """Small letters, digits and _, as names of classes are."""
    return re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_") or "material"


def _reasons(left_out: Sequence[tuple[str, str]]) -> str:
    return f"; left out: {left_out[0][0]} ({left_out[0][1]})" + (
        f" and {len(left_out) - 1} more" if len(left_out) > 1 else "") if left_out else ""
