# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: the numbers of ONNX's reference evaluator, steps bit for bit like runs, and nothing unchecked opened."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_packs import FEEDBACK, step_inputs, step_model, write_pack
from onnx.reference import ReferenceEvaluator

from blender_addon.errors import DeviceError, PackError
from blender_addon.inference import devices, sessions
from blender_addon.inference.packs import read_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return read_pack(write_pack(tmp_path_factory.mktemp("packs") / "made"))


@pytest.fixture(autouse=True)
def closed():
    sessions.close_sessions()


def test_a_session_says_what_it_is(pack):
    onnxruntime = devices.import_runtime()
    session = sessions.open_session(pack, device="cpu")
    assert session.provider == session.runtime.get_providers()[0] == "CPUExecutionProvider"
    assert session.why_not == "" and session.wished == "cpu" and session.threads == 1
    assert session.version == onnxruntime.__version__
    assert session.open_ms > 0
    assert session.inputs == tuple(each.name for each in session.runtime.get_inputs())
    assert session.outputs == tuple(each.name for each in session.runtime.get_outputs())
    assert session.record() == {
        "provider": "CPUExecutionProvider", "onnxruntime": onnxruntime.__version__, "threads": 1
    }  # fmt: skip


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("device", ["cpu", "cuda", "webgpu"])
def test_a_run_gives_the_reference_evaluators_numbers(pack, batch, device):
    if told := devices.why_not(device):
        pytest.skip(told)
    inputs = step_inputs(batch)
    ours = sessions.open_session(pack, device=device).run(inputs)
    reference = ReferenceEvaluator(str(pack.folder / "model.onnx")).run(list(ours), inputs)
    for name, wanted in zip(ours, reference, strict=True):
        assert ours[name].shape == wanted.shape
        np.testing.assert_allclose(ours[name], wanted, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("bound", [True, False], ids=["bound", "unbound"])
def test_steps_are_bit_for_bit_runs_with_the_state_handed_on(pack, batch, bound, monkeypatch):
    session = sessions.open_session(pack, device="cpu")
    first = step_inputs(batch)
    before = {name: array.copy() for name, array in first.items()}
    monkeypatch.setattr(sessions, "CPU", session.provider if bound else "another")
    stepper = session.stepper(first, FEEDBACK)
    assert bool(stepper._turns) == bound
    inputs, rng = dict(first), np.random.default_rng(3)
    last = None
    for _ in range(20):
        wish = rng.normal(size=first["trajectory"].shape).astype(np.float32)
        stepper.inputs["trajectory"][:] = inputs["trajectory"] = wish
        for name, array in inputs.items():
            np.testing.assert_array_equal(stepper.inputs[name], array, err_msg=name)
        stepped, outputs = stepper.step(), session.run(inputs)
        for name, array in outputs.items():
            np.testing.assert_array_equal(stepped[name], array, err_msg=name)
        if last is not None:  # the step before stays whole
            for name, array in last[1].items():
                np.testing.assert_array_equal(last[0][name], array, err_msg=name)
        last = stepped, outputs
        inputs |= {name: outputs[following] for name, following in FEEDBACK.items()}
    for name, array in before.items():
        np.testing.assert_array_equal(first[name], array, err_msg=f"{name}: the caller's own array was written to")


def test_the_state_can_be_set_between_steps(pack):
    session = sessions.open_session(pack)
    stepper = session.stepper(step_inputs(1), FEEDBACK)
    for _ in range(3):
        stepper.step()
    wanted = step_inputs(1, seed=9)
    for name, array in wanted.items():
        stepper.inputs[name][:] = array
    stepped, run = stepper.step(), session.run(wanted)
    for name, array in run.items():
        np.testing.assert_array_equal(stepped[name], array)


def test_a_stepper_wants_every_input_and_state_of_one_form(pack):
    session = sessions.open_session(pack)
    inputs = step_inputs(1)
    with pytest.raises(DeviceError, match="not given latent"):
        session.stepper({name: array for name, array in inputs.items() if name != "latent"}, FEEDBACK)
    with pytest.raises(DeviceError, match="is no next state"):
        session.stepper(inputs, {"state": "next_root"})
    with pytest.raises(DeviceError, match="failed on CPUExecutionProvider") as error:
        session.run(inputs | {"root": np.zeros((2, 3), np.float32)})
    assert "\n" not in str(error.value)


def test_an_open_session_is_kept_until_closed(pack):
    first = sessions.open_session(pack)
    assert sessions.open_session(read_pack(pack.folder)) is first
    assert sessions.open_session(pack, threads=2) is not first
    assert sessions.open_session(pack, device="cpu") is not first
    sessions.close_sessions()
    assert sessions.open_session(pack) is not first


def test_nothing_that_fails_a_check_reaches_onnxruntime(tmp_path, monkeypatch):
    folder = write_pack(tmp_path / "made")
    data = bytearray((folder / "model.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "model.onnx").write_bytes(data)
    monkeypatch.setattr(sessions, "start", lambda *args: pytest.fail("it was opened"))
    with pytest.raises(PackError, match="sha256"):
        sessions.open_session(read_pack(folder))


def test_a_graph_that_onnxruntime_refuses_is_the_packs_fault(tmp_path):
    model = step_model()
    next(node for node in model.graph.node if node.op_type == "MatMul").input[0] = "nowhere"
    with pytest.raises(PackError, match="onnxruntime cannot open") as error:
        sessions.open_session(read_pack(write_pack(tmp_path / "made", model)))
    assert "\n" not in str(error.value)


def test_unknown_devices_and_graphs(pack):
    with pytest.raises(DeviceError, match="abacus"):
        sessions.open_session(pack, device="abacus")
    with pytest.raises(PackError, match="it has model"):
        sessions.open_session(pack, "decoder")


def test_a_wished_device_that_is_not_there_is_no_error(pack):
    for device in devices.describe_devices():
        session = sessions.open_session(pack, device=device.name)
        assert session.provider == (device.provider if device.usable else devices.CPU)
        assert session.why_not == device.why_not
        assert session.run(step_inputs(1))["height"].shape == (1,)


def test_what_a_provider_raises_is_said_and_the_cpu_runs(pack, monkeypatch):
    create = sessions._create

    def fails(ort, data, provider, threads):
        if provider == "CUDAExecutionProvider":
            raise RuntimeError("CUDA failure 2: out of memory\nat line 7")
        return create(ort, data, provider, threads)

    monkeypatch.setattr(sessions, "_create", fails)
    monkeypatch.setattr(sessions, "why_not", lambda device: "")
    session = sessions.open_session(pack, device="cuda")
    assert session.provider == devices.CPU
    assert session.why_not == "CUDAExecutionProvider: CUDA failure 2: out of memory"


def test_a_provider_that_falls_back_in_silence_is_found_out(pack, monkeypatch):
    """onnxruntime 23372: it lists CUDA and runs on the CPU; only the session knows."""
    create = sessions._create
    monkeypatch.setattr(
        sessions, "_create", lambda ort, data, provider, threads: create(ort, data, devices.CPU, threads)
    )
    monkeypatch.setattr(sessions, "why_not", lambda device: "")
    session = sessions.open_session(pack, device="cuda")
    assert session.provider == devices.CPU
    assert "fell back" in session.why_not


def test_auto_keeps_steps_on_the_cpu_and_tries_a_gpu_for_the_rest(pack, monkeypatch):
    asked = []
    monkeypatch.setattr(sessions, "why_not", lambda device: asked.append(device) or f"{device}: not here")
    assert "device cuda or webgpu asks for a GPU" in sessions.open_session(pack).why_not
    assert not asked
    built = devices.runtime_status().providers
    tried, reasons = sessions._candidates("texture-generator", "auto")
    assert not tried
    if devices.PROVIDERS["cuda"] in built:
        assert "cuda: not here" in reasons
    else:
        assert not asked and "without a GPU" in reasons[0]


def test_asking_for_a_gpu_that_is_not_there_prints_nothing(pack):
    if not devices.why_not("cuda"):
        pytest.skip("there is a GPU")
    code = f"""
from blender_addon.inference import packs, sessions
pack = packs.read_pack({str(pack.folder)!r})
for device in sessions.DEVICES:
    session = sessions.open_session(pack, device=device)
assert session.provider == "CPUExecutionProvider"
"""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=Path(__file__).parents[2], env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
