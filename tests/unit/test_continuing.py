# SPDX-License-Identifier: GPL-3.0-or-later
"""Going on from what a body did: what the model is shown of it, and where the take begins."""

from dataclasses import replace

import numpy as np
import pytest
from made_steps import compass_walk, standing
from made_walk import made_walk
from made_walker import AHEAD, PACK, Walker, plan

from blender_addon.errors import PackError
from blender_addon.motion.bearing import hold_otherwise
from blender_addon.motion.cleaning import clean_up
from blender_addon.motion.contacts import find_standing
from blender_addon.motion.continuing import in_a_row, lead_from, lock_feet_after
from blender_addon.motion.generating import generate
from blender_addon.motion.kinematics import joint_positions
from blender_addon.motion.resampling import resample
from blender_addon.motion.skeleton import INDEX
from blender_addon.motion.stance import stand_otherwise
from blender_addon.motion.state_features import POSITIONS, SIZE

PLAIN = {"state_mean": [0.0] * SIZE, "state_scale": [1.0] * SIZE}


def walked(seconds: float = 3.0, heading: float = 0.8, fps: float = 30.0, place=(4.0, 5.0)):
    clip = resample(made_walk(seconds, heading=heading), fps)
    return type(clip)(clip.skeleton, clip.rotations, clip.positions + [*place, 0.0], clip.fps)


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 60.0])
def test_the_last_second_at_the_models_rate(fps):
    clip = walked(fps=fps)
    lead = lead_from(clip, PLAIN, 30.0)
    assert lead.clip.fps == 30.0 and lead.clip.frames == 31 == len(lead.states) == len(lead.root)
    assert np.allclose(joint_positions(lead.clip)[-1], joint_positions(clip)[-1], atol=1e-9)
    middle = joint_positions(clip)[clip.frames - 1 - round(0.5 * fps)] if fps % 2 == 0 else None
    if middle is not None:
        assert np.abs(joint_positions(lead.clip)[15] - middle).max() < 0.002
    assert np.allclose(lead.root[-1, :2], clip.positions[-1, :2]) and lead.root[-1, 2] == pytest.approx(0.8, abs=0.05)
    # the state's joints, turned and moved by the root, are where the body has them
    x, y, z = lead.states[-1, POSITIONS].reshape(21, 3).T
    heading = lead.root[-1, 2]
    places = np.column_stack([np.cos(heading) * x - np.sin(heading) * y, np.sin(heading) * x + np.cos(heading) * y, z])
    assert np.abs(places + [*lead.root[-1, :2], 0.0] - joint_positions(clip)[-1, 1:]).max() < 1e-5


def test_states_as_the_pack_scales_them():
    rng = np.random.default_rng(0)
    mean, scale = rng.normal(size=SIZE), rng.uniform(5.0, 9.0, SIZE)
    plain = lead_from(walked(), PLAIN, 30.0).states
    scaled = lead_from(walked(), {"state_mean": mean.tolist(), "state_scale": scale.tolist()}, 30.0).states
    inside = np.abs(plain) < 5.0
    assert np.abs(scaled - (plain - mean) / scale)[inside].max() < 1e-6 and scaled.dtype == np.float32


@pytest.mark.parametrize("frames", [1, 2, 10])
def test_a_body_that_was_hardly_there_has_stood_there_before(frames):
    lead = lead_from(standing(frames, fps=24.0), PLAIN, 30.0)
    assert lead.clip.frames == 31 and np.abs(np.diff(lead.clip.positions, axis=0)).max() < 1e-12
    assert lead.clip.contacts.all()


@pytest.mark.parametrize("lacking", ["state_mean", "state_scale"])
def test_an_older_pack_says_so_in_one_line(lacking):
    with pytest.raises(PackError, match="cannot go on from a pose") as error:
        lead_from(walked(), {name: value for name, value in PLAIN.items() if name != lacking}, 30.0)
    assert "\n" not in str(error.value)


def test_the_model_is_shown_what_the_body_did_as_if_it_had_made_it():
    walker = Walker()
    walker.shapes["state"] = ("batch", SIZE)
    walker.graph.inputs[0].shape = ("batch", SIZE)
    lead = lead_from(walked(), PLAIN, 30.0)
    wanted = plan(seconds=2.0, lead=lead)
    clip, = generate(walker, PACK, wanted, [0])
    assert clip.frames == 60 and len(walker.told) == 29 + 60
    for frame in range(30):  # the last of them makes the take's first frame
        assert np.array_equal(walker.told[frame]["state"][0], lead.states[frame])
        assert np.allclose(walker.told[frame]["root"][0], lead.root[frame], atol=1e-6)
    # where it was going is where it went, and then straight ahead from where the take begins
    ahead = np.array([np.sin(0.8), -np.cos(0.8)])
    for frame in (0, 10, 20, 28):
        told = walker.told[frame]["trajectory"][0]
        for k, seconds in enumerate(AHEAD):
            at = frame + 1 - 30 + seconds * 30.0
            if at <= 0.0:
                spot = [np.interp(at + 30.0, np.arange(31), lead.clip.positions[:, axis]) for axis in (0, 1)]
            else:
                spot = lead.clip.positions[-1, :2] + 1.2 * at / 30.0 * ahead
            assert np.abs(told[k, :2] - spot).max() < 0.05
    assert np.linalg.norm(clip.positions[0, :2] - lead.clip.positions[-1, :2]) < 0.12
    gone = clip.positions[-1, :2] - clip.positions[0, :2]
    assert gone @ ahead == pytest.approx(1.2 * 59 / 30, rel=0.05)


def test_who_holds_themself_otherwise_already_is_not_held_so_twice(monkeypatch):
    for name in ("bearing", "stance"):
        monkeypatch.setitem(PACK.content["generator"], name, {"walk": 1.0, "idle": 1.5})
    for name, value in PLAIN.items():
        monkeypatch.setitem(PACK.content["generator"], name, value)
    usual = standing(90)
    usual = replace(usual, contacts=np.ones((90, 4), dtype=bool))
    # hips went down for straight legs to reach, and knees bent
    others = [joint - 1 for name, joint in INDEX.items() if name not in ("Hips", "LeftLeg", "RightLeg")]
    for seed in (0, 3):
        rotations = hold_otherwise(usual.rotations, np.full(90, 1.5), seed)
        held = stand_otherwise(replace(usual, rotations=rotations), np.full(90, 1.5), seed)
        walker = Walker()
        walker.shapes["state"] = ("batch", SIZE)
        walker.graph.inputs[0].shape = ("batch", SIZE)
        generate(walker, PACK, plan((("idle", 1.0),), lead=lead_from(held, PLAIN, 30.0)), [seed])
        as_usual, otherwise = (lead_from(clip, PLAIN, 30.0).states[-1] for clip in (usual, held))
        told, otherwise = (np.abs(state - as_usual)[POSITIONS].reshape(21, 3)[others, :2].max()
                           for state in (walker.told[29]["state"][0], otherwise))
        assert told < 0.012 and otherwise > 0.04


def test_a_path_is_joined_where_the_body_is():
    walker = Walker()
    walker.shapes["state"] = ("batch", SIZE)
    walker.graph.inputs[0].shape = ("batch", SIZE)
    lead = lead_from(walked(heading=0.0, place=(0.2, -3.0)), PLAIN, 30.0)
    points = np.column_stack([np.zeros(50), -np.linspace(0.0, 30.0, 50)])
    generate(walker, PACK, plan(seconds=2.0, points=points, lead=lead), [0])
    first = walker.told[29]["trajectory"][0, 0]
    assert first[0] == pytest.approx(0.0, abs=1e-6)
    assert first[1] == pytest.approx(lead.clip.positions[-1, 1] - 1.2 * AHEAD[0], abs=0.02)


def test_cleaned_up_it_begins_in_the_very_pose():
    walker = Walker()
    walker.shapes["state"] = ("batch", SIZE)
    walker.graph.inputs[0].shape = ("batch", SIZE)
    lead = lead_from(walked(), PLAIN, 30.0)
    wanted = plan(seconds=2.0, lead=lead)
    clip, = generate(walker, PACK, wanted, [0])
    for feet, raw in ((True, False), (False, False), (False, True)):
        made = clean_up(clip, wanted, {}, feet, raw=raw).clip
        assert np.abs(joint_positions(made)[0] - joint_positions(lead.clip)[-1]).max() < 1e-9


def test_a_foot_that_stood_before_stands_on_in_the_same_place():
    walk = compass_walk()
    contacts = find_standing(walk)
    cut = next(frame for frame in range(60, 120) if contacts[frame - 4:frame + 5, 0].all())
    before, after = walk.cut(0, cut + 1), walk.cut(cut, walk.frames)
    locked = lock_feet_after(before, after, contacts[cut:])
    assert locked.clip.frames == after.frames and len(locked.contacts) == after.frames
    whole = in_a_row(before, after)
    assert whole.frames == walk.frames and np.array_equal(whole.positions, walk.positions)
    stands = locked.contacts[:4, 0]
    assert stands.all()
    ankle = joint_positions(locked.clip)[:4, INDEX["LeftFoot"], :2]
    middle = joint_positions(walk)[cut - 4:cut + 5, INDEX["LeftFoot"], :2].mean(axis=0)
    assert np.ptp(ankle, axis=0).max() < 0.005 and np.abs(ankle - middle).max() < 0.02
