# SPDX-License-Identifier: GPL-3.0-or-later
"""Style beyond the data: bodies stay clean over all sliders, alone and together, and change as the sliders say."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from judging_bodies import around, overlapping, pierced, texels, winding
from judging_joints import joint

from blender_addon.character.body_mesh import make_body
from blender_addon.character.measurements import average
from blender_addon.character.requests import SHAPES

TOGETHER = [
    {"head": 1.0, "limbs": -1.0, "muscle": 1.0, "heroic": 1.0, "childlike": 1.0, "toon": 1.0},
    {"head": -1.0, "limbs": 1.0, "muscle": 1.0, "heroic": 1.0},
    {"head": 1.0, "limbs": -1.0, "muscle": -1.0, "childlike": 1.0, "toon": 1.0},
    {"head": -1.0, "limbs": 1.0, "muscle": -1.0, "toon": 1.0},
]


@lru_cache
def body_of(sex, *sliders):
    return make_body(average(sex), dict(sliders))


def styled(sex, **shape):
    return body_of(sex, *shape.items())


@pytest.mark.parametrize("shape", [{"muscle": 1.0}, {"childlike": 1.0}, *TOGETHER],
                         ids=lambda shape: " ".join(f"{name}{amount:g}" for name, amount in shape.items()))
def test_a_styled_body_is_clean(shape):
    sex = float(len(shape) % 2)
    body, usual = styled(sex, **shape), styled(sex)
    assert body.joints == usual.joints
    for name in ("faces", "joint_indices", "weights"):
        assert np.array_equal(getattr(body, name), getattr(usual, name)), name
    assert np.isfinite(body.vertices).all()
    density, _ = texels(body)
    assert density.min() > 0.7 and density.max() < 1.3 and overlapping(body)[0] == 0.0
    assert abs(body.vertices[:, 2].min()) < 0.003  # soles on the floor
    assert len(pierced(body)) / (2 * len(body.faces)) < 0.007
    outside = [name for name, at in zip(body.joints, body.positions, strict=True)
               if not name.startswith("Right") and abs(winding(body, at) - 1.0) > 0.1]
    assert outside == []
    mirrored = {tuple(each) for each in np.round(body.vertices * (-1.0, 1.0, 1.0), 4).tolist()}
    own = {tuple(each) for each in np.round(body.vertices, 4).tolist()}
    assert len(own & mirrored) > 0.99 * len(own)
    sizes = np.linalg.norm(body.vertices[body.faces] - body.vertices[np.roll(body.faces, -1, axis=1)], axis=2)
    assert sizes.min() > 1e-5


def test_nothing_asked_changes_nothing():
    nothing = make_body(average(1.0), dict.fromkeys(SHAPES, 0.0))
    assert np.array_equal(nothing.vertices, styled(1.0).vertices)


def head_girth(body):
    head, top = joint(body, "Head"), body.vertices[:, 2].max()
    return around(body, head + (0.0, 0.01, 0.6 * (top - head[2])), np.array([0.0, 0.0, 1.0]))


def length(body, *names):
    return sum(np.linalg.norm(joint(body, b) - joint(body, a)) for a, b in pairwise(names))


def leg(body):
    return length(body, "LeftUpLeg", "LeftLeg", "LeftFoot")


def upper_arm(body):
    shoulder, elbow = joint(body, "LeftArm"), joint(body, "LeftForeArm")
    return around(body, shoulder + 0.58 * (elbow - shoulder), elbow - shoulder)


def stature(body):
    return np.ptp(body.vertices[:, 2])


def hand(body):
    return length(body, "LeftHand", "LeftHandMiddle1")


@pytest.mark.parametrize(("sex", "slider", "amount", "measure", "low", "high"), [
    (0.0, "head", 1.0, head_girth, 1.45, 1.65), (1.0, "head", -1.0, head_girth, 0.60, 0.72),
    (0.0, "limbs", 1.0, leg, 1.15, 1.28), (1.0, "limbs", -1.0, leg, 0.75, 0.88),
    (1.0, "muscle", 1.0, upper_arm, 1.15, 1.35), (0.0, "muscle", -1.0, upper_arm, 0.70, 0.90),
    (0.0, "childlike", 1.0, stature, 0.60, 0.72), (1.0, "toon", 1.0, hand, 1.25, 1.50),
    (1.0, "toon", 1.0, head_girth, 1.50, 1.80), (1.0, "toon", 1.0, upper_arm, 0.65, 0.85),
])
def test_sliders_do_what_they_are_called(sex, slider, amount, measure, low, high):
    assert low < measure(styled(sex, **{slider: amount})) / measure(styled(sex)) < high


def test_heroes_have_long_legs_and_children_large_heads():
    hero, usual = styled(1.0, heroic=1.0), styled(1.0)
    assert leg(hero) / leg(usual) > stature(hero) / stature(usual) > head_girth(hero) / head_girth(usual)
    child = styled(0.0, childlike=1.0)
    chin = child.vertices[child.joint_indices[:, 0] == child.joints.index("Jaw"), 2].min()
    assert 5.0 < stature(child) / (child.vertices[:, 2].max() - chin) < 6.6  # heads; adults have seven and a half
