# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels show, computed before they are drawn: plain values and no reference to Blender's data.

Undo and opening a file replace Blender's data; names and numbers survive both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Direction:
    """A way to change textures. low, high: how far is useful, in usual steps."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Pack:
    """A pack as panels show it. data: one line a source. pace: action -> m/s. tile_metres: texture class -> m.
    verdicts: texture class -> how good it is."""

    id: str
    kind: str
    title: str
    version: str
    licence: str
    megabytes: float
    data: tuple[str, ...]
    credits: tuple[str, ...]
    actions: tuple[str, ...]
    styles: tuple[str, ...]
    pace: dict[str, float]
    tile_metres: dict[str, float] = field(default_factory=dict)
    directions: tuple[Direction, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Of textures."""
        return tuple(self.tile_metres)


@dataclass(frozen=True)
class Catalogue:
    """The packs there are, those that are broken (a line each), and where packs and settings live."""

    packs: tuple[Pack, ...] = ()
    problems: tuple[str, ...] = ()
    user_folder: str = ""
    packs_folder: str = ""

    def generator(self, wanted: str) -> Pack | None:
        """The motion generator with an id, or the first when it is empty; None when there is none."""
        return self._of_kind("motion-generator", wanted)

    def textures(self, wanted: str = "") -> Pack | None:
        """The same for texture generators."""
        return self._of_kind("texture-generator", wanted)

    def bodies(self, wanted: str = "") -> Pack | None:
        """The same for packs of bodies."""
        return self._of_kind("body-vae", wanted)

    def _of_kind(self, kind: str, wanted: str) -> Pack | None:
        return next((pack for pack in self.packs if pack.kind == kind and wanted in ("", pack.id)), None)


@dataclass(frozen=True)
class Joint:
    """One joint of a rig. bone: "" for none. mark: its icon. why: how it was found, in a few words."""

    bone: str
    mark: str
    why: str


@dataclass(frozen=True)
class Rig:
    """What a rig was taken for. key: which rig, and in which state. problem: why it cannot be animated.

    joints: by name, all of them. missing: those that no bone stands for; lacking: those of them that are needed.
    corrected: some were set by hand.
    """

    key: tuple[int, ...]
    family: str = ""
    rest_pose: str = ""
    joints: Mapping[str, Joint] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    corrected: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Device:
    """What ran last, or was tested. problem: why nothing runs."""

    provider: str = ""
    why_not: str = ""
    onnxruntime: str = ""
    steps_per_second: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Failure:
    """The last thing that went wrong: one line, and the report to copy."""

    line: str
    report: str


@dataclass(frozen=True)
class Made:
    """How an action or a material was made: the seconds it took, and what could not be done as asked, a line each."""

    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """How the gaps of an action were filled last. left: first and last frame of those that were not, and why."""

    gaps: int
    left: tuple[tuple[int, int, str], ...]
    keys: int
    pack: str
    provider: str
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """Thumbnails to pick a texture from. pictures: (seed, icon). current: they show what the settings ask for."""

    class_name: str
    pictures: tuple[tuple[int, int], ...] = ()
    current: bool = True


@dataclass
class Shown:
    """One for the whole of Blender; see `now`."""

    catalogue: Catalogue | None = None
    rig: Rig | None = None
    device: Device | None = None
    failure: Failure | None = None
    progress: float | None = None  # while something is made
    running: str = ""  # the operator that makes it
    made: dict[str, Made] = field(default_factory=dict)  # actions, as they were made last in this session
    filled: dict[str, Filled] = field(default_factory=dict)  # the same for what lies between keys
    dressed: dict[str, Made] = field(default_factory=dict)  # the same for materials
    sheet: Sheet | None = None


now = Shown()


def forget() -> None:
    """As at the start: nothing is known."""
    global now
    now = Shown()
