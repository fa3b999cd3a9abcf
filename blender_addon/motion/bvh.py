# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH files: any hierarchy and channel order in, the canonical skeleton out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ClipError
from .clip import Clip
from .rotations import euler_continuous, euler_to_quat, quat_inverse, quat_multiply, quat_rotate, quat_to_euler
from .skeleton import ENDS

# Blender's frame to the one BVH importers expect by default (Y up, +Z forward): (x, y, z) -> (x, z, -y).
_TO_Y_UP = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])
_MAX_FRAMES = 1_000_000


@dataclass(frozen=True, eq=False)
class BvhMotion:
    """A BVH file as it stands: its own axes and units.

    names, parents: the J joints, parents first, -1 for the root. offsets: (J, 3). ends: (J, 3) the end site of a
    leaf joint relative to it, NaN elsewhere. rotations: (T, J, 4) local quaternions. positions: (T, J, 3) each
    joint's place relative to its parent (its offset where the file has no position channels). fps: frames a second.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    ends: np.ndarray
    rotations: np.ndarray
    positions: np.ndarray
    fps: float

    @property
    def frames(self) -> int:
        return len(self.rotations)

    def forward(self) -> tuple[np.ndarray, np.ndarray]:
        """Global rotations (T, J, 4) and joint positions (T, J, 3), in the file's own axes and units."""
        turned, placed = [], []
        for joint, parent in enumerate(self.parents):
            if parent < 0:
                turned.append(self.rotations[:, joint])
                placed.append(self.positions[:, joint])
            else:
                turned.append(quat_multiply(turned[parent], self.rotations[:, joint]))
                placed.append(placed[parent] + quat_rotate(turned[parent], self.positions[:, joint]))
        return np.stack(turned, axis=1), np.stack(placed, axis=1)


def read_bvh(path: str | Path) -> BvhMotion:
    """Read a BVH file; ClipError with one line for anything that is not one."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ClipError(f"{path}: cannot be read ({error.strerror or error})") from error
    head, marker, body = text.partition("MOTION")
    if "HIERARCHY" not in head or not marker:
        raise ClipError(f"{path}: not a BVH file (HIERARCHY or MOTION is missing)")
    names, parents, offsets, ends, channels = _read_hierarchy(path, head.split("HIERARCHY", 1)[1].split("\n"))
    values, fps = _read_frames(path, body, sum(len(c) for c in channels))
    return _assemble(path, names, parents, offsets, ends, channels, values, fps)


def _read_hierarchy(path: Path, lines: list[str]):
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    ends: list[list[float]] = []
    channels: list[list[str]] = []
    stack: list[int] = []  # open braces: a joint's index, or -2 for an end site
    pending = None
    try:
        for line in lines:
            words = line.split()
            if not words:
                continue
            key = words[0].upper()
            if key in ("ROOT", "JOINT"):
                if key == "ROOT" and names:
                    raise ClipError(f"{path}: has a second ROOT; keep one skeleton a file")
                parents.append(stack[-1] if stack else -1)
                names.append(" ".join(words[1:]) or f"joint{len(names)}")
                offsets.append([0.0, 0.0, 0.0])
                ends.append([np.nan] * 3)
                channels.append([])
                pending = len(names) - 1
            elif key == "END":
                pending = -2
            elif key == "{":
                stack.append(pending)
            elif key == "}":
                stack.pop()
            elif key == "OFFSET":
                offset = [float(w) for w in words[1:4]]
                if len(offset) != 3:
                    raise ValueError("an OFFSET without three numbers")
                if stack[-1] == -2:
                    ends[stack[-2]] = offset
                else:
                    offsets[stack[-1]] = offset
            elif key == "CHANNELS":
                listed = [w.lower() for w in words[2:]]
                if len(listed) != int(words[1]):
                    raise ValueError(f"{names[stack[-1]]}: CHANNELS says {words[1]} and lists {len(listed)}")
                wrong = [c for c in listed if c[:1] not in "xyz" or c[1:] not in ("position", "rotation")]
                if wrong:
                    raise ValueError(f"{names[stack[-1]]}: unknown channel {wrong[0]}")
                channels[stack[-1]] = listed
    except (ValueError, IndexError) as error:
        raise ClipError(f"{path}: the hierarchy is damaged ({error})") from error
    if not names:
        raise ClipError(f"{path}: the hierarchy has no joints")
    if stack:
        raise ClipError(f"{path}: the hierarchy is cut off (a brace is not closed)")
    return names, parents, np.array(offsets), np.array(ends), channels


def _read_frames(path: Path, body: str, width: int) -> tuple[np.ndarray, float]:
    lines = body.strip().split("\n")
    try:
        frames = int(lines[0].split(":")[1])
        frame_time = float(lines[1].split(":")[1])
    except (IndexError, ValueError) as error:
        raise ClipError(f"{path}: 'Frames:' or 'Frame Time:' is missing after MOTION") from error
    if frames < 1 or not any(line.strip() for line in lines[2:]):
        raise ClipError(f"{path}: has no frames")
    if frames > _MAX_FRAMES or not 1e-4 <= frame_time <= 10.0:
        raise ClipError(f"{path}: says {frames} frames of {frame_time} s, which cannot be right")
    try:
        values = np.array(" ".join(lines[2:]).split(), dtype=np.float64)
    except ValueError as error:
        raise ClipError(f"{path}: a frame holds something that is not a number ({error})") from error
    if values.size != frames * width:
        raise ClipError(
            f"{path}: {frames} frames of {width} channels need {frames * width} numbers, the file has {values.size}")
    if not np.isfinite(values).all():
        bad = int(np.argwhere(~np.isfinite(values))[0, 0]) // max(width, 1)
        raise ClipError(f"{path}: frame {bad} holds NaN or infinity; cut or repair it")
    # files round the frame time: 0.033333 means 30 frames a second
    return values.reshape(frames, width), round(1.0 / frame_time, 2)


def _assemble(path, names, parents, offsets, ends, channels, values, fps) -> BvhMotion:
    frames, joints = len(values), len(names)
    rotations = np.zeros((frames, joints, 4))
    rotations[..., 0] = 1.0
    positions = np.repeat(offsets[None], frames, axis=0)
    column = 0
    for joint, listed in enumerate(channels):
        turns = "".join(c[0] for c in listed if c.endswith("rotation"))
        if len(set(turns)) != len(turns):
            raise ClipError(f"{path}: {names[joint]} has the same rotation channel twice")
        if parents[joint] < 0 and len(turns) < 3:
            raise ClipError(f"{path}: the root {names[joint]} lacks rotation channels (it has {listed or 'none'})")
        angles = [values[:, column + i] for i, c in enumerate(listed) if c.endswith("rotation")]
        if angles:
            rotations[:, joint] = euler_to_quat(np.radians(np.stack(angles, axis=-1)), turns)
        for i, channel in enumerate(listed):
            if channel.endswith("position"):
                positions[:, joint, "xyz".index(channel[0])] = values[:, column + i]
        column += len(listed)
    return BvhMotion(tuple(names), tuple(parents), offsets, ends, rotations, positions, fps)


def write_bvh(path: str | Path, clip: Clip) -> None:
    """Write a clip as BVH: Y up, +Z forward, centimetres, root XYZ position, ZXY rotations."""
    skeleton = clip.skeleton
    to_file = np.broadcast_to(_TO_Y_UP, clip.rotations.shape)
    # a change of axes for every joint frame: q' = c q c^-1
    turned = quat_multiply(quat_multiply(to_file, clip.rotations), quat_inverse(to_file))
    angles = np.degrees(euler_continuous(quat_to_euler(turned, "ZXY")))
    # The root's rest offset stays zero and its whole place goes into the channels, as motion capture files have it.
    offsets = quat_rotate(_TO_Y_UP, skeleton.offsets) * 100.0
    offsets[0] = 0.0
    places = quat_rotate(_TO_Y_UP, clip.positions) * 100.0
    lines = ["HIERARCHY"]
    _write_joint(lines, skeleton, offsets, 0, "")
    lines += ["MOTION", f"Frames: {clip.frames}", f"Frame Time: {1.0 / clip.fps:.8f}"]
    order = _depth_first(skeleton.parents)
    rows = np.concatenate([places, angles[:, order].reshape(clip.frames, -1)], axis=1)
    rows = rows + 0.0  # no negative zeros
    lines += [" ".join(f"{value:.6f}" for value in row) for row in rows]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _children(parents: tuple[int, ...], joint: int) -> list[int]:
    return [i for i, parent in enumerate(parents) if parent == joint]


def _depth_first(parents: tuple[int, ...], joint: int = 0) -> list[int]:
    return [joint] + [j for child in _children(parents, joint) for j in _depth_first(parents, child)]


def _write_joint(lines: list[str], skeleton, offsets: np.ndarray, joint: int, indent: str) -> None:
    def put(words: str, offset) -> None:
        lines.append(f"{words} {offset[0]:.6f} {offset[1]:.6f} {offset[2]:.6f}")

    inner = indent + "  "
    lines.append(f"{indent}{'ROOT' if joint == 0 else 'JOINT'} {skeleton.names[joint]}")
    lines.append(indent + "{")
    put(f"{inner}OFFSET", offsets[joint])
    place = "6 Xposition Yposition Zposition" if joint == 0 else "3"
    lines.append(f"{inner}CHANNELS {place} Zrotation Xrotation Yrotation")
    children = _children(skeleton.parents, joint)
    for child in children:
        _write_joint(lines, skeleton, offsets, child, inner)
    if not children:
        lines += [f"{inner}End Site", inner + "{"]
        put(f"{inner}  OFFSET", _end_offset(skeleton, offsets, joint))
        lines.append(inner + "}")
    lines.append(indent + "}")


def _end_offset(skeleton, offsets: np.ndarray, joint: int) -> np.ndarray:
    """Where a leaf ends: as the canonical skeleton has it, else half its own bone further on."""
    if skeleton.names[joint] in ENDS:
        direction, length = ENDS[skeleton.names[joint]]
        return quat_rotate(_TO_Y_UP, np.array(direction)) * length * 100.0
    return offsets[joint] / 2.0
