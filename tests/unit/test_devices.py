# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: what is said of them is held against onnxruntime's own files and against what a session then does."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blender_addon.errors import DeviceError
from blender_addon.inference import devices, sessions
from blender_addon.inference.doctor import doubling_graph

WHEEL = Path(importlib.util.find_spec("onnxruntime").origin).parent
CUDA_PROVIDER = WHEEL / "capi" / "libonnxruntime_providers_cuda.so"


@pytest.fixture(autouse=True)
def forget():
    devices.why_not.cache_clear()
    yield
    devices.why_not.cache_clear()


def test_the_runtime_is_the_installed_one():
    from importlib.metadata import version

    status = devices.runtime_status()
    assert status.ok and not status.why_not
    assert status.version == version(status.package)
    assert devices.CPU in status.providers


@pytest.mark.skipif(not (CUDA_PROVIDER.exists() and shutil.which("ldd")), reason="no CUDA provider here, or no ldd")
def test_the_cuda_libraries_are_those_the_provider_is_linked_with():
    told = subprocess.run(["ldd", CUDA_PROVIDER], capture_output=True, text=True).stdout
    linked = {line.split()[0] for line in told.splitlines() if line.strip().startswith("libcu")}
    assert set(devices.cuda_libraries("linux", 13)) == linked - {"libcuda.so.1"} | {"libcudnn.so.9"}


def test_the_cuda_libraries_are_among_those_onnxruntime_preloads():
    onnxruntime = devices.import_runtime()
    if devices.PROVIDERS["cuda"] not in onnxruntime.get_available_providers() or devices.release(onnxruntime) < (1, 21):
        pytest.skip("this onnxruntime preloads nothing for CUDA 13")
    for platform, windows in (("linux", False), ("win32", True)):
        preloaded = {path[-1] for path in onnxruntime._get_nvidia_dll_paths(windows)}
        assert set(devices.cuda_libraries(platform, 13)) <= preloaded


def test_each_device_says_why_not_or_runs():
    for device in devices.describe_devices():
        session, told = sessions.start(doubling_graph(), "", device.name)
        assert (session.get_providers()[0] == device.provider) == device.usable
        assert told == device.why_not


def test_no_gpu_then_missing_libraries_are_named(monkeypatch):
    if devices.PROVIDERS["cuda"] not in devices.runtime_status().providers:
        pytest.skip("the CPU package of onnxruntime has no CUDA provider")
    monkeypatch.setattr(devices, "_gpu_missing", lambda driver: f"{driver} not found")
    assert devices.why_not("cuda").startswith("CUDAExecutionProvider: ")
    devices.why_not.cache_clear()
    monkeypatch.setattr(devices, "_gpu_missing", lambda driver: "")
    there = {"libcudart.so.13", "libcurand.so.10"}
    monkeypatch.setattr(devices, "_loads", lambda name: name in there)
    monkeypatch.setattr(sys, "platform", "linux")
    assert devices.why_not("cuda") == (
        "CUDAExecutionProvider: libcublasLt.so.13, libcublas.so.13, libcudnn.so.9 not found; needs CUDA 13 and cuDNN 9"
    )
    devices.why_not.cache_clear()
    monkeypatch.setattr(devices, "_loads", lambda name: True)
    assert devices.why_not("cuda") == ""


def test_a_driver_without_a_gpu(monkeypatch):
    class Driver:
        def cuInit(self, flags):
            return 100  # CUDA_ERROR_NO_DEVICE

    monkeypatch.setattr(devices.ctypes, "CDLL", lambda name: Driver())
    assert "100" in devices._gpu_missing("libcuda.so.1")


def test_webgpu_is_there_where_its_plug_in_is():
    there = importlib.util.find_spec(devices.WEBGPU_PLUGIN) is not None
    assert (devices.PROVIDERS["webgpu"] in devices.runtime_status().providers) == there
    told = devices.why_not("webgpu")
    old = devices.release(devices.import_runtime()) < (1, 24)
    expected = ("its plug-in needs onnxruntime 1.24.4" if old else "finds no GPU; needs") if there else "not in this"
    assert not told or told.startswith(f"WebGpuExecutionProvider: {expected}")


def test_a_plug_in_that_does_not_load(monkeypatch):
    def broken():
        raise OSError("libdawn.so: cannot open shared object file\n")

    monkeypatch.setattr(devices, "webgpu_devices", broken)
    monkeypatch.setattr(devices, "release", lambda runtime: (1, 31))
    monkeypatch.setattr(devices, "providers_here", lambda runtime: (devices.CPU, devices.PROVIDERS["webgpu"]))
    told = devices.why_not("webgpu")
    assert told == "WebGpuExecutionProvider: its plug-in does not load (libdawn.so: cannot open shared object file)"


def test_a_device_that_there_is_not():
    with pytest.raises(DeviceError, match="choose one of auto, cpu"):
        devices.why_not("abacus")


def run(code):
    # where bpy 5.2 was imported before us it set OCIO, and a bpy that finds it set says so on stdout
    environment = {name: value for name, value in os.environ.items() if name != "OCIO"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], env=environment)


def test_onnxruntime_comes_in_last_with_its_telemetry_off():
    code = """
import os, sys
os.environ.pop("ORT_DISABLE_TELEMETRY", None)
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print("telemetry", os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Watch())
from blender_addon import api, cli
from blender_addon.inference import sessions, doctor, packs
print("rooms loaded", "onnxruntime" in sys.modules, "bpy" in sys.modules)
cli.main(["doctor"])
"""
    done = run(code)
    told = done.stdout.splitlines()
    assert told[:2] == ["rooms loaded False False", "telemetry 1"], done.stderr
    assert ["telemetry", "off"] in [line.split() for line in told]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("", "onnxruntime is not installed"),
        ("raise ImportError('DLL load failed while importing onnxruntime_pybind11_state')", "DLL load failed"),
        ("raise OSError('libgomp.so.1: cannot open shared object file')", "libgomp.so.1"),
        ("", "onnxruntime"),  # an empty folder left behind
    ],
    ids=["missing", "dll", "library", "hollow"],
)
def test_without_onnxruntime_one_line_says_how_to_mend_it(tmp_path, broken, told):
    if told == "onnxruntime is not installed":
        setup = "sys.modules['onnxruntime'] = None"
    else:
        (tmp_path / "onnxruntime").mkdir()
        (tmp_path / "onnxruntime" / "__init__.py").write_text(broken)
        setup = f"sys.path.insert(0, {str(tmp_path)!r})"
    code = f"""
import sys
{setup}
from blender_addon.inference.devices import runtime_status, import_runtime
from blender_addon.errors import DeviceError
from blender_addon import cli
status = runtime_status()
assert not status.ok
print(status.why_not)
try:
    import_runtime()
except DeviceError as error:
    assert str(error) == status.why_not
assert cli.main(["doctor", "--quiet"]) == 1
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout and ";" in done.stdout and done.stdout.count("\n") == 1
    assert done.stderr.startswith("galatea: onnxruntime: onnxruntime ") and done.stderr.count("\n") == 1
