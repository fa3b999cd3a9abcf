# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that stand at both ends of a gap stand between, and nothing that is keyed moves."""

from dataclasses import replace

import numpy as np
from made_steps import X, standing, turn

from blender_addon.motion.inbetween_features import CHANNELS
from blender_addon.motion.inbetweening import Gap
from blender_addon.motion.kinematics import forward_kinematics, joint_positions
from blender_addon.motion.planting import plant_feet
from blender_addon.motion.rotations import quat_rotate
from blender_addon.motion.skeleton import INDEX

FEET = [INDEX["LeftFoot"], INDEX["RightFoot"]]
KNEES = [INDEX["LeftLeg"], INDEX["RightLeg"]]
LAST = 20


def crouch(lift=0.0):
    """Between two frames of standing, somebody whose hips sway and sink and whose thighs swing."""
    own = standing(LAST + 1)
    share = np.sin(np.pi * np.arange(LAST + 1) / LAST)
    clip = turn(turn(own, "LeftUpLeg", -0.4 * share), "RightUpLeg", 0.2 * share, X)
    positions = clip.positions + share[:, None] * [0.05, 0.0, lift - 0.1]
    return own, replace(clip, positions=positions, contacts=np.zeros((LAST + 1, 4), dtype=bool))


def known_ends():
    known = np.zeros((LAST + 1, CHANNELS), dtype=bool)
    known[[0, -1]] = True
    return known


def test_feet_in_one_place_stay_there():
    own, clip = crouch()
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    moved = np.linalg.norm(joint_positions(done)[:, FEET] - joint_positions(own)[:1, FEET], axis=-1)
    assert np.linalg.norm(joint_positions(clip)[:, FEET] - joint_positions(own)[:1, FEET], axis=-1).max() > 0.2
    assert moved.max() < 1e-3
    assert np.array_equal(done.rotations[[0, -1]], own.rotations[[0, -1]])
    assert np.array_equal(done.positions[[0, -1]], own.positions[[0, -1]])


def test_hips_come_down_where_a_leg_is_too_short():
    own, clip = crouch(lift=0.3)
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    assert np.linalg.norm(joint_positions(done)[:, FEET] - joint_positions(own)[:1, FEET], axis=-1).max() < 1e-3
    assert (done.positions[:, 2] < clip.positions[:, 2] + 1e-9).all() and done.positions[10, 2] < clip.positions[10, 2]


def test_in_the_air_and_where_legs_are_not_filled_nothing_is_done():
    own, clip = crouch()
    high = [0.0, 0.0, 0.5]
    above = plant_feet(replace(clip, positions=clip.positions + high), replace(own, positions=own.positions + high),
                       known_ends(), [Gap(1, LAST - 1)])
    assert np.allclose(above.rotations[1:-1], clip.rotations[1:-1])
    known = known_ends()
    known[:, INDEX["LeftLeg"]] = True
    assert np.allclose(plant_feet(clip, own, known, [Gap(1, LAST - 1)]).rotations[5, INDEX["RightUpLeg"]],
                       clip.rotations[5, INDEX["RightUpLeg"]])


def test_a_foot_that_the_model_puts_down_stays_where_it_came_down():
    own = standing(LAST + 1, velocity=(0.0, -0.6, 0.0))  # carried along as it is, 0.4 m in all
    contacts = np.zeros((LAST + 1, 4), dtype=bool)
    contacts[6:15, :2] = True
    clip = replace(own, contacts=contacts)
    done = joint_positions(plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)]))[:, FEET]
    assert np.linalg.norm(np.diff(done[6:15, 0], axis=0), axis=-1).max() < 2e-3
    assert np.allclose(done[:, 1], joint_positions(own)[:, FEET[1]], atol=0.03)
    assert np.linalg.norm(np.diff(done[:, 0], axis=0), axis=-1).max() < 0.08  # it eases into it and out of it


def test_a_foot_comes_from_its_key_and_goes_to_its_key():
    own = standing(LAST + 1, velocity=(0.0, -0.6, 0.0))
    contacts = np.zeros((LAST + 1, 4), dtype=bool)
    contacts[1:6, :2] = contacts[14:LAST, :2] = True
    done = joint_positions(plant_feet(replace(own, contacts=contacts), own, known_ends(), [Gap(1, LAST - 1)]))
    feet, there = done[:, FEET[0]], joint_positions(own)[:, FEET[0]]
    assert np.abs(feet[:6] - there[0]).max() < 2e-3 and np.abs(feet[14:] - there[-1]).max() < 2e-3


# --- nothing jumps --------------------------------------------------------------------------------------------------


def jump(before, after, joints):
    """Metres by which a joint changes its speed from one frame to the next, at most, beyond what it did before."""
    was, now = (np.linalg.norm(np.diff(joint_positions(clip)[:, joints], 2, axis=0), axis=-1)
                for clip in (before, after))
    return (now - was).max()


def test_knees_that_are_overstretched_in_the_keys_stay_so():
    own = turn(turn(standing(LAST + 1), "LeftLeg", -0.1), "RightLeg", -0.1)
    clip = turn(own, "LeftUpLeg", 0.02 * np.sin(np.pi * np.arange(LAST + 1) / LAST))
    clip = replace(clip, contacts=np.zeros((LAST + 1, 4), dtype=bool))
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    assert np.linalg.norm(joint_positions(done)[:, FEET] - joint_positions(own)[:1, FEET], axis=-1).max() < 1e-3
    assert jump(clip, done, KNEES) < 0.01
    assert np.linalg.norm(joint_positions(done)[:, KNEES] - joint_positions(clip)[:, KNEES], axis=-1).max() < 0.02


def test_a_foot_that_goes_to_a_key_in_the_air_is_let_go_in_time():
    share = np.arange(LAST + 1) / LAST
    carried = standing(LAST + 1, velocity=(0.0, -0.3, 0.0))
    lifted = turn(turn(carried, "LeftUpLeg", -0.5 * share), "LeftLeg", 0.9 * share)
    contacts = np.zeros((LAST + 1, 4), dtype=bool)
    contacts[8:LAST, :2] = True  # the model has it on the floor until the very end
    clip = replace(lifted, contacts=contacts)
    done = plant_feet(clip, lifted, known_ends(), [Gap(1, LAST - 1)])
    assert not np.allclose(joint_positions(done)[:, FEET], joint_positions(clip)[:, FEET], atol=1e-3)
    assert jump(clip, done, FEET) < 0.02


def test_neither_hips_nor_knees_snap_where_a_foot_stays_behind():
    own = standing(LAST + 1, velocity=(0.0, -0.6, 0.0))
    bent = turn(turn(turn(own, "LeftUpLeg", -0.5), "LeftLeg", 0.3), "LeftFoot", 0.2)  # it stands ahead
    contacts = np.zeros((LAST + 1, 4), dtype=bool)
    contacts[5:16, :2] = True
    clip = replace(bent, contacts=contacts)
    done = plant_feet(clip, bent, known_ends(), [Gap(1, LAST - 1)])
    assert np.linalg.norm(np.diff(joint_positions(done)[6:14, FEET[0]], axis=0), axis=-1).max() < 1e-3
    assert jump(clip, done, [INDEX["Hips"]]) < 0.008
    assert jump(clip, done, KNEES) < 0.025


def lone_key(own, clip, frame):
    """A gap in which the left leg is keyed at a frame as a clip has it, filled by that clip, and then planted."""
    known = known_ends()
    known[frame, [INDEX["LeftUpLeg"], INDEX["LeftLeg"], INDEX["LeftFoot"]]] = True
    rotations = np.array(own.rotations)
    rotations[frame] = clip.rotations[frame]
    return plant_feet(clip, replace(own, rotations=rotations), known, [Gap(1, LAST - 1)])


def test_a_foot_that_stands_at_both_ends_goes_to_a_key_between_them():
    own = standing(LAST + 1)
    share = np.sin(np.pi * np.arange(LAST + 1) / LAST) ** 2
    swaying = turn(own, "RightUpLeg", 0.05 * share)
    for high in (1.0, 0.2):  # to the knee, or just off the floor
        clip = turn(turn(swaying, "LeftUpLeg", -0.9 * high * share), "LeftLeg", 1.5 * high * share)
        clip = replace(clip, contacts=np.ones((LAST + 1, 4), dtype=bool))
        done = lone_key(own, clip, LAST // 2)
        moved = joint_positions(done)[:, FEET] - joint_positions(clip)[:, FEET]
        assert np.linalg.norm(joint_positions(clip)[LAST // 2, FEET[0]] - joint_positions(own)[0, FEET[0]]) > 0.1 * high
        assert np.allclose(moved[LAST // 2, 0], 0.0, atol=1e-6)
        assert np.allclose(joint_positions(done)[:, FEET[1]], joint_positions(own)[:, FEET[1]], atol=1e-3)
        speeds = [np.linalg.norm(np.diff(joint_positions(each)[:, FEET[0]], axis=0), axis=-1) for each in (clip, done)]
        assert speeds[1].max() < 1.2 * speeds[0].max()
        assert jump(clip, done, FEET) < 0.01 and jump(clip, done, KNEES) < 0.02


def test_a_foot_that_is_keyed_where_it_stands_goes_on_standing():
    own = standing(LAST + 1)
    clip = turn(own, "LeftUpLeg", 0.2 * np.sin(2.0 * np.pi * np.arange(LAST + 1) / LAST))  # it passes there halfway
    done = lone_key(own, replace(clip, contacts=np.zeros((LAST + 1, 4), dtype=bool)), LAST // 2)
    assert np.linalg.norm(joint_positions(done)[:, FEET] - joint_positions(own)[:, FEET], axis=-1).max() < 1e-3


# --- the floor, and keys between gaps -------------------------------------------------------------------------------


def lowest(clip, joints=("LeftFoot", "LeftToe")):
    """Metres that a foot is above where it stands in the T-pose, at the worst."""
    feet = [INDEX[joint] for joint in joints]
    return (joint_positions(clip)[:, feet, 2] - joint_positions(standing(2))[0, feet, 2]).min()


def test_a_foot_that_swings_does_not_go_through_the_floor():
    own = standing(LAST + 1, velocity=(0.0, -1.2, 0.0))
    share = np.sin(np.pi * np.arange(LAST + 1) / LAST)
    clip = turn(own, "LeftFoot", 0.25 * share)  # its toes point down
    clip = replace(clip, positions=clip.positions - share[:, None] * [0.0, 0.0, 0.02],
                   contacts=np.zeros((LAST + 1, 4), dtype=bool))
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    assert lowest(clip) < -0.05 and lowest(done) > -0.008
    assert jump(clip, done, FEET) < 0.01 and jump(clip, done, KNEES) < 0.02
    deep = [0.0, 0.0, -0.05]  # in a ditch that the keys stand in, all is well
    there, low = replace(clip, positions=own.positions + deep), replace(own, positions=own.positions + deep)
    there = turn(there, "LeftFoot", 0.0)
    assert np.allclose(plant_feet(there, low, known_ends(), [Gap(1, LAST - 1)]).rotations, there.rotations, atol=1e-6)


def tips(clip):
    """(T,) metres that the tip of the left foot's toes, 7 cm ahead of their joint, is above where it stands."""
    turned, placed = forward_kinematics(clip.skeleton, clip.rotations, clip.positions)
    toe = INDEX["LeftToe"]
    ahead = placed[:, toe] + quat_rotate(turned[:, toe], np.array([0.0, -0.07, 0.0]))
    return ahead[:, 2] - clip.skeleton.rest_positions[toe, 2]


def test_toes_that_nobody_bends_do_not_go_through_the_floor_with_their_tips():
    """As on control rigs, whose toes have no keys: the heel rises, and the foot goes down with its toe joint up."""
    own = standing(LAST + 1, velocity=(0.0, -1.2, 0.0))
    share = np.sin(np.pi * np.arange(LAST + 1) / LAST) ** 2
    clip = turn(turn(turn(own, "LeftUpLeg", -0.5 * share), "LeftLeg", share), "LeftFoot", 0.1 * share)
    clip = replace(clip, positions=clip.positions + share[:, None] * [0.0, 0.0, 0.02],
                   contacts=np.zeros((LAST + 1, 4), dtype=bool))
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    assert lowest(clip) > -0.01 and tips(clip).min() < -0.02 and tips(done).min() > -0.005
    assert jump(clip, done, FEET) < 0.01 and jump(clip, done, KNEES) < 0.01
    frame = [int(tips(clip).argmin())]  # between keys whose toes are as deep, nothing is done
    deep = replace(clip, rotations=np.repeat(clip.rotations[frame], LAST + 1, axis=0),
                   positions=np.repeat(clip.positions[frame], LAST + 1, axis=0))
    assert np.allclose(plant_feet(deep, deep, known_ends(), [Gap(1, LAST - 1)]).rotations, deep.rotations, atol=1e-3)


def test_a_foot_that_stood_until_a_key_starts_slowly_after_it():
    """It stands in one gap and swings in the next, through a key that the model passes at full speed."""
    frames = np.arange(2 * LAST + 1)
    swing = np.where(frames > LAST, -0.5 * np.sin(np.pi * (frames - LAST) / LAST / 2.0), 0.0)
    clip = own = turn(turn(standing(2 * LAST + 1), "LeftUpLeg", swing), "LeftLeg", -1.2 * swing)
    contacts = np.zeros((2 * LAST + 1, 4), dtype=bool)
    contacts[1:LAST, :2] = True
    known = np.zeros((2 * LAST + 1, CHANNELS), dtype=bool)
    known[[0, LAST, 2 * LAST]] = True
    done = plant_feet(replace(clip, contacts=contacts), own, known, [Gap(1, LAST - 1), Gap(LAST + 1, 2 * LAST - 1)])
    steps = [np.linalg.norm(np.diff(joint_positions(each)[:, FEET[0]], axis=0), axis=-1) for each in (clip, done)]
    assert steps[0][LAST] > 0.01 and steps[1][LAST] < 0.001
    assert np.diff(steps[1]).max() < 0.6 * np.diff(steps[0]).max()
    assert np.allclose(joint_positions(done)[LAST + 8:, FEET], joint_positions(clip)[LAST + 8:, FEET], atol=1e-3)


def test_straight_legs_stay_straight_between_keys_with_straight_legs():
    own = standing(LAST + 1)
    clip = replace(turn(own, "LeftArm", 0.02 * np.arange(LAST + 1)), contacts=np.zeros((LAST + 1, 4), dtype=bool))
    done = plant_feet(clip, own, known_ends(), [Gap(1, LAST - 1)])
    away = np.linalg.norm(joint_positions(done)[:, KNEES] - joint_positions(clip)[:, KNEES], axis=-1)
    assert away.max() < 1e-3  # they bent by three centimetres, and in the keys not at all


def test_legs_that_a_key_has_straight_bend_as_evenly_as_they_go_on():
    """The hips sink evenly into a crouch, or rise from one: legs bend by the root of that, most in the first frame."""
    share = np.arange(LAST + 1) / LAST
    own = standing(LAST + 1)
    for side in ("Left", "Right"):
        for joint, angle in (("UpLeg", -0.6), ("Leg", 1.2), ("Foot", -0.6)):
            own = turn(own, f"{side}{joint}", angle * share)
    deep = joint_positions(own)[-1, FEET[0]] - joint_positions(own)[0, FEET[0]]
    own = replace(own, positions=own.positions - share[:, None] * deep)
    for way in (1, -1):
        there = replace(own, rotations=own.rotations[::way], positions=own.positions[::way])
        clip = replace(there, contacts=np.zeros((LAST + 1, 4), dtype=bool))
        done = joint_positions(plant_feet(clip, there, known_ends(), [Gap(1, LAST - 1)]))[::way]
        steps = np.linalg.norm(np.diff(done[:, KNEES[0]], axis=0), axis=-1)
        assert np.linalg.norm(done[:, FEET] - done[:1, FEET], axis=-1).max() < 1e-3
        assert steps[0] < 0.02 and np.abs(np.diff(steps)).max() < 0.005  # 5 and 3 cm before
        assert np.abs(done - joint_positions(own))[:, 0, 2].max() < 0.02  # for which the hips are hardly elsewhere
