# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey made by a formula: people whose measurements follow size and girth, in the form of ANSUR II's tables."""

import csv
from pathlib import Path

import numpy as np

from blender_addon.character.measurements import INDEX, NAMES, WEIGHT, average

GIRTHS = np.array([1.0 if "circumference" in name or "breadth" in name or "depth" in name else 0.0 for name in NAMES])


def made_people(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """measures (N, 93) in metres and kg, sex (N,) 0 or 1, age (N,): all lengths grow together, and so do all girths."""
    rng = np.random.default_rng(seed)
    sex = (np.arange(count) % 2).astype(float)
    size, girth = rng.normal(0.0, 0.035, count), rng.normal(0.0, 0.05, count)
    means = np.stack([average(0.0).measured, average(1.0).measured])[sex.astype(int)]
    factors = size[:, None] + girth[:, None] * GIRTHS
    factors[:, INDEX[WEIGHT]] = 2.5 * size + 2.0 * girth
    own = rng.normal(0.0, 0.003, factors.shape)
    return means * np.exp(factors + own), sex, np.round(18.0 + 25.0 * rng.random(count) ** 2)


def write_survey(folder: Path, count: int = 240, seed: int = 0) -> Path:
    """Two tables, one of women and one of men, in millimetres; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    measures, sex, age = made_people(count, seed)
    for kind, word in ((0.0, "Female"), (1.0, "Male")):
        with (folder / f"made_{word.upper()}.csv").open("w", newline="", encoding="latin-1") as file:
            writer = csv.writer(file)
            writer.writerow(["SubjectId", *NAMES, "Gender", "Installation", "Age"])
            for at in np.flatnonzero(sex == kind):
                row = measures[at] * 1000.0
                row[INDEX[WEIGHT]] = measures[at, INDEX[WEIGHT]] * 10.0
                row[INDEX["interpupillarybreadth"]] *= 10.0
                writer.writerow([20_000 + at, *np.round(row).astype(int), word, "Fort Señor", int(age[at])])
    return folder
