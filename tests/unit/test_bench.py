# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's form: what others read out of bench.json. How fast anything is, is not a test's business."""

import json
import math
import sys

import made_packs
import made_texture_pack
import pytest

from bench import bench, motion_figures, reduction_figures, texture_figures
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import read_pack
from blender_addon.inference.sessions import open_session


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return read_pack(made_packs.write_pack(tmp_path_factory.mktemp("packs") / "made"))


def check_form(figures):
    """Names and entries as DESIGN.md gives them; returns them by name."""
    entries = {name: bench.rounded(figure) for name, figure in figures}
    assert json.loads(json.dumps(entries)) == entries
    for entry in entries.values():
        assert list(entry) == ["value", "unit", "baseline", "ratio", "note"]
        assert isinstance(entry["value"], float) and 0.0 < entry["value"] < math.inf
        assert entry["unit"] in ("steps/s", "ms", "s", "MB") and entry["note"] and "\n" not in entry["note"]
        assert (entry["baseline"] is None) == (entry["ratio"] is None)
        assert entry["baseline"] is None or (entry["baseline"] > 0.0 and entry["ratio"] > 0.0)
    return entries


def test_generator_steps_without_torch(pack, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    session = open_session(pack, device="cpu")
    entries = check_form(bench.generator_steps(session, pack, batches=(1, 8), repeats=1, seconds=0.01))
    assert list(entries) == ["generator_steps_per_s_b1", "generator_steps_per_s_b8"]
    assert all(entry["baseline"] is None and "PyTorch is not installed" in entry["note"] for entry in entries.values())


def test_motion_and_opening(pack):
    session = open_session(pack, device="cpu")
    entries = check_form((name, bench.Figure(value, unit, baseline, baseline / value, note)) for name, value, baseline,
                         unit, note in motion_figures.figures(session, pack, repeats=1, seconds=0.4))
    assert list(entries) == ["motion_10s_ms_b1", "motion_10s_ms_b32"]
    opened = check_form(bench.session_open(pack, repeats=1))["session_open_ms"]
    assert opened["ratio"] == pytest.approx(opened["baseline"] / opened["value"], rel=0.01)


def test_textures(tmp_path, monkeypatch):
    assert not list(texture_figures.figures(tmp_path))
    made_texture_pack.write_texture_pack(tmp_path / "texture-generator")
    monkeypatch.setattr(texture_figures, "_baked", lambda name, size: 2.0)
    monkeypatch.setattr(texture_figures, "_peak", lambda folder, name, size: 300.0)
    entries = check_form((name, bench.Figure(value, unit, baseline, baseline / value, note)) for name, value, baseline,
                         unit, note in texture_figures.figures(tmp_path, repeats=1, sizes=(64, 128)))
    assert list(entries) == ["texture_64_s", "texture_128_s"]
    assert all("skin" in entry["note"] and "300 MB" in entry["note"] for entry in entries.values())


def test_ratios_say_how_many_times_better():
    calls = iter(range(1000))
    rate, share = bench.calls_a_second(lambda: next(calls), 0.0)
    assert rate > 0.0 and share >= 0.0 and next(calls) == 1  # once at the least
    assert bench.timed(lambda: None) >= 0.0
    assert bench.rounded(bench.Figure(1234.5678, "s", 0.00012345, None, "x")) == {
        "value": 1235.0, "unit": "s", "baseline": 0.0001234, "ratio": None, "note": "x"}


def test_a_process_of_its_own():
    assert bench.fresh_process("import sys; print('noise'); print('RESULT', sys.argv[1])", "4.5") == 4.5
    assert 5.0 < bench.fresh_process(
        f"import sys; sys.path[:0] = [{str(bench.ROOT)!r}, {str(bench.ROOT / 'bench')!r}]\n"
        "import bench; print('RESULT', bench.peak_mb())") < 1000.0
    with pytest.raises(GalateaError, match="ZeroDivisionError"):
        bench.fresh_process("1 / 0")


def test_without_a_pack_it_fails_in_one_line(tmp_path, capsys):
    assert bench.main(["--pack", str(tmp_path), "--out", str(tmp_path / "bench.json")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("bench: ") and len(told.splitlines()) == 1
    assert not (tmp_path / "bench.json").exists()


def test_the_file_is_what_was_measured(pack, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda pack: iter([("a_s", bench.Figure(2.0, "s", 6.0, 3.0, "so"))]))
    assert bench.main(["--pack", str(pack.folder), "--out", str(tmp_path / "bench.json")]) == 0
    assert json.loads((tmp_path / "bench.json").read_text()) == {
        "a_s": {"value": 2.0, "unit": "s", "baseline": 6.0, "ratio": 3.0, "note": "so"}}
    assert "a_s" in capsys.readouterr().out


def test_few_keys_of_a_whole_rig():
    (name, value, unit, note), = reduction_figures.figures(frames=40, repeats=1)
    assert (name, unit) == ("reduce_3000_s", "s") and value > 0.0
    assert "65 bones × 40 frames within 2 mm" in note and "instead of 10,520" in note
