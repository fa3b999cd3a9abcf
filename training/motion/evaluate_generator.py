# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a motion-generator pack: `python -m training evaluate motion-generator --data DIR --out REPORT`.

The pack runs through the same code that runs in Blender. Real clips that it was not trained on are measured beside it
with the same figures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import tomli_w
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, models_folder, read_pack
from blender_addon.inference.sessions import Session, open_session
from blender_addon.motion.clip import Clip
from blender_addon.motion.generating import generate, plan_motion
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import energy, foot_skate, hip_height, knee_bend, steps_per_minute, travelled
from blender_addon.motion.skeleton import JOINTS, PARENTS

from .card import write_card
from .clips import ClipLabel, ClipSet, load_clips
from .corpus import CYCLIC_SPEED, action_of
from .pictures import Row, stick_figure_sheet
from .prepare import prepare

SEEDS = 10
FRAMES = 1000
_TAIL = 300
_SHORTEST = 30


@dataclass(frozen=True)
class Reference:
    """Real clips of an action: the means of their figures, and whether they were held out."""

    clips: tuple[Clip, ...]
    held_out: bool
    energy: float
    skate: float
    steps: float


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False) -> None:
    """Write metrics.json, report.md and a contact sheet into `out`; with `record`, the figures into the pack too."""
    out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(pack_folder or models_folder() / "motion-generator")
    references = _references(_clips(data, out), pack)
    session = open_session(pack, device="cpu")
    actions: dict[str, dict[str, float]] = {}
    rows: list[Row] = []
    for action in tqdm(pack.words("actions"), desc="generating", unit="action"):
        plan = plan_motion(pack, ((action, None),), "", FRAMES / pack.content["fps"], 1.0, None, False, (0.0, 0.0), 0.0)
        clips = generate(session, pack, plan, range(SEEDS))
        reference = references.get(action)
        actions[action] = figures(clips, plan.metres, reference)
        rows += _rows(action, clips[0], reference)
    command = f"python -m training evaluate motion-generator --data {data.name} --out {out.name}"
    metrics = {"actions": actions, "command": command, "about": _about(references)}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    report = _report(actions)
    (out / "report.md").write_text(f"`{command}`\n\n{metrics['about']}\n\n{report}\n", encoding="utf-8")
    stick_figure_sheet(out / "actions.png", rows, columns=12)
    print(report)
    print(f"-> {out}")
    if record:
        generator = {**pack.content["generator"], "speed_range": kept_paces(session, pack)}
        content = {**pack.content, "generator": generator, "metrics": metrics}
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
        write_card(pack.folder)


def figures(clips: list[Clip], metres: float, reference: Reference | None) -> dict[str, float]:
    """The figures of an action over its seeds; a range is given by its ends, everything else by the mean."""
    tails = [clip.cut(clip.frames - _TAIL, clip.frames) for clip in clips]
    heights = np.array([hip_height(clip) for clip in clips])
    row = {
        "survived_frames": float(min(survived(clip) for clip in clips)),
        "skate_cm_s": np.mean([foot_skate(clip) for clip in clips]),
        "hips_lowest": heights[:, 0].min(), "hips_highest": heights[:, 1].max(),
        "knee_least_deg": min(knee_bend(clip) for clip in clips),
    }
    if metres > 0.0:
        ratios = [travelled(clip) / metres for clip in clips]
        row |= {"travel_ratio_least": min(ratios), "travel_ratio_most": max(ratios)}
    if reference:
        ratios = [energy(clip) / reference.energy for clip in tails]
        row |= {"energy_ratio": np.mean(ratios), "energy_ratio_least": min(ratios), "energy_ratio_most": max(ratios)}
        if reference.skate > 0.0:  # feet that never come near the floor do not slide
            row["skate_ratio"] = row["skate_cm_s"] / reference.skate
        if metres > 0.0:
            steps = np.array([steps_per_minute(clip) for clip in clips]) / reference.steps
            row |= {"steps_ratio_least": steps.min(), "steps_ratio_most": steps.max()}
    return {name: round(float(value), 3) for name, value in row.items()}


def kept_paces(session: Session, pack: Pack) -> dict[str, list[float]]:
    """The slowest and quickest pace in m/s, around the natural one, that each action travels at to within 5 %.

    Tried in tenths of the natural pace from 0.3 to 1.8 of it, two seeds of 15 s each.
    """
    generator = {name: value for name, value in pack.content["generator"].items() if name != "speed_range"}
    free = replace(pack, content={**pack.content, "generator": generator})
    ranges = {}
    for action, natural in generator["natural_speed"].items():
        if natural == 0.0:
            continue
        kept = []
        for tenths in range(3, 19):
            plan = plan_motion(free, ((action, None),), "", 15.0, tenths / 10, None, False, (0.0, 0.0), 0.0)
            ratios = [travelled(clip) / plan.metres for clip in generate(session, free, plan, range(2))]
            kept.append(max(abs(ratio - 1.0) for ratio in ratios) < 0.05)
        low = high = 7  # the natural pace itself
        while low > 0 and kept[low - 1]:
            low -= 1
        while high < len(kept) - 1 and kept[high + 1]:
            high += 1
        ranges[action] = [round(natural * (low + 3) / 10, 3), round(natural * (high + 3) / 10, 3)]
    return ranges


def survived(clip: Clip) -> int:
    """Frames until a number is not finite, the hips leave 0.1 to 2 of their standing height, or nothing moves."""
    finite = np.isfinite(clip.rotations).all(axis=(1, 2)) & np.isfinite(clip.positions).all(axis=1)
    heights = clip.positions[:, 2] / clip.skeleton.hip_height
    alive = finite & (heights > 0.1) & (heights < 2.0)
    places = joint_positions(clip)
    moved = np.linalg.norm(places[30:] - places[:-30], axis=-1).max(axis=-1) if clip.frames > 30 else np.ones(1)
    frozen = np.flatnonzero(moved < 0.005)
    dead = np.flatnonzero(~alive)
    return int(min([clip.frames, *dead[:1], *frozen[:1]]))


def _clips(data: Path, out: Path) -> ClipSet:
    if data.suffix == ".npz":
        return load_clips(data)
    prepared = out / "prepared.npz"
    prepare(data, prepared)
    return load_clips(prepared)


def _references(clips: ClipSet, pack: Pack) -> dict[str, Reference]:
    """Real clips of every action: those held out, where there are any, else the training clips.

    GalateaError when a clip that is marked as held out was trained on.
    """
    trained = set(pack.content.get("training", {}).get("clips", ()))
    seen = [label.file for label in clips.labels if label.split != "train" and label.sha256 in trained]
    if seen:
        raise GalateaError(f"{seen[0]} is marked as held out, but {pack.id} was trained on it; evaluate on other clips")
    found: dict[str, Reference] = {}
    for action in pack.words("actions"):
        for held_out in (True, False):
            real = [clip for i, label in enumerate(clips.labels)
                    if action_of(label) == action and _held_out(label, trained) == held_out
                    for clip in clips.stretches(i, _SHORTEST)
                    if travelled(clip) / clip.seconds >= CYCLIC_SPEED.get(action, 0.0)]
            if real:
                weights = np.array([clip.frames for clip in real], dtype=float)
                means = [np.average([measure(clip) for clip in real], weights=weights) for measure in
                         (energy, foot_skate, lambda clip: np.mean(steps_per_minute(clip)))]
                found[action] = Reference(tuple(real), held_out, *map(float, means))
                break
    return found


def _held_out(label: ClipLabel, trained: set[str]) -> bool:
    return label.sha256 not in trained and label.split != "train"


def _about(references: dict[str, Reference]) -> str:
    held = {a: sum(c.seconds for c in r.clips) for a, r in references.items() if r.held_out}
    not_held = [a for a, r in references.items() if not r.held_out]
    text = (f"{SEEDS} seeds of {FRAMES} frames an action, straight ahead at the action's natural pace, no clean-up. "
            f"Energy of the last {_TAIL} frames, foot skate and steps a minute are given as ratios to real clips: "
            "held-out ones for " + ", ".join(f"{a} ({s:.0f} s)" for a, s in held.items()))
    return text + (f"; training clips, for want of others, for {', '.join(not_held)}." if not_held else ".")


def _report(actions: dict[str, dict[str, float]]) -> str:
    columns = list(dict.fromkeys(name for row in actions.values() for name in row))
    lines = ["| action | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {action} | " + " | ".join(f"{row[c]:g}" if c in row else "-" for c in columns) + " |"
              for action, row in actions.items()]
    return "\n".join(lines)


def _rows(action: str, made: Clip, reference: Reference | None) -> list[Row]:
    """A real clip above a generated one, 90 frames each at the most."""
    rows = []
    if reference:
        real = max(reference.clips, key=lambda clip: clip.frames)
        rows.append(Row(f"{action}: real", joint_positions(real)[:90], JOINTS, PARENTS))
    half = made.frames // 2
    rows.append(Row(f"{action}: generated, seed 0, from frame {half}", joint_positions(made)[half:half + 90], JOINTS,
                    PARENTS))
    return rows
