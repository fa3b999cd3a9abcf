# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows that go with the hair that somebody wears: a material of their own in place of the one that all share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import GalateaError
from .character import Character, eye_slots
from .eyes import EYE_MATERIALS, eye_materials, plain_material
from .materials import is_as_made, put_away

_OWN = "galatea_brows"  # custom property of a material that was made with hair
_ROUGH, _DARKER = 0.75, 0.6
Colour = tuple[float, float, float]


@contextmanager
def brows(character: Character, name: str, hair: Colour | None) -> Iterator[None]:
    """Give a body brows a little darker than hair of a linear colour, or with None those that all share; what somebody
    else put there, or worked on, stays. name: of the material. What is raised in the block gives back the old ones."""
    body = character.body()
    slot = next(n for n in eye_slots(body) if n == 1 + EYE_MATERIALS.index("Galatea Brow"))
    old = body.material_slots[slot].material if slot < len(body.material_slots) else None
    ours = old is not None and (is_as_made(old) if _OWN in old else old.name == EYE_MATERIALS[slot - 1])
    if not ours:
        yield
        return
    if hair is None:
        new = eye_materials()[slot - 1]  # a file that nobody else wears them in was saved without them
    else:
        new = plain_material(name, (*(_DARKER * value for value in hair), 1.0), _ROUGH)
        new[_OWN] = True
    body.material_slots[slot].material = new
    try:
        yield
    except BaseException:
        with suppress(GalateaError):
            character.body().material_slots[slot].material = old
        put_away(new)
        raise
    put_away(old)
