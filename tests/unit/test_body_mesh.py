# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies from measurements: closed, of quads, unwrapped, skinned, and as long and as wide as was asked for.

The mesh is judged by itself (`judging_bodies`): no function of `blender_addon.character` but `make_body` and the
measurements it is given takes part.
"""

from pathlib import Path

import numpy as np
import pytest
from judging_bodies import (
    around,
    open_edges,
    overlapping,
    pierced,
    sides,
    stretched,
    taken,
    texels,
    unlike_mirrored,
    winding,
)
from judging_joints import (
    SHARES,
    TWISTS,
    bent,
    dense,
    in_motion,
    joint,
    posed,
    skinned,
    triangles,
    turn,
    turned_by,
    volume,
    volume_kept,
)

from blender_addon.character.body_mesh import make_body
from blender_addon.character.measurements import NAMES, Measurements, average
from blender_addon.errors import GalateaError
from blender_addon.motion.bvh import read_bvh
from blender_addon.motion.rotations import matrix_from_quat, quat_from_axis_angle, quat_inverse, quat_multiply
from blender_addon.motion.skeleton import JOINTS

# How much of a woman's or man's mean somebody's girths and breadths are, by how their names begin.
_STOUT = {"waist": 1.28, "chest": 1.16, "hip": 1.14, "buttock": 1.17, "thigh": 1.18, "calf": 1.12, "biceps": 1.16,
          "forearmc": 1.10, "neck": 1.12, "lowerthigh": 1.14, "ankle": 1.06, "wrist": 1.05, "bideltoid": 1.09}
_SLIGHT = {"waist": 0.82, "chest": 0.87, "hip": 0.90, "buttock": 0.87, "thigh": 0.83, "calf": 0.88, "biceps": 0.82,
           "forearmc": 0.88, "neck": 0.91, "lowerthigh": 0.86, "ankle": 0.94, "wrist": 0.94, "bideltoid": 0.92}


def somebody(sex, build, tall=1.0):
    values = average(sex).measured.copy()
    for n, name in enumerate(NAMES):
        if name == "stature" or "height" in name or ("length" in name and name != "headlength"):
            values[n] *= tall
        else:
            values[n] *= next((factor for part, factor in build.items() if name.startswith(part)), 1.0)
    return Measurements(values, sex)


PEOPLE = {"woman": average(0.0), "man": average(1.0), "between": average(0.5),
          "stout woman": somebody(0.0, _STOUT, 0.96), "stout man": somebody(1.0, _STOUT),
          "slight woman": somebody(0.0, _SLIGHT, 1.05), "slight man": somebody(1.0, _SLIGHT, 0.93),
          "tall man": somebody(1.0, {}, 1.09)}


@pytest.fixture(scope="module")
def bodies():
    return {name: make_body(people) for name, people in PEOPLE.items()}


# --- the skin -------------------------------------------------------------------------------------------------------


def test_one_closed_skin_of_quads(bodies):
    mesh = bodies["man"]
    assert open_edges(mesh) == (0, 0)
    edges = np.unique(np.sort(sides(mesh.faces), axis=1), axis=0)
    assert np.array_equal(np.unique(mesh.faces), np.arange(len(mesh.vertices)))
    assert mesh.faces.shape[1] == 4 and (np.diff(np.sort(mesh.faces, axis=1), axis=1) > 0).all()
    assert 6000 <= len(mesh.vertices) <= 12500
    valence = np.bincount(edges.ravel())
    assert valence.min() >= 3 and valence.max() <= 6 and (valence == 4).mean() > 0.95
    reached = np.zeros(len(mesh.vertices), bool)
    reached[0] = True
    for _ in range(400):
        reached[edges[reached[edges].any(axis=1)]] = True
    assert reached.all()


def test_all_bodies_have_the_same_faces_and_weights(bodies):
    first = bodies["man"]
    for mesh in bodies.values():
        assert np.array_equal(mesh.faces, first.faces) and np.array_equal(mesh.weights, first.weights)
        assert np.array_equal(mesh.joint_indices, first.joint_indices) and mesh.joints == first.joints


def test_left_and_right_are_mirror_images(bodies):
    for name, mesh in bodies.items():
        assert unlike_mirrored(mesh) < 1e-5, name


@pytest.mark.parametrize("name", ["woman", "man", "between"])
def test_it_holds_as_much_as_a_person(bodies, name):
    litres = 1000.0 * volume(bodies[name].vertices, triangles(bodies[name]))
    assert litres == pytest.approx(PEOPLE[name]["weightkg"] / 1.03, rel=0.06)


@pytest.mark.parametrize("name", ["man", "woman", "stout woman"])
def test_it_hardly_cuts_itself(bodies, name):
    mesh = bodies[name]
    assert len(pierced(mesh)) < 0.008 * 2 * len(mesh.faces)  # lips, roots of the ears, webs, armpits of the stout


# --- measures, taken by cutting -------------------------------------------------------------------------------------


def test_it_has_the_measures_that_were_asked_for(bodies):
    for name, mesh in bodies.items():
        found = taken(mesh, PEOPLE[name])
        off = {measure: value / PEOPLE[name][measure] - 1.0 for measure, value in found.items()}
        assert max(map(abs, off.values())) < 0.03, (name, {m: round(v, 3) for m, v in off.items() if abs(v) > 0.02})


def test_the_arm_is_narrow_above_the_elbow(bodies):
    for name, mesh in bodies.items():
        shoulder, elbow = joint(mesh, "LeftArm"), joint(mesh, "LeftForeArm")
        shares = np.linspace(0.6, 1.0, 21)
        girths = [around(mesh, shoulder + (elbow - shoulder) * share, elbow - shoulder) for share in shares]
        assert 0.82 < shares[np.argmin(girths)] < 0.98, (name, shares[np.argmin(girths)])


def test_it_stands_on_the_ground(bodies):
    for name, mesh in bodies.items():
        assert abs(mesh.vertices[:, 2].min()) < 2e-3, name
        for side in (1.0, -1.0):
            assert mesh.vertices[mesh.vertices[:, 0] * side > 0.0, 2].min() < 2e-3, name


# --- joints and weights ---------------------------------------------------------------------------------------------


def test_joints_are_the_canonical_ones_and_the_digits(bodies):
    mesh = bodies["man"]
    assert mesh.joints[:22] == JOINTS and "Jaw" in mesh.joints and len(mesh.joints) == 22 + 1 + 30 + 18
    assert set(mesh.joints[53:]) == {side + part for side in ("Left", "Right") for part in TWISTS | SHARES}
    for name, body in bodies.items():
        for n, joint_name in enumerate(body.joints):
            if "Left" in joint_name:
                other = body.positions[body.joints.index(joint_name.replace("Left", "Right"))]
                assert np.allclose(other, body.positions[n] * (-1, 1, 1), atol=1e-9), (name, joint_name)


@pytest.mark.parametrize("name", ["woman", "stout man", "slight man"])
def test_joints_lie_inside(bodies, name):
    mesh = bodies[name]
    for n, joint_name in enumerate(mesh.joints):
        assert winding(mesh, mesh.positions[n]) == pytest.approx(1.0, abs=1e-3), joint_name


def test_weights_are_valid_and_smooth(bodies):
    mesh = bodies["man"]
    assert mesh.joint_indices.shape == mesh.weights.shape == (len(mesh.vertices), 4)
    assert np.allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-12) and (mesh.weights >= 0.0).all()
    assert (np.diff(mesh.weights, axis=1) <= 0.0).all()
    strong = set(np.unique(mesh.joint_indices[mesh.weights > 0.5]))
    assert strong == set(range(len(mesh.joints)))
    weights = dense(mesh)
    edges = sides(mesh.faces)
    step = np.abs(weights[edges[:, 0]] - weights[edges[:, 1]]).max(axis=1)
    assert step.max() < 0.6 and np.percentile(step, 99) < 0.3


def test_each_limb_is_its_own(bodies):
    mesh = bodies["man"]
    weights = dense(mesh)
    right = [n for n, name in enumerate(mesh.joints) if name.startswith("Right")]
    away = mesh.vertices[:, 0] > 0.06
    assert weights[np.ix_(away, right)].max() < 0.02
    legs = weights[:, [mesh.joints.index(f"Left{name}") for name in ("UpLeg", "Leg", "Foot", "Toe")]].sum(axis=1)
    arm = ("LeftArm", "LeftForeArm", "LeftHand")
    arms = weights[:, [n for n, name in enumerate(mesh.joints) if name.startswith(arm)]].sum(axis=1)
    assert not ((legs > 0.0) & (arms > 0.0)).any()
    for n, name in enumerate(mesh.joints):
        if name.startswith("LeftHand") and name[-1] == "3":
            assert 10 < (weights[:, n] > 0.9).sum() < 200, name


@pytest.mark.parametrize("name", ["LeftLeg", "LeftForeArm"])
@pytest.mark.parametrize("degrees", [30.0, 60.0, 100.0, 120.0])
def test_a_bent_joint_keeps_its_volume(bodies, name, degrees):
    for who in ("man", "woman", "stout man"):
        kept = volume_kept(bodies[who], name, bent(bodies[who], name, degrees))
        assert kept > 0.85, (who, kept)


@pytest.mark.parametrize("take", ["kick", "dance"])
def test_moving_joints_keep_their_volume(bodies, take):
    clip = read_bvh(Path(__file__).parents[1] / "takes" / f"{take}.bvh")
    turned, _ = clip.forward()
    to_z_up = quat_from_axis_angle(np.array([1.0, 0.0, 0.0]), np.array(np.pi / 2.0))
    turned = turned[:, [clip.names.index(name) for name in JOINTS]]
    turned = quat_multiply(quat_multiply(to_z_up, turned), quat_inverse(to_z_up))  # Y is up in the file
    for who in ("woman", "stout man"):
        for frame in np.linspace(0, len(turned) - 1, 10).astype(int):
            moved = skinned(bodies[who], in_motion(bodies[who], matrix_from_quat(turned[frame])))
            for name in ("LeftForeArm", "RightForeArm", "LeftLeg", "RightLeg"):
                assert volume_kept(bodies[who], name, moved) > 0.85, (who, frame, name)


def test_a_turned_hand_does_not_wring_the_forearm(bodies):
    mesh = bodies["man"]
    along = joint(mesh, "LeftHandMiddle1") - joint(mesh, "LeftHand")
    for degrees in (90.0, -90.0):
        wrung = skinned(mesh, turned_by(mesh, {"LeftHand": turn(along, degrees)}))
        assert volume_kept(mesh, "LeftHand", wrung) > 0.93


def test_the_mouth_opens(bodies):
    mesh = bodies["woman"]
    opened = posed(mesh, {"Jaw": ("X", 18.0)})
    moved = np.linalg.norm(opened - mesh.vertices, axis=1)
    chin = mesh.vertices[moved > 0.01]
    head = joint(mesh, "Head")
    assert len(chin) > 80 and (chin[:, 1] < head[1]).all() and (chin[:, 2] < head[2] + 0.02).all()


# --- texture coordinates --------------------------------------------------------------------------------------------


def test_texture_coordinates_lie_in_the_square_without_folds(bodies):
    for name, mesh in bodies.items():
        assert mesh.uvs.shape == (len(mesh.faces), 4, 2) and mesh.uvs.min() >= 0.0 and mesh.uvs.max() <= 1.0
        after, before = np.roll(mesh.uvs, -1, axis=1) - mesh.uvs, mesh.uvs - np.roll(mesh.uvs, 1, axis=1)
        assert (before[..., 0] * after[..., 1] > before[..., 1] * after[..., 0]).all(), name


@pytest.mark.parametrize("name", ["man", "stout woman", "slight woman"])
def test_charts_do_not_lie_upon_one_another(bodies, name):
    twice, used = overlapping(bodies[name], 2048)
    assert twice == 0.0 and used > 0.40


def test_no_face_has_texels_far_from_the_mean(bodies):
    for name, mesh in bodies.items():
        density, _ = texels(mesh)
        assert density.min() > 0.7 and density.max() < 1.3, (name, density.min(), density.max())


def test_texels_are_hardly_sheared(bodies):
    for name, mesh in bodies.items():
        askew, real = stretched(mesh)
        assert np.average(askew, weights=real) < 1.15, name
        assert real[askew > 1.7].sum() / real.sum() < 0.012, name


def test_left_and_right_are_as_large_in_the_picture(bodies):
    for name, mesh in bodies.items():
        across, along = mesh.uvs[:, 2] - mesh.uvs[:, 0], mesh.uvs[:, 3] - mesh.uvs[:, 1]
        area, x = across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0], mesh.vertices[mesh.faces].mean(axis=1)[:, 0]
        assert np.allclose(np.sort(area[x > 0.0]), np.sort(area[x < 0.0]), rtol=1e-9, atol=0.0), name


def test_charts_stay_where_they_are_from_body_to_body(bodies):
    first = bodies["man"].uvs.mean(axis=1)
    for name, mesh in bodies.items():
        assert np.median(np.linalg.norm(mesh.uvs.mean(axis=1) - first, axis=1)) < 0.10, name


# --- bad input ------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_measurements_is_said(bodies):
    person = dict(PEOPLE["man"])
    with pytest.raises(GalateaError, match="needs its stature"):
        make_body({name: value for name, value in person.items() if name != "stature"})
    with pytest.raises(GalateaError, match="neckcircumference is a number above 0"):
        make_body(person | {"neckcircumference": float("nan")})
    with pytest.raises(GalateaError, match=r"crotchheight .* is above its waistheightomphalion"):
        make_body(person | {"crotchheight": 1.2})


def test_the_same_measurements_give_the_same_body(bodies):
    again = make_body(PEOPLE["stout woman"])
    assert np.array_equal(again.vertices, bodies["stout woman"].vertices)
    assert np.array_equal(again.uvs, bodies["stout woman"].uvs)
