# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs, and what runs them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GalateaError, PackError
from ..inference.packs import Finding, Pack, choose_pack, find_packs, models_folder, verify_pack
from ..texture.vocabulary import verdicts

if TYPE_CHECKING:
    from ..inference.doctor import Report


def pack_folders(folder: str | Path = "") -> list[Path]:
    """Where packs are looked for: `folder` alone when it is named, else the packs that ship and then the user's."""
    if folder:
        if not Path(folder).is_dir():
            raise PackError(f"there is no folder {folder}; name a folder that holds packs, or one pack")
        return [Path(folder)]
    from ..home import packs_folder

    try:
        return [models_folder(), packs_folder()]
    except GalateaError:  # a home that cannot be written is no reason to hide the packs that ship
        return [models_folder()]


def list_packs(folder: str | Path = "") -> tuple[list[Pack], list[PackError]]:
    """All packs that can be read, in the order of their folders, and what is wrong with those that cannot."""
    return find_packs(pack_folders(folder))


def pick_pack(kind: str, pack: str = "", folder: str | Path = "") -> Pack:
    """The pack with the id `pack`, or the first of its kind (the one that ships) when `pack` is empty.

    Raises PackError naming the packs there are.
    """
    packs, problems = list_packs(folder)
    return choose_pack(packs, problems, kind, pack)


def pack_info(folder: str | Path = "") -> list[dict[str, Any]]:
    """Everything people ask about packs, ready for JSON: vocabulary, data and its licences, graphs, metrics, and how
    good each class of a texture generator is."""
    packs, problems = list_packs(folder)
    if not packs:
        none = f"there is no pack in {folder or models_folder()}; name a folder that holds packs, or one pack"
        raise problems[0] if problems else PackError(none)
    return [{**pack.as_dict(), **({"verdicts": verdicts(pack)} if pack.kind == "texture-generator" else {})}
            for pack in packs]


def verify_packs(folder: str | Path = "") -> list[tuple[str, Finding]]:
    """Check every pack down to its graphs: (pack's id or folder, finding), a broken pack being a failed finding."""
    from ..inference.doctor import check_opens

    packs, problems = list_packs(folder)
    if not packs and not problems:
        raise PackError(f"there is no pack in {folder or models_folder()}; name a folder that holds packs, or one pack")
    found = [("", Finding("schema", False, str(problem))) for problem in problems]
    for pack in packs:
        findings = verify_pack(pack)
        if all(finding.ok for finding in findings):
            findings += check_opens(pack)
        found += [(pack.id, finding) for finding in findings]
    return found


def doctor_report() -> Report:
    """Versions, devices, the provider that really runs, telemetry, packs and folders."""
    from ..inference import doctor

    packs, problems = list_packs()
    return doctor.report(packs, problems, _blender())


@dataclass(frozen=True)
class DeviceTest:
    """What a device really did with a pack's graph. provider: the one that ran; why_not: why not the wished one."""

    wished: str
    provider: str
    why_not: str
    onnxruntime: str
    threads: int
    open_ms: float
    steps_per_second: float


def test_device(device: str = "auto", pack: str = "") -> DeviceTest:
    """Run a motion generator on a device for a moment. GalateaError when nothing runs, with the reason."""
    import numpy as np

    from ..inference.sessions import open_session

    steps = 60
    session = open_session(pick_pack("motion-generator", pack), device=device)
    first = {tensor.name: np.zeros([1 if isinstance(size, str) else size for size in tensor.shape], np.float32)
             for tensor in session.graph.inputs}
    stepper = session.stepper(first, {name: f"next_{name}" for name in ("state", "hidden", "cell", "root")})
    stepper.step()
    began = time.perf_counter()
    for _ in range(steps):
        stepper.step()
    return DeviceTest(device, session.provider, session.why_not, session.version, session.threads, session.open_ms,
                      steps / (time.perf_counter() - began))


def _blender() -> str:
    try:
        import bpy
    except Exception as error:  # noqa: BLE001 - its library can fail to load in many ways; the rest works without it
        return f"not here ({' '.join(str(error).split())}); packs and doctor work without it"
    return f"{bpy.app.version_string}{'' if bpy.app.binary_path else ', as a Python module'}"
