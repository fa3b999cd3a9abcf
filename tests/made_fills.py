# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling between keys made by hand at random, with every key of a person compared before and after.

    python tests/made_fills.py --operations 300

counts until so many fillings were done, and ends with 1 when a key differs. It runs on whatever Blender the Python has:
`.venv-4.2/bin/python` and so on, as `make test-matrix` sets them up, for the others.
"""

import argparse
import importlib
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import bpy
import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import made_controls
import made_keys
import made_rigs
from made_inbetweener import write_inbetweener

from blender_addon import api
from blender_addon.errors import GalateaError
from blender_addon.inference.packs import Pack, read_pack
from blender_addon.scene.rigs import read_rig
from blender_addon.scene.versions import select_bone

RIGS = (made_rigs.human, made_rigs.mixamo, made_rigs.from_fbx, made_controls.human_on_root, made_controls.robot)


@dataclass
class Count:
    """operations: fillings that wrote keys. unfilled: those that found gaps, but none for the model. refused: line ->
    how often. keys: of people, compared after them. differing: which of them differ. moved: the largest change of a
    keyed channel on a keyed frame. gaps, made: filled gaps and generated keys. rigs, modes: how often each was met."""

    operations: int = 0
    unfilled: int = 0
    refused: Counter = field(default_factory=Counter)
    keys: int = 0
    differing: list = field(default_factory=list)
    moved: float = 0.0
    gaps: int = 0
    made: int = 0
    rigs: Counter = field(default_factory=Counter)
    modes: Counter = field(default_factory=Counter)


def only_pack(pack: Pack):
    """While it lasts there is no other pack than this one: without a pose VAE no key is doubted."""
    packs = importlib.import_module("blender_addon.api.packs")
    return mock.patch.object(packs, "pick_pack", lambda kind, pack_id="", folder="": packs.choose_pack(
        [pack], [], kind, pack_id))


def try_fillings(seed: int, count: Count) -> None:
    """One rig with keys by hand in an empty scene, filled up to twice, its generated keys then taken away; counted."""
    rng = np.random.default_rng(seed)
    make = RIGS[rng.integers(len(RIGS))]
    armature = make()
    count.rigs[make.__name__] += 1
    bones = _key_at_random(armature, rng)
    count.modes.update(armature.pose.bones[bone].rotation_mode for bone in bones)
    before, settings = made_keys.all_keys(), made_keys.curve_settings()
    frames = _keyed_frames(bones, before)
    poses = _channels_at(armature, frames)
    for bone in armature.pose.bones:
        select_bone(bone, bool(rng.random() < 0.7))
    for variants in (1, int(rng.choice([1, 1, 2]))):
        request = api.InbetweenRequest(
            keys="sparse" if rng.random() < 0.15 else "every", seed=int(rng.integers(3)), variants=variants,
            selected_bones=bool(rng.random() < 0.2), selected_keys=bool(rng.random() < 0.2),
            tolerance=float(rng.uniform(1.0, 20.0)), feet=bool(rng.random() < 0.5))
        try:
            result = api.inbetween(armature, request)
        except GalateaError as error:
            assert "\n" not in str(error)
            count.refused[_without_numbers(str(error))] += 1
            result = None
        count.operations += bool(result and result.keys)
        count.unfilled += bool(result and not result.keys)
        if result:
            count.gaps, count.made = count.gaps + len(result.filled), count.made + result.keys
        _compare(count, seed, before, settings, result.actions if result and variants > 1 else ())
        for frame, there in _channels_at(armature, frames).items():
            count.moved = max(count.moved, *(np.abs(there[name] - poses[frame][name]).max() for name in frames[frame]))
        if result is None:
            break
    if armature.animation_data.action.name == "Keys" and made_keys.all_keys(generated=True):
        api.remove_generated(armature)
        _compare(count, seed, before, settings)
        if made_keys.all_keys(generated=True):
            count.differing.append((seed, "generated keys", "are left"))


def _key_at_random(armature: bpy.types.Object, rng: np.random.Generator) -> list[str]:
    """Two actions with keys by hand, and a third party's slot in the one that is filled; returns the keyed bones."""
    rig = read_rig(armature)
    bones = [*rig.bones.values(), *(name for name in ("root", "LeftPole", "RightPole")
                                    if name in armature.data.bones and rng.random() < 0.5)]
    made_keys.key_by_hand(armature, bones, rig.bones["Hips"], rng, made_keys.new_action(armature, "Another"))
    action = made_keys.new_action(armature, "Keys")
    if hasattr(action, "slots"):
        other = bpy.data.objects.new("Other", None)
        other.animation_data_create().action = action
        other.animation_data.action_slot = action.slots.new("OBJECT", "Other")
        curve = made_keys.new_curve(action, other, "location", 0)
        made_keys.set_keys(curve, np.array([3.0, 9.0, 14.0]), np.array([0.0, 1.0, 0.5]), rng)
    poses = made_keys.key_by_hand(armature, bones, rig.bones["Hips"], rng, action)
    curve = made_keys.new_curve(action, armature, "location", 2)
    made_keys.set_keys(curve, poses + 2.0, rng.normal(size=len(poses)), rng)
    return bones


def _compare(count: Count, seed: int, before: dict, settings: dict, copies: tuple[str, ...] = ()) -> None:
    """Every key of a person in every action, and in copies those of the action that was copied."""
    now = made_keys.all_keys()
    wanted = before | {(copy, *place[1:]): rows for copy in copies for place, rows in before.items()
                       if place[0] == "Keys"}
    for place in wanted.keys() | now.keys():
        was, found = wanted.get(place, []), now.get(place, [])
        count.keys += len(was)
        count.differing += [(seed, place, row) for row in {*was} ^ {*found}] if was != found else []
    if not settings.items() <= made_keys.curve_settings().items():
        count.differing.append((seed, "settings", "of curves"))


def _keyed_frames(bones: list[str], keys: dict) -> dict:
    """Whole frames -> the bones' locations and rotations with a key of a person on them; before and after all, all."""
    found, every = {}, {(bone, what) for bone in bones for what in ("location", "rotation")}
    for (action, _, path, _), rows in keys.items():
        bone, _, prop = path.removeprefix('pose.bones["').partition('"].')
        for row in rows if action == "Keys" and bone in bones else ():
            if row[0][0] % 1.0 == 0.0:
                found.setdefault(int(row[0][0]), set()).add((bone, prop.partition("_")[0]))
    return {min(found) - 4: every, **found, max(found) + 4: every}


def _channels_at(armature: bpy.types.Object, frames: dict) -> dict:
    """frame -> (bone, location or rotation) -> what its channels make of it."""
    made = {}
    for frame in frames:
        bones = made_rigs.posed(armature, frame).pose.bones
        made[frame] = {(bone.name, "location"): np.array(bone.location) for bone in bones} | {
            (bone.name, "rotation"): np.array(bone.matrix_basis)[:3, :3] for bone in bones}
    return made


def _without_numbers(line: str) -> str:
    """A line's kind: what it says but for names and frames."""
    return "nothing that could be filled is keyed there" if line.startswith("nothing that could") else "".join(
        "#" if letter.isdigit() else letter for letter in line)


def main() -> int:
    """Count fillings until there are enough, print what came of it, return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=300)
    wanted = parser.parse_args().operations
    count, seed = Count(), 0
    with (tempfile.TemporaryDirectory(prefix="galatea-fills-") as folder,
          only_pack(read_pack(write_inbetweener(Path(folder) / "made-inbetweener")))):
        while count.operations < wanted:
            bpy.ops.wm.read_factory_settings(use_empty=True)
            try_fillings(seed, count)
            seed += 1
    print(f"Blender {bpy.app.version_string}, Python {sys.version.split()[0]}, numpy {np.__version__}: {seed} rigs "
          f"({', '.join(f'{name} {times}' for name, times in sorted(count.rigs.items()))})")
    print(f"bones by rotation mode: {', '.join(f'{mode} {times}' for mode, times in sorted(count.modes.items()))}")
    print(f"{count.operations} fillings done ({count.gaps} gaps, {count.made} generated keys), {count.unfilled} left "
          f"to interpolation, {count.refused.total()} refused")
    for line, times in count.refused.most_common():
        print(f"  {times} x {line}")
    print(f"{count.keys} keys of people compared, {len(count.differing)} differ; keyed channels on their frames moved "
          f"by {count.moved:.1g} at the most")
    for found in count.differing[:20]:
        print(" ", *found)
    sys.stdout.flush()
    return int(bool(count.differing) or count.moved >= 1e-4)


if __name__ == "__main__":
    os._exit(main())  # the bpy modules of 4.2 and 4.5 may crash while Python ends
