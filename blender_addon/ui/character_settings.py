# SPDX-License-Identifier: GPL-3.0-or-later
"""What character is wanted, kept in the scene."""

from collections.abc import Sequence

import bpy

from ..character.requests import ABOUT, GARMENTS, MAX_SEED, SHAPES, CharacterRequest
from ..motion.requests import MAX_SECONDS, MIN_SECONDS
from ..texture.requests import MAX_SEED as MAX_TEXTURE_SEED
from . import device, shown
from .choices import choice


def _materials(catalogue: shown.Catalogue, settings: "CharacterSettings") -> Sequence[str]:
    pack = catalogue.textures()
    return ("", *(pack.classes if pack else ()))


def _actions(catalogue: shown.Catalogue, settings: "CharacterSettings") -> Sequence[str]:
    pack = catalogue.generator("")
    return ("", *(pack.actions if pack else ()))


def _given(what: str) -> bpy.props.BoolProperty:
    return bpy.props.BoolProperty(name="Given", description=f"Ask for this {what}; else the seed has it")


class CharacterSettings(bpy.types.PropertyGroup):
    """What the Character panel shows; `bpy.context.scene.galatea_character` in scripts."""

    seed: bpy.props.IntProperty(name="Seed", min=0, max=MAX_SEED,
                                description="The same seed and settings give the same person again")
    sex_given: _given("sex")
    sex: bpy.props.FloatProperty(name="Sex", default=0.5, min=0.0, max=1.0, subtype="FACTOR",
                                 description="0 for a woman, 1 for a man, or between the two")
    stature_given: _given("stature")
    stature: bpy.props.FloatProperty(name="Stature", default=1.70, min=1.0, max=2.5, soft_min=1.45, soft_max=1.98,
                                     step=1, precision=3, unit="LENGTH", description="Height without shoes")
    weight_given: _given("weight")
    weight: bpy.props.FloatProperty(name="Weight", default=70.0, min=20.0, max=250.0, soft_min=40.0, soft_max=140.0,
                                    step=100, precision=0, unit="MASS", description="In kilograms")
    age_given: _given("age")
    age: bpy.props.FloatProperty(name="Age", default=30.0, min=1.0, max=120.0, soft_min=17.0, soft_max=58.0, step=100,
                                 precision=0, description="In years; it changes the measurements, not the skin")
    variety: bpy.props.FloatProperty(
        name="Variety", default=1.0, min=0.0, max=1.0, subtype="FACTOR",
        description="How far people may be from the likeliest with what is given")
    material: bpy.props.StringProperty(name="Material", description="A class of textures; empty for plain clay")
    material_choice: choice("material", _materials, "Plain Clay", name="Material",
                            description="What the body is made of: a class of the texture pack")
    material_seed: bpy.props.IntProperty(name="Material Seed", min=0, max=MAX_TEXTURE_SEED,
                                         description="The same seed gives the same material again")
    clothes_seed: bpy.props.IntProperty(name="Clothes Seed", min=0, max=MAX_TEXTURE_SEED,
                                        description="The same seed gives the same cuts, colours and textures again")
    action: bpy.props.StringProperty(name="Action", description="One of the motion pack's actions; empty for none")
    action_choice: choice("action", _actions, "Standing Still", name="Action", description="What the character does")
    seconds: bpy.props.FloatProperty(name="Length", default=8.0, min=MIN_SECONDS, max=MAX_SECONDS, soft_max=60.0,
                                     step=50, precision=1, unit="TIME_ABSOLUTE", description="How long the action is")
    motion_seed: bpy.props.IntProperty(name="Motion Seed", min=0, max=MAX_SEED,
                                       description="The same seed gives the same motion again")

    def request(self) -> CharacterRequest:
        """These settings as api.py wants them."""
        asked = {name: round(getattr(self, name), 4) for name in ABOUT if getattr(self, f"{name}_given")}
        clothes = tuple(name for name in GARMENTS if getattr(self, f"{name}_worn"))
        wear = {name: getattr(self, f"{name}_material") for name in clothes if getattr(self, f"{name}_material")}
        shape = {name: round(getattr(self, f"shape_{name}"), 4) for name in SHAPES}
        return CharacterRequest(
            shape={name: amount for name, amount in shape.items() if amount},
            clothes=clothes, clothes_seed=self.clothes_seed, wear=wear,
            seed=self.seed, variety=round(self.variety, 4), material=self.material, material_seed=self.material_seed,
            action=self.action, seconds=round(self.seconds, 4), motion_seed=self.motion_seed,
            device=device.wished(self.id_data.galatea_motion.device), **asked)


# what the sliders of style are called, and what they do
_SHAPES = {
    "head": ("Head", "Smaller or larger head"),
    "limbs": ("Limbs", "Shorter or longer arms and legs; who stands on them gets shorter or taller"),
    "muscle": ("Muscle", "Slight or strong muscles"),
    "heroic": ("Heroic", "Broad shoulders, long legs, a small head and muscles"),
    "childlike": ("Childlike", "The size and the proportions of a child"),
    "toon": ("Toon", "Large head, eyes, hands and feet on a slim body"),
}
for _name, (_low, _high) in SHAPES.items():
    CharacterSettings.__annotations__[f"shape_{_name}"] = bpy.props.FloatProperty(
        name=_SHAPES[_name][0], min=_low, max=_high, step=5, precision=2, subtype="FACTOR",
        description=f"{_SHAPES[_name][1]}. Beyond what was measured of anybody; 0 is the person as drawn")

_WORN_AT_FIRST = ("trousers", "shirt", "boots", "hair")
for _name in GARMENTS:
    CharacterSettings.__annotations__ |= {
        f"{_name}_worn": bpy.props.BoolProperty(name=_name.title(), default=_name in _WORN_AT_FIRST,
                                                description=f"The character wears {_name}"),
        f"{_name}_material": bpy.props.StringProperty(
            name=f"{_name.title()} Material", description="A class of textures; empty for plain colours"),
        f"{_name}_material_choice": choice(
            f"{_name}_material", _materials, "Plain Colour", name=f"{_name.title()} Material",
            description=f"What the {_name} is made of"),
    }

CLASSES = (CharacterSettings,)


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.galatea_character = bpy.props.PointerProperty(type=CharacterSettings)


def unregister() -> None:
    """Take them from Blender; what files hold stays in them."""
    del bpy.types.Scene.galatea_character
