# SPDX-License-Identifier: GPL-3.0-or-later
"""The real motion that generated motion is measured against: labelled stretches, held out or left out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack
from blender_addon.motion.clip import Clip
from blender_addon.motion.contacts import find_standing, floor_height
from blender_addon.motion.measures import travelled
from blender_addon.motion.soles import level_soles

from .clips import ClipSet
from .corpus import CYCLIC_SPEED
from .repeats import find_repeats

SHORTEST = 24          # frames; many captured runs last little longer
_ENOUGH_SECONDS = 7.5  # of training clips, for an action to be told from others
_LEFT_OUT = 0.25       # of the training clips of an action without held-out ones


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames of one clip that show one action: feet flat and on the floor, as generated ones are.

    number: of the clip in its set; the mirror image of a stretch has the same.
    """

    number: int
    clip: Clip
    action: str
    style: str
    held_out: bool


@dataclass(frozen=True, eq=False)
class RealMotion:
    """What there is: `train` to learn from, `judged` by action to measure against, and which of the latter's actions
    are `borrowed`: training clips, for want of held-out ones, that the recogniser at least does not learn from."""

    train: tuple[Stretch, ...]
    judged: dict[str, tuple[Stretch, ...]]
    borrowed: frozenset[str]

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(self.judged)

    @property
    def learnt(self) -> tuple[Stretch, ...]:
        """What the recogniser may learn from: the training stretches but for those that are judged on."""
        judged = {id(s.clip) for stretches in self.judged.values() for s in stretches}
        return tuple(s for s in self.train if s.action in self.judged and id(s.clip) not in judged)


def labelled_stretches(clips: ClipSet) -> list[Stretch]:
    """Every stretch of good frames that shows one action; no training clip that repeats a held-out one, and no walk or
    run on the spot."""
    repeats = set(find_repeats(clips))
    found = []
    for number, label in enumerate(clips.labels):
        if number in repeats:
            continue
        for action, clip in clips.segments(number, SHORTEST):
            if travelled(clip) / clip.seconds >= CYCLIC_SPEED.get(action, 0.0):
                found.append(Stretch(number, on_the_floor(clip), action, label.style, label.split != "train"))
    return found


def on_the_floor(clip: Clip) -> Clip:
    """Soles levelled and brought to height zero: what the add-on does to motion that it reads or makes."""
    standing = find_standing(clip)
    clip = replace(level_soles(clip, standing), contacts=standing)
    return replace(clip, positions=clip.positions - [0.0, 0.0, floor_height(clip)])


def real_motion(clips: ClipSet) -> RealMotion:
    """Sort a data set's stretches; GalateaError when no action has enough training clips to be recognised."""
    groups: dict[str, list[Stretch]] = defaultdict(list)
    for stretch in labelled_stretches(clips):
        groups[stretch.action].append(stretch)
    train: list[Stretch] = []
    judged: dict[str, tuple[Stretch, ...]] = {}
    borrowed = set()
    for action, group in sorted(groups.items()):
        own, held = [s for s in group if not s.held_out], [s for s in group if s.held_out]
        if sum(s.clip.seconds for s in own) >= _ENOUGH_SECONDS:
            if not held:
                own, held = _leave_out(own)
                borrowed.add(action)
            judged[action] = tuple(held)
        train += own
    if not judged:
        raise GalateaError(f"no action has {_ENOUGH_SECONDS:g} seconds of training clips to compare with; evaluate on "
                           "a folder that holds the training clips beside the held-out ones")
    return RealMotion(tuple(train), judged, frozenset(borrowed))


def refuse_trained_on(clips: ClipSet, pack: Pack) -> None:
    """GalateaError when a clip that is marked as held out is among those that a pack was trained on."""
    trained = set(pack.content.get("training", {}).get("clips", ()))
    seen = [label.file for label in clips.labels if label.split != "train" and label.sha256 in trained]
    if seen:
        raise GalateaError(f"{seen[0]} is marked as held out, but {pack.id} was trained on it; evaluate on other clips")


def _leave_out(stretches: list[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    """The stretches, some of them cut in two, and those to judge on: the end of each that is long enough, else every
    fourth."""
    kept: list[Stretch] = []
    out: list[Stretch] = []
    for stretch in stretches:
        cut = stretch.clip.frames - max(SHORTEST, int(_LEFT_OUT * stretch.clip.frames))
        if cut < SHORTEST:
            kept.append(stretch)
            continue
        begins, ends = (replace(stretch, clip=stretch.clip.cut(*at)) for at in ((0, cut), (cut, stretch.clip.frames)))
        kept += [begins, ends]
        out.append(ends)
    return kept, out or kept[::round(1.0 / _LEFT_OUT)]
