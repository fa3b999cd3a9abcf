# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging how bodies bend: linear blend skinning, joints that follow others by a rule of their own, volumes kept.

Nothing of `blender_addon.character` takes part, so that it can be judged. A mesh is a `BodyMesh`. The rule: a joint
called ...Share turns half-way from what it hangs from to what it is named for; ...Twist takes away or adds a share of a
turn about a bone's own length.
"""

import numpy as np

from blender_addon.motion.rotations import matrix_from_quat, quat_from_axis_angle
from blender_addon.motion.skeleton import JOINTS, PARENTS
from blender_addon.rig.alignment import align_to_t_pose

_AFTER = {"Arm": "ForeArm", "ForeArm": "Hand", "Hand": "HandMiddle1", "UpLeg": "Leg", "Leg": "Foot"}
# Followers without their side: what they hang from, and whose turn about its own length they take on, how much of it.
TWISTS = {"ArmTwist1": ("Arm", "Arm", -1.0), "ArmTwist2": ("Arm", "Arm", -0.5),
          "ForeArmTwist1": ("ForeArm", "Hand", 0.5), "ForeArmTwist2": ("ForeArm", "Hand", 1.0),
          "UpLegTwist": ("UpLeg", "UpLeg", -1.0)}
# What they hang from and what they go half-way to.
SHARES = {"ShoulderShare": ("Shoulder", "ArmTwist1"), "ElbowShare": ("Arm", "ForeArm"),
          "HipShare": ("Hips", "UpLegTwist"), "KneeShare": ("UpLeg", "Leg")}


def triangles(mesh):
    return np.concatenate([mesh.faces[:, [0, 1, 2]], mesh.faces[:, [0, 2, 3]]])


def volume(vertices, faces):
    a, b, c = vertices[faces.T]
    return float(np.sum(a * np.cross(b, c))) / 6.0


def joint(mesh, name):
    return mesh.positions[mesh.joints.index(name)]


def dense(mesh):
    weights = np.zeros((len(mesh.vertices), len(mesh.joints)))
    np.put_along_axis(weights, mesh.joint_indices.astype(np.intp), mesh.weights, axis=1)
    return weights


def sided(name):
    side = next((side for side in ("Left", "Right") if name.startswith(side)), "")
    return side, name.removeprefix(side)


def parent(mesh, name):
    side, part = sided(name)
    if part in TWISTS or part in SHARES:
        above = (TWISTS | SHARES)[part][0]
        return above if above == "Hips" else side + above
    if name in JOINTS:
        place = PARENTS[JOINTS.index(name)]
        return JOINTS[place] if place >= 0 else None
    if name == "Jaw":
        return "Head"
    return name[:-1] + str(int(name[-1]) - 1) if name[-1] != "1" else name[: name.index("Hand") + 4]


def hangs_from(mesh, name, other):
    while (name := parent(mesh, name)) is not None:
        if name == other:
            return True
    return False


def turn(axis, degrees):
    return matrix_from_quat(quat_from_axis_angle(axis / np.linalg.norm(axis), np.radians(degrees)))


def own_turn(turned, axis):
    """Degrees by which a rotation (3, 3) turns about an axis, after the shortest way that the axis takes (Dobrowolski
    2015)."""
    axis = axis / np.linalg.norm(axis)
    quaternion = np.array([1.0 + np.trace(turned), turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0],
                           turned[1, 0] - turned[0, 1]])
    return np.degrees(2.0 * np.arctan2(quaternion[1:] @ axis, quaternion[0]) + np.pi) % 360.0 - 180.0


def halfway(turned):
    """The rotation (3, 3) that, done twice, is `turned`."""
    values = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]])
    angle = np.arctan2(np.linalg.norm(values), np.trace(turned) - 1.0)
    return np.eye(3) if angle < 1e-9 else turn(values, np.degrees(angle) / 2.0)


def follow(mesh, turned):
    """World rotations (3, 3) by joint with those of the joints that follow."""
    turned = dict(turned)
    for name in mesh.joints:
        side, part = sided(name)
        if part in TWISTS:
            above, of, share = TWISTS[part]
            axis = [joint(mesh, side + _AFTER[each]) - joint(mesh, side + each) for each in (above, of)]
            degrees = own_turn(turned[parent(mesh, side + of)].T @ turned[side + of], axis[1])
            turned[name] = turned[side + above] @ turn(axis[0], share * degrees)
    for name in mesh.joints:
        side, part = sided(name)
        if part in SHARES:
            above, goal = turned[parent(mesh, name)], turned[side + SHARES[part][1]]
            turned[name] = above @ halfway(above.T @ goal)
    return turned


def skinned(mesh, turned):
    """Vertices when joints are turned in the world (3, 3), linear blend skinning; followers follow."""
    turned = follow(mesh, turned)
    moved = {}
    for name in mesh.joints:
        above, at = parent(mesh, name), joint(mesh, name)
        moved[name] = at if above is None else moved[above] + turned[above] @ (at - joint(mesh, above))
    result = np.zeros_like(mesh.vertices)
    for n, name in enumerate(mesh.joints):
        share = np.sum(mesh.weights * (mesh.joint_indices == n), axis=1)
        some = share > 0.0
        result[some] += share[some, None] * ((mesh.vertices[some] - joint(mesh, name)) @ turned[name].T + moved[name])
    return result


def turned_by(mesh, turns):
    """World rotations by joint from turns (3, 3) of joints about world axes, each in its parent's frame."""
    turned = {}
    for name in mesh.joints:
        if sided(name)[1] not in TWISTS | SHARES:
            above = parent(mesh, name)
            own = turns.get(name, np.eye(3))
            turned[name] = own if above is None else turned[above] @ own
    return turned


def posed(mesh, turns):
    """Vertices after turns of joints about world axes (degrees): {"LeftArm": ("Y", 38.0)}."""
    turns = {name: turn(np.eye(3)["XYZ".index(axis)], degrees) for name, (axis, degrees) in turns.items()}
    return skinned(mesh, turned_by(mesh, turns))


def in_motion(mesh, globals_):
    """World rotations by joint from those of the canonical joints (22, 3, 3), which are none in the T-pose."""
    at_rest = align_to_t_pose({name: joint(mesh, name) for name in JOINTS}, np.eye(3))
    turned = {name: globals_[n] @ at_rest[n] for n, name in enumerate(JOINTS)}
    for name in mesh.joints:
        if name not in turned and sided(name)[1] not in TWISTS | SHARES:
            turned[name] = turned[parent(mesh, name)]
    return turned


def bent(mesh, name, degrees):
    """Vertices with an elbow or knee bent: a knee bends backward, a forearm swings forward."""
    above = joint(mesh, parent(mesh, name))
    along = joint(mesh, name) - above
    axis = np.array([1.0, 0.0, 0.0]) if name.endswith("Leg") else np.cross(along, (0.0, -1.0, 0.0))
    return skinned(mesh, turned_by(mesh, {name: turn(axis, degrees)}))


def volume_kept(mesh, name, vertices):
    """Share of the volume that an elbow, knee or wrist (as "LeftForeArm") keeps when the skin is at `vertices`, within
    10 cm of it (on somebody of 1.75 m)."""
    side, part = sided(name)
    at, above, below = (joint(mesh, each) for each in (name, parent(mesh, name), side + _AFTER[part]))
    reach = 0.10 * np.ptp(mesh.vertices[:, 2]) / 1.75
    along, out = (at - above) / np.linalg.norm(at - above), (below - at) / np.linalg.norm(below - at)
    upper = parent(mesh, name)
    limb = [n for n, each in enumerate(mesh.joints) if each == upper or hangs_from(mesh, each, upper)]
    inside = dense(mesh)[:, limb].sum(axis=1) > 0.9
    inside &= ((mesh.vertices - at) @ along > -reach) & ((mesh.vertices - at) @ out < reach)
    some = triangles(mesh)
    some = some[inside[some].all(axis=1)]
    return closed_volume(vertices, some) / closed_volume(mesh.vertices, some)


def closed_volume(points, faces):
    """Volume of a piece of skin whose openings are closed by fans to their middles."""
    both = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    have = set(map(tuple, both.tolist()))
    rim = [(a, b) for a, b in have if (b, a) not in have]
    following = dict(rim)
    total = volume(points, faces)
    while following:
        start, here = next(iter(following.items()))
        loop = [start]
        del following[start]
        while here != start:
            loop.append(here)
            here = following.pop(here)
        ring = points[loop]
        middle = ring.mean(axis=0)
        total -= float(np.sum(middle * np.cross(ring, np.roll(ring, -1, axis=0)).sum(axis=0))) / 6.0
    return total
