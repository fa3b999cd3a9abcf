# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that a texture generator is judged by, on pictures and features whose figures are known."""

import itertools
import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomli_w

pytest.importorskip("torch", reason="training needs torch; `make test` installs it")

from made_texture_pack import LOOKS, write_texture_pack

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack, verify_pack
from training.__main__ import main
from training.texture import evaluate as evaluating
from training.texture.classifier import train_classifier
from training.texture.features import CROP, SIZE, Lighting, light, load_network, normals, see
from training.texture.image_pack import ImagePack, Picture
from training.texture.kid import kid
from training.texture.looks import PLAIN
from training.texture.nearest import diversity, nearest_figures
from training.texture.quilting import BLOCK, OVERLAP, _right_of_cut, quilt
from training.texture.texture_card import write_card
from training.texture.texture_sheets import write_page
from training.texture.verdicts import verdict


def normal(count: int, seed: int, shift: float = 0.0, size: int = 8) -> np.ndarray:
    """Features (count, 1, size) about `shift`."""
    return np.random.default_rng(seed).normal(shift, 1.0, (count, 1, size))


# --- KID --------------------------------------------------------------------------------------------------------------


def test_kid_by_hand():
    """Two pictures a side, two features: kernels (a·b / 2 + 1)³, pairs of a side without a picture with itself."""
    a, b = np.array([[[1.0, 1.0]], [[2.0, 0.0]]]), np.array([[[0.0, 0.0]], [[0.0, 2.0]]])
    # within a: 1·2 + 1·0 = 2 -> 8; within b: 0 -> 1; between: 1, (2/2 + 1)³ = 8, 1, 1 -> mean 11 / 4
    assert kid(a, b).value == pytest.approx(8.0 + 1.0 - 2.0 * 11.0 / 4.0)


def test_kid_is_symmetric_and_grows_with_distance():
    a = normal(40, 0)
    far = [kid(a, normal(40, 1, shift)).value for shift in (0.0, 0.5, 1.0)]
    assert far[0] < far[1] < far[2]
    assert kid(normal(40, 1, 0.5), a).value == pytest.approx(far[1])
    assert kid(a[::-1], normal(40, 1, 0.5)).value == pytest.approx(far[1])


def test_kid_is_unbiased_with_few_pictures():
    """Its mean over many draws of one source is 0, though each draw has three pictures only."""
    values = [kid(normal(6, 2 * i), normal(3, 2 * i + 1), splits=1).value for i in range(1500)]
    assert abs(np.mean(values)) < 4.0 * np.std(values) / np.sqrt(len(values))
    assert np.std(values) > 0.1


def test_crops_of_one_picture_are_no_more_pictures():
    """Each picture said five times is the distance of saying it once, where pairing crops would not be."""
    a, b = normal(7, 0), normal(5, 1, 0.4)
    assert kid(np.repeat(a, 5, axis=1), np.repeat(b, 5, axis=1)).value == pytest.approx(kid(a, b).value)
    apart = kid(np.repeat(a, 5, axis=0), np.repeat(b, 5, axis=0)).value
    assert apart > kid(a, b).value + 0.1
    assert kid(a[:1], b) is None


# --- quilting ---------------------------------------------------------------------------------------------------------


def test_the_cut_is_the_cheapest_of_all_paths():
    rng = np.random.default_rng(0)
    for _ in range(20):
        differs = rng.random((5, 3))
        paths = [path for path in itertools.product(range(3), repeat=5)
                 if all(abs(a - b) <= 1 for a, b in itertools.pairwise(path))]
        best = min(paths, key=lambda path: sum(differs[y, x] for y, x in enumerate(path)))
        assert (_right_of_cut(differs, 6).argmax(axis=1) == best).all()


def test_quilting_takes_blocks_out_of_the_picture():
    """Every pixel is one of the source's, blocks of them in their old order; another seed lays another picture."""
    source = np.zeros((6, 64, 64), np.float32)
    source[0] = np.arange(64 * 64).reshape(64, 64) / 5000.0
    made = quilt(source, 100, np.random.default_rng(0))
    assert made.shape == (6, 100, 100)
    assert np.isin(made[0], source[0]).all()
    inside = made[0, OVERLAP:BLOCK - OVERLAP, OVERLAP:BLOCK - OVERLAP]
    assert np.allclose(np.diff(inside, axis=1), 1.0 / 5000.0, atol=1e-6)
    assert not np.array_equal(made, quilt(source, 100, np.random.default_rng(1)))
    assert np.array_equal(made, quilt(source, 100, np.random.default_rng(0)))


@pytest.mark.parametrize("tileable", [True, False])
def test_quilting_goes_on_with_a_pattern(tileable: bool):
    """A weave that an overlap shows all of: blocks that agree there keep step over the whole picture."""
    rows, columns = np.indices((96, 96))
    source = np.stack([((rows % 6) * 2.0 + (columns % 6 - 2.5) ** 2).astype(np.float32)] * 6)
    made = quilt(source, 128, np.random.default_rng(2), tileable)
    assert np.array_equal(made[:, :-6], made[:, 6:])
    assert np.array_equal(made[:, :, :-6], made[:, :, 6:])
    assert np.ptp(made) > 10.0


# --- classifier, copies, diversity ------------------------------------------------------------------------------------


def test_classifier_tells_classes_apart_however_many_pictures_they_have():
    learn = {"a": normal(60, 0), "b": normal(9, 1, 2.0), "c": normal(12, 2, -2.0)}
    classifier = train_classifier(learn)
    assert classifier.classes == ("a", "b", "c")
    for i, shift in enumerate((0.0, 2.0, -2.0)):
        shares = classifier.shares(normal(50, 10 + i, shift))
        assert shares.sum() == pytest.approx(1.0)
        assert shares[i] > 0.9
    assert train_classifier(learn).weights == pytest.approx(classifier.weights)
    assert train_classifier({"a": learn["a"]}).classes == train_classifier({}).classes == ()


def test_copies_are_found_and_new_pictures_are_not():
    training, held_out = normal(60, 0), normal(30, 1)
    fresh = nearest_figures(normal(30, 2), held_out, training)
    assert fresh["nearest_ratio"] == pytest.approx(1.0, abs=0.15)
    assert fresh["too_near"] <= 3
    copies = nearest_figures(training[:30] + 0.01 * normal(30, 3), held_out, training)
    assert copies["nearest_ratio"] < 0.05
    assert copies["too_near"] == 30
    assert diversity(normal(50, 4)) == pytest.approx(diversity(training), rel=0.1)
    assert diversity(0.2 * normal(50, 4)) == pytest.approx(0.2 * diversity(normal(50, 4)))


# --- features ---------------------------------------------------------------------------------------------------------


def test_normals_of_a_wave():
    """A sine of one period to the right and two upwards: its slopes are known."""
    edge, relief = 128, 0.05
    v, u = np.indices((edge, edge)) / edge
    height = 0.5 + 0.2 * np.sin(2 * np.pi * u) - 0.1 * np.cos(4 * np.pi * v)
    right, down = 0.4 * np.pi * np.cos(2 * np.pi * u), 0.4 * np.pi * np.sin(4 * np.pi * v)
    wanted = np.stack([-relief * right, relief * down, np.ones_like(u)], axis=-1)  # a slope upwards is one of -v
    wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
    assert normals(height, relief) == pytest.approx(wanted, abs=1e-3)
    assert normals(height, relief, wraps=False)[1:-1, 1:-1] == pytest.approx(wanted[1:-1, 1:-1], abs=1e-3)


def test_light_comes_from_the_left_and_shines_on_what_is_smooth():
    maps = np.full((6, 64, 64), 0.5, np.float32)
    maps[3] = 1.0 - np.abs(np.linspace(-1.0, 1.0, 64))  # a ridge from top to bottom
    lit = light(maps, Lighting(0.3, True, False), True)
    assert lit[:, 8:24].mean() > lit[:, 40:56].mean() + 0.1
    maps[4] = 0.2
    assert np.abs(light(maps, Lighting(0.3, True, False), True) - lit).max() > 0.02
    same = light(maps, Lighting(0.3, False, False), True)  # roughness and metallic not the picture's own
    maps[4:] = 0.9
    assert np.array_equal(light(maps, Lighting(0.3, False, False), True), same)


def test_crops_wrap_only_where_the_picture_does():
    maps = np.zeros((2, 6, 128, 128), np.float32)
    maps[:, 0] = np.arange(128) / 127.0  # jumps from 1 to 0 across its edges
    seen = []

    def network(pictures: np.ndarray) -> np.ndarray:
        seen.append(pictures)
        return np.zeros((len(pictures), SIZE), np.float32)

    found = see(network, maps, Lighting(0.05, True, False), 20, np.array([True, False]), np.array([False, True]))
    assert found.albedo.shape == (2, 20, SIZE) and found.lit.shape == (1, 20, SIZE)
    assert seen[0].shape == (40, 2 * CROP, 2 * CROP, 3) and seen[0].dtype == np.uint8
    jumps = np.abs(np.diff(seen[0][..., 0].astype(int), axis=2)).max(axis=(1, 2)) > 50
    assert jumps[:20].any() and not jumps[20:].any()


def test_without_the_network_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(GalateaError, match="pip install"):
        load_network()


def test_the_network_sees_a_moved_copy_as_the_same_picture():
    pytest.importorskip("efficientnet_lite_pytorch", reason="a measuring tool: pip install .[measure]")
    network, maps = load_network(), np.stack([made_maps("stone", seed) for seed in range(4)])
    lighting = Lighting(0.05, True, False)
    seen = see(network, maps, lighting, 2)
    moved = see(network, np.roll(maps[:1], (37, 75), axis=(2, 3)), lighting, 2, seed=9)
    far = np.linalg.norm(seen.lit.mean(axis=1) - moved.lit.mean(axis=1), axis=1)
    assert seen.albedo.shape == (4, 2, SIZE)
    assert far[0] < 0.7 * far[1:].min()


# --- verdicts ---------------------------------------------------------------------------------------------------------


def row(**changes) -> dict:
    good = {"training_sets": 40, "held_out_sets": 10, "in_pack": True, "class_accuracy": 0.9,
            "class_accuracy_real": 0.95, "class_accuracy_ratio": 0.95, "taken_for": {"stone": 0.9}, "seam_max": 0.9,
            "seam_share": 0.04, "too_near": 0, "made": 48, "diversity_ratio": 0.9}
    for ending in ("", "_lit"):
        good |= {f"kid{ending}": 0.03, f"kid_real{ending}": 0.0, f"kid_quilting{ending}": 0.05,
                 f"kid_other_class{ending}": 0.1, f"other_class{ending}": "metal"}
    return good | changes


@pytest.mark.parametrize(("changes", "stops", "weak"), [
    ({}, "", ""),
    ({"training_sets": 11}, "sets to learn from: 11", ""),
    ({"held_out_sets": 2}, "held out to judge it by: 2", ""),
    ({"kid": 0.06}, "in colour it is nearer to metal", ""),
    ({"kid_lit": 0.06}, "lit from the side it is nearer to metal", ""),
    ({"kid_lit": None}, "", ""),
    ({"kid": 0.045, "kid_quilting": 0.02}, "", "quilting of training pictures comes nearer"),
    ({"class_accuracy": 0.5, "class_accuracy_ratio": 0.53}, "", "a classifier names 50 % of it"),
    ({"too_near": 3}, "", "3 of 48 pictures"),
    ({"seam_share": 0.5, "seam_max": 3.0}, "", "seams"),
    ({"diversity_ratio": 0.3}, "", "differ 0.30 times"),
    ({"in_pack": False}, "not offer it", ""),
])
def test_verdicts(changes: dict, stops: str, weak: str):
    ships, stopped, weakly = verdict(row(**changes))
    assert ships == (not stops)
    assert stops in "; ".join(stopped) and bool(stopped) == bool(stops)
    assert weak in "; ".join(weakly) and bool(weakly) == bool(weak)


# --- the whole of it --------------------------------------------------------------------------------------------------


def made_maps(name: str, seed: int, edge: int = 128) -> np.ndarray:
    """A material (6, edge, edge) with waves in the class's direction and colour; tileable."""
    rng = np.random.default_rng(seed)
    v, u = np.indices((edge, edge)) / edge
    across, along = {"stone": (2, 5), "leather": (9, 1)}.get(name, (4, 4))
    waves = sum(np.sin(2 * np.pi * (across * k * u + along * k * v + rng.random())) / k for k in (1, 2, 3))
    height = np.clip(0.5 + 0.2 * waves + 0.05 * rng.standard_normal((edge, edge)), 0.0, 1.0)
    colour = {"stone": (0.5, 0.5, 0.46), "leather": (0.42, 0.25, 0.15)}.get(name, (0.8, 0.6, 0.5))
    albedo = [tone * (0.6 + 0.6 * height + 0.1 * rng.standard_normal()) for tone in colour]
    return np.clip(np.stack([*albedo, height, 0.8 - 0.3 * height, np.zeros_like(u)]), 0.0, 1.0).astype(np.float32)


@pytest.fixture(scope="module")
def pictures() -> ImagePack:
    """Two classes of the made pack with enough pictures, one of them without heights, and one that it has not."""
    items, classes = [], {"stone": 13, "leather": 16, "slate": 4}
    for name, count in classes.items():
        for i in range(count):
            held_out = name != "slate" and i % 4 == 0
            items.append(Picture.of(
                made_maps(name, 100 * len(name) + i, 256), f"{name}_{i}", name, tileable=i % 3 > 0,
                known=(True, True, True) if name == "leather" else (False, False, True),
                split="test" if held_out else "train", source="a formula",
                licence="CC-BY-3.0" if name == "stone" else "CC0-1.0", credit="A. Painter" if name == "stone" else ""))
    looks = {name: replace(PLAIN, relief=0.05, procedural=LOOKS.get(name, {}).get("procedural", False))
             for name in classes}
    return ImagePack(tuple(items), looks)


def little_network(pictures: np.ndarray) -> np.ndarray:
    """Stands in for EfficientNet: means and spreads of colours and of steps in both directions, spread out to 1,280."""
    rows = pictures.astype(np.float64) / 255.0
    steps = [np.diff(rows, axis=axis)[:, :200, :200] for axis in (1, 2)]
    few = np.concatenate([each.reshape(len(rows), -1, 3).mean(axis=1) for each in (rows, *map(np.abs, steps))]
                         + [rows.reshape(len(rows), -1, 3).std(axis=1)], axis=1) if len(rows) else np.zeros((0, 12))
    return (4.0 * few @ np.random.default_rng(0).normal(size=(12, SIZE))).astype(np.float32)


@pytest.fixture(scope="module")
def measured(pictures: ImagePack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """(image pack, pack, report) of an evaluation that was recorded."""
    folder = tmp_path_factory.mktemp("measured")
    data, out = folder / "pictures.npz", folder / "report"
    pictures.save(data)
    pack = write_texture_pack(folder / "made-textures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluating, "load_network", lambda: little_network)
        evaluating.evaluate(data, pack, out, record=True, quick=True)
    return data, pack, out


def test_figures_have_the_form_that_others_read(measured: tuple[Path, Path, Path]):
    metrics = json.loads((measured[2] / "metrics.json").read_text())
    assert list(metrics["classes"]) == ["stone", "leather", "slate"]
    assert metrics["unmeasured"] == ["skin", "chainmail"]
    for name in ("stone", "leather"):
        figures = metrics["classes"][name]
        for figure in ("kid", "kid_real", "kid_quilting", "kid_other_class", "class_accuracy_ratio", "seam_max",
                       "nearest_ratio", "diversity_ratio"):
            assert isinstance(figures[figure], float), figure
        assert figures["in_pack"] and figures["made"] == 16
        assert abs(figures["kid_real"]) < figures["kid_other_class"]
    stone, leather, slate = metrics["classes"].values()
    assert stone["kid_lit"] is None and leather["kid_lit"] is not None  # real stone has no heights here
    assert stone["training_sets"] == 9 and stone["held_out_sets"] == 4
    assert not stone["ships"] and "sets to learn from: 9" in stone["stops"][0]
    assert not slate["in_pack"] and slate["kid"] is None and slate["held_out_sets"] == 0
    assert stone["quilting"]["nearest_ratio"] < 0.7  # quilted pictures are patched copies, and are found out


def test_a_second_time_gives_the_same_figures(measured: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch):
    """Features of real pictures are kept beside the report; with them or without, figures are the same."""
    data, pack, out = measured
    before = json.loads((out / "metrics.json").read_text())
    assert len(list((out / "features").iterdir())) == 3
    monkeypatch.setattr(evaluating, "load_network", lambda: little_network)
    evaluating.evaluate(data, pack, out, quick=True)
    after = json.loads((out / "metrics.json").read_text())
    assert after["classes"] == before["classes"]


def test_tables_keep_real_and_procedural_classes_apart(measured: tuple[Path, Path, Path]):
    tables = (measured[2] / "tables.md").read_text()
    real, baked = tables.index("Classes of real pictures"), tables.index("Classes of pictures that Galatea baked")
    assert real < tables.index("| stone | 9, 4 |") < baked < tables.index("| leather | 12, 4 |")
    assert "| slate | waits |" in tables and "Not measured, for want of pictures: skin, chainmail." in tables
    for name in ("kid", "taken_for", "copying"):
        assert (measured[2] / f"{name}.png").stat().st_size > 1000


def test_the_card_says_what_ships_and_what_waits(measured: tuple[Path, Path, Path]):
    pack = measured[1]
    assert all(finding.ok for finding in verify_pack(read_pack(pack)))
    written = (pack / "README.md").read_text()
    assert "--record" not in written and "python -m training evaluate texture-generator" in written
    assert "Waiting: slate (sets to learn from: 4" in written
    content = tomllib.loads((pack / "pack.toml").read_text())
    assert content["metrics"]["classes"]["leather"]["procedural"]

    assert "CC0-1.0" in written


def test_the_card_of_a_pack_that_was_not_measured(tmp_path: Path):
    folder = write_texture_pack(tmp_path / "fresh")
    content = tomllib.loads((folder / "pack.toml").read_text())
    content |= {"training": {"command": "python -m training train", "steps": 10, "seconds": 120.0,
                             "pictures_shown": 1600, "hardware": "2 cores"}, "limits": ["stone: grey."]}
    (folder / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    write_card(folder)
    card = (folder / "README.md").read_text()
    assert "Not measured yet" in card and "- stone: grey." in card and "| a formula |" in card
    assert "10 steps, 1,600 pictures shown, in 2 minutes on 2 cores" in card


def test_pictures_that_a_pack_was_trained_on_do_not_measure_it(pictures: ImagePack, tmp_path: Path):
    pack = write_texture_pack(tmp_path / "pack")
    content = tomllib.loads((pack / "pack.toml").read_text())
    held_out = pictures.only(["leather"], "test").items[1]
    content["training"] = {"pictures": [held_out.sha256]}
    (pack / "pack.toml").write_bytes(tomli_w.dumps(content).encode())
    pictures.save(tmp_path / "pictures.npz")
    with pytest.raises(GalateaError, match=f"{held_out.name}, are among those"):
        evaluating.evaluate(tmp_path / "pictures.npz", pack, tmp_path / "report")


def test_sheets_and_the_page_of_what_is_not_good_enough(measured: tuple[Path, Path, Path]):
    data, pack, out = measured
    assert main(["evaluate", "texture-generator", "--data", str(data), "--pack", str(pack), "--out", str(out),
                 "--sheets", "named"]) == 0
    write_page(read_pack(pack), out, ["leather: has no pores.", "Nothing has scratches."])
    assert {path.stem for path in out.glob("*.jpg")} >= {"skin", "leather", "chainmail", "stone"}
    page = (out / "not_good_enough.md").read_text()
    assert "This class is not good enough because\n\n- sets to learn from: 9" in page
    assert "- has no pores." in page and "- Nothing has scratches." in page


@pytest.mark.parametrize(("change", "words"), [
    (lambda pack: ImagePack(tuple(p for p in pack.items if p.kind == "slate"), {"slate": PLAIN}), "no pictures of"),
    (lambda pack: pack.only(split="train"), "holds no picture back"),
])
def test_data_that_nothing_can_be_measured_with_is_refused_in_one_line(pictures: ImagePack, tmp_path: Path, change,
                                                                     words: str):
    change(pictures).save(tmp_path / "pictures.npz")
    with pytest.raises(GalateaError, match=words):
        evaluating.evaluate(tmp_path / "pictures.npz", write_texture_pack(tmp_path / "pack"), tmp_path / "report")
    assert not (tmp_path / "report").exists()
