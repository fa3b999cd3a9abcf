# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain colours of clothes and hair: a few that go with one another, chosen by a seed."""

from __future__ import annotations

import numpy as np

from .requests import GARMENTS

Colour = tuple[float, float, float]

# sRGB of the cloth and of its trim: waistband, collar and cuffs, sole.
_COLOURS: dict[str, tuple[tuple[str, str], ...]] = {
    "trousers": (("2b3549", "2b3549"), ("3a3b3e", "3a3b3e"), ("8a7a5c", "8a7a5c"), ("4b4f3a", "4b4f3a"),
                 ("51402f", "51402f"), ("4a6078", "4a6078"), ("9a958a", "9a958a")),
    "skirt": (("2f4a42", "2a433c"), ("5e2a33", "54252d"), ("2c3650", "272f46"), ("9a7650", "8c6b48"),
              ("4d3550", "442e47"), ("55585c", "4b4e52"), ("7b3f2c", "6f3827")),
    "shirt": (("d8d3c6", "cdc7b8"), ("7f97ab", "6e879c"), ("a04a34", "8e402d"), ("b98d3a", "a87e32"),
              ("74856b", "66765e"), ("6b2f38", "5e2830"), ("8a8d90", "7b7e81"), ("2f5d62", "284f54")),
    "boots": (("4a3020", "1d1712"), ("7a5230", "2a1d12"), ("24211f", "121110"), ("4f1f1c", "1c1211"),
              ("5f5646", "25211a")),
}
# The same of hair and of what it is tied with, and how often it is so; then those of old people.
_HAIR = ((("17120f", "6b2f38"), 0.27), (("2b1d15", "2f5d62"), 0.25), (("452c1c", "6b2f38"), 0.20),
         (("5a3218", "2c3650"), 0.08), (("86683f", "3a3b3e"), 0.09), (("ad8f62", "2c3650"), 0.06),
         (("6f3a20", "2f4a42"), 0.05))
_GREY = (("8b8782", "3a3b3e"), ("5f5b57", "2c3650"), ("c2beb8", "5e2a33"))
_GREYING = (30.0, 75.0)  # years between which hair turns grey


def cloth_colours(garment: str, seed: int, age: float | None = None) -> tuple[Colour, Colour]:
    """Linear RGB of one of `requests.GARMENTS`: of the cloth, and of its trim. age: the wearer's, where it is known."""
    # Not the number that chooses the cut, or cut and colour would go together.
    random = np.random.default_rng((seed, GARMENTS.index(garment), 1))
    if garment == "hair":
        cloth, trim = _hair(random, age)
    else:
        cloth, trim = _COLOURS[garment][random.integers(len(_COLOURS[garment]))]
    return _linear(cloth), _linear(trim)


def _hair(random: np.random.Generator, age: float | None) -> tuple[str, str]:
    old = 0.1 if age is None else np.clip((age - _GREYING[0]) / (_GREYING[1] - _GREYING[0]), 0.02, 1.0)
    if random.random() < old:
        return _GREY[random.integers(len(_GREY))]
    colours, often = zip(*_HAIR)
    return colours[random.choice(len(colours), p=often)]


def _linear(code: str) -> Colour:
    red, green, blue = (int(code[k: k + 2], 16) / 255.0 for k in (0, 2, 4))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue))
