# SPDX-License-Identifier: GPL-3.0-or-later
"""A texture artist's first minutes, told to inside.py: a material onto a figure by mouse, a sheet to pick from."""

import bpy
from bpy_extras import view3d_utils
from mathutils import Euler, Vector
from story_panel import Ticks, dump, running
from story_pictures import show


def dressed() -> dict[str, list[str]]:
    """The materials of every mesh."""
    return {ob.name: [slot.material.name if slot.material else "" for slot in ob.material_slots]
            for ob in bpy.data.objects if ob.type == "MESH"}


def press(stage, command: str):
    """Click a button and wait for what it starts; returns how long the window was away, longest first."""
    yield from stage.find_button(command)
    ticks = Ticks()
    yield from stage.click()
    yield 0.05
    waited = 0.0
    while not running() and waited < 3.0:
        waited += 0.02
        yield 0.02
    while running():
        yield 0.05
    yield 0.3
    return ticks.stop()


def settings():
    """The panel's; undo makes new ones."""
    return bpy.context.scene.galatea_texture


def changed(before: dict) -> dict:
    after = dump()
    return {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)}


def set_up() -> None:
    """A figure and a ball beside it, both selected."""
    bpy.ops.galatea.add_human()
    figure = next(ob for ob in bpy.data.objects if ob.type == "MESH" and ob.find_armature())
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.45, location=(1.0, 0.0, 0.45), segments=48, ring_count=24)
    bpy.ops.object.shade_smooth()
    ball = bpy.context.object
    ball.name = "Ball"
    figure.select_set(True)
    light = bpy.data.objects["Light"]
    light.location, light.data.energy = (-1.5, -2.0, 2.6), 300.0


def place_of_ball(stage) -> list[int]:
    """Left, top, right and bottom of a square on it, in pixels of the screen from its upper left corner."""
    region, view = stage.region("WINDOW"), stage.area.spaces.active.region_3d
    x, y = view3d_utils.location_3d_to_region_2d(region, view, Vector((1.0, 0.0, 0.45)))
    x, y = region.x + x, stage.window.height - region.y - y
    return [int(x) - 40, int(y) - 40, int(x) + 40, int(y) + 40]


def look(stage) -> None:
    view = stage.area.spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Euler((1.42, 0.0, 0.35)).to_quaternion()
    view.view_location, view.view_distance = (0.45, 0.0, 0.85), 4.2


def story(stage):
    seen = stage.seen
    bpy.context.preferences.system.viewport_aa = "OFF"
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.extensions.package_install_files(filepath=stage.archive, repo="user_default", enable_on_install=True)
    from bl_ext.user_default.galatea.blender_addon.ui import preferences, shown, watching

    preferences.of(bpy.context).packs_folder = str(stage.folder / "packs")  # with one of the user's own
    watching.read_packs()
    seen["packs"] = [pack.id for pack in shown.now.catalogue.packs if pack.kind == "texture-generator"]
    show("TexturePanel", "SheetPanel", "TexturePanelShader")
    yield from stage.open_tab()
    with stage.context():
        set_up()
    look(stage)
    settings().class_name, settings().seed = "leather", 3
    bpy.ops.ed.undo_push(message="Start")
    yield 0.5

    before = dump()
    seen["gaps"] = (yield from press(stage, "galatea.apply_texture"))[:5]
    seen["dressed"] = dressed()
    stage.over_viewport()
    stage.press("Z", ctrl=True)
    yield 0.8
    seen["undone"] = changed(before)
    stage.press("Z", ctrl=True, shift=True)
    yield 0.8
    seen["redone"] = dressed()

    scene = bpy.context.scene
    scene.render.engine, scene.cycles.device, scene.cycles.preview_samples = "CYCLES", "CPU", 12
    scene.cycles.use_preview_denoising = False
    shading = stage.area.spaces.active.shading
    shading.use_scene_lights = shading.use_scene_world = True
    stage.area.spaces.active.overlay.show_overlays = False
    shading.type = "RENDERED"
    yield 12.0
    seen["ball"] = place_of_ball(stage)
    seen["colour"] = list(bpy.data.objects["Ball"].active_material.diffuse_color)
    yield from stage.picture("10-rendered")
    shading.type = "SOLID"
    stage.area.spaces.active.overlay.show_overlays = True
    yield 0.5

    seen["gaps_sheet"] = (yield from press(stage, "galatea.show_textures"))[:5]
    seen["sheet"] = [seed for seed, _ in shown.now.sheet.pictures]
    yield from stage.picture("11-sheet")
    yield from stage.find_button("galatea.pick_texture")
    yield from stage.click()
    yield 0.5
    seen["picked"] = settings().seed

    settings().size = "1024"
    before = dump()
    yield from stage.find_button("galatea.apply_texture")
    yield from stage.click()
    while not running():
        yield 0.02
    while running():
        if (shown.now.progress or 0.0) > 0.3:
            stage.press("ESC")
        yield 0.05
    yield 0.3
    seen["cancelled"] = changed(before)

    stage.area.ui_type = "ShaderNodeTree"  # the same panels beside the nodes
    yield 0.5
    space = stage.shader.spaces.active
    space.show_region_ui = True
    yield 0.5
    next(region for region in stage.shader.regions if region.type == "UI").active_panel_category = "Galatea"
    stage.shader.tag_redraw()
    yield 0.7
    with bpy.context.temp_override(window=stage.window, area=stage.shader, region=next(
            region for region in stage.shader.regions if region.type == "WINDOW")):
        bpy.ops.node.view_all()
    yield 0.7
    yield from stage.picture("12-shader")
