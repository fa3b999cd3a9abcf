# SPDX-License-Identifier: GPL-3.0-or-later
"""Generating, with a stand-in for the model that walks where it is led and writes down what it was told."""

import made_packs
import numpy as np
import pytest
from made_walk import made_walk
from made_walker import ACTIONS, AHEAD, HELD, LATENT, PACK, STYLES, WARM_UP, Walker, plan

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.inference.sessions import open_session
from blender_addon.motion.generating import generate, generate_slices, motion_figures, plan_motion
from blender_addon.motion.measures import travelled
from blender_addon.motion.requests import MotionRequest, check_request
from blender_addon.motion.rotations import quat_about_z, quat_angle
from blender_addon.motion.skeleton import CANONICAL

# --- planning -----------------------------------------------------------------------------------------------------


def test_actions_one_after_another_each_for_its_time_at_its_pace():
    made = plan((("walk", 3.0), ("idle", None), ("run", 0.5)), seconds=1.5)
    assert made.frames == 90 + 45 + 15 and made.fps == 30.0 and made.seconds == 5.0
    assert np.array_equal(made.speed, np.repeat([1.2, 0.0, 3.0], [90, 45, 15]))
    assert made.metres == pytest.approx(1.2 * 3.0 + 3.0 * 0.5)
    assert np.array_equal(made.shown, np.arange(150))
    assert np.allclose(made.action[[40, 110, 148]], np.eye(3)[[0, 2, 1]])
    assert made.action.dtype == np.float32 and made.warmup == WARM_UP and np.allclose(made.ahead, AHEAD)
    assert made.skeleton.names == CANONICAL.names and np.allclose(made.skeleton.offsets, CANONICAL.offsets)


def test_a_learnt_pace_is_asked_of_the_model():
    made = plan(speed=1.4)
    assert np.array_equal(made.shown, np.arange(60)) and np.allclose(made.speed, 1.2 * 1.4)
    assert made.metres == pytest.approx(1.2 * 1.4 * 2.0)


@pytest.mark.parametrize("speed, tempo", [(0.5, 0.75), (1.0, 1.0), (1.1, 1.0), (2.0, 1.6)])
def test_a_pace_that_was_not_learnt_is_the_nearest_one_played_quicker_or_slower(monkeypatch, speed, tempo):
    monkeypatch.setitem(PACK.content["generator"], "speed_range", {"walk": [0.8, 1.5]})
    made = plan(speed=speed, seconds=4.0)
    assert np.allclose(made.speed, 1.2 * speed / tempo) and np.allclose(np.diff(made.shown), tempo)
    assert len(made.shown) == 120 and made.seconds == 4.0
    assert made.shown[-1] <= made.frames - 1 < made.shown[-1] + 1
    assert made.metres == pytest.approx(1.2 * speed * 4.0)
    # the walker goes where it is led, so the take covers what was asked for, in the time that was asked for
    clip = generate(Walker(), PACK, made, [3])[0]
    assert clip.frames == 120 and clip.fps == 30.0
    assert travelled(clip) == pytest.approx(made.metres, rel=0.03)


def test_an_action_without_a_pace_changes_its_tempo_and_nothing_jumps_where_tempos_meet():
    made = plan((("walk", 2.0), ("idle", 2.0)), speed=2.0)
    rates = np.diff(made.shown)
    assert np.allclose(rates[:50], 1.0) and np.allclose(rates[70:], 2.0)
    assert np.all(np.diff(rates) >= -1e-9) and np.diff(rates).max() < 0.11
    assert np.allclose(made.action[[20, -20]], np.eye(3)[[0, 2]])


def test_one_action_gives_way_to_the_next_over_a_third_of_a_second():
    action = plan((("walk", 2.0), ("run", 2.0))).action
    assert np.allclose(action.sum(axis=1), 1.0, atol=1e-6) and (action >= 0.0).all()
    changing = np.flatnonzero((action[:, 0] > 1e-6) & (action[:, 0] < 1 - 1e-6))
    assert 50 < changing[0] < 60 <= changing[-1] < 70 and len(changing) == 9
    assert np.all(np.diff(action[:, 0]) <= 1e-7)
    assert action[59, 0] == pytest.approx(0.5, abs=0.11)


@pytest.mark.parametrize("parts", [
    (("walk", None),), (("walk", 0.1), ("run", 0.1), ("walk", 0.1)), (("idle", 0.1), ("run", 3.0)),
    tuple((ACTIONS[i % 3], 0.2) for i in range(9)),
])
def test_weights_always_sum_to_one(parts):
    made = plan(parts)
    assert np.allclose(made.action.sum(axis=1), 1.0, atol=1e-6)
    assert made.action.shape == (made.frames, 3) and len(made.speed) == made.frames


@pytest.mark.parametrize("seconds, frames", [(0.1, 3), (1.0, 30), (1.01, 30), (1.02, 31), (0.001, 1), (600.0, 18000)])
def test_seconds_are_whole_frames(seconds, frames):
    assert plan(seconds=seconds).frames == frames


def test_style():
    assert plan().style.tolist() == [0.0, 0.0] and plan(style="proud").style.tolist() == [0.0, 1.0]


def test_straight_ahead_or_along_the_points():
    made = plan(start=(2.0, 3.0), heading=np.pi / 2)
    assert np.allclose(made.path.at(np.array(1.0))[0], [3.0, 3.0])
    assert np.allclose(plan(points=np.array([[0.0, 0], [0, 5]]), start=(9.0, 9.0)).path.at(np.array(1.0))[0], [0, 1])
    with pytest.raises(GalateaError, match="no length"):
        plan(points=np.zeros((4, 2)))


@pytest.mark.parametrize("wish, says", [
    ({"action": "fly"}, "'fly'; there are walk, run, idle"), ({"action": "walk:3,fly:1"}, "'fly'"),
    ({"action": "walk:x"}, "'x' is no number"), ({"action": "walk:0"}, "seconds of walk cannot be 0"),
    ({"action": "walk:400,run:400"}, "800 seconds"), ({"action": ""}, "there is no action ''"),
    ({"style": "sad"}, "'sad'; there are old, proud"), ({"seconds": 0.0}, "seconds cannot be 0"),
    ({"seconds": float("nan")}, "seconds cannot be nan"), ({"seconds": 1e9}, "seconds cannot be 1e+09"),
    ({"speed": -1.0}, "speed cannot be -1"), ({"takes": 0}, "takes cannot be 0"), ({"seed": -1}, "seed cannot be -1"),
    ({"seconds": "a"}, "seconds cannot be 'a'; give a number"), ({"seconds": None}, "seconds cannot be None"),
    ({"takes": 1.5}, "takes cannot be 1.5; give a whole number"), ({"seed": "x"}, "seed cannot be 'x'"),
    ({"start": 1.5}, "start cannot be 1.5"), ({"action": None}, "action cannot be None"),
])
def test_what_there_is_not_is_said_in_one_line(wish, says):
    with pytest.raises(GalateaError) as caught:
        check_request(MotionRequest(**wish), ACTIONS, STYLES)
    assert says in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_request_as_parts():
    assert check_request(MotionRequest("walk"), ACTIONS, STYLES) == (("walk", None),)
    parts = check_request(MotionRequest(" walk:3, run:1.5 ,idle", style="old"), ACTIONS, STYLES)
    assert parts == (("walk", 3.0), ("run", 1.5), ("idle", None))
    with pytest.raises(GalateaError, match="has none"):
        check_request(MotionRequest(style="old"), ACTIONS, [])


def test_a_loop_has_the_first_action_to_spare_after_the_last():
    made = plan((("walk", 3.0), ("idle", 1.0)), spare=2.0)
    assert len(made.shown) == 90 + 30 + 60 and made.spare == 60 and made.seconds == 4.0
    assert np.allclose(made.action[[40, 105, 170]], np.eye(3)[[0, 2, 0]]) and made.joins == (90, 120)
    assert made.metres == pytest.approx(1.2 * 3.0)  # of what was asked for
    assert plan().joins == () and plan((("walk", 1.0), ("walk", 1.0))).joins == () and not plan().led
    assert plan(points=np.array([[0.0, 0], [0, 5]])).led


def test_what_is_done_once_ends_in_standing(monkeypatch):
    generator = PACK.content["generator"]
    assert np.allclose(plan((("walk", 1.0), ("run", 2.0))).action[-1], [0, 1, 0])
    monkeypatch.setitem(generator, "once", ["run"])
    made = plan((("walk", 1.0), ("run", 2.0)))
    assert np.allclose(made.action[50], [0, 1, 0]) and np.allclose(made.action[-1], [0, 0, 1])
    assert made.joins == (30, 60)
    # between other actions there is no need to, nor when there is hardly time for it at all
    assert np.allclose(plan((("run", 2.0), ("walk", 1.0))).action[40], [0, 1, 0])
    assert plan((("run", 0.4),)).action[:, 1].argmin() >= 6
    monkeypatch.setitem(generator, "actions", ["walk", "run", "dance"])
    monkeypatch.setitem(generator, "natural_speed", {"walk": 1.2, "run": 3.0, "dance": 0.0})
    assert np.allclose(plan((("run", 2.0),)).action[-1], [0, 1, 0])  # there is no standing


# --- what the model is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("points, cyclic", [
    (None, False),
    (np.array([[0.0, 0], [0, -2], [3, -2]]), False),  # walked past its end
    (np.array([[0.0, 0], [1.5, 0], [1.5, 1.5], [0, 1.5]]), True),  # walked round twice
], ids=["straight", "corner", "square"])
def test_the_wanted_places_lie_as_far_along_the_path_as_the_time_says(points, cyclic):
    walker, wanted = Walker(), plan(seconds=10.0, points=points, cyclic=cyclic)
    generate(walker, PACK, wanted, [0])
    told = walker.kept("trajectory")[:, 0]
    # a corner cannot be cut without falling behind or getting ahead; the straight line is followed to the millimetre
    for frame in range(wanted.frames if points is None else 15):
        length = 1.2 * ((frame + 1) / 30.0 + np.array(AHEAD))
        places, facing = wanted.path.at(length)
        assert np.abs(told[frame, :, :2] - places).max() < 2e-3
        assert np.allclose(told[frame, :, 2:], facing, atol=1e-6)
    for frame in range(wanted.frames):  # always on the path, in order, at the pace asked for
        reached = _length_of(wanted.path, told[frame, 0, :2], 1.2 * frame / 30)
        places, facing = wanted.path.at(reached + 1.2 * (np.array(AHEAD) - AHEAD[0]))
        assert np.abs(told[frame, :, :2] - places).max() < 2e-3
        # it is led on at its pace, give or take what the body lags
        assert abs(reached - 1.2 * ((frame + 1) / 30 + AHEAD[0])) < 1.0


def _length_of(path, place, guess):
    tried = guess + np.linspace(-3, 3, 6001)
    away = np.linalg.norm(path.at(tried)[0] - place, axis=1)
    return tried[np.flatnonzero(away < away.min() + 1e-3)[0]]


def test_past_the_end_it_is_straight_on():
    walker = Walker()
    clip, = generate(walker, PACK, plan(seconds=5.0, points=np.array([[0.0, 0], [1.0, 0]])), [0])
    told = walker.kept("trajectory")[-1, 0]
    assert np.allclose(told[:, 1], 0.0) and np.allclose(told[:, 2:], [1, 0]) and told[0, 0] > 5.0
    assert clip.positions[-1, 0] == pytest.approx(6.0, abs=0.1) and abs(clip.positions[-1, 1]) < 1e-6


def test_the_pace_of_the_next_action_is_seen_before_it_comes():
    """A second ahead of the change the farthest place is nearer already; it is the sum of the paces on the way."""
    walker, wanted = Walker(), plan((("run", 1.0), ("walk", 2.0)))
    generate(walker, PACK, wanted, [0])
    told = -walker.kept("trajectory")[14, 0, :, 1]  # after half a second, the way it goes
    assert told[2] - told[0] == pytest.approx(3.0 * 0.3 + 1.2 * 0.5, abs=0.05)


@pytest.mark.parametrize("able, low, high", [(0.0, 0.4, 1.3), (0.2, 0.4, 1.3), (3.0, -0.6, 0.4)],
                         ids=["stuck", "slow", "fast"])
def test_the_wanted_place_waits_for_the_body_and_does_not_fall_behind_it(able, low, high):
    """Twice a second it is brought to within 50 cm ahead of the body or 30 cm behind, and goes on from there."""
    walker = Walker(able)
    generate(walker, PACK, plan(seconds=8.0), [0])
    now = -walker.kept("trajectory")[:, 0, 0, 1] - 1.2 * (AHEAD[0] + 1 / 30)  # where it should be at this moment
    ahead = (now + walker.kept("root")[:, 0, 1])[60:]
    assert low < ahead.max() < high and ahead.min() > -0.6


def test_an_action_that_finds_its_own_way_is_not_led():
    walker = Walker()
    clip, = generate(walker, PACK, plan((("idle", 2.0),), heading=1.0), [0])
    assert not walker.kept("trajectory")[..., 2:].any()
    assert not np.array([told["trajectory"] for told in walker.told])[..., 2:].any()  # nor while it warms up
    assert np.allclose(clip.positions[-1, :2], 0.0)
    assert quat_angle(clip.rotations[:, 0], quat_about_z(1.0)).max() < 1e-6


def test_after_standing_the_way_goes_on_from_where_the_body_is():
    walker = Walker()
    generate(walker, PACK, plan((("walk", 2.0), ("idle", 2.0), ("walk", 2.0))), [0])
    root, told = walker.kept("root")[:, 0], walker.kept("trajectory")[:, 0]
    assert not told[60:120, :, 2:].any() and told[120:, :, 2:].any(axis=-1).all()
    first = -told[120, 0, 1] - -root[120, 1]
    assert first == pytest.approx(1.2 * (AHEAD[0] + 1 / 30), abs=0.06)


def test_action_style_and_state_as_they_were_planned():
    walker, wanted = Walker(), plan((("walk", 1.0), ("run", 1.0)), style="old")
    generate(walker, PACK, wanted, [5])
    assert np.array_equal(walker.kept("action")[:, 0], wanted.action)
    assert all(np.array_equal(told["action"][0], wanted.action[0]) for told in walker.told[:WARM_UP])
    assert all(told["style"].tolist() == [[1.0, 0.0]] for told in walker.told)
    # states start with zeros and are handed on, through the warm-up into the take
    counted = [told[name].flat[0] for told in walker.told for name in ("state", "hidden", "cell")]
    assert counted == np.repeat(np.arange(WARM_UP + 60), 3).tolist()


def test_the_warm_up_is_a_straight_walk_of_which_only_the_stance_is_kept():
    walker = Walker()
    clip, = generate(walker, PACK, plan(start=(4.0, 5.0), heading=2.0), [0])
    assert len(walker.told) == WARM_UP + 60
    for frame, told in enumerate(walker.told[:WARM_UP]):
        assert np.allclose(told["trajectory"][0, :, 1], -1.2 * ((frame + 1) / 30 + np.array(AHEAD)), atol=1e-5)
        assert np.allclose(told["trajectory"][0, :, [0, 2, 3]].T, [0, 0, -1], atol=1e-6)
    assert np.allclose(walker.told[WARM_UP]["root"], [[4.0, 5.0, 2.0]], atol=1e-6)
    assert np.linalg.norm(clip.positions[0, :2] - [4.0, 5.0]) < 0.1


# --- the latent ---------------------------------------------------------------------------------------------------


def test_latents_are_drawn_by_seed_and_held():
    drawn = {}
    for seed in (1, 2, 1):
        walker = Walker()
        generate(walker, PACK, plan(seconds=20.0), [seed])
        latents = np.array([told["latent"][0] for told in walker.told])
        assert np.array_equal(drawn.setdefault(seed, latents), latents)
        blocks = latents[:len(latents) // HELD * HELD].reshape(-1, HELD, LATENT)
        assert (blocks == blocks[:, :1]).all() and len(np.unique(blocks[:, 0, 0])) == len(blocks)
        assert abs(blocks.mean()) < 0.4 and 0.7 < blocks.std() < 1.3
    assert not np.isclose(drawn[1], drawn[2]).any()


def test_a_longer_take_begins_like_a_shorter_one():
    short, long = Walker(), Walker()
    generate(short, PACK, plan(seconds=1.0), [9])
    generate(long, PACK, plan(seconds=9.0), [9])
    for one, other in zip(short.told, long.told):
        assert np.array_equal(one["latent"], other["latent"])


def test_a_graph_that_holds_its_latent_is_told_when_another_begins():
    walker = Walker(holds=True)
    generate(walker, PACK, plan(seconds=20.0), [1, 2], together=True)
    fresh = np.array([told["fresh"][:, 0] for told in walker.told])
    assert np.array_equal(np.flatnonzero(fresh[:, 0]), np.arange(0, len(fresh), HELD))
    assert np.array_equal(fresh[:, 0], fresh[:, 1]) and set(np.unique(fresh)) == {0.0, 1.0}
    assert not walker.told[0]["held"].any()
    for before, told in zip(walker.told, walker.told[1:]):  # what a step handed on is what the next one is given
        expected = before["latent"] if before["fresh"][0, 0] else before["held"]
        assert np.array_equal(told["held"], expected)


# --- what comes out -----------------------------------------------------------------------------------------------


def test_a_clip_is_what_the_model_said():
    walker = Walker()
    clip, = generate(walker, PACK, plan(seconds=3.0, heading=-0.5), [77])
    assert clip.name == "77" and clip.fps == 30.0 and clip.frames == 90 and clip.skeleton.names == CANONICAL.names
    assert np.allclose(clip.positions[:, 2], 0.94)  # told 0.9, which on straight legs is 4 cm too low to stand
    assert clip.contacts.dtype == bool and (clip.contacts == [True, False, True, False]).all()
    # the root after each step, which is the next one's input
    assert np.allclose(clip.positions[:-1, :2], walker.kept("root")[1:, 0, :2])
    assert quat_angle(clip.rotations[:, 0], quat_about_z(-0.5)).max() < 1e-3
    assert np.sum(clip.rotations[1:] * clip.rotations[:-1], axis=-1).min() > 0.99  # signs do not flip
    gone = clip.positions[-1] - clip.positions[0]
    assert np.arctan2(gone[0], -gone[1]) == pytest.approx(-0.5, abs=1e-3)
    assert np.linalg.norm(gone) == pytest.approx(1.2 * 89 / 30, rel=0.02)


def test_in_slices_of_one_step():
    slices, shares = generate_slices(Walker(), PACK, plan(seconds=2.2), [1, 2]), []
    while True:
        try:
            shares.append(next(slices))
        except StopIteration as done:
            clips = done.value
            break
    assert np.allclose(shares, np.arange(1, WARM_UP + 67) / (WARM_UP + 66))
    whole = generate(Walker(), PACK, plan(seconds=2.2), [1, 2], together=True)
    assert len(clips) == 2 and all(np.array_equal(a.positions, b.positions) for a, b in zip(clips, whole))


def test_a_batch_is_one_run_and_one_at_a_time_is_many():
    one, many = Walker(), Walker()
    generate(one, PACK, plan(), [1, 2, 3], together=True)
    generate(many, PACK, plan(), [1, 2, 3])
    assert len(one.told) == WARM_UP + 60 and one.told[0]["root"].shape == (3, 3)
    assert len(many.told) == 3 * (WARM_UP + 60) and many.told[0]["root"].shape == (1, 3)
    latents = np.concatenate([many.told[i * (WARM_UP + 60)]["latent"] for i in range(3)])
    assert np.array_equal(latents, one.told[0]["latent"])


def test_figures_of_a_take():
    wanted = plan(seconds=6.0, speed=1.25)
    clip, = generate(Walker(), PACK, wanted, [0])
    figures = motion_figures(clip, wanted)
    assert figures["asked_m_per_s"] == 1.5 and figures["asked_m"] == 9.0
    assert figures["travelled_m"] == pytest.approx(9.0, rel=0.03)
    assert figures["travel_ratio"] == pytest.approx(1.0, rel=0.03)
    assert figures["hip_height_min"] == figures["hip_height_max"] == pytest.approx(1.0, abs=1e-4)
    assert all(isinstance(value, float) for value in figures.values())
    still = plan((("idle", 2.0),))
    assert "travel_ratio" not in motion_figures(generate(Walker(), PACK, still, [0])[0], still)
    walk = motion_figures(made_walk(10.0), plan(seconds=10.0))
    assert walk["steps_per_minute_left"] == pytest.approx(54.0, abs=6.1) and walk["knee_bend_min_deg"] > -0.1


# --- with a real graph --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A small LSTM with random weights, through onnxruntime as it is run for users."""
    pack = read_pack(made_packs.write_pack(tmp_path_factory.mktemp("packs") / "made"))
    return open_session(pack, device="cpu"), pack


def of_pack(pack, seconds=3.0):
    return plan_motion(pack, (("walk", None), ("run", None)), "old", seconds, 1.0, None, False, (1.0, 2.0), 0.3)


def test_the_same_seed_is_the_same_bits_and_another_seed_is_not(opened):
    session, pack = opened
    one, again = (generate(session, pack, of_pack(pack), [3])[0] for _ in range(2))
    for name in ("rotations", "positions", "contacts"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    other, = generate(session, pack, of_pack(pack), [4])
    assert np.abs(other.rotations - one.rotations).max() > 1e-3


def test_a_take_is_the_same_bits_alone_and_among_others(opened):
    session, pack = opened
    alone, = generate(session, pack, of_pack(pack), [4])
    among = generate(session, pack, of_pack(pack), [3, 4, 5])
    assert [clip.name for clip in among] == ["3", "4", "5"]
    assert np.array_equal(among[1].rotations, alone.rotations) and np.array_equal(among[1].positions, alone.positions)


def test_together_they_are_the_same_but_for_rounding(opened):
    session, pack = opened
    apart = generate(session, pack, of_pack(pack), [3, 4, 5])
    batch = generate(session, pack, of_pack(pack), [3, 4, 5], together=True)
    for a, b in zip(apart, batch):
        assert np.allclose(a.rotations, b.rotations, atol=1e-3) and np.allclose(a.positions, b.positions, atol=1e-2)
