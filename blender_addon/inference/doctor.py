# SPDX-License-Identifier: GPL-3.0-or-later
"""What `galatea doctor` says: versions, what really runs the models and why nothing faster does, packs, folders."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import home
from ..errors import GalateaError, PackError
from . import devices, sessions
from .packs import Finding, Pack, models_folder, verify_pack


@dataclass(frozen=True)
class Row:
    """One line of the report; `ok` is False where something is broken, not where something is merely absent."""

    name: str
    value: str
    ok: bool = True


@dataclass(frozen=True)
class Report:
    """The doctor's report."""

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "rows": [asdict(row) for row in self.rows]}


def report(packs: list[Pack], problems: list[PackError], blender: str) -> Report:
    """Look at everything; what is broken becomes a row, never an exception. `blender` says which Blender this is."""
    rows = [
        Row("Galatea", f"{home.version()}{f', extension {home.extension()}' if home.extension() else ''}"),
        Row("Python", f"{platform.python_version()} ({sys.executable})"),
        Row("platform", platform.platform()),
        Row("Blender", blender),
        Row("numpy", np.__version__),
        *_runtime_rows(),
        *_pack_rows(packs, problems),
        *_folder_rows(),
    ]
    return Report(tuple(rows))


def check_opens(pack: Pack) -> list[Finding]:
    """Whether onnxruntime opens each graph; nothing when there is no onnxruntime to ask."""
    if not devices.runtime_status().ok:
        return []
    findings = []
    for graph in pack.graphs:
        try:
            session = sessions.open_session(pack, graph.name, "cpu")
            findings.append(Finding("opens", True, f"{session.provider}, {session.open_ms:.0f} ms"))
        except GalateaError as error:
            findings.append(Finding("opens", False, str(error)))
    return findings


def _runtime_rows() -> Iterator[Row]:
    status = devices.runtime_status()
    if not status.ok:
        yield Row("onnxruntime", status.why_not, ok=False)
        return
    several = " + " in status.package  # they overwrite one another's files
    advice = "; two of them overwrite one another, keep one" if several else ""
    yield Row("onnxruntime", f"{status.version} ({status.package or 'unknown package'}){advice}", ok=not several)
    off = os.environ.get("ORT_DISABLE_TELEMETRY") == "1"  # set by us, unless onnxruntime was there before us
    yield Row("telemetry", "off" if off else "may be on: something else loaded onnxruntime before Galatea did")
    yield Row("built for", ", ".join(status.providers))
    for device in devices.describe_devices():
        if device.provider in status.providers:
            yield _really_runs(device)


def _really_runs(device: devices.Device) -> Row:
    """Run a graph on the device and ask the session, which alone knows, where it ran."""
    try:
        session, told = sessions.start(doubling_graph(), "", device.name)
        (answer,) = session.run(None, {"x": np.array([21.0], np.float32)})
    except GalateaError as error:
        return Row(f"device {device.name}", str(error), ok=device.name != "cpu")
    except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions have no common base of their own
        return Row(f"device {device.name}", f"fails: {error}".splitlines()[0], ok=device.name != "cpu")
    provider = session.get_providers()[0]
    if answer[0] != 42.0:
        return Row(f"device {device.name}", f"{provider} runs, and computes wrongly", ok=False)
    return Row(f"device {device.name}", f"not used, {told}" if told else f"runs, {provider}")


def _pack_rows(packs: list[Pack], problems: list[PackError]) -> Iterator[Row]:
    for pack in packs:
        failed = [finding.detail for finding in verify_pack(pack) if not finding.ok]
        told = failed[0] if failed else f"{pack.kind} {pack.version}, {pack.bytes / 1e6:.1f} MB, {pack.licence}, sound"
        yield Row(f"pack {pack.id}", told, ok=not failed)
    for problem in problems:
        yield Row("pack", str(problem), ok=False)
    if not packs:
        yield Row("packs", f"none in {models_folder()}; install Galatea again, or train one", ok=False)


def _folder_rows() -> Iterator[Row]:
    yield Row("packs that ship", str(models_folder()))
    try:
        yield Row("your packs", str(home.packs_folder()))
    except GalateaError as error:
        yield Row("your packs", str(error))


# --- the smallest graph -----------------------------------------------------------------------------------------


def doubling_graph() -> bytes:
    """An ONNX model of one node, y = x + x for x float32[1], written by hand since Blender has no `onnx` package."""

    def part(number: int, *parts: bytes | str) -> bytes:
        body = b"".join(each.encode() if isinstance(each, str) else each for each in parts)
        return bytes([number << 3 | 2, len(body)]) + body

    def count(number: int, value: int) -> bytes:
        return bytes([number << 3, value])

    one = part(2, part(1, count(1, 1)))  # shape { dim { dim_value: 1 } }
    tensor = part(2, part(1, count(1, 1), one))  # type { tensor_type { elem_type: FLOAT, shape } }
    node = part(1, part(1, "x"), part(1, "x"), part(2, "y"), part(4, "Add"))
    graph = part(7, node, part(2, "doubling"), part(11, part(1, "x"), tensor), part(12, part(1, "y"), tensor))
    return count(1, 8) + graph + part(8, part(1, ""), count(2, 17))  # IR version 8, opset 17
