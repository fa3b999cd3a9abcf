# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural materials: what Blender bakes of them is seamless, lies the right way up and repeats by its seed."""

import numpy as np
import pytest

from training.texture.baking import bake_recipe, lay_out
from training.texture.node_graph import Material
from training.texture.procedural import RECIPES

SIZE = 64


@pytest.fixture(scope="module")
def bench():
    pytest.importorskip("bpy")
    return lay_out(SIZE)


def everything(graph, rng):
    """A material that uses each texture of the graph once."""
    cells = graph.cells(6, 4, 0.9, at=graph.warp(0.03, 3))
    red, green, blue = graph.separate(cells.random)
    noise = graph.torus_noise((9.0, 3.0), 3)
    places = graph.separate(graph.lattice_random(graph.u * 8.0, graph.v * 8.0, 8, 8))
    edges = graph.torus_voronoi(4.0, "DISTANCE_TO_EDGE")
    return Material(graph.combine(red, 0.5 * green + 0.5 * places[0], blue), noise, cells.edge, edges)


def lines(channel, axis):
    """Mean step between neighbouring lines across an axis: the interior ones, and the one that wraps round."""
    rows = np.moveaxis(channel, axis, 0)
    return np.abs(np.diff(rows, axis=0)).mean(axis=1), np.abs(rows[0] - rows[-1]).mean()


def elsewhere(recipe):
    """The recipe with the tile's coordinates running from 1/2 to 3/2 and from 1/4 to 5/4."""
    def moved(graph, rng):
        graph.u, graph.v = graph.u + 0.5, graph.v + 0.25
        return recipe(graph, rng)

    return moved


def test_the_seam_is_no_stronger_than_other_lines(bench):
    """Over several bakes, for one line in twenty is stronger than the 95th percentile by chance."""
    pictures = [bake_recipe(bench, RECIPES["leather"].make, seed)[3] for seed in range(4)]
    for axis in (0, 1):
        interior, wrap = zip(*(lines(channel, axis) for channel in pictures))
        assert np.mean(wrap) <= np.percentile(np.mean(interior, axis=0), 95)


@pytest.mark.parametrize("make", [everything, *(recipe.make for recipe in RECIPES.values())])
def test_materials_repeat_without_a_seam_differ_by_seed_and_have_no_empty_map(bench, make):
    one, other = (bake_recipe(bench, make, seed) for seed in (0, 1))
    rolled = np.roll(one, (SIZE // 4, -SIZE // 2), axis=(1, 2))
    assert np.percentile(np.abs(bake_recipe(bench, elsewhere(make), 0) - rolled), 99) < 1e-3
    assert one.shape == (6, SIZE, SIZE) and one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 1
    assert one[:5].std(axis=(1, 2)).min() > 0.004  # metallic may be the same everywhere
    assert np.abs(one - other).mean() > 0.01
    assert 0.2 < one[3].mean() < 0.8


def test_a_seed_bakes_the_same_again(bench):
    first = bake_recipe(bench, everything, seed=7)
    bake_recipe(bench, everything, seed=8)
    np.testing.assert_array_equal(bake_recipe(bench, everything, seed=7), first)


def test_numbers_come_out_as_the_nodes_say_them(bench):
    """No view transform, no colour space; u runs to the right, v up; what is above 1 is cut off."""
    picture = bake_recipe(bench, lambda graph, rng: Material((0.5, 0.25, 0.75), graph.u, graph.v, 7.0), seed=0)
    np.testing.assert_allclose(picture[:3, 5, 9], (0.5, 0.25, 0.75), atol=1e-6)
    middles = (np.arange(SIZE) + 0.5) / SIZE
    np.testing.assert_allclose(picture[3, 0], middles, atol=0.5 / SIZE)
    np.testing.assert_allclose(picture[4, :, 0], 1 - middles, atol=0.5 / SIZE)
    assert (picture[5] == 1).all()


def test_a_bump_faces_away_from_its_middle(bench):
    """A round hill, by the contract's normals: its right flank looks right (red), its upper flank up (green)."""
    def hill(graph, rng):
        away = graph.sqrt((graph.u - 0.5) ** 2.0 + (graph.v - 0.5) ** 2.0)
        return Material((0.5, 0.5, 0.5), graph.smoothstep(0.4, 0.0, away), 0.5)

    height = bake_recipe(bench, hill, seed=0)[3]
    slope_x = (np.roll(height, -1, axis=1) - np.roll(height, 1, axis=1)) / 2
    slope_y = (np.roll(height, 1, axis=0) - np.roll(height, -1, axis=0)) / 2
    middle, quarter = SIZE // 2, SIZE // 4
    assert -slope_x[middle, middle + quarter // 2] > 0.01 > 0 > -slope_x[middle, middle - quarter // 2]
    assert -slope_y[middle - quarter // 2, middle] > 0.01 > 0 > -slope_y[middle + quarter // 2, middle]


def test_cells_are_those_of_the_nearest_points(bench):
    """Distance, border and vector agree with points that are recovered from the vector itself."""
    def parts(graph, rng):
        cells = graph.cells(3, 3, 0.8)
        return Material(
            graph.combine(cells.across * 0.5 + 0.5, cells.up * 0.5 + 0.5, cells.second * 0.5),
            cells.distance * 0.5, cells.edge * 0.5, 0.0)

    across, up, second, distance, edge, _ = bake_recipe(bench, parts, seed=1).astype(float)
    across, up = across * 2 - 1, up * 2 - 1
    np.testing.assert_allclose(np.hypot(across, up), distance * 2, atol=1e-3)
    column, row = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE * 3, (SIZE - 0.5 - np.arange(SIZE)) / SIZE * 3)
    points = np.unique(np.round(np.stack([column - across, row - up], -1).reshape(-1, 2) % 3, 1), axis=0)
    assert 9 <= len(points) <= 16  # nine, some of which two roundings share
    assert edge.min() < 0.02 and (second >= distance).all()
