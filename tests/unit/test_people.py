# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of bodies, the rules they keep, and people out of a pack whose graphs are formulas."""

import copy
import tomllib

import numpy as np
import pytest
from made_body_pack import body_content, write_body_pack
from made_people import made_people

from blender_addon.character.measurements import (
    CORE,
    INDEX,
    NAMES,
    ORDER,
    ROUND,
    WEIGHT,
    Measurements,
    average,
    broken,
    impossible,
)
from blender_addon.character.people import draw_people, open_people, person_like
from blender_addon.errors import GalateaError, PackError
from blender_addon.inference.packs import models_folder, read_pack, verify_pack
from blender_addon.inference.schema import check_schema


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return open_people(read_pack(write_body_pack(tmp_path_factory.mktemp("packs") / "made-bodies")))


# --- measurements -----------------------------------------------------------------------------------------------


def test_a_body_is_a_mapping_by_the_names_of_the_survey():
    body = average(0.25)
    assert len(NAMES) == len(set(NAMES)) == 93 and set(CORE) <= set(NAMES)
    assert list(body) == [*NAMES, "sex", "age"] and len(dict(body)) == 95
    assert body["sex"] == 0.25 and body["stature"] == body.measured[INDEX["stature"]]
    assert not impossible(body.measured[None])[0]
    with pytest.raises(ValueError, match="read-only"):
        body.measured[0] = 1.0


def test_averages_are_those_of_the_survey():
    """Means of women and men in its public files, in millimetres (and kilograms)."""
    for name, women, men in (("stature", 1628.5, 1756.2), (WEIGHT, 67.8, 85.5), ("interpupillarybreadth", 61.7, 64.0),
                             ("chestcircumference", 946.9, 1058.7)):
        factor = 1.0 if name == WEIGHT else 1000.0
        assert average(0.0)[name] * factor == pytest.approx(women, abs=0.1)
        assert average(1.0)[name] * factor == pytest.approx(men, abs=0.1)
    halfway = (average(0.0)["stature"] + average(1.0)["stature"]) / 2.0
    assert average(0.5)["stature"] == pytest.approx(halfway)


@pytest.mark.parametrize("measured", [np.ones(92), np.zeros(93), np.full(93, np.nan)])
def test_no_body_without_its_measurements(measured):
    with pytest.raises(GalateaError, match="93 measurements"):
        Measurements(measured, 0.5)


def test_each_rule_bites():
    assert {name for pair in (*ORDER, *ROUND) for name in pair} <= set(NAMES)
    body = average(0.5).measured
    for more, less in ORDER:
        wrong = body.copy()
        wrong[INDEX[less]] = wrong[INDEX[more]] * 1.001
        assert broken(wrong[None])[f"{more} > {less}"][0] and impossible(wrong[None])[0]
    for line, across in ROUND:
        wrong = body.copy()
        wrong[INDEX[line]] = 1.99 * wrong[INDEX[across]]
        assert broken(wrong[None])[f"{line} > 2 {across}"][0]
    for name, factor in (("stature", 1.5), (WEIGHT, 2.0), (WEIGHT, 0.4), ("span", 1.3), ("crotchheight", 0.8),
                         ("handlength", 2.0)):
        wrong = body.copy()
        wrong[INDEX[name]] *= factor
        assert impossible(wrong[None])[0]


def test_sex_is_from_0_to_1():
    with pytest.raises(GalateaError, match="from 0"):
        average(1.5)


# --- people -----------------------------------------------------------------------------------------------------


def test_what_is_asked_for_they_have_and_seeds_tell_them_apart(people):
    drawn = draw_people(people, 20, seed=4, sex=0.3, stature=1.71, weight=66.5, age=41.0)
    assert all((body.sex, body["stature"], body[WEIGHT], body.age) == (0.3, 1.71, 66.5, 41.0) for body in drawn)
    chests = [body["chestcircumference"] for body in drawn]
    assert len(set(chests)) > 15
    assert not impossible(np.array([body.measured for body in drawn])).any()
    again = draw_people(people, 3, seed=4, sex=0.3, stature=1.71, weight=66.5, age=41.0)
    assert all(np.array_equal(one.measured, other.measured) for one, other in zip(drawn, again, strict=False))
    assert draw_people(people, 1, seed=5)[0] is not None
    assert draw_people(people, 1, seed=5)[0]["span"] != draw_people(people, 1, seed=6)[0]["span"]


def test_without_variety_all_are_the_likeliest(people):
    for body in draw_people(people, 5, seed=1, sex=0.5, variety=0.0):
        assert np.allclose(body.measured, average(0.5).measured, rtol=1e-4, atol=1e-4)


def test_who_cannot_be_is_drawn_again(people):
    """Beyond usual variety the made pack draws bodies that break rules."""
    wild = draw_people(people, 40, seed=0, variety=2.5)
    assert not impossible(np.array([body.measured for body in wild])).any()
    with pytest.raises(GalateaError, match=r"nobody was found with stature 1.41 m;"):
        draw_people(people, 3, seed=0, stature=1.41)  # under necks that stay where they are
    with pytest.raises(GalateaError, match="variety 4"):
        draw_people(people, 3, seed=0, variety=4.0)


@pytest.mark.parametrize(("asked", "said"), [
    ({"stature": 2.4}, "stature 2.4 m: it can be from 1.41 to 1.99 m"),
    ({"sex": -0.1}, "sex -0.1"),
    ({"age": 8.0}, "age 8 years: it can be from 17"),
    ({"weight": float("nan")}, "weight nan"),
    ({"stature": 1.98, "weight": 40.0}, "weight 40 kg: at a stature of 1.98 m it can be from 57 to 144 kg"),
])
def test_nobody_is_like_that(people, asked, said):
    with pytest.raises(GalateaError) as error:
        draw_people(people, 1, seed=0, **asked)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_person_like_some_measurements_has_them(people):
    wanted = {"chestcircumference": 1.0123, "stature": 1.701}
    for variety in (0.0, 1.0):
        body = person_like(people, wanted, sex=1.0, age=33.0, seed=2, variety=variety)
        assert {name: body[name] for name in wanted} == wanted and (body.sex, body.age) == (1.0, 33.0)
    assert body["span"] != person_like(people, wanted, sex=1.0)["span"]
    for measures, said in (({"chest": 1.0}, "there is no measurement chest"), ({"stature": -1.0}, "give metres"),
                           ({"stature": 1.7, "cervicaleheight": 1.75}, "stature > cervicaleheight")):
        with pytest.raises(GalateaError, match=said):
            person_like(people, measures)


def test_made_people_keep_the_rules():
    """What the other tests draw their survey from."""
    assert not impossible(made_people(400)[0]).any()


# --- the pack ---------------------------------------------------------------------------------------------------


def test_a_sound_pack_passes(people):
    assert all(finding.ok for finding in verify_pack(people.pack))


def test_other_measurements_are_refused(tmp_path):
    folder = write_body_pack(tmp_path / "made-bodies")
    content = tomllib.loads((folder / "pack.toml").read_text())
    text = (folder / "pack.toml").read_text().replace('"stature",\n    "suprasternaleheight"',
                                                      '"suprasternaleheight",\n    "stature"')
    assert tomllib.loads(text) != content
    (folder / "pack.toml").write_text(text)
    with pytest.raises(PackError, match="other measurements"):
        open_people(read_pack(folder))


@pytest.mark.parametrize(("path", "value", "said"), [
    (("body",), {}, "body.latent"),
    (("body", "latent"), 4, "must be [batch, 4]"),
    (("body", "names"), ["stature"], "body.units"),
    (("body", "units"), ["cm"] * 93, "body.units"),
    (("body", "mean"), [1.0], "body.mean"),
    (("body", "spread"), [0.0] * 93, "body.spread"),
    (("body", "about"), ["sex", "stature"], "about"),
    (("body", "ranges"), {"sex": [0.0, 1.0]}, "body.ranges.stature"),
    (("body", "ranges", "age"), [58.0, 17.0], "body.ranges.age"),
    (("graphs", 0, "name"), "other", "none named encoder"),
    (("graphs", 1, "outputs", 0, "shape"), ["batch", 92], "measures"),
    (("graphs", 1, "inputs", 1, "name"), "details", "detail"),
])
def test_what_does_not_agree_is_said(path, value, said):
    content = copy.deepcopy(body_content())
    check_schema(content)
    at = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(PackError) as error:
        check_schema(content)
    assert said in str(error.value) and "\n" not in str(error.value)


# --- the pack that ships ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return open_people(read_pack(models_folder() / "body-vae"))


@pytest.mark.parametrize("sex", [0.0, 1.0])
def test_drawn_people_are_on_average_those_of_the_survey(shipped, sex):
    drawn = np.array([body.measured for body in draw_people(shipped, 600, seed=11, sex=sex)])
    assert np.abs(drawn.mean(axis=0) / average(sex).measured - 1.0).max() < 0.02
    assert not impossible(drawn).any()


def test_the_ends_of_what_can_be_asked_for_are_people(shipped):
    ranges = shipped.pack.content["body"]["ranges"]
    for name in ("sex", "stature", "weight", "age"):
        for end in ranges[name]:
            body = draw_people(shipped, 3, seed=0, **{name: end})[2]
            assert body["weightkg" if name == "weight" else name] == end


def test_the_heavier_are_rounder_and_the_taller_have_longer_legs(shipped):
    def usual(**asked):
        return draw_people(shipped, 1, seed=0, sex=1.0, variety=0.0, **asked)[0]

    light, heavy = usual(stature=1.75, weight=65.0), usual(stature=1.75, weight=95.0)
    for name in ("waistcircumference", "chestcircumference", "thighcircumference", "neckcircumference", "hipbreadth"):
        assert heavy[name] > 1.05 * light[name]
    assert abs(heavy["acromialheight"] - light["acromialheight"]) < 0.03
    short, tall = usual(stature=1.60, weight=70.0), usual(stature=1.90, weight=70.0)
    for name in ("crotchheight", "span", "footlength", "handlength", "cervicaleheight"):
        assert tall[name] > 1.05 * short[name]
    assert tall["waistcircumference"] < short["waistcircumference"]


def test_the_more_is_known_the_better_the_rest_follows(shipped):
    """Hidden measurements of people, told from all others, beside what stature and weight alone tell."""
    hidden = ("span", "thighcircumference", "hipbreadth", "axillaheight", "handcircumference")
    off = []
    for whole in draw_people(shipped, 25, seed=8, sex=0.0):
        others = {name: whole[name] for name in NAMES if name not in hidden}
        for known in (others, {name: whole[name] for name in ("stature", WEIGHT)}):
            like = person_like(shipped, known, sex=0.0, age=whole.age)
            off.append([abs(like[name] / whole[name] - 1.0) for name in hidden])
    most, little = np.array(off[::2]).mean(axis=0), np.array(off[1::2]).mean(axis=0)
    assert (most < 0.025).all() and (most < 0.75 * little).all(), (most, little)
