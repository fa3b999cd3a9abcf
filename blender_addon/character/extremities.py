# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands with five fingers and feet with five toes."""

from __future__ import annotations

import numpy as np

from .figure import Figure, ellipse
from .limbs import arm_frame
from .loops import ARM, FINGER, LEG, THUMB, TOE, grid

# The left hand of a man, metres from the wrist: along, towards the thumb, up. Palm: where a ring is; half-axes front,
# back, up, down; how far its middle is towards the thumb.
_PALM = np.array([
    (0.014, 0.0305, 0.0300, 0.0190, 0.0190, 0.000),
    (0.036, 0.0350, 0.0330, 0.0180, 0.0205, 0.001),
    (0.059, 0.0400, 0.0375, 0.0160, 0.0190, 0.001),
    (0.080, 0.0425, 0.0400, 0.0140, 0.0165, 0.000),
    (0.098, 0.0425, 0.0400, 0.0112, 0.0125, 0.000),
])
# Four fingers: knuckle (towards the thumb), length from the web, radius at the root and at the tip, spread (degrees),
# how much further out the web is.
FINGERS = np.array([
    (0.0315, 0.080, 0.0096, 0.0076, 7.0, -0.003),
    (0.0105, 0.091, 0.0099, 0.0078, 1.5, 0.002),
    (-0.0105, 0.084, 0.0094, 0.0073, -3.0, 0.000),
    (-0.0305, 0.066, 0.0084, 0.0064, -9.0, -0.007),
])
# Rings of a finger: share of its length, thickness against the even taper, up-down against across.
_FINGER = np.array([
    (0.10, 1.02, 1.00), (0.27, 0.97, 1.02), (0.42, 1.04, 0.97), (0.58, 0.97, 1.00), (0.73, 1.00, 0.92),
    (0.97, 0.80, 0.82),
])
_CURL = (10.0, 14.0, 9.0)  # degrees at the knuckle and the two joints
FINGER_JOINTS = (0.40, 0.70)  # of a finger's length from the web
THUMB_LINE = np.array([(0.020, 0.022, -0.006), (0.056, 0.050, -0.016), (0.086, 0.072, -0.024), (0.112, 0.085, -0.030)])
_THUMB = np.array([  # share of the line, radius across, radius up-down
    (0.40, 0.0150, 0.0145), (0.54, 0.0125, 0.0120), (0.66, 0.0118, 0.0108), (0.78, 0.0112, 0.0098),
    (0.92, 0.0098, 0.0080), (0.985, 0.0062, 0.0050),
])

# The left foot of a man, metres from the point below the ankle, sole at 0: front (forward, up), back (forward, up),
# half breadth outside, inside.
_FOOT = np.array([
    (0.042, 0.098, -0.046, 0.090, 0.0340, 0.0340),
    (0.056, 0.087, -0.056, 0.060, 0.0335, 0.0330),
    (0.071, 0.079, -0.061, 0.031, 0.0335, 0.0320),
    (0.087, 0.072, -0.052, 0.003, 0.0350, 0.0330),
    (0.102, 0.065, -0.010, 0.000, 0.0365, 0.0340),
    (0.117, 0.058, 0.035, 0.000, 0.0395, 0.0360),
    (0.132, 0.050, 0.080, 0.000, 0.0440, 0.0410),
    (0.147, 0.041, 0.120, 0.000, 0.0485, 0.0470),
    (0.161, 0.031, 0.150, 0.000, 0.0500, 0.0500),
    (0.174, 0.024, 0.172, 0.000, 0.0480, 0.0490),
])
# Toes from the little one to the great: length, half breadth, height in the middle and at the tip.
_TOES = np.array([
    (0.020, 0.0075, 0.016, 0.012), (0.026, 0.0080, 0.018, 0.012), (0.031, 0.0085, 0.019, 0.013),
    (0.036, 0.0090, 0.020, 0.013), (0.040, 0.0135, 0.023, 0.016),
])


def hand(figure: Figure) -> dict[str, np.ndarray]:
    """Palm, webs, fingers and thumb of the left hand: piece -> (*shape, 3) metres."""
    scale = _hand_scale(figure)
    frame, start = hand_frame(figure), figure.joints["LeftHand"]
    return {name: (points * scale) @ frame.T + start for name, points in _hand().items()}


def digit_joints(figure: Figure) -> dict[str, np.ndarray]:
    """Joints of the left hand's digits by name, from the thumb, metres; the first of a finger is its knuckle."""
    scale, frame, start = _hand_scale(figure), hand_frame(figure), figure.joints["LeftHand"]
    local = {f"Thumb{k + 1}": THUMB_LINE[k] for k in range(3)}
    for n, name in enumerate(("Index", "Middle", "Ring", "Pinky")):
        line, _ = finger_line(n, np.array([-0.012 / FINGERS[n, 1], *FINGER_JOINTS]))
        local |= {f"{name}{k + 1}": point for k, point in enumerate(line)}
    return {f"LeftHand{name}": (point * scale) @ frame.T + start for name, point in local.items()}


def _hand_scale(figure: Figure) -> np.ndarray:
    m = figure.measured
    return np.array([m["handlength"] / 0.1876, m["handbreadth"] / 0.0883,
                     0.5 * m["handcircumference"] / 0.2123 + 0.5 * m["handbreadth"] / 0.0883])


def hand_frame(figure: Figure) -> np.ndarray:
    """(3, 3) columns along, towards the thumb and up of the left hand."""
    return arm_frame(figure, figure.joints["LeftHand"] - figure.joints["LeftForeArm"])


def _hand() -> dict[str, np.ndarray]:
    palm = np.empty((5, ARM, 3))
    turn = np.arange(ARM) * (2.0 * np.pi / ARM)
    flat = np.radians([0, 20.7, 62.0, 90, 118.0, 159.3, 180, 200.7, 242.0, 270, 298.0, 339.3])
    for row, (along, front, back, up, down, shift) in enumerate(_PALM):
        share = min(row / 3.0, 1.0)
        sine, cosine = ellipse(turn + (flat - turn) * share, 2.1 + 0.9 * share)
        palm[row, :, 0] = along
        palm[row, :, 1] = sine * np.where(sine > 0.0, front, back) + shift
        palm[row, :, 2] = cosine * np.where(cosine > 0.0, up, down)
    # The web runs in an arc from the first finger to the last.
    arc = np.interp(palm[4, :, 1], FINGERS[::-1, 0], FINGERS[::-1, 5])
    palm[4, :, 0] += arc
    palm[3, :, 0] += 0.6 * arc
    cells = grid(np.arange(ARM), 2, 4, 2)
    edge = palm[4]
    webs = np.array([(edge[cells[i, 0]] + edge[cells[i, 2]]) / 2 + (0.000, 0.0, 0.002) for i in (1, 2, 3)])
    # Backs and fronts of the webs lie back, so that each finger begins on its own.
    pieces = {"palm": palm, "webs": webs}
    for n, finger in enumerate(FINGERS):
        pieces[f"finger{n}"] = _finger(*finger)
    pieces["thumb"], pieces["thumb tip"] = _thumb()
    return pieces


def finger_line(n: int, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(K, 3) points of a finger at shares of its length from the web (negative: in the palm), and (K, 3, 3) frames."""
    side, length, _, _, spread, arc = FINGERS[n]
    start = np.array([0.098 + arc, side, -0.001])
    curl = np.radians(_CURL)
    bends = np.array([0.0, *FINGER_JOINTS, 1.0])
    points, frames = [], []
    for share in np.atleast_1d(shares):
        point = start.copy()
        for k in range(3):
            angle = curl[: k + 1].sum()
            step = np.clip(share, bends[k], bends[k + 1]) - bends[k] + (min(share, 0.0) if k == 0 else 0.0)
            point = point + _pointing(spread, angle) * step * length
        soft = 0.06  # the skin bends over a stretch
        angle = sum(c * np.clip((share - at) / (2 * soft) + 0.5, 0.0, 1.0) for c, at in zip(curl, bends[:3]))
        along = _pointing(spread, angle)
        across = np.array([-np.sin(np.radians(spread)), np.cos(np.radians(spread)), 0.0])
        points.append(point)
        frames.append(np.stack([along, across, np.cross(along, across)], axis=1))
    return np.array(points), np.array(frames)


def _pointing(spread: float, down: float) -> np.ndarray:
    a = np.radians(spread)
    return np.array([np.cos(a) * np.cos(down), np.sin(a) * np.cos(down), -np.sin(down)])


def _finger(side: float, length: float, root: float, tip: float, spread: float, arc: float) -> np.ndarray:
    n = int(np.flatnonzero(FINGERS[:, 0] == side)[0])
    middles, frames = finger_line(n, _FINGER[:, 0])
    turn = np.radians([36.0, 90.0, 144.0, 216.0, 270.0, 324.0])
    rings = np.empty((len(_FINGER), FINGER, 3))
    for row, ((share, thick, flat), middle, frame) in enumerate(zip(_FINGER, middles, frames)):
        radius = (root + (tip - root) * share) * thick
        around = np.outer(np.sin(turn), frame[:, 1]) + flat * np.outer(np.cos(turn), frame[:, 2])
        rings[row] = middle + radius * around
    return rings


def _thumb() -> tuple[np.ndarray, np.ndarray]:
    steps = np.linalg.norm(np.diff(THUMB_LINE, axis=0), axis=1)
    reach = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    turn = np.arange(THUMB) * (2.0 * np.pi / THUMB)
    rings = np.empty((len(_THUMB), THUMB, 3))
    for row, (share, across, deep) in enumerate(_THUMB):
        middle = _on_thumb(reach, share)
        along = _on_thumb(reach, min(share + 0.05, 1.0)) - _on_thumb(reach, share - 0.1)
        along /= np.linalg.norm(along)
        # Column 0 faces the fingers, 2 the palm's back: the nail looks up and outward.
        to_fingers = np.cross(along, np.cross(np.array([1.0, -0.25, 0.15]), along))
        to_fingers /= np.linalg.norm(to_fingers)
        back = np.cross(along, to_fingers)
        rings[row] = middle + across * np.outer(np.cos(turn), to_fingers) - deep * np.outer(np.sin(turn), back)
    return rings, (_on_thumb(reach, 1.0) + (0.0, 0.001, 0.0))[None]


def _on_thumb(reach: np.ndarray, share: float) -> np.ndarray:
    return np.array([np.interp(share, reach, axis) for axis in THUMB_LINE.T])


# --- feet -----------------------------------------------------------------------------------------------------------


def foot(figure: Figure) -> dict[str, np.ndarray]:
    """Rings of the left foot from the ankle to the toes, the toes and what is between: piece -> (*shape, 3) metres."""
    m = figure.measured
    ankle = figure.joints["LeftFoot"]
    scale = np.array([m["footbreadthhorizontal"] / 0.1019, m["footlength"] / 0.2806, ankle[2] / 0.0787])
    start = ankle * (1.0, 1.0, 0.0)
    girth = figure.factor("ankle") * m["anklecircumference"] / 0.2293
    pieces = _foot(girth / scale[0], girth / scale[1])
    return {name: points * scale * (1.0, -1.0, 1.0) + start for name, points in pieces.items()}


def _foot(broad: float, deep: float) -> dict[str, np.ndarray]:
    rings = np.empty((len(_FOOT), LEG, 3))
    for row, (front, top, back, low, out, inside) in enumerate(_FOOT):
        ankle = np.clip(1.0 - row / 2.0, 0.0, 1.0)  # the ankle is as thick as the leg
        out, inside = (half * (1.0 + (broad - 1.0) * ankle) for half in (out, inside))
        front, back = front * (1.0 + (deep - 1.0) * ankle), back * (1.0 + (deep - 1.0) * ankle)
        turned = 2.0 + 0.5 * np.clip((row - 5) / 4.0, 0.0, 1.0)
        turn = (np.arange(LEG) - turned) * (2.0 * np.pi / LEG)
        flat = np.clip((row - 3) / 4.0, 0.0, 1.0)
        sine, cosine = ellipse(turn, 2.1 + 0.5 * flat)
        if row >= 8:  # even steps over the toes
            sine, cosine = _toe_row(sine, cosine, (row - 7) / 2.0)
        half = np.where(sine > 0.0, out, inside)
        up = (cosine + 1.0) / 2.0
        if row >= 3:
            up = np.clip((up - 0.06 * flat) / (1.0 - 0.06 * flat), 0.0, None)  # the sole is flat
        rings[row, :, 0] = half * sine
        rings[row, :, 1] = back + (front - back) * up
        rings[row, :, 2] = low + (top - low) * up
        slant = np.clip((row - 4) / 4.0, 0.0, 1.0)
        rings[row, :, 1] -= 0.30 * slant * np.clip(rings[row, :, 0] + 0.02, -0.02, None)
        arch = np.clip(1.0 - abs(row - 5.2) / 2.2, 0.0, 1.0)  # the inside of the sole is hollow
        rings[row, :, 2] += 0.012 * arch * np.clip(-sine, 0.0, 1.0) * (1.0 - up) ** 2
        # the great toe's side is the higher
        rings[row, :, 2] *= 1.0 - 0.22 * slant * np.clip(sine, -0.6, 1.0) * up
    rings[:, :, 0] -= 0.010 * np.clip((rings[:, :, 1] - 0.05) / 0.1, 0.0, 1.2)
    pieces = {"foot": rings}
    return pieces | _toes(rings[-1])


def _toe_row(sine: np.ndarray, cosine: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The ring with the toes' corners: upper ones are columns 0 to 5 from inside to outside."""
    breadths = np.array([0.0, *(_TOES[::-1, 1] / _TOES[:, 1].sum())]).cumsum() * 2.0 - 1.0
    x, y = np.empty(LEG), np.empty(LEG)
    x[0:6], y[0:6] = breadths * 0.94, 0.86
    x[5:9], y[5:9] = (0.94, 1.0, 1.0, 0.94), (0.86, 0.35, -0.4, -0.97)
    x[8:14], y[8:14] = breadths[::-1] * 0.94, -0.97
    x[[13, 14, 15]], y[[13, 14, 15]] = (-0.94, -1.0, -1.0), (-0.97, -0.4, 0.35)
    return sine + (x - sine) * share, cosine + (y - cosine) * share


def _toes(edge: np.ndarray) -> dict[str, np.ndarray]:
    """edge: (LEG, 3) the ring that the toes grow from. In the grid row 0 is on top, column 0 inside."""
    upper, lower = edge[0:6], edge[13:7:-1]
    webs = np.empty((4, 2, 3))
    pieces = {}
    for i in range(1, 5):
        for j in (1, 2):
            webs[i - 1, j - 1] = upper[i] + (lower[i] - upper[i]) * (j / 3.0) - (0.0, 0.003, 0.0)
    pieces["toe webs"] = webs
    for n, (length, half, height, tip) in enumerate(_TOES):
        a, b = 4 - n, 5 - n  # between these corners
        root = (upper[a] + upper[b] + lower[a] + lower[b]) / 4
        rings = np.empty((2, TOE, 3))
        for row, (share, thick, tall) in enumerate(((0.50, 0.83, height), (0.94, 0.74, tip * 0.88))):
            y = root[1] + length * share
            x = root[0] * (1.0 - 0.05 * share) + (0.003 * share if n == 4 else 0.0)
            low = 0.001 + (0.002 * row)
            # from the upper inside down the outside, along the sole and up the inside
            wide = np.array([-0.70, 0.70, 1.0, 1.0, 0.70, -0.70, -1.0, -1.0])
            up = np.array([1.0, 1.0, 0.68, 0.30, 0.0, 0.0, 0.30, 0.68])
            rings[row, :, 0] = x + half * thick * wide
            rings[row, :, 1] = y
            rings[row, :, 2] = low + (tall - low) * up
        pieces[f"toe{4 - n}"] = rings
    return pieces
