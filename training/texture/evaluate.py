# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a texture-generator pack: `python -m training evaluate texture-generator --data PICTURES.npz --out REPORT`.

The pack runs through the same code that runs in Blender. Beside what it makes stand, with the same figures against the
same held-out pictures: real training pictures, pictures quilted from them, and pictures of the nearest other class.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from tqdm import tqdm

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, models_folder, read_pack
from blender_addon.texture.generating import MAPS, TextureMaps, generate_maps
from blender_addon.texture.requests import TextureRequest
from blender_addon.texture.seams import seam_ratio

from .classifier import Classifier, train_classifier
from .features import Network, Seen, load_network, see
from .image_pack import ImagePack
from .kid import Kid, kid
from .looks import TEXELS_PER_TILE
from .nearest import diversity, nearest_figures
from .real_side import FEWEST, MOST, QUILTED, VIEWS, RealClass, real_classes
from .texture_card import write_card
from .texture_report import write_report
from .verdicts import verdict

KIND = "texture-generator"
_SEAM_SIZE = 512
_FIRST_SEED = 1000  # of those measured; the sheets show others


@dataclass(frozen=True)
class Effort:
    """How much is made of each class: materials of one tile, and of 512 px for their seams."""

    made: int
    seams: int


FULL = Effort(made=48, seams=4)
QUICK = Effort(made=16, seams=2)


@dataclass(frozen=True, eq=False)
class MadeClass:
    """What a pack made of one class: features at one tile, and the seams at 512 px of every map, axis and seed."""

    seen: Seen
    seams: np.ndarray


def evaluate(data: Path, pack_folder: Path | None, out: Path, record: bool = False, quick: bool = False) -> None:
    """Write metrics.json, tables.md, plots and contact sheets into `out`; with `record`, the figures into the pack too.

    data: an image pack with held-out pictures. quick: fewer materials and no sheets. GalateaError when the pictures
    share no class with the pack, or nothing is held out.
    """
    started = time.monotonic()
    pictures, pack = ImagePack.load(data), texture_pack(pack_folder)
    shared = [name for name in pack.words("classes") if name in pictures.classes]
    if not shared:
        raise GalateaError(f"{data} has no pictures of {', '.join(pack.words('classes'))}, which {pack.id} makes; "
                           "prepare pictures of them")
    if not (pictures.split == "test").any():
        raise GalateaError(f"{data} holds no picture back to measure with; prepare it from a folder with split = test "
                           "in its index.csv, or with more pictures a class")
    refuse_trained_on(pictures, pack)
    network = load_network()
    effort = QUICK if quick else FULL
    out.mkdir(parents=True, exist_ok=True)
    real = real_classes(pictures, network, out)
    made = {name: make_class(pack, network, real[name], effort) for name in tqdm(shared, desc=pack.id, unit="class")}
    classifier = train_classifier({name: own.train.albedo for name, own in real.items() if own.train_count >= FEWEST})
    metrics: dict[str, Any] = {"classes": {name: figures_of(own, made.get(name), real, classifier)
                                           for name, own in real.items()}}
    metrics["classifier"] = classifier_figures(classifier, real)
    metrics["unmeasured"] = [name for name in pack.words("classes") if name not in shared]
    metrics["command"] = (f"python -m training evaluate {KIND} --data {data.name} --out {out.name}"
                          + (" --quick" if quick else ""))
    metrics["about"] = about(effort)
    metrics["seconds"] = round(time.monotonic() - started)
    metrics = rounded(metrics)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    write_report(out, metrics)
    if record:
        content = {**pack.content, "metrics": said(metrics)}
        (pack.folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
        write_card(pack.folder)
    if not quick:
        from .texture_sheets import draw_sheets
        draw_sheets(data, pack.folder, out)


def texture_pack(folder: Path | None) -> Pack:
    """A pack of this kind; the one that ships by default. GalateaError for another kind."""
    pack = read_pack(folder or models_folder() / KIND)
    if pack.kind != KIND:
        raise GalateaError(f"{pack.id} is a {pack.kind}, not a {KIND}; name another with --pack")
    return pack


def refuse_trained_on(pictures: ImagePack, pack: Pack) -> None:
    """GalateaError when a held-out picture is among those that a pack was trained on."""
    learnt = {*pack.content.get("training", {}).get("pictures", ())}
    known = [item.name for item in pictures.only(split="test").items if item.sha256 in learnt]
    if known:
        raise GalateaError(f"{len(known)} held-out pictures, such as {known[0]}, are among those that {pack.id} was "
                           "trained on; measure it with others")


def make_class(pack: Pack, network: Network, real: RealClass, effort: Effort) -> MadeClass:
    """Run the pack for one class."""
    seeds = range(_FIRST_SEED, _FIRST_SEED + effort.made)
    maps = np.stack([planes(make(pack, real.name, seed, TEXELS_PER_TILE)) for seed in seeds])
    seams = np.concatenate([seam_ratios(make(pack, real.name, seed, _SEAM_SIZE)) for seed in seeds[:effort.seams]])
    return MadeClass(see(network, maps, real.lighting, VIEWS, seed=4), seams)


def make(pack: Pack, name: str, seed: int, size: int) -> TextureMaps:
    """One square material, `size` in pixels, on the CPU."""
    return generate_maps(pack, TextureRequest(class_name=name, seed=seed, width=size, height=size, device="cpu"))


def planes(maps: TextureMaps) -> np.ndarray:
    """(6, H, W) in the order of image_pack.CHANNELS."""
    return np.concatenate([maps.albedo.transpose(2, 0, 1), [maps.height, maps.roughness, maps.metallic]])


def seam_ratios(maps: TextureMaps) -> np.ndarray:
    """How strong each channel's seam is along each axis: one number a channel and axis."""
    channels = np.dstack([getattr(maps, name) for name in MAPS])
    return np.array([seam_ratio(channels[..., i], axis) for i in range(channels.shape[-1]) for axis in (0, 1)])


# --- figures --------------------------------------------------------------------------------------------------------


def figures_of(own: RealClass, made: MadeClass | None, real: Mapping[str, RealClass], classifier: Classifier
               ) -> dict[str, Any]:
    """All figures of a class; those of what was made are None where the pack has no such class."""
    row: dict[str, Any] = {"procedural": own.procedural, "training_sets": own.train_count,
                           "held_out_sets": own.held_out_count, "in_pack": made is not None}
    row |= distances_of(own, made, real, "albedo", "") | distances_of(own, made, real, "lit", "_lit")
    row |= {"class_accuracy": None, "class_accuracy_real": None, "class_accuracy_ratio": None, "taken_for": {},
            "seam_max": None, "seam_share": None, "nearest_ratio": None, "nearest_ratio_least": None,
            "too_near": None, "made": None, "diversity_ratio": None, "quilting": {}}
    if own.name in classifier.classes and own.held_out_count:
        at = classifier.classes.index(own.name)
        row["class_accuracy_real"] = classifier.shares(own.held_out.albedo)[at]
        if made:
            shares = classifier.shares(made.seen.albedo)
            row["class_accuracy"] = shares[at]
            row["class_accuracy_ratio"] = shares[at] / max(row["class_accuracy_real"], 1e-9)
            row["taken_for"] = {name: share for name, share in zip(classifier.classes, shares) if share >= 0.05}
    if own.held_out_count and own.train_count > 1:
        row["quilting"] = copying_figures(own.quilted, own)
        if made:
            row |= copying_figures(made.seen, own)
    if made:
        row |= {"made": len(made.seen.albedo), "seam_max": made.seams.max(), "seam_share": (made.seams > 1.0).mean()}
    row["ships"], row["stops"], row["weak"] = verdict(row)
    return row


def distances_of(own: RealClass, made: MadeClass | None, real: Mapping[str, RealClass], view: str, ending: str
                 ) -> dict[str, Any]:
    """KID of several sources from held-out pictures of a class, and their spreads; view is "albedo" or "lit", ending
    goes behind the names."""
    held_out = getattr(own.held_out, view)

    def far(seen: Seen | None) -> Kid | None:
        return kid(getattr(seen, view), held_out) if seen else None

    others = {name: far(other.train) for name, other in real.items()
              if name != own.name and len(getattr(other.train, view)) >= FEWEST}
    others = {name: found for name, found in others.items() if found}
    nearest = min(others, key=lambda name: others[name].value, default=None)
    found = {f"kid{ending}": far(made.seen if made else None), f"kid_real{ending}": far(own.train),
             f"kid_quilting{ending}": far(own.quilted), f"kid_other_class{ending}": others.get(nearest)}
    row = {name: each.value if each else None for name, each in found.items()}
    row |= {f"{name}_spread": each.spread if each else None for name, each in found.items()}
    return {**row, f"other_class{ending}": nearest}


def copying_figures(seen: Seen, own: RealClass) -> dict[str, float]:
    """How near pictures come to training pictures, and how varied they are, beside real ones."""
    return {**nearest_figures(seen.albedo, own.held_out.albedo, own.train.albedo),
            "diversity_ratio": diversity(seen.albedo) / max(diversity(own.train.albedo), 1e-9)}


def classifier_figures(classifier: Classifier, real: Mapping[str, RealClass]) -> dict[str, Any]:
    """Which classes it tells apart, and how well on held-out pictures, a mean over classes."""
    held = [name for name in classifier.classes if real[name].held_out_count]
    right = [classifier.shares(real[name].held_out.albedo)[classifier.classes.index(name)] for name in held]
    return {"classes": list(classifier.classes), "accuracy_real": np.mean(right) if right else None}


def about(effort: Effort) -> str:
    """How it was measured, in words, for the report and the card."""
    return (f"Pictures are tiles of {TEXELS_PER_TILE} px (a real one halved from 256 px, a generated one made at that "
            f"size with full variety, {effort.made} seeds), and of each {VIEWS} crops of 112 px, doubled to the "
            "224 px of EfficientNet-lite0: anywhere on the torus of seamless pictures, inside others. Crops of one "
            "picture are never paired with each other, so KID stays unbiased with few held-out pictures; its spread is "
            "that over random halves of the pictures. KID is taken of albedo, and again of the material lit from the "
            "side, over pictures whose height is known; where real ones lack roughness or metallic, all are lit with "
            f"the same. At most {MOST} training pictures a class; quilting: {QUILTED} pictures, each "
            "from one training picture. The other class is the one whose training pictures lie nearest. Seams: the "
            f"strongest gradient across an edge over the 95th percentile of interior lines at {_SEAM_SIZE} px, all "
            f"maps, both axes, {effort.seams} seeds, and how often it is above 1 (where nothing at all marks the edge, "
            "it is one line like any other, and above it one time in twenty).")


def rounded(value: Any) -> Any:
    """Numbers of nested dicts to four figures behind the point, as plain Python's."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if value is None or isinstance(value, (bool, str, list, int)):
        return value
    return round(float(value), 4)


def said(value: Any) -> Any:
    """Nested dicts without what could not be measured: TOML has no word for it."""
    return {key: said(inner) for key, inner in value.items() if inner is not None} if isinstance(value, dict) else value
