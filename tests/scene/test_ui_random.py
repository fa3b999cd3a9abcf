# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hundred operators at random, in random situations: no traceback, and undo leads back to the start."""

import random
from contextlib import suppress

import bpy
import made_rigs
import pytest
from made_dumps import changes, dump_file

import blender_addon

CALLS = 200
OPERATORS = ("generate_motion",) * 6 + ("add_human", "roll_seed", "test_device", "look_again", "copy_report",
                                        "dismiss_error", "open_packs_folder")
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
    yield
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
    settings.action, settings.style = dice.choice(ACTIONS[:4] * 2 + ACTIONS), dice.choice(("", "", "tired", "no such"))
    settings.sequence = dice.choice(("", "", "", "walk:0.3,run:0.3", "walk:x"))
    settings.seconds, settings.speed = dice.choice((0.1, 0.3, 1.0)), dice.choice((0.05, 1.0, 5.0))
    settings.seed, settings.takes, settings.start = dice.randrange(9), dice.choice((1, 1, 2)), dice.randrange(-5, 500)
    settings.loop, settings.in_place = dice.random() < 0.4, dice.random() < 0.4
    settings.path, settings.pack = dice.choice(curves), dice.choice(("", "", "", "motion-generator", "gone"))
    settings.device = dice.choice(("PREFERENCES", "auto", "cpu", "cuda", "webgpu", "directml"))


def test_two_hundred_calls_at_random(crowd, capfd):
    dice = random.Random(20261120)
    ends = {"done": 0, "grey": 0, "refused": 0}
    for number in range(CALLS):
        arrange(dice)
        name = dice.choice(OPERATORS)
        operator = getattr(bpy.ops.galatea, name)
        bpy.ops.ed.undo_push(message=f"before {number}")
        before = dump_file()
        where = f"call {number}: {name} on {before['view layer']}"
        if not operator.poll():
            ends["grey"] += 1
            continue
        try:
            done = operator("EXEC_DEFAULT", True) == {"FINISHED"}
        except RuntimeError as error:
            told = str(error)
            assert told.startswith("Error: ") and told.count("\n") <= 1 and "Traceback" not in told, (where, told)
            assert "unexpected" not in told, (where, told)
            done = False
        ends["done" if done else "refused"] += 1
        if done and name in ("generate_motion", "add_human", "roll_seed"):
            bpy.ops.ed.undo()
        assert changes(before, dump_file()) == [], where
    assert min(ends.values()) > 15, ends
    assert "Traceback" not in "".join(capfd.readouterr())
