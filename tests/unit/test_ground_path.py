# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways over the ground, measured by hand."""

import numpy as np
import pytest

from blender_addon.errors import GalateaError
from blender_addon.motion.ground_path import path_through, straight_path

CORNER = np.array([[0.0, 0], [2, 0], [2, 3]])
SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


@pytest.mark.parametrize("length, place, direction", [
    (0.0, (0, 0), (1, 0)), (1.5, (1.5, 0), (1, 0)), (2.0, (2, 0), (0, 1)), (3.0, (2, 1), (0, 1)),
    (7.0, (2, 5), (0, 1)), (-1.0, (-1, 0), (1, 0)),
])
def test_round_a_corner_and_straight_on_past_the_ends(length, place, direction):
    at, along = path_through(CORNER, cyclic=False).at(np.array(length))
    assert np.allclose(at, place) and np.allclose(along, direction)


@pytest.mark.parametrize("length, place, direction", [
    (0.5, (0.5, 0), (1, 0)), (3.5, (0, 0.5), (0, -1)), (4.0, (0, 0), (1, 0)), (9.25, (1, 0.25), (0, 1)),
    (-0.25, (0, 0.25), (0, -1)),
])
def test_a_closed_path_goes_round_and_round(length, place, direction):
    path = path_through(SQUARE, cyclic=True)
    at, along = path.at(np.array(length))
    assert path.lengths[-1] == 4.0
    assert np.allclose(at, place) and np.allclose(along, direction)


def test_a_closed_path_may_be_given_with_its_first_point_again():
    path = path_through(np.concatenate([SQUARE, SQUARE[:1]]), cyclic=True)
    assert path.lengths[-1] == 4.0


def test_many_lengths_at_once():
    at, along = path_through(CORNER, False).at(np.array([[0.0, 1.0], [2.5, 6.0]]))
    assert at.shape == along.shape == (2, 2, 2)
    assert np.allclose(at, [[[0, 0], [1, 0]], [[2, 0.5], [2, 4]]])


def test_points_on_top_of_one_another_are_one():
    path = path_through(np.repeat(CORNER, 3, axis=0), False)
    assert len(path.points) == 3 and path.lengths[-1] == 5.0


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((1, 2)), np.ones((5, 2))], ids=["none", "one", "same"])
@pytest.mark.parametrize("cyclic", [False, True])
def test_a_path_without_length_is_refused_in_one_line(points, cyclic):
    with pytest.raises(GalateaError, match="no length") as caught:
        path_through(points, cyclic)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("quarters, ahead", [(0, (0, -1)), (1, (1, 0)), (2, (0, 1)), (-1, (-1, 0))])
def test_straight_ahead_is_where_the_body_faces(quarters, ahead):
    at, along = straight_path(np.array([3.0, 4.0]), quarters * np.pi / 2).at(np.array([0.0, 10.0]))
    assert np.allclose(at, [[3, 4], np.array([3, 4]) + 10 * np.array(ahead)]) and np.allclose(along, ahead)


def test_the_nearest_place_on_the_path():
    path = path_through(CORNER, False)
    assert path.nearest(np.array([1.2, 0.3]), 1.0, 4.0) == pytest.approx(1.2, abs=0.06)
    assert path.nearest(np.array([2.4, 2.0]), 3.0, 4.0) == pytest.approx(4.0, abs=0.06)
    assert path.nearest(np.array([2.0, 6.0]), 4.0, 4.0) == pytest.approx(8.0, abs=0.06)  # past its end


def test_nearest_looks_only_so_far():
    """Where a path crosses itself the guess says which time round is meant."""
    eight = path_through(np.array([[0.0, 0], [4, 0], [4, 4], [2, 4], [2, -4]]), False)
    assert eight.nearest(np.array([2.0, 0.0]), 2.0, 4.0) == pytest.approx(2.0, abs=0.06)
    assert eight.nearest(np.array([2.0, 0.0]), 13.0, 4.0) == pytest.approx(14.0, abs=0.06)


def test_nearest_on_the_second_round_of_a_closed_path():
    path = path_through(SQUARE * 10, cyclic=True)
    assert path.nearest(np.array([5.0, -0.5]), 44.0, 4.0) == pytest.approx(45.0, abs=0.06)
