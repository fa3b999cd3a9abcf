# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a generator's metrics.json, for its report and its card."""

from __future__ import annotations

_OVERALL = {
    "accuracy": "takes named rightly by the recogniser, mean over actions",
    "accuracy_ratio": "the same as a share of real motion's",
    "frechet": "Fréchet distance from one half of the held-out motion",
    "frechet_real": "that of the other half (equally many windows)",
    "frechet_ratio": "ratio of the two",
    "frechet_train": "that of training clips",
    "frechet_late_ratio": "ends of long runs against their beginnings, Fréchet distances",
    "diversity_ratio": "diversity / real",
    "jerk_ratio": "jerk / real",
    "bone_error_mm": "bones longer or shorter by at most, mm",
    "path_error_m_per_10m": "metres from where it should be on 10 m, worst path",
    "path_error_cleaned": "the same after clean-up",
    "nearest_train_ratio": "distance to the nearest training window / that of held-out clips",
    "takes_too_near": "share of takes nearer than every held-out clip",
}
_BY_ACTION = {
    "survived_frames": "frames survived", "energy_ratio": "energy / real", "energy_ratio_least": "least",
    "energy_ratio_most": "most", "skate_cm_s": "skate cm/s", "skate_ratio": "skate / real",
    "skate_ratio_cleaned": "after clean-up", "accuracy": "named rightly", "accuracy_real": "real",
    "diversity_ratio": "diversity / real", "jerk_ratio": "jerk / real", "frechet": "Fréchet",
    "nearest_cm": "nearest cm", "nearest_real_cm": "real", "takes_too_near": "takes too near",
    "steps_ratio": "steps / real", "hips_lowest": "hips lowest", "hips_highest": "highest",
    "knee_least_deg": "knee least °",
}
_COMPARED = ("accuracy", "skate_ratio", "skate_ratio_cleaned", "jerk_ratio", "energy_ratio")


def generator_tables(metrics: dict) -> list[str]:
    """Markdown: all ways side by side, the model by action, what it is told and does, ways by action."""
    ways = {"model": metrics, **metrics["baselines"]}
    lines = _table(["figure", *ways], [[words, *(_number(way.get(name)) for way in ways.values())]
                                       for name, words in _OVERALL.items()])
    shared = metrics["shared"]
    if len(shared["actions"]) and len(ways) > 1:
        lines += ["", f"Over the {len(shared['actions'])} actions that all of them know:", ""]
        lines += _table(["figure", *ways], [[words, *(_number(shared[name].get(figure)) for name in ways)]
                                            for figure, words in _OVERALL.items() if figure in shared["model"]])
    lines += ["", "By action:", ""]
    columns = [name for name in _BY_ACTION if any(name in row for row in metrics["actions"].values())]
    lines += _table(["action", *(_BY_ACTION[name] for name in columns)],
                    [[action, *(_number(row.get(name)) for name in columns)]
                     for action, row in metrics["actions"].items()])
    if metrics["path_errors"]:
        lines += ["", "Metres from where it should be at each moment of a path of 10 m (from the path; from where it "
                  "should be, after clean-up), and metres travelled / asked at 0.7, 1 and 1.3 of the natural pace:", "",
                  *_obedience(ways)]
    if len(ways) > 1:
        lines += ["", "Ways by action: " + ", ".join(_BY_ACTION[name] for name in _COMPARED) + ".", ""]
        lines += _table(["action", *ways], [
            [action, *(" · ".join(_number(way["actions"].get(action, {}).get(name)) for name in _COMPARED)
                       for way in ways.values())] for action in metrics["actions"]])
    return lines


def _obedience(ways: dict[str, dict]) -> list[str]:
    rows = []
    for name, way in ways.items():
        for action, shapes in way["path_errors"].items():
            speeds = way["speed_ratios"][action]
            rows.append([name, action, *(f"{row['then']:.2f} ({row['off']:.2f}; {row['then_cleaned']:.2f})"
                                         for row in shapes.values()),
                         *(f"{ratio:.2f}" for ratio in speeds.values())])
    first = next(way for way in ways.values() if way["path_errors"])
    shapes = next(iter(first["path_errors"].values()))
    speeds = next(iter(first["speed_ratios"].values()))
    return _table(["way", "action", *shapes, *speeds], rows)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
