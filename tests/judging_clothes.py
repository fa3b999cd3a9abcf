# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of clothes and of hair ask of meshes."""

import numpy as np
from judging_bodies import sides

from blender_addon.character.body_mesh import make_body
from blender_addon.character.measurements import average

_GIRTHS = ("circumference", "breadth", "depth")


def somebody(sex, shape, stout):
    person = dict(average(sex))
    for name in person:
        if any(word in name for word in _GIRTHS) and not name.startswith(("head", "hand", "foot", "ball", "bi")):
            person[name] *= stout
    return make_body(person, shape)


def borders(faces):
    """The open edges (K, 2), each as its face runs along it."""
    both = sides(faces)
    have = set(map(tuple, both.tolist()))
    return np.array([(a, b) for a, b in have if (b, a) not in have])


def rings(edges):
    """How many closed rings open edges make."""
    following, count = dict(edges.tolist()), 0
    while following:
        start = here = next(iter(following))
        while True:
            here = following.pop(here)
            if here == start:
                break
        count += 1
    return count


def overlaps(uvs, size=700):
    """Share of the covered texels that belong to two quads which do not touch there."""
    used = np.zeros((size, size), int)
    for quad in uvs * size:
        low, high = np.floor(quad.min(axis=0)).astype(int), np.ceil(quad.max(axis=0)).astype(int)
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5, indexing="ij")
        inside = np.ones(x.shape, bool)
        for a, b in zip(quad, np.roll(quad, -1, axis=0)):
            inside &= (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) > 0.02
        used[low[0]: high[0], low[1]: high[1]] += inside
    return (used > 1).sum() / (used > 0).sum()
