# SPDX-License-Identifier: GPL-3.0-or-later
"""From a folder of clips to one prepared file: `python -m training prepare motion --data DIR --out FILE`.

DIR holds BVH, FBX, glTF or .blend files (all but BVH are read by Blender: conversion.py). It may hold an index.csv
(columns: file, action, action_tags, style, split, subject, skeleton, licence or license, trainable,
bad_frame_ranges_0based; all but `file` may be missing). Without one, the folder below DIR that a file lies in is its
action, a folder in that its style, and every clip is for training. A segments.csv says which frames of a clip show
what (see segments.py).
"""

from __future__ import annotations

import csv
import hashlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from blender_addon.errors import ClipError, GalateaError
from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_contacts
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.measures import ends_apart
from blender_addon.motion.resampling import resample
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import JOINTS, PARENTS
from blender_addon.rig.canonical import Canonical, to_canonical

from .clips import FPS, ClipLabel, load_clips, save_clips
from .conversion import ENDINGS, Converted, convert
from .pictures import Row, stick_figure_sheet
from .segments import Segment, frame_actions, segments_for
from .understood import Taken, clip_table, tables, write_clip_table
from .waving import add_waves

# A joint that turns or travels further than this between two frames at 30 fps has flipped or jumped in the source.
_FLIP = np.radians(75.0)
_JUMP = 0.4
_SHORTEST = 8


@dataclass(frozen=True, eq=False)
class Source:
    """A clip to be read. row: what the index says of it, under the name it will have. original: the user's file.

    converted: its BVH, where the file is none; why: why there is none.
    """

    row: dict[str, str]
    original: Path
    converted: Converted | None = None
    why: str = ""


def prepare(data: Path, out: Path, sheet: Path | None = None, waves: int = 0) -> None:
    """Read every clip under `data`, write `out` and a table of all clips beside it, print what was understood.

    waves: so many are added that Galatea makes itself, over standing stretches of the clips (waving.py).
    """
    rows = list_clips(data)
    taken: list[Taken] = []
    left: list[tuple[str, str]] = []
    examples: dict[str, Canonical] = {}
    with tempfile.TemporaryDirectory(prefix="galatea-") as folder:
        sources = list(_sources(data, rows, Path(folder)))
        for source in tqdm(sources, desc="reading clips", unit="clip"):
            try:
                canonical, item = _take(source)
            except GalateaError as error:
                file = source.row["file"]
                left.append((file, str(error).removeprefix(f"{file}: ").removeprefix(f"{source.original}: ")))
                continue
            taken.append(item)
            if source.converted is None:
                examples.setdefault(item.label.skeleton, canonical)
    if not taken:
        raise GalateaError(f"{data}: none of {len(sources)} clips could be used; the first: {left[0][1]}")
    table = segments_for(data)
    actions = [frame_actions(t.label.actions, t.clip.frames, table.get(t.label.file) or _throughout(t)) for t in taken]
    save_clips(out, [t.label for t in taken], [t.clip for t in taken], [t.good for t in taken], actions)
    rows = clip_table(taken, actions, left)
    write_clip_table(out.with_suffix(".csv"), rows)
    print(tables(taken, actions, left, rows))
    print(f"{len(taken)} clips, {sum(t.clip.frames for t in taken) / FPS / 60:.1f} minutes -> {out}; "
          f"clip by clip in {out.with_suffix('.csv')}")
    if waves:
        print(_add_waves(out, waves))
    if sheet:
        stick_figure_sheet(sheet, [row for kind, c in examples.items() for row in _sheet_rows(kind, c)])
        print(f"contact sheet -> {sheet}")


def _add_waves(out: Path, count: int) -> str:
    """Add so many waves to a prepared file; what was added, in words."""
    clips = load_clips(out)
    more = add_waves(clips, count)
    own = range(len(clips), len(more))
    numbers = range(len(more))
    actions = np.array([*more.actions, ""], dtype=object)[more.action]
    save_clips(out, list(more.labels), [more.clip(i) for i in numbers],
               np.split(more.good, more.starts[1:-1]), np.split(actions, more.starts[1:-1]))
    minutes = sum(more.clip(i).seconds for i in own) / 60
    return f"{count} waves made by Galatea, {minutes:.1f} minutes, over standing people -> {out}"


def list_clips(data: Path) -> list[dict[str, str]]:
    """A row a file: from index.csv where there is one, else from the folders' names."""
    if not data.is_dir():
        raise GalateaError(f"{data}: no such folder; give --data a folder with clips")
    index = data / "index.csv"
    if index.is_file():
        with index.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or "file" not in rows[0]:
            raise GalateaError(f"{index}: has no column 'file'")
        return rows
    files = sorted(p for p in data.rglob("*") if p.suffix.lower() in (".bvh", *ENDINGS))
    if not files:
        raise GalateaError(f"{data}: holds no .bvh, {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} file")
    rows = []
    for file in files:
        above = [_word(part) for part in file.relative_to(data).parts[:-1]]
        action, style, *_ = *above, "", ""
        rows.append({"file": file.relative_to(data).as_posix(), "action": action, "style": style})
    return rows


def _word(name: str) -> str:
    """A name as actions have them: small letters, and nothing that a command line would trip over."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def _sources(data: Path, rows: list[dict[str, str]], folder: Path) -> Iterator[Source]:
    """The clips of all rows; a row whose file has several gives several, or the one it names as FILE:CLIP."""
    found = []
    for row in rows:
        file, _, clip = row["file"].rpartition(":")
        named = bool(file) and not (data / row["file"]).is_file()
        found.append((row, data / (file if named else row["file"]), clip if named else ""))
    foreign = sorted({file for row, file, _ in found if file.suffix.lower() in ENDINGS and file.is_file()
                      and row.get("trainable", "yes") != "no"})
    if foreign:
        print(f"Blender reads {len(foreign)} files ...", flush=True)
    made = convert(foreign, folder)
    for row, file, clip in found:
        read = made.get(file)
        if read is None:
            yield Source(row, file)
        elif isinstance(read, str):
            yield Source(row, file, why=read)
        elif clip:
            wanted = [one for one in read if one.name == clip]
            there = ", ".join(one.name for one in read)
            yield Source(row, file, *wanted) if wanted else Source(row, file, why=f"has no clip {clip}; it has {there}")
        else:
            for one in read:
                name = row["file"] if len(read) == 1 else f"{row['file']}:{one.name}"
                yield Source(row | {"file": name}, file, one)


def _take(source: Source) -> tuple[Canonical, Taken]:
    row, converted = source.row, source.converted
    if row.get("trainable", "yes") == "no":
        raise ClipError(f"marked as not trainable ({row.get('qa') or row.get('note') or 'no reason given'})")
    if source.why:
        raise ClipError(source.why)
    motion = read_bvh(converted.bvh if converted else source.original)
    canonical = to_canonical(motion, row["file"])
    good = resample_mask(_good_frames(canonical.clip, row.get("bad_frame_ranges_0based") or ""), motion.fps)
    clip = resample(canonical.clip, FPS)
    if clip.frames < _SHORTEST:
        raise ClipError(f"only {clip.frames} frames at {FPS:g} fps; at least {_SHORTEST} are needed")
    good = good[: clip.frames] if len(good) >= clip.frames else np.pad(good, (0, clip.frames - len(good)), mode="edge")
    clip = replace(clip, contacts=find_contacts(clip))
    kind = converted.skeleton if converted else f"{len(motion.names)} joints"
    tags = row.get("action") or row.get("action_tags") or ""
    label = ClipLabel(
        file=row["file"], sha256=hashlib.sha256(source.original.read_bytes()).hexdigest(),
        actions=tuple(_word(tag) for tag in tags.split(";") if tag.strip()), style=_word(row.get("style") or ""),
        split=row.get("split") or "train", subject=row.get("subject") or "",
        skeleton=row.get("skeleton") or kind, licence=row.get("licence") or row.get("license") or "")
    if converted:
        errors = converted.error_own, converted.error_standard
    else:
        errors = (ends_apart(canonical.fitted, canonical.source_positions),
                  ends_apart(canonical.clip, canonical.source_positions))
    missing, rest = (converted or canonical).missing, (converted or canonical).rest
    return canonical, Taken(label, clip, good, *errors, motion.fps, missing, rest, _word(row.get("action") or ""))


def _throughout(item: Taken) -> tuple[Segment, ...] | None:
    """The one segment of a clip that was said to show one action, whatever that is."""
    return (Segment(0, item.clip.frames - 1, item.action),) if item.action else None


def _good_frames(clip: Clip, listed: str) -> np.ndarray:
    """(T,) False in the ranges that the index names and where a joint flips or the body jumps."""
    good = np.ones(clip.frames, dtype=bool)
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed):
        good[int(first):int(last or first) + 1] = False
    if clip.frames > 1:
        turned, _ = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
        rate = FPS / clip.fps
        flips = (quat_angle(turned[1:], turned[:-1]) > _FLIP * rate).any(axis=1)
        jumps = np.linalg.norm(np.diff(clip.positions, axis=0), axis=1) > _JUMP * rate
        broken = np.flatnonzero(flips | jumps)
        good[broken] = good[broken + 1] = False
    return good


def resample_mask(good: np.ndarray, fps: float) -> np.ndarray:
    """A mask at 30 fps: a frame is good when both source frames around it are."""
    count = max(1, int(round((len(good) - 1) * FPS / fps)) + 1)
    at = np.arange(count) * fps / FPS
    before = np.minimum(at.astype(int), len(good) - 1)
    after = np.minimum(np.ceil(at).astype(int), len(good) - 1)
    return good[before] & good[after]


def _sheet_rows(kind: str, canonical: Canonical) -> list[Row]:
    """The source's own joints above the canonical body."""
    return [Row(f"{kind}: source joints", canonical.source_positions, JOINTS, PARENTS),
            Row("canonical body", joint_positions(canonical.clip), JOINTS, PARENTS)]
