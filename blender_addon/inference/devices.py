# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device a graph can run on here, and if not on the wished one, why.

onnxruntime lists the providers it was built with, whether or not they can run, prints red lines when one cannot, and
goes on with the CPU in silence. So the libraries are tried here first, and a provider is only asked for when it can be.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import io
import os
import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from ..errors import DeviceError
from .windows_library import library_problem

CPU = "CPUExecutionProvider"
PROVIDERS = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
}
DEVICES = ("auto", *PROVIDERS)
# What `auto` tries, in this order. WebGPU has run on a software Vulkan alone so far: only where it is asked for.
GPU_DEVICES = ("cuda", "directml", "migraphx", "rocm")

PACKAGES = (
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-directml",
    "onnxruntime-openvino",
    "onnxruntime-rocm",
    "onnxruntime-migraphx",
    "onnxruntime-webgpu",
)
WEBGPU_PLUGIN = "onnxruntime_ep_webgpu"  # a package beside onnxruntime, which it adds the provider to


@dataclass(frozen=True)
class Runtime:
    """What there is of onnxruntime: whether it imports, and if not, one line that says why and how to mend it."""

    ok: bool
    version: str = ""
    package: str = ""  # which wheel it came from, such as onnxruntime-gpu
    providers: tuple[str, ...] = ()  # those it was built with or has a plug-in for, not those that run
    why_not: str = ""


@dataclass(frozen=True)
class Device:
    """A device that can be asked for, whether it can run here, and if not, why."""

    name: str
    provider: str
    usable: bool
    why_not: str = ""


def import_runtime() -> ModuleType:
    """Import onnxruntime, silent and with its telemetry off. Raises DeviceError saying what is missing."""
    if "onnxruntime" not in sys.modules:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, when its library is loaded
        _check_before_import()
    try:
        import onnxruntime

        onnxruntime.SessionOptions()  # a folder left by a half-removed package imports, too
    except Exception as error:  # a broken install fails in many ways, and none of them may stop the add-on
        raise DeviceError(_import_advice(error)) from error
    with contextlib.suppress(Exception):  # once more, for one that was loaded before us
        onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)  # errors only
    return onnxruntime


def _check_before_import() -> None:
    """Raise DeviceError where the import would take the whole program down: see windows_library."""
    if sys.platform != "win32" or not (package := _package()):
        return
    from importlib import metadata

    version = metadata.version(package.split(" + ")[0])
    if problem := library_problem(version):
        mend = "use Blender 5.1 or later, or the Galatea zip for Windows alone, without another add-on's onnxruntime"
        raise DeviceError(f"onnxruntime {version} is not loaded: {problem}; {mend}")


def _import_advice(error: Exception) -> str:
    told = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name == "onnxruntime":
        mend = "install the Galatea zip made for this system, or: pip install onnxruntime"
        return f"onnxruntime is not installed; {mend}"
    if sys.platform == "win32" and "DLL" in told:
        mend = "install Microsoft's Visual C++ Redistributable (https://aka.ms/vs/17/release/vc_redist.x64.exe)"
    else:
        mend = "install the Galatea zip made for this system and Blender, or: pip install --force-reinstall onnxruntime"
    return f"onnxruntime does not load ({told}); {mend}"


def runtime_status() -> Runtime:
    """Whether onnxruntime can be used, which one it is, and if not, why."""
    try:
        runtime = import_runtime()
    except DeviceError as error:
        return Runtime(ok=False, package=_package(), why_not=str(error))
    return Runtime(True, runtime.__version__, _package(), providers_here(runtime))


def providers_here(runtime: ModuleType) -> tuple[str, ...]:
    """The providers that onnxruntime was built with, and that of the plug-in where it is installed."""
    built = tuple(runtime.get_available_providers())
    webgpu = PROVIDERS["webgpu"]
    there = webgpu not in built and importlib.util.find_spec(WEBGPU_PLUGIN) is not None
    return (*built, webgpu) if there else built


def release(runtime: ModuleType) -> tuple[int, int]:
    """onnxruntime's version as far as it matters here: (1, 31) for 1.31.1."""
    major, minor = runtime.__version__.split(".")[:2]
    return int(major), int(minor)


def _package() -> str:
    """The installed wheel; two of them overwrite one another's files, so both are named."""
    from importlib import metadata  # much comes with it, and Blender starts without

    there = []
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            metadata.version(name)
            there.append(name)
    return " + ".join(there)


def describe_devices() -> list[Device]:
    """Every device that can be asked for, with what stands in its way. Raises DeviceError without onnxruntime."""
    return [Device(name, provider, not (why := why_not(name)), why) for name, provider in PROVIDERS.items()]


@cache
def why_not(device: str) -> str:
    """Why `device` cannot run here, in one clause; empty when it can. Raises DeviceError without onnxruntime."""
    if device not in PROVIDERS:
        raise DeviceError(f"there is no device {device}; choose one of {', '.join(DEVICES)}")
    runtime = import_runtime()
    provider = PROVIDERS[device]
    if provider not in providers_here(runtime):
        return f"{provider}: not in this onnxruntime ({_package() or 'unknown'} {runtime.__version__})"
    missing = {"cuda": _cuda_missing, "webgpu": _webgpu_missing}.get(device, lambda runtime: "")(runtime)
    return f"{provider}: {missing}" if missing else ""


# --- CUDA -------------------------------------------------------------------------------------------------------


def cuda_libraries(platform: str, cuda: int) -> list[str]:
    """What onnxruntime's CUDA provider needs on `platform` (sys.platform) with CUDA `cuda`.

    The first are linked; cuDNN it loads at the first LSTM or convolution, which all our graphs have.
    """
    if platform == "win32":
        return [f"cublasLt64_{cuda}.dll", f"cublas64_{cuda}.dll", f"cudart64_{cuda}.dll", "cudnn64_9.dll"]
    linked = [f"libcublasLt.so.{cuda}", f"libcublas.so.{cuda}", "libcurand.so.10", f"libcudart.so.{cuda}"]
    return [*linked, "libcudnn.so.9"]


def _cuda_missing(runtime: ModuleType) -> str:
    """What CUDA lacks here: a driver, a GPU, or a library; empty when onnxruntime can use it."""
    if missing := _gpu_missing("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"):
        return missing
    built = str(getattr(runtime, "cuda_version", "")).split(".")[0]  # early ones do not say it
    cuda = int(built) if built.isdigit() else 13 if release(runtime) >= (1, 27) else 12
    # finds NVIDIA's own pip packages; what it prints about those that are not there is said better below
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
        runtime.preload_dlls()
    missing = [name for name in cuda_libraries(sys.platform, cuda) if not _loads(name)]
    if missing:
        return f"{', '.join(missing)} not found; needs CUDA {cuda} and cuDNN 9"
    return ""


def _gpu_missing(driver: str) -> str:
    """Ask NVIDIA's driver how many GPUs there are; empty when there is one."""
    try:
        library = ctypes.CDLL(driver)
        count = ctypes.c_int(0)
        started = library.cuInit(0)
        if started == 0:
            started = library.cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError):
        return f"{driver} not found; needs an NVIDIA GPU and its driver"
    return "" if started == 0 and count.value > 0 else f"the NVIDIA driver finds no usable GPU (code {started})"


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


# --- WebGPU -----------------------------------------------------------------------------------------------------


@cache
def webgpu_devices() -> tuple[Any, ...]:
    """The GPUs (onnxruntime.OrtEpDevice) that the WebGPU plug-in offers; the first call loads its library.

    Raises what onnxruntime or the plug-in raises when it cannot be loaded.
    """
    runtime = import_runtime()

    def offered() -> tuple[Any, ...]:
        return tuple(each for each in runtime.get_ep_devices() if each.ep_name == PROVIDERS["webgpu"])

    if not offered():  # else another add-on was here before us
        plugin = importlib.import_module(WEBGPU_PLUGIN)
        runtime.register_execution_provider_library(PROVIDERS["webgpu"], plugin.get_library_path())
    return offered()


def _webgpu_missing(runtime: ModuleType) -> str:
    """What WebGPU lacks here: a GPU with a driver for it; empty when a session can be tried."""
    if release(runtime) < (1, 24):
        return f"its plug-in needs onnxruntime 1.24.4, and this is {runtime.__version__}"
    try:
        if webgpu_devices():
            return ""
    except Exception as error:  # noqa: BLE001 - whatever keeps a plug-in from loading, the CPU is left
        return f"its plug-in does not load ({' '.join(str(error).split())[:200]})"
    needs = {"win32": "Direct3D 12", "darwin": "Metal"}.get(sys.platform, "Vulkan (libvulkan.so.1)")
    return f"finds no GPU; needs one whose driver has {needs}"
