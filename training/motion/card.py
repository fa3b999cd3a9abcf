# SPDX-License-Identifier: GPL-3.0-or-later
"""A pack's model card, written from its pack.toml so that the two cannot disagree."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

from .generator_tables import generator_tables

CMU_CREDIT = ("The data used in this project was obtained from mocap.cs.cmu.edu. "
              "The database was created with funding from NSF EIA-0196217.")


def data_table(clips: list[dict]) -> list[dict]:
    """The [[data]] tables of a pack: one for each folder and licence that the training clips come with."""
    counted = Counter((_source(clip["file"]), clip["licence"] or "not stated") for clip in clips)
    table = []
    for (source, licence), count in sorted(counted.items()):
        entry = {"name": source, "licence": licence, "clips": count}
        if "CMU" in licence:
            entry["credit"] = CMU_CREDIT
        table.append(entry)
    return table


def _source(file: str) -> str:
    return Path(file).parent.as_posix() if Path(file).parent != Path(".") else "own clips"


def write_card(folder: Path) -> None:
    """Write README.md beside pack.toml: what it is, what it was trained on and how, and what was measured."""
    content = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    about, data_note, figures = _KINDS[content["kind"]]
    training, kind = content["training"], content["kind"]
    size = sum(graph["bytes"] for graph in content["graphs"]) / 1e6
    lines = [
        f"# {content['id']} {content['version']}", "",
        *about(content, f"{size:.1f} MB, weights {content['licence']}."), "",
        "## Data", "", "| source | clips | licence | credit |", "|---|---|---|---|",
        *(f"| {d['name']} | {d['clips']} | {d['licence']} | {d.get('credit', '')} |" for d in content["data"]), "",
        f"{data_note} The hashes of all training clips are in `pack.toml`; `evaluate` refuses a clip among them.", "",
        "## Training", "",
        f"`{training['command']}`, then `python -m training export {kind}`. "
        f"{training['steps']} steps in {training['seconds'] / 60:.0f} minutes on {training['hardware']}.", "",
    ]
    lines += _curves(training.get("curves", {}))
    if content["metrics"]:
        command = ["## Figures", "", f"`{content['metrics']['command']}`", "", content["metrics"]["about"], ""]
        lines += [*command, *figures(content["metrics"]), ""]
    else:
        lines += ["## Figures", "", f"Not measured yet: run `python -m training evaluate {kind}`.", ""]
    if content.get("limits"):
        lines += ["## Limits", "", *(f"- {limit}" for limit in content["limits"]), ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


# --- generators -------------------------------------------------------------------------------------------------


def _generator(content: dict, size: str) -> list[str]:
    generator = content["generator"]
    return [
        f"{content['title']}. An LSTM that makes motion frame by frame at {content['fps']} fps on the canonical "
        f"22 joints; {size}", "",
        f"- Actions: {', '.join(generator['actions'])}",
        f"- Styles: {', '.join(generator['styles']) or 'none'}",
        "- Natural pace, m/s: "
        + ", ".join(f"{a} {s:g}{_learnt(generator, a)}" for a, s in generator["natural_speed"].items() if s > 0)
        + " (the others find their own way)",
    ]


def _learnt(generator: dict, action: str) -> str:
    ends = generator.get("speed_range", {}).get(action)
    return f" (kept from {ends[0]:g} to {ends[1]:g}; beyond, it is played quicker or slower)" if ends else ""


# --- in-betweeners ----------------------------------------------------------------------------------------------


def _inbetweener(content: dict, size: str) -> list[str]:
    networks = content["training"].get("networks", 1)
    what = "A bidirectional LSTM" if networks == 1 else f"The mean of {networks} bidirectional LSTMs"
    return [f"{content['title']}. {what} that says what to add to interpolation (straight lines and great arcs) at "
            f"{content['fps']} fps on the canonical 22 joints, and nothing at a key: keys are met. Any number of keys, "
            "whole or of parts of the body, 1 to 120 frames apart; what moves before a key and after it is seen; "
            f"{content['inbetweener']['latent']} numbers make variants. {size}"]


def gap_tables(metrics: dict) -> list[str]:
    """Markdown: the means with their baselines, then L2P of every action beside interpolation's."""
    names = {"l2p": "L2P", "l2q": "L2Q", "npss": "NPSS", "joint_cm": "joints, cm"}
    digits = {"l2p": 3, "l2q": 3, "npss": 4, "joint_cm": 2}
    mean, lengths = metrics["mean"], list(metrics["mean"])
    lines = ["Mean over actions:", ""]
    for figure, name in names.items():
        lines += [f"| {name} at missing frames | " + " | ".join(lengths) + " |", "|---" * (1 + len(lengths)) + "|"]
        for way in ("zero_velocity", "interpolation", "model"):
            lines.append(f"| {way.replace('_', ' ')} | " + " | ".join(
                f"{mean[n][way][figure]:.{digits[figure]}f}" for n in lengths) + " |")
        lines += ["| model / interpolation | " + " | ".join(
            f"**{mean[n][f'ratio_{figure}']:.2f}**" for n in lengths) + " |", ""]
    windows = metrics["mean_over_windows"]
    lines += ["Mean over windows, model / interpolation:", "", "| figure | " + " | ".join(lengths) + " |",
              "|---" * (1 + len(lengths)) + "|",
              *(f"| {name} | " + " | ".join(f"{windows[n][f'ratio_{figure}']:.2f}" for n in lengths) + " |"
                for figure, name in names.items()), ""]
    lines += ["With feet locked after it, as \"Fill Between Keys\" does unless told otherwise, L2P is "
              + ", ".join(f"{row['ratio_l2p']:.3f}" for row in metrics["locked"].values())
              + " of interpolation's in the mean over actions.", ""]
    told = dict(metrics["variants"])
    lines += [f"Variants at {told.pop('missing'):g} missing frames, joint error in cm: "
              + ", ".join(f"{name.removesuffix('_cm').replace('_', ' ')} {value:.2f}" for name, value in told.items())
              + " (how far variants are from the best guess).", ""]
    if metrics["lone_keys"]:
        lines += ["Lone whole keys with nothing moving beside them, as an artist sets them; joint error in cm of what "
                  "is between, and how fast feet near the floor slide, cm/s; locked: with feet locked after it:", "",
                  "| frames from key to key | interpolation | model | ratio | locked | slide, real | interpolation | "
                  "model | locked |", "|---" * 9 + "|"]
        lines += [f"| {every} | {row['interpolation_cm']:.2f} | {row['model_cm']:.2f} | **{row['ratio']:.2f}** | "
                  f"{row['locked_cm']:.2f} | {row['skate_real']:.0f} | {row['skate_interpolation']:.0f} | "
                  f"{row['skate_model']:.0f} | {row['skate_locked']:.0f} |"
                  for every, row in metrics["lone_keys"].items()] + [""]
    lines += ["L2P of the model as a ratio to interpolation (its joint error in cm, interpolation's):", "",
              "| action | " + " | ".join(lengths) + " |", "|---" * (1 + len(lengths)) + "|"]
    for action, table in metrics["actions"].items():
        cells = [f"{m['ratio_l2p']:.2f} ({m['model']['joint_cm']:.1f}, {m['interpolation']['joint_cm']:.1f})"
                 if (m := table.get(n)) else "-" for n in lengths]
        lines.append(f"| {action} | " + " | ".join(cells) + " |")
    return lines


def _curves(curves: dict) -> list[str]:
    """Error against training time and against data: L2P as a ratio to interpolation at 5, 15, 30 and 45 frames."""
    titles = (("time", "minutes of training"), ("data", "minutes of clips (short runs, all alike)"))
    lines = []
    for name, title in titles:
        if curves.get(name):
            lines += [f"| {title} | 5 | 15 | 30 | 45 |", "|---" * 5 + "|",
                      *("| " + " | ".join(f"{v:.3g}" for v in row) + " |" for row in curves[name]), ""]
    if lines:
        lines = ["Held-out L2P as a ratio to interpolation at 5, 15, 30 and 45 missing frames:", "", *lines]
    return lines


# --- poses ------------------------------------------------------------------------------------------------------


def _pose(content: dict, size: str) -> list[str]:
    pose = content["pose"]
    return [f"{content['title']}. A masked variational autoencoder of {pose['latent']} numbers over the local "
            "rotations of the canonical 22 joints, two graphs (encoder, decoder): how plausible a pose is, the nearest "
            f"plausible one, the rest of one that was begun, random ones and blends. {size}", "",
            f"A pose counts as doubtful when what the model makes of it is off by more than {pose['most_error_mm']:g} "
            f"mm or its latent lies more than {pose['most_distance']:g} spreads out; real poses are off by "
            f"{pose['usual_error_mm']:g} mm in the middle."]


def _pose_figures(metrics: dict) -> list[str]:
    return ["| figure | value |", "|---|---|", *(f"| {name} | {metrics[key]:g} |" for key, name in POSE_FIGURES.items()
                                                if key in metrics)]


POSE_FIGURES = {
    "recon_mm": "reconstruction of held-out poses, mm",
    "recon_mm_pca": "the same by PCA of as many numbers, mm",
    "active_units": "active numbers of the latent",
    "valid_samples": "random poses of 10,000 within the joint limits of the data",
    "completion_mm": "completion from six joints: the hips' rotation, places of head, hands and feet, mm",
    "completion_mm_rotations": "completion from six rotations: hips, Spine1, upper arms and thighs, mm",
    "completion_mm_mean_pose": "the same rotations, and the mean pose for the rest, mm",
    "completion_mm_random_6": "completion from the rotations of six joints at random, mm",
    "doubtful_real": "held-out poses that it doubts",
    "doubtful_wrong": "poses with one limb turned at random that it doubts",
}

_KINDS = {
    "motion-generator": (
        _generator, "Clips that repeat a held-out one under another name were left out; mirrored clips, other tempos "
        "and sequences stitched together, from action to action, were added.", generator_tables),
    "motion-inbetweener": (
        _inbetweener, "Clips that repeat a held-out one under another name were left out; mirrored clips, slower and "
        "quicker ones, clips played backwards, and bodies put together of two were added.", gap_tables),
    "pose-vae": (_pose, "Clips that repeat a held-out one under another name were left out; mirrored poses and poses "
                 "put together of two were added.", _pose_figures),
}
