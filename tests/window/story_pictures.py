# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of docs/panel.md, told to inside.py by tools/take_pictures.py. seen.json says what to cut out."""

from contextlib import suppress

import bpy
from mathutils import Euler
from story_panel import generate, panels, rig, running

_shown = {"times": 0, "kinds": []}


def show(*names: str) -> None:
    """Have these panels open and all others folded. That goes with a panel's name, so all get new ones."""
    kinds = _shown["kinds"] = _shown["kinds"] or panels()
    old = {kind: kind.bl_idname for kind in kinds}
    for kind in reversed(kinds):
        bpy.utils.unregister_class(kind)
    _shown["times"] += 1
    for kind in kinds:
        kind.bl_idname = f"{old[kind].partition('_of_')[0]}_of_{_shown['times']}"
        if hasattr(kind, "bl_parent_id"):
            kind.bl_parent_id = f"{kind.bl_parent_id.partition('_of_')[0]}_of_{_shown['times']}"
        options = set(getattr(kind, "bl_options", ())) - {"DEFAULT_CLOSED"}
        closed = kind.__name__ not in names and "HIDE_HEADER" not in options
        kind.bl_options = options | ({"DEFAULT_CLOSED"} if closed else set())
        bpy.utils.register_class(kind)


def key_poses(frames: tuple[int, ...]) -> None:
    """Leave the rig key poses on some frames, as a person sets them, and nothing else."""
    for layer in rig().animation_data.action.layers:
        for curve in (curve for strip in layer.strips for bag in strip.channelbags for curve in bag.fcurves):
            values = [curve.evaluate(frame) for frame in frames]
            curve.keyframe_points.clear()
            for frame, value in zip(frames, values):
                curve.keyframe_points.insert(frame, value, keyframe_type="KEYFRAME")


def scroll(stage, pixels: int) -> None:
    """Move the sidebar's panels up from where they stood."""
    with stage.context("UI"):
        bpy.ops.view2d.reset()
        bpy.ops.view2d.pan(deltax=0, deltay=-pixels)


def textures(stage, cut):
    """The Texture panel beside what it makes: settings, variations, the nodes."""
    figure = next(ob for ob in bpy.data.objects if ob.type == "MESH")
    settings = bpy.context.scene.galatea_texture
    settings.class_name, settings.seed = "scales", 0
    with stage.context():
        bpy.ops.object.select_all(action="DESELECT")
        figure.select_set(True)
        bpy.context.view_layer.objects.active = figure
        show("TexturePanel", "DirectionsPanel", "MixingPanel", "MaterialPanel")
        bpy.ops.galatea.apply_texture("EXEC_DEFAULT")
    yield 2.0  # panels move out of the way of what was added above them
    scroll(stage, 140)
    yield from cut("texture", stage.region("UI"))
    show("TexturePanel", "SheetPanel", "TexturePanelShader")
    with stage.context():
        bpy.ops.galatea.show_textures("EXEC_DEFAULT")
    yield 2.0
    scroll(stage, 520)
    yield from cut("variations", stage.region("UI"))
    area = stage.area
    area.ui_type = "ShaderNodeTree"
    area.spaces.active.show_region_ui = True
    yield 0.5
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Galatea"
    canvas = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=stage.window, area=area, region=canvas):
        bpy.ops.node.select_all(action="DESELECT")
        bpy.ops.node.view_all()
    yield 0.7
    yield from cut("shader", area)
    area.ui_type = "VIEW_3D"
    with stage.context():
        bpy.ops.object.select_all(action="DESELECT")
        rig().select_set(True)
        bpy.context.view_layer.objects.active = rig()
    yield 0.5


def story(stage):
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.extensions.package_install_files(filepath=stage.archive, repo="user_default", enable_on_install=True)
    show("RigPanel", "MotionPanel", "PathPanel", "ResultPanel")
    yield from stage.open_tab()
    cuts = stage.seen["cuts"] = {}
    height = stage.window.height

    def cut(name: str, region: bpy.types.Region):
        yield from stage.picture(name)
        cuts[name] = (region.x, height - region.y - region.height, region.x + region.width, height - region.y)

    sidebar = stage.region("UI")
    with stage.context():
        bpy.ops.curve.primitive_bezier_circle_add(radius=2.0)
        bpy.context.object.name = "Round"
        bpy.ops.galatea.add_human()
    stage.over_viewport()
    yield 1.0
    settings = bpy.context.scene.galatea_motion
    settings.path = bpy.data.objects["Round"]
    yield from generate(stage, 8.0)
    stage.over_viewport()
    bpy.context.scene.frame_set(75)
    view = stage.area.spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Euler((1.25, 0.0, 0.5)).to_quaternion()
    view.view_location, view.view_distance = (0.6, 0.0, 0.8), 6.5
    yield 1.0
    yield from cut("window", stage.area)
    cuts["window"] = (0, 0, stage.window.width, height)
    show("MotionPanel", "PathPanel", "TakesPanel")
    yield from cut("motion", sidebar)

    settings.seconds = 60.0
    with stage.context():
        bpy.ops.galatea.generate_motion("INVOKE_DEFAULT")
    while running() and bpy.context.window_manager.windows:
        from bl_ext.user_default.galatea.blender_addon.ui import shown

        if (shown.now.progress or 0.0) > 0.3:
            break
        yield 0.02
    yield from cut("progress", sidebar)
    stage.over_viewport()
    stage.press("ESC")
    while running():
        yield 0.1
    settings.seconds, settings.sequence = 8.0, "walk:3,fly:2"
    with suppress(RuntimeError):
        bpy.ops.galatea.generate_motion("EXEC_DEFAULT")
    rig().select_set(True)
    yield from cut("error", sidebar)
    bpy.ops.galatea.dismiss_error()
    settings.sequence = ""

    show("RigPanel", "BonesPanel")
    with stage.context():
        bpy.ops.object.mode_set(mode="POSE")
    yield 0.5
    yield from cut("rig", sidebar)
    with stage.context():
        bpy.ops.object.mode_set(mode="OBJECT")
    show("RetargetPanel", "KeysPanel", "CleanUpPanel", "ResultPanel")
    bpy.context.scene.galatea_keys.tolerance = 10.0
    with stage.context():
        bpy.ops.galatea.refit_keys("EXEC_DEFAULT")
    yield 0.5
    yield from cut("keys", sidebar)
    show("InbetweenPanel")
    key_poses((1, 25, 49, 73, 230))
    with stage.context():
        bpy.ops.galatea.fill_between_keys("EXEC_DEFAULT")
    yield 0.5
    yield from cut("inbetween", sidebar)
    yield from textures(stage, cut)
    show("PacksPanel", "CardPanel")
    bpy.ops.galatea.test_device()
    yield 0.5
    yield from cut("packs", sidebar)

    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
    yield 1.5
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Galatea"
    window = bpy.context.window_manager.windows[-1]
    with bpy.context.temp_override(window=window):
        bpy.ops.preferences.addon_expand(module="bl_ext.user_default.galatea")
    yield from stage.picture("preferences")
    cuts["preferences"] = (window.x, height - window.y - window.height, window.x + window.width, height - window.y)
