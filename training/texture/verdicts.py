# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a class is good enough to ship, and in words why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAINING_SETS, HELD_OUT_SETS = 12, 3  # the fewest that a class is learnt from and judged by
ACCURACY_RATIO = 0.8
DIVERSITY_RATIO = 0.6
SEAM_SHARE = 0.25  # of seams above the 95th percentile of lines: five times what chance gives


def verdict(row: Mapping[str, Any]) -> tuple[bool, list[str], list[str]]:
    """A class ships if it has enough pictures and lies nearer to real ones than to the nearest other class, in albedo
    and, where that can be measured, lit: whether it does, what stops it, and what else is weak about it."""
    stops, weak = [], []
    if row["training_sets"] < TRAINING_SETS:
        stops.append(f"sets to learn from: {row['training_sets']}, and {TRAINING_SETS} are asked for")
    if row["held_out_sets"] < HELD_OUT_SETS:
        stops.append(f"sets held out to judge it by: {row['held_out_sets']}, and {HELD_OUT_SETS} are asked for")
    if not row["in_pack"]:
        return False, stops or ["this pack does not offer it"], []
    for ending, words in (("", "in colour"), ("_lit", "lit from the side")):
        own, real, other = (row[f"kid{which}{ending}"] for which in ("", "_real", "_other_class"))
        if None in (own, real, other):
            continue
        if own - real >= other - own:
            stops.append(f"{words} it is nearer to {row[f'other_class{ending}']} than to itself: KID {own:.3f} from "
                         f"held-out pictures, where real ones have {real:.3f} and {row[f'other_class{ending}']} has "
                         f"{other:.3f}")
        elif row[f"kid_quilting{ending}"] is not None and own > row[f"kid_quilting{ending}"]:
            weak.append(f"{words} quilting of training pictures comes nearer to real ones: KID "
                        f"{row[f'kid_quilting{ending}']:.3f} against {own:.3f}")
    if row["kid"] is None:
        stops.append("how far it is from real pictures could not be measured")
    ratio = row["class_accuracy_ratio"]
    if ratio is not None and ratio < ACCURACY_RATIO:
        taken = sorted(row["taken_for"].items(), key=lambda item: -item[1])
        weak.append(f"a classifier names {100 * row['class_accuracy']:.0f} % of it rightly, and "
                    f"{100 * row['class_accuracy_real']:.0f} % of real pictures; it sees "
                    + ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in taken))
    if row["seam_share"] is not None and row["seam_share"] > SEAM_SHARE:
        weak.append(f"{100 * row['seam_share']:.0f} % of its seams are stronger than the 95th percentile of interior "
                    f"lines, the worst {row['seam_max']:.2f} times as strong")
    if row["too_near"]:
        weak.append(f"{row['too_near']} of {row['made']} pictures lie nearer to a training picture than every held-out "
                    "one does")
    if row["diversity_ratio"] is not None and row["diversity_ratio"] < DIVERSITY_RATIO:
        weak.append(f"its pictures differ {row['diversity_ratio']:.2f} times as much as real ones do")
    return not stops, stops, weak
