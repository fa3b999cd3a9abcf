# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a motion-inbetweener pack: `python -m training evaluate motion-inbetweener --data DIR --out REPORT`.

After the protocol of LAFAN1 (Harvey et al. 2020): ten frames are given and one target, 5, 15, 30 or 45 between them are
to be filled. The pack runs through the code that runs in Blender; standing still and plain interpolation are always
beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomli_w
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, models_folder, read_pack
from blender_addon.inference.sessions import Session, open_session
from blender_addon.motion.kinematics import forward_kinematics
from blender_addon.motion.skeleton import CANONICAL, JOINTS, PARENTS

from .card import gap_tables, write_card
from .clips import ClipSet, load_clips
from .gap_filling import fill_windows, lock_feet, poses_of
from .gap_metrics import joint_cm
from .gap_pictures import plot_by_frame, plot_lengths
from .gap_scores import (
    FIGURES,
    MEANS,
    Poses,
    actions_of,
    by_interpolation,
    by_standing_still,
    globals_of,
    score,
    window_errors,
)
from .gaps import MISSING, OFFSET, PAST, WINDOW, Gaps, gaps_of
from .lone_keys import lone_keys
from .pictures import Row, stick_figure_sheet
from .prepare import prepare

WAYS = ("zero_velocity", "interpolation", "model")
_EXAMPLES = ("walk", "jump", "dance")
_VARIANTS = 8
_SHOWN = 30  # the length of the gaps in the contact sheets


@dataclass(frozen=True, eq=False)
class Judged:
    """One length: its windows, each way's poses, and each way's figures by action; locked: those of the model with feet
    locked after it."""

    gaps: Gaps
    made: dict[str, Poses]
    table: dict[str, dict[str, dict[str, float]]]
    locked: dict[str, dict[str, float]]


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False) -> None:
    """Write metrics.json, report.md, plots and contact sheets into `out`; with `record`, the figures into the pack."""
    out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(pack_folder or models_folder() / "motion-inbetweener")
    clips = prepared_clips(data, out)
    which = judged_clips(clips, pack)
    session = open_session(pack, device="cpu")
    scale = np.array(pack.content["inbetweener"]["spread"])
    judged = {n: _judge(gaps, clips, session, pack, scale) for n in MISSING if len(gaps := gaps_of(clips, which, n))}
    if not judged:
        raise GalateaError(f"{data}: no clip has {PAST + MISSING[0] + 1} good frames in a row; give longer clips")

    command = f"python -m training evaluate motion-inbetweener --data {data.name} --out {out.name}"
    about = (f"{len(which)} clips that it was not trained on, windows of {WINDOW} frames every {OFFSET} at 30 fps (a "
             f"shorter clip gives one window, for the lengths that fit), {PAST} frames given before the gap and one "
             "after it. A clip with several tags counts for each. L2P in units of the training clips' spread, L2Q on "
             "global quaternions, joint error on a body of 1.75 m.")
    shown = _SHOWN if _SHOWN in judged else max(judged)
    metrics = to_metrics(judged) | {"variants": variants(judged[shown], session, pack),
                                    "lone_keys": lone_keys(clips, which, session, pack), "command": command,
                                    "about": about}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    report = "\n".join(["# In-betweening", "", f"`{command}`", "", about, "", *gap_tables(metrics)])
    (out / "report.md").write_text(report + "\n", encoding="utf-8")
    plot_lengths(out / "lengths.png", metrics["mean"])
    plot_by_frame(out / "frames.png", {n: {way: frame_errors(j.made[way], j.gaps) for way in WAYS}
                                       for n, j in judged.items()})
    stick_figure_sheet(out / "best_median_worst.png", _rows(judged[shown], clips, scale), columns=12)
    if rows := _example_rows(judged[shown], clips, scale):
        stick_figure_sheet(out / "examples.png", rows, columns=12)
    print(report)
    print(f"-> {out}")
    if record:
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps({**pack.content, "metrics": metrics}).encode())
        write_card(pack.folder)


def prepared_clips(data: Path, out: Path) -> ClipSet:
    """A prepared file, or a folder of BVH files, which is prepared into `out` first."""
    if data.suffix == ".npz":
        return load_clips(data)
    prepare(data, out / "prepared.npz")
    return load_clips(out / "prepared.npz")


def judged_clips(clips: ClipSet, pack: Pack) -> list[int]:
    """Numbers of the clips to judge on: those held out; where none is marked so, all that were not trained on.

    GalateaError when a held-out clip is among the training clips, or nothing is left.
    """
    trained = set(pack.content.get("training", {}).get("clips", ()))
    held = [i for i, label in enumerate(clips.labels) if label.split != "train"]
    seen = [clips.labels[i].file for i in held if clips.labels[i].sha256 in trained]
    if seen:
        raise GalateaError(f"{seen[0]} is marked as held out, but {pack.id} was trained on it; evaluate on other clips")
    which = held or [i for i, label in enumerate(clips.labels) if label.sha256 not in trained]
    if not which:
        raise GalateaError(f"{pack.id} was trained on every one of these clips; evaluate on others")
    return which


def variants(judged: Judged, session: Session, pack: Pack) -> dict[str, float]:
    """In every fourth window: joint error in cm of the best guess, of a variant and of the best of all, and how far
    variants are from the best guess."""
    gaps, guess = judged.gaps.every(4), tuple(part[::4] for part in judged.made["model"])
    takes = ([filled.clip for filled in fill_windows(gaps, session, pack, [seed] * len(gaps))]
             for seed in range(_VARIANTS))
    made = [globals_of(poses_of(clips), gaps)[1] for clips in takes]
    true, own = globals_of((gaps.rotations, gaps.positions), gaps)[1], globals_of(guess, gaps)[1]
    errors = np.array([joint_cm(joints, true) for joints in made])
    figures = {"missing": gaps.missing, "guess_cm": joint_cm(own, true).mean(), "variant_cm": errors.mean(),
               f"best_of_{_VARIANTS}_cm": errors.min(axis=0).mean(),
               "apart_cm": np.mean([joint_cm(joints, own) for joints in made])}
    return {name: round(float(value), 3) for name, value in figures.items()}


def _judge(gaps: Gaps, clips: ClipSet, session: Session, pack: Pack, scale: np.ndarray) -> Judged:
    filled = fill_windows(gaps, session, pack)
    made = {"zero_velocity": by_standing_still(gaps), "interpolation": by_interpolation(gaps),
            "model": poses_of([window.clip for window in filled])}
    table = {way: score(poses, gaps, clips.labels, scale)
             for way, poses in tqdm(made.items(), desc=f"{gaps.missing} missing", leave=False)}
    return Judged(gaps, made, table, score(poses_of(lock_feet(gaps, filled)), gaps, clips.labels, scale))


def to_metrics(judged: dict[int, Judged]) -> dict:
    """metrics.json: the mean over actions, each action, each length and way; lengths without a window are left out.

    locked: the mean over actions as ratios to interpolation's, with feet locked as the operator does."""
    actions = sorted({action for j in judged.values() for action in j.table["model"]} - {*MEANS})

    def of(name: str) -> dict[str, dict]:
        found = {}
        for n, j in judged.items():
            if name in j.table["model"]:
                row = {way: {f: round(j.table[way][name][f], 5) for f in FIGURES} for way in WAYS}
                ratios = {f"ratio_{f}": round(row["model"][f] / max(row["interpolation"][f], 1e-9), 4)
                          for f in FIGURES}
                found[str(n)] = row | ratios
        return found

    return {"mean": of(MEANS[0]), "mean_over_windows": of(MEANS[1]),
            "locked": {str(n): {f"ratio_{f}": round(j.locked[MEANS[0]][f]
                                                    / max(j.table["interpolation"][MEANS[0]][f], 1e-9), 4)
                                for f in FIGURES} for n, j in judged.items()},
            "actions": {action: of(action) for action in actions}, "windows": max(len(j.gaps) for j in judged.values()),
            "windows_by_length": {str(n): len(j.gaps) for n, j in judged.items()}}


def frame_errors(made: Poses, gaps: Gaps) -> np.ndarray:
    """(n,) cm by which joints are off at each missing frame."""
    own, true = globals_of(made, gaps)[1], globals_of((gaps.rotations, gaps.positions), gaps)[1]
    return np.linalg.norm(own - true, axis=-1).mean(axis=(0, 2)) * 100.0


def _ratios(judged: Judged, scale: np.ndarray) -> np.ndarray:
    """(W,) L2P of each window as a ratio to interpolation's; where that is next to nothing, to a little."""
    model, even = (window_errors(judged.made[way], judged.gaps, scale) for way in ("model", "interpolation"))
    return model / np.maximum(even, 0.3)


def _rows(judged: Judged, clips: ClipSet, scale: np.ndarray) -> list[Row]:
    """The windows that came out best, in the middle and worst against interpolation: the clip, interpolation, model."""
    ratio = _ratios(judged, scale)
    order = np.argsort(ratio)
    return [row for title, window in (("best", order[0]), ("median", order[len(order) // 2]), ("worst", order[-1]))
            for row in _window_rows(judged, clips, int(window), f"{title}, {ratio[window]:.2f} of interpolation's L2P")]


def _example_rows(judged: Judged, clips: ClipSet, scale: np.ndarray) -> list[Row]:
    """A walk, a jump and a dance: of the half where interpolation is furthest off, the window that comes out middling.

    Clips that show nothing else come first: who jumps while climbing is not who one thinks of.
    """
    gaps, ratio = judged.gaps, _ratios(judged, scale)
    even = window_errors(judged.made["interpolation"], gaps, scale)
    rows = []
    for action, windows in actions_of(gaps, clips.labels).items():
        if action not in _EXAMPLES:
            continue
        alone = windows[[clips.labels[gaps.clip[w]].actions == (action,) for w in windows]]
        windows = alone if len(alone) else windows
        windows = windows[even[windows] >= np.median(even[windows])]
        order = windows[np.argsort(ratio[windows])]
        rows += _window_rows(judged, clips, int(order[len(order) // 2]), action)
    return rows


def _window_rows(judged: Judged, clips: ClipSet, window: int, title: str) -> list[Row]:
    """From the last frame given to the target: the clip, interpolation, and the model."""
    gaps = judged.gaps
    at = slice(PAST - 1, PAST + gaps.missing + 1)
    heading = f"{title}: {clips.labels[gaps.clip[window]].file} from frame {gaps.start[window] + PAST - 1}"
    rows = []
    for way, poses in (("real", (gaps.rotations, gaps.positions)),
                       *((way, judged.made[way]) for way in ("interpolation", "model"))):
        joints = forward_kinematics(CANONICAL, poses[0][window, at], poses[1][window, at])[1]
        rows.append(Row(f"{heading}: {way}", joints, JOINTS, PARENTS))
    return rows
