# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH files: any hierarchy and channel order in, the canonical skeleton out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import ClipError
from .clip import Clip
from .rotations import euler_continuous, euler_to_quat, quat_inverse, quat_multiply, quat_rotate, quat_to_euler
from .skeleton import ENDS, Skeleton

# Blender's frame to the one BVH importers expect by default (Y up, +Z forward): (x, y, z) -> (x, z, -y).
_TO_Y_UP = np.array([np.sqrt(0.5), -np.sqrt(0.5), 0.0, 0.0])
_MAX_FRAMES = 1_000_000
_LARGEST = 1e9  # what is larger is damage, in any unit
_END = -2


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


@dataclass(eq=False)
class _Hierarchy:
    """The first half of a file; offsets and ends as in BvhMotion, channels: lower-case names a joint."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[list[float]] = field(default_factory=list)
    ends: list[list[float]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Numbers a frame."""
        return sum(len(listed) for listed in self.channels)

    def add(self, name: str, parent: int) -> int:
        self.names.append(name or f"joint{len(self.names)}")
        self.parents.append(parent)
        self.offsets.append([0.0, 0.0, 0.0])
        self.ends.append([np.nan] * 3)
        self.channels.append([])
        return len(self.names) - 1


def read_bvh(path: str | Path) -> BvhMotion:
    """Read a BVH file; ClipError with one line for anything that is not one."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ClipError(f"{path}: cannot be read ({error.strerror or error})") from error
    head, *body = re.split(r"^[ \t]*MOTION\b", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    opening, *hierarchy = re.split(r"^[ \t]*HIERARCHY\b", head, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    if opening.strip() or not hierarchy or not body:
        raise ClipError(f"{path}: not a BVH file (HIERARCHY or MOTION is missing)")
    try:
        joints = _read_hierarchy(hierarchy[0])
        values, fps = _read_frames(body[0], joints.width)
    except ValueError as error:
        raise ClipError(f"{path}: {error}") from error
    return _assemble(joints, values, fps)


def _read_hierarchy(text: str) -> _Hierarchy:
    """ValueError with what is wrong."""
    joints = _Hierarchy()
    open_braces: list[int] = []  # the joint that each belongs to, _END for an end site
    pending: int | None = None  # what the next brace belongs to
    # a brace may stand on the line of its joint
    for line in text.replace("{", "\n{\n").replace("}", "\n}\n").split("\n"):
        key, *words = line.split() or [""]
        key = key.upper()
        inside = open_braces[-1] if open_braces else None
        if not key:
            continue
        if pending is not None and key != "{":
            raise _damaged(f"{_shown(key)} where a brace should open")
        if key in ("ROOT", "JOINT"):
            if key == "ROOT" and joints.names:
                raise ValueError("has a second ROOT; keep one skeleton a file")
            if (inside is None) != (key == "ROOT") or inside == _END:
                raise _damaged(f"{key} {_shown(' '.join(words))} in the wrong place")
            pending = joints.add(" ".join(words), -1 if inside is None else inside)
        elif key == "{" and pending is not None:
            open_braces.append(pending)
            pending = None
        elif key == "}" and open_braces:
            open_braces.pop()
        elif inside is None:
            raise _damaged(f"{_shown(key)} outside of a joint")
        elif key == "END" and inside != _END:
            pending = _END
        elif key == "OFFSET":
            if inside == _END:
                joints.ends[open_braces[-2]] = _offset(words)
            else:
                joints.offsets[inside] = _offset(words)
        elif key == "CHANNELS" and inside != _END:
            joints.channels[inside] = _channels(words, joints.names[inside], root=inside == 0)
        else:
            raise _damaged(f"{_shown(key)} is not understood")
    if open_braces or pending is not None:
        raise ValueError("the hierarchy is cut off (a brace is not closed)")
    if not joints.names:
        raise ValueError("the hierarchy has no joints")
    if not any(c.endswith("rotation") for c in joints.channels[0]):
        raise ValueError(f"the root {_shown(joints.names[0])} lacks rotation channels; export it again with all")
    return joints


def _damaged(why: str) -> ValueError:
    return ValueError(f"the hierarchy is damaged ({why}); export it again")


def _shown(text: str) -> str:
    """What a file says, fit for one line."""
    return text if len(text) <= 40 else text[:40] + "…"


def _offset(words: list[str]) -> list[float]:
    try:
        offset = [float(word) for word in words]
    except ValueError:
        offset = []
    if len(offset) != 3 or not all(abs(number) < _LARGEST for number in offset):
        raise _damaged(f"OFFSET {_shown(' '.join(words))} is not three numbers")
    return offset


def _channels(words: list[str], joint: str, root: bool) -> list[str]:
    listed = [word.lower() for word in words[1:]]
    name = _shown(joint)
    if words[:1] != [str(len(listed))]:
        raise _damaged(f"{name}: CHANNELS says {_shown(' '.join(words[:1]))} and lists {len(listed)}")
    for channel in listed:
        if channel[:1] not in tuple("xyz") or channel[1:] not in ("position", "rotation"):
            raise _damaged(f"{name}: unknown channel {_shown(channel)}")
    if len(set(listed)) != len(listed):
        raise _damaged(f"{name} has the same channel twice")
    if root and 0 < sum(channel.endswith("rotation") for channel in listed) < 3:
        raise ValueError(f"the root {name} lacks rotation channels (has {', '.join(listed)}); export it again with all")
    return listed


def _read_frames(text: str, width: int) -> tuple[np.ndarray, float]:
    """(T, width) numbers and frames a second; ValueError with what is wrong."""
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        (frames_key, frames), (time_key, frame_time) = (line.split(":") for line in lines[:2])
        frames, frame_time = int(frames), float(frame_time)
        if (frames_key.lower().split(), time_key.lower().split()) != (["frames"], ["frame", "time"]):
            raise ValueError
    except ValueError:
        raise ValueError("'Frames:' or 'Frame Time:' is missing after MOTION; export it again") from None
    if frames < 1 or len(lines) < 3:
        raise ValueError("has no frames; export it again with its animation")
    if frames > _MAX_FRAMES or not 1e-4 <= frame_time <= 10.0:
        raise ValueError(f"says {frames} frames of {frame_time:g} s, which cannot be right; export it again")
    words = " ".join(lines[2:]).split()
    try:
        values = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"a frame holds something that is not a number ({_shown(str(error))})") from None
    if values.size != frames * width:
        raise ValueError(f"{frames} frames of {width} channels need {frames * width} numbers, the file has "
                         f"{values.size}; it is cut off or damaged")
    values = values.reshape(frames, width)
    bad = np.flatnonzero(~(np.abs(values) < _LARGEST).all(axis=1))
    if len(bad):
        raise ValueError(f"frame {bad[0]} holds NaN, infinity or a number beyond {_LARGEST:g}; cut or repair it")
    # files round the frame time: 0.033333 means 30 frames a second
    return values, round(1.0 / frame_time, 2)


def _assemble(joints: _Hierarchy, values: np.ndarray, fps: float) -> BvhMotion:
    offsets = np.array(joints.offsets)
    rotations = np.zeros((len(values), len(joints.names), 4))
    rotations[..., 0] = 1.0
    positions = np.repeat(offsets[None], len(values), axis=0)
    column = 0
    for joint, listed in enumerate(joints.channels):
        turns = [(column + i, channel[0]) for i, channel in enumerate(listed) if channel.endswith("rotation")]
        if turns:
            angles = np.radians(values[:, [at for at, _ in turns]])
            rotations[:, joint] = euler_to_quat(angles, "".join(axis for _, axis in turns))
        for i, channel in enumerate(listed):
            if channel.endswith("position"):
                positions[:, joint, "xyz".index(channel[0])] = values[:, column + i]
        column += len(listed)
    return BvhMotion(tuple(joints.names), tuple(joints.parents), offsets, np.array(joints.ends), rotations, positions,
                     fps)


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
    lines += [" ".join(f"{value:.6f}" for value in row) for row in _rounded(rows)]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rounded(values: np.ndarray) -> np.ndarray:
    """As they are written: six decimals, and no negative zeros."""
    return np.round(values, 6) + 0.0


def _children(parents: tuple[int, ...], joint: int) -> list[int]:
    return [i for i, parent in enumerate(parents) if parent == joint]


def _depth_first(parents: tuple[int, ...], joint: int = 0) -> list[int]:
    return [joint] + [j for child in _children(parents, joint) for j in _depth_first(parents, child)]


def _write_joint(lines: list[str], skeleton: Skeleton, offsets: np.ndarray, joint: int, indent: str) -> None:
    def put(words: str, offset: np.ndarray) -> None:
        x, y, z = _rounded(offset)
        lines.append(f"{words} {x:.6f} {y:.6f} {z:.6f}")

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


def _end_offset(skeleton: Skeleton, offsets: np.ndarray, joint: int) -> np.ndarray:
    """Where a leaf ends: as the canonical skeleton has it, else half its own bone further on."""
    if skeleton.names[joint] in ENDS:
        direction, length = ENDS[skeleton.names[joint]]
        return quat_rotate(_TO_Y_UP, np.array(direction)) * length * 100.0
    return offsets[joint] / 2.0
