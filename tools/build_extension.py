# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension's zip for one platform, with onnxruntime inside, and let Blender's own tool check it.

    .venv/bin/python tools/build_extension.py [--platform linux-x64] [--pythons cp311 cp313] [--output dist]

The committed manifest lists no wheels. A copy of what Blender needs is laid out in build/, its manifest is given the
platform and the wheels, and the packaging tool that comes with Blender (here: inside the bpy module) makes the zip.
Running onnxruntime's sessions imports numpy and nothing else, and numpy is Blender's own: one wheel a Python is all.
"""

import argparse
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
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


def main(arguments: list[str] | None = None) -> int:
    """Build and check one zip; return the exit status, with one line on stderr for what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", choices=PLATFORMS, default=None, help="default: this machine's")
    parser.add_argument("--pythons", nargs="+", default=PYTHONS, metavar="TAG", help="default: cp311 cp313")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder for the zip; default: dist")
    options = parser.parse_args(arguments)
    try:
        print(build(options.platform or this_platform(), options.pythons, options.output))
    except BuildError as error:
        print(f"build_extension: {error}", file=sys.stderr)
        return 1
    return 0


class BuildError(Exception):
    """The zip cannot be built; one line that says why."""


def build(target: str, pythons: list[str], output: Path) -> Path:
    """Build the zip for the Blender platform `target` and the Python tags `pythons`; return its path."""
    manifest = (ROOT / "blender_manifest.toml").read_text(encoding="utf-8")
    wheels = [fetch_wheel(target, python) for python in dict.fromkeys(pythons)]
    stage = lay_out(target, with_wheels(manifest, target, [wheel.name for wheel in wheels]), wheels)
    about = tomllib.loads(manifest)
    archive = output.resolve() / f"{about['id']}-{about['version']}-{target}.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    blender_tool("build", "--source-dir", str(stage), "--output-filepath", str(archive))
    blender_tool("validate", str(archive))
    return archive


def this_platform() -> str:
    """Return Blender's name for the platform that this runs on."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    if (name := f"{system}-{machine}") not in PLATFORMS:
        raise BuildError(f"no zip is made for {name}; choose one with --platform: {', '.join(PLATFORMS)}")
    return name


def runtime_version() -> str:
    """Return the onnxruntime version that pyproject.toml pins."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        requirements = tomllib.load(file)["project"]["dependencies"]
    return next(found[1] for line in requirements if (found := re.match(r"onnxruntime==([\w.]+)", line)))


def fetch_wheel(target: str, python: str) -> Path:
    """Return onnxruntime's wheel for a platform and a Python tag, as PyPI has it; downloaded once into build/wheels."""
    folder, version = BUILD / "wheels" / target, runtime_version()
    pattern = f"onnxruntime-{version}-{python}-*.whl"
    if found := sorted(folder.glob(pattern)):
        return found[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--implementation", "cp", "--abi", python, "--python-version", python[2:]]
    command += [f"--platform={tag}" for tag in PLATFORMS[target]]
    command += ["--dest", str(folder), f"onnxruntime=={version}"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise BuildError(f"no onnxruntime {version} for {python} on {target}: {reasons[-1]}")
    return next(folder.glob(pattern))


def with_wheels(manifest: str, target: str, wheels: list[str]) -> str:
    """Return the manifest's text with the platform and the wheels (file names in wheels/) filled in."""
    listed = "".join(f'  "./wheels/{name}",\n' for name in wheels)
    head, table, rest = manifest.partition("\n[permissions]")
    if not table:
        raise BuildError("blender_manifest.toml has no [permissions] to put the wheels before")
    return f'{head}\nplatforms = ["{target}"]\nwheels = [\n{listed}]\n{table}{rest}'


def lay_out(target: str, manifest: str, wheels: list[Path]) -> Path:
    """Copy what ships into a fresh folder, with its manifest and wheels; return the folder."""
    stage = BUILD / f"extension-{target}"
    shutil.rmtree(stage, ignore_errors=True)
    (stage / "wheels").mkdir(parents=True)
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, stage / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy2(source, stage / name)
    for wheel in wheels:
        shutil.copy2(wheel, stage / "wheels")
    (stage / "blender_manifest.toml").write_text(manifest, encoding="utf-8")
    return stage


def blender_tool(*arguments: str) -> None:
    """Run Blender's packaging tool, which needs no Blender running."""
    bpy = importlib.util.find_spec("bpy")
    found = sorted(Path(bpy.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py")) if bpy else []
    if not found:
        raise BuildError("the bpy module is not installed here: run `make extension`, which installs it")
    done = subprocess.run([sys.executable, str(found[-1]), *arguments], capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"Blender's packaging tool refused to {arguments[0]}: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    sys.exit(main())
