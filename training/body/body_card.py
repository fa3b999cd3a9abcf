# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a body-VAE pack, written from its pack.toml so that the two cannot disagree."""

from __future__ import annotations

import tomllib
from pathlib import Path

FIGURES = {
    "mae_mm.vae": "predicted from stature, weight and sex by the VAE, mm",
    "mae_mm.pca": "the same by principal components, mm",
    "mae_mm.linear": "the same by linear regression, mm",
    "recon_mm.vae": "encoded and decoded by the VAE, mm",
    "recon_mm.pca": "the same by principal components in its place, mm",
    "recon_mm.pca_plain": "the same by plain principal components of as many numbers, mm",
    "completed_mm.ships": "told from nine tape measurements and the sex by this pack, mm",
    "completed_mm.linear": "the same by linear regression, mm",
    "sample_mean_error": "drawn people: a measurement's mean is off by at most, as a share",
    "sample_std_error": "drawn people: its spread is off by at most, as a share",
    "correlation_error": "drawn people: a correlation is off by, on average",
    "impossible": "drawn people who cannot be, of 10,000",
    "redrawn": "share of draws that were such and were drawn again",
    "nearest_ratio": "distance of drawn people to the nearest training one over that of held-out people",
}
_WHOM = (
    "The people are soldiers and reservists of the US Army, 17 to 58 years old (half of them under 29), measured from "
    "2010 to 2012; two in three are men. An army takes nobody very small, very tall or infirm and asks for fitness: a "
    "fifth have a BMI of 30 or more but hardly anyone one of 35, next to nobody is thin, and there are no children and "
    "no old people. 'Sex' is what the survey wrote down, and between 0 and 1 the model mixes what it learnt of both. "
    "Ask it for what is usual among such people and it is right; near the ends of its ranges it guesses.")


def write_card(folder: Path) -> None:
    """Write README.md beside pack.toml: what it is, of whom it learnt, what was measured and what follows from that."""
    content = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    body, training, metrics = content["body"], content["training"], content["metrics"]
    size = sum(graph["bytes"] for graph in content["graphs"]) / 1e3
    data = content["data"][0]
    ranges = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in body["ranges"].items())
    lines = [
        f"# {content['id']} {content['version']}", "",
        f"{content['title']}. {len(body['names'])} measurements from {body['latent']} numbers and, as far as they are "
        "asked for, sex, stature, weight and age; and the numbers of a body from any of its measurements. "
        f"{size:.0f} kB, weights {content['licence']}.", "",
        f"It can be asked for {ranges} (metres, kilograms, years; sex from 0, female, to 1, male).", "",
        "## Which model ships", "", *_which(content), "",
        "## Data", "", "| source | people | women | licence |", "|---|---|---|---|",
        f"| [{data['name']}]({data['url']}) | {data['people']} | {data['women']} | {data['licence']} |", "", _WHOM, "",
        f"A fifth of the survey is held out by a hash of the subject's id, and {training['judges']} people more chose "
        "between weights.", "",
        "## Training", "",
        f"`{training['command']}`, then `python -m training export body-vae`. {training['steps']} steps in "
        f"{training['seconds']} seconds on {training['hardware']}.", "",
        "## Figures", "",
    ]
    if metrics:
        lines += [f"`{metrics['command']}`", "", metrics["about"], "", "| figure | value |", "|---|---|",
                  *(f"| {words} | {_value(metrics, key)} |" for key, words in FIGURES.items()), "",
                  *measure_table(metrics), ""]
    else:
        lines += ["Not measured yet: run `python -m training evaluate body-vae`.", ""]
    if content.get("limits"):
        lines += ["## Limits", "", *(f"- {limit}" for limit in content["limits"]), ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def measure_table(metrics: dict) -> list[str]:
    """Markdown: the error of each measurement that a mesh follows, by what ships and by linear regression."""
    return ["Predicted from stature, weight and sex, mean absolute error in mm:", "",
            "| measurement | this pack | linear regression |", "|---|---|---|",
            *(f"| {name} | {own:.1f} | {linear:.1f} |" for name, (own, linear) in metrics["measures_mm"].items())]


def _which(content: dict) -> list[str]:
    judged, body = content["training"]["judged"], content["body"]
    told = "; ".join(f"{words} {judged[name]['vae']:.2f} mm by the VAE, {judged[name]['pca']:.2f} mm by principal "
                     "components" for name, words in (("predicted_mm", "predicted from stature, weight and sex"),
                                                      ("recon_mm", "encoded and decoded")))
    rule = ("The VAE ships if it beats principal components of as many numbers by a twentieth at both. On the people "
            f"set aside for judging: {told}.")
    if body["model"] == "vae":
        return [f"{rule} It does, so the VAE ships."]
    return [f"{rule} **It does not, so principal components ship in its place**, by the same graphs: of logarithms, "
            "beside what stature, weight, age and sex lead one to expect, with an encoder that is exact for any "
            "measurements that are known. The VAE lies beside them (`vae_encoder`, `vae_decoder`) so that the figures "
            "below can be measured again; nothing else uses it. That is what one expects: the logarithms of "
            "measurements of adults are very nearly normal and linear in one another, and there a VAE has nothing to "
            "find that principal components do not."]


def _value(metrics: dict, key: str) -> str:
    for part in key.split("."):
        metrics = metrics[part]
    return f"{metrics:g}"
