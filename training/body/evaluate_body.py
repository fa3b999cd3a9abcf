# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a body-VAE pack: `python -m training evaluate body-vae --data DIR --out REPORT`.

On people who were held out, through the code that runs in Blender, beside principal components of as many numbers and
linear regression; and on people drawn from it, beside the people of the survey.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tomli_w
import torch

from blender_addon.character.measurements import CORE, INDEX, NAMES, WEIGHT, impossible
from blender_addon.character.people import People, draw_people, encode, open_people, tell
from blender_addon.inference.packs import Pack, models_folder, read_pack
from blender_addon.inference.sessions import open_session

from .bodies import BodyShape
from .body_card import FIGURES, measure_table, write_card
from .body_pictures import draw_pairs
from .components import Components
from .survey import Survey, load_survey
from .train_body import prediction_mm, reconstruction_mm

SAMPLES = 10_000
LENGTHS = [at for name, at in INDEX.items() if name not in ("stature", WEIGHT)]
TAPE = ("stature", WEIGHT, "chestcircumference", "waistcircumference", "buttockcircumference", "thighcircumference",
        "neckcircumference", "sleeveoutseam", "crotchheight")  # what a tailor takes
_AT_ONCE = 100  # people, so that their matrices stay small
_ASKED = np.array([1.0, 1.0, 1.0, 0.0])  # sex, stature and weight, not age


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False) -> None:
    """Write metrics.json, report.md and pairs.png into `out`; with `record`, the figures into the pack too."""
    out.mkdir(parents=True, exist_ok=True)
    pack = read_pack(pack_folder or models_folder() / "body-vae")
    survey = load_survey(data)
    train, (held, about) = survey.of("train"), survey.of("held")
    people = open_people(pack)
    components = Components(BodyShape(code=pack.content["body"]["code"])).fit(*train)
    vae = People(pack, *(open_session(pack, _vae(pack, graph), "cpu") for graph in ("encoder", "decoder")))
    made = predicted(people, about)
    linear = regression(train[0], train[1][:, :3], about[:, :3])
    tape = [INDEX[name] for name in TAPE]
    taped = [np.column_stack([rows[1][:, :1], rows[0][:, tape]]) for rows in (train, (held, about))]
    drawn = drawn_like(people, survey, SAMPLES)
    metrics: dict = {
        "mae_mm": {"vae": mean_error_mm(predicted(vae, about), held),
                   "pca": prediction_mm(components, held, about), "linear": mean_error_mm(linear, held)},
        "recon_mm": {"vae": mean_error_mm(told_again(vae, held, about), held),
                     "pca": reconstruction_mm(components, held, about),
                     "pca_plain": mean_error_mm(plain_components(train[0], held, people.latent), held)},
        "completed_mm": {"ships": mean_error_mm(completed(people, held, about), held, TAPE),
                         "linear": mean_error_mm(regression(train[0], *taped), held, TAPE)},
        "ships": pack.content["body"]["model"],
        "ships_mae_mm": mean_error_mm(made, held),
        **sample_errors(drawn, survey), "impossible": int(impossible(drawn[0]).sum()), "n": len(drawn[0]),
        "redrawn": redrawn(people), "nearest_ratio": nearest_ratio(drawn[0], held, train[0]),
        "people": len(held), "women": int((about[:, 0] < 0.5).sum()),
    }
    metrics = json.loads(json.dumps(metrics), parse_float=lambda text: round(float(text), 4))
    metrics["measures_mm"] = {name: [round(1000.0 * float(np.abs(table[:, INDEX[name]] - held[:, INDEX[name]]).mean()),
                                           2) for table in (made, linear)] for name in CORE if INDEX[name] in LENGTHS}
    metrics["command"] = f"python -m training evaluate body-vae --data {data.name} --out {out.name}"
    metrics["about"] = _about(metrics, components.shape.code)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    report = "\n".join(["# Bodies", "", f"`{metrics['command']}`", "", metrics["about"], "", "| figure | value |",
                        "|---|---|", *(f"| {words} | {_value(metrics, key)} |" for key, words in FIGURES.items()), "",
                        *measure_table(metrics)])
    (out / "report.md").write_text(report + "\n", encoding="utf-8")
    draw_pairs(out / "pairs.png", survey, drawn)
    print(report)
    print(f"-> {out}")
    if record:
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps({**pack.content, "metrics": metrics}).encode())
        write_card(pack.folder)


def _vae(pack: Pack, graph: str) -> str:
    """The name of one of the VAE's graphs, which ship under another name where they are not the pack's own."""
    return graph if pack.content["body"]["model"] == "vae" else f"vae_{graph}"


def _value(metrics: dict, key: str) -> str:
    for part in key.split("."):
        metrics = metrics[part]
    return f"{metrics:g}"


def _about(metrics: dict, code: int) -> str:
    return (f"{metrics['people']} people, {metrics['women']} of them women, whom no model was trained or chosen on: a "
            "fifth of the survey, by a hash of the subject's id. Errors are mean absolute ones over 91 lengths, "
            "breadths and circumferences (all but stature and weight). Predicted from stature, weight and sex; linear "
            "regression is of metres on a constant and those three. Reconstruction is from sex, stature, weight, age "
            f"and a code of {code} numbers; plain principal components are of the logarithms of all 93, as many "
            "numbers in all, and can be asked for nothing. A tape tells sex, stature, weight, the girths of chest, "
            "waist, buttocks, thigh and neck, and the lengths of sleeve and inseam; all other lengths follow from "
            f"those, by the encoder or by linear regression. {metrics['n']} people drawn by the pack as the add-on "
            "draws them, women and men as often as in the survey, are compared with all its people: means and spreads "
            "at the measurement that is worst, among women, men and all; correlations over all pairs of measurements, "
            "at the worst of those three. Impossible: breaking a rule of blender_addon/character/measurements.py, none "
            "of which a person of the survey breaks; who does is drawn again. Nearest: the median distance of a drawn "
            "person to the nearest training one, over that of a held-out person; much below 1 it would copy people.")


# --- held-out people --------------------------------------------------------------------------------------------


def predicted(people: People, about: np.ndarray) -> np.ndarray:
    """(N, 93) the likeliest measures of people (N, 4) of whom stature, weight and sex are told."""
    nothing = np.zeros((len(about), people.latent)), np.zeros((len(about), len(NAMES)))
    return tell(people, *nothing, about, _ASKED)[0]


def told_again(people: People, measures: np.ndarray, about: np.ndarray) -> np.ndarray:
    """(N, 93) measures of people after encoding and decoding."""
    latent, _ = _encode(people, measures, np.ones(len(NAMES)), about, np.ones(4))
    return tell(people, latent, np.zeros_like(measures), about, np.ones(4))[0]


def completed(people: People, measures: np.ndarray, about: np.ndarray) -> np.ndarray:
    """(N, 93) measures of people of whom the sex and what a TAPE tells are known."""
    known, given = np.isin(NAMES, TAPE).astype(float), np.array([1.0, 1.0, 1.0, 0.0])
    return tell(people, *_encode(people, measures, known, about, given), about, given)[0]


def _encode(people: People, measures: np.ndarray, known: np.ndarray, about: np.ndarray, given: np.ndarray
            ) -> tuple[np.ndarray, ...]:
    """people.encode, of so many at once that their matrices stay small."""
    parts = [encode(people, measures[at:at + _AT_ONCE], known, about[at:at + _AT_ONCE], given)
             for at in range(0, len(measures), _AT_ONCE)]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def regression(train: np.ndarray, known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(N, 93) measures by linear regression, learnt from people (M, 93) of whom `known` (M, K) is told, of `asked`
    (N, K)."""
    known, asked = (np.column_stack([np.ones(len(rows)), rows]) for rows in (known, asked))
    return asked @ np.linalg.lstsq(known, train, rcond=None)[0]


def plain_components(train: np.ndarray, held: np.ndarray, count: int) -> np.ndarray:
    """(N, 93) measures kept as `count` principal components of their logarithms, in millimetres of the mean body."""
    scale = train.mean(axis=0) * np.where(np.array(NAMES) == WEIGHT, 0.01, 1.0)  # kilograms weigh little here
    known, asked = (np.log(table) * scale for table in (train, held))
    mean = known.mean(axis=0)
    axes = np.linalg.eigh((known - mean).T @ (known - mean))[1][:, ::-1][:, :count]
    return np.exp(((asked - mean) @ axes @ axes.T + mean) / scale)


def mean_error_mm(made: np.ndarray, true: np.ndarray, but: tuple[str, ...] = ()) -> float:
    """Mean absolute error over people (N, 93) and lengths but some, mm."""
    told = [at for at in LENGTHS if NAMES[at] not in but]
    return float(np.abs(made - true)[:, told].mean()) * 1000.0


# --- drawn people -----------------------------------------------------------------------------------------------


def drawn_like(people: People, survey: Survey, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Measures (count, 93) and sex (count,) of drawn people, women and men as often as in the survey."""
    women = round(count * float((survey.about[:, 0] < 0.5).mean()))
    found = [*draw_people(people, women, seed=1, sex=0.0), *draw_people(people, count - women, seed=2, sex=1.0)]
    return np.array([person.measured for person in found]), np.array([person.sex for person in found])


def sample_errors(drawn: tuple[np.ndarray, np.ndarray], survey: Survey) -> dict[str, float]:
    """How far means and spreads are off at most, as shares, and correlations on average; of women, men and all."""
    means, spreads, correlations = [], [], []
    for sexes in ((0.0,), (1.0,), (0.0, 1.0)):
        made = drawn[0][np.isin(drawn[1], sexes)]
        real = survey.measures[np.isin(survey.about[:, 0], sexes)]
        means.append(np.abs(made.mean(axis=0) / real.mean(axis=0) - 1.0).max())
        spreads.append(np.abs(made.std(axis=0) / real.std(axis=0) - 1.0).max())
        pairs = np.triu_indices(len(NAMES), 1)
        correlations.append(np.abs(np.corrcoef(made.T) - np.corrcoef(real.T))[pairs].mean())
    return {"sample_mean_error": float(max(means)), "sample_std_error": float(max(spreads)),
            "correlation_error": float(max(correlations))}


def redrawn(people: People, count: int = 10_000) -> float:
    """The share of people who cannot be, before they are drawn again."""
    rng = np.random.default_rng(0)
    sizes = people.latent, len(NAMES)
    return float(impossible(tell(people, *(rng.standard_normal((count, size)) for size in sizes), np.ones(4),
                                 np.zeros(4))[0]).mean())


def nearest_ratio(drawn: np.ndarray, held: np.ndarray, train: np.ndarray, count: int = 1000) -> float:
    """Median distance of drawn people to the nearest training one over that of held-out people."""
    scale = train.std(axis=0)
    known = torch.as_tensor(train / scale)
    chosen = np.random.default_rng(0).permutation(len(drawn))[:count]
    return float(np.divide(*(np.median(torch.cdist(torch.as_tensor(table / scale), known).min(dim=1).values)
                             for table in (drawn[chosen], held[:count]))))
