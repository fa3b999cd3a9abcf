# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of fitted curves are the same curves, frame by frame."""

from itertools import pairwise

import numpy as np
import pytest
from made_tracks import made_chain

from blender_addon.motion.curve_cuts import changed, cut_curve, cut_tracks
from blender_addon.motion.tracks import Curve


def made_curve(rng, count=6):
    """Keys with handles a third of the way to the next ones, as key reduction makes them."""
    frames = np.cumsum(rng.integers(1, 12, count)).astype(float)
    values, slopes = rng.normal(size=(2, count))
    reach = np.diff(frames) / 3.0
    before, after = np.append(reach[0], reach), np.append(reach, reach[-1])
    return Curve("Bone", "location", 1, frames, values, np.column_stack([frames - before, values - slopes * before]),
                 np.column_stack([frames + after, values + slopes * after]))


def at(curve, frame):
    """A Bezier curve as Blender has it: De Casteljau on values, time being even in a third-handled segment."""
    of = int(np.clip(np.searchsorted(curve.frames, frame, side="right") - 1, 0, max(len(curve.frames) - 2, 0)))
    if len(curve.frames) == 1:
        return curve.values[0]
    u = (frame - curve.frames[of]) / (curve.frames[of + 1] - curve.frames[of])
    points = [curve.values[of], curve.right[of, 1], curve.left[of + 1, 1], curve.values[of + 1]]
    while len(points) > 1:
        points = [a + (b - a) * u for a, b in pairwise(points)]
    return points[0]


@pytest.mark.parametrize("seed", range(20))
def test_a_part_is_the_same_curve(seed):
    rng = np.random.default_rng(seed)
    curve = made_curve(rng)
    first, last = np.sort(rng.choice(np.arange(curve.frames[0], curve.frames[-1] + 1), 2, replace=False))
    part = cut_curve(curve, first, last)
    assert part.frames[0] == first and part.frames[-1] == last
    assert np.isin(part.frames[1:-1], curve.frames).all()
    for frame in np.linspace(first, last, 37):
        assert at(part, frame) == pytest.approx(at(curve, frame), abs=1e-9)
    other = changed(part, -1.0, 0.5)
    assert at(other, (first + last) / 2) == pytest.approx(0.5 - at(curve, (first + last) / 2), abs=1e-9)


def test_one_frame_a_line_and_a_value_that_stays():
    curve = made_curve(np.random.default_rng(1))
    middle = int(curve.frames.mean())
    one = cut_curve(curve, middle, middle)
    assert len(one.frames) == 1 and one.values[0] == pytest.approx(at(curve, middle))
    line = Curve("Bone", "location", 0, np.array([0.0, 10.0]), np.array([0.0, 1.0]))
    part = cut_curve(line, 2, 7)
    assert part.left is None and np.allclose(part.values, [0.2, 0.7])
    stays = Curve("Bone", "location", 0, *np.array([[4.0], [3.0]]), np.array([[3.0, 3.0]]), np.array([[5.0, 3.0]]))
    assert np.allclose(cut_curve(stays, 2, 9).values, 3.0)


def test_rows_of_tracks():
    tracks = made_chain(30, seed=0)
    part = cut_tracks(tracks, 5, 12)
    assert part.frames == 7 and part.extras == ()
    for whole, cut in zip(tracks.bones, part.bones):
        if whole.rotation is not None:
            assert np.array_equal(cut.rotation, whole.rotation[5:12])
