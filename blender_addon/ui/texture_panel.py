# SPDX-License-Identifier: GPL-3.0-or-later
"""The Texture panel and what folds out below it, in the 3D viewport and in the shader editor."""

from __future__ import annotations

import bpy

from . import running, shown, watching
from .drawing import TAB, Sidebar, row_of, wrapped
from .texture import ApplyTexture, ResetDirections, RollTextureSeed
from .texture_settings import SLIDERS, TextureSettings
from .texture_sheet import COLUMNS, PickTexture, ShowTextures


class ShaderSidebar:
    """Where they are in the shader editor."""

    bl_space_type = "NODE_EDITOR"
    bl_region_type = "UI"
    bl_category = TAB

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        space = context.space_data
        shading = space is not None and space.type == "NODE_EDITOR" and space.tree_type == "ShaderNodeTree"
        return shading and space.shader_type == "OBJECT"


def _settings(panel: bpy.types.Panel, context: bpy.types.Context) -> TextureSettings:
    panel.layout.use_property_split = True
    panel.layout.use_property_decorate = False
    panel.layout.enabled = shown.now.progress is None
    return context.scene.galatea_texture


class _Texture:
    """Which texture, the button, and what the active material is."""

    bl_label = "Texture"

    def draw(self, context: bpy.types.Context) -> None:
        watching.ask(context)
        settings = context.scene.galatea_texture
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        there = shown.now.catalogue
        if there is not None and there.textures() is None:
            wrapped(layout, context, "There is no texture pack; install Galatea again, or see Packs & Device", "ERROR")
            return
        column = layout.column()
        column.enabled = shown.now.progress is None
        if there is not None and sum(pack.kind == "texture-generator" for pack in there.packs) > 1:
            column.prop(settings, "pack_choice")
        column.prop(settings, "class_choice")
        row = column.row(align=True)
        row.prop(settings, "seed")
        row.operator(RollTextureSeed.bl_idname, text="", icon="FILE_REFRESH")
        column.prop(settings, "size")
        column.prop(settings, "tiles")
        column.prop(settings, "variety")
        running.draw_button(layout, ApplyTexture, "MATERIAL", scale=1.5)
        _draw_made(layout, context)


class _Sheet:
    """Small pictures to pick from."""

    bl_label = "Variations"

    def draw(self, context: bpy.types.Context) -> None:
        layout, sheet = self.layout, shown.now.sheet
        running.draw_button(layout, ShowTextures, "IMGDISPLAY")
        if sheet is None or not sheet.pictures:
            return
        if not sheet.current:
            wrapped(layout, context, "These were made with other settings", icon="INFO")
        chosen = context.scene.galatea_texture.seed
        width = context.region.width / context.preferences.system.ui_scale if context.region else 250.0
        grid = layout.grid_flow(row_major=True, columns=COLUMNS, even_columns=True, even_rows=True, align=True)
        for seed, icon in sheet.pictures:
            cell = grid.column(align=True)
            cell.template_icon(icon, scale=max(2.0, (width / COLUMNS - 26.0) / 20.0))
            cell.operator(PickTexture.bl_idname, text=str(seed), translate=False, depress=seed == chosen).seed = seed
        layout.operator(ShowTextures.bl_idname, text="Further Variations", icon="FORWARD").further = True


class _Directions:
    """How the texture is changed from what the seed has."""

    bl_label = "Directions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = _settings(self, context)
        pack = settings.known()
        column = self.layout.column()
        for place, direction in enumerate(pack.directions[:SLIDERS] if pack else ()):
            column.prop(settings, f"direction_{place}", slider=True, text=direction.name.replace("_", " ").title())
        if pack is not None and not pack.directions:
            wrapped(column, context, "This pack has no directions", icon="INFO")
        row = self.layout.row()
        row.active = bool(settings.directions)
        row.operator(ResetDirections.bl_idname, icon="LOOP_BACK")


class _Mixing:
    """More like a picture, another class, another seed."""

    bl_label = "More Like"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = _settings(self, context)
        column = self.layout.column()
        column.prop(settings, "like")
        column = self.layout.column()
        column.prop(settings, "second_choice")
        if settings.second_class:
            column.prop(settings, "second_amount")
        column = self.layout.column()
        column.prop(settings, "mix")
        if settings.mix:
            column.prop(settings, "mix_seed")
            column.prop(settings, "mix_amount")
            column.prop(settings, "mixed")


class _Material:
    """How it is put on the mesh."""

    bl_label = "Material Options"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        settings = _settings(self, context)
        column = self.layout.column()
        column.prop(settings, "projection")
        column.prop(settings, "slots")
        column.prop(settings, "strength")
        column.prop(settings, "displacement")
        column.prop(settings, "folder")


def _draw_made(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Where the active material comes from, when Galatea made it; read from the material."""
    material = context.active_object.active_material if context.active_object else None
    if material is None or "galatea_class" not in material:
        return
    box, made = layout.box(), shown.now.dressed.get(material.name)
    column = box.column(align=True)
    row_of(column, "Material", material.name)
    row_of(column, "Class", str(material["galatea_class"]).replace("_", " ").title())
    row_of(column, "Seed", str(material.get("galatea_seed", "")))
    row_of(column, "Size", f"{material.get('galatea_width', 0)} × {material.get('galatea_height', 0)}")
    if "galatea_figure_seam_max" in material:
        row_of(column, "Seam", f"{100.0 * material['galatea_figure_seam_max']:.0f} %")
    if made is not None:
        row_of(column, "Made In", f"{made.seconds:.1f} s")
    row_of(column, "Provider", str(material.get("galatea_provider", "")).removesuffix("ExecutionProvider"))
    row_of(column, "Pack", f"{material.get('galatea_pack', '')} {material.get('galatea_pack_version', '')}")
    row_of(column, "Licence", str(material.get("galatea_licence", "")))
    for note in made.notes if made is not None else ():
        wrapped(box, context, note, icon="INFO")


def _panel(part: type, name: str, place: type, where: str, parent: str = "", closed: bool = False) -> type:
    """One part as a panel of an editor."""
    about = {"bl_idname": f"GALATEA_PT_{name}{where}", "__doc__": part.__doc__}
    if parent:
        about["bl_parent_id"] = f"GALATEA_PT_{parent}{where}"
    if closed:
        about["bl_options"] = {"DEFAULT_CLOSED"}
    kind = f"{part.__name__.strip('_')}Panel{where.title().replace('_', '')}"
    return type(kind, (part, place, bpy.types.Panel), about)


_PARTS = ((_Sheet, "texture_sheet"), (_Directions, "texture_directions"), (_Mixing, "texture_mixing"),
          (_Material, "texture_material"))
CLASSES = tuple(
    panel for place, where in ((Sidebar, ""), (ShaderSidebar, "_shader"))
    for panel in (_panel(_Texture, "texture", place, where, closed=not where),
                  *(_panel(part, name, place, where, "texture") for part, name in _PARTS)))
