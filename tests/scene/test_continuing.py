# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes that go on from what the rig does, seen in Blender's own evaluation of the rig before and after."""

import bpy
import made_rigs
import numpy as np
import pytest
from made_generator import PACK, stand_in
from made_walk import made_walk

from blender_addon import api
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.resampling import resample
from blender_addon.motion.slices import drain
from blender_addon.scene.continuing import moments_before_in_slices
from blender_addon.scene.rigs import read_rig
from blender_addon.scene.versions import fcurves

GO_ON = {"from_pose": True, "seconds": 2.0, "keys": "every"}


@pytest.fixture
def asked(empty_scene, monkeypatch):
    """The stand-in's model: keeps what it was asked for."""
    return stand_in(monkeypatch)


def bones(armature, frame: int) -> np.ndarray:
    """(B, 3) where the deforming bones begin in the world."""
    posed = made_rigs.posed(armature, frame)
    return np.array([posed.matrix_world @ bone.head for bone in posed.pose.bones])


def keys_of(action) -> list:
    return [(curve.data_path, curve.array_index, [tuple(point.co) for point in curve.keyframe_points])
            for curve in fcurves(action)]


def walking(armature, fps: int = 30):
    """Give it an action of two seconds from frame 1 on, which goes straight ahead; returns it."""
    bpy.context.scene.render.fps = fps
    api.generate_motion(armature, api.MotionRequest(seconds=2.0, keys="every", clean_up=False))
    action = armature.animation_data.action
    action.name = "Before"
    return action


@pytest.mark.parametrize("kind", ["human", "metarig"])
@pytest.mark.parametrize(("fps", "start"), [(30, 40), (24, 30), (30, 61)])
def test_the_first_frame_is_the_rigs_own_and_so_is_its_speed(asked, kind, fps, start):
    armature = getattr(made_rigs, kind)()
    old = walking(armature, fps)
    keys, end = keys_of(old), round(old.frame_range[1])
    before = [bones(armature, frame) for frame in (start - 2, start - 1, start)]
    if start > end:  # Blender holds the last pose; the take goes on from it
        before[2] = 2 * before[1] - before[0]
    result = api.generate_motion(armature, api.MotionRequest(start=start, **GO_ON))
    action = armature.animation_data.action
    assert action != old and old.name == "Before" and keys_of(old) == keys and old.use_fake_user
    assert tuple(action.frame_range) == (start, start + result.frames - 1)
    after = [bones(armature, frame) for frame in (start, start + 1)]
    assert np.abs(after[0] - before[2]).max() < 0.004
    slower = np.linalg.norm((after[1] - after[0]) - (before[2] - before[1]), axis=-1) * fps
    assert slower.max() < 1.2  # metres a second, of a foot in the air
    assert asked.plan.lead is not None and asked.plan.start[1] < -0.5  # where it had walked to


@pytest.mark.parametrize(("kind", "hips"), [("human", "Hips"), ("metarig", "spine")])
@pytest.mark.parametrize(("fps", "start"), [(30, 40), (24, 30)])
def test_nothing_snaps_around_the_join(asked, kind, hips, fps, start):
    """A walk of 1 m/s goes on at 3 m/s: bones are pulled no harder than real ones in 99 of 100 frames."""
    armature = getattr(made_rigs, kind)()
    walking(armature, fps)
    before = [bones(armature, frame) for frame in range(start - 3, start)]
    api.generate_motion(armature, api.MotionRequest(start=start, seed=20, **GO_ON))
    row = np.array(before + [bones(armature, frame) for frame in range(start, start + 8)])
    pulled = np.linalg.norm(np.diff(row, n=2, axis=0), axis=-1) * fps**2
    assert pulled[:, armature.pose.bones.find(hips)].max() < 16.2
    assert pulled.max() < 36.1


def test_a_rig_that_is_only_posed_begins_in_that_pose(asked):
    armature = made_rigs.human()
    armature.location = (2.0, -1.0, 0.0)
    arm = armature.pose.bones["LeftArm"]
    arm.rotation_mode, arm.rotation_quaternion = "QUATERNION", (0.8, 0.0, 0.0, 0.6)
    armature.pose.bones["Hips"].location = (0.3, 0.0, 0.0)
    bpy.context.view_layer.update()
    before = bones(armature, 12)
    api.generate_motion(armature, api.MotionRequest(start=12, **GO_ON))
    assert np.abs(bones(armature, 12) - before).max() < 0.004
    assert np.abs(bones(armature, 13) - before).max() < 0.03  # it was still
    assert np.linalg.norm(bones(armature, 60) - before, axis=-1).min() > 0.5


def test_the_same_with_few_keys_feet_locked_and_travel_of_its_own(asked):
    armature = made_rigs.metarig()
    walking(armature)
    before = bones(armature, 40)
    for more in ({"keys": "sparse", "tolerance": 2.0}, {"root": "own"}):
        armature.animation_data.action = bpy.data.actions["Before"]
        api.generate_motion(armature, api.MotionRequest(**{**GO_ON, "start": 40, **more}))
        assert np.abs(bones(armature, 40) - before).max() < 0.006


def test_on_tracks_the_old_motion_and_the_new_follow_one_another(asked):
    armature = made_rigs.human()
    walking(armature)
    earlier = bones(armature, 20)
    api.generate_motion(armature, api.MotionRequest(start=40, nla=True, **GO_ON))
    assert armature.animation_data.nla_tracks[0].name == "Before"
    assert np.abs(bones(armature, 20) - earlier).max() < 1e-4
    assert np.linalg.norm(bones(armature, 90) - earlier, axis=-1).min() > 0.5


def test_what_is_read_is_what_blender_shows(asked):
    """The clip before the take has its joints where the walk on the stand-in's body had them."""
    armature = made_rigs.human()
    walking(armature)
    clip = drain(moments_before_in_slices(lambda: armature, read_rig(armature), 50))
    assert clip.fps == 30.0 and clip.frames >= 31
    there = joint_positions(resample(made_walk(2.0, speed=1.0), 30.0))[49]
    apart = joint_positions(clip)[-1] - there
    assert np.abs(apart - apart[0]).max() < 0.01


def test_an_object_that_moves_is_where_it_is_now(asked):
    """A take leaves the object alone, so what the object did before counts from its place on the scene's frame."""
    armature = made_rigs.human()
    walking(armature)
    for frame, x in ((1, 0.0), (60, 2.0)):
        armature.location = (x, 0.0, 0.0)
        armature.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(30)
    before = bones(armature, 30)
    api.generate_motion(armature, api.MotionRequest(start=30, **GO_ON))
    assert np.abs(bones(armature, 30) - before).max() < 0.004


def test_what_cannot_be_is_one_clear_line(asked, monkeypatch):
    armature = made_rigs.human()
    with pytest.raises(GalateaError, match="a loop begins with its own end") as error:
        api.generate_motion(armature, api.MotionRequest(loop=True, **GO_ON))
    assert "\n" not in str(error.value)
    generator = {name: value for name, value in PACK.content["generator"].items() if not name.startswith("state_")}
    old = Pack(PACK.folder, PACK.id, PACK.kind, PACK.version, PACK.title, PACK.licence, PACK.data, PACK.graphs,
               PACK.content | {"generator": generator})
    monkeypatch.setattr(api.packs, "pick_pack", lambda kind, pack="", folder="": old)
    with pytest.raises(GalateaError, match="cannot go on from a pose") as error:
        api.generate_motion(armature, api.MotionRequest(**GO_ON))
    assert "\n" not in str(error.value) and len(bpy.data.actions) == 0
