# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair for heads: every cut, on all kinds of people, off the face and off the skin, combed along its texture.

Inside and outside are told by winding numbers of the body alone (`judging_bodies`); where a face or an ear is, by rays
through the hair's own triangles.
"""

import numpy as np
import pytest
from judging_bodies import sides, winding
from judging_clothes import borders, overlaps, rings, somebody

from blender_addon.character import garments
from blender_addon.character.cloth_colours import cloth_colours
from blender_addon.character.garments import cut_of, make_garment
from blender_addon.character.hair import haircut
from blender_addon.character.hair_cuts import CUTS
from blender_addon.character.hair_pictures import SIZE, strand_pictures
from blender_addon.character.hair_strands import LOCK
from blender_addon.character.loops import loops
from blender_addon.character.modelling import eye_parts

PEOPLE = {"woman": (0.0, {}, 1.0), "stout man": (1.0, {}, 1.4), "childlike": (1.0, {"childlike": 1.0}, 1.0),
          "toon": (0.0, {"toon": 1.0}, 1.0), "heroic": (1.0, {"heroic": 1.0}, 1.0),
          "large head": (0.0, {"head": 0.6}, 1.0), "small head": (1.0, {"head": -1.0}, 1.0)}
OPENINGS = {"crop": 1, "parting": 1, "curls": 1, "bob": 1, "ponytail": 4, "bun": 2}
SEEDS = {haircut(cut_of("hair", seed)): seed for seed in range(80, -1, -1)}


@pytest.fixture(scope="module")
def bodies():
    return {name: somebody(*about) for name, about in PEOPLE.items()}


def every():
    return [(name, who) for n, name in enumerate(CUTS) for who in list(PEOPLE)[n % 2:: 2]]


def test_seeds_choose_every_cut():
    assert set(SEEDS) == set(CUTS) == set(OPENINGS)


@pytest.mark.parametrize("name", CUTS)
def test_clean_quads(bodies, name):
    hair = make_garment("hair", bodies["woman"], SEEDS[name])
    both = sides(hair.faces)
    assert len(np.unique(both, axis=0)) == len(both)  # no edge twice the same way round: normals agree
    assert np.array_equal(np.unique(hair.faces), np.arange(len(hair.vertices)))
    assert rings(borders(hair.faces)) == OPENINGS[name]
    a, b, c, d = hair.vertices[hair.faces].swapaxes(0, 1)
    assert np.linalg.norm(np.cross(c - a, d - b), axis=1).min() > 1e-7
    assert 5000 < len(hair.faces) < 8000


@pytest.mark.parametrize("name", CUTS)
def test_texture_is_even_and_runs_along_the_strands(bodies, name):
    hair = make_garment("hair", bodies["stout man"], SEEDS[name])
    uvs, quads = hair.uvs, hair.vertices[hair.faces]
    assert uvs.min() >= 0.0 and uvs.max() <= 1.0 and overlaps(uvs) < 0.002
    across, along = uvs[:, 2] - uvs[:, 0], uvs[:, 3] - uvs[:, 1]
    flat = (across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2
    assert (flat > 0.0).all()  # never mirrored
    real = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1) / 2
    density = np.sqrt(flat / real) / np.sqrt(flat.sum() / real.sum())
    assert real[(density > 0.6) & (density < 1.5)].sum() / real.sum() > 0.95
    # From one row of the head's vertices to the next a side follows its strand: it is upright in the picture.
    side = np.abs(hair.faces - np.roll(hair.faces, -1, axis=1)) == CUTS[name].locks * LOCK
    across, along = np.abs(uvs - np.roll(uvs, -1, axis=1))[side].T
    assert len(along) > 8000 and (along > 2.0 * across).mean() > 0.9


@pytest.mark.parametrize(("name", "who"), every())
def test_no_hair_is_inside_the_body(bodies, name, who):
    hair = make_garment("hair", bodies[who], SEEDS[name])
    some = np.random.default_rng(3).choice(len(hair.vertices), 60, replace=False)
    around = np.array([winding(bodies[who], point) for point in hair.vertices[some]])
    assert np.abs(around).max() < 0.5, hair.vertices[some][np.abs(around) > 0.5]


def hits(start, way, hair):
    """How often a ray goes through the hair's triangles."""
    quads = hair.vertices[hair.faces]
    a, b, c = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).swapaxes(0, 1)
    across = np.cross(way, c - a)
    volume = np.sum((b - a) * across, axis=1)
    off = start - a
    u, turned = np.sum(off * across, axis=1) / volume, np.cross(off, b - a)
    v, far = turned @ way / volume, np.sum((c - a) * turned, axis=1) / volume
    return int(((u >= 0.0) & (v >= 0.0) & (u + v <= 1.0) & (far > 1e-5)).sum())


@pytest.mark.parametrize(("name", "who"), every())
def test_eyes_nose_and_mouth_look_out_of_it_and_so_do_ears_but_of_a_bob(bodies, name, who):
    body = bodies[who]
    hair = make_garment("hair", body, SEEDS[name])
    own = loops()
    seen = [side["pupil"][0] for side in (own.left, own.right)]
    seen += [own.left["nose ridge"][0], own.left["mouth"][1, 0], own.left["mouth"][1, 6]]
    seen += np.unique(body.faces[eye_parts() == 4])[::9].tolist()  # brows
    for vertex in seen:
        assert hits(body.vertices[vertex], np.array([0.0, -1.0, 0.0]), hair) == 0, vertex
    for side, way in ((own.left, 1.0), (own.right, -1.0)):
        for vertex in side["ear"][1]:  # its rim
            inside = hits(body.vertices[vertex], np.array([way, -0.3, 0.0]), hair)
            assert (inside > 0) == (name == "bob") or (name != "bob" and inside == 0), vertex


@pytest.mark.parametrize(("name", "who"), every())
def test_what_is_covered_is_under_hair_and_the_face_is_not(bodies, name, who):
    body = bodies[who]
    hair = make_garment("hair", body, SEEDS[name])
    middle = body.positions[body.joints.index("Head")] + (0.0, 0.0, 0.35 * np.ptp(
        body.vertices[body.vertices[:, 2] > body.positions[body.joints.index("Head")][2]][:, 2]))
    for vertex in hair.covered[::11]:
        way = body.vertices[vertex] - middle
        assert hits(body.vertices[vertex], way / np.linalg.norm(way), hair) > 0, body.vertices[vertex]
    face = np.unique(body.faces[eye_parts() > 0])
    assert not np.isin(face, hair.covered).any()
    top = int(np.argmax(body.vertices[:, 2]))
    assert top in hair.covered


def test_short_hair_goes_with_the_head_and_a_tail_lags_behind(bodies):
    at = {name: n for n, name in enumerate(bodies["woman"].joints)}
    for name in CUTS:
        hair = make_garment("hair", bodies["woman"], SEEDS[name])
        used = {hair.joints[n] for n in np.unique(hair.joint_indices[hair.weights > 0.0])}
        assert used <= {"Head", "Neck", "Spine2"}
        head = np.where(hair.joint_indices == at["Head"], hair.weights, 0.0).sum(axis=1)
        assert np.median(head) > 0.99
        assert (head.min() < 0.5) == (name == "ponytail") or name != "ponytail"


def test_women_s_hair_is_mostly_long_and_men_s_short():
    long = [np.mean([cut_of("hair", seed, (), sex).length for seed in range(300)]) for sex in (0.0, None, 1.0)]
    assert long[0] > 0.75 and 0.4 < long[1] < 0.6 and long[2] < 0.2


def test_old_people_are_greyer():
    def grey(age):
        colours = [cloth_colours("hair", seed, age)[0] for seed in range(300)]
        return np.mean([max(rgb) - min(rgb) < 0.07 and max(rgb) > 0.08 for rgb in colours])

    assert grey(20.0) < 0.06 < grey(None) < grey(50.0) < grey(75.0)


def test_strands_run_up_the_picture_in_its_colour():
    colour = (0.10, 0.05, 0.02)
    pictures = strand_pictures(colour, 3)
    assert {name: picture.shape for name, picture in pictures.items()} == {
        "albedo": (SIZE, SIZE, 3), "normal": (SIZE, SIZE, 3)}
    albedo, normal = pictures["albedo"], pictures["normal"]
    assert albedo.min() >= 0.0 and albedo.max() <= 1.0
    linear = np.where(albedo <= 0.04045, albedo / 12.92, ((albedo + 0.055) / 1.055) ** 2.4)
    assert np.allclose(linear.mean(axis=(0, 1)), colour, rtol=0.25)
    across, along = (np.abs(np.diff(albedo[..., 0], axis=axis)).mean() for axis in (1, 0))
    assert across > 5.0 * along
    assert np.allclose(np.linalg.norm(2.0 * normal - 1.0, axis=2), 1.0, atol=1e-3) and normal[..., 2].min() > 0.5


def test_hair_comes_in_slices(bodies):
    garments._kept.clear()
    shares = list(garments.make_garment_in_slices("hair", bodies["woman"], SEEDS["bob"]))
    assert len(shares) > 20 and min(shares) >= 0.0 and max(shares) < 1.0
