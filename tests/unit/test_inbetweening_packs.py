# SPDX-License-Identifier: GPL-3.0-or-later
"""pack.toml of in-betweeners and pose VAEs: tables and tensors agree, or one line says what does not."""

import copy

import pytest

from blender_addon.errors import PackError
from blender_addon.inference.schema import check_schema

BONES = 3


def tensor(name, shape, dtype="float32"):
    return {"name": name, "shape": shape, "dtype": dtype, "unit": "1"}


def graph(name, inputs, outputs):
    return {"name": name, "file": f"{name}.onnx", "sha256": "0" * 64, "bytes": 10, "opset": 17, "inputs": inputs,
            "outputs": outputs}


def common(kind, graphs):
    return {"format": 1, "id": "made", "kind": kind, "version": "0.1.0", "title": "Made by a test",
            "licence": "CC0-1.0", "data": [{"name": "numbers", "licence": "CC0-1.0"}], "graphs": graphs,
            "skeleton": {"joints": [f"J{i}" for i in range(BONES)], "parents": list(range(-1, BONES - 1)),
                         "offsets": [[0.0, 0.0, 0.1]] * BONES}}


@pytest.fixture
def between():
    window = ["B", "T"]
    keys = [tensor(name, [*window, BONES + 1], "int64") for name in ("before", "after")]
    model = graph("model", [tensor("features", [*window, 50]), *keys, tensor("share", [*window, BONES + 1]),
                            tensor("latent", ["B", 4])],
                  [tensor("turns", [*window, BONES, 3]), tensor("shifts", [*window, 3]),
                   tensor("contacts", [*window, 4])])
    points = [[0.1, 0.2, 0.3]] * BONES
    return common("motion-inbetweener", [model]) | {
        "fps": 30, "inbetweener": {"latent": 4, "features": 50, "spread": points, "spread_mean": points}}


@pytest.fixture
def poses():
    graphs = [graph("encoder", [tensor("rotations", ["B", BONES, 4]), tensor("known", ["B", BONES]),
                                tensor("places", ["B", BONES, 3]), tensor("placed", ["B", BONES])],
                    [tensor("mean", ["B", 8]), tensor("log_spread", ["B", 8])]),
              graph("decoder", [tensor("latent", ["B", 8])], [tensor("rotations", ["B", BONES, 4])])]
    return common("pose-vae", graphs) | {
        "pose": {"latent": 8, "usual_error_mm": 9.0, "most_error_mm": 40.0, "most_distance": 2.0}}


def test_sound_packs_pass(between, poses):
    check_schema(between)
    check_schema(poses)


def broken(content, path, value):
    content = copy.deepcopy(content)
    at = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(PackError) as error:
        check_schema(content)
    told = str(error.value)
    assert "\n" not in told and ";" in told
    return told


@pytest.mark.parametrize(("path", "value", "said"), [
    (("inbetweener",), {}, "inbetweener.latent"),
    (("inbetweener", "latent"), 5, "latent"),
    (("inbetweener", "features"), 51, "features"),
    (("inbetweener", "temperature"), "hot", "inbetweener.temperature"),
    (("inbetweener", "temperature"), -1.0, "inbetweener.temperature"),
    (("inbetweener", "spread"), [[1.0, 2.0, 3.0]], "3 times [x, y, z]"),
    (("graphs", 0, "name"), "other", "none named model"),
    (("graphs", 0, "outputs", 0, "shape"), ["B", "T", 2, 3], "turns"),
    (("graphs", 0, "outputs", 1, "name"), "moves", "shifts"),
    (("graphs", 0, "inputs", 1, "shape"), ["B", "S", 4], "before"),
    (("fps",), 0, "fps"),
])
def test_what_is_wrong_with_an_inbetweener_is_said(between, path, value, said):
    assert said in broken(between, path, value)


@pytest.mark.parametrize(("path", "value", "said"), [
    (("pose", "latent"), 9, "mean"),
    (("pose", "most_distance"), 0.0, "pose.most_distance"),
    (("graphs", 1, "name"), "other", "none named decoder"),
    (("graphs", 1, "outputs", 0, "shape"), ["B", 4, 4], "rotations"),
    (("skeleton", "parents"), [0, 0, 1], "skeleton.parents"),
])
def test_what_is_wrong_with_a_pose_vae_is_said(poses, path, value, said):
    assert said in broken(poses, path, value)
