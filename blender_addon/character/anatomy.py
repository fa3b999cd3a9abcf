# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the mannequin: a stylised adult, 1.75 m tall, as lobes in reference space.

Reference space is the T-pose of the canonical skeleton: metres, Z up, facing -Y, left at +X. Only the middle and the
left side are written down. Stations of a tube: (how far along, then the half-axes of the cross-section).
"""

from __future__ import annotations

from functools import lru_cache

from .lobes import Lobe, ball, rod, tube

_SIDE, _FRONT, _DOWN = (1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)

# Half-axes towards left, right, back, front, by height.
_TRUNK = [
    (0.850, 0.120, 0.080, 0.078),
    (0.900, 0.155, 0.096, 0.092),
    (0.940, 0.163, 0.098, 0.098),
    (0.980, 0.160, 0.092, 0.100),
    (1.020, 0.150, 0.084, 0.099),
    (1.070, 0.138, 0.078, 0.096),
    (1.120, 0.133, 0.078, 0.095),
    (1.180, 0.138, 0.088, 0.101),
    (1.250, 0.149, 0.102, 0.109),
    (1.320, 0.155, 0.109, 0.111),
    (1.380, 0.147, 0.104, 0.097),
    (1.425, 0.115, 0.086, 0.074),
    (1.455, 0.075, 0.066, 0.054),
]


def _trunk() -> list[Lobe]:
    low, high = _TRUNK[0][0], _TRUNK[-1][0]
    stations = [((z - low) / (high - low), w, w, back, front) for z, w, back, front in _TRUNK]
    return [
        tube("trunk", "trunk", (0, 0, low), (0, 0, high), _SIDE, stations, 0.03, (0.04, 0.03)),
        ball("trunk", "trunk", (0.072, 0.055, 0.885), (0.082, 0.075, 0.088), 0.03),  # buttock
        ball("trunk", "trunk", (0.070, -0.064, 1.330), (0.085, 0.046, 0.066), 0.05, (12, 0, 0)),  # breast muscle
        ball("trunk", "trunk", (0.085, 0.070, 1.350), (0.065, 0.040, 0.090), 0.04),  # shoulder blade
        rod("trunk", "trunk", (0.030, 0.022, 1.500), (0.160, 0.006, 1.438), 0.030, 0.033, 0.05),  # trapezius
        rod("trunk", "trunk", (0.095, 0.045, 1.180), (0.165, 0.022, 1.385), 0.030, 0.038, 0.06),  # back of the armpit
    ]


def _head() -> list[Lobe]:
    neck = [(0.0, 0.062, 0.062, 0.058, 0.050), (0.35, 0.056, 0.056, 0.058, 0.050), (1.0, 0.054, 0.054, 0.058, 0.050)]
    return [
        tube("neck", "head", (0, 0.008, 1.440), (0, -0.008, 1.570), _SIDE, neck, 0.05, (0.03, 0.03)),
        ball("head", "head", (0, 0.010, 1.659), (0.076, 0.096, 0.091), 0.03),  # skull
        ball("head", "head", (0, -0.048, 1.664), (0.055, 0.046, 0.056), 0.03),  # forehead
        ball("head", "head", (0, -0.040, 1.606), (0.057, 0.056, 0.078), 0.03),  # face
        ball("head", "head", (0, -0.038, 1.553), (0.049, 0.048, 0.036), 0.03, (14, 0, 0)),  # jaw
        ball("head", "head", (0, -0.086, 1.530), (0.019, 0.018, 0.016), 0.025),  # chin
        ball("head", "head", (0.040, -0.066, 1.598), (0.020, 0.020, 0.018), 0.025),  # cheek
        ball("head", "head", (0, -0.087, 1.640), (0.046, 0.012, 0.011), 0.02),  # brow
        ball("head", "head", (0.030, -0.108, 1.617), (0.018, 0.018, 0.014), 0.022, carve=True),  # eye socket
        ball("head", "head", (0.030, -0.077, 1.618), (0.015, 0.013, 0.011), 0.012),  # eye
        rod("head", "head", (0, -0.091, 1.626), (0, -0.106, 1.587), 0.007, 0.0115, 0.016),  # nose
        ball("head", "head", (0, -0.087, 1.558), (0.019, 0.012, 0.010), 0.018),  # lips
        ball("head", "head", (0.073, 0.014, 1.612), (0.010, 0.016, 0.028), 0.016, (8, 0, -15)),  # ear
    ]


def _arm() -> list[Lobe]:
    # Half-axes towards front, back, down, up.
    upper = [(0.0, 0.045, 0.047, 0.050, 0.038), (0.3, 0.045, 0.046, 0.048, 0.040), (0.6, 0.042, 0.042, 0.043, 0.039),
             (0.85, 0.037, 0.037, 0.037, 0.035), (1.0, 0.036, 0.035, 0.033, 0.033)]
    fore = [(0.0, 0.037, 0.036, 0.034, 0.034), (0.2, 0.043, 0.041, 0.038, 0.037), (0.5, 0.037, 0.036, 0.033, 0.032),
            (0.8, 0.029, 0.028, 0.025, 0.024), (1.0, 0.027, 0.026, 0.020, 0.020)]
    return [
        tube("arm", "arm", (0.175, 0, 1.42), (0.46, 0, 1.42), _FRONT, upper, 0.05, (0.045, 0.03)),
        ball("arm", "arm", (0.198, 0.002, 1.418), (0.064, 0.053, 0.044), 0.05),  # deltoid
        tube("forearm", "arm", (0.46, 0, 1.42), (0.71, 0, 1.42), _FRONT, fore, 0.02, (0.03, 0.02)),
    ]


def _hand() -> list[Lobe]:
    palm = [(0.0, 0.027, 0.026, 0.018, 0.018), (0.3, 0.034, 0.032, 0.017, 0.016), (0.7, 0.041, 0.038, 0.015, 0.014),
            (1.0, 0.041, 0.039, 0.012, 0.012)]
    return [
        tube("hand", "hand", (0.715, 0, 1.42), (0.795, 0, 1.418), _FRONT, palm, 0.02, (0.02, 0.006)),
        ball("hand", "hand", (0.745, -0.024, 1.412), (0.030, 0.018, 0.016), 0.02),  # ball of the thumb
        *_digit("thumb", THUMB, (0.0145, 0.0120, 0.0090)),
        *(lobe for name, points, radii in FINGERS for lobe in _digit(name, points, radii)),
    ]


def _digit(name: str, points: tuple, radii: tuple) -> list[Lobe]:
    blend = 0.012 if name == "thumb" else 0.006  # fingers stand apart
    return [rod("hand", name, a, b, r, s, blend) for a, b, r, s in zip(points, points[1:], radii, radii[1:])]


# Knuckle, middle joint and tip, with the radii there; slightly spread and curled.
FINGERS = (
    ("finger1", ((0.794, -0.0325, 1.418), (0.836, -0.0385, 1.413), (0.872, -0.0430, 1.402)), (0.0090, 0.0082, 0.0068)),
    ("finger2", ((0.798, -0.0110, 1.419), (0.845, -0.0128, 1.414), (0.885, -0.0140, 1.402)), (0.0092, 0.0084, 0.0069)),
    ("finger3", ((0.796, 0.0105, 1.418), (0.840, 0.0128, 1.413), (0.878, 0.0148, 1.401)), (0.0090, 0.0082, 0.0067)),
    ("finger4", ((0.789, 0.0312, 1.416), (0.821, 0.0370, 1.411), (0.850, 0.0415, 1.402)), (0.0081, 0.0073, 0.0060)),
)
THUMB = ((0.740, -0.028, 1.412), (0.772, -0.062, 1.402), (0.803, -0.078, 1.396))


def _leg() -> list[Lobe]:
    # Half-axes towards outside, inside, front, back.
    thigh = [(0.0, 0.050, 0.060, 0.065, 0.060), (0.12, 0.065, 0.069, 0.076, 0.076), (0.3, 0.074, 0.072, 0.081, 0.081),
             (0.5, 0.069, 0.067, 0.075, 0.072), (0.8, 0.053, 0.054, 0.059, 0.055), (0.93, 0.046, 0.047, 0.051, 0.049),
             (1.0, 0.042, 0.043, 0.046, 0.043)]
    shin = [(0.0, 0.040, 0.040, 0.042, 0.040), (0.10, 0.045, 0.045, 0.045, 0.050), (0.3, 0.050, 0.050, 0.042, 0.068),
            (0.5, 0.045, 0.045, 0.039, 0.060), (0.75, 0.034, 0.034, 0.033, 0.042), (0.92, 0.031, 0.031, 0.032, 0.036),
            (1.0, 0.033, 0.033, 0.035, 0.036)]
    return [
        tube("thigh", "leg", (0.09, 0, 0.88), (0.09, 0, 0.49), _SIDE, thigh, 0.05, (0.04, 0.04)),
        tube("shin", "leg", (0.09, 0, 0.49), (0.09, 0, 0.075), _SIDE, shin, 0.02, (0.04, 0.02)),
        ball("shin", "leg", (0.09, -0.024, 0.487), (0.026, 0.028, 0.038), 0.03),  # kneecap
    ]


def _foot() -> list[Lobe]:
    # Half-axes towards outside, inside, up, down, from the heel forward.
    foot = [(0.0, 0.029, 0.029, 0.040, 0.036), (0.25, 0.030, 0.029, 0.046, 0.036), (0.55, 0.036, 0.035, 0.030, 0.036),
            (0.8, 0.044, 0.047, 0.012, 0.036), (1.0, 0.037, 0.045, 0.006, 0.036)]
    return [
        tube("foot", "foot", (0.09, 0.028, 0.030), (0.09, -0.188, 0.020), _SIDE, foot, 0.03, (0.032, 0.030)),
        ball("foot", "foot", (0.117, 0.008, 0.080), (0.009, 0.013, 0.015), 0.02),  # ankle, outside
        ball("foot", "foot", (0.064, -0.002, 0.086), (0.009, 0.013, 0.015), 0.02),  # and inside
    ]


@lru_cache(maxsize=1)
def lobes() -> tuple[Lobe, ...]:
    """All lobes in the order in which they are joined."""
    return (*_trunk(), *_head(), *_arm(), *_hand(), *_leg(), *_foot())
