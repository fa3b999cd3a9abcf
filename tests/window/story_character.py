# SPDX-License-Identifier: GPL-3.0-or-later
"""A character artist's first minutes, told to inside.py: a person by mouse, another body, undo, Esc."""

import time

import bpy
from mathutils import Euler, Vector
from story_panel import dump, running
from story_pictures import scroll, show
from story_texture import changed, press


def settings():
    """The panel's; undo makes new ones."""
    return bpy.context.scene.galatea_character


def stature() -> float:
    """How high the active character's body is, by its vertices."""
    body = next(ob for ob in bpy.context.object.children if ob.type == "MESH")
    heights = [vertex.co.z for vertex in body.data.vertices]
    return max(heights) - min(heights)


def look(stage) -> None:
    view = stage.area.spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Euler((1.40, 0.0, 0.45)).to_quaternion()
    view.view_location, view.view_distance = Vector((0.6, 0.0, 0.85)), 4.4


def drawn(stage):
    """Seconds that Blender takes to draw the window by itself, as it is: the middle of five times."""
    taken = []
    for _ in range(5):
        stage.region("WINDOW").tag_redraw()
        stage.region("UI").tag_redraw()
        began = time.perf_counter()
        yield 0.001  # timers come after drawing
        taken.append(time.perf_counter() - began)
        yield 0.2
    return sorted(taken)[2]


def story(stage):
    seen = stage.seen
    bpy.context.preferences.system.viewport_aa = "OFF"
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.extensions.package_install_files(filepath=stage.archive, repo="user_default", enable_on_install=True)
    from bl_ext.user_default.galatea.blender_addon.ui import shown

    show("CharacterPanel", "CharacterMaterialPanel", "CharacterActionPanel")
    yield from stage.open_tab()
    look(stage)
    seed = settings()
    seed.seed, seed.sex_given, seed.sex, seed.stature_given, seed.stature = 5, True, 0.0, True, 1.66
    seed.action, seed.seconds, seed.motion_seed = "walk", 3.0, 3
    bpy.ops.ed.undo_push(message="Start")
    yield 0.5

    seen["drawn_empty"] = yield from drawn(stage)
    before = dump()
    seen["gaps_first"] = (yield from press(stage, "galatea.create_character"))[:5]  # there is more to load
    seen["made"] = [bpy.context.object.name, stature(), bpy.context.object.animation_data.action.name]
    bpy.context.scene.frame_set(40)
    yield 0.5
    yield from stage.picture("20-character")
    bpy.context.scene.frame_set(1)
    stage.over_viewport()
    stage.press("Z", ctrl=True)
    yield 0.8
    seen["undone"] = changed(before)
    seen["gaps"] = (yield from press(stage, "galatea.create_character"))[:5]
    seen["drawn"] = yield from drawn(stage)

    settings().stature = 1.85
    seen["gaps_change"] = (yield from press(stage, "galatea.change_body"))[:5]
    seen["changed"] = [bpy.context.object.name, stature(), bpy.context.object.animation_data.action.name]

    settings().motion_seed = 4
    yield from press(stage, "galatea.change_motion")
    seen["moved"] = [bpy.context.object.name, stature(), bpy.context.object.animation_data.action.name]
    settings().shape_toon, settings().clothes_seed = 0.4, 1
    show("CharacterPanel", "CharacterStylePanel", "ClothesPanel", "CharacterMaterialPanel", "CharacterActionPanel",
         "MeasurementsPanel")
    yield 1.0
    scroll(stage, 140)
    yield from stage.picture("21-character-parts")
    show("CharacterPanel", "ClothesPanel")
    yield 1.0
    scroll(stage, 0)
    bpy.ops.ed.undo_push(message="Clothes")
    before = dump()
    seen["gaps_clothes"] = (yield from press(stage, "galatea.change_clothes"))[:5]
    seen["worn"] = sorted(ob.name for ob in bpy.context.object.children)
    stage.over_viewport()
    stage.press("Z", ctrl=True)
    yield 0.8
    seen["undressed"] = changed(before)

    before = dump()
    yield from stage.find_button("galatea.create_character")
    yield from stage.click()
    while not running():
        yield 0.02
    while running():
        if (shown.now.progress or 0.0) > 0.6:
            stage.press("ESC")
        yield 0.05
    yield 0.3
    seen["cancelled"] = changed(before)
