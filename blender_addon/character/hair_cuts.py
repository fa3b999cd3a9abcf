# SPDX-License-Identifier: GPL-3.0-or-later
"""Haircuts, on a head of 0.232 m from chin to top: where strands begin and end, and how far they stand off.

Millimetres, z above the chin, y to the back, x to the left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Point = tuple[float, float, float]
# Where strands end: x, y, z; where they began on the parting (0 in front, 1 behind); how thick they are there, and how
# far their tips hang over.
End = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class HairCut:
    """A haircut.

    parting: what strands flow from. left, right: ends from in front of the parting to the nape; the right mirrors the
    left where it is empty. volume: how far they stand off on top, at the sides, behind, in front and below. low: how
    far at the parting, as a share. rise: over what share of a strand that grows. locks: how many. relief: how far locks
    stand out; fine: strands within them. sway: how far strands wave aside. fall: how far they bend down, 0 for straight
    to their end. edge: how far from the hairline they have their volume. curls: how far curls stand out. curtain: half
    breadth, front and back of what hangs from the head's widest part. tie: "tail" or "bun".
    """

    parting: tuple[Point, ...]
    left: tuple[End, ...]
    right: tuple[End, ...] = ()
    volume: tuple[float, float, float, float, float] = (20.0, 9.0, 13.0, 16.0, 5.0)
    low: float = 0.6
    rise: float = 0.3
    locks: int = 32
    relief: float = 3.0
    fine: float = 0.8
    sway: float = 4.0
    fall: float = 0.6
    edge: float = 45.0
    curls: float = 0.0
    curtain: tuple[float, ...] = ()
    tie: str = ""


_CROP = HairCut(
    parting=((7, 34, 230), (5, 60, 223), (1, 76, 211), (-1, 86, 198)),
    left=((0, -89, 198, 0.0, 14, 5), (19, -86, 200, 0.01, 14, 5), (37, -74, 203, 0.05, 11, 6),
          (50, -63, 188, 0.1, 6, 6), (61, -50, 160, 0.14, 3, 5), (68, -36, 132, 0.17, 2.5, 3),
          (71, -25, 110, 0.2, 2, 2), (71.5, -15, 113, 0.23, 2, 1), (71, -3, 138, 0.38, 3, 1),
          (71, 7, 144, 0.43, 3.5, 2), (71, 22, 142, 0.5, 3.5, 3), (70, 34, 128, 0.6, 3, 3),
          (66, 40, 100, 0.72, 2, 4), (58, 45, 68, 0.8, 2, 5), (44, 52, 44, 0.9, 2, 6), (24, 58, 34, 0.96, 2, 7),
          (0, 60, 32, 1.0, 2, 7)),
    volume=(25.0, 8.0, 12.0, 27.0, 4.0), low=0.75, rise=0.25, relief=4.6, fine=1.2, sway=9.0)

_PARTING = HairCut(
    parting=((34, -80, 200), (36, -60, 216), (34, -20, 230), (28, 25, 231), (14, 62, 218)),
    left=((33, -84, 192, 0.0, 9, 5), (46, -74, 187, 0.10, 7, 6), (56, -62, 172, 0.22, 5, 7),
          (66, -47, 152, 0.32, 3, 5), (70, -32, 126, 0.40, 2.5, 3), (71, -25, 106, 0.45, 2, 2),
          (71.5, -15, 108, 0.48, 2, 1), (71, -3, 138, 0.54, 3, 1), (71, 7, 144, 0.60, 3.5, 2),
          (71, 22, 142, 0.70, 3.5, 3), (70, 34, 128, 0.80, 3, 3), (66, 40, 100, 0.9, 2.5, 4),
          (58, 45, 68, 0.95, 2.5, 4), (44, 52, 42, 1.0, 2.5, 5), (24, 58, 32, 1.0, 2.5, 6),
          (0, 60, 30, 1.0, 2.5, 6)),
    right=((33, -84, 192, 0.0, 9, 5), (16, -90, 193, 0.0, 13, 6), (-8, -91, 192, 0.02, 14, 8),
           (-30, -85, 190, 0.08, 13, 10), (-47, -74, 184, 0.16, 10, 12), (-57, -62, 168, 0.26, 6, 9),
           (-66, -47, 150, 0.34, 3, 5), (-70, -32, 126, 0.42, 2.5, 3), (-71, -25, 106, 0.47, 2, 2),
           (-71.5, -15, 108, 0.5, 2, 1), (-71, -3, 138, 0.56, 3, 1), (-71, 7, 144, 0.62, 3.5, 2),
           (-71, 22, 142, 0.72, 3.5, 3), (-70, 34, 128, 0.82, 3, 3), (-66, 40, 100, 0.9, 2.5, 4),
           (-58, 45, 68, 0.95, 2.5, 4), (-44, 52, 42, 1.0, 2.5, 5), (-24, 58, 32, 1.0, 2.5, 6),
           (0, 60, 30, 1.0, 2.5, 6)),
    volume=(26.0, 12.0, 14.0, 24.0, 5.0), low=0.35, rise=0.35, relief=3.2, sway=5.0)

_BOB = HairCut(
    parting=((0, -82, 200), (0, -66, 213), (0, -20, 231), (0, 30, 231), (0, 66, 218)),
    left=((1, -89, 195, 0.0, 5, 0), (24, -87, 187, 0.03, 8, 0), (48, -79, 160, 0.12, 11, 0),
          (60, -67, 120, 0.24, 13, 0), (65, -57, 80, 0.34, 13, 0), (66, -49, 46, 0.43, 11, 2),
          (66, -42, 26, 0.49, 8, 8), (75, -14, 21, 0.60, 6, 9), (78, 14, 21, 0.70, 5, 9), (72, 46, 22, 0.80, 5, 9),
          (56, 72, 23, 0.88, 5, 9), (30, 88, 24, 0.95, 5, 9), (0, 94, 24, 1.0, 5, 9)),
    volume=(20.0, 15.0, 17.0, 14.0, 12.0), low=0.45, rise=0.3, relief=3.0, sway=5.0,
    curtain=(74.0, 69.0, 93.0))

_CURLS = HairCut(
    parting=((0, 20, 231), (0, 45, 226), (0, 62, 219)),
    left=((0, -88, 194, 0.0, 9, 0), (22, -85, 195, 0.05, 9, 0), (44, -74, 188, 0.12, 8, 0),
          (56, -61, 170, 0.2, 7, 0), (66, -47, 148, 0.28, 6, 0), (70, -33, 128, 0.33, 5, 0),
          (71, -26, 116, 0.36, 3, 0), (71.5, -17, 118, 0.38, 3, 0), (71, -3, 140, 0.44, 4, 0),
          (71, 8, 146, 0.49, 6, 0), (71, 22, 143, 0.56, 7, 0), (70, 34, 128, 0.64, 6, 0), (66, 40, 100, 0.74, 5, 0),
          (58, 45, 68, 0.82, 5, 0), (44, 52, 42, 0.9, 4, 0), (24, 58, 32, 0.96, 4, 0), (0, 60, 30, 1.0, 4, 0)),
    volume=(42.0, 27.0, 34.0, 30.0, 12.0), low=1.0, rise=0.2, relief=0.0, fine=0.0, sway=0.0, edge=40.0, curls=4.5)

_TIED = HairCut(
    parting=(),
    left=((0, -86, 200, 0.0, 1.5, 4), (21, -85, 198, 0.05, 1.5, 4), (41, -76, 192, 0.12, 1.5, 3),
          (54, -64, 177, 0.2, 1.5, 3), (65, -48, 152, 0.28, 2, 3), (69, -36, 139, 0.33, 2, 2),
          (71.5, -25, 132, 0.37, 2, 2), (71.5, -14, 134, 0.42, 2, 2), (71, -3, 141, 0.48, 2.5, 2),
          (71, 8, 146, 0.54, 3, 2), (71, 22, 140, 0.56, 3.5, 2), (70, 33, 124, 0.64, 3, 2),
          (66, 39, 98, 0.74, 2.5, 2), (58, 44, 68, 0.82, 2.5, 2), (44, 50, 46, 0.9, 2.5, 2),
          (24, 57, 36, 0.96, 2.5, 2), (0, 60, 33, 1.0, 2.5, 2)),
    volume=(13.0, 8.0, 12.0, 11.0, 5.0), low=0.9, rise=0.3, relief=2.4, sway=2.5, fine=0.8, edge=30.0, fall=0.0)
_TAIL = replace(_TIED, parting=((0, 86, 184), (0, 91, 176), (0, 94, 168)), tie="tail")
_BUN = replace(_TIED, parting=((0, 70, 205), (0, 76, 199), (0, 82, 192)), tie="bun")

CUTS: dict[str, HairCut] = {"crop": _CROP, "parting": _PARTING, "curls": _CURLS, "bob": _BOB, "ponytail": _TAIL,
                            "bun": _BUN}
