# SPDX-License-Identifier: GPL-3.0-or-later
"""From folders of pictures, recipes and prepared files to one image pack:

    python -m training prepare texture --data DIR --out FILE     real_sets.py says what DIR may look like
    python -m training prepare texture --procedural --out FILE   bakes the recipes, in Blender without its window
    python -m training prepare texture --add ONE --add TWO --out FILE
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from blender_addon.errors import GalateaError

from .image_pack import EDGE, ImagePack, Picture, join
from .looks import LOOKS, Look, look_of, read_looks
from .reading import Read, lacking, read_set, to_maps, typical_relief
from .real_sets import find_sets
from .relief import normals_of

LEAST = 3  # pictures to train on; with fewer a class is left out
_LIGHT = np.array([-0.55, 0.35, 0.76])
_SHOWN = 96
_COLUMNS = ("class", "set", "split", "tileable", "height", "roughness", "metallic", "green", "licence", "left out")


def prepare(out: Path, data: Path | None = None, procedural: bool = False, add: Sequence[Path] = (),
            classes: Sequence[str] = (), allow_by: bool = False, sheet: Path | None = None) -> ImagePack:
    """Write `out` and, with a folder of pictures, a table of its sets beside it; print what was understood.

    GalateaError when there is nothing to prepare, or a class that was asked for is nowhere.
    """
    if not (data or procedural or add):
        raise GalateaError("nothing to prepare: give --data FOLDER, --procedural, --add FILE, or several of them")
    packs = [ImagePack.load(path) for path in add]
    if procedural:
        packs.append(_baked(classes))
    if data:
        # what a recipe or another file gives need not be in the folder, too
        there = {name for pack in packs for name in pack.classes}
        packs.append(from_folder(data, [name for name in classes if name not in there], allow_by,
                                 out.with_suffix(".csv")) if not classes or set(classes) - there else
                     ImagePack((), {}))
    pack = join(packs)
    if classes:
        pack = pack.only(classes)
    pack.save(out)
    print(summary(pack))
    print(f"{len(pack)} pictures, {out.stat().st_size / 1e6:.1f} MB -> {out}")
    if sheet:
        contact_sheet(pack, sheet)
        print(f"contact sheet -> {sheet}")
    return pack


def from_folder(data: Path, classes: Sequence[str] = (), allow_by: bool = False, table: Path | None = None
                ) -> ImagePack:
    """The pictures of a folder; `table` is a .csv to write, with a row for each set, also for those left out."""
    found = find_sets(data, classes, allow_by)
    own = read_looks(data)
    left = list(found.left_out)
    read: list[Read] = []
    for item in tqdm(found.sets, desc="reading pictures", unit="set"):
        try:
            read.append(read_set(item))
        except GalateaError as error:
            left.append((item.name, str(error)))
    kinds: dict[str, list[Read]] = defaultdict(list)
    for one in read:
        kinds[one.item.kind].append(one)
    for kind, members in list(kinds.items()):
        count = sum(one.item.split == "train" for one in members)
        if count < LEAST:
            left += [(one.item.name, f"pictures of {kind} to train on: {count}; at least {LEAST} are needed")
                     for one in members]
            del kinds[kind]
    if table:
        _write_table(table, [one for members in kinds.values() for one in members], left)
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, why in left:
        reasons[why].append(name)
    for why, names in reasons.items():
        print(f"left out: {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {why}")
    if not kinds:
        raise GalateaError(f"{data}: no class has {LEAST} pictures to train on; the first that was left out: "
                           f"{left[0][0]}: {left[0][1]}")
    looks = {kind: _look(kind, members, own) for kind, members in kinds.items()}
    for kind, members in kinds.items():
        if guessed := lacking(members) - {"metallic"}:
            print(f"{kind}: no picture has a map of {' or '.join(sorted(guessed))}; guessed from light and dark")
    items = [_picture(one, looks[kind], members) for kind, members in kinds.items() for one in members]
    return ImagePack(tuple(items), looks)


def summary(pack: ImagePack) -> str:
    """A table: for each class how many pictures train and are held out, what is known of them, whose they are."""
    lines = [f"{'class':14s} {'train':>5s} {'test':>5s} {'tileable':>8s} {'height':>6s} {'rough':>6s} {'metal':>6s} "
             f"{'relief':>6s}  licences"]
    known, tileable, split, label = pack.known, pack.tileable, pack.split, pack.label
    for number, (kind, look) in enumerate(pack.looks.items()):
        own = label == number
        licences = sorted({item.licence for item in pack.items if item.kind == kind})
        counts = [int((own & (split == name)).sum()) for name in ("train", "test")]
        parts = [int(tileable[own].sum()), *known[own].sum(axis=0).tolist()]
        lines.append(f"{kind:14s} {counts[0]:5d} {counts[1]:5d} {parts[0]:8d} {parts[1]:6d} {parts[2]:6d} "
                     f"{parts[3]:6d} {look.relief:6.3f}  {', '.join(licences)}")
    return "\n".join(lines)


def contact_sheet(pack: ImagePack, path: Path, most: int = 40) -> None:
    """A row a picture, `most` of each class: albedo, height, roughness, metallic and the albedo lit from the left."""
    columns = [[item for item in pack.items if item.kind == kind][:most] for kind in pack.classes]
    wide, high = 5 * _SHOWN + 8, _SHOWN + 12
    sheet = Image.new("RGB", (wide * len(columns), high * max(map(len, columns))), "white")
    pen = ImageDraw.Draw(sheet)
    for x, column in enumerate(columns):
        for y, item in enumerate(column):
            maps = item.maps(EDGE // 2) / 255
            albedo = maps[:3].transpose(1, 2, 0)
            grey = [np.repeat(one[..., None], 3, axis=2) for one in maps[3:]]
            for at, picture in enumerate((albedo, *grey, _lit(albedo, maps[3], pack.looks[item.kind]))):
                tile = Image.fromarray((picture * 255).astype(np.uint8)).resize((_SHOWN, _SHOWN), Image.LANCZOS)
                sheet.paste(tile, (x * wide + at * _SHOWN, y * high))
            unknown = "".join(letter for letter, sure in zip("hrm", item.known, strict=True) if not sure)
            pen.text((x * wide, y * high + _SHOWN), f"{item.name[:40]} {item.split}"
                     f"{'' if item.tileable else ' no tile'}{' without ' + unknown if unknown else ''}", fill="black")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def _lit(albedo: np.ndarray, height: np.ndarray, look: Look) -> np.ndarray:
    light = normals_of(height, look.relief) @ (_LIGHT / np.linalg.norm(_LIGHT))
    return np.clip(albedo ** 2.2 * (0.15 + 1.1 * light.clip(0)[..., None]), 0, 1) ** (1 / 2.2)


def _baked(classes: Sequence[str]) -> ImagePack:
    from .procedural import RECIPES, bake_all
    names = [name for name in RECIPES if not classes or name in classes]
    if not names:
        raise GalateaError(f"there is no recipe for {', '.join(classes)}; there are {', '.join(RECIPES)}")
    with tqdm(desc="baking", unit="picture") as bar:
        bakes = bake_all(names, progress=lambda done, count: (bar.reset(count), bar.update(done)))
    items = tuple(
        Picture.of(maps / 255, f"{bakes.classes[label]}_{seed:04d}", bakes.classes[label], split=str(split))
        for maps, label, seed, split in zip(bakes.pictures, bakes.label, bakes.seed, bakes.split, strict=True))
    return ImagePack(items, {name: look_of(name) for name in bakes.classes})


def _look(kind: str, members: list[Read], own: dict[str, Look]) -> Look:
    """A class that nobody has described is as deep as its pictures' normals say."""
    look = look_of(kind, own)
    heights = [one.height for one in members if one.height is not None]
    return look if kind in own or kind in LOOKS or not heights else replace(look, relief=typical_relief(heights))


def _picture(one: Read, look: Look, members: list[Read]) -> Picture:
    maps, known = to_maps(one, look, lacking(members))
    item = one.item
    return Picture.of(maps, item.name, item.kind, known=known, tileable=one.tileable, split=item.split,
                      source=item.source, licence=item.licence, credit=item.credit)


def _write_table(path: Path, read: list[Read], left: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=_COLUMNS)
        writer.writeheader()
        for one in read:
            writer.writerow({
                "class": one.item.kind, "set": one.item.name, "split": one.item.split,
                "tileable": "yes" if one.tileable else "no", "height": one.height_from or "-",
                "roughness": "-" if one.roughness is None else "map", "metallic": "-" if one.metallic is None else
                "map", "green": "turned" if one.turned else "", "licence": one.item.licence})
        writer.writerows({"set": name, "left out": why} for name, why in left)
