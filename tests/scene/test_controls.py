# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs whose bones follow others or reach for targets: keys go where they work, or it is said."""

import bpy
import made_controls as made
import made_rigs
import numpy as np
import pytest
from made_walk import made_chaos, made_walk

from blender_addon.errors import RigError
from blender_addon.motion.rotations import matrix_from_quat
from blender_addon.scene.controls import read_controls

LEGS = tuple(side + part for side in made.SIDES for part in ("UpLeg", "Leg"))


def _keyed(tracks, what):
    return {track.bone for track in tracks.bones if getattr(track, what) is not None}


# --- legs and arms that reach for something -------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [made_walk, made.made_kick], ids=lambda clip: clip.__name__)
def test_feet_that_legs_reach_for_get_the_keys(empty_scene, clip):
    armature = made.robot()
    tracks, fitted, rig = made.tracks_of(armature, clip())
    assert _keyed(tracks, "location") == {"Hips", "LeftFoot", "RightFoot", "LeftPole", "RightPole"}
    assert not _keyed(tracks, "rotation") & {"LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg"}
    assert any("LeftUpLeg and LeftLeg reach for LeftFoot" in note for note in tracks.notes)
    found = made.errors(armature, tracks, fitted, rig)
    direction, rotation, place = made.worst(found)
    assert direction < 0.5 and rotation < 3.0 and place < 0.2


@pytest.mark.parametrize("by", ["hand", "action"])
def test_solvers_start_from_rest_whatever_was_posed_before(empty_scene, by):
    armature = made.robot()
    thigh = armature.pose.bones["LeftUpLeg"]
    thigh.rotation_mode = "XYZ"
    if by == "action":
        thigh.keyframe_insert("rotation_euler", frame=1)
        armature.animation_data.action = None
    thigh.rotation_euler = (0.3, 1.0, 0.2) if by == "hand" else (0.0, 0.0, 0.0)
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert {extra.path: extra.values.tolist() for extra in tracks.extras} == {
        'pose.bones["LeftUpLeg"].rotation_euler': [0.0, 0.0, 0.0]}
    direction, rotation, _ = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 0.5 and rotation < 3.0


def test_a_solver_with_a_memory_is_refused_in_one_line(empty_scene):
    armature = made.robot()
    armature.pose.ik_solver = "ITASC"
    with pytest.raises(RigError, match=r"LeftLeg is moved by the solver iTaSC.*choose the standard solver"):
        made.tracks_of(armature, made_walk())


@pytest.mark.parametrize("arms", [False, True])
@pytest.mark.parametrize("pole", [False, True])
def test_targets_of_their_own_carry_feet_and_hands(empty_scene, pole, arms):
    armature = made.with_targets(pole, arms)
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    ends = {f"{side}{end}IK" for side in made.SIDES for end in (("Foot", "Hand") if arms else ("Foot",))}
    assert ends <= _keyed(tracks, "location") & _keyed(tracks, "rotation")
    assert "LeftFoot" not in _keyed(tracks, "rotation")
    # without a pole the solver starts from the bones' own keys and has nothing left to do
    assert ("LeftLeg" in _keyed(tracks, "rotation")) == (not pole)
    direction, _, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 1.0 and place < 0.3


@pytest.mark.parametrize("clip", [made_walk, made.made_kick], ids=lambda clip: clip.__name__)
def test_legs_without_poles_and_with_limits(empty_scene, clip):
    tracks, fitted, rig = made.tracks_of(made.mmd(), clip())
    assert _keyed(tracks, "location") == {"Hips", "LeftLegIK", "LeftToeIK", "RightLegIK", "RightToeIK"}
    assert tracks.extras == ()
    assert made.worst(made.errors(bpy.data.objects[rig.armature], tracks, fitted, rig))[0] < 2.0


def test_only_the_solver_that_is_in_the_way_is_switched_off(empty_scene):
    """Knees that bend the wrong way only; the feet's solvers do what they should once the legs are right."""
    tracks, fitted, rig = made.tracks_of(made.mmd(-3.1, 0.0), made.made_kick())
    assert {extra.path for extra in tracks.extras} == {
        f'pose.bones["{side}Leg"].constraints["IK"].influence' for side in made.SIDES}
    assert any("'IK' of RightLeg is off while this action plays: with it they are" in note for note in tracks.notes)
    assert made.worst(made.errors(bpy.data.objects[rig.armature], tracks, fitted, rig))[0] < 0.05


def test_empties_in_the_scene_get_keys_of_their_own(empty_scene):
    armature = made.with_objects()
    armature.location, armature.rotation_euler, armature.scale = (2, 1, 0.5), (0, 0, 0.7), (1.3,) * 3
    bpy.context.view_layer.update()
    for empty in [ob for ob in bpy.data.objects if ob.type == "EMPTY"]:
        empty.matrix_world = armature.matrix_world @ empty.matrix_world
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert {(extra.owner, extra.path) for extra in tracks.extras} == {
        (f"{side} {what}", "location") for side in made.SIDES for what in ("Target", "Pole")}
    direction, _, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 0.5 and place < 0.2


@pytest.mark.parametrize("make", [made.robot, made.with_targets], ids=lambda make: make.__name__)
def test_fk_switches_solvers_off_for_the_action(empty_scene, make):
    armature = make()
    tracks, fitted, rig = made.tracks_of(armature, made_walk(), "fk")
    paths = {extra.path: extra.values.tolist() for extra in tracks.extras}
    assert paths == {f'pose.bones["{side}Leg"].constraints["IK"].influence': [0.0] for side in made.SIDES}
    assert {"LeftUpLeg", "LeftLeg"} <= _keyed(tracks, "rotation")
    direction, rotation, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 0.05 and rotation < 0.2 and place < 0.05


@pytest.mark.parametrize("wish", ["auto", "fk", "ik"])
@pytest.mark.parametrize("now", [0.0, 1.0])
def test_limbs_with_fk_and_ik_are_switched_by_their_property(empty_scene, now, wish):
    armature = made.switched()
    armature.pose.bones["root"]["leg_ik"] = now
    armature.update_tag()
    bpy.context.view_layer.update()
    tracks, fitted, rig = made.tracks_of(armature, made_walk(), wish)
    by_solver = wish == "ik" or (wish == "auto" and now)
    kept = {extra.path: extra.values.tolist() for extra in tracks.extras}
    assert kept == ({} if by_solver == now else {'pose.bones["root"]["leg_ik"]': [float(by_solver)]})
    keyed = {track.bone for track in tracks.bones}
    assert ("LeftFootIK" in keyed and "LeftLegPole" in keyed) == by_solver or not by_solver
    assert ("FK-LeftLeg" in keyed) == (not by_solver) and "LeftLeg" not in keyed
    direction, _, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 0.5 and place < 0.3


@pytest.mark.parametrize("wish", ["auto", "fk"])
def test_a_driven_solver_is_switched_by_what_drives_it(empty_scene, wish):
    armature = made.with_targets()
    armature.pose.bones["root"]["legs"] = 1
    for side in made.SIDES:
        driver = armature.pose.bones[f"{side}Leg"].constraints["IK"].driver_add("influence").driver
        driver.type = "SUM"
        variable = driver.variables.new()
        variable.targets[0].id = armature
        variable.targets[0].data_path = 'pose.bones["root"]["legs"]'
    bpy.context.view_layer.update()
    tracks, fitted, rig = made.tracks_of(armature, made_walk(), wish)
    assert {extra.path for extra in tracks.extras} == ({'pose.bones["root"]["legs"]'} if wish == "fk" else set())
    assert made.worst(made.errors(armature, tracks, fitted, rig))[0] < 0.5


def test_a_solver_that_nothing_switches_is_refused_where_fk_is_wished(empty_scene):
    armature = made.with_targets()
    armature.pose.bones["LeftLeg"].constraints["IK"].driver_add("influence").driver.expression = "1.0"
    bpy.context.view_layer.update()
    with pytest.raises(RigError, match="LeftLeg follows the constraint 'IK', which a driver switches on; mute"):
        made.tracks_of(armature, made_walk(), "fk")
    armature.pose.bones["LeftLeg"].constraints["IK"].pole_subtarget = "root"  # no pose has its pole there
    tracks, *_ = made.tracks_of(armature, made_walk(), "auto")
    assert not any(extra.path.startswith('pose.bones["LeftLeg"].constraints') for extra in tracks.extras)


def test_a_solver_that_cannot_do_it_is_switched_off(empty_scene):
    """The target hangs from another armature's bone, which takes no keys here."""
    armature = made.human_on_root()
    other = made_rigs.human()
    ik = armature.pose.bones["LeftLeg"].constraints.new("IK")
    ik.target, ik.subtarget, ik.chain_count = other, "LeftFoot", 2
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert [extra.path for extra in tracks.extras] == ['pose.bones["LeftLeg"].constraints["IK"].influence']
    assert any("'IK' of LeftLeg is off while this action plays" in note for note in tracks.notes)
    assert made.worst(made.errors(armature, tracks, fitted, rig))[0] < 0.05


def test_what_is_muted_or_has_no_target_does_not_count(empty_scene):
    armature = made.human_on_root()
    armature.pose.bones["LeftLeg"].constraints.new("IK")
    made.add_ik(armature, "RightLeg", "LeftFoot").mute = True
    copy = armature.pose.bones["Head"].constraints.new("COPY_ROTATION")
    copy.target, copy.subtarget, copy.influence = armature, "LeftFoot", 0.0
    tracks, fitted, rig = made.tracks_of(armature, made_walk())
    assert tracks.extras == () and tracks.notes == ()
    assert made.worst(made.errors(armature, tracks, fitted, rig))[0] < 0.05


# --- bones that copy others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["COPY_TRANSFORMS", "COPY_ROTATION", "CHILD_OF", "ARMATURE"])
def test_what_deform_bones_follow_gets_the_keys(empty_scene, kind):
    armature = made.copying(kind)
    tracks, fitted, rig = made.tracks_of(armature, made_chaos(), rig=made.copying_map(armature))
    assert _keyed(tracks, "rotation") == set(made.INDEX) and _keyed(tracks, "location") == {"Hips"}
    _, rotation, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert rotation < 0.2 and place < 0.1


def test_bones_that_stretch_between_controls_follow_them(empty_scene):
    armature = made.stretchy()
    tracks, fitted, rig = made.tracks_of(armature, made_walk(), rig=made.copying_map(armature))
    assert _keyed(tracks, "rotation") == set(made.INDEX)
    direction, _, place = made.worst(made.errors(armature, tracks, fitted, rig))
    assert direction < 0.1 and place < 0.1


def test_a_limb_that_another_armature_moves_is_refused_in_one_line(empty_scene):
    armature = made.human_on_root()
    other = made_rigs.human()
    copy = armature.pose.bones["LeftArm"].constraints.new("COPY_ROTATION")
    copy.name, copy.target, copy.subtarget = "from mocap", other, "LeftArm"
    with pytest.raises(RigError, match=r"LeftArm \(LeftArm\) follows the constraint 'from mocap' of LeftArm") as error:
        made.tracks_of(armature, made_walk())
    assert "\n" not in str(error.value)


def test_limits_hold_and_are_named(empty_scene):
    armature = made.human_on_root()
    limit = armature.pose.bones["LeftLeg"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x, limit.min_x, limit.max_x, limit.owner_space = True, -0.3, 0.3, "LOCAL"
    tracks, fitted, rig = made.tracks_of(armature, made.made_kick())
    assert any("'Limit Rotation' of LeftLeg limits" in note for note in tracks.notes)
    found = made.errors(armature, tracks, fitted, rig)
    assert made.worst(found, ("RightLeg", "LeftUpLeg", "LeftArm"))[0] < 0.05


# --- Rigify ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rigify_files(tmp_path_factory):
    """Generated rigs take seconds: made once, saved."""
    folder = tmp_path_factory.mktemp("rigify")
    for make in (made_rigs.basic_metarig, made_rigs.metarig):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        make()
        bpy.ops.pose.rigify_generate()
        bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{make.__name__}.blend"))
    return folder


@pytest.mark.parametrize("clip", [made_walk, made.made_kick], ids=lambda clip: clip.__name__)
@pytest.mark.parametrize("controls", ["auto", "ik"])
@pytest.mark.parametrize("name", ["basic_metarig", "metarig"])
def test_rigify_s_controls_get_the_keys(rigify_files, name, controls, clip):
    bpy.ops.wm.open_mainfile(filepath=str(rigify_files / f"{name}.blend"))
    armature = bpy.data.objects["rig"]
    tracks, fitted, rig = made.tracks_of(armature, clip(), controls, made.rigify_map(armature))
    keyed = {track.bone for track in tracks.bones}
    assert {"torso", "neck", "head", "shoulder.L"} <= keyed
    assert not any(bone.startswith(("DEF-", "ORG-", "MCH-")) for bone in keyed)
    kept = {extra.path: extra.values[0] for extra in tracks.extras}
    assert kept['pose.bones["thigh_parent.L"]["IK_FK"]'] == (1.0 if controls == "auto" else 0.0)
    expected = {"thigh_fk.L", "shin_fk.L", "foot_fk.L", "toe_fk.L", "upper_arm_fk.R", "forearm_fk.R", "hand_fk.R"}
    if controls == "ik":
        expected = {"foot_ik.L", "thigh_ik_target.L", "hand_ik.R", "upper_arm_ik_target.R"}
    assert expected <= keyed
    found = made.errors(armature, tracks, fitted, rig)
    limbs = [f"{side}{part}" for side in made.SIDES for part in ("UpLeg", "Leg", "Foot", "Arm", "ForeArm")]
    directions = np.concatenate([found[joint][:, 0] for joint in limbs])
    if controls == "auto":
        assert directions.max() < 0.2 and made.worst(found)[2] < 0.1
    else:  # the rig's own IK stretches a little instead of bending
        assert directions.mean() < 3.0 and np.quantile(directions, 0.95) < 8.0
    for joint in ("Hips", "Spine2", "Head", "LeftHand", "RightFoot"):
        assert found[joint][:, 1].max() < 0.5, joint


def test_rigify_s_limbs_are_keyed_as_they_are_switched_now(rigify_files):
    bpy.ops.wm.open_mainfile(filepath=str(rigify_files / "basic_metarig.blend"))
    armature = bpy.data.objects["rig"]
    for side in "LR":
        armature.pose.bones[f"upper_arm_parent.{side}"]["IK_FK"] = 1.0
    tracks, fitted, rig = made.tracks_of(armature, made_walk(), "now", made.rigify_map(armature))
    assert {"upper_arm_fk.L", "foot_ik.L", "thigh_ik_target.R"} <= {track.bone for track in tracks.bones}
    assert not {"thigh_fk.L", "hand_ik.L"} & _keyed(tracks, "rotation")
    found = made.errors(armature, tracks, fitted, rig)
    assert made.worst(found, ("LeftArm", "RightForeArm"))[0] < 0.2
    assert made.worst(found, ("LeftUpLeg", "RightLeg"))[0] < 8.0


# --- tracks know enough to be reckoned with alone ------------------------------------------------------------------


@pytest.mark.parametrize("make", [made.human_on_root, made.robot, made.with_targets, made.copying],
                         ids=lambda make: make.__name__)
def test_tracks_are_complete_for_kinematics(empty_scene, make):
    """What a track says of its bone's frame is where Blender has the bone."""
    armature = make()
    rig = made.copying_map(armature) if make is made.copying else None
    tracks, *_ = made.tracks_of(armature, made_walk(), rig=rig)
    _compare_frames(armature, tracks, 1e-3)


@pytest.mark.parametrize("controls", ["auto", "ik"])
def test_rigify_s_tracks_are_complete_for_kinematics(rigify_files, controls):
    bpy.ops.wm.open_mainfile(filepath=str(rigify_files / "basic_metarig.blend"))
    armature = bpy.data.objects["rig"]
    tracks, *_ = made.tracks_of(armature, made_walk(), controls, made.rigify_map(armature))
    # the head hangs from the neck but turns with the torso: its place in a track is an estimate
    _compare_frames(armature, tracks, 0.02, but=("head",))


def _compare_frames(armature, tracks, tolerance, but=()):
    for frame in (0, 13, 40):
        made.pose(armature, tracks, frame)
        frames = []
        for track in tracks.bones:
            local = np.eye(4)
            if track.rotation is not None:
                local[:3, :3] = matrix_from_quat(track.rotation[frame])
            if track.location is not None:
                local[:3, 3] = track.location[frame]
            above = frames[track.parent] if track.parent >= 0 else np.eye(4)
            frames.append(above @ track.offset @ local)
            there = np.array(armature.pose.bones[track.bone].matrix)
            if track.bone not in but:
                assert np.allclose(frames[-1], there, atol=tolerance), (track.bone, frame)


# --- nothing else changes -------------------------------------------------------------------------------------------


def test_the_scene_is_as_it_was(empty_scene):
    armature = made.with_objects()
    made.turn_bone(armature, "LeftArm", "X", 0.4)
    action = bpy.data.actions.new("kept")
    armature.animation_data_create().action = action
    before = _state(armature)
    heard = []
    bpy.app.handlers.depsgraph_update_post.append(lambda *_: heard.append(1))
    made.tracks_of(armature, made_walk())
    read_controls(armature, made.map_of(armature))
    assert heard == [] and len(bpy.app.handlers.depsgraph_update_post) == 1
    bpy.app.handlers.depsgraph_update_post.clear()
    assert _state(armature) == before
    assert armature.animation_data.action == action


def test_nothing_is_left_after_a_refusal(empty_scene):
    armature = made.human_on_root()
    copy = armature.pose.bones["LeftArm"].constraints.new("COPY_ROTATION")
    copy.target, copy.subtarget = made_rigs.human(), "LeftArm"
    before = _state(armature)
    with pytest.raises(RigError):
        made.tracks_of(armature, made_walk())
    assert _state(armature) == before


def _state(armature):
    bpy.context.view_layer.update()
    blocks = {kind: sorted(block.name for block in getattr(bpy.data, kind))
              for kind in ("objects", "scenes", "armatures", "actions", "collections", "worlds")}
    pose = [(bone.name, [tuple(row) for row in bone.matrix]) for bone in armature.pose.bones]
    constraints = [(each.name, each.mute, each.influence, each.target) for bone in armature.pose.bones
                   for each in bone.constraints]
    return blocks, pose, constraints
