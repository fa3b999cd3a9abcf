# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a material are lit from the left, by its own normals, and never brighter than paper."""

import numpy as np
import pytest

from blender_addon.texture.files import map_name
from blender_addon.texture.generating import TextureMaps
from blender_addon.texture.sphere import lit_tile, preview_sphere, sphere_in_slices


def plain(albedo=0.6, roughness=0.5, metallic=0.0, lean=0.0, size=64):
    normal = np.zeros((size, size, 3), np.float32)
    normal[..., 0], normal[..., 2] = np.sin(lean), np.cos(lean)
    full = np.ones((size, size), np.float32)
    return TextureMaps(full[..., None] * np.float32([albedo] * 3), normal, full * np.float32(roughness),
                       full * np.float32(metallic), full * np.float32(0.5))


def test_what_leans_to_the_left_is_brighter():
    left, flat, right = (lit_tile(plain(lean=lean)).mean() for lean in (-0.5, 0.0, 0.5))
    assert left > flat + 0.05 > right + 0.1


def test_a_flat_tile_is_about_as_bright_as_its_albedo():
    for albedo in (0.2, 0.5, 0.8):
        assert lit_tile(plain(albedo)).mean() == pytest.approx(albedo, abs=0.15)


def test_a_sphere_is_round_lit_from_the_left_and_upright():
    picture = preview_sphere(plain(), 64)
    assert picture.shape == (64, 64, 4) and picture.dtype == np.float32
    assert picture[0, 0, 3] == 0.0 and picture[32, 32, 3] == 1.0
    assert picture[..., 3].mean() == pytest.approx(np.pi / 4 / 1.05**2, rel=0.01)
    assert picture[32, 12, 0] > picture[32, 52, 0] + 0.2
    assert picture[12, 32, 0] > picture[52, 32, 0] + 0.05
    assert picture.min() >= 0.0 and picture.max() <= 1.0


def test_rough_spheres_have_a_wider_and_weaker_highlight():
    """Apart from their colour, which black ones have none of."""
    sharp, rough = (preview_sphere(plain(0.0, roughness), 96)[..., 0] for roughness in (0.25, 0.8))
    assert sharp.max() > 2.0 * rough.max()
    assert (sharp > 0.5 * sharp.max()).sum() < (rough > 0.5 * rough.max()).sum()


def test_metals_mirror_in_their_colour():
    maps = plain(0.5, 0.3, 1.0)
    maps.albedo[..., 2] = 0.1
    lit = preview_sphere(maps, 64)
    assert np.median(lit[16:48, 8:56, 2]) < 0.5 * np.median(lit[16:48, 8:56, 0])


def test_maps_lie_upright_and_unmirrored_around_the_middle():
    maps = plain()
    maps.albedo[:32, :, 1] = 0.0  # the upper half without green, the left half without blue
    maps.albedo[:, :32, 2] = 0.0
    picture = preview_sphere(maps, 64)
    assert picture[20, 32, 1] < 0.5 * picture[20, 32, 0] and picture[44, 32, 1] > 0.7 * picture[44, 32, 0]
    assert picture[32, 20, 2] < 0.5 * picture[32, 20, 0] and picture[32, 44, 2] > 0.7 * picture[32, 44, 0]


def test_bands_are_the_rows_of_the_whole():
    maps = plain(size=32)
    bands = list(sphere_in_slices(maps, 128))
    assert len(bands) > 1 and np.array_equal(np.concatenate(bands), preview_sphere(maps, 128))


def test_names_are_fit_for_file_systems():
    assert map_name("stone", 7, "albedo") == "stone_7_albedo.png"
    assert map_name("a/b: c", 7, "height") == "a_b_c_7_height.png"
