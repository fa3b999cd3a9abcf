# SPDX-License-Identifier: GPL-3.0-or-later
"""What texture is wanted and how it is put on, kept in the scene."""

from collections.abc import Mapping, Sequence

import bpy

from ..errors import GalateaError
from ..texture.material_options import MAX_STRENGTH, MAX_TILES_PER_METRE, MaterialOptions
from ..texture.requests import MAX_SEED, TextureRequest
from . import device, shown, watching
from .choices import choice

SLIDERS = 8  # as many directions as a pack may show
_SIZES = tuple((str(pixels), str(pixels), f"{pixels} × {pixels} pixels, {pixels // 128} × {pixels // 128} tiles")
               for pixels in (256, 512, 1024, 2048))
_PROJECTIONS = (("auto", "Automatic", "By the mesh's UVs where it has some, else from six sides"),
                ("uv", "UVs", "By the mesh's UVs, which stay as they are; one without gets some, cut from "
                               "six sides"),
                ("box", "Box", "From six sides, whether the mesh has UVs or not"))
_SLOTS = (("active", "Active Slot", "Put the material into the active slot; what was there stays in the file"),
          ("new", "New Slot", "Add a slot, for faces that you assign to it"),
          ("all", "All Slots", "Put one material into every slot, but for the eyes and brows of characters"),
          ("each", "Each Slot Its Own", "Fill each of those slots with a material of its own, one seed after another"))
_MIXED = (("all", "All", "All of the style"), ("coarse", "Forms", "The large forms alone"),
          ("fine", "Colour and Grain", "Colour and grain alone"))


def _classes(catalogue: shown.Catalogue, settings: "TextureSettings") -> Sequence[str]:
    pack = catalogue.textures(settings.pack)
    classes = pack.classes if pack else ()
    return ("", *classes) if settings.like and classes else classes


def _verdicts(catalogue: shown.Catalogue, settings: "TextureSettings") -> Mapping[str, str]:
    pack = catalogue.textures(settings.pack)
    return pack.verdicts if pack else {}


def _others(catalogue: shown.Catalogue, settings: "TextureSettings") -> Sequence[str]:
    pack = catalogue.textures(settings.pack)
    return ("", *pack.classes) if pack else ("",)


def _packs(catalogue: shown.Catalogue, settings: "TextureSettings") -> Sequence[str]:
    return ("", *(pack.id for pack in catalogue.packs if pack.kind == "texture-generator"))


def _changed(settings: "TextureSettings", context: bpy.types.Context) -> None:
    """The thumbnails show something else than what is asked for now."""
    sheet = shown.now.sheet
    if sheet is not None and sheet.current:
        shown.now.sheet = shown.Sheet(sheet.class_name, sheet.pictures, False)


def amounts(text: str) -> dict[str, float]:
    """ "rougher:0.5, darker:-1" as {"rougher": 0.5, "darker": -1.0}; GalateaError when it cannot be read."""
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, amount = part.rpartition(":")
        try:
            found[name.strip()] = float(amount)
        except ValueError:
            raise GalateaError(f"the directions {text!r} cannot be read; write name:amount, name:amount") from None
    return found


def _slider(place: int) -> bpy.props.FloatProperty:
    """A view on the text `directions`: how far the pack's direction at a place is gone, -1 and 1 being its ends."""

    def direction(settings: "TextureSettings") -> shown.Direction | None:
        pack = settings.known()
        return pack.directions[place] if pack and place < len(pack.directions) else None

    def get(settings: "TextureSettings") -> float:
        there = direction(settings)
        if there is None:
            return 0.0
        try:
            amount = amounts(settings.directions).get(there.name, 0.0)
        except GalateaError:
            return 0.0
        end = there.high if amount > 0.0 else -there.low
        return max(-1.0, min(1.0, amount / end)) if end > 0.0 else 0.0

    def put(settings: "TextureSettings", share: float) -> None:
        there = direction(settings)
        if there is None:
            return
        try:
            found = amounts(settings.directions)
        except GalateaError:
            found = {}
        found[there.name] = round(share * (there.high if share > 0.0 else -there.low), 4)
        settings.directions = ", ".join(f"{name}:{amount:g}" for name, amount in found.items() if amount)

    return bpy.props.FloatProperty(name="Direction", min=-1.0, max=1.0, step=5, precision=2, get=get, set=put,
                                   description="How far the texture goes this way; 0 leaves it as the seed has it")


def _tiles(settings: "TextureSettings") -> float:
    return settings.tiles_per_metre or settings.natural()


def _put_tiles(settings: "TextureSettings", count: float) -> None:
    settings.tiles_per_metre = count


def _in_its_size(settings: "TextureSettings") -> None:
    settings.tiles_per_metre = 0.0


class TextureSettings(bpy.types.PropertyGroup):
    """What the Texture panel shows; `bpy.context.scene.galatea_texture` in scripts."""

    pack: bpy.props.StringProperty(name="Pack", update=_changed,
                                   description="Id of the pack; empty for the one that ships")
    class_name: bpy.props.StringProperty(name="Class", update=_changed,
                                         description="One of the pack's classes; empty for the first, or for what the "
                                                     "picture shows")
    pack_choice: choice("pack", _packs, "The One That Ships", name="Pack",
                        description="The model that makes the texture")
    class_choice: choice("class_name", _classes, "As in the Picture", _in_its_size, _verdicts, name="Class",
                         description="What the texture is of")
    seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED,
                                description="The same seed and settings give the same texture again")
    size: bpy.props.EnumProperty(name="Size", items=_SIZES, default="512",
                                 description="Pixels along an edge; more of them cover more of the surface before it "
                                             "repeats, and show no finer detail")
    variety: bpy.props.FloatProperty(
        name="Variety", default=1.0, min=0.0, max=1.0, subtype="FACTOR", update=_changed,
        description="How far seeds may be from what is usual for the class")
    tiles_per_metre: bpy.props.FloatProperty(
        name="Tiles per Metre", min=0.0, max=MAX_TILES_PER_METRE, description="0 for the class's size in the world")
    tiles: bpy.props.FloatProperty(
        name="Tiles per Metre", min=0.001, max=MAX_TILES_PER_METRE, soft_max=100.0, step=10, precision=2, get=_tiles,
        set=_put_tiles, description="How large it is in the world: a tile is a square of 128 pixels. Choosing a class "
                                    "gives it the class's own size")
    directions: bpy.props.StringProperty(name="Directions", update=_changed,
                                         description="How far to go which way, such as rougher:0.5, darker:-1")
    direction_0: _slider(0)
    direction_1: _slider(1)
    direction_2: _slider(2)
    direction_3: _slider(3)
    direction_4: _slider(4)
    direction_5: _slider(5)
    direction_6: _slider(6)
    direction_7: _slider(7)
    second_class: bpy.props.StringProperty(name="Second Class", update=_changed,
                                           description="Another class to go towards; empty for none")
    second_choice: choice("second_class", _others, "None", name="Towards", description="Another class to go towards")
    second_amount: bpy.props.FloatProperty(name="Amount", default=0.5, min=0.0, max=1.0, subtype="FACTOR",
                                           update=_changed, description="How far to go towards the other class")
    mix: bpy.props.BoolProperty(name="Mix In a Seed", update=_changed, description="Mix another seed's style in")
    mix_seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED, update=_changed,
                                    description="The seed whose style is mixed in")
    mix_amount: bpy.props.FloatProperty(name="Amount", default=0.5, min=0.0, max=1.0, subtype="FACTOR",
                                        update=_changed, description="How much of it is mixed in")
    mixed: bpy.props.EnumProperty(name="Of It", items=_MIXED, update=_changed, description="What of it is mixed in")
    like: bpy.props.StringProperty(name="Like Picture", subtype="FILE_PATH", update=_changed,
                                   description="A picture whose middle the texture is to look like; seeds then move "
                                               "the layout only")
    projection: bpy.props.EnumProperty(name="Projection", items=_PROJECTIONS,
                                       description="How the texture is laid on the mesh")
    slots: bpy.props.EnumProperty(name="Slots", items=_SLOTS, description="Which material slots take it")
    strength: bpy.props.FloatProperty(name="Relief", default=1.0, min=0.0, max=MAX_STRENGTH, soft_max=2.0, step=5,
                                      description="How strong the relief is in the shading")
    displacement: bpy.props.BoolProperty(
        name="Displacement", description="Move the surface by the height, too; it has to be subdivided finely for it")
    folder: bpy.props.StringProperty(name="Save To", subtype="DIR_PATH",
                                     description="Folder for the pictures as PNG files; empty packs them into the file")

    def known(self) -> shown.Pack | None:
        """The pack in hand, when the packs were read."""
        return shown.now.catalogue.textures(self.pack) if shown.now.catalogue else None

    def natural(self) -> float:
        """How many tiles of the class go into a metre by nature."""
        pack = self.known()
        first = next(iter(pack.classes), "") if pack else ""
        return 1.0 / pack.tile_metres.get(self.class_name or first, 1.0) if pack else 1.0

    def request(self, count: int = 1) -> TextureRequest:
        """These settings as api.py wants them; GalateaError when the directions cannot be read."""
        if shown.now.catalogue is None:
            watching.read_packs()
        pack = self.known()
        first = next(iter(pack.classes), "") if pack and not self.like else ""
        return TextureRequest(
            class_name=self.class_name or first, seed=self.seed, width=int(self.size), height=int(self.size),
            count=count, variety=round(self.variety, 4), directions=amounts(self.directions),
            like=bpy.path.abspath(self.like) if self.like else "", mix_seed=self.mix_seed if self.mix else None,
            mix_amount=round(self.mix_amount, 4), mixed=self.mixed, second_class=self.second_class,
            second_amount=round(self.second_amount, 4), device=device.wished(self.id_data.galatea_motion.device),
            pack=self.pack)

    def options(self) -> MaterialOptions:
        """How it is put on."""
        return MaterialOptions(
            tiles_per_metre=round(self.tiles_per_metre, 6), projection=self.projection,
            strength=round(self.strength, 4), displacement=self.displacement,
            slots="all" if self.slots == "each" else self.slots, folder=self.folder)


CLASSES = (TextureSettings,)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_texture = bpy.props.PointerProperty(type=TextureSettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_texture
