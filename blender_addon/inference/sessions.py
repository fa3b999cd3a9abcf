# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a pack's graph: checked, opened once, on the device that was asked for or, with the reason, on the CPU."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import DeviceError, PackError
from .devices import CPU, DEVICES, GPU_DEVICES, PROVIDERS, import_runtime, providers_here, webgpu_devices, why_not
from .packs import Graph, Pack, check_graph, read_graph_bytes

Arrays = dict[str, np.ndarray]

# One small step after another: a GPU spends longer on starting each step than a core on computing it.
STEPWISE_KINDS = ("motion-generator",)


@dataclass(frozen=True)
class Session:
    """An open graph. What it says of itself is what onnxruntime's session says, not what was wished."""

    graph: Graph
    wished: str  # the device asked for
    provider: str  # the one that runs
    why_not: str  # why the wished one, or for `auto` a GPU, does not; empty when it does
    version: str  # onnxruntime's
    threads: int
    open_ms: float  # checking and opening, when it was opened
    runtime: Any  # the onnxruntime.InferenceSession

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.graph.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self.graph.outputs)

    def run(self, inputs: Mapping[str, np.ndarray], frugal: bool = False) -> Arrays:
        """Run the graph once: arrays by name in, fresh arrays by name out. Raises DeviceError when they do not fit.

        frugal: give the memory that it worked in back when it is done, which a graph of pixels has plenty of.
        """
        try:
            options = _frugal_options() if frugal else None
            return dict(zip(self.outputs, self.runtime.run(self.outputs, dict(inputs), options), strict=True))
        except Exception as error:
            raise _failed(self, error) from error

    def run_beside(self, inputs: Mapping[str, np.ndarray]) -> RunBeside:
        """Begin to run the graph on onnxruntime's own threads, at least two, and return at once: see RunBeside.

        Its memory is given back as by a frugal run. DeviceError for a session that was opened with one thread.
        """
        return RunBeside(self, inputs)

    def stepper(self, inputs: Mapping[str, np.ndarray], feedback: Mapping[str, str]) -> Stepper:
        """Prepare to run the graph again and again: see Stepper."""
        return Stepper(self, inputs, feedback)

    def record(self) -> dict[str, Any]:
        """What provenance stores."""
        about = {"provider": self.provider, "onnxruntime": self.version, "threads": self.threads}
        return about | ({"why_not": self.why_not} if self.why_not else {})


class RunBeside:
    """A graph that runs while its caller does something else. Callers look at `done` now and then.

        run = session.run_beside(inputs)
        while not run.done:
            yield
        outputs = run.outputs()

    stop() breaks it off; a run that is dropped goes on, holding what it needs, and is forgotten when it ends.
    """

    def __init__(self, session: Session, inputs: Mapping[str, np.ndarray]) -> None:
        self._session, self._inputs = session, dict(inputs)  # held until it ends, whoever else lets go of them
        self._options = _frugal_options()
        self._ended: tuple[list[np.ndarray], str] | None = None
        if session.threads < 2:
            raise DeviceError(f"graph {session.graph.name} was opened with one thread; open it with two to run beside")
        try:
            session.runtime.run_async(session.outputs, self._inputs, _end, self, self._options)
        except Exception as error:
            raise _failed(session, error) from error

    @property
    def done(self) -> bool:
        """Whether outputs() has something to say."""
        return self._ended is not None

    def outputs(self) -> Arrays:
        """Fresh arrays by name, once it is done. Raises DeviceError when it failed."""
        arrays, error = self._ended
        if error:
            raise _failed(self._session, RuntimeError(error))
        return dict(zip(self._session.outputs, arrays, strict=True))

    def stop(self) -> None:
        """Break it off at its next node, if it still runs."""
        if not self.done:
            self._options.terminate = True


def _end(arrays: list[np.ndarray], run: RunBeside, error: str) -> None:
    """Called by a thread of onnxruntime's: sets what is looked at, and nothing else."""
    run._ended = (arrays, error)


class Stepper:
    """Runs a graph step by step, giving outputs back as inputs, with nothing copied or allocated in a step.

        stepper = session.stepper(first_inputs, {"state": "next_state", "hidden": "next_hidden"})
        for frame in range(frames):
            stepper.inputs["trajectory"][:] = wanted   # in place; what is not touched stays as it was
            outputs = stepper.step()
            poses[frame] = outputs["rotations"]        # copied out: the next step but one overwrites it

    `first_inputs` fixes the batch size; `feedback` maps each input that carries state to the output with its next
    value, and stepper.inputs always shows what the next step will read.
    """

    def __init__(self, session: Session, inputs: Mapping[str, np.ndarray], feedback: Mapping[str, str]) -> None:
        self._session = session
        self._feedback = dict(feedback)
        missing = [name for name in session.inputs if name not in inputs]
        if missing:
            raise DeviceError(f"graph {session.graph.name} was not given {', '.join(missing)}; give every input")
        self.inputs: Arrays = {
            tensor.name: np.array(inputs[tensor.name], dtype=tensor.dtype, order="C") for tensor in session.graph.inputs
        }
        self._turns: list[tuple[Any, Arrays, Arrays]] = []  # two, taking turns: each reads what the other wrote
        # only on the CPU do bindings share numpy's memory; elsewhere inputs would be copied once, when they are bound
        if session.provider == CPU:
            self._turns = self._bind(session.run(self.inputs))
            self.inputs = self._turns[0][1]

    def step(self) -> Arrays:
        """One step; returns the outputs by name, which stay whole through the next step and no longer."""
        if not self._turns:
            outputs = self._session.run(self.inputs)
            self.inputs.update((name, outputs[following]) for name, following in self._feedback.items())
            return outputs
        turn, (binding, _, outputs) = self._turns, self._turns[0]
        try:
            self._session.runtime.run_with_iobinding(binding)
        except Exception as error:
            raise _failed(self._session, error) from error
        turn.reverse()
        self.inputs = turn[0][1]
        return outputs

    def _bind(self, example: Arrays) -> list[tuple[Any, Arrays, Arrays]]:
        """Two bindings with outputs of their own, each reading the other's state; `example` gives the outputs' form."""
        ort = import_runtime()
        written = [{name: np.zeros_like(array) for name, array in example.items()} for _ in range(2)]
        turns = []
        for outputs, before in ((written[0], written[1]), (written[1], written[0])):
            inputs = self.inputs | {name: before[following] for name, following in self._feedback.items()}
            binding = self._session.runtime.io_binding()
            for name, array in inputs.items():
                if array.shape != self.inputs[name].shape:
                    raise DeviceError(f"{self._feedback[name]} {array.shape} is no next {name}; export the pack again")
                binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
            for name, array in outputs.items():
                binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))
            turns.append((binding, inputs, outputs))
        for name in self._feedback:
            turns[0][1][name][:] = self.inputs[name]
        return turns


# --- opening ----------------------------------------------------------------------------------------------------

_sessions: dict[tuple[Graph, str, str, int], Session] = {}


def open_session(pack: Pack, graph: str = "model", device: str = "auto", threads: int = 1) -> Session:
    """Open a pack's graph, or return it when it is open already.

    Its file is checked first (hash, structure, operators, tensors: PackError) and handed over as bytes. `device` is
    one of DEVICES; one that cannot run here is no error: the CPU runs and session.why_not says why. More than one
    thread pays off for large graphs only. Raises DeviceError when there is no onnxruntime or no such device.
    """
    if device not in DEVICES:
        raise DeviceError(f"there is no device {device}; choose one of {', '.join(DEVICES)}")
    declared = pack.graph(graph)
    key = (declared, pack.kind, device, threads)
    if key not in _sessions:
        _sessions[key] = _open(pack, declared, device, threads)
    return _sessions[key]


def close_sessions() -> None:
    """Forget every open session; its memory goes with its last user."""
    _sessions.clear()


def _open(pack: Pack, graph: Graph, device: str, threads: int) -> Session:
    began = time.perf_counter()
    ort = import_runtime()
    data = read_graph_bytes(pack, graph)
    for finding in check_graph(pack, graph, data):
        if not finding.ok:
            raise PackError(finding.detail)
    try:
        runtime, told = start(data, pack.kind, device, threads)
    except PackError as error:
        told = f"{error}: {pack.folder / graph.file}"
        raise PackError(f"{told}; fetch or export pack {pack.id} again") from error
    elapsed = (time.perf_counter() - began) * 1000
    return Session(graph, device, runtime.get_providers()[0], told, ort.__version__, threads, elapsed, runtime)


def start(data: bytes, kind: str, device: str, threads: int = 1) -> tuple[Any, str]:
    """Hand a graph's bytes, checked before, to onnxruntime: its session, and why it is not on the wished device.

    Raises PackError when not even the CPU can open it.
    """
    ort = import_runtime()
    devices, reasons = _candidates(kind, device)
    for name in devices:
        try:
            runtime = _create(ort, data, PROVIDERS[name], threads)
        except Exception as error:  # noqa: BLE001 - whatever a provider raises, the CPU is left, and the reason is said
            reasons.append(f"{PROVIDERS[name]}: {_first_line(error)}")
            continue
        if runtime.get_providers()[0] == PROVIDERS[name]:
            return runtime, ""
        reasons.append(f"{PROVIDERS[name]}: onnxruntime fell back to the CPU by itself")
    try:
        return _create(ort, data, CPU, threads), "; ".join(reasons)
    except Exception as error:
        raise PackError(f"onnxruntime cannot open the graph ({_first_line(error)})") from error


def _candidates(kind: str, device: str) -> tuple[list[str], list[str]]:
    """The devices to try before the CPU, and why others are not tried."""
    names = [device]
    if device == "cpu":
        return [], []
    if device == "auto":
        if kind in STEPWISE_KINDS:
            suits = "auto keeps step-by-step motion on the CPU, which suits small steps"
            return [], [f"{suits}; device cuda or webgpu asks for a GPU"]
        built = providers_here(import_runtime())
        names = [name for name in GPU_DEVICES if PROVIDERS[name] in built]
        if not names:
            webgpu = "; device webgpu asks for the one beside it" if PROVIDERS["webgpu"] in built else ""
            return [], [f"this onnxruntime was built without a GPU provider{webgpu}"]
    reasons = {name: why_not(name) for name in names}
    return [name for name in names if not reasons[name]], [reason for reason in reasons.values() if reason]


def _create(ort: ModuleType, data: bytes, provider: str, threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # waiting threads that spin would take a core from Blender
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if provider == PROVIDERS["directml"]:
        options.enable_mem_pattern = False  # DirectML asks for it
    providers = list(dict.fromkeys((provider, CPU)))
    if provider == PROVIDERS["webgpu"]:  # of a plug-in its device is named instead; the CPU goes without saying
        options.add_provider_for_devices(webgpu_devices()[:1], {})
        providers = None
    # without its fallback, which prints on stdout and goes on with the CPU, a failure reaches us with its reason
    return ort.InferenceSession(data, options, providers=providers, enable_fallback=0)


def _frugal_options() -> Any:
    """Options of a run after which onnxruntime keeps no memory for the next."""
    options = import_runtime().RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _failed(session: Session, error: Exception) -> DeviceError:
    where = f"graph {session.graph.name} failed on {session.provider}"
    return DeviceError(f"{where}: {_first_line(error)}; check the inputs, or try device cpu")


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line.rpartition(" was false. ")[2][:300]  # where a check of onnxruntime's own failed, the reason comes last
