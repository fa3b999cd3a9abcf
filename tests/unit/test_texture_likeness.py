# SPDX-License-Identifier: GPL-3.0-or-later
"""A material like a picture: its colours, how like the pattern is, and what people are told."""

import numpy as np
import pytest

from blender_addon.texture.likeness import GAIN, notes_on, pattern_likeness, recolouring


def speckled(seed: int, edge: int = 64, mean=(0.5, 0.4, 0.3), size: float = 0.05) -> np.ndarray:
    """Random colours with a spread that goes along all three together, and some of its own in each."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(3, 3))
    return np.array(mean) + size * rng.normal(size=(edge, edge, 3)) @ mix.T / np.linalg.norm(mix)


def recoloured(albedo: np.ndarray, change) -> np.ndarray:
    copy = albedo.astype(np.float32)
    for _ in change.move(copy):
        pass
    return copy


def stripes(turns: float, angle: float = 0.0, edge: int = 128, shift: int = 0) -> np.ndarray:
    down, across = np.meshgrid(np.arange(edge), np.arange(edge), indexing="ij")
    along = (across + shift) * np.cos(angle) + down * np.sin(angle)
    return np.repeat(0.5 + 0.2 * np.sin(2.0 * np.pi * turns * along / edge)[..., None], 3, axis=2)


def test_a_recoloured_material_has_the_pictures_mean_and_spread():
    made, wanted = speckled(1), speckled(2, 96, (0.3, 0.5, 0.6), 0.04)
    moved = recoloured(made, recolouring(made, wanted)).reshape(-1, 3)
    assert moved.mean(axis=0) == pytest.approx(wanted.mean(axis=(0, 1)), abs=1e-4)
    assert np.cov(moved.T) == pytest.approx(np.cov(wanted.reshape(-1, 3).T), abs=2e-5)


def test_what_has_the_right_colours_stays():
    made = speckled(3)
    assert np.abs(recoloured(made, recolouring(made, made[::-1])) - made).max() < 1e-6


def test_contrast_grows_a_few_times_at_most_and_colours_stay_in_range():
    flat, bold = speckled(4, mean=(0.5, 0.5, 0.5), size=0.002), speckled(5, size=0.2)
    moved = recoloured(flat, recolouring(flat, bold))
    assert np.std(moved - moved.mean(axis=(0, 1))) <= (GAIN + 1e-3) * np.std(flat - flat.mean(axis=(0, 1)))
    far = recoloured(2.0 * bold, recolouring(bold, flat + 0.4))
    assert far.min() >= 0.0 and far.max() <= 1.0


def test_part_of_a_recolouring_goes_part_of_the_way():
    made, wanted = speckled(6), speckled(7, mean=(0.2, 0.6, 0.5))
    half = recoloured(made, recolouring(made, wanted).part(0.5)).mean(axis=(0, 1))
    assert half == pytest.approx(0.5 * (made + wanted).mean(axis=(0, 1)), abs=1e-4)
    assert recoloured(made, recolouring(made, wanted).part(0.0)) == pytest.approx(made, abs=1e-6)


def test_what_steers_a_material_moves_it_however_flat_the_picture_is():
    made, flat = speckled(8), np.full((64, 64, 3), 0.4)
    change = recolouring(made, flat)
    steered = recoloured(made + [0.1, 0.0, 0.0], change) - recoloured(made, change)
    assert steered == pytest.approx(np.broadcast_to([0.1, 0.0, 0.0], made.shape), abs=1e-5)


def test_a_pattern_that_is_moved_is_the_same_and_one_of_another_size_or_direction_is_not():
    wide = stripes(8.0)
    assert pattern_likeness(stripes(8.0, shift=5), wide) > 0.95
    assert pattern_likeness(np.tile(stripes(8.0), (2, 2, 1)), wide) > 0.95  # made: several tiles
    for other in (stripes(8.0, np.pi / 2.0), stripes(8.0, np.pi / 4.0), stripes(3.0), stripes(24.0)):
        assert pattern_likeness(other, wide) < 0.3


def test_pictures_of_nothing_are_alike():
    grey = np.full((128, 128, 3), 0.5)
    assert pattern_likeness(grey, grey + 0.1) == pytest.approx(1.0)
    assert pattern_likeness(stripes(8.0), grey) < 0.5


def test_notes_say_what_is_not_sure_and_what_does_not_come_over():
    sure, unsure = {"skin": 0.97, "knit": 0.02}, {"skin": 0.5, "knit": 0.4}
    assert notes_on(sure, "skin", False, 0.8) == ()
    assert notes_on(unsure, "skin", True, 0.8) == ()
    note, = notes_on(unsure, "skin", False, 0.8)
    assert "skin (50%) or knit (40%)" in note and "name a class" in note
    note, = notes_on(sure, "knit", True, 0.8)
    assert "looks like skin (97%)" in note and "knit was asked for" in note
    note, = notes_on(sure, "skin", False, 0.3)
    assert "an overlap of 30%" in note and "skin, knit" in note
    assert notes_on({"skin": 1.0}, "skin", False, 0.8) == ()  # a pack of one class
