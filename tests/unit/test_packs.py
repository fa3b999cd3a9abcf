# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs: what is in order is read, and what is not is named in one line, down to the bytes of the graph."""

import copy
import hashlib
import os
import tomllib

import onnx
import pytest
import tomli_w
from made_packs import ACTIONS, STYLES, model_of, pack_table, step_model, write_pack
from onnx import TensorProto, helper, numpy_helper

from blender_addon.errors import PackError
from blender_addon.inference.packs import (
    choose_pack,
    find_packs,
    models_folder,
    read_pack,
    verify_pack,
)
from blender_addon.inference.schema import CHECKS, KINDS


@pytest.fixture(scope="module")
def model():
    return step_model()


def failed(folder):
    return {finding.check: finding.detail for finding in verify_pack(read_pack(folder)) if not finding.ok}


def one_line(error):
    told = str(error.value)
    assert "\n" not in told and ";" in told, told  # what is wrong; how to mend it
    return told


# --- in order ---------------------------------------------------------------------------------------------------


def test_a_sound_pack_is_read_and_passes_every_check(tmp_path, model):
    folder = write_pack(tmp_path / "made", model)
    pack = read_pack(folder)
    toml = tomllib.loads((folder / "pack.toml").read_text())
    assert (pack.id, pack.kind, pack.version, pack.licence) == ("made", "motion-generator", "0.1.0", "CC0-1.0")
    assert pack.content == toml and pack.folder == folder
    assert (pack.words("actions"), pack.words("styles"), pack.words("classes")) == (tuple(ACTIONS), tuple(STYLES), ())
    graph = pack.graph()
    assert graph.bytes == os.path.getsize(folder / "model.onnx") == pack.bytes
    assert {tensor.name: tensor.shape for tensor in graph.inputs}["trajectory"] == ("B", 3, 4)
    findings = verify_pack(pack)
    assert all(finding.ok for finding in findings)
    checks = [
        "schema",
        "size",
        "sha256",
        "onnx",
        "external data",
        "operators",
        "functions",
        "opset",
        "inputs",
        "outputs",
    ]
    assert [finding.check for finding in findings] == checks
    assert pack.as_dict()["actions"] == ACTIONS


def test_every_kind_has_tables_of_its_own(tmp_path, model):
    assert set(CHECKS) == set(KINDS)
    for kind in KINDS:
        folder = write_pack(tmp_path / kind, model)
        table = {key: value for key, value in pack_table(model).items() if key not in ("fps", "skeleton", "generator")}
        (folder / "pack.toml").write_text(tomli_w.dumps(table | {"kind": kind, "id": kind}))
        with pytest.raises(PackError):
            read_pack(folder)


def test_the_packs_that_ship_stand_beside_blender_addon(root):
    assert models_folder() == root / "models"


# --- pack.toml --------------------------------------------------------------------------------------------------

DELETE = object()
BROKEN = [
    (("format",), 2, "update Galatea"),
    (("format",), "1", "format"),
    (("format",), DELETE, "format"),
    (("id",), DELETE, "id"),
    (("id",), "../other", "id"),
    (("id",), "", "id"),
    (("kind",), "mind-reader", "motion-generator"),
    (("kind",), 3, "kind"),
    (("version",), "one", "version"),
    (("title",), "two\nlines", "title"),
    (("licence",), DELETE, "licence"),
    (("data",), [], "data"),
    (("data",), [{"name": "x"}], r"data\[0\].licence"),
    (("graphs",), DELETE, "graphs"),
    (("graphs",), [3], "graphs"),
    (("graphs", 0, "file"), "../model.onnx", "file"),
    (("graphs", 0, "file"), "/etc/passwd", "file"),
    (("graphs", 0, "file"), "sub\\model.onnx", "file"),
    (("graphs", 0, "sha256"), "abc", "sha256"),
    (("graphs", 0, "bytes"), 0, "bytes"),
    (("graphs", 0, "bytes"), True, "bytes"),
    (("graphs", 0, "opset"), "17", "opset"),
    (("graphs", 0, "inputs"), [], "inputs"),
    (("graphs", 0, "inputs", 0, "shape"), [-1, 2], r"inputs\[0\].shape"),
    (("graphs", 0, "inputs", 0, "shape"), [1.5], "shape"),
    (("graphs", 0, "inputs", 0, "dtype"), "float", "dtype"),
    (("graphs", 0, "inputs", 0, "name"), "root", "names twice"),
    (("graphs", 0, "inputs", 0, "name"), "mood", "its kind has"),
    (("graphs", 0, "name"), "decoder", "model"),
    (("graphs", 0, "outputs", 5, "shape"), ["B", 21, 4], "rotations"),
    (("graphs", 0, "outputs", 4, "shape"), ["N"], "height"),
    (("graphs", 0, "outputs", 0, "shape"), ["B", 5], "next_state"),
    (("metrics",), [1], "metrics"),
    (("fps",), 0, "fps"),
    (("fps",), 30.0, "fps"),
    (("skeleton",), DELETE, "skeleton"),
    (("skeleton", "joints"), ["Hips"], "skeleton.parents"),
    (("skeleton", "joints", 1), "Joint0", "skeleton.joints"),
    (("skeleton", "parents", 0), 0, "skeleton.parents"),
    (("skeleton", "parents", 3), 5, "skeleton.parents"),
    (("skeleton", "parents", 3), -1, "skeleton.parents"),
    (("skeleton", "offsets", 2), [0.0, 1.0], "skeleton.offsets"),
    (("skeleton", "offsets", 2), [0.0, float("nan"), 0.0], "skeleton.offsets"),
    (("generator", "actions"), [], "generator.actions"),
    (("generator", "actions"), ["walk", "run"], "natural_speed|action"),
    (("generator", "actions", 0), "crawl", "natural_speed.crawl"),
    (("generator", "styles"), ["old"], "style"),
    (("generator", "styles"), "old", "generator.styles"),
    (("generator", "latent"), 5, "latent"),
    (("generator", "latent"), -1, "generator.latent"),
    (("generator", "warmup_frames"), DELETE, "warmup_frames"),
    (("generator", "trajectory_seconds"), [], "trajectory_seconds"),
    (("generator", "trajectory_seconds"), [1.0, 0.5, 2.0], "trajectory_seconds"),
    (("generator", "trajectory_seconds"), [0.5, 1.0], "trajectory"),
    (("generator", "natural_speed", "run"), -1.0, "natural_speed.run"),
    (("generator", "joint_limits"), [1.0], "generator.joint_limits"),
    (("generator", "joint_limits"), {"Joint3": [0.0, 1.0]}, "joint_limits.Joint3"),
    (("generator", "joint_limits"), {"Joint3": [0.0, 1.0, 0.0, -1.0, 0.0, 1.0]}, "joint_limits.Joint3"),
    (("generator", "joint_limits"), {"Tail": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]}, "joint_limits.Tail"),
]


@pytest.mark.parametrize(("where", "wrong", "told"), BROKEN, ids=lambda value: "-" if isinstance(value, list) else None)
def test_what_is_wrong_in_pack_toml_is_named(tmp_path, model, where, wrong, told):
    table = copy.deepcopy(pack_table(model))
    at = table
    for key in where[:-1]:
        at = at[key]
    if wrong is DELETE:
        del at[where[-1]]
    else:
        at[where[-1]] = wrong
    folder = write_pack(tmp_path / "made", model)
    (folder / "pack.toml").write_text(tomli_w.dumps(table))
    with pytest.raises(PackError, match=told) as error:
        read_pack(folder)
    assert str(folder / "pack.toml") in one_line(error)


def test_a_folder_without_a_pack_and_a_file_that_is_no_toml(tmp_path):
    with pytest.raises(PackError, match="holds no pack") as error:
        read_pack(tmp_path)
    one_line(error)
    for junk in (b"this is not toml", b"\xff\xfe\x00", b"a = " + b"[" * 5000):
        (tmp_path / "pack.toml").write_bytes(junk)
        with pytest.raises(PackError, match="not valid TOML") as error:
            read_pack(tmp_path)
        one_line(error)
    (tmp_path / "pack.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(PackError, match="larger") as error:
        read_pack(tmp_path)
    one_line(error)


# --- finding ----------------------------------------------------------------------------------------------------


def test_a_broken_pack_hides_no_other(tmp_path, model):
    write_pack(tmp_path / "ships" / "a", model, id="a")
    (tmp_path / "ships" / "b").mkdir()
    (tmp_path / "ships" / "b" / "pack.toml").write_text("format = 99")
    write_pack(tmp_path / "ships" / "c", model, id="c")
    (tmp_path / "ships" / "README.md").write_text("no pack")
    write_pack(tmp_path / "mine", model, id="mine")  # a folder that is itself a pack
    packs, problems = find_packs([tmp_path / "ships", tmp_path / "mine", tmp_path / "nowhere"])
    assert [pack.id for pack in packs] == ["a", "c", "mine"]
    assert len(problems) == 1 and str(tmp_path / "ships" / "b") in str(problems[0])


def test_the_first_pack_with_an_id_keeps_it(tmp_path, model):
    write_pack(tmp_path / "ships" / "a", model, title="first")
    write_pack(tmp_path / "mine" / "b", model, title="second")
    packs, problems = find_packs([tmp_path / "ships", tmp_path / "mine"])
    assert [pack.title for pack in packs] == ["first"]
    assert "id" in str(problems[0]) and str(tmp_path / "mine" / "b") in str(problems[0])


def test_choosing_a_pack_says_which_there_are(tmp_path, model):
    for name in ("a", "b"):
        write_pack(tmp_path / name, model, id=name)
    packs, problems = find_packs([tmp_path])
    assert choose_pack(packs, problems, "motion-generator").id == "a"
    assert choose_pack(packs, problems, "motion-generator", "b").id == "b"
    with pytest.raises(PackError, match="there is a, b"):
        choose_pack(packs, problems, "motion-generator", "z")
    with pytest.raises(PackError, match="no body-vae pack"):
        choose_pack(packs, problems, "body-vae")


# --- graphs -----------------------------------------------------------------------------------------------------


def test_other_bytes_than_declared(tmp_path, model):
    folder = write_pack(tmp_path / "made", model)
    path = folder / "model.onnx"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert list(failed(folder)) == ["sha256"]
    path.write_bytes(data[: len(data) // 2])
    assert list(failed(folder)) == ["size", "sha256"]
    path.write_bytes(data + b"more")
    assert list(failed(folder)) == ["size", "sha256"]
    path.unlink()
    assert list(failed(folder)) == ["file"]
    path.mkdir()
    assert list(failed(folder)) == ["file"]


def test_a_graph_above_the_limit_is_not_even_read(tmp_path, model, monkeypatch):
    monkeypatch.setattr("blender_addon.inference.packs.MAX_GRAPH_BYTES", 1000)
    assert "larger than" in failed(write_pack(tmp_path / "made", model))["size"]


def test_a_truncated_graph_with_the_right_hash(tmp_path, model):
    data = model.SerializeToString()[:-3]
    folder = write_pack(tmp_path / "made", model)
    (folder / "model.onnx").write_bytes(data)
    table = pack_table(model)
    table["graphs"][0] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "pack.toml").write_text(tomli_w.dumps(table))
    assert "cut off" in failed(folder)["onnx"]


def with_node(model, operator, domain=None):
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.node.append(helper.make_node(operator, ["height"], ["unused"], domain=domain))
    return changed


def with_outside_weight(model):
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    weight = changed.graph.initializer[-1]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../etc/passwd")
    return changed


def with_function(model):
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    node = helper.make_node("Neg", ["a"], ["b"])
    changed.functions.append(helper.make_function("", "F", ["a"], ["b"], [node], [helper.make_opsetid("", 17)]))
    return changed


def with_opset(model, opset):
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.opset_import[0].version = opset
    return changed


REFUSED = [
    (lambda model: with_node(model, "DynamicQuantizeLSTM", "com.microsoft"), "operators", "com.microsoft"),
    (lambda model: with_node(model, "PyOp", "evil.\x1b[31mdomain"), "operators", "evil"),
    (lambda model: with_node(model, "Levitate"), "operators", "Levitate"),
    (lambda model: with_node(model, "RandomNormalLike"), "operators", "RandomNormalLike"),
    (with_outside_weight, "external data", "outside the file"),
    (with_function, "functions", "functions"),
    (lambda model: with_opset(model, 18), "opset", "opset 18"),
    (lambda model: with_opset(model, 16), "opset", "opset 16"),
]


@pytest.mark.parametrize(("change", "check", "told"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_may_not_be_in_a_graph(tmp_path, model, change, check, told):
    found = failed(write_pack(tmp_path / "made", change(model)))
    assert list(found) == [check]
    assert told in found[check] and found[check].isprintable()


def test_declared_tensors_must_be_the_graphs(tmp_path):
    made = step_model()
    folder = write_pack(tmp_path / "made", made)
    # the same file name and tables, with a graph whose latent is wider, one output renamed, and one of another type
    other = step_model(latent=6)
    other.graph.output[4].name = "altitude"
    other.graph.output[6].type.tensor_type.elem_type = TensorProto.DOUBLE
    data = other.SerializeToString()
    table = pack_table(made)
    table["graphs"][0] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "model.onnx").write_bytes(data)
    (folder / "pack.toml").write_text(tomli_w.dumps(table))
    found = failed(folder)
    assert set(found) == {"inputs", "outputs"}
    assert "latent (float32[B, 4] declared, float32[B, 6] in the graph)" in found["inputs"]
    assert "altitude, height, contacts (float32[B, 4] declared, float64[B, 4] in the graph)" in found["outputs"]


def test_what_a_free_dimension_is_called_is_the_exporters_affair(tmp_path, model):
    renamed = onnx.ModelProto()
    renamed.CopyFrom(model)
    renamed.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "Concat_dim_0"
    folder = write_pack(tmp_path / "made", renamed)
    (folder / "pack.toml").write_text((folder / "pack.toml").read_text().replace("Concat_dim_0", "B"))
    assert not failed(folder)


def test_weights_listed_as_inputs_are_no_inputs(tmp_path, model):
    """As exporters did before IR version 4."""
    old = onnx.ModelProto()
    old.CopyFrom(model)
    folder = write_pack(tmp_path / "made", old)
    weight = numpy_helper.to_array(old.graph.initializer[0])
    kind = helper.np_dtype_to_tensor_dtype(weight.dtype)
    old.graph.input.append(helper.make_tensor_value_info(old.graph.initializer[0].name, kind, list(weight.shape)))
    data = old.SerializeToString()
    table = pack_table(model)
    table["graphs"][0] |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "model.onnx").write_bytes(data)
    (folder / "pack.toml").write_text(tomli_w.dumps(table))
    assert not failed(folder)


def test_the_made_graph_is_onnx(model):
    onnx.checker.check_model(model, full_check=True)
    assert model_of(model.graph).opset_import[0].version == 17
