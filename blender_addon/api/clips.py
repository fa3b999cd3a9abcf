# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion out of any file that Blender reads, as BVH files on the canonical skeleton."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError

if TYPE_CHECKING:
    from ..scene.sources import Understood


@dataclass(frozen=True)
class ClipFile:
    """A BVH file that was written.

    source: the file that it is out of, as it was named. name: the clip's (an action's, where the file has several).
    skeleton: what the source was taken for; missing: the joints it lacks; rest: its rest pose. error_own_cm,
    error_standard_cm: mean distance of hands, feet and head from the source's, with its own proportions and on the
    canonical body of 1.75 m.
    """

    source: str
    name: str
    file: str
    frames: int
    fps: float
    skeleton: str
    missing: tuple[str, ...]
    rest: str
    error_own_cm: float
    error_standard_cm: float


@dataclass(frozen=True)
class ClipProblem:
    """A source of which nothing came, and why, in one line."""

    source: str
    why: str


@dataclass(frozen=True)
class ClipsResult:
    """What was written, what could not be read, and how long it took in seconds."""

    clips: tuple[ClipFile, ...]
    problems: tuple[ClipProblem, ...]
    seconds: float

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(clip.file for clip in self.clips)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {**asdict(self), "files": list(self.files)}


def convert_clips(sources: Sequence[str], out: str | Path) -> ClipsResult:
    """Write each clip of FILE or FILE:ARMATURE as BVH: the canonical 22 joints, Y up, centimetres, the source's rate.

    out: a .bvh for the clips of one file, numbered from the second on; else a folder, made when missing, for files
    that are named after the sources, and after the clip where a source has several. A source that cannot be read is
    among the problems and the others are written. GalateaError when `out` cannot be written or would lose a source.
    """
    from ..motion.bvh import write_bvh
    from ..scene import files
    from ..scene.sources import understand_clips

    began = time.perf_counter()
    out = Path(out)
    _check_out(out, sources)
    read = {files.split_rig(spec)[0].resolve() for spec in sources}
    made: list[ClipFile] = []
    problems: list[ClipProblem] = []
    taken: set[Path] = set()
    for spec in sources:
        try:
            found = understand_clips(spec)
        except GalateaError as error:
            problems.append(ClipProblem(spec, str(error)))
            continue
        for number, understood in enumerate(found, 1):
            path = _path(out, spec, understood.clip.name if len(found) > 1 else "", number, taken)
            if path.resolve() in read:
                raise GalateaError(f"{path} is a file that is read and would be overwritten; choose another --out")
            with files.staged(path) as there:
                write_bvh(there, understood.clip)
            made.append(_clip_file(spec, path, understood))
    return ClipsResult(tuple(made), tuple(problems), time.perf_counter() - began)


def _check_out(out: Path, sources: Sequence[str]) -> None:
    from ..scene import files

    if out.suffix.lower() == ".bvh" and not out.is_dir():
        if len(sources) > 1:
            raise GalateaError(f"{out} is for the clips of one file, and {len(sources)} are named; name a folder")
        files.check_target(out, (".bvh",))
        return
    try:
        out.mkdir(exist_ok=True)
    except FileNotFoundError as error:
        raise GalateaError(f"there is no folder {out.parent}; make it, or name another") from error
    except OSError as error:
        raise GalateaError(f"{out} is no folder that can be written to ({error.strerror}); name another, or a .bvh file"
                           ) from error


def _path(out: Path, spec: str, clip: str, number: int, taken: set[Path]) -> Path:
    """Where a clip goes, none of which is in `taken`; adds it there."""
    from ..scene import files

    if out.suffix.lower() == ".bvh" and not out.is_dir():
        return out.with_stem(out.stem + (f"_{number}" if number > 1 else ""))
    stem = "_".join(filter(None, (files.split_rig(spec)[0].stem, re.sub(r"[^\w.+-]+", "_", clip).strip("_"))))
    path, again = out / f"{stem}.bvh", 2
    while path in taken:
        path, again = out / f"{stem}_{again}.bvh", again + 1
    taken.add(path)
    return path


def _clip_file(spec: str, path: Path, understood: Understood) -> ClipFile:
    clip = understood.clip
    return ClipFile(spec, clip.name, str(path), clip.frames, clip.fps, understood.skeleton, understood.missing,
                    understood.rest, round(understood.error_own, 3), round(understood.error_standard, 3))
