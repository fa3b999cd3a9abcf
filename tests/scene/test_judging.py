# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of retargeting is itself judged: it finds small errors in what is right, and each fault that is put in."""

import json
import subprocess
import sys
from pathlib import Path

import bpy
import made_rigs
import numpy as np
import pytest
from made_takes import make_takes
from mathutils import Matrix, Quaternion, Vector

from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.rotations import matrix_from_quat
from blender_addon.motion.skeleton import JOINTS

JUDGING = Path(__file__).resolve().parents[1] / "judging.py"


def judged(jobs, folder, *options):
    """Reports by name, from a fresh process."""
    (folder / "jobs.json").write_text(json.dumps(jobs))
    run = subprocess.run([sys.executable, str(JUDGING), "--jobs", str(folder / "jobs.json"),
                          "--json", str(folder / "reports.json"), *options], capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr[-2000:]
    return json.loads((folder / "reports.json").read_text())


def _turn_bone(armature, name, turn, frames=None):
    """Turn a bone's keys about its own axes, at all frames or from `frames[0]` to `frames[1]`."""
    curves = {c.array_index: c for c in _curves(armature, f'pose.bones["{name}"].rotation_quaternion')}
    for n, point in enumerate(curves[0].keyframe_points):
        if frames is None or frames[0] <= point.co.x < frames[1]:
            turned = Quaternion([curves[i].keyframe_points[n].co.y for i in range(4)]) @ turn
            for i in range(4):
                curves[i].keyframe_points[n].co.y = turned[i]


def _shift(armature, name, by, frames=(-1e9, 1e9)):
    for curve in _curves(armature, f'pose.bones["{name}"].location'):
        for point in curve.keyframe_points:
            if frames[0] <= point.co.x < frames[1]:
                point.co.y += by[curve.array_index]


def _curves(armature, path):
    action = armature.animation_data.action
    curves = action.fcurves if not hasattr(action, "layers") else action.layers[0].strips[0].channelbags[0].fcurves
    return [curve for curve in curves if curve.data_path == path]


def _negate(armature, name):
    """The same rotation by other numbers, from frame 20 on."""
    for curve in _curves(armature, f'pose.bones["{name}"].rotation_quaternion'):
        for point in curve.keyframe_points:
            point.co.y *= -1.0 if point.co.x >= 20 else 1.0


def _face_away(armature):
    hips = armature.data.bones["Hips"].matrix_local.to_3x3()
    turn = hips.inverted() @ Matrix.Rotation(0.2, 3, "Z") @ hips
    curves = {c.array_index: c for c in _curves(armature, 'pose.bones["Hips"].rotation_quaternion')}
    for n in range(len(curves[0].keyframe_points)):
        turned = turn.to_quaternion() @ Quaternion([curves[i].keyframe_points[n].co.y for i in range(4)])
        for i in range(4):
            curves[i].keyframe_points[n].co.y = turned[i]


def _skate(armature):
    for curve in _curves(armature, 'pose.bones["Hips"].location'):
        if curve.array_index == 0:
            for n, point in enumerate(curve.keyframe_points):
                point.co.y += 0.002 * n


# the rig's name -> what is done to it, and a word that the judge's faults must hold then ("" for none)
DONE = {
    "as it is": (lambda rig: None, ""),
    "arm": (lambda rig: _turn_bone(rig, "LeftArm", Quaternion((0, 0, 1), 0.35)), "upper arms are"),
    "twist": (lambda rig: _turn_bone(rig, "RightForeArm", Quaternion((0, 1, 0), 0.7)), "RightForeArm is twisted"),
    "facing": (_face_away, "faces"),
    "flip": (lambda rig: _turn_bone(rig, "Head", Quaternion((0, 1, 0), 3.0), (30, 31)), "Head flips"),
    "numbers": (lambda rig: _negate(rig, "LeftLeg"), "channels of LeftLeg jump"),
    "high": (lambda rig: _shift(rig, "Hips", _up(rig, 0.04)), "feet float"),
    "low": (lambda rig: _shift(rig, "Hips", _up(rig, -0.04)), "feet sink"),
    "skates": (_skate, "feet slide"),
    "foot": (lambda rig: _turn_bone(rig, "LeftFoot", Quaternion((1, 0, 0), 0.3)), "feet are"),
    "spine": (lambda rig: _turn_bone(rig, "Spine1", Quaternion((1, 0, 0), 0.3)), "spine are"),
}


def _up(rig, height):
    return rig.data.bones["Hips"].matrix_local.to_3x3().inverted() @ Vector((0, 0, height))


def _keyed_human(take):
    """Galatea's own armature with the take as the plainest of keys, made with nothing of what is to be judged."""
    motion = read_bvh(take)
    armature = made_rigs.human()
    upright = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # the file has Y up
    turns = upright @ matrix_from_quat(motion.rotations) @ upright.T
    places = motion.positions[:, 0] @ upright.T / 100.0
    for name, joint in zip(motion.names, range(len(motion.names))):
        bone = armature.pose.bones[name]
        rest = np.array(bone.bone.matrix_local)[:3, :3]
        for frame in range(motion.frames):
            bone.rotation_quaternion = Matrix(rest.T @ turns[frame, joint] @ rest).to_quaternion()
            bone.keyframe_insert("rotation_quaternion", frame=1 + frame)
            if name == "Hips":
                bone.location = rest.T @ (places[frame] - np.array(bone.bone.head_local))
                bone.keyframe_insert("location", frame=1 + frame)
    return armature


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judging")
    takes = make_takes(folder, 3.0)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    first = _keyed_human(takes["walk"])
    jobs = []
    for name, (do, _) in DONE.items():
        armature = first.copy()
        armature.name = name
        armature.animation_data.action = first.animation_data.action.copy()
        bpy.context.collection.objects.link(armature)
        do(armature)
        jobs.append({"name": name, "armature": name, "result": str(folder / "done.blend"), "source": str(takes["walk"]),
                     "map": {joint: joint for joint in JOINTS}})
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "done.blend"))
    return judged(jobs, folder)


def test_what_is_right_has_small_errors(reports):
    report = reports["as it is"]
    assert report["faults"] == []
    assert all(of["max"] < 0.3 for of in (*report["groups"].values(), *report["twist"].values(), report["facing"]))
    assert report["feet"]["off_cm"]["max"] < 0.2 and report["read_back"]["max"] < 0.2
    assert report["feet"]["contact_frames"] > 50 and report["travel"]["source_m"] > 2.0


@pytest.mark.parametrize("name", [name for name, (_, word) in DONE.items() if word])
def test_a_fault_is_found(reports, name):
    assert any(DONE[name][1] in fault for fault in reports[name]["faults"]), reports[name]["faults"]
