# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones are the joints: right for every known family, and for bodies whose bones have random names."""

import time
from dataclasses import replace

import numpy as np
import pytest
from made_bodies import Body
from made_families import FAMILIES, build, family, renamed
from made_family_changes import shuffled, turned, with_chain, with_random_names, without
from made_family_names import MAKES

from blender_addon.motion.skeleton import JOINTS
from blender_addon.rig.bone_map import REQUIRED
from blender_addon.rig.mapping import map_bones
from blender_addon.rig.rest import Rest

SPINES = ("Spine", "Spine1", "Spine2")


def wrong(rig, bone_map) -> dict[str, tuple[str | None, str | None]]:
    """Joint -> (bone found, right bone) where they differ."""
    return {joint: (bone_map.bones.get(joint), rig.truth[joint]) for joint in JOINTS
            if not rig.right(joint, bone_map.bones.get(joint))}


def share_right(rigs) -> float:
    """The share of joints that are right; fails where a required joint is not found at all."""
    bad = 0
    for rig in rigs:
        bone_map = map_bones(rig.rest)
        assert not bone_map.lacking, rig.id
        bad += len(wrong(rig, bone_map))
    return 1.0 - bad / (len(JOINTS) * len(rigs))


def body(seed: int) -> Body:
    """Anybody, in any usual rest pose."""
    rng = np.random.default_rng(seed)
    return Body(
        stature=rng.uniform(0.3, 12.0), leg=rng.uniform(0.38, 0.57), arm=rng.uniform(0.25, 0.42),
        head=rng.uniform(0.1, 0.22), neck=rng.uniform(0.02, 0.06), shoulders=rng.uniform(0.08, 0.15),
        hips=rng.uniform(0.04, 0.09), foot=rng.uniform(0.06, 0.11), ankle=rng.uniform(0.02, 0.07),
        curve=rng.uniform(0.0, 0.02), arms_down=rng.uniform(-5, 85), arms_ahead=rng.uniform(-5, 15),
        forearms_down=rng.uniform(-5, 5), forearms_ahead=rng.uniform(0, 40), spread=rng.uniform(0, 18),
        toes_out=rng.uniform(0, 25), knee_ahead=rng.uniform(0, 0.02))


# --- by names -------------------------------------------------------------------------------------------------------


def test_there_are_families_enough_and_they_are_not_one_body():
    assert len(FAMILIES) >= 28
    shapes = {tuple(np.round(np.ptp(family(name).heads, axis=0) / np.ptp(family(name).heads), 3)) for name in FAMILIES}
    assert len(shapes) > 0.7 * len(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_bone_of_a_known_family(name):
    rig = family(name)
    bone_map = map_bones(rig.rest)
    assert wrong(rig, bone_map) == {} and bone_map.lacking == ()
    assert min(match.confidence for match in bone_map.matches.values()) >= 0.6
    assert tuple(bone_map.matches) == tuple(joint for joint in JOINTS if joint in bone_map.matches)
    assert {joint: bone_map.points.get(joint) for joint in rig.points} == rig.points
    assert not set(bone_map.points) & set(bone_map.matches)


@pytest.mark.parametrize("name, told", [
    ("galatea human", "Galatea Human or LAFAN1"),
    ("mixamo", "Mixamo"), ("mixamo without prefix", "Mixamo"), ("unreal 4", "Unreal"),
    ("unreal 5", "Unreal 5"), ("rigify human", "Rigify meta-rig"), ("mpfb default", "MPFB"), ("unity", "Unity or VRM"),
    ("vroid", "VRoid"), ("vrm 1", "Unity or VRM"), ("mmd", "MMD"), ("mmd in english", "MMD"),
    ("daz genesis 1", "Daz Genesis"), ("daz genesis 8", "Daz Genesis 3 or 8"), ("daz genesis 9", "Daz Genesis 9"),
    ("auto-rig pro", "Auto-Rig Pro"), ("character creator", "Character Creator"), ("3ds max biped", "3ds Max Biped"),
    ("valve", "Valve biped"), ("cmu bvh", "CMU BVH"),
    ("lafan", "Galatea Human or LAFAN1"), ("bandai", "Bandai-Namco BVH"),
    ("rokoko", "Rokoko"), ("smpl", "SMPL"), ("smpl-x", "SMPL"), ("xsens", "Xsens"), ("synty", "Synty"),
])
def test_families_are_called_by_their_names(name, told):
    assert map_bones(family(name).rest).family == told


@pytest.mark.parametrize("prefix", ["Armature_", "rig:", "My Hero.001:", "SK_", "hero_rig_", "NPC-12 "])
def test_a_prefix_before_all_names_changes_nothing(prefix):
    for name in FAMILIES:
        rig = family(name)
        noisy = renamed(rig, {bone: prefix + bone for bone in rig.names})
        bone_map = map_bones(noisy.rest)
        assert wrong(noisy, bone_map) == {}, (name, prefix)
        assert all(match.confidence > 0.5 for match in bone_map.matches.values())


@pytest.mark.parametrize("suffix", ["_jnt", ".bone", "_bind"])
def test_a_suffix_after_all_names_changes_nothing(suffix):
    for name in FAMILIES:
        rig = family(name)
        noisy = renamed(rig, {bone: bone + suffix for bone in rig.names})
        assert wrong(noisy, map_bones(noisy.rest)) == {}, (name, suffix)


@pytest.mark.parametrize("name", FAMILIES)
def test_order_turn_and_scale_change_nothing(name):
    for seed, scale in ((1, 1.0), (2, 100.0), (3, 1e-3)):
        rig = shuffled(turned(family(name), seed, scale), seed)
        assert wrong(rig, map_bones(rig.rest)) == {}, (seed, scale)


def test_of_bones_with_the_same_names_those_that_deform_are_the_joints():
    """A control rig: bones that move no mesh carry the same names and lie in the same places."""
    rig = family("rigify deform")
    count = len(rig.names)
    control = ["CTRL-" + name.removeprefix("DEF-") for name in rig.names]
    parents = (*rig.parents, *(parent + count if parent >= 0 else -1 for parent in rig.parents))
    both = Rest((*control, *rig.names), parents,
                np.concatenate([rig.heads, rig.heads]), np.concatenate([rig.tails, rig.tails]),
                np.array([False] * count + list(rig.deform)))
    assert map_bones(both).bones == {joint: bone for joint, bone in rig.truth.items() if bone}
    assert wrong(rig, map_bones(both)) == {}


def test_deform_bones_that_hang_from_twins_of_their_parents():
    """As Rigify hangs thighs and upper arms from bones that move no mesh and lie where the deform bones lie."""
    rig = family("rigify deform")
    names, parents = list(rig.names), list(rig.parents)
    heads, tails, deform = list(rig.heads), list(rig.tails), list(rig.deform)
    for above, below in (("DEF-spine", ("DEF-thigh.L", "DEF-thigh.R")), ("DEF-shoulder.L", ("DEF-upper_arm.L",)),
                         ("DEF-shoulder.R", ("DEF-upper_arm.R",))):
        twin = names.index(above)
        names.insert(twin, above.replace("DEF", "ORG"))
        for at in (heads, tails):
            at.insert(twin, at[twin])
        deform.insert(twin, False)
        parents.insert(twin, parents[twin])
        parents = [parent + (parent >= twin) if at > twin else parent for at, parent in enumerate(parents)]
        parents[twin + 1] = parents[twin]
        for bone in below:
            parents[names.index(bone)] = twin
    for seed in (0, 1):
        twinned = replace(rig, names=tuple(names), parents=tuple(parents), heads=np.array(heads), tails=np.array(tails),
                          deform=np.array(deform))
        twinned = with_random_names(twinned, seed) if seed else twinned
        assert wrong(twinned, map_bones(twinned.rest)) == {}


# --- by structure alone ---------------------------------------------------------------------------------------------


def test_random_names():
    rigs = [with_random_names(family(name), seed) for name in FAMILIES for seed in range(3)]
    assert share_right(rigs) >= 0.99  # 0.95 is asked for


def test_random_names_on_anybody_turned_and_in_any_order():
    """Other proportions and rest poses than the families', tails that say nothing."""
    rigs = []
    for seed, name in enumerate(FAMILIES * 2):
        axis = "along" if name == "quaternius" else ("along", "across", "up")[seed % 3]
        rig = build(name, replace(MAKES[name], body=body(seed), bone_axis=axis))
        rigs.append(with_random_names(shuffled(turned(rig, seed, 10.0 ** (seed % 5 - 2)), seed), seed))
    assert share_right(rigs) >= 0.98


def test_sides_are_told_by_the_body_not_by_the_order_of_bones():
    for name in FAMILIES:
        rig = with_random_names(family(name), 4)
        backwards = shuffled(rig, 11)
        first, second = map_bones(rig.rest).bones, map_bones(backwards.rest).bones
        if name not in ("mmd",):  # whose legs are doubled
            assert first == second, name


def test_both_sides_alike():
    """A body that is its own mirror image is mapped as its own mirror image."""
    for name in FAMILIES:
        rig = with_random_names(family(name), 2)
        mirrored = replace(rig, heads=rig.heads * [-1, 1, 1], tails=rig.tails * [-1, 1, 1])
        here, there = map_bones(rig.rest).bones, map_bones(mirrored.rest).bones
        swapped = {("Right" + j[4:] if j.startswith("Left") else "Left" + j[5:] if j.startswith("Right") else j): bone
                   for j, bone in there.items()}
        if MAKES[name].space != "X":
            assert here == swapped, name


# --- missing and further parts --------------------------------------------------------------------------------------

GONE = {
    "toes": ("LeftToe", "RightToe"), "hands": ("LeftHand", "RightHand"), "head": ("Head",),
    "clavicles": ("LeftShoulder", "RightShoulder"), "neck": ("Neck",), "chest": ("Spine1", "Spine2"), "spine": SPINES,
}
HUNG_ON = ("clavicles", "neck", "chest", "spine")  # these go alone, what hangs from them stays


@pytest.mark.parametrize("part", GONE)
@pytest.mark.parametrize("random", [False, True])
def test_a_part_is_missing(part, random):
    rigs = []
    for name in FAMILIES:
        rig = without(family(name), *GONE[part], below=part not in HUNG_ON)
        if part in ("chest", "spine"):  # what is left of the spine is counted anew
            rig = replace(rig, accept=rig.accept | dict.fromkeys(SPINES, (*rig.names, None)))
        if part == "head" and random:  # one bone above the shoulders may be either
            rig = replace(rig, accept=rig.accept | dict.fromkeys(("Neck", "Head"), (*rig.names, None)))
        rigs.append(with_random_names(rig, 7) if random else rig)
    assert share_right(rigs) >= (0.94 if random else 0.99)


CHAINS = {
    "wings": ("Spine", (0.1, -0.1, 0.6),
              ((0.5, -0.1, 0.4), (0.6, -0.1, 0.1), (0.6, -0.05, -0.3), (0.3, 0, -0.3)), True),
    "a tail": ("Hips", (0, -0.1, 0), ((0, -0.25, -0.1),) * 6, False),
    "a cape": ("Spine", (0, -0.15, 0.8), ((0, -0.05, -0.3),) * 5, False),
    "a cape in two": ("Spine", (0.15, -0.15, 0.8), ((0.02, -0.05, -0.3),) * 5, True),
    "a skirt": ("Hips", (0.15, -0.05, -0.05), ((0.06, -0.02, -0.3),) * 4, True),
    "ears": ("Head", (0.15, 0, 0.3), ((0.05, 0, 0.4),) * 3, True),
    "long hair": ("Head", (0.15, -0.1, 0.3), ((0.1, 0, -0.2), *((0.02, 0, -0.35),) * 6), True),
    "a hat": ("Head", (0, 0, 0.3), ((0, 0, 0.2),) * 2, False),
    "a sword": ("RightHand", (0, 0, 0), ((0, 0.3, 0), (0, 1.0, 0)), False),
    "a pad": ("LeftArm", (0, 0, 0.05), ((0.1, 0, 0.1),), False),
    "breasts": ("Spine", (0.1, 0.1, 0.6), ((0.03, 0.2, 0), (0, 0.1, -0.05)), True),
    "a pack": ("Spine", (0, -0.2, 0.5), ((0, -0.2, 0), (0, 0, 0.4)), False),
}


@pytest.mark.parametrize("part", CHAINS)
@pytest.mark.parametrize("random", [False, True])
def test_a_part_is_added(part, random):
    joint, start, steps, sides = CHAINS[part]
    rigs = [with_chain(family(name), part, joint, start, steps, sides) for name in FAMILIES]
    rigs = [with_random_names(rig, 5) for rig in rigs] if random else rigs
    assert share_right(rigs) >= (0.97 if random else 1.0)


@pytest.mark.parametrize("count, moved", [(0, ""), (1, "0"), (2, "01"), (3, "012"), (4, "013"), (5, "024"), (6, "025"),
                                          (7, "036")])
@pytest.mark.parametrize("random", [False, True])
def test_a_spine_of_any_number_of_bones(count, moved, random):
    """The lowest, the middle one and the one that carries the arms; one alone is the lowest, two are the first and
    the last."""
    rig = without(family("galatea human"), "Spine", "Spine1", "Spine2", below=False)
    low, high = rig.heads[rig.names.index("Hips")], rig.heads[rig.names.index("Neck")]
    column = [f"spine_{number}" for number in range(count)]
    hips = rig.names.index("Hips")
    parents = [parent + count if parent > hips else parent for parent in rig.parents]
    parents = parents[:hips + 1] + [hips + at for at in range(count)] + parents[hips + 1:]
    names = rig.names[:hips + 1] + tuple(column) + rig.names[hips + 1:]
    for bone in ("Neck", "LeftShoulder", "RightShoulder"):
        parents[names.index(bone)] = hips + count
    heads = [low + (high - low) * (0.1 + 0.8 * at / max(count, 1)) for at in range(count)]
    heads = np.array([*rig.heads[:hips + 1], *heads, *rig.heads[hips + 1:]])
    rest = Rest(names, tuple(parents), heads, heads + [0, 0, 0.05], np.ones(len(names), bool))
    if random:
        rest = replace(rest, names=tuple(f"b{(place * 37) % 101}" for place in range(len(names))))
    found = [rest.index[bone] - hips - 1 for joint in SPINES for bone in [map_bones(rest).bones.get(joint)] if bone]
    assert "".join(map(str, found)) == moved
    if count == 2:
        assert set(map_bones(rest).bones) & set(SPINES) == {"Spine", "Spine2"}


# --- names that mislead ---------------------------------------------------------------------------------------------


def test_a_name_that_the_body_contradicts_loses_and_is_told():
    rig = family("quaternius")
    bone_map = map_bones(renamed(rig, {"Body": "Thing"}).rest)
    assert bone_map.bones["Hips"] == "Thing" and bone_map.bones["Spine"] == "Hips"
    assert any("Hips" in note and "does not carry" in note for note in bone_map.notes)


def test_arms_that_are_named_like_legs():
    rig = family("unreal 4")
    arms, legs = ("upperarm", "lowerarm", "hand"), ("thigh", "calf", "foot")
    names = {f"{a}_{s}": f"{b}_{s}" for s in "lr" for one, other in ((arms, legs), (legs, arms))
             for a, b in zip(one, other)}
    lying = renamed(rig, names)
    bone_map = map_bones(lying.rest)
    assert wrong(lying, bone_map) == {}
    assert sum("not placed like one" in note for note in bone_map.notes) == 4


def test_sides_that_are_named_the_wrong_way_round():
    for name in ("mixamo", "rigify human", "mmd", "vrm 1", "makehuman cmu"):
        rig = family(name)
        left, right = MAKES[name].sides
        swap = {bone: other for bone in rig.names
                if (other := bone.replace(left, "\0").replace(right, left).replace("\0", right)) in rig.names}
        lying = renamed(rig, {bone: other for bone, other in swap.items() if left in bone or right in bone})
        bone_map = map_bones(lying.rest)
        assert wrong(lying, bone_map) == {}, name
        assert any("the feet are believed" in note for note in bone_map.notes)


def test_helpers_are_never_joints():
    for name in FAMILIES:
        rig = family(name)
        taken = set(map_bones(rig.rest).bones.values())
        for bone in taken:
            assert not any(word in bone for word in ("ik_", "IK-", "PoleTarget", "control", "ＩＫ", "Nub")), bone


# --- by hand --------------------------------------------------------------------------------------------------------


def test_what_is_set_by_hand_wins():
    rig = family("unreal 5")
    bone_map = map_bones(rig.rest, {"Spine1": "spine_02", "LeftToe": "", "LeftHand": "lowerarm_twist_01_l"})
    assert bone_map.bones["Spine1"] == "spine_02" and "LeftToe" not in bone_map.bones
    assert bone_map.bones["LeftHand"] == "lowerarm_twist_01_l"
    match = bone_map.matches["LeftHand"]
    assert (match.confidence, match.reason) == (1.0, "set by hand")
    assert {joint: bone for joint, bone in bone_map.bones.items() if joint not in ("Spine1", "LeftHand")} == {
        joint: bone for joint, bone in rig.truth.items() if joint not in ("Spine1", "LeftHand", "LeftToe")}


def test_a_bone_set_by_hand_leaves_its_other_joint():
    rig = family("unreal 4")
    bone_map = map_bones(rig.rest, {"Hips": "spine_01"})
    assert bone_map.bones["Hips"] == "spine_01"
    assert list(bone_map.bones.values()).count("spine_01") == 1
    assert [bone_map.bones.get(joint) for joint in SPINES] == ["spine_02", None, "spine_03"]


def test_corrections_that_cannot_be_are_told_and_ignored():
    rig = family("unreal 4")
    bone_map = map_bones(rig.rest, {"LeftHand": "nobody", "Tail": "pelvis"})
    assert bone_map.bones == map_bones(rig.rest).bones
    assert any("LeftHand" in note and "'nobody'" in note for note in bone_map.notes)
    assert any("'Tail'" in note for note in bone_map.notes)


def test_a_rig_that_is_set_by_hand_altogether():
    rig = family("rigify human")
    whole = {joint: bone for joint, bone in rig.truth.items() if bone}
    bone_map = map_bones(rig.rest, whole)
    assert bone_map.bones == whole and {match.reason for match in bone_map.matches.values()} == {"set by hand"}


# --- what is no humanoid --------------------------------------------------------------------------------------------


def quadruped() -> Rest:
    """A dog's bones under a person's names would be: trunk level, four legs down."""
    heads = {"hips": (0, 0.4, 0.6), "spine": (0, 0.2, 0.62), "chest": (0, -0.2, 0.62), "neck": (0, -0.4, 0.7),
             "head": (0, -0.55, 0.85), "jaw": (0, -0.65, 0.8), "tail": (0, 0.5, 0.6), "tail2": (0, 0.7, 0.5)}
    parents = {"hips": "", "spine": "hips", "chest": "spine", "neck": "chest", "head": "neck", "jaw": "head",
               "tail": "hips", "tail2": "tail"}
    for side, x in (("a", 0.1), ("b", -0.1)):
        for where, y, above in (("front", -0.25, "chest"), ("back", 0.4, "hips")):
            for number, (z, back) in enumerate(((0.5, 0), (0.3, 0.05), (0.1, 0), (0.02, -0.06))):
                heads[f"{where}{number}{side}"] = (x, y + back, z)
                parents[f"{where}{number}{side}"] = f"{where}{number - 1}{side}" if number else above
    names = tuple(heads)
    places = np.array([heads[name] for name in names], dtype=float)
    above = tuple(names.index(parents[name]) if parents[name] else -1 for name in names)
    return Rest(names, above, places, places + [0, 0, 0.02], np.ones(len(names), bool))


def test_what_is_no_humanoid_lacks_joints():
    bones = np.array([[0, 0, z] for z in np.linspace(0, 2, 9)])
    rope = Rest(tuple("abcdefghi"), tuple(range(-1, 8)), bones, bones + [0, 0, 0.2], np.ones(9, bool))
    empty = Rest((), (), np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, bool))
    one = Rest(("Bone",), (-1,), np.zeros((1, 3)), np.array([[0, 0, 1.0]]), np.ones(1, bool))
    for rest in (rope, empty, one, quadruped()):
        bone_map = map_bones(rest)
        assert bone_map.lacking == REQUIRED or len(bone_map.lacking) >= 8
        assert isinstance(bone_map.family, str)


def test_an_animal_with_the_names_of_a_person_is_told():
    dog = quadruped()
    arm, leg = ("upper_arm", "forearm", "hand", "fingers"), ("thigh", "shin", "foot", "toe")
    called = {f"{where}{number}{side}": f"{words[number]}.{letter}" for where, words in (("front", arm), ("back", leg))
              for side, letter in (("a", "L"), ("b", "R")) for number in range(4)}
    bone_map = map_bones(replace(dog, names=tuple(called.get(name, name) for name in dog.names)))
    assert bone_map.lacking == () and any("an animal" in note for note in bone_map.notes)
    assert not any("an animal" in note for name in FAMILIES for note in map_bones(family(name).rest).notes)


def test_places_that_are_all_one_leave_it_to_the_names():
    for heads in (np.zeros((65, 3)), np.full((65, 3), 7.0)):
        rig = family("mixamo")
        rest = Rest(rig.names, rig.parents, heads, heads, rig.deform)
        assert map_bones(rest).bones == {joint: bone for joint, bone in rig.truth.items() if bone}


# --- speed ----------------------------------------------------------------------------------------------------------


def test_seven_hundred_bones_take_no_time():
    """At most 50 ms of a core; the best of five, since other work on the machine slows it."""
    rig = family("rigify human")
    while len(rig.names) < 700:
        part = len(rig.names)
        start = (0.001 * part % 0.3, 0.002 * part % 0.4 - 0.2, 0.3)
        rig = with_chain(rig, f"strand{part}_", "Head", start, ((0.05, 0, -0.1),) * 8, sides=True)
    for one in (rig, with_random_names(rig, 1)):
        took = []
        for _ in range(5):
            start = time.process_time()
            bone_map = map_bones(one.rest)
            took.append(time.process_time() - start)
        assert wrong(one, bone_map) == {}
        assert min(took) < 0.05
