# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies from measurements: closed, of quads, unwrapped, skinned, and as long and as wide as was asked for.

The mesh is judged by itself: cuts are walked from face to face, and no function of `blender_addon.character` but
`make_body` and the measurements it is given takes part.
"""

import numpy as np
import pytest

from blender_addon.character.body_mesh import make_body
from blender_addon.character.measurements import NAMES, Measurements, average
from blender_addon.errors import GalateaError
from blender_addon.motion.rotations import matrix_from_quat, quat_from_axis_angle
from blender_addon.motion.skeleton import JOINTS, PARENTS

# How much of a woman's or man's mean somebody's girths and breadths are, by how their names begin.
_STOUT = {"waist": 1.28, "chest": 1.16, "hip": 1.14, "buttock": 1.17, "thigh": 1.18, "calf": 1.12, "biceps": 1.16,
          "forearmc": 1.10, "neck": 1.12, "lowerthigh": 1.14, "ankle": 1.06, "wrist": 1.05, "bideltoid": 1.09}
_SLIGHT = {"waist": 0.82, "chest": 0.87, "hip": 0.90, "buttock": 0.87, "thigh": 0.83, "calf": 0.88, "biceps": 0.82,
           "forearmc": 0.88, "neck": 0.91, "lowerthigh": 0.86, "ankle": 0.94, "wrist": 0.94, "bideltoid": 0.92}


def somebody(sex, build, tall=1.0):
    values = average(sex).measured.copy()
    for n, name in enumerate(NAMES):
        if name == "stature" or "height" in name or ("length" in name and name != "headlength"):
            values[n] *= tall
        else:
            values[n] *= next((factor for part, factor in build.items() if name.startswith(part)), 1.0)
    return Measurements(values, sex)


PEOPLE = {"woman": average(0.0), "man": average(1.0), "between": average(0.5),
          "stout woman": somebody(0.0, _STOUT, 0.96), "stout man": somebody(1.0, _STOUT),
          "slight woman": somebody(0.0, _SLIGHT, 1.05), "slight man": somebody(1.0, _SLIGHT, 0.93),
          "tall man": somebody(1.0, {}, 1.09)}


@pytest.fixture(scope="module")
def bodies():
    return {name: make_body(people) for name, people in PEOPLE.items()}


# --- the skin -------------------------------------------------------------------------------------------------------


def sides(faces):
    return np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1).reshape(-1, 2)


def triangles(mesh):
    return np.concatenate([mesh.faces[:, [0, 1, 2]], mesh.faces[:, [0, 2, 3]]])


def volume(vertices, faces):
    a, b, c = vertices[faces.T]
    return float(np.sum(a * np.cross(b, c))) / 6.0


def test_one_closed_skin_of_quads(bodies):
    mesh = bodies["man"]
    both = sides(mesh.faces)
    assert len(np.unique(both, axis=0)) == len(both)  # no edge twice the same way round: normals agree
    edges, count = np.unique(np.sort(both, axis=1), axis=0, return_counts=True)
    assert (count == 2).all()
    assert len(mesh.vertices) - len(edges) + len(mesh.faces) == 2  # a sphere, without handles
    assert np.array_equal(np.unique(mesh.faces), np.arange(len(mesh.vertices)))
    assert mesh.faces.shape[1] == 4 and (np.diff(np.sort(mesh.faces, axis=1), axis=1) > 0).all()
    assert 6000 <= len(mesh.vertices) <= 12500
    valence = np.bincount(edges.ravel())
    assert valence.min() >= 3 and valence.max() <= 6 and (valence == 4).mean() > 0.95
    reached = np.zeros(len(mesh.vertices), bool)
    reached[0] = True
    for _ in range(400):
        reached[edges[reached[edges].any(axis=1)]] = True
    assert reached.all()


def test_all_bodies_have_one_layout(bodies):
    first = bodies["man"]
    for mesh in bodies.values():
        assert np.array_equal(mesh.faces, first.faces) and np.array_equal(mesh.uvs, first.uvs)
        assert np.array_equal(mesh.weights, first.weights)
        assert np.array_equal(mesh.joint_indices, first.joint_indices) and mesh.joints == first.joints


def test_left_and_right_are_mirror_images(bodies):
    for name, mesh in bodies.items():
        flipped = mesh.vertices * (-1.0, 1.0, 1.0)
        order, other = np.lexsort(np.round(mesh.vertices, 4).T), np.lexsort(np.round(flipped, 4).T)
        apart = np.abs(mesh.vertices[order] - flipped[other]).max(axis=1)
        # rounding may sort a few pairs differently, which are then looked up one by one
        for n in np.flatnonzero(apart > 1e-5):
            apart[n] = np.abs(flipped - mesh.vertices[order[n]]).max(axis=1).min()
        assert apart.max() < 1e-5, name


@pytest.mark.parametrize("name", ["woman", "man", "between"])
def test_it_holds_as_much_as_a_person(bodies, name):
    litres = 1000.0 * volume(bodies[name].vertices, triangles(bodies[name]))
    assert litres == pytest.approx(PEOPLE[name]["weightkg"] / 1.03, rel=0.06)


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


@pytest.mark.parametrize("name", ["man", "woman", "stout woman"])
def test_it_hardly_cuts_itself(bodies, name):
    mesh = bodies[name]
    assert len(pierced(mesh)) < 0.008 * 2 * len(mesh.faces)  # lips, roots of the ears, webs, armpits of the stout


# --- measures, taken by cutting -------------------------------------------------------------------------------------


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


def joint(mesh, name):
    return mesh.positions[mesh.joints.index(name)]


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
        "radialestylionlength": np.linalg.norm(joint(mesh, "LeftHand") - joint(mesh, "LeftForeArm")),
        "handlength": fingertip,
        "footlength": np.ptp(foot[:, 1]),
        "bideltoidbreadth": deltoids(mesh, size),
    }


def deltoids(mesh, size):
    """Breadth over the shoulders with the arms let down by the weights."""
    turned = posed(mesh, {"LeftArm": ("Y", 38.0), "RightArm": ("Y", -38.0)})
    shoulder = joint(mesh, "LeftArm")[2]
    beside = (turned[:, 2] > shoulder - 0.12 * size) & (turned[:, 2] < shoulder + 0.05 * size)
    return np.ptp(turned[beside, 0])


def test_it_has_the_measures_that_were_asked_for(bodies):
    for name, mesh in bodies.items():
        found = taken(mesh, PEOPLE[name])
        off = {measure: value / PEOPLE[name][measure] - 1.0 for measure, value in found.items()}
        assert max(map(abs, off.values())) < 0.03, (name, {m: round(v, 3) for m, v in off.items() if abs(v) > 0.02})


def test_it_stands_on_the_ground(bodies):
    for name, mesh in bodies.items():
        assert abs(mesh.vertices[:, 2].min()) < 2e-3, name
        for side in (1.0, -1.0):
            assert mesh.vertices[mesh.vertices[:, 0] * side > 0.0, 2].min() < 2e-3, name


# --- joints and weights ---------------------------------------------------------------------------------------------


def dense(mesh):
    weights = np.zeros((len(mesh.vertices), len(mesh.joints)))
    np.put_along_axis(weights, mesh.joint_indices.astype(np.intp), mesh.weights, axis=1)
    return weights


def parent(mesh, name):
    if name in JOINTS:
        place = PARENTS[JOINTS.index(name)]
        return JOINTS[place] if place >= 0 else None
    if name == "Jaw":
        return "Head"
    return name[:-1] + str(int(name[-1]) - 1) if name[-1] != "1" else name[: name.index("Hand") + 4]


def posed(mesh, turns):
    """Vertices after turns of joints about world axes (degrees), by linear blend skinning."""
    turned, moved = {}, {}
    for name in mesh.joints:
        axis, degrees = turns.get(name, ("X", 0.0))
        own = matrix_from_quat(quat_from_axis_angle(np.eye(3)["XYZ".index(axis)], np.radians(degrees)))
        above = parent(mesh, name)
        at = joint(mesh, name)
        turned[name] = own if above is None else turned[above] @ own
        moved[name] = at if above is None else moved[above] + turned[above] @ (at - joint(mesh, above))
    result = np.zeros_like(mesh.vertices)
    for k in range(4):
        for n, name in enumerate(mesh.joints):
            some = mesh.joint_indices[:, k] == n
            placed = (mesh.vertices[some] - joint(mesh, name)) @ turned[name].T + moved[name]
            result[some] += mesh.weights[some, k, None] * placed
    return result


def test_joints_are_the_canonical_ones_and_the_digits(bodies):
    mesh = bodies["man"]
    assert mesh.joints[:22] == JOINTS and "Jaw" in mesh.joints and len(mesh.joints) == 22 + 1 + 30
    for name, body in bodies.items():
        for n, joint_name in enumerate(body.joints):
            if "Left" in joint_name:
                other = body.positions[body.joints.index(joint_name.replace("Left", "Right"))]
                assert np.allclose(other, body.positions[n] * (-1, 1, 1), atol=1e-9), (name, joint_name)


def winding(mesh, point):
    """How often the skin goes around a point: 1 inside, 0 outside (Van Oosterom and Strackee 1983)."""
    a, b, c = (mesh.vertices - point)[triangles(mesh).T]
    la, lb, lc = (np.linalg.norm(v, axis=1) for v in (a, b, c))
    below = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(b * c, 1) * la + np.sum(c * a, 1) * lb
    return np.sum(np.arctan2(np.sum(a * np.cross(b, c), axis=1), below)) / (2.0 * np.pi)


@pytest.mark.parametrize("name", ["woman", "stout man", "slight man"])
def test_joints_lie_inside(bodies, name):
    mesh = bodies[name]
    for n, joint_name in enumerate(mesh.joints):
        assert winding(mesh, mesh.positions[n]) == pytest.approx(1.0, abs=1e-3), joint_name


def test_weights_are_valid_and_smooth(bodies):
    mesh = bodies["man"]
    assert mesh.joint_indices.shape == mesh.weights.shape == (len(mesh.vertices), 4)
    assert np.allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-12) and (mesh.weights >= 0.0).all()
    assert (np.diff(mesh.weights, axis=1) <= 0.0).all()
    strong = set(np.unique(mesh.joint_indices[mesh.weights > 0.5]))
    assert strong == set(range(len(mesh.joints)))
    weights = dense(mesh)
    edges = sides(mesh.faces)
    step = np.abs(weights[edges[:, 0]] - weights[edges[:, 1]]).max(axis=1)
    assert step.max() < 0.6 and np.percentile(step, 99) < 0.3


def test_each_limb_is_its_own(bodies):
    mesh = bodies["man"]
    weights = dense(mesh)
    right = [n for n, name in enumerate(mesh.joints) if name.startswith("Right")]
    away = mesh.vertices[:, 0] > 0.06
    assert weights[np.ix_(away, right)].max() < 0.02
    legs = weights[:, [mesh.joints.index(f"Left{name}") for name in ("UpLeg", "Leg", "Foot", "Toe")]].sum(axis=1)
    arms = weights[:, [mesh.joints.index(f"Left{name}") for name in ("Arm", "ForeArm", "Hand")]].sum(axis=1)
    assert not ((legs > 0.0) & (arms > 0.0)).any()
    for n, name in enumerate(mesh.joints):
        if name.startswith("LeftHand") and name[-1] == "3":
            assert 10 < (weights[:, n] > 0.9).sum() < 200, name


@pytest.mark.parametrize(("name", "axis", "degrees"), [
    ("LeftLeg", "X", 60.0), ("LeftLeg", "X", 100.0), ("LeftForeArm", "bend", 60.0), ("LeftForeArm", "bend", 100.0)])
def test_a_bent_joint_keeps_its_volume(bodies, name, axis, degrees):
    """Between two cuts that lie well above and below the joint and move with the bones."""
    for who in ("man", "woman", "stout man"):
        mesh = bodies[who]
        at = joint(mesh, name)
        above = joint(mesh, parent(mesh, name))
        below = joint(mesh, {"LeftLeg": "LeftFoot", "LeftForeArm": "LeftHand"}[name])
        reach = 0.10 * np.ptp(mesh.vertices[:, 2]) / 1.75
        if axis == "bend":  # about the axis that the forearm swings forward around
            turn_axis = np.cross(at - above, (0.0, -1.0, 0.0))
        else:
            turn_axis = np.eye(3)["XYZ".index(axis)]
        turn_axis /= np.linalg.norm(turn_axis)
        turn = matrix_from_quat(quat_from_axis_angle(turn_axis, np.radians(degrees)))
        moved = [n for n, each in enumerate(mesh.joints) if each == name or hangs_from(mesh, each, name)]
        share = dense(mesh)[:, moved].sum(axis=1)[:, None]
        bent = mesh.vertices * (1.0 - share) + ((mesh.vertices - at) @ turn.T + at) * share
        along = (at - above) / np.linalg.norm(at - above)
        out = (below - at) / np.linalg.norm(below - at)
        limb = [n for n, each in enumerate(mesh.joints) if each == parent(mesh, name) or n in moved]
        inside = dense(mesh)[:, limb].sum(axis=1) > 0.9
        inside &= ((mesh.vertices - at) @ along > -reach) & ((mesh.vertices - at) @ out < reach)
        some = triangles(mesh)
        some = some[inside[some].all(axis=1)]
        before, after = (closed_volume(points, some) for points in (mesh.vertices, bent))
        assert after / before > 0.85, (who, after / before)


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


def hangs_from(mesh, name, other):
    while (name := parent(mesh, name)) is not None:
        if name == other:
            return True
    return False


def test_the_mouth_opens(bodies):
    mesh = bodies["woman"]
    opened = posed(mesh, {"Jaw": ("X", 18.0)})
    moved = np.linalg.norm(opened - mesh.vertices, axis=1)
    chin = mesh.vertices[moved > 0.01]
    head = joint(mesh, "Head")
    assert len(chin) > 80 and (chin[:, 1] < head[1]).all() and (chin[:, 2] < head[2] + 0.02).all()


# --- texture coordinates --------------------------------------------------------------------------------------------


def test_texture_coordinates_lie_in_the_square_without_folds(bodies):
    uvs = bodies["man"].uvs
    assert uvs.shape == (len(bodies["man"].faces), 4, 2) and uvs.min() >= 0.0 and uvs.max() <= 1.0
    across, along = uvs[:, 2] - uvs[:, 0], uvs[:, 3] - uvs[:, 1]
    assert (across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0] > 0.0).all()


def test_charts_do_not_lie_upon_one_another(bodies):
    size = 1024
    count = np.zeros((size, size), int)
    for quad in bodies["man"].uvs * size:
        low = np.maximum(np.floor(quad.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, size)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        inside = np.ones(x.shape, bool)
        for start, end in zip(quad, np.roll(quad, -1, axis=0)):
            inside &= (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]) > 0.0
        count[low[1]: high[1], low[0]: high[0]] += inside
    assert (count > 1).sum() < 0.0005 * (count > 0).sum()
    assert (count > 0).mean() > 0.40


def test_texels_are_spread_evenly(bodies):
    mesh = bodies["man"]
    quads = mesh.vertices[mesh.faces]
    real = np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1) / 2
    across, along = mesh.uvs[:, 2] - mesh.uvs[:, 0], mesh.uvs[:, 3] - mesh.uvs[:, 1]
    density = np.sqrt((across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]) / 2 / real)
    density /= np.sum(density * real) / np.sum(real)
    assert real[(density > 0.7) & (density < 1.3)].sum() / real.sum() > 0.98
    assert np.percentile(density, 0.5) > 0.5 and np.percentile(density, 99.5) < 2.0


# --- bad input ------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_measurements_is_said(bodies):
    person = dict(PEOPLE["man"])
    with pytest.raises(GalateaError, match="needs its stature"):
        make_body({name: value for name, value in person.items() if name != "stature"})
    with pytest.raises(GalateaError, match="neckcircumference is a number above 0"):
        make_body(person | {"neckcircumference": float("nan")})
    with pytest.raises(GalateaError, match=r"crotchheight .* is above its waistheightomphalion"):
        make_body(person | {"crotchheight": 1.2})


def test_the_same_measurements_give_the_same_body(bodies):
    again = make_body(PEOPLE["stout woman"])
    assert np.array_equal(again.vertices, bodies["stout woman"].vertices)
