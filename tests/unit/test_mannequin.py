# SPDX-License-Identifier: GPL-3.0-or-later
"""The mannequin: closed, skinned, unwrapped, and on whoever's rest pose it is put."""

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_bodies import overlapping

from blender_addon.character import cage, mannequin, sculpting, surface, unwrapping
from blender_addon.character.body import BODY_JOINTS, REFERENCE
from blender_addon.character.mannequin import build_mannequin
from blender_addon.errors import RigError
from blender_addon.motion import skeleton
from blender_addon.motion.rotations import matrix_from_quat, quat_from_axis_angle
from blender_addon.motion.skeleton import CANONICAL, INDEX, JOINTS, PARENTS

BONES = [(JOINTS[parent], name) for name, parent in zip(JOINTS, PARENTS)
         if parent >= 0 and not name.endswith(("Shoulder", "UpLeg"))]
MIRROR = np.array([-1.0, 1.0, 1.0])


def reference():
    return {name: at.copy() for name, at in REFERENCE.items()}


def turned(joints, pivot, names, axis, degrees):
    turn = matrix_from_quat(quat_from_axis_angle(np.eye(3)["XYZ".index(axis)], np.radians(degrees)))
    return joints | {name: turn @ (joints[name] - joints[pivot]) + joints[pivot] for name in names}


def lowered(degrees):
    joints = reference()
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        joints = turned(joints, f"{side}Arm", (f"{side}ForeArm", f"{side}Hand"), "Y", sign * degrees)
    return joints


def bent():
    """An A-pose with bent elbows, legs apart and a spine with a curve, as meta-rigs have."""
    joints = lowered(40.0)
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        joints = turned(joints, f"{side}ForeArm", (f"{side}Hand",), "Z", -sign * 25.0)
        joints = turned(joints, f"{side}UpLeg", (f"{side}Leg", f"{side}Foot", f"{side}Toe"), "Y", -sign * 8.0)
    for name, back in (("Hips", 0.04), ("Spine", 0.02), ("Spine1", -0.01), ("Neck", 0.02), ("Head", -0.03)):
        joints[name] = joints[name] + (0.0, back, 0.0)
    return joints


def child():
    joints = {name: at * 0.6 for name, at in reference().items()}
    for side in ("Left", "Right"):
        for name in ("Arm", "ForeArm", "Hand"):
            joints[side + name] = joints[side + name] * (0.9, 1.0, 1.0)
    return joints


def tall():
    return {name: at * (1.1, 1.1, 1.2) for name, at in reference().items()}


PEOPLE = {"canonical": reference, "A-pose": lambda: lowered(45.0), "arms down": lambda: lowered(70.0),
          "bent": bent, "child": child, "tall": tall}


@pytest.fixture(scope="module")
def people():
    return {name: (make(), build_mannequin(make())) for name, make in PEOPLE.items()}


@pytest.fixture(params=list(PEOPLE))
def person(request, people):
    return people[request.param]


def volume(vertices, faces):
    a, b, c, d = vertices[faces.T]
    return float(np.sum(a * np.cross(b, c)) + np.sum(a * np.cross(c, d))) / 6.0


def winding(mesh, point):
    """How often the skin goes around a point: 1 inside, 0 outside (Van Oosterom and Strackee 1983)."""
    quads = mesh.vertices[mesh.faces] - point
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    a, b, c = np.moveaxis(triangles, 1, 0)
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    below = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(b * c, 1) * la + np.sum(c * a, 1) * lb
    return np.sum(np.arctan2(np.sum(a * np.cross(b, c), axis=1), below)) / (2.0 * np.pi)


def test_its_joints_are_the_canonical_ones():
    assert BODY_JOINTS == JOINTS
    for name, at in zip(JOINTS, CANONICAL.rest_positions):
        assert np.allclose(REFERENCE[name], at, rtol=0.0, atol=1e-12), name


def test_one_closed_skin(person):
    _, mesh = person
    sides = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    assert len(np.unique(sides, axis=0)) == len(sides)  # no edge twice the same way round: normals agree
    edges, count = np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)
    assert (count == 2).all()
    assert len(mesh.vertices) - len(edges) + len(mesh.faces) == 2  # a sphere, without handles
    assert np.array_equal(np.unique(mesh.faces), np.arange(len(mesh.vertices)))
    reached = np.zeros(len(mesh.vertices), bool)
    reached[0] = True
    for _ in range(400):
        reached[edges[reached[edges].any(axis=1)]] = True
    assert reached.all()
    assert 1500 <= len(mesh.vertices) <= 8000


def test_the_skin_faces_outward_and_holds_a_body(people):
    for name, (joints, mesh) in people.items():
        size = joints["Head"][2] / 1.575
        assert 0.045 < volume(mesh.vertices, mesh.faces) / size**3 < 0.085, name  # a person of 1.75 m has 0.07 m3


def test_bones_run_inside(people):
    for name, (joints, mesh) in people.items():
        for parent, joint in BONES:
            for share in (0.1, 0.5, 0.9):
                at = joints[parent] * (1 - share) + joints[joint] * share
                if "Toe" not in joint or share < 0.8:
                    assert winding(mesh, at) == pytest.approx(1.0, abs=1e-6), (name, parent, joint, share)


def test_it_stands_on_the_ground(people):
    for name, (joints, mesh) in people.items():
        low = mesh.vertices[mesh.vertices[:, 2] < 0.03 * joints["Head"][2], :]
        assert abs(low[:, 2].min()) < 1e-3, name
        for side in ("Left", "Right"):
            foot = low[np.abs(low[:, 0] - joints[f"{side}Foot"][0]) < 0.06 * joints["Head"][2]]
            heel, toes = foot[:, 1].max(), foot[:, 1].min()
            assert heel > joints[f"{side}Foot"][1] > joints[f"{side}Toe"][1] > toes, name


def test_the_head_is_above_and_the_hands_at_the_ends(people):
    for name, (joints, mesh) in people.items():
        size = joints["Head"][2] / 1.575
        assert 0.16 * size < mesh.vertices[:, 2].max() - joints["Head"][2] < 0.21 * max(size, 0.7), name
        along = joints["LeftHand"] - joints["LeftForeArm"]
        beyond = (mesh.vertices - joints["LeftHand"]) @ along / np.linalg.norm(along)
        assert 0.13 < beyond[dense(mesh)[:, INDEX["LeftHand"]] > 0.9].max() / size < 0.22, name


def test_weights(person):
    _, mesh = person
    assert mesh.joints == JOINTS
    assert mesh.joint_indices.shape == mesh.weights.shape == (len(mesh.vertices), 4)
    assert np.allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-12) and (mesh.weights >= 0.0).all()
    assert (np.diff(mesh.weights, axis=1) <= 0.0).all()
    assert set(np.unique(mesh.joint_indices[mesh.weights > 0.3])) == set(range(22))


def dense(mesh):
    weights = np.zeros((len(mesh.vertices), 22))
    np.put_along_axis(weights, mesh.joint_indices.astype(np.intp), mesh.weights, axis=1)
    return weights


def test_each_limb_is_its_own(people):
    """No vertex of one leg follows the other, none of an arm a leg; only the crotch is shared."""
    _, mesh = people["canonical"]
    weights = dense(mesh)
    groups = {side: weights[:, [INDEX[side + bone] for bone in ("UpLeg", "Leg", "Foot", "Toe")]].sum(axis=1)
              for side in ("Left", "Right")}
    shared = (groups["Left"] > 0.02) & (groups["Right"] > 0.02)
    assert np.abs(mesh.vertices[shared, 0]).max(initial=0.0) < 0.06
    arms = weights[:, [INDEX[side + bone] for side in ("Left", "Right") for bone in ("Arm", "ForeArm", "Hand")]]
    assert not ((arms.sum(axis=1) > 0.0) & (groups["Left"] + groups["Right"] > 0.0)).any()
    assert (weights[mesh.vertices[:, 0] > 0.75, INDEX["LeftHand"]] == 1.0).all()
    assert (weights[mesh.vertices[:, 2] > 1.62, INDEX["Head"]] == 1.0).all()


def test_weights_change_smoothly(people):
    _, mesh = people["canonical"]
    weights = dense(mesh)
    sides = np.stack([mesh.faces, np.roll(mesh.faces, -1, axis=1)], axis=-1).reshape(-1, 2)
    assert np.abs(weights[sides[:, 0]] - weights[sides[:, 1]]).max() < 0.45


@pytest.mark.parametrize(("joint", "axis", "degrees"), [
    ("LeftLeg", "X", 100.0), ("LeftForeArm", "Z", -120.0), ("LeftUpLeg", "X", -70.0), ("LeftArm", "Y", 75.0),
    ("LeftHand", "X", 70.0), ("Head", "Z", 60.0)])
def test_a_bent_joint_keeps_its_volume(people, joint, axis, degrees):
    joints, mesh = people["canonical"]
    moved = [n for n, name in enumerate(JOINTS) if name == joint or hangs_from(name, joint)]
    share = dense(mesh)[:, moved].sum(axis=1)[:, None]
    turn = matrix_from_quat(quat_from_axis_angle(np.eye(3)["XYZ".index(axis)], np.radians(degrees)))
    bent = (mesh.vertices - joints[joint]) @ turn.T + joints[joint]
    posed = mesh.vertices * (1.0 - share) + bent * share
    near = np.linalg.norm(mesh.vertices - joints[joint], axis=1) < 0.12
    # What a joint loses is measured on the skin around it, as a share of what lies there.
    lost = volume(mesh.vertices, mesh.faces) - volume(posed, mesh.faces)
    around = 4.0 / 3.0 * np.pi * np.median(np.linalg.norm(mesh.vertices[near] - joints[joint], axis=1)) ** 3
    assert abs(lost) < 0.5 * around
    from_axis = np.linalg.norm(posed[near] - joints[joint], axis=1)
    assert from_axis.min() > 0.3 * np.linalg.norm(mesh.vertices[near] - joints[joint], axis=1).min()


def hangs_from(name, joint):
    while PARENTS[INDEX[name]] >= 0:
        name = JOINTS[PARENTS[INDEX[name]]]
        if name == joint:
            return True
    return False


def test_texture_coordinates_lie_in_the_square_without_folds(people):
    _, mesh = people["canonical"]
    assert mesh.uvs.shape == (len(mesh.faces), 4, 2)
    assert mesh.uvs.min() >= 0.0 and mesh.uvs.max() <= 1.0
    a, b, c, d = np.moveaxis(mesh.uvs, 1, 0)
    for first, second in ((b - a, d - a), (c - b, a - b), (d - c, b - c), (a - d, c - d)):
        assert (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0.0).all()


def test_charts_do_not_lie_upon_one_another(people):
    _, mesh = people["canonical"]
    twice, covered = overlapping(mesh, 512)
    assert twice < 0.002
    assert covered > 0.35


def test_texels_are_spread_evenly(people):
    _, mesh = people["canonical"]
    quads = mesh.vertices[mesh.faces]
    real = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1) / 2
    across, along = mesh.uvs[:, 2] - mesh.uvs[:, 0], mesh.uvs[:, 3] - mesh.uvs[:, 1]
    flat = (across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2
    density = np.sqrt(flat / real)
    assert np.percentile(density, 99) / np.percentile(density, 1) < 2.2
    assert density.max() / density.min() < 3.0


def test_left_and_right_are_alike(people):
    skin = cage.cage()
    for name in ("canonical", "A-pose", "bent", "child"):
        _, mesh = people[name]
        assert np.allclose(mesh.vertices[skin.mirror] * MIRROR, mesh.vertices, atol=2e-4), name
    weights = dense(people["canonical"][1])
    assert np.allclose(weights[skin.mirror][:, list(skeleton.MIRROR)], weights, atol=1e-6)


def test_no_face_is_crumpled(people):
    """Only in the webs of the fingers and deep in an armpit does a face stand against its neighbours."""
    for name, (_, mesh) in people.items():
        a, b, c, d = mesh.vertices[mesh.faces.T]
        flat = np.cross(c - a, d - b)
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        around = surface.vertex_normals(mesh.vertices)[mesh.faces]
        against = (np.einsum("fi,fki->fk", flat, around) < 0.0).any(axis=1)
        assert against.sum() <= (4 if name != "arms down" else 12), name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.0, 0.025), size=st.floats(0.4, 1.5),
       arms=st.floats(-20.0, 75.0))
def test_any_humanoid_gets_one(seed, spread, size, arms):
    rng = np.random.default_rng(seed)
    joints = {name: (at + rng.normal(0.0, spread, 3)) * size for name, at in lowered(arms).items()}
    mesh = build_mannequin(joints)
    assert np.isfinite(mesh.vertices).all()
    assert 0.03 < volume(mesh.vertices, mesh.faces) / size**3 < 0.12
    places = np.array(list(joints.values()))
    away = np.linalg.norm(mesh.vertices[:, None] - places, axis=2).min(axis=1)
    assert away.max() < 0.32 * max(size, 1.0)
    middles = [(joints[a] + joints[b]) / 2 for a, b in BONES if "Arm" in b or "Hand" in b or "Leg" in b or "Foot" in b]
    assert all(winding(mesh, at) > 0.9 for at in middles)


def test_it_goes_where_the_rest_pose_is():
    shifted = {name: at + (2.0, -3.0, 0.0) for name, at in reference().items()}
    assert np.allclose(build_mannequin(shifted).vertices, build_mannequin(reference()).vertices + (2.0, -3.0, 0.0),
                       atol=1e-3)


def test_joints_that_a_rig_has_not_are_made_up():
    few = {name: at for name, at in reference().items()
           if name not in ("Spine", "Spine1", "Spine2", "Neck", "Head", "LeftShoulder", "RightShoulder", "LeftHand",
                           "RightHand", "LeftToe", "RightToe")}
    assert np.allclose(build_mannequin(few).vertices, build_mannequin(reference()).vertices, atol=0.01)


def test_tails_turn_hands_and_make_heads_taller():
    joints = reference()
    mesh = build_mannequin(joints)
    usual, hand = mesh.vertices, dense(mesh)[:, INDEX["LeftHand"]] > 0.9
    tails = {"Head": joints["Head"] + (0.0, 0.0, 0.20), "LeftHand": joints["LeftHand"] + (0.15, -0.06, 0.0)}
    made = build_mannequin(joints, tails).vertices
    assert made[:, 2].max() == pytest.approx(1.775, abs=0.005)
    assert made[hand, 1].mean() < usual[hand, 1].mean() - 0.02
    odd = {"Head": joints["Head"] + (0.0, 0.5, 0.01), "LeftHand": joints["LeftHand"] - (0.1, 0.0, 0.0)}
    assert np.array_equal(build_mannequin(joints, odd).vertices, usual)


@pytest.mark.parametrize(("change", "says"), [
    (lambda joints: joints.pop("LeftLeg"), "without LeftLeg"),
    (lambda joints: joints.update(Spine=np.array([np.nan, 0, 1])), "finite"),
    (lambda joints: joints.update(LeftForeArm=joints["LeftArm"]), "LeftArm has no length"),
    (lambda joints: joints.update(Head=np.array([0.0, 0.0, -1.0])), "head is not above its feet"),
    (lambda joints: joints.update(Head=np.array([0.0, 0.0, 1.0])), "one above the other"),
])
def test_no_body_for_what_is_none(change, says):
    joints = reference()
    change(joints)
    with pytest.raises(RigError, match=says) as caught:
        build_mannequin(joints)
    assert "\n" not in str(caught.value)


_HASH = ("import hashlib; from blender_addon.character.mannequin import build_mannequin as b;"
         "from blender_addon.character.body import REFERENCE as r; m = b(r);"
         "print(hashlib.sha256(b''.join(x.tobytes() for x in (m.vertices, m.faces, m.uvs, m.weights))).hexdigest())")


def test_the_same_bytes_every_time(root):
    mesh = build_mannequin(reference())
    parts = (mesh.vertices, mesh.faces, mesh.uvs, mesh.weights)
    here = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    there = subprocess.run([sys.executable, "-c", _HASH], cwd=root, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_it_takes_under_two_seconds():
    cached = (cage.cage, sculpting.reference_vertices, unwrapping.texture_coordinates, mannequin._influences,
              surface.neighbours)
    for function in cached:
        function.cache_clear()
    began = time.process_time()
    build_mannequin(reference())
    assert time.process_time() - began < 2.0
    began = time.process_time()
    build_mannequin(bent())
    assert time.process_time() - began < 0.6


def test_changing_one_leaves_the_next_alone():
    first = build_mannequin(reference())
    for part in (first.vertices, first.faces, first.uvs, first.weights, first.joint_indices):
        part[:] = 0
    assert volume(*(getattr(build_mannequin(reference()), part) for part in ("vertices", "faces"))) > 0.04
