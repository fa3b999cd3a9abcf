# SPDX-License-Identifier: GPL-3.0-or-later
"""The plain-Python ONNX reader, held against the onnx package on sound, odd, damaged and hostile files."""

import time

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from made_packs import model_of, step_model
from onnx import TensorProto, helper, numpy_helper

from blender_addon.errors import PackError
from blender_addon.inference.doctor import doubling_graph
from blender_addon.inference.onnx_file import DTYPES, MAX_FIELDS, read_onnx
from blender_addon.inference.operators import OPERATORS


def value(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def branch(operator, name):
    return helper.make_graph([helper.make_node(operator, ["x"], [name])], name, [], [value(name, ["n"])])


def nested():
    """An If in a Loop's body, so that Sin and Exp stand two graphs deep."""
    choice = helper.make_node("If", ["keep"], ["y"], then_branch=branch("Sin", "s"), else_branch=branch("Exp", "e"))
    body = helper.make_graph(
        [helper.make_node("Identity", ["keep_in"], ["keep"]), choice, helper.make_node("Neg", ["v"], ["w"])],
        "body",
        [value("i", [], TensorProto.INT64), value("keep_in", [], TensorProto.BOOL), value("v", ["n"])],
        [value("keep", [], TensorProto.BOOL), value("w", ["n"])],
    )
    loop = helper.make_node("Loop", ["m", "c", "x"], ["z"], body=body)
    inputs = [value("m", [], TensorProto.INT64), value("c", [], TensorProto.BOOL), value("x", ["n"])]
    return model_of(helper.make_graph([loop], "g", inputs, [value("z", ["n"])]))


def constants():
    """Weights in the graph, in a Constant, sparse, and (as before IR 4) among the inputs."""
    dense = numpy_helper.from_array(np.ones((2, 3), np.float32), "dense")
    typed = helper.make_tensor("typed", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])  # float_data, not raw_data
    indices = numpy_helper.from_array(np.array([0, 2]), "places")
    sparse = helper.make_sparse_tensor(numpy_helper.from_array(np.ones(2, np.float32), "sparse"), indices, [3])
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["k"], value=dense),
            helper.make_node("Add", ["x", "dense"], ["a"]),
            helper.make_node("Mul", ["a", "typed"], ["y"]),
        ],
        "g",
        [value("x", [2, 3], TensorProto.DOUBLE), value("dense", [2, 3])],
        [value("y", [None, 3], TensorProto.FLOAT16)],
        [dense, typed],
        sparse_initializer=[sparse],
    )
    return model_of(graph)


def external(where="initialiser"):
    tensor = numpy_helper.from_array(np.ones(4, np.float32), "far")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", "../../etc/passwd"), ("offset", "0"), ("length", "16")):
        tensor.external_data.add(key=key, value=text)
    if where == "subgraph":
        inner = helper.make_graph([helper.make_node("Constant", [], ["o"], value=tensor)], "i", [], [value("o", [4])])
        nodes = [helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)]
        return model_of(helper.make_graph(nodes, "g", [value("c", [], TensorProto.BOOL)], [value("y", [4])]))
    nodes = [helper.make_node("Add", ["x", "far"], ["y"])]
    return model_of(helper.make_graph(nodes, "g", [value("x", [4])], [value("y", [4])], [tensor]))


def custom():
    graph = helper.make_graph(
        [helper.make_node("Steal", ["x"], ["y"], domain="com.example")], "g", [value("x", [1])], [value("y", [1])]
    )
    model = model_of(graph)
    model.opset_import.append(helper.make_opsetid("com.example", 3))
    return model


def function():
    twice = helper.make_function(
        "local", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    graph = helper.make_graph(
        [helper.make_node("Twice", ["x"], ["y"], domain="local")], "g", [value("x", [1])], [value("y", [1])]
    )
    model = model_of(graph, functions=[twice])
    model.opset_import.append(helper.make_opsetid("local", 1))
    return model


MODELS = {
    "step": lambda: step_model(4, 2, 2, 3),
    "nested": nested,
    "constants": constants,
    "external": external,
    "external in a subgraph": lambda: external("subgraph"),
    "custom": custom,
    "function": function,
    "by hand": lambda: onnx.load_model_from_string(doubling_graph()),
}


def told_by_onnx(model):
    """The same facts as read_onnx gives, from the onnx package's own objects."""
    operators, outside, names = set(), [], {tensor.name for tensor in model.graph.initializer}

    def tensor(each):
        if each.data_location or each.external_data:
            outside.append(each.name)

    def graph(each):
        for weight in each.initializer:
            tensor(weight)
        for sparse in each.sparse_initializer:
            tensor(sparse.values)
            tensor(sparse.indices)
        for node in each.node:
            operators.add(("" if node.domain == "ai.onnx" else node.domain, node.op_type))
            for attribute in node.attribute:
                for weight in (attribute.t, *attribute.tensors):
                    tensor(weight)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    tensor(sparse.values)
                    tensor(sparse.indices)
                for inner in (attribute.g, *attribute.graphs):
                    graph(inner)

    def ports(values):
        return [
            (
                port.name,
                tuple(
                    size.dim_value if size.HasField("dim_value") else size.dim_param
                    for size in port.type.tensor_type.shape.dim
                ),
                port.type.tensor_type.elem_type,
            )
            for port in values
            if port.name not in names
        ]

    graph(model.graph)
    opsets = {}
    for opset in model.opset_import:
        domain = "" if opset.domain == "ai.onnx" else opset.domain
        opsets[domain] = max(opset.version, opsets.get(domain, 0))
    functions = len(model.functions) + len(model.training_info)
    return opsets, operators, ports(model.graph.input), ports(model.graph.output)[:], sorted(outside), functions


def told_by_us(data):
    inside = read_onnx(data)
    numbers = {name: number for number, name in DTYPES.items()}

    def ports(values):
        return [
            (port.name, port.shape, numbers[port.dtype] if port.dtype in numbers else int(port.dtype.split()[1]))
            for port in values
        ]

    return (
        inside.opsets,
        set(inside.operators),
        ports(inside.inputs),
        ports(inside.outputs),
        sorted(inside.external),
        inside.functions,
    )


@pytest.mark.parametrize("name", MODELS)
def test_it_sees_what_the_onnx_package_sees(name):
    model = MODELS[name]()
    assert told_by_us(model.SerializeToString()) == told_by_onnx(model)


def test_the_models_hold_what_they_are_here_for():
    assert {("", "Loop"), ("", "If"), ("", "Sin"), ("", "Exp")} <= read_onnx(nested().SerializeToString()).operators
    for where in ("initialiser", "subgraph"):
        assert "far" in read_onnx(external(where).SerializeToString()).external
    assert [port.name for port in read_onnx(constants().SerializeToString()).inputs] == ["x"]
    assert read_onnx(function().SerializeToString()).functions == 1
    assert ("com.example", "Steal") in read_onnx(custom().SerializeToString()).operators


def test_the_graph_written_by_hand_is_onnx():
    onnx.checker.check_model(onnx.load_model_from_string(doubling_graph()), full_check=True)


@pytest.mark.parametrize("name", ["nested", "constants", "external", "function"])
def test_cut_off_anywhere_it_says_so_and_nothing_else(name):
    data = MODELS[name]().SerializeToString()
    whole = told_by_us(data)
    for end in range(len(data)):
        try:
            seen = told_by_us(data[:end])
        except PackError as error:
            assert "\n" not in str(error)
        else:  # cut between two fields of the model: shorter, but sound, as the onnx package agrees
            assert seen == told_by_onnx(onnx.load_model_from_string(data[:end]))
            assert seen != whole or name in ("nested", "constants", "external", "function")


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_pack_error_at_worst(data):
    agrees_with_onnx(data)


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_damaged_files_give_a_pack_error_or_what_onnx_reads(data):
    """What we let pass, onnxruntime's own parser must read in the same way: else a file could hide an operator."""
    sound = bytearray(MODELS[data.draw(st.sampled_from(list(MODELS)))]().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(sound) - 1))
        what = data.draw(st.integers(0, 2))
        if what == 0:
            sound[at] = data.draw(st.integers(0, 255))
        elif what == 1:
            sound[at:at] = data.draw(st.binary(min_size=1, max_size=6))
        else:
            del sound[at : at + data.draw(st.integers(1, 8))]
    agrees_with_onnx(bytes(sound))


def agrees_with_onnx(data):
    try:
        seen = told_by_us(data)
    except PackError:
        return
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, UnicodeDecodeError):
        return  # a fault in what we step over: onnxruntime will not read it either
    assert seen == told_by_onnx(model)


def test_two_graphs_that_a_parser_would_merge_are_refused():
    harmless, hidden = step_model(4, 1, 2, 3).SerializeToString(), custom().SerializeToString()
    with pytest.raises(PackError, match="more than one graph"):
        read_onnx(harmless + hidden)


def test_graphs_without_end_are_refused():
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [], [])
    for _ in range(20):  # the onnx package itself stops at 33
        graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=graph)], "g", [], [])
    with pytest.raises(PackError, match="deep"):
        read_onnx(model_of(graph).SerializeToString())


def test_time_is_bounded_by_a_count_of_fields():
    with pytest.raises(PackError, match="fields"):
        read_onnx(b"\x08\x08" * (MAX_FIELDS + 1))


def test_twelve_megabytes_take_less_than_a_tenth_of_a_second():
    data = step_model(430, 2).SerializeToString()
    assert len(data) > 12e6
    times = []
    for _ in range(3):
        start = time.perf_counter()
        read_onnx(data)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_the_operators_are_those_of_onnx_that_draw_no_random_numbers():
    standard = {
        schema.name
        for schema in onnx.defs.get_all_schemas_with_history()
        if schema.domain == "" and schema.since_version <= 17
    }
    random = {name for name in standard if name.startswith("Random")} | {"Bernoulli", "Multinomial", "Dropout"}
    assert standard - random == OPERATORS
