# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a retargeted rig in a saved file against its source, by what Blender evaluates and what its importer reads.

    python tests/judging.py --result out.blend --armature Rig --map map.json --source clip.bvh --json report.json
    python tests/judging.py --jobs jobs.json --json reports.json [--every 3]

To be run in a process of its own, with a Python that has bpy; it imports nothing of blender_addon. map.json is what
`galatea rig --json` writes, or {joint: bone}; clip.bvh has the 22 canonical joints and a T-pose at rest. jobs.json is
a list of {"name", "result", "armature", "map", "source"} with optional "action" (the one to judge), "start" and "back"
(a BVH that was read back from the rig). The report says of each what is measured, and under "faults" what is beyond
the limits; the exit status is 1 when anything is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import bpy
import judged_measures as measures
import numpy as np

_NEXT = {side + a: side + b for side in ("Left", "Right") for a, b in (
    ("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))}
_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(rotation_\w+|location|scale)$')
MEAN, MOST, TWIST, FACING, FLOOR_CM, SLIDE = 3.0, 8.0, 15.0, 3.0, 2.0, 1.10
SEEN = 0.5  # cm/s, a sixth of a millimetre a frame: nobody sees a foot slide as slowly


def judge(jobs: Sequence[dict], every: int = 1, heading: str = "rest") -> dict[str, dict]:
    """Name -> report of each job. every: look at each n-th frame. heading "first": rig and source start alike."""
    reports: dict[str, dict] = {}
    sources = {path: _read_source(Path(path), every) for path in dict.fromkeys(str(job["source"]) for job in jobs)}
    backs = {path: _read_source(Path(path), every) for path in dict.fromkeys(job["back"] for job in jobs
                                                                               if job.get("back"))}
    for result in dict.fromkeys(str(job["result"]) for job in jobs):
        bpy.ops.wm.open_mainfile(filepath=result, load_ui=False)
        of_file = [job for job in jobs if str(job["result"]) == result]
        for together in _at_once(of_file):
            source = sources[str(together[0]["source"])]
            for job, (rig, raw) in zip(together, _read_rigs(together, len(source.places["Hips"]), source.fps)):
                rig = measures.take_out_start(rig, source) if heading == "first" else rig
                report = {**measures.measure(rig, source), "jumps": raw}
                if job.get("back"):
                    report["round_trip"] = measures.joint_errors(backs[job["back"]], source)
                report["faults"] = faults(report)
                reports[job.get("name", job["armature"])] = report
    return reports


def faults(report: dict) -> list[str]:
    """What is beyond the limits, a line each."""
    out = []
    for name in ("upper arms", "forearms", "thighs", "shins", "feet", "spine"):
        of = report["groups"].get(name)
        if of and (of["mean"] > MEAN or of["p95"] > MOST):
            out.append(f"{name} are {of['mean']} degrees off, 95 % within {of['p95']}")
    out += [f"{joint} is twisted by {of['p95']} degrees (95 %), {of['offset']} in the middle"
            for joint, of in report["twist"].items() if of["p95"] > TWIST]
    if report["facing"]["mean"] > FACING:
        out.append(f"faces {report['facing']['mean']} degrees away, {report['facing']['offset']} in the middle")
    out += [f"{joint} flips after frames {frames[:5]}" for joint, frames in report["flips"].items()]
    out += [f"channels of {bone} jump after frames {frames[:5]}" for bone, frames in report["jumps"].items()]
    out += [f"{joint} is bent between its joints by {kink} degrees" for joint, kink in report["kinks"].items()
            if kink > 2.0]
    out += [f"{joint} is {share:.1%} longer or shorter than at rest" for joint, share in report["lengths"].items()
            if share > 0.01]
    feet = report["feet"]
    if feet["contact_frames"]:
        out += [f"feet {what} by {feet[f'{what}_cm']} cm where the source's do not" for what in ("float", "sink")
                if feet[f"{what}_cm"] > FLOOR_CM]
        if feet["slide_cm_s"] > max(feet["source_slide_cm_s"] * SLIDE, SEEN + feet["source_slide_cm_s"]):
            out.append(f"feet slide at {feet['slide_cm_s']} cm/s, the source's at {feet['source_slide_cm_s']}")
    if report["travel"]["off_cm"]["max"] > max(5.0, 3.0 * report["travel"]["source_m"]):
        out.append(f"the pelvis is up to {report['travel']['off_cm']['max']} cm off its way")
    if report["read_back"] and report.get("round_trip", {"mean": 0.0})["mean"] > 1.0:  # the rig has all joints
        out.append(f"what is read back is {report['round_trip']['mean']} cm off")
    return out


# --- the source -----------------------------------------------------------------------------------------------------


def _read_source(path: Path, every: int) -> measures.Body:
    """A BVH with the 22 joints, as Blender's importer reads it."""
    text = path.read_text(encoding="utf-8")
    fps = round(1.0 / float(re.search(r"Frame Time:\s*([\d.eE+-]+)", text)[1]), 3)
    frames = int(re.search(r"Frames:\s*(\d+)", text)[1])
    tallest = max(abs(float(word)) for line in re.findall(r"OFFSET(.*)", text) for word in line.split())
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = round(fps)
    bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01 if tallest > 3.0 else 1.0, frame_start=1)
    armature = bpy.context.object
    rest = armature.data.bones
    names = {joint: joint for joint in measures.JOINTS if joint in rest}
    posed = _pose_over_time([armature], [1 + k for k in range(0, frames, every)], [list(names)])[0]
    return measures.make_body(
        {joint: np.array(rest[joint].head_local) for joint in names},
        {joint: track[:, :3, 3] for joint, track in posed.items()},
        {joint: track[:, :3, :3] @ np.array(rest[joint].matrix_local)[:3, :3].T for joint, track in posed.items()},
        fps / every, {}, {}, stands_at_origin=False)


# --- the rigs -------------------------------------------------------------------------------------------------------


def _at_once(jobs: list[dict]) -> list[list[dict]]:
    """Jobs on one file in groups that can be played together: one source, each armature once."""
    groups: list[list[dict]] = []
    for job in jobs:
        for group in groups:
            if group[0]["source"] == job["source"] and all(job["armature"] != other["armature"] for other in group):
                group.append(job)
                break
        else:
            groups.append([job])
    return groups


def _read_rigs(jobs: list[dict], frames: int, fps: float) -> list[tuple[measures.Body, dict[str, list[int]]]]:
    """Each job's rig over the source's frames, and where its channels jump."""
    scene = bpy.context.scene
    _hide_meshes()
    rigs = [bpy.data.objects[job["armature"]] for job in jobs]
    for rig, job in zip(rigs, jobs):
        if job.get("action"):
            _play(rig, bpy.data.actions[job["action"]])
    starts = [job.get("start", _first_frame(rig)) for rig, job in zip(rigs, jobs)]
    step = scene.render.fps / scene.render.fps_base / fps
    maps = [_bone_map(job["map"]) for job in jobs]
    chains = [_chains(rig, bones) for rig, (bones, _) in zip(rigs, maps)]
    wanted = [list(dict.fromkeys([*bones.values(), *points.values(), *chain.from_iterable(chains_of.values())]))
              for (bones, points), chains_of in zip(maps, chains)]
    out: list = [None] * len(jobs)
    for start in dict.fromkeys(starts):
        these = [k for k, first in enumerate(starts) if first == start]
        posed = _pose_over_time([rigs[k] for k in these], [start + n * step for n in range(frames)],
                                [wanted[k] for k in these])
        for k, tracks in zip(these, posed):
            out[k] = _body(rigs[k], *maps[k], chains[k], tracks, fps), _jumps(rigs[k])
    return out


def _hide_meshes() -> None:
    """Skins take time and say nothing here."""
    for ob in bpy.data.objects:
        if ob.type == "MESH":
            ob.hide_viewport = True


def _play(rig: bpy.types.Object, action: bpy.types.Action) -> None:
    rig.animation_data_create().action = action
    if hasattr(action, "slots"):
        rig.animation_data.action_slot = action.slots[0]


def _first_frame(rig: bpy.types.Object) -> float:
    data = rig.animation_data
    if data and data.action:
        return float(data.action.frame_range[0])
    strips = [strip.frame_start for track in (data.nla_tracks if data else ()) for strip in track.strips]
    if not strips:
        raise SystemExit(f"{rig.name} has no action to judge")
    return min(strips)


def _bone_map(given: dict | str) -> tuple[dict[str, str], dict[str, str]]:
    """Joint -> bone, and joint -> bone whose tail it is, from what `galatea rig --json` writes or {joint: bone}."""
    given = json.loads(Path(given).read_text(encoding="utf-8")) if isinstance(given, str) else given
    points = {joint: at if isinstance(at, str) else at[0] for joint, at in given.get("points", {}).items()}
    return {joint: bone for joint, bone in given.get("mapping", given).items()
            if joint in measures.JOINTS and bone}, points


def _chains(rig: bpy.types.Object, bones: dict[str, str]) -> dict[str, list[str]]:
    """Limb -> the bones between two of its joints, from the upper one down; empty ones are left out."""
    out = {}
    for joint, below in _NEXT.items():
        if joint in bones and below in bones:
            above = [bone.name for bone in rig.data.bones[bones[below]].parent_recursive]
            if bones[joint] in above:
                out[joint] = above[:above.index(bones[joint])][::-1]
    return {joint: between for joint, between in out.items() if between}


def _pose_over_time(rigs: list, frames: Sequence[float], wanted: list[list[str]]) -> list[dict[str, np.ndarray]]:
    """For each rig bone -> (T, 4, 4) in the space its armature has at rest, as evaluated; (T, 4, 4) of no action: the
    armature object's own movement counts, its place at the first frame does not."""
    tracks: list[dict[str, list]] = [{name: [] for name in names} for names in wanted]
    at_first: list[np.ndarray | None] = [None] * len(rigs)
    for frame in frames:
        whole = int(np.floor(frame))
        bpy.context.scene.frame_set(whole, subframe=frame - whole)
        graph = bpy.context.evaluated_depsgraph_get()
        for k, rig in enumerate(rigs):
            posed = rig.evaluated_get(graph)
            world = np.array(posed.matrix_world)
            moved = np.eye(4)
            if at_first[k] is None:
                at_first[k] = world
            elif not np.allclose(world, at_first[k], atol=1e-7):
                moved = np.linalg.inv(at_first[k]) @ world
            for name in wanted[k]:
                tracks[k][name].append(moved @ np.array(posed.pose.bones[name].matrix))
    return [{name: np.array(track) for name, track in of_rig.items()} for of_rig in tracks]


def _body(rig: bpy.types.Object, bones: dict[str, str], points: dict[str, str], chains: dict[str, list[str]],
          tracks: dict[str, np.ndarray], fps: float) -> measures.Body:
    rest = rig.data.bones
    at_rest = {joint: np.array(rest[bone].head_local) for joint, bone in bones.items()}
    places = {joint: tracks[bone][:, :3, 3] for joint, bone in bones.items()}
    turned = {}
    for joint, bone in bones.items():
        still = np.array(rest[bone].matrix_local)
        turns = tracks[bone][:, :3, :3]
        turns = turns / np.linalg.norm(turns, axis=1, keepdims=True)
        turned[joint] = turns @ still[:3, :3].T
    for joint, bone in points.items():
        if joint not in bones:
            at_rest[joint] = np.array(rest[bone].tail_local)
            places[joint] = tracks[bone][:, :3, 3] + tracks[bone][:, :3, 1] * rest[bone].length
    return measures.make_body(
        at_rest, places, turned, fps,
        {joint: [tracks[bone][:, :3, 3] for bone in between] for joint, between in chains.items()},
        {joint: [np.array(rest[bone].head_local) for bone in between] for joint, between in chains.items()},
        stands_at_origin=True)


# --- raw channels ---------------------------------------------------------------------------------------------------


def _jumps(rig: bpy.types.Object) -> dict[str, list[int]]:
    """Bone -> frames after which its rotation channels jump though the rotation does not: half-way between two frames
    the mean of the values is another rotation altogether. What motion blur and slow motion would show."""
    channels: dict[str, dict[str, dict[int, bpy.types.FCurve]]] = {}
    for curve in _fcurves(rig):
        found = _BONE.match(curve.data_path)
        if found and found[2].startswith("rotation"):
            name = found[1].replace('\\"', '"').replace("\\\\", "\\")
            channels.setdefault(name, {}).setdefault(found[2], {})[curve.array_index] = curve
    first, last = rig.animation_data.action.frame_range if rig.animation_data.action else (1, 1)
    frames = np.arange(int(first), int(last) + 1)
    out = {}
    for name, listed in channels.items():
        bone = rig.pose.bones.get(name)
        if bone is None:
            continue
        mode = bone.rotation_mode
        what = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")
        if what not in listed:
            continue
        values = np.tile(np.array(getattr(bone, what)), (len(frames), 1))
        for index, curve in listed[what].items():
            values[:, index] = [curve.evaluate(frame) for frame in frames]
        turns, middles = _matrices(values, mode), _matrices((values[1:] + values[:-1]) / 2, mode)
        whole = measures.size_of(turns[1:] @ np.swapaxes(turns[:-1], 1, 2))
        parts = (measures.size_of(middles @ np.swapaxes(turns[:-1], 1, 2))
                 + measures.size_of(turns[1:] @ np.swapaxes(middles, 1, 2)))
        frames_off = frames[:-1][parts > whole + 60.0]
        if len(frames_off):
            out[name] = frames_off.tolist()
    return out


def _fcurves(rig: bpy.types.Object) -> list:
    action = rig.animation_data.action
    if action is None:
        return []
    if not hasattr(action, "layers") or not action.layers:
        return list(action.fcurves)
    return [curve for layer in action.layers for strip in layer.strips for bag in strip.channelbags
            if bag.slot == rig.animation_data.action_slot for curve in bag.fcurves]


def _matrices(values: np.ndarray, mode: str) -> np.ndarray:
    """(T, 3, 3) of a bone's raw rotation values (T, 3 or 4), as Blender takes them."""
    if mode == "QUATERNION":
        w, v = measures.unit(values)[:, 0], measures.unit(values)[:, 1:]
    elif mode == "AXIS_ANGLE":
        w, v = np.cos(values[:, 0] / 2), np.sin(values[:, :1] / 2) * measures.unit(values[:, 1:])
    else:
        turns = {axis: _about("XYZ".index(axis), values[:, "XYZ".index(axis)]) for axis in "XYZ"}
        return turns[mode[2]] @ turns[mode[1]] @ turns[mode[0]]  # the first one is nearest to the bone
    cross = np.zeros((len(v), 3, 3))
    cross[:, [2, 0, 1], [1, 2, 0]], cross[:, [1, 2, 0], [2, 0, 1]] = v, -v
    return np.eye(3) + 2.0 * w[:, None, None] * cross + 2.0 * cross @ cross


def _about(axis: int, angle: np.ndarray) -> np.ndarray:
    turns = np.tile(np.eye(3), (len(angle), 1, 1))
    j, k = (axis + 1) % 3, (axis + 2) % 3
    turns[:, j, j] = turns[:, k, k] = np.cos(angle)
    turns[:, k, j] = np.sin(angle)
    turns[:, j, k] = -np.sin(angle)
    return turns


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", metavar="JSON", help="many at once")
    parser.add_argument("--result", metavar="BLEND")
    parser.add_argument("--armature", metavar="NAME")
    parser.add_argument("--map", metavar="JSON")
    parser.add_argument("--source", metavar="BVH")
    parser.add_argument("--back", metavar="BVH", help="what was read back from the rig")
    parser.add_argument("--json", metavar="FILE", required=True, help="where the report goes")
    parser.add_argument("--every", type=int, default=1, help="look at each n-th frame")
    parser.add_argument("--heading", choices=("rest", "first"), default="rest",
                        help="first: whichever way the rig starts off is right")
    return parser.parse_args()


def main() -> int:
    """Exit status 1 when there are faults."""
    given = _arguments()
    jobs = json.loads(Path(given.jobs).read_text(encoding="utf-8")) if given.jobs else [
        {"result": given.result, "armature": given.armature, "map": given.map, "source": given.source,
         "back": given.back}]
    reports = judge(jobs, given.every, given.heading)
    Path(given.json).write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    for name, report in reports.items():
        print(f"{name}: {'; '.join(report['faults']) or 'in order'}")
    return int(any(report["faults"] for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
