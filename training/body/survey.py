# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured people: `python -m training prepare body-vae --data FOLDER --out runs/bodies.npz`.

Reads tables in the form of ANSUR II's public files (US Army, public domain): a row a person, a column a measurement in
millimetres, with Gender, Age and SubjectId. Which people are held out follows from their ids alone.
"""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blender_addon.character.measurements import INDEX, NAMES, WEIGHT, impossible
from blender_addon.errors import GalateaError

HELD_OUT, JUDGED = 0.20, 0.28  # shares of ids: below the first is held out, below the second chooses between weights
ABOUT = ("sex", "stature", "weight", "age")
_TENTHS = ("interpupillarybreadth", WEIGHT)  # the survey has these in tenths of a millimetre and of a kilogram
_SEXES = {"female": 0.0, "male": 1.0}


@dataclass(frozen=True, eq=False)
class Survey:
    """measures (N, 93) in metres, weightkg in kilograms, in the order of NAMES; about (N, 4): sex 0 or 1, stature,
    weight, age in years; part (N,) "train", "judge" or "held"."""

    subjects: np.ndarray
    measures: np.ndarray
    about: np.ndarray
    part: np.ndarray

    def of(self, *parts: str) -> tuple[np.ndarray, np.ndarray]:
        """Measures and about of the people of these parts; GalateaError where there are none."""
        chosen = np.isin(self.part, parts)
        if not chosen.any():
            raise GalateaError(f"nobody of the survey is in the part {' or '.join(parts)}; it needs more people")
        return self.measures[chosen], self.about[chosen]


def prepare(folder: Path, out: Path) -> None:
    """Write the people of a folder's tables as one .npz and print how many there are."""
    survey = read_survey(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        np.savez_compressed(file, subjects=survey.subjects, measures=survey.measures, about=survey.about)
    print(f"{out}: {len(survey.subjects)} people, {int((survey.about[:, 0] < 0.5).sum())} of them women; "
          + ", ".join(f"{int((survey.part == part).sum())} {part}" for part in ("train", "judge", "held")))


def load_survey(path: Path) -> Survey:
    """The people of a prepared .npz, or of a folder of tables."""
    if path.is_dir():
        return read_survey(path)
    try:
        with np.load(path, allow_pickle=False) as saved:
            subjects, measures, about = saved["subjects"], saved["measures"], saved["about"]
    except (OSError, ValueError, KeyError) as error:
        raise GalateaError(f"{path}: no prepared survey ({type(error).__name__}); write one with "
                           "`python -m training prepare body-vae`") from error
    return Survey(subjects, measures, about, np.array([part_of(subject) for subject in subjects]))


def read_survey(folder: Path) -> Survey:
    """The people of every .csv of a folder; GalateaError names the table, the row and the column that is wrong."""
    tables = sorted(Path(folder).glob("*.csv")) if Path(folder).is_dir() else []
    if not tables:
        raise GalateaError(f"{folder}: no .csv tables here; fetch ANSUR II's public files (docs/training.md)")
    people = [person for table in tables for person in _people(table)]
    subjects, measures, about = (np.array(column) for column in zip(*people, strict=True))
    if len(set(subjects)) != len(subjects):
        raise GalateaError(f"{folder}: a SubjectId is there twice, so nobody could be held out; make them differ")
    wrong = impossible(measures)
    if wrong.any():
        raise GalateaError(f"{folder}: {int(wrong.sum())} people cannot be, such as {subjects[wrong][0]}; are the "
                           "units millimetres, and tenths for weightkg and interpupillarybreadth?")
    return Survey(subjects, measures, about, np.array([part_of(subject) for subject in subjects]))


def part_of(subject: str) -> str:
    """Which part of the survey a person belongs to, by a hash of the id: "train", "judge" or "held"."""
    share = int(hashlib.sha256(str(subject).encode()).hexdigest()[:8], 16) / 2 ** 32
    return "held" if share < HELD_OUT else "judge" if share < JUDGED else "train"


def _people(table: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    with table.open(newline="", encoding="latin-1") as file:
        reader = csv.DictReader(file)
        columns = {str(name).strip().lower(): name for name in reader.fieldnames or ()}
        lacking = [name for name in ("subjectid", "gender", "age", *NAMES) if name not in columns]
        if lacking:
            raise GalateaError(f"{table}: has no column {lacking[0]}" + (f" and {len(lacking) - 1} others lack" if
                               len(lacking) > 1 else "") + "; it must be a table in the form of ANSUR II's")
        return [_person(table, number, {name: row[column] for name, column in columns.items()})
                for number, row in enumerate(reader, start=2)]


def _person(table: Path, number: int, row: dict[str, str]) -> tuple[str, np.ndarray, np.ndarray]:
    """Id, measures (93,) and about (4,) of a row."""
    values = []
    for name in (*NAMES, "age"):
        try:
            value = float(row[name])
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value) or value <= 0.0:
            raise GalateaError(f"{table}, line {number}: {name} is {row[name]!r}; it must be a number above 0")
        values.append(value / (10.0 if name in _TENTHS else 1.0))
    *measures, age = values
    sex = _SEXES.get(str(row["gender"]).strip().lower())
    if sex is None:
        raise GalateaError(f"{table}, line {number}: Gender is {row['gender']!r}; it must be Female or Male")
    metres = np.array(measures) / 1000.0
    metres[INDEX[WEIGHT]] *= 1000.0
    return row["subjectid"], metres, np.array([sex, metres[INDEX["stature"]], metres[INDEX[WEIGHT]], age])
