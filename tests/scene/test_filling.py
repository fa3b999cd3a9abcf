# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys in the scene: no key of a person changes by a bit, poses stay where they were keyed, gaps move.

GALATEA_FILLS says how many random fillings are tried; 300 of them were run on every Blender that is supported.
"""

import os

import bpy
import made_keys
import made_rigs
import numpy as np
import pytest
from made_inbetweener import write_inbetweener
from made_walk import made_walk
from mathutils import Quaternion

from blender_addon import api
from blender_addon.api import packs
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.channels import rotation_property
from blender_addon.motion.kinematics import joint_positions
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rig
from blender_addon.scene.versions import fcurves, select_bone

FILLS = int(os.environ.get("GALATEA_FILLS", "6"))


@pytest.fixture(scope="session")
def made_pack(tmp_path_factory):
    return read_pack(write_inbetweener(tmp_path_factory.mktemp("pack") / "made-inbetweener"))


@pytest.fixture
def pack(made_pack, monkeypatch):
    """The only pack there is."""
    def pick_pack(kind, pack="", folder=""):
        return packs.choose_pack([made_pack], [], kind, pack)

    monkeypatch.setattr(packs, "pick_pack", pick_pack)
    return made_pack


@pytest.fixture
def keyed(empty_scene, pack):
    """Galatea's human with three key poses of a walk."""
    return key_walk(made_rigs.human(), [1, 21, 41])


def key_walk(armature, frames, modes=("QUATERNION",)):
    rig = read_rig(armature)
    tracks = clip_tracks(armature, rig, fit_to_rig(made_walk(seconds=2.0), rig))
    for number, track in enumerate(tracks.bones):
        pose = armature.pose.bones[track.bone]
        pose.rotation_mode = modes[number % len(modes)]
        for frame in frames:
            if track.rotation is not None:
                pose.matrix_basis = Quaternion(track.rotation[frame - 1]).to_matrix().to_4x4()
                pose.keyframe_insert(rotation_property(pose.rotation_mode), frame=frame)
            if track.location is not None:
                pose.location = track.location[frame - 1]
                pose.keyframe_insert("location", frame=frame)
    return armature


def joints_at(armature, first, last):
    return joint_positions(api.read_motion(armature, first, last))


def bones_at(armature, frame):
    return {bone.name: np.array(bone.matrix) for bone in made_rigs.posed(armature, frame).pose.bones}


# --- what must never change -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(FILLS))
def test_no_key_of_a_person_changes_by_a_bit(empty_scene, pack, seed):
    rng = np.random.default_rng(seed)
    armature = rng.choice([made_rigs.human, made_rigs.mixamo, made_rigs.from_fbx])()
    rig = read_rig(armature)
    bones = list(rig.bones.values())
    made_keys.key_by_hand(armature, bones, rig.bones["Hips"], rng, made_keys.new_action(armature, "Another"))
    action = made_keys.new_action(armature, "Keys")
    if hasattr(action, "slots"):  # somebody else's slot in the same action
        other = bpy.data.objects.new("Other", None)
        other.animation_data_create().action = action
        other.animation_data.action_slot = action.slots.new("OBJECT", "Other")
        curve = made_keys.new_curve(action, other, "location", 0)
        made_keys.set_keys(curve, np.array([3.0, 9.0, 14.0]), np.array([0.0, 1.0, 0.5]), rng)
    poses = made_keys.key_by_hand(armature, bones, rig.bones["Hips"], rng, action)
    curve = made_keys.new_curve(action, armature, "location", 2)
    made_keys.set_keys(curve, poses + 2.0, rng.normal(size=len(poses)), rng)
    before, settings = made_keys.all_keys(), made_keys.curve_settings()
    for bone in armature.pose.bones:
        select_bone(bone, bool(rng.random() < 0.7))
    for variants in (1, int(rng.choice([1, 1, 2]))):
        request = api.InbetweenRequest(
            keys="sparse" if rng.random() < 0.15 else "every", seed=int(rng.integers(3)), variants=variants,
            selected_bones=bool(rng.random() < 0.2), selected_keys=bool(rng.random() < 0.2),
            tolerance=float(rng.uniform(1.0, 20.0)), feet=bool(rng.random() < 0.5))
        try:
            result = api.inbetween(armature, request)
        except GalateaError as error:
            assert "\n" not in str(error)
            break
        now = made_keys.all_keys()
        assert {place: now.get(place) for place in before} == before
        assert settings.items() <= made_keys.curve_settings().items()
        for copy in result.actions if variants > 1 else ():
            assert {place[1:]: keys for place, keys in now.items() if place[0] == copy} == {
                place[1:]: keys for place, keys in before.items() if place[0] == "Keys"}
    if armature.animation_data.action.name == "Keys" and made_keys.all_keys(generated=True):
        api.remove_generated(armature)
        assert made_keys.all_keys() == before and not made_keys.all_keys(generated=True)


@pytest.mark.parametrize("modes", [("QUATERNION",), ("XYZ", "ZXY", "YZX"), ("AXIS_ANGLE", "QUATERNION", "YXZ")])
def test_key_poses_stay_and_what_is_between_is_the_models(empty_scene, pack, modes):
    armature = key_walk(made_rigs.human(), [1, 21, 41], modes)
    before = joints_at(armature, -4, 46)
    result = api.inbetween(armature, api.InbetweenRequest(feet=False, tolerance=1.0))
    after = joints_at(armature, -4, 46)
    assert [(gap.first, gap.last, gap.why) for gap in result.gaps] == [(2, 20, ""), (22, 40, "")]
    away = np.linalg.norm(after - before, axis=-1).max(axis=1)
    assert away[[5, 25, 45]].max() < 1e-4 and away[:5].max() < 1e-4 and away[46:].max() < 1e-4
    hips = after[15, 0] - (before[5, 0] + before[25, 0]) / 2.0  # halfway the stub lifts the hips by 0.1 m
    assert np.allclose(hips, [0.0, 0.0, 0.1], atol=2e-3)


@pytest.mark.parametrize("modes", [("QUATERNION",), ("XYZ", "ZXY"), ("AXIS_ANGLE",)])
def test_nothing_spins_between_frames(empty_scene, pack, modes):
    armature = key_walk(made_rigs.human(), [1, 21, 41], modes)
    for curve in fcurves(armature.animation_data.action):
        if "rotation_quaternion" in curve.data_path:
            curve.keyframe_points[1].co[1] *= -1.0  # the same rotation, written the other way
            curve.update()
    api.inbetween(armature, api.InbetweenRequest(feet=False))
    last = None
    for frame in np.arange(1.0, 41.01, 0.2):
        now = bones_at(armature, frame)
        for name, bone in now.items() if last else ():
            turned = bone[:3, :3] @ np.linalg.inv(last[name][:3, :3])
            # a whole frame at once where a key has the other sign
            assert np.trace(turned) > 1.0 + 2.0 * np.cos(1.0), (name, frame)
        last = now
