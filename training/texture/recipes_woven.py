# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes for fur, knit, denim and chain mail.

The last three are lattices: a stitch, a twill repeat or a ring fills a whole fraction of the tile and always begins at
the tile's corner; what differs from seed to seed is colour, thickness, twist, wear, and small bends by noise.
"""

from __future__ import annotations

import math

import numpy as np

from training.texture.node_graph import TURN, Field, Material, NodeGraph, Place

Rgb = tuple[float, float, float]

BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def pick(rng: np.random.Generator, colours: list[Rgb], spread: float = 0.04) -> Rgb:
    """One of some colours, its lightness and (a little) its hue changed by about `spread`."""
    colour = np.array(colours[rng.integers(len(colours))])
    colour = colour * rng.normal(1.0, 2.0 * spread) * rng.normal(1.0, 0.4 * spread, 3)
    return tuple(float(channel) for channel in colour.clip(0.015, 0.95))


def toward(colour: Rgb, other: Rgb, part: float) -> Rgb:
    """A colour moved some part of the way to another."""
    return tuple((1.0 - part) * a + part * b for a, b in zip(colour, other, strict=True))


# Fur --------------------------------------------------------------------------------------------

COATS = [
    ((0.16, 0.09, 0.05), (0.46, 0.29, 0.17)), ((0.30, 0.17, 0.08), (0.74, 0.48, 0.25)),
    ((0.10, 0.09, 0.085), (0.32, 0.29, 0.27)), ((0.34, 0.32, 0.30), (0.78, 0.76, 0.73)),
    ((0.58, 0.54, 0.48), (0.93, 0.91, 0.87)), ((0.42, 0.30, 0.19), (0.86, 0.74, 0.55)),
    ((0.34, 0.15, 0.07), (0.74, 0.40, 0.19)), ((0.13, 0.12, 0.13), (0.52, 0.50, 0.50)),
    ((0.22, 0.19, 0.15), (0.60, 0.54, 0.44)), ((0.26, 0.24, 0.22), (0.66, 0.63, 0.58)),
]
MARKS = [(0.12, 0.09, 0.07), (0.14, 0.13, 0.13), (0.26, 0.15, 0.08), (0.40, 0.24, 0.12), (0.86, 0.83, 0.77)]


def fur(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Layers of tapered strands that lie along a flow, from a short coat to shaggy tufts.

    Each layer is a lattice of strands in bent coordinates, every column begun at its own place.
    """
    length = float(rng.beta(1.1, 1.2))  # 0 short … 1 shaggy
    columns = round(float(np.interp(length, [0, 1], [84, 54])) * rng.uniform(0.9, 1.1))
    rows = max(2, round(float(np.interp(length, [0, 1], [9.5, 2.0]))))
    flow = graph.warp(rng.uniform(0.03, 0.06 + 0.08 * length), (1.8, 1.4), detail=1.0)
    # Noise that is drawn out along the coat gathers strands into locks and parts them again.
    locks = int(rng.integers(5, 10))
    gather = graph.torus_noise((locks, 0.35 * locks), 1.0, at=flow) - 0.5
    flow = (flow[0] + gather * (rng.uniform(0.2, 0.9) * length / locks), flow[1])
    # One noise serves all layers: each is pushed its own way by it.
    stray = [graph.torus_noise((6.0, 3.0), 1.0) - 0.5 for _ in range(2)]
    tuft = tufts(graph, rng, flow, stray, locks, 2 if length > 0.5 else 3)

    dark, light = COATS[rng.integers(len(COATS))]
    dark, light = pick(rng, [dark], 0.05), pick(rng, [light], 0.05)
    marks = markings(graph, rng, flow)
    marked = pick(rng, MARKS)
    if abs(sum(marked) - sum(light)) < 0.6:
        marked = toward(marked, BLACK, 0.75)

    albedo, height = graph.colour(toward(dark, BLACK, 0.15)), 0.12 + 0.15 * tuft
    layers = 6
    for layer in range(layers):
        above = layer / (layers - 1)
        bent = astray(rng, flow, stray, 2.5 / columns)
        cover, along, across, random = strands(graph, rng, bent, columns + 3 * (layer % 3), rows + layer % 2)
        shade, lift, _ = graph.separate(random)
        tone = 0.26 + 0.2 * above + 0.3 * along + 0.45 * (shade - 0.5) + (0.2 + 0.6 * length) * (tuft - 0.5)
        tone = graph.clamp(tone)
        colour = graph.mix(tone, dark, light)
        if marks is not None:  # a strand is of one colour or the other, so a mark's border is ragged
            other = graph.mix(tone, toward(marked, BLACK, 0.45), marked)
            colour = graph.mix(graph.smoothstep(0.35, 0.65, marks + 0.6 * (lift - 0.5)), colour, other)
        albedo = graph.mix(cover, albedo, graph.shade(colour, 0.76 + 0.14 * above + 0.14 * across))
        top = 0.16 + 0.08 * above + 0.04 * lift + 0.06 * along + 0.05 * across + (0.25 + 0.35 * length) * tuft
        height = graph.choose(cover, height, top)
    roughness = rng.uniform(0.5, 0.75) + 0.25 * (1.0 - graph.clamp(height * 1.4))
    return Material(albedo, graph.clamp(height), graph.clamp(roughness))


def astray(rng: np.random.Generator, at: Place, stray: list[Field], amount: float) -> Place:
    """Coordinates pushed by two noises, each weighted by a number drawn from -amount … amount (tiles)."""
    return tuple(place + noise * float(rng.uniform(-amount, amount)) for place, noise in zip(at, stray, strict=True))


def tufts(
    graph: NodeGraph, rng: np.random.Generator, at: Place, stray: list[Field], columns: int, rows: int
) -> Field:
    """How high each place lies on the tufts, 0…1: two layers of strands as wide as a lock of hair."""
    level = graph.math("ADD", 0.25, 0.0)
    for more in (0, 1):
        bent = astray(rng, at, stray, 1.5 / columns)
        cover, along, across, random = strands(graph, rng, bent, columns + more, rows)
        lift = graph.separate(random)[1]
        level = graph.choose(cover, level, 0.15 + 0.4 * along + 0.2 * across + 0.25 * lift)
    return level


def strands(
    graph: NodeGraph, rng: np.random.Generator, at: Place, columns: int, rows: int
) -> tuple[Field, Field, Field, Field]:
    """One layer of strands: cover 0…1, the way along (0 root … 1 tip), roundness across 0…1, three random numbers."""
    cross = at[0] * columns + float(rng.uniform())
    begun, _, _ = graph.separate(graph.lattice_random(cross, 0.0, columns, 1))
    down = at[1] * rows + begun
    random = graph.lattice_random(cross, down, columns, rows)
    bend, reach, _ = graph.separate(random)
    along = 1.0 - graph.fract(down)
    along = along / (0.65 + 0.35 * reach)
    middle = graph.fract(cross) - 0.5 + (bend - 0.5) * 0.5 * along * along
    width = 0.46 * graph.sqrt(graph.clamp(1.0 - along))
    off = abs(middle) / graph.maximum(width, 0.02)
    across = graph.sqrt(1.0 - off * off)
    cover = graph.smoothstep(1.0, 0.35, off) * graph.smoothstep(0.0, 0.22, along) * graph.greater(1.0, along)
    return cover, along, across, random


def markings(graph: NodeGraph, rng: np.random.Generator, at: Place) -> Field | None:
    """Where the coat wears its second colour: nowhere, in patches, in bands across the flow, or in spots."""
    kind = rng.choice(["none", "patches", "bands", "spots"], p=[0.66, 0.14, 0.08, 0.12])
    if kind == "none":
        return None
    if kind == "patches":
        return graph.smoothstep(0.42, 0.66, graph.torus_noise(rng.uniform(2.0, 4.0), 2.0, at=at))
    if kind == "bands":
        wander = (graph.torus_noise((3.0, 2.0), 2.0) - 0.5) * 0.7
        return graph.smoothstep(-0.2, 0.9, graph.sin((at[1] * float(rng.integers(2, 4)) + wander) * TURN))
    cells = graph.cells(int(rng.integers(4, 7)), int(rng.integers(4, 6)), 0.8, at)
    return graph.smoothstep(0.46, 0.22, cells.distance + 0.3 * (graph.torus_noise(12.0, 1.0) - 0.5))


# Knit -------------------------------------------------------------------------------------------

YARNS = [
    (0.55, 0.12, 0.12), (0.16, 0.22, 0.38), (0.86, 0.82, 0.74), (0.20, 0.34, 0.26), (0.48, 0.46, 0.45),
    (0.14, 0.14, 0.15), (0.78, 0.58, 0.22), (0.62, 0.42, 0.28), (0.40, 0.22, 0.36), (0.30, 0.46, 0.56),
    (0.72, 0.38, 0.34), (0.44, 0.47, 0.28), (0.90, 0.88, 0.85), (0.66, 0.60, 0.53),
]


def knit(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Stockinette: columns of V stitches, each V two twisted strands of yarn that overlap the course below.

    A leg is a band in coordinates sheared along its centre line, mirrored about the middle of the stitch.
    """
    stitches = 4 if rng.random() < 0.4 else 8  # as many courses as columns
    bent = graph.warp(rng.uniform(0.04, 0.10) / stitches, 4.0, detail=1.0)
    x = graph.fract(bent[0] * stitches)
    right = graph.greater(x, 0.5)
    out = abs(x - 0.5) * 2.0  # 0 in the middle of the V, 1 where it meets its neighbour
    climb = rng.uniform(0.75, 1.05)
    bow = 0.45 * out + 0.55 * graph.smoothstep(0.0, 1.0, out)
    level = bent[1] * stitches - bow * climb  # constant along a leg: whole numbers part the courses
    thick = rng.uniform(0.66, 0.80) + 0.12 * (graph.torus_noise(stitches * 3.0, 1.0) - 0.5)
    # A leg is slim where it comes up through the stitch below and full where it bends over.
    slim = graph.sqrt(graph.sin((0.10 + 0.80 * out) * math.pi)) * (0.8 + 0.2 * out)

    best, across, course = graph.math("ADD", -1.0, 0.0), None, None
    for step in (-1, 0, 1):
        number = graph.floor(level) + float(step)
        off = (level - number - 0.5) / (thick * slim)
        round_ = graph.sqrt(1.0 - off * off) * slim - 0.12 * off
        if across is None:
            best, across, course = round_, off, number
            continue
        over = graph.greater(round_, best)
        best, across, course = (graph.choose(over, a, b) for a, b in ((best, round_), (across, off), (course, number)))
    body = graph.clamp(best)

    # Yarn keeps the hand of its twist, so on the mirrored leg it runs the other way.
    square = thick * slim * climb / (0.25 + climb * climb)  # a step up at one x is also a step along the leg
    hand = (2.0 * right - 1.0) * float(rng.uniform(0.2, 0.35))
    ply = graph.sin((out + across * (square + hand)) * (float(rng.uniform(2.0, 3.5)) * TURN))
    fibre = graph.torus_noise((stitches * 4.0, stitches * 20.0), 2.0, at=(bent[0], level / float(stitches)))
    fuzz = graph.torus_noise(70.0, 2.0, roughness=0.7)
    depth = float(rng.uniform(0.03, 0.09))
    height = 0.06 + 0.78 * body + depth * ply * body + 0.22 * (fibre - 0.5) + 0.10 * (fuzz - 0.5)

    albedo = yarn_colour(graph, rng, course if stitches == 8 else None, ply, fibre)
    shade = 0.5 + 0.5 * graph.smoothstep(0.0, 0.7, body) + 0.4 * (fibre - 0.5) + 0.05 * ply
    albedo = graph.shade(albedo, graph.maximum(shade, 0.1))
    roughness = graph.clamp(rng.uniform(0.75, 0.92) + 0.3 * (fuzz - 0.5))
    return Material(albedo, graph.clamp(height), roughness)


def yarn_colour(
    graph: NodeGraph, rng: np.random.Generator, course: Field | None, ply: Field, fibre: Field
) -> Field:
    """Plain, mottled, two-ply, striped by courses (where two fit in the lattice: course given), or flecked yarn."""
    first, second = pick(rng, YARNS), pick(rng, YARNS)
    kind = rng.choice(["plain", "heather", "marl", "stripes", "tweed"], p=[0.35, 0.2, 0.15, 0.2, 0.1])
    tone = graph.torus_noise(rng.uniform(5.0, 9.0), 2.0)
    if kind == "heather":
        second = toward(first, [(0.92, 0.9, 0.87), (0.05, 0.05, 0.06)][rng.integers(2)], rng.uniform(0.4, 0.7))
        return graph.mix(graph.smoothstep(0.35, 0.65, 0.5 * fibre + 0.5 * tone), first, second)
    if kind == "marl":
        return graph.mix(graph.smoothstep(-0.25, 0.25, ply), first, second)
    if kind == "stripes" and course is not None:
        return graph.mix(graph.greater(course % 2.0, 0.5), first, second)
    if kind == "tweed":
        flecks = graph.cells(40, 40, 1.0)
        spot = graph.greater(graph.separate(flecks.random)[0], 0.88) * graph.smoothstep(0.5, 0.2, flecks.distance) * 0.8
        return graph.mix(spot, first, second)
    return graph.mix(graph.clamp(0.5 + 1.2 * (tone - 0.5)), toward(first, BLACK, 0.1), toward(first, WHITE, 0.05))


# Denim ------------------------------------------------------------------------------------------

WARPS = [
    (0.085, 0.105, 0.19), (0.13, 0.18, 0.33), (0.17, 0.25, 0.42), (0.27, 0.37, 0.54), (0.46, 0.56, 0.69),
    (0.11, 0.15, 0.28), (0.20, 0.28, 0.44), (0.35, 0.45, 0.60), (0.15, 0.21, 0.36), (0.08, 0.08, 0.09),
    (0.08, 0.10, 0.16), (0.30, 0.31, 0.33), (0.74, 0.70, 0.61), (0.33, 0.31, 0.20), (0.34, 0.20, 0.13),
]
WEFTS = [(0.78, 0.77, 0.73), (0.70, 0.68, 0.62), (0.55, 0.57, 0.60), (0.72, 0.60, 0.42)]


def denim(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """Three-by-one twill: each dyed warp thread passes over three white weft threads and under the fourth, one later
    in every column, which draws the diagonal. Slubs, fading and washing lie over it."""
    repeats = 8 if rng.random() < 0.15 else 16
    ends, picks = repeats * 4, repeats * (4 if rng.random() < 0.7 or repeats == 8 else 2)
    bent = graph.warp(0.12 / ends, 5.0, detail=2.0)
    across, up = bent[0] * ends, bent[1] * picks
    column = graph.floor(across)
    x, y = graph.fract(across) - 0.5, graph.fract(up) - 0.5
    turn = (up - column) % 4.0  # 0…1: below the weft, 1…4: above it

    slub = graph.torus_noise((ends * 0.6, 2.5), 1.0)
    pick_slub = graph.torus_noise((2.5, picks * 0.6), 1.0)
    thick = 0.50 + 0.25 * (slub - 0.5)
    arch = graph.sqrt(graph.sin(graph.clamp((turn - 0.72) / 3.56) * math.pi))
    warp = graph.sqrt(1.0 - (x / thick) ** 2.0) * arch
    weft = 0.55 * graph.sqrt(1.0 - (y / 0.56) * (y / 0.56)) + 0.3 * (pick_slub - 0.5)
    over = graph.smoothstep(-0.06, 0.06, warp - weft)
    fuzz = graph.torus_noise(80.0, 2.0, roughness=0.7)
    drape = graph.torus_noise(3.0, 2.0)
    height = 0.1 + 0.62 * graph.maximum(warp, weft) + 0.2 * (fuzz - 0.5) + 0.25 * (slub - 0.5) + 0.2 * (drape - 0.5)

    dyed = pick(rng, WARPS)
    faded = toward(dyed, (0.80, 0.83, 0.86), rng.uniform(0.25, 0.6))
    wear = rng.uniform(0.1, 0.9)
    wash = graph.torus_noise((rng.uniform(2.0, 4.0), rng.uniform(1.5, 3.0)), 4.0, roughness=0.6)
    thread, _, _ = graph.separate(graph.lattice_random(column, 0.0, ends, 1))
    fade = wear * (0.25 + 2.2 * (wash - 0.5)) + 0.9 * (slub - 0.5) + 0.18 * (thread - 0.5) + 0.5 * wear * (warp - 0.6)
    fade = graph.clamp(fade + 0.5 * (fuzz - 0.5) + 0.1)
    blue = graph.mix(fade, dyed, faded)
    undyed = toward(pick(rng, WEFTS, 0.03), dyed, rng.uniform(0.05, 0.4))
    white = graph.mix(graph.clamp(0.5 + 2.0 * (pick_slub - 0.5)), toward(undyed, dyed, 0.25), undyed)
    shade = 0.62 + 0.38 * graph.smoothstep(0.15, 0.8, graph.maximum(warp, weft)) + 0.3 * (fuzz - 0.5)
    albedo = graph.shade(graph.mix(over, white, blue), shade)
    roughness = graph.clamp(rng.uniform(0.76, 0.9) + 0.25 * (fuzz - 0.5) - 0.08 * (warp - 0.5))
    return Material(albedo, graph.clamp(height), roughness)


# Chain mail -------------------------------------------------------------------------------------

METALS = [
    (0.60, 0.60, 0.61), (0.68, 0.68, 0.69), (0.50, 0.51, 0.53), (0.78, 0.79, 0.80), (0.80, 0.66, 0.36),
    (0.72, 0.53, 0.28), (0.72, 0.44, 0.32), (0.22, 0.22, 0.23), (0.29, 0.28, 0.28), (0.60, 0.60, 0.61),
]
RUST = [(0.36, 0.16, 0.07), (0.28, 0.14, 0.08), (0.44, 0.22, 0.09)]


def chainmail(graph: NodeGraph, rng: np.random.Generator) -> Material:
    """European four-in-one: every second row of rings is shifted by half a ring and leans the other way, so each ring
    passes through four neighbours. Each ring is a leaning torus; the highest at a place is what is seen."""
    repeats = 4 if rng.random() < 0.7 else 8
    radius, wire, lean = rng.uniform(0.39, 0.45), rng.uniform(0.080, 0.118), rng.uniform(0.42, 0.6)
    flat = 4.0 if rng.random() < 0.3 else 2.0  # punched rings are flat, drawn ones round
    rivet = rng.uniform(0.3, 0.6) if rng.random() < 0.4 else 0.0
    loose = rng.uniform(0.005, 0.03)
    bent = graph.warp(0.06 / repeats, 3.0, detail=1.0)

    top, edge, ring = graph.math("ADD", -1.0, 0.0), graph.math("ADD", 0.0, 0.0), None
    for shift, side in ((0.0, 1.0), (0.5, -1.0)):
        across, up = bent[0] * repeats - shift, bent[1] * repeats - shift
        for right in (0.0, 1.0):
            for above in (0.0, 1.0):
                random = graph.lattice_random(across + right, up + above, repeats, repeats)
                first, second, third = graph.separate(random)
                x = graph.fract(across) - right + loose * (first - 0.5)
                y = graph.fract(up) - above + loose * (second - 0.5)
                slope = side * (lean + 4.0 * loose * (third - 0.5))
                far = graph.math("SQRT", x * x * (1.0 + lean * lean) + y * y)
                off = abs(far - radius) / wire
                if rivet:
                    # The rivet sits where the wire's ends overlap, at the ring's hidden or open side.
                    near = graph.math("SQRT", (x - 0.6 * radius) * (x - 0.6 * radius) + (y - 0.75 * radius) ** 2.0)
                    off = off - rivet * graph.smoothstep(2.2 * wire, 0.8 * wire, near)
                tall = x * slope + wire * graph.sqrt(1.0 - off**flat)
                tall = graph.choose(graph.greater(off, 1.0), tall, -1.0)
                seen = graph.greater(tall, top)
                edge = graph.choose(seen, edge, 1.0 - off)
                ring = random if ring is None else graph.mix(seen, ring, random)
                top = graph.maximum(top, tall)
    metal = graph.smoothstep(0.0, 0.18, edge)
    level = graph.clamp((top + lean * radius) / (2.0 * lean * radius + wire))

    fine = graph.torus_noise(60.0, 3.0, roughness=0.7)
    broad = graph.torus_noise(rng.uniform(3.0, 6.0), 3.0)
    colour, own = pick(rng, METALS), graph.separate(ring)[0]
    bright = 0.86 + 0.16 * own + 0.4 * (broad - 0.5) + 0.35 * (fine - 0.5)
    albedo = graph.shade(graph.colour(colour), bright)
    # Grime settles low on a ring; rust spreads from there.
    grime = rng.uniform(0.1, 0.7) * graph.smoothstep(0.75, 0.1, level)
    albedo = graph.shade(albedo, 1.0 - grime)
    amount = rng.choice([0.0, rng.uniform(0.1, 0.35), rng.uniform(0.4, 0.8)], p=[0.5, 0.3, 0.2])
    rust = graph.smoothstep(0.56, 0.68, broad * 0.5 + fine * 0.5 + 0.16 * amount + 0.12 * (0.5 - level)
                            + 0.1 * (own - 0.5)) * min(1.0, 3.0 * amount)
    rusty = graph.mix(graph.torus_noise(40.0, 2.0), pick(rng, RUST), pick(rng, RUST))
    albedo = graph.mix(rust * 0.9, albedo, rusty)
    behind = pick(rng, [(0.03, 0.03, 0.03), (0.06, 0.045, 0.035), (0.04, 0.045, 0.055)], 0.01)
    albedo = graph.mix(metal, behind, albedo)
    polish = rng.uniform(0.18, 0.5) + 0.35 * (fine - 0.5) + 0.3 * (broad - 0.5) + 0.4 * grime
    roughness = graph.choose(metal, 0.9, graph.clamp(graph.choose(rust, polish, 0.9)))
    height = metal * (0.2 + 0.8 * level) + 0.05 * rust * (fine - 0.5)
    return Material(albedo, graph.clamp(height), roughness, metal * (1.0 - 0.75 * rust))
