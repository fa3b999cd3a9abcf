# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations against matrices written out by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blender_addon.motion import rotations as rot

ORDERS = ["".join(order) for order in itertools.permutations("XYZ")]
HALF = np.sqrt(0.5)
angle = st.floats(-np.pi, np.pi)
angles = st.tuples(angle, angle, angle).map(np.array)


def matrix_about(axis: str, turn: float) -> np.ndarray:
    """The textbook matrices."""
    c, s = np.cos(turn), np.sin(turn)
    return {
        "X": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "Y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "Z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def composed(turns: np.ndarray, order: str) -> np.ndarray:
    first, second, third = (matrix_about(axis, turn) for axis, turn in zip(order, turns))
    return first @ second @ third


def rodrigues(axis: np.ndarray, turn: float) -> np.ndarray:
    """exp of the cross-product matrix, which knows nothing of quaternions."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(turn) * k + (1 - np.cos(turn)) * k @ k


@st.composite
def directions(draw):
    vector = np.array(draw(st.tuples(*[st.floats(-1, 1)] * 3)))
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-3 else np.array([0.0, 0.0, 1.0])


@st.composite
def quaternions(draw):
    return rot.quat_from_axis_angle(draw(directions()), draw(angle))


def same_rotation(a, b, within=1e-9):
    return min(np.abs(a - b).max(), np.abs(a + b).max()) < within


# --- cases done by hand -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis, turn, quat", [
    ("X", 90, [HALF, HALF, 0, 0]), ("Y", 90, [HALF, 0, HALF, 0]), ("Z", 90, [HALF, 0, 0, HALF]),
    ("Z", 180, [0, 0, 0, 1]), ("X", 60, [np.sqrt(3) / 2, 0.5, 0, 0]), ("Y", -90, [HALF, 0, -HALF, 0]),
])
def test_axis_angle_by_hand(axis, turn, quat):
    unit = np.eye(3)["XYZ".index(axis)]
    assert np.allclose(rot.quat_from_axis_angle(unit, np.radians(turn)), quat)
    assert np.allclose(rot.matrix_from_quat(np.array(quat, float)), matrix_about(axis, np.radians(turn)))


def test_a_quarter_turn_about_z_takes_x_to_y_and_facing_to_the_left():
    quarter = rot.quat_about_z(np.pi / 2)
    assert np.allclose(rot.quat_rotate(quarter, [1.0, 0.0, 0.0]), [0, 1, 0])
    assert np.allclose(rot.quat_rotate(quarter, [0.0, -1.0, 0.0]), [1, 0, 0])  # facing -Y, then +X, its own left


def test_multiply_does_the_second_first():
    x, z = rot.quat_from_axis_angle(np.eye(3)[0], np.pi / 2), rot.quat_about_z(np.pi / 2)
    # Y goes up about X and stays there about Z; the other way round it goes to -X and stays
    assert np.allclose(rot.quat_rotate(rot.quat_multiply(z, x), [0.0, 1.0, 0.0]), [0, 0, 1])
    assert np.allclose(rot.quat_rotate(rot.quat_multiply(x, z), [0.0, 1.0, 0.0]), [-1, 0, 0])
    assert np.allclose(rot.quat_multiply(z, x), [0.5, 0.5, 0.5, 0.5])


@pytest.mark.parametrize("order, euler, quat", [
    ("ZXY", [90, 0, 0], [HALF, 0, 0, HALF]),
    ("ZXY", [90, 90, 0], [0.5, 0.5, 0.5, 0.5]),  # Rz @ Rx: i j k all a half, as in the product above
    ("XYZ", [90, 0, 90], [0.5, 0.5, -0.5, 0.5]),  # Rx @ Rz
    ("YXZ", [180, 0, 180], [0, 1, 0, 0]),
])
def test_euler_by_hand(order, euler, quat):
    assert same_rotation(rot.euler_to_quat(np.radians(euler), order), np.array(quat, float))


# --- against matrices -------------------------------------------------------------------------------------------


@given(directions(), angle, directions())
def test_quaternions_turn_vectors_as_rodrigues_does(axis, turn, vector):
    q = rot.quat_from_axis_angle(axis, turn)
    expected = rodrigues(axis, turn)
    assert np.allclose(rot.matrix_from_quat(q), expected, atol=1e-12)
    assert np.allclose(rot.quat_rotate(q, vector), expected @ vector, atol=1e-12)
    assert np.allclose(rot.quat_rotate(rot.quat_inverse(q), expected @ vector), vector, atol=1e-12)


@given(quaternions(), quaternions())
def test_products_are_those_of_matrices(a, b):
    product = rot.matrix_from_quat(a) @ rot.matrix_from_quat(b)
    assert np.allclose(rot.matrix_from_quat(rot.quat_multiply(a, b)), product, atol=1e-12)


@given(quaternions())
def test_matrix_and_back(q):
    back = rot.quat_from_matrix(rot.matrix_from_quat(q))
    assert same_rotation(back, q) and back[0] >= 0.0


@given(directions(), st.floats(-1e-7, 1e-7))
def test_matrix_near_half_a_turn(axis, off):
    """Where the trace gives nothing the largest diagonal does; 1e-7 rad must survive in the scalar part."""
    turn = np.pi + off
    back = rot.quat_from_matrix(rodrigues(axis, turn))
    assert same_rotation(back, np.array([np.cos(turn / 2), *np.sin(turn / 2) * axis]), 1e-9)


@pytest.mark.parametrize("axis", [*np.eye(3), *-np.eye(3)])
def test_matrix_of_exactly_half_a_turn(axis):
    q = rot.quat_from_matrix(2.0 * np.outer(axis, axis) - np.eye(3))
    assert same_rotation(q, np.array([0.0, *axis]))


@pytest.mark.parametrize("order", ORDERS)
@given(angles)
def test_euler_angles_are_the_matrices_in_the_order_listed(order, turns):
    q = rot.euler_to_quat(turns, order)
    assert np.allclose(rot.matrix_from_quat(q), composed(turns, order), atol=1e-12)
    assert np.allclose(rot.euler_to_quat(turns, order.lower()), q)
    back = rot.quat_to_euler(q, order)
    assert np.allclose(composed(back, order), composed(turns, order), atol=2e-4)
    assert abs(back[1]) <= np.pi / 2 + 1e-12


@pytest.mark.parametrize("order", ORDERS)
@given(angle, st.floats(-1.5, 1.5), angle)
def test_euler_angles_come_back_themselves_away_from_gimbal_lock(order, a, b, c):
    back = rot.quat_to_euler(rot.euler_to_quat(np.array([a, b, c]), order), order)
    assert np.allclose(np.exp(1j * back), np.exp(1j * np.array([a, b, c])), atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("off", [0.0, 1e-12, 1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_euler_in_and_near_gimbal_lock(order, off, side):
    for a, c in itertools.product(np.linspace(-3, 3, 7), repeat=2):
        turns = np.array([a, side * (np.pi / 2 - off), c])
        back = rot.quat_to_euler(rot.euler_to_quat(turns, order), order)
        # a twentieth of a thousandth of a radian: where the lock begins, the last angle is given up
        assert np.abs(composed(back, order) - composed(turns, order)).max() < 5e-5
        if off == 0.0:
            assert back[2] == 0.0


def test_two_and_one_axis_orders():
    assert same_rotation(rot.euler_to_quat(np.radians([30.0, 40.0]), "XZ"),
                         rot.quat_from_matrix(matrix_about("X", np.radians(30)) @ matrix_about("Z", np.radians(40))))
    assert same_rotation(rot.euler_to_quat(np.radians([30.0]), "Y"), rot.quat_from_matrix(
        matrix_about("Y", np.radians(30))))


# --- between, slerp, axis and angle -----------------------------------------------------------------------------


@given(directions(), directions(), st.floats(0.1, 10))
def test_between_takes_one_direction_to_the_other_by_the_shortest_turn(a, b, longer):
    q = rot.quat_between(a * longer, b)
    assert np.linalg.norm(q) == pytest.approx(1.0)
    assert np.allclose(rot.quat_rotate(q, a), b, atol=1e-4)
    turn = 2 * np.arctan2(np.linalg.norm(q[1:]), abs(q[0]))
    assert turn == pytest.approx(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b), abs=1e-4)


@given(directions(), st.sampled_from([0.0, 1e-12, 1e-8, 1e-5, 1e-3]), directions())
def test_between_nearly_opposite_directions(a, off, aside):
    b = -a + off * aside
    b /= np.linalg.norm(b)
    q = rot.quat_between(a, b)
    assert np.isfinite(q).all() and np.allclose(rot.quat_rotate(q, a), b, atol=1e-4)


@given(directions(), st.floats(-3.1, 3.1), st.floats(0, 1), directions(), angle)
def test_slerp_turns_evenly_about_one_axis(axis, turn, share, base_axis, base_turn):
    """From any pose, a share of a turn about an axis is the turn by that share of the angle."""
    base = rot.quat_from_axis_angle(base_axis, base_turn)
    end = rot.quat_multiply(rot.quat_from_axis_angle(axis, turn), base)
    middle = rodrigues(axis, share * turn) @ rodrigues(base_axis, base_turn)
    for sign in (1.0, -1.0):  # q and -q are the same pose
        q = rot.slerp(base, sign * end, share)
        assert np.allclose(rot.matrix_from_quat(q), middle, atol=1e-6)


@given(quaternions(), quaternions())
def test_slerp_has_its_ends(a, b):
    # arccos of the dot product knows angles below 1e-8 only roughly
    assert same_rotation(rot.slerp(a, b, 0.0), a, 1e-7) and same_rotation(rot.slerp(a, b, 1.0), b, 1e-7)


def test_slerp_over_leading_axes():
    a = np.tile(rot.IDENTITY, (5, 3, 1))
    b = np.tile(rot.quat_about_z(1.0), (5, 3, 1))
    share = np.linspace(0, 1, 15).reshape(5, 3)
    assert np.allclose(rot.slerp(a, b, share), rot.quat_about_z(share))


@given(directions(), st.floats(0.0, np.pi))
def test_axis_angle_and_back(axis, turn):
    q = rot.quat_from_axis_angle(axis, turn)
    for sign in (1.0, -1.0):
        about, by = rot.quat_to_axis_angle(sign * q)
        assert 0.0 <= by <= np.pi + 1e-12
        assert np.allclose(rodrigues(about, by), rodrigues(axis, turn), atol=1e-9)


def test_no_rotation_has_an_axis_all_the_same():
    about, by = rot.quat_to_axis_angle(rot.IDENTITY)
    assert np.allclose(about, [0, 1, 0]) and by == 0.0


@given(directions(), st.floats(1e-9, np.pi), quaternions())
def test_angle_between(axis, turn, base):
    other = rot.quat_multiply(rot.quat_from_axis_angle(axis, turn), base)
    assert rot.quat_angle(base, other) == pytest.approx(turn, rel=1e-5, abs=1e-12)
    assert rot.quat_angle(base, -other) == pytest.approx(turn, rel=1e-5, abs=1e-12)


# --- without jumps ----------------------------------------------------------------------------------------------


def test_continuous_quaternions_flip_signs_only():
    turns = rot.quat_about_z(np.linspace(0, 12 * np.pi, 200))[:, None]
    flipped = turns * np.where(np.random.default_rng(0).random((200, 1, 1)) < 0.5, -1.0, 1.0)
    smooth = rot.quat_continuous(flipped)
    assert np.allclose(np.abs(np.sum(smooth * flipped, axis=-1)), 1.0)
    assert np.linalg.norm(np.diff(smooth, axis=0), axis=-1).max() < 0.1
    assert np.allclose(smooth[0], flipped[0])
    assert rot.quat_continuous(flipped[:1]).shape == (1, 1, 4)


@pytest.mark.parametrize("order", ORDERS)
def test_continuous_euler_angles_through_full_turns_and_gimbal_lock(order):
    """Tumbling: the angles stay those of the rotation and do not jump by half or full turns."""
    time = np.linspace(0, 1, 400)
    turns = np.stack([9 * time, 8 * time + 0.05, 0.3 + 2 * time], axis=-1)
    q = rot.euler_to_quat(turns, order)
    smooth = rot.euler_continuous(rot.quat_to_euler(q, order))
    assert np.allclose([composed(s, order) for s in smooth], [composed(t, order) for t in turns], atol=1e-4)
    assert np.abs(np.diff(smooth, axis=0)).max() < 0.1


def test_frame_from_axes():
    frame = rot.frame_from_axes(np.array([0.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    assert np.allclose(frame, np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]]).T)
    assert np.linalg.det(frame) == pytest.approx(1.0)


def test_normalise_leaves_zero_alone():
    assert np.allclose(rot.normalise(np.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])), [[0.6, 0, 0.8], [0, 0, 0]])


def test_everything_works_over_leading_axes():
    rng = np.random.default_rng(3)
    q = rot.normalise(rng.normal(size=(4, 5, 4)))
    v = rng.normal(size=(4, 5, 3))
    for i, k in itertools.product(range(4), range(5)):
        assert np.allclose(rot.quat_rotate(q, v)[i, k], rot.quat_rotate(q[i, k], v[i, k]))
        assert np.allclose(rot.quat_to_euler(q, "YZX")[i, k], rot.quat_to_euler(q[i, k], "YZX"))
        assert np.allclose(rot.quat_from_matrix(rot.matrix_from_quat(q))[i, k] * np.sign(q[i, k, 0]), q[i, k])


@pytest.mark.parametrize("shapes", [((7, 2, 3), (7, 2, 3)), ((3,), (5, 3)), ((4, 1, 3), (6, 3))])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_cross_product_is_numpys_to_the_bit(shapes, kind):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape).astype(kind) for shape in shapes)
    assert np.array_equal(rot.cross(a, b), np.cross(a, b)) and rot.cross(a, b).dtype == kind
