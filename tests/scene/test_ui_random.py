# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred operators at random, in random situations: no traceback, and undo leads back to the start."""

import random
from contextlib import suppress
from pathlib import Path

import bpy
import made_rigs
import pytest
from made_dumps import changes, dump_file
from made_walk import made_walk

import blender_addon
from blender_addon import api
from blender_addon.motion.bvh import write_bvh

CALLS = 200
OPERATORS = ("generate_motion",) * 5 + ("retarget_motion", "lock_feet", "refit_keys") * 3 + (
    "fill_between_keys", "remove_generated_keys", "complete_pose") * 2 + ("apply_texture",) * 4 + (
    "show_textures", "pick_texture", "roll_texture_seed", "reset_directions",
    "create_character", "change_body", "roll_character_seed", "change_clothes", "change_material", "change_motion",
    "reset_style",
    "add_human", "roll_seed", "test_device", "look_again", "copy_report", "dismiss_error", "open_packs_folder",
    "choose_clips", "take_bone", "show_bone", "forget_corrections", "save_map", "load_map")
UNCHANGED = {"show_textures", "test_device", "look_again", "copy_report", "dismiss_error", "open_packs_folder",
             "save_map"}
ACTIONS = ("walk", "run", "jump", "idle", "walk:0.4,run:0.3", "levitate", "", "walk:", "walk:0", ",")


@pytest.fixture
def crowd(empty_scene, tmp_path, monkeypatch):
    """A file with all sorts of things in it: rigs, broken rigs, meshes, curves, hidden, linked and excluded ones."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    made_rigs.human().name = "Elsewhere"
    library = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register("galatea_in_tests")
    scene = bpy.context.scene
    with bpy.data.libraries.load(library, link=True) as (_, into):
        into.objects = ["Elsewhere"]
    scene.collection.objects.link(into.objects[0])
    made_rigs.human().name = "Human"
    made_rigs.metarig().name = "Metarig"
    made_rigs.add_skin(bpy.data.objects["Metarig"])
    made_rigs.human().name = "Animated"
    bpy.data.objects["Animated"].keyframe_insert("location", frame=1)
    made_rigs.human().name = "Bound"
    bpy.data.objects["Bound"].pose.bones["Hips"].constraints.new("LIMIT_ROTATION")
    made_rigs.human().name = "Hidden"
    bpy.data.objects["Hidden"].hide_set(True)
    made_rigs.human().name = "Flat"
    bpy.data.objects["Flat"].scale = (0.0, 0.0, 0.0)
    scene.collection.objects.link(bpy.data.objects.new("No Bones", bpy.data.armatures.new("No Bones")))
    scene.collection.objects.link(bpy.data.objects.new("Nothing", None))
    for add, name in ((bpy.ops.mesh.primitive_cube_add, "Cube"), (bpy.ops.curve.primitive_bezier_circle_add, "Ring"),
                      (bpy.ops.curve.primitive_nurbs_path_add, "Path"), (bpy.ops.object.camera_add, "Camera")):
        add()
        bpy.context.object.name = name
    bpy.data.objects["Path"].hide_viewport = True
    scene.collection.objects.link(bpy.data.objects.new("Empty Curve", bpy.data.curves.new("Empty Curve", "CURVE")))
    write_bvh(tmp_path / "walk.bvh", made_walk(0.5))
    (tmp_path / "broken.bvh").write_text("HIERARCHY\n")
    (tmp_path / "broken.toml").write_text("[[[")
    yield tmp_path
    blender_addon.unregister()


def arrange(dice: random.Random) -> None:
    """Choose what is active and selected, the mode and the settings."""
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    layer = bpy.context.view_layer
    names = sorted(ob.name for ob in layer.objects)
    for ob in layer.objects:
        if ob.visible_get():
            ob.select_set(dice.random() < 0.3)
    layer.objects.active = layer.objects[dice.choice(names)] if dice.random() < 0.9 else None
    active = layer.objects.active
    if active is not None and dice.random() < 0.5:
        mode = dice.choice(("EDIT", "POSE") if active.type == "ARMATURE" else ("EDIT",))
        if bpy.ops.object.mode_set.poll():
            with suppress(RuntimeError, TypeError):  # cameras have no Edit Mode
                bpy.ops.object.mode_set(mode=mode)
    settings = bpy.context.scene.galatea_motion
    curves = [None, None, *(bpy.data.objects[name] for name in ("Ring", "Path", "Empty Curve"))]
    settings.action, settings.style = dice.choice(ACTIONS[:4] * 2 + ACTIONS), dice.choice(("", "", "zombie", "no such"))
    settings.sequence = dice.choice(("", "", "", "walk:0.3,run:0.3", "walk:x"))
    settings.seconds, settings.speed = dice.choice((0.1, 0.3, 1.0)), dice.choice((0.05, 1.0, 5.0))
    settings.seed, settings.takes, settings.start = dice.randrange(9), dice.choice((1, 1, 2)), dice.randrange(-5, 500)
    settings.loop = dice.random() < 0.4
    keyed = bpy.context.scene.galatea_keys
    keyed.keys, keyed.tolerance = dice.choice(("sparse", "every")), dice.choice((0.1, 2.0, 200.0))
    keyed.feet, keyed.in_place, keyed.nla, keyed.some_frames = (dice.random() < share for share in (0.6, 0.3, 0.3, 0.3))
    keyed.root, keyed.controls = dice.choice(("hips", "own")), dice.choice(("auto", "fk", "ik"))
    keyed.first, keyed.last = dice.randrange(-5, 20), dice.randrange(5, 40)
    armatures = [None, *(bpy.data.objects[name] for name in ("Human", "Metarig", "Animated", "No Bones", "Elsewhere"))]
    bpy.context.scene.galatea_retarget.source = dice.choice(armatures)
    settings.path, settings.pack = dice.choice(curves), dice.choice(("", "", "", "motion-generator", "gone"))
    texture = bpy.context.scene.galatea_texture
    texture.class_name, texture.size = dice.choice(("", "", "stone", "no such")), "256"
    texture.seed, texture.tiles_per_metre = dice.randrange(9), dice.choice((0.0, 7.0))
    texture.directions, texture.like = dice.choice(("", "rougher:1", "?")), dice.choice(("", "", "gone.png"))
    texture.slots, texture.projection = dice.choice(("active", "new", "all", "each")), dice.choice(("auto", "box"))
    texture.displacement, texture.mix = dice.random() < 0.3, dice.random() < 0.3
    settings.device = dice.choice(("PREFERENCES", "auto", "cpu", "cuda", "webgpu", "directml"))


def arguments(dice: random.Random, name: str, folder: Path) -> dict:
    """What an operator is called with."""
    if name in ("retarget_motion", "choose_clips"):
        files = dice.choice(((), ("walk.bvh",), ("walk.bvh", "walk.bvh"), ("broken.bvh",), ("gone.fbx",)))
        return {"directory": str(folder), "files": [{"name": file} for file in files]} if files else {}
    if name == "pick_texture":
        return {"seed": dice.randrange(9)}
    if name in ("take_bone", "show_bone"):
        return {"joint": dice.choice(("LeftArm", "Hips", "Head", "LeftToe", "Tail", ""))}
    if name in ("save_map", "load_map"):
        file = dice.choice(("map.toml", "map.toml", "broken.toml", "map.txt", "no/map.toml"))
        return {"filepath": str(folder / file)}
    return {}


def state() -> dict:
    """All that a call may change."""
    corrected = {ob.name: api.corrections_of(ob) for ob in bpy.data.objects if ob.type == "ARMATURE"}
    return dump_file() | {"corrections": corrected}


def test_two_hundred_calls_at_random(crowd, capfd):
    dice = random.Random(20261120)
    ends = {"done": 0, "grey": 0, "refused": 0}
    for number in range(CALLS):
        arrange(dice)
        name = dice.choice(OPERATORS)
        operator = getattr(bpy.ops.galatea, name)
        seed = bpy.context.scene.galatea_motion.seed
        bpy.ops.ed.undo_push(message=f"before {number}")
        before = state()
        where = f"call {number}: {name} on {before['view layer']}"
        if not operator.poll():
            ends["grey"] += 1
            continue
        try:
            done = operator("EXEC_DEFAULT", True, **arguments(dice, name, crowd)) == {"FINISHED"}
        except RuntimeError as error:
            told = str(error)
            assert told.startswith("Error: ") and told.count("\n") <= 1 and "Traceback" not in told, (where, told)
            assert "unexpected" not in told, (where, told)
            done = False
        ends["done" if done else "refused"] += 1
        if done and name == "choose_clips":
            bpy.ops.ed.undo_push(message="what it called pushes its step when it ends, in a window")
        if done and name not in UNCHANGED:
            bpy.ops.ed.undo()
        if name == "roll_seed" and before["view layer"]["mode"].startswith("EDIT_"):
            bpy.context.scene.galatea_motion.seed = seed  # there Blender undoes what is edited and no more
        assert changes(before, state()) == [], where
    assert min(ends.values()) > 15, ends
    assert "Traceback" not in "".join(capfd.readouterr())
