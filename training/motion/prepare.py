# SPDX-License-Identifier: GPL-3.0-or-later
"""From a folder of BVH files to one prepared file: `python -m training prepare motion --data DIR --out FILE`.

DIR may hold an index.csv (columns: file, action_tags, style, split, subject, skeleton, license, trainable,
bad_frame_ranges_0based; all but `file` may be missing). Without one, the name of the folder a file lies in is its
action and every clip is for training. A segments.csv says which frames of a clip show what (see segments.py).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from blender_addon.errors import ClipError, GalateaError
from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_contacts
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.resampling import resample
from blender_addon.motion.rotations import quat_angle
from blender_addon.motion.skeleton import INDEX, JOINTS, PARENTS
from blender_addon.rig.canonical import Canonical, to_canonical

from .clips import FPS, ClipLabel, save_clips
from .pictures import Row, stick_figure_sheet
from .segments import frame_actions, segments_for

# A joint that turns or travels further than this between two frames at 30 fps has flipped or jumped in the source.
_FLIP = np.radians(75.0)
_JUMP = 0.4
_JUDGED = ("LeftHand", "RightHand", "LeftFoot", "RightFoot", "Head")
_SHORTEST = 8


@dataclass(frozen=True, eq=False)
class Taken:
    """A clip that was understood, with how far its joints lie from the source's (cm at 1.75 m)."""

    label: ClipLabel
    clip: Clip
    good: np.ndarray
    error_own: float
    error_standard: float
    rest: str
    missing: tuple[str, ...]


def prepare(data: Path, out: Path, sheet: Path | None = None) -> None:
    """Read every BVH under `data`, write `out`, print what was taken and what was not."""
    rows = list_clips(data)
    taken: list[Taken] = []
    left: list[tuple[str, str]] = []
    examples: dict[str, Canonical] = {}
    for row in tqdm(rows, desc="reading clips", unit="clip"):
        try:
            canonical, item = _take(data, row)
        except GalateaError as error:
            left.append((row["file"], str(error)))
            continue
        taken.append(item)
        examples.setdefault(item.label.skeleton, canonical)
    if not taken:
        raise GalateaError(f"{data}: none of {len(rows)} BVH files could be used; the first: {left[0][1]}")
    table = segments_for(data)
    actions = [frame_actions(t.label.actions, t.clip.frames, table.get(t.label.file)) for t in taken]
    save_clips(out, [t.label for t in taken], [t.clip for t in taken], [t.good for t in taken], actions)
    print(_tables(taken, left))
    print(_seen(taken, actions))
    print(f"{len(taken)} clips, {sum(t.clip.frames for t in taken) / FPS / 60:.1f} minutes -> {out}")
    if sheet:
        stick_figure_sheet(sheet, [row for kind, c in examples.items() for row in _sheet_rows(kind, c)])
        print(f"contact sheet -> {sheet}")


def list_clips(data: Path) -> list[dict[str, str]]:
    """A row a file: from index.csv where there is one, else from the folders' names."""
    if not data.is_dir():
        raise GalateaError(f"{data}: no such folder; give --data a folder with BVH files")
    index = data / "index.csv"
    if index.is_file():
        with index.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if not rows or "file" not in rows[0]:
            raise GalateaError(f"{index}: has no column 'file'")
        return rows
    files = sorted(p for p in data.rglob("*") if p.suffix.lower() == ".bvh")
    if not files:
        raise GalateaError(f"{data}: holds no .bvh file")
    return [{"file": p.relative_to(data).as_posix(),
             "action_tags": "" if p.parent == data else p.parent.name.lower()} for p in files]


def _take(data: Path, row: dict[str, str]) -> tuple[Canonical, Taken]:
    path = data / row["file"]
    if row.get("trainable", "yes") == "no":
        raise ClipError(f"marked as not trainable ({row.get('qa') or row.get('note') or 'no reason given'})")
    motion = read_bvh(path)
    canonical = to_canonical(motion, row["file"])
    good = resample_mask(_good_frames(canonical.clip, row.get("bad_frame_ranges_0based", "")), motion.fps)
    clip = resample(canonical.clip, FPS)
    if clip.frames < _SHORTEST:
        raise ClipError(f"only {clip.frames} frames; at least {_SHORTEST} are needed")
    good = good[: clip.frames] if len(good) >= clip.frames else np.pad(good, (0, clip.frames - len(good)), mode="edge")
    clip = replace(clip, contacts=find_contacts(clip))
    label = ClipLabel(
        file=row["file"], sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        actions=tuple(tag for tag in row.get("action_tags", "").split(";") if tag), style=row.get("style", ""),
        split=row.get("split") or "train", subject=row.get("subject", ""),
        skeleton=row.get("skeleton") or f"{len(motion.names)} joints", licence=row.get("license", ""))
    return canonical, Taken(label, clip, good, _error(canonical.fitted, canonical), _error(canonical.clip, canonical),
                            canonical.rest, canonical.missing)


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


def _error(clip: Clip, canonical: Canonical) -> float:
    """Mean distance in cm of hands, feet and head from where the source has them."""
    judged = [INDEX[j] for j in _JUDGED]
    away = joint_positions(clip)[:, judged] - canonical.source_positions[:, judged]
    return float(np.nanmean(np.linalg.norm(away, axis=-1)) * 100.0)


def _tables(taken: list[Taken], left: list[tuple[str, str]]) -> str:
    lines = ["", "Hands, feet and head against the source, cm on a body of 1.75 m (mean; worst clip):",
             f"{'skeleton':44s} {'clips':>5s} {'minutes':>7s} {'own proportions':>16s} {'standard body':>16s}  lacks"]
    kinds: dict[str, list[Taken]] = defaultdict(list)
    for item in taken:
        kinds[item.label.skeleton].append(item)
    for kind, items in sorted(kinds.items(), key=lambda k: -len(k[1])):
        own, standard = [t.error_own for t in items], [t.error_standard for t in items]
        lacks = ", ".join(sorted({m for t in items for m in t.missing})) or "-"
        minutes = sum(t.clip.frames for t in items) / FPS / 60
        lines.append(f"{kind:44s} {len(items):5d} {minutes:7.1f} {np.mean(own):8.2f}; {max(own):6.2f} "
                     f"{np.mean(standard):8.2f}; {max(standard):6.2f}  {lacks}")
    lines += ["", f"{'action':20s} {'train':>8s} {'held out':>8s}   minutes (a clip can carry several)"]
    minutes: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for item in taken:
        for action in item.label.actions or ("(none)",):
            minutes[action][item.label.split != "train"] += item.clip.frames / FPS / 60
    for action, (train, held) in sorted(minutes.items(), key=lambda m: -m[1][0]):
        lines.append(f"{action:20s} {train:8.2f} {held:8.2f}")
    masked = sum(int((~t.good).sum()) for t in taken)
    lines += ["", f"bad frames masked: {masked} of {sum(len(t.good) for t in taken)}"]
    if left:
        lines += ["", f"left out: {len(left)}"] + [f"  {file}: {why}" for file, why in left]
    return "\n".join(lines)


def _seen(taken: list[Taken], actions: list[np.ndarray]) -> str:
    """Minutes of what is seen frame by frame, which is what the generator learns."""
    minutes: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for item, shown in zip(taken, actions, strict=True):
        for action in set(shown) - {""}:
            minutes[action][item.label.split != "train"] += float((shown == action).sum()) / FPS / 60
    lines = ["", f"{'seen, by segments':20s} {'train':>8s} {'held out':>8s}   minutes"]
    lines += [f"{action:20s} {train:8.2f} {held:8.2f}" for action, (train, held) in
              sorted(minutes.items(), key=lambda m: -m[1][0])]
    return "\n".join(lines)


def _sheet_rows(kind: str, canonical: Canonical) -> list[Row]:
    """The source's own joints above the canonical body."""
    return [Row(f"{kind}: source joints", canonical.source_positions, JOINTS, PARENTS),
            Row("canonical body", joint_positions(canonical.clip), JOINTS, PARENTS)]
