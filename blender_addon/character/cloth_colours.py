# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain colours of clothes: a few that go with one another, chosen by a seed."""

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


def cloth_colours(garment: str, seed: int) -> tuple[Colour, Colour]:
    """Linear RGB of one of `requests.GARMENTS`: of the cloth, and of its trim."""
    # Not the number that chooses the cut, or cut and colour would go together.
    random = np.random.default_rng((seed, GARMENTS.index(garment), 1))
    cloth, trim = _COLOURS[garment][random.integers(len(_COLOURS[garment]))]
    return _linear(cloth), _linear(trim)


def _linear(code: str) -> Colour:
    red, green, blue = (int(code[k: k + 2], 16) / 255.0 for k in (0, 2, 4))
    return tuple(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue))
