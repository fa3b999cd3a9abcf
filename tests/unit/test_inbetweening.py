# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys: what is keyed stays, what is between follows the model, at any frame rate and on any body."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_walk import made_chaos, made_walk

from blender_addon.errors import GalateaError
from blender_addon.motion import inbetween_features
from blender_addon.motion.inbetween_features import CHANNELS, PARTS, lay_out, rotation_vector, tell, turned_by
from blender_addon.motion.inbetweening import fill_gaps, find_gaps, interpolate_gaps, speed_between
from blender_addon.motion.mirroring import mirror
from blender_addon.motion.rotations import quat_about_z, quat_angle, quat_inverse, quat_multiply, quat_rotate
from blender_addon.motion.skeleton import CANONICAL, INDEX, Skeleton

PACK = SimpleNamespace(content={"inbetweener": {"latent": 4}})


class Model:
    """Stands for a session: a bump between the keys of every channel, zero at them, as an exported graph gives it."""

    def __init__(self, size=0.2, noise=0.0):
        self.size, self.noise, self.seen = size, noise, []

    def run(self, inputs):
        self.seen.append(inputs)
        share = inputs["share"][..., None]
        bump = share * (1.0 - share) * (self.size + self.noise * inputs["latent"].sum(-1)[:, None, None, None])
        turns = np.repeat(bump[:, :, :-1], 3, axis=-1) * [0.0, 0.0, 1.0]
        # the second window is a mirror image: there the bump goes the other way, as a trained network would have it
        turns[1:2] *= -1.0
        shifts = np.repeat(bump[:, :, -1], 3, axis=-1) * [0.0, 1.0, 0.0]
        return {"turns": turns.astype(np.float32), "shifts": shifts.astype(np.float32),
                "contacts": np.full((*share.shape[:2], 4), 0.7, dtype=np.float32)}


def keyed(clip, frames, channels=slice(None)):
    known = np.zeros((clip.frames, CHANNELS), dtype=bool)
    known[np.ix_(frames, np.arange(CHANNELS)[channels])] = True
    return known


def blank(clip, known):
    """The clip without what is not keyed, so that nothing of it can be read by mistake."""
    rotations = np.where(known[:, :-1, None], clip.rotations, np.nan)
    return replace(clip, rotations=rotations, positions=np.where(known[:, -1:], clip.positions, np.nan))


def test_a_gap_is_what_lies_between_whole_poses():
    known = np.zeros((12, CHANNELS), dtype=bool)
    known[[0, 1, 6, 11]] = True
    known[3, 5] = True
    assert [(gap.first, gap.last) for gap in find_gaps(known)] == [(2, 5), (7, 10)]


def test_interpolation_is_straight_between_the_keys_of_each_channel():
    clip = made_walk(seconds=2.0, heading=0.8)
    known = keyed(clip, [0, 20, 59])
    arm = INDEX["LeftArm"]
    known[20, arm] = False
    made = interpolate_gaps(blank(clip, known), known)
    assert np.allclose(made.positions[10], (clip.positions[0] + clip.positions[20]) / 2.0)
    whole = quat_angle(clip.rotations[0, arm], clip.rotations[59, arm])
    assert quat_angle(made.rotations[0, arm], made.rotations[20, arm]) == pytest.approx(whole * 20 / 59, abs=1e-6)
    assert np.array_equal(made.rotations[20, 0], clip.rotations[20, 0])


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 60.0, 23.976])
def test_keys_are_met_to_the_last_bit_at_any_rate(fps):
    clip = made_chaos(frames=90, fps=fps)
    known = keyed(clip, [0, 1, 2, 3, 4, 5, 31, 47, 48, 80, 89])
    known[47, INDEX["RightArm"]] = False
    filled = fill_gaps(Model(), PACK, blank(clip, known), known)
    assert np.array_equal(filled.clip.rotations[known[:, :-1]], clip.rotations[known[:, :-1]])
    assert np.array_equal(filled.clip.positions[known[:, -1]], clip.positions[known[:, -1]])
    assert np.isfinite(filled.clip.rotations).all() and np.isfinite(filled.clip.positions).all()
    assert [gap.why for gap in filled.gaps] == [""] * 4
    # and there is no jump beside a key: the bump starts slowly
    apart = quat_angle(filled.clip.rotations, interpolate_gaps(blank(clip, known), known).rotations)
    assert apart[6].max() < 0.04 and apart[15].max() > 0.03


def test_what_the_model_says_is_added_between_the_keys():
    clip = made_walk(seconds=2.0, heading=0.0)
    known = keyed(clip, [*range(10), 30])
    even = interpolate_gaps(clip, known)
    filled = fill_gaps(Model(0.4), PACK, blank(clip, known), known)
    turn = rotation_vector(quat_multiply(quat_inverse(even.rotations[19]), filled.clip.rotations[19]))
    share = 10 / 21
    assert np.allclose(turn[5], [0.0, 0.0, 0.4 * share * (1 - share)], atol=1e-6)
    assert filled.clip.contacts[10:30].all() and not filled.clip.contacts[:10].any()


def test_ten_frames_before_and_the_target_are_what_is_shown_of_the_protocol():
    clip = made_walk(seconds=3.0)
    known = keyed(clip, [*range(20), 40])
    model = Model()
    fill_gaps(model, PACK, blank(clip, known), known)
    features = model.seen[0]["features"]
    assert features.shape[1] == 10 + 20 + 1
    assert features[0, :10, PARTS["known"]].all() and not features[0, 10:-1, PARTS["known"]].any()
    # the same window told directly: nothing was resampled on the way
    direct = tell(clip.rotations[None, 10:41], clip.positions[None, 10:41], known[None, 10:41])
    assert np.allclose(features[0], direct.features[0], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(heading=st.floats(-3.0, 3.0), x=st.floats(-50.0, 50.0), y=st.floats(-50.0, 50.0))
def test_where_and_which_way_makes_no_difference_to_what_is_seen(heading, x, y):
    clip = made_walk(seconds=1.5, heading=0.3)
    known = keyed(clip, [*range(10), 20, 44])[None]
    here = tell(clip.rotations[None], clip.positions[None], known)
    turn = quat_about_z(np.array(heading))
    rotations = np.array(clip.rotations)
    rotations[:, 0] = quat_multiply(turn, rotations[:, 0])
    there = tell(rotations[None], (quat_rotate(turn, clip.positions) + [x, y, 0.0])[None], known)
    assert np.abs(here.features - there.features).max() < 1e-4


def test_a_mirrored_walk_is_filled_as_the_mirror_image():
    clip = made_walk(seconds=2.0, heading=0.0)
    known = keyed(clip, [*range(10), 40])
    one = fill_gaps(Model(), PACK, clip.cut(0, 41), known[:41])
    other = fill_gaps(Model(), PACK, mirror(clip).cut(0, 41), known[:41])
    # this model turns everything left whatever it sees; shown both sides, it cannot
    assert np.allclose(mirror(one.clip).positions, other.clip.positions, atol=1e-6)


def test_unkeyed_joints_stay_and_parts_are_filled_alone():
    clip = made_chaos(frames=50)
    arm = [INDEX["LeftArm"], INDEX["LeftForeArm"]]
    known = np.zeros((50, CHANNELS), dtype=bool)
    known[np.ix_([5, 25, 44], arm)] = True
    filled = fill_gaps(Model(), PACK, clip, known)
    others = [j for j in range(22) if j not in arm]
    assert np.array_equal(filled.clip.rotations[:, others], clip.rotations[:, others])
    assert np.array_equal(filled.clip.positions, clip.positions)
    # before its first key and after its last a joint holds
    assert quat_angle(filled.clip.rotations[0, arm], clip.rotations[5, arm]).max() < 1e-6
    assert [(gap.first, gap.last) for gap in filled.gaps] == [(6, 24), (26, 43)]


def test_what_nobody_keyed_or_everybody_sees_makes_no_frame_a_key():
    """Toes without a key, an arm that is animated already: neither says where the poses are. At 24 frames a second,
    where a key on every frame would bring all of them onto whole frames of 30, the hips would go by fits and starts."""
    still = made_chaos(frames=60, fps=24.0)
    rotations = np.array(still.rotations)
    parts = [INDEX["LeftToe"], INDEX["RightToe"], INDEX["LeftArm"]]
    rotations[:, parts] = rotations[:1, parts]
    still = replace(still, rotations=rotations)
    whole = keyed(still, [0, 25, 59])
    model, other = Model(), Model()
    wanted = fill_gaps(model, PACK, still, whole).clip
    known = whole.copy()
    known[:, parts[:2]] = False
    known[:, parts[2]] = True
    made = fill_gaps(other, PACK, still, known).clip
    assert np.allclose(made.positions, wanted.positions, atol=1e-6)
    assert np.allclose(other.seen[0]["features"], model.seen[0]["features"], atol=1e-5)
    steps = np.linalg.norm(np.diff(made.positions[26:59], axis=0), axis=-1)
    assert np.abs(np.diff(steps)).max() < 0.15 * steps.max()


def test_a_part_that_is_keyed_on_every_frame_for_a_while_is_shown_as_it_goes():
    clip = made_chaos(frames=60, fps=60.0)
    arm = INDEX["LeftArm"]
    known = keyed(clip, [0, 59])
    known[20:41, arm] = True
    model = Model()
    filled = fill_gaps(model, PACK, clip, known)
    features = model.seen[0]["features"]
    there = features[0, :, PARTS["known"]][:, arm] > 0.5
    assert features.shape[1] == 31 and np.flatnonzero(there).tolist() == [0, *range(10, 21), 30]
    shown = tell(clip.rotations[None, ::2], clip.positions[None, ::2], np.ones((1, 30, CHANNELS), dtype=bool))
    turned = features[0, 10:20, PARTS["rotations"]].reshape(10, 22, 6)[:, arm]
    assert np.allclose(turned, shown.features[0, 10:20, PARTS["rotations"]].reshape(10, 22, 6)[:, arm], atol=1e-5)
    assert np.array_equal(filled.clip.rotations[20:41, arm], clip.rotations[20:41, arm])


def test_a_key_of_one_joint_is_met_but_time_is_reckoned_from_whole_poses():
    clip = made_chaos(frames=41)
    known, arm = keyed(clip, [0, 40]), INDEX["RightArm"]
    alone, model, other = known.copy(), Model(), Model()
    alone[17, arm] = True
    fill_gaps(model, PACK, blank(clip, known), known)
    fill_gaps(other, PACK, blank(clip, alone), alone)
    for part in ("time", "curves", "before", "after", "known_before"):
        assert np.allclose(model.seen[0]["features"][..., PARTS[part]], other.seen[0]["features"][..., PARTS[part]])
    assert other.seen[0]["features"][0, 17, PARTS["known"]][arm] == 1.0


def break_at(clip, key):
    """(23,) by how much the speed of each channel changes at a key: from the two steps on either side."""
    q, p = clip.rotations[key - 2:key + 3], clip.positions[key - 2:key + 3]
    steps = np.concatenate([rotation_vector(quat_multiply(quat_inverse(q[:-1]), q[1:])), np.diff(p, axis=0)[:, None]],
                           axis=1)
    return np.linalg.norm((1.5 * steps[2] - 0.5 * steps[3]) - (1.5 * steps[1] - 0.5 * steps[0]), axis=-1)


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_lone_keys_are_passed_at_one_speed(fps):
    clip = made_chaos(frames=round(3 * fps), fps=fps)
    keys = [0, round(0.8 * fps), round(1.5 * fps), clip.frames - 1]
    known, arm, alone = keyed(clip, keys), INDEX["RightArm"], round(1.1 * fps)
    known[alone, arm] = True  # a key of one joint halfway
    even = interpolate_gaps(blank(clip, known), known)
    filled = fill_gaps(Model(0.4), PACK, blank(clip, known), known).clip
    for key in keys[1:-1]:
        straight, made = break_at(even, key), break_at(filled, key)
        assert made.mean() < 0.15 * straight.mean() and made.max() < 0.25 * straight.max()
    assert break_at(filled, alone)[arm] < 0.15 * break_at(even, alone)[arm]
    assert np.array_equal(filled.rotations[known[:, :-1]], clip.rotations[known[:, :-1]])
    assert np.array_equal(filled.positions[keys], clip.positions[keys])


def test_keys_a_sixth_of_a_second_apart_are_passed_as_evenly_at_60_frames_a_second_as_at_30():
    """What the model says is for 30; it has a corner at keys, which is not to be rounded before it is seen."""
    arm, breaks = INDEX["RightArm"], {}
    for fps in (30.0, 60.0):
        clip = made_chaos(frames=round(2 * fps) + 1, fps=fps)
        known, lone = keyed(clip, [0, clip.frames - 1]), np.arange(round(fps / 6), clip.frames - 1, round(fps / 6))
        known[lone, arm] = True
        turned = fill_gaps(Model(1.2), PACK, blank(clip, known), known).clip.rotations[:, arm]
        speeds = fps * rotation_vector(quat_multiply(quat_inverse(turned[:-1]), turned[1:]))
        breaks[fps] = np.linalg.norm(np.diff(speeds, axis=0), axis=-1)[lone - 1]
    assert breaks[60.0].mean() < 0.7 * breaks[30.0].mean() and breaks[60.0].max() < 0.7 * breaks[30.0].max()


def test_how_keys_are_passed_is_shown_to_the_model_but_not_beside_gaps_that_are_left():
    clip = made_chaos(frames=200)
    known = keyed(clip, [0, 20, 40, 60, 199])  # the last gap is too long
    model = Model()
    filled = fill_gaps(model, PACK, blank(clip, known), known)
    assert [gap.why for gap in filled.gaps] == ["", "", "", "longer than 4 seconds"]
    assert len(model.seen) == 6  # each of three twice
    speeds = [model.seen[at]["features"][0, :, PARTS["speed_after"]].any() for at in range(6)]
    assert speeds == [False, False, False, True, True, False]
    even = interpolate_gaps(blank(clip, known), known)
    assert np.allclose(filled.clip.positions[60:], even.positions[60:])


@pytest.mark.parametrize("left", ["first", "last"])
def test_beside_a_gap_that_is_left_the_speed_is_that_of_the_curves_in_it(left):
    frames = np.arange(200)
    clip = made_walk(seconds=200 / 30.0)
    keys = [0, 25, 199] if left == "last" else [0, 174, 199]
    known, key = keyed(clip, keys), keys[1]
    hips = 0.3 * np.sin(frames / 20.0)  # as an artist's curve may go on where the model does not
    clip = replace(clip, positions=clip.positions + hips[:, None] * [1.0, 0.0, 0.0])
    broken = []
    for around in (False, True):
        made = fill_gaps(Model(0.4), PACK, clip, known, around=around)
        assert [bool(gap.why) for gap in made.gaps] == [left == "first", left == "last"]
        beyond = slice(key, None) if left == "last" else slice(None, key + 1)
        rotations, positions = np.array(made.clip.rotations), np.array(made.clip.positions)
        rotations[beyond], positions[beyond] = clip.rotations[beyond], clip.positions[beyond]
        broken.append(break_at(replace(made.clip, rotations=rotations, positions=positions), key))
    assert broken[1].max() < 0.3 * broken[0].max() and broken[1][-1] < 0.2 * broken[0][-1]
    pose = np.where(frames < key, 0, key)
    stepping = replace(clip, positions=clip.positions[pose])
    if left == "first":  # it jumps onto the key, which is no speed
        once, same = (fill_gaps(Model(0.4), PACK, stepping, known, around=around).clip for around in (False, True))
        assert np.array_equal(once.positions, same.positions)


def test_too_long_doubtful_and_wild_gaps_are_interpolated_and_said():
    clip = made_walk(seconds=12.0)
    known = keyed(clip, [0, 20, 40, 200, 359])
    doubtful = np.zeros(clip.frames, dtype=bool)
    doubtful[40] = True
    filled = fill_gaps(Model(), PACK, blank(clip, known), known, doubtful=doubtful)
    assert [gap.why for gap in filled.gaps] == ["", "a key beside it is no pose that the model knows",
                                                "longer than 4 seconds", "longer than 4 seconds"]
    even = interpolate_gaps(clip, known)
    assert np.allclose(filled.clip.rotations[21:], even.rotations[21:])
    assert not filled.clip.contacts[21:].any()
    wild = fill_gaps(Model(20.0), PACK, blank(clip, known), known)
    assert "out of its depth" in wild.gaps[0].why
    assert np.allclose(wild.clip.rotations, even.rotations)


def test_a_hundred_and_twenty_frames_may_be_missing():
    clip = made_walk(seconds=5.0)
    known = keyed(clip, [0, 121])
    assert fill_gaps(Model(), PACK, clip, known).gaps[0].why == ""


def test_variants_differ_and_one_seed_is_one_result():
    clip = made_walk(seconds=2.0)
    known = keyed(clip, [0, 30, 59])
    one, same, other = (fill_gaps(Model(noise=0.3), PACK, blank(clip, known), known, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.clip.rotations, same.clip.rotations)
    assert not np.allclose(one.clip.rotations, other.clip.rotations)
    assert np.array_equal(one.clip.rotations[[0, 30, 59]], clip.rotations[[0, 30, 59]])


def test_latents_are_drawn_as_widely_as_the_pack_says():
    clip = made_walk(seconds=2.0)
    known = keyed(clip, [0, 30])
    drawn = []
    for times in ({}, {"temperature": 2.5}):
        model = Model()
        fill_gaps(model, SimpleNamespace(content={"inbetweener": {"latent": 4} | times}), clip, known, seed=7)
        drawn.append(model.seen[0]["latent"])
    assert np.allclose(drawn[1], 2.5 * drawn[0]) and np.abs(drawn[0][2]).max() > 0.1
    assert not drawn[1][:2].any()  # the best guess, and in the mirror, beside it


def test_speed_at_the_target_is_seen():
    clip = made_walk(seconds=2.0)
    known = keyed(clip, [*range(10), 30])
    model, turning = Model(), np.zeros((22, 3))
    fill_gaps(model, PACK, blank(clip, known), known, speeds={30: (turning, np.array([0.0, -3.0, 0.0]))})
    with_speed = model.seen[0]["features"][0, 15, PARTS["speed_after"]].reshape(CHANNELS, 3)[-1]
    model = Model()
    fill_gaps(model, PACK, blank(clip, known), known)
    without = model.seen[0]["features"][0, 15, PARTS["speed_after"]]
    assert not without.any()
    # interpolation goes at the walk's 1.2 m/s, the target at 3
    assert np.linalg.norm(with_speed) * 30.0 == pytest.approx(1.8, abs=0.1)


def test_speed_at_the_key_before_is_seen():
    clip = made_walk(seconds=2.0)
    known = keyed(clip, [10, 30])
    fast = np.zeros((22, 3)), np.array([0.0, -3.0, 0.0])
    model = Model()
    fill_gaps(model, PACK, blank(clip, known), known, speeds={10: fast})
    seen = model.seen[0]["features"][0, :, PARTS["speed_before"]].reshape(-1, CHANNELS, 3)
    assert len(seen) == 22 and np.linalg.norm(seen[10, -1]) * 30.0 == pytest.approx(1.8, abs=0.1)
    assert not model.seen[0]["features"][0, 10, PARTS["speed_after"]].any()


def test_speed_between_two_frames_leads_from_one_to_the_other():
    clip = made_walk(seconds=1.0)
    turning, going = speed_between(clip, 3, 6)
    seconds = 3.0 / clip.fps
    assert np.allclose(clip.positions[3] + seconds * going, clip.positions[6])
    assert quat_angle(turned_by(clip.rotations[3], seconds * turning), clip.rotations[6]).max() < 1e-6


def test_a_body_twice_as_tall_is_seen_as_the_same():
    clip = made_walk(seconds=2.0)
    tall = Skeleton(CANONICAL.names, CANONICAL.parents, CANONICAL.offsets * 2.0)
    known = keyed(clip, [*range(10), 30])
    models = Model(), Model()
    fill_gaps(models[0], PACK, clip, known)
    filled = fill_gaps(models[1], PACK, replace(clip, skeleton=tall, positions=clip.positions * 2.0), known)
    assert np.allclose(models[0].seen[0]["features"], models[1].seen[0]["features"], atol=1e-5)
    even = interpolate_gaps(replace(clip, positions=clip.positions * 2.0), known)
    assert np.abs(filled.clip.positions - even.positions).max() == pytest.approx(2 * 0.2 * 0.25, abs=0.01)


def test_wrong_shapes_are_one_line():
    clip = made_walk(seconds=1.0)
    with pytest.raises(GalateaError, match="23 channels"):
        fill_gaps(Model(), PACK, clip, np.ones((clip.frames, 22), dtype=bool))


def test_rotation_vectors_there_and_back():
    rng = np.random.default_rng(0)
    q = tell_quaternions(rng, 200)
    vectors = rng.uniform(-1.8, 1.8, (200, 3))  # shorter than half a turn
    turned = turned_by(q, vectors)
    assert np.allclose(rotation_vector(quat_multiply(quat_inverse(q), turned)), vectors, atol=1e-6)


def tell_quaternions(rng, count):
    q = rng.normal(size=(count, 4))
    return q / np.linalg.norm(q, axis=-1, keepdims=True)


def test_layout_before_the_first_and_after_the_last_key_holds():
    known = np.zeros((1, 6, CHANNELS), dtype=bool)
    known[0, [1, 4]] = True
    layout = lay_out(known)
    assert layout.before[0, :, 0].tolist() == [1, 1, 1, 1, 4, 4]
    assert layout.after[0, :, 0].tolist() == [1, 1, 4, 4, 4, 4]
    assert np.allclose(layout.share[0, 1:5, 0], [0.0, 1 / 3, 2 / 3, 0.0])


def test_the_parts_of_the_features_lie_end_to_end():
    edges = [(part.start, part.stop) for part in PARTS.values()]
    assert edges[0][0] == 0 and edges[-1][1] == inbetween_features.SIZE
    assert all(a[1] == b[0] for a, b in pairwise(edges))


def test_placing_a_clip_elsewhere_moves_what_is_filled_with_it():
    clip, turn = made_walk(seconds=2.0), quat_about_z(np.array(1.0))

    def placed(clip):
        rotations = np.array(clip.rotations)
        rotations[:, 0] = quat_multiply(turn, rotations[:, 0])
        return replace(clip, rotations=rotations, positions=quat_rotate(turn, clip.positions) + [3.0, -2.0, 0.0])

    known = keyed(clip, [*range(10), 40, 59])
    here, there = (fill_gaps(Model(), PACK, c, known).clip for c in (clip, placed(clip)))
    assert np.allclose(there.positions, placed(here).positions, atol=1e-5)
    assert quat_angle(there.rotations, placed(here).rotations).max() < 1e-5
