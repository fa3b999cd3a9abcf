# SPDX-License-Identifier: GPL-3.0-or-later
"""`galatea clip`: motion out of any file that Blender reads, as BVH."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import GalateaError
from .printing import check_writable, progress, say, table, write_json


def add_verbs(verbs: argparse._SubParsersAction, every: argparse.ArgumentParser) -> None:
    """Say how it is called."""
    clip = verbs.add_parser(
        "clip",
        parents=[every],
        help="motion out of files of any kind, as BVH",
        description="Write the clips of files as BVH on the canonical skeleton. FILE may end in .blend .glb .gltf .fbx "
                    ".bvh.",
    )
    clip.add_argument("files", nargs="+", metavar="FILE[:ARMATURE]", help="files with motion")
    clip.add_argument("--out", type=Path, required=True, metavar="FILE.bvh|FOLDER",
                      help="a file, or a folder for the clips of several files")
    clip.set_defaults(run=_clip)


def _clip(args: argparse.Namespace) -> int:
    check_writable(args.json)
    from .. import api

    progress(args, f"reading {len(args.files)} files ...")
    result = api.convert_clips(args.files, args.out)
    write_json(args, result.as_dict())
    if result.clips:
        table(args, ("file", "frames", "fps", "skeleton", "rest", "own, cm", "standard, cm", "lacks"), [
            (clip.file, str(clip.frames), f"{clip.fps:g}", clip.skeleton, clip.rest, f"{clip.error_own_cm:.2f}",
             f"{clip.error_standard_cm:.2f}", ", ".join(clip.missing) or "-") for clip in result.clips])
        say(args, "own, standard: how far hands, feet and head are from the source's, with its own proportions and on "
                  "the standard body of 1.75 m")
    for problem in result.problems if len(args.files) > 1 else ():
        say(args, f"left out   {problem.source}: {problem.why}")
    if result.problems:
        why = result.problems[0].why
        raise GalateaError(why if len(args.files) == 1 else
                           f"{len(result.problems)} of {len(args.files)} files could not be read; the first: {why}")
    return 0
