# SPDX-License-Identifier: GPL-3.0-or-later
"""Other keys for actions that are there, judged by where Blender puts joints."""

from dataclasses import replace

import bpy
import made_rigs
import numpy as np
import pytest
from made_tracks import noisy_walk

from blender_addon.errors import ClipError, RigError
from blender_addon.motion.channels import every_frame
from blender_addon.motion.key_reduction import reduce_keys
from blender_addon.motion.requests import KeyOptions
from blender_addon.motion.slices import drain
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene import keys, refitting, versions
from blender_addon.scene.applying import apply_in_slices
from blender_addon.scene.kept_motion import kept_motion
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rig

FRAMES = range(1, 46)


@pytest.fixture
def walking(empty_scene):
    """Galatea's own rig with a walk in few keys, 10 mm off at most, as Galatea makes it; and where its joints should
    be, (T, B, 3)."""
    armature = made_rigs.human()
    rig = read_rig(armature)
    tracks = clip_tracks(armature, rig, fit_to_rig(noisy_walk(seconds=1.5), rig))
    keys.key_takes(armature, [keys.Take("every", every_frame(tracks, 1), start=1, frames=tracks.frames)])
    wanted = joints(armature)
    made = keys.Take("walk", reduce_keys(tracks, 10.0, 1).curves, start=1, frames=tracks.frames, tracks=tracks)
    keys.key_takes(armature, [made])
    return armature, wanted


def joints(armature, frames=FRAMES) -> np.ndarray:
    found = []
    for frame in frames:
        posed = made_rigs.posed(armature, frame)
        found.append([posed.matrix_world @ bone.tail for bone in posed.pose.bones])
    return np.array(found)


def off_mm(armature, wanted, frames=FRAMES) -> float:
    return 1000.0 * float(np.linalg.norm(joints(armature, frames) - wanted, axis=-1).max())


def count(action) -> int:
    return sum(len(curve.keyframe_points) for curve in versions.fcurves(action))


def refit(armature, tolerance):
    return drain(refitting.refit_in_slices(armature, tolerance))


def dump(action) -> list:
    return [(curve.data_path, curve.array_index, [(tuple(p.co), p.type, p.interpolation, tuple(p.handle_left))
                                                  for p in curve.keyframe_points])
            for curve in versions.fcurves(action)]


# --- what Galatea made ------------------------------------------------------------------------------------------------


def test_finer_than_the_keys_that_are_there(walking):
    """The motion is kept with the action: from curves that are 10 mm off nobody could get within 2 mm."""
    armature, wanted = walking
    old = armature.animation_data.action
    before = dump(old)
    assert 4.0 < off_mm(armature, wanted) <= 10.0
    action, figures = refit(armature, 2.0)
    assert armature.animation_data.action is action and action is not old
    assert off_mm(armature, wanted) <= 2.0
    assert figures["key_error_mm"] <= 2.0 and figures["keys"] == count(action) > count(old)
    assert figures["keys_every_frame"] == 91 * 45
    assert (old.name, action.name) == ("walk", "walk 2 mm") and old.use_fake_user and dump(old) == before


def test_again_and_again_without_loss(walking):
    armature, wanted = walking
    for tolerance in (30.0, 8.0, None, 20.0, 1.0):
        action, _ = refit(armature, tolerance)
        assert off_mm(armature, wanted) <= (tolerance or 0.05)
        assert action.name == ("walk every frame" if tolerance is None else f"walk {tolerance:g} mm")
    assert count(action) < 91 * 45


def test_every_frame(walking):
    armature, wanted = walking
    action, figures = refit(armature, None)
    assert count(action) == figures["keys"] == figures["keys_every_frame"] == 91 * 45
    assert off_mm(armature, wanted) < 0.05 and action["galatea_keys"] == "every"
    assert {p.interpolation for curve in versions.fcurves(action) for p in curve.keyframe_points} == {"LINEAR"}


def test_what_a_person_has_edited_since_stays_edited(walking):
    armature, wanted = walking
    for curve in versions.fcurves(armature.animation_data.action):
        if curve.data_path == 'pose.bones["LeftArm"].rotation_quaternion':
            for point in curve.keyframe_points:
                point.co[1] += 0.2
            curve.update()
    edited = joints(armature)
    refit(armature, 1.0)
    now = joints(armature)
    names = [bone.name for bone in armature.pose.bones]
    arm = names.index("LeftArm")
    assert 1000.0 * np.linalg.norm(now[:, arm] - edited[:, arm], axis=1).max() < 11.0  # the trunk has become finer
    assert np.linalg.norm(now[:, arm] - wanted[:, arm], axis=1).max() > 0.02
    rest = [names.index(name) for name in ("Head", "RightHand", "LeftToe", "RightToe")]
    assert 1000.0 * np.linalg.norm(now[:, rest] - wanted[:, rest], axis=-1).max() <= 1.0


@pytest.mark.parametrize("make", [made_rigs.human, made_rigs.from_fbx])
def test_travel_with_curves_of_its_own(empty_scene, make):
    """The object itself travels, in metres whatever the scale of its bones; that way is kept, too."""
    empty_scene.render.fps = 30
    armature, clip = make(), noisy_walk(seconds=1.5)
    rig = read_rig(armature)

    def applied(**options):
        options = KeyOptions(root="own", feet=False, **options)
        return drain(apply_in_slices(lambda: armature, rig, clip, options, "walk", 1))

    every, made = applied(keys="every"), applied(tolerance=10.0)  # both from where it stands now
    keys.key_takes(armature, [every.take])
    wanted = joints(armature)
    action, = keys.key_takes(armature, [made.take])
    assert "location" in {curve.data_path for curve in versions.fcurves(action)}
    assert made.figures["keys"] == count(action)
    assert off_mm(armature, wanted) <= made.figures["key_error_mm"] + 0.01 <= 10.0
    for tolerance in (50.0, 1.0):
        refit(armature, tolerance)
        assert off_mm(armature, wanted) <= tolerance


@pytest.mark.parametrize("edit", ["handle", "interpolation", "key", "mute", "modifier"])
def test_every_kind_of_edit_is_seen(walking, edit):
    armature, _ = walking
    action = armature.animation_data.action
    all_made = {(curve.data_path, curve.array_index) for curve in versions.fcurves(action)}
    assert kept_motion(action)[1] == all_made
    curve = next(c for c in versions.fcurves(action) if c.data_path.endswith('"LeftLeg"].rotation_quaternion'))
    if edit == "handle":
        curve.keyframe_points[2].handle_left[1] += 0.01
    elif edit == "interpolation":
        curve.keyframe_points[2].interpolation = "CONSTANT"
    elif edit == "key":
        curve.keyframe_points.insert(7.5, 0.3)
    elif edit == "mute":
        curve.mute = True
    else:
        curve.modifiers.new("NOISE")
    assert all_made - kept_motion(action)[1] == {(curve.data_path, curve.array_index)}


def test_the_motion_is_still_there_after_saving(walking, tmp_path):
    armature, wanted = walking
    path = str(tmp_path / "walk.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = bpy.data.objects["Galatea Human"]
    action = armature.animation_data.action
    assert len(kept_motion(action)[1]) == len(versions.fcurves(action))
    refit(armature, 1.0)
    assert off_mm(armature, wanted) <= 1.0


def test_a_kept_motion_that_cannot_be_read_is_none(walking):
    armature, _ = walking
    now = joints(armature)
    armature.animation_data.action["galatea_motion"] = b"nonsense"
    refit(armature, 1.0)
    assert off_mm(armature, now) <= 1.0


def test_keys_that_were_moved_in_time_are_taken_as_they_are(walking):
    armature, _ = walking
    now = joints(armature)
    for curve in versions.fcurves(armature.animation_data.action):
        for point in curve.keyframe_points:
            point.co[0] += 20.0
            point.handle_left[0] += 20.0
            point.handle_right[0] += 20.0
        curve.update()
    action, _ = refit(armature, 1.0)
    assert tuple(action.frame_range) == (21.0, 65.0)
    assert off_mm(armature, now, range(21, 66)) <= 1.0


# --- anybody's actions ------------------------------------------------------------------------------------------------


@pytest.fixture
def keyed_by_hand(empty_scene):
    """A meta-rig keyed the way people do it: few keys, Euler angles in part, a limb that goes round twice, scale, a
    custom property, the object itself."""
    armature = made_rigs.metarig()
    bones = armature.pose.bones
    armature.scale = (1.5,) * 3
    bones["spine"]["mood"] = 0.0
    for name, mode in (("upper_arm.L", "ZYX"), ("forearm.L", "XYZ"), ("thigh.L", "AXIS_ANGLE"), ("shin.L", "YZX")):
        bones[name].rotation_mode = mode
    bones["forearm.L"].rotation_euler = (0.0, 0.4, 0.1)
    rng = np.random.default_rng(3)
    for frame in (1, 9, 20, 33, 45):
        bones["spine"].location = rng.uniform(-0.2, 0.2, 3)
        bones["spine"].keyframe_insert("location", frame=frame)
        bones["spine"]["mood"] = float(frame)
        bones["spine"].keyframe_insert('["mood"]', frame=frame)
        for name in ("spine", "spine.001", "thigh.R"):
            bones[name].rotation_quaternion = (1.0, *rng.uniform(-0.5, 0.5, 3))
            bones[name].keyframe_insert("rotation_quaternion", frame=frame)
        bones["upper_arm.L"].rotation_euler = (0.0, 0.0, 4 * np.pi * frame / 45)
        bones["upper_arm.L"].keyframe_insert("rotation_euler", frame=frame)
        bones["forearm.L"].rotation_euler[0] = rng.uniform(0.0, 2.5)
        bones["forearm.L"].keyframe_insert("rotation_euler", index=0, frame=frame)
        bones["shin.L"].rotation_euler[2] = rng.uniform(-2.5, 2.5)
        bones["shin.L"].keyframe_insert("rotation_euler", index=2, frame=frame)
        bones["thigh.L"].rotation_axis_angle = (rng.uniform(0.0, 2.0), 1.0, 0.3, 0.2)
        bones["thigh.L"].keyframe_insert("rotation_axis_angle", frame=frame)
        bones["hand.R"].scale = (1.0 + frame / 90,) * 3
        bones["hand.R"].keyframe_insert("scale", frame=frame)
        armature.location = (frame / 10, 0.0, 0.0)
        armature.keyframe_insert("location", frame=frame)
        armature.rotation_euler[2] = frame / 20
        armature.keyframe_insert("rotation_euler", index=2, frame=frame)
    return armature


@pytest.mark.parametrize("tolerance", [2.0, 20.0, None])
def test_any_action_does_what_it_did(keyed_by_hand, tolerance):
    armature = keyed_by_hand
    wanted = joints(armature)
    _, figures = refit(armature, tolerance)
    assert off_mm(armature, wanted) <= (tolerance or 0.05)
    assert figures["keys"] <= figures["keys_every_frame"]
    refit(armature, tolerance)
    assert off_mm(armature, wanted) <= 1.3 * (tolerance or 0.05)  # the object's own way is kept in no other form


def test_what_moves_no_bone_is_copied_as_it_is(keyed_by_hand):
    armature = keyed_by_hand
    old = armature.animation_data.action
    arm = 'pose.bones["upper_arm.L"].rotation_euler'
    for curve in versions.fcurves(old):
        if curve.data_path == arm and curve.array_index == 1:
            curve.mute = True
        if curve.data_path == 'pose.bones["spine"].location' and curve.array_index == 2:
            curve.modifiers.new("NOISE").strength = 0.1
        if curve.data_path == 'pose.bones["spine.001"].rotation_quaternion' and curve.array_index == 0:
            curve.lock = True
    wanted = joints(armature)
    before = {line[:2]: line for line in dump(old)}
    groups = {(c.data_path, c.array_index): c.group and c.group.name for c in versions.fcurves(old)}
    action, _ = refit(armature, 2.0)
    after = {line[:2]: line for line in dump(action)}
    same = {place for place in before if before[place] == after[place]}
    assert after.keys() == before.keys()
    assert {place for place in same if not place[0].endswith("scale")} >= {
        ('pose.bones["spine"]["mood"]', 0), (arm, 1), ('pose.bones["spine"].location', 2), ("rotation_euler", 2),
        *(('pose.bones["spine.001"].rotation_quaternion', index) for index in range(4))}
    assert ('pose.bones["hand.R"].scale', 1) in same and len(same) < len(before) - 10
    assert off_mm(armature, wanted) <= 2.0
    assert {(c.data_path, c.array_index): c.group and c.group.name for c in versions.fcurves(action)} == groups


def test_channels_in_a_mode_that_is_not_in_use_are_copied(empty_scene):
    armature = made_rigs.human()
    arm = armature.pose.bones["LeftArm"]
    arm.rotation_mode = "XYZ"
    for frame in (1, 10, 20):
        arm.rotation_euler[0] = frame / 10
        arm.keyframe_insert("rotation_euler", frame=frame)
        armature.pose.bones["Head"].keyframe_insert("rotation_quaternion", frame=frame)
    arm.rotation_mode = "QUATERNION"
    before = {line[:2]: line for line in dump(armature.animation_data.action)}
    action, _ = refit(armature, None)
    assert {line[:2]: line for line in dump(action)}['pose.bones["LeftArm"].rotation_euler', 0] == before[
        'pose.bones["LeftArm"].rotation_euler', 0]


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="slots came in 4.4")
def test_another_slot_of_the_action_is_left_alone(walking):
    armature, wanted = walking
    action = armature.animation_data.action
    other = action.slots.new("OBJECT", "Other")
    for index in range(3):
        curve = versions.new_fcurve_in_slot(action, other.identifier, "location", index, "Object Transforms")
        curve.keyframe_points.insert(1.0, 7.0)
    versions.new_fcurve_in_slot(action, other.identifier, 'pose.bones["Head"].location', 0, "Head")
    made, _ = refit(armature, 3.0)
    assert armature.animation_data.action_slot.identifier == action.slots[0].identifier
    assert off_mm(armature, wanted) <= 3.0
    found = [curve for slot, curve in versions.slotted_fcurves(made) if slot == other.identifier]
    assert len(found) == 4 and [point.co[1] for point in found[0].keyframe_points] == [7.0]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_one_line_where_there_is_nothing_to_fit(empty_scene):
    armature = made_rigs.human()
    with pytest.raises(ClipError, match="has no action"):
        refit(armature, 2.0)
    armature.pose.bones["Head"].keyframe_insert("scale", frame=1)
    with pytest.raises(ClipError, match="moves no bone"):
        refit(armature, 2.0)
    assert len(bpy.data.actions) == 1


def test_not_in_tweak_mode(walking):
    armature, _ = walking
    animation = armature.animation_data
    action, animation.action = animation.action, None
    track = animation.nla_tracks.new()
    track.strips.new("strip", 1, action)
    track.select = True
    animation.nla_tracks.active = track
    animation.use_tweak_mode = True
    with pytest.raises(RigError, match="tweak mode"):
        refit(armature, 2.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.85, 0.95])
def test_broken_off_nothing_is_left_of_it(walking, share):
    armature, _ = walking
    before = [action.name for action in bpy.data.actions], versions.Binding.of(armature)
    slices = refitting.refit_in_slices(armature, 2.0)
    shares = [0.0]
    while shares[-1] < share:
        shares.append(next(slices))
    slices.close()
    assert ([action.name for action in bpy.data.actions], versions.Binding.of(armature)) == before
    assert shares == sorted(shares)


def test_a_rig_that_is_deleted_meanwhile(walking):
    armature, _ = walking
    slices = refitting.refit_in_slices(armature, 2.0)
    next(slices)
    bpy.data.objects.remove(armature)
    with pytest.raises(Exception, match="deleted"):
        drain(slices)


def test_what_is_kept_is_small(empty_scene):
    armature = made_rigs.human()
    rig = read_rig(armature)
    tracks = clip_tracks(armature, rig, fit_to_rig(replace(noisy_walk(seconds=8.0), fps=30.0), rig))
    action, = keys.key_takes(armature, [keys.Take("w", reduce_keys(tracks, 2.0, 1).curves, start=1, frames=240,
                                                  tracks=tracks)])
    assert len(action["galatea_motion"]) + len(action["galatea_motion_keys"]) < 100_000
