# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a made survey, train a tiny body VAE, stop, go on, export, evaluate, and draw people as the add-on does."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from made_people import made_people, write_survey

from blender_addon.character.measurements import INDEX, NAMES, WEIGHT
from blender_addon.character.people import draw_people, open_people, person_like, tell
from blender_addon.inference.packs import read_pack, verify_pack
from training.__main__ import main
from training.body.bodies import BodyShape, inverse
from training.body.body_vae import BodyVae, masks
from training.body.components import Components
from training.body.evaluate_body import plain_components, regression, sample_errors
from training.body.export_body import Decoder, Encoder, load_run, round_weights, vae_is_better
from training.body.survey import Survey, load_survey, part_of

STEPS = 32


def train(people: Path, run: Path, *more: str) -> int:
    return main(["train", "body-vae", "--data", str(people), "--run", str(run), "--steps", str(STEPS), "--size", "tiny",
                 "--checkpoint-every", "8", *more])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_survey(tmp_path_factory.mktemp("survey"))


@pytest.fixture(scope="module")
def people(folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("people") / "people.npz"
    assert main(["prepare", "body-vae", "--data", str(folder), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def survey(people) -> Survey:
    return load_survey(people)


@pytest.fixture(scope="module")
def trained(people, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("run")
    assert train(people, run) == 0
    return run


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory) -> Path:
    pack = tmp_path_factory.mktemp("packs") / "tiny-bodies"
    assert main(["export", "body-vae", "--run", str(trained), "--out", str(pack)]) == 0
    return pack


# --- reading ----------------------------------------------------------------------------------------------------


def test_units_sexes_and_parts(survey):
    measures, sex, age = made_people(240)
    assert len(survey.subjects) == 240
    at = [int(subject) - 20_000 for subject in survey.subjects]
    assert np.abs(survey.measures - measures[at]).max() < 0.06  # kg; a table has tenths of them
    assert np.abs(survey.measures - measures[at])[:, :INDEX[WEIGHT]].max() < 0.00051
    assert np.array_equal(survey.about[:, 0], sex[at]) and np.array_equal(survey.about[:, 3], age[at])
    assert np.array_equal(survey.about[:, 1], survey.measures[:, INDEX["stature"]])
    shares = [np.mean([part_of(str(i)) == part for i in range(20_000)]) for part in ("train", "judge", "held")]
    assert np.allclose(shares, (0.72, 0.08, 0.20), atol=0.01)


@pytest.mark.parametrize(("change", "said"), [
    (lambda text: text.replace("stature", "height"), "has no column stature"),
    (lambda text: text.replace("Female", "F"), "Gender is 'F'"),
    (lambda text: text.replace("20002,", "20000,"), "is there twice"),
    (lambda text: text.replace("\n20002,2", "\n20002,x2"), "abdominalextensiondepthsitting is 'x2"),
    (lambda text: text.replace("\n20002,", "\n20002,-"), "must be a number above 0"),
])
def test_a_wrong_table_is_told_in_one_line(folder, tmp_path, capsys, change, said):
    text = (folder / "made_FEMALE.csv").read_text(encoding="latin-1")
    (tmp_path / "made.csv").write_text(change(text), encoding="latin-1")
    assert main(["prepare", "body-vae", "--data", str(tmp_path), "--out", str(tmp_path / "x.npz")]) == 1
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_other_units_are_noticed(folder, tmp_path, capsys):
    rows = [line.split(",") for line in (folder / "made_MALE.csv").read_text(encoding="latin-1").splitlines()]
    at = rows[0].index(WEIGHT)
    for row in rows[1:]:
        row[at] = str(int(row[at]) // 10)  # kilograms, where the survey has tenths
    (tmp_path / "made.csv").write_text("\n".join(",".join(row) for row in rows), encoding="latin-1")
    assert main(["prepare", "body-vae", "--data", str(tmp_path), "--out", str(tmp_path / "x.npz")]) == 1
    assert "are the units millimetres" in capsys.readouterr().err
    assert main(["prepare", "body-vae", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "x.npz")]) == 1


# --- the models -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def components(survey) -> Components:
    return Components(BodyShape(code=4)).fit(*survey.of("train"))


def test_inverses():
    """Of matrices as far from the identity as those of 93 measurements that are sure to a twentieth."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(5, 40, 40)))[0]
    square = axes * np.geomspace(60.0, 0.0025, 40) @ axes.swapaxes(1, 2)
    assert np.abs(inverse(torch.as_tensor(square)).numpy() @ square - np.eye(40)).max() < 1e-6


def test_what_is_not_given_is_drawn_from_the_normal_that_is_left(components):
    """Weight and age given the stature, against the normal's own formulas."""
    torch.manual_seed(0)
    about = torch.tensor([[1.0, 1.85, 1.0, 1.0]]).expand(40_000, 4)
    given = torch.tensor([[1.0, 1.0, 0.0, 0.0]]).expand(40_000, 4)
    _, asked = components.complete(torch.randn(40_000, 4), about, given)
    mean, cover = components.usual[1].numpy(), (components.mix[1] @ components.mix[1].T).numpy()
    wanted = float(components.standardised(about[:1], given[:1])[0, 0])
    assert asked[:, 0].numpy() == pytest.approx(wanted, abs=1e-5)
    slope = cover[1:, 0] / cover[0, 0]
    assert np.allclose(asked[:, 1:].mean(dim=0), mean[1:] + slope * (wanted - mean[0]), atol=0.02)
    assert np.allclose(np.cov(asked[:, 1:].T), cover[1:, 1:] - np.outer(slope, cover[0, 1:]), atol=0.03)


def test_given_or_not_people_come_out_as_in_the_survey(components, survey):
    torch.manual_seed(1)
    count, women = 20_000, survey.of("train")[1][:, 0] < 0.5
    sizes = components.shape.latent, len(NAMES), 4
    draws = [torch.randn(count, size) for size in sizes[:2]]
    about, given = torch.zeros(count, 4), torch.zeros(count, 4)
    measures, who = components.decode(*draws, about, given)
    assert 0.48 < who[:, 0].mean() < 0.52 and who[:, 3].min() >= 17.0 and who[:, 3].max() <= 58.0
    assert torch.allclose(who[:, 1], measures[:, INDEX["stature"]])
    drawn, real = measures.numpy()[who[:, 0].numpy() < 0.5], survey.of("train")[0][women]
    assert np.abs(drawn.mean(axis=0) / real.mean(axis=0) - 1.0).max() < 0.01
    assert np.abs(drawn.std(axis=0) / real.std(axis=0) - 1.0).max() < 0.08


def test_the_encoder_of_components_is_the_exact_posterior(components, survey):
    """Against the normal conditioned in float64, of what is known: a few measurements, the sex and the age."""
    measures, about = (array[:6] for array in survey.of("held"))
    known, given = np.zeros_like(measures), np.tile([1.0, 0.0, 0.0, 1.0], (6, 1))
    few = [INDEX[name] for name in ("chestcircumference", "thighcircumference", "handlength", "span")]
    known[:, [*few, INDEX["stature"]]] = 1.0
    mean, log_spread, detail = components.encode(*(torch.as_tensor(array, dtype=torch.float32)
                                                   for array in (measures, known, about, given)))
    get = {name: value.double().numpy() for name, value in components.state_dict().items()}
    for row in range(6):
        sex = int(about[row, 0])
        # columns: draws of stature, weight and age, code, details; rows: stature, age, measurements
        slopes = np.zeros((len(few) + 2, 3 + components.shape.code + 93))
        slopes[:2, :3] = get["mix"][sex][[0, 2]]
        spread = get["spread"][sex][few, None]
        slopes[2:, :3] = get["expected"][sex][1:].T[few] @ get["mix"][sex] / spread
        slopes[2:, 3:-93] = get["loadings"][few]
        slopes[2:, -93:] = get["rest"].T[few]
        usual = get["expected"][sex][0] + get["usual"][sex] @ get["expected"][sex][1:]
        who = (np.log(about[row, [1, 3]] - [0.0, 15.0]) - get["centre"][[0, 2]]) / get["scale"][[0, 2]]
        seen = np.append(who - get["usual"][sex][[0, 2]], (np.log(measures[row, few]) - usual[few]) / spread[:, 0])
        doubt = np.diag(0.05 ** 2 * (slopes ** 2).sum(axis=1))
        gain = slopes.T @ np.linalg.inv(slopes @ slopes.T + doubt)
        left = np.diag(np.eye(len(gain)) - gain @ slopes)
        assert np.allclose(np.append(mean[row, 1:], detail[row]), gain @ seen, atol=5e-3)
        assert np.allclose(np.exp(log_spread[row, 1:]), np.sqrt(left)[:-93], atol=5e-3)


def test_known_measurements_come_out_as_they_went_in(components, survey):
    measures, about = (torch.as_tensor(array[:20], dtype=torch.float32) for array in survey.of("held"))
    known = (torch.rand(measures.shape, generator=torch.Generator().manual_seed(3)) < 0.5).float()
    latent, _, detail = components.encode(measures, known, about, torch.ones(20, 4))
    made = components.decode(latent, detail, about, torch.ones(20, 4))[0]
    off = (made / measures - 1.0).abs()
    assert off[known > 0.5].mean() < 0.002 < off[known < 0.5].mean()


def test_codes_are_found_again(components):
    torch.manual_seed(2)
    latent = torch.randn(50, components.shape.latent)
    about, everything = torch.tensor([[1.0, 1.0, 1.0, 1.0]]).expand(50, 4), torch.ones(50, 4)
    measures, who = components.decode(latent, torch.zeros(50, len(NAMES)), about,
                                      torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(50, 4))
    mean, *_ = components.encode(measures, torch.ones_like(measures), who, everything)
    assert torch.corrcoef(torch.stack([mean[:, 4:].flatten(), latent[:, 4:].flatten()]))[0, 1] > 0.97


def test_masks_show_all_or_some():
    known, given = masks(2000, torch.Generator().manual_seed(0))
    whole = known.all(dim=1) & given.all(dim=1)
    assert 0.45 < whole.float().mean() < 0.56
    assert 0.2 < known[~whole].mean() < 0.5


def test_the_vae_begins_linear_and_whitens(survey):
    torch.manual_seed(0)
    vae = BodyVae(BodyShape(code=4, hidden=16)).eval()
    vae.fit_expected(*survey.of("train"))
    people, about = (torch.as_tensor(array, dtype=torch.float32) for array in survey.of("train"))
    code, sex, asked = torch.randn(3, 4), torch.zeros(3, 1), torch.randn(3, 3)
    straight = vae.deviations(2.0 * code, sex, asked) - vae.deviations(0.0 * code, sex, asked)
    assert torch.allclose(straight, 2.0 * (vae.deviations(code, sex, asked) - vae.deviations(0.0 * code, sex, asked)),
                          atol=1e-5)
    vae.whiten(people, about)
    mean, log_spread, _ = vae.encode(people, torch.ones_like(people), about, torch.ones_like(about))
    assert mean[:, 4:].mean(dim=0).abs().max() < 1e-3
    cover = torch.cov(mean[:, 4:].T) + torch.diag(torch.exp(2.0 * log_spread[:, 4:]).mean(dim=0))
    assert torch.allclose(torch.diag(cover), torch.ones(4), atol=0.02)


# --- runs and packs ---------------------------------------------------------------------------------------------


def test_a_stopped_run_goes_on_to_the_same_weights(people, trained, tmp_path):
    assert train(people, tmp_path, "--stop-after", "16") == 0
    assert train(people, tmp_path) == 0
    one, other = (torch.load(run / "checkpoint.pt", weights_only=True)["model"] for run in (trained, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_vae_ships_only_where_it_is_better_by_a_twentieth():
    for vae, recon, ships in ((9.4, 4.7, True), (9.6, 4.7, False), (9.4, 4.8, False)):
        judged = {"predicted_mm": {"vae": vae, "pca": 10.0}, "recon_mm": {"vae": recon, "pca": 5.0}}
        assert vae_is_better(judged) == ships


def test_the_graphs_say_what_torch_says(trained, exported, survey):
    pack = read_pack(exported)
    assert all(finding.ok for finding in verify_pack(pack))
    assert pack.content["body"]["model"] == "components"  # 32 steps teach a VAE little
    vae, components, _, _ = load_run(trained)
    measures, about = (torch.as_tensor(array[:20], dtype=torch.float32) for array in survey.of("held"))
    known = (torch.rand(measures.shape, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    given = torch.tensor([[1.0, 1.0, 0.0, 1.0]]).expand(20, 4)
    for model, prefix in ((components, ""), (vae, "vae_")):
        round_weights(model)
        with torch.no_grad():
            mean, log_spread, detail = Encoder(model).eval()(measures, known, about, given)
            made = Decoder(model).eval()(mean, torch.ones_like(measures), about, given)
        from blender_addon.inference.sessions import open_session
        told = {name: value.numpy() for name, value in (("about", about), ("given", given.contiguous()))}
        found = open_session(pack, prefix + "encoder", "cpu").run({"measures": measures.numpy(), "known": known.numpy(),
                                                                   **told})
        # stature and weight go together so closely in the made survey that rounding moves their draws, not the body
        for name, value, near in (("mean", mean, 0.03), ("log_spread", log_spread, 2e-3), ("detail", detail, 2e-3)):
            assert np.allclose(found[name], value, atol=near), name
        with torch.no_grad():
            bodies = [model.decode(torch.as_tensor(m), torch.as_tensor(d), about, given)[0]
                      for m, d in ((mean, detail), (found["mean"], found["detail"]))]
        assert torch.allclose(*bodies, rtol=2e-3)
        again = open_session(pack, prefix + "decoder", "cpu").run({"latent": mean.numpy(), **told,
                                                                   "detail": np.ones((20, 93), np.float32)})
        assert np.allclose(again["measures"], made[0], rtol=1e-4) and np.allclose(again["who"], made[1], rtol=1e-4)


def test_people_out_of_the_pack(exported, survey):
    people = open_people(read_pack(exported))
    drawn = draw_people(people, 30, seed=3, sex=1.0, stature=1.80)
    assert all(body["stature"] == 1.80 for body in drawn)
    weights = [body[WEIGHT] for body in drawn]
    heavy = draw_people(people, 30, seed=3, sex=1.0, stature=1.80, weight=float(np.mean(weights)) * 1.2)
    # the heavier are rounder
    assert np.mean([body["waistcircumference"] for body in heavy]) > np.mean([body["waistcircumference"]
                                                                               for body in drawn])
    whole = survey.of("held")[0][0]
    some = {name: float(whole[INDEX[name]]) for name in NAMES if name not in ("span", "thighcircumference")}
    like = person_like(people, some, sex=float(survey.of("held")[1][0, 0]))
    assert like["span"] == pytest.approx(whole[INDEX["span"]], rel=0.02)
    assert like["thighcircumference"] == pytest.approx(whole[INDEX["thighcircumference"]], rel=0.03)
    usual = tell(people, np.zeros((1, people.latent)), np.zeros((1, 93)), np.ones(4), np.zeros(4))[0]
    assert np.allclose(usual, draw_people(people, 1, seed=0, sex=0.0, variety=0.0)[0].measured, rtol=1e-3)


def test_baselines_on_a_plane():
    """Measures that are a linear map of sex, stature and weight are told exactly; of rank three, so are logarithms."""
    measures, sex, age = made_people(60)
    about = np.column_stack([sex, measures[:, INDEX["stature"]], measures[:, INDEX[WEIGHT]], age])
    flat = np.column_stack([np.ones(60), about[:, :3]]) @ np.random.default_rng(0).random((4, 93))
    assert np.allclose(regression(flat[:40], about[:40, :3], about[40:, :3]), flat[40:])
    rng = np.random.default_rng(1)
    logs = rng.normal(size=(60, 3)) @ rng.normal(0.0, 0.1, (3, 93))
    assert np.allclose(plain_components(np.exp(logs[:40]), np.exp(logs[40:]), 4), np.exp(logs[40:]))


def test_drawn_people_are_judged_by_the_worst_measurement(survey):
    drawn = survey.measures.copy(), survey.about[:, 0]
    assert sample_errors(drawn, survey) == {"sample_mean_error": 0.0, "sample_std_error": 0.0, "correlation_error": 0.0}
    drawn[0][:, 5] *= 1.5
    found = sample_errors(drawn, survey)
    assert found["sample_mean_error"] == pytest.approx(0.5) and found["sample_std_error"] == pytest.approx(0.5)
    assert found["correlation_error"] < 1e-9


def test_evaluation(people, exported, tmp_path, monkeypatch):
    monkeypatch.setattr("training.body.evaluate_body.SAMPLES", 400)
    assert main(["evaluate", "body-vae", "--data", str(people), "--pack", str(exported), "--out", str(tmp_path),
                 "--record"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(metrics["mae_mm"]) == {"vae", "pca", "linear"} and metrics["impossible"] == 0 and metrics["n"] == 400
    assert metrics["mae_mm"]["pca"] == pytest.approx(metrics["ships_mae_mm"], rel=0.01)
    assert {"sample_mean_error", "sample_std_error", "correlation_error"} <= set(metrics)
    assert (tmp_path / "pairs.png").stat().st_size > 1000
    assert tomllib.loads((exported / "pack.toml").read_text())["metrics"]["n"] == 400
    card = (exported / "README.md").read_text()
    assert "principal components ship in its place" in card and "soldiers" in card and "| stature |" not in card


def test_a_run_that_is_none_is_told(tmp_path, capsys):
    assert main(["export", "body-vae", "--run", str(tmp_path), "--out", str(tmp_path / "pack")]) == 1
    assert "not a training run" in capsys.readouterr().err
    assert main(["train", "body-vae", "--data", str(tmp_path / "no.npz"), "--run", str(tmp_path / "run")]) == 1
    assert "no prepared survey" in capsys.readouterr().err
