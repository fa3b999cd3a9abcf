# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes of what grows: skin, scales, leather, bone and bark.

Each recipe draws one individual: first its kind, size, age and colours from `rng`, then its nodes. Lengths are
fractions of a tile; a pixel that the GAN learns from is 1/128 of it, so lines are at least that wide.
"""

from __future__ import annotations

import numpy as np

from training.texture.node_graph import Field, Material, NodeGraph

RGB = tuple[float, float, float]

_TONES: list[RGB] = [  # skin from the lightest to the darkest
    (0.90, 0.76, 0.70), (0.86, 0.69, 0.61), (0.78, 0.60, 0.50), (0.66, 0.48, 0.39),
    (0.52, 0.36, 0.28), (0.39, 0.265, 0.205), (0.27, 0.185, 0.15),
]
_REPTILES: list[tuple[RGB, RGB]] = [  # ground and markings
    ((0.36, 0.46, 0.20), (0.13, 0.19, 0.09)), ((0.50, 0.42, 0.27), (0.23, 0.16, 0.10)),
    ((0.62, 0.55, 0.38), (0.36, 0.25, 0.15)), ((0.20, 0.22, 0.21), (0.08, 0.08, 0.09)),
    ((0.50, 0.14, 0.09), (0.18, 0.06, 0.06)), ((0.72, 0.43, 0.14), (0.34, 0.14, 0.07)),
    ((0.16, 0.40, 0.38), (0.07, 0.15, 0.22)), ((0.34, 0.40, 0.45), (0.14, 0.18, 0.24)),
    ((0.74, 0.70, 0.52), (0.56, 0.50, 0.30)), ((0.28, 0.52, 0.18), (0.56, 0.60, 0.20)),
    ((0.40, 0.32, 0.24), (0.62, 0.56, 0.42)), ((0.30, 0.18, 0.34), (0.12, 0.08, 0.18)),
]
_HIDES: list[RGB] = [  # dyed and tanned leather
    (0.42, 0.24, 0.13), (0.30, 0.17, 0.10), (0.20, 0.12, 0.08), (0.58, 0.36, 0.19), (0.66, 0.47, 0.29),
    (0.11, 0.10, 0.10), (0.16, 0.15, 0.15), (0.36, 0.10, 0.09), (0.74, 0.66, 0.54), (0.15, 0.19, 0.28),
    (0.20, 0.25, 0.17), (0.40, 0.38, 0.36),
]
_BARKS: list[tuple[RGB, RGB]] = [  # plate and furrow
    (((0.40, 0.34, 0.28)), (0.13, 0.10, 0.08)), ((0.48, 0.38, 0.30), (0.20, 0.12, 0.08)),
    ((0.52, 0.34, 0.23), (0.19, 0.10, 0.07)), ((0.44, 0.42, 0.38), (0.15, 0.14, 0.12)),
    ((0.33, 0.26, 0.20), (0.10, 0.08, 0.06)), ((0.56, 0.50, 0.42), (0.24, 0.19, 0.14)),
]


def skin(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Human skin, 2 cm: lines and plateaus of the relief, pores, mottling; freckles, veins, wrinkles on some."""
    tone = float(rng.uniform(0.0, len(_TONES) - 1.001))
    base = _between(_TONES, tone)
    base = _tinted(base, rng, 0.02)
    dark = tone / (len(_TONES) - 1)
    age = float(rng.uniform(0.0, 1.0))

    place = graph.warp(0.012, 9, 3)
    coarse = int(rng.integers(20, 37))
    squeeze = float(rng.uniform(0.7, 1.0))
    plates = graph.cells(coarse, max(12, round(coarse * squeeze)), 0.85, at=place)
    fine = graph.cells(2 * coarse, round(2 * coarse * squeeze), 0.9, at=place)
    uneven = graph.smoothstep(0.3, 0.7, graph.torus_noise(6, 2))
    lines = graph.smoothstep(0.20, 0.0, plates.edge) * (0.5 + 0.5 * uneven)
    fine_lines = graph.smoothstep(0.25, 0.0, fine.edge)
    gate, size, _ = graph.separate(plates.random)
    pores = graph.smoothstep(0.30, 0.10, plates.distance) * graph.greater(gate, float(rng.uniform(0.55, 0.9)))
    pores = pores * (0.4 + 0.6 * size)
    swell = graph.torus_noise(4, 2)
    wrinkles = _wrinkles(graph, rng) * max(0.0, 1.4 * age - 0.5)
    goose = graph.torus_noise(26, 2, 0.5) - 0.5
    height = (0.60 + 0.6 * (swell - 0.5) + 0.08 * graph.smoothstep(0.0, 0.5, plates.edge) + 0.22 * goose
              - (0.09 + 0.13 * age) * lines - 0.06 * fine_lines - 0.26 * pores - 0.30 * wrinkles)

    red = graph.smoothstep(0.35, 0.70, graph.torus_noise(float(rng.uniform(3, 7)), 4, 0.6))
    pale = graph.smoothstep(0.35, 0.70, graph.torus_noise(float(rng.uniform(4, 9)), 4, 0.6))
    flush = (min(1.0, base[0] * 1.02), base[1] * 0.82, base[2] * 0.80)
    sallow = (base[0] * 0.99, base[1] * 1.03, base[2] * 1.0)
    colour = graph.mix(red * float(rng.uniform(0.3, 0.9)), base, flush)
    colour = graph.mix(pale * 0.6, colour, sallow)
    if rng.random() < 0.35:  # veins shine through blue
        vein = graph.smoothstep(0.026, 0.0, abs(graph.torus_noise(2.5, 2, 0.4) - 0.5))
        vein = vein * graph.smoothstep(0.40, 0.60, graph.torus_noise(2, 1))
        colour = graph.mix(vein * (0.40 - 0.25 * dark), colour, (base[0] * 0.72, base[1] * 0.86, base[2] * 0.98))
    brown = (base[0] * 0.66, base[1] * 0.54, base[2] * 0.47)
    if rng.random() < 0.45 * (1.3 - dark):
        colour = graph.mix(_spots(graph, rng, float(rng.uniform(0.3, 0.7))) * 0.75, colour, brown)
    if rng.random() < 0.25:
        moles = _spots(graph, rng, 0.06, count=5)
        colour = graph.mix(moles * 0.9, colour, (base[0] * 0.42, base[1] * 0.34, base[2] * 0.32))
        height = height + 0.2 * moles
    deep = (base[0] * 0.80, base[1] * 0.68, base[2] * 0.64)
    shadow = 0.30 * lines + 0.8 * pores + 0.4 * wrinkles + 0.12 * fine_lines
    colour = graph.mix(graph.clamp(shadow), colour, deep)
    colour = graph.shade(colour, 0.90 + 0.20 * graph.torus_noise(44, 3, 0.6))

    oily = float(rng.uniform(-0.08, 0.06))
    roughness = 0.52 + oily + 0.14 * lines + 0.12 * pores + 0.25 * (graph.torus_noise(8, 3) - 0.5)
    return Material(colour, height, roughness)


def _wrinkles(graph: NodeGraph, rng: np.random.Generator) -> Field:
    """Long lines, all about one way, 1 in their depth: a drawn-out noise near its middle value."""
    shear = int(rng.integers(-1, 2))
    u, v = graph.warp(0.02, 4)
    across, up = (u + shear * v, v) if rng.random() < 0.5 else (u, v + shear * u)
    scale = (3.0, 14.0) if rng.random() < 0.5 else (14.0, 3.0)
    return graph.smoothstep(0.045, 0.0, abs(graph.torus_noise(scale, 1.5, 0.4, at=(across, up)) - 0.5))


def _spots(graph: NodeGraph, rng: np.random.Generator, share: float, count: int = 0) -> Field:
    """Soft round spots of several sizes, 1 inside: one in so many cells (`share`)."""
    count = count or int(rng.integers(9, 18))
    cells = graph.cells(count, count, 0.9, at=graph.warp(0.01, 14))
    gate, size, strength = graph.separate(cells.random)
    radius = 0.12 + 0.26 * size * size
    return (graph.smoothstep(radius, radius * 0.45, cells.distance) * graph.greater(share, gate)
            * (0.35 + 0.65 * strength))


def scales(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Reptile scales, 8 cm: rows that overlap like roof tiles, every other row set off by half a scale.

    4, 8 or 16 scales across a tile and twice as many rows, so that the pattern repeats each 1/4 of the tile.
    """
    count = int(rng.choice([4, 8, 8, 16]))
    length = float(rng.uniform(0.5, 1.0))  # from the middle of the free edge to its ends, in scales
    point = float(rng.uniform(1.1, 2.6))  # of the free edge: 1 a wedge, 2 round
    ground, mark = (_tinted(colour, rng, 0.06) for colour in _REPTILES[rng.integers(len(_REPTILES))])
    loose = float(rng.uniform(0.02, 0.10))

    u, v = graph.warp(0.06 / count, 3, 1)
    across, up = u * count, v * count
    lowest = graph.floor(up * 2.0)
    # Of the rows that may cover a point the uppermost one that does is seen.
    seen, inside, middle, column, row, above, under = 0.0, 0.0, 0.0, 0.0, 0.0, -9.0, -9.0
    for back in (0.0, 1.0, 2.0):
        this_row = lowest - back
        shifted = across + 0.5 * (this_row % 2.0)
        this_column = graph.floor(shifted)
        x = shifted - this_column - 0.5
        sway = graph.separate(graph.lattice_random(this_column, this_row, count, 2 * count))[0]
        depth = up - this_row * 0.5 - length * (abs(x) * 2.0) ** point - sway * loose
        covers = graph.greater(depth, 0.0) * (1.0 - seen)
        inside = graph.choose(covers, inside, depth)
        middle = graph.choose(covers, middle, x)
        column = graph.choose(covers, column, this_column)
        row = graph.choose(covers, row, this_row)
        under = graph.choose(covers, under, above)
        above = graph.maximum(above, depth)
        seen = graph.maximum(seen, covers)
    centre = ((column + 0.5 - 0.5 * (row % 2.0)) / count, (row * 0.5 + 0.7) / count)
    one, two, three = graph.separate(graph.lattice_random(column, row, count, 2 * count))

    rim = graph.smoothstep(0.22, 0.0, inside)
    shadow = graph.smoothstep(0.20, 0.0, -1.0 * under)
    keel = graph.smoothstep(0.09, 0.0, abs(middle)) * float(rng.choice([0.0, 0.0, 0.8]))
    dome = 1.0 - (middle * 2.0) ** 2.0
    rough_skin = graph.torus_noise(36, 3, 0.6) - 0.5
    tilt = float(rng.uniform(0.25, 0.45))
    height = (0.80 - tilt * inside + 0.22 * (dome - 0.5) + 0.14 * keel - 0.30 * rim * rim - 0.14 * shadow
              + 0.10 * (one - 0.5) + float(rng.uniform(0.05, 0.25)) * rough_skin)

    blotches = graph.torus_noise(float(rng.uniform(1.5, 4.0)), 2, 0.5, at=centre)
    marked = graph.smoothstep(0.46, 0.56, blotches + 0.10 * (two - 0.5)) * float(rng.uniform(0.2, 1.0))
    colour = graph.mix(marked, ground, mark)
    light = tuple(min(1.0, 1.25 * channel + 0.05) for channel in ground)
    colour = graph.mix(three * float(rng.uniform(0.1, 0.5)), colour, light)
    edge_colour = light if rng.random() < 0.4 else tuple(0.55 * channel for channel in mark)
    colour = graph.mix(rim * float(rng.uniform(0.1, 0.7)), colour, edge_colour)
    colour = graph.mix(keel * 0.35, colour, light)
    colour = graph.shade(colour, (1.0 - 0.55 * shadow) * (0.85 + 0.25 * dome) * (0.9 + 0.4 * rough_skin))
    roughness = float(rng.uniform(0.28, 0.52)) + 0.15 * shadow + 0.15 * rim + 0.4 * rough_skin + 0.08 * (two - 0.5)
    return Material(colour, height, roughness)


def leather(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Leather, 4 cm: a grain of pebbles (coarse or fine), creases, and wear that bares and polishes the tops."""
    base = _tinted(_HIDES[rng.integers(len(_HIDES))], rng, 0.05)
    worn = float(rng.uniform(0.0, 1.0)) ** 1.5
    pebbles = int(rng.integers(16, 34))
    place = graph.warp(0.016, 8, 3)
    grain = graph.cells(pebbles, round(pebbles * float(rng.uniform(0.7, 1.0))), 0.95, at=place)
    small = graph.cells(2 * pebbles, 2 * pebbles, 0.9, at=place)
    tall, shade, _ = graph.separate(grain.random)
    flat = graph.smoothstep(0.3, 0.7, graph.torus_noise(4, 2)) * float(rng.uniform(0.0, 0.8))  # stretched smooth here
    valley = graph.smoothstep(0.22, 0.0, grain.edge) * (1.0 - 0.6 * flat)
    small_valley = graph.smoothstep(0.28, 0.0, small.edge)
    crease = _creases(graph, rng) * float(rng.choice([0.0, 0.6, 1.0]))
    swell = graph.torus_noise(3, 2) - 0.5
    bulge = graph.smoothstep(0.0, 0.45, grain.edge)
    height = (0.56 + 0.7 * swell + 0.20 * bulge * (0.5 + 0.5 * tall) - 0.22 * valley - 0.08 * small_valley
              - 0.40 * crease)

    dark = tuple(0.50 * channel for channel in base)
    bare = tuple(min(1.0, 0.6 * channel + extra) for channel, extra in zip(base, (0.30, 0.22, 0.14)))
    dye = graph.torus_noise(float(rng.uniform(2, 4)), 4, 0.6)
    colour = graph.shade(base, 0.72 + 0.56 * dye)
    colour = graph.shade(colour, 0.94 + 0.12 * shade)
    rub = graph.smoothstep(0.48, 0.66, graph.torus_noise(5, 5, 0.65) + 0.10 * bulge - 0.05) * worn
    colour = graph.mix(rub * 0.8, colour, bare)
    colour = graph.mix(graph.clamp(0.50 * valley + 0.20 * small_valley + 0.35 * crease), colour, dark)
    scuffs = _scratches(graph, rng) * worn
    colour = graph.mix(scuffs * 0.5, colour, bare)
    height = height - 0.10 * scuffs
    roughness = (float(rng.uniform(0.36, 0.58)) + 0.16 * valley + 0.22 * rub + 0.15 * crease - 0.06 * bulge
                 + 0.3 * (dye - 0.5))
    return Material(colour, height, roughness)


def _creases(graph: NodeGraph, rng: np.random.Generator) -> Field:
    """Folds that wander and break off, 1 in their depth."""
    scale = float(rng.uniform(2.0, 4.5))
    line = graph.smoothstep(0.028, 0.0, abs(graph.torus_noise(scale, 3, 0.45, distortion=0.3) - 0.5))
    return line * graph.smoothstep(0.38, 0.60, graph.torus_noise(3, 1))


def _scratches(graph: NodeGraph, rng: np.random.Generator) -> Field:
    """Short straight marks along two slants."""
    marks = []
    for shear in (1, -1):
        at = (graph.u + shear * graph.v, graph.v)
        noise = graph.torus_noise((40.0, 4.0), 1, 0.4, at=at)
        marks.append(graph.smoothstep(0.66, 0.74, noise))
    return graph.maximum(*marks)


def bone(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Bone, 10 cm: ivory to old brown, fibres along it, pores, hairline cracks and stains in what lies low."""
    ivories = [(0.89, 0.84, 0.72), (0.84, 0.77, 0.61), (0.78, 0.70, 0.54), (0.80, 0.77, 0.70), (0.68, 0.58, 0.43)]
    base = _tinted(ivories[rng.integers(len(ivories))], rng, 0.015)
    age = float(rng.uniform(0.0, 1.0))
    u, v = graph.warp(0.05, 2.5, 2)
    swell = graph.torus_noise(2.5, 3, 0.5, at=(u, v)) - 0.5
    fibre = graph.torus_noise((36.0, 6.0), 3, 0.6, at=(u, v)) - 0.5
    count = int(rng.integers(18, 40))
    pores = graph.cells(count, round(count * 0.5), 1.0, at=graph.warp(0.01, 24, 2, at=(u, v)))
    gate, size, depth = graph.separate(pores.random)
    porous = graph.smoothstep(0.45, 0.70, graph.torus_noise(3, 3))
    radius = 0.14 + 0.30 * size * size
    pits = graph.smoothstep(radius, radius * 0.2, pores.distance) * (0.25 + 0.75 * depth)
    pits = pits * graph.greater(0.03 + porous * float(rng.uniform(0.2, 0.9)), gate)
    chalk = graph.torus_noise(50, 3, 0.6) - 0.5
    if rng.random() < 0.6:
        crack = graph.torus_noise((9.0, 1.5), 4, 0.55, at=graph.warp(0.012, 20, 2, at=(u, v)))
        cracks = graph.smoothstep(0.022, 0.0, abs(crack - 0.5))
        cracks = cracks * graph.smoothstep(0.42, 0.60, graph.torus_noise(3, 2)) * (0.4 + 0.6 * age)
    else:
        cracks = 0.0 * pits
    height = 0.58 + 1.2 * swell + (0.12 + 0.28 * age * age) * fibre + 0.22 * chalk - 0.42 * pits - 0.40 * cracks

    brown = (0.42, 0.29, 0.17)
    stain = graph.smoothstep(0.45, 0.75, graph.torus_noise(float(rng.uniform(2, 4)), 5, 0.6) - 0.5 * swell)
    colour = graph.mix(stain * (0.10 + 0.6 * age * age), base, (base[0] * 0.72, base[1] * 0.60, base[2] * 0.42))
    colour = graph.shade(colour, 0.98 + 0.45 * age * age * fibre + 0.18 * fibre + 0.30 * swell + 0.2 * chalk)
    bleached = graph.smoothstep(0.5, 0.72, graph.torus_noise(4, 4, 0.6) + 0.4 * swell)
    colour = graph.mix(bleached * 0.4, colour, (0.93, 0.90, 0.82))
    colour = graph.mix(graph.clamp(0.65 * pits + 0.75 * cracks), colour, brown)
    roughness = 0.46 + 0.25 * stain * age + 0.2 * pits + 0.2 * cracks + 0.4 * fibre * (0.3 + 0.5 * age)
    return Material(colour, height, roughness)


def bark(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Bark, 40 cm: upright plates between furrows, layered and fibrous, with lichen or moss on some."""
    plate, furrow = _BARKS[rng.integers(len(_BARKS))]
    plate, furrow = _tinted(plate, rng, 0.05), _tinted(furrow, rng, 0.02)
    columns = int(rng.integers(5, 12))
    rows = max(2, round(columns * float(rng.uniform(0.25, 0.55))))
    place = graph.warp(0.035, 5, 4)
    plates = graph.cells(columns, rows, 1.0, at=place)
    tall, shade, kind = graph.separate(plates.random)
    fibre = graph.torus_noise((30.0, 6.0), 5, 0.65, at=place) - 0.5
    flake = graph.torus_noise((12.0, 7.0), 4, 0.6, distortion=0.5) - 0.5
    width = float(rng.uniform(0.14, 0.30))
    gully = graph.smoothstep(width, 0.0, plates.edge + 0.30 * fibre + 0.15 * flake)
    split = graph.torus_noise((16.0, 2.5), 3, 0.55, at=place)
    splits = graph.smoothstep(0.045, 0.0, abs(split - 0.5)) * float(rng.uniform(0.2, 0.9))
    bulge = graph.smoothstep(0.0, 0.5, plates.edge)
    layered = graph.fract(4.0 * (bulge + 0.6 * flake + tall)) * float(rng.choice([0.0, 0.12]))
    height = (0.58 + 0.22 * bulge + 0.16 * (tall - 0.5) - 0.45 * gully - 0.18 * splits + 0.85 * fibre + 0.45 * flake
              + layered)

    colour = graph.mix(shade * 0.5, plate, tuple(0.72 * channel for channel in plate))
    reddish = (min(1.0, plate[0] * 1.15), plate[1] * 0.88, plate[2] * 0.72)
    colour = graph.mix(kind * float(rng.uniform(0.0, 0.7)), colour, reddish)
    colour = graph.shade(colour, 0.95 + 2.0 * fibre + 1.0 * flake + 1.2 * layered)
    colour = graph.mix(graph.clamp(gully + 0.6 * splits), colour, furrow)
    roughness = 0.82 + 0.3 * fibre + 0.08 * gully
    if rng.random() < 0.4:
        growth = (0.50, 0.55, 0.44) if rng.random() < 0.5 else (0.24, 0.31, 0.10)
        patches = graph.torus_noise(3, 5, 0.65) + 0.3 * fibre
        spread = float(rng.uniform(0.52, 0.62))
        cover = graph.smoothstep(spread, spread + 0.08, patches) * (1.0 - 0.5 * gully)
        tufts = graph.torus_noise(44, 3, 0.6)
        colour = graph.mix(cover * 0.85, colour, graph.shade(growth, 0.6 + 0.8 * tufts))
        height = height + 0.10 * cover + 0.25 * cover * (tufts - 0.5)
    return Material(colour, height, roughness)


def _between(colours: list[RGB], place: float) -> RGB:
    """The colour at a place along a list of them, blended between neighbours."""
    first = int(place)
    share = place - first
    return tuple(float((1 - share) * a + share * b) for a, b in zip(colours[first], colours[first + 1]))


def _tinted(colour: RGB, rng: np.random.Generator, amount: float) -> RGB:
    """The colour, a little lighter or darker and of a little other hue."""
    light = rng.uniform(1 - 4 * amount, 1 + 4 * amount)
    hue = rng.uniform(-amount, amount, 3)
    return tuple(float(np.clip(channel * light * (1 + change), 0.02, 0.97)) for channel, change in zip(colour, hue))
