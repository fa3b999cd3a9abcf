# SPDX-License-Identifier: GPL-3.0-or-later
"""People who do not exist, out of a body-VAE pack: at random, as an artist asks, or like given measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalateaError, PackError
from .measurements import AGE, INDEX, NAMES, RANGES, SEX, WEIGHT, Measurements, broken, impossible

if TYPE_CHECKING:
    from ..inference.packs import Pack
    from ..inference.sessions import Session

ABOUT = (SEX, "stature", "weight", AGE)  # what may be asked for, in the order of the graphs
UNITS = {SEX: "", "stature": " m", "weight": " kg", AGE: " years"}
_DRAWS = 25  # of one person, before it is said that there is none
_MOST_VARIETY = 3.0


@dataclass(frozen=True)
class People:
    """An open body-VAE pack."""

    pack: Pack
    encoder: Session
    decoder: Session

    @property
    def latent(self) -> int:
        return self.pack.content["body"]["latent"]


def open_people(pack: Pack, device: str = "cpu") -> People:
    """Open both graphs of a body-VAE pack. Raises PackError or DeviceError."""
    from ..inference.sessions import open_session

    if tuple(pack.content["body"]["names"]) != NAMES:
        raise PackError(f"pack {pack.id} tells other measurements than bodies are made from; export it again with "
                        "this Galatea's training code")
    return People(pack, open_session(pack, "encoder", device), open_session(pack, "decoder", device))


def draw_people(people: People, count: int, seed: int, *, sex: float | None = None, stature: float | None = None,
                weight: float | None = None, age: float | None = None, variety: float = 1.0) -> list[Measurements]:
    """`count` people who do not exist; what is asked for they have, in metres, kilograms and years, the rest follows.

    sex: 0 (female) to 1 (male); one of the two at random where it is not asked for. variety: 0 for the likeliest
    person, 1 for people as varied as real ones. Person i of a seed is the same whatever the count. Who cannot be
    (measurements.impossible) is drawn again. Raises GalateaError for what nobody has.
    """
    about, given = _asked(people, sex, stature, weight, age)
    _check_variety(variety)
    measures, who = np.zeros((count, len(NAMES))), np.zeros((count, len(ABOUT)))
    left = np.arange(count)
    for attempt in range(_DRAWS):
        draws = np.stack([_draw(seed, person, attempt, people.latent + len(NAMES)) for person in left])
        draws[:, 1:] *= variety  # but not which sex
        measures[left], who[left] = tell(people, draws[:, :people.latent], draws[:, people.latent:], about, given)
        left = left[impossible(measures[left])]
        if not len(left):
            return [Measurements(row, *(float(about[at] if given[at] else told[at]) for at in (0, 3)))
                    for row, told in zip(measures, who, strict=True)]
    asked = ", ".join(f"{name} {value:g}{UNITS[name]}" for name, value, is_given
                      in zip(ABOUT, about, given, strict=True) if is_given)
    raise GalateaError(f"nobody was found with {asked}; ask for something less far from the usual")


def person_like(people: People, measures: Mapping[str, float], *, sex: float | None = None, age: float | None = None,
                seed: int = 0, variety: float = 0.0) -> Measurements:
    """A person with these measurements (some of NAMES, metres, weightkg in kilograms) to the last digit.

    The others follow from them: the likeliest, or with variety up to 1 one of the many that they leave open. sex: 0.5,
    between the two, where it is not given. Raises GalateaError for measurements that no body has together.
    """
    strange = [name for name in measures if name not in INDEX]
    if strange:
        raise GalateaError(f"there is no measurement {strange[0]}; they are called as in ANSUR II, such as "
                           "chestcircumference")
    _check_variety(variety)
    known, values = np.zeros(len(NAMES)), np.ones(len(NAMES))
    for name, value in measures.items():
        if not 0.0 < value < 400.0:
            raise GalateaError(f"{name} {value:g}: give metres, and kilograms for weightkg")
        known[INDEX[name]], values[INDEX[name]] = 1.0, value
    about, given = _asked(people, 0.5 if sex is None else sex, measures.get("stature"), measures.get(WEIGHT), age)
    latent, detail = encode(people, values[None], known, about, given)
    if variety:
        # somebody at random, moved to where those with the known measurements are
        draws = _draw(seed, 0, 0, people.latent + len(NAMES))[None]
        other = draws[:, :people.latent], draws[:, people.latent:]
        there = encode(people, tell(people, *other, about, given)[0], known, about, given)
        latent, detail = (at + variety * (drawn - taken) for at, drawn, taken in
                          zip((latent, detail), other, there, strict=True))
    made, who = tell(people, latent, detail, about, given)
    made = np.where(known > 0.5, values, made)
    rules = [rule for rule, breaks in broken(made).items() if breaks[0]]
    if rules:
        raise GalateaError(f"no body measures like that: of every body {rules[0]}")
    return Measurements(made[0], float(about[0]), float(age if age is not None else who[0, 3]))


def encode(people: People, measures: np.ndarray, known: np.ndarray, about: np.ndarray, given: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray]:
    """Latents (N, Z) and details (N, 93) of bodies (N, 93) of which the known (93,) or (N, 93) are looked at.

    about, given: (4,) for all alike or (N, 4), as far as it is known.
    """
    rows = (len(measures), len(ABOUT))
    told = {"measures": measures, "known": np.broadcast_to(known, measures.shape),
            "about": np.broadcast_to(about, rows), "given": np.broadcast_to(given, rows)}
    found = people.encoder.run({name: value.astype(np.float32) for name, value in told.items()})
    return found["mean"].astype(np.float64), found["detail"].astype(np.float64)


def tell(people: People, latent: np.ndarray, detail: np.ndarray, about: np.ndarray, given: np.ndarray
         ) -> tuple[np.ndarray, np.ndarray]:
    """Measures (N, 93) of latents (N, Z) and details (N, 93), and about (N, 4) as asked for or as it came out.

    about, given: (4,) for all alike or (N, 4). Measures are told to a tenth of a millimetre and to ten grams.
    """
    rows = (len(latent), len(ABOUT))
    about, given = np.broadcast_to(about, rows), np.broadcast_to(given, rows)
    made = people.decoder.run({"latent": latent.astype(np.float32), "detail": detail.astype(np.float32),
                               "about": about.astype(np.float32), "given": given.astype(np.float32)})
    measures = np.round(made["measures"].astype(np.float64), 4)
    measures[:, INDEX[WEIGHT]] = np.round(measures[:, INDEX[WEIGHT]], 2)
    for at, name in ((1, "stature"), (2, WEIGHT)):
        measures[:, INDEX[name]] = np.where(given[:, at] > 0.5, about[:, at], measures[:, INDEX[name]])
    return measures, np.where(given > 0.5, about, made["who"].astype(np.float64))


def _draw(seed: int, person: int, attempt: int, size: int) -> np.ndarray:
    return np.random.default_rng([seed, person, attempt]).standard_normal(size)


def _check_variety(variety: float) -> None:
    if not 0.0 <= variety <= _MOST_VARIETY:
        raise GalateaError(f"variety {variety:g}: it can be from 0 (the likeliest) over 1 (as real people) to "
                           f"{_MOST_VARIETY:g}")


def _asked(people: People, *values: float | None) -> tuple[np.ndarray, np.ndarray]:
    """about and given (4,) of what is asked for; GalateaError for what is beyond all that the pack has learnt."""
    given = np.array([value is not None for value in values], dtype=np.float64)
    about = np.array([1.0 if value is None else value for value in values])
    for at, (name, value) in enumerate(zip(ABOUT, about, strict=True)):
        (low, high), where = people.pack.content["body"]["ranges"][name], ""
        if name == "weight" and given[1]:  # which is in range, as it comes first
            least, most = (bound * about[1] ** 2 for bound in RANGES["weight / stature², kg/m²"])
            low, high = max(low, math.floor(least) + 1), min(high, math.ceil(most) - 1)
            where = f"at a stature of {about[1]:g} m "
        if given[at] and not low <= value <= high:
            raise GalateaError(f"{name} {value:g}{UNITS[name]}: {where}it can be from {low:g} to {high:g}{UNITS[name]}")
    return about, given
