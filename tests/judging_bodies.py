# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging bodies by their meshes alone: closed skins, mirror images, texels, cuts walked from triangle to triangle,
self-intersections.

Nothing of `blender_addon.character` takes part, so that it can be judged. A mesh is a `BodyMesh`.
"""

from dataclasses import replace

import numpy as np
from judging_joints import dense, joint, posed, skinned, triangles, turn, turned_by


def sides(faces):
    return np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)


def open_edges(mesh):
    """How many edges have not two faces, one on either side of them, and how many handles the skin has."""
    both = sides(mesh.faces)
    edges, count = np.unique(np.sort(both, axis=1), axis=0, return_counts=True)
    twice = len(both) - len(np.unique(both, axis=0))  # the same way round: a face is turned inside out
    return int((count != 2).sum()) + twice, 1 - (len(mesh.vertices) - len(edges) + len(mesh.faces)) // 2


def unlike_mirrored(mesh):
    """How far, in metres, a vertex is at most from the mirror image of one."""
    flipped = mesh.vertices * (-1.0, 1.0, 1.0)
    order, other = np.lexsort(np.round(mesh.vertices, 4).T), np.lexsort(np.round(flipped, 4).T)
    apart = np.abs(mesh.vertices[order] - flipped[other]).max(axis=1)
    # rounding may sort a few pairs differently, which are then looked up one by one
    for n in np.flatnonzero(apart > 1e-5):
        apart[n] = np.abs(flipped - mesh.vertices[order[n]]).max(axis=1).min()
    return float(apart.max())


def texels(mesh):
    """(F,) texels along a metre of each face over the mean of the skin, and (F,) the faces' areas in square metres."""
    quads = mesh.vertices[mesh.faces]
    real = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1) / 2
    across, along = mesh.uvs[:, 2] - mesh.uvs[:, 0], mesh.uvs[:, 3] - mesh.uvs[:, 1]
    density = np.sqrt((across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2 / real)
    return density / (np.sum(density * real) / np.sum(real)), real


def stretched(mesh):
    """(F,) how many times as much each face is stretched one way as the other, and (F,) the faces' areas."""
    quads = mesh.vertices[mesh.faces]
    one, two = quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]
    length = np.linalg.norm(one, axis=1)
    real = np.linalg.norm(np.cross(one, two), axis=1) / 2
    own = np.zeros((len(one), 2, 2))  # the diagonals in the face's plane, as columns
    own[:, 0, 0], own[:, 0, 1], own[:, 1, 1] = length, np.sum(one * two, axis=1) / length, 2.0 * real / length
    drawn = np.stack([mesh.uvs[:, 2] - mesh.uvs[:, 0], mesh.uvs[:, 3] - mesh.uvs[:, 1]], axis=2)
    most, least = np.linalg.svd(drawn @ np.linalg.inv(own), compute_uv=False).T
    return most / least, real


def overlapping(mesh, size=1024):
    """The shares of texels that lie on more than one face, of those that lie on any, and of those in the square."""
    count = np.zeros((size, size), int)
    for quad in mesh.uvs * size:
        low = np.maximum(np.floor(quad.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, size)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        inside = np.ones(x.shape, bool)
        for start, end in zip(quad, np.roll(quad, -1, axis=0)):
            inside &= (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]) > 0.0
        count[low[1]: high[1], low[0]: high[0]] += inside
    return (count > 1).sum() / (count > 0).sum(), (count > 0).mean()


def pierced(mesh):
    """Edges (K, 2) that go through a triangle which they do not touch."""
    points, faces = mesh.vertices, triangles(mesh)
    edges = np.unique(np.sort(sides(mesh.faces), axis=1), axis=0)
    cell = 0.012
    low = np.floor(points[faces].min(axis=1) / cell).astype(int)
    high = np.floor(points[faces].max(axis=1) / cell).astype(int)
    buckets = {}
    for n, (a, b) in enumerate(zip(low.tolist(), high.tolist())):
        for x in range(a[0], b[0] + 1):
            for y in range(a[1], b[1] + 1):
                for z in range(a[2], b[2] + 1):
                    buckets.setdefault((x, y, z), []).append(n)
    first, second = [], []
    low = np.floor(points[edges].min(axis=1) / cell).astype(int)
    high = np.floor(points[edges].max(axis=1) / cell).astype(int)
    for n, (a, b) in enumerate(zip(low.tolist(), high.tolist())):
        for x in range(a[0], b[0] + 1):
            for y in range(a[1], b[1] + 1):
                for z in range(a[2], b[2] + 1):
                    near = buckets.get((x, y, z), ())
                    first.extend([n] * len(near))
                    second.extend(near)
    pairs = np.unique(np.stack([first, second], axis=1), axis=0)
    touching = (edges[pairs[:, 0]][:, :, None] == faces[pairs[:, 1]][:, None, :]).any(axis=(1, 2))
    pairs = pairs[~touching]
    start, end = points[edges[pairs[:, 0]].T]
    a, b, c = points[faces[pairs[:, 1]].T]
    # Moeller and Trumbore 1997
    way, one, two = end - start, b - a, c - a
    across = np.cross(way, two)
    flat = np.sum(one * across, axis=1)
    safe = np.where(np.abs(flat) < 1e-16, 1e-16, flat)
    u = np.sum((start - a) * across, axis=1) / safe
    turned = np.cross(start - a, one)
    v = np.sum(way * turned, axis=1) / safe
    along = np.sum(two * turned, axis=1) / safe
    hit = (u > 0.0) & (v > 0.0) & (u + v < 1.0) & (along > 0.0) & (along < 1.0)
    return edges[np.unique(pairs[hit, 0])]


def outlines(mesh, through, normal):
    """The closed lines in which a plane cuts the skin, (K, 3) each, found by walking from triangle to triangle."""
    normal = normal / np.linalg.norm(normal)
    side = (mesh.vertices - through) @ normal > 0.0
    faces = triangles(mesh)
    crossed = {}
    for face in faces[side[faces].any(axis=1) & ~side[faces].all(axis=1)].tolist():
        ends = [tuple(sorted((a, b))) for a, b in zip(face, face[1:] + face[:1]) if side[a] != side[b]]
        for here, there in (ends, ends[::-1]):
            crossed.setdefault(here, []).append(there)
    lines = []
    while crossed:
        start = here = next(iter(crossed))
        line = []
        while here in crossed:
            line.append(here)
            beyond = crossed.pop(here)
            here = next((edge for edge in beyond if edge in crossed), start)
        a, b = np.array(line).T
        near, far = ((mesh.vertices[k] - through) @ normal for k in (a, b))
        share = (near / (near - far))[:, None]
        lines.append(mesh.vertices[a] * (1.0 - share) + mesh.vertices[b] * share)
    return lines


def around(mesh, through, normal):
    """Girth of the outline around the point `through`, as a tape that spans hollows measures it."""
    normal = normal / np.linalg.norm(normal)
    x = np.cross(normal, (0.3, 1.0, 0.2))
    x /= np.linalg.norm(x)
    plane = np.stack([x, np.cross(normal, x)])
    for line in outlines(mesh, through, normal):
        flat = (line - through) @ plane.T
        turn = np.arctan2(flat[:, 1], flat[:, 0])
        steps = (np.diff(np.append(turn, turn[0])) + np.pi) % (2 * np.pi) - np.pi
        if abs(steps.sum()) > 6.0:
            # Cauchy and Crofton: a convex outline is as long as its mean breadth times pi.
            angles = np.linspace(0.0, np.pi, 720, endpoint=False)
            return float(np.pi * np.mean(np.ptp(flat @ np.stack([np.cos(angles), np.sin(angles)]), axis=0)))
    raise AssertionError("no outline around the point")


def taken(mesh, person):
    """What a tape and callipers find, by measurement."""
    up = np.array([0.0, 0.0, 1.0])
    size = person["stature"] / 1.756

    def level(height, x=0.0, y=0.0):
        return around(mesh, np.array([x, y, height]), up)

    def along(start, end, shares):
        a, b = joint(mesh, start), joint(mesh, end)
        return [around(mesh, a + (b - a) * share, b - a) for share in shares]

    def leg(height):
        ankle, knee, hip = (joint(mesh, f"Left{name}") for name in ("Foot", "Leg", "UpLeg"))
        line = np.array([ankle, knee, hip])
        x, y = (np.interp(height, line[:, 2], line[:, k]) for k in (0, 1))
        return level(height, x + 0.01 * size, y)

    knee, ankle = person["kneeheightmidpatella"], person["lateralmalleolusheight"]
    middle = np.abs(mesh.vertices[:, 0]) < 1e-6
    hand = dense(mesh)[:, [n for n, name in enumerate(mesh.joints) if name.startswith("LeftHand")]].sum(axis=1) > 0.9
    fingertip = np.linalg.norm(mesh.vertices[hand] - joint(mesh, "LeftHand"), axis=1).max()
    low = mesh.vertices[middle & (mesh.vertices[:, 2] < joint(mesh, "Hips")[2])]
    foot = mesh.vertices[(mesh.vertices[:, 2] < 0.05 * size) & (mesh.vertices[:, 0] > 0.0)]
    return {
        "stature": np.ptp(mesh.vertices[:, 2]),
        "chestcircumference": level(person["chestheight"]),
        "waistcircumference": level(person["waistheightomphalion"]),
        "buttockcircumference": level(person["buttockheight"]),
        "neckcircumference": min(along("Neck", "Head", np.linspace(0.3, 0.6, 7))),
        "thighcircumference": leg(person["crotchheight"] - 0.03 * size),
        "calfcircumference": max(leg(ankle + (knee - ankle) * share) for share in np.linspace(0.5, 0.8, 13)),
        "anklecircumference": min(leg(ankle + (knee - ankle) * share) for share in np.linspace(0.09, 0.2, 5)),
        "wristcircumference": min(along("LeftForeArm", "LeftHand", (0.92, 0.96))),
        "crotchheight": low[:, 2].min(),
        "handlength": fingertip,
        "footlength": np.ptp(foot[:, 1]),
        "bideltoidbreadth": deltoids(mesh, size),
    } | arm(mesh, person)


def arm(mesh, person):
    """How high the acromion is, how far from there to the radiale and on to the stylion, arms let down by the weights.

    Callipers find the acromion on the upper line of the shoulder, as far out as both are apart. The radiale is where
    the elbow's axis leaves the skin on the outside, the stylion where the wrist's does beside the thumb.
    """
    half, down = person["biacromialbreadth"] / 2.0, {"LeftArm": turn(np.array([0.0, 1.0, 0.0]), 38.0)}
    ahead = np.array([0.0, -1.0, 0.0])
    upper, hand = (joint(mesh, end) - joint(mesh, start)
                   for start, end in (("LeftArm", "LeftForeArm"), ("LeftHand", "LeftHandMiddle1")))
    flat = np.cross(hand, np.cross(ahead, hand))  # towards the thumb, across the hand
    bends = {"LeftForeArm": turn(np.cross(upper, ahead), 90.0)}, {"LeftHand": turn(flat, 60.0)}
    hanging, elbow_bent, wrist_bent = (replace(mesh, vertices=skinned(mesh, turned_by(mesh, down | turns)))
                                       for turns in ({}, *bends))
    shoulder = np.concatenate(outlines(hanging, np.array([half, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])))
    acromion = shoulder[np.argmax(shoulder[:, 2])]
    radiale = beside_axis(hanging, elbow_bent, "LeftForeArm", ("LeftArm", "LeftForeArm", "LeftElbow"),
                          np.array([1.0, 0.0, 0.0]))
    stylion = beside_axis(hanging, wrist_bent, "LeftHand", ("LeftForeArm", "LeftHand"), ahead)
    return {"acromialheight": acromion[2], "acromionradialelength": np.linalg.norm(acromion - radiale),
            "radialestylionlength": np.linalg.norm(radiale - stylion)}


def beside_axis(mesh, bent, limb, around_joint, outward):
    """(3,) where the axis about which a limb's skin turned from one pose to the other leaves the skin.

    The axis is found as one finds it on people, from how the skin moves. limb, around_joint: what the names of the
    joints begin with that move the limb, and the skin about the joint.
    """
    parts = ([n for n, name in enumerate(mesh.joints) if name.startswith(part)] for part in (limb, around_joint))
    turning, near = (dense(mesh)[:, part].sum(axis=1) > 0.99 for part in parts)
    # the turn that brings the skin from one place to the other (Kabsch 1976), and what it leaves where it is
    before, after = mesh.vertices[turning], bent.vertices[turning]
    left, _, right = np.linalg.svd((before - before.mean(axis=0)).T @ (after - after.mean(axis=0)))
    turned = (left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right).T
    moved = np.eye(3) - turned
    through = np.linalg.lstsq(moved, after.mean(axis=0) - turned @ before.mean(axis=0), rcond=None)[0]
    axis = np.linalg.svd(moved)[2][-1]
    axis *= np.sign(axis @ outward)
    through += axis * ((mesh.vertices[near].mean(axis=0) - through) @ axis)  # in the middle of the limb
    # nearest to the axis of the skin outside
    outside = mesh.vertices[near & ((mesh.vertices - through) @ axis > 0.0)] - through
    off = np.linalg.norm(outside - np.outer(outside @ axis, axis), axis=1)
    return through + outside[np.argmin(off)] @ axis * axis


def deltoids(mesh, size):
    """Breadth over the shoulders with the arms let down by the weights."""
    turned = posed(mesh, {"LeftArm": ("Y", 38.0), "RightArm": ("Y", -38.0)})
    shoulder = joint(mesh, "LeftArm")[2]
    beside = (turned[:, 2] > shoulder - 0.12 * size) & (turned[:, 2] < shoulder + 0.05 * size)
    return np.ptp(turned[beside, 0])


def winding(mesh, point):
    """How often the skin goes around a point: 1 inside, 0 outside (Van Oosterom and Strackee 1983)."""
    a, b, c = (mesh.vertices - point)[triangles(mesh).T]
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    below = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(b * c, 1) * la + np.sum(c * a, 1) * lb
    return np.sum(np.arctan2(np.sum(a * np.cross(b, c), axis=1), below)) / (2.0 * np.pi)
