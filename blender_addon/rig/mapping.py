# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of a rig are the canonical joints: names propose, structure checks them and fills the gaps.

What people set by hand comes first. A name stands unless the body contradicts it: a bone that is named like the hips
but does not carry the legs, a forearm that does not hang from the upper arm, an arm that is a leg by its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from ..motion.rotations import normalise
from ..motion.skeleton import JOINTS
from .bone_map import BoneMap, Match
from .evidence import LIMBS, SIDES, Evidence, agree_on_sides, gather, part_of, same
from .families import ARM, LEG, VAGUE_HIPS, is_chest, is_neck, is_trunk
from .rest import Rest
from .structure import off_the_ankle, trunk_joints

_NUMBER = ("no", "one", "two", "three", "four", "five", "six", "seven")


def map_bones(rest: Rest, corrections: Mapping[str, str] = MappingProxyType({})) -> BoneMap:
    """The rig's bones as canonical joints.

    corrections: joint -> bone name as people set it, "" for a joint that shall have none; those that name no joint or
    no bone of the rig are told in the notes and ignored. A rig that is no humanoid has a map that lacks joints.
    """
    by_hand, notes = _by_hand(rest, corrections)
    keep = np.flatnonzero(rest.deform).tolist() or list(range(len(rest.names)))
    evidence = gather(rest, keep, by_hand, notes)
    if evidence.body is None and not all(joint in evidence.named for joint in ("LeftArm", "LeftUpLeg")):
        everything = gather(rest, list(range(len(rest.names))), by_hand, notes)
        if everything.body is not None or len(everything.named) > len(evidence.named):
            evidence = everything
    agree_on_sides(evidence)
    for side, parts in LIMBS:
        _map_limb(evidence, side, parts)
    _map_trunk(evidence)
    _drop_doubles(evidence)
    for joint, bone in by_hand.items():
        evidence.found = {j: found for j, found in evidence.found.items() if j != joint and found[0] != bone}
    for joint, bone in by_hand.items():
        if bone >= 0:
            evidence.found[joint] = bone, 1.0, "set by hand"
    _look_at_posture(evidence)
    found = {joint: evidence.found[joint] for joint in JOINTS if joint in evidence.found}
    matches = {joint: Match(rest.names[bone], sure, reason) for joint, (bone, sure, reason) in found.items()}
    return BoneMap(_family_name(evidence), MappingProxyType(matches), MappingProxyType(_points(evidence)),
                   tuple(dict.fromkeys(evidence.notes)))


def _by_hand(rest: Rest, corrections: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    by_hand, notes = {}, []
    for joint, bone in corrections.items():
        if joint not in JOINTS:
            notes.append(f"{joint!r} is no joint; the correction is ignored")
        elif bone and bone not in rest.index:
            notes.append(f"{joint}: the rig has no bone {bone!r}; the correction is ignored")
        else:
            by_hand[joint] = rest.index[bone] if bone else -1
    return by_hand, notes


def _drop_doubles(evidence: Evidence) -> None:
    """Of two joints that found the same bone the one that is surer keeps it."""
    surest = sorted(evidence.found.items(), key=lambda item: -item[1][1])
    taken: dict[int, str] = {}
    for joint, (bone, _, _) in surest:
        taken.setdefault(bone, joint)
    evidence.found = {joint: found for joint, found in evidence.found.items() if taken[found[0]] == joint}


# --- limbs ----------------------------------------------------------------------------------------------------------


def _map_limb(evidence: Evidence, side: str, parts: tuple[str, ...]) -> None:
    """Map one arm or leg: its named bones if they make a limb, else those that structure found."""
    body, named = evidence.body, evidence.named
    placed = {part: body.joints[side + part] for part in parts if side + part in body.joints} if body else {}
    chain = _named_chain(evidence, side, parts)
    if _contradicted(evidence, chain, parts):
        names = ", ".join(evidence.rest.names[bone] for bone in chain.values())
        evidence.notes.append(f"{names}: named like a {side.lower()} {_limb_word(parts)}, but not placed like one; "
                              "mapped by place")
        chain = {}
    upper, lower = parts[1:3] if parts is ARM else parts[:2]
    if placed and not (upper in chain and lower in chain):
        kept = {part: bone for part, bone in chain.items() if placed.get(part) == bone}
        for part in set(chain) - set(kept):
            evidence.notes.append(f"{evidence.rest.names[chain[part]]}: named like a {side.lower()} {_word(part)}, but "
                                  "not placed like one; mapped by place")
        chain = placed | kept
    else:
        for part, bone in placed.items():
            if part not in chain and _fits(evidence, chain, part, bone, parts):
                chain[part] = bone
    for part, bone in chain.items():
        evidence.take(side + part, bone)
    for part in parts:
        bones = named.get(side + part, [])
        if bones and part not in chain and not placed:
            evidence.notes.append(f"{evidence.rest.names[bones[0]]}: named like a {side.lower()} {_word(part)}, but it "
                                  "does not hang where one should; left out")


def _named_chain(evidence: Evidence, side: str, parts: tuple[str, ...]) -> dict[str, int]:
    """The limb's named bones that hang from one another as they should."""
    named = {part: evidence.named.get(side + part, []) for part in parts}
    upper, lower, end = parts[-3:] if parts is ARM else parts[:3]
    best: dict[str, int] = {}
    for first in named[upper][:4]:
        chain = {upper: first}
        above = first
        for part in (lower, end) + (("Toe",) if parts is LEG else ()):
            bone = next((bone for bone in named[part] if bone not in chain.values() and (
                _hangs_well(evidence, bone, above) or (part == "Foot" and _ends_at(evidence, above, bone)))), None)
            if bone is None and part == lower:
                break
            if bone is not None:
                chain[part] = above = bone
        if parts is ARM:
            collar = next((bone for bone in named["Shoulder"] if bone != first and evidence.hangs(first, bone)), None)
            if collar is not None:
                chain["Shoulder"] = collar
        if len(chain) > len(best):
            best = chain
    return best


def _hangs_well(evidence: Evidence, bone: int, above: int) -> bool:
    return bone != above and evidence.hangs(bone, above)


def _ends_at(evidence: Evidence, shin: int, foot: int) -> bool:
    """Whether a foot that does not hang from its shin is where the shin ends."""
    heads = evidence.rest.heads
    thigh = evidence.rest.parents[shin]
    return thigh >= 0 and off_the_ankle(heads[thigh], heads[shin], evidence.rest.tails[shin], heads[foot]) < 1.0


def _contradicted(evidence: Evidence, chain: Mapping[str, int], parts: tuple[str, ...]) -> bool:
    """Whether the body has most of the named bones in another kind of limb, or the limb's segments are out of shape."""
    if evidence.body is None or not chain:
        return False
    roles = [part_of(evidence.roles[bone]) for bone in chain.values() if bone in evidence.roles]
    if 2 * sum(role not in parts for role in roles) > len(chain):
        return True
    joints = [chain.get(part) for part in (ARM[1:] if parts is ARM else LEG[:3])]
    if None in joints:
        return False
    heads = evidence.rest.heads[joints]
    upper, lower = np.linalg.norm(heads[1] - heads[0]), np.linalg.norm(heads[2] - heads[1])
    return bool(min(upper, lower) < 0.2 * max(upper, lower))


def _fits(evidence: Evidence, chain: Mapping[str, int], part: str, bone: int, parts: tuple[str, ...]) -> bool:
    """Whether a bone that structure gives for an unnamed joint goes with the named ones around it."""
    if bone in chain.values() or (chain and (evidence.parts[bone].helper or evidence.parts[bone].word == "heel")):
        return False
    at = parts.index(part)
    above = [chain[p] for p in parts[:at] if p in chain]
    below = [chain[p] for p in parts[at + 1:] if p in chain]
    detached = part == "Foot" and above and _ends_at(evidence, above[-1], bone)
    return (not above or detached or evidence.hangs(bone, above[-1])) and (
        not below or evidence.hangs(below[0], bone) or ("Foot" in chain and part != "Foot"))


# --- trunk ----------------------------------------------------------------------------------------------------------


def _map_trunk(evidence: Evidence) -> None:
    limbs = {joint: evidence.found[joint][0] for side in SIDES for joint in (side + "Arm", side + "UpLeg")
             if joint in evidence.found}
    hips = evidence.by_hand.get("Hips", -1)
    if hips < 0:
        hips = _map_hips(evidence, limbs.values())
    if hips < 0:  # an arm hangs from nothing, which is told later
        hips = _map_hips(evidence, [bone for joint, bone in limbs.items() if joint.endswith("Leg")])
    if hips < 0:
        return
    shoulders = [evidence.found[side + part][0] for side in SIDES for part in ("Shoulder", "Arm")
                 if side + part in evidence.found]
    carrier = _common(evidence, shoulders) if shoulders else -1
    column = _line(evidence, carrier, hips)
    # old rigs hang the clavicles from the neck
    by_place = evidence.body.necks if evidence.body is not None and evidence.body.joints["Hips"] == hips else ()
    necks = [bone for bone in column if is_neck(evidence.parts[bone]) or (
        bone in by_place and not is_trunk(evidence.parts[bone]))]
    column = [bone for bone in column if bone not in necks]
    if any(is_trunk(evidence.parts[bone]) for bone in column):
        column = [bone for bone in column if not evidence.parts[bone].helper or _is_of_column(evidence, bone)]
    for joint, bone in _name_column(evidence, tuple(column)).items():
        evidence.take(joint, bone)
    _map_head(evidence, hips, necks, column)
    if len(column) > 3:
        moving = trunk_joints(tuple(column)).values()
        moved = ", ".join(evidence.rest.names[bone] for bone in column if bone in moving)
        evidence.notes.append(f"{_count(len(column))} bones in the spine; {moved} move")


def _map_hips(evidence: Evidence, limbs: Iterable[int]) -> int:
    """The bone named like the hips that carries the limbs, else the lowest one that does."""
    limbs = list(limbs)
    carrier = _common(evidence, limbs) if len(limbs) > 1 else -1
    named = evidence.named.get("Hips", [])
    for bone in named:
        vague = evidence.parts[bone].word in VAGUE_HIPS
        if limbs and all(bone != limb and evidence.hangs(limb, bone) for limb in limbs) and (
                not vague or bone == carrier):
            evidence.take("Hips", bone)
            return bone
    if carrier >= 0 and carrier not in limbs:
        evidence.take("Hips", carrier)
        for bone in named[:1]:
            if evidence.parts[bone].word not in VAGUE_HIPS:
                evidence.notes.append(f"{evidence.rest.names[bone]} is named like the hips but does not carry both "
                                      f"legs and arms; {evidence.rest.names[carrier]} does and is taken for them")
        return carrier
    if named and not limbs:
        evidence.take("Hips", named[0])
        return named[0]
    return -1


def _name_column(evidence: Evidence, column: tuple[int, ...]) -> dict[str, int]:
    if len(column) == 1 and is_chest(evidence.parts[column[0]]):
        return {"Spine2": column[0]}
    return trunk_joints(column)


def _map_head(evidence: Evidence, hips: int, necks: list[int], column: list[int]) -> None:
    """Neck and head: as named where they hang from the trunk and from each other, else as structure has them."""
    arms = [evidence.found[side + "Arm"][0] for side in SIDES if side + "Arm" in evidence.found]

    def free(bone: int) -> bool:
        return bone != hips and bone not in column and evidence.hangs(bone, hips) and not any(
            evidence.hangs(bone, arm) for arm in arms)

    body = evidence.body
    head = next((bone for bone in evidence.named.get("Head", []) if free(bone)), None)
    if head is None and body is not None and "Head" in body.joints:
        placed = body.joints["Head"]
        head = placed if free(placed) and not is_neck(evidence.parts[placed]) else None
    called = [bone for bone in (*necks, *evidence.named.get("Neck", [])) if free(bone) and bone != head and (
        head is None or evidence.hangs(head, bone))]
    neck = min(called, key=lambda bone: len(evidence.tree.above(bone)), default=None)
    if neck is None and body is not None and head is not None:
        neck = next((bone for bone in body.necks if free(bone) and bone != head and evidence.hangs(head, bone)), None)
    if neck is not None:
        evidence.take("Neck", neck)
    if head is not None:
        evidence.take("Head", head)
    if neck is not None and head is not None:
        between = len(_line(evidence, head, neck))
        if between > 1:
            evidence.notes.append(f"{_count(between)} bones in the neck; {evidence.rest.names[neck]}, "
                                  "the lowest, moves")


def _is_of_column(evidence: Evidence, bone: int) -> bool:
    return evidence.family is not None and any(
        same(part, evidence.parts[bone]) for part in evidence.family.spines)


def _common(evidence: Evidence, bones: list[int]) -> int:
    """The lowest bone that carries all of some, none of them itself; -1 for none."""
    lines = [evidence.tree.above(bone)[1:] for bone in bones]
    return next((bone for bone in lines[0] if all(bone in line for line in lines[1:])), -1)


def _line(evidence: Evidence, bone: int, above: int) -> list[int]:
    """The bones from one that hangs from another down to it, from above, without the upper one."""
    line = evidence.tree.above(bone) if bone >= 0 else []
    return line[:line.index(above)][::-1] if above in line else []


# --- what people are told -------------------------------------------------------------------------------------------


def _look_at_posture(evidence: Evidence) -> None:
    """A note where an animal is taken for a person: its legs do not go on from the trunk."""
    heads, ends = evidence.rest.heads, ("Arm", "UpLeg", "Foot")
    if not all(side + end in evidence.found for side in SIDES for end in ends):
        return
    shoulders, hips, feet = (sum(heads[evidence.found[side + end][0]] for side in SIDES) for end in ends)
    if np.linalg.norm(shoulders - hips) > 0.0 and _angle(feet - hips, hips - shoulders) > 45.0:
        evidence.notes.append("the legs do not go on from the trunk at rest: an animal, or an unusual rest pose; "
                              "motion of people may not suit it")


def _points(evidence: Evidence) -> dict[str, str]:
    """Joints without a bone whose place is the tail of the bone before, where that tail points as it should.

    Files of other programs leave tails that point anywhere.
    """
    rest, found = evidence.rest, {joint: bone for joint, (bone, _, _) in evidence.found.items()}

    def along(joint: str) -> np.ndarray:
        return rest.tails[found[joint]] - rest.heads[found[joint]]

    points = {}
    for side in SIDES:
        hand, foot, toe = side + "Hand", side + "Foot", side + "Toe"
        for end, before, first, widest in ((hand, "ForeArm", "Arm", 60.0), (foot, "Leg", "UpLeg", 60.0)):
            if end not in found and side + before in found and side + first in found:
                limb = rest.heads[found[side + before]] - rest.heads[found[side + first]]
                size = np.linalg.norm(along(side + before)) / max(np.linalg.norm(limb), 1e-12)
                if _angle(along(side + before), limb) < widest and 0.3 < size < 3.0:
                    points[end] = rest.names[found[side + before]]
        if toe not in found and foot in found and _is_sole(evidence, along(foot), found):
            points[toe] = rest.names[found[foot]]
    if "Head" not in found and "Neck" in found and "Hips" in found:
        trunk = rest.heads[found["Neck"]] - rest.heads[found["Hips"]]
        if _angle(along("Neck"), trunk) < 60.0:
            points["Head"] = rest.names[found["Neck"]]
    return points


def _is_sole(evidence: Evidence, along: np.ndarray, found: Mapping[str, int]) -> bool:
    """Whether a foot's tail is where toes may be: ahead, neither sideways nor upwards."""
    if "LeftUpLeg" not in found or "RightUpLeg" not in found or "LeftLeg" not in found:
        return False
    heads = evidence.rest.heads
    across = heads[found["LeftUpLeg"]] - heads[found["RightUpLeg"]]
    shin = heads[found["LeftLeg"]] - heads[found["LeftUpLeg"]]
    size = np.linalg.norm(along) / max(np.linalg.norm(shin), 1e-12)
    if evidence.body is not None and along @ evidence.body.ahead <= 0.0:
        return False
    return bool(0.08 < size < 1.5 and abs(normalise(along) @ normalise(across)) < 0.6 and _angle(along, shin) < 110.0)


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(a @ b / length, -1.0, 1.0)))) if length > 0.0 else 180.0


def _family_name(evidence: Evidence) -> str:
    names = evidence.rest.names
    if any(name.startswith("DEF-") for name in names) and any(name.startswith(("ORG-", "MCH-")) for name in names):
        return "Rigify"
    if evidence.family is not None:
        return evidence.family.name
    return "bones with usual names" if any("name" in reason for _, _, reason in evidence.found.values()) else (
        "unknown names, understood by structure" if evidence.found else "not understood")


def _limb_word(parts: tuple[str, ...]) -> str:
    return "arm" if parts is ARM else "leg"


def _word(part: str) -> str:
    return {"Shoulder": "clavicle", "Arm": "upper arm", "UpLeg": "thigh", "Leg": "shin"}.get(part, part.lower())


def _count(number: int) -> str:
    return _NUMBER[number] if number < len(_NUMBER) else str(number)
