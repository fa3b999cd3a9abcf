# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes for bodies: clean meshes that lie outside the skin, in layers, on all kinds of people.

Inside and outside are told by winding numbers of the body alone (`judging_bodies`).
"""

import numpy as np
import pytest
from judging_bodies import sides, winding
from judging_clothes import borders, overlaps, rings, somebody

from blender_addon.character.cloth_colours import cloth_colours
from blender_addon.character.garments import cut_of, make_garment
from blender_addon.character.hair import haircut
from blender_addon.character.requests import GARMENTS
from blender_addon.errors import GalateaError

PEOPLE = {"woman": (0.0, {}, 1.0), "man": (1.0, {}, 1.0), "stout woman": (0.0, {}, 1.25), "slight man": (1.0, {}, 0.85),
          "childlike": (1.0, {"childlike": 1.0}, 1.0), "toon": (0.0, {"toon": 1.0}, 1.0)}
# For each garment seeds that choose every length and the slimmest and the widest fit.
CUTS = {name: sorted({cut_of(name, seed): seed for seed in range(60, -1, -1) if cut_of(name, seed).fit != 0.5}.values())
        for name in GARMENTS}
OPENINGS = {"trousers": 3, "skirt": 2, "shirt": 4, "boots": 2, "crop": 1, "curls": 1, "bob": 1, "bun": 2}


@pytest.fixture(scope="module")
def bodies():
    return {name: somebody(*about) for name, about in PEOPLE.items()}


def every_cut():
    return [(name, seed) for name in GARMENTS for seed in CUTS[name]]


# --- the meshes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "seed"), every_cut())
def test_clean_quads_with_the_openings_that_are_meant(bodies, name, seed):
    garment = make_garment(name, bodies["man"], seed)
    faces = garment.faces
    assert faces.shape[1] == 4 and (np.diff(np.sort(faces, axis=1), axis=1) > 0).all()
    assert np.array_equal(np.unique(faces), np.arange(len(garment.vertices)))
    both = sides(faces)
    assert len(np.unique(both, axis=0)) == len(both)  # no edge twice the same way round: normals agree
    assert rings(borders(faces)) == OPENINGS[haircut(cut_of(name, seed)) if name == "hair" else name]
    a, b, c, d = garment.vertices[faces].swapaxes(0, 1)
    assert np.linalg.norm(np.cross(c - a, d - b), axis=1).min() > 1e-7


@pytest.mark.parametrize("name", [name for name in GARMENTS if name != "hair"])  # which has a parting, and locks
def test_left_and_right_are_mirror_images(bodies, name):
    points = make_garment(name, bodies["woman"], CUTS[name][0]).vertices
    flipped = points * (-1.0, 1.0, 1.0)
    for some in np.array_split(np.arange(len(points)), 8):
        away = np.linalg.norm(points[some, None] - flipped[None], axis=2).min(axis=1)
        assert away.max() < 1e-5


@pytest.mark.parametrize("name", GARMENTS)
def test_faces_textures_and_weights_are_the_same_on_all(bodies, name):
    first, *others = (make_garment(name, body, 7) for body in bodies.values())
    for other in others:
        assert np.array_equal(first.faces, other.faces) and np.array_equal(first.uvs, other.uvs)
        assert np.array_equal(first.weights, other.weights)
        assert np.array_equal(first.joint_indices, other.joint_indices)
        assert not np.array_equal(first.vertices, other.vertices)
    assert np.array_equal(make_garment(name, bodies["man"], 7).vertices, make_garment(name, bodies["man"], 7).vertices)


@pytest.mark.parametrize(("name", "seed"), every_cut())
def test_weights_are_valid_and_of_the_limbs_below(bodies, name, seed):
    garment = make_garment(name, bodies["man"], seed)
    assert garment.joints == bodies["man"].joints and garment.weights.shape == (len(garment.vertices), 4)
    assert np.allclose(garment.weights.sum(axis=1), 1.0) and (garment.weights >= 0.0).all()
    assert (np.diff(garment.weights, axis=1) <= 0.0).all()
    moved = {garment.joints[n] for n in np.unique(garment.joint_indices[garment.weights > 0.3])}
    elsewhere = {"trousers": ("Arm", "Hand", "Head"), "skirt": ("Arm", "Hand", "Foot"),
                 "shirt": ("Head", "Foot", "Toe"), "boots": ("Hips", "UpLeg"),
                 "hair": ("Jaw", "Shoulder", "Arm", "Spine1")}[name]
    assert not any(part in joint for joint in moved for part in elsewhere), moved


@pytest.mark.parametrize(("name", "seed"), every_cut())
def test_texels_are_spread_evenly_and_none_is_used_twice(bodies, name, seed):
    garment = make_garment(name, bodies["man"], seed)
    uvs, quads = garment.uvs, garment.vertices[garment.faces]
    assert uvs.min() >= 0.0 and uvs.max() <= 1.0
    real = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1) / 2
    across, along = uvs[:, 2] - uvs[:, 0], uvs[:, 3] - uvs[:, 1]
    flat = (across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2
    assert (flat > 0.0).all()  # never mirrored
    density = np.sqrt(flat / real) / np.sqrt(flat.sum() / real.sum())
    assert real[(density > 0.7) & (density < 1.3)].sum() / real.sum() > 0.95
    assert overlaps(uvs) < 0.002


# --- on people ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", PEOPLE)
def test_no_cloth_is_inside_the_body(bodies, who):
    body = bodies[who]
    turn = list(PEOPLE).index(who)
    for name in GARMENTS:
        seed = CUTS[name][turn % len(CUTS[name])]
        garment = make_garment(name, body, seed)
        some = np.random.default_rng(turn).choice(len(garment.vertices), 60, replace=False)
        around = np.array([winding(body, point) for point in garment.vertices[some]])
        assert np.abs(around).max() < 0.5, (name, seed, garment.vertices[some][np.abs(around) > 0.5])


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_covered_is_under_cloth_and_edges_are_not(bodies, who):
    body = bodies[who]
    for name in GARMENTS:
        garment = make_garment(name, body, 0)
        assert 0 < len(garment.covered) < len(body.vertices)
        nearest = np.array([np.linalg.norm(garment.vertices - body.vertices[n], axis=1).min()
                            for n in garment.covered[::37]])
        assert nearest.max() < 0.12 * np.ptp(body.vertices[:, 2])
        hands = np.isin(body.joint_indices[:, 0], [n for n, joint in enumerate(body.joints) if "Hand" in joint])
        assert not hands[garment.covered].any()


def test_a_shirt_goes_over_trousers_and_into_a_skirt(bodies):
    body = bodies["woman"]
    over, into = (make_garment("shirt", body, 5, worn) for worn in (("shirt", "trousers"), ("shirt", "skirt")))
    waist = body.positions[body.joints.index("Spine")][2]
    skirt, trousers = make_garment("skirt", body, 5), make_garment("trousers", body, 5)
    assert over.vertices[:, 2].min() < trousers.vertices[:, 2].max() - 0.08
    ends = into.vertices[np.abs(into.vertices[:, 0]) < 0.25, 2].min()  # sleeves go further down
    assert waist - 0.10 < ends < skirt.vertices[:, 2].max() - 0.02

    def breadth(garment, height):
        there = np.abs(garment.vertices[np.abs(garment.vertices[:, 2] - height) < 0.02, 0])
        return there[there < 0.3].max()  # sleeves hang further out

    hip = body.positions[body.joints.index("Hips")][2]
    assert breadth(over, hip) > breadth(trousers, hip) + 0.003
    low = ends + 0.02
    assert breadth(into, low) < breadth(skirt, low) - 0.003


def test_seeds_choose_cut_and_colour():
    for name in GARMENTS:
        cuts = {cut_of(name, seed) for seed in range(40)}
        assert {cut.length for cut in cuts} == {0.0, 1.0} and {cut.fit for cut in cuts} == {0.0, 0.5, 1.0}
        colours = {cloth_colours(name, seed) for seed in range(40)}
        assert len(colours) >= 4 and all(0.0 <= value <= 1.0 for pair in colours for rgb in pair for value in rgb)
        assert cut_of(name, 9) == cut_of(name, 9) and cloth_colours(name, 9) == cloth_colours(name, 9)


def test_there_is_no_such_garment(bodies):
    with pytest.raises(GalateaError, match="no garment 'cape'; there are trousers, skirt, shirt, boots, hair"):
        make_garment("cape", bodies["man"])
