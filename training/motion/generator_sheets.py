# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of what a generator makes: each action and style beside real motion, or without any name on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from blender_addon.inference.packs import Pack, models_folder, read_pack
from blender_addon.motion.clip import Clip
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.measures import travelled
from blender_addon.motion.skeleton import JOINTS, PARENTS

from .clips import ClipSet
from .evaluate_inbetweener import prepared_clips
from .pictures import Row, stick_figure_sheet
from .real_motion import RealMotion, real_motion
from .takes import Condition, Way, way_of_pack

_COLUMNS = 12
_SECONDS = 4.0
_A_SHEET = 6  # takes without a name on one sheet


def draw_sheets(kind: str, data: Path, pack_folder: Path | None, out: Path) -> None:
    """Sheets of one kind, "named" or "nameless", into `out`."""
    pack = read_pack(pack_folder or models_folder() / "motion-generator")
    out.mkdir(parents=True, exist_ok=True)
    written = nameless_sheets(pack, out) if kind == "nameless" else named_sheets(prepared_clips(data, out), pack, out)
    print("\n".join(f"-> {path}" for path in written))


def named_sheets(clips: ClipSet, pack: Pack, out: Path) -> list[Path]:
    """generated-<action>.png for every action of a pack: real motion above generated, plain and in every style that
    the clips have of it."""
    real, way = real_motion(clips), way_of_pack(pack, "model")
    known = {*pack.words("styles")}
    written = []
    for action in tqdm(way.actions, desc="drawing", unit="action"):
        styles = sorted({s.style for s in (*real.train, *real.judged.get(action, ())) if s.action == action})
        rows: list[Row] = []
        for style in [style for style in styles if style in known or style == ""] or [""]:
            name = f"{action}, {style.replace('_', ' ')}" if style else action
            found = _longest(real, action, style)
            if found is not None:
                clip, held_out = found
                rows.append(_row(f"{name}, {'held out' if held_out else 'training clip'}", clip))
            made = _take(way, action, style, 1)
            rows.append(_row(f"{name}, generated, seed 1", made))
        path = out / f"generated-{action}.png"
        stick_figure_sheet(path, rows, columns=_COLUMNS)
        written.append(path)
    return written


def nameless_sheets(pack: Pack, out: Path, seed: int = 0) -> list[Path]:
    """nameless-<n>.png, a take of every action in an order that nobody knows, and key.txt, which says it: for eyes
    that have not seen the data."""
    rng = np.random.default_rng(seed)
    way = way_of_pack(pack, "model")
    order = [way.actions[i] for i in rng.permutation(len(way.actions))]
    written, key = [], []
    for first in range(0, len(order), _A_SHEET):
        rows = []
        for number, action in enumerate(order[first:first + _A_SHEET], start=first + 1):
            made_from = int(rng.integers(1000))
            rows.append(_row(f"{number}", _take(way, action, "", made_from)))
            key.append(f"{number}: {action} (seed {made_from})")
        written.append(out / f"nameless-{first // _A_SHEET + 1}.png")
        stick_figure_sheet(written[-1], rows, columns=_COLUMNS + 4)
    (out / "key.txt").write_text("\n".join(key) + "\n", encoding="utf-8")
    return written


def _longest(real: RealMotion, action: str, style: str) -> tuple[Clip, bool] | None:
    """The longest real stretch of an action in a style, a held-out one where there is one."""
    stretches: Sequence = [s for s in real.judged.get(action, ()) if s.style == style and s.held_out]
    stretches = stretches or [s for s in real.train if s.action == action and s.style == style]
    if not stretches:
        return None
    longest = max(stretches, key=lambda s: s.clip.frames)
    return longest.clip, longest.held_out


def _take(way: Way, action: str, style: str, seed: int) -> Clip:
    """One as an artist gets it, cleaned up."""
    condition = Condition(action, style, _SECONDS, way.pace[action])
    return way.clean(way.make(condition, seed)[0], condition)


def _row(title: str, clip: Clip) -> Row:
    """With how long it is and how far it goes, which bodies in the middle of their pictures do not show."""
    clip = clip.cut(0, min(clip.frames, round(_SECONDS * clip.fps)))
    return Row(f"{title}: {clip.seconds:.1f} s, {travelled(clip):.1f} m", joint_positions(clip), JOINTS, PARENTS)
