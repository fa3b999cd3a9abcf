# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension's zips, with onnxruntime inside, and let Blender's own tool check each.

    .venv/bin/python tools/build_extension.py                                       # for this machine
    .venv/bin/python tools/build_extension.py --platform windows-x64 --flavour cuda
    .venv/bin/python tools/build_extension.py --all                                 # all that are given out

The committed manifest lists no wheels. A copy of what Blender needs is laid out in build/, its manifest is given the
platform and the wheels, and the packaging tool that comes with Blender (here: inside the bpy module) makes the zip.
Running onnxruntime's sessions imports numpy and nothing else, and numpy is Blender's own: no other wheel is needed.
"""

import argparse
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
WHEELS = ROOT / ".wheels"  # outlives `make clean`: the CUDA wheels are up to 256 MB each
SHIPPED = ("__init__.py", "LICENSE", "README.md", "CHANGELOG.md", "blender_addon", "models")

# Blender 4.2 to 5.0 run Python 3.11, 5.1 and later 3.13; a distribution's own Blender may want another.
PYTHONS = ["cp311", "cp313"]

# Blender's name for a platform, and pip's names for the wheels that run there (the first that has one is taken).
PLATFORMS = {
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64"],
    "linux-arm64": ["manylinux_2_28_aarch64", "manylinux_2_27_aarch64"],
    "macos-arm64": ["macosx_14_0_arm64", "macosx_13_0_arm64"],
    "windows-x64": ["win_amd64"],
    "windows-arm64": ["win_arm64"],
}

# Blender for Windows runs on the Microsoft C++ library that it brings: up to 5.0 (Python 3.11) that of Visual Studio
# 2019, in which onnxruntime 1.21 and later crash (blender_addon/inference/windows_library.py). The last before that:
INSTEAD = {
    ("windows-x64", "cp311", "onnxruntime"): "1.20.1",
    ("windows-x64", "cp311", "onnxruntime-gpu"): "1.20.2",  # there is no 1.20.1 of it; wants CUDA 12
}


@dataclass(frozen=True)
class Flavour:
    """What a zip brings along to run the models: packages that pyproject.toml pins, one build a Python or one for all.

    A flavour with a name carries it in its version, which Blender shows; the id is the same, so that installing one
    flavour replaces the other.
    """

    name: str
    packages: tuple[str, ...]


FLAVOURS = {
    # the plug-in lets any GPU with Vulkan, Direct3D 12 or Metal run graphs, where it is asked for
    "cpu": Flavour("", ("onnxruntime", "onnxruntime-ep-webgpu")),
    "cuda": Flavour("cuda", ("onnxruntime-gpu",)),  # for machines with CUDA and cuDNN
}
GIVEN_OUT = (
    ("linux-x64", "cpu"),
    ("windows-x64", "cpu"),
    ("macos-arm64", "cpu"),
    ("linux-x64", "cuda"),
    ("windows-x64", "cuda"),
)


def main(arguments: list[str] | None = None) -> int:
    """Build and check zips, print their paths; return the exit status, with one line on stderr for what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", choices=PLATFORMS, default=None, help="default: this machine's")
    parser.add_argument("--flavour", choices=FLAVOURS, default="cpu", help="default: cpu")
    parser.add_argument("--all", action="store_true", help="every platform and flavour that is given out")
    parser.add_argument("--pythons", nargs="+", default=PYTHONS, metavar="TAG", help="default: cp311 cp313")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder for the zips; default: dist")
    options = parser.parse_args(arguments)
    try:
        chosen = GIVEN_OUT if options.all else [(options.platform or this_platform(), options.flavour)]
        for target, flavour in chosen:
            archive = build(target, options.pythons, options.output, FLAVOURS[flavour])
            print(archive, flush=True)
            print(f"{archive.stat().st_size / 1e6:.1f} MB, valid", file=sys.stderr)
    except BuildError as error:
        print(f"build_extension: {error}", file=sys.stderr)
        return 1
    return 0


class BuildError(Exception):
    """The zip cannot be built; one line that says why."""


def build(target: str, pythons: list[str], output: Path, flavour: Flavour = FLAVOURS["cpu"]) -> Path:
    """Build the zip for the Blender platform `target` and the Python tags `pythons`; return its path."""
    text = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    about = tomllib.loads(text)
    names = [about["id"], about["version"], target, *filter(None, [flavour.name])]
    wheels = [fetch_wheel(package, target, python) for package in flavour.packages for python in pythons]
    wheels = list(dict.fromkeys(wheels))  # one for all Pythons was found for each
    archive = output.resolve() / f"{'-'.join(names)}.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="extension-", dir=BUILD) as stage:
        lay_out(Path(stage), filled_in(text, target, flavour, [wheel.name for wheel in wheels]), wheels)
        blender_tool("build", "--source-dir", stage, "--output-filepath", str(archive))
    blender_tool("validate", str(archive))
    return archive


def this_platform() -> str:
    """Return Blender's name for the platform that this runs on."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    if (name := f"{system}-{machine}") not in PLATFORMS:
        raise BuildError(f"no zip is made for {name}; choose one with --platform: {', '.join(PLATFORMS)}")
    return name


def pinned_version(package: str) -> str:
    """Return the version of a package that pyproject.toml pins."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        requirements = tomllib.load(file)["project"]["dependencies"]
    return next(found[1] for line in requirements if (found := re.match(rf"{package}==([\w.]+)", line)))


def fetch_wheel(package: str, target: str, python: str) -> Path:
    """Return a package's wheel for a platform and a Python tag, as PyPI has it; downloaded once into .wheels."""
    folder, version = WHEELS / target, INSTEAD.get((target, python, package)) or pinned_version(package)
    stem = f"{package.replace('-', '_')}-{version}"
    if found := find_wheel(folder, stem, python):
        return found
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--implementation", "cp", "--abi", python, "--python-version", python[2:]]
    command += [f"--platform={tag}" for tag in PLATFORMS[target]]
    command += ["--dest", str(folder), f"{package}=={version}"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise BuildError(f"no {package} {version} for {python} on {target}: {reasons[-1]}")
    return find_wheel(folder, stem, python)


def find_wheel(folder: Path, stem: str, python: str) -> Path | None:
    """Return the wheel that is there for one Python or for all."""
    return next((path for tag in (python, "py3") for path in sorted(folder.glob(f"{stem}-{tag}-*.whl"))), None)


def filled_in(manifest: str, target: str, flavour: Flavour, wheels: list[str]) -> str:
    """Return the manifest's text with the flavour, the platform and the wheels (file names in wheels/) filled in."""
    if flavour.name:  # semantic versioning's build metadata
        manifest = re.sub(r'^(version = "[^"+]+)"', rf'\1+{flavour.name}"', manifest, count=1, flags=re.MULTILINE)
    listed = "".join(f'  "./wheels/{name}",\n' for name in wheels)
    head, table, rest = manifest.partition("\n[permissions]")
    if not table:
        raise BuildError("blender_manifest.toml has no [permissions] to put the wheels before")
    return f'{head}\nplatforms = ["{target}"]\nwheels = [\n{listed}]\n{table}{rest}'


def lay_out(stage: Path, manifest: str, wheels: list[Path]) -> None:
    """Copy what ships into the empty folder `stage`, with its manifest and wheels."""
    (stage / "wheels").mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, stage / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy2(source, stage / name)
    for wheel in wheels:
        shutil.copy2(wheel, stage / "wheels")
    (stage / "blender_manifest.toml").write_text(manifest, encoding="utf-8")


def blender_tool(*arguments: str) -> None:
    """Run Blender's packaging tool, which needs no Blender running."""
    bpy = importlib.util.find_spec("bpy")
    found = sorted(Path(bpy.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")) if bpy else []
    if not found:
        raise BuildError("the bpy module is not installed here: run `make extension`, which installs it")
    tags = found[-1].parents[3] / "modules" / "_bpy_internal" / "extensions" / "tags.py"  # those the platform knows
    command = [sys.executable, str(found[-1]), *arguments, "--valid-tags", str(tags)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"Blender's packaging tool refused to {arguments[0]}: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    sys.exit(main())
