# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys in the scene: no key of a person changes by a bit, poses stay where they were keyed, gaps move.

GALATEA_FILLS says how many random rigs are filled; `python tests/made_fills.py` counts 300 fillings that were done.
"""

import json
import os

import bpy
import made_controls
import made_fills
import made_keys
import made_rigs
import numpy as np
import pytest
from made_inbetweener import write_inbetweener
from made_walk import made_walk
from mathutils import Quaternion

from blender_addon import api, cli
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.motion.channels import rotation_property
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.rotations import quat_continuous
from blender_addon.motion.skeleton import INDEX
from blender_addon.rig.retargeting import fit_to_rig
from blender_addon.scene import filling
from blender_addon.scene.posing import clip_tracks
from blender_addon.scene.rigs import read_rig
from blender_addon.scene.versions import fcurves, select_bone

FILLS = int(os.environ.get("GALATEA_FILLS", "4"))


@pytest.fixture(scope="session")
def made_pack(tmp_path_factory):
    return read_pack(write_inbetweener(tmp_path_factory.mktemp("pack") / "made-inbetweener"))


@pytest.fixture
def pack(made_pack):
    """The only pack there is."""
    with made_fills.only_pack(made_pack):
        yield made_pack


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
    count = made_fills.Count()
    made_fills.try_fillings(seed, count)
    assert not count.differing and count.keys > 100 and count.operations + count.unfilled + count.refused.total() > 0
    assert count.moved < 1e-4


def test_what_compares_the_keys_sees_the_least_change(empty_scene, pack, monkeypatch):
    """One handle of one key moved by a float's last bit while it is filled."""
    put = filling._put

    def put_and_nudge(action, *others):
        put(action, *others)
        curve = next(curve for curve in fcurves(action) if "rotation" in curve.data_path and not curve.lock)
        curve.keyframe_points[0].handle_left[1] = np.nextafter(np.float32(curve.keyframe_points[0].handle_left[1]),
                                                               np.float32(100.0))

    monkeypatch.setattr(filling, "_put", put_and_nudge)
    count = made_fills.Count()
    made_fills.try_fillings(0, count)
    assert count.operations and {place[2].rpartition(".")[2][:8] for _, place, _ in count.differing} == {"rotation"}


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


# --- what is filled, and what is left -------------------------------------------------------------------------------


def test_bones_keyed_apart_move_apart(keyed):
    """A key on the arm alone, halfway: the arm is met there, all else is filled across it."""
    action, arm = keyed.animation_data.action, keyed.pose.bones["LeftArm"]
    arm.rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    arm.keyframe_insert("rotation_quaternion", frame=11)
    there = np.linalg.inv(bones_at(keyed, 11)["LeftShoulder"]) @ bones_at(keyed, 11)["LeftArm"]
    authored = made_keys.all_keys()
    result = api.inbetween(keyed, api.InbetweenRequest(feet=False))
    assert [(gap.first, gap.last) for gap in result.gaps] == [(2, 20), (22, 40)] and made_keys.all_keys() == authored
    now = bones_at(keyed, 11)
    assert np.allclose(np.linalg.inv(now["LeftShoulder"]) @ now["LeftArm"], there, atol=1e-4)
    frames = {key.co[0] for curve in fcurves(action) if '"LeftArm"' in curve.data_path for key in curve.keyframe_points
              if key.type == "GENERATED"}
    assert {2.0, 10.0, 12.0, 20.0} <= frames and 11.0 not in frames


def test_only_some_frames_and_only_selected_bones(keyed):
    for bone in keyed.pose.bones:
        select_bone(bone, bone.name == "RightArm")
    result = api.inbetween(keyed, api.InbetweenRequest(first=15, last=45, selected_bones=True, keys="every"))
    assert [(gap.first, gap.last) for gap in result.gaps] == [(22, 40)]
    made = made_keys.all_keys(generated=True)
    assert {path for _, _, path, _ in made} == {'pose.bones["RightArm"].rotation_quaternion'}
    assert {row[0][0] for rows in made.values() for row in rows} == set(range(22, 41))
    assert result.keys == 4 * 19 == result.figures["keys_every_frame"]


@pytest.fixture
def speeds_seen(monkeypatch):
    """{frame: speed} of the keys for which filling is told one, as it is told."""
    seen = {}
    fill_slices = filling.fill_slices

    def and_keep(session, pack, clip, keyed, seed, speeds, doubtful, **more):
        seen.update(speeds)
        return fill_slices(session, pack, clip, keyed, seed, speeds, doubtful, **more)

    monkeypatch.setattr(filling, "fill_slices", and_keep)
    return seen


@pytest.mark.parametrize(("wish", "known"), [({}, []), ({"first": 21, "last": 41}, [0, 20]), ({"last": 41}, [40])])
def test_keys_beside_the_range_say_how_fast_the_body_goes_at_its_ends(empty_scene, pack, speeds_seen, wish, known):
    armature = key_walk(made_rigs.human(), [1, 20, 21, 41, 42])
    authored = made_keys.all_keys()
    api.inbetween(armature, api.InbetweenRequest(feet=False, **wish))
    assert sorted(speeds_seen) == known and made_keys.all_keys() == authored
    walk = made_walk(seconds=2.0)
    for frame, (_, going) in speeds_seen.items():
        at = wish.get("first", 1) - 1 + frame  # of the walk, counted from 0; the key beside it is before the first
        step = walk.positions[at + (frame > 0)] - walk.positions[at - (frame == 0)]
        assert np.allclose(going, step * bpy.context.scene.render.fps, atol=0.05)


@pytest.mark.parametrize("stepped", [False, True])
def test_a_range_is_entered_and_left_as_fast_as_the_curves_around_it_go(empty_scene, pack, speeds_seen, stepped):
    """Curves around it that step from pose to pose say nothing of speed."""
    armature = key_walk(made_rigs.human(), [1, 16, 31, 46])
    if stepped:
        for curve in fcurves(armature.animation_data.action):
            for point in curve.keyframe_points:
                point.interpolation = "CONSTANT"
    api.inbetween(armature, api.InbetweenRequest(first=16, last=31, feet=False, keys="every"))
    assert sorted(speeds_seen) == ([] if stepped else [0, 15])
    if not stepped:
        corners = np.linalg.norm(np.diff(joints_at(armature, 1, 46), 2, axis=0), axis=-1).max(axis=1)
        at = np.array([16, 31]) - 2
        assert corners[at].max() < 1.2 * corners[[each + side for each in at for side in (-2, 2)]].max()


def test_filled_again_it_is_the_same_and_elsewhere_generated_keys_stay(keyed):
    api.inbetween(keyed, api.InbetweenRequest(seed=3))
    once = made_keys.all_keys(generated=True)
    api.inbetween(keyed, api.InbetweenRequest(seed=3))
    assert made_keys.all_keys(generated=True) == once
    api.inbetween(keyed, api.InbetweenRequest(first=1, last=21, seed=4))
    again = made_keys.all_keys(generated=True)
    for place, rows in once.items():
        assert [row for row in rows if row[0][0] > 21] == [row for row in again[place] if row[0][0] > 21]
    assert again != once


@pytest.mark.parametrize("ends", [{"first": 1, "last": 21}, {"first": 21, "last": 41}])
def test_a_gap_filled_alone_goes_on_as_the_other_was_filled(keyed, ends):
    """The stub's bump is steepest beside the keys, so that two of them make a corner there."""
    api.inbetween(keyed, api.InbetweenRequest(feet=False, keys="every"))
    api.inbetween(keyed, api.InbetweenRequest(feet=False, keys="every", **ends))
    steps = np.diff(joints_at(keyed, 17, 25)[:, 0], axis=0)
    corners = np.linalg.norm(np.diff(steps, axis=0), axis=-1)
    assert corners[3] < 1.5 * np.delete(corners, 3).max()


def test_few_keys_pass_a_key_of_one_bone_as_evenly_as_a_key_on_every_frame_does(empty_scene, tmp_path):
    """At 60 frames a second, a sixth of a second apart, a millimetre on the next frame is six centimetres a second."""
    armature, lone = made_rigs.human(), np.arange(11, 61, 10)
    calm = read_pack(write_inbetweener(tmp_path / "calm", turn=0.05, shift=0.01))
    bpy.context.scene.render.fps = 60
    for bone in armature.pose.bones:
        for frame in [1, *lone, 61] if bone.name == "LeftArm" else [1, 61]:
            swung = 0.5 * np.sin(np.pi * frame / 30.0) if bone.name == "LeftArm" else 0.2 * (frame > 1)
            bone.rotation_quaternion = Quaternion((0.0, 0.0, 1.0), swung)
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    broken = {}
    for keys in ("every", "sparse"):
        with made_fills.only_pack(calm):
            api.inbetween(armature, api.InbetweenRequest(feet=False, keys=keys, tolerance=6.0))
        turned = quat_continuous(api.read_motion(armature, 1, 61).rotations[:, INDEX["LeftArm"]])
        broken[keys] = 120.0 * np.linalg.norm(np.diff(turned, 2, axis=0), axis=-1)[lone - 2]  # radians a second
    assert np.abs(broken["sparse"] - broken["every"]).max() < 0.1, broken


def test_variants_are_copies_and_the_action_is_kept(keyed):
    action = keyed.animation_data.action
    authored = made_keys.all_keys()
    result = api.inbetween(keyed, api.InbetweenRequest(variants=3))
    assert made_keys.all_keys().items() >= authored.items() and action.use_fake_user
    assert keyed.animation_data.action.name == result.actions[0] and result.seeds == (0, 1, 2)
    made = made_keys.all_keys(generated=True)
    assert action.name not in {name for name, *_ in made}
    takes = [{place[1:]: rows for place, rows in made.items() if place[0] == name} for name in result.actions]
    assert takes[0] != takes[1] != takes[2]
    assert all(bpy.data.actions[name].use_fake_user for name in result.actions[1:])


def test_variants_have_figures_of_their_own_and_alike_ones_are_named(empty_scene, tmp_path):
    armature = key_walk(made_rigs.human(), [1, 21, 41])
    with made_fills.only_pack(read_pack(write_inbetweener(tmp_path / "lively", per_latent=1.0))):
        result = api.inbetween(armature, api.InbetweenRequest(variants=3, feet=False, keys="every"))
    poses = []
    for name in result.actions:
        armature.animation_data.action = bpy.data.actions[name]
        poses.append(joints_at(armature, 1, 41)[np.r_[1:20, 21:40]])
    apart = [100.0 * np.linalg.norm(each - poses[0], axis=-1).mean() for each in poses]
    assert "apart_cm" not in result.each[0] and result.figures == result.each[0]
    assert [each["apart_cm"] for each in result.each[1:]] == pytest.approx(apart[1:], rel=0.05)
    made = made_keys.all_keys(generated=True)
    assert [each["keys"] for each in result.each] == [
        sum(len(rows) for (action, *_), rows in made.items() if action == name) for name in result.actions]
    with made_fills.only_pack(read_pack(write_inbetweener(tmp_path / "dull", per_latent=0.001))):
        alike = api.inbetween(key_walk(made_rigs.human(), [1, 21]), api.InbetweenRequest(variants=2))
    assert [note for note in alike.notes if note.startswith("variants 1 and 2 hardly differ")]
    assert not [note for note in result.notes if "hardly differ" in note]


def test_baked_motion_has_no_gap_and_that_is_said(empty_scene, pack):
    armature = key_walk(made_rigs.human(), range(1, 31))
    with pytest.raises(GalateaError, match=r"frames 1 to 30 are keyed on every frame.*delete the keys between"):
        api.inbetween(armature)


def test_feet_that_stand_at_both_ends_stand_between(empty_scene, pack):
    armature = key_walk(made_rigs.human(), [1, 21])
    for frame in (1, 21):  # the same pose twice but for the arms: feet are where they were
        for bone in armature.pose.bones:
            bone.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
            bone.location = (0.0, 0.0, 0.0)
            bone.keyframe_insert("rotation_quaternion", frame=frame)
            if bone.name == "Hips":
                bone.keyframe_insert("location", frame=frame)
    slid = {}
    for feet in (False, True):
        api.inbetween(armature, api.InbetweenRequest(feet=feet, tolerance=1.0))
        joints = joints_at(armature, 1, 21)
        feet_there = joints[:, [INDEX["LeftFoot"], INDEX["RightFoot"]]]
        slid[feet] = np.linalg.norm(feet_there - feet_there[:1], axis=-1).max()
    assert slid[False] > 0.05 and slid[True] < 0.01


def test_feet_of_legs_that_a_solver_stretches_are_where_they_were_meant(empty_scene, pack, monkeypatch):
    """As Rigify's are: what their bones' directions alone tell of the foot is centimetres off."""
    armature = made_controls.robot()
    for side in ("Left", "Right"):
        for bone in ("UpLeg", "Leg"):
            armature.pose.bones[side + bone].ik_stretch = 0.2
    poles = [f"{side}Pole" for side in ("Left", "Right")]
    for frame, low, foot in ((1, -0.1, 0.0), (21, -0.3, 0.1), (41, -0.2, 0.05)):
        armature.pose.bones["Hips"].location = (0.0, low, 0.0)
        armature.pose.bones["LeftFoot"].location = (foot, 0.0, 0.0)
        for name in ("Hips", "LeftFoot", "RightFoot", *poles):
            armature.pose.bones[name].keyframe_insert("location", frame=frame)
            armature.pose.bones[name].keyframe_insert("rotation_quaternion", frame=frame)
    meant = {}

    def and_keep(target, rig, clip, *others):
        meant["clip"] = clip
        return clip_tracks(target, rig, clip, *others)

    monkeypatch.setattr(filling, "clip_tracks", and_keep)
    api.inbetween(armature, api.InbetweenRequest(feet=False, keys="every"))
    rig, wanted = read_rig(armature), joint_positions(meant["clip"])
    stretched = []
    for frame in range(1, 42):
        bones = made_rigs.posed(armature, frame).pose.bones
        for side in ("Left", "Right"):
            there = rig.to_canonical(np.array(bones[f"{side}Foot"].head))
            assert np.linalg.norm(there - wanted[frame - 1, INDEX[f"{side}Foot"]]) < 1e-3, (frame, side)
            stretched.append(bones[f"{side}Leg"].length / armature.data.bones[f"{side}Leg"].length)
    assert np.ptp(stretched) > 0.01 or max(np.abs(np.array(stretched) - 1.0)) > 0.01


def test_a_gap_too_long_stays_and_says_so(empty_scene, pack):
    armature = key_walk(made_rigs.human(), [1, 21])
    for curve in fcurves(armature.animation_data.action):
        curve.keyframe_points.insert(300, curve.keyframe_points[0].co[1])
    result = api.inbetween(armature)
    assert [gap.why for gap in result.gaps] == ["", "longer than 4 seconds"]
    assert {row[0][0] for rows in made_keys.all_keys(generated=True).values() for row in rows} <= set(range(2, 21))


@pytest.mark.parametrize("how", ["lock", "mute", "modifier", "driver"])
def test_what_is_not_to_be_touched_is_left_and_named(keyed, how):
    path = 'pose.bones["RightArm"].rotation_quaternion'
    curve = next(curve for curve in fcurves(keyed.animation_data.action) if curve.data_path == path)
    if how == "modifier":
        curve.modifiers.new("NOISE")
    elif how == "driver":
        keyed.pose.bones["RightArm"].driver_add("rotation_quaternion", 1)
    else:
        setattr(curve, how, True)
    result = api.inbetween(keyed)
    assert path not in {place[2] for place in made_keys.all_keys(generated=True)}
    assert [note for note in result.notes if note.startswith("RightArm")]


def test_a_full_turn_stays_a_full_turn(empty_scene, pack):
    armature = key_walk(made_rigs.human(), [1, 21], ("XYZ",))
    curve = next(curve for curve in fcurves(armature.animation_data.action)
                 if curve.data_path == 'pose.bones["Head"].rotation_euler' and curve.array_index == 1)
    curve.keyframe_points[1].co[1] += 2.0 * np.pi
    curve.update()
    result = api.inbetween(armature)
    assert any("Head turns further" in note for note in result.notes)
    assert not any('"Head"' in place[2] for place in made_keys.all_keys(generated=True))


# --- taking it back -------------------------------------------------------------------------------------------------


def test_generated_keys_go_alone(keyed):
    authored = made_keys.all_keys()
    count = api.inbetween(keyed).keys
    assert api.remove_generated(keyed, 1, 21) + api.remove_generated(keyed) == count
    assert made_keys.all_keys() == authored and not made_keys.all_keys(generated=True)
    with pytest.raises(GalateaError, match="no generated keys"):
        api.remove_generated(keyed)


def test_an_action_of_nothing_else_is_not_emptied_unless_forced(keyed):
    for curve in fcurves(keyed.animation_data.action):
        for key in curve.keyframe_points:
            key.type = "GENERATED"
    with pytest.raises(GalateaError, match="generated keys alone"):
        api.remove_generated(keyed)
    api.remove_generated(keyed, force=True)
    assert not fcurves(keyed.animation_data.action)


# --- when it cannot be done -----------------------------------------------------------------------------------------


def test_an_error_while_writing_leaves_everything_as_it_was(keyed, monkeypatch):
    from blender_addon.scene import key_table

    api.inbetween(keyed, api.InbetweenRequest(seed=1))
    before, made = made_keys.all_keys(), made_keys.all_keys(generated=True)
    about = dict(keyed.animation_data.action)
    put, calls = key_table.Keys.put, []

    def fail_once(keys, curve):
        put(keys, curve)
        calls.append(curve)
        if len(calls) == 120:
            raise RuntimeError("in the middle of it")

    monkeypatch.setattr(key_table.Keys, "put", fail_once)
    with pytest.raises(RuntimeError, match="in the middle"):
        api.inbetween(keyed, api.InbetweenRequest(seed=2))
    assert made_keys.all_keys() == before and made_keys.all_keys(generated=True) == made
    assert dict(keyed.animation_data.action) == about


@pytest.mark.parametrize(("change", "line"), [
    (lambda armature: armature.animation_data_clear(), "has no action"),
    (lambda armature: setattr(armature.animation_data, "action_influence", 0.5), ""),
    (lambda armature: [select_bone(bone, False) for bone in armature.pose.bones], "selected"),
])
def test_what_cannot_be_done_is_one_line(keyed, change, line):
    change(keyed)
    before = made_keys.all_keys(), made_keys.all_keys(generated=True)
    try:
        api.inbetween(keyed, api.InbetweenRequest(selected_bones=True))
        assert line == ""
    except GalateaError as error:
        assert line in str(error) and "\n" not in str(error)
        assert (made_keys.all_keys(), made_keys.all_keys(generated=True)) == before


def test_one_pose_is_not_enough(empty_scene, pack):
    armature = key_walk(made_rigs.human(), [7])
    with pytest.raises(GalateaError, match="one key pose"):
        api.inbetween(armature)


# --- from file to file ----------------------------------------------------------------------------------------------


def test_on_the_command_line(keyed, tmp_path, capsys):
    rig, out, told = (str(tmp_path / name) for name in ("rig.blend", "filled.blend", "told.json"))
    authored, keyed_action = made_keys.all_keys(), keyed.animation_data.action.name
    bpy.ops.wm.save_as_mainfile(filepath=rig)
    assert cli.main(["inbetween", "--rig", rig, "--frames", "1-30", "--out", out, "--json", told]) == 0
    assert "1 of 1 gaps" in capsys.readouterr().out
    result = json.loads((tmp_path / "told.json").read_text())
    assert result["pack"] == "made-inbetweener" and result["gaps"] == [{"first": 2, "last": 20, "why": ""}]
    bpy.ops.wm.open_mainfile(filepath=out)
    assert made_keys.all_keys() == authored
    assert sum(map(len, made_keys.all_keys(generated=True).values())) == result["keys"]
    again = str(tmp_path / "again.blend")
    assert cli.main(["inbetween", "--rig", out, "--remove-generated", "--out", again]) == 0
    assert f"generated keys from {keyed_action}; all others" in capsys.readouterr().out
    bpy.ops.wm.open_mainfile(filepath=again)
    assert made_keys.all_keys() == authored and not made_keys.all_keys(generated=True)
    assert cli.main(["inbetween", "--rig", rig, "--frames", "9-9", "--out", out]) == 1
    assert "nothing lies between" in capsys.readouterr().err


def test_variants_on_the_command_line_are_takes_too_and_each_has_its_line(keyed, tmp_path, capsys):
    rig, out, again, told = (str(tmp_path / name) for name in ("rig.blend", "filled.blend", "again.blend", "told.json"))
    bpy.ops.wm.save_as_mainfile(filepath=rig)
    assert cli.main(["inbetween", "--rig", rig, "--takes", "3", "--out", out]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [f"Galatea HumanAction variant {number}" for number in (1, 2, 3)]
    for seed, name in enumerate(names):
        line = next(line for line in lines if line.startswith(name)).removeprefix(name).split()
        assert line[0] == str(seed) and int(line[1].replace(",", "")) > 100 and (len(line) == 4) == (seed > 0)
    assert cli.main(["inbetween", "--rig", out, "--remove-generated", "--out", again, "--json", told]) == 0
    said = capsys.readouterr().out
    assert f"generated keys from {names[0]};" in said and f"left       {names[1]}, {names[2]}: " in said
    assert json.loads((tmp_path / "told.json").read_text())["others"] == names[1:]
