# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast it is, beside baselines taken in the same run: `python bench/bench.py --out bench.json`.

bench.json holds {name: {"value", "unit", "baseline", "ratio", "note"}}. ratio says how many times better the value is
than the baseline, unless the note says otherwise; both are null where there is nothing to compare with. Values are
medians of several repeats, in wall-clock time; those of two things that are compared are taken by turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, read_pack
from blender_addon.inference.sessions import Session, close_sessions, open_session
from blender_addon.motion.generating import CARRIED, generate
from blender_addon.motion.rotations import normalise

if TYPE_CHECKING:
    import bpy

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Figure:
    """One entry of bench.json."""

    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""


Figures = Iterator[tuple[str, Figure]]


def timed(work: Callable[[], Any]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def calls_a_second(work: Callable[[], Any], seconds: float) -> tuple[float, float]:
    """How often it can be called, over so many seconds, and what share of a core this process had meanwhile."""
    calls, began, worked = 0, time.perf_counter(), time.process_time()
    while (took := time.perf_counter() - began) < seconds or not calls:
        work()
        calls += 1
    return calls / took, (time.process_time() - worked) / took


# --- the generator ------------------------------------------------------------------------------------------------


def generator_steps(session: Session, pack: Pack, batches: tuple[int, ...] = (1, 8, 32, 128), repeats: int = 5,
                    seconds: float = 0.4) -> Figures:
    """Frames of motion a second, for one character and for several in a batch; PyTorch takes turns."""
    network = _eager_network(pack)
    for batch in batches:
        steps = [_step(session, batch)] + ([_eager_step(network, _first_inputs(session, batch))] if network else [])
        for step in steps:
            calls_a_second(step, seconds / 4)  # warm up
        rates = np.array([[calls_a_second(step, seconds) for step in steps] for _ in range(repeats)])
        (value, *others), (share, *_) = np.median(rates, axis=0).T * [[batch], [1.0]]
        note = f"frames of all {batch} characters" if batch > 1 else "frames of one character"
        note += f"; {session.provider}, {session.threads} thread"
        note += "; baseline: the same network in PyTorch eager, random weights, 1 thread" if others else (
            "; no baseline, PyTorch is not installed")
        if share < 0.9:
            note += f"; the machine was busy and gave it {share:.0%} of a core"
        baseline = float(others[0]) if others else None
        yield f"generator_steps_per_s_b{batch}", Figure(float(value), "steps/s", baseline,
                                                        baseline and float(value) / baseline, note)


def _first_inputs(session: Session, batch: int) -> dict[str, np.ndarray]:
    """Zeros, but for an action, a latent and a path straight ahead."""
    inputs = {tensor.name: np.zeros([batch if isinstance(size, str) else size for size in tensor.shape], np.float32)
              for tensor in session.graph.inputs}
    inputs["action"][:, 0] = 1.0
    inputs["trajectory"][..., 1::2] = -1.0
    inputs["latent"][:] = np.random.default_rng(0).standard_normal(inputs["latent"].shape)
    return inputs


def _feedback(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Which output is which input's next value."""
    return {name: f"next_{name}" for name in CARRIED if name in inputs}


def _step(session: Session, batch: int) -> Callable[[], None]:
    """What generating does for a frame: tell the model the path, take a step, keep the pose."""
    inputs = _first_inputs(session, batch)
    stepper = session.stepper(inputs, _feedback(inputs))
    path = np.array(stepper.inputs["trajectory"])
    pose = np.array(stepper.step()["rotations"])

    def step() -> None:
        stepper.inputs["trajectory"][:] = path
        pose[:] = stepper.step()["rotations"]

    return step


def _eager_network(pack: Pack) -> Callable[..., Any] | None:
    """The network as it is trained, as large as the pack's, with random weights; None without PyTorch."""
    try:
        import torch

        from training.motion.export_generator import Step
        from training.motion.generator import Generator, GeneratorShape
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = GeneratorShape(**pack.content["training"]["shape"])
    size = shape.state
    return Step(Generator(shape, np.zeros(size), np.ones(size), np.full(size, 0.1))).eval()


def _eager_step(network: Callable[..., Any], first: dict[str, np.ndarray]) -> Callable[[], None]:
    """A frame of the same motion in PyTorch."""
    import torch

    from training.motion.export_generator import OUTPUTS

    inputs = {name: torch.tensor(array) for name, array in first.items()}

    @torch.inference_mode()
    def step() -> None:
        made = dict(zip(OUTPUTS, network(**inputs)))
        inputs.update((name, made[following]) for name, following in _feedback(inputs).items())

    return step


def session_open(pack: Pack, repeats: int = 7) -> Figures:
    """A pack's graph from the disk to the first step."""
    import onnxruntime

    path = str(pack.folder / pack.graph().file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    checked, bare = [], []
    for _ in range(repeats):
        close_sessions()
        checked.append(1e3 * timed(lambda: open_session(pack, device="cpu")))
        bare.append(1e3 * timed(lambda: onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])))
    value, baseline = median(checked), median(bare)
    yield "session_open_ms", Figure(value, "ms", baseline, baseline / value,
                                    "checked (hash, structure, operators) and opened; baseline: opened unchecked")


# --- keys ---------------------------------------------------------------------------------------------------------


def keys(bones: int = 65, frames: int = 3000, few: int = 6, repeats: int = 3) -> Figures:
    """Rotations of a whole rig on every frame: in bulk, one by one, and by nla.bake."""
    import bpy

    from blender_addon.motion.tracks import Curve
    from blender_addon.scene.keys import Take, key_takes

    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = _chain(bones)
    names = [bone.name for bone in armature.pose.bones]
    poses = _tumbling(frames, bones)
    moments = np.arange(1, frames + 1)
    take = Take("bench", [Curve(name, "rotation_quaternion", index, moments, poses[:, i, index])
                          for i, name in enumerate(names) for index in range(4)])
    bulk = []
    for _ in range(repeats):
        bulk.append(timed(lambda: key_takes(armature, [take])))
        keyed = armature.animation_data.action
    fast = median(bulk)

    armature.animation_data.action = None
    slow = timed(lambda: _insert(armature, names[:few], poses)) * bones / few
    count = 4 * bones * frames
    yield "keys_bulk_s", Figure(fast, "s", slow, slow / fast,
                                f"{bones} bones × 4 × {frames:,} frames, {count:,} keys; baseline: keyframe_insert "
                                f"of {few} bones × {frames:,} frames, times {bones}/{few}")

    armature.animation_data.action = keyed
    bpy.context.scene.frame_end = frames
    bpy.ops.object.mode_set(mode="POSE")
    bake = timed(lambda: bpy.ops.nla.bake(
        frame_start=1, frame_end=frames, step=1, only_selected=False, visual_keying=False, clear_constraints=False,
        use_current_action=False, bake_types={"POSE"}, channel_types={"ROTATION"}))
    bpy.ops.object.mode_set(mode="OBJECT")
    yield "keys_bake_s", Figure(bake, "s", fast, bake / fast,
                                "nla.bake of the same rotations, once; baseline: keys_bulk_s, which is `ratio` times "
                                "as fast")


def _chain(bones: int) -> bpy.types.Object:
    """An armature of so many bones, one on top of another, turned by quaternions."""
    import bpy

    armature = bpy.data.objects.new("Bench", bpy.data.armatures.new("Bench"))
    bpy.context.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    above = None
    for number in range(bones):
        bone = armature.data.edit_bones.new(f"bone{number:03d}")
        bone.head, bone.tail = (0.0, 0.0, 0.1 * number), (0.0, 0.0, 0.1 * number + 0.1)
        bone.parent, above = above, bone
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return armature


def _tumbling(frames: int, bones: int) -> np.ndarray:
    """(T, B, 4) smooth unit quaternions."""
    phase = np.linspace(0.0, 20.0, frames)[:, None, None] + np.arange(bones)[:, None] + np.arange(4)
    return normalise(np.sin(phase) + [2.0, 0.0, 0.0, 0.0])


def _insert(armature: bpy.types.Object, names: list[str], poses: np.ndarray) -> None:
    """Key by key, as scripts do."""
    for i, name in enumerate(names):
        bone = armature.pose.bones[name]
        for frame, quaternion in enumerate(poses[:, i].tolist(), start=1):
            bone.rotation_quaternion = quaternion
            bone.keyframe_insert("rotation_quaternion", frame=frame)


# --- in a process of its own --------------------------------------------------------------------------------------

_REGISTER = """
import importlib.util, os, sys, time
import bpy
root = sys.argv[1]
began = time.perf_counter()
spec = importlib.util.spec_from_file_location("galatea", os.path.join(root, "__init__.py"),
                                              submodule_search_locations=[root])
extension = sys.modules["galatea"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(extension)
extension.register()
print("RESULT", 1e3 * (time.perf_counter() - began), flush=True)
os._exit(0)  # bpy 4.2 frees panels after Python has ended, and crashes
"""

_PEAK = """
import sys
import bpy
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/bench"]
import bench
if len(sys.argv) > 2:
    bench.animate(sys.argv[2])
print("RESULT", bench.peak_mb())
"""


def fresh_process(code: str, *arguments: str, compiled: str = "") -> float:
    """The number that a Python started afresh prints; GalateaError with its last line when it fails.

    compiled: a folder where it finds what it compiled the last time, and leaves it.
    """
    kept = {name: value for name, value in os.environ.items() if not compiled or name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False,
                          env=kept | ({"PYTHONPYCACHEPREFIX": compiled} if compiled else {}))
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if done.returncode or not found:
        raise GalateaError(f"a process of the benchmark failed: {(done.stderr.strip().splitlines() or ['-'])[-1]}")
    return float(found[0])


def register_time(repeats: int = 5) -> Figures:
    """From nothing of the extension imported to registered, in a Blender that has just started."""
    with tempfile.TemporaryDirectory() as folder:
        first, *values = (fresh_process(_REGISTER, str(ROOT), compiled=folder) for _ in range(1 + repeats))
    yield "register_ms", Figure(median(values), "ms", note="imported and registered, in a fresh Blender (as a module); "
                                                           f"the first time, when Python compiles it, {first:.0f} ms")


def peak_memory(pack: Pack) -> Figures:
    """The most memory that a Blender holds while it makes ten seconds of motion and keys them."""
    value, baseline = fresh_process(_PEAK, str(ROOT), str(pack.folder)), fresh_process(_PEAK, str(ROOT))
    yield "peak_rss_mb", Figure(value, "MB", baseline, baseline / value,
                                "Blender as a module, onnxruntime, 10 s of motion keyed on a rig; baseline: "
                                "Blender as a module alone")


def animate(folder: str) -> None:
    """Ten seconds onto Galatea's own armature."""
    from motion_figures import plan_of  # beside this script

    from blender_addon.motion.requests import KeyOptions
    from blender_addon.motion.slices import drain
    from blender_addon.scene.applying import apply_in_slices
    from blender_addon.scene.armatures import add_human
    from blender_addon.scene.keys import key_takes
    from blender_addon.scene.rigs import read_rig

    pack, armature = read_pack(folder), add_human()
    clip = generate(open_session(pack), pack, plan_of(pack, 10.0), [0])[0]
    applied = drain(apply_in_slices(lambda: armature, read_rig(armature), clip, KeyOptions(), "bench", 1))
    key_takes(armature, [applied.take])


def peak_mb() -> float:
    """The most memory that this process has held, in MB."""
    try:
        # not getrusage: there a process begins with the peak of the one that started it
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


# --- all of it ----------------------------------------------------------------------------------------------------


def measure(pack: Pack) -> Figures:
    """Every figure, one after another."""
    import character_figures  # beside this script
    import fill_figures
    import motion_figures
    import reduction_figures
    import rig_figures
    import texture_figures

    session = open_session(pack, device="cpu")
    yield from generator_steps(session, pack)
    for name, value, baseline, unit, note in motion_figures.figures(session, pack):
        yield name, Figure(value, unit, baseline, baseline / value, note)
    yield from session_open(pack)
    yield from keys()
    for name, value, unit, note in (*reduction_figures.figures(), *rig_figures.figures()):
        yield name, Figure(value, unit, note=note)
    for name, value, baseline, unit, note in fill_figures.figures(ROOT / "models"):
        yield name, Figure(value, unit, baseline, value / baseline, note)
    for name, value, baseline, unit, note in texture_figures.figures(ROOT / "models"):
        yield name, Figure(value, unit, baseline, baseline and baseline / value, note)
    for name, value, unit, note in character_figures.figures():
        yield name, Figure(value, unit, note=note)
    yield from register_time()
    yield from peak_memory(pack)


def rounded(figure: Figure) -> dict[str, Any]:
    """An entry of bench.json, its numbers to four digits."""
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value
            for name, value in asdict(figure).items()}


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table line by line, write the file; 1 with one line when something is not there."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--pack", type=Path, default=ROOT / "models" / "motion-generator")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.7:
        print(f"Something else is running here (load {load:.1f}): the machine can do better than these figures.")
    print(f"{'':28s} {'value':>9s} {'unit':8s} {'baseline':>9s} {'ratio':>7s}")
    figures = {}
    try:
        for name, figure in measure(read_pack(options.pack)):
            figures[name] = rounded(figure)
            print(f"{name:28s} {_shown(figure.value):>9s} {figure.unit:8s} {_shown(figure.baseline):>9s} "
                  f"{_shown(figure.ratio):>7s}  {figure.note}", flush=True)
        options.out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except (GalateaError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"-> {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
