# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of rig that retargeting is tried on, with the truth about its bones.

KINDS: name -> function that makes the rig in the open scene, given a folder for files on the way. The families of
made_families.py; the same with what makes rigs hard to move; and FROM_ELSEWHERE, rigs that Galatea had no hand in:
Rigify's, and what Blender's importers make of files.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path

import bpy
import made_humanoids
import made_rigs
import numpy as np
from made_families import FAMILIES, Family, build, family, renamed
from made_family_names import MAKES
from made_walk import made_walk

from blender_addon.motion.skeleton import JOINTS


@dataclass(frozen=True, eq=False)
class Made:
    """A rig in the scene. truth: joint -> bone or None; accept: joint -> what is right too; points: joint -> bone whose
    tail it is. judged: joint -> the bone to look at, where another follows it (a control rig's)."""

    armature: bpy.types.Object
    truth: dict[str, str | None]
    accept: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    points: dict[str, str] = field(default_factory=dict)
    judged: dict[str, str] = field(default_factory=dict)

    def right(self, joint: str, bone: str | None) -> bool:
        """Whether a bone (None: no bone) is a right answer for a joint."""
        return bone == self.truth.get(joint) or bone in self.accept.get(joint, ())

    def to_judge(self, answered: dict[str, str]) -> dict:
        """The map that the judge goes by: the truth, and where several bones are right the one that was taken."""
        bones = {joint: answered[joint] if answered.get(joint) and self.right(joint, answered[joint]) else bone
                 for joint, bone in self.truth.items()}
        return {"mapping": bones | self.judged, "points": self.points}


def of(made: Family) -> Made:
    return Made(made_rigs.family_rig(made), made.truth, made.accept, made.points)


def _mixamo(change: Callable[[Made], None]) -> Callable[[Path], Made]:
    return _changed("mixamo", change)


def _changed(name: str, change: Callable[[Made], None]) -> Callable[[Path], Made]:
    def make(_: Path) -> Made:
        made = of(family(name))
        change(made)
        return made
    return make


# --- what makes rigs hard to move -----------------------------------------------------------------------------------


def _under_a_parent(made: Made) -> None:
    above = bpy.data.objects.new("Above", None)
    bpy.context.collection.objects.link(above)
    above.location, above.rotation_euler, above.scale = (2.0, -1.0, 0.5), (0.0, 0.0, 0.7), (1.8, 1.8, 1.8)
    made.armature.parent = above


def _facing_x(made: Made) -> None:
    made.armature.rotation_mode = "QUATERNION"
    made.armature.rotation_quaternion = (np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5))
    made.armature.location = (3.0, 2.0, 1.0)


def _lock(made: Made) -> None:
    """What an animator locks who wants hands to stay and toes to bend one way."""
    bones = made.armature.pose.bones
    for side in ("Left", "Right"):
        bones[made.truth[side + "Hand"]].lock_rotation = (True, True, True)
        bones[made.truth[side + "Hand"]].lock_rotation_w = True
        bones[made.truth[side + "Toe"]].rotation_mode = "XYZ"
        bones[made.truth[side + "Toe"]].lock_rotation = (False, True, True)
    for bone in bones:
        if bone.name != made.truth["Hips"]:
            bone.lock_location = bone.lock_scale = (True, True, True)


def _connect_hips(made: Made) -> None:
    """The hips hang from a root and are connected to it, as Blender's FBX importer does with an only child."""
    def edit(bones: bpy.types.ArmatureEditBones) -> None:
        hips = bones[made.truth["Hips"]]
        root = bones.new("root")
        root.head, root.tail = (0.0, 0.0, 0.0), hips.head
        hips.parent = root
        hips.use_connect = True
    made_rigs.edit_bones(made.armature, edit)


def _modes(*modes: str) -> Callable[[Made], None]:
    def change(made: Made) -> None:
        for n, bone in enumerate(made.armature.pose.bones):
            bone.rotation_mode = modes[n % len(modes)]
    return change


def _drive(made: Made) -> None:
    """The left toe follows a property of the object."""
    made.armature["toe"] = 0.1
    toe = made.armature.pose.bones[made.truth["LeftToe"]]
    toe.rotation_mode = "XYZ"
    driver = toe.driver_add("rotation_euler", 0).driver
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = made.armature, '["toe"]'
    driver.expression = variable.name


def _limit(made: Made) -> None:
    """Knees that cannot bend sideways, by constraints that hold what is keyed within wide limits."""
    for side in ("Left", "Right"):
        limit = made.armature.pose.bones[made.truth[side + "Leg"]].constraints.new("LIMIT_ROTATION")
        limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
        limit.min_x = limit.min_y = limit.min_z = -np.pi
        limit.max_x = limit.max_y = limit.max_z = np.pi
        limit.owner_space = "LOCAL"


def _copy(made: Made) -> None:
    """Twist bones that copy a share of the hand's turn: helpers that are nobody's joint."""
    for letter, side in (("l", "Left"), ("r", "Right")):
        copy = made.armature.pose.bones[f"lowerarm_twist_01_{letter}"].constraints.new("COPY_ROTATION")
        copy.target, copy.subtarget = made.armature, made.truth[f"{side}Hand"]
        copy.use_x, copy.use_z = False, False
        copy.target_space = copy.owner_space = "LOCAL"
        copy.influence = 0.5


def _random_names(name: str) -> Callable[[Path], Made]:
    def make(_: Path) -> Made:
        one = family(name)
        numbers = np.random.default_rng(7).permutation(len(one.names)) + 100
        return of(renamed(one, {bone: f"bone_{number}" for bone, number in zip(one.names, numbers)}))
    return make


def _body(name: str, **proportions: float) -> Callable[[Path], Made]:
    return lambda _: of(build(name, replace(MAKES[name], body=replace(MAKES[name].body, **proportions))))


# --- rigs that Galatea had no hand in -------------------------------------------------------------------------------

_RIGIFY = {
    "Hips": "spine", "Spine": "spine.001", "Spine1": "spine.002", "Spine2": "spine.003", "Neck": "spine.004",
    "Head": "spine.006",
    **{word + joint: f"{bone}.{letter}" for word, letter in (("Left", "L"), ("Right", "R")) for joint, bone in (
        ("Shoulder", "shoulder"), ("Arm", "upper_arm"), ("ForeArm", "forearm"), ("Hand", "hand"),
        ("UpLeg", "thigh"), ("Leg", "shin"), ("Foot", "foot"), ("Toe", "toe"))},
}


def _metarig(_: Path) -> Made:
    return Made(made_rigs.metarig(), _RIGIFY)


def _basic_metarig(_: Path) -> Made:
    return Made(made_rigs.basic_metarig(), _RIGIFY)


def _generated(_: Path) -> Made:
    """The control rig that Rigify generates of its basic meta-rig. Looked at is what deforming bones follow:
    these share a limb's twist among them."""
    meta = made_rigs.basic_metarig()
    with redirect_stdout(io.StringIO()):
        bpy.ops.pose.rigify_generate()
    armature = bpy.data.objects["rig"]
    bpy.data.objects.remove(meta)
    return Made(armature, {}, judged={joint: f"ORG-{bone}" for joint, bone in _RIGIFY.items()})


def _through_fbx(name: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        path = str(folder / f"{name}.fbx")
        one = _with_skin(name)
        bpy.ops.export_scene.fbx(filepath=path, object_types={"ARMATURE", "MESH"}, add_leaf_bones=True,
                                 bake_anim=False)
        return _imported(one, lambda: bpy.ops.import_scene.fbx(filepath=path))
    return make


def _through_glb(name: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        path = str(folder / f"{name}.glb")
        one = _with_skin(name)
        bpy.ops.export_scene.gltf(filepath=path, export_animations=False)
        return _imported(one, lambda: bpy.ops.import_scene.gltf(filepath=path))
    return make


def _with_skin(name: str) -> Made:
    for ob in bpy.data.objects:
        ob.select_set(False)
    made = of(family(name))
    made_rigs.add_skin(made.armature)
    return made


def _imported(one: Made, read: Callable[[], object]) -> Made:
    before = [*one.armature.children, one.armature]
    for ob in before:
        bpy.data.objects.remove(ob)
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    there = set(bpy.data.objects)
    with redirect_stdout(io.StringIO()):
        read()
    armature = next(ob for ob in bpy.data.objects if ob not in there and ob.type == "ARMATURE")
    return Made(armature, one.truth, one.accept)


def _bvh(name: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        humanoid = made_humanoids.FULL[name]
        path = folder / "rig.bvh"
        path.write_text(humanoid.write(made_walk(0.2)))
        with redirect_stdout(io.StringIO()):
            bpy.ops.import_anim.bvh(filepath=str(path), global_scale=1.0 / humanoid.unit,
                                    axis_up=humanoid.up, axis_forward="-Z" if humanoid.up == "Y" else "Y")
        armature = bpy.context.object
        armature.animation_data_clear()
        for bone in armature.pose.bones:
            bone.matrix_basis.identity()
        return Made(armature, {joint: humanoid.names.get(joint, "").replace(" ", "_") or None for joint in JOINTS})
    return make


FROM_ELSEWHERE: dict[str, Callable[[Path], Made]] = {
    "Rigify's meta-rig": _metarig,
    "Rigify's basic meta-rig": _basic_metarig,
    "Rigify's control rig": _generated,
    "mixamo through FBX": _through_fbx("mixamo"),
    "daz through FBX": _through_fbx("daz genesis 8"),
    # 4.2's own glTF exporter crashes in a process that many scenes have come and gone in
    **({} if bpy.app.version < (4, 3) else {"unreal through GLB": _through_glb("unreal 4"),
                                            "mmd through GLB": _through_glb("mmd")}),
    "CMU BVH": _bvh("cmu"),
    "Biped BVH, arms down": _bvh("biped, arms down"),
    "Unreal BVH": _bvh("unreal, Z up"),
}
KINDS: dict[str, Callable[[Path], Made]] = {
    **{name: (lambda _, name=name: of(family(name))) for name in FAMILIES},
    "random names": _random_names("rigify basic"),
    "random names, many bones": _random_names("daz genesis 8"),
    "under a scaled parent": _mixamo(_under_a_parent),
    "object facing +X": _changed("rigify basic", _facing_x),
    "locked channels": _mixamo(_lock),
    "connected hips": _changed("rigify basic", _connect_hips),
    **{f"all in {mode}": _mixamo(_modes(mode)) for mode in ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE")},
    "modes mixed": _changed("daz genesis 8", _modes("QUATERNION", "ZYX", "AXIS_ANGLE", "XYZ", "YXZ")),
    "driven toe": _mixamo(_drive),
    "limited knees": _mixamo(_limit),
    "copied twist": _changed("unreal 4", _copy),
    "child": _body("mixamo", stature=1.05, leg=0.45, head=0.19, arm=0.27),
    "giant": _body("unreal 4", stature=4.2, leg=0.56, shoulders=0.14),
    "long arms": _body("rigify basic", arm=0.46),
    "cartoon": _body("mixamo", stature=1.2, leg=0.3, head=0.36, arm=0.24, foot=0.11, hips=0.08, ankle=0.05),
    **FROM_ELSEWHERE,
}
